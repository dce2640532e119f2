"""The office's own failures: seen, told, acknowledged, and gone by themselves,
with real processes."""

import json
import os
import re
import shutil
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

MAY = "2026-05-06T09:00:00+08:00"
SHIFT = os.path.join(dkworld.BIN, "tests", "it", "libclock_shift.so")


class Case(dkworld.TestCase):
    def office(self, start=True, test_clock=None, options=None, **watch):
        """A world whose office is watched closely, and its client."""
        world = self.world(test_clock=test_clock)
        world.broker.options["heartbeat_ms"] = 200
        world.broker.options.update(options or {})
        self.configure(world, **watch)
        if not start:
            return world, None
        world.broker.start()
        return world, world.client()

    @staticmethod
    def configure(world, **watch):
        keys = {"no_worker_s": 0, "settle_s": 1, "look_s": 1, "disk_mb": 0}
        keys.update(watch)
        world.broker.options["config"] = world.path(
            "docketd.conf", "[watch]\n" + "".join(
                "%s = %s\n" % pair for pair in keys.items()))

    @staticmethod
    def hello(world, **more):
        worker = world.worker("assign", hello=False)
        request = worker.send("hello", dict(
            {"service": "assign", "worker": "w", "credit": 1}, **more))
        answer = worker.answer(request, 10)
        if answer.type == "problem":
            raise dkproto.Problem(answer.body)
        return answer

    @staticmethod
    def alerts(client, kind=None, subject=None, **body):
        return [a for a in client.call("office.list", body)["items"]
                if kind in (None, a["kind"]) and
                subject in (None, a["subject"])]

    def raised(self, client, kind, subject=None, deadline=15):
        """Wait for one open alert of a kind."""
        found = dkworld.until(
            lambda: self.alerts(client, kind, subject), deadline,
            lambda: "an alert %s (there are: %s)" % (
                kind, [a["kind"] for a in self.alerts(client)]))
        self.assertEqual(len(found), 1)
        alert = found[0]
        for lang in ("zh-CN", "en"):
            self.assertGreater(len(alert["text"][lang]), 20)
        self.assertRegex(alert["text"]["zh-CN"], "[\u4e00-\u9fff]")
        self.assertIsNone(alert["cleared_at"])
        return alert

    def cleared(self, client, alert, deadline=15):
        """Wait until it has cleared; as it is then."""
        dkworld.until(
            lambda: alert["alert_id"] not in
            [a["alert_id"] for a in self.alerts(client)], deadline,
            "the end of alert %s" % alert["kind"])
        gone = [a for a in self.alerts(client, open=False)
                if a["alert_id"] == alert["alert_id"]][0]
        self.assertIsNotNone(gone["cleared_at"])
        return gone


class Workers(Case):
    def test_a_service_without_a_worker_is_told_and_clears_by_itself(self):
        world, client = self.office(test_clock=MAY, no_worker_s=2)
        services = {name: world.service(name)
                    for name in ("deadline", "escalate")}
        alert = self.raised(client, "no_worker")
        self.assertEqual((alert["subject"], alert["level"]),
                         ("assign", "serious"))
        self.assertGreaterEqual(alert["value"], 2)
        self.assertIn("docket-assign@1", alert["text"]["en"])
        self.assertRegex(world.broker.process.errors(),
                         r"event=office_alert .*kind=no_worker "
                         r"subject=assign")
        self.assertEqual(client.call("stats")["office"],
                         {"open": 1, "unacked": 1, "unwritten": 0,
                          "kinds": {"no_worker": 1}})
        world.service("assign")
        self.cleared(client, alert)
        self.assertRegex(world.broker.process.errors(),
                         r"event=office_cleared alert=%s kind=no_worker" %
                         alert["alert_id"])
        services["deadline"].kill()
        alert = self.raised(client, "no_worker")
        self.assertEqual(alert["subject"], "deadline")
        world.service("deadline")
        self.cleared(client, alert)
        self.assertEqual(len(self.alerts(client, open=False)), 2)

    def test_an_open_alert_outlives_kills_of_the_broker_and_is_not_doubled(
            self):
        world, client = self.office(no_worker_s=1)
        for name in ("assign", "deadline", "escalate"):
            self.raised(client, "no_worker", name)
        before = self.alerts(client)
        for _ in range(3):
            world.broker.kill()
            world.broker.start()
            client = world.client()
            time.sleep(2.2)  # longer than an alert needs to be raised
            now = self.alerts(client, open=False)
            self.assertEqual([a["alert_id"] for a in now],
                             [a["alert_id"] for a in before])
            self.assertEqual([a["told"] for a in now], [1, 1, 1])

    def test_a_worker_that_says_goodbye_is_no_worker(self):
        world, client = self.office(no_worker_s=1)
        for name in ("assign", "escalate"):
            world.auto(name)
        worker = world.worker("deadline")
        # What was missed until they were all there has cleared.
        dkworld.until(lambda: self.alerts(client) == [], 20, "no alert")
        worker.send("bye")
        self.raised(client, "no_worker", "deadline")

    def test_nothing_is_written_while_nothing_changes(self):
        world, client = self.office(no_worker_s=1)
        for name in ("assign", "deadline", "escalate"):
            self.raised(client, "no_worker", name)
        commits = client.call("stats")["counters"]["commits"]
        time.sleep(3)
        self.assertEqual(client.call("stats")["counters"]["commits"],
                         commits)

    @staticmethod
    def other_book(world):
        """The book of the tests, but of another county."""
        with open(world.files()["book"], encoding="utf-8") as file:
            return dict(json.load(file), county="330127")

    def test_a_book_of_another_county_is_refused_with_78(self):
        world, client = self.office()
        path = world.path("book.json", self.other_book(world))
        for name in ("assign", "escalate"):
            process = world.service(name, wait=False, files={"book": path})
            self.assertEqual(process.wait(), dkworld.EX_CONFIG)
            self.assertRegex(process.errors(),
                             "book is of county 330127, and this office is "
                             "330699")
        self.assertEqual(client.call("worker.list")["items"], [])
        with self.problem("forbidden", "/county"):
            self.hello(world, county="330127")

    def test_a_reload_to_another_countys_book_ends_the_worker(self):
        world, client = self.office()
        path = world.path("book.json")
        shutil.copy(world.files()["book"], path)
        process = world.service("assign", files={"book": path})
        process.signal(signal.SIGHUP)  # the same: it stays
        process.line("event=reloaded")
        self.assertEqual(world.connected("assign"), 1)
        world.path("book.json", self.other_book(world))
        process.signal(signal.SIGHUP)
        self.assertEqual(process.wait(), dkworld.EX_CONFIG)
        self.assertIn("hello-refused", process.errors())


class Calendar(Case):
    def calendars(self, world):
        """A calendar that ends with 2026, and one that knows 2027."""
        with open(world.files()["calendar"], encoding="utf-8") as file:
            data = json.load(file)
        data["years"] = {year: what for year, what in data["years"].items()
                         if year <= "2026"}
        short = json.dumps(data)
        data["years"]["2027"] = {
            "source": "made up", "verified": False,
            "holidays": ["2027-01-01..2027-01-03"], "workdays": []}
        return short, json.dumps(data)

    def test_the_next_year_is_asked_for_from_november_on(self):
        world, client = self.office(test_clock="2026-10-31T12:00:00+08:00")
        short, long = self.calendars(world)
        path = world.path("calendar.json", short)
        worker = world.service("deadline", files={"calendar": path})
        self.assertEqual(client.call("worker.list")["items"][0]
                         ["calendar_until"], 2026)
        time.sleep(2.5)
        self.assertEqual(self.alerts(client), [])
        client.call("clock.set", {"to": "2026-11-01T00:00:00+08:00"})
        alert = self.raised(client, "calendar")
        self.assertEqual((alert["level"], alert["value"],
                          alert["threshold"]), ("warning", 2026, 2027))
        self.assertIn("2027", alert["text"]["en"])
        # acknowledged; but in January it is serious, and told again
        client.call("office.ack", {"alert_id": alert["alert_id"],
                                   "actor": "officer:li"})
        client.call("clock.set", {"to": "2027-01-01T00:00:00+08:00"})
        worse = dkworld.until(
            lambda: [a for a in self.alerts(client, "calendar")
                     if a["level"] == "serious"], 15, "a serious one")[0]
        self.assertEqual(worse["alert_id"], alert["alert_id"])
        self.assertGreaterEqual(worse["told"], 2)
        self.assertIsNone(worse["quiet_until"])
        # a worker that goes away tells nothing of calendars: it stays
        worker.stop()
        time.sleep(2.5)
        self.assertEqual(len(self.alerts(client, "calendar")), 1)
        worker = world.service("deadline", files={"calendar": path})
        world.path("calendar.json", long)
        worker.signal(signal.SIGHUP)
        self.cleared(client, alert)
        self.assertEqual(client.call("worker.list")["items"][0]
                         ["calendar_until"], 2027)
        self.assertTrue(worker.alive())


class Waiting(Case):
    def test_a_case_without_a_unit_is_told_by_its_age(self):
        world, client = self.office(test_clock=MAY, unassigned_h=24,
                                    queue_min=0)
        number = client.submit()["case_no"]
        client.call("clock.advance", {"ms": 23 * 3600 * 1000})
        second = client.submit()["case_no"]
        time.sleep(2.5)
        self.assertEqual(self.alerts(client), [])
        client.call("clock.advance", {"ms": 3601 * 1000})
        alert = self.raised(client, "unassigned")
        self.assertEqual(alert["about"], number)
        self.assertIn(number, alert["text"]["zh-CN"])
        # another day: told again, and the older one is still named
        client.call("clock.advance", {"ms": 24 * 3600 * 1000})
        dkworld.until(lambda: self.alerts(client)[0]["told"] == 2, 15,
                      "the next day's telling")
        client.act(number, "assign", unit="u-water", actor="officer:li")
        dkworld.until(lambda: self.alerts(client)[0]["about"] == second, 15,
                      "the second case's turn")
        world.service("assign")
        self.cleared(client, alert)
        self.assertEqual(client.call("case.get", {"case_no": second})["unit"],
                         "u-roads")

    def test_a_task_that_waits_is_told_and_a_dead_one_stays_told(self):
        world, client = self.office(test_clock=MAY, queue_min=30,
                                    options={"max_attempts": 1})
        client.submit()
        client.call("clock.advance", {"ms": 31 * 60 * 1000})
        alert = self.raised(client, "queue")
        self.assertRegex(alert["about"], r"^\d+ \(assign\)$")
        world.auto("deadline")
        worker = world.worker("assign")
        worker.fail(worker.task(), "no such unit")
        dead = self.raised(client, "dead_letter")
        self.assertEqual(dead["value"], 1)
        self.assertEqual(dead["level"], "serious")
        self.cleared(client, alert)
        task = client.call("task.list", {"dead": True})["items"][0]
        self.assertEqual(dead["about"], task["task_id"])
        self.assertIn("dead show " + task["task_id"], dead["text"]["en"])
        client.call("task.drop", {"task_id": task["task_id"],
                                  "actor": "officer:li", "reason": "done"})
        self.cleared(client, dead)

    def test_a_task_that_points_at_nothing_is_a_dead_letter(self):
        world, client = self.office()
        number = client.submit()["case_no"]
        world.broker.stop()
        with sqlite3.connect(world.broker.db) as db:
            db.execute("UPDATE task_assign SET n = 77")
        db.close()
        world.broker.start()
        client = world.client()
        world.service("assign")
        alert = self.raised(client, "dead_letter", deadline=30)
        task = client.call("task.get", {"task_id": alert["about"]})
        self.assertEqual((task["case_no"], task["n"], task["dead"]),
                         (number, 77, True))
        self.assertIn("damaged", task["reason"])
        other = client.submit()["case_no"]  # and the others go on
        dkworld.until(lambda: client.call("case.get", {"case_no": other})
                      ["unit"], 15, "a unit for the next case")
        self.assertTrue(world.broker.process.alive())


class Machine(Case):
    def test_a_disk_with_too_little_room_is_told(self):
        world, client = self.office(disk_mb=999999999)
        alert = self.raised(client, "disk")
        self.assertEqual(alert["about"], world.broker.data)
        self.assertEqual(alert["level"], "serious")
        self.assertLess(alert["value"], alert["threshold"])
        self.configure(world, disk_mb=1)
        world.broker.stop()
        world.broker.start()
        self.cleared(world.client(), alert)

    def test_a_backup_that_is_missing_or_old_is_told(self):
        world, _ = self.office(start=False)
        folder = world.path("backups")
        self.configure(world, backup=folder, backup_h=26)
        world.broker.start()
        client = world.client()
        alert = self.raised(client, "backup")
        self.assertEqual((alert["value"], alert["about"]), (-1, folder))
        os.mkdir(folder)
        for name, age in (("old", 90), ("new", 1)):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8"):
                pass
            then = time.time() - age * 3600
            os.utime(path, (then, then))
        self.cleared(client, alert)
        then = time.time() - 27 * 3600
        os.utime(os.path.join(folder, "new"), (then, then))
        alert = self.raised(client, "backup")
        self.assertGreaterEqual(alert["value"], 27 * 3600)
        self.assertIn("27 hours", alert["text"]["en"])

    def test_a_full_disk_is_an_alert_even_before_it_can_be_written(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        world, _ = self.office(start=False)
        os.makedirs(world.broker.data)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs",
                           world.broker.data], check=False,
                          capture_output=True).returncode:
            self.skipTest("this machine does not let us mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", world.broker.data],
                        check=False)
        world.broker.options.update(ballast_mb=0)
        world.broker.start()
        client = world.client()
        ballast = os.path.join(world.broker.data, "ballast")
        try:
            with open(ballast, "wb") as file:
                while file.write(b"x" * 65536):
                    file.flush()
        except OSError:
            pass
        refused = 0
        for _ in range(2000):
            try:
                client.call("case.submit", dkproto.submission(
                    facts="x" * 3000))
            except dkproto.Problem as problem:
                self.assertEqual(problem.slug, "storage-full")
                refused += 1
                break
        self.assertEqual(refused, 1, "the disk never became full")

        def unwritten():
            return [a for a in client.call("office.list")["unwritten"]
                    if a["kind"] == "storage_full"]
        waiting = dkworld.until(unwritten, 10, "an unwritten alert")[0]
        self.assertGreater(len(waiting["text"]["zh-CN"]), 20)
        self.assertEqual(client.call("stats")["office"]["unwritten"], 1)
        self.assertIn("not written down yet", world.ctl("office")[1])
        time.sleep(6)  # it is tried again, and told no less
        self.assertEqual(len(unwritten()), 1)
        os.unlink(ballast)
        alert = self.raised(client, "storage_full", deadline=25)
        self.assertEqual(alert["raised_at"], waiting["since"])
        self.cleared(client, alert, deadline=30)

    def shifted(self, **watch):
        world, _ = self.office(start=False, **watch)
        self.assertTrue(os.path.exists(SHIFT), "%s is not built" % SHIFT)
        self.file = world.path("shift", "0")
        self.env = {"LD_PRELOAD": SHIFT, "DK_CLOCK_SHIFT": self.file}
        return world

    def start_shifted(self, world):
        process = world.broker.launch(env=self.env)
        process.line(r"event=ready\b")
        return world.client()

    def shift(self, seconds):
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            file.write("%d" % (seconds * 1000))
        os.rename(self.file + ".new", self.file)

    def test_a_clock_that_jumps_is_told_until_somebody_has_looked(self):
        world = self.shifted(clock_jump_s=30)
        client = self.start_shifted(world)
        self.shift(20)  # little
        time.sleep(1.5)
        self.assertEqual(self.alerts(client), [])
        self.shift(7220)
        alert = self.raised(client, "clock_jump")
        self.assertEqual(round(alert["value"], -2), 7200)
        self.assertEqual(alert["level"], "serious")
        self.assertIn("forward by 2 hours", alert["text"]["en"])
        self.shift(20)  # put right; but who knows what fired meanwhile
        time.sleep(2.5)
        self.assertEqual(len(self.alerts(client, "clock_jump")), 1)
        answer = client.call("office.ack", {
            "alert_id": alert["alert_id"], "actor": "officer:li"})
        self.assertIsNotNone(answer["cleared_at"])
        self.assertEqual(self.alerts(client), [])
        self.shift(-600)
        alert = self.raised(client, "clock_jump")
        self.assertLess(alert["value"], -500)
        self.assertIn("set back", alert["text"]["en"])
        world.broker.stop()

    def test_a_clock_set_back_while_nobody_was_there_is_told_at_the_start(
            self):
        world = self.shifted(clock_jump_s=30)
        self.shift(3600)
        client = self.start_shifted(world)
        client.submit()
        world.broker.kill()
        self.shift(0)
        client = self.start_shifted(world)
        alert = self.raised(client, "clock_jump")
        self.assertLess(alert["value"], -3000)
        world.broker.stop()

    def test_a_test_clock_that_is_set_back_counts_as_a_jump(self):
        world, client = self.office(test_clock=MAY)
        client.call("clock.advance", {"ms": 86400 * 1000})
        time.sleep(1)
        self.assertEqual(self.alerts(client), [])
        client.call("clock.set", {"to": MAY})
        alert = self.raised(client, "clock_jump")
        self.assertEqual(alert["value"], -86400)


class Acknowledge(Case):
    def test_an_acknowledgement_is_quiet_for_a_time_and_has_a_name(self):
        world, client = self.office(test_clock=MAY, no_worker_s=1, ack_h=48)
        alert = self.raised(client, "no_worker", "assign")
        body = {"alert_id": alert["alert_id"], "actor": "officer:li",
                "note": "已报修"}
        first = client.call("office.ack", body)
        self.assertEqual(first["acked_by"], "officer:li")
        self.assertEqual(first["quiet_until"],
                         "2026-05-08T09:00:00.000+08:00")
        self.assertIsNone(first["cleared_at"])
        self.assertEqual(client.call("office.ack", body), first)
        self.assertEqual(client.call("stats")["office"]["unacked"],
                         len(self.alerts(client)) - 1)
        shown = self.alerts(client, "no_worker", "assign")[0]
        self.assertEqual((shown["note"], shown["acked_by"], shown["told"]),
                         ("已报修", "officer:li", 1))
        # a colleague takes it over
        other = client.call("office.ack", {"alert_id": alert["alert_id"],
                                           "actor": "officer:wang"})
        self.assertEqual(other["acked_by"], "officer:wang")
        self.assertIsNone(self.alerts(client, "no_worker",
                                      "assign")[0]["note"])
        # all through two restarts
        world.broker.kill()
        world.broker.start()
        client = world.client()
        client.call("clock.advance", {"ms": 47 * 3600 * 1000})
        time.sleep(1)
        shown = self.alerts(client, "no_worker", "assign")[0]
        self.assertEqual((shown["told"], shown["acked_by"]),
                         (1, "officer:wang"))
        self.assertIsNotNone(shown["quiet_until"])
        client.call("clock.advance", {"ms": 3600 * 1000})
        dkworld.until(lambda: self.alerts(client, "no_worker", "assign")[0]
                      ["told"] == 2, 10, "its being told again")
        shown = self.alerts(client, "no_worker", "assign")[0]
        self.assertIsNone(shown["quiet_until"])
        self.assertEqual(shown["acked_by"], "officer:wang")

    def test_what_is_wrong_in_a_request_is_told(self):
        world, client = self.office(no_worker_s=1)
        alert = self.raised(client, "no_worker", "assign")
        good = {"alert_id": alert["alert_id"], "actor": "officer:li"}
        for wrong, slug, pointer in (
                ({"alert_id": "x"}, "bad-field", "/alert_id"),
                ({"alert_id": "0"}, "bad-field", "/alert_id"),
                ({"alert_id": "-1"}, "bad-field", "/alert_id"),
                ({"alert_id": 1}, "bad-field", "/alert_id"),
                ({"alert_id": ""}, "bad-field", "/alert_id"),
                ({"alert_id": "9" * 19}, "bad-field", "/alert_id"),
                ({"alert_id": None}, "bad-field", "/alert_id"),
                ({"alert_id": "999"}, "not-found", "/alert_id"),
                ({"actor": "li"}, "bad-field", "/actor"),
                ({"actor": "worker:assign"}, "bad-field", "/actor"),
                ({"actor": None}, "bad-field", "/actor"),
                ({"note": ""}, "bad-field", "/note"),
                ({"note": "x" * 2001}, "bad-field", "/note"),
                ({"more": 1}, "bad-field", "/more")):
            with self.subTest(**wrong), self.problem(slug, pointer):
                client.call("office.ack", dict(good, **wrong))
        for wrong, pointer in (({"open": 1}, "/open"),
                               ({"after": "x"}, "/after"),
                               ({"after": "0"}, "/after"),
                               ({"limit": 0}, "/limit"),
                               ({"limit": 501}, "/limit"),
                               ({"kind": "disk"}, "/kind")):
            with self.subTest(**wrong), self.problem("bad-field", pointer):
                client.call("office.list", wrong)
        for wrong, pointer in (({"calendar_until": 0}, "/calendar_until"),
                               ({"calendar_until": "2027"},
                                "/calendar_until"),
                               ({"county": "33"}, "/county")):
            with self.subTest(**wrong), self.problem("bad-field", pointer):
                self.hello(world, **wrong)
        world.auto("assign")
        self.cleared(client, alert)
        with self.problem("wrong-state", "/alert_id"):
            client.call("office.ack", good)

    def test_pages_give_each_alert_once(self):
        world, client = self.office(no_worker_s=1)
        for name in ("assign", "deadline", "escalate"):
            self.raised(client, "no_worker", name)
        seen, body = [], {"limit": 1}
        while True:
            page = client.call("office.list", body)
            self.assertLessEqual(len(page["items"]), 1)
            seen += [int(a["alert_id"]) for a in page["items"]]
            if page["next"] is None:
                break
            body["after"] = page["next"]
        self.assertEqual(seen, [3, 2, 1])

    def test_docketctl_shows_and_acknowledges(self):
        world, client = self.office()
        out = world.ctl("office")
        self.assertEqual(out[1], "")
        self.assertIn("Nothing is wrong", out[2])
        self.configure(world, no_worker_s=1)
        world.broker.stop()
        world.broker.start()
        client = world.client()
        for name in ("assign", "deadline", "escalate"):
            self.raised(client, "no_worker", name)
        _, out, _ = world.ctl("office", "--open")
        self.assertEqual(len(re.findall(r"^\d  serious  no worker: ", out,
                                        re.MULTILINE)), 3)
        self.assertIn("systemctl start docket-assign@1", out)
        _, out, _ = world.ctl("office", "--lang", "zh-CN")
        self.assertIn("工作进程缺席", out)
        world.ctl("office", "ack", "1", "2", "--actor", "officer:li",
                  "--note", "今天修")
        _, out, _ = world.ctl("office")
        self.assertEqual(out.count("acknowledged by officer:li"), 2)
        self.assertEqual(out.count("今天修"), 2)
        page = world.ctl("office", js=True)[0]
        self.assertEqual([a["alert_id"] for a in page["items"]],
                         ["3", "2", "1"])
        world.ctl("office", "ack", "1", code=dkworld.EX_USAGE)
        world.ctl("office", "ack", "77", "--actor", "officer:li",
                  code=dkworld.EX_DATAERR)
        _, out, _ = world.ctl("stats")
        self.assertRegex(out, r"office\n +open +3\n +unacked +1\n")
        for name in ("assign", "deadline", "escalate"):
            world.auto(name)
        dkworld.until(lambda: not self.alerts(client), 15, "their end")
        lines = world.ctl("office", "--history", "--all", js=True)
        self.assertEqual(len(lines), 3)
        self.assertTrue(all(a["cleared_at"] for a in lines))

    def test_following_events_that_do_not_exist_is_refused(self):
        world, _ = self.office()
        _, _, err = world.ctl("follow", "--type", "alert_risen",
                              code=dkworld.EX_USAGE)
        self.assertIn("did you mean 'alert_raised'", err)


if __name__ == "__main__":
    unittest.main()
