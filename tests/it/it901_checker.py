"""The history checker catches a seeded loss, duplicate and reorder of every
kind, and complains about nothing in a good history.
"""

import copy
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402

DAY = 86400000


def day(n):
    return "2026-05-%02dT00:00:00.000+08:00" % n


class Good:
    """A good history of some cases: what clients saw and what is stored."""

    def __init__(self, rng, cases=12):
        self.rng = rng
        self.history = checker.History()
        self.events, self.alerts = [], []
        self.clock = 0.0
        for i in range(cases):
            self.case(i)
        self.reseal()

    def tick(self):
        self.clock += 1.0
        return self.clock

    def add(self, number, kind, body, actor="worker:x", at=day(1)):
        self.events.append({"case_no": number, "type": kind, "at": at,
                            "actor": actor, "body": body})

    def case(self, i):
        number = dkproto.case_no("430102", "20260501", i + 1)
        body = dkproto.submission(submission_id=dkproto.uuid7(
            1777600000000 + i, self.rng))
        self.history.ops.append({
            "client": "c%d" % (i % 3), "kind": "case.submit",
            "id": body["submission_id"], "body": body,
            "invoked": self.tick(), "ended": self.tick(), "outcome": "ok",
            "answer": {"case_no": number}})
        self.add(number, "submitted", dict(body))
        self.add(number, "registered", {})
        self.add(number, "assigned", {"unit": "u-1"})
        self.add(number, "transferred", {"unit": "u-1"})
        self.add(number, "clock_set", {
            "clock": "conclude", "clock_no": 1, "basis": 4,
            "started_at": day(1), "due_at": day(20), "on_due": "overdue",
            "stops_on": ["answered"], "holds_on": ["suspended"],
            "rungs": [{"id": "yellow", "at": day(10)}]})
        if i % 2:
            self.history.ops.append({
                "client": "c0", "kind": "case.act", "id": "a%d" % i,
                "body": {"action": "answer", "actor": "officer:li"},
                "invoked": self.tick(), "ended": self.tick(),
                "outcome": "ok", "answer": {"case_no": number, "n": 6}})
            self.add(number, "answered", {}, "officer:li", day(2))
            return
        self.fired(number, "yellow", day(10))
        self.fired(number, "overdue", day(20))

    def fired(self, number, rung, at):
        body = {"clock": "conclude", "clock_no": 1, "rung": rung}
        self.add(number, "clock_fired",
                 dict(body, at=at, due_at=day(20), skipped=[]), at=at)
        self.add(number, "alert_raised", dict(body), at=at)

    def reseal(self):
        """Number and chain the events as a broker that did it would have."""
        count, head = {}, {}
        self.alerts = []
        for place, event in enumerate(self.events, 1):
            number = event["case_no"]
            count[number] = count.get(number, 0) + 1
            event.update(seq=str(place), n=count[number],
                         prev=head.get(number), hash="h%d" % place)
            head[number] = event["hash"]
            if event["type"] == "alert_raised":
                self.alerts.append({"alert_id": "%s.%d" % (
                    number, event["n"])})

    def files(self):
        return [{"case_no": number, "unit": "u-1",
                 "subject": events[0]["body"]["subject"]}
                for number, events in checker.group(self.events).items()]

    def check(self):
        report = checker.Report()
        by_case = checker.group(self.events)
        checker.check_stream(self.events, report)
        checker.check_history(self.history, self.events, report)
        checker.check_actions(self.history, self.events, report)
        checker.check_clocks(by_case, checker.instant(day(25)), report,
                             ("conclude",))
        checker.check_alerts(by_case, self.alerts, report,
                             ("overdue", "yellow"))
        checker.check_assigned(by_case, report)
        return report

    def pick(self, kind):
        return self.rng.choice([e for e in self.events
                                if e["type"] == kind])


class Checker(unittest.TestCase):
    def setUp(self):
        self.rng = dkproto.seeded()

    def seeded_fault(self, change, *lists, reseal=True):
        """`change` a good history; one of `lists` must name the fault."""
        for _ in range(20):
            good = Good(self.rng)
            change(good)
            if reseal:
                good.reseal()
            report = good.check()
            self.assertTrue(any(getattr(report, name) for name in lists),
                            "not caught: " + report.summary())

    def test_a_good_history_has_no_fault(self):
        for _ in range(20):
            report = Good(self.rng).check()
            self.assertEqual(report.faults, [])
            self.assertEqual((report.attempted, report.acked,
                              report.stored), (12, 12, 12))

    def test_a_lost_case_is_caught(self):
        def lose(good):
            number = good.pick("submitted")["case_no"]
            good.events = [e for e in good.events
                           if e["case_no"] != number]
        self.seeded_fault(lose, "lost")

    def test_a_lost_event_of_each_kind_is_caught(self):
        for kind, names in (
                ("registered", ("lost",)), ("assigned", ("lost",)),
                ("transferred", ("lost",)), ("clock_set", ("lost",)),
                ("clock_fired", ("lost", "broken")),
                ("alert_raised", ("lost",)),
                ("answered", ("lost", "mismatched"))):
            with self.subTest(kind=kind):
                self.seeded_fault(
                    lambda good, k=kind: good.events.remove(good.pick(k)),
                    *names)

    def test_a_lost_event_without_renumbering_is_caught(self):
        self.seeded_fault(lambda good: good.events.pop(
            self.rng.randrange(len(good.events) - 1)), "broken",
            reseal=False)

    def test_a_case_stored_twice_is_caught(self):
        def double(good):
            event = copy.deepcopy(good.pick("submitted"))
            event["case_no"] = dkproto.case_no("430102", "20260501", 99)
            good.events.append(event)
        self.seeded_fault(double, "duplicated")

    def test_an_event_done_twice_is_caught(self):
        for kind, names in (
                ("registered", ("duplicated",)),
                ("assigned", ("duplicated",)),
                ("transferred", ("duplicated",)),
                ("clock_set", ("duplicated",)),
                ("clock_fired", ("duplicated",)),
                ("alert_raised", ("duplicated",))):
            with self.subTest(kind=kind):
                def double(good, kind=kind):
                    event = good.pick(kind)
                    good.events.insert(good.events.index(event) + 1,
                                       copy.deepcopy(event))
                self.seeded_fault(double, *names)

    @staticmethod
    def told_again(days, late=(), **more):
        """What is wrong with a limit of day 20 that is told for `days`; each
        so many days late."""
        body = {"clock": "conclude", "clock_no": 1, "basis": 1,
                "due_at": day(20), "on_due": "overdue", "rungs": [],
                "stops_on": ["answered"]}
        body.update(more)
        events = [{"type": "clock_set", "n": 2, "at": day(1), "body": body}]
        for n, on in enumerate(days):
            told = day(on + (late[n] if late else 0))
            events.append({"type": "clock_fired", "n": n + 3, "at": told,
                           "body": {"clock": "conclude", "clock_no": 1,
                                    "rung": "repeat", "at": day(on)}})
        report = checker.Report()
        checker.replay_clocks(events, "case", report)
        return report.broken

    def test_a_limit_told_again_too_early_is_caught(self):
        again = {"repeat_at": day(22), "repeat_days": 2}
        self.assertEqual(self.told_again([22, 24, 27], **again), [])
        for days in ([21], [22, 23], [22, 24, 25]):
            self.assertEqual(len(self.told_again(days, **again)), 1, days)
        self.assertEqual(len(self.told_again([22])), 1)
        # Late, and then in time: less than two days apart, and as it should be.
        self.assertEqual(self.told_again([22, 24], late=[1, 0], **again), [])
        self.assertEqual(len(self.told_again([22], late=[-1], **again)), 1)

    @staticmethod
    def repetitions(*order):
        """What is wrong with alerts of repetitions: 1 is the first one's
        time, -1 that somebody is told of it."""
        events = []
        for n, times in enumerate(order):
            events.append({
                "type": "clock_fired" if times > 0 else "alert_raised",
                "n": n + 2, "at": day(20 + n), "body": {
                    "clock": "conclude", "clock_no": 1, "rung": "repeat",
                    "times": abs(times)}})
        report = checker.Report()
        checker.check_alerts({"case": events}, None, report)
        return report.faults

    def test_a_repetition_told_twice_is_caught(self):
        self.assertEqual(self.repetitions(1, -1, 2, -2), [])
        # Who tells it was away for a day: both are told late, each once.
        self.assertEqual(self.repetitions(1, 2, -1, -2), [])
        for order in ((1, -1, -1), (1, 2, -1, -1), (1, -2)):
            self.assertEqual(len(self.repetitions(*order)), 1, order)

    def test_one_number_for_two_submissions_is_caught(self):
        def same(good):
            ops = [o for o in good.history.ops
                   if o["kind"] == "case.submit"]
            first, second = self.rng.sample(ops, 2)
            second["answer"] = dict(first["answer"])
        self.seeded_fault(same, "duplicated")

    def test_reordered_acknowledgements_are_caught(self):
        def swap(good):
            submits = [e for e in good.events if e["type"] == "submitted"]
            first, second = self.rng.sample(submits, 2)
            a, b = good.events.index(first), good.events.index(second)
            for name in ("body", "case_no"):
                good.events[a][name], good.events[b][name] = \
                    good.events[b][name], good.events[a][name]
        self.seeded_fault(swap, "reordered")

    def test_events_in_another_order_are_caught(self):
        def swap(good):
            i = self.rng.randrange(len(good.events) - 1)
            good.events[i], good.events[i + 1] = \
                good.events[i + 1], good.events[i]
        self.seeded_fault(swap, "broken", reseal=False)

    def test_a_case_nobody_submitted_is_caught(self):
        def forget(good):
            good.history.ops.remove(self.rng.choice(
                [o for o in good.history.ops
                 if o["kind"] == "case.submit"]))
        self.seeded_fault(forget, "unexpected")

    def test_a_refused_case_that_is_stored_is_caught(self):
        def refuse(good):
            self.rng.choice([o for o in good.history.ops if o["kind"] ==
                             "case.submit"])["outcome"] = "refused"
        self.seeded_fault(refuse, "unexpected")

    def test_an_acknowledgement_of_another_case_is_caught(self):
        def other(good):
            op = self.rng.choice([o for o in good.history.ops
                                  if o["kind"] == "case.submit"])
            op["answer"] = {"case_no": dkproto.case_no(
                "430102", "20260501", 77)}
        self.seeded_fault(other, "mismatched")

    def test_a_rung_that_fires_early_or_after_its_stop_is_caught(self):
        def early(good):
            good.pick("clock_fired")["at"] = day(9)

        def stopped(good):
            number = good.pick("answered")["case_no"]
            at = max(i for i, e in enumerate(good.events)
                     if e["case_no"] == number) + 1
            good.events.insert(at, {
                "case_no": number, "type": "clock_fired", "at": day(20),
                "actor": "docket", "body": {
                    "clock": "conclude", "clock_no": 1, "rung": "overdue",
                    "skipped": ["yellow"]}})
        self.seeded_fault(early, "broken")
        self.seeded_fault(stopped, "broken")

    def test_a_list_of_alerts_that_differs_is_caught(self):
        for change, name in (
                (lambda a: a.pop(), "lost"),
                (lambda a: a.append(dict(a[0])), "duplicated"),
                (lambda a: a.append({"alert_id": "x.1"}), "unexpected")):
            good = Good(self.rng)
            change(good.alerts)
            self.assertTrue(getattr(good.check(), name))

    def test_case_files_that_differ_are_caught(self):
        for change, name in (
                (lambda f: f.pop(), "lost"),
                (lambda f: f.append(dict(f[0])), "duplicated"),
                (lambda f: f.append(dict(f[0], case_no="x")), "unexpected"),
                (lambda f: f[0].update(unit="u-9"), "mismatched"),
                (lambda f: f[0].update(subject="?"), "mismatched")):
            good = Good(self.rng)
            files = good.files()
            report = checker.Report()
            checker.check_cases(checker.group(good.events), files, report)
            self.assertEqual(report.faults, [])
            change(files)
            checker.check_cases(checker.group(good.events), files, report)
            self.assertTrue(getattr(report, name))

    def test_unknown_outcomes_that_are_stored_count_as_recovered(self):
        good = Good(self.rng)
        good.history.ops[0]["outcome"] = "unknown"
        report = good.check()
        self.assertEqual(report.faults, [])
        self.assertEqual(report.recovered, 1)


class Twin(unittest.TestCase):
    """The twin's own arithmetic against published values."""

    def test_the_check_digit_is_iso_7064_mod_11_10(self):
        for digits, check in (("0794", "5"), ("00200667308", "5")):
            self.assertEqual(dkproto.check_digit(digits), check)
        number = dkproto.case_no(430102, "20260501", 7)
        self.assertEqual(dkproto.split_case_no(number),
                         ("430102", "20260501", 7))
        for i, char in enumerate(number):
            if char != "-":
                wrong = number[:i] + str((int(char) + 3) % 10) + \
                    number[i + 1:]
                with self.assertRaises(dkproto.BadAnswer):
                    dkproto.split_case_no(wrong)

    def test_uuid7_is_of_version_7_and_keeps_its_time(self):
        import uuid
        value = uuid.UUID(dkproto.uuid7(1777600000123))
        self.assertEqual(value.version, 7)
        self.assertEqual(value.variant, uuid.RFC_4122)
        self.assertEqual(value.int >> 80, 1777600000123)

    def test_strict_loading_refuses_duplicates_and_nan(self):
        for text in (b'{"a":1,"a":2}', b'{"a":NaN}'):
            with self.assertRaises(dkproto.BadAnswer):
                dkproto.loads(text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
