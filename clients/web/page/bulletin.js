// The bulletin: what the office did in a period, and how well, against the period
// before and the year before. Units are ranked by how timely they are and how often
// the first answer settles a matter; how many petitions came is shown and never
// ranked.
import { getBulletin, getSession, now, query, session } from "./api.js";
import { office, unit, units, word } from "./names.js";
import { button, field, h, input, link, notice, replace, select } from "./ui.js";
import { dateText, dayOf, period, timeText } from "./time.js";
import { t } from "./words.js";

const RATIOS = ["accepted_in_time", "concluded_in_time", "settled_first", "satisfied_handling", "satisfied_result",
  "extended", "changed", "repeated"];
// What units may be ranked by. Nothing that grows or shrinks with how many complain.
const RANKED = ["concluded_in_time", "accepted_in_time", "settled_first"];
const SMALL = 30;

const ratioName = (id) => id.startsWith("satisfied_")
  ? word("figure", "satisfied") + (id.endsWith("handling") ? t("（办理）", " with the handling") : t("（结果）", " with the result"))
  : word("figure", id);
const COUNTS = () => [["received", word("figure", "received")], ["received_repeat", t("其中重复", "of these repeat")],
  ["accepted", word("event", "accepted")], ["not_accepted", word("event", "not_accepted")], ["answered", word("event", "answered")],
  ["settled", word("event", "settled")], ["extended", word("event", "extended")], ["review_asked", t("申请复查、复核", "review asked")],
  ["withdrawn", word("event", "withdrawn")], ["reopened", word("event", "reopened")], ["urged", word("event", "urged")]];

const percent = (text) => text.replace(/\.0$/, "") + t("%", " %");

// A ratio with its two counts; of few, the interval in which it may lie.
function share(r) {
  if (!r || !r.of) return h("span", { class: "hint" }, "–");
  return [h("span", { class: "share" }, percent(r.percent)), h("span", { class: "of" }, `${r.n}/${r.of}`,
    r.of < SMALL && r.low !== null && ` · ${r.low}–${r.high}`)];
}

const suggested = (today) => {
  const [year, month] = dateText(today).split("-").map(Number);
  const back = (n) => {
    const at = new Date(Date.UTC(year, month - 1 - n, 1));
    return at.toISOString().slice(0, 7);
  };
  const quarter = Math.floor((month - 1) / 3);
  return [[back(0), t("本月", "This month")], [back(1), t("上月", "Last month")],
    [`${year}Q${quarter + 1}`, t("本季", "This quarter")],
    [quarter ? `${year}Q${quarter}` : `${year - 1}Q4`, t("上季", "Last quarter")], [String(year), t("本年", "This year")]];
};

const cell = (content, kind = "number") => h("td", { class: kind }, content);
const headCell = (text, attributes = {}) => h("th", { scope: "col", ...attributes }, text);

// The cases of a count of what was received. Their days are those of the numbers.
const received = (count, p, filter = {}) => count
  ? link("#/search" + query({ from: p.from, to: p.to, ...filter }), String(count)) : "0";

function overall(data, chosen) {
  const [current] = data.periods;
  const names = data.periods.map((p, n) => n === 0 ? p.period : `${n === 1 && data.periods.length > 2 ? t("上期 ", "before: ")
    : t("上年同期 ", "year before: ")}${p.period}`);
  const riseOf = (n) => (data.rises?.items ?? []).find((r) => r.key === null && r.rebound && r.against === data.periods[n]?.period);
  const line = (label, of, kind) => h("tr", {}, h("th", { scope: "row" }, label), data.periods.map((p, n) => cell([of(p, n)].flat(), kind)));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("总体情况", "Overall") },
    h("table", { id: "overall" }, h("caption", { class: "visually-hidden" }, t("总体情况，与上期和上年同期对照", "Overall, against the period and the year before")),
      h("thead", {}, h("tr", {}, headCell(t("指标", "Figure")), names.map((name) => headCell(name)))),
      h("tbody", {}, COUNTS().map(([id, label]) => line(label, (p, n) => [id === "received" && !chosen.unit
        ? received(p.total.counts[id], p, chosen.category ? { category: chosen.category } : {}) : String(p.total.counts[id]),
        id === "received" && n > 0 && riseOf(n) && h("span", { class: "rise" }, t("（现期反弹）", " (a rebound since)"))])),
      RATIOS.map((id) => line(ratioName(id), (p) => share(p.total.ratios[id]))),
      line(word("figure", "overdue"), (p) => overdue(p.total.overdue, p === current && { overdue: 1 })))));
}

function overdue(o, filter) {
  if (!o.n) return "0";
  const text = String(o.n);
  return [filter ? link("#/desk" + query({ view: "all", ...filter }), text) : text,
    h("span", { class: "of" }, t(`中位 ${o.days_median} 天，最长 ${o.days_worst} 天`, `median ${o.days_median} d, worst ${o.days_worst} d`))];
}

// One line for each unit or category. Those with nothing to rank by come last.
function groups(data, by, rank, go, chosen) {
  const [current, ...others] = data.periods;
  const at = (group) => group.ratios[rank].of ? group.ratios[rank].n / group.ratios[rank].of : -1;
  const sorted = [...current.groups].sort((a, b) => at(b) - at(a) || b.ratios[rank].of - a.ratios[rank].of || String(a.key).localeCompare(String(b.key)));
  // Equal shares have equal places.
  const place = (group) => at(group) < 0 ? "–" : String(1 + sorted.filter((other) => at(other) > at(group)).length);
  const name = (key) => by === "unit" ? (key === "office" || key === null ? word("who", "office") : unit(key)) : key || t("未注明", "not said");
  const filter = (key) => by === "unit" ? (key === "office" ? {} : { unit: key }) : { category: key };
  const ratios = ["accepted_in_time", "concluded_in_time", "settled_first", "satisfied_result", "extended", ...(by === "category" ? ["repeated"] : ["changed"])];
  const before = (key) => others[0]?.groups.find((group) => group.key === key)?.ratios[rank];
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("分列", "One by one") },
    h("table", { id: "groups" }, h("caption", { class: "visually-hidden" }, t("分列，按及时和化解排序", "One by one, ranked by timeliness or settlement")),
      h("thead", {}, h("tr", {}, headCell(t("位次", "Place"), { class: "place" }),
        headCell(by === "unit" ? word("who", "unit") : word("matter", "category"), { class: "place" }),
        headCell(by === "unit" ? t("收到、转入", "Received") : word("figure", "received")),
        ratios.map((id) => headCell(RANKED.includes(id) ? h("button", { type: "button", class: "sort", onclick: () => go({ rank: id }) }, ratioName(id)) : ratioName(id),
          { "aria-sort": id === rank ? "descending" : null })), headCell(t("对照期", "Before")), headCell(word("figure", "overdue")))),
      h("tbody", {}, sorted.map((group) => h("tr", { "data-group": group.key ?? "" }, cell(place(group), "place"),
        h("th", { scope: "row" }, group.key ? link("#/desk" + query({ view: "all", ...filter(group.key) }), name(group.key)) : name(group.key)),
        cell(by === "category" && group.key && !chosen.unit ? received(group.counts.received, current, filter(group.key))
          : String(by === "unit" && group.key !== "office" ? group.counts.transferred_in : group.counts.received)),
        ratios.map((id) => cell(share(group.ratios[id]))), cell(share(before(group.key))),
        cell(overdue(group.overdue, group.key ? { ...filter(group.key), overdue: 1 } : null)))))));
}

export async function show(main, { query: chosen }) {
  await getSession();
  const today = dayOf(now(), session.utc_offset);
  const quick = suggested(today);
  const text = chosen.period ?? quick[1][0];
  const by = chosen.by === "category" ? "category" : "unit";
  const rank = RANKED.includes(chosen.rank) ? chosen.rank : RANKED[0];
  const go = (changes) => { location.hash = "#/bulletin" + query({ ...chosen, ...changes }); };
  const found = period(text);
  const period_ = input({ value: text, size: 24, maxlength: 24 });
  const asOf = input({ type: "date", value: chosen.as_of ?? "", onchange: () => go({ as_of: asOf.value }) });
  const choose = h("form", { class: "choose", onsubmit: (event) => { event.preventDefault(); go({ period: period_.value.trim() }); } },
    h("div", { class: "segments", role: "group", "aria-label": t("时段", "Period") }, quick.map(([value, label]) =>
      h("button", { type: "button", class: "segment", "aria-pressed": String(value === text), onclick: () => go({ period: value }) }, label))),
    field("period", t("时段", "Period"), period_),
    button(t("查看", "Show"), { type: "submit", id: "show" }),
    field("by", t("分列", "One by one"), select([["unit", word("who", "unit")], ["category", word("matter", "category")]], by, { onchange: (event) => go({ by: event.target.value }) })),
    field("of-unit", t("仅某单位", "Only of"), select([["", t("全部", "all")], ...units().map((id) => [id, unit(id)])], chosen.unit ?? "",
      { onchange: (event) => go({ unit: event.target.value }) })),
    field("as-of", t("按该日终了时已知", "As known at the end of"), asOf),
    button(t("打印", "Print"), { id: "print", onclick: () => print() }),
    found && link("api/v1/bulletin.csv" + query({ ...(/\.\./.test(text) ? found : { period: text }), as_of: chosen.as_of, by, unit: chosen.unit }), t("下载 CSV", "CSV"), "button"));
  const place = h("div", { "aria-busy": "true" });
  replace(main, h("div", { class: "bulletin" }, h("div", { class: "head" }, h("h1", {}, t("信访情况通报", "Bulletin"))), choose, place));
  if (!found)
    return void replace(place, notice("warn", t("请这样填写时段：2026-05、2026Q2、2026 或 2026-05-01..2026-05-20。",
      "Write a period as 2026-05, 2026Q2, 2026 or 2026-05-01..2026-05-20.")));
  const data = await getBulletin({ ...(/\.\./.test(text) ? found : { period: text }), by, unit: chosen.unit, category: chosen.category, as_of: chosen.as_of });
  place.removeAttribute("aria-busy");
  const [current] = data.periods;
  const asOfText = data.as_of ?? data.today;
  replace(place,
    h("div", { class: "bulletin-head" }, h("p", { class: "issuer" }, t(`${unit(office(), "zh-CN")}`, unit(office()))), h("hr", { class: "red-line" }),
      h("p", { class: "bulletin-title" }, h("strong", {}, t("信访情况通报", "Bulletin"))),
      h("p", {}, `${current.from} – ${current.to}`, t("，截至 ", ", as of "), asOfText)),
    h("p", { class: "hint" }, t(`${current.from} 至 ${current.to}，截至 ${asOfText}`, `${current.from} to ${current.to}, as of ${asOfText}`),
      chosen.unit && " · " + unit(chosen.unit), chosen.category && " · " + chosen.category),
    h("h2", {}, t("一、总体情况", "1. Overall")), overall(data, chosen),
    h("h2", {}, by === "unit" ? t("二、各责任单位", "2. Units") : t("二、各类别", "2. Categories")),
    current.groups.length ? groups(data, by, rank, go, chosen) : notice("", t("本时段没有可分列的数据。", "Nothing to tell apart in this period.")),
    h("div", { class: "notes" },
      h("p", {}, t("位次只按及时和化解排列；收到的数量不作排名，信访量少不是成绩。", "Places go by timeliness and settlement only. How many came is not ranked: few petitions are no merit.")),
      h("p", {}, t("每个比率旁是它的两个数；分母不足三十的，另附百分之九十五的区间。", "Beside each ratio stand its two counts; where the second is under 30, the 95 % interval too.")),
      h("p", {}, t("超期为时段终了时的数；一次性化解在九十日后才确定。", "Overdue is as at the end of the period; settled at the first answer is final only after 90 days.")),
      h("p", {}, t("带下划线的数可以打开对应的案件；链接到现在的案件，数量可能与时段终了时不同；收到的按编号中的日期列出，历史导入的按导入之日。", "What is underlined opens its cases: those of now, which may be others than at the end of the period. What was received is listed by the day in the number, imported cases by that of the import."))),
    h("p", { class: "sign print-only" }, timeText(now(), session.utc_offset).slice(0, 10)));
  return null;
}

