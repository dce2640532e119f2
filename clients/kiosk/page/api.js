// The forwarder on this machine. Nothing here speaks to anybody else.

export class Unanswered extends Error {}

// A problem (RFC 9457) as an error.
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `status ${status}`);
    this.status = status;
    this.body = body ?? {};
    this.retryAfter = body?.retry_after_ms ?? null;
  }

  text(language) {
    const own = language === "en" ? this.body.detail : this.body.detail_zh;
    return own ?? this.body.title ?? this.message;
  }
}

async function ask(path, { body, timeout = 10000 } = {}) {
  const options = { cache: "no-store", credentials: "omit", redirect: "error",
    referrerPolicy: "no-referrer", signal: AbortSignal.timeout(timeout) };
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json", "X-Docket": "kiosk" };
    options.body = typeof body === "string" ? body : JSON.stringify(body);
  }
  let response, answer;
  try {
    response = await fetch(path, options);
    answer = response.status === 204 ? null : await response.json();
  } catch (error) {
    // No answer, half an answer, or none of ours: the outcome is not known.
    throw new Unanswered(String(error));
  }
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

const id = encodeURIComponent;

export const getForm = () => ask("api/form");
export const getState = () => ask("api/state", { timeout: 4000 });
export const getCase = (submission) => ask("api/cases/" + id(submission));
export const getReceipt = (receipt) => ask("api/receipts/" + id(receipt));
export const postQuery = (caseNo, code) =>
  ask("api/query", { body: { case_no: caseNo, query_code: code }, timeout: 15000 });
export const postPrint = (submission, lang, dueAt) => ask("api/print", { timeout: 30000,
  body: { submission_id: submission, lang, ...(dueAt && { due_at: dueAt }) } });
export const qrPath = (submission, state) =>
  `api/cases/${id(submission)}/qr.svg?${id(state)}`;

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
});

// Hand in, with the same words under the same id until there is an answer: a
// receipt, or a Problem that repeating does not mend. `told({tries, known})` is
// called after each try that gave neither: known is false once a try may have
// been taken without our hearing of it.
export async function handIn(body, { told, signal }) {
  const text = JSON.stringify(body);
  let known = true;
  for (let tries = 1; !signal?.aborted; tries++) {
    let wait = Math.min(500 * 2 ** (tries - 1), 4000);
    try {
      return await ask("api/cases", { body: text });
    } catch (error) {
      if (error instanceof Problem) {
        const again = error.status >= 500 || error.status === 429;
        if (!again) throw error;
        wait = Math.max(wait, Math.min(error.retryAfter ?? 0, 10000));
      } else if (error instanceof Unanswered) {
        known = false;
      } else {
        throw error;
      }
      told({ tries, known, problem: error instanceof Problem ? error : null });
    }
    await pause(wait, signal);
  }
  return null;
}
