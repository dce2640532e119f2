// A matter from the first touch to the paper, and what became of it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Office, Visitor, form, until } from "./office.mjs";

const MOST_TOUCHES = 12;

// Strings that do harm where text is taken for markup or code.
const EVIL = [
  "<script>window.evil=1</script>",
  "\"><img src=x onerror=window.evil=1>",
  "'><svg/onload=window.evil=1>",
  "<iframe srcdoc='<script>parent.evil=1</script>'></iframe>",
  "javascript:window.evil=1//",
  "</textarea><details open ontoggle=window.evil=1>",
  "{{constructor.constructor('window.evil=1')()}} ${window.evil=1}",
  "<math><mtext></form><form><mglyph><style></math><img src onerror=window.evil=1>",
  "\u202e\u2066gnihtemos\u2069 \ufeff\u200b <b>x</b>",
  "%3Cscript%3Ewindow.evil=1%3C/script%3E &lt;script&gt; \\u003cscript\\u003e",
];

describe("filing", () => {
  const office = new Office();
  before(() => office.open());
  after(() => office.close());

  test("by touch, in Chinese, with the pinyin keys", async (t) => {
    const visitor = await Visitor.open(office);
    const { page } = visitor;
    await visitor.start("zh-CN");
    await visitor.what(0);
    await visitor.touch("#places .tile >> nth=1"); // a town with villages
    await visitor.touch("#places .tile >> nth=0");
    await visitor.see(".hg-button");
    await visitor.keys(..."women");
    await visitor.candidate("我们");
    await visitor.keys(..."tuoqian");
    await visitor.candidate("拖欠");
    await visitor.keys(..."gongzi", "{space}", "。");
    assert.equal(await page.locator("#facts").inputValue(), "我们拖欠工资。");
    await visitor.keys("{bksp}", "{num}", "3", "{abc}", ..."wa", "{bksp}", "{bksp}");
    assert.equal(await page.locator("#facts").inputValue(), "我们拖欠工资3");
    await visitor.touch("#next");
    await visitor.see("#name-0");
    await visitor.keys(..."zhang");
    await visitor.candidate("张");
    await visitor.keys(..."san");
    await visitor.candidate("三");
    await visitor.touch("#phone-0");
    await visitor.see('.hg-button[data-skbtn="5"]');
    await visitor.keys(..."13800000000");
    await visitor.touch("#next");
    await visitor.see("#send");
    await visitor.touch("#send");
    await visitor.see("#case-no");
    t.diagnostic(`touches beside typing: ${visitor.touches}`);
    assert.ok(visitor.touches <= MOST_TOUCHES);
    const number = await visitor.text("#case-no");
    const kept = office.case(number);
    assert.equal(kept.facts, "我们拖欠工资3");
    assert.equal(kept.category, form().categories[0].category);
    assert.equal(kept.region, "330699100201");
    assert.equal(kept.channel, "kiosk");
    const told = JSON.parse(office.ctl("--json", "person", number, "--actor", "office:xfj", "--reason", "test"));
    assert.deepEqual(told.persons, [{ name: "张三", phone: "13800000000" }]);
    // The receipt says what happens next, and by which day.
    await visitor.see("#by-day");
    assert.match(await visitor.text("#by-day"), /^2026年5月\d+日/);
    const image = page.locator(".qr img");
    await until(() => image.evaluate((node) => node.complete && node.naturalWidth > 0), "the QR code");
    await visitor.touch("#done");
    await visitor.see(".doors");
    await visitor.close();
  });

  test("in English, anonymous, an accusation", async (t) => {
    const visitor = await Visitor.open(office);
    await visitor.start("en");
    await visitor.see("#categories .tile");
    await visitor.touch(".segment >> nth=2");
    await visitor.what(1);
    await visitor.where(6); // not sure
    await visitor.facts("The foreman takes money for flats.");
    await visitor.see("#anonymous");
    await visitor.touch("#anonymous");
    await visitor.touch("#next");
    await visitor.send();
    await visitor.see("#case-no");
    t.diagnostic(`touches beside typing: ${visitor.touches}`);
    assert.ok(visitor.touches <= MOST_TOUCHES);
    const kept = office.case(await visitor.text("#case-no"));
    assert.equal(kept.kind, "accusation");
    assert.equal(kept.region ?? null, null);
    assert.equal(kept.anonymous, true);
    assert.equal(await visitor.page.evaluate(() => document.documentElement.lang), "en");
    await visitor.close();
  });

  test("a joint matter: five representatives and no more, confidential, urgent, about a unit", async () => {
    const visitor = await Visitor.open(office);
    const { page } = visitor;
    await visitor.start();
    await visitor.what(1);
    await visitor.where(3);
    await visitor.see("#facts");
    await visitor.fill("#facts", "小区供暖不足，请督促解决。");
    await visitor.touch("#more");
    await visitor.touch("label[for=need-safety]");
    await visitor.fill("#respondent", "魏 长风");
    await visitor.touch('.choice:has(input[value="zjj"])');
    await visitor.touch("#next");
    await visitor.see("#facts");
    assert.equal(await page.locator("#facts").inputValue(), "小区供暖不足，请督促解决。");
    assert.equal(await visitor.text(".badge"), "3");
    await visitor.touch("#next");
    for (let n = 0; n < 5; n++) {
      await visitor.fill(`#name-${n}`, "代表" + "一二三四五"[n]);
      await visitor.fill(`#phone-${n}`, "0570-123456" + n);
      if (n < 4) await visitor.touch("#add-person");
    }
    assert.equal(await page.locator("#add-person").count(), 0);
    await visitor.fill("#people", "4");
    await visitor.touch("#next");
    await visitor.see("#faults"); // fewer than representatives
    await visitor.fill("#people", "120");
    await visitor.touch("label[for=confidential]");
    await visitor.touch("#next");
    await visitor.send();
    await visitor.see("#case-no");
    const number = await visitor.text("#case-no");
    const kept = office.case(number);
    assert.equal(kept.petitioners, 120);
    assert.equal(kept.confidential, true);
    assert.deepEqual(kept.needs, ["safety"]);
    assert.deepEqual(kept.respondents, [{ unit: "zjj", officer: null }, { unit: null, officer: "魏长风" }]);
    assert.equal(JSON.parse(office.ctl("--json", "person", number, "--actor", "office:xfj", "--reason", "test")).persons.length, 5);
    await visitor.close();
  });

  test("each thing can be changed from the check, and comes back to it", async () => {
    const visitor = await Visitor.open(office);
    await visitor.toCheck();
    await visitor.touch("#change-2");
    await visitor.what(3);
    await visitor.see("#send");
    await visitor.touch("#change-4");
    await visitor.facts("改过的经过。");
    await visitor.see("#send");
    await visitor.touch("#change-5");
    await visitor.who("李四");
    await visitor.see("#send");
    const said = await visitor.text(".check");
    assert.match(said, /环境污染/);
    assert.match(said, /改过的经过。/);
    assert.match(said, /李四、0570-1234567/);
    await visitor.close();
  });

  test("harmful strings in every field stay text, here and at the office", async () => {
    const visitor = await Visitor.open(office);
    const { page } = visitor;
    const made = () => page.evaluate(() => [window.evil,
      document.querySelectorAll("main :is(script, iframe, form, details, math, b, img:not(.qr img))").length]);
    for (const evil of [EVIL.slice(0, 5).join("\n"), EVIL.slice(5).join("\n")]) {
      await visitor.start();
      await visitor.what(11); // something else: the place decides who gets it
      await visitor.where(2);
      await visitor.see("#facts");
      await visitor.fill("#facts", evil);
      await visitor.touch("#more");
      await visitor.fill("#respondent", evil.slice(0, 40));
      await visitor.touch("#next");
      await visitor.see("#facts");
      await visitor.touch("#next");
      await visitor.see("#name-0");
      await visitor.fill("#name-0", evil.slice(0, 60));
      await visitor.fill("#phone-0", evil.slice(0, 40));
      await visitor.fill("#address-0", evil.slice(0, 180));
      await visitor.touch("#next");
      await visitor.see("#faults"); // no telephone number
      await visitor.fill("#phone-0", "");
      await visitor.touch("#next");
      await visitor.see("#send");
      assert.deepEqual(await made(), [undefined, 0]);
      await visitor.send();
      await visitor.see("#case-no");
      assert.deepEqual(await made(), [undefined, 0]);
      const kept = office.case(await visitor.text("#case-no"));
      assert.equal(kept.facts, evil.trim());
      await until(() => office.case(kept.case_no).unit === "hexi", "the town's unit");
      await visitor.touch("#done");
    }
    await visitor.start("zh-CN", 1);
    for (const text of EVIL) {
      await visitor.fill("#number", text.slice(0, 40));
      await visitor.touch("#next");
      await visitor.see("#number-fault");
    }
    assert.deepEqual(await made(), [undefined, 0]);
    await visitor.close();
  });

  test("how it stands: by number and code, step by step, to the answer and the right that runs", async () => {
    const visitor = await Visitor.open(office);
    const { page } = visitor;
    await visitor.toCheck();
    await visitor.send();
    await visitor.see("#case-no");
    const number = await visitor.text("#case-no");
    const code = await visitor.text("#query-code");
    const paper = await visitor.text("#receipt-no");
    await visitor.touch("#done");
    const ask = async (no, secret) => {
      await visitor.see("#number");
      await visitor.fill("#number", no);
      if (secret) await visitor.fill("#code", secret);
      await visitor.touch("#next");
    };
    await visitor.start("zh-CN", 1);
    await ask(number, code === "00000000" ? "00000001" : "00000000");
    await visitor.see("#trouble");
    assert.match(await visitor.text("#trouble"), /没有找到/);
    await ask(number, "123");
    await visitor.see("#code-fault");
    await ask(number.replaceAll("-", ""), code);
    await visitor.see("#state");
    assert.equal(await page.locator("#state").getAttribute("data-state"), "transferred");
    assert.equal(await visitor.text("#owner"), form().units.xfj["zh-CN"]);
    await visitor.touch("#another");
    const act = (...argv) => office.ctl("act", number, ...argv, "--actor", "office:xfj");
    act("accept", "way=in_person");
    act("answer", "text=已修好。", "legal_basis=信访工作条例", "delivered=in_person");
    await until(() => {
      const { clocks } = office.case(number);
      return clocks?.some((clock) => clock.clock === "review-window");
    }, "the time to ask for review");
    await ask(paper);
    await visitor.see("#state");
    assert.equal(await page.locator("#state").getAttribute("data-state"), "answered");
    assert.match(await visitor.text("#written"), /处理意见书[^]*已修好。[^]*信访工作条例/);
    assert.match(await visitor.text("#own-steps"), /申请复查，最晚 2026年\d+月\d+日/);
    await visitor.touch("#language");
    await visitor.see("html[lang=en] #own-steps");
    assert.match(await visitor.text("#own-steps"), /ask for a review/);
    await visitor.close();
  });

  test("on paper: 80 mm and A4 hold the receipt, and nothing else", async () => {
    const visitor = await Visitor.open(office);
    const { page } = visitor;
    await visitor.toCheck();
    await visitor.send();
    await visitor.see("#by-day");
    await page.evaluate(() => { window.print = () => { window.printed = (window.printed ?? 0) + 1; }; });
    await visitor.touch("#print");
    assert.equal(await page.evaluate(() => window.printed), 1);
    await page.emulateMedia({ media: "print" });
    for (const width of [302, 794]) { // 80 mm, A4
      await page.setViewportSize({ width, height: 1123 });
      const seen = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth <= innerWidth,
        bar: document.getElementById("bar").checkVisibility(),
        actions: document.getElementById("actions").checkVisibility(),
        number: document.getElementById("case-no").checkVisibility(),
        code: document.getElementById("query-code").checkVisibility(),
        qr: document.querySelector(".qr img").checkVisibility(),
        colour: getComputedStyle(document.body).color,
      }));
      assert.deepEqual(seen, { wide: true, bar: false, actions: false, number: true, code: true,
        qr: true, colour: "rgb(0, 0, 0)" });
      await visitor.picture(`paper-${width}`);
    }
    for (const [size, pages] of [[{ width: "80mm", height: "260mm" }, 1], [{ format: "A4" }, 1]]) {
      const pdf = await page.pdf({ ...size, printBackground: false });
      const text = pdf.toString("latin1");
      assert.equal([...text.matchAll(/\/Type \/Page\b/g)].length, pages);
    }
    await visitor.close();
  });
});
