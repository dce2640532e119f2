"""The figures of docs/FIGURES.md, recounted from the event stream.

Written from that page and PROTOCOL.md alone, apart from the broker's own
counting: what both give must be the same.

    rows = figures.recount(events, "+08:00")
    figures.total(rows, "notice_due", days=("2026-05-01", "2026-05-31"),
                  as_of="2026-06-10", unit="town-a")
"""

import collections
import datetime
import re

OFFICE = "office"
HANDLING = ("transferred", "accepted", "suspended")
OWES = ("submitted", "registered", "transferred", "objected", "accepted",
        "suspended", "in_review", "in_re_review", "review_suspended",
        "re_review_suspended")
BOOKKEEPING = ("clock_set", "clock_fired", "alert_raised", "alert_acked",
               "alert_muted", "person_read", "person_erased")
# PROTOCOL.md, "Life cycle": where an event leads; the others change nothing.
LEADS = {
    "submitted": "submitted", "registered": "registered",
    "transferred": "transferred", "handed_over": "transferred",
    "sent_to_discipline": "discipline", "objected": "objected",
    "objection_upheld": "registered", "objection_refused": "transferred",
    "accepted": "accepted", "not_accepted": "not_accepted",
    "answered": "answered", "settled": "settled",
    "review_asked": "in_review", "reviewed": "reviewed",
    "re_review_asked": "in_re_review", "re_reviewed": "ended",
    "closed": "closed", "withdrawn": "withdrawn", "reopened": "registered"}
STILL = {"accepted": "suspended", "in_review": "review_suspended",
         "in_re_review": "re_review_suspended"}
# Nothing is owed by anybody: the event that ends it so, and what a clock may
# still wait for there.
ENDS = {"ended": ("re_reviewed", {"urged", "urge_answered", "evaluated",
                                  "delivered"}),
        "closed": ("closed", {"urged", "urge_answered", "evaluated",
                              "delivered"}),
        "withdrawn": ("withdrawn", set()),
        "discipline": ("sent_to_discipline", set()),
        "not_accepted": ("not_accepted", {"notice_given", "review_asked"})}
DAY = datetime.timedelta(days=1)


def instant(text):
    """An RFC 3339 time, exact to the millisecond."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def zone(offset):
    sign, hours, minutes = re.fullmatch(r"([+-])(\d\d):(\d\d)",
                                        offset).groups()
    delta = datetime.timedelta(hours=int(hours), minutes=int(minutes))
    return datetime.timezone(-delta if sign == "-" else delta)


class Clock:
    """A clock of a case as it stands."""

    def __init__(self, body):
        self.id = body["clock"]
        self.no = body["clock_no"]
        self.basis = body["basis"]
        self.on_due = body["on_due"]
        self.due = instant(body["due_at"])
        self.stops = set(body.get("stops_on") or ())
        self.holds = set(body.get("holds_on") or ())
        self.grounds = set(body.get("holds_for") or ())
        self.late_days = body.get("late_days") or 0
        self.state = "running"
        self.stopped = None
        self.late = False
        self.fired = False  # its rung at due

    def stop(self, at, imported):
        if self.state != "held":
            self.late = self.on_due == "overdue" and (
                at >= self.due or (self.fired and not imported))
        self.state = "stopped"
        self.stopped = at


class Limit:
    """One of the two limits that are judged."""

    def __init__(self, met_by):
        self.met_by = met_by
        self.state = None  # open, paused, void, lost, met
        self.due = self.no = self.unit = None
        self.passed = self.late = False

    def owed(self):
        return self.state in ("open", "paused")

    def rows(self, name, case):
        if self.state not in ("open", "lost", "met"):
            return {}
        day = case.date(self.due - datetime.timedelta(milliseconds=1))
        rows = {(name + "_due", day, self.unit, None): 1}
        if self.state == "met":
            how = "_late" if self.late else "_in_time"
            rows[(name + how, day, self.unit, None)] = 1
        return rows


class Case:
    """One case, event by event; what it counts goes into `rows`."""

    def __init__(self, rows, tz):
        self.rows, self.tz = rows, tz
        self.state, self.unit, self.decided = "none", "", ""
        self.last = {}  # type: (n, effective)
        self.clocks = {}  # by id, in the order in which they were first set
        self.ground = None
        self.imported, self.recorded, self.category = False, None, None
        self.known = None
        self.received = self.channel = None
        self.repeat = False
        self.repeats = 0
        self.begin_anew()
        self.first = None  # (instant, unit)
        self.came_back = 0
        self.lost = False
        self.overdue = {}  # clock id: (number, first late day, unit)
        self.numbers = {}  # clock id: its number before the event

    def begin_anew(self):
        self.notice = Limit({"notice_given", "answered", "settled"})
        self.conclude = Limit({"answered", "settled"})
        self.evaluation = None

    # -- what a case is

    def date(self, at):
        return at.astimezone(self.tz).date()

    def n(self, *types):
        return max(self.last.get(t, (0,))[0] for t in types)

    def holder(self):
        has = self.n("transferred", "handed_over") > \
            self.n("objection_upheld", "reopened")
        return self.unit if has and self.state != "objected" and self.unit \
            else OFFICE

    def effective(self, event):
        at, claimed = instant(event["at"]), event.get("claimed_at")
        if event["type"] == "submitted":
            return instant(event["body"]["submitted_at"])
        if claimed and self.imported and instant(claimed) <= self.recorded:
            return instant(claimed)
        return at

    def add(self, measure, day, unit, tag=None, n=1):
        self.rows[(measure, day, unit or OFFICE, self.category, tag,
                   self.date(self.known))] += n

    # -- clocks (PROTOCOL.md, "Rules of the clocks")

    def waits(self, clock):
        may = ENDS[self.state][1]
        if self.state == "closed" and clock.basis > self.n("closed"):
            may = may | {"review_asked", "re_review_asked"}
        return bool(clock.stops & may)

    def can_hold(self, clock, kind, at):
        if kind not in clock.holds:
            return False
        if kind == "suspended":
            if clock.grounds and self.ground not in clock.grounds:
                return False
            return clock.fired or at < clock.due
        return not clock.fired and at < clock.due

    def stands_still(self, clock):
        kind = "objected" if self.state == "objected" else "suspended"
        if kind == "suspended" and not self.state.endswith("suspended"):
            return False
        return self.n(kind) > clock.basis and \
            self.can_hold(clock, kind, self.last[kind][1])

    def set_clock(self, body):
        clock, old = Clock(body), self.clocks.get(body["clock"])
        stopped = None
        if old is not None and old.no == clock.no:
            clock.fired = old.fired
            clock.late = old.late and clock.on_due == "overdue"
            stopped = old.stopped if old.state == "stopped" else None
        if stopped is None:
            stops = set(clock.stops)
            if self.state in ENDS and not self.waits(clock):
                stops.add(ENDS[self.state][0])
            found = [self.last[t] for t in stops
                     if self.n(t) > clock.basis]
            stopped = min(found)[1] if found else None
        if stopped is not None:
            clock.stop(stopped, self.imported)
        elif self.stands_still(clock):
            clock.state = "held"
        self.clocks[clock.id] = clock

    def fire_clock(self, body):
        clock = self.clocks[body["clock"]]
        if clock.on_due not in [body["rung"]] + body["skipped"]:
            return
        clock.fired = True
        if clock.on_due != "overdue":
            if body["rung"] == clock.on_due:
                clock.state, clock.stopped = "lapsed", clock.due
        else:
            clock.late = True
            if clock.state == "running" and self.stands_still(clock):
                clock.state = "held"

    def touch(self, kind, at, extended):
        for clock in self.clocks.values():
            if clock.state in ("running", "held") and kind in clock.stops:
                clock.stop(at, self.imported)
            elif clock.state == "lapsed" and kind in clock.stops and \
                    at < clock.due:
                clock.stop(at, self.imported)
            elif clock.state == "running" and \
                    (kind != "extended" or clock.id == extended) and \
                    self.can_hold(clock, kind, at):
                clock.state = "held"
            if clock.state in ("running", "held") and self.state in ENDS and \
                    kind == ENDS[self.state][0] and not self.waits(clock):
                clock.stop(at, self.imported)

    # -- an event

    def live(self, event):
        """The case itself; what it counts comes after."""
        kind, body, n = event["type"], event["body"], event["n"]
        at = self.effective(event)
        if kind == "suspended":
            self.ground = body.get("ground") or "hearing"
            self.state = STILL[self.state]
        elif kind == "resumed":
            self.state = {v: k for k, v in STILL.items()}[self.state]
        else:
            self.state = LEADS.get(kind, self.state)
        if kind in ("assigned", "transferred", "handed_over"):
            self.unit = body["unit"]
        if kind in ("answered", "settled", "not_accepted", "reviewed",
                    "re_reviewed"):
            self.decided = (body.get("unit") if kind == "answered"
                            else None) or self.unit
        if kind == "clock_set":
            self.set_clock(body)
        if kind == "clock_fired" and body["rung"] != "repeat":
            self.fire_clock(body)
        self.last[kind] = (n, at)
        self.touch(kind, at, body.get("clock"))

    def begin(self, event):
        body = event["body"]
        self.imported = body["imported"]
        self.recorded = instant(event["at"])
        self.category = body.get("category")
        self.channel = body["channel"]
        self.received = instant(body["submitted_at"])

    def event(self, event):
        kind = event["type"]
        if kind == "submitted":
            self.begin(event)
        at = instant(event["at"])
        self.known = at if self.known is None else max(self.known, at)
        before = (self.state, self.holder(), self.unit, self.decided,
                  self.standing(), dict(self.last))
        self.live(event)
        if kind == "reopened":
            self.reopen(self.last[kind][1])
            before = before[:4] + (self.standing(),) + before[5:]
        self.judge(self.notice, kind, self.limit("notice_given", None))
        self.judge(self.conclude, kind,
                   self.limit("answered", "notice_given"))
        self.remember(event)
        self.plain(event, *before[:4], before[5])
        after = self.standing()
        for row in sorted(set(before[4]) | set(after), key=str):
            n = after.get(row, 0) - before[4].get(row, 0)
            if n:
                self.add(row[0], row[1], row[2], row[3], n)
        self.follow_overdue(event)

    # -- limits that are judged

    def limit(self, stops, never):
        for clock in self.clocks.values():
            if clock.on_due == "overdue" and stops in clock.stops and \
                    never not in clock.stops and \
                    clock.basis > self.n("reopened"):
                return clock
        return None

    def reopen(self, at):
        """What was counted stays, but for a limit that had not passed yet."""
        for name, limit in (("notice", self.notice),
                            ("conclude", self.conclude)):
            if limit.state == "open" and not limit.passed and at < limit.due:
                for row, n in limit.rows(name, self).items():
                    self.add(row[0], row[1], row[2], row[3], -n)
        self.begin_anew()

    def judge(self, limit, kind, clock):
        at = self.last[kind][1]
        new = limit.state is None
        if clock is None or not (new or limit.owed()):
            return
        if limit.state == "open" and at >= limit.due and \
                kind not in BOOKKEEPING:
            limit.passed = True
        if not new and kind in limit.met_by:
            limit.late = limit.state == "open" and at >= limit.due
            limit.state = "met"
        elif clock.state in ("running", "held"):
            if new:
                limit.no = clock.no
            if limit.no == clock.no and limit.due != clock.due:
                limit.due = clock.due
                limit.passed = limit.passed and at >= limit.due
            limit.state = "paused" if clock.state == "held" and \
                not clock.late else "open"
        elif new:
            limit.no, limit.due = clock.no, clock.due
            late = clock.stopped >= clock.due
            if any(t in clock.stops and self.n(t) > clock.basis and
                   self.last[t][1] == clock.stopped for t in limit.met_by):
                limit.state, limit.late = "met", late
            elif self.state in OWES:
                limit.state = "open"
            else:
                limit.state = "lost" if late else "void"
        elif self.state not in OWES:
            limit.state = "lost" if limit.state == "open" and \
                at >= limit.due else "void"
        if new or (limit.owed() and not limit.passed):
            limit.unit = self.holder()

    # -- first time, evaluation, repeats

    def remember(self, event):
        kind, body = event["type"], event["body"]
        at = self.last[kind][1]
        if kind in ("answered", "settled") and self.first is None:
            self.first = (at, self.holder())
        if kind in ("review_asked", "reopened"):
            self.lost = True
        if kind == "evaluated":
            unit = self.holder()
            if unit != OFFICE:
                unit = self.decided or unit
            self.evaluation = (self.date(at), unit, body["handling"] >= 4,
                               body["result"] >= 4)
        if kind == "repeated" and self.first is not None:
            came = instant(event.get("claimed_at") or event["at"])
            if self.first[0] <= came <= self.first[0] + 90 * DAY:
                self.came_back = max(
                    0, self.came_back + (-1 if body.get("undone") else 1))
        if kind == "submitted":
            self.repeat = body.get("repeat") is not None
        if body.get("relation") == "repeat":
            self.repeat = kind == "linked"

    def standing(self):
        """The rows that may be taken back later."""
        rows = {}
        rows.update(self.notice.rows("notice", self))
        rows.update(self.conclude.rows("conclude", self))
        if self.repeat:
            rows[("received_repeat", self.date(self.received), OFFICE,
                  self.channel)] = 1
        if self.first is not None and not self.repeat:
            key = (self.date(self.first[0]), self.first[1], None)
            rows[("first_concluded",) + key] = 1
            if not self.lost and self.came_back == 0:
                rows[("settled_first",) + key] = 1
        if self.evaluation is not None:
            day, unit, handling, result = self.evaluation
            rows[("evaluated", day, unit, None)] = 1
            if handling:
                rows[("satisfied_handling", day, unit, None)] = 1
            if result:
                rows[("satisfied_result", day, unit, None)] = 1
        return rows

    # -- plain counts

    def plain(self, event, state, holder, unit, decided, last):
        kind, body = event["type"], event["body"]
        day = self.date(self.last[kind][1])

        def before(*types):
            return max(last.get(t, (0,))[0] for t in types)

        if kind == "submitted":
            self.add("received", day, OFFICE, self.channel)
        if kind in ("sent_to_discipline", "accepted", "not_accepted",
                    "extended", "answered", "withdrawn", "reopened"):
            self.add(kind, day, holder)
        if kind == "settled":
            self.add(kind, day, holder, body["manner"])
        if kind == "urged":
            self.add(kind, day, holder, body.get("ground"))
        if kind in ("review_asked", "re_review_asked", "reviewed",
                    "re_reviewed"):
            stage = "re_review" if kind.startswith("re_") else "review"
            what = "review_asked" if kind.endswith("asked") else "reviewed"
            self.add(what, day, decided, stage)
            if body.get("result") in ("changed", "revoked"):
                self.add("changed", day, decided, stage)
        if kind == "notice_given" and state == "not_accepted" and \
                before("notice_given") < self.n("not_accepted"):
            self.add("refused_with_notice", day, holder)
        if kind == "closed" and \
                before("answered", "settled") <= before("reopened"):
            self.add("closed_unanswered", day, holder)
        if kind == "repeated":
            self.add("repeated", day, holder, None,
                     -1 if body.get("undone") else 1)
        sent = kind in ("transferred", "handed_over")
        if sent and before("transferred", "handed_over") <= before("reopened"):
            self.add("transferred_in", day, self.unit)
            sent = None
        moved = kind in ("transferred", "handed_over", "assigned") and \
            state in HANDLING and unit != self.unit
        if sent or (moved and sent is not None):
            self.add("retransferred", day, self.unit)
        if moved or kind == "objection_upheld":
            self.add("passed_on", day, unit)

    # -- overdue

    def late_limits(self):
        """{clock: (number, first late day, unit)} of what runs now."""
        notice, found = self.limit("notice_given", None), {}
        for clock in self.clocks.values():
            if clock is notice:
                if self.notice.state == "open":
                    found[clock.id] = (clock.no, self.date(self.notice.due),
                                       self.holder())
            elif clock.on_due == "overdue" and clock.state == "running":
                found[clock.id] = (clock.no, self.date(
                    clock.due + clock.late_days * DAY), self.holder())
        return found

    def follow_overdue(self, event):
        kind = event["type"]
        day = self.date(self.last[kind][1])
        now = self.late_limits()
        notice = self.limit("notice_given", None)
        for name, clock in self.clocks.items():
            old, new = self.overdue.get(name), now.get(name)
            if old and new and old[1:] == new[1:]:
                continue
            if old and day < old[1]:
                self.add("overdue_start", old[1], old[2], old[1], -1)
            elif old:
                self.add("overdue_end", day, old[2], old[1])
            had = old is not None or self.numbers.get(name) == clock.no
            if new:
                start = new[1]
                if had and not (self.imported and kind in BOOKKEEPING):
                    start = max(start, day)
                self.add("overdue_start", start, new[2], new[1])
            elif not had:
                self.past(clock, clock is notice)
        self.overdue = now
        self.numbers = {name: c.no for name, c in self.clocks.items()}

    def past(self, clock, is_notice):
        """It was set when it had been stopped late already."""
        if clock.state != "stopped" or not clock.late or \
                clock.on_due != "overdue":
            return
        late = clock.due + clock.late_days * DAY
        if is_notice:
            if self.notice.state not in ("met", "lost") or \
                    self.notice.no != clock.no:
                return
            late = self.notice.due
        late = self.date(late)
        end = max(late, self.date(clock.stopped))
        self.add("overdue_start", late, self.holder(), late)
        self.add("overdue_end", end, self.holder(), late)


def recount(events, offset="+08:00"):
    """{(measure, day, unit, category, tag, known): n} of a whole stream."""
    rows, cases = collections.Counter(), {}
    tz = zone(offset)
    for event in events:
        number = event["case_no"]
        if number not in cases:
            cases[number] = Case(rows, tz)
        cases[number].event(event)
    return {row: n for row, n in rows.items() if n}


def day_of(text):
    return datetime.date.fromisoformat(text) if isinstance(text, str) else text


def total(rows, measure, days=None, as_of=None, **only):
    """A sum; `days` (first or None, last), `only` unit, category, tag."""
    first, last = (day_of(d) for d in (days or (None, None)))
    as_of = day_of(as_of)
    found = 0
    for (name, day, unit, category, tag, known), n in rows.items():
        has = {"unit": unit, "category": category, "tag": tag}
        if name == measure and (first is None or day >= first) and \
                (last is None or day <= last) and \
                (as_of is None or known <= as_of) and \
                all(has[k] == v for k, v in only.items()):
            found += n
    return found


def sums(rows, by=(), days=None, as_of=None, measures=None):
    """As tally.list answers: {(measure, tag, *by): n}, none of them 0."""
    first, last = (day_of(d) for d in (days or (None, None)))
    as_of = day_of(as_of)
    out = collections.Counter()
    for (name, day, unit, category, tag, known), n in rows.items():
        if (first is None or day >= first) and \
                (last is None or day <= last) and \
                (as_of is None or known <= as_of) and \
                (measures is None or name in measures):
            has = {"unit": unit, "category": category, "day": day}
            text = tag.isoformat() if isinstance(tag, datetime.date) else tag
            out[(name, text) + tuple(has[k] for k in by)] += n
    return {key: n for key, n in out.items() if n}
