// Search: cases by their number, by days, by unit and state, and by what they are
// about. Names are sealed and not looked for. Results come in the order of their
// receipt, the newest first; nothing ranks them.
import { getCases, getSession, query, session } from "./api.js";
import { row } from "./desk.js";
import { units, unit, word } from "./names.js";
import { button, field, h, input, link, notice, problem, replace, select } from "./ui.js";
import { STATES } from "./actions.js";
import { t } from "./words.js";

const WANTED = 50; // cases, before one asks for more
const STRETCH = 40; // pages, of some 600 cases each, before one is asked whether to go on
const NUMBER = /^\d{6}-?\d{8}-?\d{6}-?\d$/;
const IN_ADDRESS = ["state", "unit", "category", "region", "from", "to", "due_from", "due_to"];

// What was typed is not in the address, which the browser keeps.
let kept = { who: null, text: "" };

export async function show(main, { query: chosen }, { current }) {
  await getSession();
  if (kept.who !== session.name) kept = { who: session.name, text: "" };
  const day = (name, label) => field(name, label, input({ type: "date", value: chosen[name] ?? "" }));
  const text = input({ type: "search", maxlength: 60, value: kept.text });
  const category = input({ value: chosen.category ?? "", maxlength: 60 });
  const overdue = h("input", { type: "checkbox", id: "overdue", checked: Boolean(chosen.overdue) });
  const list = h("ol", { class: "cases", id: "cases" });
  const foot = h("div", { class: "foot" });
  const said = h("p", { class: "hint", role: "status", id: "count" });
  const form = h("form", { class: "choose", role: "search", id: "search" },
    field("find", t("编号，或标题、事实中的词", "Number, or words of the subject or the facts"), text),
    !session.roles?.includes("handler") && field("unit", word("who", "unit"),
      select([["", t("全部", "all")], ...units().map((id) => [id, unit(id)])], chosen.unit ?? "")),
    field("state", t("状态", "State"), select([["", t("全部", "all")], ...STATES.map((name) => [name, word("state", name)])], chosen.state ?? "")),
    field("category", word("matter", "category"), category),
    day("from", t("收到：从", "Received from")), day("to", t("至", "to")),
    day("due_from", t("到期：从", "Due from")), day("due_to", t("至", "to")),
    h("label", { class: "check" }, overdue, h("span", {}, t("只看超期", "overdue only"))),
    button(t("查找", "Search"), { type: "submit", kind: "lead", id: "go" }));

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = text.value.trim();
    if (NUMBER.test(typed)) {
      location.hash = "#/case/" + typed;
      return;
    }
    kept.text = typed;
    const asked = Object.fromEntries(IN_ADDRESS.map((name) => [name, form.querySelector("#" + name)?.value.trim()]).filter(([, value]) => value));
    const to = "#/search" + query({ ...asked, region: chosen.region, overdue: overdue.checked && "1", now: "1" });
    replace(list);
    said.textContent = "";
    const before = location.hash;
    location.hash = to;
    if (location.hash === before) run(); // asked for once more
  });
  replace(main, h("div", { class: "head" }, h("h1", {}, t("查找案件", "Search"))), form,
    h("p", { class: "hint" }, t("姓名等个人信息是封存的，不在此处查找。各词须都出现；新收到的在前。",
      "Names and other personal data are sealed and not looked for here. Every word must be there; the newest come first.")),
    chosen.region && h("p", { class: "hint" }, chosen.region, " ", link("#/search", t("取消筛选", "no filter"))), said, list, foot);

  let turn = 0;
  const filters = () => ({ ...Object.fromEntries(IN_ADDRESS.map((name) => [name, chosen[name]]).filter(([, value]) => value)),
    ...(chosen.overdue && { overdue: true }), ...(kept.text && { text: kept.text }), newest_first: true });

  // Page after page, until there are enough, or they were very many.
  async function more(after, shown, mine) {
    const wanted = shown + WANTED;
    let next = after;
    try {
      for (let pages = 0; pages < STRETCH && shown < wanted; pages++) {
        replace(foot, h("p", { class: "hint" }, t("正在查找……", "Searching…"), " ",
          button(t("停止", "Stop"), { id: "stop", onclick: () => { turn++; stopped(next, shown); } })));
        const page = await getCases({ ...filters(), limit: wanted - shown, after: next });
        if (mine !== turn || !current()) return;
        shown += page.items.length;
        list.append(...page.items.map(row));
        next = page.next;
        said.textContent = t(`已找到 ${shown} 件`, `${shown} found`) + (next === null ? t("，已全部查完。", ", that is all.") : t("，更早的尚未查完。", " so far; older ones are still to be looked at."));
        if (next === null) break;
      }
      if (next === null) replace(foot, shown === 0 && notice("", t("没有找到。", "Nothing was found.")));
      else stopped(next, shown);
    } catch (error) {
      if (mine === turn) replace(foot, problem(error, () => more(next, shown, mine)));
    }
  }
  function stopped(next, shown) {
    replace(foot, button(t("继续查找", "Go on"), { id: "more", onclick: () => more(next, shown, ++turn) }));
  }
  function run() {
    replace(list);
    said.textContent = "";
    return more(null, 0, ++turn);
  }
  if (Object.keys(chosen).length) await run();
  else text.focus();
  return () => { turn++; };
}
