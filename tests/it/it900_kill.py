"""The kill test: SIGKILLs of the broker at random moments, under load from 16
submitters and all workers.  Then the history checker: every acknowledged case
is there once, with one assignment, its clocks and its alerts; replay equals
state; chains verify.

DK_KILLS sets the number of kills (500).
"""

import datetime
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402

KILLS = int(os.environ.get("DK_KILLS") or 500)
SUBMITTERS = 16
START = datetime.datetime.fromisoformat("2026-05-01T09:00:00+08:00")


class Load:
    """Submitters, an administrator who moves the clock, and what they saw."""

    def __init__(self, world, rng):
        self.world, self.history = world, checker.History()
        self.stop = threading.Event()
        self.hours = 0
        self.errors = []
        self.threads = [threading.Thread(
            target=self.guard, args=(self.submitter, i,
                                     rng.getrandbits(32)))
            for i in range(SUBMITTERS)]
        self.threads.append(threading.Thread(
            target=self.guard, args=(self.administrator, 0, 0)))
        for thread in self.threads:
            thread.start()

    def guard(self, run, i, seed):
        try:
            run(i, seed)
        except Exception as error:
            self.errors.append(repr(error))

    def submitter(self, i, seed):
        import random
        rng, name = random.Random(seed), "s%d" % i
        mine = []
        with dkproto.Client(self.world.broker.clients) as peer:
            while not self.stop.is_set():
                op = self.history.submit(name, peer, dkproto.submission(
                    submission_id=dkproto.uuid7(rng=rng),
                    facts="事实" * rng.randrange(1, 300),
                    # Somebody who can be told: a notice is owed.
                    persons=[{"name": name, "phone": "13800000000"}]),
                    deadline=120,
                    each=0.5)
                if op["outcome"] == "ok":
                    mine.append(op["answer"]["case_no"])
                if mine and rng.random() < 0.4:
                    self.act(name, peer, rng, rng.choice(mine[-20:]))
                self.stop.wait(rng.random() * 0.4)  # the load's rate

    def act(self, name, peer, rng, number):
        action = rng.choice(("accept", "answer", "urge", "withdraw"))
        body = {"command_id": dkproto.uuid7(rng=rng), "case_no": number,
                "action": action, "actor": "officer:" + name}
        if action == "answer":
            body.update(text="已办理", legal_basis="条例")
        if action == "withdraw":
            body["document"] = "撤-1"
        if action == "urge":
            body["grounds"] = "催办"
        self.history.run(name, peer, "case.act", body, 120, 0.5)

    def administrator(self, *unused):
        with dkproto.Client(self.world.broker.clients) as peer:
            while not self.stop.wait(0.25):
                to = START + datetime.timedelta(hours=self.hours + 8)
                peer.insist("clock.set", {"to": to.isoformat()}, 120, 0.5)
                self.hours += 8

    def submitted(self):
        with self.history.lock:
            return sum(op["kind"] == "case.submit" and op["outcome"] == "ok"
                       for op in self.history.ops)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(180)
            if thread.is_alive():
                self.errors.append("a client hangs")
        return self.errors


class Kill(dkworld.TestCase):
    def test_the_broker_is_killed_at_random_moments_under_load(self):
        rng = dkproto.seeded()
        world = self.world(test_clock=START.isoformat())
        world.broker.options.update(heartbeat_ms=300, lease_ms=5000)
        world.broker.start()
        for service in ("assign", "deadline", "escalate") * 2:
            world.service(service)
        world.broker.kill()
        load, began = Load(world, rng), time.monotonic()
        try:
            self.storm(world, load, rng, began)
        finally:
            errors = load.end()
        self.assertEqual(errors, [])
        client = world.client()
        world.idle(client, 90)
        client.call("clock.set", {"to": (START + datetime.timedelta(
            hours=load.hours + 24 * 45)).isoformat(), "settle": True}, 300 + KILLS // 5)
        world.idle(client, 30)
        report = checker.run(world, load.history, assigned=True,
                             clocks=("transfer", "notice"))
        print("%d kills in %.0f s: %s, acts %d" % (
            KILLS, time.monotonic() - began, report.summary(),
            sum(op["kind"] == "case.act" and op["outcome"] == "ok"
                for op in load.history.ops)), flush=True)
        self.assertEqual(report.faults, [])
        self.assertEqual(client.call("task.list", {"dead": True})["items"],
                         [], "kills of the broker make no dead letters")
        self.assertGreater(report.acked, KILLS)
        self.assertGreater(report.alerts, 10)
        world.broker.stop()

    @staticmethod
    def start(world):
        """Start it; within how long it is then killed at random: while it
        starts or while it serves, on a slow machine too.
        """
        began = time.monotonic()
        world.broker.start()
        return min(1.0, max(0.25, 1.5 * (time.monotonic() - began)))

    def storm(self, world, load, rng, began):
        shown, reach = time.monotonic(), self.start(world)
        for i in range(KILLS):
            time.sleep(rng.random() * reach)
            self.assertTrue(world.broker.process.alive(),
                            "docketd ended by itself:\n" +
                            dkworld.tail(world.broker.process.log))
            world.broker.kill()
            self.forget(world)
            if i % 10 == 9:
                reach = self.start(world)
            else:
                world.broker.launch()
            if time.monotonic() - shown > 10:
                shown = time.monotonic()
                print("%d of %d kills, %.0f s" % (i + 1, KILLS, shown -
                                                  began), flush=True)
        world.broker.process.line("event=ready")
        dkworld.until(lambda: load.submitted() > KILLS, 60,
                      "more submissions than kills")

    @staticmethod
    def forget(world):
        """Keep no more than the last logs of killed brokers."""
        old = [p for p in world.processes if p.name == "docketd" and
               not p.alive()][:-3]
        for process in old:
            if dkworld.REPORT.search(process.errors()):
                continue
            world.processes.remove(process)
            os.unlink(process.log)
            os.unlink(process.out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
