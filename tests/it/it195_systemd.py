#!/usr/bin/python3
"""Under systemd: sockets that are there before and after the broker, in a
network that it cannot see; what it says to the service manager.
"""

import os
import re
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

ACTIVATE = os.path.join(dkworld.ROOT, "tests", "support", "activate.py")


class Case(dkworld.TestCase):
    def listening(self, address):
        family = socket.AF_INET if isinstance(address, tuple) else \
            socket.AF_UNIX
        s = socket.socket(family, socket.SOCK_STREAM)
        self.addCleanup(s.close)
        s.bind(address)
        s.listen(64)
        return s

    def launch(self, world, sockets, prefix=(), **more):
        """The broker, given `sockets`: [(name, socket)]."""
        fds = [s.fileno() for _, s in sockets]
        pairs = ["%d=%s" % (s.fileno(), name) for name, s in sockets]
        return world.broker.launch(
            prefix=list(prefix) + [sys.executable, ACTIVATE] + pairs + ["--"],
            fds=fds, **more)


class Sockets(Case):
    def pair(self, world):
        return [(name, self.listening(os.path.join(world.folder, name[0])))
                for name in ("clients", "workers")]

    def test_who_comes_while_there_is_no_broker_waits(self):
        world = self.world()
        sockets = self.pair(world)
        self.launch(world, sockets).line("event=ready")
        with dkproto.Client(world.broker.clients) as peer:
            first = peer.submit()
            self.assertTrue(peer.call("keys.list")["items"])  # by its user
        world.broker.kill()
        with dkproto.Client(world.broker.clients) as peer:
            body = dkproto.submission()
            with self.assertRaises(dkproto.Timeout):  # taken, not refused
                peer.call("case.submit", body, 0.3)
            self.launch(world, sockets).line("event=ready")
            second = peer.insist("case.submit", body)
            self.assertNotEqual(first["case_no"], second["case_no"])
        world.service("assign")
        world.broker.stop()
        for name in "cw":
            self.assertTrue(os.path.exists(os.path.join(world.folder, name)))

    def test_one_more_than_the_configuration_names(self):
        world = self.world()
        more = self.listening(os.path.join(world.folder, "more"))
        self.launch(world, [("clients", more)]).line("event=ready")
        for path in ("c", "more"):
            with dkproto.Client("ipc://%s/%s" % (world.folder, path)) as peer:
                peer.submit()
        world.broker.stop()
        self.assertFalse(os.path.exists(os.path.join(world.folder, "c")))
        self.assertTrue(os.path.exists(os.path.join(world.folder, "more")))

    def test_a_name_that_means_nothing_is_refused(self):
        world = self.world()
        for name in ("", "client", "unknown"):
            s = self.listening(os.path.join(world.folder, "x" + name))
            process = self.launch(world, [(name, s)])
            self.assertEqual(process.wait(), dkworld.EX_CONFIG)
            self.assertRegex(process.errors(), "FileDescriptorName=clients")
        s = self.listening(os.path.join(world.folder, "c"))
        process = self.launch(world, [("workers", s)])  # it is the clients'
        self.assertEqual(process.wait(), dkworld.EX_CONFIG)

    @unittest.skipUnless(os.geteuid() == 0, "needs a network of its own")
    def test_kiosks_come_in_by_a_network_that_the_broker_is_not_in(self):
        world = self.world()
        keys, strange = dkproto.Keys(), dkproto.Keys()
        world.broker.allow("k1", "kiosk", keys)
        door = self.listening(("127.0.0.1", 0))
        process = self.launch(world, [("clients", door)],
                              prefix=["unshare", "-n"])
        process.line("event=ready")
        keys.server = strange.server = world.broker.server_key()
        at = "tcp://127.0.0.1:%d" % door.getsockname()[1]
        with dkproto.Client(at, keys=keys) as peer:
            peer.submit()
            with self.problem("forbidden"):
                peer.call("keys.list")
        with dkproto.Client(at, keys=strange) as peer:
            with self.assertRaises(dkproto.Timeout):
                peer.call("hello", {}, 0.5)
        # The probe of its own guard is not left open.
        sockets = subprocess.run(["cat", "/proc/%d/net/unix" % process.pid],
                                 capture_output=True, check=True).stdout
        self.assertNotIn(b"@docketd-", sockets)


class Manager(Case):
    def setUp(self):
        super().setUp()
        self.made = self.world()
        path = os.path.join(self.made.folder, "notify")
        self.inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.inbox.close)
        self.inbox.bind(path)
        self.env = {"NOTIFY_SOCKET": path}
        self.heard = []

    def hear(self, pattern, seconds=15):
        """Messages until one matches."""
        def one():
            self.inbox.settimeout(0.2)
            try:
                self.heard.append(self.inbox.recv(4096).decode())
            except TimeoutError:
                return None
            return re.search(pattern, self.heard[-1])
        return dkworld.until(one, seconds, lambda: "%s among %s" %
                             (pattern, self.heard[-5:]))

    def test_it_says_how_it_goes(self):
        world = self.made
        world.broker.launch(env=self.env).line("event=ready")
        said = self.hear("READY=1").string
        self.assertRegex(said, "STATUS=0 cases in hand, 0 limits overdue, "
                         "0 tasks open")
        self.assertEqual(len(self.heard), 1)  # not before it serves
        client = world.client()
        client.submit()
        self.hear("STATUS=.* 2 tasks open, the oldest for [0-9]+ s", 30)
        services = [world.service("assign"), world.service("deadline")]
        self.hear("STATUS=1 cases in hand, .* 0 tasks open", 30)
        for service in services:
            service.stop()
        world.broker.stop()
        self.hear("STOPPING=1")

    def test_the_watchdog_hears_a_loop_that_turns_and_no_other(self):
        world = self.made
        env = dict(self.env, WATCHDOG_USEC="1000000")
        process = world.broker.launch(env=env)
        self.hear("READY=1")
        for _ in range(4):
            self.hear("WATCHDOG=1", 5)
        process.freeze()
        with open("/proc/%d/stat" % process.pid, encoding="ascii") as stat:
            dkworld.until(lambda: stat.seek(0) or
                          stat.read().rsplit(")", 1)[1].split()[0] == "T",
                          5, "stopped")
        self.inbox.settimeout(0)
        with self.assertRaises(BlockingIOError):
            while True:
                self.inbox.recv(4096)
        self.inbox.settimeout(1.5)  # longer than its limit
        with self.assertRaises(TimeoutError):
            self.inbox.recv(4096)
        process.thaw()
        self.hear("WATCHDOG=1", 5)

    def test_without_a_manager_it_says_nothing(self):
        self.made.broker.launch().line("event=ready")
        self.made.broker.stop()
        self.inbox.settimeout(0)
        with self.assertRaises(BlockingIOError):
            self.inbox.recv(4096)


if __name__ == "__main__":
    unittest.main(verbosity=2)
