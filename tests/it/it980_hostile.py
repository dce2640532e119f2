#!/usr/bin/python3
"""Hostile peers: bytes at each door of docketd that no honest peer sends.

Four doors: clients and workers, each over tcp (CURVE) and over ipc.  The same
checks are held against stand-ins without protection (support/standin.py),
where they must fail: a check that cannot fail shows nothing.

Here also what it410_keys.py has shown of keys: wrong, none, revoked, forged.
"""

import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
import hostile  # noqa: E402
from hostile import HUGE, LONG, MORE, COMMAND, frame, greeting  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"
SANITIZED = dkworld.STRETCH > 1  # then memory says nothing
MIB = 1024
HANDSHAKE_S = 5.0  # ZMQ_HANDSHAKE_IVL of daemon/zev.c
MEMORY = 48 * MIB  # KiB that docketd may take at most under all of this
MESSAGE_MAX = 4 * 65536  # ZMQ_MAXMSGSIZE of daemon/zev.c
PARTS = 100000

HTTP = b"GET / HTTP/1.1\r\nHost: docket\r\nConnection: keep-alive\r\n\r\n"
TLS = bytes.fromhex("16030100c8010000c40303") + bytes(193)
NOISE = bytes((i * 7919 + (i >> 8)) & 0xff for i in range(1, 1 << 20))

# What is said before anybody is known, with each door's own mechanism.
SILENT = {
    "nothing": lambda m: b"",
    "half a signature": lambda m: greeting(m)[:5],
    "half a greeting": lambda m: greeting(m)[:40],
    "a greeting, then nothing": greeting,
    "half a frame": lambda m: greeting(m) + frame(b"\x05HELL", COMMAND,
                                                  size=200),
}
RUBBISH = {
    "HTTP": lambda m: HTTP,
    "TLS": lambda m: TLS,
    "noise": lambda m: NOISE,
    "ZMTP 1": lambda m: b"\x01\x00" + hostile.message([b"x"]),
    "ZMTP 2": lambda m: greeting(m, (1, 5))[:12] + b"\0\0",
    "another mechanism": lambda m: greeting(
        b"CURVE" if m == b"NULL" else b"NULL") + hostile.ready(),
    "PLAIN": lambda m: greeting(b"PLAIN") + frame(b"\x05HELLO\1a\1b", COMMAND),
    "a length of 2^62": lambda m: greeting(m) + frame(b"", COMMAND, HUGE),
    "a length of 2^62, no command": lambda m: greeting(m) + frame(
        b"", LONG, HUGE),
    "a length of 1 GiB": lambda m: greeting(m) + frame(b"", COMMAND, 1 << 30),
    "a message first": lambda m: greeting(m) + hostile.message(
        [b"DKT1", b"hello", b"q", b"{}"]),
    "10^5 parts first": lambda m: greeting(m) + frame(b"", MORE) * PARTS,
    "an unknown command": lambda m: greeting(m) + frame(
        b"\x05PWNED" + bytes(99), COMMAND),
}
# What the plain ROUTER waits for, for ever.
WAITS = list(SILENT) + ["a length of 1 GiB"]


class Case(dkworld.TestCase):
    def open(self, **options):
        """The world; `doors`, by name: endpoint, mechanism."""
        world = self.world(test_clock=MAY)
        self.keys = {}
        for name, roles in (("hall", "kiosk"), ("w", "worker:assign")):
            self.keys[name] = dkproto.Keys()
            world.broker.allow(name, roles, self.keys[name])
        world.broker.start(
            clients="ipc://%s/c tcp://127.0.0.1:0" % world.folder,
            workers="ipc://%s/w tcp://127.0.0.1:0" % world.folder, **options)
        self.doors = {}
        for door in ("clients", "workers"):
            ipc, tcp = getattr(world.broker, door).split(",")
            self.doors[door + " ipc"] = ipc, b"NULL"
            self.doors[door + " tcp"] = tcp, b"CURVE"
            setattr(world.broker, door, ipc)
        for keys in self.keys.values():
            keys.server = world.broker.server_key()
        self.pid = world.broker.process.pid
        return world, world.client()

    def standin(self, world):
        process = world.python("standin.py", os.path.join(world.folder, "s"))
        found = process.line(r"ready tcp=(\S+) ipc=(\S+) sink=(\S+) "
                             r"believer=(\S+)", path=process.out)
        self.plain_tcp, self.plain_ipc, self.sink, self.believer = \
            found.groups()
        return process

    def kiosk(self, world, endpoint=None):
        peer = dkproto.Client(endpoint or self.doors["clients tcp"][0],
                              keys=self.keys["hall"])
        world.peers.append(peer)
        return peer

    def bounded(self, pid):
        most = hostile.memory(pid, "VmHWM")
        if not SANITIZED:
            self.assertLess(most, MEMORY, "KiB of process %d" % pid)
        return most


class BeforeTheHandshake(Case):
    def hung_up(self, found, key, seconds):
        closed = found[key].closed
        self.assertIsNotNone(closed, "%s: still open" % (key,))
        self.assertLess(closed, seconds, key)

    def test_who_says_rubbish_or_nothing_is_hung_up_on(self):
        world, admin = self.open()
        self.standin(world)
        honest = self.kiosk(world)
        honest.submit()
        attacks = []
        for what, make in {**SILENT, **RUBBISH}.items():
            for door, (endpoint, mechanism) in self.doors.items():
                attacks.append(((door, what), endpoint, make(mechanism)))
            attacks.append((("sink", what), self.sink, make(b"CURVE")))
            if what in WAITS:
                attacks.append((("plain", what), self.plain_tcp,
                                make(b"NULL")))
        limit = HANDSHAKE_S + 1.5 * dkworld.STRETCH
        found = hostile.fates(attacks, limit)
        for door in self.doors:
            for what in SILENT:
                self.hung_up(found, (door, what), limit)
            for what in RUBBISH:
                # At once, not when the time for a handshake is over.
                self.hung_up(found, (door, what), HANDSHAKE_S - 0.5)
        controls = 0
        for key in found:
            if key[0] in ("sink", "plain"):
                with self.assertRaises(AssertionError, msg=key):
                    self.hung_up(found, key, limit)
                controls += 1
        honest.submit()
        stats = admin.call("stats")
        self.assertEqual(stats["counters"]["messages_unnamed"], 0)
        self.assertEqual(stats["store"]["cases"], 2)
        print("%d connections hung up on (slowest rubbish %.2f s, slowest "
              "silence %.1f s), %d controls stayed open; docketd %d KiB" % (
                  len(found) - controls,
                  max(found[d, w].closed for d in self.doors for w in RUBBISH),
                  max(found[d, w].closed for d in self.doors for w in SILENT),
                  controls, self.bounded(self.pid)), flush=True)


class AfterTheHandshake(Case):
    """Peers that are let in, and then send what no client sends."""

    def raw(self, endpoint):
        raw = hostile.Raw(endpoint)
        self.addCleanup(raw.close)
        return raw

    def unbounded(self, pid):
        """The control of bounded()."""
        if not SANITIZED:  # then memory is not looked at
            with self.assertRaises(AssertionError):
                self.bounded(pid)

    def refuses(self, raw, data, deadline=5):
        """It hangs up on who says this."""
        self.assertTrue(raw.welcome)
        if not raw.send(data):
            return
        answer = raw.answer(deadline * dkworld.STRETCH)
        self.assertIsNone(answer, "it was answered")

    def test_frames_that_are_too_long_end_the_connection(self):
        world, admin = self.open()
        plain = self.standin(world)
        too_long = [b"DKT1", b"hello", b"q", b" " * (MESSAGE_MAX + 1)]
        for door in ("clients ipc", "workers ipc"):
            for what, data in (
                    ("2^62", frame(b"", LONG, HUGE)),
                    ("2^63", frame(b"", LONG, 1 << 63)),
                    ("2^64-1", frame(b"", LONG, (1 << 64) - 1)),
                    ("1 GiB", frame(b"x" * 9, LONG, 1 << 30)),
                    ("a byte too long", hostile.message(too_long))):
                with self.subTest(door=door, what=what):
                    self.refuses(self.raw(self.doors[door][0]), data)
                    if what == "a byte too long":
                        continue
                    with self.assertRaises(TimeoutError):  # it waits for it
                        self.refuses(self.raw(self.believer), data, 0.3)
        admin.call("hello")
        self.bounded(self.pid)
        # The same where nothing bounds them.
        raw = self.raw(self.plain_ipc)
        with self.assertRaises(TimeoutError):
            self.refuses(self.raw(self.plain_ipc),
                         frame(b"x" * 9, LONG, 1 << 30), 0.3)
        with self.assertRaises(AssertionError):
            self.refuses(raw, hostile.message(too_long))
        big = [b"DKT1", b"hello", b"q", b" " * (MEMORY * 1024)]
        self.assertTrue(raw.send(hostile.message(big)))
        raw.answer(10)
        self.unbounded(plain.pid)

    def forged(self, world, target, last, keys):
        """A length of 2^62 after a kiosk's first message, whose last frame is
        number `last`: the line.
        """
        proxy = hostile.Proxy(target, lambda n, f: f + frame(b"", LONG, HUGE)
                              if n == last else f)
        self.addCleanup(proxy.stop)
        kiosk = dkproto.Client(proxy.endpoint, keys=keys)
        world.peers.append(kiosk)
        kiosk.send("hello", {})
        dkworld.until(lambda: proxy.said and len(hostile.split(
            proxy.said[0])[1]) > last, 5, "the kiosk's message")
        return proxy

    def ends(self, line, deadline):
        dkworld.until(lambda: line.hung_up == 1, deadline,
                      "the end of the line")

    def test_a_length_forged_on_the_line_of_an_honest_kiosk(self):
        world, admin = self.open()
        self.standin(world)
        self.ends(self.forged(world, self.doors["clients tcp"][0], 5,
                              self.keys["hall"]), 5)
        self.kiosk(world).call("hello")
        self.bounded(self.pid)
        line = self.forged(world, self.believer, 4, None)
        with self.assertRaises(AssertionError):
            self.ends(line, 0.5)

    def bomb(self, raw, parts):
        """10^5 parts, one message; the answer."""
        raw.send(frame(b"", MORE) * (parts - 1) + frame(b""))
        return raw.answer(10 * dkworld.STRETCH)

    def test_a_bomb_of_many_parts_is_one_refusal(self):
        world, admin = self.open()
        self.standin(world)
        for door in ("clients ipc", "workers ipc"):
            raw = hostile.Raw(self.doors[door][0])
            self.addCleanup(raw.close)
            began = hostile.processor(self.pid)
            answer = self.bomb(raw, PARTS)
            took = hostile.processor(self.pid) - began
            self.refused(answer)
            print("%s: %d parts in one message: %.0f ms of a processor, "
                  "docketd %d KiB" % (door, PARTS, took * 1000,
                                      self.bounded(self.pid)), flush=True)
        # A bomb that never ends stays where it is and goes with its peer.
        raw = hostile.Raw(self.doors["clients ipc"][0])
        raw.send(frame(b"", MORE) * PARTS)
        admin.call("hello")
        self.bounded(self.pid)
        raw.close()
        self.assertEqual(admin.call("stats")["refused"]["bad-frames"], 2)
        control = hostile.Raw(self.plain_ipc)
        self.addCleanup(control.close)
        with self.assertRaises(AssertionError):
            self.refused(self.bomb(control, PARTS))

    def refused(self, answer):
        self.assertIsNotNone(answer, "it hung up")
        self.assertEqual(answer[1], b"problem")

    def unheard(self, raw, data):
        """Nothing of it reaches whoever listens; the next message does."""
        hello = hostile.message([b"DKT1", b"hello", b"after", b"{}"])
        self.assertTrue(raw.send(data + hello))
        answer = raw.answer(10 * dkworld.STRETCH)
        self.assertIsNotNone(answer, "it hung up")
        self.assertEqual(answer[2], b"after")

    def refused_each(self, raw, data, count):
        self.assertTrue(raw.send(data * count))
        for _ in range(count):
            self.refused(raw.answer(10 * dkworld.STRETCH))

    def test_commands_that_mean_nothing(self):
        """libzmq keeps commands to itself; but of subscriptions, which are no
        business of a ROUTER, it makes messages of one part.
        """
        world, admin = self.open()
        plain = self.standin(world)
        door = self.doors["clients ipc"][0]
        for body in (b"\x04PING\0\0" + bytes(16), b"\x04PONG" + bytes(16),
                     b"\x05READY" + bytes(400), b"\x05ERROR\xffx",
                     b"\x05HELLO", b"\xff", b""):
            with self.subTest(body=body):
                self.unheard(self.raw(door), frame(body, COMMAND) * 1000)
                with self.assertRaises(AssertionError):  # it is no command
                    self.unheard(self.raw(door), frame(body))
        before = admin.call("stats")["refused"]["bad-frames"]
        for body in (b"\x09SUBSCRIBEx", b"\x06CANCELx"):
            with self.subTest(body=body):
                self.refused_each(self.raw(door), frame(body, COMMAND), 100)
                with self.assertRaises(AssertionError):
                    self.refused_each(self.raw(self.plain_ipc),
                                      frame(body, COMMAND), 1)
        after = admin.call("stats")
        self.assertEqual(after["refused"]["bad-frames"] - before, 200)
        self.assertEqual(after["store"]["cases"], 0)
        # A command is no way round the bound of a message.
        self.refuses(self.raw(door), frame(b"\x04PING" + bytes(MESSAGE_MAX),
                                           COMMAND))
        self.bounded(self.pid)
        huge = frame(b"\x04PING" + bytes(MEMORY * 1024), COMMAND)
        self.refuses(self.raw(door), huge)
        self.bounded(self.pid)
        self.unheard(self.raw(self.plain_ipc), huge)
        self.unbounded(plain.pid)


class Replay(Case):
    """What somebody heard on the line and says again."""

    def record(self, endpoint, keys):
        """A kiosk hands in a case; its bytes."""
        proxy = hostile.Proxy(endpoint)
        kiosk = dkproto.Client(proxy.endpoint, keys=keys)
        kiosk.send("case.submit", dkproto.submission())
        kiosk.recv()
        kiosk.close()
        proxy.stop()
        return proxy.said[0]

    def variants(self, said):
        hello, frames, _ = hostile.split(said)
        first = 2 if len(frames) > 6 else 1  # after HELLO, INITIATE or READY
        return {"everything": said,
                "twice": said + said[64:],
                "the messages alone": hello + b"".join(frames[first:]),
                "without its last message": hello + b"".join(frames[:-1]),
                "no greeting": said[64:]}

    def counted(self, admin):
        stats = admin.call("stats")
        return (stats["store"]["cases"], stats["store"]["events"],
                stats["counters"]["messages_clients"] +
                stats["counters"]["messages_workers"])

    def stands(self, before, after, asked):
        """No case, no event, no message but our own questions."""
        self.assertEqual(before[:2], after[:2])
        self.assertEqual(before[2] + asked, after[2])

    def test_a_recorded_session_has_no_effect(self):
        world, admin = self.open()
        said = self.record(self.doors["clients tcp"][0], self.keys["hall"])
        self.assertEqual(said[12:17], b"CURVE")
        before = self.counted(admin)
        for door in ("clients tcp", "workers tcp"):
            endpoint = self.doors[door][0]
            attacks = [(what, endpoint, data)
                       for what, data in self.variants(said).items()] * 4
            attacks = [((i, a[0]),) + a[1:] for i, a in enumerate(attacks)]
            found = hostile.fates(attacks, HANDSHAKE_S +
                                  1.5 * dkworld.STRETCH)
            self.assertEqual([k for k, f in found.items()
                              if f.closed is None], [])
        self.stands(before, self.counted(admin), 1)

    def test_the_check_fails_where_a_replay_works(self):
        world, admin = self.open()
        self.standin(world)
        said = self.record(self.plain_tcp, None)
        self.assertEqual(said[12:16], b"NULL")
        watch = hostile.Raw(self.plain_tcp)
        self.addCleanup(watch.close)

        def counted():
            watch.send(hostile.message([b"DKT1", b"x", b"q", b"{}"]))
            body = dkproto.loads(watch.answer(10)[3])
            return body["cases"], 0, body["messages"]
        before = counted()
        with self.assertRaises(AssertionError):
            hello, frames, _ = hostile.split(said)
            replay = hostile.Raw(self.plain_tcp, start=hello + frames[0])
            self.addCleanup(replay.close)
            replay.send(b"".join(frames[1:]))
            replay.answer(10)
            self.stands(before, counted(), 1)
        # Over ipc there is nothing to replay from: the kernel tells who it is.
        # The same user's bytes again are the same submission again: one case.
        kiosk = hostile.Raw(self.doors["clients ipc"][0])
        self.addCleanup(kiosk.close)
        again = hostile.message([b"DKT1", b"case.submit", b"q",
                                 dkproto.dumps(dkproto.submission())])
        numbers = set()
        for _ in range(5):
            kiosk.send(again)
            numbers.add(kiosk.answer(10)[3])
        self.assertEqual(len({dkproto.loads(n)["case_no"] for n in numbers}),
                         1)
        self.assertEqual(admin.call("stats")["store"]["cases"], 1)

    def test_a_message_doubled_or_changed_on_the_line(self):
        """Whoever sits on the line can end a connection, and no more."""
        world, admin = self.open()
        flip = {"doubled": lambda f: f + f,
                "changed": lambda f: f[:-1] + bytes([f[-1] ^ 1]),
                "cut short": lambda f: f[:-1] + b"",
                "left out": lambda f: b""}
        for what, change in flip.items():
            with self.subTest(what):
                self.mishandled(world, admin, what, change)
        with self.assertRaises(AssertionError):  # nothing is changed
            self.mishandled(world, admin, "nothing", lambda f: f)

    def spliced(self, kiosk, cases, ids):
        """The first parts of a submission and the body of the next."""
        for body in cases:
            kiosk.send("case.submit", body, ids(body))
        answer = kiosk.answer(ids(cases[0]))
        self.assertEqual(answer.type, "problem", answer)
        self.assertEqual(dkproto.Problem(answer.body).slug, "bad-frames")

    def test_two_submissions_put_together_on_the_line(self):
        """A kiosk's request id is its submission's: it is not told of another
        case.  Whoever uses other request ids is not protected (the control).
        """
        world, admin = self.open()
        for ids, good in ((lambda b: b["submission_id"], True),
                          (lambda b: b["submission_id"][-8:], False)):
            proxy = hostile.Proxy(self.doors["clients tcp"][0], lambda n, one:
                                  b"" if n in (9, 10, 11, 12) else one)
            self.addCleanup(proxy.stop)
            kiosk = self.kiosk(world, proxy.endpoint)
            kiosk.call("hello")
            cases = [dkproto.submission(), dkproto.submission()]
            if good:
                self.spliced(kiosk, cases, ids)
                self.assertEqual(admin.call("stats")["store"]["cases"], 0)
                continue
            with self.assertRaises(AssertionError):
                self.spliced(kiosk, cases, ids)

    def test_what_is_put_together_is_no_submissions_own_fault(self):
        """A kiosk gives up what is refused as bad-field.  So no submission may
        be, under its id, for what another message says.
        """
        world, admin = self.open()
        case = dkproto.submission()
        bad = dkproto.submission(channel="pigeon")
        none = dkproto.submission()
        del none["submission_id"]
        for cut, pair in ((range(9, 13), (("case.submit", case),
                                          ("case.submit", bad))),
                          (range(9, 13), (("case.submit", case),
                                          ("case.submit", none))),
                          (range(9, 13), (("case.submit", case),
                                          ("hello", {"client": "hall"}))),
                          (range(8, 12), (("hello", {}),
                                          ("case.submit", case)))):
            proxy = hostile.Proxy(self.doors["clients tcp"][0], lambda n, one,
                                  cut=cut: b"" if n in cut else one)
            self.addCleanup(proxy.stop)
            kiosk = self.kiosk(world, proxy.endpoint)
            kiosk.call("hello")
            for kind, body in pair:
                kiosk.send(kind, body, body.get("submission_id", "h"))
            answer = kiosk.answer(case["submission_id"])
            self.assertEqual(dkproto.Problem(answer.body).slug, "bad-frames")
        self.assertEqual(admin.call("stats")["store"]["cases"], 0)
        # Its own fault is still told as what it is.
        kiosk = self.kiosk(world, self.doors["clients tcp"][0])
        answer = kiosk.answer(kiosk.send("case.submit", bad,
                                         bad["submission_id"]))
        self.assertEqual(dkproto.Problem(answer.body).slug, "bad-field")

    def mishandled(self, world, admin, what, change):
        """The last part of the second message is; it must not count."""
        proxy = hostile.Proxy(self.doors["clients tcp"][0], lambda n, one:
                              change(one) if n == 9 else one)
        self.addCleanup(proxy.stop)
        kiosk = self.kiosk(world, proxy.endpoint)
        kiosk.call("hello")
        cases = admin.call("stats")["store"]["cases"]
        kiosk.send("case.submit", dkproto.submission())
        kiosk.send("hello", {})
        dkworld.until(lambda: proxy.hung_up or kiosk.socket.poll(1), 5,
                      "an answer, or the end of the line")
        if what == "left out":
            # CURVE lets a part that was left out pass, and the next message's
            # parts come after it: seven parts are a message of no kind.
            self.assertEqual(kiosk.recv().body["type"],
                             "urn:docket:problem:bad-frames")
        elif what == "doubled":  # once it counts, and then the line ends
            dkworld.until(lambda: proxy.hung_up, 5, "the end of the line")
            dkworld.until(lambda: admin.call("stats")["store"]["cases"] ==
                          cases + 1, 5, "the case")
            return
        else:
            self.assertEqual(proxy.hung_up, 1)
        self.assertEqual(admin.call("stats")["store"]["cases"], cases)


if __name__ == "__main__":
    print(re.sub(r"\n+", " ", __doc__.split("\n\n")[0]))
    unittest.main(verbosity=2)
