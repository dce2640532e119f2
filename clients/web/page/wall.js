// The wall: one screen, live, readable from five metres. Nothing of a person is on it.
import { all, getCases, getClocks, getFigures, getSession, now, session } from "./api.js";
import { clockIsOwed, unit, word } from "./names.js";
import { follow } from "./stream.js";
import { h, link, replace } from "./ui.js";
import { dateText, dayBegins, dayOf, timeText } from "./time.js";
import { t } from "./words.js";

const DAYS = 30;
const offset = () => session.utc_offset;
const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// What is told on the wall, from the broker.
async function measure(today) {
  const begin = dayBegins(today, offset()), end = dayBegins(today + 1, offset());
  const until = dateText(today);
  const [received, concluded, late, due, oldest] = await Promise.all([
    all(getFigures, { from: dateText(today - DAYS + 1), to: until, measures: "received", by: "day" }),
    all(getFigures, { from: dateText(today - DAYS + 1), to: until, measures: "answered,settled", by: "day" }),
    all(getFigures, { to: until, measures: "overdue_start,overdue_end", by: "unit" }),
    all(getClocks, { overdue: "false", due_before: end.replace("00:00:00", "00:00:01") }),
    getCases({ open: true, limit: 1 }),
  ]);
  const byDay = (items) => {
    const days = Array(DAYS).fill(0);
    for (const item of items) {
      const at = DAYS - 1 - (today - Math.round(Date.parse(item.day + "T00:00:00Z") / 86400000));
      if (at >= 0 && at < DAYS) days[at] += item.n;
    }
    return days;
  };
  const units = new Map();
  for (const item of late.items)
    units.set(item.unit, (units.get(item.unit) ?? 0) + (item.measure === "overdue_start" ? item.n : -item.n));
  return { received: byDay(received.items), concluded: byDay(concluded.items),
    overdue: [...units.entries()].filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]),
    due: due.items.filter((c) => clockIsOwed(c.clock) && c.state === "running" &&
      Date.parse(c.due_at) > Date.parse(begin) && Date.parse(c.due_at) <= Date.parse(end)).length,
    oldest: oldest.items[0] ?? null };
}

function trend(seen) {
  const top = Math.max(2, ...seen.received, ...seen.concluded);
  const x = (n) => 4 + n * (592 / (DAYS - 1)), y = (n) => 150 - n / top * 140;
  const points = (values) => values.map((n, at) => `${x(at).toFixed(1)},${y(n).toFixed(1)}`).join(" ");
  return svg("svg", { viewBox: "0 0 600 160", class: "trend", role: "img", preserveAspectRatio: "none",
    "aria-label": t(`三十日走势：收到 ${seen.received.reduce((a, b) => a + b, 0)} 件，办结 ${seen.concluded.reduce((a, b) => a + b, 0)} 件`,
      `Thirty days: ${seen.received.reduce((a, b) => a + b, 0)} received, ${seen.concluded.reduce((a, b) => a + b, 0)} concluded`) },
  svg("line", { x1: 0, x2: 600, y1: 150, y2: 150, class: "axis" }),
  svg("polyline", { points: points(seen.concluded), class: "second" }), svg("polyline", { points: points(seen.received), class: "first" }));
}

const tile = (id, label, value, more, kind = "") => h("section", { class: "tile-of-wall " + kind, id, "aria-label": label },
  h("h2", {}, label), h("p", { class: "figure" }, value), more && h("p", { class: "beside" }, more));

export async function show(main, _, { current }) {
  await getSession();
  let seen = null, live = false, since = null, timer = null, running = false, again = false;
  const news = [];
  const status = h("p", { class: "live off", id: "live", role: "status" });
  const face = h("div", { class: "wall-face" });
  const ticker = h("ol", { class: "news", id: "news" });
  const clockFace = h("p", { class: "wall-clock digits" });

  const drawStatus = () => {
    status.className = live ? "live on" : "live off";
    status.textContent = live ? t("● 实时", "● live")
      : t("■ 未连接：显示的是 ", "■ NOT LIVE: this is how it was at ") + (since === null ? "–" : timeText(since, offset()).slice(11)) + t(" 的情况", "");
    face.classList.toggle("stale", !live);
    clockFace.textContent = timeText(now(), offset());
  };
  const draw = () => {
    if (!seen) return;
    const total = seen.overdue.reduce((sum, [, n]) => sum + n, 0);
    const most = Math.max(1, ...seen.overdue.map(([, n]) => n));
    const old = seen.oldest;
    replace(face,
      tile("arriving", t("今日收到", "Received today"), String(seen.received.at(-1))),
      tile("due", t("今日到期", "Due today"), String(seen.due), null, seen.due ? "amber" : ""),
      tile("late", t("超期", "Overdue"), String(total), null, total ? "warn" : "good"),
      tile("oldest", t("最久未办结", "Oldest open"), old ? t(`${dayOf(now(), offset()) - dayOf(Date.parse(old.submitted_at), offset())} 天`,
        `${dayOf(now(), offset()) - dayOf(Date.parse(old.submitted_at), offset())} d`) : "–",
      old && [link("#/case/" + old.case_no, old.case_no, "digits"), " ", unit(old.unit ?? old.owner)]),
      h("section", { class: "tile-of-wall units", id: "by-unit" }, h("h2", {}, t("各单位超期", "Overdue by unit")),
        seen.overdue.length === 0 ? h("p", { class: "beside" }, t("没有超期。", "Nothing is overdue."))
          : h("ol", {}, seen.overdue.slice(0, 8).map(([id, n]) => h("li", {}, h("span", { class: "unit-name" }, id === "office" || id === null ? word("who", "office") : unit(id)),
            svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "unit-bar", "aria-hidden": "true" },
              svg("rect", { x: 0, y: 0, width: n / most * 100, height: 10 })), h("strong", {}, String(n)))))),
      h("section", { class: "tile-of-wall", id: "trend" }, h("h2", {}, t("三十日走势", "Thirty days"), " ",
        h("span", { class: "key first" }, t("— 收到", "— received")), " ", h("span", { class: "key second" }, t("┄ 答复、化解", "┄ concluded"))), trend(seen)),
      h("section", { class: "tile-of-wall", id: "latest" }, h("h2", {}, t("最新", "Latest")), ticker));
  };
  const drawNews = () => replace(ticker, news.length === 0 ? h("li", { class: "hint" }, t("等待新的事件", "waiting for what happens"))
    : news.map((event) => h("li", { "data-seq": event.seq }, h("time", {}, timeText(event.at, offset()).slice(11)), " ",
      h("strong", {}, word("event", event.type)), " ", h("span", { class: "digits" }, event.case_no))));

  async function refresh() {
    if (running) { again = true; return; }
    running = true;
    try {
      await getSession();
      const fresh = await measure(dayOf(now(), offset()));
      if (!current()) return;
      seen = fresh;
      since = now();
      draw();
      drawStatus();
    } catch {
      // The line says that it is not live, or the next try mends it.
    } finally {
      running = false;
      if (again && current()) { again = false; soon(); }
    }
  }
  const soon = () => { timer ??= setTimeout(() => { timer = null; refresh(); }, 1500); };

  document.documentElement.dataset.wall = "";
  replace(main, h("div", { class: "head" }, h("h1", {}, t("信访办理情况", "How the office stands")), status, clockFace), face);
  drawStatus();
  drawNews();
  await refresh();
  const stop = follow({
    live(is) {
      live = is;
      if (is) refresh();
      drawStatus();
    },
    event(event) {
      since = now();
      if (event.type === "hidden" || event.case_no === null) return soon();
      // At once, before anything is counted again.
      if (event.type === "submitted" && seen) {
        seen.received[DAYS - 1]++;
        draw();
      }
      if (!["clock_set", "person_read"].includes(event.type)) {
        news.unshift(event);
        news.length = Math.min(news.length, 6);
        drawNews();
      }
      return soon();
    },
  });
  const tick = setInterval(drawStatus, 1000);
  const often = setInterval(refresh, 60000); // a day begins, a limit passes
  return () => {
    delete document.documentElement.dataset.wall;
    stop();
    clearInterval(tick);
    clearInterval(often);
    clearTimeout(timer);
  };
}

