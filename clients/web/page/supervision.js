// Supervision: which limits are near their end or past it, by unit and by limit; who
// was told, who has seen it; and what can be done about it.
import { ackAlert, act, all, getAlerts, getCase, getEvents, getSession, query, session, uuid7 } from "./api.js";
import { daysText, drawn } from "./clocks.js";
import { actor, clock, headOf, told, unit, word } from "./names.js";
import { area, button, chip, dialog, field, h, link, notice, problem, replace, say, select } from "./ui.js";
import { daysLeft, timeText } from "./time.js";
import { now } from "./api.js";
import { language, t } from "./words.js";

const LEVELS = ["long_overdue", "overdue", "red", "yellow", "reminder"];
const worst = (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || Date.parse(a.due_at) - Date.parse(b.due_at);
const offset = () => session.utc_offset;

// Counts of the open alerts: unit → clock → level → n.
function counted(alerts) {
  const table = new Map();
  for (const alert of alerts) {
    const key = alert.unit ?? "";
    if (!table.has(key)) table.set(key, new Map());
    const row = table.get(key);
    if (!row.has(alert.clock)) row.set(alert.clock, {});
    const cell = row.get(alert.clock);
    cell[alert.level] = (cell[alert.level] ?? 0) + 1;
  }
  return table;
}

// One step of the path.
function step({ event, times, until }, seen) {
  const b = event.body ?? {};
  const at = h("time", { datetime: event.at }, timeText(event.at, offset()));
  if (event.type !== "alert_raised")
    return h("li", {}, chip(word("event", event.type)), " ", at, " ", actor(event.actor),
      (b.reason ?? b.grounds ?? b.text) && h("p", { class: "hint" }, b.reason ?? b.grounds ?? b.text));
  return h("li", {}, chip(word("level", b.level), b.level), " ", at,
    times > 1 && t(` 至 ${timeText(until.at, offset())}，共 ${times} 次`, ` to ${timeText(until.at, offset())}, ${times} times`), " ",
    t("告知：", "told: "), (b.to ?? []).map(told).join(t("、", ", ")),
    seen ? h("p", { class: "hint" }, t(`${actor(seen.actor)} 于 ${timeText(seen.at, offset())} 确认`,
      `acknowledged by ${actor(seen.actor)} at ${timeText(seen.at, offset())}`) + (seen.body.note ? t("：", ": ") + seen.body.note : ""))
      : h("p", { class: "unseen" }, t("尚无人确认", "nobody has acknowledged it")));
}

// The path of a limit's alerts: each rung, when it was reached, who was told, who
// acknowledged.
function pathOf(file, events, alert) {
  const limit = (file.clocks ?? []).find((c) => c.clock === alert.clock);
  const mine = events.filter((event) => event.body?.clock === alert.clock &&
    ["alert_raised", "alert_acked", "alert_muted"].includes(event.type));
  const urged = events.filter((event) => event.type === "urged" || event.type === "urge_answered");
  const acked = (event) => mine.find((other) => other.type === "alert_acked" && other.body.alert === event.n);
  // What is told again each day, to the same people and seen by none, is one line.
  const steps = [];
  for (const event of [...mine, ...urged].sort((a, b) => a.n - b.n)) {
    const before = steps.at(-1);
    if (event.type === "alert_acked") continue;
    if (event.type === "alert_raised" && before?.event.type === "alert_raised" && !acked(event) && !acked(before.event) &&
      before.event.body.level === event.body.level && String(before.event.body.to) === String(event.body.to))
      Object.assign(before, { times: before.times + 1, until: event });
    else steps.push({ event, times: 1, until: event });
  }
  const ahead = (limit?.rungs ?? []).filter((rung) => !rung.fired);
  return h("div", { class: "path" }, limit && drawn(limit),
    h("ol", { class: "steps" }, steps.map((each) => step(each, acked(each.event)))),
    ahead.length > 0 && h("p", { class: "hint" }, t("接下来：", "Next: ") +
      ahead.map((rung) => `${rung.id} ${timeText(rung.at, offset())}`).join(t("，", ", "))));
}

// Acknowledge: one's name, and if one likes a note.
async function acknowledge(alert) {
  const note = area({ rows: 2, maxlength: 600 });
  const faults = h("div", {});
  return dialog(word("event", "alert_acked"), [h("p", {}, alert.text?.[language()] ?? alert.case_no),
    h("p", { class: "hint" }, t("确认后，催报暂停规定的时间；期限本身不停。", "It is quiet for the time that the policy says; the limit goes on.")),
    faults, field("note", t("备注", "Note"), note)],
  [["ack", t("确认", "Acknowledge"), "lead"], ["cancel", t("取消", "Cancel")]], async () => {
    try {
      await ackAlert(alert.alert_id, note.value.trim());
      return true;
    } catch (error) {
      replace(faults, problem(error));
      return false;
    }
  });
}

// Raise it by hand: to the head of the unit, or before the others in line.
async function raise(alert) {
  const file = await getCase(alert.case_no);
  const head = headOf(file.unit);
  const how = select([...(head && head !== file.handler ? [["head", t("交单位负责人办理：", "To the head of the unit: ") + actor("officer:" + head)]] : []),
    ...["safety", "medical", "minor", "wages"].map((need) => [need, word("event", "prioritised") + t("：", ": ") + word("need", need)])], "");
  const why = area({ rows: 3, required: true, maxlength: 300 });
  const faults = h("div", {});
  let command = null;
  return dialog(t("升级处理", "Raise it"), [h("p", {}, file.subject), faults,
    field("how", t("方式", "How"), how), field("why", t("理由", "Reason"), why)],
  [["raise", t("升级", "Raise it"), "lead"], ["cancel", t("取消", "Cancel")]], async () => {
    const said = how.value === "head" ? { action: "assign", unit: file.unit, handler: head, why: why.value.trim() }
      : { action: "prioritise", need: how.value, why: why.value.trim() };
    if (!command || command.of !== JSON.stringify(said)) command = { id: uuid7(), of: JSON.stringify(said) };
    try {
      await act(alert.case_no, { command_id: command.id, ...said });
      return true;
    } catch (error) {
      replace(faults, problem(error));
      return false;
    }
  });
}

export async function show(main, { query: chosen }) {
  await getSession();
  const { items, whole } = await all(getAlerts, { open: true });
  const office = ["supervisor", "administrator"].some((role) => session.roles?.includes(role));
  const auditor = !office && session.roles?.includes("auditor");
  const alerts = items.sort(worst);
  const table = counted(alerts);
  const columns = [...new Set(alerts.map((alert) => alert.clock))];
  const sum = (of, level) => of.filter((alert) => alert.level === level).length;
  const go = (changes) => "#/supervision" + query({ ...chosen, ...changes });
  const fits = (alert) => (!chosen.unit || (alert.unit ?? "-") === chosen.unit) && (!chosen.clock || alert.clock === chosen.clock) &&
    (!chosen.level || alert.level === chosen.level);
  const reload = () => show(main, { query: chosen });

  const cells = (cell, id, c) => h("td", {}, !cell ? h("span", { class: "hint" }, "–") : h("a", { class: "cell", href: go({ unit: id, clock: c, level: "" }) },
    LEVELS.filter((level) => cell[level]).map((level) => chip(`${word("level", level)} ${cell[level]}`, level))));
  const weight = (row) => [...row.values()].reduce((n, cell) => n + (cell.overdue ?? 0) + (cell.long_overdue ?? 0), 0);
  const matrix = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("按单位和期限", "By unit and limit") },
    h("table", { id: "matrix" }, h("caption", { class: "visually-hidden" }, t("未确认的警示，按单位和期限", "Open alerts by unit and limit")),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, word("who", "unit")), columns.map((c) => h("th", { scope: "col" }, clock(c))))),
      h("tbody", {}, [...table.entries()].sort((a, b) => weight(b[1]) - weight(a[1])).map(([id, row]) =>
        h("tr", {}, h("th", { scope: "row" }, id ? unit(id) : word("who", "office")), columns.map((c) => cells(row.get(c), id || "-", c)))))));

  const list = h("ol", { class: "cases", id: "alerts" });
  let limit = 100;
  const foot = h("div", { class: "foot" });
  const row = (alert) => {
    const left = daysLeft(alert.due_at, now(), offset());
    const path = h("div", { class: "path-place" });
    const open = button(t("路径", "Path"), { kind: "small", onclick: async () => {
      if (path.firstChild) {
        open.setAttribute("aria-expanded", "false");
        return path.replaceChildren();
      }
      open.setAttribute("aria-expanded", "true");
      try {
        const [file, events] = await Promise.all([getCase(alert.case_no), getEvents(alert.case_no)]);
        return replace(path, pathOf(file, events, alert));
      } catch (error) {
        return replace(path, problem(error));
      }
    } });
    open.setAttribute("aria-expanded", "false");
    return h("li", { class: "case alert", "data-row": true, "data-alert": alert.alert_id },
      h("div", { class: "case-what" },
        h("p", { class: "chips" }, chip(word("level", alert.level), alert.level), h("strong", {}, clock(alert.clock)),
          h("span", { class: "days " + (left < 0 ? "over" : "red") }, daysText(left))),
        h("p", {}, link("#/case/" + alert.case_no, alert.case_no, "digits"), " ", alert.unit ? unit(alert.unit) : word("who", "office")),
        h("p", { class: "hint" }, t("告知：", "Told: ") + (alert.to ?? []).map(told).join(t("、", ", ")) + " · " + timeText(alert.raised_at, offset()))),
      h("div", { class: "row" },
        !auditor && button(t("确认", "Acknowledge"), { kind: "small lead", name: "ack", onclick: async () => {
          if (await acknowledge(alert) === "ack") { say(t("已确认。", "Acknowledged.")); await reload(); }
        } }),
        office && link(`#/case/${alert.case_no}?do=urge`, t("督办", "Urge"), "button small"),
        office && button(t("升级", "Raise"), { kind: "small", name: "raise", onclick: async () => {
          if (await raise(alert) === "raise") { say(t("已记录。", "It is recorded.")); await reload(); }
        } }), open),
      path);
  };
  const draw = () => {
    const fit = alerts.filter(fits);
    replace(list, fit.slice(0, limit).map(row));
    replace(foot, fit.length > limit && button(t(`更多（共 ${fit.length} 条）`, `More (${fit.length} in all)`), { onclick: () => { limit += 100; draw(); } }),
      fit.length === 0 && notice("good", t("没有待确认的警示。", "No alert waits for anybody.")));
  };
  replace(main, h("div", { class: "head" }, h("h1", {}, t("督查", "Supervision")),
    h("div", { class: "chips big" }, LEVELS.filter((level) => sum(alerts, level)).map((level) =>
      h("a", { href: go({ level: chosen.level === level ? "" : level }), class: "chip " + level, "aria-current": chosen.level === level ? "true" : null },
        `${word("level", level)} ${sum(alerts, level)}`)))),
  !whole && notice("warn", t("只读取了前面的警示；请按单位查看。", "Only the first alerts were read: look at one unit.")),
  alerts.length > 0 && matrix,
  (chosen.unit || chosen.clock || chosen.level) && h("p", { class: "filter-line" },
    [chosen.unit && (chosen.unit === "-" ? word("who", "office") : unit(chosen.unit)), chosen.clock && clock(chosen.clock), chosen.level && word("level", chosen.level)]
      .filter(Boolean).join(t("，", ", ")), " ", link("#/supervision", t("全部", "all"))),
  list, foot);
  draw();
}
