// One's own account and session: another password; who goes away is logged out; and
// the table that the bulletin gives.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { theOffice } from "./weboffice.mjs";
import { Officer } from "./webworld.mjs";

const OLD = "plain words for tests", NEW = "other plain words";

describe("one's own account", () => {
  let world;
  before(async () => { world = await theOffice(); });

  test("another password: the old one is asked for, the new one twice, and only the new one opens", async () => {
    const officer = await Officer.open(world, "rsj-he");
    const { page } = officer;
    await officer.go("#/account", "#old");
    const change = async (old, next, again) => {
      for (const [id, value] of [["#old", old], ["#next", next], ["#again", again]]) await officer.fill(id, value);
      await page.locator("#again").press("Enter");
    };
    await change(OLD, NEW, NEW + "x");
    await officer.see(".card .notice.warn");
    assert.match(await officer.text(".card .notice.warn"), /不一致/);
    await change("not this one", NEW, NEW);
    await officer.until("the broker's refusal", async () => !/不一致/.test(await officer.text(".card .notice.warn")));
    assert.equal(await page.locator(".card .notice.good").count(), 0);
    await change(OLD, NEW, NEW);
    await officer.see(".card .notice.good");
    assert.deepEqual(await page.locator("input[type=password]").evaluateAll((fields) => fields.map((each) => each.value)), ["", "", ""]);
    await officer.click("#leave");
    await officer.see("#login");
    await officer.logIn(OLD + " ");
    await officer.see(".login .notice.warn");
    await officer.logIn(NEW);
    await officer.see(".bar nav");
    await officer.go("#/account", "#old");
    await change(NEW, OLD, OLD); // as the other tests know it
    await officer.see(".card .notice.good");
    await officer.close();
  });

  test("who touches nothing for as long as a session may be still is logged out; the wall stays", async () => {
    const officer = await Officer.open(world, "xfj-luo", { init: (page) => page.clock.install() });
    const { page } = officer;
    await officer.see("#cases .case");
    await officer.go("#/wall", ".live.on");
    await page.clock.fastForward("40:00");
    await page.clock.fastForward(6000);
    assert.equal(await page.evaluate(async () => (await fetch("api/v1/session")).status), 200);
    await officer.go("#/desk", "#cases .case");
    await page.keyboard.press("Shift"); // somebody is there
    await page.clock.fastForward("29:00");
    await page.clock.fastForward(6000);
    assert.equal(await page.evaluate(async () => (await fetch("api/v1/session")).status), 200);
    await page.clock.fastForward("02:00");
    await page.clock.fastForward(6000);
    await officer.see("#login");
    assert.equal(await page.locator("#cases").count(), 0, "nothing of a case is left on the screen");
    assert.equal(await page.evaluate(async () => (await fetch("api/v1/session")).status), 401);
    await officer.close();
  });

  test("the bulletin's CSV is what docketctl prints", async () => {
    const officer = await Officer.open(world, "xfj-bai");
    const { page } = officer;
    await officer.go("#/bulletin?period=2026Q2&by=category", "#groups");
    const href = await page.locator('a[href*="bulletin.csv"]').getAttribute("href");
    const [status, type, text] = await page.evaluate(async (at) => {
      const answer = await fetch(at);
      return [answer.status, answer.headers.get("Content-Type"), await answer.text()];
    }, href);
    assert.deepEqual([status, type], [200, "text/csv; charset=utf-8"]);
    const lines = (all) => all.replace(/^\ufeff/, "").trim().split(/\r?\n/);
    const known = lines(world.ctl("--lang", "zh-CN", "bulletin", "--period", "2026Q2", "--by", "category", "--csv"));
    assert.ok(known.length > 3);
    assert.deepEqual(lines(text), known);
    await officer.close();
  });
});
