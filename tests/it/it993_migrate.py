"""A county moves from its file to PostgreSQL: everything is there, whenever the
move is killed, and never can both sides be served from.
"""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LAW = [os.path.join(ROOT, "policy", name)
       for name in ("xinfang-2022.json", "calendar-cn.json")]
GROW = os.path.join(dkworld.BIN, "bench", "grow")
LATER = "2027-12-01T09:00:00+08:00"
MAY = "2026-05-06T09:00:00+08:00"
TABLES = ("request", "request_clash", "event", "case_file", "case_beside",
          "clock", "task_assign", "task_dead", "alert", "office_alert",
          "tally", "checkpoint", "person", "load", "day")
KILLS = int(os.environ.get("DK_KILLS") or 8)


class Migrate(dkworld.TestCase):
    def aside(self, world):
        """The file of this world, an empty schema, and the command."""
        world.new = "m" + os.urandom(6).hex()
        dkworld.pg().schema(world.new)
        world.old = "sqlite:" + world.broker.db
        world.to = "postgres:" + dkworld.pg().conninfo(world.new)
        return ["migrate", world.old, world.to]

    def grown(self, cases):
        world = self.world(county="330699", test_clock=LATER)
        os.makedirs(world.broker.data)
        subprocess.run([GROW] + LAW + [world.broker.db, str(cases), "30"],
                       check=True, stdout=subprocess.DEVNULL)
        return world

    def sql(self, world, text):
        return dkworld.pg().sql(text, world.new)

    def rows(self, world, *tables):
        with contextlib.closing(sqlite3.connect(world.broker.db)) as db:
            return [db.execute("SELECT count(*) FROM " + name).fetchone()[0]
                    for name in tables]

    def serve(self, world):
        """Start the broker on the new side; its client."""
        world.broker.options["store"] = world.to
        world.broker.start()
        return world.client()

    # -- everything

    def lived(self):
        """An office in which every table has rows."""
        world = self.world(test_clock=MAY)
        world.broker.options.update(
            heartbeat_ms=300, max_attempts=1, config=world.path(
                "docketd.conf", "[watch]\nno_worker_s = 1\nsettle_s = 1\n"
                                "look_s = 1\ndisk_mb = 0\n"))
        world.broker.start()
        client = world.client()
        first = dkproto.uuid7()
        bodies = [dkproto.submission(
            submission_id=first[:-1] + "%x" % i,  # one slot for all
            persons=[{"name": "张三%d" % i, "phone": "057112345678"}])
            for i in range(4)]
        answers = [client.call("case.submit", body) for body in bodies]
        dkworld.until(lambda: client.call("office.list", {})["items"], 20,
                      "an alert of the office's own")

        def assign(task):
            if task["case"]["case_no"] == answers[0]["case_no"]:
                return [{"action": "no such thing"}]
            if task["event"]["type"] != "submitted":
                return []
            return [{"action": "register"},
                    {"action": "assign", "unit": "u-1", "handler": "li"},
                    {"action": "transfer"}]
        bad = world.auto("assign", assign)
        dkworld.until(lambda: client.call("stats")["store"]["tasks_dead"], 20,
                      "a dead letter")
        bad.stop()
        world.autos.clear()
        dkworld.until(lambda: not world.connected("assign"), 20, "nobody")
        world.services()
        client.call("clock.set", {"to": "2026-12-01T09:00:00+08:00"}, 60)
        world.idle(client, 60)
        number = answers[1]["case_no"]
        client.act(number, "add_co_handler", actor="office:xfj", unit="u-2",
                   handler="sun")
        client.call("person.erase", {
            "case_no": answers[2]["case_no"],
            "actor": "officer:li", "reason": "依本人申请", "erase": True})
        client.call("checkpoint.make", {})
        for process in world.processes[1:]:
            process.stop()
        bodies.append(dkproto.submission())
        answers.append(client.call("case.submit", bodies[-1]))
        cases = [client.call("case.get", {"case_no": a["case_no"]})
                 for a in answers]
        world.broker.stop()
        client.close()
        return world, bodies, answers, cases

    def test_every_kind_of_row_is_there_and_the_old_side_is_left(self):
        world, bodies, answers, cases = self.lived()
        counts = dict(zip(TABLES, self.rows(world, *TABLES)))
        self.assertEqual([t for t in TABLES if not counts[t]], [], counts)
        command = self.aside(world)
        said = world.ctl(*command, connect=False, deadline=60)[1]
        self.assertRegex(said, r"compared .*event %d" % counts["event"])
        world.broker.options["store"] = world.old
        text = world.broker.refused(dkworld.EX_DATAERR, "were moved to")
        self.assertIn("search_path=" + world.new, text)
        # Once more does nothing, before it is used and after.
        self.assertRegex(world.ctl(*command, connect=False)[1], "moved before")
        client = self.serve(world)
        self.assertEqual([client.call("case.get", {"case_no": a["case_no"]})
                          for a in answers], cases)
        for body, answer in zip(bodies, answers):
            if body is not bodies[2]:  # nothing is left to know it by
                self.assertEqual(client.call("case.submit", body), answer)
        self.assertEqual(client.verify_all()[2], [])
        world.ctl("verify")
        self.assertRegex(world.ctl(*command, connect=False)[1], "moved before")
        world.ctl(*command, "--back-out", connect=False, code=73)
        # What was open goes on, and numbers of cases, too.
        world.services()
        world.idle(client, 30)
        new = client.call("case.submit", dkproto.submission())
        self.assertNotIn(new["case_no"], [a["case_no"] for a in answers])
        self.assertEqual(client.verify_all()[2], [])

    # -- on the way

    def migrate(self, world, command):
        log = world.path("migrate.log")
        with open(log, "wb") as out:
            return subprocess.Popen(
                [os.path.join(dkworld.BIN, "docketd")] +
                ["--migrate", command[1], "--to", command[2]],
                stdout=out, stderr=subprocess.STDOUT), log

    def test_killed_at_any_time_it_goes_on(self):
        rng = dkproto.seeded()
        world = self.grown(100)
        command = self.aside(world)
        began = time.monotonic()
        world.ctl(*command, connect=False, deadline=90)
        whole = time.monotonic() - began
        world.ctl(*command, "--back-out", connect=False)
        killed = 0
        for _ in range(KILLS):
            process, log = self.migrate(world, command)
            try:
                code = process.wait(rng.uniform(0.02, 0.9) * whole)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                code = process.wait()
                killed += 1
            with open(log, encoding="utf-8") as file:
                text = file.read()
            self.assertIn(code, (0, -signal.SIGKILL), text)
            # Never both: whoever may be opened now, the other is refused.
            kind = self.kind(world)
            there = self.sql(world, "SELECT to_regclass('meta') IS NOT NULL")
            open_there = there == ["t"] and self.sql(
                world, "SELECT schema FROM meta") == ["2"]
            self.assertFalse(open_there and kind == "DKT1", text)
            if code == 0:
                world.ctl(*command, "--back-out", connect=False)
        print("%d kills, %.2f s whole" % (killed, whole))
        self.assertGreater(killed, 0)
        world.ctl(*command, connect=False, deadline=90)
        self.assertEqual(self.kind(world), "DKTM")
        client = self.serve(world)
        cases, _, faults = client.verify_all()
        self.assertEqual((cases, faults), (100, []))

    @staticmethod
    def kind(world):
        """`application_id`, as the next opening would find it."""
        db = sqlite3.connect(world.broker.db)
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            return db.execute("PRAGMA application_id").fetchone()[0].to_bytes(
                4, "big").decode()
        finally:
            db.close()

    def stopped_after(self, world, command, pattern):
        """A move that is killed when it has said so."""
        process, log = self.migrate(world, command)

        def said():
            with open(log, encoding="utf-8") as file:
                return re.search(pattern, file.read())
        dkworld.until(lambda: said() or process.poll() is not None, 30,
                      pattern)
        process.kill()
        self.assertEqual(process.wait(), -signal.SIGKILL)

    def test_what_was_changed_on_the_way_is_found(self):
        world = self.grown(20)
        command = self.aside(world)
        changes = (
            ("event", "UPDATE event SET body = body || ' ' WHERE seq = 7"),
            ("clock", "UPDATE clock SET due_at = due_at + 1 WHERE key = "
                      "(SELECT max(key) FROM clock)"),
            ("request", "DELETE FROM request WHERE id = "
                        "(SELECT id FROM request ORDER BY id DESC LIMIT 1)"),
            ("broker", "UPDATE broker SET tally = tally + 1"))
        for table, change in changes:
            self.stopped_after(world, command, "copied .* day")
            self.sql(world, change)
            error = world.ctl(*command, connect=False, code=65)[2]
            self.assertRegex(error, "table %s, row" % table)
            self.assertEqual(self.kind(world), "DKT1")
            world.broker.options["store"] = world.to
            world.broker.refused(dkworld.EX_DATAERR, "being moved")
            world.ctl(*command, "--back-out", connect=False)
        world.ctl(*command, connect=False, deadline=60)

    def test_used_on_the_way_it_begins_anew_and_moved_back_it_serves(self):
        world = self.grown(20)
        command = self.aside(world)
        self.stopped_after(world, command, "copied .* request")
        world.broker.start()  # the old side, as if nothing were
        client = world.client()
        with self.assertRaises(AssertionError) as caught:
            world.ctl(*command, connect=False)
        self.assertRegex(str(caught.exception), "in use by another process")
        answer = client.call("case.submit", dkproto.submission())
        world.broker.stop()
        client.close()
        said = world.ctl(*command, connect=False, deadline=60)[1]
        self.assertRegex(said, "begins anew")
        world.ctl(*command, "--back-out", connect=False)
        self.assertEqual(self.sql(
            world, "SELECT count(*) FROM pg_tables WHERE schemaname = '%s'" %
            world.new), ["0"])
        world.broker.start()
        client = world.client()
        client.call("case.get", {"case_no": answer["case_no"]})
        self.assertEqual(client.verify_all()[2], [])

    def test_a_damaged_chain_and_a_strange_database_are_refused(self):
        world = self.grown(50)
        command = self.aside(world)
        with sqlite3.connect(world.broker.db) as db:
            db.execute("UPDATE event SET body = replace(body, ':', ': ') "
                       "WHERE seq = 9")
        db.close()
        error = world.ctl(*command, connect=False, code=65)[2]
        self.assertRegex(error, "chain of a case is broken")
        self.assertEqual(self.kind(world), "DKT1")
        world.ctl(*command, "--back-out", connect=False)
        self.sql(world, "CREATE TABLE event (x int)")
        error = world.ctl(*command, connect=False, code=73)[2]
        self.assertRegex(error, "already exists")
        self.sql(world, "CREATE TABLE meta (x int)")
        error = world.ctl(*command, connect=False, code=73)[2]
        self.assertRegex(error, "empty schema")
        world.ctl("migrate", world.old, "postgres:host=%s/none" % world.folder,
                  connect=False, code=75)
        world.ctl("migrate", world.old + "x", world.to, connect=False,
                  code=66)
        world.ctl("migrate", world.to, world.old, connect=False, code=64)


if __name__ == "__main__":
    unittest.main(verbosity=2)
