// What the page decides without a page: ids, words, numbers, days, characters.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, existsSync } from "node:fs";
import { describe, test } from "node:test";
import { file } from "../node/world.mjs";

const part = (name) => import(file("clients/kiosk/page/" + name));
const model = await part("model.js");
const { STATES, CLOCKS, PAPER_WORDS, ownSteps, paperText, stages } = await part("states.js");
const { words } = await part("words.js");

describe("what is sent", () => {
  test("an id is a UUIDv7 of its moment", () => {
    const id = model.uuid7(0x0123456789ab, new Uint8Array([255, 255, 255, 1, 2, 3, 4, 5, 6, 7]));
    assert.equal(id, "01234567-89ab-7fff-bff0-102030405060".slice(0, 19) + id.slice(19));
    assert.match(model.uuid7(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(model.uuid7(), model.uuid7());
  });

  test("the subject is the first sentence, and not longer than the protocol allows", () => {
    assert.equal(model.subjectOf("路灯不亮。已经两个月。"), "路灯不亮");
    assert.equal(model.subjectOf("  The lamp is out!\nFor weeks. "), "The lamp is out");
    assert.equal(model.subjectOf("。"), "。");
    assert.ok([...model.subjectOf("长".repeat(500))].length <= 40);
    assert.ok(Buffer.byteLength(model.subjectOf("𠮷".repeat(500))) <= 400);
  });

  test("only what was written is in the body, without control characters", () => {
    const draft = { ...model.emptyDraft(), facts: " a\u0000b\u0085\r\nc ", anonymous: true,
      confidential: true, respondentPerson: " O'Neil \"x\"/y " };
    assert.deepEqual(model.bodyOf(draft, "id"), { submission_id: "id", subject: "ab c", facts: "ab\nc",
      kind: "appeal", respondents: [{ officer: "ONeilxy" }] });
    draft.anonymous = false;
    draft.persons = [{ name: " 张  三 ", phone: " ", address: "一村1号" }, { name: "", phone: "", address: "" }];
    draft.people = "12";
    assert.deepEqual(model.bodyOf(draft, "id").persons, [{ name: "张 三", address: "一村1号" }]);
    assert.equal(model.bodyOf(draft, "id").petitioners, 12);
    assert.equal(model.bodyOf(draft, "id").confidential, true);
  });

  test("faults name their field and step", () => {
    const draft = model.emptyDraft();
    const found = () => model.faults(draft).map((fault) => `${fault.step} ${fault.id} ${fault.word}`);
    assert.deepEqual(found(), ["4 facts factsEmpty", "5 name-0 nameMissing"]);
    draft.facts = "x";
    draft.persons = [{ name: "a", phone: "abc", address: "" }, { name: "", phone: "1234567", address: "" }];
    draft.people = "0";
    assert.deepEqual(found(), ["5 phone-0 phoneWrong", "5 name-1 nameMissing", "5 people peopleWrong"]);
    draft.anonymous = true;
    assert.deepEqual(found(), []);
    draft.facts = "长".repeat(20000);
    assert.deepEqual(found(), ["4 facts factsLong"]);
  });

  test("each pointer of a problem leads to its step", () => {
    assert.equal(model.stepOfPointer("/persons/0/phone"), 5);
    assert.equal(model.stepOfPointer("/facts"), 4);
    assert.equal(model.stepOfPointer(undefined), 6);
  });
});

describe("numbers and days", () => {
  test("a number is read as people write it", () => {
    assert.deepEqual(model.readNumber(" k1234 5678-9012 34 "), { receipt: "K12345678901234" });
    assert.deepEqual(model.readNumber("３３０６９９20260506000001 5"), { case_no: "330699-20260506-000001-5" });
    assert.equal(model.readNumber("330699-20260506-00001-5"), null);
    assert.equal(model.grouped("K12345678901234"), "K1234 5678 9012 34");
  });

  test("a limit's last day is the one before its end, in the office's zone", () => {
    assert.equal(model.lastDay("2026-05-22T00:00:00.000+08:00", 480, "zh-CN"), "2026年5月21日（星期四）");
    assert.equal(model.lastDay("2026-05-21T16:00:00Z", 480, "en"), "Thursday 21 May 2026");
    assert.equal(model.timeText(Date.parse("2026-01-01T00:30:09+08:00"), 480, "zh-CN"), "2026年1月1日（星期四）00:30:09");
  });
});

describe("words", () => {
  const glossary = JSON.parse(spawnSync("/usr/bin/python3", [file("script/glossary"), "--json"],
    { encoding: "utf8" }).stdout).words;
  const byId = Object.fromEntries(glossary.map((word) => [word.id, word]));
  const table = readFileSync(file("proto/PROTOCOL.md"), "utf8").split("<!-- fsm-table -->")[1];
  const states = [...table.matchAll(/^\| `([a-z_]+)` \| [^|]+ \| (?:yes|no) \|/gm)].map((m) => m[1])
    .filter((state) => state !== "none");

  test("every state of the life cycle has its sentence and the glossary's name", () => {
    assert.ok(states.length > 15);
    assert.deepEqual(Object.keys(STATES).sort(), states.toSorted());
    for (const state of states) {
      const word = byId["state." + state];
      assert.equal(STATES[state].zh[0], word["zh-CN"]);
      assert.equal(STATES[state].en[0], word.en);
      assert.ok(STATES[state].zh[1] && STATES[state].en[1]);
      const now = stages(state, "en").filter((stage) => stage.when === "now");
      assert.equal(now.length, 1);
      assert.ok(ownSteps({ state, next_limit: null }, "zh-CN", () => "").length);
    }
  });

  test("every limit of the law has the glossary's name", () => {
    const policy = JSON.parse(readFileSync(file("policy/xinfang-2022.json"), "utf8"));
    const ids = new Set(policy.versions.flatMap((version) => version.clocks.map((clock) => clock.id)));
    assert.deepEqual(Object.keys(CLOCKS).sort(), [...ids].sort());
    for (const [id, text] of Object.entries(CLOCKS)) {
      assert.equal(text.zh[0], byId["clock." + id]["zh-CN"]);
      assert.equal(text.en[0], byId["clock." + id].en);
    }
  });

  test("a right that runs is told with its last day", () => {
    const said = ownSteps({ state: "answered", next_limit: { clock: "review-window", due_at: "D" } },
      "zh-CN", (due) => `<${due}>`);
    assert.match(said[0], /复查，最晚 <D>/);
  });

  test("the steps that the office says are open, and its papers by their names", () => {
    const said = ownSteps({ state: "reviewed", steps: [{ action: "ask_re_review", until: "D" },
      { action: "evaluate", until: null }] }, "en", (due) => `<${due}>`);
    assert.match(said[0], /re-review, on <D> at the latest/);
    assert.match(said[1], /^You may rate how it was handled, at the counter/);
    assert.equal(said.filter((text) => /re-review/.test(text)).length, 1);
    for (const [id, names] of Object.entries(PAPER_WORDS.document))
      assert.deepEqual(names, [byId["document." + id]["zh-CN"], byId["document." + id].en]);
    for (const [id, names] of Object.entries(PAPER_WORDS.outcome)) {
      const word = byId["result." + id] ?? byId["manner." + id];
      assert.deepEqual(names, [word["zh-CN"], word.en]);
    }
    assert.deepEqual(paperText({ document: "review", result: "changed", text: "T", other_door: null }, "zh-CN"),
      { name: "复查意见书", outcome: "变更", parts: [["内容", "T"]] });
  });

  test("both languages say the same things", () => {
    const shape = (value) => typeof value === "object"
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)])) : typeof value;
    assert.deepEqual(shape(words.en), shape(words["zh-CN"]));
  });

  test("the sample form is of the sample county", () => {
    const form = JSON.parse(readFileSync(file("policy/kiosk-sample.json"), "utf8"));
    const book = JSON.parse(readFileSync(file("policy/units-sample.json"), "utf8"));
    assert.equal(form.county, book.county);
    const ruled = new Set(book.rules.flatMap((rule) => rule.category ?? []).map((c) => c.split("/")[0]));
    for (const { category } of form.categories)
      assert.ok(ruled.has(category) || ["其他", "商贸旅游"].includes(category), category);
    const codes = new Set(book.units.map((unit) => unit.code));
    const places = form.places.flatMap((place) => [place, ...place.places ?? []]);
    for (const place of places) assert.ok(codes.has(place.region), place.region);
    for (const [id, name] of Object.entries(form.units))
      assert.deepEqual(name, book.units.find((unit) => unit.id === id).name);
  });
});

describe("pinyin", async () => {
  const chinese = file("clients/kiosk/page/node_modules/simple-keyboard-layouts/build/layouts/chinese.js");
  assert.ok(existsSync(chinese), "run npm ci in clients/kiosk/page");
  const source = readFileSync(chinese, "utf8");
  const table = (await import("data:text/javascript," + encodeURIComponent(source))).default.layoutCandidates;
  const { makeIme } = await part("ime.js");
  const phrases = (await part("phrases.js")).default;
  const ime = makeIme(table, phrases);
  const first = (letters) => ime.candidates(letters)[0]?.text;

  test("words before characters, and the rest of the letters stays", () => {
    assert.equal(first("women"), "我们");
    assert.equal(first("gongzi"), "工资");
    assert.equal(first("womengongzi"), "我们工资");
    assert.ok(ime.candidates("womengongzi").some((c) => c.text === "我们" && c.used === 5));
    assert.ok(ime.candidates("xian").some((c) => c.text === "县"));
    assert.ok(ime.candidates("tuoq").some((c) => c.text === "拖欠"));
  });

  test("letters that are no pinyin offer nothing, an unfinished syllable something", () => {
    assert.deepEqual(ime.candidates("vvv"), []);
    assert.ok(ime.candidates("zh").length > 3);
    assert.deepEqual(ime.candidates(""), []);
  });

  test("every phrase can be typed: its syllables are in the table, as many as characters", () => {
    for (const row of phrases.trim().split("\n")) {
      const [pinyin, ...found] = row.split(" ");
      const syllables = pinyin.split("'");
      for (const word of found) {
        assert.equal([...word].length, syllables.length, row);
        [...word].forEach((character, at) => assert.ok(
          table[syllables[at]]?.split(" ").includes(character), `${row}: ${character} is not ${syllables[at]}`));
      }
    }
  });
});
