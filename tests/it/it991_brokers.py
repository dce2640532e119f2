"""Several brokers on one PostgreSQL: numbers of a day without gaps or doubles,
a gapless stream for each, tasks that are worked on once.
"""

import os
import shutil
import sys
import threading
import unittest

os.environ["DK_STORE"] = "pg"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

MAY = "2026-05-01T09:00:00+08:00"


class Brokers(dkworld.TestCase):
    def sql(self, world, text):
        return dkworld.pg().sql(text, world.broker.schema)

    def three(self, **more):
        """A world of three; the first is `world.broker`."""
        world = self.world(**more)
        brokers = [world.broker]
        for name in ("b", "c"):
            other = dkworld.Broker(world)
            other.data = os.path.join(world.folder, "data-" + name)
            other.clients += name
            other.workers += name
            other.schema = world.broker.schema
            other.options["store"] = world.broker.options["store"]
            brokers.append(other)
        for broker, name in zip(brokers, "abc"):
            broker.options["name"] = name
        brokers[0].start()
        for other in brokers[1:]:  # one ring of keys for all of them
            os.makedirs(other.data)
            shutil.copy(os.path.join(brokers[0].data, "seal.key"),
                        os.path.join(other.data, "seal.key"))
            other.start()
        return world, brokers

    def at_once(self, send):
        """send(0) and send(1), at two brokers."""
        threads = [threading.Thread(target=send, args=(i,)) for i in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def check(self, world, brokers, answers):
        numbers = {a["case_no"] for a in answers.values()}
        self.assertEqual(len(numbers), len(answers))
        n = len(answers)
        days = self.sql(world, "SELECT count(*), count(DISTINCT key), "
                        "min(key % 1000000), max(key % 1000000) "
                        "FROM case_file")
        self.assertEqual(days, ["%d|%d|1|%d" % (n, n, n)])
        # Whichever of them took something; each from 1 and without a gap.
        streams = self.sql(world, "SELECT count(*) - max(seq), min(seq) FROM "
                           "event GROUP BY broker")
        self.assertEqual(set(streams), {"0|1"})
        self.assertEqual(self.sql(world, "SELECT count(*) FROM broker"),
                         [str(len(brokers))])
        for broker in brokers:
            world.ctl("--connect", broker.clients, "verify", connect=False)

    def test_numbers_have_no_gap_when_three_give_them_out(self):
        rng = dkproto.seeded()
        world, brokers = self.three(test_clock=MAY)
        answers, lock, stop = {}, threading.Lock(), threading.Event()
        errors = []

        def submitter(i):
            at, body = i, None
            while not stop.is_set() or body is not None:
                if body is None:
                    body = dkproto.submission()
                try:
                    with dkproto.Client(brokers[at % 3].clients) as peer:
                        while body is not None:
                            answer = peer.call("case.submit", body, 2.0)
                            with lock:
                                answers[body["submission_id"]] = answer
                            body = None if stop.is_set() else \
                                dkproto.submission()
                except dkproto.Timeout:
                    at += 1  # the same submission, at another broker
                except dkproto.Problem as problem:
                    if problem.retry_after_ms is None:
                        errors.append(str(problem))
                        return
                    at += rng.randrange(2)
        threads = [threading.Thread(target=submitter, args=(i,))
                   for i in range(9)]
        for thread in threads:
            thread.start()
        for kill in range(4):
            seen = len(answers)
            dkworld.until(lambda n=seen: len(answers) > n + 40 or errors, 60,
                          "load")
            brokers[kill % 3].kill()
            brokers[kill % 3].start()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        print("%d cases" % len(answers))
        given = self.sql(world, "SELECT count(DISTINCT broker) FROM event")
        self.assertEqual(given, ["3"])
        self.check(world, brokers, answers)

    def test_one_submission_at_two_brokers_at_once_is_one_case(self):
        world, brokers = self.three()
        bodies = [dkproto.submission() for _ in range(40)]
        got = [{}, {}]

        def send(i):
            with dkproto.Client(brokers[i].clients) as peer:
                for body in bodies:
                    got[i][body["submission_id"]] = peer.insist("case.submit",
                                                                body)
        self.at_once(send)
        self.assertEqual(got[0], got[1])
        self.check(world, brokers, got[0])

    def test_one_act_at_two_brokers_at_once_is_one_act(self):
        world, brokers = self.three()
        answers = {}
        with dkproto.Client(brokers[2].clients) as peer:
            for _ in range(40):
                body = dkproto.submission()
                answers[body["submission_id"]] = peer.call("case.submit", body)
        acts = [{"command_id": dkproto.uuid7(), "case_no": a["case_no"],
                 "action": "register", "actor": "officer:test"}
                for a in answers.values()]
        got, meet = [{}, {}], threading.Barrier(2)

        def send(i):
            with dkproto.Client(brokers[i].clients) as peer:
                for act in acts:
                    meet.wait()
                    try:
                        got[i][act["command_id"]] = peer.insist("case.act",
                                                                act)
                    except dkproto.Problem as problem:
                        got[i][act["command_id"]] = str(problem)
        self.at_once(send)
        self.assertEqual(got[0], got[1])
        self.assertEqual({type(a) for a in got[0].values()}, {dict})
        self.check(world, brokers, answers)

    def test_any_broker_s_workers_do_the_work_once(self):
        world, brokers = self.three()
        world.service("assign")  # at the first broker only
        answers = {}
        for broker in brokers:
            with dkproto.Client(broker.clients) as peer:
                for _ in range(5):
                    body = dkproto.submission(
                        persons=[{"name": "x", "phone": "13800000000"}])
                    answers[body["submission_id"]] = peer.call("case.submit",
                                                               body)

        def waiting():
            return self.sql(world, "SELECT count(*) FROM task "
                            "WHERE service = 0 AND dead = 0") == ["0"]
        dkworld.until(waiting, 20, "all cases have been assigned")
        self.assertEqual(self.sql(
            world, "SELECT count(*) FROM (SELECT key FROM event "
            "WHERE type = %s GROUP BY key HAVING count(*) > 1) AS twice" %
            "(SELECT type FROM event WHERE n = 2 LIMIT 1)"), ["0"])
        self.check(world, brokers, answers)

    def test_the_tasks_of_a_broker_that_is_not_heard_of_are_taken(self):
        world, brokers = self.three()
        mute = dkproto.Worker(brokers[1].workers, "assign", "mute", 8)
        self.addCleanup(mute.close)
        mute.hello()
        answers = {}
        with dkproto.Client(brokers[1].clients) as peer:
            body = dkproto.submission()
            answers[body["submission_id"]] = peer.call("case.submit", body)
        dkworld.until(lambda: self.sql(
            world, "SELECT count(*) FROM task WHERE owner = 1") == ["1"], 10,
            "the second broker's task")
        brokers[1].process.freeze()
        self.sql(world, "UPDATE broker SET seen = seen - "
                 "interval '1 minute' WHERE name = 'b'")
        world.service("assign")
        dkworld.until(lambda: self.sql(
            world, "SELECT count(*) FROM event WHERE broker = 0 "
            "AND n > 1") != ["0"], 20, "the first broker's answer")
        brokers[1].process.thaw()
        brokers[1].process.expected_end = True
        self.assertEqual(brokers[1].process.wait(20), dkworld.EX_IOERR)
        self.assertRegex(brokers[1].process.errors(), "took this one's place")
        brokers[1].start()
        self.check(world, brokers, answers)

    def test_one_without_a_name_keeps_out_of_it(self):
        world, brokers = self.three()
        for broker in brokers:
            broker.stop()
        brokers[0].options["name"] = None
        brokers[0].refused(dkworld.EX_DATAERR, "name")


if __name__ == "__main__":
    unittest.main(verbosity=2)
