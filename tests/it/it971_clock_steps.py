"""The office's clock is set: by seconds and by ten years, forward and back, an
hour again, to 1970 as after a dead battery, and docketd is killed in between.
No limit is told early, twice, or never.

The oracle is Model, some forty lines of Python written from PROTOCOL.md: after
every step docketd must have told exactly what it says, no more, no less.

DK_STEPS (60) sizes a round, DK_BUDGET (seconds) repeats it, DK_SEED plays one
again.
"""

import collections
import datetime
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import battery  # noqa: E402
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402

SECOND, HOUR, DAY = 1000, 3600000, 86400000
YEAR = 365 * DAY
START = checker.instant("2026-05-01T09:00:00+08:00")
FIRST = checker.instant("1970-01-01T00:00:07+00:00")  # a dead battery
LAST = START + 60 * YEAR
STEPS = (SECOND, 60 * SECOND, HOUR, 25 * HOUR, 7 * DAY, 31 * DAY, YEAR,
         10 * YEAR)
ZONE = datetime.timezone(datetime.timedelta(hours=8))
NEVER = 1 << 62


def stamp(ms):
    when = datetime.datetime.fromtimestamp(ms / 1000, ZONE)
    return when.isoformat(timespec="milliseconds")


class Limit:
    """One clock of a case: what has been told of it, and what is owed."""

    def __init__(self, rng, start):
        span = rng.choice(STEPS[1:7]) * rng.uniform(0.2, 3)
        self.due = int(start + span) + 1
        self.rungs = {"w%d" % i: int(start + span * rng.random())
                      for i in range(rng.randint(0, 3))}
        self.rungs.update({"l%d" % i: int(self.due + span * rng.random()) + 1
                           for i in range(rng.randint(0, 2))})
        self.days = rng.choice((0, 0, 1, 7, 30))
        self.again = self.due + rng.randint(1, 9) * DAY
        self.told, self.times, self.stopped = set(), 0, False

    def command(self, task):
        command = {
            "action": "clock", "clock": "limit", "basis": 1,
            "started_at": task["event"]["effective_at"],
            "due_at": stamp(self.due), "on_due": "overdue",
            "stops_on": ["withdrawn"],
            "rungs": [{"id": name, "at": stamp(at)}
                      for name, at in self.rungs.items()]}
        if self.days:
            command.update(repeat_days=self.days,
                           repeat_at=stamp(self.again))
        return [command]

    def passed(self, now):
        """Repetitions whose time has come."""
        if not self.days or now < self.again:
            return 0
        return (now - self.again) // (self.days * DAY) + 1

    def step(self, now):
        """What is told at `now`: [(rung, skipped, times)]."""
        if self.stopped:
            return []
        found, overdue = [], "overdue" in self.told
        if not overdue and now >= self.due:
            skipped = [r for r, at in self.rungs.items()
                       if at < self.due and r not in self.told]
            found.append(("overdue", tuple(sorted(skipped)), None))
            self.told.update(skipped + ["overdue"])
        for rung, at in self.rungs.items():
            if at <= now and rung not in self.told:
                found.append((rung, (), None))
                self.told.add(rung)
        if "overdue" in self.told:
            times = self.passed(now)
            if times > self.times and not found:
                found.append(("repeat", (), times))
            self.times = max(times, self.times)
        return found

    def edges(self):
        """Times around which something must or must not happen."""
        return [at + d for at in (self.due, *self.rungs.values())
                for d in (-1, 0)]


class Model:
    """All cases: what docketd must have told, and when."""

    def __init__(self, rng):
        self.rng, self.limits = rng, {}
        self.owed = collections.Counter()

    def limit(self, number, start):
        return self.limits.setdefault(number, Limit(self.rng, start))

    def step(self, now):
        for number, limit in self.limits.items():
            for rung, skipped, times in limit.step(now):
                self.owed[number, rung, now, skipped, times] += 1


def told(events):
    return collections.Counter(
        (e["case_no"], e["body"]["rung"], checker.instant(e["at"]),
         tuple(sorted(e["body"]["skipped"])), e["body"].get("times"))
        for e in events if e["type"] == "clock_fired")


def judge(events, model):
    """Told against owed, and by the rules alone; a Report."""
    report = checker.Report()
    checker.check_stream(events, report)
    found = told(events)
    for what, times in (found - model.owed).items():
        known = any(o[:2] == what[:2] for o in model.owed)
        kind = report.duplicated if known else report.unexpected
        kind.append("%d times told and not owed: %s" % (times, what))
    for what, times in (model.owed - found).items():
        report.lost.append("%d times owed and not told: %s" % (times, what))
    for number, limit in model.limits.items():
        seen = collections.Counter()
        for _, rung, at, skipped, _ in (f for f in found if f[0] == number):
            due = limit.rungs.get(rung, limit.again if rung == "repeat"
                                  else limit.due)
            if at < due:
                report.broken.append("%s: %s told early" % (number, rung))
            for each in (rung,) + skipped:
                seen[each] += each != "repeat"
        report.duplicated += ["%s: %s told %d times" % (number, rung, n)
                              for rung, n in seen.items() if n > 1]
    return report


class Steps(dkworld.TestCase):
    def office(self, rng):
        """A broker at START with a deadline worker that asks the model."""
        world = self.world(test_clock=stamp(START))
        world.broker.start()
        model = Model(rng)

        def deadline(task):
            if task["event"]["type"] != "submitted":
                return []
            return model.limit(task["case"]["case_no"], checker.instant(
                task["now"])).command(task)
        for service, handler in (("assign", None), ("deadline", deadline),
                                 ("escalate", None)):
            world.auto(service, handler)
        return world, world.client(), model

    def settled(self, world, client, model):
        """Wait until all that is owed is told; more is seen at once."""
        owed = sum(model.owed.values())

        def count():
            return [e for e in battery.read_back(world, client)
                    if e["type"] == "clock_fired"]
        dkworld.until(lambda: client.call("stats")["store"]["events"] >=
                      len(model.limits) * 2 + self.stops + owed, 15,
                      lambda: "what is owed: %s" % (
                          judge(count(), model).lost[:3],))
        world.idle(client)

    def step(self, rng, client, model, now):
        """Where the clock goes next."""
        choice = rng.random()
        edges = [at for limit in model.limits.values() if not limit.stopped
                 for at in limit.edges()]
        if choice < 0.35 and edges:
            return rng.choice(edges)
        if choice < 0.42:
            return FIRST
        if choice < 0.50:
            return START + rng.randrange(DAY)
        return now + rng.choice((1, 1, -1)) * rng.choice(STEPS)

    def play(self, rng):
        world, client, model = self.office(rng)
        now, self.stops, kills = START, 0, 0
        for place in range(battery.number("DK_STEPS", 60)):
            if place % 4 == 0 or not model.limits:
                for _ in range(rng.randint(1, 3)):
                    client.submit()
                world.idle(client)
            if rng.random() < 0.12:
                number = rng.choice(list(model.limits))
                if not model.limits[number].stopped:
                    client.act(number, "withdraw", document="撤-1")
                    model.limits[number].stopped = True
                    self.stops += 1
                    world.idle(client)
            to = min(max(self.step(rng, client, model, now), FIRST), LAST)
            client.call("clock.set", {"to": stamp(to)}, 30)
            now = to
            model.step(now)
            if rng.random() < 0.1:  # in the middle of telling
                world.broker.kill()
                world.broker.start()
                kills += 1
                client.insist("clock.now", {}, 30)
            self.settled(world, client, model)
        return world, client, model, kills

    def test_no_limit_is_told_early_twice_or_never(self):
        for rng in battery.rounds():
            began = time.monotonic()
            world, client, model, kills = self.play(rng)
            events = battery.read_back(world, client)
            report = judge(events, model)
            report.attempted = report.acked = report.stored = \
                len(model.limits)
            print("%.1f s, %d steps, %d kills, told %d: %s" % (
                time.monotonic() - began, battery.number("DK_STEPS", 60),
                kills, sum(model.owed.values()), report.summary()),
                flush=True)
            self.assertEqual(report.faults, [])
            self.assertEqual(client.verify_all()[2], [])
            self.control(rng, events, model)
            world.broker.stop()
            self.finish(world)

    def control(self, rng, events, model):
        """The same events with one thing wrong: it is seen."""
        fired = [e for e in events if e["type"] == "clock_fired" and
                 e["body"]["rung"] != "repeat"]
        event = rng.choice(fired)
        early = dict(event, at=stamp(checker.instant(event["body"]["at"]) -
                                     1))
        other = [e for e in events if e is not event]
        for changed, name in ((other, "lost"), (events + [event],
                                                "duplicated"),
                              (other + [early], "broken")):
            report = judge(battery.renumbered(changed), model)
            self.assertTrue(getattr(report, name), (name, report.summary()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
