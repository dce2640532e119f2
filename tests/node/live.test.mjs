// A live docketd against the Node twin, both ways: the vectors, a client, a
// follower, an assignment worker; and the C clients against a broker in Node.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Router } from "zeromq";
import { Client, Peer, Worker, checkDigit, conform, readFrames,
  slugOf, uuid7 } from "./dkt1.mjs";
import { parse } from "./strict.mjs";
import { World, until } from "./world.mjs";
import * as vectors from "./vectors.mjs";

const submission = (more = {}) => ({ submission_id: uuid7(),
  channel: "kiosk", subject: "路灯不亮", facts: "村口三盏路灯坏了两个月。",
  ...more });

describe("the vectors against a live docketd", () => {
  const world = new World();
  before(() => world.broker());
  after(() => world.close());

  const endpoint = (vector) => world[vector.endpoint];

  // The answer to a vector's frames, sent by a fresh peer.
  async function ask(vector, wait = 10000) {
    const peer = new Peer(endpoint(vector));
    peer.socket.receiveTimeout = wait;
    try {
      await peer.raw(vector.frames.map(vectors.bytes));
      return await peer.next((m) => m.type !== "heartbeat");
    } finally {
      peer.close();
    }
  }

  for (const vector of vectors.bad)
    test(`bad: ${vector.file}: ${vector.name}`, async () => {
      const { expect } = vector;
      const answer = await ask(vector);
      assert.equal(answer.type, "problem");
      // A worker that has not said hello hears of that first.
      const slug = slugOf(answer);
      if (vector.endpoint === "workers" && slug === "hello-first") return;
      // The case and its state are looked at before an action's own fields.
      if (expect.of === "action" && slug === "not-found") return;
      assert.equal(slug, expect.problem, answer.body.detail);
      if (expect.under !== undefined)
        assert.equal(answer.request, expect.under);
      if (expect.pointer !== undefined)
        assert.equal(answer.body.pointer ?? "", expect.pointer);
    });

  for (const vector of vectors.good)
    test(`good: ${vector.file}: ${vector.name}`, async () => {
      // A clock that settles waits for workers; there are none here.
      const settles = JSON.stringify(vector.frames).includes("settle");
      const answer = await ask(vector, settles ? 500 : 10000).catch(
        (error) => {
          if (settles && error.code === "EAGAIN") return { type: "waits" };
          throw error;
        });
      if (answer.type !== "problem") return;
      assert.ok(!["bad-frames", "bad-version", "bad-json", "too-large",
        "bad-field", "unknown-type", "internal"].includes(slugOf(answer)),
      `${slugOf(answer)} ${answer.body.pointer}: ${answer.body.detail}`);
    });

  test("JSON texts as bodies", async () => {
    const peer = world.peer(new Peer(world.clients));
    let n = 0;
    for (const { name, text, problem } of vectors.jsonBad) {
      const request = `j${++n}`;
      await peer.raw(["DKT1", "hello", request, vectors.bytes(text)]);
      const answer = await peer.answer(request);
      assert.equal(answer.type, "problem", name);
      assert.equal(slugOf(answer), problem, name);
    }
    for (const { name, text } of vectors.jsonGood) {
      const request = `j${++n}`;
      await peer.raw(["DKT1", "hello", request, vectors.bytes(text)]);
      const answer = await peer.answer(request);
      const object = vectors.bytes(text).toString().trim().startsWith("{");
      if (answer.type === "problem" && object)
        assert.equal(slugOf(answer), "bad-field", name);
    }
  });

  test("values: times, case numbers, submissions", async () => {
    const client = world.peer(new Client(world.clients));
    const raw = async (type, body) =>
      client.answer(await client.send(type, body));
    for (const text of vectors.times.bad)
      assert.equal(slugOf(await raw("clock.list", { due_before: text })),
        "bad-field", text);
    for (const { text } of vectors.times.good)
      assert.equal((await raw("clock.list", { due_before: text })).type,
        "ok", text);
    for (const text of vectors.numbers.bad)
      assert.equal(slugOf(await raw("case.get", { case_no: text })),
        "bad-field", text);
    for (const text of vectors.uuids.bad)
      assert.equal(slugOf(await raw("case.submit",
        submission({ submission_id: text }))), "bad-field", text);
  });

  test("equal canonical texts are one submission, others a conflict",
    async () => {
      const client = world.peer(new Client(world.clients));
      const seen = new Map();
      for (const { name, body, canonical } of vectors.submits) {
        const value = parse(Buffer.from(body));
        const first = seen.get(value.submission_id);
        const answer = await client.answer(
          await client.send("case.submit", value));
        if (!first) {
          assert.equal(answer.type, "ok", `${name}: ${
            answer.body.detail}`);
          seen.set(value.submission_id, { canonical, body: answer.body });
        } else if (first.canonical === canonical) {
          assert.deepEqual(answer.body, first.body, name);
        } else {
          assert.equal(slugOf(answer), "conflict", name);
        }
      }
    });
});

describe("a Node client and worker in a line with C services", () => {
  const world = new World();
  let client, running = true, serving, worker;
  before(async () => {
    await world.broker();
    client = world.peer(new Client(world.clients));
    world.service("deadline");
    world.service("escalate");
    worker = world.peer(new Worker(world.workers));
    await worker.hello("assign", "node-assign", 4);
    serving = worker.serve((task) => task.event.type === "submitted"
      ? [{ action: "register", note: "由 Node 登记" },
        { action: "assign", unit: "u-water", candidates: ["w-1", "w-2"],
          rule: "node", why: "测试" },
        { action: "transfer" }] : [], () => !running);
  });
  after(async () => {
    running = false;
    await serving;
    await world.close();
  });

  test("hello says who it is", async () => {
    const hello = await client.call("hello", { client: "node" });
    assert.equal(hello.protocol, "DKT1");
    assert.equal(hello.test_clock, true);
  });

  test("a submission is assigned by Node and gets its limits from C",
    async () => {
      const body = submission({ persons: [{ name: "王桂英", phone: "1" }] });
      const answer = await client.call("case.submit", body);
      assert.deepEqual(await client.call("case.submit", body), answer);
      const digits = answer.case_no.replaceAll("-", "");
      assert.equal(checkDigit(digits.slice(0, 20)), digits[20]);
      const done = await until(async () => {
        const found = await client.call("case.get",
          { case_no: answer.case_no });
        return found.clocks.length >= 3 && found;
      }, "three limits");
      assert.equal(done.state, "transferred");
      assert.equal(done.unit, "u-water");
      assert.ok(["w-1", "w-2"].includes(done.handler));
      const view = await client.call("case.query", {
        case_no: answer.case_no, query_code: answer.query_code });
      assert.equal(view.state, "transferred");
      assert.ok(view.next_limit);
    });

  test("the clock moves, alerts are raised, and a follower sees all of it",
    async () => {
      await client.call("clock.set", { to: "2026-07-01T00:00:00+08:00",
        settle: true });
      const alerts = await client.call("alert.list", { limit: 100 });
      assert.ok(alerts.items.some((alert) => alert.rung === "overdue"));
      const { store: { events: total } } = await client.call("stats");
      const follower = world.peer(new Peer(world.clients));
      const request = await follower.send("events.follow",
        { from: 1, credit: 5 });
      const first = await follower.answer(request);
      conform("events.follow.ok", first.body);
      for (let seq = 1; seq <= total; seq++) {
        const event = await follower.answer(request);
        assert.equal(event.type, "event");
        conform("event", event.body);
        assert.equal(event.body.seq, String(seq));
        if (seq % 5 === 0)
          await follower.send("events.credit", { credit: 5 }, request);
      }
      await follower.send("events.stop", {}, request);
      assert.equal((await follower.answer(request)).type, "ok");
    });

  test("every list and count matches its schema", async () => {
    for (const [type, body] of [["case.list", {}], ["alert.list", {}],
      ["clock.list", {}], ["task.list", {}], ["task.list", { dead: true }],
      ["worker.list", {}], ["stats", {}], ["verify", {}],
      ["checkpoint.make", {}], ["checkpoint.list", {}],
      ["clock.now", {}]])
      await client.call(type, body);
    const { items } = await client.call("case.list");
    for (const item of items) {
      conform("case-file", item);
      const { items: events } = await client.call("case.events",
        { case_no: item.case_no });
      for (const event of events) conform("event", event);
      await client.call("case.export", { case_no: item.case_no });
    }
  });

  test("an action is done once however often it is sent", async () => {
    const { items: [{ case_no }] } = await client.call("case.list");
    const body = { command_id: uuid7(), case_no, action: "accept",
      actor: "officer:node", notice: "受〔2026〕1号" };
    const first = await client.call("case.act", body);
    assert.deepEqual(await client.call("case.act", body), first);
    await assert.rejects(client.call("case.act", { ...body, notice: "2" }),
      { slug: "conflict" });
  });

  test("verify finds nothing wrong", async () => {
    assert.deepEqual((await client.call("verify")).faults, []);
  });
});

describe("the C programs against a broker in Node", () => {
  const world = new World();
  after(() => world.close());

  // A ROUTER that answers each request by `reply(type, body)`.
  async function mini(reply) {
    const endpoint = `ipc://${world.folder}/m${uuid7().slice(-6)}`;
    const router = world.peer(new Router({ linger: 0 }));
    await router.bind(endpoint);
    const seen = [];
    (async () => {
      for await (const [peer, ...frames] of router) {
        const message = readFrames(frames);
        const body = parse(message.body);
        seen.push({ type: message.type, body, request: message.request,
          peer });
        const answers = reply(message.type, body, message.request) ?? [];
        for (const answer of answers) await router.send([peer, ...answer]);
      }
    })().catch((error) => {
      if (!router.closed) seen.push({ error });
    });
    return { endpoint, seen, router };
  }

  const ok = (request, body, type = "ok") =>
    [["DKT1", type, request, JSON.stringify(body)]];

  async function ctl(endpoint, ...argv) {
    const child = world.start("docketctl", ["--connect", endpoint,
      "--timeout", "1500", ...argv]);
    const code = await child.ended;
    return { code, out: child.said(), err: child.log() };
  }

  const submitted = { case_no: "330699-20260501-000001-7",
    query_code: "01234567", submitted_at: "2026-05-01T09:00:00.000+08:00",
    recorded_at: "2026-05-01T09:00:00.000+08:00" };
  const submit = ["--json", "submit", "--subject", "路灯", "--facts",
    "坏了", "--name", "王桂英", "--category", "城乡建设/照明"];

  test("docketctl submit speaks by the schema and reads the answer",
    async () => {
      const broker = await mini((type, body, request) =>
        ok(request, submitted));
      const { code, out } = await ctl(broker.endpoint, ...submit);
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(out), submitted);
      const [message] = broker.seen.filter((m) =>
        m.type === "case.submit");
      conform("case.submit", message.body);
      assert.equal(message.body.persons[0].name, "王桂英");
    });

  test("docketctl says the broker's problem in the reader's language",
    async () => {
      const broker = await mini((type, body, request) => ok(request, {
        type: "urn:docket:problem:storage-full", title: "full",
        status: 507, detail: "no room on the disk",
        detail_zh: "磁盘已满", retry_after_ms: 5000 }, "problem"));
      const english = await ctl(broker.endpoint, ...submit);
      assert.equal(english.code, 75);
      assert.match(english.err, /no room on the disk/);
      const chinese = await ctl(broker.endpoint, "--lang", "zh-CN",
        ...submit);
      assert.match(chinese.err, /磁盘已满/);
    });

  test("docketctl ends in time when nobody answers", async () => {
    const broker = await mini(() => []);
    const began = Date.now();
    assert.equal((await ctl(broker.endpoint, "ping")).code, 69);
    assert.ok(Date.now() - began < 10000);
  });

  test("an answer to somebody else's request is not taken", async () => {
    const broker = await mini((type, body, request) => [
      ...ok("another", { ...submitted, query_code: "99999999" }),
      ...ok(request, submitted)]);
    const { out } = await ctl(broker.endpoint, ...submit);
    assert.deepEqual(JSON.parse(out), submitted);
  });

  test("rubbish from a broker does not crash docketctl", async () => {
    for (const answer of [["x"], ["DKT1"], ["DKT1", "ok"],
      ["DKT1", "ok", "r", "{"], ["DKT9", "ok", "r", "{}"],
      ["", "", "", ""], ["DKT1", "ok", "r", "[]"],
      ["DKT1", "problem", "r", "{}"], ["DKT1", "problem", "r", "[1]"],
      ["DKT1", "event", "r", "{}"],
      ["DKT1", "ok", "r", '{"case_no":7}'],
      ["DKT1", "ok", "r", Buffer.from([0x22, 0xff, 0x22])]]) {
      const broker = await mini((type, body, request) =>
        [answer.map((frame) => frame === "r" ? request : frame)]);
      const { code, err } = await ctl(broker.endpoint, ...submit);
      assert.ok(Number.isInteger(code) && code !== 0 && code < 128,
        `${JSON.stringify(answer)}: ${code} ${err}`);
      assert.ok(err.trim(), JSON.stringify(answer));
    }
  });

  test("docket-assign works for a broker in Node", async () => {
    const done = [];
    const task = (lease) => ({ task_id: "4", lease, attempt: 1,
      service: "assign", now: "2026-05-01T09:00:00.000+08:00",
      case: { ...caseFile }, event: { ...firstEvent } });
    const broker = await mini((type, body, request) => {
      if (type === "hello") {
        conform("worker.hello", body);
        const welcome = { epoch: "7", heartbeat_ms: 300, lease_ms: 5000,
          now: "2026-05-01T09:00:00.000+08:00", utc_offset: "+08:00",
          county: "330699", test_clock: true };
        conform("worker.welcome", welcome);
        conform("worker.task", task("7-1"));
        return [...ok(request, welcome, "welcome"),
          ...ok("7-1", task("7-1"), "task")];
      }
      if (type === "result") {
        conform("worker.result", body);
        assert.equal(request, "7-1");
        done.push(body);
        return ok(request, { task_id: body.task_id }, "done");
      }
      if (type === "heartbeat") return ok(request, {}, "heartbeat");
      return [];
    });
    world.service("assign", broker.endpoint);
    await until(() => done.length || broker.seen.find((m) => m.error),
      "the result of docket-assign");
    const wrong = broker.seen.find((m) => m.error);
    assert.equal(wrong, undefined, wrong?.error?.stack);
    assert.deepEqual(done[0].commands.map((c) => c.action),
      ["register", "assign", "transfer"]);
    // It goes on beating, and never names a lease it was not given.
    const beats = () => broker.seen.filter((m) =>
      m.type === "heartbeat").length;
    const now = beats();
    await until(() => beats() > now + 2, "heartbeats");
  });
});

const T = "2026-05-01T09:00:00.000+08:00";
const firstEvent = { n: 1, type: "submitted", at: T, claimed_at: null,
  actor: "kiosk", effective_at: T, body: {
    submission_id: "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
    channel: "kiosk", kind: "appeal", subject: "路灯不亮",
    facts: "坏了", region: null, category: "供水", petitioners: 1,
    respondents: [], imported: false, submitted_at: T, person: null } };
const caseFile = { case_no: "330699-20260501-000001-7", n: 1,
  state: "submitted", owner: "office", submitted_at: T, recorded_at: T,
  updated_at: T, imported: false, channel: "kiosk", kind: "appeal",
  subject: "路灯不亮", region: null, category: "供水", petitioners: 1,
  respondents: [], unit: null, handler: null, rule: null,
  answered_by: null, extensions: 0, last: { submitted: [1, T] },
  clocks: [], alerts: [] };
