// proto/asyncapi.json: a document of AsyncAPI 3.0 by the project's own schema
// (npm, @asyncapi/specs), whose every reference leads somewhere, and which has
// every message that PROTOCOL.md's table of "who may what" names.
import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { ROOT } from "./dkt1.mjs";

const require = createRequire(import.meta.url);
const read = (name) => readFileSync(new URL(name, ROOT), "utf8");
const document = JSON.parse(read("proto/asyncapi.json"));

const valid = (() => {
  const ajv = new Ajv({ strict: false, allErrors: false });
  addFormats(ajv);
  return ajv.compile(
    require("@asyncapi/specs/schemas/3.0.0-without-$id.json"));
})();

test("it is a document of AsyncAPI 3.0", () => {
  assert.ok(valid(document), JSON.stringify(valid.errors));
});

test("the schema of AsyncAPI refuses what is none", () => {
  for (const break_ of [(d) => { delete d.info; },
    (d) => { d.asyncapi = "4.0.0"; },
    (d) => { d.operations.hello.action = "ask"; },
    (d) => { d.channels.clients.messages.hello = 7; }]) {
    const copy = structuredClone(document);
    break_(copy);
    assert.ok(!valid(copy), String(break_));
  }
});

function* references(value) {
  if (value === null || typeof value !== "object") return;
  for (const [key, inner] of Object.entries(value))
    if (key === "$ref") yield inner;
    else yield* references(inner);
}

test("every reference leads somewhere", () => {
  let n = 0;
  for (const ref of references(document)) {
    n++;
    if (ref.startsWith("./"))
      assert.ok(existsSync(new URL("proto/" + ref, ROOT)), ref);
    else {
      let at = document;
      for (const step of ref.slice(2).split("/")) {
        assert.ok(Object.hasOwn(at, step), ref);
        at = at[step];
      }
    }
  }
  assert.ok(n > 200, String(n));
});

test("it has every message of the protocol", () => {
  const text = read("proto/PROTOCOL.md");
  const table = text.slice(text.indexOf("## Who may what"),
    text.indexOf("## Actions"));
  const rows = table.split("\n").filter((l) => l.startsWith("| `") &&
    l.includes("."));
  const types = new Set(rows.flatMap((row) => [...row.split(" | ")[0]
    .matchAll(/`([a-z]+\.[a-z]+)`/g)].map((m) => m[1])));
  assert.ok(types.size > 30, String(types.size));
  for (const type of types)
    assert.ok(Object.hasOwn(document.operations, type), type);
  for (const type of ["worker.hello", "worker.result", "worker.task"])
    assert.ok(Object.hasOwn(document.operations, type), type);
});
