"""A broker with nothing to do does nothing: it sleeps until the earliest of its
limits, which the system wakes it for, and writes nothing.
"""

import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

WATCHED = 3.0  # seconds of doing nothing


def text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def alarm(pid):
    """Seconds until the timer of the broker goes off; None: it is not set."""
    for fd in os.listdir("/proc/%d/fd" % pid):
        if os.readlink("/proc/%d/fd/%s" % (pid, fd)) == "anon_inode:[timerfd]":
            found = re.search(r"it_value: \((\d+), (\d+)\)",
                              text("/proc/%d/fdinfo/%s" % (pid, fd)))
            seconds = int(found.group(1)) + int(found.group(2)) / 1e9
            return seconds or None
    raise AssertionError("no timer")


class Idle(dkworld.TestCase):
    def pid(self, world):
        return world.broker.process.pid

    def await_alarm(self, world, seconds):
        """It is set after the answers of its commit have left."""
        dkworld.until(lambda: abs((alarm(self.pid(world)) or 0) - seconds) < 60,
                      10, "an alarm in %d seconds" % seconds)

    def trace(self, world):
        """What is written: (bytes to the disk, the files as they are)."""
        wrote = int(re.search(r"\nwrite_bytes: (\d+)",
                              text("/proc/%d/io" % self.pid(world))).group(1))
        folder = os.path.dirname(world.broker.db)
        return wrote, sorted(
            (e.name, e.stat().st_size, e.stat().st_mtime_ns)
            for e in os.scandir(folder) if e.is_file())

    def wakeups(self, world):
        tasks = "/proc/%d/task" % self.pid(world)
        return sum(int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)",
                                 text("%s/%s/status" % (tasks, task))
                                 ).group(1)) for task in os.listdir(tasks))

    def test_nothing_is_written_and_little_wakes_it(self):
        world, client = self.started()
        db = os.stat(world.broker.db).st_mtime_ns
        for _ in range(3):
            client.submit()
        # After a while without work the log is moved into the file, once.
        dkworld.until(lambda: os.stat(world.broker.db).st_mtime_ns != db,
                      20 * dkworld.STRETCH, "the log is moved")
        client.call("hello")
        before, woken = self.trace(world), self.wakeups(world)
        began = time.monotonic()
        client.silence(WATCHED)
        woken = self.wakeups(world) - woken
        seconds = time.monotonic() - began
        self.assertEqual(self.trace(world), before)
        # Leases and heartbeats are looked after four times a second.
        self.assertLess(woken / seconds, 16)

    def test_it_is_small(self):
        world, client = self.started()
        client.call("hello")
        status = text("/proc/%d/status" % self.pid(world))
        kib = {name: int(re.search(r"\n%s:\s+(\d+) kB" % name,
                                   status).group(1))
               for name in ("VmSize", "VmRSS")}
        if kib["VmSize"] > 1 << 30:
            self.skipTest("sanitized: its shadow is larger than docketd")
        self.assertLessEqual(kib["VmRSS"], 12 * 1024)
        # Who keeps cases in a file does without the database's libraries.
        maps = text("/proc/%d/maps" % self.pid(world))
        self.assertIn("libsqlite3", maps)
        self.assertNotIn("libpq", maps)

    def test_it_is_woken_for_the_earliest_limit_and_for_no_other(self):
        world, client = self.started()
        self.assertIsNone(alarm(self.pid(world)))
        due = {}

        def deadline(task):
            event = task["event"]
            if event["type"] != "submitted":
                return []
            at = time.time() + due["in"]
            return [{"action": "clock", "clock": "limit", "basis": 1,
                     "started_at": event["effective_at"],
                     "due_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00",
                                             time.gmtime(at)),
                     "on_due": "overdue", "stops_on": ["withdrawn"],
                     "rungs": []}]
        world.auto("deadline", deadline)
        for seconds, earliest in ((5000, 5000), (9000, 5000), (700, 700)):
            due["in"] = seconds
            number = client.submit()["case_no"]
            dkworld.until(lambda n=number: client.call(
                "case.get", {"case_no": n})["clocks"], 20, "its limit")
            self.await_alarm(world, earliest)
        client.act(number, "withdraw", document="撤-1")
        self.await_alarm(world, 5000)

    def test_a_broker_on_the_test_clock_sets_no_alarm(self):
        world, _ = self.started(test_clock="2026-05-01T09:00:00+08:00")
        with self.assertRaises(AssertionError):
            alarm(self.pid(world))


if __name__ == "__main__":
    unittest.main(verbosity=2)
