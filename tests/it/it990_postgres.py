"""PostgreSQL goes away, comes back, lies about a commit: nothing that was
acknowledged is lost, nothing is there twice, and the broker needs nobody.
"""

import os
import sys
import threading
import unittest

os.environ["DK_STORE"] = "pg"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
import pgproxy  # noqa: E402

AWAY = r"event=store_away why=.*"
BACK = r"event=store_back"


class Postgres(dkworld.TestCase):
    def sql(self, world, text):
        return dkworld.pg().sql(text, world.broker.schema)

    def started_behind_a_proxy(self):
        world = self.world()
        proxy = pgproxy.Proxy(dkworld.pg())
        self.addCleanup(proxy.close)
        world.broker.options["store"] = "postgres:" + dkworld.pg().conninfo(
            world.broker.schema, host=proxy.folder)
        world.broker.start()
        return world, world.client(), proxy

    def submit_until_taken(self, client, body, deadline=20.0):
        """As a kiosk does: the same submission again until it is taken."""
        def once():
            try:
                return client.call("case.submit", body)
            except dkproto.Problem as problem:
                self.assertEqual(problem.slug, "overloaded")
                self.assertGreater(problem.retry_after_ms, 0)
                return None
        return dkworld.until(once, deadline, "an acknowledgement", 0.05)

    def check(self, world, client, answers):
        """Numbers without a gap or a double, and a history that verifies."""
        numbers = sorted(a["case_no"] for a in answers)
        self.assertEqual(len(set(numbers)), len(answers))
        stored = self.sql(world, "SELECT count(*), count(DISTINCT key), "
                          "max(key) - min(key) FROM case_file")
        n = len(answers)
        self.assertEqual(stored, ["%d|%d|%d" % (n, n, n - 1)])
        stream = self.sql(world, "SELECT count(*) - max(seq), min(seq) "
                          "FROM event")
        self.assertEqual(stream, ["0|1"])
        for answer in answers:
            client.call("case.get", {"case_no": answer["case_no"]})
        world.ctl("verify")

    def test_a_commit_whose_answer_is_lost_is_acknowledged_once(self):
        world, client, proxy = self.started_behind_a_proxy()
        answers = [client.call("case.submit", dkproto.submission())]
        for how in ("answer", "request", "answer"):
            proxy.break_at(how)
            body = dkproto.submission()
            answer = client.call("case.submit", body)  # not even refused
            self.assertEqual(client.call("case.submit", body), answer)
            answers.append(answer)
        self.assertEqual(proxy.broken, 3)
        self.check(world, client, answers)

    def test_sessions_are_ended_and_the_server_crashes_under_load(self):
        world, client = self.started()
        answers, lock = [], threading.Lock()
        stop = threading.Event()

        def load():
            with dkproto.Client(world.broker.clients) as peer:
                while not stop.is_set():
                    answer = self.submit_until_taken(peer,
                                                     dkproto.submission())
                    with lock:
                        answers.append(answer)
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for how in ("end", "crash", "end", "crash"):
            seen = len(answers)
            dkworld.until(lambda n=seen: len(answers) > n + 5, 20, "load")
            if how == "crash":
                dkworld.pg().restart()
            else:
                dkworld.pg().sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'docketd'")
        seen = len(answers)
        dkworld.until(lambda: len(answers) > seen + 5, 20, "load")
        stop.set()
        for thread in threads:
            thread.join()
        self.check(world, client, answers)

    def test_an_outage_refuses_with_a_time_and_ends_by_itself(self):
        world, client = self.started(services=("assign", "deadline"))
        answers = [client.call("case.submit", dkproto.submission())]
        world.idle(client)
        dkworld.pg().stop()
        world.broker.process.line(AWAY)
        body = dkproto.submission()
        for kind, what in (("case.submit", body), ("case.list", {})):
            with self.problem("overloaded") as refused:
                client.call(kind, what)
            self.assertGreater(refused.caught.retry_after_ms, 0)
        dkworld.pg().start()
        world.broker.process.line(BACK, 30)
        answers.append(self.submit_until_taken(client, body))
        world.idle(client)  # the workers went on, too
        case = client.call("case.get", {"case_no": answers[1]["case_no"]})
        self.assertNotEqual(case["state"], "submitted")
        self.check(world, client, answers)

    def test_a_server_that_may_only_be_read_from_is_left(self):
        world, client = self.started()
        answers = [client.call("case.submit", dkproto.submission())]
        self.sql(world, "ALTER SYSTEM SET default_transaction_read_only = on")
        try:
            self.sql(world, "SELECT pg_reload_conf()")
            self.refused(client)
            world.broker.process.line(AWAY, 20)
        finally:
            dkworld.pg().sql("ALTER SYSTEM RESET default_transaction_read_only")
            dkworld.pg().sql("SELECT pg_reload_conf()")
        answers.append(self.submit_until_taken(client, dkproto.submission()))
        self.assertEqual(len({a["case_no"] for a in answers}), 2)
        world.ctl("verify")

    def refused(self, client):
        def once():
            try:
                client.call("case.submit", dkproto.submission())
            except dkproto.Problem as problem:
                return problem.slug == "overloaded"
            return False
        return dkworld.until(once, 10, "a refusal", 0.1)

    def test_what_cannot_keep_the_promise_is_refused(self):
        world = self.world()
        good = world.broker.options["store"]
        for setting, word in (("synchronous_commit=off", "synchronous_commit"),
                              ("default_transaction_read_only=on", "read")):
            world.broker.options["store"] = good.replace(
                "options='", "options='-c %s " % setting)
            world.broker.refused(
                dkworld.EX_TEMPFAIL if "read_only" in setting
                else dkworld.EX_DATAERR, word)
        world.broker.options["store"] = "postgres:host=%s/none" % world.folder
        world.broker.refused(dkworld.EX_TEMPFAIL, "cannot be reached")
        world.broker.options["store"] = "postgres:colour=red"
        world.broker.refused(dkworld.EX_DATAERR, "colour")
        world.broker.options["store"] = good
        world.broker.start()
        world.broker.stop()
        world.county = "110101"
        world.broker.refused(dkworld.EX_DATAERR, "belongs to county")

    def test_a_database_of_schema_1_is_changed_at_the_opening(self):
        world, client = self.started()
        number = client.submit()["case_no"]
        for action, fields in (("register", {}), ("assign", {"unit": "u-1"}),
                               ("transfer", {}), ("add_co_handler", {
                                   "unit": "u-2", "handler": "sun"})):
            client.act(number, action, actor="office:xfj", **fields)
        world.broker.stop()
        there = "SELECT schema, (SELECT count(*) FROM pg_indexes WHERE " \
            "indexname = 'case_beside_handler' AND schemaname = " \
            "current_schema()) FROM meta"
        self.assertEqual(self.sql(world, there), ["2|1"])
        self.sql(world, "DROP INDEX case_beside_handler; "
                        "UPDATE meta SET schema = 1")
        self.assertEqual(self.sql(world, there), ["1|0"])
        world.broker.start()
        self.assertEqual(self.sql(world, there), ["2|1"])
        with dkproto.Client(world.broker.clients) as peer:
            found = peer.call("case.list", {"handler": "sun"})["items"]
        self.assertEqual([c["case_no"] for c in found], [number])

    def test_of_two_with_one_name_the_later_goes_on(self):
        world, client = self.started()
        answers = [client.call("case.submit", dkproto.submission())]
        first = world.broker.process
        options = dict(world.broker.options)
        other = "ipc://%s/c2" % world.folder
        second = world.broker.launch(clients=other,
                                     workers="ipc://%s/w2" % world.folder)
        second.line(r"event=ready")
        first.expected_end = True
        with self.problem("storage-failed"):
            client.call("case.submit", dkproto.submission())
        self.assertEqual(first.wait(), dkworld.EX_IOERR)
        self.assertRegex(first.errors(), "another docketd of this name")
        self.assertEqual(options, world.broker.options)
        with dkproto.Client(other) as peer:
            answers.append(peer.call("case.submit", dkproto.submission()))
            self.assertEqual(
                self.sql(world, "SELECT count(*), max(seq) FROM event"),
                ["2|2"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
