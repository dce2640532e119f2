"""A backup of the running broker, and the restore drill of docs/OPERATIONS.md.

Everything that was acknowledged before the backup began is in it; it is whole
or it is not there; a restored broker is another stream and says so.
"""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402

START = "2026-05-06T09:00:00+08:00"


class Backup(dkworld.TestCase):
    def office(self, cases=30, size=2000, traced=False, **options):
        world = self.world(test_clock=START)
        if traced:  # LeakSanitizer cannot look while a tracer holds it
            world.broker.env["ASAN_OPTIONS"] = "detect_leaks=0"
        world.broker.options.update(heartbeat_ms=300, **options)
        world.broker.start()
        client, history = world.client(), checker.History()
        for _ in range(cases):
            history.submit("c", client, dkproto.submission(facts="x" * size))
        return world, client, history

    def begin(self, client, path, backup_id=None):
        return client.call("backup.start", {
            "backup_id": backup_id or dkproto.uuid7(), "file": path}, 10)

    def end(self, client, state="done", deadline=60):
        def look():
            now = client.call("backup.status")
            return now["state"] in ("done", "failed") and now
        now = dkworld.until(look, deadline, "the end of the backup")
        self.assertEqual(now["state"], state, now)
        return now

    def refused(self, client, slug, path, **more):
        with self.assertRaises(dkproto.Problem) as caught:
            self.begin(client, path, **more)
        self.assertEqual(caught.exception.slug, slug)
        return caught.exception

    @staticmethod
    def key_beside(path):
        """The seal key of the office that made the backup: it is kept apart
        from it, and without it no backup is of use."""
        folder = os.path.dirname(path)
        return next(key for key in (
            os.path.join(folder, name, "seal.key")
            for name in ("data.old", "data")) if os.path.exists(key))

    def restored(self, path):
        """Another office, as the drill makes it from a backup."""
        world = self.world(test_clock=START)
        os.makedirs(world.broker.data)
        shutil.copyfile(path, world.broker.db)
        shutil.copy2(self.key_beside(path), world.broker.data)
        world.broker.start()
        return world


class Make(Backup):
    def test_a_backup_under_load_has_what_was_acknowledged_before_it(self):
        world, client, history = self.office(1500, 9000)
        stop = threading.Event()

        def load(i):
            with dkproto.Client(world.broker.clients) as peer:
                while not stop.is_set():
                    history.submit("s%d" % i, peer, dkproto.submission(
                        facts="y" * 3000), deadline=60)
        threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        path = world.path("b.db")
        before = int(client.call("stats")["last_seq"])
        pings = []
        try:
            self.begin(client, path)
            while client.call("backup.status")["state"] == "copying":
                began = time.monotonic()
                client.call("clock.now")
                pings.append(time.monotonic() - began)
            done = self.end(client)
        finally:
            stop.set()
            for thread in threads:
                thread.join(120)
        after = int(client.call("stats")["last_seq"])
        print("%d KiB, %d of %d..%d events, slowest slice %.1f ms, slowest "
              "answer meanwhile %.1f ms" % (
                  done["bytes"] >> 10, int(done["last_seq"]), before, after,
                  done["slowest_us"] / 1e3, max(pings) * 1e3), flush=True)
        self.assertGreaterEqual(int(done["last_seq"]), before)
        self.assertLess(done["slowest_us"], 20000 * dkworld.STRETCH)
        self.assertFalse(os.path.exists(path + ".part"))

        # The drill: what is in it is a prefix of what was acknowledged.
        other = self.restored(path)
        peer = other.client()
        _, _, faults = peer.verify_all()
        self.assertEqual(faults, [])
        self.assertEqual(peer.call("stats")["last_seq"], done["last_seq"])
        with world.follower(credit=5000) as follower:
            follower.follow()
            whole = follower.drain()
        with other.follower(credit=5000) as follower:
            follower.follow()
            prefix = follower.drain()
        self.assertEqual([e["hash"] for e in prefix],
                         [e["hash"] for e in whole[:len(prefix)]])
        known = {e["case_no"] for e in prefix}
        for op in history.ops:
            if op["client"] == "c":
                self.assertIn(op["answer"]["case_no"], known)

    def test_what_a_backup_is_not_written_to(self):
        world, client, _ = self.office(3)
        path = world.path("b.db")
        there = world.path("there.db", "precious")
        self.refused(client, "conflict", there)
        with open(there, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
        self.refused(client, "bad-field", "b.db")
        self.refused(client, "bad-field", world.folder + "/")
        self.refused(client, "forbidden", "/nowhere/at/all.db")
        for name in ("docket.db", "docket.db-journal", "docket.lock.1"):
            self.refused(client, "forbidden",
                         os.path.join(world.broker.data, name))
        # What lies there under the name for the time of the copy is ours
        # alone, or it is left alone.
        for make in (lambda p: os.symlink(there, p),
                     lambda p: os.link(there, p), os.mkfifo):
            make(path + ".part")
            self.refused(client, "forbidden", path)
            os.unlink(path + ".part")
        with open(there, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")
        same = dkproto.uuid7()
        self.begin(client, path, same)
        self.end(client)
        # The same request again is answered, not done again.
        self.assertEqual(self.begin(client, path, same)["state"], "done")
        self.refused(client, "conflict", path + "2", backup_id=same)
        self.refused(client, "conflict", path)
        self.assertEqual(sorted(os.listdir(world.folder))[:2],
                         ["b.db", "c"])

    def test_one_at_a_time(self):
        world, client, _ = self.office(400, 9000)
        self.begin(client, world.path("a.db"))
        again = self.refused(client, "overloaded", world.path("b.db"))
        self.assertGreater(again.retry_after_ms, 0)
        self.end(client)
        self.begin(client, world.path("b.db"))
        self.end(client)

    def test_of_a_folder_s_backups_the_newest_stay(self):
        world, _, _ = self.office(2)
        os.mkdir(world.path("kept"))
        others = ["docket-20250101T000000Z.db.old", "docket-2025.db", "notes",
                  "docket-20250101T00000xZ.db", "Docket-20250101T000000Z.db"]
        old = ["docket-2025010%dT000000Z.db" % i for i in range(1, 5)]
        for name in others + old:
            with open(world.path("kept/" + name), "w", encoding="ascii"):
                pass
        _, out, _ = world.ctl("backup", "--into", "kept", "--keep", "3",
                              deadline=60)
        self.assertIn("older backups removed: 2", out)
        left = set(os.listdir(world.path("kept"))) - set(others)
        new = left - set(old)
        self.assertEqual(left - new, set(old[2:]))
        self.assertRegex(" ".join(new), r"^docket-20\d{6}T\d{6}Z\.db$")
        self.assertTrue(set(others) <= set(os.listdir(world.path("kept"))))
        # One that fails removes nothing.
        world.ctl("backup", "--into", "nowhere", "--keep", "1", code=None)
        os.rename(world.path("kept"), world.path("gone"))
        code, _, _ = world.ctl("backup", "--into", "kept", "--keep", "1",
                               code=None)
        self.assertNotEqual(code, 0)
        self.assertEqual(len(os.listdir(world.path("gone"))),
                         len(others) + len(left))

    def test_docketctl_makes_one_and_says_so(self):
        world, _, _ = self.office(5)
        _, out, _ = world.ctl("backup", "b.db", deadline=60)
        self.assertRegex(out, r"/b\.db: 5 cases, events to 5, \d+ KiB, "
                         "complete and checked")
        self.assertTrue(os.path.exists(world.path("b.db")))
        status = world.ctl("backup", "--status", js=True)[0]
        self.assertEqual(status["state"], "done")
        self.assertEqual(status["cases"], 5)
        _, _, err = world.ctl("backup", "b.db", code=65)
        self.assertIn("is there already", err)
        _, _, err = world.ctl("--lang", "zh-CN", "backup", "b.db", code=65)
        self.assertIn("已存在", err)
        world.ctl("backup", code=64)
        world.ctl("backup", "c.db", "--keep", "3", code=64)
        world.ctl("backup", "c.db", "--into", ".", code=64)
        world.ctl("backup", "--into", ".", "--keep", "3", "--no-wait", code=64)
        # Any other program can read it: no log belongs to it.
        db = sqlite3.connect("file:%s?mode=ro" % world.path("b.db"), uri=True)
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0],
                         "ok")
        self.assertEqual(db.execute("SELECT count(*) FROM case_file")
                         .fetchone()[0], 5)
        db.close()


class Fail(Backup):
    def test_a_full_target_is_a_clean_error_and_an_alert_until_one_succeeds(
            self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        world, client, history = self.office(200, 9000)
        target = self.small_disk(world, "1m")
        self.begin(client, os.path.join(target, "b.db"))
        failed = self.end(client, "failed")
        self.assertEqual(failed["problem"], "storage-full")
        self.assertIn("room", failed["detail"])
        self.assertIn("空间", failed["detail_zh"])
        self.assertEqual(os.listdir(target), [])
        # The broker's own disk has room: it goes on.
        op = history.submit("c", client, dkproto.submission())
        self.assertEqual(op["outcome"], "ok")
        self.assertFalse(client.call("stats")["storage_full"])

        def alerts():
            return [a for a in client.call("office.list")["items"]
                    if a["kind"] == "backup"]
        alert = dkworld.until(alerts, 30, "the alert")[0]
        self.assertIn("failed", alert["text"]["en"])
        _, _, err = world.ctl("backup", os.path.join(target, "c.db"), code=75)
        self.assertIn("no room", err)
        self.begin(client, world.path("b.db"))
        self.end(client)
        dkworld.until(lambda: not alerts(), 60, "the alert's end")

    def small_disk(self, world, size):
        target = os.path.join(world.folder, "target")
        os.makedirs(target)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size,
                           "tmpfs", target], check=False,
                          capture_output=True).returncode:
            self.skipTest("this machine does not let us mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", target], check=False)
        return target

    def slowed(self, world, call, path, ms):
        """Each such call of the broker on a backup takes ms longer."""
        pid = world.broker.process.pid
        trace = dkworld.Process(world, "strace", [
            "strace", "-f", "-qq", "-p", str(pid), "-o", world.path("s"),
            "-e", "trace=" + call, "-P", path + ".part", "-e",
            "inject=%s:delay_exit=%d" % (call, ms * 1000)])
        traced = re.compile(r"TracerPid:\s+%d\n" % trace.pid)

        def attached():
            with open("/proc/%d/status" % pid, encoding="ascii") as file:
                return traced.search(file.read())
        dkworld.until(attached, 20, "strace")
        return trace

    def test_the_office_does_not_wait_for_the_disk_of_a_backup_that_fails(
            self):
        # A sync takes long when the disk of the backup has no more room.
        if os.geteuid() != 0 or not shutil.which("strace"):
            self.skipTest("needs strace, and root for a small tmpfs")
        world, client, _ = self.office(120, 200, traced=True)
        body = dkproto.submission(facts="事" * 16000)
        for _ in range(270):
            body["submission_id"] = dkproto.uuid7()
            client.call("case.submit", body)
        target = self.small_disk(world, "10m")
        path = os.path.join(target, "b.db")
        trace = self.slowed(world, "fdatasync", path, 6000)
        self.begin(client, path)
        worst = 0
        while client.call("backup.status")["state"] == "copying":
            began = time.monotonic()
            client.call("clock.now")
            worst = max(worst, time.monotonic() - began)
        self.assertEqual(self.end(client, "failed")["problem"],
                         "storage-full")
        trace.stop()
        with open(world.path("s"), encoding="utf-8") as file:
            self.assertIn("(DELAYED)", file.read())
        # The broker is traced, so moving its log alone takes a second or two.
        self.assertLess(worst, 4)

    def test_a_damaged_page_is_found_and_no_backup_made(self):
        world, client, _ = self.office(200, 3000)
        world.broker.stop()
        db = sqlite3.connect("file:%s?mode=ro" % world.broker.db, uri=True)
        root = db.execute("SELECT rootpage FROM sqlite_schema "
                          "WHERE name = 'person'").fetchone()[0]
        db.close()
        with open(world.broker.db, "r+b") as file:
            pages = file.read()
            at = (root - 1) * 4096
            while pages[at] == 0x05:  # down to the last leaf
                at = (int.from_bytes(pages[at + 8:at + 12], "big") - 1) * 4096
            self.assertEqual(pages[at], 0x0d)  # an idle broker does not read it
            file.seek(at + 3)
            file.write(b"\xff\xff")  # it has 65,535 rows, it says
        world.broker.start()
        client = world.client()
        path = world.path("b.db")
        self.begin(client, path)
        failed = self.end(client, "failed")
        self.assertEqual(failed["problem"], "storage-failed")
        self.assertIn("not whole", failed["detail"])
        self.assertFalse(os.path.exists(path))
        self.assertFalse(os.path.exists(path + ".part"))
        world.broker.kill()

    def whole_or_not_there(self, path):
        """True: it was interrupted."""
        if not os.path.exists(path):
            return True
        db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0],
                         "ok")
        db.close()
        os.unlink(path)
        return False

    def test_a_broker_that_ends_meanwhile_leaves_no_half_backup(self):
        if not shutil.which("strace"):
            self.skipTest("needs strace: a fast disk is done before the end")
        world, client, history = self.office(800, 9000, traced=True)
        path = world.path("b.db")

        def kill():
            world.broker.kill()

        def stop():
            world.broker.process.signal(signal.SIGTERM)
            self.assertEqual(world.broker.process.wait(), 0)
        # What one leaves under the other name is in nobody's way.
        for end in (kill, stop):
            trace = self.slowed(world, "pwrite64", path, 5)
            self.begin(client, path)
            end()
            trace.wait()
            self.assertTrue(self.whole_or_not_there(path))
            if end == stop:
                self.assertFalse(os.path.exists(path + ".part"))
            world.broker.start()
            self.assertEqual(client.call("backup.status")["state"], "none")
        self.begin(client, path)
        self.end(client)
        _, _, faults = client.verify_all()
        self.assertEqual(faults, [])
        self.assertEqual(int(client.call("stats")["last_seq"]),
                         history.count("ok"))


class Restore(Backup):
    def test_a_backup_whose_index_was_damaged_is_not_used(self):
        """Every row is right; an index does not find one: no start of a store
        in use reads that, the first start of a backup reads all."""
        world, client, _ = self.office(5)
        path = world.path("b.db")
        self.begin(client, path)
        self.end(client)
        world.broker.stop()
        with open(path, "rb") as file:
            good = file.read()
        db = sqlite3.connect(path, isolation_level=None)
        text = db.execute("SELECT sql FROM sqlite_schema WHERE name = "
                          "'case_state'").fetchone()[0]
        db.execute("DROP INDEX case_state")
        db.execute(text + " WHERE state < 0")  # damage: it is empty
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'case_state'",
                   [text])
        db.close()
        with open(path, "rb") as file:
            bad = file.read()
        world = self.world(test_clock=START)
        os.makedirs(world.broker.data)
        shutil.copy2(self.key_beside(path), world.broker.data)
        with open(world.broker.db, "wb") as file:
            file.write(bad)
        for _ in range(2):  # it stays what it is
            world.broker.refused(74, "the backup is damaged",
                                 "docketctl recover", "备份已损坏")
            with open(world.broker.db, "rb") as file:
                now = file.read()
            self.assertEqual((now[68:72], now[4096:]), (b"DKTB", bad[4096:]))
        with open(world.broker.db, "wb") as file:
            file.write(good)
        world.broker.start()

    def test_a_restored_broker_is_another_stream_and_numbers_far_ahead(self):
        world, client, history = self.office(5)
        before = client.call("hello")
        epoch = int(client.call("stats")["epoch"])
        path = world.path("b.db")
        self.begin(client, path)
        self.end(client)
        lost = history.submit("c", client, dkproto.submission())
        other = self.restored(path)
        peer = other.client()
        now = peer.call("hello")
        self.assertNotEqual(now["broker"], before["broker"])
        self.assertGreater(int(peer.call("stats")["epoch"]), epoch + 999999)
        self.assertRegex(other.broker.process.errors(), "event=restored")

        # A petitioner's number and code are what they were.
        first = history.ops[0]["answer"]
        seen = peer.call("case.query", {"case_no": first["case_no"],
                                        "query_code": first["query_code"]})
        self.assertEqual(seen["case_no"], first["case_no"])
        # The same submission again has the same answer.
        self.assertEqual(peer.call("case.submit", history.ops[0]["body"]),
                         first)
        # What was lost has a number that nobody else gets.
        again = peer.call("case.submit", dkproto.submission())
        self.assertNotEqual(again["case_no"], lost["answer"]["case_no"])
        self.assertRegex(again["case_no"], r"-20260506-100001-")

        # A follower that asks from where it was learns whose stream it is.
        with other.follower() as follower:
            answer = follower.call("events.follow", {"from": 7, "credit": 1})
            self.assertEqual(answer["broker"], now["broker"])
        other.peers = [p for p in other.peers if p is not follower]
        _, _, faults = peer.verify_all()
        self.assertEqual(faults, [])

        # Only the first opening changes it.
        other.broker.stop()
        other.broker.start()
        self.assertEqual(peer.call("hello")["broker"], now["broker"])
        self.assertNotRegex(other.broker.process.errors(), "event=restored")

    def test_who_follows_over_a_restore_is_told(self):
        world, client, _ = self.office(5)
        path = world.path("b.db")
        self.begin(client, path)
        self.end(client)
        follow = world.spawn("docketctl", "--connect", world.broker.clients,
                             "follow")
        dkworld.until(lambda: follow.output().count("\n") >= 5, 20,
                      "five events")
        # The drill, in place: stop, keep the old folder, put it in, start.
        world.broker.stop()
        os.rename(world.broker.data, world.broker.data + ".old")
        os.makedirs(world.broker.data)
        shutil.copyfile(path, world.broker.db)
        shutil.copy2(self.key_beside(path), world.broker.data)
        world.broker.start()
        self.assertEqual(follow.wait(60), 65)
        self.assertIn("restored from a backup", follow.errors())

    def test_a_restore_that_is_killed_begins_again_or_is_done(self):
        world, client, _ = self.office(5)
        path = world.path("b.db")
        self.begin(client, path)
        self.end(client)
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        killed, ready = 0, False
        for when in range(1, 100):
            other = self.world(test_clock=START)
            os.makedirs(other.broker.data)
            shutil.copyfile(path, other.broker.db)
            shutil.copy2(self.key_beside(path), other.broker.data)
            process = other.broker.launch(prefix=(
                "strace", "-f", "-qq", "-o", other.path("s"), "-e",
                "trace=pwrite64", "-e",
                "inject=pwrite64:signal=KILL:when=%d" % when),
                env={"ASAN_OPTIONS": "detect_leaks=0"})
            process.expected_end = True

            def over(process=process):
                return not process.alive() or \
                    "event=ready" in process.errors()
            dkworld.until(over, 30, "killed or ready")
            ready = process.alive()
            if ready:  # it has no such write
                children = "/proc/%d/task/%d/children" % (process.pid,
                                                          process.pid)
                with open(children, encoding="ascii") as file:
                    os.kill(int(file.read().split()[0]), signal.SIGKILL)
            process.popen.wait(30 * dkworld.STRETCH)
            killed += not ready
            other.broker.start()
            peer = other.client()
            self.assertNotEqual(peer.call("hello")["broker"],
                                client.call("hello")["broker"])
            got = peer.call("case.submit", dkproto.submission())
            self.assertRegex(got["case_no"], r"-20260506-100001-")
            other.broker.stop()
            if ready:
                break
        self.assertTrue(ready)
        self.assertGreater(killed, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
