#!/usr/bin/python3
"""Hostile peers by the thousand: 10,000 connections, no descriptors left, and
how long honest clients wait while 500 attack.

The figures are printed.  With DK_BUDGET=SECONDS the rounds are longer and as
many as fit in.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
import hostile  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"
SANITIZED = dkworld.STRETCH > 1  # then memory and time say nothing
BUDGET = float(os.environ.get("DK_BUDGET") or 0)
HANDSHAKE_S = 5.0  # ZMQ_HANDSHAKE_IVL of daemon/zev.c
WANTED = 10000
MEMORY = 96 * 1024  # KiB that docketd may take at most with 10,000 silent
ROUNDS, ROUND_S = 3, 0.8
# docketd cannot be looked into by its own user (PR_SET_DUMPABLE).
as_root = unittest.skipUnless(os.geteuid() == 0,
                              "only root sees docketd's descriptors")
# 500 of them: 50 of libzmq with a key of nobody, the others bytes by hand.
ATTACKERS = ["silent=90", "half=90", "http=90", "hello=90", "replay=90",
             "key=50"]


class Swarm:
    def __init__(self, endpoint, *kinds, again=1.0, spread=1.0,
                 said=None, server=None):
        argv = [sys.executable, os.path.join(dkworld.ROOT, "tests", "support",
                                             "swarm.py"), endpoint, *kinds,
                "--again", str(again), "--spread", str(spread)]
        if said:
            argv += ["--said", said]
        if server:
            argv.append("--server=" + server)  # a key may begin with "-"
        if dkworld.SETPRIV:
            argv = [dkworld.SETPRIV, "--pdeathsig", "KILL"] + argv
        self.popen = subprocess.Popen(argv, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True,
                                      bufsize=1)
        self.files = json.loads(self.popen.stdout.readline())["files"]

    def say(self, word):
        try:
            self.popen.stdin.write(word + "\n")
            return json.loads(self.popen.stdout.readline())
        except (BrokenPipeError, ValueError):
            raise AssertionError("the swarm ended with %s" %
                                 self.popen.wait(10)) from None

    def end(self):
        if self.popen.poll() is None:
            self.popen.stdin.close()
            self.popen.wait(20)
        else:
            try:
                self.popen.stdin.close()
            except BrokenPipeError:
                pass
        self.popen.stdout.close()


class Case(dkworld.TestCase):
    def open(self, prefix=(), **options):
        world = self.world(test_clock=MAY)
        self.keys = dkproto.Keys()
        world.broker.allow("hall", "kiosk", self.keys)
        process = world.broker.launch(
            prefix=prefix, rate=0, workers="ipc://%s/w" % world.folder,
            clients="ipc://%s/c tcp://127.0.0.1:0" % world.folder, **options)
        found = process.line(r"event=ready\b clients=(\S+),(tcp\S+) ")
        self.ipc, self.tcp = found.groups()
        world.broker.clients = self.ipc
        self.keys.server = world.broker.server_key()
        self.pid = process.pid
        return world, self.kiosk(world)

    def kiosk(self, world):
        peer = dkproto.Client(self.tcp, keys=self.keys)
        world.peers.append(peer)
        peer.call("hello", timeout=20 * dkworld.STRETCH)
        return peer

    def swarm(self, *args, **more):
        swarm = Swarm(*args, **more)
        self.addCleanup(swarm.end)
        return swarm

    def recorded(self, world):
        """The bytes of a session that was let in."""
        proxy = hostile.Proxy(self.tcp)
        with dkproto.Client(proxy.endpoint, keys=self.keys) as peer:
            peer.call("case.submit", dkproto.submission())
        proxy.stop()
        return world.path("said", proxy.said[0])


@as_root
class Many(Case):
    def gone(self, pid, before, deadline):
        """What said nothing was hung up on, and its descriptors are free."""
        dkworld.until(lambda: hostile.files(pid) <= before + 5, deadline,
                      lambda: "%d of %d descriptors" % (hostile.files(pid),
                                                        before))

    def test_ten_thousand_connections_that_say_nothing(self):
        world, kiosk = self.open()
        standin = world.python("standin.py", world.path("s"))
        plain = standin.line(r"ready tcp=(\S+)", path=standin.out).group(1)
        before, control = hostile.files(self.pid), hostile.files(standin.pid)
        self.swarm(plain, "silent=50", spread=0).say("go")
        dkworld.until(lambda: hostile.files(standin.pid) >= control + 50, 10,
                      "the control's connections")
        began = time.monotonic()
        swarm = self.swarm(self.tcp, "silent=%d" % WANTED, again=0.1,
                           spread=0)
        wanted = min(WANTED, swarm.files - 50, resource.getrlimit(
            resource.RLIMIT_NOFILE)[1] - 200)
        swarm.say("go")
        most, slow, asked = 0, 0.0, 0
        end = time.monotonic() + 12 * dkworld.STRETCH
        while most < wanted * 0.9 and time.monotonic() < end:
            at = time.monotonic()
            kiosk.submit()
            slow, asked = max(slow, time.monotonic() - at), asked + 1
            most = max(most, hostile.files(self.pid) - before)
            time.sleep(0.05)
        told = swarm.say("x")
        memory = hostile.memory(self.pid, "VmHWM")
        print("%d connections at once wanted, %d in the attacker, %d seen in "
              "docketd; %d KiB at most; %d submissions meanwhile, slowest "
              "%.0f ms" % (WANTED, told["most"], most, memory, asked,
                           slow * 1000), flush=True)
        self.assertGreater(told["most"], wanted * 0.9)
        self.assertGreater(most, wanted * 0.3)
        if not SANITIZED:
            self.assertLess(memory, MEMORY)
        swarm.say("calm")  # who is hung up on stays away
        self.gone(self.pid, before + 1, HANDSHAKE_S + 3)
        self.kiosk(world)  # a new one is let in
        dkworld.until(lambda: time.monotonic() > began + HANDSHAKE_S + 1, 10,
                      "the time that docketd gives")
        with self.assertRaises(AssertionError):  # it waits for ever
            self.gone(standin.pid, control, 0.1)


@as_root
class NoDescriptors(Case):
    def served(self, kiosk, count=20):
        for _ in range(count):
            kiosk.call("case.submit", dkproto.submission(),
                       timeout=3 * dkworld.STRETCH)

    def test_who_is_connected_is_served_and_others_later(self):
        world, kiosk = self.open(prefix=("prlimit", "--nofile=120:120"))
        admin = world.client()
        admin.call("hello")
        world.broker.process.line(r"event=few_files limit=120")
        swarm = self.swarm(self.tcp, "silent=400", again=0.1, spread=0)
        swarm.say("go")
        dkworld.until(lambda: hostile.files(self.pid) >= 118, 10,
                      "the last descriptor")
        began, at = hostile.processor(self.pid), time.monotonic()
        self.served(kiosk)
        took = time.monotonic() - at
        # A backup needs a descriptor: it is made, or refused with a reason.
        answer = admin.ask("backup.start", {
            "backup_id": dkproto.uuid7(), "file": world.path("b.db")})
        print("without descriptors: 20 submissions in %.0f ms, %.2f s of a "
              "processor; a backup: %s" % (
                  took * 1000, hostile.processor(self.pid) - began,
                  answer.type), flush=True)
        self.served(kiosk)
        with dkproto.Client(self.tcp, keys=self.keys) as late:
            request = late.send("hello", {})
            swarm.say("stop")
            late.answer(request, 10 * dkworld.STRETCH).ok()
        self.assertEqual(admin.call("stats")["store"]["cases"], 40)
        world.broker.process.freeze()  # the control: who is not served
        try:
            with self.assertRaises(dkproto.Timeout):
                kiosk.call("hello", timeout=0.2)
        finally:
            world.broker.process.thaw()

    def test_it_takes_as_many_as_it_may(self):
        self.open(prefix=("prlimit", "--nofile=300:5000"))
        soft, hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        self.assertEqual((soft, hard), (5000, 5000))


@unittest.skipIf(SANITIZED, "the time of sanitized programs says nothing")
class Waits(Case):
    """How long honest clients wait, with attackers and without, in turn."""

    def times(self, kiosk, seconds):
        found, end = [], time.monotonic() + seconds
        while time.monotonic() < end or len(found) < 20:
            at = time.monotonic()
            kiosk.submit()
            found.append(time.monotonic() - at)
        return found

    @staticmethod
    def at(times, part):
        return sorted(times)[min(len(times) - 1, int(len(times) * part))]

    def unharmed(self, quiet, attacked):
        """Medians of the rounds' p99.  Loose, for machines that do much else:
        the figures are for reading.
        """
        self.assertLess(attacked, 4 * quiet + 0.2 * dkworld.STRETCH)

    def rounds(self, kiosk, phases, count, seconds):
        """Of each round, all times of each phase: (begin, end)."""
        found = []
        for _ in range(count):
            found.append([])
            for begin, end in phases:
                begin()
                try:
                    found[-1].append(self.times(kiosk, seconds))
                finally:
                    end()
        return found

    def medians(self, found, part):
        def middle(values):
            return sorted(values)[len(values) // 2]
        return [middle([self.at(r[i], part) for r in found])
                for i in range(len(found[0]))]

    def freezer(self, world):
        """docketd stands still nearly all the time: of the few submissions
        that get through in between, more than one in a hundred waited.
        """
        stop = threading.Event()

        def run():
            while not stop.is_set():
                world.broker.process.freeze()
                time.sleep(0.6 * dkworld.STRETCH)
                world.broker.process.thaw()
                time.sleep(0.01)
        thread = threading.Thread(target=run)

        def end():
            stop.set()
            thread.join()
        return thread.start, end

    def phases(self, swarm, decoy, told, took):
        """Quiet; the same attackers at another broker, so that what they take
        of the machine is not taken for harm; attackers here.
        """
        def begin():
            took[0] -= hostile.processor(self.pid)
            swarm.say("go")

        def end():
            told.append(swarm.say("stop"))
            took[0] += hostile.processor(self.pid)
        return [(lambda: None, lambda: None),
                (lambda: decoy.say("go"), lambda: decoy.say("stop")),
                (begin, end)]

    def test_honest_clients_under_500_attackers(self):
        world, kiosk = self.open()
        self.under_attack(world, kiosk, ATTACKERS)

    @unittest.skipUnless(BUDGET, "in the long form")
    def test_peers_of_this_machine_while_the_network_attacks(self):
        """The dearest for docketd: 500 handshakes a second that come to
        nothing, at the tcp endpoint.
        """
        world, _ = self.open()
        self.under_attack(world, world.client(), ["replay=500"])

    def under_attack(self, world, kiosk, attackers):
        attack = {"said": self.recorded(world), "server": self.keys.server}
        swarm = self.swarm(self.tcp, *attackers, **attack)
        tcp, mine = self.tcp, self.pid
        self.open()  # another broker, with a key of its own
        attack["server"] = self.keys.server
        decoy = self.swarm(self.tcp, *attackers, **attack)
        self.tcp, self.pid = tcp, mine
        seconds = 8.0 if BUDGET else ROUND_S
        count = max(ROUNDS, int(BUDGET / (3 * seconds)))
        told, took = [], [0.0]
        found = self.rounds(kiosk, self.phases(swarm, decoy, told, took),
                            count, seconds)
        print("%d rounds of %.1f s each of quiet, decoy, attack; %d submissions"
              % (count, seconds, sum(len(t) for r in found for t in r)))
        for name, part in (("median", 0.5), ("p99", 0.99)):
            quiet, other, here = self.medians(found, part)
            print("%s of a submission: %.2f ms quiet, %.2f ms with 500 "
                  "attackers elsewhere on this machine, %.2f ms with 500 "
                  "attackers here: %+.0f %% of quiet, %+.0f %% of elsewhere" %
                  (name, quiet * 1000, other * 1000, here * 1000,
                   (here / quiet - 1) * 100, (here / other - 1) * 100))
        print("attackers: %d connections a round, %d hung up on, %d at once; "
              "docketd took %.2f of a processor under attack" % (
                  tuple(sum(t[k] for t in told) // len(told) for k in
                        ("opened", "hung_up", "most")) +
                  (took[0] / count / seconds,)), flush=True)
        self.assertGreater(sum(t["opened"] for t in told) / len(told), 300)
        _, other, here = self.medians(found, 0.99)
        self.unharmed(other, here)
        if not SANITIZED:
            self.assertLess(hostile.memory(self.pid, "VmHWM"), MEMORY)
        # The measure sees harm where there is some.
        harm = self.rounds(kiosk, [(lambda: None, lambda: None),
                                   self.freezer(world)], 1,
                           1.5 * dkworld.STRETCH)
        with self.assertRaises(AssertionError):
            self.unharmed(*self.medians(harm, 0.99))


if __name__ == "__main__":
    unittest.main(verbosity=2)
