// The desk: logging in, one's cases, one's acts; two who act at once; what is typed
// is never lost; who the petitioner is only for a reason.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { matter, theOffice } from "./weboffice.mjs";
import { Officer } from "./webworld.mjs";

const OWN = ["assign", { unit: "rsj", handler: "rsj-jin" }, "office:xfj"];
const ACCEPT = ["accept", { notice: "青人受〔2026〕8号", way: "post" }];

describe("the desk", () => {
  let world;
  before(async () => { world = await theOffice(); });
  const events = async (caseNo, type) => (await world.client.call("case.events", { case_no: caseNo, limit: 100 })).items
    .filter((event) => !type || event.type === type);

  test("a wrong password is told, the right one leads to what is due next, and out again", async () => {
    for (const acts of [[OWN], [OWN, ACCEPT]]) await matter(world, {}, ...acts);
    const officer = await Officer.open(world, "rsj-jin", { login: false });
    const { page } = officer;
    await officer.logIn("not this one");
    await officer.see(".login .notice.warn");
    assert.equal(await page.locator("#password").inputValue(), "");
    await officer.logIn();
    await officer.see("#cases .case");
    const due = await page.locator("#cases .limit-end").allInnerTexts();
    assert.ok(due.length > 1);
    const urgent = await page.locator("#cases .chip.urgent").count();
    if (urgent === 0) assert.deepEqual(due, [...due].sort());
    assert.equal(await page.locator(".tab").count(), 3, "a handler has no wall and no bulletin");
    const cookies = await officer.context.cookies();
    assert.deepEqual([cookies[0].name, cookies[0].httpOnly, cookies[0].sameSite], ["dk_session", true, "Strict"]);
    assert.doesNotMatch(JSON.stringify(await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }])), /rsj|plain words/);
    await officer.click("#leave");
    await officer.see("#login");
    assert.equal(await page.evaluate(async () => (await fetch("api/v1/cases")).status), 401);
    await officer.close();
  });

  test("from the list to the answer by the keyboard alone, and the paper for it", async () => {
    const caseNo = await matter(world, {}, OWN, ACCEPT);
    const officer = await Officer.open(world, "rsj-jin");
    const { page } = officer;
    await officer.see("#cases .case");
    await officer.press("/");
    await page.keyboard.type(caseNo);
    await officer.press("Enter");
    await officer.see("#do-answer");
    await officer.press("a");
    await officer.see("#act");
    assert.equal(await page.evaluate(() => document.activeElement.id), "f-text");
    await officer.press("Tab", "Enter"); // the template
    assert.match(await page.locator("#f-text").inputValue(), /查明的事实/);
    await page.locator("#f-text").fill("经查，欠薪属实，已责令付清。");
    await officer.press("Control+Enter");
    assert.match(await officer.text("#act-said .notice"), /依据/, "the law is missing");
    assert.equal(await page.evaluate(() => document.activeElement.id), "f-legal_basis");
    await page.keyboard.type("《保障农民工工资支付条例》");
    await page.locator("#f-delivered").selectOption("post");
    await page.locator("#f-delivered").focus();
    await officer.press("Control+Enter");
    await officer.see('.event[data-type="answered"]');
    const [answered] = await events(caseNo, "answered");
    assert.equal(answered.actor, "officer:rsj-jin");
    assert.equal(answered.body.legal_basis, "《保障农民工工资支付条例》");
    assert.equal((await events(caseNo, "delivered")).length, 1);
    await officer.click('.event[data-type="answered"] .letter-link');
    await officer.see(".sheet h1");
    assert.equal(await officer.text(".sheet h1"), "处理意见书");
    const sheet = await officer.text(".sheet");
    for (const said of ["经查，欠薪属实，已责令付清。", "《保障农民工工资支付条例》", "三十日内", caseNo]) assert.ok(sheet.includes(said), said);
    assert.ok(!sheet.includes("周八"), "whose it is was not asked");
    await page.emulateMedia({ media: "print" });
    assert.deepEqual(await page.evaluate(() => [getComputedStyle(document.getElementById("bar")).display,
      getComputedStyle(document.querySelector(".tools-of-letter")).display]), ["none", "none"]);
    const pdf = await page.pdf({ format: "A4", preferCSSPageSize: true });
    assert.match(pdf.toString("latin1"), /\/MediaBox \[0 0 59[45](\.\d+)? 84[12]/, "A4");
    await officer.close();
  });

  test("two act on one case: the second is told what changed, nothing is overwritten, what was typed stays", async () => {
    const caseNo = await matter(world, {}, OWN, ACCEPT);
    const [one, two] = [await Officer.open(world, "rsj-jin"), await Officer.open(world, "rsj-he", { language: "en" })];
    for (const officer of [one, two]) await officer.go("#/case/" + caseNo, "#do-report");
    await two.press("h");
    await two.fill("#f-text", "第二人的回报，写了很久。");
    await one.press("e");
    await one.fill("#f-days", "20");
    await one.fill("#f-reason", "账目须审计");
    await one.page.locator("#f-approved_by").selectOption("rsj-ju");
    await one.click("#send");
    await one.see('.event[data-type="extended"]');
    await two.click("#send");
    await two.see("#meanwhile");
    const told = await two.text("#meanwhile");
    assert.match(told, /extended/i);
    assert.match(told, /账目须审计/);
    assert.equal(await two.page.locator("#f-text").inputValue(), "第二人的回报，写了很久。");
    assert.equal((await events(caseNo, "reported")).length, 0);
    await two.click("#send"); // having seen it
    await two.see('.event[data-type="reported"]');
    assert.equal((await events(caseNo, "reported"))[0].actor, "officer:rsj-he");
    await one.close();
    await two.close();
  });

  test("an act whose answer is lost is repeated under its id, and done once", async () => {
    const caseNo = await matter(world, {}, OWN, ACCEPT);
    const officer = await Officer.open(world, "rsj-jin");
    const { page } = officer;
    const sent = [];
    await page.route("**/actions", async (route) => {
      sent.push(route.request().postDataJSON());
      if (sent.length > 1) return route.continue();
      await route.fetch(); // it arrives, and its answer is lost
      return route.abort();
    });
    await officer.go("#/case/" + caseNo, "#do-report");
    await officer.press("h");
    await officer.fill("#f-text", "已发放一半。");
    await officer.click("#send");
    await officer.see("#act-said .notice.warn");
    assert.ok(await page.locator("#f-text").isDisabled(), "the words stay those that were sent");
    await officer.click("#send");
    await officer.see('.event[data-type="reported"]');
    assert.deepEqual(sent[0], sent[1]);
    assert.equal((await events(caseNo, "reported")).length, 1);
    await officer.close();
  });

  test("a session that ends while one types: log in over the page, and go on", async () => {
    const caseNo = await matter(world, {}, OWN, ACCEPT);
    const officer = await Officer.open(world, "rsj-jin");
    await officer.go("#/case/" + caseNo, "#do-report");
    await officer.press("h");
    await officer.fill("#f-text", "写到一半。");
    await officer.context.clearCookies();
    await officer.click("#send");
    await officer.see("#dialog #password");
    await officer.fill("#dialog #password", "plain words for tests");
    await officer.press("Enter");
    await officer.see('.event[data-type="reported"]');
    assert.equal((await events(caseNo, "reported"))[0].body.text, "写到一半。");
    await officer.close();
  });

  test("who the petitioner is, is told for a reason, which is recorded", async () => {
    const caseNo = await matter(world, {}, OWN, ACCEPT);
    const officer = await Officer.open(world, "rsj-jin");
    await officer.go("#/case/" + caseNo, "#persons");
    assert.doesNotMatch(await officer.text("main"), /周八|0571-3333333/);
    await officer.click("#persons");
    await officer.fill("#why", "电话核实欠薪数额");
    await officer.click("#dialog-read");
    await officer.page.getByText("0571-3333333").waitFor();
    const [read] = await events(caseNo, "person_read");
    assert.deepEqual([read.actor, read.body.reason], ["officer:rsj-jin", "电话核实欠薪数额"]);
    await officer.go("#/desk", "#cases .case");
    await officer.go("#/case/" + caseNo, "#persons");
    assert.doesNotMatch(await officer.text("main"), /周八/, "it is forgotten with the page");
    await officer.close();
  });

  test("markup in every field stays text, in every page that shows it", async () => {
    const evil = "\"'><img src=x onerror=window.evil=1><script>window.evil=2</script>{{7*7}}";
    const caseNo = await matter(world, { subject: evil, facts: evil, category: "劳动和社会保障/" + "<b>x", region: "<img src=x onerror=window.evil=3>".replaceAll(" ", ""),
      persons: [{ name: evil, phone: "<i>1", address: evil }] },
    ["assign", { unit: "rsj", handler: "rsj-jin", why: evil }, "office:xfj"], ["accept", { notice: evil.slice(0, 60), way: "post", note: evil }],
    ["report", { text: evil }], ["answer", { text: evil, legal_basis: evil, explanation: evil, delivered: "post" }]);
    const officer = await Officer.open(world, "xfj-luo");
    const { page } = officer;
    const clean = async () => assert.deepEqual(await page.evaluate(() => [window.evil, document.images.length, document.querySelectorAll("main script").length]), [undefined, 0, 0]);
    await officer.go("#/desk?view=all&state=answered", "#cases .case");
    await page.getByText(evil).first().waitFor();
    await clean();
    await officer.go("#/case/" + caseNo, "#persons");
    assert.equal(await officer.text("h1"), evil);
    await officer.click("#minor");
    await clean();
    await officer.click("#persons");
    await officer.fill("#why", evil);
    await officer.click("#dialog-read");
    await page.locator("dd", { hasText: "<i>1" }).first().waitFor();
    await clean();
    for (const n of [0, (await events(caseNo, "answered"))[0].n]) {
      await officer.go(`#/case/${caseNo}/letter/${n}`, ".sheet");
      await clean();
    }
    await officer.go("#/bulletin?by=category&period=2026-06<script>", ".notice.warn");
    await officer.go("#/bulletin?by=category&period=2026", "#groups");
    await clean();
    await officer.close();
  });

  test("what is not one's own case cannot be acted on, and one that is not there says so", async () => {
    const caseNo = await matter(world, { category: "交通运输", region: "河西镇" });
    const officer = await Officer.open(world, "rsj-jin");
    await officer.go("#/case/330699-20260501-999999-9", ".notice.warn");
    await officer.go("#/desk", "#cases .case");
    await officer.go("#/case/" + caseNo, ".notice.warn"); // of another unit
    await officer.go("#/wall", "h1");
    assert.match(await officer.text("main"), /不能看/);
    await officer.close();
  });
});
