// The shared test vectors of proto/vectors (their README says what they are).
import { readFileSync, readdirSync } from "node:fs";
import { ROOT } from "./dkt1.mjs";

const BASE = new URL("proto/vectors/", ROOT);
const load = (name) => JSON.parse(readFileSync(new URL(name, BASE), "utf8"));

// The bytes that a source writes.
export function bytes(source) {
  if (typeof source === "string") return Buffer.from(source, "utf8");
  if ("hex" in source) return Buffer.from(source.hex, "hex");
  if ("repeat" in source)
    return Buffer.from(source.repeat.map(([text, n]) => text.repeat(n))
      .join(""), "utf8");
  return Buffer.from(JSON.stringify(source.json), "utf8");
}

const folder = (name) => readdirSync(new URL(name + "/", BASE))
  .filter((file) => file.endsWith(".json"))
  .flatMap((file) => load(`${name}/${file}`)
    .map((vector) => ({ ...vector, file: `${name}/${file}` })));

export const good = folder("good");
export const bad = folder("bad");
export const jsonGood = folder("json/good");
export const jsonBad = folder("json/bad");
export const times = load("time.json");
export const uuids = load("uuid.json");
export const numbers = load("case-number.json");
export const submits = load("submit.json");
