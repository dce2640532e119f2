// The form of an action: what the law wants, what was typed, and what becomes of it
// when somebody else was quicker or no answer came.
import { Problem, Unanswered, act, getCase, getEvents, session, uuid7 } from "./api.js";
import { ACTIONS, BOOKKEEPING } from "./actions.js";
import { drafts } from "./letters.js";
import { clock, group, officer, officersOf, unit, units, word } from "./names.js";
import { area, button, field, h, input, notice, problem, replace, select } from "./ui.js";
import { dayBegins, dayOfText } from "./time.js";
import { told_of } from "./story.js";
import { t } from "./words.js";

const none = () => ["", t("（未选）", "(none)")];

function control(f, file) {
  const common = { name: f.name, required: f.required, "data-kind": f.kind };
  switch (f.kind) {
    case "long": return area({ ...common, rows: f.rows ?? 5, maxlength: 16000 });
    case "days": return input({ ...common, type: "number", min: 1, max: f.max, value: f.initial ?? "" });
    case "stars": return select([none(), ...[5, 4, 3, 2, 1].map((n) => [String(n), n + t(" 分", "")])], "", common);
    case "day": return input({ ...common, type: "date" });
    case "group": return select([none(), ...(f.only ?? group(f.group)).map((id) => [id, word(f.group, id)])], f.initial ?? "", common);
    case "unit": {
      const ids = f.of === "co" ? (file.co_handlers ?? []).map((co) => co.unit) : units();
      return select([none(), ...ids.map((id) => [id, unit(id)])], f.of === "co" && ids.length === 1 ? ids[0] : "", common);
    }
    case "officer": return select([none(), ...officersOf(file.unit).map((id) => [id, officer(id)])], "", common);
    case "clock": return select([none(), ...file.clocks.filter((c) => c.on_due === "overdue" && c.state === "running")
      .map((c) => [c.clock, clock(c.clock)])], "", common);
    default: return input({ ...common, maxlength: f.max ?? 200 });
  }
}

// What is in the form, as the fields of the action.
function written(form) {
  const body = {};
  for (const element of form.querySelectorAll("[data-kind]")) {
    const value = element.value.trim();
    if (!value) continue;
    const kind = element.dataset.kind;
    if (kind === "days" || kind === "stars") body[element.name] = Number(value);
    // A day is included: the moment is the midnight after it.
    else if (kind === "day") body[element.name] = dayBegins(dayOfText(value) + 1, session.utc_offset);
    else body[element.name] = value;
  }
  return body;
}

export function openAction(stage, { file: begun, events, name, done, refresh }) {
  const action = ACTIONS[name];
  let file = begun, seen = events.length;
  let command = null; // {id, text}: an act whose outcome is not known yet
  const said = h("div", { id: "act-said" });
  const fields = action.fields().map((f) => ({ ...f, required: f.required || f.needed?.(file) }));
  const controls = fields.map((f) => {
    const element = control(f, file);
    const label = f.label + (f.required ? t("（必填）", " (required)") : "");
    return h("div", {}, field("f-" + f.name, label, element, { hint: f.hint }),
      f.draft && button(t("套用模板", "Use the template"), { kind: "small", id: "draft-" + f.name, onclick: () => {
        const draft = drafts[f.draft](file, events);
        element.value = element.value.trim() ? element.value + "\n" + draft : draft;
        element.focus();
      } }));
  });
  const send = button(t("提交", "Do it"), { type: "submit", kind: "lead" + (action.kind ? " " + action.kind : ""), id: "send" });
  const close = () => { stage.replaceChildren(); document.getElementById("do-" + name)?.focus(); };
  const form = h("form", { class: "act card", id: "act", novalidate: true, "aria-labelledby": "act-title",
    onsubmit: (event) => { event.preventDefault(); submit(); },
    onkeydown: (event) => {
      if (event.key === "Escape" && !Object.keys(written(form)).length) close();
      if (event.key === "Enter" && event.ctrlKey) submit();
    } },
  h("h2", { id: "act-title" }, action.label()), action.law && h("p", { class: "law" }, action.law()), said, controls,
  h("div", { class: "row" }, send, button(t("取消", "Cancel"), { onclick: close, id: "cancel" }),
    h("span", { class: "hint" }, t("Ctrl+Enter 提交", "Ctrl+Enter sends"))));

  // The handlers are those of the unit that is chosen.
  const unitOf = form.querySelector("[name=unit]"), handlerOf = form.querySelector("[name=handler]");
  if (unitOf && handlerOf) unitOf.addEventListener("change", () => replace(handlerOf,
    [none(), ...officersOf(unitOf.value || file.unit).map((id) => [id, officer(id)])].map(([value, text]) => h("option", { value }, text))));

  function missing() {
    const faults = [];
    for (const element of form.querySelectorAll("[data-kind]")) {
      const wrong = (element.required && !element.value.trim()) || !element.checkValidity();
      element.setAttribute("aria-invalid", String(wrong));
      if (wrong) faults.push(element);
    }
    if (faults.length) {
      replace(said, notice("warn", t("还缺：", "Still missing or wrong: ") +
        faults.map((e) => fields.find((f) => f.name === e.name).label).join(t("、", ", "))));
      faults[0].focus();
    }
    return faults.length > 0;
  }

  const freeze = (frozen) => { for (const element of form.querySelectorAll("[data-kind]")) element.disabled = frozen; };

  async function submit(tries = 0) {
    if (send.disabled || (!command && missing())) return;
    // Repeated with the same id and the same words until there is an answer: it is
    // done once.
    command ??= { command_id: uuid7(), action: name, expect_n: file.n, ...written(form) };
    send.disabled = true;
    freeze(true);
    let answer = null, error = null;
    try {
      answer = await act(file.case_no, command);
    } catch (thrown) {
      error = thrown;
    }
    send.disabled = false;
    if (answer) {
      stage.replaceChildren();
      return done(answer);
    }
    if (!(error instanceof Problem)) {
      if (!(error instanceof Unanswered)) throw error;
      replace(said, notice("warn", t("没有收到回应，尚不知道是否已记录。", "No answer came: it is not known whether it was recorded."),
        h("p", {}, t("再按一次“提交”即可弄清；不会记录两次。", "Press “Do it” again to find out; it is never recorded twice."))));
      send.focus();
      return null;
    }
    const again = error.status >= 500 || error.status === 429;
    if (!again) {
      command = null; // refused: nothing was done, and nothing typed is lost
      freeze(false);
    }
    if (error.slug === "changed-meanwhile") return meanwhile(tries);
    replace(said, problem(error));
    if (error.slug === "wrong-state") await whatChanged().catch(() => {});
    send.focus();
    return null;
  }

  // What others did since this form was opened.
  async function whatChanged() {
    const [next, more] = await Promise.all([getCase(file.case_no), getEvents(file.case_no, seen + 1)]);
    file = next;
    seen += more.length;
    const acts = more.filter((event) => !BOOKKEEPING.includes(event.type));
    if (acts.length === 0) return false;
    said.append(notice("warn", t("你打开之后，案件有了这些变化：", "Since you opened it this has happened:"),
      h("ul", { id: "meanwhile" }, acts.map((event) => {
        const told = told_of(event);
        return h("li", {}, h("strong", {}, told.title), ` · ${told.who} · ${told.at}`,
          told.pairs.length > 0 && h("span", { class: "hint" }, " " + told.pairs.map((pair) => pair.join(t("：", ": "))).join(t("；", "; "))));
      })),
      h("p", {}, t("你填写的内容都还在，没有覆盖任何记录。请看过后决定是否仍要提交。",
        "What you typed is still here, and nothing was overwritten. Look at it, then decide whether to do it all the same.")),
      h("p", {}, button(t("放弃并查看案件", "Leave it and look at the case"), { onclick: refresh_and_close, id: "look" }))));
    return true;
  }

  async function refresh_and_close() {
    stage.replaceChildren();
    await refresh();
  }

  async function meanwhile(tries) {
    replace(said);
    try {
      // Only the services' own records: nothing that an officer decides by.
      if (!await whatChanged() && tries < 3) return submit(tries + 1);
    } catch (error) {
      replace(said, problem(error));
    }
    send.focus();
    return null;
  }

  replace(stage, form);
  form.querySelector("[data-kind]")?.focus();
  form.scrollIntoView({ block: "nearest" });
}
