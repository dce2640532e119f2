"""Two PostgreSQL servers, one the synchronous standby of the other, and three
brokers: servers and brokers are killed, answers of commits are lost, one
transaction in ten is refused as a serialization failure.  Nothing that was
acknowledged is lost, nothing is there twice, and all goes on by itself.

DK_ROUNDS (4) is how many rounds, DK_SEED plays one again.
"""

import os
import shutil
import signal
import sys
import threading
import time
import unittest

os.environ["DK_STORE"] = "pg"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
import pgproxy  # noqa: E402
import pgserver  # noqa: E402

ROUNDS = int(os.environ.get("DK_ROUNDS") or 4)
SUBMITTERS = 16
RECOVERED = 10  # seconds, from the end of a trouble to an acknowledgement
SETTINGS = ("synchronous_standby_names=*", "max_wal_senders=4",
            "max_connections=60", "wal_receiver_status_interval=1s")
WORSE = """
CREATE FUNCTION worse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF random() < 0.1 THEN RAISE EXCEPTION 'injected' USING ERRCODE = '40001';
END IF; RETURN NULL; END $$;
CREATE TRIGGER worse BEFORE INSERT ON event
FOR EACH STATEMENT EXECUTE FUNCTION worse()"""


class Submitter(threading.Thread):
    """Submits; what was not answered is submitted again, somewhere else."""

    def __init__(self, ends, at, stop):
        super().__init__(daemon=True)
        self.ends, self.at, self.stop = ends, at, stop
        self.answers, self.last, self.error = {}, 0.0, None
        self.start()

    def run(self):
        body = None
        while not self.stop.is_set() or body is not None:
            try:
                with dkproto.Client(self.ends[self.at % 3]) as peer:
                    while not self.stop.is_set() or body is not None:
                        body = body or dkproto.submission()
                        answer = peer.call("case.submit", body, 2.0)
                        self.answers[body["submission_id"]] = answer["case_no"]
                        self.last = time.monotonic()
                        body = None
            except dkproto.Timeout:
                self.at += 1
            except dkproto.Problem as problem:
                if problem.retry_after_ms is None:
                    self.error = str(problem)
                    return
                self.stop.wait(0.05)
                self.at += 1


class Failover(dkworld.TestCase):
    def started_on_two(self):
        self.primary = pgserver.Server(SETTINGS[1:])
        self.addCleanup(lambda: self.primary.close())
        self.standby = None
        self.addCleanup(lambda: self.standby and self.standby.close())
        self.schema = self.primary.schema("docket")
        world = self.world()
        self.follow()
        return world

    def follow(self):
        """A new standby; from here on the primary waits for it."""
        self.standby = pgserver.Server(SETTINGS, standby_of=self.primary)
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.sql("SELECT pg_reload_conf()")

    def three(self, world):
        self.fronts = [tempdir(world, "front%d" % i) for i in (0, 1)]
        self.aim()
        self.brokers = []
        for i, name in enumerate("abc"):
            broker = world.broker if i == 0 else dkworld.Broker(world)
            broker.data = os.path.join(world.folder, "data-" + name)
            broker.clients += name
            broker.workers += name
            broker.options["name"] = name
            broker.options["store"] = "postgres:host=%s,%s port=5432,5432 " \
                "user=docket dbname=postgres options='-c search_path=%s'" % (
                    self.fronts[0], self.fronts[1], self.schema)
            os.makedirs(broker.data)
            if i > 0:
                shutil.copy(os.path.join(world.broker.data, "seal.key"),
                            os.path.join(broker.data, "seal.key"))
            broker.start(30)
            self.brokers.append(broker)

    def aim(self):
        """The two addresses, which outlive the servers behind them."""
        for front, server in zip(self.fronts, (self.primary, self.standby)):
            link = os.path.join(front, ".s.PGSQL.5432")
            proxy = pgproxy.Proxy(server)
            self.addCleanup(proxy.close)
            if os.path.islink(link):
                os.unlink(link)
            os.symlink(os.path.join(proxy.folder, ".s.PGSQL.5432"), link)
            if server is self.primary:
                self.proxy = proxy

    # -- troubles

    def kill_primary(self, _):
        old = self.primary
        old.stop(signal.SIGQUIT)
        self.primary, self.standby = self.standby, None
        self.primary.sql("SELECT pg_promote()")
        old.close()
        self.follow()  # commits wait for it
        self.aim()

    def kill_broker(self, rng):
        broker = rng.choice(self.brokers)
        broker.kill()
        broker.start(30)

    def lose_answers(self, rng):
        for how in ("answer", "request", "answer"):
            before = self.proxy.broken
            self.proxy.break_at(how)
            dkworld.until(lambda b=before: self.proxy.broken > b, 20,
                          "a commit " + how)

    def cut_off(self, _):
        """The brokers are off the network, all at once, for a while."""
        self.proxy._end(*self.proxy.sockets)

    def test_nothing_is_lost_whatever_fails(self):
        rng = dkproto.seeded()
        world = self.started_on_two()
        self.three(world)
        world.service("assign")
        self.primary.sql(WORSE, self.schema)
        stop = threading.Event()
        crowd = [Submitter([b.clients for b in self.brokers], i, stop)
                 for i in range(SUBMITTERS)]
        self.addCleanup(stop.set)
        slowest = 0.0
        troubles = [self.kill_primary, self.lose_answers, self.kill_broker,
                    self.cut_off]
        for i in range(ROUNDS):
            n = sum(len(s.answers) for s in crowd)
            dkworld.until(lambda n=n: sum(len(s.answers) for s in crowd) >
                          n + 30, 60, "load")
            troubles[i % 4](rng)
            over = time.monotonic()
            dkworld.until(lambda t=over: max(s.last for s in crowd) > t, 60,
                          "an acknowledgement")
            took = time.monotonic() - over
            print("%s: %.1f s" % (troubles[i % 4].__name__, took))
            slowest = max(slowest, took)
        stop.set()
        for each in crowd:
            each.join(60)
        self.assertEqual([s.error for s in crowd if s.error], [])
        self.primary.sql("DROP TRIGGER worse ON event", self.schema)
        self.check(world, crowd)
        self.assertLess(slowest, RECOVERED * dkworld.STRETCH)

    def check(self, world, crowd):
        answers = {k: v for s in crowd for k, v in s.answers.items()}
        self.assertEqual(len(set(answers.values())), len(answers))
        there = set(self.primary.sql("SELECT key FROM case_file",
                                     self.schema))
        given = {"%s%s" % tuple(v.split("-")[1:3]) for v in answers.values()}
        self.assertEqual(given - there, set())  # lost
        self.assertEqual(there - given, set())  # never acknowledged
        dkworld.until(lambda: self.primary.sql(
            "SELECT count(*) FROM task WHERE service = 0 AND dead = 0",
            self.schema) == ["0"], 60, "all cases have been assigned")
        self.assertEqual(self.primary.sql(
            "SELECT count(*) FROM (SELECT key, type FROM event WHERE type = "
            "(SELECT type FROM event WHERE n = 2 LIMIT 1) GROUP BY key, type "
            "HAVING count(*) > 1) AS twice", self.schema), ["0"])
        for broker in self.brokers:
            world.ctl("--connect", broker.clients, "verify", connect=False,
                      deadline=60)
        print("%d cases, lost 0, assigned twice 0" % len(answers))


def tempdir(world, name):
    path = os.path.join(world.folder, name)
    os.makedirs(path)
    return path


if __name__ == "__main__":
    unittest.main(verbosity=2)
