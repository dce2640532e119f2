// docket-web, which served this page. Nothing here speaks to anybody else.

// No answer, or half of one: what became of the request is not known.
export class Unanswered extends Error {}

// A problem (RFC 9457) as an error.
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body?.detail ?? `status ${status}`);
    this.status = status;
    this.body = body ?? {};
    this.slug = String(body?.type ?? "").replace(/^urn:docket:problem:/, "");
    this.retryAfter = retryAfter;
  }

  text(language) {
    const own = language === "en" ? this.body.detail : this.body.detail_zh;
    return own ?? this.body.detail ?? this.body.title ?? this.message;
  }
}

export const session = { now: null }; // what POST session answered
let skew = 0; // the office's clock against this machine's
let lost = null; // what to do when nobody is logged in any more

// The office's time now, in milliseconds.
export const now = () => Date.now() + skew;
export const onLost = (then) => { lost = then; };

export const query = (values) => {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== null && value !== undefined && value !== "" && value !== false)
      said.set(name, String(value));
  const text = said.toString();
  return text ? "?" + text : "";
};

async function once(path, { body, login, timeout = 20000, signal } = {}) {
  const signals = [AbortSignal.timeout(timeout), ...(signal ? [signal] : [])];
  const options = { cache: "no-store", credentials: "same-origin", redirect: "error",
    signal: AbortSignal.any?.(signals) ?? signals[0] };
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json",
      ...(login ? { "X-Docket": "1" } : { "X-CSRF-Token": session.csrf ?? "" }) };
    options.body = JSON.stringify(body);
  }
  let response, answer;
  try {
    response = await fetch("api/v1/" + path, options);
    const text = response.status === 204 ? "" : await response.text();
    answer = text ? JSON.parse(text) : null;
  } catch (error) {
    throw new Unanswered(String(error));
  }
  if (!response.ok)
    throw new Problem(response.status, answer, Number(response.headers.get("Retry-After")) || null);
  return answer;
}

// A request in the name of who is logged in. When the session has ended
// meanwhile, whoever is here is asked to log in again, and it is sent once more:
// nothing that was typed is lost.
export async function ask(path, options = {}) {
  try {
    return await once(path, options);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401 || !lost || options.login) throw error;
    if (!await lost()) throw error;
    return once(path, options);
  }
}

// "+08:00" as minutes east.
const minutes = (text) => {
  const found = /^([+-])(\d\d):(\d\d)$/.exec(text);
  return found ? (found[1] === "-" ? -1 : 1) * (found[2] * 60 + Number(found[3])) : 480;
};

function took(answer, sent) {
  Object.assign(session, answer, { utc_offset: typeof answer.utc_offset === "number" ? answer.utc_offset : minutes(answer.utc_offset) });
  if (answer.now) skew = Date.parse(answer.now) - (sent + Date.now()) / 2;
  return session;
}

export async function getSession() {
  const sent = Date.now();
  return took(await once("session"), sent);
}

export async function logIn(name, password) {
  const sent = Date.now();
  return took(await once("session", { login: true, body: { name, password } }), sent);
}

export async function logOut() {
  try {
    await once("session/end", { body: {} });
  } finally {
    for (const name of Object.keys(session)) delete session[name];
  }
}

const id = encodeURIComponent;

export const getNames = () => ask("names");
export const getCases = (filters) => ask("cases" + query(filters));
export const getCase = (caseNo) => ask("cases/" + id(caseNo));
export const getAlerts = (filters) => ask("alerts" + query(filters));
export const getClocks = (filters) => ask("clocks" + query(filters));
export const getFigures = (filters) => ask("figures" + query(filters));
export const getBulletin = (filters) => ask("bulletin" + query(filters), { timeout: 60000 });
export const act = (caseNo, body) => ask(`cases/${id(caseNo)}/actions`, { body });
export const ackAlert = (alertId, note) =>
  ask(`alerts/${id(alertId)}/ack`, { body: note ? { note } : {} });
export const getPersons = (caseNo, reason) => ask(`cases/${id(caseNo)}/persons`, { body: { reason } });
export const changePassword = (old, next) =>
  ask("session/password", { body: { old, new: next } });

// All pages of a list, at most `most` items; `whole` says whether that was all.
export async function all(get, filters, most = 2000) {
  const items = [];
  let after = null;
  do {
    const page = await get({ limit: 500, ...filters, after });
    items.push(...page.items);
    after = page.next;
  } while (after !== null && items.length < most);
  return { items, whole: after === null };
}

// The events of a case from number `from` on.
export async function getEvents(caseNo, from = 1) {
  const items = [];
  let next = String(from);
  while (next !== null) {
    const page = await ask(`cases/${id(caseNo)}/events${query({ from_n: next, limit: 200 })}`);
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

// The time-ordered id of a command (RFC 9562, version 7).
export function uuid7(at = Date.now()) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let n = 5, rest = at; n >= 0; n--, rest = Math.floor(rest / 256)) bytes[n] = rest % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
