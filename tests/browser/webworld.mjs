// An office that has been at work for some weeks, behind the office's pages: broker
// and workers as they are, made-up cases that were lived through by the broker's own
// clock.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, uuid7 } from "../node/dkt1.mjs";
import { World, file, program, until } from "../node/world.mjs";
import { watchedPage } from "./office.mjs";

const DAY = 86400000;
const STRETCH = Number(process.env.DK_STRETCH ?? 1);
export const PASSWORD = "plain words for tests";
export const START = Date.parse("2026-05-01T09:00:00+08:00");

const samples = () => readFileSync(file("script/samples/cases.ndjson"), "utf8").trim()
  .split("\n").map((line) => JSON.parse(line));

const HEAD = "HEAD"; // the unit's head: whoever the book names
const ANSWER = { text: "经调查核实，已依法处理并反馈。\n一、查明的事实与你反映的基本一致。\n二、已责令限期整改。",
  legal_basis: "《信访工作条例》第三十四条", delivered: "post" };

// What a case lives through, by its place among the samples: [day, action, fields].
const PLANS = [
  [[2, "accept", { notice: "青信受〔2026〕1号", way: "in_person" }], [20, "answer", ANSWER], [26, "evaluate", { handling: 5, result: 4 }, "petitioner:p"]],
  [[9, "accept", {}]],
  [],
  [[3, "accept", { notice: "青信受〔2026〕2号", way: "post" }], [18, "extend", { days: 30, reason: "情况复杂，需现场勘测", approved_by: HEAD, informed: "post" }]],
  [[4, "accept", { notice: "青信受〔2026〕3号", way: "post" }], [19, "answer", ANSWER], [24, "ask_review", { grounds: "答复没有回应主要诉求" }, "petitioner:p"]],
  [[5, "accept", { notice: "青信受〔2026〕4号", way: "post" }], [12, "urge", { ground: "procedure", grounds: "未按规定程序调查取证", answer_days: 10 }, "office:xfj"]],
];

export class WebWorld extends World {
  constructor(more = {}) {
    super();
    Object.assign(this, { cases: [], more });
  }

  service(name) {
    const files = { policy: "policy/xinfang-2022.json", calendar: "policy/calendar-cn.json", book: "policy/units-sample.json" };
    const needs = { assign: ["book"], deadline: ["policy", "calendar"], escalate: ["policy", "calendar", "book"] }[name];
    return this.start("docket-" + name, ["--connect", this.workers, ...needs.flatMap((need) => ["--" + need, file(files[need])])]);
  }

  async office() {
    this.docketd = await this.broker(["--clients", this.clients + " tcp://127.0.0.1:0"]);
    for (const name of ["assign", "deadline", "escalate"]) this.service(name);
    this.client = this.peer(new Client(this.clients));
    this.book = JSON.parse(readFileSync(file("policy/units-sample.json"), "utf8"));
    return this;
  }

  headOf(unit) {
    return this.book.units.find((each) => each.id === unit)?.head?.id ?? unit;
  }

  to(day) {
    return this.client.call("clock.set", { to: new Date(START + day * DAY).toISOString().replace(/\.\d+Z$/, "Z"), settle: true });
  }

  async submit(body) {
    const answer = await this.client.call("case.submit", { submission_id: uuid7(), ...body });
    this.cases.push(answer.case_no);
    return answer.case_no;
  }

  act(caseNo, action, fields = {}, actor = "office:xfj") {
    return this.client.call("case.act", { command_id: uuid7(), case_no: caseNo, action, actor, ...fields });
  }

  // `count` cases, one every `every` days, until the office has worked `days` days.
  async live({ count = 24, every = 2, days = 58 } = {}) {
    const bodies = samples();
    const steps = [];
    for (let i = 0; i < count; i++) {
      steps.push([i * every, i, null]);
      for (const [after, ...what] of PLANS[i % PLANS.length]) steps.push([i * every + after, i, what]);
    }
    steps.sort((a, b) => a[0] - b[0] || (a[2] !== null) - (b[2] !== null));
    let at = 0;
    for (const [day, i, what] of steps.filter((step) => step[0] <= days)) {
      if (day > at) await this.to(at = day);
      if (!what) {
        this.cases[i] = (await this.client.call("case.submit", { submission_id: uuid7(), ...bodies[i % bodies.length] })).case_no;
        continue;
      }
      const now = await this.client.call("case.get", { case_no: this.cases[i] });
      const [action, fields, actor] = what;
      // What the rules sent elsewhere (to a discipline body, say) goes its own way.
      if (!["transferred", "accepted", "answered"].includes(now.state)) continue;
      const said = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value === HEAD ? this.headOf(now.unit) : value]));
      await this.act(this.cases[i], action, said, actor ?? "officer:" + (now.handler ?? this.headOf(now.unit)));
    }
    await this.to(days);
    return this;
  }

  // docket-web for these accounts: {name: [role, unit]}.
  async web(accounts) {
    const log = this.docketd.log();
    const data = join(this.folder, "web");
    for (const [name, [role, unit]] of Object.entries(accounts)) {
      const done = spawnSync(program("docket-web"), ["account", "add", name, "--allow", role, ...(unit ? ["--unit", unit] : []),
        "--data", data, "--admin", this.clients, "--password-mib", "8"], { input: PASSWORD + "\n", encoding: "utf8", timeout: 30000 * STRETCH });
      assert.equal(done.status, 0, done.stdout + done.stderr);
    }
    this.webOptions = ["--broker", /tcp:\/\/[^ "]+/.exec(/event=ready .*/.exec(log)[0])[0],
      "--server-key", /event=curve server_key=(\S+)/.exec(log)[1], "--data", data,
      "--page-files", join(process.env.DK_BIN ?? file("build/dev"), "clients/web/page"),
      "--book", file("policy/units-sample.json"), "--policy", file("policy/xinfang-2022.json"), "--password-mib", "8"];
    return this.startWeb();
  }

  // Also again, at the same port.
  async startWeb() {
    const web = this.docketWeb = this.start("docket-web", ["--listen", `127.0.0.1:${this.port ?? 0}`, ...this.webOptions]);
    const found = await until(() => {
      if (web.exitCode !== null) throw new Error("docket-web ended: " + web.log());
      return /event=ready url=http:\/\/[^ ]*:(\d+)\//.exec(web.log());
    }, "event=ready");
    this.port = Number(found[1]);
    this.url = `http://127.0.0.1:${this.port}/`;
    return this;
  }

  ctl(...argv) {
    const done = spawnSync(program("docketctl"), ["--connect", this.clients, ...argv], { encoding: "utf8", timeout: 20000 * STRETCH });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
  }
}

// Somebody of the office at a browser of their own.
export class Officer {
  static async open(world, name, { width = 1280, height = 900, colorScheme = "light", scale = 1, touch = false,
    language = "zh-CN", init, login = true } = {}) {
    const officer = Object.assign(new Officer(), { world, name, faults: [] });
    Object.assign(officer, await watchedPage(officer.faults, { width, height, colorScheme, touch, scale }));
    const { page } = officer;
    await page.addInitScript((chosen) => {
      if (!localStorage.getItem("docket-web")) localStorage.setItem("docket-web", JSON.stringify({ language: chosen }));
    }, language);
    await init?.(page);
    await page.goto(world.url);
    await page.locator("#login").waitFor();
    if (login) await officer.logIn();
    return officer;
  }

  async logIn(password = PASSWORD) {
    await this.fill("#name", this.name);
    await this.fill("#password", password);
    await this.page.keyboard.press("Enter");
    if (password === PASSWORD) await this.see(".bar nav");
  }

  // To another page; `what` is there when it has come.
  async go(hash, what) {
    await this.page.evaluate((to) => { location.hash = to; }, hash);
    await this.see(what);
  }

  see(selector) { return this.page.locator(selector).first().waitFor(); }
  text(selector) { return this.page.locator(selector).first().innerText(); }
  fill(selector, text) { return this.page.locator(selector).first().fill(text); }
  click(selector) { return this.page.locator(selector).first().click(); }
  press(...keys) { return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve()); }
  until(what, check) { return until(check, what, 20); }

  async close() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }
}
