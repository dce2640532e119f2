// The desk: whose cases are these, and what is due next.
import { getCases, getSession, query, session } from "./api.js";
import { drawn, owed } from "./clocks.js";
import { officer, unit, units, word } from "./names.js";
import { button, chip, field, h, input, link, notice, problem, replace, select } from "./ui.js";
import { STATES } from "./actions.js";
import { t } from "./words.js";

const VIEWS = {
  mine: () => t("我的案件", "My cases"),
  unit: () => t("本单位", "My unit"),
  all: () => t("全部", "All"),
};

// What is asked of the broker for a view of the desk.
function filters(view, chosen) {
  const own = { mine: { handler: session.name }, unit: { unit: session.unit }, all: {} }[view];
  const asked = { ...own };
  for (const name of ["state", "unit", "category", "region", "group", "handler"])
    if (chosen[name]) asked[name] = chosen[name];
  if (chosen.overdue) asked.overdue = true;
  if (chosen.closed) asked.newest_first = true;
  else if (!chosen.state && !chosen.group) Object.assign(asked, { open: true, order: "work" });
  return asked;
}

export function marks(file) {
  return [
    file.urgent && chip(word("need", file.urgent), "urgent"),
    file.confidential && chip(word("matter", "confidential"), "sealed"),
    file.anonymous && chip(word("matter", "anonymous")),
    file.repeat_of && chip(word("matter", "repeat")),
    file.petitioners > 1 && chip(word("matter", "joint")),
    file.group && chip(word("relation", "group")),
    file.imported && chip(t("历史导入", "imported")),
  ].filter(Boolean);
}

export function row(file) {
  const next = owed(file)[0];
  return h("li", { class: "case", "data-row": true, "data-case": file.case_no },
    h("div", { class: "case-what" },
      h("a", { href: "#/case/" + file.case_no, class: "case-subject" }, file.subject),
      h("p", { class: "case-no" }, h("span", { class: "digits" }, file.case_no),
        h("span", {}, unit(file.unit)), file.handler && h("span", {}, officer(file.handler))),
      h("p", { class: "chips" }, chip(word("state", file.state), "state"), marks(file))),
    next ? drawn(next) : h("p", { class: "limit still" },
      h("span", { class: "limit-name" }, t("没有未完成的期限", "No limit is open"))));
}

export async function show(main, { query: chosen }) {
  await getSession(); // the office's time, and who is here
  const handler = session.roles?.includes("handler");
  const views = handler ? ["mine", "unit"] : ["all", "mine"];
  const view = views.includes(chosen.view) ? chosen.view : views[0];
  const go = (changes) => { location.hash = "#/desk" + query({ ...chosen, ...changes }); };
  const list = h("ol", { class: "cases", id: "cases" });
  const foot = h("div", { class: "foot" });
  const said = h("p", { class: "hint", role: "status", id: "count" });
  const find = input({ id: "find", type: "search", placeholder: t("案件编号", "case number"), maxlength: 40,
    inputmode: "numeric", "aria-label": t("按编号打开案件", "Open a case by its number") });
  const state = select([["", t("未办结的", "open")], ...STATES.map((name) => [name, word("state", name)])],
    chosen.state ?? "", { id: "state", onchange: (event) => go({ state: event.target.value }) });

  replace(main, h("div", { class: "head" }, h("h1", {}, VIEWS[view]()),
    h("form", { class: "finder", role: "search", onsubmit: (event) => {
      event.preventDefault();
      if (find.value.trim()) location.hash = "#/case/" + encodeURIComponent(find.value.trim());
    } }, find, button(t("打开", "Open"), { type: "submit", id: "open" }))),
  h("div", { class: "filters", role: "group", "aria-label": t("筛选", "Filters") },
    h("div", { class: "segments" }, views.map((name) => h("a", { class: "segment", href: "#/desk" + query({ view: name }),
      "aria-current": name === view ? "true" : null }, VIEWS[name]()))),
    field("state", t("状态", "State"), state),
    !handler && field("unit", word("who", "unit"), select([["", t("全部", "all")], ...units().map((id) => [id, unit(id)])],
      chosen.unit ?? "", { onchange: (event) => go({ unit: event.target.value }) })),
    h("label", { class: "check" }, h("input", { type: "checkbox", id: "overdue", checked: Boolean(chosen.overdue),
      onchange: (event) => go({ overdue: event.target.checked && "1" }) }), h("span", {}, t("只看超期", "overdue only")))),
  (chosen.category || chosen.region || chosen.group || chosen.handler) && h("p", { class: "hint" },
    [chosen.category, chosen.region, chosen.group, chosen.handler && officer(chosen.handler)].filter(Boolean).join(t("，", ", ")), " ",
    link("#/desk" + query({ view }), t("取消筛选", "no filter"))),
  said, list, foot);

  let shown = 0;
  async function more(after) {
    replace(foot, h("p", { class: "hint" }, t("正在读取……", "Reading…")));
    try {
      const page = await getCases({ ...filters(view, chosen), limit: 50, after });
      shown += page.items.length;
      list.append(...page.items.map(row));
      said.textContent = shown === 0 && page.next === null ? "" : page.next === null
        ? t(`共 ${shown} 件，先到期的在前。`, `${shown} ${shown === 1 ? "case" : "cases"}, what is due first comes first.`)
        : t(`前 ${shown} 件，先到期的在前。`, `The first ${shown}, what is due first comes first.`);
      replace(foot, page.next !== null && button(t("更多", "More"), { id: "more", onclick: () => more(page.next) }),
        shown === 0 && page.next === null && notice("good", t("这里没有案件。", "No case here."),
          view === "mine" && h("p", {}, t("没有需要你办理的案件。", "Nothing waits for you."))));
    } catch (error) {
      replace(foot, problem(error, () => more(after)));
    }
  }
  await more(null);
}

