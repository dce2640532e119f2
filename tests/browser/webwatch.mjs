// Supervision, wall, bulletin: what is late, who has seen it, as it happens.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { theOffice } from "./weboffice.mjs";
import { Officer } from "./webworld.mjs";
import { until } from "./office.mjs";

// All of a list, in pages that the tests' own client takes.
async function every(world, type, body) {
  const items = [];
  for (let after = null; ;) {
    const page = await world.client.call(type, { ...body, limit: 40, ...(after && { [type === "case.events" ? "from_n" : "after"]: type === "case.events" ? Number(after) : after }) });
    items.push(...page.items);
    if ((after = page.next) === null) return items;
  }
}

describe("supervision, wall, bulletin", () => {
  let world;
  before(async () => { world = await theOffice(); });

  test("an alert's path; it is acknowledged with a note, raised to the head, urged", async () => {
    const officer = await Officer.open(world, "xfj-luo");
    const { page } = officer;
    await officer.go("#/supervision", "#alerts .alert");
    const open = await every(world, "alert.list", { open: true });
    const shown = await page.locator("#matrix .chip").allInnerTexts();
    assert.equal(shown.reduce((sum, text) => sum + Number(/\d+$/.exec(text)[0]), 0), open.length, "the table counts every open alert");
    const id = await page.locator("#alerts .alert").first().getAttribute("data-alert");
    const caseNo = id.split(".")[0];
    const row = `[data-alert="${id}"]`;
    await officer.click(`${row} button[aria-expanded]`);
    await officer.see(`${row} .steps li`);
    assert.match(await officer.text(`${row} .steps`), /尚无人确认/);
    await officer.click(`${row} button[name=raise]`);
    await officer.fill("#dialog #why", "已超期，请负责人亲自办理");
    await officer.click("#dialog-raise");
    await until(async () => (await every(world, "case.events", { case_no: caseNo })).some((e) => e.actor === "officer:xfj-luo" && e.body.why === "已超期，请负责人亲自办理"), "raised");
    await officer.see(`${row} button[name=ack]`);
    await officer.click(`${row} button[name=ack]`);
    await officer.fill("#dialog #note", "已电话催问");
    await officer.click("#dialog-ack");
    await page.locator(row).waitFor({ state: "detached" });
    const acked = (await every(world, "alert.list", { open: false, case_no: caseNo })).find((a) => a.alert_id === id);
    assert.equal(acked.acked_by, "officer:xfj-luo");
    const next = await page.locator("#alerts .alert").first().getAttribute("data-alert");
    await officer.click("#alerts .alert a.button");
    await officer.see("#act");
    await page.locator("#f-ground").selectOption("not_concluded");
    await officer.click("#draft-grounds");
    const draft = (await page.locator("#f-grounds").inputValue()).split("\n");
    const running = (await world.client.call("case.get", { case_no: next.split(".")[0] })).clocks.filter((c) => c.on_due === "overdue" && c.state === "running");
    const today = Date.parse((await world.client.call("clock.now", {})).now);
    const late = running.filter((c) => Date.parse(c.due_at) <= today);
    assert.ok(late.length > 0 && draft.length === late.length && draft.every((line) => /至今未完成/.test(line)), "it names what is late, and only that");
    await officer.click("#send");
    await officer.see('.event[data-type="urged"]');
    const urged = (await every(world, "case.events", { case_no: next.split(".")[0] })).filter((e) => e.type === "urged");
    assert.equal(urged.at(-1).actor, "officer:xfj-luo");
    await officer.close();
  });

  test("a matter is on the wall within a second of its commit; when the server is away the wall says so", async (t) => {
    const officer = await Officer.open(world, "xfj-bai", { width: 1920, height: 1080 });
    const { page } = officer;
    await officer.go("#/wall", ".live.on");
    const before_ = Number(await officer.text("#arriving .figure"));
    // The change is seen by the page's own observer, at the moment it is drawn.
    await page.evaluate(() => {
      new MutationObserver(() => {
        const item = document.querySelector("#news [data-seq]");
        if (item && !window.seenAt && /330699-/.test(item.textContent)) window.seenAt = Date.now();
      }).observe(document.getElementById("main"), { childList: true, subtree: true });
    });
    await world.submit({ channel: "call", subject: "路灯不亮", facts: "村口三盏路灯坏了。", category: "城乡建设", region: "青石镇" });
    const committed = Date.now();
    const seenAt = await until(() => page.evaluate(() => window.seenAt), "on the wall");
    t.diagnostic(`on the wall after ${Math.max(0, seenAt - committed)} ms`);
    assert.ok(seenAt - committed <= 1000 * (Number(process.env.DK_STRETCH ?? 1)), `${seenAt - committed} ms`);
    await until(async () => Number(await officer.text("#arriving .figure")) === before_ + 1, "counted");
    const figures = (await world.client.call("tally.list", { to: (await world.client.call("clock.now", {})).now.slice(0, 10), measures: ["overdue_start", "overdue_end"] })).items;
    const late = figures.reduce((sum, item) => sum + (item.measure === "overdue_start" ? item.n : -item.n), 0);
    await until(async () => Number(await officer.text("#late .figure")) === late, "overdue as the broker counts");
    world.docketWeb.kill("SIGTERM");
    await world.docketWeb.ended;
    await officer.see(".live.off");
    assert.match(await officer.text("#live"), /未连接/);
    await world.startWeb();
    await officer.close();
  });

  test("the bulletin has the figures of docketctl bulletin, ranked by timeliness, never by number; a figure opens its cases", async () => {
    const officer = await Officer.open(world, "xfj-bai");
    const { page } = officer;
    await officer.go("#/bulletin?period=2026Q2", "#overall");
    const known = JSON.parse(world.ctl("--json", "bulletin", "--period", "2026Q2", "--by", "unit"));
    const [now] = known.periods;
    const rowOf = async (name) => (await page.locator("#overall tbody tr", { has: page.locator("th", { hasText: name }) }).first().locator("td").first().innerText()).replace(/\s+/g, " ");
    assert.equal(await rowOf("收到"), String(now.total.counts.received));
    const r = now.total.ratios.accepted_in_time;
    assert.ok((await rowOf("及时受理率")).includes(`${r.n}/${r.of}`));
    assert.match(await rowOf("超期"), new RegExp(`^${now.total.overdue.n}\\b`));
    const share = (key, id) => { const q = now.groups.find((g) => g.key === key).ratios[id]; return q.of ? q.n / q.of : -1; };
    for (const [id, button] of [["concluded_in_time", 1], ["settled_first", 2]]) {
      await page.locator("#groups .sort").nth(button).click();
      await officer.see('#groups th[aria-sort="descending"]');
      await until(async () => (await page.evaluate(() => location.hash)).includes(id), id);
      await until(async () => {
        const keys = await page.locator("#groups tbody tr").evaluateAll((rows) => rows.map((each) => each.dataset.group));
        return keys.length === now.groups.length && keys.every((key, n) => n === 0 || share(keys[n - 1], id) >= share(key, id));
      }, "ranked by " + id);
    }
    assert.equal(await page.locator("#groups .sort").count(), 3, "nothing else to rank by");
    const late = now.groups.find((group) => group.overdue.n > 0 && group.key !== "office");
    await page.locator(`#groups tr[data-group="${late.key}"] td a`).last().click();
    await officer.see("#cases .case");
    assert.match(await page.evaluate(() => location.hash), new RegExp(`unit=${late.key}.*overdue=1`));
    await officer.go("#/bulletin?period=2026Q2", "#overall");
    await page.locator("#overall tbody tr", { has: page.locator("th", { hasText: "收到" }) }).first().locator("a").first().click();
    await officer.see("#search");
    assert.match(await page.evaluate(() => location.hash), /^#\/search\?from=2026-04-01&to=2026-06-30/);
    await page.waitForFunction(() => /全部查完/.test(document.getElementById("count")?.textContent ?? ""));
    assert.equal(await page.locator("#cases .case").count(), now.total.counts.received);
    await officer.go("#/bulletin?period=2026Q2", "#overall");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".bulletin-head").isVisible(), true);
    assert.equal(await page.locator(".choose").isVisible(), false);
    await officer.close();
  });
});

