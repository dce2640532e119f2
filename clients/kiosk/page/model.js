// What a matter is while it is written, and what is sent of it. Pure: no page,
// no network; the tests call it as it is.

export const MAX_PERSONS = 5;
const FACTS_BYTES = 49152, SUBJECT_BYTES = 400, ID_BYTES = 64;

export function emptyDraft() {
  return {
    kind: "appeal", category: null, region: null, regionKnown: false,
    facts: "", needs: [], respondentUnit: null, respondentPerson: "",
    anonymous: false, confidential: false, people: "",
    persons: [{ name: "", phone: "", address: "" }],
  };
}

// Is there anything that a stranger must not find?
export function isTouched(draft) {
  const empty = emptyDraft();
  return Object.keys(empty).some((key) =>
    JSON.stringify(draft[key]) !== JSON.stringify(empty[key]));
}

const bytes = (text) => new TextEncoder().encode(text).length;

// Control characters that the protocol refuses come from no keyboard of ours,
// but from a scanner or a paste.
export function clean(text) {
  return text.replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "")
    .toWellFormed().trim();
}

const line = (text) => clean(text).replace(/\s+/g, " ");

// An id of the protocol: no white space, quotes or slashes, 64 bytes.
export function asId(text) {
  return cut(clean(text).replace(/[\s"'/\\]+/g, ""), ID_BYTES);
}

function cut(text, most) {
  let out = "", size = 0;
  for (const character of text) {
    size += bytes(character);
    if (size > most) break;
    out += character;
  }
  return out;
}

// The first sentence is the subject, at most 40 characters of it.
export function subjectOf(facts) {
  const text = line(facts);
  const first = /^.*?[。！？；!?;]/u.exec(text)?.[0] ?? text;
  const sentence = first.replace(/[。！？；!?;]+$/u, "") || text;
  const characters = [...sentence];
  const wide = /[\u3400-\u9fff]/.test(sentence) ? 40 : 80;
  const short = characters.length > wide
    ? characters.slice(0, wide - 1).join("").trimEnd() + "…" : sentence;
  return cut(short, SUBJECT_BYTES);
}

// RFC 9562, version 7.
export function uuid7(now = Date.now(), random = crypto.getRandomValues(new Uint8Array(10))) {
  const hex = (n, width) => n.toString(16).padStart(width, "0");
  const tail = [...random].map((byte) => hex(byte, 2)).join("");
  const time = hex(now, 12);
  const variant = hex(8 + (random[2] & 3), 1);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(1, 4)}-` +
    `${variant}${tail.slice(5, 8)}-${tail.slice(8, 20)}`;
}

export function personsOf(draft) {
  if (draft.anonymous) return [];
  return draft.persons
    .map((person) => {
      const out = { name: line(person.name) };
      if (person.phone.trim()) out.phone = line(person.phone);
      if (person.address.trim()) out.address = line(person.address);
      return out;
    })
    .filter((person) => person.name);
}

// Which fields are wrong: [{id, step, word}] (word: a key of words.js).
export function faults(draft, step) {
  const found = [];
  const wrong = (at, id, word) => {
    if (step === undefined || step === at) found.push({ step: at, id, word });
  };
  const facts = clean(draft.facts);
  if (!facts) wrong(4, "facts", "factsEmpty");
  if (bytes(facts) > FACTS_BYTES) wrong(4, "facts", "factsLong");
  if (draft.anonymous) return found;
  draft.persons.forEach((person, at) => {
    const first = at === 0;
    const said = person.phone.trim() || person.address.trim();
    if (!line(person.name) && (first || said))
      wrong(5, `name-${at}`, "nameMissing");
    if (bytes(line(person.name)) > 200) wrong(5, `name-${at}`, "tooLong");
    if (bytes(line(person.address)) > 600) wrong(5, `address-${at}`, "tooLong");
    const phone = line(person.phone);
    if (phone && (!/^[+0-9][-0-9 ()]{4,38}$/.test(phone)))
      wrong(5, `phone-${at}`, "phoneWrong");
  });
  const people = draft.people.trim();
  if (people && (!/^[0-9]{1,7}$/.test(people) || Number(people) > 1000000 ||
      Number(people) < Math.max(1, personsOf(draft).length)))
    wrong(5, "people", "peopleWrong");
  return found;
}

// The body of case.submit, but for the channel: the forwarder knows that.
export function bodyOf(draft, submissionId) {
  const body = {
    submission_id: submissionId,
    subject: subjectOf(draft.facts),
    facts: clean(draft.facts),
    kind: draft.kind,
  };
  if (draft.region) body.region = draft.region;
  if (draft.category) body.category = draft.category;
  const persons = personsOf(draft);
  if (persons.length) body.persons = persons;
  if (!draft.anonymous && draft.people.trim())
    body.petitioners = Number(draft.people.trim());
  const respondents = [];
  if (draft.respondentUnit) respondents.push({ unit: draft.respondentUnit });
  if (asId(draft.respondentPerson))
    respondents.push({ officer: asId(draft.respondentPerson) });
  if (respondents.length) body.respondents = respondents;
  if (draft.confidential && persons.length) body.confidential = true;
  if (draft.needs.length) body.needs = [...draft.needs];
  return body;
}

// Which step of the page a problem's pointer is about.
export function stepOfPointer(pointer) {
  const member = /^\/([a-z_]+)/.exec(pointer ?? "")?.[1];
  return { category: 2, kind: 2, region: 3, subject: 4, facts: 4, needs: 4,
    respondents: 4, persons: 5, petitioners: 5, confidential: 5 }[member] ?? 6;
}

// ---- numbers as people read and write them ----

// What is written for a number: {case_no} | {receipt} | null.
export function readNumber(text) {
  const plain = half(text).toUpperCase().replace(/[\s-]+/g, "");
  if (/^K[0-9]{14}$/.test(plain)) return { receipt: plain };
  if (/^[0-9]{21}$/.test(plain))
    return { case_no: plain.replace(/^(.{6})(.{8})(.{6})(.)$/, "$1-$2-$3-$4") };
  return null;
}

// Full-width digits and letters, as a Chinese keyboard makes them.
export function half(text) {
  return text.replace(/[\uff01-\uff5e]/g, (character) =>
    String.fromCharCode(character.charCodeAt(0) - 0xfee0))
    .replace(/[\u3000]/g, " ");
}

// K12345678901234 → K1234 5678 9012 34
export function grouped(number) {
  if (!/^K[0-9]{14}$/.test(number)) return number;
  return number.replace(/^(K....)(....)(....)(..)$/, "$1 $2 $3 $4");
}

// ---- days of the office ----

const WEEKDAYS = {
  "zh-CN": ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"],
  en: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
};
const MONTHS = ["January", "February", "March", "April", "May", "June", "July",
  "August", "September", "October", "November", "December"];

const officeDate = (instant, offset) => new Date(instant + offset * 60000);

export function dayText(instant, offset, language) {
  const date = officeDate(instant, offset);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const weekday = WEEKDAYS[language][date.getUTCDay()];
  return language === "en" ? `${weekday} ${day} ${MONTHS[month]} ${year}`
    : `${year}年${month + 1}月${day}日（${weekday}）`;
}

export function timeText(instant, offset, language) {
  const date = officeDate(instant, offset);
  const two = (n) => String(n).padStart(2, "0");
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return language === "en" ? `${time} on ${dayText(instant, offset, language)}`
    : `${dayText(instant, offset, language)}${time}`;
}

// A limit's `due_at` is the first instant that is too late: its last day.
export function lastDay(dueAt, offset, language) {
  return dayText(Date.parse(dueAt) - 1, offset, language);
}
