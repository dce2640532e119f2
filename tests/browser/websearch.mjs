// Search: by number, by words, by days; what was typed is nowhere but in the field.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { matter, theOffice } from "./weboffice.mjs";
import { Officer } from "./webworld.mjs";

describe("search", () => {
  let world;
  before(async () => { world = await theOffice(); });

  test("words of the subject and of the facts, days and a number lead to the case; a name does not", async () => {
    const own = await matter(world, { subject: "河边的Bridge栏杆断裂", facts: "孩子们上学经过，十分危险。" });
    const officer = await Officer.open(world, "xfj-luo");
    const { page } = officer;
    await officer.see("#cases .case");
    await officer.press("5");
    await officer.see("#search");
    const find = async (text) => {
      await page.locator("#find").fill(text);
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => /全部查完/.test(document.getElementById("count")?.textContent ?? ""));
      return page.locator("#cases .case").evaluateAll((rows) => rows.map((each) => each.dataset.case));
    };
    assert.deepEqual(await find("bridge 孩子们"), [own]);
    assert.doesNotMatch(await page.evaluate(() => decodeURIComponent(location.href)), /bridge|孩子们/);
    assert.deepEqual(await find("周八"), [], "who hands in is not looked for");
    await officer.see(".foot .notice");
    assert.deepEqual(await find("孩子们 没有这个词"), []);
    const day = own.slice(7, 15).replace(/(....)(..)(..)/, "$1-$2-$3");
    await page.locator("#to").fill("2020-01-01");
    assert.deepEqual(await find("孩子们"), []);
    assert.match(await page.evaluate(() => location.hash), /to=2020-01-01/);
    await page.locator("#to").fill(day);
    await page.locator("#from").fill(day);
    assert.deepEqual(await find("孩子们"), [own]);
    // Another case, and back: the words are still there.
    await officer.click("#cases .case-subject");
    await officer.see("#events");
    await page.goBack();
    await officer.see("#cases .case");
    assert.equal(await page.locator("#find").inputValue(), "孩子们");
    await page.locator("#find").fill(own.replaceAll("-", ""));
    await page.keyboard.press("Enter");
    await officer.see("#events");
    assert.match(await page.evaluate(() => location.hash), /^#\/case\//);
    await page.goBack();
    await officer.see("#search");
    // Days that end before they begin are told by the broker.
    await page.locator("#from").fill("2026-02-02");
    await page.locator("#to").fill("2026-02-01");
    await page.locator("#find").fill("");
    await officer.click("#go");
    await officer.see(".foot .notice.warn");
    assert.doesNotMatch(JSON.stringify(await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }])), /孩子们/);
    await officer.close();
  });
});
