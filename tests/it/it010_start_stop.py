"""docketd starts, says so, stops when told, and refuses what it must.

Every refusal: the agreed exit code, a sentence that names the place and the
fix, and not one byte on disk changed.
"""

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

MAY = "2026-05-01T09:00:00+08:00"


class StartStop(dkworld.TestCase):
    def test_it_says_ready_with_its_endpoints_and_answers_hello(self):
        world, client = self.started()
        hello = client.call("hello", {"client": "test"})
        self.assertEqual(hello["protocol"], "DKT1")
        self.assertEqual(hello["county"], world.county)
        self.assertIs(hello["test_clock"], False)
        self.assertEqual(hello["utc_offset"], "+08:00")
        self.assertRegex(hello["broker"], "^[0-9a-f]{32}$")
        self.assertEqual(hello["limits"]["body"], 65536)
        self.assertEqual(hello["limits"]["depth"], 32)
        self.assertRegex(hello["now"], dkproto.TIME)

    def test_sigterm_and_sigint_drain_and_exit_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            world, client = self.started()
            client.submit()
            world.broker.process.signal(number)
            self.assertEqual(world.broker.process.wait(), 0)
            self.assertNotIn("-wal", "".join(os.listdir(world.broker.data)),
                             "the log was not moved into the file")

    def test_what_was_sent_before_sigterm_is_answered_or_refused(self):
        world, client = self.started()
        ids = [client.send("case.submit", dkproto.submission())
               for _ in range(300)]
        world.broker.process.signal(signal.SIGTERM)
        self.assertEqual(world.broker.process.wait(), 0)
        acked = []
        for request in ids:
            try:
                message = client.answer(request, 0.5)
            except dkproto.Timeout:
                continue
            if message.type == "problem":
                self.assertEqual(dkproto.Problem(message.body).slug,
                                 "shutting-down")
            else:
                acked.append(message.ok()["case_no"])
        world.broker.start()
        again = world.client()
        for number in acked:
            again.call("case.get", {"case_no": number})

    def test_tcp_port_0_gives_the_real_port_in_the_ready_line(self):
        world = self.world()
        keys = dkproto.Keys()
        world.broker.allow("all", "administrator,worker:assign", keys)
        world.broker.start(clients="tcp://127.0.0.1:0",
                           workers="tcp://127.0.0.1:*")
        self.assertRegex(world.broker.clients, r"^tcp://127\.0\.0\.1:\d+$")
        self.assertNotRegex(world.broker.clients, r":0$")
        self.assertRegex(world.broker.workers, r"^tcp://127\.0\.0\.1:\d+$")
        keys.server = world.broker.server_key()
        world.client(keys=keys).call("hello")
        world.worker("assign", keys=keys)

    def test_help_and_version_say_something_and_exit_0(self):
        for name in ("docketd", "docket-assign", "docket-deadline",
                     "docket-escalate", "docketctl", "docket-kiosk"):
            for option in ("--help", "--version"):
                done = subprocess.run([dkworld.program(name), option],
                                      capture_output=True, timeout=20,
                                      check=False)
                with self.subTest(program=name, option=option):
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertTrue(done.stdout)
                    self.assertEqual(done.stderr, b"")

    def test_a_second_start_on_the_same_folder_keeps_broker_and_cases(self):
        world, client = self.started()
        first = client.call("hello")["broker"]
        number = client.submit()["case_no"]
        world.broker.stop()
        world.broker.start()
        client.reopen()
        self.assertEqual(client.call("hello")["broker"], first)
        client.call("case.get", {"case_no": number})

    def test_check_config_tells_good_from_bad_and_makes_nothing(self):
        world = self.world()
        good = world.path("good.ini", "[office]\ncounty = 430102\n"
                          "[broker]\ndata = %s\nclients = ipc://%s/c\n"
                          "workers = ipc://%s/w\n" %
                          (world.broker.data, world.folder, world.folder))
        for path, code in ((good, 0),
                           (world.path("bad.ini", "[office]\ncounty=x\n"),
                            dkworld.EX_CONFIG)):
            process = world.spawn("docketd", "--config", path,
                                  "--check-config")
            self.assertEqual(process.wait(), code, process.errors())
        self.assertFalse(os.path.exists(world.broker.data))

    def test_a_config_file_is_used_and_options_go_before_it(self):
        world = self.world()
        path = world.path(
            "docketd.ini",
            "; a comment\n[office]\ncounty = 110101\nutc_offset = +08:00\n"
            "[broker]\ndata = %s\nclients = ipc://%s/cc\n"
            "workers = ipc://%s/ww\n[limits]\nheartbeat_ms = 700\n"
            % (world.broker.data, world.folder, world.folder))
        world.broker.start(config=path, data=None, clients=None, workers=None,
                           county=None)
        self.assertEqual(world.broker.clients, "ipc://%s/cc" % world.folder)
        self.assertEqual(world.client().call("hello")["county"], "110101")
        self.assertEqual(world.worker("assign").welcome["heartbeat_ms"], 700)
        world.broker.stop()
        process = world.broker.launch(config=path, data=None, workers=None,
                                      clients="ipc://%s/other" % world.folder,
                                      county=None, heartbeat_ms=900)
        process.line(r"event=ready.*clients=\S+/other\b")


class Refusals(dkworld.TestCase):
    def refuse(self, world, code, *words, **options):
        """Refused, and nothing on disk changed."""
        os.makedirs(world.broker.data, exist_ok=True)
        before = dkworld.snapshot(world.broker.data)
        text = world.broker.refused(code, *words, **options)
        self.assertEqual(dkworld.snapshot(world.broker.data), before,
                         "a refused start changed the disk")
        return text

    def kept(self, **more):
        """A world whose store holds a case and whose broker was stopped."""
        world, client = self.started(**more)
        client.submit()
        client.close()
        world.broker.stop()
        return world

    def test_unknown_options_and_arguments_are_usage_errors(self):
        world = self.world()
        for argv in (["--no-such-option"], ["stray"], ["--batch"],
                     ["--log-level", "loud"], ["--test-clock", "yesterday"]):
            with self.subTest(argv=argv):
                process = world.spawn("docketd", "--data", world.broker.data,
                                      *argv)
                self.assertEqual(process.wait(), dkworld.EX_USAGE,
                                 process.errors())
                self.assertTrue(process.errors().strip())
                self.assertFalse(os.path.exists(world.broker.data))

    def test_a_missing_config_file_is_named(self):
        world = self.world()
        self.refuse(world, dkworld.EX_CONFIG, r"/no/such/file\.ini",
                    config="/no/such/file.ini")

    def test_an_unreadable_config_file_is_named(self):
        prefix = dkworld.as_nobody()
        if prefix is None:
            self.skipTest("root without setpriv reads everything")
        world = self.world()
        path = world.path("secret.ini", "[office]\ncounty = 430102\n")
        os.chmod(path, 0)
        os.chmod(world.folder, 0o755)
        os.makedirs(world.broker.data)
        before = dkworld.snapshot(world.broker.data)
        process = world.broker.launch(config=path, prefix=prefix)
        self.assertEqual(process.wait(), dkworld.EX_CONFIG, process.errors())
        self.assertIn("secret.ini", process.errors())
        self.assertEqual(dkworld.snapshot(world.broker.data), before)

    def test_a_folder_in_place_of_the_config_file_is_refused(self):
        world = self.world()
        self.refuse(world, dkworld.EX_CONFIG, config=world.folder)

    def test_an_unknown_key_is_named_with_the_nearest_and_its_line(self):
        world = self.world()
        path = world.path("typo.ini",
                          "[office]\ncounty = 430102\n[limits]\n"
                          "hartbeat_ms = 1000\n")
        self.refuse(world, dkworld.EX_CONFIG, r"typo\.ini", "hartbeat_ms",
                    r"\bheartbeat_ms", config=path)
        path = world.path("section.ini", "[ofice]\ncounty = 430102\n")
        self.refuse(world, dkworld.EX_CONFIG, "ofice", r"\boffice\b",
                    config=path)

    def test_wrong_values_in_the_config_are_named(self):
        world = self.world()
        for text, word in (
                ("[office]\ncounty = 43\n", "county"),
                ("[office]\ncounty = 4301022\n", "county"),
                ("[office]\ncounty = abcdef\n", "county"),
                ("[office]\nutc_offset = 8\n", "utc_offset"),
                ("[office]\nutc_offset = +25:00\n", "utc_offset"),
                ("[limits]\nbatch = 0\n", "batch"),
                ("[limits]\nbatch = many\n", "batch"),
                ("[limits]\nheartbeat_ms = -1\n", "heartbeat_ms"),
                ("[limits]\nlease_ms = 99999999999999999999\n", "lease_ms"),
                ("[limits]\nmax_attempts = 0\n", "max_attempts"),
                ("[broker]\nstore = oracle:x\n", "store"),
                ("[broker]\nclients = bananas\n", "clients"),
                ("[office\ncounty = 430102\n", ""),
                ("just words\n", "")):
            with self.subTest(text=text):
                path = world.path("wrong.ini", text)
                self.refuse(world, dkworld.EX_CONFIG, word, r"wrong\.ini",
                            config=path, county=None if "county" in text
                            else world.county, clients=None
                            if "clients" in text else world.broker.clients)

    def test_wrong_values_of_options_are_usage_errors(self):
        world = self.world()
        for options in ({"county": "43"}, {"county": "x"},
                        {"utc_offset": "8"}, {"batch": "0"},
                        {"heartbeat_ms": "soon"}, {"lease_ms": "-5"},
                        {"max_attempts": "0"}):
            with self.subTest(options=options):
                self.refuse(world, dkworld.EX_USAGE,
                            list(options)[0].replace("_", "."), **options)

    def test_no_county_is_refused_with_what_to_write(self):
        world = self.world()
        self.refuse(world, dkworld.EX_CONFIG, "county", county=None)

    def test_a_busy_tcp_port_is_named(self):
        world = self.world()
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            port = busy.getsockname()[1]
            for name in ("clients", "workers"):
                text = self.refuse(world, dkworld.EX_UNAVAILABLE, str(port),
                                   **{name: "tcp://127.0.0.1:%d" % port})
                self.assertRegex(text, "in use|listens")

    def test_an_ipc_socket_of_a_living_broker_is_not_stolen(self):
        world, client = self.started()
        other = self.world()
        self.refuse(other, dkworld.EX_UNAVAILABLE,
                    clients=world.broker.clients)
        client.call("hello")
        fresh = world.client()
        fresh.call("hello")

    def test_a_stale_ipc_socket_of_a_killed_broker_is_no_hindrance(self):
        world, _ = self.started()
        world.broker.kill()
        path = world.broker.clients[len("ipc://"):]
        self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
        world.broker.start()
        world.client().call("hello")

    def test_a_file_in_place_of_the_ipc_socket_is_not_deleted(self):
        world = self.world()
        path = world.path("c", "precious")
        process = world.broker.launch()
        self.assertEqual(process.wait(), dkworld.EX_UNAVAILABLE,
                         process.errors())
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_a_database_in_use_by_another_broker_is_refused(self):
        world, client = self.started()
        number = client.submit()["case_no"]
        mine = world.broker.process
        process = world.broker.launch(clients="ipc://%s/c2" % world.folder,
                                      workers="ipc://%s/w2" % world.folder)
        self.assertEqual(process.wait(), dkworld.EX_TEMPFAIL,
                         process.errors())
        self.assertRegex(process.errors(), r"docket\.db")
        self.assertRegex(process.errors(), "another|in use|broker")
        self.assertTrue(mine.alive())
        client.call("case.get", {"case_no": number})
        client.submit()
        self.assertFalse(os.path.exists(world.folder + "/c2"))

    def test_a_folder_that_cannot_be_written_is_refused(self):
        prefix = dkworld.as_nobody()
        if prefix is None:
            self.skipTest("root without setpriv may write everywhere")
        for filled in (False, True):
            with self.subTest(filled=filled):
                world = self.kept() if filled else self.world()
                os.makedirs(world.broker.data, exist_ok=True)
                os.chmod(world.folder, 0o777)
                os.chmod(world.broker.data, 0o555)
                before = dkworld.snapshot(world.broker.data)
                process = world.broker.launch(prefix=prefix)
                self.assertEqual(process.wait(), dkworld.EX_CANTCREAT,
                                 process.errors())
                self.assertIn(world.broker.data, process.errors())
                self.assertEqual(dkworld.snapshot(world.broker.data), before)

    def test_a_missing_folder_whose_parent_is_missing_is_refused(self):
        world = self.world()
        self.refuse(world, dkworld.EX_CANTCREAT, "/nowhere",
                    data=world.folder + "/no/such/nowhere")

    def test_a_file_in_place_of_the_folder_is_refused(self):
        world = self.world()
        path = world.path("afile", "x")
        self.refuse(world, dkworld.EX_CANTCREAT, "afile", data=path)

    def test_a_newer_schema_is_refused(self):
        world = self.kept()
        with sqlite3.connect(world.broker.db) as db:
            db.execute("PRAGMA user_version = 9999")
        db.close()
        self.refuse(world, dkworld.EX_DATAERR, "newer|9999")

    def test_a_foreign_database_is_refused(self):
        world = self.world()
        os.makedirs(world.broker.data)
        with sqlite3.connect(world.broker.db) as db:
            db.execute("CREATE TABLE other (x)")
        db.close()
        self.refuse(world, dkworld.EX_DATAERR, r"docket\.db")

    def test_a_file_that_is_no_database_is_refused(self):
        world = self.world()
        os.makedirs(world.broker.data)
        with open(world.broker.db, "wb") as file:
            file.write(b"this is a letter, not a database\n" * 300)
        self.refuse(world, dkworld.EX_DATAERR, r"docket\.db")

    def test_a_small_file_that_is_no_database_is_refused(self):
        for content in (b"x", b"dear reader,\n"):
            world = self.world()
            os.makedirs(world.broker.data)
            with open(world.broker.db, "wb") as file:
                file.write(content)
            self.refuse(world, dkworld.EX_DATAERR, r"docket\.db")

    def test_the_database_of_another_county_is_refused(self):
        world = self.kept()
        self.refuse(world, dkworld.EX_DATAERR, world.county, "110101",
                    county="110101")
        world.broker.start()

    def test_a_real_database_is_refused_under_a_test_clock(self):
        world = self.kept()
        self.refuse(world, dkworld.EX_DATAERR, "test", test_clock=MAY)
        world.broker.start()

    def test_a_test_database_is_refused_on_real_time(self):
        world = self.kept(test_clock=MAY)
        self.refuse(world, dkworld.EX_DATAERR, "test", test_clock=None)
        world.broker.start()

    def test_a_test_clock_is_refused_on_a_tcp_endpoint_off_loopback(self):
        world = self.world(test_clock=MAY)
        self.refuse(world, dkworld.EX_CONFIG,
                    clients="tcp://0.0.0.0:17790")

    def test_an_endpoint_too_long_for_a_socket_is_refused(self):
        world = self.world()
        self.refuse(world, dkworld.EX_CONFIG, "107|long",
                    clients="ipc:///tmp/" + "x" * 120)

    def test_the_same_endpoint_twice_is_refused(self):
        world = self.world()
        text = world.broker.launch(workers=world.broker.clients)
        self.assertIn(text.wait(), (dkworld.EX_CONFIG,
                                    dkworld.EX_UNAVAILABLE))

    def test_a_county_on_a_disk_without_room_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        world = self.world()
        os.makedirs(world.broker.data)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs",
                           world.broker.data], check=False,
                          capture_output=True).returncode:
            self.skipTest("this machine does not let us mount a tmpfs")
        try:
            ballast = os.open(world.broker.data + "/ballast",
                              os.O_CREAT | os.O_WRONLY)
            try:
                while True:
                    os.write(ballast, b"x" * 4096)
            except OSError:
                os.close(ballast)
            text = world.broker.refused(dkworld.EX_CANTCREAT, "space|full")
            self.assertIn(world.broker.data, text)
            self.assertEqual(os.listdir(world.broker.data), ["ballast"])
        finally:
            subprocess.run(["umount", world.broker.data], check=False)


class WorkerFiles(dkworld.TestCase):
    """Workers check their files before they say a word to the broker."""

    def check(self, service, code, *words, **files):
        world = self.world()
        process = world.service(service, wait=False, files={
            key: value if os.path.sep in value else world.path(key, value)
            for key, value in files.items()})
        text = None
        got = process.wait()
        text = process.errors() + process.output()
        self.assertEqual(got, code, text)
        for word in words:
            self.assertRegex(text, word)

    NEEDS = {"assign": ("book",), "deadline": ("policy", "calendar"),
             "escalate": ("policy", "calendar", "book")}

    def each(self):
        for service, needs in self.NEEDS.items():
            for need in needs:
                with self.subTest(service=service, file=need):
                    yield service, need

    def test_a_missing_file_is_named(self):
        for service, need in self.each():
            self.check(service, dkworld.EX_CONFIG, r"/no/such",
                       **{need: "/no/such/file.json"})

    def test_a_file_that_is_no_json_is_named_with_its_place(self):
        for service, need in self.each():
            self.check(service, dkworld.EX_CONFIG, need,
                       **{need: "{\"a\": "})

    def test_an_empty_object_is_told_what_is_missing(self):
        for service, need in self.each():
            self.check(service, dkworld.EX_CONFIG, need, **{need: "{}"})

    def test_an_unknown_member_is_refused(self):
        for service, need in self.each():
            with open(self.world().files()[need], encoding="utf-8") as file:
                text = file.read()
            at = text.index("{") + 1
            self.check(service, dkworld.EX_CONFIG, "no_such_member",
                       **{need: text[:at] + '"no_such_member": 1,' +
                          text[at:]})

    def test_the_shipped_files_pass_check(self):
        world = self.world()
        for service, needs in self.NEEDS.items():
            argv = ["--check"]
            for need in needs:
                argv += ["--" + need, dict(world.files(), book=dkworld.policy(
                    "units-sample.json"))[need]]
            process = world.spawn("docket-" + service, *argv)
            self.assertEqual(process.wait(), 0, process.errors())

    def test_check_tells_every_mistake_not_only_the_first(self):
        world = self.world()
        with open(world.files()["calendar"], encoding="utf-8") as file:
            text = file.read()
        at = text.index("{") + 1
        path = world.path("calendar.json", text[:at] +
                          '"first_wrong": 1, "second_wrong": 2,' + text[at:])
        process = world.spawn("docket-deadline", "--check", "--policy",
                              world.files()["policy"], "--calendar", path)
        self.assertEqual(process.wait(), dkworld.EX_CONFIG)
        text = process.errors() + process.output()
        self.assertIn("first_wrong", text)
        self.assertIn("second_wrong", text)

    def test_missing_options_are_usage_errors(self):
        world = self.world()
        for service in self.NEEDS:
            process = world.spawn("docket-" + service)
            self.assertEqual(process.wait(), dkworld.EX_USAGE,
                             process.errors())

    def test_a_worker_waits_for_a_broker_that_is_not_there_yet(self):
        world = self.world()
        worker = world.service("assign", wait=False)
        world.broker.start()
        dkworld.until(lambda: world.connected("assign") == 1, 15,
                      "the worker at work")
        self.assertEqual(worker.stop(), 0, worker.errors())

    def test_workers_stop_on_sigterm_and_leave_the_list(self):
        world, client = self.started()
        for service in ("assign", "deadline", "escalate"):
            worker = world.service(service)
            self.assertEqual(worker.stop(), 0, worker.errors())
            dkworld.until(lambda: client.call("worker.list")["items"] == [],
                          5, "an empty list of workers")


if __name__ == "__main__":
    unittest.main(verbosity=2)
