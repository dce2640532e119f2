// Limits, drawn as days left.
import { clock, clockIsOwed, word } from "./names.js";
import { dateText, dayOf, daysLeft, lastDay } from "./time.js";
import { h } from "./ui.js";
import { t } from "./words.js";
import { now, session } from "./api.js";

const offset = () => session.utc_offset ?? 480;

export function daysText(days) {
  if (days === 0) return t("今天到期", "due today");
  if (days < 0) return t(`超期 ${-days} 天`, `${-days} ${days === -1 ? "day" : "days"} over`);
  return t(`剩 ${days} 天`, `${days} ${days === 1 ? "day" : "days"} left`);
}

// "over", "red", "yellow" or "calm": by the rungs of the limit that were reached.
export function urgency(c) {
  if (c.state !== "running") return "still";
  const left = daysLeft(c.due_at, now(), offset());
  if (left < 0) return "over";
  const fired = (c.rungs ?? []).filter((rung) => rung.fired).map((rung) => rung.id);
  if (fired.some((id) => /red/.test(id)) || left === 0) return "red";
  return fired.length ? "yellow" : "calm";
}

// The limits that the office must keep and that still run, the first due first.
export const owed = (file) => (file.clocks ?? [])
  .filter((c) => c.on_due === "overdue" && (c.state === "running" || c.state === "held"))
  .sort((a, b) => (a.state === "held") - (b.state === "held") || Date.parse(a.due_at) - Date.parse(b.due_at));

// One limit: its name, a bar of the time that is gone, and the days in words.
export function drawn(c, { name = true } = {}) {
  const start = dayOf(Date.parse(c.started_at ?? c.due_at), offset());
  const end = lastDay(c.due_at, offset());
  const today = dayOf(now(), offset());
  const left = end - today;
  const held = c.state === "held";
  const gone = Math.min(1, Math.max(0, (today - start) / Math.max(1, end - start)));
  const kind = held ? "still" : urgency(c);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 8");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "bar-of-days");
  svg.setAttribute("aria-hidden", "true");
  const rect = (x, width, of) => {
    const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of Object.entries({ x, y: 0, width, height: 8, class: of }))
      box.setAttribute(key, value);
    svg.append(box);
  };
  rect(0, 100, "whole");
  rect(0, left < 0 ? 100 : gone * 100, "gone");
  for (const rung of c.rungs ?? []) {
    const at = (dayOf(Date.parse(rung.at), offset()) - start) / Math.max(1, end - start);
    if (at > 0 && at < 1) rect(at * 100 - 0.4, 0.8, "rung");
  }
  return h("div", { class: "limit " + kind },
    name && h("span", { class: "limit-name" }, clock(c.clock)),
    h("span", { class: "limit-days" }, held ? word("clock_state", "held") : daysText(left)),
    svg,
    h("span", { class: "limit-end" }, t(`至 ${dateText(end)}`, `until ${dateText(end)}`)));
}

// The limit of a list's item, which has no rungs.
export const drawnBriefly = (dueAt) => {
  const left = daysLeft(dueAt, now(), offset());
  return h("span", { class: "days " + (left < 0 ? "over" : left <= 2 ? "red" : "calm") }, daysText(left));
};

export { clockIsOwed };
