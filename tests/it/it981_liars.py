#!/usr/bin/python3
"""Hostile peers that have a key: they write other names than their own, answer
tasks they do not hold, do what cannot be done, and ask without end.

Each check is also held against a stand-in that believes everything
(support/standin.py), or against a broker whose protection is switched off,
and must fail there.
"""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
import hostile  # noqa: E402
import pyworker  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"
RATE, BURST = 50, 40
PEERS = [("hall", "kiosk", "-"), ("other", "kiosk", "-"),
         ("li", "handler", "u-1"), ("boss", "supervisor", "-"),
         ("aud", "auditor", "-"), ("w1", "worker:assign", "-"),
         ("w2", "worker:assign", "-"), ("d", "worker:deadline", "-")]


def slug(message):
    return dkproto.Problem(message.body).slug


class Case(dkworld.TestCase):
    def open(self, **options):
        world = self.world(test_clock=MAY)
        self.keys = {}
        for name, roles, unit in PEERS:
            self.keys[name] = dkproto.Keys()
            world.broker.allow(name, roles, self.keys[name], unit)
        world.broker.start(
            clients="ipc://%s/c tcp://127.0.0.1:0" % world.folder,
            workers="ipc://%s/w tcp://127.0.0.1:0" % world.folder, **options)
        self.ipc, self.tcp = world.broker.clients.split(",")
        self.workers = world.broker.workers.split(",")[1]
        world.broker.clients = self.ipc
        for keys in self.keys.values():
            keys.server = world.broker.server_key()
        return world, world.client()

    def standin(self, world):
        process = world.python("standin.py", os.path.join(world.folder, "s"))
        return process.line(r"ready tcp=(\S+) ipc=(\S+)",
                            path=process.out).groups()

    def client(self, world, name, endpoint=None):
        peer = dkproto.Client(endpoint or self.tcp,
                              keys=None if endpoint else self.keys[name])
        world.peers.append(peer)
        return peer

    def worker(self, world, name, service="assign", credit=64, hello=True):
        peer = dkproto.Worker(self.workers, service, name, credit,
                              keys=self.keys[name])
        world.peers.append(peer)
        if hello:
            peer.hello()
        return peer

    def refused(self, answer, *slugs):
        self.assertEqual(answer.type, "problem", answer)
        self.assertIn(slug(answer), slugs, answer)


class Names(Case):
    def lies(self, number):
        """(who, message, body, what it is refused with)"""
        def act(actor, action, **fields):
            return dict(fields, command_id=dkproto.uuid7(), case_no=number,
                        action=action, actor=actor)

        def submission(**fields):
            return dkproto.submission(**fields)
        no = ("forbidden", "not-found")
        person = {"case_no": number, "actor": "officer:boss", "reason": "x"}
        for actor in ("officer:boss", "officer:LI", "officer:li ", "unit:u-1",
                      "office:xfj", "petitioner:self", "worker:assign",
                      "import:li", "clock:x", "li", "officer:", ""):
            yield "li", "case.act", act(actor, "accept"), no + ("bad-field",)
        yield "li", "case.act", act("officer:li", "give_opinion", unit="u-9",
                                    text="同意。"), no + ("wrong-state",)
        yield "boss", "case.act", act("officer:li", "urge", ground="x"), no
        yield "li", "person.get", person, no
        yield "hall", "person.get", person, no
        yield "hall", "case.act", act("officer:boss", "register"), no
        yield "hall", "case.get", {"case_no": number}, no
        yield "aud", "case.act", act("officer:aud", "register"), no
        yield "hall", "case.submit", submission(**{"import": True}), no
        for field in ("kiosk", "user", "identity", "handler", "unit", "actor",
                      "role", "roles", "state", "case_no"):
            yield ("hall", "case.submit", submission(**{field: "other"}),
                   ("bad-field",))
        yield "hall", "keys.allow", {
            "name": "hall", "roles": ["administrator"], "key":
            self.keys["hall"].public}, no
        yield "hall", "keys.revoke", {"name": "other"}, no

    def test_a_name_in_a_body_is_nobodys_identity(self):
        world, admin = self.open()
        number = admin.submit()["case_no"]
        for action, fields in (("register", {}), ("assign", {"unit": "u-1"}),
                               ("transfer", {})):
            admin.act(number, action, actor="office:xfj", **fields)
        before = admin.events(number), admin.call("keys.list")["items"]
        peers = {name: self.client(world, name) for name in
                 ("li", "boss", "hall", "aud")}
        gullible = self.client(world, None, self.standin(world)[0])
        lies = 0
        for who, kind, body, slugs in self.lies(number):
            with self.subTest(who=who, kind=kind, body=body):
                self.refused(peers[who].ask(kind, body), *slugs)
            answer = gullible.ask(kind, body)
            with self.assertRaises(AssertionError):
                self.refused(answer, *slugs)
            lies += 1
        self.assertEqual((admin.events(number),
                          admin.call("keys.list")["items"]), before)
        self.assertEqual(admin.call("stats")["store"]["cases"], 1)
        peers["li"].act(number, "accept", actor="officer:li")
        self.assertEqual(admin.events(number)[-1]["actor"], "officer:li")
        print("%d foreign names refused, and believed by the stand-in" % lies)

    def stays(self, first, second):
        """The first of two with one routing id keeps it."""
        hello = hostile.message([b"DKT1", b"hello", b"mine", b"{}"])
        self.assertTrue(first.send(hello))
        try:
            answer = first.answer(2)
        except TimeoutError:
            answer = None
        self.assertIsNotNone(answer, "the first was robbed")
        self.assertEqual(answer[2], b"mine")
        second.sock.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            while second.sock.recv(4096):  # no answer to the other's question
                continue
            raise TimeoutError

    def test_another_peers_routing_id_robs_nobody(self):
        world, admin = self.open()
        doors = {"docketd": self.ipc, "standin": self.standin(world)[1]}
        for name, endpoint in doors.items():
            first = hostile.Raw(endpoint, identity=b"victim")
            self.addCleanup(first.close)
            hello = hostile.message([b"DKT1", b"hello", b"one", b"{}"])
            first.send(hello)
            self.assertEqual(first.answer(5)[2], b"one")
            second = hostile.Raw(endpoint, identity=b"victim")
            self.addCleanup(second.close)
            second.send(hello)
            if name == "docketd":
                self.stays(first, second)
            else:
                second.answer(5)  # it has taken over
                with self.assertRaises(AssertionError):
                    self.stays(first, second)
        admin.call("hello")


class Workers(Case):
    def impossible(self, other):
        """Commands that an assignment worker may not answer with."""
        return {
            "a handler's act": [{"action": "accept"}],
            "the end of a case": [{"action": "withdraw"}],
            "an unknown act": [{"action": "promote"}],
            "a clock": [{"action": "clock", "clock": "x"}],
            "an alert": [{"action": "alert"}],
            "the second before the first": [{"action": "transfer"}],
            "one thing twice": [{"action": "register"},
                                {"action": "register"}],
            "another case": [{"action": "register", "case_no": other}],
            "another's name": [{"action": "register",
                                "actor": "officer:boss"}],
            "good, then bad": [{"action": "register"},
                               {"action": "assign", "unit": "u-1"},
                               {"action": "accept"}],
            "too many": [{"action": "register"}] * 33,
            "no list": {"action": "register"},
            "no commands": [1, None, "x"],
        }

    def lie(self, worker, kind, task, slugs, **more):
        worker.tell(kind, task, **more)
        self.refused(worker.reply(task), *slugs)

    def test_impossible_answers_change_nothing(self):
        world, admin = self.open(lease_ms=60000)
        other = admin.submit()["case_no"]
        lies = self.impossible(other)
        cases = [other] + [admin.submit()["case_no"] for _ in lies]
        liar = self.worker(world, "w1")
        tasks = {}
        while len(tasks) < len(cases):
            task = liar.task()
            tasks[task["case"]["case_no"]] = task
        standin = dkproto.Worker(self.standin(world)[0], "assign", "x")
        world.peers.append(standin)
        slugs = ("bad-field", "wrong-state", "forbidden", "unknown-type",
                 "conflict")
        for (what, commands), number in zip(lies.items(), cases[1:]):
            with self.subTest(what):
                before = admin.events(number)
                self.lie(liar, "result", tasks[number], slugs,
                         commands=commands)
                self.assertEqual(admin.events(number), before)
            with self.assertRaises(AssertionError):
                self.lie(standin, "result", tasks[number], slugs,
                         commands=commands)
        self.assertEqual(len(admin.events(other)), 1)
        liar.result(tasks[other], pyworker.commands(tasks[other]))
        self.assertEqual(admin.verify_all()[2], [])
        print("%d impossible answers refused, and taken by the stand-in" %
              len(lies))

    def test_what_a_worker_does_not_hold_it_cannot_answer(self):
        world, admin = self.open(lease_ms=60000)
        number = admin.submit()["case_no"]
        honest = self.worker(world, "w1")
        task = honest.task()
        # The same name, another key; its own key, another connection; a key
        # for other services; one that never said hello.
        twin = self.worker(world, "w2")
        twin.name = "w1"
        liars = {"twin": twin, "again": self.worker(world, "w1"),
                 "deadline": self.worker(world, "d", "deadline")}
        standin = dkproto.Worker(self.standin(world)[0], "assign", "x")
        world.peers.append(standin)
        lease = task["lease"].split("-")[0]
        forged = [dict(task), dict(task, lease="1-1"),
                  dict(task, lease=lease + "-999999"),
                  dict(task, task_id="999999"), dict(task, task_id="0"),
                  dict(task, task_id="-1"), dict(task, lease="x" * 48)]
        lies = 0
        for who, liar in liars.items():
            for lie in forged:
                for kind, more in (("result", {"commands": pyworker.commands(
                        task)}), ("fail", {"reason": "x"}), ("extend", {})):
                    with self.subTest(who=who, kind=kind, lease=lie["lease"],
                                      task=lie["task_id"]):
                        slugs = ("stale-lease", "bad-field")
                        self.lie(liar, kind, lie, slugs, **more)
                    with self.assertRaises(AssertionError):
                        self.lie(standin, kind, lie, slugs, **more)
                    lies += 1
        mute = self.worker(world, "w2", hello=False)
        self.lie(mute, "result", task, ("hello-first",), commands=[])
        for credit in (0, -1, 10 ** 9, "x"):
            mute.credit = credit
            with self.assertRaises(dkproto.Problem):
                mute.hello()
        for service in ("deadline", "escalate", "x"):
            mute.service = service
            with self.assertRaises(dkproto.Problem):
                mute.hello()
        self.assertEqual(len(admin.events(number)), 1)
        honest.result(task, pyworker.commands(task))
        done = admin.events(number)
        self.assertEqual(len(done), 4)
        # Twice, with other commands: the first counts, and is not told again.
        honest.tell("result", task, commands=[])
        answer = honest.reply(task)
        self.assertTrue(answer.type == "done" or slug(answer) ==
                        "stale-lease", answer)
        self.assertEqual(admin.events(number), done)
        self.assertEqual(admin.verify_all()[2], [])
        print("%d answers to what was not held refused, and taken by the "
              "stand-in" % lies)


class Flood(Case):
    def flood(self, world, seconds=1.5):
        """One key on three connections, a thousand questions under way on
        each; how many were ok, the waits that were told, how long it was.
        """
        peers = [self.client(world, "hall") for _ in range(3)]
        for peer in peers:
            peer.call("hello") if peer is peers[0] else peer.ask("hello")
        began = time.monotonic()
        left, good, waits = [0] * 3, 0, []
        honest = self.client(world, "other")
        times = []
        while time.monotonic() - began < seconds:
            for i, peer in enumerate(peers):
                while left[i] < 300:
                    peer.send("case.submit", dkproto.submission())
                    left[i] += 1
            at = time.monotonic()
            honest.submit()
            times.append(time.monotonic() - at)
            for i, peer in enumerate(peers):
                while left[i] and peer.socket.poll(0):
                    good, left[i] = good + self.one(peer, waits), left[i] - 1
            time.sleep(max(0, 0.05 - (time.monotonic() - at)))
        for i, peer in enumerate(peers):
            while left[i]:
                good, left[i] = good + self.one(peer, waits), left[i] - 1
        return good, waits, time.monotonic() - began, sorted(times)

    def one(self, peer, waits):
        answer = peer.recv()
        if answer.type == "ok":
            return 1
        self.assertEqual(slug(answer), "too-many")
        waits.append(answer.body["retry_after_ms"])
        return 0

    def held_back(self, good, waits, took):
        """No more than the bucket lets through, and each refusal says when."""
        self.assertGreater(len(waits), 100)
        self.assertLessEqual(good, BURST + RATE * took + 1)
        self.assertTrue(all(0 < w <= 1000 // RATE + 1 for w in waits))

    def test_a_kiosk_that_floods_is_held_back_and_harms_nobody(self):
        world, admin = self.open(rate=RATE, burst=BURST)
        good, waits, took, times = self.flood(world)
        self.held_back(good, waits, took)
        self.assertEqual(admin.call("stats")["store"]["cases"],
                         good + len(times))
        print("flood: %d let in, %d refused in %.1f s; honest kiosk: %d of %d "
              "submitted, median %.0f ms, slowest %.0f ms" % (
                  good, len(waits), took, len(times), len(times),
                  times[len(times) // 2] * 1000, times[-1] * 1000))
        # Later it is let in again.
        hall = self.client(world, "hall")
        dkworld.until(lambda: hall.ask("hello").type == "ok", 5, "a token")
        world, _ = self.open(rate=0)  # switched off
        with self.assertRaises(AssertionError):
            self.held_back(*self.flood(world, 0.5)[:3])

    def mistakes(self, bad):
        """What 400 questions that mean nothing are answered with."""
        requests = [bad.send("nonsense", {}) for _ in range(400)]
        return [slug(bad.answer(r)) for r in requests]

    def worker_held_back(self, slugs):
        self.assertEqual(set(slugs), {"unknown-type", "too-many"})
        self.assertGreater(slugs.count("too-many"), 100)

    def test_a_worker_that_floods_is_held_back(self):
        world, admin = self.open(rate=RATE, burst=BURST)
        bad, honest = self.worker(world, "w1"), self.worker(world, "w2")
        self.worker_held_back(self.mistakes(bad))
        # Its hellos are counted too.
        self.assertIn("too-many", [self.hello_again(bad) for _ in
                                   range(2 * BURST)])
        bad.close()  # and with it goes its credit
        admin.submit()
        honest.result(honest.task(), [])
        world, _ = self.open(rate=0)  # switched off
        bad = self.worker(world, "w1")
        with self.assertRaises(AssertionError):
            self.worker_held_back(self.mistakes(bad))
        self.assertNotIn("too-many", [self.hello_again(bad) for _ in
                                      range(2 * BURST)])

    def hello_again(self, worker):
        try:
            worker.hello()
            return "ok"
        except dkproto.Problem as problem:
            return problem.slug


if __name__ == "__main__":
    unittest.main(verbosity=2)
