// One browser, and an office behind it: docketd, its workers and docket-kiosk
// as they are, in a temporary folder; or the page alone with made-up answers,
// where an answer is needed that an office gives seldom.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { World, file, program, until } from "../node/world.mjs";
import { uuid7 } from "../../clients/kiosk/page/model.js";

export { file, until };
export const STRETCH = Number(process.env.DK_STRETCH ?? 1);
export const SCREENS = process.env.DK_SCREENS ?? ""; // a folder: keep pictures
const CHROMIUM = process.env.DK_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--hide-scrollbars", "--font-render-hinting=none"];

export const form = () => JSON.parse(readFileSync(file("policy/kiosk-sample.json"), "utf8"));

// ---- the browser: one for all tests ----

let browser, profile;

export async function openBrowser() {
  profile = mkdtempSync(join(tmpdir(), "dk-b"));
  browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS,
    timeout: 30000 * STRETCH, env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile,
      XDG_CACHE_HOME: profile } });
}

export async function closeBrowser() {
  await browser?.close();
  rmSync(profile, { recursive: true, force: true });
}

// An empty browser, and its page. What the page asks of anybody but this machine,
// logs as an error, or throws, is put in `faults`.
export async function watchedPage(faults, { width, height, colorScheme, touch, scale }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme,
    hasTouch: touch, deviceScaleFactor: scale, serviceWorkers: "block" });
  const page = await context.newPage();
  page.setDefaultTimeout(15000 * STRETCH);
  page.on("pageerror", (error) => faults.push("thrown: " + error));
  page.on("dialog", (dialog) => { faults.push("dialog: " + dialog.message()); dialog.dismiss(); });
  page.on("console", (message) => {
    // A refused request of the page's own is a line of the browser's.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text()))
      faults.push("console: " + message.text());
  });
  context.on("request", (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:)/.test(request.url()))
      faults.push("asked somebody else: " + request.url());
  });
  return { context, page };
}

// A visitor with an empty browser. What the page asks of anybody but this
// machine, logs as an error, or throws, fails the test that closes it.
export class Visitor {
  static async open(office, { width = 800, height = 1000, colorScheme = "light", scale = 1,
    touch = true, init, expect = [] } = {}) {
    const visitor = new Visitor();
    visitor.office = office;
    visitor.faults = [];
    visitor.expected = expect;
    visitor.touches = 0;
    const { context, page } = await watchedPage(visitor.faults, { width, height, colorScheme, touch, scale });
    Object.assign(visitor, { context, page });
    if (init) await init(page);
    await page.goto(office.url);
    await page.locator(".doors .tile").first().waitFor();
    return visitor;
  }

  async close() {
    const { faults } = this;
    await this.context.close();
    assert.deepEqual(faults.filter((fault) => !this.expected.some((e) => e.test(fault))), []);
  }

  // One touch that is not typing.
  async touch(selector) {
    this.touches++;
    await this.page.locator(selector).first().tap();
  }

  // Typing on the keys of the screen; not counted.
  async keys(...keys) {
    for (const key of keys)
      await this.page.locator(`.hg-button[data-skbtn="${key}"]`).tap();
  }

  async candidate(text) {
    await this.page.locator(".candidate").getByText(text, { exact: true }).first().tap();
  }

  text(selector) { return this.page.locator(selector).first().innerText(); }
  see(selector) { return this.page.locator(selector).first().waitFor(); }
  fill(selector, text) { return this.page.locator(selector).fill(text); }

  start(language = "zh-CN", what = 0) {
    return this.touch(`.door[lang="${language}"] .tile >> nth=${what}`);
  }

  // The steps, with the least that they need.
  async what(at = 0) { await this.see("#categories .tile"); await this.touch(`#categories .tile >> nth=${at}`); }
  async where(at = 2) { await this.see("#places .tile"); await this.touch(`#places .tile >> nth=${at}`); }
  async facts(text) { await this.see("#facts"); await this.fill("#facts", text); await this.touch("#next"); }
  async who(name, phone) {
    await this.see("#name-0");
    if (name) await this.fill("#name-0", name);
    if (phone) await this.fill("#phone-0", phone);
    await this.touch("#next");
  }

  // All up to the check.
  async toCheck({ language = "zh-CN", facts = "村口三盏路灯坏了两个月，请修好。", name = "张三", phone = "0570-1234567" } = {}) {
    await this.start(language);
    await this.what();
    await this.where();
    await this.facts(facts);
    await this.who(name, phone);
    await this.see("#send");
  }

  async send() {
    await this.touch("#send");
    await this.see("#receipt");
  }

  async picture(name) {
    if (SCREENS) await this.page.screenshot({ path: join(SCREENS, name + ".png") });
  }
}

// ---- the office ----

export class Office extends World {
  constructor() {
    super();
    this.port = 0;
    this.printer = join(this.folder, "printer");
  }

  // With the book that the sample form is of.
  service(name) {
    const files = { policy: "policy/xinfang-2022.json", calendar: "policy/calendar-cn.json",
      book: "policy/units-sample.json" };
    const needs = { assign: ["book"], deadline: ["policy", "calendar"],
      escalate: ["policy", "calendar", "book"] }[name];
    return this.start("docket-" + name, ["--connect", this.workers,
      ...needs.flatMap((need) => ["--" + need, file(files[need])])]);
  }

  async open({ broker = true, services = true } = {}) {
    if (broker) await this.broker();
    if (broker && services) for (const name of ["assign", "deadline", "escalate"]) this.service(name);
    await this.startKiosk();
    return this;
  }

  // Also again, after its end: the same spool, the same port.
  async startKiosk(more = []) {
    const kiosk = this.kiosk = this.start("docket-kiosk", ["--spool", join(this.folder, "spool.db"),
      "--connect", this.clients, "--page", `127.0.0.1:${this.port}`,
      "--page-files", join(process.env.DK_BIN ?? file("build/dev"), "clients/kiosk/page"),
      "--form", file("policy/kiosk-sample.json"), ...more]);
    const found = await until(() => {
      if (kiosk.exitCode !== null) throw new Error("docket-kiosk ended: " + kiosk.log());
      return /event=page url=http:\/\/127\.0\.0\.1:(\d+)\//.exec(kiosk.log());
    }, "event=page");
    this.port = Number(found[1]);
    this.url = `http://127.0.0.1:${this.port}/`;
  }

  async killKiosk() {
    this.kiosk.kill("SIGKILL");
    await this.kiosk.ended;
  }

  ctl(...argv) {
    const done = spawnSync(program("docketctl"), ["--connect", this.clients, ...argv],
      { encoding: "utf8", timeout: 20000 * STRETCH });
    assert.equal(done.status, 0, `docketctl ${argv.join(" ")}: ${done.stderr}${done.stdout}`);
    return done.stdout;
  }

  // Every case of the broker, as its case file.
  cases() {
    const said = this.ctl("--json", "list");
    return said.trim().split("\n").filter(Boolean).flatMap((line) => {
      const value = JSON.parse(line);
      return value.items ?? value;
    });
  }

  // A case file, with what was written in its first event.
  case(number) {
    const { case: file, events } = JSON.parse(this.ctl("--json", "show", number, "--events"));
    return { ...events[0].body, ...file };
  }
}

// ---- the page alone, with made-up answers ----

export class Pretence {
  constructor(office) {
    this.url = office.url;
    this.state = { link: "up", waiting: 0, printer: false, now: "2026-05-06T09:00:00.000+08:00",
      utc_offset: 480, idle_s: 120, interrupted: null };
    this.form = form();
    this.posts = [];
    this.qr = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h3v3H1zM5 5h3v3H5z"/></svg>';
    this.receipt = { receipt: "K12345678901234", taken_at: "2026-05-06T09:00:05.000+08:00",
      state: "acknowledged", case_no: "330699-20260506-000001-5", query_code: "82938113", problem: null };
    this.answer = { case_no: "330699-20260506-000001-5", state: "transferred", state_zh: "已转送",
      submitted_at: "2026-05-06T09:00:05.000+08:00", unit: "rsj", owner: "xfj",
      next_limit: { clock: "notice", due_at: "2026-05-22T00:00:00.000+08:00" } };
    // what is answered to a POST of a case: a function of the body and how often
    this.take = (body) => ({ status: 201, json: { ...this.receipt, submission_id: body.submission_id } });
  }

  // A QR code as docket-kiosk draws it, for pictures.
  async withQr() {
    const id = uuid7();
    const taken = await fetch(this.url + "api/cases", { method: "POST",
      headers: { "Content-Type": "application/json", "X-Docket": "kiosk" },
      body: JSON.stringify({ submission_id: id, subject: "x", facts: "x" }) });
    assert.equal(taken.status, 201);
    this.qr = await (await fetch(`${this.url}api/cases/${id}/qr.svg`)).text();
    return this;
  }

  async install(page) {
    await page.route("**/api/**", async (route) => {
      const request = route.request();
      const path = new URL(request.url()).pathname;
      const body = request.postDataJSON?.() ?? null;
      const json = (value, status = 200) => route.fulfill({ status, contentType: "application/json",
        body: JSON.stringify(value) });
      if (path === "/api/form") return json(this.form);
      if (path === "/api/state") return json(this.state);
      if (path.endsWith("/qr.svg")) return route.fulfill({ contentType: "image/svg+xml", body: this.qr });
      if (path === "/api/cases") {
        this.posts.push(body);
        const said = await this.take(body, this.posts.length);
        return said ? json(said.json, said.status) : route.abort();
      }
      if (path.startsWith("/api/cases/"))
        return json({ ...this.receipt, submission_id: path.split("/")[3] });
      if (path.startsWith("/api/receipts/")) return json({ ...this.receipt, submission_id: "x" });
      if (path === "/api/query") return json(this.answer, this.answer.status ?? 200);
      return json({ title: "?", status: 404 }, 404);
    });
  }

  visit(options = {}) {
    return Visitor.open(this, { ...options, init: async (page) => {
      await this.install(page);
      await options.init?.(page);
    } });
  }
}
