// What the office's pages decide without a page.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { file } from "./office.mjs";

globalThis.localStorage ??= { getItem: () => null, setItem: () => {} };
const { ACTIONS, STATES, offered } = await import("../../clients/web/page/actions.js");
const time = await import("../../clients/web/page/time.js");
const { setTaste } = await import("../../clients/web/page/words.js");

// The broker's own table, as PROTOCOL.md prints it.
function broker() {
  const text = readFileSync(file("proto/PROTOCOL.md"), "utf8").split("<!-- fsm-table -->")[1];
  const aside = ["linked", "unlinked", "repeated", "informed"];
  return Object.fromEntries(text.split("\n").filter((line) => /^\| `\w+` \|.*→|^\| `\w+` \|.*\*bookkeeping\*/.test(line)).map((line) => {
    const [, state, , , moves, stays] = line.split("|");
    const names = [...`${moves}`.matchAll(/`(\w+)` →/g), ...`${stays}`.matchAll(/`(\w+)`/g)].map((found) => found[1]);
    return [/`(\w+)`/.exec(state)[1], new Set([...names, ...(/\*aside\*/.test(stays) ? aside : [])])];
  }));
}

const EVENT = { register: "registered", assign: "assigned", transfer: "transferred", hand_over: "handed_over", send_to_discipline: "sent_to_discipline",
  object: "objected", uphold_objection: "objection_upheld", refuse_objection: "objection_refused", accept: "accepted", not_accept: "not_accepted",
  give_notice: "notice_given", inform: "informed", extend: "extended", suspend: "suspended", resume: "resumed", report: "reported", answer: "answered",
  settle: "settled", deliver: "delivered", ask_review: "review_asked", ask_re_review: "re_review_asked", review: "reviewed", re_review: "re_reviewed",
  close: "closed", withdraw: "withdrawn", reopen: "reopened", evaluate: "evaluated", urge: "urged", answer_urge: "urge_answered",
  add_co_handler: "co_handler_added", remove_co_handler: "co_handler_removed", give_opinion: "opinion_given", prioritise: "prioritised",
  mute: "alert_muted", link: "linked", unlink: "unlinked" };

describe("what the office's pages decide", () => {
  test("an action is offered exactly in the states in which the broker takes it", () => {
    const table = broker();
    assert.equal(Object.keys(table).length, 19);
    for (const [name, action] of Object.entries(ACTIONS))
      assert.deepEqual([...action.states].sort(), STATES.filter((state) => table[state].has(EVENT[name])).sort(), name);
    assert.deepEqual(Object.keys(EVENT).sort(), Object.keys(ACTIONS).sort());
  });

  test("every field of every action is one of its schema, and none that must be given is missing", () => {
    for (const [name, action] of Object.entries(ACTIONS)) {
      const schema = JSON.parse(readFileSync(file(`proto/schemas/action.${name}.json`), "utf8"));
      const fields = action.fields().map((f) => f.name);
      for (const f of fields) assert.ok(f in schema.properties, `${name}: ${f}`);
      for (const must of schema.required ?? [])
        if (!["action", "command_id", "case_no", "actor"].includes(must)) assert.ok(fields.includes(must), `${name} needs ${must}`);
    }
  });

  test("in no state do two actions have one key", () => {
    for (const state of STATES) {
      const keys = Object.values(ACTIONS).filter((a) => a.key && a.states.includes(state)).map((a) => a.key);
      assert.equal(new Set(keys).size, keys.length, `${state}: ${keys}`);
    }
  });

  test("who may do what, as PROTOCOL.md says", () => {
    const file_ = { state: "transferred", unit: "rsj", clocks: [], co_handlers: [{ unit: "jtj", handler: null }] };
    const names = (who) => offered(file_, who).map((a) => a.name);
    assert.ok(names({ roles: ["handler"], unit: "rsj" }).includes("accept"));
    assert.ok(!names({ roles: ["handler"], unit: "rsj" }).includes("urge"));
    assert.deepEqual(names({ roles: ["handler"], unit: "jtj" }), ["give_opinion"]);
    assert.deepEqual(names({ roles: ["handler"], unit: "zjj" }), []);
    assert.deepEqual(names({ roles: ["auditor"] }), []);
    assert.ok(names({ roles: ["supervisor"] }).includes("urge"));
  });

  test("each text is there in both languages", () => {
    for (const language of ["zh-CN", "en"]) {
      setTaste("language", language);
      for (const [name, a] of Object.entries(ACTIONS))
        for (const text of [a.label(), a.law?.() ?? "Art. 第", ...a.fields().flatMap((f) => [f.label, f.hint ?? f.label])])
          assert.equal(/[\u3400-\u9fff]/.test(text), language === "zh-CN" || text === "Art. 第", `${name}: ${text}`);
    }
    setTaste("language", "zh-CN");
    const pages = file("clients/web/page");
    for (const name of readdirSync(pages).filter((each) => each.endsWith(".js")))
      assert.doesNotMatch(readFileSync(`${pages}/${name}`, "utf8"), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/, name);
  });

  test("days left: the last day is the one before the first instant that is too late", () => {
    const now = Date.parse("2026-05-18T23:59:59+08:00");
    assert.equal(time.daysLeft("2026-05-19T00:00:00+08:00", now, 480), 0);
    assert.equal(time.daysLeft("2026-05-19T00:00:00+08:00", now + 1000, 480), -1);
    assert.equal(time.daysLeft("2026-06-01T00:00:00+08:00", now, 480), 13);
    assert.equal(time.daysLeft("2026-05-19T00:00:00+08:00", Date.parse("2026-05-18T00:00:00+08:00"), 480), 0);
    assert.equal(time.dayBegins(time.dayOfText("2026-05-19"), 480), "2026-05-19T00:00:00+08:00");
    assert.equal(time.dayBegins(time.dayOfText("2026-05-19"), -210), "2026-05-19T00:00:00-03:30");
  });

  test("periods", () => {
    assert.deepEqual(time.period("2026-02"), { from: "2026-02-01", to: "2026-02-28" });
    assert.deepEqual(time.period("2028-02"), { from: "2028-02-01", to: "2028-02-29" });
    assert.deepEqual(time.period("2026Q2"), { from: "2026-04-01", to: "2026-06-30" });
    assert.deepEqual(time.period("2026"), { from: "2026-01-01", to: "2026-12-31" });
    assert.deepEqual(time.period("2026-05-01..2026-05-20"), { from: "2026-05-01", to: "2026-05-20" });
    for (const bad of ["", "2026-13", "2026Q5", "2026-02-30..2026-03-01", "2026-05-20..2026-05-01", "x"]) assert.equal(time.period(bad), null, bad);
  });
});
