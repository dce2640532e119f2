// The few parts that every page is made of.
import { h, icon, $ } from "./dom.js";
import { colon, t } from "./words.js";
import { Problem, Unanswered } from "./api.js";
import { language } from "./words.js";

export { h, icon, $ };

export function replace(element, ...children) {
  element.replaceChildren();
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Told to who listens, and seen by nobody.
export const say = (text) => { $("say").textContent = ""; $("say").textContent = text; };

export function button(text, { onclick, kind = "", key, id, type = "button", disabled, pressed, name } = {}) {
  return h("button", { type, id, class: "button " + kind, onclick, disabled, name,
    "aria-pressed": pressed === undefined ? null : String(pressed),
    "aria-keyshortcuts": key ?? null, "data-key": key ?? null },
  h("span", {}, text), key && h("kbd", { "aria-hidden": "true" }, key));
}

export const link = (href, text, kind = "") => h("a", { href, class: kind || null }, text);

export function field(id, label, control, { hint, fault } = {}) {
  const described = [hint && id + "-hint", fault && id + "-fault"].filter(Boolean).join(" ");
  if (described) control.setAttribute("aria-describedby", described);
  if (fault) control.setAttribute("aria-invalid", "true");
  control.id = id;
  return h("div", { class: "field" }, h("label", { for: id }, label), control,
    hint && h("p", { class: "hint", id: id + "-hint" }, hint),
    fault && h("p", { class: "fault", id: id + "-fault" }, fault));
}

export const input = (attributes = {}) =>
  h("input", { type: "text", class: "input", autocomplete: "off", spellcheck: "false", ...attributes });
export const area = (attributes = {}) =>
  h("textarea", { class: "input", rows: 5, autocomplete: "off", spellcheck: "false", ...attributes });

// options: [value, text] each.
export function select(options, value, attributes = {}) {
  const element = h("select", { class: "input", ...attributes },
    options.map(([of, text]) => h("option", { value: of, selected: of === value }, text)));
  return element;
}

export const notice = (kind, title, ...more) =>
  h("div", { class: "notice " + kind, role: kind === "warn" ? "alert" : null },
    title && h("p", { class: "notice-title" }, title), more);

export const chip = (text, kind = "") => h("span", { class: "chip " + kind }, text);

// What went wrong, and what to do.
export function problem(error, again) {
  const known = error instanceof Problem;
  if (!known && !(error instanceof Unanswered)) {
    console.error(error);
    return notice("warn", t("页面出错", "The page failed"), h("p", {}, t("请报告此错误：", "Please report this: ") + String(error)));
  }
  const text = known ? error.text(language())
    : t("服务器没有回应。请检查网络，然后再试一次。", "The server does not answer. Check the network and try again.");
  const wait = known && error.retryAfter
    ? t(`请在 ${error.retryAfter} 秒后再试。`, `Try again in ${error.retryAfter} s.`) : null;
  return notice("warn", known ? null : t("没有回应", "No answer"),
    h("p", {}, text), wait && h("p", {}, wait),
    again && h("p", {}, button(t("再试一次", "Try again"), { onclick: again })));
}

// A question over the page. `body` is put in a form; resolves with the name of the
// button that was pressed, or null. buttons: [name, text, kind] each; the first is
// what Enter does. `check()` may refuse by false.
export function dialog(title, body, buttons, check = () => true) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const form = h("form", { method: "dialog" },
      h("h2", { id: "dialog-title" }, title), body,
      h("div", { class: "row" }, buttons.map(([name, text, kind = ""], n) =>
        h("button", { type: n === 0 ? "submit" : "button", class: "button " + kind, value: name,
          id: "dialog-" + name,
          onclick: n === 0 ? null : () => element.close(name) }, text))));
    const element = h("dialog", { id: "dialog", "aria-labelledby": "dialog-title" }, form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await check(form)) element.close(buttons[0][0]);
    });
    element.addEventListener("close", () => {
      element.remove();
      if (before?.isConnected) before.focus();
      resolve(element.returnValue || null);
    });
    document.body.append(element);
    element.showModal();
  });
}

// "label: value" pairs.
export const facts = (pairs) => h("dl", { class: "facts" },
  pairs.filter((pair) => pair && pair[1] !== null && pair[1] !== undefined && pair[1] !== "")
    .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

export const labelled = (name, value) => name + colon() + value;

// A table that scrolls on its own where it is too wide. head: texts or nodes.
export function table(caption, head, rows, kind = "") {
  return h("div", { class: "scroll " + kind, tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, head.map((cell) =>
        h("th", { scope: "col", class: cell?.kind ?? null, "aria-sort": cell?.sort ?? null },
          cell?.text ?? cell)))),
      h("tbody", {}, rows)));
}
