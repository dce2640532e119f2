#!/usr/bin/python3
"""docket-metrics: what it says is read by parsers that others wrote, alive and
ready are what they should be, and no name and no case ever comes out.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import STRETCH, until  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"
OPEN = "application/openmetrics-text; version=1.0.0,text/plain;q=0.5"


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30 * STRETCH)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Case(dkworld.TestCase):
    def metrics(self, world, *argv, env=None):
        process = dkworld.Process(
            world, "metrics", [dkworld.program("docket-metrics"), "--broker",
                               world.broker.clients, "--listen", "127.0.0.1:0",
                               *argv], env=env)
        process.port = int(process.line(r"event=ready .*port=(\d+)").group(1))
        return process

    def ask(self, process, path, accept=None, line=None, host=None):
        """(status, content type, text)"""
        line = line or http.client.HTTPConnection(
            "127.0.0.1", process.port, timeout=30 * STRETCH)
        headers = {"Accept": accept} if accept else {}
        if host:
            headers["Host"] = host
        try:
            line.request("GET", path, headers=headers)
            answer = line.getresponse()
            return (answer.status, answer.headers["Content-Type"],
                    answer.read().decode())
        finally:
            line.close()

    def status(self, process, path):
        return self.ask(process, path)[0]

    def families(self, text):
        """By a parser of others, which wants every rule of OpenMetrics kept."""
        from prometheus_client.openmetrics import parser
        return {f.name: f for f in parser.text_string_to_metric_families(text)}

    def value(self, families, family, sample=None, **labels):
        found = [s.value for s in families[family].samples
                 if s.name == (sample or family) and s.labels == labels]
        self.assertEqual(len(found), 1, (family, sample, labels))
        return found[0]


class Formats(Case):
    def test_both_formats_hold_what_the_broker_counted(self):
        world = self.world(test_clock=MAY)
        world.broker.start()
        world.services()
        client = world.client()
        for _ in range(3):
            client.call("case.submit", dkproto.submission())
        until(lambda: client.call("stats")["store"]["tasks_open"] == 0,
              what="the workers' answers")
        process = self.metrics(world)
        status, kind, text = self.ask(process, "/metrics", OPEN)
        self.assertEqual((status, kind), (
            200,
            "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        have = self.families(text)
        stats = client.call("stats")
        self.assertEqual(self.value(have, "docket_up"), 1)
        self.assertEqual(self.value(have, "docket_takes_cases"), 1)
        self.assertEqual(self.value(have, "docket_submitted",
                                    "docket_submitted_total"), 3)
        self.assertEqual(self.value(have, "docket_workers", service="assign"),
                         1)
        self.assertEqual(self.value(have, "docket_cases_stored"), 3)
        self.assertGreater(self.value(have,
                                      "docket_next_due_timestamp_seconds"),
                           1.77e9)
        self.assertEqual(self.value(have, "docket_results",
                                    "docket_results_total"),
                         stats["counters"]["results"])
        answers = self.value(have, "docket_answer_seconds",
                             "docket_answer_seconds_count")
        self.assertEqual(answers, stats["counters"]["results"])
        self.assertEqual(sum(stats["histograms"]["answer_ms"]["n"]), answers)
        self.assertEqual(self.value(have, "docket_commit_seconds",
                                    "docket_commit_seconds_count"),
                         stats["counters"]["commits"])
        self.assertGreater(self.value(have, "docket_commit_seconds",
                                      "docket_commit_seconds_sum"), 0)
        status, kind, plain = self.ask(process, "/metrics")
        self.assertEqual((status, kind),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertIn("# TYPE docket_submitted_total counter\n"
                      "docket_submitted_total 3\n", plain)
        self.assertNotIn("# EOF", plain)
        if shutil.which("promtool"):
            run = subprocess.run(["promtool", "check", "metrics"],
                                 input=plain.encode(), capture_output=True,
                                 check=False)
            self.assertEqual((run.returncode, run.stderr), (0, b""))

    def test_names_and_cases_stay_inside(self):
        world = self.world(test_clock=MAY)
        world.broker.start()
        world.services()
        client = world.client()
        body = dkproto.submission(
            subject="Wegzeichen-Subject", facts="Wegzeichen-Facts",
            persons=[{"name": "Wegzeichen-Name", "phone": "13900000999"}])
        number = client.call("case.submit", body)["case_no"]
        until(lambda: client.call("stats")["store"]["tasks_open"] == 0)
        process = self.metrics(world)
        for path in ("/metrics", "/healthz", "/readyz"):
            for accept in (None, OPEN):
                text = self.ask(process, path, accept)[2]
                for planted in ("Wegzeichen", "13900000999", number,
                                body["submission_id"]):
                    self.assertNotIn(planted, text)
        said = process.errors()
        self.assertNotIn(number, said)


class AliveAndReady(Case):
    def test_a_loop_that_stands_still(self):
        world = self.world(test_clock=MAY)
        world.broker.start()
        process = self.metrics(world)
        self.assertEqual(self.status(process, "/healthz"), 200)
        self.assertEqual(self.status(process, "/readyz"), 200)
        world.broker.process.freeze()
        status, kind, text = self.ask(process, "/healthz")
        self.assertEqual((status, kind), (503, "application/json"))
        self.assertEqual(json.loads(text)["status"], "silent")
        self.assertEqual(self.families(self.ask(process, "/metrics", OPEN)[2])
                         .keys(), {"docket_up"})
        process.line("event=broker_silent code=")
        world.broker.process.thaw()
        until(lambda: self.status(process, "/healthz") == 200, 20)
        process.line("event=broker_back")

    def test_a_broker_that_is_gone_comes_back(self):
        world = self.world(test_clock=MAY)
        world.broker.start()
        process = self.metrics(world)
        self.assertEqual(self.status(process, "/readyz"), 200)
        world.broker.process.kill()
        self.assertEqual(self.status(process, "/readyz"), 503)
        world.broker.start()
        until(lambda: self.status(process, "/readyz") == 200, 20)
        self.assertTrue(process.alive())

    @unittest.skipIf(dkworld.STORE == "pg", "its disk is not ours to fill")
    def test_a_full_disk_is_alive_and_not_ready(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small tmpfs needs root")
        world = self.world(test_clock=MAY)
        os.makedirs(world.broker.data)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs",
                           world.broker.data], check=False,
                          capture_output=True).returncode:
            self.skipTest("this machine does not let us mount a tmpfs")
        self.addCleanup(subprocess.run, ["umount", "-l", world.broker.data],
                        check=False)
        world.broker.start(ballast_mb=4)
        process, client = self.metrics(world), world.client()
        self.assertEqual(self.status(process, "/readyz"), 200)
        hog = os.path.join(world.broker.data, "hog")
        with open(hog, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass

        def refused():
            try:
                client.call("case.submit",
                            dkproto.submission(facts="x" * 30000), 10)
                return False
            except dkproto.Problem as problem:
                return problem.slug == "storage-full"
        until(refused, 60, "a refusal", 0)
        self.assertEqual(self.status(process, "/healthz"), 200)
        status, _, text = self.ask(process, "/readyz")
        self.assertEqual(status, 503)
        self.assertIn("docketctl office", json.loads(text)["why"])
        have = self.families(self.ask(process, "/metrics", OPEN)[2])
        self.assertEqual(self.value(have, "docket_storage_full"), 1)
        self.assertEqual(self.value(have, "docket_takes_cases"), 0)
        os.unlink(hog)
        until(lambda: self.status(process, "/readyz") == 200, 30)


class Doors(Case):
    def test_its_key_may_ask_for_counters_and_for_nothing_else(self):
        world = self.world(test_clock=MAY)
        keys = dkproto.Keys()
        world.broker.allow("metrics", "monitor", keys)
        local = world.broker.clients
        world.broker.start(clients=local + " tcp://127.0.0.1:0")
        ready = world.broker.process.line(r"event=ready .*").group(0)
        tcp = re.search(r"tcp://[^ ,\"]+", ready).group(0)
        server = world.broker.server_key()
        path = world.path("metrics.key")
        with open(path, "w", encoding="ascii") as file:
            file.write("public %s\nsecret %s\nserver %s\n" %
                       (keys.public, keys.secret, server))
        os.chmod(path, 0o400)
        process = dkworld.Process(
            world, "metrics", [dkworld.program("docket-metrics"), "--broker",
                               tcp, "--key", path,
                               "--listen", "127.0.0.1:0"])
        process.port = int(process.line(r"event=ready .*port=(\d+)").group(1))
        self.assertEqual(self.status(process, "/readyz"), 200)
        world.ctl("--connect", local, "keys", "revoke",
                  "metrics")
        until(lambda: self.status(process, "/healthz") == 503, 20)
        process.line("event=broker_silent")

    def test_a_local_socket_and_who_may_not_ask(self):
        world = self.world(test_clock=MAY)
        world.broker.start()
        path = world.path("m.sock")
        self.metrics(world)
        process = dkworld.Process(
            world, "metrics", [dkworld.program("docket-metrics"), "--broker",
                               world.broker.clients, "--listen",
                               "unix:" + path])
        process.line("event=ready")
        self.assertEqual(self.ask(process, "/healthz", line=Unix(path))[0], 200)
        self.assertEqual(self.ask(process, "/else", line=Unix(path))[0], 404)
        other = self.metrics(world)
        self.assertEqual(self.ask(other, "/metrics", host="evil.example")[0],
                         403)
        self.assertEqual(process.stop(), 0)

    def test_the_configuration(self):
        def run(*argv):
            done = subprocess.run([dkworld.program("docket-metrics"), *argv],
                                  capture_output=True, text=True, check=False,
                                  timeout=60 * STRETCH)
            return done.returncode, done.stdout + done.stderr
        world = self.world()
        shipped = os.path.join(dkworld.ROOT, "systemd", "docket-metrics.conf")
        self.assertEqual(run("--config", shipped, "--check-config"),
                         (0, "docket-metrics: %s is good\n" % shipped))
        bad = world.path("bad.conf")
        with open(bad, "w", encoding="ascii") as file:
            file.write("[metrics]\nlisen = 1\nbrokr = 2\n")
        code, text = run("--config", bad, "--check-config")
        self.assertEqual(code, dkworld.EX_CONFIG)
        self.assertIn("did you mean metrics.listen?", text)
        self.assertIn("did you mean metrics.broker?", text)
        code, text = run("--lissen", "x")
        self.assertEqual(code, dkworld.EX_USAGE)
        self.assertIn("did you mean --listen?", text)
        code, text = run("--listen", "0.0.0.0:0")
        self.assertEqual(code, dkworld.EX_CONFIG)
        code, text = run("--broker", "tcp://127.0.0.1:1", "--check-config",
                         "--key", world.path("none"))
        self.assertEqual(code, dkworld.EX_CONFIG)
        self.assertTrue(re.search("none", text), text)


if __name__ == "__main__":
    unittest.main()
