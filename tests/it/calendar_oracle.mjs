#!/usr/bin/env node
// calendar_oracle.mjs - policy/calendar-cn.json against a stranger.
//
//   calendar_oracle.mjs CALENDAR_DUMP [CALENDAR_JSON]
//
// Three counts of the same days must agree, for every day from 2004-01-01 to
// 2026-12-31, and for 1 to 90 working days on and back from each of them, as
// far as these years go:
//   core   what core/calendar.c makes of the file (tests/support/calendar_dump)
//   file   a count in JavaScript of what the file says
//   npm    the package chinese-days, which knows the notices by itself
// The package is looked for in DK_NODE_MODULES, NODE_PATH and
// tests/node/node_modules.  Exit 77: it is not there (skipped).
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const FIRST = "2004-01-01";
const LAST = "2026-12-31";
const MOST = 90;

const here = path.dirname(fileURLToPath(import.meta.url));
const [dump, file = path.join(here, "../../policy/calendar-cn.json")] =
  process.argv.slice(2);
if (!dump) {
  console.error("calendar_oracle.mjs CALENDAR_DUMP [CALENDAR_JSON]");
  process.exit(64);
}

function loadOracle() {
  const folders = [
    process.env.DK_NODE_MODULES,
    ...(process.env.NODE_PATH || "").split(path.delimiter),
    path.join(here, "../node/node_modules"),
  ];
  for (const folder of folders) {
    if (folder && existsSync(path.join(folder, "chinese-days")))
      return createRequire(import.meta.url)(
        path.resolve(folder, "chinese-days"),
      );
  }
  console.log("skipped: the npm package chinese-days is not installed");
  process.exit(77);
}

const dayOf = (text) => Date.parse(`${text}T00:00:00Z`) / 86400000;
const FROM = dayOf(FIRST);
const TO = dayOf(LAST);
const textOf = (day) => new Date(day * 86400000).toISOString().slice(0, 10);

// What the file says, counted with no code of docket's.
function readCalendar(name) {
  const calendar = JSON.parse(readFileSync(name, "utf8"));
  const week = ["sunday", "monday", "tuesday", "wednesday", "thursday",
    "friday", "saturday"];
  const rest = new Set(calendar.rest);
  const special = new Map();
  for (const year of Object.values(calendar.years)) {
    for (const [list, works] of [[year.holidays, false], [year.workdays, true]]) {
      for (const item of list) {
        const [a, b = a] = item.split("..");
        for (let day = dayOf(a); day <= dayOf(b); day++) special.set(day, works);
      }
    }
  }
  return (day) =>
    special.get(day) ?? !rest.has(week[new Date(day * 86400000).getUTCDay()]);
}

// How far the 1st, 2nd .. 90th working day is, within FIRST .. LAST.
function distances(works, day, step) {
  const found = [];
  for (let at = day + step; at >= FROM && at <= TO; at += step)
    if (works(at) && found.push((at - day) * step) === MOST) break;
  return found;
}

const oracle = loadOracle();
// Asked a few million times: each day once.
function remembered(works) {
  const known = Array.from({ length: TO - FROM + 1 }, (_, i) => works(FROM + i));
  return (day) => known[day - FROM];
}
const byFile = remembered(readCalendar(file));
const byNpm = remembered((day) => oracle.isWorkday(textOf(day)));
let days = 0;
let sums = 0;
let wrong = 0;

function check(what, core, fromFile, fromNpm) {
  if (core === fromFile && core === fromNpm) return;
  if (++wrong <= 20)
    console.error(`${what}: core ${core}, file ${fromFile}, npm ${fromNpm}`);
}

const output = execFileSync(dump, [file, FIRST, LAST], {
  encoding: "utf8",
  maxBuffer: 1 << 28,
});
let expected = 0;
for (const line of output.trimEnd().split("\n")) {
  const [text, kind, ...rest] = line.split(" ");
  const day = dayOf(text);
  if (kind === "+" || kind === "-") {
    const step = kind === "+" ? 1 : -1;
    const npm = distances(byNpm, day, step);
    sums += rest.length;
    expected += npm.length;
    check(`${text} ${kind}`, rest.join(" "),
      distances(byFile, day, step).join(" "), npm.join(" "));
  } else {
    days++;
    check(text, kind, byFile(day) ? "1" : "0", byNpm(day) ? "1" : "0");
  }
}
// Every day, and every sum that the stranger can make of it.
const all = TO - FROM + 1;
if (days !== all || sums !== expected || sums < all * MOST * 2 * 0.98) {
  console.error(`only ${days} of ${all} days and ${sums} sums were compared`);
  wrong++;
}
console.log(`${days} days and ${sums} sums compared, ${wrong} differ`);
process.exit(wrong === 0 ? 0 : 1);
