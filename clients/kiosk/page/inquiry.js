// "How does it stand?" by case number and query code, or by receipt number.

import { getReceipt, postQuery, Problem } from "./api.js";
import { field, h, icon } from "./dom.js";
import { grouped, half, lastDay, dayText, readNumber } from "./model.js";
import { contact } from "./receipt.js";
import { clockText, ownSteps, paperText, stages, stateText } from "./states.js";
import { pick } from "./words.js";

const button = (text, onclick, kind, id) =>
  h("button", { type: "button", class: "button " + kind, onclick, id }, text);

export function query(app) {
  const { w, asked } = app;
  const fault = (id) => asked.fault?.id === id ? asked.fault.text : null;
  const receipt = readNumber(asked.number)?.receipt;
  return {
    title: w.queryTitle, focus: asked.fault?.id ?? "number",
    body: [
      asked.trouble && h("div", { class: "notice warn", id: "trouble", role: "alert" }, h("p", {}, asked.trouble)),
      field("number", { label: w.queryNo, hint: w.queryNoHint, kind: "number", maxlength: 40,
        value: asked.number, fault: fault("number"),
        oninput: (value) => {
          asked.number = value;
          code.hidden = Boolean(readNumber(value)?.receipt);
        } }),
      code = h("div", { hidden: receipt }, field("code", { label: w.queryCode, hint: w.queryCodeHint,
        kind: "number", maxlength: 20, value: asked.code, fault: fault("code"),
        oninput: (value) => { asked.code = value; } })),
    ],
    actions: [button(w.back, () => app.reset(), "second", "back"),
      button(w.look, () => look(app), "first", "next")],
  };
}
let code;

function wrong(app, id, text) {
  app.asked.fault = { id, text };
  app.render();
}

async function look(app) {
  const { w, asked } = app;
  asked.fault = null;
  asked.trouble = null;
  if (!asked.number.trim()) return wrong(app, "number", w.noMissing);
  const number = readNumber(asked.number);
  if (!number) return wrong(app, "number", w.noWrong);
  const secret = half(asked.code).replace(/[\s-]+/g, "");
  if (number.case_no && !/^[0-9]{8}$/.test(secret)) return wrong(app, "code", w.codeWrong);
  const mine = app.session;
  app.busy(true);
  let found = null, trouble = null;
  try {
    found = await (number.receipt ? byReceipt(number.receipt) : byNumber(number.case_no, secret));
  } catch (error) {
    trouble = said(app, error);
  }
  app.busy(false);
  if (app.session !== mine) return;
  if (trouble) {
    asked.trouble = trouble;
    app.render();
  } else {
    app.found = found;
    app.go("status");
  }
}

const byNumber = async (caseNo, secret) => ({ answer: await postQuery(caseNo, secret) });

async function byReceipt(receipt) {
  const paper = await getReceipt(receipt);
  if (paper.state !== "acknowledged" || !paper.query_code) return { paper };
  try {
    return { paper, answer: await postQuery(paper.case_no, paper.query_code) };
  } catch (error) {
    if (error instanceof Problem && error.status === 404) throw error;
    return { paper, trouble: error };
  }
}

function said(app, error) {
  const { w } = app;
  if (!(error instanceof Problem)) return w.unreachable;
  if (error.status === 404) return w.notFound;
  if (error.status === 429) return w.tooMany(Math.max(1, Math.ceil((error.retryAfter ?? 60000) / 1000)));
  if (error.status >= 500) return w.unreachable;
  return error.text(app.language);
}

// ---- the answer ----

function paperPart(app, paper) {
  const { w } = app;
  return h("dl", { class: "numbers" },
    paper.case_no && h("div", { class: "number big" }, h("dt", {}, w.caseNo),
      h("dd", { class: "digits", id: "case-no" }, paper.case_no)),
    paper.case_no && paper.query_code && h("div", { class: "number big" }, h("dt", {}, w.queryCode),
      h("dd", { class: "digits", id: "query-code" }, paper.query_code)),
    h("div", { class: "number" }, h("dt", {}, w.receiptNo), h("dd", { class: "digits" }, grouped(paper.receipt))),
    h("div", { class: "number" }, h("dt", {}, w.takenAt), h("dd", {}, app.time(paper.taken_at))));
}

function course(app, answer) {
  const { w, language } = app;
  return h("ol", { class: "course" }, stages(answer.state, language).map((stage) =>
    h("li", { class: stage.when, "aria-current": stage.when === "now" ? "step" : null },
      h("span", { class: "dot" }, stage.when === "done" ? icon("tick") : null),
      h("span", { class: "stage" }, stage.name),
      h("span", { class: "when" }, { done: w.stageDone, now: w.stageNow, todo: w.stageTodo }[stage.when]))));
}

// The written answer itself, word for word.
function written(app, paper) {
  if (!paper) return null;
  const { w, language, offset } = app;
  const { name, outcome, parts } = paperText(paper, language);
  return h("section", { class: "written", id: "written" },
    h("h2", {}, name, outcome && h("span", { class: "badge" }, outcome)),
    h("p", { class: "hint" }, dayText(Date.parse(paper.at), offset, language),
      paper.delivered === false && [language === "en" ? "; " : "；", w.notDelivered]),
    h("dl", {}, parts.map(([part, text]) => [h("dt", {}, part), h("dd", {}, text)])));
}

function answerPart(app, answer) {
  const { w, form, language, offset } = app;
  // "office": until a unit has accepted, whoever passed the case on owes it.
  const unitName = (id) => pick(id === "office" ? form?.office : form?.units?.[id], language) || id;
  const state = stateText(answer.state, language, language === "en" ? answer.state : answer.state_zh);
  const limit = answer.next_limit;
  const clock = limit && clockText(limit.clock, language);
  const fact = (name, value, id) => value && h("div", { class: "fact" }, h("dt", {}, name), h("dd", { id }, value));
  return h("article", { class: "answer" },
    h("p", { class: "case-no" }, `${w.caseNo} `, h("span", { class: "digits", id: "case-no" }, answer.case_no)),
    h("div", { class: "left" },
      h("div", { class: "now" }, h("h2", { id: "state", "data-state": answer.state }, state.name), h("p", {}, state.sentence)),
      course(app, answer),
      written(app, answer.paper),
      h("dl", { class: "facts-list" },
      fact(w.responsible, unitName(answer.owner), "owner"),
      answer.unit && answer.unit !== answer.owner && fact(w.unit, unitName(answer.unit), "unit"),
      limit && fact(w.nextLimit, [h("strong", { id: "by-day" }, lastDay(limit.due_at, offset, language)),
        h("span", { class: "hint" }, clock.sentence || clock.name)]),
      fact(w.filedAt, dayText(Date.parse(answer.submitted_at), offset, language)))),
    h("section", { class: "ahead" }, h("h2", {}, w.ownSteps),
      h("ul", { id: "own-steps" }, ownSteps(answer, language, (due) => lastDay(due, offset, language))
        .map((text) => h("li", {}, text)))),
    contact(app));
}

export function status(app) {
  const { w, found } = app;
  return {
    title: w.statusTitle, id: "status",
    body: [
      found.answer ? answerPart(app, found.answer) : paperPart(app, found.paper),
      !found.answer && h("div", { class: "notice", id: "waiting" }, h("p", {},
        found.paper.state === "waiting" ? w.waiting
          : found.paper.state === "refused" ? w.refusedLater
            : found.trouble ? w.unreachable : w.codeLater)),
      !found.answer && contact(app),
    ],
    actions: [
      button(w.printStatus, () => window.print(), "second", "print"),
      button(w.another, () => app.ask(), "second", "another"),
      button(w.done, () => app.reset(), "first", "done"),
    ],
  };
}
