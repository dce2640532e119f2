// An oracle of working days: npm chinese-days, which we did not write.
//
//   echo '{"n":10,"days":["2019-09-30"]}' | node workdays.mjs
//   -> {"last":["2019-10-18"]}
//
// For each day, the n-th working day after it (the day itself is day 0).
import { readFileSync } from "node:fs";
import chineseDays from "chinese-days";

function nth(day, n) {
  const at = new Date(day + "T00:00:00Z");
  while (n > 0) {
    at.setUTCDate(at.getUTCDate() + 1);
    if (chineseDays.isWorkday(at.toISOString().slice(0, 10))) n--;
  }
  return at.toISOString().slice(0, 10);
}

const { n, days } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({ last: days.map((day) => nth(day, n)) }));
