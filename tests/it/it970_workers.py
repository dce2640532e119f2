"""Workers in trouble: killed in the middle of a task, stopped for longer than
a lease and continued, slow; and tasks that kill or wedge every worker that
takes them.  Nothing is lost or done twice, a poisonous task is a dead letter
with its reason after the configured attempts, and its neighbours are unharmed
and in time.

The workers are the real ones, with tests/support/poison.c preloaded.
DK_TASKS (60) sizes a round, DK_BUDGET (seconds) repeats it, DK_SEED plays one
again.
"""

import collections
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import battery  # noqa: E402
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

POISON = os.path.join(dkworld.BIN, "tests", "it", "libpoison.so")
ATTEMPTS, LEASE_MS, BEAT_MS = 4, 1200, 200
IN_TIME = 8.0  # seconds: some leases, heartbeats and restarts


class Crew(threading.Thread):
    """Workers, started again when they have ended, as systemd does; those
    that stopped go on after more than a lease.
    """

    def __init__(self, world, crew):
        super().__init__(daemon=True)
        self.world, self.stopped = world, threading.Event()
        self.folder = world.path("first")
        os.mkdir(self.folder)
        self.ended = collections.Counter()
        self.since, self.thawed = {}, 0
        self.workers = [(name, self.one(name)) for name, count in crew.items()
                        for _ in range(count)]
        self.start()

    def one(self, service):
        return self.world.service(service, wait=False, env={
            "LD_PRELOAD": POISON,
            "DK_POISON": "%s:%s" % (service, self.folder)})

    def run(self):
        while not self.stopped.wait(0.02):
            for i, (service, process) in enumerate(self.workers):
                if not process.alive():
                    self.ended[service, process.popen.returncode] += 1
                    process.expected_end = True
                    self.workers[i] = (service, self.one(service))
                elif self.is_stopped(process.pid):
                    first = self.since.setdefault(process.pid,
                                                  time.monotonic())
                    if time.monotonic() - first > 1.5 * LEASE_MS / 1000:
                        process.thaw()
                        del self.since[process.pid]
                        self.thawed += 1
        for _, process in self.workers:  # they would end with this thread
            process.thaw()
            process.stop()

    @staticmethod
    def is_stopped(pid):
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0] == "T"
        except OSError:
            return False

    def end(self):
        self.stopped.set()
        self.join()


class Workers(dkworld.TestCase):
    def broker(self, **options):
        self.assertTrue(os.path.exists(POISON), "%s is not built" % POISON)
        world = self.world(test_clock="2026-05-01T09:00:00+08:00")
        world.broker.options.update(heartbeat_ms=BEAT_MS, lease_ms=LEASE_MS,
                                    max_attempts=ATTEMPTS, **options)
        world.broker.start()
        return world

    @staticmethod
    def marks(rng, count):
        """What each submission of a round does to whoever takes it."""
        marks = [None] * count
        for what, part, services in (
                ("kill", 0.04, ("assign",)), ("wedge", 0.03, ("assign",)),
                ("crash-once", 0.08, ("assign", "deadline")),
                ("stop-once", 0.05, ("assign", "deadline")),
                ("slow", 0.05, ("assign", "deadline"))):
            for _ in range(max(1, int(part * count))):
                place = rng.choice([i for i in range(count)
                                    if marks[i] is None])
                marks[place] = (what, rng.choice(services), place)
        return marks

    def round(self, rng):
        world = self.broker()
        crew = Crew(world, {"assign": 3, "deadline": 2, "escalate": 1})
        history = checker.History()
        marks = self.marks(rng, battery.number("DK_TASKS", 60))
        done, sent = {}, {}
        client = world.client()
        try:
            for mark in marks:
                body = dkproto.submission(
                    submission_id=dkproto.uuid7(rng=rng),
                    subject="[[%s:%s:%d]]" % mark if mark else "路灯不亮")
                op = history.submit("c", client, body)
                number = op["answer"]["case_no"]
                sent[number] = (mark, time.monotonic())
                if rng.random() < 0.5:
                    time.sleep(rng.random() * 0.05)  # the load's rate
            poison = {n for n, (mark, _) in sent.items()
                      if mark and mark[0] in ("kill", "wedge")}
            self.wait(world, client, sent, done, poison)
        finally:
            crew.end()
        return world, client, crew, history, sent, done, poison

    def wait(self, world, client, sent, done, poison):
        """Until every case is sent on and the poisonous are dead letters."""
        def look():
            for number in sent.keys() - done.keys() - poison:
                case = client.call("case.get", {"case_no": number})
                if case["state"] == "transferred":
                    done[number] = time.monotonic()
            dead = list(client.pages("task.list", {"dead": True}))
            return len(done) + len(poison) == len(sent) and \
                len(dead) >= len(poison) and not client.call(
                    "task.list", {"limit": 1})["items"]
        until(look, 40, lambda: "the end of the work: %d of %d, dead %s" % (
            len(done), len(sent) - len(poison), [
                (t["case_no"], t["attempts"], t["reason"])
                for t in client.pages("task.list", {"dead": True})]), 0.02)

    def test_troubled_workers_lose_nothing_and_poison_ends_alone(self):
        for rng in battery.rounds():
            began = time.monotonic()
            world, client, crew, history, sent, done, poison = \
                self.round(rng)
            dead = list(client.pages("task.list", {"dead": True}))
            events = battery.read_back(world, client)
            report = self.judge(history, events, poison, dead, client)
            slowest = max(at - sent[n][1] for n, at in done.items())
            print("%.1f s: %s; %d poisonous, ends %s, continued %d, slowest "
                  "neighbour %.2f s" % (
                      time.monotonic() - began, report.summary(),
                      len(poison), dict(crew.ended), crew.thawed, slowest),
                  flush=True)
            self.assertEqual(report.faults, [])
            self.assertLess(slowest, IN_TIME * dkworld.STRETCH)
            self.assertGreaterEqual(crew.thawed, 1)
            self.assertGreaterEqual(crew.ended["assign", dkworld.EX_SOFTWARE],
                                    1, "a wedged worker ends itself")
            self.control(rng, history, events, poison, dead)
            world.broker.stop()
            self.finish(world)

    def control(self, rng, history, events, poison, dead):
        """The same round with one thing wrong: it is seen."""
        good = rng.choice([e["case_no"] for e in events
                           if e["case_no"] not in poison])
        again = [e for e in events if e["case_no"] == good and
                 e["type"] == "assigned"]
        harmed = dict(dead[0], case_no=good)
        for changed, letters, name in (
                (battery.without(events, good), dead, "lost"),
                (battery.renumbered(events + again), dead, "duplicated"),
                (events, dead[1:], "lost"), (events, dead + [harmed], "broken"),
                (events, [dict(dead[0], attempts=1)] + dead[1:], "broken"),
                (events, [dict(dead[0], reason="")] + dead[1:], "broken")):
            report = self.judge(history, changed, poison, letters)
            self.assertTrue(getattr(report, name), report.summary())

    @staticmethod
    def judge(history, events, poison, dead, client=None):
        report = battery.check(history, events, client)
        by_case = checker.group(events)
        checker.check_assigned(
            {n: e for n, e in by_case.items() if n not in poison}, report)
        found = collections.Counter(t["case_no"] for t in dead)
        for task in dead:
            name = "dead letter of %s" % task["case_no"]
            if task["case_no"] not in poison:
                report.broken.append("%s: a neighbour was harmed" % name)
            if task["attempts"] != ATTEMPTS:
                report.broken.append("%s after %d attempts" % (
                    name, task["attempts"]))
            if "went away or took too long" not in (task["reason"] or ""):
                report.broken.append("%s says %r" % (name, task["reason"]))
            if task["service"] != "assign":
                report.broken.append("%s is of %s" % (name, task["service"]))
        for number in poison:
            if found[number] != 1:
                report.lost.append("%d dead letters of %s" % (
                    found[number], number))
            if [e["type"] for e in by_case.get(number, ())
                    if e["type"] != "clock_set"] != ["submitted"]:
                report.unexpected.append("something was done in " + number)
        return report


if __name__ == "__main__":
    unittest.main(verbosity=2)
