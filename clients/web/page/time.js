// Days as the office counts them. Pure.

const DAY = 86400000;

// The number of the civil day in which an instant lies, in the office.
export const dayOf = (at, offset) => Math.floor((at + offset * 60000) / DAY);

// A limit is due at the first instant that is too late: its last day is the one
// of the millisecond before.
export const lastDay = (dueAt, offset) => dayOf(Date.parse(dueAt) - 1, offset);

// Whole days from today to the last day: 0 is today, below it is too late.
export const daysLeft = (dueAt, now, offset) => lastDay(dueAt, offset) - dayOf(now, offset);

export const dateText = (day) => new Date(day * DAY).toISOString().slice(0, 10);
export const dayOfText = (text) => Math.round(Date.parse(text + "T00:00:00Z") / DAY);

// "2026-05-06 09:00", in the office.
export function timeText(at, offset) {
  const millis = typeof at === "number" ? at : Date.parse(at);
  return new Date(millis + offset * 60000).toISOString().slice(0, 16).replace("T", " ");
}

// The instant at which a civil day of the office begins, as RFC 3339.
export function dayBegins(day, offset) {
  const sign = offset < 0 ? "-" : "+";
  const minutes = Math.abs(offset);
  const two = (n) => String(n).padStart(2, "0");
  return `${dateText(day)}T00:00:00${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const lastOfMonth = (year, month) => new Date(Date.UTC(year, month, 0)).getUTCDate();
const two = (n) => String(n).padStart(2, "0");

// "2026-05", "2026Q2", "2026" and "2026-05-01..2026-05-20" as {from, to}; null if
// it is none of these.
export function period(text) {
  let found = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text);
  if (found)
    return { from: `${text}-01`, to: `${text}-${two(lastOfMonth(+found[1], +found[2]))}` };
  found = /^(\d{4})Q([1-4])$/.exec(text);
  if (found) {
    const end = found[2] * 3;
    return { from: `${found[1]}-${two(end - 2)}-01`,
      to: `${found[1]}-${two(end)}-${two(lastOfMonth(+found[1], end))}` };
  }
  if (/^\d{4}$/.test(text)) return { from: `${text}-01-01`, to: `${text}-12-31` };
  found = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(text);
  if (!found || [1, 2].some((n) => {
    const day = dayOfText(found[n]);
    return !Number.isFinite(day) || dateText(day) !== found[n];
  }) || found[1] > found[2]) return null;
  return { from: found[1], to: found[2] };
}
