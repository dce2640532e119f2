"""The disk fails: no space, a write that fails, a sync that fails.

With no space the broker refuses and says when to try again, goes on reading,
and recovers by itself.  After a failed sync it acknowledges nothing more and
ends with exit code 74; what was acknowledged is there after a restart.
"""

import os
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402


class Case(dkworld.TestCase):
    def submit(self, client, history, size=3000, timeout=10):
        """One submission; its op."""
        body = dkproto.submission(facts="x" * size)
        op = history.invoke("c", "case.submit", body)
        try:
            history.ended(op, "ok", client.call("case.submit", body,
                                                timeout))
        except dkproto.Timeout:
            pass
        except dkproto.Problem as problem:
            op["problem"] = problem
            # A refusal for want of space may be repeated: not "refused".
        return op

    def check(self, world, history):
        report = checker.Report()
        with world.follower(credit=5000) as follower:
            follower.follow()
            events = follower.drain()
        world.peers.remove(follower)
        checker.check_stream(events, report)
        checker.check_history(history, events, report)
        client = world.client()
        _, _, faults = client.verify_all()
        self.assertEqual(faults, [])
        self.assertEqual(report.faults, [])
        print(report.summary())
        return report


class DiskFull(Case):
    def mounted(self, world, size):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        os.makedirs(world.broker.data)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size,
                           "tmpfs", world.broker.data], check=False,
                          capture_output=True).returncode:
            self.skipTest("this machine does not let us mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", world.broker.data],
                        check=False)

    def test_a_full_disk_refuses_reads_on_and_recovers_by_itself(self):
        world = self.world()
        self.mounted(world, "12m")
        ballast = os.path.join(world.broker.data, "ballast")
        with open(ballast, "wb") as file:
            file.write(b"x" * (5 << 20))
        world.broker.start()
        client, history = world.client(), checker.History()
        acked, refusal = [], None
        for _ in range(4000):
            op = self.submit(client, history)
            if op["outcome"] == "ok":
                acked.append(op["answer"]["case_no"])
                continue
            refusal = op["problem"]
            break
        self.assertIsNotNone(refusal, "the disk never became full")
        self.assertEqual(refusal.slug, "storage-full")
        self.assertGreater(refusal.retry_after_ms, 0)
        for _ in range(20):  # it goes on refusing, and reading
            op = self.submit(client, history)
            self.assertEqual(op["outcome"], "unknown")
            self.assertEqual(op["problem"].slug, "storage-full")
            client.call("case.get", {"case_no": acked[0]})
            client.call("case.list", {"limit": 5, "newest_first": True})
            client.call("stats")
        self.assertTrue(world.broker.process.alive())
        os.unlink(ballast)
        body = dkproto.submission(facts="x" * 3000)
        op = history.submit("late", client, body, deadline=20)
        self.assertEqual(op["outcome"], "ok")
        for _ in range(50):
            self.assertEqual(self.submit(client, history)["outcome"], "ok")
        self.assertGreater(len(acked), 100)
        self.check(world, history)
        world.broker.kill()
        world.broker.start()
        self.check(world, history)
        world.broker.stop()

    def test_a_full_disk_does_not_stop_a_clean_end(self):
        world = self.world()
        self.mounted(world, "4m")
        world.broker.start()
        client, history = world.client(), checker.History()
        for _ in range(4000):
            if self.submit(client, history)["outcome"] != "ok":
                break
        self.assertIn(world.broker.process.stop(),
                      (0, dkworld.EX_IOERR))

    def test_workers_wait_while_the_disk_is_full_and_go_on_after(self):
        world = self.world()
        self.mounted(world, "16m")
        ballast = os.path.join(world.broker.data, "ballast")
        with open(ballast, "wb") as file:
            file.write(b"x" * (10 << 20))
        world.broker.options.update(heartbeat_ms=300, lease_ms=3000)
        world.broker.start()
        client, history = world.client(), checker.History()
        for _ in range(4000):
            if self.submit(client, history)["outcome"] != "ok":
                break
        services = world.services()
        os.unlink(ballast)
        world.idle(client, 60)
        self.assertEqual(
            client.call("task.list", {"dead": True})["items"], [],
            "a full disk is not the worker's fault")
        for process in services.values():
            self.assertTrue(process.alive())
        self.check(world, history)


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class BadDisk(Case):
    def inject(self, world, what):
        """docketd whose system calls fail as told; (process, docketd pid)."""
        log = world.path("strace.log")
        prefix = ("strace", "-f", "-qq", "-o", log, "-e",
                  "trace=fdatasync,fsync,pwrite64,write", "-e",
                  "inject=" + what)
        process = world.broker.launch(
            prefix=prefix, env={"ASAN_OPTIONS": "detect_leaks=0"})
        self.addCleanup(self.end_children, process.pid)
        return process

    @staticmethod
    def children(pid):
        try:
            with open("/proc/%d/task/%d/children" % (pid, pid),
                      encoding="ascii") as file:
                return [int(child) for child in file.read().split()]
        except OSError:
            return []

    def end_children(self, pid):
        """strace lets go of its child when it is killed: end that as well."""
        for child in self.children(pid):
            os.kill(child, signal.SIGKILL)

    def until_end(self, world, process):
        """Submit until the broker has ended; the history and exit code."""
        client, history = world.client(), checker.History()
        after = 0
        for _ in range(500):
            if not process.alive():
                break
            op = self.submit(client, history, 500, timeout=1)
            if op["outcome"] != "ok":
                after += 1
            elif after:
                self.fail("acknowledged again after the disk had failed")
            if after > 20:
                break
        return history, process.wait(20)

    def test_a_sync_that_fails_ends_the_broker_with_74(self):
        # From one point on for ever, and once only: never tried again.
        for when in ("30+", "30", "45"):
            with self.subTest(when=when):
                world = self.world()
                world.broker.start()  # makes the store, with many syncs
                world.broker.stop()
                process = self.inject(world, "fdatasync,fsync:error=EIO:"
                                      "when=" + when)
                process.line("event=ready", 30)
                history, code = self.until_end(world, process)
                self.assertEqual(code, dkworld.EX_IOERR,
                                 dkworld.tail(process.log))
                self.assertGreater(history.count("ok"), 3)
                world.broker.start()
                self.check(world, history)
                world.broker.stop()

    def test_a_write_that_fails_ends_the_broker_with_74(self):
        world = self.world()
        process = self.inject(world, "pwrite64:error=EIO:when=200+")
        process.line("event=ready", 30)
        history, code = self.until_end(world, process)
        self.assertEqual(code, dkworld.EX_IOERR, dkworld.tail(process.log))
        world.broker.start()
        self.check(world, history)
        world.broker.stop()

    def test_a_sync_that_fails_at_the_start_is_refused(self):
        world = self.world()
        world.broker.start()
        world.client().submit()
        world.broker.kill()
        for when in range(1, 4):
            process = self.inject(world, "fdatasync,fsync:error=EIO:when="
                                  "%d+" % when)
            code = process.wait(30)
            if "event=ready" not in process.errors():
                self.assertEqual(code, dkworld.EX_IOERR,
                                 dkworld.tail(process.log))
            if when == 1:
                self.assertNotIn("event=ready", process.errors(),
                                 "served without having synced its file")
                self.assertEqual(code, dkworld.EX_IOERR)
                break

    def test_a_passing_want_of_space_is_refused_and_recovers(self):
        world = self.world()
        process = self.inject(world, "pwrite64:error=ENOSPC:when=200..215")
        process.line("event=ready", 30)
        client, history = world.client(), checker.History()
        refused = 0
        for _ in range(300):
            op = self.submit(client, history, 500)
            if op["outcome"] != "ok":
                self.assertEqual(op["problem"].slug, "storage-full")
                self.assertGreater(op["problem"].retry_after_ms, 0)
                refused += 1
        self.assertGreater(refused, 0)
        op = history.submit("late", client, dkproto.submission(),
                            deadline=20)
        self.assertEqual(op["outcome"], "ok")
        self.check(world, history)
        os.kill(self.children(process.pid)[0], signal.SIGTERM)
        self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
