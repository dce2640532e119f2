// Cables, power, full disks, people who walk away: taken once or not at all,
// the page says which, and nothing stays behind.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Office, Pretence, Visitor } from "./office.mjs";

describe("when something is wrong", () => {
  const office = new Office();
  before(() => office.open({ broker: false }));
  after(() => office.close());

  test("the office's system is away: taken all the same, and the case number comes later", async () => {
    const visitor = await Visitor.open(office);
    await visitor.toCheck({ facts: "断网时也能收下。" });
    await visitor.send();
    assert.equal(await visitor.page.locator("#receipt").getAttribute("data-state"), "waiting");
    const paper = await visitor.text("#receipt-no");
    assert.match(paper, /^K\d{4}( \d{4}){2} \d\d$/);
    // Whoever asks meanwhile hears that it waits.
    const other = await Visitor.open(office);
    await other.see("#offline"); // nobody has to guess why there is no number yet
    await other.start("zh-CN", 1);
    await other.fill("#number", paper);
    await other.touch("#next");
    await other.see("#waiting");
    await other.close();
    await office.broker();
    for (const name of ["assign", "deadline", "escalate"]) office.service(name);
    await visitor.page.locator("#case-no").waitFor({ timeout: 30000 });
    assert.equal(await visitor.page.locator("#receipt").getAttribute("data-state"), "acknowledged");
    assert.equal(office.cases().length, 1);
    await visitor.close();
  });

  // At each moment of a sending the forwarder is killed, as the power would.
  const moments = {
    "before it is asked": async (route) => {
      await office.killKiosk();
      await route.continue().catch(() => {});
    },
    "after it was taken, before the page hears of it": async (route) => {
      await route.fetch();
      await office.killKiosk();
      await route.abort();
    },
    "at any moment between": async (route) => {
      const taken = route.fetch().catch(() => {});
      await office.killKiosk();
      await taken;
      await route.abort();
    },
  };
  for (const [moment, cut] of Object.entries(moments))
    test(`the power is cut ${moment}`, async () => {
      const before = office.cases().length;
      const visitor = await Visitor.open(office);
      const { page } = visitor;
      await visitor.toCheck({ facts: `停电：${moment}。` });
      let first = true;
      const sent = [];
      await page.route("**/api/cases", async (route) => {
        sent.push(route.request().postData());
        if (!first) return route.continue();
        first = false;
        return cut(route);
      });
      await visitor.touch("#send");
      await page.locator('#sending-state[data-known="false"]').waitFor();
      assert.match(await visitor.text("#title"), /还不知道是否收下/);
      await office.startKiosk();
      await page.locator("#case-no").waitFor({ timeout: 30000 });
      assert.ok(sent.length > 1);
      assert.equal(new Set(sent).size, 1, "the same words under the same id");
      assert.equal(office.cases().length, before + 1);
      // Who had no page left to look at reads it on the first one.
      const next = await Visitor.open(office);
      await next.see("#cut");
      assert.match(await next.text("#cut"), /中断|interrupted/);
      await next.close();
      await visitor.close();
    });

  test("a full disk: not taken so far, then taken once", async () => {
    const pretence = new Pretence(office);
    const full = { type: "urn:docket:problem:storage-full", title: "Disk full", status: 503,
      detail: "The disk is full.", detail_zh: "磁盘已满。", retry_after_ms: 100 };
    pretence.take = (body, times) => times < 3 ? { status: 503, json: full }
      : { status: 201, json: { ...pretence.receipt, submission_id: body.submission_id } };
    const visitor = await pretence.visit();
    await visitor.toCheck();
    await visitor.touch("#send");
    await visitor.page.locator('#sending-state[data-known="true"]').waitFor();
    assert.match(await visitor.text("#sending-state"), /没有收下[^]*磁盘已满/);
    await visitor.see("#receipt");
    assert.equal(new Set(pretence.posts.map((body) => body.submission_id)).size, 1);
    await visitor.close();
  });

  test("refused: it says so, says why, and leads to what is to be mended", async () => {
    const pretence = new Pretence(office);
    pretence.take = (body, times) => times === 1 ? { status: 422, json: { title: "x", status: 422,
      type: "urn:docket:problem:bad-field", detail: "The telephone.", detail_zh: "电话不对。", pointer: "/persons/0/phone" } }
      : { status: 201, json: { ...pretence.receipt, submission_id: body.submission_id } };
    const visitor = await pretence.visit();
    await visitor.toCheck();
    await visitor.touch("#send");
    await visitor.see("#dialog");
    assert.match(await visitor.text("#dialog"), /没有收下[^]*电话不对/);
    await visitor.touch("#dialog-0");
    await visitor.who(null, "0570-7654321");
    await visitor.send();
    assert.notEqual(pretence.posts[0].submission_id, pretence.posts[1].submission_id);
    assert.equal(pretence.posts[1].persons[0].phone, "0570-7654321");
    await visitor.close();
  });

  test("nobody there any more: a question, then everything is gone", async () => {
    const pretence = new Pretence(office);
    const visitor = await pretence.visit({ init: (page) => page.clock.install() });
    const { page } = visitor;
    await visitor.toCheck({ facts: "谁也不该看到的话。", name: "王五" });
    await page.clock.runFor(89000);
    assert.equal(await page.locator("#dialog").count(), 0);
    await page.clock.runFor(3000);
    await visitor.see("#dialog");
    assert.match(await visitor.text("#dialog-text"), /秒/);
    await page.keyboard.press("Enter"); // "I am here"
    assert.equal(await page.locator("#dialog").count(), 0);
    assert.match(await visitor.text(".check"), /谁也不该看到的话/);
    await page.clock.runFor(125000);
    await visitor.see(".doors");
    assert.doesNotMatch(await page.content(), /谁也不该|王五|0570-1234567/);
    await visitor.start();
    await visitor.what();
    await visitor.where();
    await visitor.see("#facts");
    assert.equal(await page.locator("#facts").inputValue(), "");
    await visitor.close();
  });

  test("nothing is left in the browser", async () => {
    const visitor = await new Pretence(office).visit();
    const { page, context } = visitor;
    await visitor.toCheck({ facts: "谁也不该看到的话。" });
    await visitor.send();
    await visitor.touch("#done");
    await visitor.see(".doors");
    const left = await page.evaluate(async () => ({
      local: localStorage.length, session: sessionStorage.length,
      databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
      history: history.length, state: history.state, path: location.pathname + location.search + location.hash,
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      forms: document.forms.length,
    }));
    assert.deepEqual(left, { local: 0, session: 0, databases: 0, caches: 0, history: left.history, state: null,
      path: "/", workers: 0, forms: 0 });
    assert.ok(left.history <= 2, "an address for the blank page and one for ours");
    assert.deepEqual(await context.cookies(), []);
    await visitor.start();
    await visitor.what();
    await visitor.where();
    await visitor.see("#facts");
    assert.equal(await page.locator("main :is(input, textarea):not([autocomplete=off])").count(), 0);
    assert.equal(await page.locator("main :is(input, textarea):not([type=radio])[name]").count(), 0);
    await visitor.close();
  });

  test("the receipt printer: told the day; when it fails, the number stays and the browser can print", async () => {
    const pretence = new Pretence(office);
    pretence.state.printer = true;
    const asked = [];
    const visitor = await pretence.visit({ init: (page) => page.route("**/api/print", (route) => {
      asked.push(route.request().postDataJSON());
      return route.fulfill({ status: asked.length === 1 ? 204 : 503, contentType: "application/json",
        body: asked.length === 1 ? undefined : "{}" });
    }) });
    await visitor.toCheck();
    await visitor.send();
    await visitor.see("#by-day");
    await visitor.touch("#print");
    await visitor.page.getByText("收据已送往打印机").waitFor();
    assert.deepEqual(asked[0], { submission_id: pretence.posts[0].submission_id, lang: "zh-CN",
      due_at: pretence.answer.next_limit.due_at });
    await visitor.touch("#print");
    await visitor.see("#browser-print");
    assert.match(await visitor.text("#printed"), /没有打出来/);
    assert.ok(await visitor.page.locator("#case-no").isVisible());
    await visitor.close();
  });

  test("the question whether somebody is there: one button stays, the other clears at once", async () => {
    for (const [id, stays] of [["#dialog-0", true], ["#dialog-1", false]]) {
      const visitor = await new Pretence(office).visit({ init: (page) => page.clock.install() });
      await visitor.toCheck();
      await visitor.page.clock.runFor(91000);
      await visitor.see("#dialog");
      await visitor.touch(id);
      await visitor.see(stays ? "#send" : ".doors");
      assert.equal(await visitor.page.locator("#dialog").count(), 0);
      if (!stays) assert.doesNotMatch(await visitor.page.content(), /张三|路灯/);
      await visitor.close();
    }
  });

  test("leaving asks first, and clears", async () => {
    const visitor = await new Pretence(office).visit();
    await visitor.toCheck();
    await visitor.touch("#leave");
    await visitor.see("#dialog");
    await visitor.touch("#dialog-0");
    await visitor.see("#send");
    await visitor.touch("#leave");
    await visitor.touch("#dialog-1");
    await visitor.see(".doors");
    assert.doesNotMatch(await visitor.page.content(), /张三|路灯/);
    await visitor.close();
  });

  test("no keyboard installed: it says so, and real keys write", async () => {
    const visitor = await new Pretence(office).visit({
      init: (page) => page.route("**/lib/**", (route) => route.fulfill({ status: 404 })) });
    await visitor.start();
    await visitor.what();
    await visitor.where();
    await visitor.see(".no-keys");
    await visitor.page.keyboard.type("road is broken");
    assert.equal(await visitor.page.locator("#facts").inputValue(), "road is broken");
    await visitor.close();
  });

  test("read aloud: by a voice of this machine, never by one of a server", async () => {
    const voices = (local) => (page) => page.addInitScript((local) => {
      window.spoken = [];
      const voice = { lang: "zh-CN", name: "v", localService: local };
      Object.defineProperty(window, "speechSynthesis", { value: {
        getVoices: () => [voice], speak: (said) => window.spoken.push([said.text, said.voice.localService]),
        cancel: () => {}, addEventListener: () => {} } });
      window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
    }, local);
    const away = await new Pretence(office).visit({ init: voices(false) });
    assert.equal(await away.page.locator("#read").count(), 0);
    await away.close();
    const here = await new Pretence(office).visit({ init: voices(true) });
    await here.touch("#read");
    await here.start();
    await here.see("#categories .tile");
    const spoken = await here.page.evaluate(() => window.spoken);
    assert.ok(spoken.some(([text]) => text.includes("要反映哪一类事")));
    assert.ok(spoken.every(([, local]) => local));
    await here.close();
  });
});

