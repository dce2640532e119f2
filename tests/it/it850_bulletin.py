"""The office's figures: what the broker keeps, what `docketctl bulletin` says,
and what a Python recount of the event stream gives (tests/support/figures.py,
written from docs/FIGURES.md) are the same, on any day in the past.

Lives by chance through real processes; random streams through the core alone;
and the real messages of DOCKET_REAL_DATA through the whole life cycle, by a
plan that is made up but fixed (DK_ROWS: how many of each file, 0: all).
"""

import csv
import datetime
import fractions
import hashlib
import io
import json
import math
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
import figures  # noqa: E402

ALL = ("assign", "deadline", "escalate")
DATA = os.environ.get("DOCKET_REAL_DATA") or os.path.join(
    dkworld.ROOT, "..", "shared", "data")
DAY = datetime.timedelta(days=1)
TZ = figures.zone("+08:00")
PERSON = {"name": "王桂英", "phone": "13800000000", "address": "云岸县石桥镇"}
ANSWER = {"text": "处理意见", "legal_basis": "《信访工作条例》第三十四条"}
RATIOS = {"accepted_in_time": ("notice_in_time", "notice_due"),
          "concluded_in_time": ("conclude_in_time", "conclude_due"),
          "settled_first": ("settled_first", "first_concluded"),
          "satisfied_handling": ("satisfied_handling", "evaluated"),
          "satisfied_result": ("satisfied_result", "evaluated"),
          "extended": ("extended", "accepted"),
          "changed": ("changed", "reviewed"),
          "repeated": ("received_repeat", "received")}
LIMITS = ("notice_due", "notice_in_time", "notice_late", "conclude_due",
          "conclude_in_time", "conclude_late")


def chance(now, days, before, days_before):
    """P(X >= now) of a binomial: exact, by fractions."""
    n, p = now + before, fractions.Fraction(days, days + days_before)
    return float(sum(math.comb(n, k) * p ** k * (1 - p) ** (n - k)
                     for k in range(now, n + 1)))


def iso(day):
    return day.isoformat() if day else None


class Recount:
    """The bulletin's numbers from the rows of a recount."""

    def __init__(self, rows, today):
        self.rows, self.today = rows, today

    def count(self, measure, first, last, as_of, **only):
        if measure in LIMITS:
            last = min(last, as_of or self.today, self.today - DAY)
        return figures.total(self.rows, measure, (first, last), as_of, **only)

    def overdue(self, last, as_of, **only):
        """(how many, median, worst days) at the end of a day."""
        last = min(last, as_of or self.today, self.today)
        left = {}
        for sign, measure in ((1, "overdue_start"), (-1, "overdue_end")):
            for (name, day, unit, category, tag, known), n in \
                    self.rows.items():
                has = {"unit": unit, "category": category}
                if name == measure and day <= last and \
                        (as_of is None or known <= as_of) and \
                        all(has[k] == v for k, v in only.items()):
                    left[tag] = left.get(tag, 0) + sign * n
        days = sorted((last - tag).days + 1
                      for tag, n in left.items() for _ in range(max(n, 0)))
        if not days:
            return 0, 0, 0
        return len(days), days[(len(days) - 1) // 2], days[-1]


class Bulletin(dkworld.TestCase):
    # -- what is compared

    def stream(self, world, client):
        follower = world.follower(credit=5000)
        follower.follow()
        return follower.drain(until=client.call("stats")["store"]["events"],
                              deadline=300)

    def check_sums(self, client, rows, days):
        """tally.list as of some days, and now, kept apart in all ways."""
        last = {"to": "2999-12-31"}
        for as_of in [None] + days:
            for by in ((), ("unit",), ("category", "day"),
                       ("unit", "category", "day")):
                body = dict(last, by=list(by))
                if as_of:
                    body["as_of"] = iso(as_of)
                got = {}
                for item in client.pages("tally.list", body, 500, 60):
                    key = (item["measure"], item["tag"]) + tuple(
                        figures.day_of(item[k]) if k == "day" else item[k]
                        for k in by)
                    self.assertNotIn(key, got)
                    got[key] = item["n"]
                want = figures.sums(rows, by, as_of=as_of)
                different = {k: (got.get(k), want.get(k))
                             for k in set(got) | set(want)
                             if got.get(k) != want.get(k)}
                self.assertEqual(different, {}, (as_of, by))

    def check_group(self, recount, group, period, as_of, only):
        first, last = (datetime.date.fromisoformat(period[k])
                       for k in ("from", "to"))
        where = (period["period"], iso(as_of), only)
        for measure, n in group["counts"].items():
            self.assertEqual(n, recount.count(measure, first, last, as_of,
                                              **only), (measure, where))
        for channel, n in group["channels"].items():
            self.assertEqual(n, recount.count("received", first, last, as_of,
                                              tag=channel, **only))
        for name, (n, of) in RATIOS.items():
            ratio = group["ratios"][name]
            self.assertEqual(ratio["n"], group["counts"][n])
            self.assertEqual(ratio["of"], group["counts"][of])
            self.assertEqual(ratio["percent"] is None, ratio["of"] == 0)
            if ratio["of"]:
                self.assertAlmostEqual(float(ratio["percent"]),
                                       100 * ratio["n"] / ratio["of"],
                                       delta=0.0501)
        got = group["overdue"]
        self.assertEqual((got["n"], got["days_median"], got["days_worst"]),
                         recount.overdue(last, as_of, **only), where)

    def check_bulletin(self, world, rows, today, period, *more, as_of=None):
        argv = ["bulletin", "--period", period] + list(more)
        if as_of:
            argv += ["--as-of", iso(as_of)]
        told = world.ctl(*argv, js=True, deadline=120)[0]
        recount = Recount(rows, today)
        self.assertEqual(told["today"], iso(today))
        for one in told["periods"]:
            self.check_group(recount, one["total"], one, as_of, {})
            keys = [g["key"] for g in one["groups"]]
            self.assertEqual(keys, sorted(keys, key=lambda k: (k or "")
                                          .encode()))
            for group in one["groups"]:
                if told["by"] in ("unit", "category"):
                    self.check_group(recount, group, one, as_of,
                                     {told["by"]: group["key"]})
        return told, argv

    def check_csv(self, world, told, argv):
        """The same numbers, as RFC 4180 has them."""
        _, out, _ = world.ctl(*argv, "--csv", deadline=120)
        self.assertTrue(out.endswith("\r\n"))
        rows = list(csv.DictReader(io.StringIO(out, newline="")))
        found = {(r["period"], r["by"], r["key"], r["figure"]): r
                 for r in rows}
        for one in told["periods"]:
            groups = [("", "", one["total"])] + [
                (told["by"], g["key"] or "", g) for g in one["groups"]]
            for by, key, group in groups:
                if key[:1] in ("=", "+", "-", "@"):
                    key = "'" + key
                for figure, n in group["counts"].items():
                    row = found[(one["period"], by, key, figure)]
                    self.assertEqual(row["n"], str(n))
                for name, ratio in group["ratios"].items():
                    row = found[(one["period"], by, key, name + "_rate")]
                    self.assertEqual((row["n"], row["of"], row["percent"]),
                                     (str(ratio["n"]), str(ratio["of"]),
                                      ratio["percent"] or ""))

    def check_all(self, world, client, periods, days):
        events = self.stream(world, client)
        rows = figures.recount(events)
        today = figures.instant(client.call("clock.now")["now"]) \
            .astimezone(TZ).date()
        self.check_sums(client, rows, days)
        for period in periods:
            for more in ((), ("--by", "unit"), ("--by", "category")):
                told, argv = self.check_bulletin(world, rows, today, period,
                                                 *more)
                self.check_csv(world, told, argv)
            for as_of in days:
                self.check_bulletin(world, rows, today, period, "--by", "unit",
                                    as_of=as_of)
        self.check_bulletin(world, rows, today, periods[0], "--by", "month",
                            "--against", "none")
        self.assertEqual(client.verify_all()[2], [])
        return rows


# -- lives by chance ----------------------------------------------------------

# What can be done in a state: (weight, action, fields, actor)
STEPS = {
    "registered": [(2, "transfer", {}, None), (1, "hand_over", {}, None),
                   (1, "settle", {"manner": "on_the_spot", "text": "好"},
                    None),
                   (1, "send_to_discipline", {"body": "jw"}, None)],
    "transferred": [(6, "accept", {"notice": "受-1", "way": "post"}, None),
                    (3, "accept", {}, None),
                    (2, "object", {"grounds": "不属本单位"}, None),
                    (2, "not_accept", {"ground": "诉讼", "other_door": "法院",
                                       "notice": "不-1"}, None),
                    (1, "not_accept", {"ground": "诉讼",
                                       "other_door": "法院"}, None),
                    (3, "transfer", {"unit": "u-roads"}, None),
                    (2, "transfer", {"unit": "u-water"}, None),
                    (2, "assign", {"unit": "u-roads"}, None),
                    (1, "withdraw", {}, "petitioner:self"),
                    (1, "urge", {"grounds": "未受理",
                                 "ground": "not_accepted"}, None)],
    "objected": [(1, "uphold_objection", {"reason": "属实"}, None),
                 (1, "refuse_objection", {"reason": "不属实"}, None)],
    "accepted": [(6, "answer", dict(ANSWER), None),
                 (2, "answer", dict(ANSWER, delivered="post"), None),
                 (2, "give_notice", {"way": "post"}, None),
                 (3, "extend", {"days": 30, "reason": "复杂",
                                "approved_by": "head-water"}, None),
                 (2, "suspend", {"reason": "听证"}, None),
                 (1, "suspend", {"reason": "鉴定", "ground": "appraisal"},
                  None),
                 (1, "settle", {"manner": "mediated", "text": "和解"}, None),
                 (1, "withdraw", {"document": "撤-1"}, None),
                 (1, "urge", {"grounds": "未办结"}, None),
                 (1, "assign", {"unit": "u-water"}, None),
                 (1, "report", {"text": "进展"}, None)],
    "suspended": [(3, "resume", {}, None),
                  (1, "settle", {"manner": "agreed", "text": "和解"}, None)],
    "answered": [(4, "evaluate", {"handling": 5, "result": 4},
                  "petitioner:self"),
                 (2, "evaluate", {"handling": 2, "result": 4},
                  "petitioner:self"),
                 (3, "ask_review", {"grounds": "不服"}, "petitioner:self"),
                 (2, "reopen", {"facts": "又坏了"}, "petitioner:self"),
                 (2, "close", {}, "petitioner:self")],
    "settled": [(2, "evaluate", {"handling": 4, "result": 3},
                 "petitioner:self"),
                (1, "reopen", {"facts": "未履行"}, "petitioner:self")],
    "in_review": [(2, "review", {"result": "changed", "text": "改"}, None),
                  (2, "review", {"result": "upheld", "text": "维持"}, None),
                  (1, "assign", {"unit": "county"}, None),
                  (1, "suspend", {"reason": "听证"}, None)],
    "review_suspended": [(1, "resume", {}, None)],
    "reviewed": [(1, "ask_re_review", {"grounds": "仍不服"},
                  "petitioner:self"),
                 (1, "evaluate", {"handling": 1, "result": 5},
                  "petitioner:self"),
                 (1, "close", {}, "petitioner:self")],
    "in_re_review": [(1, "re_review", {"result": "revoked", "text": "撤"},
                      None)],
    "not_accepted": [(2, "give_notice", {"way": "left"}, None),
                     (1, "ask_review", {"grounds": "不服"},
                      "petitioner:self"),
                     (1, "reopen", {"facts": "新证据"}, "petitioner:self")],
    "ended": [(1, "evaluate", {"handling": 3, "result": 3},
               "petitioner:self")],
    "closed": [(1, "reopen", {"facts": "又坏了"}, "petitioner:self")],
    "withdrawn": [(1, "reopen", {"facts": "又坏了"}, "petitioner:self")],
}
QUIET = {"ended": 0.2, "closed": 0.05, "withdrawn": 0.05, "settled": 0.2,
         "not_accepted": 0.3}
MAY_BE_REFUSED = {"limit-passed", "wrong-state", "respondent", "bad-field",
                  "not-found"}
CATEGORIES = ("供水", "供水/水压", "道路", "督办", "=1+1", None)


class Life:
    """An office whose people do what a random generator says."""

    def __init__(self, world, client, rng):
        self.world, self.client, self.rng = world, client, rng
        self.numbers, self.state, self.acts = [], {}, 0

    def submit(self):
        rng, fields = self.rng, {}
        fields["channel"] = rng.choice(("online", "letter", "call", "visit",
                                        "video", "kiosk"))
        fields["category"] = rng.choice(CATEGORIES)
        fields["persons"] = [PERSON] if rng.random() < 0.9 else []
        if self.numbers and rng.random() < 0.15:
            fields["repeat_of"] = rng.choice(self.numbers)
        if rng.random() < 0.1:
            fields["kind"] = "suggestion"
        number = self.client.submit(**fields)["case_no"]
        self.numbers.append(number)

    def bring_in(self, now):
        """A case with its history, in the past."""
        rng = self.rng
        at = now - datetime.timedelta(days=rng.randrange(100, 400))
        number = self.client.submit(**{
            "import": True, "submitted_at": at.isoformat(),
            "channel": "letter", "category": rng.choice(CATEGORIES),
            "persons": [PERSON]})["case_no"]
        self.numbers.append(number)
        self.world.idle(self.client)
        for action, days, fields in (
                ("accept", 20, {"notice": "旧-1"}),
                ("extend", 60, {"days": 30, "reason": "x",
                                "approved_by": "head-water"}),
                ("answer", 90, {"text": "旧答复"})):
            at += datetime.timedelta(days=rng.randrange(1, days))
            if rng.random() < 0.15 or at >= now:
                continue
            self.act(number, action, fields, "import:x", at=at.isoformat())
            self.world.idle(self.client)

    def act(self, number, action, fields, actor=None, **more):
        try:
            self.client.act(number, action, actor or "officer:li",
                            **dict(fields, **more))
            self.acts += 1
        except dkproto.Problem as problem:
            if problem.slug not in MAY_BE_REFUSED:
                raise

    def link(self):
        if len(self.numbers) < 3 or self.rng.random() > 0.2:
            return
        first, second = sorted(self.rng.sample(range(len(self.numbers)), 2))
        relation = self.rng.choice(("repeat", "group"))
        self.act(self.numbers[second], self.rng.choice(("link", "link",
                                                        "unlink")),
                 {"relation": relation, "to": self.numbers[first],
                  "reason": "误"} if self.rng.random() < 0.3 else
                 {"relation": relation, "to": self.numbers[first]})

    def step(self, number):
        state = self.client.call("case.get", {"case_no": number})["state"]
        if self.rng.random() > QUIET.get(state, 0.35) or state not in STEPS:
            return
        steps = STEPS[state]
        _, action, fields, actor = self.rng.choices(
            steps, [s[0] for s in steps])[0]
        claimed = {}
        if self.rng.random() < 0.1:  # gains nothing
            now = figures.instant(self.client.call("clock.now")["now"])
            claimed["at"] = (now - datetime.timedelta(
                days=self.rng.randrange(1, 30))).isoformat()
        self.act(number, action, fields, actor, **claimed)

    def live(self, start, steps):
        now = start
        for _ in range(steps):
            now += datetime.timedelta(days=self.rng.randrange(1, 7),
                                      minutes=self.rng.randrange(600))
            self.client.call("clock.set", {"to": now.isoformat(),
                                           "settle": True}, 120)
            for _ in range(self.rng.randrange(4)):
                self.submit()
            if self.rng.random() < 0.15:
                self.bring_in(now)
            self.world.idle(self.client)
            for number in self.numbers[-60:]:
                self.step(number)
            self.link()
            self.world.idle(self.client)
        return now


class Chance(Bulletin):
    def test_a_recount_gives_the_kept_figures_on_any_day(self):
        rng = dkproto.seeded()
        world, client = self.started(
            ALL, test_clock="2026-01-05T09:00:00+08:00")
        start = datetime.datetime(2026, 1, 5, 9, tzinfo=TZ)
        life = Life(world, client, rng)
        end = life.live(start, 45)
        days = [start.date() + rng.randrange(1, 200) * DAY for _ in range(3)]
        rows = self.check_all(world, client,
                              ["2026", "2026-03", "2026Q2",
                               "2026-02-10..2026-04-20"], days)
        print("%d cases, %d acts, to %s, %d rows" %
              (len(life.numbers), life.acts, end.date(), len(rows)),
              flush=True)

    def test_a_restart_and_another_life_keep_them(self):
        rng = dkproto.seeded()
        world, client = self.started(
            ALL, test_clock="2026-01-05T09:00:00+08:00")
        start = datetime.datetime(2026, 1, 5, 9, tzinfo=TZ)
        life = Life(world, client, rng)
        end = life.live(start, 12)
        world.broker.kill()
        world.broker.start()
        client.reopen()
        for service in ALL:
            dkworld.until(lambda s=service: world.connected(s), 30,
                          "docket-%s again" % service)
        life.live(end, 8)
        self.check_all(world, client, ["2026"], [start.date() + 20 * DAY])


# -- streams through the core alone -------------------------------------------

class Streams(Bulletin):
    def program(self, *names):
        for name in names:
            for folder in ("tests", "bench"):
                path = os.path.join(dkworld.BIN, folder, name)
                if os.access(path, os.X_OK):
                    return path
        raise AssertionError("%s is not built" % names[0])

    def run_program(self, argv, text=None):
        return subprocess.run(argv, input=text, stdout=subprocess.PIPE,
                              check=True, cwd=dkworld.ROOT,
                              timeout=240 * dkworld.STRETCH).stdout

    def compare(self, stream):
        """The core's rows and the recount's, and those of prefixes."""
        kept = {}
        dump = self.run_program([self.program("it/tally_dump")], stream)
        for line in dump.decode().splitlines():
            measure, day, unit, category, tag, known, n = line.split("\t")
            key = (measure, day, unit, category, tag, known)
            kept[key] = kept.get(key, 0) + int(n)
        events = [json.loads(line) for line in stream.splitlines()]
        rows = figures.recount(events)
        text = {(m, iso(d), u, c or "", iso(t) if isinstance(
            t, datetime.date) else t or "", iso(k)): n
            for (m, d, u, c, t, k), n in rows.items()}
        self.assertEqual({k: n for k, n in kept.items() if n}, text)
        return events, rows

    def prefixes(self, rng, events, rows):
        """What was known on a day is what was recorded until then."""
        dates = [figures.instant(e["at"]).astimezone(TZ).date()
                 for e in events]
        for as_of in rng.sample(sorted(set(dates)), 4):
            latest, before = {}, []
            for event, date in zip(events, dates):
                number = event["case_no"]
                latest[number] = max(latest.get(number, date), date)
                if latest[number] <= as_of:
                    before.append(event)
            self.assertEqual(figures.recount(before),
                             {k: n for k, n in rows.items()
                              if k[5] <= as_of})

    def test_lives_under_the_law(self):
        rng = dkproto.seeded()
        stream = self.run_program([
            self.program("make_history"), dkworld.policy("xinfang-2022.json"),
            dkworld.policy("calendar-cn.json"), "250", "250",
            str(rng.randrange(1 << 30))])
        events, rows = self.compare(stream)
        self.prefixes(rng, events, rows)
        for unit in {r[2] for r in rows}:
            for limit in ("notice", "conclude"):
                due = figures.total(rows, limit + "_due", unit=unit)
                met = sum(figures.total(rows, limit + how, unit=unit)
                          for how in ("_in_time", "_late"))
                self.assertLessEqual(met, due)
        # Half a year after the last of them nothing of it is overdue, and on
        # no day was there less than nothing.
        stock, days = {}, sorted({r[1] for r in rows})
        for day in days:
            for (name, on, unit, _, _, _), n in rows.items():
                if on == day and name.startswith("overdue_"):
                    stock[unit] = stock.get(unit, 0) + (
                        n if name == "overdue_start" else -n)
            self.assertGreaterEqual(min(stock.values(), default=0), 0, day)

    def test_walks_through_everything_that_can_happen(self):
        rng = dkproto.seeded()
        stream = self.run_program([self.program("it/tally_dump"), "--walk",
                                   str(rng.randrange(1 << 30)), "300"])
        events, rows = self.compare(stream)
        self.prefixes(rng, events, rows)


# -- what can be asked --------------------------------------------------------

class Asking(Bulletin):
    def test_sums_in_pages_of_any_size(self):
        world, client = self.started(
            ALL, test_clock="2026-05-06T09:00:00+08:00")
        for category in CATEGORIES:
            client.submit(category=category, persons=[PERSON])
        world.idle(client)
        body = {"to": "2999-12-31", "by": ["unit", "category", "day"]}
        whole = client.call("tally.list", body)
        self.assertIsNone(whole["next"])
        for limit in (1, 2, 7):
            self.assertEqual(list(client.pages("tally.list", body, limit)),
                             whole["items"])
        only = client.call("tally.list", dict(
            body, measures=["received"], category="供水"))["items"]
        self.assertEqual([(i["category"], i["n"]) for i in only],
                         [("供水", 1), ("供水/水压", 1)])

    def test_what_cannot_be_asked_is_refused(self):
        world, client = self.started(test_clock="2026-05-06T09:00:00+08:00")
        for body, pointer in (
                ({}, "/to"), ({"to": "2026-05"}, "/to"),
                ({"to": "2026-05-32"}, "/to"),
                ({"to": "2026-05-01", "from": "2026-05-02"}, "/from"),
                ({"to": "2026-05-01", "as_of": "today"}, "/as_of"),
                ({"to": "2026-05-01", "measures": []}, "/measures"),
                ({"to": "2026-05-01", "measures": ["received", "x"]},
                 "/measures/1"),
                ({"to": "2026-05-01", "by": ["moon"]}, "/by/0"),
                ({"to": "2026-05-01", "after": "x"}, "/after"),
                ({"to": "2026-05-01", "after": "99_1_1_u c"}, "/after"),
                ({"to": "2026-05-01", "limit": 0}, "/limit")):
            with self.subTest(body=body), self.problem("bad-field", pointer):
                client.call("tally.list", body)
        for argv in (("bulletin",), ("bulletin", "--period", "May"),
                     ("bulletin", "--period", "2026", "--as-of", "x"),
                     ("bulletin", "--period", "2026", "--against", "x"),
                     ("bulletin", "--period", "2026", "--by", "moon"),
                     ("--json", "bulletin", "--period", "2026", "--csv")):
            with self.subTest(argv=argv):
                world.ctl(*argv, code=dkworld.EX_USAGE)

    def test_a_rebound_is_more_than_chance(self):
        world, client = self.started(test_clock="2026-03-02T09:00:00+08:00")

        def receive(day, n, category):
            client.call("clock.set", {"to": day + "T09:00:00+08:00"})
            for _ in range(n):
                client.submit(category=category)
        receive("2026-03-10", 4, "甲")
        receive("2026-03-11", 9, "乙")
        receive("2026-04-10", 22, "甲")
        receive("2026-04-11", 11, "乙")
        client.call("clock.set", {"to": "2026-05-01T09:00:00+08:00"})
        told = world.ctl("bulletin", "--period", "2026-04", "--by",
                         "category", js=True)[0]
        rises = {(r["key"], r["against"]): r for r in told["rises"]["items"]}
        # Of the year before there is nothing at all: docket was not there.
        self.assertEqual(set(rises), {(None, "2026-03"), ("甲", "2026-03"),
                                      ("乙", "2026-03")})
        self.assertEqual(told["rises"]["level"], "0.016667")
        for key, now, before, rebound in ((None, 33, 13, True),
                                          ("甲", 22, 4, True),
                                          ("乙", 11, 9, False)):
            with self.subTest(key=key):
                rise = rises[(key, "2026-03")]
                self.assertEqual((rise["now"], rise["before"]), (now, before))
                self.assertEqual((rise["days"], rise["days_before"]),
                                 (30, 31))
                self.assertEqual(rise["p"], "%.6f" % chance(now, 30, before,
                                                            31))
                self.assertEqual(rise["rebound"], rebound)
        _, out, _ = world.ctl("--lang", "zh-CN", "bulletin", "--period",
                              "2026-04")
        self.assertIn("反弹", out)
        self.assertIn("其中初次", out)

    def test_a_small_share_has_its_interval(self):
        world, client = self.started(
            ALL, test_clock="2026-05-06T09:00:00+08:00")
        for i in range(2):
            number = client.submit(category="供水",
                                   persons=[PERSON])["case_no"]
            world.idle(client)
            client.act(number, "accept", notice="受-1")
            world.idle(client)
            client.act(number, "answer", **ANSWER)
            client.act(number, "evaluate", actor="petitioner:self",
                       handling=5, result=5 - 3 * i)
        _, out, _ = world.ctl("bulletin", "--period", "2026-05", "--by",
                              "unit")
        self.assertIn("50.0% (1/2, 9.5–90.5%)", out)
        told = world.ctl("bulletin", "--period", "2026-05", js=True)[0]
        ratio = told["periods"][0]["total"]["ratios"]["satisfied_result"]
        self.assertEqual((ratio["low"], ratio["high"]), ("9.5", "90.5"))

    def test_the_order_of_work_and_groups(self):
        world, client = self.started(
            ALL, test_clock="2026-05-06T09:00:00+08:00")
        numbers = []
        for day in ("06", "07", "08"):
            client.call("clock.set", {"to": "2026-05-%sT09:00:00+08:00" % day,
                                      "settle": True})
            numbers.append(client.submit(category="道路",
                                         persons=[PERSON])["case_no"])
            world.idle(client)
        client.act(numbers[2], "prioritise", need="medical", why="急病")
        client.act(numbers[2], "link", relation="group", to=numbers[0])
        client.act(numbers[1], "withdraw", actor="petitioner:self")
        world.idle(client)
        for limit in (1, 2, 50):
            self.assertEqual(
                [c["case_no"] for c in client.pages(
                    "case.list", {"order": "work"}, limit)],
                [numbers[2], numbers[0]])
        self.assertEqual(
            [c["case_no"] for c in client.pages(
                "case.list", {"group": numbers[0]}, 1)],
            [numbers[0], numbers[2]])
        with self.problem("bad-field", "/order"):
            client.call("case.list", {"order": "work", "newest_first": True})
        with self.problem("bad-field", "/after"):
            client.call("case.list", {"order": "work", "after": numbers[0]})
        listed = world.ctl("list", "--order", "work", "--all", js=True)
        self.assertEqual([c["case_no"] for c in listed],
                         [numbers[2], numbers[0]])
        self.assertEqual(client.verify_all()[2], [])


# -- the real messages ---------------------------------------------------------

def by_hash(text, n, salt=""):
    """0 .. n-1, the same for ever."""
    digest = hashlib.sha256((salt + text).encode()).digest()
    return int.from_bytes(digest[:8], "big") % n


def real_rows():
    rows, limit = [], int(os.environ.get("DK_ROWS") or 40)
    for name in ("board", "labelled", "replied"):
        with open(os.path.join(DATA, name + ".ndjson"),
                  encoding="utf-8") as file:
            found = [json.loads(line) for line in file]
        step = max(1, len(found) // limit) if limit else 1
        for row in found[::step]:
            rows.append((row["submitted_at"], name + row["id"], row))
    return sorted(rows, key=lambda r: (r[0], r[1]))


def plan(key):
    """What an office does with a case: [(days later, action, fields,
    actor)]."""
    def h(n, salt):
        return by_hash(key, n, salt)
    steps = []
    if h(12, "pass") == 0:
        steps.append((1 + h(20, "p"), "transfer", {"unit": "u-water"}, None))
    if h(15, "refuse") == 0:
        steps.append((3 + h(20, "r"), "not_accept", {
            "ground": "诉讼", "other_door": "法院", "notice": "不受"}, None))
        return steps
    notice = {"notice": "受-1", "way": "post"} if h(4, "n") else {}
    accepted = 1 + h(22, "a")
    steps.append((accepted, "accept", notice, None))
    if not notice:
        steps.append((accepted + 1 + h(15, "g"), "give_notice",
                      {"way": "post"}, None))
    if h(6, "extend") == 0:
        steps.append((accepted + 40, "extend", {
            "days": 30, "reason": "复杂", "approved_by": "head-water"}, None))
    if h(30, "withdraw") == 0:
        steps.append((accepted + 50 + h(30, "w"), "withdraw", {},
                      "petitioner:self"))
        return steps
    done = accepted + 5 + h(90, "d")
    steps.append((done, "answer", dict(ANSWER, delivered="post"), None))
    if h(3, "evaluate"):
        steps.append((done + 2, "evaluate", {
            "handling": 1 + h(5, "h"), "result": 1 + h(5, "s")},
            "petitioner:self"))
    if h(8, "review") == 0:
        steps.append((done + 5, "ask_review", {"grounds": "不服"},
                      "petitioner:self"))
        steps.append((done + 6, "assign", {"unit": "county"}, None))
        steps.append((done + 20 + h(20, "v"), "review", {
            "result": ("upheld", "changed", "revoked")[h(3, "result")],
            "text": "复查意见"}, None))
    elif h(20, "reopen") == 0:
        steps.append((done + 10, "reopen", {"facts": "又出现"},
                      "petitioner:self"))
    return steps


class Real(Bulletin):
    @unittest.skipUnless(os.path.isfile(os.path.join(DATA, "board.ndjson")),
                         "no real data in %s (set DOCKET_REAL_DATA)" % DATA)
    def test_every_figure_of_real_messages_is_recounted(self):
        began, rows = time.monotonic(), real_rows()
        first = figures.instant(rows[0][0])
        world, client = self.started(
            ALL, test_clock=(first - DAY).isoformat())
        line, numbers = [], {}
        channels = ("online", "letter", "call", "visit", "video", "kiosk")
        for at, key, row in rows:
            at = figures.instant(at)
            line.append((at, key, None, row, None))
            for days, action, fields, actor in plan(key):
                line.append((at + days * DAY, key, action, fields, actor))
        before = {}
        for at, key, action, what, actor in sorted(
                line, key=lambda s: (s[0], s[1])):
            client.call("clock.set", {"to": at.isoformat(), "settle": True},
                        120)
            if action is None:
                same = (what["user"], what.get("category"))
                again = before.get(same) if by_hash(key, 2, "again") else None
                numbers[key] = client.submit(
                    channel=channels[by_hash(key, 6, "channel")],
                    subject=what["subject"], facts=what["body"],
                    region=what["region"], category=what.get("category"),
                    repeat_of=again,
                    persons=[PERSON] if by_hash(key, 9, "p") else [],
                    submitted_at=what["submitted_at"])["case_no"]
                before[same] = numbers[key]
            else:
                try:
                    client.act(numbers[key], action, actor or "officer:li",
                               **what)
                except dkproto.Problem as problem:
                    if problem.slug not in MAY_BE_REFUSED:
                        raise
        client.call("clock.set", {
            "to": (sorted(line, key=lambda s: s[0])[-1][0] + 200 * DAY)
            .isoformat(), "settle": True}, 300)
        world.idle(client, 120)
        years = sorted({r[0][:4] for r in rows})
        kept = self.check_all(world, client,
                              [years[-2], years[-1] + "Q1"],
                              [figures.day_of(years[-2] + "-06-30")])
        print("%d messages, %d steps, %d rows of figures, %.0f s" %
              (len(rows), len(line), len(kept), time.monotonic() - began),
              flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
