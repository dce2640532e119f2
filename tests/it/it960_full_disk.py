"""A full disk, on a file system of its own: new cases are refused at once and
with a time to come again, and the work at hand is finished from the ballast:
workers' answers, limits that pass, alerts, officers' acts.  It recovers by
itself, however often.

DK_CYCLES sets how often the disk is filled and freed (6).
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402

CYCLES = int(os.environ.get("DK_CYCLES") or 6)
START = "2026-05-06T09:00:00+08:00"


class Disk(dkworld.TestCase):
    def small(self, size_mb, **options):
        """A world whose data folder is a disk of so many MiB."""
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        world = self.world(test_clock=START)
        os.makedirs(world.broker.data)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % size_mb,
                           "tmpfs", world.broker.data], check=False,
                          capture_output=True).returncode:
            self.skipTest("this machine does not let us mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", world.broker.data],
                        check=False)
        world.broker.options.update(ballast_mb=64, heartbeat_ms=300,
                                    lease_ms=5000)
        world.broker.options.update(options)
        return world

    @staticmethod
    def fill(world, leave=0):
        """Another program takes the room, but for `leave` bytes."""
        path = os.path.join(world.broker.data, "hog")
        with open(path, "ab", buffering=0) as file:
            v = os.statvfs(world.broker.data)
            left = v.f_bavail * v.f_frsize - leave
            try:
                while left > 0:
                    left -= file.write(b"x" * min(left, 65536))
            except OSError:
                pass
        return path

    def one(self, client, history, size=2000):
        """Submit; (op, seconds)."""
        body = dkproto.submission(facts="x" * size)
        op, began = history.invoke("c", "case.submit", body), time.monotonic()
        try:
            history.ended(op, "ok", client.call("case.submit", body, 10))
        except dkproto.Problem as problem:
            op["problem"] = problem
        return op, time.monotonic() - began

    def until_refused(self, client, history):
        for _ in range(20000):
            op, _ = self.one(client, history)
            if op["outcome"] != "ok":
                self.assertEqual(op["problem"].slug, "storage-full")
                self.assertGreater(op["problem"].retry_after_ms, 0)
                return op
        self.fail("the disk never became full")

    def until_taken(self, client, history):
        def take():
            op, _ = self.one(client, history)
            return op["outcome"] == "ok" and op
        return dkworld.until(take, 20, "new cases again", every=0.05)

    def take_the_rest(self, world, client, history, leave):
        """Once it is written down that the disk is full, the log has been
        moved, which gave room back: that is taken as well, but for what is
        less than the ballast.
        """
        dkworld.until(lambda: any(
            a["kind"] == "storage_full" for a in
            client.call("office.list")["items"]), 20, "the office's alert")
        self.fill(world, leave)
        self.until_refused(client, history)

    def check(self, world, history):
        report = checker.Report()
        with world.follower(credit=5000) as follower:
            follower.follow()
            events = follower.drain()
        world.peers.remove(follower)
        checker.check_stream(events, report)
        checker.check_history(history, events, report)
        _, _, faults = world.client().verify_all()
        self.assertEqual(faults, [])
        self.assertEqual(report.faults, [])
        print(report.summary(), flush=True)
        return events


class Finish(Disk):
    def test_work_is_finished_from_the_ballast_and_new_cases_wait(self):
        world = self.small(48)
        world.broker.start()
        client, history = world.client(), checker.History()
        acked = [self.one(client, history)[0] for _ in range(40)]
        self.assertGreater(client.call("stats")["ballast"], 2 << 20)
        hog = self.fill(world)
        self.until_refused(client, history)
        self.take_the_rest(world, client, history, 5 << 19)

        worst = 0
        for _ in range(30):
            op, took = self.one(client, history)
            self.assertEqual(op["problem"].slug, "storage-full")
            worst = max(worst, took)
        print("refused within %.3f s" % worst, flush=True)
        self.assertLess(worst, 1.0 * dkworld.STRETCH)
        stats = client.call("stats")
        self.assertTrue(stats["storage_full"])
        self.assertEqual(stats["ballast"], 0)

        # What was taken is answered again, and everything is read.
        again = client.call("case.submit", acked[0]["body"], 10)
        self.assertEqual(again, acked[0]["answer"])
        number = again["case_no"]
        client.call("case.list", {"limit": 5})

        # Workers, an officer, limits and alerts: all of it goes on.
        world.services()
        world.idle(client, 60)
        client.call("case.act", {
            "command_id": dkproto.uuid7(), "case_no": number,
            "action": "accept", "actor": "officer:li"}, 10)
        before = client.call("stats")["counters"]["alerts_raised"]
        client.call("clock.set", {"to": "2026-09-30T09:00:00+08:00",
                                  "settle": True}, 300)
        world.idle(client, 60)
        self.assertGreater(client.call("stats")["counters"]["alerts_raised"],
                           before)
        self.assertEqual(
            client.call("task.list", {"dead": True})["items"], [])
        kinds = [a["kind"] for a in client.call("office.list")["items"]]
        self.assertIn("storage_full", kinds)
        self.assertEqual(self.one(client, history)[0]["problem"].slug,
                         "storage-full")

        os.unlink(hog)
        self.until_taken(client, history)
        stats = client.call("stats")
        self.assertFalse(stats["storage_full"])
        self.assertGreater(stats["ballast"], 2 << 20)
        self.check(world, history)
        world.broker.kill()
        world.broker.start()
        self.check(world, history)
        self.assertIn("event=storage_tight", world.processes[0].errors())
        self.assertIn("event=storage_ample", world.processes[0].errors())

    def test_without_a_ballast_it_recovers_as_well(self):
        world = self.small(16, ballast_mb=0)
        world.broker.start()
        client, history = world.client(), checker.History()
        self.one(client, history)
        self.assertFalse(os.path.exists(os.path.join(world.broker.data,
                                                     "docket.ballast")))
        hog = self.fill(world)
        self.until_refused(client, history)
        os.unlink(hog)
        self.until_taken(client, history)
        self.check(world, history)


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Quota(Disk):
    """What a quota that is used up tells: EDQUOT and not ENOSPC."""

    def launch(self, calls, when, **options):
        world = self.world(test_clock=START)
        world.broker.options.update(options)
        os.makedirs(world.broker.data)
        process = world.broker.launch(prefix=(
            "strace", "-f", "-qq", "-o", world.path("s"), "-e",
            "trace=" + calls, "-e", "inject=%s:error=EDQUOT:when=%s" %
            (calls, when)), env={"ASAN_OPTIONS": "detect_leaks=0"})
        process.expected_end = True
        process.line("event=ready", 30)
        return world, process, world.client()

    def end(self, process):
        for child in dkworld.children(process.pid):
            os.kill(child, signal.SIGTERM)
        self.assertEqual(process.wait(), 0)

    def test_a_quota_refuses_new_cases_and_does_not_end_the_broker(self):
        world, process, client = self.launch("pwrite64", "200+",
                                             ballast_mb=0)
        history = checker.History()
        self.until_refused(client, history)
        self.until_refused(client, history)
        self.assertGreater(history.count("ok"), 0)
        self.end(process)
        world.broker.start()
        self.until_taken(client, history)
        self.check(world, history)

    def test_no_room_for_the_name_of_the_ballast_is_made_up_for(self):
        # Found by its number among the files that an opening makes.
        when = self.nth_open()
        world, process, client = self.launch("openat", when, ballast_mb=1)
        text = process.errors()
        self.assertIn("event=storage_tight", text)
        self.assertNotIn("event=ballast_off", text)
        process.line("event=storage_ample", 20)
        self.assertEqual(client.call("stats")["ballast"], 1 << 20)
        self.until_taken(client, checker.History())
        self.end(process)

    def nth_open(self):
        world = self.world(test_clock=START)
        world.broker.options.update(ballast_mb=1)
        process = world.broker.launch(prefix=(
            "strace", "-f", "-qq", "-o", world.path("s"), "-e",
            "trace=openat"), env={"ASAN_OPTIONS": "detect_leaks=0"})
        process.expected_end = True
        process.line("event=ready", 30)
        self.end(process)
        with open(world.path("s"), encoding="utf-8") as file:
            calls = [line for line in file if "openat(" in line]
        main = calls[0].split()[0]
        calls = [c for c in calls if c.split()[0] == main]
        return next(i for i, line in enumerate(calls, 1)
                    if "docket.ballast" in line)


class Cycles(Disk):
    def test_it_is_filled_and_freed_again_and_again(self):
        world = self.small(24)
        world.broker.start()
        world.services()
        client, history = world.client(), checker.History()
        for cycle in range(CYCLES):
            for _ in range(20):
                self.assertEqual(self.one(client, history)[0]["outcome"],
                                 "ok")
            # The log is half full, full, or has just been moved.
            hog = self.fill(world, leave=cycle * 70000)
            self.until_refused(client, history)
            self.take_the_rest(world, client, history, 1 << 20)
            world.idle(client, 60)
            if cycle % 3 == 2:
                # The machine goes down and comes up with its disk full: it
                # starts.  What its opening moved out of the log gave room
                # back, which is taken away as well.
                world.broker.kill()
                world.broker.start()
                self.fill(world, 1 << 20)
                self.until_refused(client, history)
                world.idle(client, 60)
            os.unlink(hog)
            self.until_taken(client, history)
        world.idle(client, 60)
        self.assertEqual(
            client.call("task.list", {"dead": True})["items"], [])
        print("%d cycles" % CYCLES, flush=True)
        self.check(world, history)

    def test_a_disk_that_the_log_has_filled_is_freed_by_moving_it(self):
        # Nothing but our own files: the log must not become so long that
        # neither it nor the file can grow.
        world = self.small(8)
        world.broker.start()
        client, history = world.client(), checker.History()
        self.until_refused(client, history)
        wal = os.path.getsize(world.broker.db + "-wal")
        self.assertLess(wal, 1 << 20)
        taken = history.count("ok")
        print("%d cases on 8 MiB, log %d KiB" % (taken, wal >> 10))
        self.assertGreater(taken, 300)
        self.check(world, history)


if __name__ == "__main__":
    unittest.main(verbosity=2)
