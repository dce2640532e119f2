"""A county's network: docketd in one namespace with CURVE over tcp, kiosks,
clients and workers in others, and between them a wire that is cut (both ways
or one), loses, delays, doubles and reorders packets.  In the end everything
that was acknowledged is there once, everything in the spools has arrived, and
every task was done once.

The wire is tests/support/netlab.py; without root or TUN the test is skipped.
DK_CASES (40 for each sender) and DK_TROUBLES (8) size a round, DK_BUDGET
(seconds) repeats it, DK_SEED plays one again.
"""

import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import battery  # noqa: E402
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402
import netlab  # noqa: E402

NODES = ("office", "hall", "street", "desk", "works", "annex")
CLIENTS_PORT, WORKERS_PORT = 7001, 7002


def trouble(rng):
    """What befalls the way to one node: (name, there, back)."""
    cut = {"down": True}
    bad = {"lost": rng.uniform(0.1, 0.4), "twice": 0.1,
           "delay": rng.uniform(0, 60), "jitter": rng.uniform(0, 120)}
    return rng.choice((("cut", cut, cut), ("one way out", cut, {}),
                       ("one way in", {}, cut), ("bad", bad, bad),
                       ("bad", bad, bad), ("half bad", bad, {})))


class Desk(threading.Thread):
    """A client on a node, that hands in cases and acts on them."""

    def __init__(self, net, node, rng, count):
        super().__init__(daemon=True)
        self.net, self.node, self.rng, self.count = net, node, rng, count
        self.error = None
        self.start()

    def run(self):
        try:
            netlab.enter(self.net.lab.path(self.node))
            with dkproto.Client(self.net.clients,
                                keys=self.net.keys["desk"]) as peer:
                for _ in range(self.count):
                    self.one(peer)
        except Exception as error:  # told by the test
            self.error = error

    def one(self, peer):
        op = self.net.history.submit(
            self.node, peer, dkproto.submission(
                submission_id=dkproto.uuid7(rng=self.rng)),
            deadline=60 * dkworld.STRETCH, each=0.8)
        if op["outcome"] == "ok" and self.rng.random() < 0.3:
            self.net.history.run(self.node, peer, "case.act", {
                "command_id": dkproto.uuid7(rng=self.rng),
                "case_no": op["answer"]["case_no"], "action": "urge",
                "actor": "officer:desk", "grounds": "催办"},
                60 * dkworld.STRETCH, 0.8)
        time.sleep(self.rng.random() * 0.15)  # the load's rate


class Kiosk(threading.Thread):
    """docket-kiosk on a node; what it was given and what it said."""

    def __init__(self, net, node, rng, count):
        super().__init__(daemon=True)
        self.net, self.node, self.rng = net, node, rng
        self.ops, self.error = [], None
        read, self.write = os.pipe()
        self.process = net.world.spawn(
            "docket-kiosk", "--spool", net.world.path("spool." + node),
            "--connect", net.clients, "--json", "--stdin", "--drain",
            "--timeout", "60000", *net.key("hall"), stdin=read,
            prefix=net.lab.prefix(node))
        os.close(read)
        self.count = count
        self.start()

    def run(self):
        try:
            for _ in range(self.count):
                body = dkproto.submission(
                    submission_id=dkproto.uuid7(rng=self.rng))
                self.ops.append(self.net.history.invoke(
                    self.node, "case.submit", body))
                os.write(self.write, dkproto.dumps(body) + b"\n")
                time.sleep(self.rng.random() * 0.1)  # the load's rate
            os.close(self.write)
        except Exception as error:  # told by the test
            self.error = error

    def end(self):
        """Wait until it has sent everything, and note what it was told."""
        code = self.process.wait(60)
        said = [dkproto.loads(line) for line in
                self.process.output().splitlines()]
        told = {e["submission_id"]: e for e in said if e["event"] == "case"}
        for op in self.ops:
            if op["id"] in told:
                checker.History.ended(op, "ok", told[op["id"]])
        return code, sum(e["event"] == "taken" for e in said)


class Net:
    """docketd and everybody else on their nodes."""

    def __init__(self, test, rng):
        self.world = test.world()
        self.history, self.rng = checker.History(), rng
        self.lab = netlab.Lab(self.world, *NODES,
                              seed=rng.getrandbits(31))
        broker = self.world.broker
        self.keys = {"hall": dkproto.Keys(), "desk": dkproto.Keys(),
                     "works": dkproto.Keys()}
        broker.allow("hall", "kiosk", self.keys["hall"])
        broker.allow("desk", "supervisor", self.keys["desk"])
        broker.allow("works", "worker:assign,worker:deadline,worker:escalate",
                     self.keys["works"])
        broker.options.update(heartbeat_ms=400, lease_ms=3000,
                              max_attempts=100)
        local = "ipc://%s/" % self.world.folder
        address = "tcp://%s:" % self.lab.address("office")
        process = broker.launch(
            prefix=self.lab.prefix("office"),
            clients="%sc %s%d" % (local, address, CLIENTS_PORT),
            workers="%sw %s%d" % (local, address, WORKERS_PORT))
        process.line(r"event=ready\b")
        self.clients = address + str(CLIENTS_PORT)
        self.workers = address + str(WORKERS_PORT)
        self.server = broker.server_key()
        for keys in self.keys.values():
            keys.server = self.server
        files = self.world.files()
        for node in ("works", "annex"):
            for service in ("assign", "deadline", "escalate"):
                needs = {"assign": ("book",),
                         "deadline": ("policy", "calendar"),
                         "escalate": ("policy", "calendar", "book")}[service]
                words = [w for need in needs
                         for w in ("--" + need, files[need])]
                self.world.spawn("docket-" + service, "--connect",
                                 self.workers, *self.key("works"), *words,
                                 prefix=self.lab.prefix(node))

    def key(self, name):
        """The options with a key of ours, in a file."""
        path = self.world.path("key." + name)
        if not os.path.exists(path):
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w",
                      encoding="ascii") as file:
                file.write("public %s\nsecret %s\n" % (
                    self.keys[name].public, self.keys[name].secret))
        return ("--key", path, "--server-key", self.server)

    def troubles(self, count):
        """One after the other, sometimes two at a time, then none."""
        told = []
        for _ in range(count):
            for node in self.rng.sample(NODES[1:], self.rng.randint(1, 2)):
                name, there, back = trouble(self.rng)
                self.lab.link("office", node, both=False, **there)
                self.lab.link(node, "office", both=False, **back)
                told.append("%s: %s" % (node, name))
            time.sleep(self.rng.uniform(0.2, 1.0))  # how long it lasts
            if self.rng.random() < 0.6:
                self.lab.heal()
                time.sleep(self.rng.uniform(0, 0.3))
        self.lab.heal()
        return told


class Network(dkworld.TestCase):
    def setUp(self):
        why = netlab.why_not()
        if why:
            self.skipTest(why)

    def test_nothing_is_lost_or_doubled_over_a_bad_network(self):
        for rng in battery.rounds():
            began = time.monotonic()
            net = Net(self, rng)
            count = battery.number("DK_CASES", 40)
            kiosks = [Kiosk(net, node, rng, count)
                      for node in ("hall", "street")]
            desks = [Desk(net, "desk", rng, count) for _ in "ab"]
            told = net.troubles(battery.number("DK_TROUBLES", 8))
            ends = self.ends(kiosks, desks)
            client = net.world.client()
            net.world.idle(client, 60)
            stats = net.lab.stats()
            events = battery.read_back(net.world, client)
            report = self.judge(net.history, events, client)
            self.assertEqual(list(client.pages("task.list", {
                "dead": True})), [])
            print("%.1f s, %s, packets %s: %s" % (
                time.monotonic() - began, "; ".join(told), stats,
                report.summary()), flush=True)
            self.assertEqual(report.faults, [])
            self.assertEqual(ends, [(0, count)] * 2, "the kiosks' ends")
            self.assertEqual(report.acked, 4 * count)
            self.assertGreater(stats["lost"] + stats["cut"], 0)
            self.control(rng, net, events)
            self.dead_wire(net)
            net.world.broker.stop()
            net.lab.close()
            self.finish(net.world)

    def ends(self, kiosks, desks):
        for thread in kiosks + desks:
            thread.join(90 * dkworld.STRETCH)
            self.assertFalse(thread.is_alive(), "a client hangs")
            if thread.error:
                raise thread.error
        return [kiosk.end() for kiosk in kiosks]

    @staticmethod
    def judge(history, events, client=None):
        report = battery.check(history, events, client)
        checker.check_assigned(checker.group(events), report)
        return report

    def control(self, rng, net, events):
        """The same history with one thing wrong: it is seen."""
        number = rng.choice(events)["case_no"]
        sent = [e for e in events if e["type"] == "transferred"]
        for changed, name in (
                (battery.without(events, number), "lost"),
                (battery.doubled(events, number, "330699-20260501-999999-9"),
                 "duplicated"),
                (battery.renumbered(events + [sent[0]]), "duplicated")):
            report = self.judge(net.history, changed)
            self.assertTrue(getattr(report, name), report.summary())

    def dead_wire(self, net):
        """That what was healed had been cut: now nobody is heard."""
        net.lab.link("office", "desk", down=True)
        found = []

        def ask():
            netlab.enter(net.lab.path("desk"))
            with dkproto.Client(net.clients, keys=net.keys["desk"]) as peer:
                try:
                    found.append(peer.call("hello", {}, 0.5))
                except dkproto.Timeout:
                    found.append(None)
        for want in (None, dict):
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join()
            self.assertIsInstance(found.pop(), want or type(None))
            net.lab.heal()


if __name__ == "__main__":
    unittest.main(verbosity=2)
