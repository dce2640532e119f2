// The vectors through an implementation that shares nothing with the C code:
// our own strict JSON and frames, and ajv over the schemas.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkDigit, mistakes, readFrames, requestSchema, schemaNames }
  from "./dkt1.mjs";
import { parse } from "./strict.mjs";
import * as vectors from "./vectors.mjs";

const refusal = (run) => {
  try {
    run();
  } catch (error) {
    if (error.slug) return error;
    throw error;
  }
  return null;
};

describe("strict JSON", () => {
  for (const { name, text, means } of vectors.jsonGood)
    test(`accepts ${name}`, () => {
      const value = parse(vectors.bytes(text));
      if (means !== undefined) assert.deepEqual(value, means);
    });
  for (const { name, text, problem } of vectors.jsonBad)
    test(`refuses ${name}`, () => {
      assert.equal(refusal(() => parse(vectors.bytes(text)))?.slug, problem);
    });
});

// What is wrong with a message, found as a broker would: frames, type, JSON,
// body.
function judge(vector) {
  const frames = vector.frames.map(vectors.bytes);
  const refused = refusal(() => readFrames(frames));
  if (refused) return { problem: refused.slug, under: refused.under };
  const { type, body } = readFrames(frames);
  const schema = requestSchema(vector.endpoint, type);
  if (!schema) return { problem: "unknown-type" };
  let value;
  const broken = refusal(() => { value = parse(body); });
  if (broken) return { problem: broken.slug };
  const found = mistakes(schema, value);
  return found.length ? { problem: "bad-field", pointers: found } : { type };
}

describe("good messages", () => {
  for (const vector of vectors.good)
    test(`${vector.file}: ${vector.name}`, () => {
      assert.deepEqual(judge(vector), { type: vector.expect.type });
    });
});

describe("bad messages", () => {
  for (const vector of vectors.bad)
    test(`${vector.file}: ${vector.name}`, () => {
      const verdict = judge(vector);
      const { expect } = vector;
      if (expect.schema === "accepts")
        return assert.equal(verdict.problem, undefined);
      assert.equal(verdict.problem, expect.problem);
      if (expect.under !== undefined)
        assert.equal(verdict.under, expect.under);
      if (expect.pointer !== undefined && verdict.pointers)
        assert.ok(verdict.pointers.some((pointer) =>
          pointer === expect.pointer ||
          pointer.startsWith(expect.pointer + "/") ||
          expect.pointer.startsWith(pointer + "/")),
        `${expect.pointer} is not among ${verdict.pointers.join(" ")}`);
    });
});

describe("values", () => {
  test("times are read and written alike", () => {
    for (const { text, ms, offset_min: offset, format } of
      vectors.times.good) {
      const cut = text.replace(/(\.\d{3})\d+/, "$1");
      assert.equal(Date.parse(cut), ms, text);
      const local = new Date(ms + offset * 60000).toISOString();
      const sign = offset < 0 ? "-" : "+";
      const pad = (n) => String(n).padStart(2, "0");
      const at = Math.abs(offset);
      assert.equal(local.replace("Z", sign + pad(Math.floor(at / 60)) + ":" +
        pad(at % 60)), format);
    }
  });

  test("case numbers have the check digit of ISO 7064", () => {
    for (const { text, county, key, format } of vectors.numbers.good) {
      const digits = String(county).padStart(6, "0") +
        String(key).padStart(14, "0");
      const number = [digits.slice(0, 6), digits.slice(6, 14),
        digits.slice(14), checkDigit(digits)].join("-");
      assert.equal(number, format);
      assert.equal(text.replaceAll("-", ""), format.replaceAll("-", ""));
    }
    for (const text of vectors.numbers.bad) {
      const match = /^(\d{6})-?(\d{8})-?(\d{6})-?(\d)$/.exec(text);
      if (!match) continue;
      const [, county, day, seq, check] = match;
      const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
      const real = !Number.isNaN(Date.parse(date)) &&
        new Date(date).toISOString().startsWith(date);
      assert.ok(!real || seq === "000000" ||
        checkDigit(county + day + seq) !== check, text);
    }
  });

  test("UUIDv7 carry their time", () => {
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    for (const { text, ms } of vectors.uuids.good) {
      assert.match(text, form);
      assert.equal(parseInt(text.replace("-", "").slice(0, 12), 16), ms);
    }
    for (const text of vectors.uuids.bad) assert.doesNotMatch(text, form);
  });

  test("every submission that the vectors call good matches its schema",
    () => {
      for (const { name, body } of vectors.submits)
        assert.deepEqual(mistakes("case.submit",
          parse(Buffer.from(body))), [], name);
    });

  test("every schema compiles", () => {
    for (const name of schemaNames) mistakes(name, {});
  });
});
