"""docketctl follow --cloudevents: the event stream as CloudEvents 1.0, read and
validated by the published SDK (npm, tests/node/events.mjs).
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import STRETCH  # noqa: E402


class Follow(dkworld.TestCase):
    @unittest.skipIf(shutil.which("node") is None, "no node")
    def test_the_sdk_reads_every_event_as_it_was(self):
        world, client = self.started(
            ("assign", "deadline", "escalate"),
            test_clock="2026-05-01T09:00:00+08:00")
        numbers = {client.submit(category="供水")["case_no"] for _ in range(3)}
        world.idle(client)
        client.call("clock.set", {"to": "2026-05-20T09:00:00+08:00",
                                  "settle": True}, 90)
        follower = world.follower()
        follower.follow()
        want = follower.drain()
        done = subprocess.run(
            [dkworld.program("docketctl"), "--connect", world.broker.clients,
             "follow", "--cloudevents", "--count", str(len(want))],
            capture_output=True, check=True, timeout=60 * STRETCH)
        read = subprocess.run(
            ["node", os.path.join(dkworld.ROOT, "tests", "node", "events.mjs")],
            input=done.stdout, capture_output=True, timeout=60 * STRETCH)
        self.assertEqual(read.returncode, 0, read.stderr.decode())
        got = [json.loads(line) for line in read.stdout.splitlines()]
        self.assertGreater(len(want), 20)
        self.assertEqual(len(got), len(want))
        for event, was in zip(got, want):
            self.assertEqual(event["id"], was["seq"])
            self.assertEqual(event["type"], "docket.case." + was["type"])
            self.assertEqual(event["source"], "urn:docket:" + was["broker"])
            self.assertEqual(event["subject"], was["case_no"])
            self.assertEqual(event["data"]["body"], was["body"])
            self.assertEqual(event["data"]["n"], was["n"])
        self.assertEqual({e["subject"] for e in got}, numbers)
        sequences = [e["sequence"] for e in got]
        self.assertEqual(sequences, sorted(sequences))
        self.assertEqual({len(s) for s in sequences}, {20})


if __name__ == "__main__":
    unittest.main(verbosity=2)
