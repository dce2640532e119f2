"""Time limits under the test clock: each rung fires once, at its time,
whatever the clock, the workers and the broker do.
"""

import datetime
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

T0 = datetime.datetime(2026, 5, 1, 9, 0, 0,
                       tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
dkproto.documented = True
MAY = T0.isoformat()
GOOD = {"text": "好", "legal_basis": "《信访工作条例》第三十四条"}


def at(days=0, hours=0, minutes=0, ms=0):
    """T0 and so much later, as docket writes it."""
    when = T0 + datetime.timedelta(days=days, hours=hours, minutes=minutes,
                                   milliseconds=ms)
    return when.isoformat(timespec="milliseconds")


def clock(task, name="limit", due=10, on="submitted", **more):
    """The commands of a deadline worker with one clock on one event."""
    if task["event"]["type"] != on:
        return []
    command = {"action": "clock", "clock": name,
               "basis": task["event"]["n"],
               "started_at": task["event"]["effective_at"],
               "due_at": at(due), "on_due": "overdue",
               "stops_on": ["answered", "withdrawn"],
               "rungs": [{"id": "yellow", "at": at(due * 0.6)},
                         {"id": "red", "at": at(due * 0.8)}]}
    command.update(more)
    return [command]


def tell(task):
    """The commands of an escalation worker that tells everything."""
    event = task["event"]
    if event["type"] != "clock_fired":
        return []
    body = event["body"]
    return [{"action": "alert", "clock": body["clock"],
             "clock_no": body["clock_no"], "rung": body["rung"],
             "level": "overdue" if body["rung"] == "overdue" else "yellow",
             "to": ["handler:li"],
             "text": {"zh-CN": "到期提醒", "en": "a limit was reached"}}]


class Case(dkworld.TestCase):
    def line(self, deadline=clock, escalate=tell):
        """A broker at T0 with Python services; (world, client)."""
        world, client = self.started(test_clock=MAY)
        world.auto("assign")
        if deadline:
            world.auto("deadline", deadline)
        if escalate:
            world.auto("escalate", escalate)
        return world, client

    def case(self, world, client, **more):
        number = client.submit(**more)["case_no"]
        world.idle(client)
        return number

    def fired(self, client, number):
        """[(rung, recorded at, skipped)] of a case."""
        return [(e["body"]["rung"], e["at"], e["body"]["skipped"])
                for e in client.events(number) if e["type"] == "clock_fired"]

    def alerts(self, client, number):
        return [(e["body"]["rung"], e["at"]) for e in client.events(number)
                if e["type"] == "alert_raised"]

    def go(self, client, to, settle=True):
        return client.call("clock.set", {"to": to, "settle": settle}, 60)

    def clock_of(self, client, number, name="limit"):
        return [k for k in client.call("clock.list", {"limit": 500})["items"]
                if k["case_no"] == number and k["clock"] == name]


class Fires(Case):
    def test_each_rung_fires_once_at_its_time_when_settled(self):
        world, client = self.line()
        number = self.case(world, client)
        self.assertEqual(self.go(client, at(30))["now"], at(30))
        self.assertEqual(self.fired(client, number),
                         [("yellow", at(6), []), ("red", at(8), []),
                          ("overdue", at(10), [])])
        self.assertEqual(self.alerts(client, number),
                         [("yellow", at(6)), ("red", at(8)),
                          ("overdue", at(10))])
        self.go(client, at(400))
        self.assertEqual(len(self.fired(client, number)), 3)

    def test_nothing_fires_a_millisecond_early(self):
        world, client = self.line()
        number = self.case(world, client)
        self.go(client, at(6, ms=-1))
        self.assertEqual(self.fired(client, number), [])
        self.go(client, at(6))
        self.assertEqual(self.fired(client, number),
                         [("yellow", at(6), [])])
        self.go(client, at(10, ms=-1))
        self.assertEqual(len(self.fired(client, number)), 2)
        self.go(client, at(10))
        self.assertEqual(len(self.fired(client, number)), 3)

    def test_a_jump_over_everything_fires_the_limit_and_names_the_skipped(
            self):
        world, client = self.line()
        number = self.case(world, client)
        self.go(client, at(30), settle=False)
        world.idle(client)
        until(lambda: self.fired(client, number), 10, "the overdue rung")
        self.assertEqual(self.fired(client, number),
                         [("overdue", at(30), ["yellow", "red"])])
        self.assertEqual(self.alerts(client, number),
                         [("overdue", at(30))])

    def test_a_jump_over_one_warning_fires_it(self):
        world, client = self.line()
        number = self.case(world, client)
        self.go(client, at(7), settle=False)
        until(lambda: self.fired(client, number), 10, "the warning")
        self.assertEqual(self.fired(client, number),
                         [("yellow", at(7), [])])
        self.go(client, at(12), settle=False)
        until(lambda: len(self.fired(client, number)) == 2, 10, "the limit")
        self.assertEqual(self.fired(client, number)[1],
                         ("overdue", at(12), ["red"]))

    def test_rungs_after_the_due_time_each_fire(self):
        def deadline(task):
            return clock(task, rungs=[{"id": "yellow", "at": at(6)},
                                      {"id": "week", "at": at(17)},
                                      {"id": "month", "at": at(40)}])
        world, client = self.line(deadline)
        number = self.case(world, client)
        self.go(client, at(60))
        self.assertEqual(self.fired(client, number),
                         [("yellow", at(6), []), ("overdue", at(10), []),
                          ("week", at(17), []), ("month", at(40), [])])
        # Its limit was over before it was recorded: everything is due.
        second = client.submit(submitted_at=at(1))["case_no"]
        world.idle(client)
        self.go(client, at(60))
        names = [f[0] for f in self.fired(client, second)]
        self.assertEqual(names, ["overdue", "week", "month"])

    def test_a_jump_over_due_and_later_rungs_fires_each_later_one(self):
        def deadline(task):
            return clock(task, rungs=[{"id": "yellow", "at": at(6)},
                                      {"id": "week", "at": at(17)}])
        world, client = self.line(deadline)
        number = self.case(world, client)
        self.go(client, at(60), settle=False)
        until(lambda: len(self.fired(client, number)) == 2, 10, "both")
        self.assertEqual(self.fired(client, number),
                         [("overdue", at(60), ["yellow"]),
                          ("week", at(60), [])])

    def test_the_clock_set_back_fires_nothing_twice(self):
        world, client = self.line()
        number = self.case(world, client)
        self.go(client, at(7))
        self.go(client, at(2))
        self.go(client, at(7, 1))
        self.assertEqual([f[0] for f in self.fired(client, number)],
                         ["yellow"])
        self.go(client, at(0))
        self.go(client, at(20))
        self.assertEqual([f[0] for f in self.fired(client, number)],
                         ["yellow", "red", "overdue"])
        self.go(client, at(0))
        self.go(client, at(20))
        self.assertEqual(len(self.fired(client, number)), 3)

    def test_what_came_due_while_the_broker_was_down_fires_once(self):
        world, client = self.line()
        numbers = [self.case(world, client) for _ in range(5)]
        for auto in world.autos:
            auto.stop()
        world.autos.clear()
        self.go(client, at(6), settle=False)  # yellow, nobody to tell
        until(lambda: self.fired(client, numbers[4]), 10, "the warning")
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.go(client, at(12), settle=False)
        world.broker.kill()
        world.broker.start()
        client.reopen()
        world.auto("assign")
        world.auto("deadline", clock)
        world.auto("escalate", tell)
        world.idle(client)
        for number in numbers:
            names = [f[0] for f in self.fired(client, number)]
            self.assertEqual(sorted(names), ["overdue", "yellow"])
            self.assertEqual(sorted(a[0] for a in
                                    self.alerts(client, number)),
                             ["overdue", "yellow"])

    def test_many_clocks_due_at_one_moment_all_fire(self):
        world, client = self.line()
        requests = [client.send("case.submit", dkproto.submission())
                    for _ in range(700)]
        numbers = [client.answer(r, 30).ok()["case_no"] for r in requests]
        world.idle(client, 60)
        self.go(client, at(11))
        total = client.call("stats")["store"]["alerts_open"]
        self.assertEqual(total, 3 * 700)
        self.assertEqual([f[1] for f in self.fired(client, numbers[350])],
                         [at(6), at(8), at(10)])

    def test_an_answer_in_time_stops_the_clock(self):
        world, client = self.line()
        number = self.case(world, client)
        self.go(client, at(7))
        client.act(number, "withdraw", document="撤-1")
        self.go(client, at(40))
        self.assertEqual([f[0] for f in self.fired(client, number)],
                         ["yellow"])
        self.assertEqual(self.clock_of(client, number), [])

    def test_a_worker_that_comes_after_the_stop_starts_it_stopped(self):
        world, client = self.line(deadline=None)
        number = client.submit()["case_no"]
        client.act(number, "withdraw", document="撤-1")
        world.auto("deadline", clock)
        world.idle(client)
        self.go(client, at(40))
        self.assertEqual(self.fired(client, number), [])

    def test_a_worker_that_comes_after_the_due_time_still_fires_it(self):
        world, client = self.line(deadline=None)
        number = client.submit()["case_no"]
        client.call("clock.set", {"to": at(25)})
        world.auto("deadline", clock)
        world.idle(client)
        until(lambda: self.fired(client, number), 10, "the limit")
        self.assertEqual(self.fired(client, number),
                         [("overdue", at(25), ["yellow", "red"])])
        world.idle(client)
        self.assertEqual(len(self.alerts(client, number)), 1)

    def test_settle_waits_for_open_tasks(self):
        world, client = self.line(escalate=None)
        self.case(world, client)
        request = client.send("clock.set", {"to": at(30), "settle": True})
        with self.assertRaises(dkproto.Timeout):
            client.answer(request, 0.7)
        other = world.client()
        self.assertEqual(other.call("clock.now")["now"], at(6))
        self.assertEqual(other.call("clock.now")["target"], at(30))
        world.auto("escalate", tell)
        self.assertEqual(client.answer(request, 20).ok()["now"], at(30))

    def test_a_settling_clock_goes_on_after_a_restart_or_says_where_it_is(
            self):
        world, client = self.line(escalate=None)
        number = self.case(world, client)
        client.send("clock.set", {"to": at(30), "settle": True})
        other = world.client()
        until(lambda: other.call("clock.now")["now"] == at(6), 10,
              "the first stop")
        world.broker.kill()
        world.broker.start()
        client.reopen()
        other.reopen()
        world.auto("escalate", tell)
        self.assertIn(other.call("clock.now")["now"], (at(6), at(30)))
        self.go(client, at(30))
        self.assertEqual([f[:2] for f in self.fired(client, number)],
                         [("yellow", at(6)), ("red", at(8)),
                          ("overdue", at(10))])


class Rules(Case):
    def walk(self, client, number, *actions):
        for action, fields in actions:
            client.act(number, action, **fields)

    def accepted(self, world, client):
        number = self.case(world, client)
        self.walk(client, number, ("register", {}),
                  ("assign", {"unit": "u-1", "handler": "li"}),
                  ("transfer", {}), ("accept", {}))
        world.idle(client)
        return number

    @staticmethod
    def conclude(task):
        """A limit of 60 days from acceptance, with one extension."""
        kind, case = task["event"]["type"], task["case"]
        if kind not in ("accepted", "extended", "resumed"):
            return []
        basis = task["event"]["n"]
        due = 60
        if kind != "accepted":
            mine = [k for k in case["clocks"] if k["clock"] == "conclude"][0]
            basis = mine["basis"]
            due = 90 if kind == "extended" else 70
        return clock(task, "conclude", due, kind, basis=basis,
                     started_at=at(0), holds_on=["suspended", "extended"],
                     extend_times=1, extend_days=30,
                     rungs=[{"id": "yellow", "at": at(40)},
                            {"id": "red", "at": at(53)}])

    def test_an_extension_moves_the_limit_and_keeps_fired_rungs(self):
        world, client = self.line(self.conclude)
        number = self.accepted(world, client)
        self.go(client, at(45))
        client.act(number, "extend", days=30, reason="复杂",
                   approved_by="head")
        world.idle(client)
        row = self.clock_of(client, number, "conclude")[0]
        self.assertEqual(row["due_at"], at(90))
        self.go(client, at(61))
        self.assertEqual([f[0] for f in self.fired(client, number)],
                         ["yellow", "red"])
        self.go(client, at(91))
        self.assertEqual([f[:2] for f in self.fired(client, number)],
                         [("yellow", at(40)), ("red", at(53)),
                          ("overdue", at(90))])

    def test_a_second_or_too_long_or_late_extension_is_refused(self):
        world, client = self.line(self.conclude)
        number = self.accepted(world, client)
        fields = {"reason": "复杂", "approved_by": "head"}
        with self.problem("limit-passed"):
            client.act(number, "extend", days=31, **fields)
        client.act(number, "extend", days=30, **fields)
        world.idle(client)
        with self.problem("limit-passed"):
            client.act(number, "extend", days=1, **fields)
        late = self.accepted(world, client)
        self.go(client, at(100))
        with self.problem("limit-passed"):
            client.act(late, "extend", days=30, **fields)
        with self.problem("not-found"):
            client.act(late, "extend", days=5, clock="nonesuch", **fields)

    def test_a_suspended_case_is_held_until_it_is_resumed(self):
        world, client = self.line(self.conclude)
        number = self.accepted(world, client)
        self.go(client, at(10))
        client.act(number, "suspend", reason="听证")
        world.idle(client)
        self.assertEqual(self.clock_of(client, number, "conclude")[0]
                         ["state"], "held")
        self.go(client, at(65))
        self.assertEqual(self.fired(client, number), [])
        client.act(number, "resume")
        world.idle(client)
        self.go(client, at(75))
        self.assertEqual([f[0] for f in self.fired(client, number)][-1],
                         "overdue")
        self.assertEqual(self.fired(client, number)[-1][1], at(70))

    def test_an_expired_window_of_the_petitioner_closes_the_case(self):
        def window(task):
            return clock(task, "window", 30, "answered", on_due="close",
                         stops_on=["review_asked"],
                         rungs=[{"id": "remind", "at": at(20)}])
        world, client = self.line(window)
        number, asked = (self.accepted(world, client) for _ in "ab")
        client.act(number, "answer", **GOOD)
        client.act(asked, "answer", **GOOD)
        client.act(asked, "ask_review", grounds="不服")
        world.idle(client)
        self.go(client, at(29))
        self.assertEqual(client.call("case.get", {"case_no": number})
                         ["state"], "answered")
        self.go(client, at(30))
        self.assertEqual(client.call("case.get", {"case_no": number})
                         ["state"], "closed")
        with self.problem("limit-passed"):
            client.act(number, "ask_review", grounds="不服")
        self.go(client, at(300))
        self.assertEqual(client.call("case.get", {"case_no": asked})
                         ["state"], "in_review")

    def test_a_lapsed_right_is_refused_afterwards(self):
        def window(task):
            return clock(task, "object", 5, "transferred", on_due="lapse",
                         stops_on=["objected"], rungs=[])
        world, client = self.line(window)

        def transferred():
            number = self.case(world, client)
            self.walk(client, number, ("register", {}),
                      ("assign", {"unit": "u-1"}), ("transfer", {}))
            world.idle(client)
            return number
        early, late = transferred(), transferred()
        self.go(client, at(4))
        client.act(early, "object", grounds="不属本单位")
        self.go(client, at(5))
        with self.problem("limit-passed"):
            client.act(late, "object", grounds="不属本单位")
        client.act(late, "accept")

    def test_another_basis_starts_the_next_number(self):
        def review(task):
            return clock(task, "object", 5, "transferred",
                         due_at=at(5 if task["event"]["n"] < 6 else 50),
                         on_due="overdue", stops_on=["accepted"], rungs=[])
        world, client = self.line(review)
        number = self.case(world, client)
        self.walk(client, number, ("register", {}),
                  ("assign", {"unit": "u-1"}), ("transfer", {}))
        world.idle(client)
        self.go(client, at(6))
        self.walk(client, number, ("object", {"grounds": "x"}),
                  ("uphold_objection", {"reason": "y"}),
                  ("assign", {"unit": "u-2"}), ("transfer", {}))
        world.idle(client)
        self.go(client, at(60))
        events = [e["body"] for e in client.events(number)
                  if e["type"] in ("clock_set", "clock_fired")]
        self.assertEqual([b["clock_no"] for b in events], [1, 1, 2, 2])

    def test_the_end_of_a_case_stops_its_clocks(self):
        def deadline(task):
            return clock(task, stops_on=["answered"])
        for action, fields in (("withdraw", {"document": "撤-1"}),
                               ("not_accept", {"ground": "诉讼",
                                               "other_door": "法院"}),
                               ("send_to_discipline", {"body": "jiwei"})):
            world, client = self.line(deadline)
            number = self.case(world, client)
            client.act(number, "register")
            if action == "not_accept":
                client.act(number, "assign", unit="u-1")
                client.act(number, "transfer")
            client.act(number, action, **fields)
            world.idle(client)
            self.go(client, at(40))
            with self.subTest(action=action):
                self.assertEqual(self.fired(client, number), [])

    def test_bad_clock_commands_are_refused(self):
        world, client = self.started(test_clock=MAY)
        worker = world.worker("deadline", credit=256)
        for change, pointer in (
                ({"clock": ""}, "clock"), ({"clock": "a b"}, "clock"),
                ({"basis": 0}, "basis"), ({"basis": 2}, "basis"),
                ({"due_at": "soon"}, "due_at"), ({"due_at": at(0)}, "due_at"),
                ({"on_due": "explode"}, "on_due"),
                ({"stops_on": ["flying"]}, "stops_on"),
                ({"stops_on": "answered"}, "stops_on"),
                ({"holds_on": ["x"]}, "holds_on"),
                ({"extend_times": -1}, "extend_times"),
                ({"rungs": [{"id": "r%d" % i, "at": at(i + 1)}
                            for i in range(12)]}, "rungs"),
                ({"rungs": [{"id": "a", "at": at(1)},
                            {"id": "a", "at": at(2)}]}, "rungs"),
                ({"rungs": [{"id": "overdue", "at": at(1)}]}, "rungs"),
                ({"rungs": [{"id": "repeat", "at": at(1)}]}, "rungs"),
                ({"holds_for": ["rest"]}, "holds_for"),
                ({"days": -1}, "days"), ({"held_days": "1"}, "held_days"),
                ({"repeat_days": 1}, "repeat_at"),
                ({"repeat_at": at(11)}, "repeat_at"),
                ({"repeat_days": 1, "repeat_at": at(9)}, "repeat_at"),
                ({"quiet_until": "later"}, "quiet_until"),
                ({"rungs": [{"at": at(1)}]}, "rungs"),
                ({"rungs": [{"id": "a", "at": at(1), "x": 1}]}, "rungs"),
                ({"surprise": 1}, "surprise")):
            with self.subTest(change=str(change)[:60]):
                client.submit()
                task = worker.task()
                worker.tell("result", task, commands=[
                    dict(clock(task)[0], **change)])
                answer = worker.reply(task)
                self.assertEqual(answer.type, "problem", answer)
                problem = dkproto.Problem(answer.body)
                self.assertEqual(problem.slug, "bad-field", str(problem))
                self.assertTrue(problem.pointer.startswith(
                    "/commands/0/" + pointer), str(problem))
        self.assertEqual(client.call("clock.list")["items"], [])
        client.submit()
        task = worker.task()
        worker.result(task, clock(task))
        self.assertEqual(len(client.call("clock.list")["items"]), 1)

    def test_setting_the_same_clock_again_is_harmless(self):
        def twice(task):
            return clock(task) * 2
        world, client = self.line(twice)
        number = self.case(world, client)
        self.assertEqual([e["type"] for e in client.events(number)],
                         ["submitted", "clock_set"])


class Marked(Case):
    def test_a_test_clock_is_marked_and_kept(self):
        world, client = self.started(test_clock=MAY)
        self.go(client, at(3), settle=False)
        world.broker.stop()
        # Another --test-clock does not move a clock that has run.
        world.broker.start(test_clock="2030-01-01T00:00:00+08:00")
        client.reopen()
        self.assertEqual(client.call("clock.now")["now"], at(3))

    def test_the_shipped_policy_walks_a_case_through_a_year(self):
        world, client = self.started(("assign", "deadline", "escalate"),
                                     test_clock=MAY)
        number = client.submit(persons=[{
            "name": "王桂英", "phone": "13800000000"}])["case_no"]
        world.idle(client)
        self.go(client, at(200))
        with dkproto.Follower(world.broker.clients) as follower:
            follower.follow()
            events = follower.drain()
        report = checker.Report()
        by_case = checker.group(events)
        checker.check_stream(events, report)
        checker.check_clocks(by_case, checker.instant(at(200)), report,
                             ("transfer", "notice", "object"))
        checker.check_alerts(by_case, list(client.pages(
            "alert.list", {"open": False})), report)
        self.assertEqual(report.faults, [])
        rungs = {(e["body"]["clock"], e["body"]["rung"])
                 for e in by_case[number] if e["type"] == "clock_fired"}
        self.assertIn(("notice", "overdue"), rungs)
        self.assertIn(("object", "lapse"), rungs)


if __name__ == "__main__":
    unittest.main(verbosity=2)
