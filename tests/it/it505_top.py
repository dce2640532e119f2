#!/usr/bin/python3
"""docketctl status and top: what they show is what the broker says, for people
in two languages and as JSON, on a terminal and without one.
"""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"


class Top(dkworld.TestCase):
    def office(self):
        """Two cases of one unit, both too late; one that is new."""
        world = self.world(test_clock=MAY)
        world.broker.start()
        world.services()
        client = world.client()
        for _ in range(2):
            number = client.submit(category="供水")["case_no"]
            world.idle(client)
            client.act(number, "accept")
        world.idle(client)
        client.call("clock.advance", {"ms": 90 * 86400000, "settle": True}, 60)
        client.submit(category="供水")
        world.idle(client)
        return world, client

    def test_what_they_show_is_what_the_broker_says(self):
        world, client = self.office()
        stats = client.call("stats")
        late = stats["load"]["clocks_overdue"]
        self.assertGreaterEqual(late, 2)
        code, out, _ = world.ctl("--lang", "en", "status")
        self.assertEqual(code, 0)
        self.assertIn("takes cases", out)
        self.assertRegex(out, r"cases +\d+ in hand, 3 ever\n")
        self.assertRegex(out, r"limits +%d overdue, the next step at 2026-" %
                         late)
        self.assertRegex(out, r"workers +assign 1, deadline 1, escalate 1\n")
        self.assertNotIn("\033", out)
        out = world.ctl("--lang", "zh-CN", "status")[1]
        self.assertIn("受理中", out)
        out = world.ctl("--lang", "en", "top", "--once", "--every", "50ms")[1]
        self.assertRegex(out, r"a second +submitted 0\.0, ")
        self.assertRegex(out, r"u-water +%d +2026-07-" % late)
        self.assertRegex(out, r"NEXT STEP +DUE +CASE")
        self.assertNotIn("\033", out)
        lines = world.ctl("--json", "top", "--count", "2", "--every",
                          "50ms")[1].splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines:
            frame = json.loads(line)
            self.assertEqual(frame["slow_units"][0]["unit"], "u-water")
            self.assertEqual(frame["slow_units"][0]["overdue"], late)
            self.assertEqual(frame["stats"]["store"]["cases"], 3)
            self.assertEqual(frame["tenths_per_s"]["submitted"], 0)
            self.assertEqual({w["service"] for w in frame["workers"]},
                             {"assign", "deadline", "escalate"})
            self.assertTrue(frame["next"])

    def test_a_terminal_is_drawn_anew(self):
        world = self.world(test_clock=MAY)
        world.broker.start()
        mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, 80, 0, 0))
        with subprocess.Popen(
                [dkworld.program("docketctl"), "--connect",
                 world.broker.clients, "--lang", "en", "top", "--count", "2",
                 "--every", "50ms"], stdout=theirs,
                env=dict(os.environ, TERM="xterm")) as run:
            os.close(theirs)
            text = b""
            try:
                while True:
                    text += os.read(mine, 65536)
            except OSError:  # its end is closed
                pass
            self.assertEqual(run.wait(), 0)
        os.close(mine)
        self.assertEqual(text.count(b"\033[H\033[J"), 2)
        self.assertIn(b"escalate \033", text)  # no worker: in red

    def test_no_broker(self):
        world = self.world()
        code, _, err = world.ctl("--timeout", "200", "top", "--once",
                                 code=dkworld.EX_UNAVAILABLE)
        self.assertEqual(code, dkworld.EX_UNAVAILABLE)
        self.assertTrue(err)


if __name__ == "__main__":
    unittest.main()
