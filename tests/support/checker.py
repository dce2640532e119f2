"""The history checker: what clients were told against what the broker keeps.

Submitters write down each invocation and what came of it (ok, refused,
unknown).  At the end the whole event stream, the cases, alerts and tasks are
read and compared.  Reported like a total queue: attempted, acknowledged, LOST
(acknowledged but not stored), UNEXPECTED (stored but never attempted),
duplicated, reordered, recovered (unknown to the client but stored).

The rules are written from proto/PROTOCOL.md alone.  it901_checker.py shows
that a seeded loss, duplicate and reorder of each kind are caught.
"""

import collections
import datetime
import threading
import time

import dkproto


def instant(text):
    """Milliseconds since 1970 of an RFC 3339 time."""
    when = datetime.datetime.fromisoformat(text)
    return round(when.timestamp() * 1000)


class History:
    """What submitters did, in the order they did it.  Thread-safe."""

    def __init__(self):
        self.lock = threading.Lock()
        self.ops = []

    def invoke(self, client, kind, body):
        op = {"client": client, "kind": kind, "id": body.get(
            "submission_id") or body.get("command_id"), "body": body,
            "invoked": time.monotonic(), "ended": None,
            "outcome": "unknown", "answer": None}
        with self.lock:
            self.ops.append(op)
        return op

    @staticmethod
    def ended(op, outcome, answer):
        op["answer"] = answer
        op["outcome"] = outcome
        op["ended"] = time.monotonic()

    def run(self, client, peer, kind, body, deadline=60.0, each=1.0):
        """Do it, repeating over restarts, and write it down."""
        op = self.invoke(client, kind, body)
        try:
            answer = peer.insist(kind, body, deadline, each)
        except dkproto.Timeout:
            return op
        except dkproto.Problem as problem:
            self.ended(op, "refused", problem.body)
            return op
        self.ended(op, "ok", answer)
        return op

    def submit(self, client, peer, body, **more):
        return self.run(client, peer, "case.submit", body, **more)

    def count(self, outcome):
        with self.lock:
            return sum(op["outcome"] == outcome for op in self.ops)


class Report:
    def __init__(self):
        self.attempted = self.acked = self.recovered = self.stored = 0
        self.events = self.alerts = 0
        self.lost, self.unexpected, self.duplicated = [], [], []
        self.reordered, self.mismatched, self.broken = [], [], []

    @property
    def faults(self):
        return (["lost: " + x for x in self.lost] +
                ["unexpected: " + x for x in self.unexpected] +
                ["duplicated: " + x for x in self.duplicated] +
                ["reordered: " + x for x in self.reordered] +
                ["mismatched: " + x for x in self.mismatched] +
                ["broken: " + x for x in self.broken])[:40]

    def summary(self):
        return ("attempted %d acknowledged %d stored %d recovered %d lost %d "
                "unexpected %d duplicated %d reordered %d mismatched %d "
                "broken %d events %d alerts %d" % (
                    self.attempted, self.acked, self.stored, self.recovered,
                    len(self.lost), len(self.unexpected),
                    len(self.duplicated), len(self.reordered),
                    len(self.mismatched), len(self.broken), self.events,
                    self.alerts))


def check_stream(events, report):
    """The stream itself: no gap, no repeat, each case numbered and chained."""
    report.events = len(events)
    count, head = collections.Counter(), {}
    for place, event in enumerate(events, 1):
        case = event["case_no"]
        if int(event["seq"]) != place:
            report.broken.append("sequence %s at place %d" % (event["seq"],
                                                              place))
        count[case] += 1
        if event["n"] != count[case]:
            report.broken.append("event %d of %s is numbered %d" % (
                count[case], case, event["n"]))
        if event["n"] > 1 and event.get("prev", head.get(case)) != \
                head.get(case):
            report.broken.append("the chain of %s breaks at %d" % (
                case, event["n"]))
        if (event["n"] == 1) != (event["type"] == "submitted"):
            report.broken.append("%s: %s is its event %d" % (
                case, event["type"], event["n"]))
        head[case] = event["hash"]


def check_history(history, events, report):
    """Acknowledged is stored, stored was attempted, once and in order."""
    submits = [op for op in history.ops if op["kind"] == "case.submit"]
    report.attempted = len(submits)
    where, seq = {}, {}
    for event in events:
        if event["type"] != "submitted":
            continue
        known = event["body"]["submission_id"]
        if known in where:
            report.duplicated.append("submission %s is %s and %s" % (
                known, where[known], event["case_no"]))
        where[known] = event["case_no"]
        seq[known] = int(event["seq"])
    report.stored = len(where)
    attempted = {op["id"]: op for op in submits}
    for known, case in where.items():
        if known not in attempted:
            report.unexpected.append("%s (submission %s)" % (case, known))
        elif attempted[known]["outcome"] == "refused":
            report.unexpected.append("%s was refused but is stored" % case)
        elif attempted[known]["outcome"] == "unknown":
            report.recovered += 1
    numbers = {}
    for op in submits:
        if op["outcome"] != "ok":
            continue
        report.acked += 1
        told = op["answer"]["case_no"]
        if op["id"] not in where:
            report.lost.append("%s (submission %s)" % (told, op["id"]))
        elif where[op["id"]] != told:
            report.mismatched.append("told %s, stored as %s" % (
                told, where[op["id"]]))
        if numbers.setdefault(told, op["id"]) != op["id"]:
            report.duplicated.append("number %s was given twice" % told)
    _check_order(submits, seq, report)


def once(history):
    """The history as if each submission had been made once: begun with its
    first copy, acknowledged with the first that was.
    """
    whole, rank = History(), {"ok": 2, "unknown": 1, "refused": 0}
    found = {}
    for op in history.ops:
        if op["kind"] != "case.submit":
            whole.ops.append(op)
            continue
        best = found.get(op["id"])
        if best is None:
            best = found[op["id"]] = dict(op)
            whole.ops.append(best)
            continue
        sooner = op["outcome"] == best["outcome"] == "ok" and \
            op["ended"] < best["ended"]
        if sooner or rank[op["outcome"]] > rank[best["outcome"]]:
            best.update(op, invoked=min(op["invoked"], best["invoked"]))
        best["invoked"] = min(op["invoked"], best["invoked"])
    return whole


def check_repeats(history, events, report):
    """Every copy of a submission was told the same; a copy that says
    something else was refused as a conflict, and no other was.
    """
    stored = {e["body"]["submission_id"]: e for e in events
              if e["type"] == "submitted"}
    told = {}
    for op in history.ops:
        if op["kind"] != "case.submit" or op["outcome"] == "unknown":
            continue
        case = stored.get(op["id"])
        if case is None:
            continue  # lost, or refused everywhere: check_history says so
        same = case["body"]["subject"] == op["body"]["subject"]
        if op["outcome"] == "refused":
            if same or not op["answer"]["type"].endswith("conflict"):
                report.broken.append("%s: a copy was refused: %s" % (
                    case["case_no"], op["answer"].get("detail")))
            continue
        if not same:
            report.mismatched.append("%s: acknowledged as %r, stored as %r" % (
                case["case_no"], op["body"]["subject"],
                case["body"]["subject"]))
        first = told.setdefault(op["id"], op["answer"])
        if first["case_no"] != op["answer"]["case_no"]:
            report.duplicated.append("submission %s was told %s and %s" % (
                op["id"], first["case_no"], op["answer"]["case_no"]))
        elif first != op["answer"]:
            report.mismatched.append("%s: told %s and %s" % (
                first["case_no"], first, op["answer"]))


def _check_order(submits, seq, report):
    """What was acknowledged before another was begun comes before it."""
    acked = [op for op in submits if op["outcome"] == "ok" and
             op["id"] in seq]
    begins = sorted(acked, key=lambda op: op["invoked"])
    ends = sorted(acked, key=lambda op: op["ended"])
    newest, i = None, 0
    for op in begins:
        while i < len(ends) and ends[i]["ended"] < op["invoked"]:
            if newest is None or seq[ends[i]["id"]] > seq[newest["id"]]:
                newest = ends[i]
            i += 1
        if newest is not None and seq[newest["id"]] > seq[op["id"]]:
            report.reordered.append("%s was acknowledged before %s began" % (
                newest["answer"]["case_no"], op["answer"]["case_no"]))


def check_actions(history, events, report):
    """Acknowledged acts are stored, each under the number it was told."""
    place = {(e["case_no"], e["n"]): e for e in events}
    used = collections.Counter()
    for op in history.ops:
        if op["kind"] != "case.act" or op["outcome"] != "ok":
            continue
        key = (op["answer"]["case_no"], op["answer"]["n"])
        used[key] += 1
        event = place.get(key)
        if event is None:
            report.lost.append("act %s of %s" % (op["body"]["action"], key))
        elif event["actor"] != op["body"]["actor"]:
            report.mismatched.append("act %s of %s is by %s" % (
                op["body"]["action"], key, event["actor"]))
    for key, times in used.items():
        if times > 1:
            report.duplicated.append("acts under one number: %s" % (key,))


class Clock:
    """A time limit as the events tell it."""

    def __init__(self, event):
        body = event["body"]
        self.no, self.basis = body["clock_no"], body["basis"]
        self.state, self.fired = "running", set()
        self.told = None  # when it was repeated last
        self.set(body)

    def set(self, body):
        self.due = body["due_at"]
        self.on_due = body["on_due"]
        self.stops = set(body["stops_on"])
        self.holds = set(body.get("holds_on") or ())
        self.rungs = {r["id"]: instant(r["at"]) for r in body["rungs"]}
        self.rungs[self.on_due] = instant(self.due)
        self.repeat_at = body.get("repeat_at")
        self.repeat_days = body.get("repeat_days", 0)

    def repeat(self, at, now):
        """Why it could not be told again, for the instant `at` at `now` (ms);
        "": it could.  Told late once and in time the next day it is less than
        a day: what counts is for when."""
        if self.repeat_at is None:
            return "is none of the clock"
        if at < instant(self.repeat_at) or now < at:
            return "fired early"
        if self.told is not None and at - self.told < 86400000 * (
                self.repeat_days):
            return "fired %d ms after the one before" % (at - self.told)
        self.told = at
        return ""


def replay_clocks(events, case, report):
    """Follow one case's clocks; complain about what may not be."""
    clocks, seen, latest = {}, set(), {}
    for event in events:
        kind, body, n = event["type"], event["body"], event["n"]
        if kind == "clock_set":
            name = body["clock"]
            old = clocks.get(name)
            mark = (name, body["basis"], body["due_at"],
                    tuple(sorted((r["id"], r["at"]) for r in body["rungs"])))
            if mark in seen and old and old.state != "held" and \
                    old.basis == body["basis"]:
                report.duplicated.append("%s: clock %s set twice alike" % (
                    case, name))
            seen.add(mark)
            if old and old.basis == body["basis"]:
                if body["clock_no"] != old.no:
                    report.broken.append("%s: %s moved but renumbered" % (
                        case, name))
                old.set(body)
                if old.state == "held":
                    old.state = "running"
            else:
                clocks[name] = old = Clock(event)
            if any(latest.get(s, 0) > body["basis"] for s in old.stops):
                old.state = "stopped"
        elif kind == "clock_fired":
            _fire(clocks.get(body["clock"]), event, case, report)
        elif kind not in ("alert_raised", "alert_acked"):
            latest[kind] = n
            for clock in clocks.values():
                if clock.state in ("running", "held") and \
                        kind in clock.stops and n > clock.basis:
                    clock.state = "stopped"
                elif clock.state == "running" and kind in clock.holds:
                    clock.state = "held"
    return clocks


def _fire(clock, event, case, report):
    body = event["body"]
    name = "%s: rung %s of %s" % (case, body["rung"], body["clock"])
    if clock is None or body["clock_no"] != clock.no:
        report.broken.append(name + " fired without its clock")
        return
    if clock.state != "running":
        report.broken.append(name + " fired while " + clock.state)
    if body["rung"] == "repeat":
        why = clock.repeat(instant(body["at"]), instant(event["at"]))
        if why:
            report.broken.append(name + " " + why)
        return
    for rung in [body["rung"]] + list(body.get("skipped") or ()):
        if rung not in clock.rungs:
            report.broken.append(name + " is none of the clock")
        elif rung in clock.fired:
            report.duplicated.append(name + " fired twice")
        clock.fired.add(rung)
    if body["rung"] in clock.rungs:
        if instant(event["at"]) < clock.rungs[body["rung"]]:
            report.broken.append(name + " fired early")
        if body["rung"] == clock.on_due and clock.on_due in ("close",
                                                             "lapse"):
            clock.state = "lapsed"


ENDS = {"closed", "withdrawn", "not_accepted", "sent_to_discipline",
        "re_reviewed"}


# The event that starts a clock of the shipped policy.
STARTS = {"transfer": {"submitted"}, "notice": {"transferred", "handed_over"},
          "object": {"transferred", "handed_over"}}


def check_clocks(by_case, now, report, expected=()):
    """Each clock fired what it owed until `now` (ms), once; each of
    `expected` was set wherever the event that starts it happened.
    """
    for case, events in by_case.items():
        clocks = replay_clocks(events, case, report)
        types = {e["type"] for e in events}
        for name in expected:
            if name not in clocks and types & STARTS.get(name, types):
                report.lost.append("%s: clock %s" % (case, name))
        for name, clock in clocks.items():
            if clock.state != "running" or types & ENDS:
                continue
            for rung, at in clock.rungs.items():
                if at <= now and rung not in clock.fired:
                    report.lost.append("%s: rung %s of %s, due %d ms ago" % (
                        case, rung, name, now - at))


def check_alerts(by_case, alerts, report, must=("overdue",)):
    """One alert for each rung that tells somebody; the list says the same."""
    raised = {}
    for case, events in by_case.items():
        fired = {}
        for event in events:
            body = event["body"]
            # Each repetition is told for itself, however late.
            key = (body.get("clock"), body.get("clock_no"), body.get("rung"),
                   body.get("times"))
            if event["type"] == "clock_fired":
                fired[key] = 0
            elif event["type"] == "alert_raised":
                raised["%s.%d" % (case, event["n"])] = event
                if key not in fired:
                    report.broken.append("%s: alert %s without its rung" % (
                        case, key))
                    continue
                fired[key] += 1
                if fired[key] > 1:
                    report.duplicated.append("%s: alert %s" % (
                        case, key[:3 if key[3] is None else 4]))
        for key, times in fired.items():
            if times == 0 and key[2] in must:
                report.lost.append("%s: alert %s" % (case, key))
    report.alerts = len(raised)
    if alerts is None:
        return
    listed = collections.Counter(a["alert_id"] for a in alerts)
    for known, times in listed.items():
        if times > 1:
            report.duplicated.append("alert %s is listed twice" % known)
        if known not in raised:
            report.unexpected.append("alert %s" % known)
    for known in raised.keys() - listed.keys():
        report.lost.append("alert %s is not listed" % known)


def check_assigned(by_case, report):
    """One registration, one assignment, one transfer; none done twice."""
    for case, events in by_case.items():
        count = collections.Counter(e["type"] for e in events)
        if count["objection_upheld"] or count["reopened"]:
            continue
        ended = count["withdrawn"] + count["sent_to_discipline"]
        for kind in ("registered", "assigned"):
            if count[kind] > 1:
                report.duplicated.append("%s: %s %d times" % (
                    case, kind, count[kind]))
            if not count[kind] and not ended:
                report.lost.append("%s: not %s" % (case, kind))
        sent = count["transferred"] + count["handed_over"]
        if sent > 1:
            report.duplicated.append("%s: sent on %d times" % (case, sent))
        if not sent and not ended:
            report.lost.append("%s: never sent on" % case)


def check_cases(by_case, cases, report):
    """The case files say what the events say."""
    files = {}
    for case in cases:
        if case["case_no"] in files:
            report.duplicated.append("case file " + case["case_no"])
        files[case["case_no"]] = case
    for number in files.keys() - by_case.keys():
        report.unexpected.append("case file without events: " + number)
    for number, events in by_case.items():
        case = files.get(number)
        if case is None:
            report.lost.append("case file " + number)
            continue
        unit = [e["body"]["unit"] for e in events
                if e["type"] == "assigned"]
        if unit and case["unit"] != unit[-1]:
            report.mismatched.append("%s is with %s, not %s" % (
                number, case["unit"], unit[-1]))
        if case["subject"] != events[0]["body"]["subject"]:
            report.mismatched.append("%s: another subject" % number)


def group(events):
    by_case = collections.OrderedDict()
    for event in events:
        by_case.setdefault(event["case_no"], []).append(event)
    return by_case


def run(world, history, assigned=False, clocks=(), alerts=True,
        must=("overdue",)):
    """Read everything back from a running world and check it."""
    report = Report()
    with dkproto.Client(world.broker.clients) as client, \
            dkproto.Follower(world.broker.clients, 1, 5000) as follower:
        last = client.call("stats")["store"]["events"]
        follower.follow()
        events = follower.drain(until=last, deadline=120) if last else []
        by_case = group(events)
        check_stream(events, report)
        check_history(history, events, report)
        check_actions(history, events, report)
        check_cases(by_case, client.pages("case.list", limit=100), report)
        now = instant(client.call("clock.now")["now"])
        check_clocks(by_case, now, report, clocks)
        if assigned:
            check_assigned(by_case, report)
        if alerts:
            check_alerts(by_case, client.pages(
                "alert.list", {"open": False}, limit=500), report, must)
        left = client.call("task.list", {"limit": 5})["items"]
        if left:
            report.lost.append("tasks still open: %s" % left)
        cases, count, faults = client.verify_all()
        if faults:
            report.broken.append("verify: %s" % faults[:5])
        if (cases, count) != (len(by_case), len(events)):
            report.mismatched.append(
                "verify saw %d cases and %d events, the stream has %d and %d"
                % (cases, count, len(by_case), len(events)))
    return report
