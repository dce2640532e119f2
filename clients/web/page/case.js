// One case: what is due, what may be done, what was written, what happened.
import { getCase, getEvents, getPersons, getSession, session } from "./api.js";
import { ACTIONS, BOOKKEEPING, offered } from "./actions.js";
import { openAction } from "./act.js";
import { drawn } from "./clocks.js";
import { marks } from "./desk.js";
import { letters } from "./letters.js";
import { clock, officer, unit, word } from "./names.js";
import { told_of } from "./story.js";
import { area, button, chip, dialog, facts, field, h, link, notice, problem, replace, say } from "./ui.js";
import { timeText } from "./time.js";
import { t } from "./words.js";

// A person's data, told for a reason; forgotten when the page is left.
export async function readPersons(caseNo) {
  const reason = area({ rows: 3, required: true, maxlength: 600 });
  const faults = h("div", {});
  let answer = null;
  await dialog(t("查阅个人信息", "Read personal data"), [
    h("p", {}, t("查阅会以你的名义连同理由记入案件，不能撤销。", "The reading is recorded in the case, with your name and the reason, for good.")),
    faults, field("why", t("理由", "Reason"), reason)],
  [["read", t("查阅", "Read"), "lead"], ["cancel", t("取消", "Cancel")]], async () => {
    try {
      answer = await getPersons(caseNo, reason.value.trim());
      return true;
    } catch (error) {
      replace(faults, problem(error));
      return false;
    }
  });
  return answer;
}

function personsPart(caseNo, file) {
  const place = h("div", {});
  const hidden = () => replace(place,
    h("p", { class: "hint" }, file.anonymous ? t("匿名信访，没有个人信息。", "An anonymous matter: there is nothing.")
      : t("姓名、电话和住址已加密封存。", "Name, telephone and address are sealed.")),
    !file.anonymous && button(t("查阅……", "Read…"), { id: "persons", onclick: async () => {
      const answer = await readPersons(caseNo);
      if (!answer) return;
      replace(place, answer.erased && notice("", t("个人信息已删除。", "The personal data was erased.")),
        (answer.persons ?? []).map((person) => facts([[t("姓名", "Name"), person.name], [t("电话", "Telephone"), person.phone],
          [t("住址", "Address"), person.address], [t("证件号码", "Id number"), person.id_number]])),
        button(t("收起", "Hide"), { onclick: hidden }));
    } }));
  hidden();
  return h("section", { class: "card", "aria-labelledby": "h-persons" },
    h("h2", { id: "h-persons" }, word("who", "petitioner")), place);
}

function limitsPart(file) {
  const order = { running: 0, held: 1, stopped: 2, lapsed: 2 };
  const all = [...(file.clocks ?? [])].sort((a, b) => order[a.state] - order[b.state] || Date.parse(a.due_at) - Date.parse(b.due_at));
  const live = all.filter((c) => order[c.state] < 2);
  const past = all.filter((c) => order[c.state] === 2);
  return h("section", { class: "card", "aria-labelledby": "h-limits" }, h("h2", { id: "h-limits" }, t("期限", "Limits")),
    live.length === 0 && h("p", { class: "hint" }, t("没有进行中的期限。", "No limit is running.")),
    h("ul", { class: "limits" }, live.map((c) => h("li", {}, drawn(c),
      c.on_due !== "overdue" && h("p", { class: "hint" }, c.on_due === "lapse" ? t("单位或信访人的权利，过期即止", "a right that ends then")
        : t("信访人的期限，到期自动办结", "the petitioner's time; then the case closes"))))),
    past.length > 0 && h("ul", { class: "limits past" }, past.map((c) => h("li", {}, clock(c.clock), " ",
      h("span", { class: c.late ? "late" : "hint" }, c.late ? t("超期", "late") : word("clock_state", c.state)),
      c.stopped_at && h("span", { class: "hint" }, " " + timeText(c.stopped_at, session.utc_offset))))));
}

function eventItem(event, caseNo) {
  const told = told_of(event);
  const minor = BOOKKEEPING.includes(event.type);
  const paper = letters.find((letter) => letter.of(event));
  return h("li", { class: minor ? "event minor" : "event", "data-type": event.type, id: "event-" + event.n },
    h("p", { class: "event-head" }, h("strong", {}, told.title), h("span", {}, told.who), h("time", { datetime: event.at }, told.at)),
    told.claimed && h("p", { class: "hint" }, told.claimed),
    event.type !== "submitted" && told.pairs.length > 0 && h("dl", { class: "said" }, told.pairs.map(([name, value]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    paper && link(`#/case/${caseNo}/letter/${event.n}`, t("文书：", "Letter: ") + paper.title(), "letter-link"));
}

export async function show(main, { rest: [number, what, of], query }, { current }) {
  await getSession();
  if (what === "letter") return (await import("./letter.js")).show(main, number, Number(of));
  let file = await getCase(number);
  const caseNo = file.case_no;
  let events = await getEvents(caseNo);
  const first = events[0]?.body ?? {};
  const stage = h("div", { id: "stage" });
  const body = h("div", { class: "case-page" });
  const changed = h("div", { id: "changed", "aria-live": "polite" });

  function draw() {
    const may = offered(file, session);
    const usual = may.filter((a) => a.usual), rest = may.filter((a) => !a.usual);
    const doIt = (a) => openAction(stage, { file, events, name: a.name, done: async () => {
      await reload();
      say(t("已记录。", "It is recorded."));
    }, refresh: reload });
    const buttons = (list, kind) => list.map((a) => button(a.label(),
      { key: a.key, id: "do-" + a.name, kind: [kind, a.kind].filter(Boolean).join(" "), onclick: () => doIt(a) }));
    replace(body,
      h("header", { class: "case-head" }, h("p", { class: "case-no digits" }, caseNo), h("h1", {}, file.subject),
        h("p", { class: "chips" }, chip(word("state", file.state), "state"), marks(file)),
        h("p", { class: "head-links" }, link(`#/case/${caseNo}/letter/0`, t("打印案件摘要", "Print the case"), "print-link"))),
      changed,
      may.length > 0 ? h("div", { class: "actions", role: "group", "aria-label": t("操作", "Actions") }, buttons(usual, "lead"), buttons(rest, ""))
        : h("p", { class: "hint" }, t("你不能操作此案件，只能查看。", "You may read this case, not act on it.")),
      stage,
      h("div", { class: "columns" },
        h("div", { class: "column" },
          h("section", { class: "card", "aria-labelledby": "h-facts" }, h("h2", { id: "h-facts" }, word("matter", "facts")),
            h("p", { class: "written" }, first.facts ?? ""),
            facts([[word("matter", "category"), file.category], [word("matter", "region"), file.region],
              [t("渠道", "Channel"), word("channel", file.channel)], [t("目的", "Kind"), word("kind", file.kind)],
              [t("提交", "Handed in"), timeText(file.submitted_at, session.utc_offset)],
              [t("人数", "Petitioners"), file.petitioners > 1 ? String(file.petitioners) : null],
              [word("who", "respondent"), (file.respondents ?? []).map((r) => r.officer ? officer(r.officer) : unit(r.unit)).join(t("、", ", "))]])),
          h("section", { class: "card", "aria-labelledby": "h-story" }, h("h2", { id: "h-story" }, t("经过", "What happened")),
            h("label", { class: "check" }, h("input", { type: "checkbox", id: "minor",
              onchange: (event) => body.classList.toggle("with-minor", event.target.checked) }), h("span", {}, t("包括系统记录", "with the system's records"))),
            h("ol", { class: "events", id: "events" }, [...events].reverse().map((event) => eventItem(event, caseNo))))),
        h("div", { class: "column side" }, limitsPart(file),
          h("section", { class: "card", "aria-labelledby": "h-who" }, h("h2", { id: "h-who" }, t("由谁办理", "Who handles it")),
            facts([[t("现由", "Now with"), unit(file.owner)], [word("who", "unit"), unit(file.unit)], [word("who", "handler"), file.handler && officer(file.handler)],
              [word("who", "co_unit"), (file.co_handlers ?? []).map((co) => unit(co.unit)).join(t("、", ", "))],
              [t("分派规则", "Rule"), file.rule],
              [word("matter", "repeat"), file.repeat_of && link("#/case/" + file.repeat_of, file.repeat_of)],
              [word("relation", "group"), file.group && link("#/desk?group=" + file.group, file.group)]])),
          personsPart(caseNo, file))));
    main.querySelector("#minor").checked = body.classList.contains("with-minor");
  }

  async function reload() {
    const [next, more] = await Promise.all([getCase(caseNo), getEvents(caseNo, events.length + 1)]);
    file = next;
    events = [...events, ...more];
    replace(changed);
    draw();
  }

  replace(main, body);
  draw();
  if (query.do && ACTIONS[query.do]) main.querySelector("#do-" + query.do)?.click();

  // Somebody else's act is told while one reads; nothing is drawn anew under
  // what is being typed.
  const timer = setInterval(async () => {
    if (document.hidden || !current()) return;
    const now = await getCase(caseNo).catch(() => null);
    if (!now || now.n === file.n || !current()) return;
    if (!stage.firstChild) return void reload().catch(() => {});
    const more = (await getEvents(caseNo, events.length + 1).catch(() => [])).filter((e) => !BOOKKEEPING.includes(e.type));
    if (more.length)
      replace(changed, notice("warn", t("案件已有新的变化：", "The case has changed meanwhile:"),
        h("ul", {}, more.map((e) => { const told = told_of(e); return h("li", {}, `${told.title} · ${told.who} · ${told.at}`); }))));
  }, 15000);
  return () => clearInterval(timer);
}
