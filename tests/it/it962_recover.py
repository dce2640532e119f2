"""docketd --recover: what a damaged database still holds, in a new one.

Whatever is broken, every case of the new database is a prefix of the case as it
was, verify finds nothing wrong with it, the damaged file is not touched, and
what could not be saved is named.
"""

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

START = "2026-05-06T09:00:00+08:00"
PAGE = 4096
CASES = 40


def digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return None


class Recover(dkworld.TestCase):
    """One office, damaged again and again."""

    def setUp(self):
        super().setUp()
        world = self.world(test_clock=START)
        world.broker.options.update(heartbeat_ms=300)
        world.broker.start()
        client = world.client()
        world.services()
        self.answers = []
        for i in range(CASES):
            body = dkproto.submission(
                facts="事实%d " % i * (700 if i % 5 == 0 else 20),
                persons=[{"name": "张三%d" % i, "phone": "057112345678"}])
            self.answers.append((body, client.call("case.submit", body, 20)))
        world.idle(client, 60)
        self.act = {"command_id": dkproto.uuid7(),
                    "case_no": self.answers[3][1]["case_no"],
                    "action": "accept", "actor": "officer:li"}
        self.acted = client.call("case.act", self.act, 20)
        world.idle(client, 60)
        for _ in range(2):
            client.call("checkpoint.make", {}, 20)
            client.call("case.submit", dkproto.submission(), 20)
            world.idle(client, 60)
        self.checkpoints = client.call("checkpoint.list")["items"]
        for process in world.processes[1:]:
            process.stop()
        self.open = client.call("case.submit", dkproto.submission(), 20)
        self.tasks = len(client.call("task.list", {"limit": 500})["items"])
        self.history = self.stream(world)
        world.broker.kill()
        self.world0 = world

    def stream(self, world):
        client = world.client()
        total = client.call("stats", {}, 20)["store"]["events"]
        with world.follower(credit=5000) as follower:
            follower.follow()  # to the last: quiet may be a busy machine
            events = follower.drain(until=total) if total else []
        world.peers = [p for p in world.peers if p not in (client, follower)]
        client.close()
        cases = {}
        for event in events:
            cases.setdefault(event["case_no"], []).append(event["hash"])
        return cases

    def copy(self, moved=True):
        """The files of the stopped office, the log moved in or not."""
        folder = self.world0.path("copy%d" % len(os.listdir(
            self.world0.folder)))
        shutil.copytree(self.world0.broker.data, folder)
        db = os.path.join(folder, "docket.db")
        if moved and os.path.exists(db + "-wal"):
            con = sqlite3.connect(db)
            con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            con.close()
        return db

    def recover(self, db, code):
        out = db + ".new"
        before = digest(db), digest(db + "-wal")
        done = subprocess.run(
            [dkworld.program("docketd"), "--county", dkworld.COUNTY,
             "--data", os.path.dirname(db),
             "--recover", db, "--out", out], capture_output=True, check=False,
            timeout=60 * dkworld.STRETCH)
        text = done.stdout.decode() + done.stderr.decode()
        self.assertIsNone(dkworld.REPORT.search(text), text[-3000:])
        self.assertEqual(done.returncode, code, text)
        self.assertEqual((digest(db), digest(db + "-wal")), before,
                         "the damaged file was written")
        left = [n for n in os.listdir(os.path.dirname(db))
                if n.endswith((".part", ".work", ".lock.1"))]
        self.assertEqual(left, [])
        return out, text

    def check(self, out, text, least, named=False):
        """The new database: sound, and a prefix of what was."""
        world = self.world(test_clock=START)
        os.makedirs(world.broker.data)
        shutil.copyfile(out, world.broker.db)
        for key in ("seal.key", "checkpoint.key"):
            shutil.copy2(os.path.join(self.world0.broker.data, key),
                         world.broker.data)
        world.broker.start()
        self.assertRegex(world.broker.process.errors(), "event=restored")
        client = world.client()
        _, _, faults = client.verify_all()
        now = self.stream(world)
        for fault in faults:  # lost is lost, and told
            if fault["what"] == "missing-case":  # by its number
                self.assertNotIn(fault["case_no"], now)
                continue
            self.assertEqual(fault["what"], "person-differs")
            self.assertRegex(text, fault["case_no"] + "  the petitioners' "
                             "data is lost")
        whole = 0
        for number, hashes in now.items():
            was = self.history[number]
            self.assertEqual(hashes, was[:len(hashes)])
            whole += len(hashes) == len(was)
            if named and len(hashes) < len(was):
                self.assertIn(number + "  events 1 to %d saved" % len(hashes),
                              text)
        for number in self.history:
            if named and number not in now:
                self.assertIn(number + "  lost", text)
        print("%d of %d cases whole, %d there" % (
            whole, len(self.history), len(now)), flush=True)
        self.assertGreaterEqual(whole, least)
        # Numbers given out from now on are nobody's.
        number = client.call("case.submit", dkproto.submission(), 20)
        self.assertRegex(number["case_no"], r"-20260506-100001-")
        return world, client, now

    def damage(self, db, *changes):
        with open(db, "r+b") as file:
            for at, data in changes:
                file.seek(at)
                file.write(data)

    def test_a_sound_file_is_saved_whole(self):
        for moved in (True, False):
            out, text = self.recover(self.copy(moved), 0)
            world, client, now = self.check(out, text, len(self.history))
            self.assertEqual(now, self.history)
            # Tasks, ids, codes, acts: as they were.
            self.assertEqual(
                len(client.call("task.list", {"limit": 500})["items"]),
                self.tasks + 2)
            for body, answer in self.answers[:3]:
                self.assertEqual(client.call("case.submit", body, 20), answer)
                client.call("case.query", {
                    "case_no": answer["case_no"],
                    "query_code": answer["query_code"]})
            self.assertEqual(client.call("case.act", self.act, 20),
                             self.acted)
            # The office's signature stands, and it goes on from there.
            self.assertIn("已保存检查点  2, ", text)
            self.assertEqual(client.call("checkpoint.list")["items"],
                             self.checkpoints)
            client.call("checkpoint.make")
            self.assertEqual(client.verify_all()[2], [])
            world.services()
            world.idle(client, 60)
            self.assertEqual(
                client.call("task.list", {"dead": True})["items"], [])

    def without_a_step(self, db, **env):
        """Recover with one step of SQLite that fails: (exit code, text)."""
        env = dict(os.environ, LD_PRELOAD=os.path.join(
            dkworld.BIN, "tests", "it", "libstep_fails.so"), **env)
        done = subprocess.run(
            [dkworld.program("docketd"), "--county", dkworld.COUNTY,
             "--data", os.path.dirname(db),
             "--recover", db, "--out", db + ".new"], capture_output=True,
            check=False, env=env, timeout=60 * dkworld.STRETCH)
        text = done.stdout.decode() + done.stderr.decode()
        self.assertIsNone(dkworld.REPORT.search(text), text[-3000:])
        return done.returncode, text

    @staticmethod
    def rows(path):
        """How many rows of each kind a saved store has."""
        con = sqlite3.connect("file:%s?immutable=1" % path, uri=True)
        try:
            return [con.execute("SELECT count(*) FROM " + table).fetchone()
                    for table in ("event", "case_file", "case_beside", "clock",
                                  "alert", "person", "request", "checkpoint",
                                  "task_assign", "task_deadline", "load",
                                  "tally", "day")]
        finally:
            con.close()

    def test_a_step_that_fails_saves_nothing_by_halves(self):
        """Wherever SQLite fails, it is told, nothing has the name of a saved
        store, and the next time everything is saved.
        """
        db = self.copy()
        folder, before = os.path.dirname(db), digest(db)
        there = sorted(os.listdir(folder))
        count = os.path.join(self.world0.folder, "steps")
        self.assertEqual(self.without_a_step(db, DK_STEPS=count)[0], 0)
        with open(count, encoding="ascii") as file:
            steps = int(file.read())
        whole = self.rows(db + ".new")
        os.unlink(db + ".new")
        seed = random.randrange(1 << 32)
        print("seed %d, %d steps" % (seed, steps), flush=True)
        told = 0
        for n, at in enumerate(sorted(random.Random(seed).sample(
                range(1, steps + 1), 45) + [1, 2, steps - 1, steps])):
            code = (10, 13, 7)[n % 3]  # I/O, full, memory
            with self.subTest(step=at, code=code):
                got, text = self.without_a_step(
                    db, DK_STEP_FAILS="%d %d" % (at, code))
                left = set(os.listdir(folder)) - set(there)
                self.assertEqual(digest(db), before)
                if os.path.exists(db + ".new"):
                    # A step that was not needed: all of it is there.
                    self.assertEqual(left, {"docket.db.new"})
                    self.assertEqual(self.rows(db + ".new"), whole)
                    os.unlink(db + ".new")
                    continue
                self.assertEqual(left, set())
                self.assertIn(got, (71, 73, dkworld.EX_IOERR), text)
                self.assertRegex(text, r"docketd: \S")
                told += 1
        self.assertGreater(told, 24)
        out, text = self.recover(db, 0)
        self.assertEqual(self.check(out, text, len(self.history))[2],
                         self.history)

    def test_the_roots_are_zeroed(self):
        # The first page, and the roots of every table.
        db = self.copy()
        con = sqlite3.connect("file:%s?mode=ro" % db, uri=True)
        roots = [r[0] for r in con.execute(
            "SELECT DISTINCT rootpage FROM sqlite_schema WHERE rootpage > 0 "
            "AND tbl_name IN ('event', 'case_file', 'request')")]
        con.close()
        for page in roots:
            with open(db, "rb") as file:
                file.seek((page - 1) * PAGE)
                if file.read(1) == b"\x0d":  # small: all its rows are there
                    roots.remove(page)
        self.damage(db, (0, bytes(PAGE)),
                    *[((p - 1) * PAGE, bytes(PAGE)) for p in roots])
        refused = self.world(test_clock=START)
        os.makedirs(refused.broker.data)
        shutil.copyfile(db, refused.broker.db)
        refused.broker.refused(65, "not a database of docket")
        out, text = self.recover(db, 65)
        world, client, _ = self.check(out, text, len(self.history))
        world.services()
        world.idle(client, 60)

    @staticmethod
    def page_of(db, table):
        con = sqlite3.connect(db)
        page = con.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?",
                           [table]).fetchone()[0]
        con.close()
        return page

    @staticmethod
    def run_recover(argv):
        return subprocess.run(argv, capture_output=True, check=False,
                              timeout=60 * dkworld.STRETCH)

    def without_meta(self, done, argv, out):
        """County and test clock are lost: the county is asked for, and the
        clock is the real one.
        """
        self.assertEqual(done.returncode, 64)
        self.assertIn(b"give --county", done.stderr)
        done = self.run_recover(argv + ["--county", dkworld.COUNTY])
        self.assertEqual(done.returncode, 80, done.stderr)
        said = done.stderr.decode()
        for text in ("EVERY query code on every receipt is void",
                     "此前回执上的查询码全部作废", "docketctl show"):
            self.assertIn(text, said)
        con = sqlite3.connect("file:%s?mode=ro" % out, uri=True)
        self.assertEqual(con.execute("PRAGMA integrity_check").fetchone(),
                         ("ok",))
        self.assertGreater(con.execute("SELECT count(*) FROM case_file"
                                       ).fetchone()[0], CASES // 4)
        con.close()
        world = self.world(test_clock=START)
        os.makedirs(world.broker.data)
        shutil.copyfile(out, world.broker.db)
        world.broker.refused(65, "on real time")
        self.codes_are_void(out)

    def codes_are_void(self, out):
        """On the real clock: cases are there, and no code opens one."""
        world = self.world()
        os.makedirs(world.broker.data)
        shutil.copyfile(out, world.broker.db)
        for key in ("seal.key", "checkpoint.key"):
            shutil.copy2(os.path.join(self.world0.broker.data, key),
                         world.broker.data)
        world.broker.start()
        client = world.client()
        seen = 0
        for body, answer in self.answers:
            number = answer["case_no"]
            if client.ask("case.get", {"case_no": number}).type != "ok":
                continue
            seen += 1
            again = client.call("case.submit", body, 20)
            self.assertEqual((again["case_no"], again["query_code"]),
                             (number, None))
            with self.assertRaisesRegex(dkproto.Problem, "not-found"):
                client.call("case.query", {
                    "case_no": number, "query_code": answer["query_code"]})
        self.assertGreater(seen, CASES // 4)
        world.broker.stop()

    def test_pages_in_the_middle_are_noise(self):
        rng = dkproto.seeded()
        for many in ("meta", 1, 1, 1, 1, 6):
            db = self.copy()
            pages = os.path.getsize(db) // PAGE
            hit = [self.page_of(db, many) - 1] if many == "meta" else sorted(
                rng.sample(range(1, pages), many))
            print("pages", hit)
            self.damage(db, *[(p * PAGE, rng.randbytes(PAGE)) for p in hit])
            out = db + ".new"
            argv = [dkworld.program("docketd"), "--data", os.path.dirname(db),
                    "--recover", db, "--out", out]
            done = self.run_recover(argv)
            if many == "meta" or done.returncode == 64:
                self.without_meta(done, argv, out)
                continue
            text = (done.stdout + done.stderr).decode()
            self.assertIn(done.returncode, (0, 65), text)
            # Of one page, everything else still speaks.
            world, client, _ = self.check(out, text, 1, named=many == 1)
            world.services()
            world.idle(client, 60)
            self.assertEqual(
                client.call("task.list", {"dead": True})["items"], [])
            world.broker.stop()

    def test_single_bits_are_flipped(self):
        rng = dkproto.seeded()
        for _ in range(4):
            db = self.copy()
            with open(db, "rb") as file:
                data = file.read()
            changes = []
            for _ in range(12):
                at = rng.randrange(PAGE, len(data))
                changes.append((at, bytes([data[at] ^ 1 << rng.randrange(8)])))
            self.damage(db, *changes)
            out = db + ".new"
            done = subprocess.run(
                [dkworld.program("docketd"), "--data", os.path.dirname(db),
                 "--recover", db, "--out", out],
                capture_output=True, check=False,
                timeout=60 * dkworld.STRETCH)
            text = (done.stdout + done.stderr).decode()
            self.assertIn(done.returncode, (0, 65), text)
            self.check(out, text, CASES // 4)[0].broker.stop()

    def test_a_lost_event_ends_what_checkpoints_sign(self):
        db = self.copy()
        first, second = (int(c["to"]) for c in self.checkpoints)
        con = sqlite3.connect(db)
        con.execute("DELETE FROM event WHERE seq = ?", (first + 1,))
        con.commit()
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        con.close()
        self.assertGreater(second, first)
        out, text = self.recover(db, 65)
        self.assertRegex(text, "已保存检查点  1, .* 1\n")
        _, client, _ = self.check(out, text, 1)
        self.assertEqual(client.call("checkpoint.list")["items"],
                         self.checkpoints[:1])
        client.call("checkpoint.make")
        self.assertEqual(len(client.call("checkpoint.list")["items"]), 2)

    def test_what_the_disk_changed_of_a_row_is_known_otherwise(self):
        db = self.copy()
        con = sqlite3.connect(db)
        for i, what in enumerate((
                "id = zeroblob(16)", "at = at + 256", "state = state + 1",
                "submitted_at = submitted_at - 1024")):
            con.execute("UPDATE request SET %s WHERE slot = (SELECT slot FROM "
                        "request WHERE n = 1 ORDER BY slot LIMIT 1 OFFSET ?)"
                        % what, [i])
        con.execute("UPDATE person SET seal = seal + 4096 WHERE key = (SELECT "
                    "max(key) FROM person)")  # a key that never was
        con.commit()
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        con.close()
        out, text = self.recover(db, 65)
        _, client, _ = self.check(out, text, CASES)
        # The id whose row was lost is known again, but not what it said.
        kept, lost = 0, 0
        for body, answer in self.answers:
            now = client.call("case.submit", body, 20)
            self.assertEqual(dict(now, query_code=None),
                             dict(answer, query_code=None))
            self.assertIn(now["query_code"], (answer["query_code"], None))
            kept += now["query_code"] is not None
            lost += now["query_code"] is None
        self.assertEqual((kept, lost), (CASES - 1, 1))

    def test_who_was_erased_does_not_come_back(self):
        # The event is lost; the row says it, and an older one is there too.
        number = self.answers[7][1]["case_no"]
        before = self.copy()
        world = self.world0
        world.broker.start()
        client = world.client()
        client.call("person.erase", {
            "case_no": number, "actor": "officer:li", "reason": "依本人申请",
            "erase": True})
        world.broker.kill()
        db = self.copy()
        with open(before, "rb") as file:
            old = file.read()
        con = sqlite3.connect(before)
        pages = [row[0] for row in con.execute(
            "SELECT pageno FROM dbstat WHERE name = 'person' AND pagetype = "
            "'leaf'")]
        con.close()
        con = sqlite3.connect(db)
        con.execute("DELETE FROM event WHERE seq = (SELECT max(seq) FROM "
                    "event)")
        con.commit()
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        con.close()
        with open(db, "ab") as file:
            for page in pages:
                file.write(old[(page - 1) * PAGE:page * PAGE])
        out, text = self.recover(db, 65)
        self.assertIn(number + "  the petitioners' data is lost", text)
        self.check(out, text, CASES - 1)

    def test_the_offices_own_alerts_come_along(self):
        db = self.copy()
        con = sqlite3.connect(db)
        con.execute("DELETE FROM office_alert")
        rows = [(7, 3, "", 0, -1, 86400, "none yet", 1, 5, 6, 7, 8,
                 "officer:li", "看过了"),
                (8, 3, "", 1, -2, 86400, "备份失败", 2, 9, 10, None, None, None,
                 None),
                (9, 4, "", 1, 1, 1, "", 1, 9, 10, None, 11, "officer:li", "")]
        for row in rows + [(10, 99, "", 0, 0, 0, "no such kind", 1, 1, 1, None,
                            None, None, None)]:
            con.execute("INSERT INTO office_alert VALUES (%s)" %
                        ",".join("?" * 14), row)
        con.commit()
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        con.close()
        out, text = self.recover(db, 0)
        self.assertIn("the office's own alerts / 本机关自身的警示  3\n", text)
        con = sqlite3.connect("file:%s?mode=ro" % out, uri=True)
        self.assertEqual(con.execute("SELECT * FROM office_alert ORDER BY id"
                                     ).fetchall(), rows)
        con.close()
        self.check(out, text, CASES)

    def test_the_file_ends_early(self):
        db = self.copy()
        os.truncate(db, os.path.getsize(db) // 2 // PAGE * PAGE + 1000)
        out, text = self.recover(db, 65)
        self.assertRegex(text, r"missing / 缺失 [1-9]")
        self.check(out, text, 1)

    def test_the_log_is_torn_and_noise(self):
        db = self.copy(moved=False)
        wal = db + "-wal"
        size = os.path.getsize(wal)
        self.assertGreater(size, 10 * PAGE)
        frame = PAGE + 24
        with open(wal, "r+b") as file:
            file.seek(32 + (size - 32) // frame * 2 // 3 * frame + 2000)
            file.write(b"\xa5" * 300)
        out, text = self.recover(db, 65)
        self.assertIn("The log has more than can be trusted", text)
        self.check(out, text, 1)

    def test_what_is_no_database_is_told(self):
        world = self.world0
        path = world.path("no.db", b"this is a letter\n" * 3000)
        new = world.path("new.db")
        docketd = dkworld.program("docketd")

        def run(*argv):
            done = subprocess.run([docketd, *argv], capture_output=True,
                                  check=False, timeout=60)
            return done.returncode, done.stderr.decode()
        code, err = run("--recover", path, "--out", new)
        self.assertEqual(code, 64)
        self.assertIn("--county", err)
        code, err = run("--recover", world.path("none.db"), "--out", new)
        self.assertEqual(code, 66)
        code, err = run("--recover", path, "--out", path)
        self.assertEqual(code, 73)
        self.assertIn("not written over", err)
        code, err = run("--recover", path)
        self.assertEqual(code, 64)
        self.assertFalse(os.path.exists(new))
        # docketctl asks docketd to do it.
        db = self.copy()
        _, out, _ = world.ctl("recover", db, "--out", new, connect=False)
        self.assertRegex(out, r"cases saved / \S+ +%d\b" % len(self.history))
        self.assertTrue(os.path.exists(new))


if __name__ == "__main__":
    unittest.main(verbosity=2)
