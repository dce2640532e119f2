// The petitioner's page: one object that knows where one is, and draws it.
// Everything is kept in memory only; the address never changes, so there is
// nothing in storage, history or autofill to find afterwards.

import { getForm, getState, Problem } from "./api.js";
import { $, h, icon } from "./dom.js";
import { Idle } from "./idle.js";
import { bodyOf, emptyDraft, faults, isTouched, stepOfPointer, timeText, uuid7 } from "./model.js";
import * as speech from "./speech.js";
import * as steps from "./steps.js";
import { pick, words } from "./words.js";

const VIEWS = { 1: steps.start, 2: steps.what, 3: steps.where, 4: steps.happened,
  more: steps.more, 5: steps.who, 6: steps.check };

const lazy = {
  keyboard: () => import("./keyboard.js"),
  receipt: () => import("./receipt.js"),
  inquiry: () => import("./inquiry.js"),
};
// Everything that is loaded later is fetched while the first page is looked at:
// afterwards the page needs the forwarder only for what it sends and asks.
function prefetch() {
  for (const load of Object.values(lazy)) load().catch(() => {});
  lazy.keyboard().then((module) => module.load()).catch(() => {});
}

class App {
  constructor() {
    this.form = null;
    this.state = null;
    this.down = false;
    this.keys = null;
    this.session = 0;
    this.clear();
    this.idle = new Idle({ seconds: () => this.state?.idle_s ?? 120,
      warn: (left) => this.warn(left), wipe: () => this.reset(this.w.wiped) });
    document.addEventListener("focusin", (event) => this.focused(event.target));
    document.addEventListener("input", (event) => this.mended(event.target));
    document.addEventListener("contextmenu", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => this.enter(event));
    window.addEventListener("pageshow", (event) => event.persisted && this.reset());
    window.addEventListener("error", () => this.broken());
    window.addEventListener("unhandledrejection", () => this.broken());
    speech.whenVoices(() => this.bar());
  }

  // What belongs to one petitioner.
  clear() {
    this.session++;
    this.work?.abort();
    this.work = new AbortController();
    Object.assign(this, { screen: 1, draft: emptyDraft(), faults: [], openPlace: null, returning: false,
      submission: null, body: null, sending: null, receipt: null, limit: null, printed: null,
      printFailed: false, asked: { number: "", code: "" }, found: null, language: "zh-CN", reading: false });
    delete document.documentElement.dataset.size;
    delete document.documentElement.dataset.theme;
    speech.stop();
  }

  get w() { return words[this.language]; }
  get offset() { return this.state?.utc_offset ?? 480; }

  time(at, language = this.language) {
    return timeText(Date.parse(at), this.offset, language);
  }

  setLanguage(language) { this.language = language; }

  say(text) {
    $("say").textContent = "";
    requestAnimationFrame(() => { $("say").textContent = text; });
  }

  busy(on) {
    for (const button of $("actions").querySelectorAll("button")) button.disabled = on;
  }

  // ---- going ----

  go(screen) {
    this.screen = screen;
    this.faults = [];
    this.render();
  }

  forward() {
    this.openPlace = null;
    if (this.returning) {
      this.returning = false;
      this.go(6);
    } else this.go(this.screen + 1);
  }

  back() {
    if (this.returning) {
      this.returning = false;
      this.go(6);
    } else if (this.screen === 2) this.leave();
    else this.go(this.screen - 1);
  }

  change(screen) {
    this.returning = true;
    this.go(screen);
  }

  async ask() {
    this.asked = { number: "", code: "" };
    this.found = null;
    this.go("query");
  }

  leave() {
    const touched = isTouched(this.draft) && !this.receipt;
    if (!touched) this.reset();
    else this.dialog(this.w.leaveTitle, this.w.leaveText,
      [[this.w.leaveNo, () => {}], [this.w.leaveYes, () => this.reset()]]);
  }

  reset(told) {
    this.closeDialog();
    this.clear();
    this.render();
    if (told) this.say(told);
  }

  // ---- handing in ----

  async send() {
    const found = faults(this.draft);
    if (found.length) {
      this.returning = true;
      this.screen = found[0].step;
      this.faults = found.filter((fault) => fault.step === found[0].step);
      this.render({ focus: "faults" });
      return;
    }
    if (this.body) return; // pressed twice
    // One id for one matter, and the same words each time it is asked.
    this.submission ??= uuid7();
    this.body = bodyOf(this.draft, this.submission);
    const mine = this.session;
    const { signal } = this.work;
    const { deliver, follow } = await lazy.receipt();
    this.sending = { tries: 0, known: true };
    this.go("sending");
    const outcome = await deliver(this, this.body, signal);
    if (this.session !== mine || !outcome) return;
    this.body = null;
    if (outcome instanceof Problem) this.refused(outcome);
    else {
      this.receipt = outcome;
      this.draft = emptyDraft();
      this.go("receipt");
      follow(this, signal);
    }
  }

  // It was not taken, and why; what was written is still there to be mended.
  refused(problem) {
    const step = stepOfPointer(problem.body.pointer);
    this.submission = null;
    this.go(6);
    this.dialog(this.w.notTakenTitle, `${this.w.notTakenHint} ${problem.text(this.language)}`,
      [[step === 6 ? this.w.keep : this.w.change, () => step !== 6 && this.change(step)]]);
  }

  giveUp() {
    this.dialog(this.w.giveUp, this.w.giveUpAsk,
      [[this.w.leaveNo, () => {}], [this.w.giveUp, () => this.reset()]]);
  }

  // ---- drawing ----

  // The names of views of later modules, once they are there.
  async view() {
    if (VIEWS[this.screen]) return VIEWS[this.screen];
    const module = this.screen === "sending" || this.screen === "receipt"
      ? await lazy.receipt() : await lazy.inquiry();
    return module[this.screen];
  }

  // focus: id of what is focused; quiet: what is new is not a new page
  render(how = {}) {
    const mine = this.session;
    const fixed = VIEWS[this.screen];
    if (fixed) this.draw(fixed(this), how);
    else this.view().then((view) => {
      if (this.session === mine) this.draw(view(this), how);
    }, () => this.broken());
  }

  draw(view, how) {
    const { w } = this;
    const root = document.documentElement;
    root.lang = this.language;
    root.dataset.screen = String(this.screen);
    document.title = `${view.title} – ${w.kiosk}`;
    document.querySelector(".skip").textContent = w.skip;
    this.bar();
    const held = how.quiet ? document.activeElement?.id : null;
    const title = h("h1", { id: "title", tabindex: "-1" }, view.title,
      view.second && h("span", { class: "second-title", lang: "en" }, view.second));
    $("main").className = [view.wide && "wide", view.id && "page-" + view.id].filter(Boolean).join(" ");
    $("main").replaceChildren(...[
      view.step && this.progress(view.step), title,
      view.intro && h("p", { class: "intro", id: "intro" }, view.intro), ...flat(view.body),
    ].filter(Boolean));
    $("actions").replaceChildren(...view.actions);
    $("actions").hidden = !view.actions.length;
    this.idle.watch(this.screen !== 1 && this.screen !== "sending");
    this.docked(view, how);
    if (how.quiet) {
      if (held) $(held)?.focus({ preventScroll: true });
    } else {
      $("main").scrollTop = 0;
      window.scrollTo(0, 0);
      const target = $(how.focus ?? view.focus ?? "title") ?? title;
      if (target.dataset.keys && !target.getAttribute("aria-describedby")?.includes("title"))
        target.setAttribute("aria-describedby", `title ${target.getAttribute("aria-describedby") ?? ""}`.trim());
      target.focus();
      if (this.reading) this.read();
    }
  }

  progress(step) {
    const { w } = this;
    return h("div", { class: "progress" }, h("p", {}, w.step(step, steps.STEPS)),
      h("div", { class: "segments-bar", "aria-hidden": "true" }, Array.from({ length: steps.STEPS },
        (_, at) => h("span", { class: at < step ? "full" : "" }))));
  }

  // The bar over every page: whose kiosk it is, and how it looks and sounds.
  bar() {
    const { w } = this;
    const root = document.documentElement;
    const start = this.screen === 1;
    const dark = root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    const big = root.dataset.size === "big";
    const tool = (id, picture, text, onclick, more = {}) => h("button", { type: "button", class: "tool", id,
      onclick: () => { onclick(); $(id)?.focus(); }, ...more }, picture && icon(picture), h("span", {}, text));
    const held = $("bar").contains(document.activeElement) ? document.activeElement.id : null;
    $("bar").replaceChildren(...[
      h("p", { class: "whose" }, h("span", { class: "whose-office" }, pick(this.form?.office, this.language)),
        h("span", { class: "whose-kiosk" }, w.kiosk)),
      h("div", { class: "tools" },
        tool("language", null, w.language, () => {
          this.setLanguage(w.languageTo);
          this.faults = [];
          this.render();
        }, { lang: w.languageTo }),
        tool("size", "text", big ? w.smaller : w.bigger, () => {
          if (big) delete root.dataset.size; else root.dataset.size = "big";
          this.bar();
        }),
        tool("theme", dark ? "light" : "dark", dark ? w.light : w.dark, () => {
          root.dataset.theme = dark ? "light" : "dark";
          this.bar();
        }),
        speech.voiceFor(this.language) && tool("read", "sound", this.reading ? w.stopReading : w.readAloud, () => {
          this.reading = !this.reading;
          if (this.reading) this.read(); else speech.stop();
          this.bar();
        }, { "aria-pressed": String(this.reading) }),
        !start && tool("leave", "leave", w.leave, () => this.leave(), { class: "tool leave" })),
    ]);
    if (held) $(held)?.focus();
  }

  read() {
    speech.read([$("main").innerText, ...[...$("actions").querySelectorAll("button")].map((b) => b.innerText)]
      .join("\n"), this.language);
  }

  // ---- the keyboard on the screen ----

  async docked(view, how) {
    const fields = $("main").querySelectorAll("[data-keys]");
    if (!fields.length) {
      this.keys?.detach();
      this.keys = null;
      $("dock").hidden = true;
      return;
    }
    const mine = this.session;
    const at = this.screen;
    const module = await lazy.keyboard().catch(() => null);
    const there = module && await module.load();
    $("dock").setAttribute("aria-label", this.w.keyboard);
    if (this.session !== mine || this.screen !== at) return;
    // Where writing is the lesser part the keys come with the touch.
    $("dock").hidden = Boolean(view.keysLater) && !document.activeElement?.dataset?.keys;
    if (!there) {
      $("dock").replaceChildren(h("p", { class: "no-keys" }, this.w.noKeys));
      return;
    }
    if (!this.keys || this.keys.words !== this.w) {
      this.keys?.detach();
      this.keys = new module.ScreenKeys($("dock"),
        { words: this.w, language: this.language, say: (text) => this.say(text) });
    }
    const active = document.activeElement?.dataset?.keys ? document.activeElement
      : $(how.focus ?? view.focus);
    const field = active?.dataset.keys ? active : $("main").querySelector("[data-keys]");
    this.keys.attach(field);
    this.mark(field);
  }

  focused(target) {
    if (!target.dataset?.keys || !this.keys) return;
    $("dock").hidden = false;
    this.keys.attach(target);
    this.mark(target);
    // Where the page scrolls as a whole, the keys must not cover the field.
    const whole = getComputedStyle($("main")).overflowY === "visible";
    target.scrollIntoView({ block: whole ? "center" : "nearest" });
  }

  // A field that is being mended is wrong no more; "Continue" looks again.
  mended(field) {
    if (field.getAttribute("aria-invalid") !== "true") return;
    field.removeAttribute("aria-invalid");
    field.classList.remove("wrong");
    field.closest(".field").classList.remove("faulty");
    $(field.id + "-fault")?.remove();
    this.faults = this.faults.filter((fault) => fault.id !== field.id);
    if (!this.faults.length) $("faults")?.remove();
  }

  // The field that the keys on the screen write into, also while a key is held.
  mark(field) {
    for (const other of $("main").querySelectorAll("[data-keys].writing"))
      other.classList.remove("writing");
    field.classList.add("writing");
  }

  // Enter in a line: the next field, or on.
  enter(event) {
    const { target } = event;
    if (event.defaultPrevented || event.key !== "Enter" || event.isComposing || target.tagName !== "INPUT" ||
        !target.dataset.keys) return;
    event.preventDefault();
    const fields = [...$("main").querySelectorAll("input[data-keys], textarea")]
      .filter((field) => field.offsetParent);
    const next = fields[fields.indexOf(target) + 1];
    if (next) next.focus(); else $("next")?.click();
  }

  // ---- dialogs ----

  dialog(title, text, choices, role = "alertdialog") {
    this.closeDialog();
    const close = (action) => () => { this.closeDialog(); action(); };
    const box = h("dialog", { id: "dialog", role, "aria-labelledby": "dialog-title", "aria-describedby": "dialog-text" },
      h("h2", { id: "dialog-title" }, title), h("p", { id: "dialog-text" }, text),
      h("div", { class: "row" }, choices.map(([name, action], at) =>
        h("button", { type: "button", id: "dialog-" + at, class: at ? "button second" : "button first",
          onclick: close(action) }, name))));
    box.addEventListener("cancel", (event) => { event.preventDefault(); close(choices[0][1])(); });
    document.body.append(box);
    this.before = document.activeElement;
    box.showModal();
  }

  closeDialog() {
    const box = $("dialog");
    if (!box) return;
    box.close();
    box.remove();
    if (this.before?.isConnected) this.before.focus();
    this.before = null;
  }

  warn(left) {
    if (left === null) {
      this.closeDialog();
      return;
    }
    const { w } = this;
    if ($("dialog")?.dataset.idle) $("dialog-text").textContent = w.idleText(left);
    else {
      this.dialog(w.idleTitle, w.idleText(left), [[w.idleStay, () => this.idle.touch()], [w.idleWipe, () => this.reset()]]);
      $("dialog").dataset.idle = "1";
    }
    if (left % 10 === 0) this.say(w.idleText(left));
  }

  broken() {
    if ($("broken")) return;
    $("main").prepend(h("p", { class: "notice warn", id: "broken", role: "alert" }, this.w.pageBroken));
  }

  // ---- the forwarder ----

  async watchState() {
    for (;;) {
      const before = JSON.stringify([this.state?.link, this.state?.interrupted, this.down, Boolean(this.form)]);
      try {
        this.state = await getState();
        this.form ??= await getForm();
        this.down = false;
      } catch {
        this.down = true;
      }
      const after = JSON.stringify([this.state?.link, this.state?.interrupted, this.down, Boolean(this.form)]);
      if (before !== after) {
        if (this.screen === 1 || (this.screen === 2 && !$("categories")?.children.length)) this.render({ quiet: true });
        else this.bar();
      }
      await new Promise((resolve) => { setTimeout(resolve, this.down ? 1500 : 5000); });
    }
  }
}

const flat = (items) => (Array.isArray(items) ? items.flat(Infinity) : [items])
  .filter((item) => item !== null && item !== undefined && item !== false);

const app = new App();
app.render();
app.watchState();
if ("requestIdleCallback" in window) requestIdleCallback(prefetch, { timeout: 3000 });
else setTimeout(prefetch, 500);
