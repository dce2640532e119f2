"""Time limits on the real clock: on time, not early, over a restart."""

import datetime
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from checker import instant  # noqa: E402

ZONE = datetime.timezone(datetime.timedelta(hours=8))


def stamp(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, ZONE).isoformat(
        timespec="milliseconds")


class RealClock(dkworld.TestCase):
    def deadline(self, ahead_ms, rungs=()):
        def answer(task):
            event = task["event"]
            if event["type"] != "submitted":
                return []
            start = instant(event["effective_at"])
            return [{"action": "clock", "clock": "soon",
                     "basis": event["n"], "started_at": stamp(start),
                     "due_at": stamp(start + ahead_ms),
                     "on_due": "overdue", "stops_on": ["withdrawn"],
                     "rungs": [{"id": name, "at": stamp(start + ms)}
                               for name, ms in rungs]}]
        return answer

    def fired(self, follower, number, deadline=20):
        """The next clock_fired event of a case."""
        end = time.monotonic() + deadline * dkworld.STRETCH
        while True:
            event = follower.event(end - time.monotonic())
            if event["type"] == "clock_fired" and \
                    event["case_no"] == number:
                return event

    def check(self, event, start, ahead_ms, rung, most=1000):
        due = start + ahead_ms
        self.assertEqual(event["body"]["rung"], rung)
        self.assertEqual(instant(event["body"]["at"]), due)
        late = instant(event["at"]) - due
        self.assertGreaterEqual(late, 0, "early by %d ms" % -late)
        self.assertLess(late, most * dkworld.STRETCH)

    def test_a_limit_a_second_ahead_fires_within_a_second_of_its_time(self):
        world, client = self.started()
        world.auto("deadline", self.deadline(1500, [("warn", 700)]))
        follower = world.follower()
        follower.follow()
        answer = client.submit()
        start = instant(answer["submitted_at"])
        number = answer["case_no"]
        self.check(self.fired(follower, number), start, 700, "warn")
        self.check(self.fired(follower, number), start, 1500, "overdue")

    def test_twenty_limits_all_fire_on_time(self):
        world, client = self.started()
        world.auto("deadline", self.deadline(1500))
        follower = world.follower()
        follower.follow()
        starts = {}
        for _ in range(20):
            answer = client.submit()
            starts[answer["case_no"]] = instant(answer["submitted_at"])
        seen = set()
        while len(seen) < 20:
            event = follower.event(20)
            if event["type"] == "clock_fired":
                self.assertNotIn(event["case_no"], seen)
                seen.add(event["case_no"])
                self.check(event, starts[event["case_no"]], 1500, "overdue")

    def test_a_limit_survives_a_restart(self):
        world, client = self.started()
        auto = world.auto("deadline", self.deadline(2500))
        answer = client.submit()
        world_is_set = dkworld.until(
            lambda: client.call("clock.list")["items"], 10, "the clock")
        self.assertEqual(world_is_set[0]["clock"], "soon")
        auto.stop()
        world.broker.kill()
        world.broker.start()
        follower = world.follower()
        follower.follow()
        self.check(self.fired(follower, answer["case_no"]),
                   instant(answer["submitted_at"]), 2500, "overdue")

    def test_a_limit_that_passed_while_the_broker_was_down_fires_once(self):
        world, client = self.started()
        world.auto("deadline", self.deadline(700))
        answer = client.submit()
        dkworld.until(lambda: client.call("clock.list")["items"], 10,
                      "the clock")
        world.broker.kill()
        due = instant(answer["submitted_at"]) + 700
        dkworld.until(lambda: time.time() * 1000 > due + 300, 10,
                      "the due time")
        begun = time.monotonic()
        world.broker.start()
        follower = world.follower()
        follower.follow()
        event = self.fired(follower, answer["case_no"])
        self.assertEqual(event["body"]["rung"], "overdue")
        self.assertLess(time.monotonic() - begun, 3 * dkworld.STRETCH)
        with self.assertRaises(dkproto.Timeout):
            self.fired(follower, answer["case_no"], 1)

    def test_recorded_times_are_the_machines(self):
        _, client = self.started()
        before = int(time.time() * 1000)
        answer = client.submit()
        after = int(time.time() * 1000) + 1
        self.assertLessEqual(before, instant(answer["recorded_at"]))
        self.assertLessEqual(instant(answer["recorded_at"]), after)
        now = client.call("clock.now")
        self.assertLess(abs(instant(now["now"]) - time.time() * 1000), 2000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
