#!/usr/bin/python3
"""What reaches systemd's journal: entries with fields and ids, of the broker and
of a worker's alerts; text where standard error is something else.

A journal of the test's own listens at the system's place, in a mount namespace,
so it needs root and unshare.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"
INSIDE = "DK_JOURNAL_INSIDE"
# As systemd starts a service: both streams are the journal, and named.
JOURNALED = ("sh", "-c", 'exec >&2; JOURNAL_STREAM=$(stat -Lc %d:%i '
             '/proc/self/fd/2) exec "$@"', "sh")
INHERITED = ("env", "JOURNAL_STREAM=1:1")


def ids():
    with open(os.path.join(dkworld.ROOT, "proto", "log_events.def"),
              encoding="utf-8") as file:
        return dict(re.findall(r'^E\("([^"]+)", "(\w+)"\)', file.read(), re.M))


@unittest.skipUnless(os.environ.get(INSIDE), "no mount namespace to be had")
class Journal(dkworld.TestCase):
    def setUp(self):
        super().setUp()
        self.path = "/run/systemd/journal/socket"
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.addCleanup(os.unlink, self.path)
        self.addCleanup(self.socket.close)
        self.entries = []

    def entry(self, **want):
        """The entry with these fields, when it comes."""
        def look():
            while True:
                try:
                    text = self.socket.recv(65536).decode()
                except BlockingIOError:
                    break
                self.assertTrue(text.endswith("\n"))
                self.entries.append(dict(line.split("=", 1)
                                         for line in text[:-1].split("\n")))
            for fields in self.entries:
                if want.items() <= fields.items():
                    return fields
            return None
        return until(look, 30, lambda: "%r among %r" % (want, self.entries))

    def test_the_broker_and_the_alerts_of_a_case(self):
        known = ids()
        world = self.world(test_clock=MAY)
        world.broker.options["config"] = world.path(
            "docketd.conf", "[watch]\nno_worker_s = 1\nsettle_s = 0\n")
        process = world.broker.launch(prefix=JOURNALED)
        ready = self.entry(DOCKET_EVENT="ready")
        self.assertEqual(
            (ready["MESSAGE_ID"], ready["PRIORITY"],
             ready["SYSLOG_IDENTIFIER"], ready["DOCKET_CLIENTS"]),
            (known["ready"], "6", "docketd", world.broker.clients))
        self.assertTrue(ready["MESSAGE"].startswith("level=info event=ready "))
        alert = self.entry(DOCKET_EVENT="office_alert",
                           DOCKET_SUBJECT="assign")
        self.assertEqual((alert["MESSAGE_ID"], alert["PRIORITY"]),
                         (known["office_alert.no_worker"], "4"))
        world.service("assign")
        world.service("deadline")
        files = world.files()
        world.spawn("docket-escalate", "--connect", world.broker.workers,
                    "--policy", files["policy"], "--calendar",
                    files["calendar"], "--book", files["book"],
                    prefix=JOURNALED)
        self.entry(DOCKET_EVENT="welcome", DOCKET_SERVICE="escalate",
                   SYSLOG_IDENTIFIER="docket-escalate")
        client = world.client()
        number = client.submit(category="供水")["case_no"]
        world.idle(client)
        client.call("clock.advance", {"ms": 40 * 86400000, "settle": True}, 60)
        told = self.entry(DOCKET_EVENT="alert", CASE_NO=number)
        self.assertEqual(told["MESSAGE_ID"], known["alert"])
        self.assertIn(told["PRIORITY"], "345")
        self.assertEqual(world.broker.stop(), None)
        self.entry(DOCKET_EVENT="stopped", DOCKET_EXIT="0")
        self.assertEqual(process.errors(), "")

    def test_text_where_it_is_not_the_journal(self):
        world = self.world(test_clock=MAY)
        process = world.broker.launch(prefix=INHERITED)
        process.line(r"(?m)^level=info event=ready ")
        world.broker.stop()
        with self.assertRaises(BlockingIOError):
            self.socket.recv(10)

    def test_text_where_the_journal_does_not_listen(self):
        self.socket.close()
        world = self.world(test_clock=MAY)
        process = world.broker.launch(prefix=JOURNALED)
        process.line(r"(?m)^level=info event=ready ")
        world.broker.stop()


def go_inside():
    """This program again, where /run is its own."""
    if os.environ.get(INSIDE) or os.geteuid() != 0 or \
            not shutil.which("unshare"):
        return
    inside = "mount -t tmpfs tmpfs /run && exec \"$@\""
    able = subprocess.run(["unshare", "-m", "sh", "-c", inside, "sh", "true"],
                          check=False, capture_output=True).returncode == 0
    if able:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-m", "sh", "-c", inside, "sh",
                              sys.executable] + sys.argv)


if __name__ == "__main__":
    go_inside()
    unittest.main()
