#!/usr/bin/env node
// make-calendar.mjs - write policy/calendar-cn.json from the npm package
// "chinese-days", which keeps the State Council's yearly holiday notices as
// data.
//
//   npm install --no-save chinese-days     (in any folder)
//   NODE_PATH=<that folder>/node_modules \
//     node script/make-calendar.mjs [LAST-YEAR] > policy/calendar-cn.json
//
// The dates are facts of the notices; nobody at the office has compared them
// with the notices yet, so every year is written with "verified": false.
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

const FIRST = 2004;
const LAST = Number(process.argv[2] ?? 2026);

const from = (process.env.NODE_PATH || "").split(path.delimiter)[0];
const require = createRequire(
  from ? path.join(path.resolve(from), "x.js") : import.meta.url,
);
const { getDayDetail, isHoliday, isWorkday } = require("chinese-days");

const dayOf = (text) => Date.parse(`${text}T00:00:00Z`) / 86400000;
const textOf = (day) => new Date(day * 86400000).toISOString().slice(0, 10);
const isWeekend = (day) => [0, 6].includes(new Date(day * 86400000).getUTCDay());

// [day, day, ..] in order -> ["2026-01-01..2026-01-03", "2026-04-05", ..]
function stretches(days) {
  const out = [];
  for (let i = 0, j; i < days.length; i = j) {
    for (j = i + 1; j < days.length && days[j] === days[j - 1] + 1; j++);
    const [a, b] = [textOf(days[i]), textOf(days[j - 1])];
    out.push(a === b ? a : `${a}..${b}`);
  }
  return out;
}

// A weekend day that works is a make-up workday.  A day of rest with a
// festival's name is a holiday, weekend days among them too, so that the file
// reads like the notice.
function yearOf(year) {
  const holidays = [];
  const workdays = [];
  const last = dayOf(`${year}-12-31`);
  for (let day = dayOf(`${year}-01-01`); day <= last; day++) {
    const text = textOf(day);
    if (isWeekend(day) && isWorkday(text)) workdays.push(day);
    else if (namedHoliday(text)) holidays.push(day);
  }
  return {
    source: `国务院办公厅关于${year}年部分节假日安排的通知`,
    verified: false,
    holidays: stretches(holidays),
    workdays: stretches(workdays),
  };
}

// A plain weekend day is named after its weekday, a holiday "English,中文,n".
function namedHoliday(text) {
  return isHoliday(text) && getDayDetail(text).name.includes(",");
}

const years = {};
for (let year = FIRST; year <= LAST; year++) {
  years[year] = yearOf(year);
  if (years[year].holidays.length === 0) {
    console.error(`chinese-days does not know ${year}: install a newer one, ` +
      "or add the year by hand from the notice");
    process.exit(1);
  }
}

const calendar = {
  format: "docket-calendar/1",
  id: "cn",
  name: { "zh-CN": "全国法定节假日与调休", en: "Public holidays of China" },
  zone: "+08:00",
  rest: ["saturday", "sunday"],
  years,
};
// Lists of days on one line each: a year is read at a glance.
const text = JSON.stringify(calendar, null, 2).replace(
  /\[\s+([^[\]{}]*?)\s+\]/g,
  (_, inner) => `[${inner.replace(/\s*\n\s*/g, " ")}]`,
);
process.stdout.write(`${text}\n`);
