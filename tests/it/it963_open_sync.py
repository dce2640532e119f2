"""Before anything is acknowledged, a repeated submission included, the database
and its log are synced and the log is moved into the file; if any one of these
syncs fails, nothing is acknowledged and the exit code is 74.
"""

import os
import re
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

CALLS = "fsync,fdatasync"


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Open(dkworld.TestCase):
    def killed(self):
        """An office that was killed with commits in its log."""
        world = self.world()
        world.broker.start()
        client = world.client()
        body = dkproto.submission()
        answer = client.call("case.submit", body)
        for _ in range(5):
            client.call("case.submit", dkproto.submission())
        world.broker.kill()
        self.assertGreater(os.path.getsize(world.broker.db + "-wal"), 0)
        return world, body, answer

    def start(self, world, *more):
        log = world.path("strace.%d" % world.started)
        process = world.broker.launch(
            prefix=("strace", "-f", "-qq", "-y", "-o", log, "-e",
                    "trace=%s,pwrite64,ftruncate,sendto,sendmsg,write" % CALLS,
                    *more), env={"ASAN_OPTIONS": "detect_leaks=0"})
        process.expected_end = True
        return process, log

    @staticmethod
    def calls(text):
        """The calls in the order in which they ended.  One during which
        another thread calls is in two pieces there.
        """
        begun, whole = {}, []
        for line in text.splitlines():
            pid, _, call = line.partition(" ")
            if call.endswith(" <unfinished ...>"):
                begun[pid] = call[:-len(" <unfinished ...>")]
                continue
            rest = re.match(r" *<\.\.\. \w+ resumed>(.*)", call)
            whole.append(begun.pop(pid, "") + rest.group(1) if rest else call)
        return "\n".join(whole)

    def test_the_order_of_an_opening(self):
        world, body, answer = self.killed()
        process, log = self.start(world)
        process.line("event=ready", 30)
        self.assertEqual(world.client().call("case.submit", body), answer)
        os.kill(dkworld.children(process.pid)[0], signal.SIGTERM)
        process.wait()
        with open(log, encoding="utf-8", errors="replace") as file:
            text = self.calls(file.read())
        opening = text[:text.index("event=ready")]
        data = re.escape(world.broker.data)
        steps = [r"fsync\(\d+<%s/docket\.db>\) += 0" % data,
                 r"fsync\(\d+<%s/docket\.db-wal>\) += 0" % data,
                 r"fsync\(\d+<%s>\) += 0" % data,
                 r"pwrite64\(\d+<%s/docket\.db>" % data,
                 r"fdatasync\(\d+<%s/docket\.db>\) += 0" % data]
        at = 0
        for step in steps:
            found = re.compile(step).search(opening, at)
            self.assertIsNotNone(found, "%s is missing or late in:\n%s" %
                                 (step, opening[-4000:]))
            at = found.end()

    def test_each_sync_of_an_opening_that_fails_ends_it_with_74(self):
        n = 0
        while True:
            n += 1
            world, body, _ = self.killed()
            process, log = self.start(
                world, "-e", "inject=%s:error=EIO:when=%d" % (CALLS, n))
            with dkproto.Client(world.broker.clients) as peer:
                # It waits at the door from before the start.
                def ended():
                    return not process.alive() or \
                        "event=ready" in process.errors()
                peer.send("case.submit", body)
                dkworld.until(ended, 30, "ready or the end")
                if "event=ready" in process.errors():
                    break
                self.assertEqual(process.wait(30), dkworld.EX_IOERR,
                                 process.errors())
                with open(log, encoding="utf-8", errors="replace") as file:
                    self.assertIn("INJECTED", file.read())
                with self.assertRaises(dkproto.Timeout):
                    peer.recv(0.2)
            world.broker.start()
            _, _, faults = world.client().verify_all()
            self.assertEqual(faults, [])
            world.broker.stop()
        for child in dkworld.children(process.pid) if process.alive() else []:
            os.kill(child, signal.SIGKILL)
        print("%d syncs of an opening, each of which ended it" % (n - 1))
        # file, log, folder, the checkpoint of the log, the epoch
        self.assertGreaterEqual(n - 1, 5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
