// What units, officers, limits and the words of the glossary are called, as the
// server tells it once.
import { getNames } from "./api.js";
import { language } from "./words.js";

let names = { units: {}, officers: {}, clocks: {}, words: {} };

export async function loadNames() {
  names = { units: {}, officers: {}, clocks: {}, words: {}, ...await getNames() };
}

// In the language of the page, or in `lang`: a paper of the law is in Chinese.
const pick = (value, lang = language()) => {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  return (lang === "en" ? value.en : null) ?? value["zh-CN"] ?? value.zh ?? value.en ?? null;
};

// Of the glossary: word("state", "accepted").
export const word = (group, name, lang) => name === null || name === undefined ? "–"
  : pick(names.words[`${group}.${name}`], lang) ?? String(name);

export function unit(id, lang = language()) {
  if (id === null || id === undefined) return "–";
  const known = names.units[id];
  return (lang === "en" ? known?.name_en : null) ?? pick(known?.name, lang) ?? id;
}

export const officer = (id) => id === null || id === undefined ? "–"
  : pick(names.officers[id]?.name) ?? id;
export const clock = (id, lang) => pick(names.clocks[id]?.name ?? names.clocks[id], lang) ??
  pick(names.words[`clock.${id}`], lang) ?? id;
export const article = (id) => pick(names.clocks[id]?.article);
// Whose delay a limit is: a window of the petitioner is nobody's.
export const clockIsOwed = (id) => (names.clocks[id]?.on_due ?? "overdue") === "overdue" &&
  !["evaluate", "object"].includes(id) && !/-window$/.test(id);

// "officer:rsj-he" as people say it.
export function actor(text) {
  const [kind, ...rest] = String(text).split(":");
  const id = rest.join(":");
  if (kind === "officer") return officer(id);
  if (kind === "unit" || kind === "office") return unit(id);
  if (kind === "petitioner") return word("who", "petitioner");
  if (kind === "worker") return word("machine", "worker") + " " + id;
  return text;
}

// "role:id" of an alert, as people say it.
export function told(text) {
  const [role, ...rest] = String(text).split(":");
  const id = rest.join(":");
  const name = id in names.officers ? officer(id) : unit(id);
  return word("role", role) + (id ? (language() === "en" ? ": " : "：") + name : "");
}

export const units = () => Object.keys(names.units)
  .sort((a, b) => unit(a).localeCompare(unit(b), language()));
export const officersOf = (unitId) => Object.keys(names.officers)
  .filter((id) => names.officers[id].unit === unitId);
export const office = () => names.office ?? null;
export const county = () => names.county ?? null;
export const clocks = () => Object.keys(names.clocks);
// The names of a group of the glossary: names("way") is in_person, post, ...
export const group = (name) => Object.keys(names.words)
  .filter((id) => id.startsWith(name + ".")).map((id) => id.slice(name.length + 1));
// Who heads a unit, where the server tells.
export const headOf = (id) => Object.keys(names.officers)
  .find((each) => names.officers[each].unit === id && names.officers[each].role === "unit_head") ?? null;
