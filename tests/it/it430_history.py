"""History that cannot be changed unnoticed: checkpoints, and verify, which
names what an insider did to the file.  Each attack is made as well as somebody
can who may write the file but has not the key: chains are hashed again and the
rows beside the events are made to fit.  Controls show that the same search is
silent where nothing was done, and what a store alone cannot know."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"


def blake(data):
    return hashlib.blake2b(data, digest_size=32).digest()


class Case(dkworld.TestCase):
    def office(self, **options):
        world = self.world(test_clock=MAY)
        world.broker.options.update(options)
        world.broker.start()
        return world, world.client()

    def configure(self, world, **keys):
        world.broker.options["config"] = world.path(
            "docketd.conf", "[history]\n" + "".join(
                "%s = %s\n" % pair for pair in keys.items()))

    def words(self, world, *argv):
        """What verify says, sorted; its exit code must agree."""
        lines = world.ctl("verify", *argv, js=True, code=None)
        faults = [line for line in lines if "what" in line]
        self.assertEqual(lines[-1]["faults"], len(faults), lines)
        world.ctl("verify", *argv, code=65 if faults else 0)
        return sorted(f["what"] for f in faults)

    def checkpoint(self, world, name=None):
        argv = ["checkpoint"] + (["--out", world.path(name)] if name else [])
        world.ctl(*argv)
        return world.path(name) if name else None

    @contextlib.contextmanager
    def refusal(self, slug):
        with self.assertRaises(dkproto.Problem) as caught:
            yield
        self.assertEqual(caught.exception.slug, slug)

    def restart(self, world):
        world.broker.start()
        return world.client()


class Making(Case):
    def test_one_signs_all_events_since_the_last(self):
        world, c = self.office()
        with self.refusal("not-found"):
            c.call("checkpoint.make")
        numbers = [c.submit()["case_no"] for _ in range(3)]
        made = c.call("checkpoint.make")
        self.assertTrue(made["made"])
        one = made["checkpoint"]
        self.assertEqual((one["number"], one["from"], one["to"], one["cases"]),
                         ("1", "1", "3", 3))
        again = c.call("checkpoint.make")
        self.assertFalse(again["made"])
        self.assertEqual(again["checkpoint"], one)
        c.act(numbers[0], "register")
        two = c.call("checkpoint.make")["checkpoint"]
        self.assertEqual((two["number"], two["from"], two["to"], two["cases"]),
                         ("2", "4", "4", 0))
        self.assertIn("previous %s\n" % blake(one["text"].encode()).hex(),
                      two["text"])
        self.assertIn("previous %s\n" % ("0" * 64), one["text"])
        page = c.call("checkpoint.list", {"limit": 1})
        self.assertEqual((page["items"], page["next"]), ([one], "1"))
        page = c.call("checkpoint.list", {"after": "1"})
        self.assertEqual((page["items"], page["next"]), ([two], None))
        self.assertEqual(page["public_key"], made["public_key"])
        self.assertEqual(world.ctl("checkpoint", "key")[1].strip(),
                         page["public_key"])
        self.assertEqual(self.words(world), [])

    def test_the_root_is_the_one_that_the_document_describes(self):
        world, c = self.office()
        for n in range(300):  # more than a block
            c.submit()
        one = c.call("checkpoint.make")["checkpoint"]
        row = []
        total = 0
        for e in self.stream(world, 300):
            h = bytes.fromhex(e["hash"])
            total = (total + int(e["hash"][:16], 16)) % 2**64
            row.append(blake(b"\0" + int(e["seq"]).to_bytes(8, "big") + h))
        while len(row) > 1:
            pairs = [blake(b"\1" + row[i] + row[i + 1])
                     for i in range(0, len(row) - 1, 2)]
            row = pairs + ([row[-1]] if len(row) % 2 else [])
        self.assertIn("\nroot %s\n" % row[0].hex(), one["text"])
        self.assertIn("\nsum %016x\n" % total, one["text"])

    def stream(self, world, n):
        follower = world.follower()
        request = follower.send("events.follow", {"from": 1, "credit": 10000})
        self.assertEqual(follower.answer(request).type, "ok")
        return [follower.recv().body for _ in range(n)]

    def test_hourly_and_only_when_something_happened(self):
        world, c = self.office()
        made = lambda: c.call("stats")["counters"]["checkpoints"]  # noqa: E731
        c.call("clock.advance", {"ms": 7200000})
        c.submit()
        c.call("clock.advance", {"ms": 3599000})
        self.assertEqual(made(), 0)
        c.call("clock.advance", {"ms": 1000})
        dkworld.until(lambda: made() == 1, 10, "the hourly checkpoint")
        commits = c.call("stats")["counters"]["commits"]
        for _ in range(20):
            c.call("clock.advance", {"ms": 3600000})
        self.assertEqual(made(), 1)
        # twenty commits of the test clock's own, none of ours
        self.assertEqual(c.call("stats")["counters"]["commits"], commits + 20)

    def test_what_an_earlier_run_left_is_signed_by_the_next(self):
        world, c = self.office()
        for _ in range(700):
            c.submit()
        world.broker.kill()
        c = self.restart(world)
        world.ctl("checkpoint")  # patiently: it is read in slices
        one = c.call("checkpoint.list")["items"][0]
        self.assertEqual((one["from"], one["to"], one["cases"]),
                         ("1", "700", 700))
        self.assertEqual(self.words(world), [])

    def test_the_hour_counts_over_a_restart(self):
        world, c = self.office()
        c.submit()
        world.broker.stop()
        c = self.restart(world)
        c.call("clock.advance", {"ms": 3600000})
        dkworld.until(lambda: c.call("checkpoint.list")["items"], 10,
                      "the checkpoint")

    def test_on_demand_only(self):
        world = self.world(test_clock=MAY)
        self.configure(world, checkpoint_min=0)
        world.broker.start()
        c = world.client()
        c.submit()
        c.call("clock.advance", {"ms": 86400000})
        c.submit()
        self.assertEqual(c.call("stats")["counters"]["checkpoints"], 0)
        c.call("checkpoint.make")

    def test_the_key_is_made_once_for_its_user_alone(self):
        world, c = self.office()
        path = os.path.join(world.broker.data, "checkpoint.key")
        self.assertEqual(os.stat(path).st_mode & 0o7777, 0o400)
        key = c.call("checkpoint.list")["public_key"]
        world.broker.stop()
        c = self.restart(world)
        self.assertEqual(c.call("checkpoint.list")["public_key"], key)
        world.broker.stop()
        os.chmod(path, 0o644)
        world.broker.refused(78, "checkpoint.key", "0400")
        os.chmod(path, 0o600)
        with open(path, "w", encoding="ascii") as file:
            file.write("not a key\n")
        os.chmod(path, 0o400)
        world.broker.refused(78, "64 hex digits")



class File:
    """The stopped broker's file, and what an attacker does to it."""

    def __init__(self, world):
        self.path = world.broker.db
        self.db = sqlite3.connect(self.path, isolation_level=None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.db.close()

    def run(self, sql, *args):
        cursor = self.db.execute(sql, args)
        return cursor.fetchall()

    def one(self, sql, *args):
        return self.run(sql, *args)[0][0]

    def rehash(self, key, names):
        """Make a case's chain fit again, and the case's head."""
        head = bytes(32)
        for seq, n, kind, at, claimed, actor, body in self.run(
                "SELECT seq, n, type, at, claimed, actor, body FROM event "
                "WHERE key = ? ORDER BY n", key):
            text = "\n".join(map(str, (
                key, n, names[kind], at, "-" if claimed is None else claimed,
                actor, body)))
            head = blake(head + text.encode())
            self.run("UPDATE event SET hash = ? WHERE seq = ?", head, seq)
        self.run("UPDATE case_file SET hash = ? WHERE key = ?", head, key)

    def keep(self, key):
        """All rows of a case but its events, to put back later."""
        tables = ("case_file", "clock", "task_assign", "task_deadline",
                  "task_escalate", "alert", "request", "person")
        return {t: self.run("SELECT * FROM %s WHERE key = ?" % t, key)
                for t in tables}

    def put_back(self, key, kept):
        for table, rows in kept.items():
            self.run("DELETE FROM %s WHERE key = ?" % table, key)
            for row in rows:
                self.run("INSERT INTO %s VALUES (%s)" % (
                    table, ", ".join("?" * len(row))), *row)

    def totals(self):
        return self.run("SELECT * FROM total")[0]


class Tampering(Case):
    """Four cases and their events, signed; the broker stands still."""

    def setUp(self):
        super().setUp()
        self.w, self.c = self.office()
        self.numbers = [self.c.submit(category="甲", subject="事项%d" % i)[
            "case_no"] for i in range(4)]
        for number in self.numbers[:3]:
            self.c.act(number, "register")
        self.keys = [int("".join(n.split("-")[1:3])) for n in self.numbers]
        self.names = {}

    def stop(self, kept=None):
        """Sign, stop; the checkpoint's file when it is to be kept."""
        file = self.checkpoint(self.w, kept) if kept else None
        if not kept:
            self.w.ctl("checkpoint")
        page = self.c.call("case.events", {"case_no": self.numbers[0]})
        wire = {e["n"]: e["type"] for e in page["items"]}
        self.w.broker.stop()
        with File(self.w) as f:
            for n, kind in f.run("SELECT n, type FROM event WHERE key = ?",
                                 self.keys[0]):
                self.names[kind] = wire[n]
        return file

    def found(self, *argv, start=True):
        if start:
            self.c = self.restart(self.w)
        return self.words(self.w, *argv)

    def test_control_nothing_was_done(self):
        file = self.stop("kept.json")
        with File(self.w) as f:
            f.rehash(self.keys[0], self.names)  # what is right stays right
        self.assertEqual(self.found(), [])
        self.assertEqual(self.found("--checkpoint", file, start=False), [])
        self.assertEqual(self.found("--checkpoint", file, "--public-key",
                                    self.key(), start=False), [])

    def key(self):
        return self.c.call("checkpoint.list", {"limit": 1})["public_key"]

    # -- a changed row

    def test_a_changed_event_by_a_careless_hand(self):
        self.stop()
        with File(self.w) as f:
            f.run("UPDATE event SET actor = 'officer:other' WHERE key = ? "
                  "AND n = 2", self.keys[0])
        self.assertEqual(self.found(), ["changed-event"])

    def test_a_changed_event_with_everything_made_to_fit(self):
        self.stop()
        with File(self.w) as f:
            f.run("UPDATE event SET actor = 'officer:other' WHERE key = ? "
                  "AND n = 2", self.keys[0])
            f.rehash(self.keys[0], self.names)
        self.assertEqual(self.found(), ["changed-history"])

    def test_control_before_the_checkpoint_a_change_that_fits_is_not_seen(self):
        """Why there are checkpoints: without one nothing tells."""
        self.stop()
        self.c = self.restart(self.w)
        self.c.act(self.numbers[3], "register")
        self.w.broker.stop()
        with File(self.w) as f:
            f.run("UPDATE event SET actor = 'officer:other' WHERE key = ? "
                  "AND n = 2", self.keys[3])
            f.rehash(self.keys[3], self.names)
        self.assertEqual(self.found(), [])

    # -- a deleted event

    def test_a_deleted_event_by_a_careless_hand(self):
        self.stop()
        with File(self.w) as f:
            f.run("DELETE FROM event WHERE key = ? AND n = 1", self.keys[1])
        self.assertIn("missing-event", self.found())

    def delete_last_event(self, before, after):
        """Case 0's last event, with the rows as they were before it."""
        self.w.broker.stop()
        with File(self.w) as f:
            kept, total = f.keep(self.keys[0]), f.totals()
        self.c = self.restart(self.w)
        before()
        self.w.broker.stop()
        with File(self.w) as f:
            events = f.totals()[2] - total[2]
            self.assertEqual(events, 1)
            self.assertEqual(f.totals()[6], total[6])  # figures: none
        self.c = self.restart(self.w)
        after()
        self.stop()
        with File(self.w) as f:
            f.run("DELETE FROM event WHERE key = ? AND n = 3", self.keys[0])
            f.put_back(self.keys[0], kept)

    def test_a_deleted_event_with_everything_made_to_fit(self):
        self.delete_last_event(
            lambda: self.c.act(self.numbers[0], "inform", document="other", way="post", text="见过"),
            lambda: self.c.act(self.numbers[1], "inform", document="other", way="post", text="后来"))
        self.assertEqual(self.found(), ["missing-event"])

    def test_a_deleted_event_that_no_checkpoint_covers(self):
        """The hole in the stream tells as long as it is not the end."""
        self.c.act(self.numbers[3], "inform", document="other", way="post", text="一")
        self.w.broker.stop()
        with File(self.w) as f:
            kept = f.keep(self.keys[0])
        self.c = self.restart(self.w)
        self.c.act(self.numbers[0], "inform", document="other", way="post", text="见过")
        self.c.act(self.numbers[1], "inform", document="other", way="post", text="后来")
        self.w.broker.stop()
        with File(self.w) as f:
            f.run("DELETE FROM event WHERE key = ? AND n = 3", self.keys[0])
            f.put_back(self.keys[0], kept)
        self.assertEqual(self.found(), ["missing-event"])
        # And what is signed next says that it was missing: for ever.
        self.w.ctl("checkpoint")
        self.assertEqual(self.found(start=False), ["missing-event"])

    # -- a deleted case

    def delete_case(self, i, day=False):
        with File(self.w) as f:
            f.put_back(self.keys[i], {t: [] for t in f.keep(self.keys[i])})
            f.run("DELETE FROM event WHERE key = ?", self.keys[i])
            if day:
                f.run("UPDATE day SET seq = seq - 1")

    def test_a_deleted_case_by_its_number(self):
        self.stop()
        self.delete_case(1)
        lines = self.w_faults()
        self.assertIn((self.numbers[1], "missing-case"), lines)
        self.assertIn((None, "missing-case"), lines)

    def w_faults(self):
        self.c = self.restart(self.w)
        return [(f["case_no"], f["what"])
                for f in self.w.ctl("verify", js=True, code=65) if "what" in f]

    def test_the_last_case_of_a_day(self):
        self.stop()
        self.delete_case(3)
        self.assertIn((self.numbers[3], "missing-case"), self.w_faults())

    def test_a_deleted_case_with_everything_made_to_fit(self):
        """Its figures, tasks, totals and its number too: only what was signed
        knows of it."""
        self.w.broker.stop()
        with File(self.w) as f:
            total = f.totals()
            tally = f.run("SELECT * FROM tally")
        self.c = self.restart(self.w)
        secret = self.c.submit(category="乙", subject="要消失的")["case_no"]
        self.w.broker.stop()
        with File(self.w) as f:
            more = f.totals()
        self.c = self.restart(self.w)
        self.c.act(self.numbers[0], "inform", document="other", way="post", text="后来")
        self.stop()
        self.numbers.append(secret)
        self.keys.append(int("".join(secret.split("-")[1:3])))
        self.delete_case(4, day=True)
        with File(self.w) as f:
            f.run("DELETE FROM tally WHERE category = '乙'")
            now = f.totals()
            f.run("UPDATE total SET cases = ?, tasks_open = ?, tally = ?",
                  now[1] - 1, now[3] - (more[3] - total[3]),
                  self.wrap(now[6] - (more[6] - total[6])))
            self.assertEqual(len(tally), f.one("SELECT count(*) FROM tally"))
        self.assertEqual(self.found(), ["missing-case"])

    @staticmethod
    def wrap(v):
        return (v + 2**63) % 2**64 - 2**63

    # -- another order

    def swap(self, f, a, b):
        f.run("UPDATE event SET seq = -1 WHERE seq = ?", a)
        f.run("UPDATE event SET seq = ? WHERE seq = ?", a, b)
        f.run("UPDATE event SET seq = ? WHERE seq = -1", b)
        for s, table in enumerate(("task_assign", "task_deadline",
                                   "task_escalate")):
            ids = {a * 4 + s: b * 4 + s, b * 4 + s: a * 4 + s}
            rows = f.run("SELECT * FROM %s WHERE id IN (?, ?)" % table, *ids)
            f.run("DELETE FROM %s WHERE id IN (?, ?)" % table, *ids)
            for row in rows:
                f.run("INSERT INTO %s VALUES (%s)" % (
                    table, ", ".join("?" * len(row))), ids[row[0]], *row[1:])

    def test_a_reordered_stream(self):
        self.stop()
        with File(self.w) as f:
            self.swap(f, 2, 3)
        self.assertEqual(self.found(), ["reordered-stream"])

    # -- a truncated tail

    def test_a_truncated_tail_that_the_store_still_knows_of(self):
        self.w.broker.stop()
        with File(self.w) as f:
            kept = f.keep(self.keys[0])
            total = f.totals()
        self.c = self.restart(self.w)
        self.c.act(self.numbers[0], "inform", document="other", way="post", text="见过")
        self.stop()
        with File(self.w) as f:
            f.run("DELETE FROM event WHERE key = ? AND n = 3", self.keys[0])
            f.put_back(self.keys[0], kept)
            f.run("UPDATE total SET events = ?", total[2])
        self.assertEqual(self.found(), ["truncated-tail"])
        with self.refusal("wrong-state"):  # nothing is signed over it
            self.c.call("checkpoint.make")

    def test_a_truncated_tail_against_a_checkpoint_that_was_kept(self):
        self.stop()
        old = self.w.path("old.db")
        shutil.copy(self.w.broker.db, old)
        self.c = self.restart(self.w)
        self.c.act(self.numbers[0], "inform", document="other", way="post", text="见过")
        file = self.stop("kept.json")
        shutil.copy(old, self.w.broker.db)
        self.assertEqual(self.found(), [])  # the store alone cannot know
        self.assertEqual(self.found("--checkpoint", file, start=False),
                         ["truncated-tail"])

    def test_a_past_that_was_rewritten_and_signed_again(self):
        """The worst insider, who has the key too."""
        self.stop()
        old = self.w.path("old.db")
        shutil.copy(self.w.broker.db, old)
        self.c = self.restart(self.w)
        self.c.act(self.numbers[0], "inform", document="other", way="post", text="实情")
        file = self.stop("kept.json")
        shutil.copy(old, self.w.broker.db)
        self.c = self.restart(self.w)
        self.c.act(self.numbers[0], "inform", document="other", way="post", text="改过")
        self.stop()
        self.assertEqual(self.found(), [])  # the store alone cannot know
        self.assertEqual(self.found("--checkpoint", file, start=False),
                         ["changed-checkpoint"])

    def test_another_store_in_its_place(self):
        file = self.stop("kept.json")
        for name in ("docket.db",):
            os.remove(os.path.join(self.w.broker.data, name))
        self.c = self.restart(self.w)
        for _ in range(9):
            self.c.submit()
        self.w.ctl("checkpoint")
        self.assertEqual(self.found(start=False), [])
        self.assertIn("other-store",
                      self.found("--checkpoint", file, start=False))

    def test_control_a_restored_backup_is_no_tampering(self):
        self.w.ctl("checkpoint", "--out", self.w.path("kept.json"))
        copy = self.w.path("copy.db")
        self.w.ctl("backup", copy)
        self.c.act(self.numbers[0], "inform", document="other", way="post")
        late = self.stop("late.json")
        shutil.copy(copy, self.w.broker.db)
        self.assertEqual(self.found(), [])
        self.c.submit()
        self.w.ctl("checkpoint")
        self.assertEqual(self.found("--checkpoint", self.w.path("kept.json"),
                                    start=False), [])
        # What the backup did not have is the truth, and told.
        self.assertEqual(self.found("--checkpoint", late, start=False),
                         ["changed-checkpoint"])

    # -- keys and signatures

    def test_a_wrong_key(self):
        file = self.stop("kept.json")
        old = self.w.broker.data + "/checkpoint.key"
        os.rename(old, self.w.path("old.key"))
        self.assertEqual(self.found(), ["wrong-key"])
        self.assertEqual(self.found("--public-key", self.key(), start=False),
                         ["wrong-key", "wrong-key"])
        public = self.old_key()
        self.w.broker.stop()
        self.configure(self.w, old_keys=public)
        self.assertEqual(self.found(), [])  # the operator says it was ours
        self.assertEqual(self.found("--checkpoint", file, "--public-key",
                                    public, start=False), [])
        self.assertEqual(self.found("--public-key", "ab" * 32, start=False),
                         ["wrong-key"])

    def old_key(self):
        text = self.c.call("checkpoint.list")["items"][0]["text"]
        return text.split("key ")[1][:64]

    def test_a_forged_signature(self):
        file = self.stop("kept.json")
        with File(self.w) as f:
            sig = f.one("SELECT sig FROM checkpoint")
            f.run("UPDATE checkpoint SET sig = ?",
                  sig[:9] + bytes([sig[9] ^ 1]) + sig[10:])
        self.assertEqual(self.found(), ["forged-signature"])
        self.assertEqual(self.found("--checkpoint", file, start=False),
                         ["forged-signature"] * 2)

    def test_a_checkpoint_made_to_fit_the_change(self):
        """The text is rewritten for the changed events; who has not the key
        cannot sign it."""
        self.stop()
        with File(self.w) as f:
            text = f.one("SELECT text FROM checkpoint")
            f.run("UPDATE checkpoint SET text = ?",
                  text.replace("\ncases 4\n", "\ncases 3\n"))
        self.assertEqual(self.found(), ["forged-signature"])

    def test_a_checkpoint_file_that_was_changed(self):
        file = self.stop("kept.json")
        with open(file, encoding="utf-8") as f:
            text = f.read()
        with open(file, "w", encoding="utf-8") as f:
            f.write(text.replace("\\ncases 4\\n", "\\ncases 5\\n"))
        self.assertEqual(self.found("--checkpoint", file),
                         ["changed-checkpoint", "forged-signature"])

    def test_a_changed_checkpoint_row(self):
        self.stop()
        with File(self.w) as f:
            blocks = f.one("SELECT blocks FROM checkpoint")
            f.run("UPDATE checkpoint SET blocks = ?",
                  bytes([blocks[0] ^ 1]) + blocks[1:])
        self.assertEqual(self.found(), ["changed-checkpoint"])

    def test_a_row_that_cannot_be_read(self):
        self.stop()
        with File(self.w) as f:
            f.run("UPDATE checkpoint SET text = 'x', sig = x'00'")
        self.assertEqual(self.found(), ["changed-checkpoint"])
        self.c.submit()  # the office goes on
        with self.refusal("wrong-state"):
            self.c.call("checkpoint.make")

    def test_a_deleted_checkpoint(self):
        self.w.ctl("checkpoint")
        for i in range(2):
            self.c.act(self.numbers[0], "inform", document="other", way="post", text="第%d次" % i)
            self.w.ctl("checkpoint")
        file = self.stop("kept.json")
        with File(self.w) as f:
            f.run("DELETE FROM checkpoint WHERE number = 2")
        self.assertEqual(self.found(), ["missing-checkpoint"])
        self.assertEqual(self.found("--checkpoint", file, start=False),
                         ["missing-checkpoint"] * 2)

    def test_a_long_history_in_small_slices(self):
        for _ in range(600):
            self.c.submit(category="甲")
        self.w.ctl("checkpoint")
        for _ in range(300):
            self.c.submit(category="甲")
        self.w.ctl("checkpoint")
        for _ in range(10):
            self.c.submit(category="甲")
        self.w.broker.stop()
        self.assertEqual(self.found("--limit", "1"), [])
        self.w.broker.stop()
        with File(self.w) as f:
            self.swap(f, 400, 401)
            f.run("DELETE FROM event WHERE seq = 700")
        self.assertIn("reordered-stream", self.found("--limit", "3"))
        self.assertIn("missing-event", self.found("--limit", "7", start=False))


if __name__ == "__main__":
    unittest.main(verbosity=2)
