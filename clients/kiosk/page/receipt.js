// From "send" to the paper in the hand; loaded with the check, before it is
// needed, so that a cable that is pulled meanwhile takes nothing away.

import { getCase, handIn, postPrint, postQuery, Problem, qrPath } from "./api.js";
import { h, icon } from "./dom.js";
import { grouped, lastDay } from "./model.js";
import { clockText } from "./states.js";
import { pick } from "./words.js";

const button = (text, onclick, kind, id) =>
  h("button", { type: "button", class: "button " + kind, onclick, id }, text);

// ---- sending ----

// Hand the body in until it is known what became of it. Gives a receipt, a
// Problem, or null if the petitioner stopped it.
export async function deliver(app, body, signal) {
  try {
    return await handIn(body, { signal, told: (how) => { app.sending = how; app.render({ quiet: true }); } });
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

export function sending(app) {
  const { w, sending: how, language } = app;
  const trouble = how?.tries > 0;
  const unknown = trouble && !how.known;
  return {
    title: unknown ? w.retryTitle : w.sendingTitle, step: 6, id: "sending",
    body: [h("div", { class: trouble ? "notice warn" : "notice", id: "sending-state",
      "data-known": trouble ? String(how.known) : null },
      !trouble ? h("p", {}, w.sendingText) : [
        h("p", {}, unknown ? w.retryText : w.refusedText),
        how.problem && h("p", {}, how.problem.text(language)),
        h("p", { class: "hint" }, w.tries(how.tries)),
      ])],
    actions: trouble && how.tries > 4 ? [button(w.giveUp, () => app.giveUp(), "second", "give-up")] : [],
  };
}

// ---- the receipt ----

function number(label, value, id, big = true) {
  return h("div", { class: big ? "number big" : "number" }, h("dt", {}, label),
    h("dd", { id, class: "digits" }, value));
}

function ahead(app, receipt) {
  const { w, form, language } = app;
  const items = [];
  if (receipt.state === "refused") items.push(h("li", {}, w.refusedLater, " ", said(receipt.problem, language)));
  else if (app.limit) {
    const text = clockText(app.limit.clock, language);
    items.push(h("li", {}, h("strong", { id: "by-day" }, lastDay(app.limit.due_at, app.offset, language)),
      h("br"), text.sentence || text.name));
  } else if (form?.what_next) items.push(h("li", {}, pick(form.what_next, language)));
  if (receipt.case_no) items.push(h("li", {}, w.keepSecret));
  return items.length > 0 && h("section", { class: "ahead" }, h("h2", {}, w.nextTitle), h("ul", {}, items));
}

export function contact(app) {
  const { w, form, language } = app;
  if (!form) return null;
  const line = (label, value) => value && h("p", {}, `${label}${language === "en" ? ": " : "："}${value}`);
  return h("section", { class: "contact" },
    h("h2", {}, language === "en" ? `${w.askOffice} ${pick(form.office, language)}`
      : `${w.askOffice}${pick(form.office, language)}`),
    line(w.phoneLine, form.phone), line(w.hoursLine, pick(form.hours, language)),
    line(w.addressLine, pick(form.address, language)));
}

// The sentence of a problem that came with a receipt.
const said = (problem, language) => problem?.[language === "en" ? "detail" : "detail_zh"];

function qr(app, receipt) {
  const { w, form } = app;
  const text = receipt.state !== "acknowledged" ? w.qrReceipt : form?.status_url ? w.qr : w.qrPlain;
  const figure = h("figure", { class: "qr" },
    h("img", { src: qrPath(receipt.submission_id, receipt.state), alt: text, width: "200", height: "200",
      onerror: () => figure.remove() }),
    h("figcaption", {}, text));
  return figure;
}

export function receipt(app) {
  const { w, form, language, receipt: paper } = app;
  const done = paper.state === "acknowledged";
  const printer = app.state?.printer;
  const body = h("article", { class: "receipt", id: "receipt", "data-state": paper.state },
    h("p", { class: "office" }, pick(form?.office, language)),
    h("p", { class: "taken" }, icon("tick"), h("span", {}, w.takenFor(pick(form?.office, language)))),
    h("div", { class: "paper" },
      h("dl", { class: "numbers" },
        done && number(w.caseNo, paper.case_no, "case-no"),
        done && paper.query_code && number(w.queryCode, paper.query_code, "query-code"),
        number(w.receiptNo, grouped(paper.receipt), "receipt-no", !done),
        number(w.takenAt, app.time(paper.taken_at), "taken-at", false)),
      qr(app, paper)),
    paper.state === "waiting" && h("div", { class: "notice", id: "later" },
      h("p", {}, w.caseLater), h("p", { class: "screen" }, w.caseLaterLive)),
    done && !paper.query_code && h("div", { class: "notice", id: "no-code" },
      h("p", {}, said(paper.problem, language) ?? w.codeLater)),
    ahead(app, paper), contact(app));
  return {
    title: w.takenTitle, id: "taken",
    body: [body, app.printed && h("p", { class: "notice screen", role: "status", id: "printed" }, app.printed)],
    actions: [
      printer && app.printFailed && button(w.browserPrint, () => window.print(), "second", "browser-print"),
      button(w.print, () => (printer ? paperOut(app) : window.print()), "second", "print"),
      button(w.done, () => app.reset(), "first", "done"),
    ].filter(Boolean),
  };
}

async function paperOut(app) {
  const { w } = app;
  const mine = app.session;
  app.printed = w.printing;
  app.render({ quiet: true });
  try {
    await postPrint(app.receipt.submission_id, app.language, app.limit?.due_at);
    if (app.session === mine) { app.printed = w.printed; app.printFailed = false; }
  } catch {
    if (app.session === mine) { app.printed = w.printFailed; app.printFailed = true; }
  }
  if (app.session === mine) app.render({ quiet: true });
}

// The case number when it comes, and then the office's first legal day.
export async function follow(app, signal) {
  const mine = app.session;
  const here = () => !signal.aborted && app.session === mine && app.receipt;
  let wait = 1500;
  while (here()) {
    try {
      if (app.receipt.state === "waiting") {
        const now = await getCase(app.receipt.submission_id);
        if (!here()) return;
        if (now.state !== "waiting") {
          app.receipt = now;
          app.say([app.w.caseNo, now.case_no, app.w.queryCode, now.query_code].filter(Boolean).join(" "));
          app.render({ quiet: true });
        }
      } else if (app.receipt.state === "acknowledged" && app.receipt.query_code && !app.limit) {
        const answer = await postQuery(app.receipt.case_no, app.receipt.query_code);
        if (!here()) return;
        wait = Math.min(wait * 1.5, 15000);
        if (answer.next_limit) {
          app.limit = answer.next_limit;
          app.render({ quiet: true });
        }
      } else return;
    } catch (error) {
      // Not there, or not yet: asked again.
      wait = Math.min(Math.max(wait * 1.5, error?.retryAfter ?? 0), 15000);
    }
    await new Promise((resolve) => { setTimeout(resolve, wait); });
  }
}
