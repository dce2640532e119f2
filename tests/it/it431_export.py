"""What an auditor gets: a bundle that the check in Python, which shares no code
with docket, finds good; and not one of those that were tampered with."""

import copy
import json
import os
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"
CHECK = os.path.join(dkworld.ROOT, "docs", "tools", "verify_bundle.py")


def has_ed25519():
    try:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401
    except ImportError:
        return False
    return True


@unittest.skipUnless(has_ed25519(), "python3-cryptography is not installed")
class Export(dkworld.TestCase):
    def setUp(self):
        super().setUp()
        self.w = self.world(test_clock=MAY)
        self.w.broker.start()
        self.c = self.w.client()

    def check(self, bundle, key=None):
        """None, or what the check says is wrong."""
        path = self.w.path("bundle.json", bundle)
        done = subprocess.run(
            ["/usr/bin/python3", CHECK, path, key or self.key],
            capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 0:
            self.assertIn("good", done.stdout)
            return None
        self.assertNotIn("good", done.stdout)
        return done.stderr.strip().splitlines()[-1]

    def export(self, number, *argv):
        path = self.w.path("export.json")
        _, _, err = self.w.ctl("export", number, "--out", path, *argv)
        self.key = self.w.ctl("checkpoint", "key")[1].strip()
        with open(path, encoding="utf-8") as file:
            return json.load(file), err

    def history(self):
        """A case with events in three checkpoints, among many others."""
        mine = self.c.submit(subject="井盖\t“丢失”", facts="\\ \"引号\"\n换行",
                             persons=[{"name": "赵不可见", "phone": "13900000000"}])[
            "case_no"]
        for _ in range(270):
            self.c.submit()
        self.c.act(mine, "register", note="一\n二")
        self.w.ctl("checkpoint")
        self.c.submit()
        self.c.act(mine, "assign", unit="u-1", candidates=["b", "a"])
        self.w.ctl("checkpoint")
        for _ in range(3):
            self.c.submit()
        self.c.act(mine, "inform", document="other", way="post", text="已告知")
        return mine

    def test_good_and_ten_ways_to_be_bad(self):
        number = self.history()
        good, err = self.export(number)
        self.assertEqual(err, "")
        self.assertEqual([e["n"] for e in good["events"]], [1, 2, 3, 4])
        self.assertEqual([c["number"] for c in good["checkpoints"]],
                         ["1", "2", "3"])
        self.assertIsNone(self.check(good))
        self.assertNotIn("赵不可见", json.dumps(good, ensure_ascii=False))
        self.assertNotIn("13900000000", json.dumps(good))
        other, _ = self.export(self.c.submit()["case_no"])

        def event(i, **change):
            return lambda b: b["events"][i].update(change)

        def text(i, old, new):
            def change(b):
                t = b["events"][i]["text"]
                self.assertIn(old, t)
                b["events"][i]["text"] = t.replace(old, new)
            return change

        def signed(old, new):
            def change(b):
                t = b["checkpoints"][0]["text"]
                self.assertIn(old, t)
                b["checkpoints"][0]["text"] = t.replace(old, new)
            return change
        path = good["events"][0]["path"]
        flip = ("R" if path[0][0] == "L" else "L") + path[0][1:]
        bad = {
            "a word of an event": text(1, "一", "二"),
            "who did it": text(1, "officer:", "office:"),
            "an event left out": lambda b: b["events"].pop(1),
            "the first event left out": lambda b: b["events"].pop(0),
            "two events swapped": lambda b: b["events"].reverse(),
            "an event twice": lambda b: b["events"].insert(
                1, b["events"][0]),
            "another place in the stream": event(0, seq="2"),
            "a path of another event": event(
                0, path=good["events"][1]["path"]),
            "a side of the path": event(0, path=[flip] + path[1:]),
            "a path cut short": event(0, path=path[:-1]),
            "another checkpoint": event(0, checkpoint="2"),
            "a hash": event(3, hash="00" * 32),
            "an event of another case": lambda b: b["events"].append(
                dict(other["events"][0], n=5)),
            "another case's number": lambda b: b.update(
                case_no=other["case_no"]),
            "the root": signed("root ", "root 0"),
            "the number of events": signed("events 1 ", "events 0 "),
            "a signature": lambda b: b["checkpoints"][0].update(
                signature="00" * 64),
            "a checkpoint under another's number": lambda b: b[
                "checkpoints"][0].update(number="2"),
            "no checkpoint": lambda b: b.update(checkpoints=[]),
            "no events": lambda b: b.update(events=[]),
        }
        said = {}
        for name, change in bad.items():
            with self.subTest(bundle=name):
                bundle = copy.deepcopy(good)
                change(bundle)
                said[name] = self.check(bundle)
                self.assertIsNotNone(said[name])
        self.assertIn("chain breaks at event 2", said["a word of an event"])
        self.assertIn("not what checkpoint", said["another place in the stream"])
        self.assertIn("InvalidSignature", said["the root"])
        with self.subTest("another key"):
            self.assertIn("InvalidSignature", self.check(good, "ab" * 32))

    def test_forged_by_a_whole_new_chain(self):
        """Text, hashes and all: what is missing is only the way to a root that
        was signed."""
        good, _ = self.export(self.history())
        import hashlib
        bundle = copy.deepcopy(good)
        head = bytes(32)
        for e in bundle["events"]:
            e["text"] = e["text"].replace("井盖", "路灯")
            head = hashlib.blake2b(head + e["text"].encode(),
                                   digest_size=32).digest()
            e["hash"] = head.hex()
        self.assertIn("not what checkpoint 1 signed", self.check(bundle))

    def test_without_a_checkpoint_it_says_so(self):
        number = self.c.submit()["case_no"]
        bundle, err = self.export(number, "--no-checkpoint")
        self.assertIn("1 of 1 events are not covered", err)
        self.assertIsNone(bundle["events"][0]["checkpoint"])
        self.assertIn("not signed yet", self.check(bundle))
        self.assertEqual(self.c.call("checkpoint.list")["items"], [])

    def test_of_a_changed_store_it_does_not_hold(self):
        """The broker does not look; the check does."""
        number = self.history()
        self.w.ctl("checkpoint")
        self.w.broker.stop()
        db = sqlite3.connect(self.w.broker.db)
        with db:
            db.execute("UPDATE event SET actor = 'officer:x' WHERE n = 2 "
                       "AND key = ?", (int("".join(number.split("-")[1:3])),))
        db.close()
        self.w.broker.start()
        self.c = self.w.client()
        bundle, _ = self.export(number)
        self.assertIn("chain breaks at event 2", self.check(bundle))

    def test_a_long_case_comes_page_by_page(self):
        number = self.c.submit(facts="“长”" * 5000)["case_no"]
        for i in range(130):
            self.c.act(number, "inform", document="other", way="post",
                       text="\"告知\"%d" % i * 40)
        bundle, _ = self.export(number)
        self.assertEqual(len(bundle["events"]), 131)
        self.assertIsNone(self.check(bundle))

    def test_no_such_case(self):
        self.c.submit()
        code, _, err = self.w.ctl("export", "330699-20260501-000001-7",
                                  code=None)
        self.assertEqual(code, 65, err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
