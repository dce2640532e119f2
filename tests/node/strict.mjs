// Strict JSON as PROTOCOL.md wants it, read by a parser of our own: no
// duplicate keys, no invalid UTF-8, no lone surrogates, no U+0000, integers of
// at most 2^53-1 only, 32 levels, 256 members, 64 KiB, nothing after the value.
export const BODY_MAX = 65536;

export class Refused extends Error {
  constructor(slug, detail, pointer = "") {
    super(`${slug} ${pointer}: ${detail}`);
    this.slug = slug;
    this.pointer = pointer;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SHORT = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n",
  r: "\r", t: "\t" };

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail(what) {
    throw new Refused("bad-json", `${what} at ${this.at}`);
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
  }

  take(word) {
    if (!this.text.startsWith(word, this.at)) this.fail(`no ${word}`);
    this.at += word.length;
  }

  value(depth) {
    const char = this.text[this.at];
    if (char === "{") return this.object(depth + 1);
    if (char === "[") return this.array(depth + 1);
    if (char === '"') return this.string();
    if (char === "t") return this.take("true"), true;
    if (char === "f") return this.take("false"), false;
    if (char === "n") return this.take("null"), null;
    return this.number();
  }

  number() {
    const match = /^-?(0|[1-9][0-9]*)/.exec(
      this.text.slice(this.at, this.at + 40));
    if (!match) this.fail("no value");
    this.at += match[0].length;
    if (/^[0-9.eE+-]/.test(this.text[this.at] ?? "")) this.fail("a number");
    if (match[0] === "-0") this.fail("minus zero");
    const number = Number(match[0]);
    if (!Number.isSafeInteger(number)) this.fail("a number out of range");
    return number;
  }

  string() {
    let out = "";
    for (this.at++; ; ) {
      const char = this.text[this.at++];
      if (char === undefined) this.fail("a string without its end");
      if (char === '"') break;
      if (char < " ") this.fail("a control character");
      out += char === "\\" ? this.escape() : char;
    }
    if (/\p{Surrogate}/u.test(out)) this.fail("a lone surrogate");
    if (out.includes("\0")) this.fail("U+0000");
    return out;
  }

  escape() {
    const char = this.text[this.at++];
    if (char !== "u") return SHORT[char] ?? this.fail("an escape");
    const hex = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.fail("a \\u escape");
    this.at += 4;
    return String.fromCharCode(parseInt(hex, 16));
  }

  array(depth) {
    if (depth > 32) this.fail("too deep");
    const out = [];
    this.at++;
    this.space();
    if (this.text[this.at] === "]") return this.at++, out;
    for (;;) {
      this.space();
      out.push(this.value(depth));
      this.space();
      if (this.text[this.at] !== ",") break;
      this.at++;
    }
    this.take("]");
    return out;
  }

  object(depth) {
    if (depth > 32) this.fail("too deep");
    const out = new Map();
    this.at++;
    this.space();
    if (this.text[this.at] === "}") return this.at++, {};
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail("no key");
      const key = this.string();
      if (out.has(key)) this.fail("a key twice");
      if (out.size === 256) this.fail("too many members");
      this.space();
      this.take(":");
      this.space();
      out.set(key, this.value(depth));
      this.space();
      if (this.text[this.at] !== ",") break;
      this.at++;
    }
    this.take("}");
    return Object.fromEntries(out);
  }
}

export function parse(bytes) {
  if (bytes.length > BODY_MAX)
    throw new Refused("too-large", `${bytes.length} bytes`);
  let text;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new Refused("bad-json", "invalid UTF-8");
  }
  const reader = new Reader(text);
  reader.space();
  const value = reader.value(0);
  reader.space();
  if (reader.at !== text.length) reader.fail("bytes after the value");
  return value;
}
