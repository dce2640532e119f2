"""A kiosk whose disk changed what was taken: the case is set aside and named,
never sent with other words or lost without one; the others arrive, and so does
that one when it is handed in again.  tests/fault/spool_flips.c hurts spools by
the thousand.
"""

import os
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402


class Spool(dkworld.TestCase):
    def setUp(self):
        self.w = self.world()
        self.spool = self.w.path("spool.db")

    def kiosk(self, bodies, *more, code=0, words=("--stdin", "--drain")):
        """Run it to its end; what it said."""
        done = subprocess.run(
            [dkworld.program("docket-kiosk"), "--spool", self.spool,
             "--connect", self.w.broker.clients, "--json", *words, *more],
            input=b"".join(dkproto.dumps(b) + b"\n" for b in bodies),
            capture_output=True, check=False, timeout=60 * dkworld.STRETCH)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        self.assertNotRegex(done.stderr.decode(), dkworld.REPORT)
        return [dkproto.loads(line) for line in
                done.stdout.decode().splitlines()]

    def ids(self, events, kind):
        return [e["submission_id"] for e in events if e["event"] == kind]

    def hurt(self, sql, *values):
        with sqlite3.connect(self.spool) as db:
            self.assertEqual(db.execute(sql, values).rowcount, 1)
        db.close()

    def test_a_hurt_case_is_named_and_the_others_arrive(self):
        bodies = [dkproto.submission() for _ in range(6)]
        ids = [b["submission_id"] for b in bodies]
        self.kiosk(bodies, "--timeout", "100", code=75)
        self.hurt("UPDATE item SET body = replace(body, '两个月', '两个用')"
                  " WHERE submission = ?", ids[1])
        self.hurt("UPDATE item SET state = 1 WHERE submission = ?", ids[4])
        self.w.broker.start()
        client = self.w.client()
        events = self.kiosk([], code=65)
        self.assertEqual(self.ids(events, "damaged"), [ids[1], ids[4]])
        whole = [i for i in ids if i not in (ids[1], ids[4])]
        self.assertEqual(self.ids(events, "case"), whole)
        self.assertEqual(client.call("stats")["store"]["cases"], 4)
        # Told once; listed for ever; and taken when it comes again.
        self.assertEqual(self.kiosk([]), [])
        status = self.kiosk([], words=("--status",))
        self.assertEqual(self.ids(status, "damaged"), [ids[1], ids[4]])
        events = self.kiosk([bodies[1], bodies[4]])
        self.assertEqual(self.ids(events, "taken"), [ids[1], ids[4]])
        self.assertEqual(client.call("stats")["store"]["cases"], 6)
        facts = [e["body"]["facts"] for n in client.pages("case.list")
                 for e in client.events(n["case_no"])[:1]]
        self.assertEqual(facts, [bodies[0]["facts"]] * 6)

    def test_a_hurt_answer_is_not_told(self):
        self.w.broker.start()
        body = dkproto.submission()
        first = self.kiosk([body])
        self.hurt("UPDATE item SET code = '00000000'")
        events = self.kiosk([body], code=65)
        self.assertEqual(self.ids(events, "damaged"),
                         [body["submission_id"]])
        # With another time of taking it is no repetition: the office has it.
        self.assertEqual(self.ids(events, "case"), [])
        refused = [e for e in events if e["event"] == "refused"]
        self.assertEqual([e["problem"]["status"] for e in refused], [409])
        client = self.w.client()
        self.assertEqual([c["case_no"] for c in client.pages("case.list")],
                         [e["case_no"] for e in first
                          if e["event"] == "case"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
