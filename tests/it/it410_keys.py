#!/usr/bin/python3
"""Who is talking: keys, roles, and what each role may see.

A broker with one endpoint on this machine (its user is the administrator) and
one over tcp, where a key says who it is.
"""

import os
import signal
import stat
import subprocess
import sys
import unittest

import zmq
from zmq.utils.monitor import recv_monitor_message

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"
NOBODY = 65534  # a user who is not the one that runs the tests
SHUT = (zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL |
        zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL |
        zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_DISCONNECTED)

# Says hello again and again, each time on a new connection, until it is
# answered; then prints how.
KNOCK = """
import sys, zmq
context = zmq.Context()
while True:
    s = context.socket(zmq.DEALER)
    s.linger = 0
    s.connect(sys.argv[1])
    s.send_multipart([b"DKT1", b"hello", b"1", sys.argv[2].encode()])
    if s.poll(500):
        print(s.recv_multipart()[1].decode(), flush=True)
        break
    s.close()
"""


class Case(dkworld.TestCase):
    def open(self, lines=(), **options):
        """The world, its administrator, and who `lines` (name, roles, unit)
        enrolled, by name."""
        world = self.world(test_clock=MAY)
        self.keys = {}
        for name, roles, unit in lines:
            self.keys[name] = dkproto.Keys()
            world.broker.allow(name, roles, self.keys[name], unit)
        local = "ipc://%s/c" % world.folder
        world.broker.start(clients=local + " tcp://127.0.0.1:0",
                           workers="ipc://%s/w tcp://127.0.0.1:0" %
                           world.folder, **options)
        self.clients_tcp = world.broker.clients.split(",")[1]
        self.workers_tcp = world.broker.workers.split(",")[1]
        world.broker.clients = local
        world.broker.workers = "ipc://%s/w" % world.folder
        self.server = world.broker.server_key()
        return world, world.client()

    def peer(self, world, keys):
        keys.server = keys.server or self.server
        client = dkproto.Client(self.clients_tcp, keys=keys)
        world.peers.append(client)
        return client

    def named(self, world, name):
        return self.peer(world, self.keys[name])

    def refused(self, slug, client, kind, body=None):
        with self.assertRaises(dkproto.Problem) as caught:
            client.call(kind, body or {})
        self.assertEqual(caught.exception.slug, slug, caught.exception)
        return caught.exception

    def shut_out(self, endpoint, keys):
        """Connect; it must come to nothing, and the socket is told so."""
        context = zmq.Context()
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        monitor = socket.get_monitor_socket(
            SHUT | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        try:
            if keys is not None:
                keys.server = keys.server or self.server
                keys.put_on(socket)
            socket.connect(endpoint)
            self.assertTrue(monitor.poll(10000), "nothing came of it")
            event = recv_monitor_message(monitor)["event"]
            self.assertTrue(event & SHUT, event)
        finally:
            socket.disable_monitor()
            monitor.close(0)
            context.destroy(0)

    @staticmethod
    def refused_peers(admin):
        return admin.call("stats")["counters"]["peers_refused"]

    def more_refused(self, admin, before):
        dkworld.until(lambda: self.refused_peers(admin) > before, 10,
                      "another peer that is refused")

    def ctl(self, world, *words, code=0, env=None):
        process = world.spawn("docketctl", *words, env=env)
        self.assertEqual(process.wait(), code, process.errors())
        process.expected_end = True
        return process.output() + process.errors()


class Doors(Case):
    def test_only_an_enrolled_key_is_let_in(self):
        world, admin = self.open([("hall", "kiosk", "-")])
        self.named(world, "hall").call("hello")
        before = self.refused_peers(admin)
        self.shut_out(self.clients_tcp, dkproto.Keys())  # a key of nobody
        self.more_refused(admin, before)
        wrong = dkproto.Keys(server=dkproto.Keys().public)
        wrong.public = self.keys["hall"].public
        wrong.secret = self.keys["hall"].secret
        # The right key, another broker's:
        self.shut_out(self.clients_tcp, wrong)
        forged = dkproto.Keys()
        forged.public = self.keys["hall"].public
        # A public key without its secret, and no key at all:
        self.shut_out(self.clients_tcp, forged)
        self.shut_out(self.clients_tcp, None)
        self.assertEqual(
            admin.call("stats")["counters"]["messages_unnamed"], 0)
        world.broker.process.line(r"event=peer_refused .*not welcome")

    def test_a_message_of_each_role_is_let_in_or_refused(self):
        roles = ["kiosk", "worker:assign", "handler", "supervisor", "auditor",
                 "administrator"]
        world, _ = self.open([(r.replace(":", "-"), r,
                               "u-1" if r == "handler" else "-")
                              for r in roles])
        asks = {"stats": "..." + "xxx", "keys.list": "...." + "xx",
                "case.list": "..xxxx", "task.list": "....." + "x",
                "office.list": "...xxx", "verify": "....xx",
                "hello": "xxxxxx"}
        for at, role in enumerate(roles):
            client = self.named(world, role.replace(":", "-"))
            for kind, cells in asks.items():
                with self.subTest(role=role, kind=kind):
                    if cells[at] == "x":
                        client.call(kind)
                    else:
                        self.refused("forbidden", client, kind)

    def test_a_worker_serves_what_its_key_is_for(self):
        world, admin = self.open([("w", "worker:assign", "-"),
                                  ("hall", "kiosk", "-")])
        keys = self.keys["w"]
        keys.server = self.server
        worker = dkproto.Worker(self.workers_tcp, "deadline", "x", keys=keys)
        world.peers.append(worker)
        with self.assertRaises(dkproto.Problem) as caught:
            worker.hello()
        self.assertEqual(caught.exception.slug, "forbidden")
        worker.service = "assign"
        worker.hello()
        number = admin.submit()["case_no"]
        task = worker.task()
        self.assertEqual(task["case"]["case_no"], number)
        # Its key is taken away while it holds the task: others get it.
        admin.call("keys.revoke", {"name": "w"})
        other = world.worker("assign")
        again = other.task()
        self.assertEqual(again["task_id"], task["task_id"])
        worker.send("result", {"task_id": task["task_id"],
                               "lease": task["lease"], "commands": []},
                    task["lease"])
        answer = worker.answer(task["lease"])
        self.assertEqual(dkproto.Problem(answer.body).slug, "unknown-key")
        # A kiosk's key does not open the workers' door.
        keys = self.keys["hall"]
        before = self.refused_peers(admin)
        self.shut_out(self.workers_tcp, keys)
        self.more_refused(admin, before)

    def knock(self, endpoint, body):
        process = subprocess.Popen(
            ["/usr/bin/python3", "-c", KNOCK, endpoint, body],
            stdout=subprocess.PIPE, user=NOBODY, group=NOBODY,
            extra_groups=[], cwd="/")
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    @unittest.skipIf(os.geteuid() != 0, "only root can be another user")
    def test_another_user_of_this_machine_needs_a_line(self):
        world, admin = self.open()
        os.chmod(world.folder, 0o755)
        for name in ("c", "w"):
            os.chmod(os.path.join(world.folder, name), 0o777)
        doors = [(world.broker.clients, "{}"),
                 (world.broker.workers, '{"service":"assign","worker":"x",'
                                        '"credit":1}')]
        there = []
        for endpoint, body in doors:  # before: both doors are shut
            before = self.refused_peers(admin)
            there.append(self.knock(endpoint, body))
            self.more_refused(admin, before)
        self.ctl(world, "--connect", world.broker.clients, "keys", "allow",
                 "--roles", "kiosk", "--", "hall", "uid:%d" % NOBODY)
        self.assertEqual(there[0].communicate(timeout=20)[0], b"ok\n")
        # The clients' door is not the workers'.
        before = self.refused_peers(admin)
        self.more_refused(admin, before)
        self.assertIsNone(there[1].poll())
        self.ctl(world, "--connect", world.broker.clients, "keys", "allow",
                 "--roles", "worker:assign", "--", "hall",
                 "uid:%d" % NOBODY)
        self.assertEqual(there[1].communicate(timeout=20)[0], b"welcome\n")
        self.ctl(world, "--connect", world.broker.clients, "keys", "revoke",
                 "hall")
        for endpoint, body in doors:  # and after
            before = self.refused_peers(admin)
            self.knock(endpoint, body)
            self.more_refused(admin, before)


class Changes(Case):
    def test_enrol_and_revoke_while_connected(self):
        world, admin = self.open()
        key = os.path.join(world.folder, "hall.key")
        told = self.ctl(world, "keys", "new", "hall", "--file", key)
        self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o400)
        with open(key, encoding="ascii") as file:
            secret = file.read().split("secret ")[1].split()[0]
        self.assertNotIn(secret, told)
        line = [x for x in told.splitlines() if "keys allow" in x][0]
        words = [w.strip("'") for w in line.split()[1:]]
        where = ["--connect", world.broker.clients]
        told = self.ctl(world, *where, *words)
        self.assertIn("--server-key '%s'" % self.server, told)
        there = ["--connect", self.clients_tcp, "--key", key,
                 "--server-key", self.server]
        self.assertIn("hall", self.ctl(world, *where, "keys", "list"))
        self.ctl(world, *there, "ping")
        spool = world.spawn(
            "docket-kiosk", "--spool", os.path.join(world.folder, "spool"),
            "--stdin", "--drain", *there,
            stdin=self.one_case(world))
        self.assertEqual(spool.wait(), 0, spool.errors())
        # On a live connection:
        with open(key, encoding="ascii") as file:
            text = file.read()
        keys = dkproto.Keys(self.server)
        keys.public = text.split("public ")[1].split()[0]
        keys.secret = secret
        client = self.peer(world, keys)
        client.call("hello")
        self.ctl(world, *where, "keys", "revoke", "hall")
        problem = self.refused("unknown-key", client, "hello")
        self.assertGreater(problem.body["retry_after_ms"], 0)
        said = self.ctl(world, *there, "--timeout", "1500", "ping",
                        code=dkworld.EX_UNAVAILABLE)
        self.assertIn("does not know this key", said)
        # And allowed again, the same connection works again.
        self.ctl(world, *where, *words)
        client.call("hello")
        self.assertIn("no-one", self.ctl(
            world, *where, "keys", "revoke", "no-one",
            code=dkworld.EX_DATAERR))
        # A name that the broker would refuse gets no key first.
        self.assertIn("no #", self.ctl(world, "keys", "new", "#hall",
                                       "--file", key + "2", code=64))
        self.assertFalse(os.path.exists(key + "2"))

    def test_who_is_gone_from_the_file_is_revoked_all_the_same(self):
        world, admin = self.open([("li", "auditor", "-"),
                                  ("wang", "auditor", "-")])
        li, wang = self.named(world, "li"), self.named(world, "wang")
        li.call("stats")
        with open(world.broker.keyfile, encoding="utf-8") as file:
            lines = file.readlines()
        with open(world.broker.keyfile, "w", encoding="utf-8") as file:
            file.writelines(lines[1:])  # and no word to the broker
        li.call("stats")
        self.assertEqual(admin.call("keys.revoke", {"name": "li"}),
                         {"name": "li"})
        self.refused("unknown-key", li, "stats")
        self.refused("not-found", admin, "keys.revoke", {"name": "li"})
        # What the file says counts, whoever is asked about.
        with open(world.broker.keyfile, "w", encoding="utf-8"):
            pass
        self.refused("not-found", admin, "keys.revoke", {"name": "no-one"})
        self.refused("unknown-key", wang, "stats")

    def one_case(self, world):
        path = os.path.join(world.folder, "one.json")
        body = dkproto.submission()
        with open(path, "wb") as file:
            file.write(dkproto.dumps(body) + b"\n")
        file = open(path, "rb")
        self.addCleanup(file.close)
        return file

    def test_a_wrong_key_says_what_to_look_at(self):
        world, _ = self.open()
        key = os.path.join(world.folder, "x.key")
        self.ctl(world, "keys", "new", "x", "--file", key, "--server-key",
                 dkproto.Keys().public)
        where = ["--connect", self.clients_tcp, "--timeout", "1500"]
        said = self.ctl(world, *where, "--key", key, "ping",
                        code=dkworld.EX_UNAVAILABLE)
        self.assertIn("--server-key", said)
        said = self.ctl(world, *where, "ping", code=dkworld.EX_UNAVAILABLE)
        self.assertIn("--key", said)
        os.chmod(key, 0o644)
        said = self.ctl(world, *where, "--key", key, "ping",
                        code=77)
        self.assertIn("chmod 0400", said)

    def test_the_file_is_read_again_on_sighup(self):
        world, admin = self.open([("li", "auditor", "-")])
        li = self.named(world, "li")
        li.call("stats")
        follower = dkproto.Follower(self.clients_tcp, keys=self.keys["li"])
        world.peers.append(follower)
        follower.follow()
        admin.submit()
        follower.event()
        with open(world.broker.keyfile, encoding="utf-8") as file:
            good = file.read()
        with open(world.broker.keyfile, "a", encoding="utf-8") as file:
            file.write("\nwang kisok - uid:7\n")
        world.broker.process.signal(signal.SIGHUP)
        world.broker.process.line(r"reload_refused.*line 3.*kisok")
        li.call("stats")  # nothing has changed
        with self.subTest("allow does not build on a broken file"):
            self.refused("bad-field", admin, "keys.allow", {
                "name": "z", "roles": ["kiosk"],
                "key": dkproto.Keys().public})
        with open(world.broker.keyfile, "w", encoding="utf-8") as file:
            file.write(good.replace("auditor", "kiosk"))
        world.broker.process.signal(signal.SIGHUP)
        world.broker.process.line(r"event=reload what=keys")
        self.refused("forbidden", li, "stats")
        self.assertEqual(admin.call("stats")["followers"], 0)
        admin.submit()
        self.assertFalse(follower.socket.poll(300))

    def test_a_bad_file_is_told_at_the_start(self):
        world = self.world()
        keys = dkproto.Keys()
        world.broker.allow("a", "kiosk", keys)
        world.broker.allow("b", "kiosk", keys)
        world.broker.refused(dkworld.EX_CONFIG, "line 2", "this key already")
        with open(world.broker.keyfile, "w", encoding="utf-8") as file:
            file.write("a kiosk - " + "0" * 40 + "\n")
        world.broker.refused(dkworld.EX_CONFIG, "not safe")
        with open(world.broker.keyfile, "w", encoding="utf-8") as file:
            file.write("# nobody\n")
        os.chmod(world.broker.keyfile, 0o666)
        world.broker.refused(dkworld.EX_CONFIG, "chmod go-w")

    def test_what_is_allowed_stays_over_a_restart(self):
        world, admin = self.open()
        keys = dkproto.Keys()
        body = {"name": "wang", "roles": ["handler", "supervisor"],
                "unit": "u-1", "key": keys.public}
        admin.call("keys.allow", body)
        admin.call("keys.allow", body)  # harmless
        self.refused("conflict", admin, "keys.allow",
                     dict(body, key=dkproto.Keys().public))
        self.refused("bad-field", admin, "keys.allow",
                     dict(body, name="li", key=dkproto.Keys().public,
                          roles=["boss"]))
        self.refused("bad-field", admin, "keys.allow",
                     dict(body, name="li"))  # wang's key
        before = admin.call("keys.list")
        world.broker.stop()
        world.broker.start()
        after = world.client().call("keys.list")
        self.assertEqual(before["items"], after["items"])


class Sight(Case):
    """u-1 handles, u-2 beside it; u-9 and an officer of each are complained
    about.
    """

    def open_cases(self):
        world, admin = self.open([
            ("li", "handler", "u-1"), ("zhao", "handler", "u-1"),
            ("co", "handler", "u-2"), ("qian", "handler", "u-2"),
            ("far", "handler", "u-3"),
            ("nine", "handler", "u-9"), ("boss", "supervisor", "-"),
            ("ninth", "supervisor", "u-9"), ("aud", "auditor", "-")])
        self.plain = self.case(admin)
        self.about = self.case(admin, respondents=[
            {"unit": "u-9"}, {"officer": "zhao"}, {"officer": "qian"}])
        return world, admin

    def case(self, admin, **more):
        number = admin.submit(**more)["case_no"]
        for action, fields in (("register", {}), ("assign", {"unit": "u-1"}),
                               ("transfer", {}),
                               ("add_co_handler", {"unit": "u-2"})):
            admin.act(number, action, actor="office:xfj", **fields)
        return number

    def seen(self, client, kind, **body):
        return sorted({x["case_no"] for x in client.pages(kind, body)})

    def test_each_sees_their_cases_and_no_others(self):
        world, admin = self.open_cases()
        both = sorted([self.plain, self.about])
        sees = {"li": both, "zhao": [self.plain], "co": both,
                "qian": [self.plain], "far": [], "nine": [], "boss": both, "ninth": [self.plain],
                "aud": both}
        for name, numbers in sees.items():
            client = self.named(world, name)
            with self.subTest(name=name):
                unit = "u-2" if name in ("co", "qian") else "u-1"
                for more in ({}, {"limit": 1}, {"unit": unit}, {"open": True},
                             {"order": "work"}, {"order": "work", "limit": 1}):
                    self.assertEqual(self.seen(client, "case.list", **more),
                                     numbers, more)
                for number in both:
                    for kind in ("case.get", "case.events"):
                        if number in numbers:
                            client.call(kind, {"case_no": number})
                        else:
                            self.refused("not-found", client, kind,
                                         {"case_no": number})

    def test_lists_follow_who_handles_a_case_beside_another(self):
        world, admin = self.open_cases()
        co, far = self.named(world, "co"), self.named(world, "far")
        item = co.call("case.list")["items"][0]
        self.assertEqual((item["unit"], item["co_handlers"][0]["unit"]),
                         ("u-1", "u-2"))
        admin.act(self.plain, "remove_co_handler", unit="u-2", reason="不涉及",
                  actor="office:xfj")
        admin.act(self.about, "add_co_handler", unit="u-3", handler="far",
                  actor="office:xfj")
        self.assertEqual(self.seen(co, "case.list"), [self.about])
        self.assertEqual(self.seen(far, "case.list", handler="far"),
                         [self.about])
        self.assertEqual(self.seen(far, "case.list", handler="co"), [])
        # Who sees all asks for an officer, whatever the unit.
        self.assertEqual(self.seen(admin, "case.list", handler="far"),
                         [self.about])
        self.assertEqual(
            self.seen(admin, "case.list", unit="u-3", order="work"),
            [self.about])
        self.assertEqual(admin.call("verify")["faults"], [])

    def test_a_page_tells_nothing_of_what_is_hidden(self):
        world, admin = self.open_cases()
        for _ in range(7):
            self.case(admin, respondents=[{"officer": "zhao"}])
        last = self.case(admin)
        zhao = self.named(world, "zhao")
        page = zhao.call("case.list", {"limit": 1})
        self.assertEqual([x["case_no"] for x in page["items"]], [self.plain])
        self.assertEqual(page["next"], self.plain)
        page = zhao.call("case.list", {"limit": 1, "after": page["next"]})
        self.assertEqual([x["case_no"] for x in page["items"]], [last])
        self.assertIsNone(page["next"])
        hidden = zhao.call("case.list", {"limit": 2})
        self.assertIsNone(hidden["next"])
        missing = admin.submit()["case_no"][:-1]
        self.assertNotIn(missing, dkproto.dumps(hidden).decode())

    def test_a_reader_of_few_does_not_hold_up_the_others(self):
        world, admin = self.open([("zhou", "supervisor", "-")])
        first = admin.submit()["case_no"]
        hidden = dict(dkproto.submission(),
                      respondents=[{"officer": "zhou"}])
        asked = [admin.send("case.submit", dict(
            hidden, submission_id=dkproto.submission()["submission_id"]))
            for _ in range(700)]
        numbers = [admin.answer(r, 60).ok()["case_no"] for r in asked]
        last = admin.submit()["case_no"]
        zhou = self.named(world, "zhou")
        page = zhou.call("case.list", {"limit": 1})
        self.assertEqual([x["case_no"] for x in page["items"]], [first])
        self.assertIsNotNone(page["next"])  # nobody knows yet
        page = zhou.call("case.list", {"limit": 1, "after": first})
        self.assertEqual(page["items"], [])  # and not the end
        self.assertNotIn(page["next"], numbers)
        again = zhou.call("case.list", {"limit": 1, "after": first})
        self.assertNotEqual(page["next"], again["next"])  # tells nothing
        page = zhou.call("case.list", {"limit": 1, "after": page["next"]})
        self.assertEqual([x["case_no"] for x in page["items"]], [last])
        self.assertIsNone(page["next"])
        self.refused("bad-field", zhou, "case.list",
                     {"after": again["next"][:-2] + "AA"})
        self.assertEqual(self.seen(zhou, "case.list", limit=100),
                         [first, last])
        # A person who lists does not see the pauses.
        key = os.path.join(world.folder, "zhou.key")
        with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o400), "w",
                  encoding="ascii") as file:
            file.write("secret %s\nserver %s\n" %
                       (self.keys["zhou"].secret, self.server))
        told = self.ctl(world, "--connect", self.clients_tcp, "--key", key,
                        "list", "--limit", "1", "--after", first)
        self.assertIn(last, told)
        self.assertNotIn("--after", told)

    def test_acts_are_ones_own_and_in_ones_own_name(self):
        world, admin = self.open_cases()
        li, co = self.named(world, "li"), self.named(world, "co")
        for actor in ("officer:boss", "unit:u-1", "petitioner:self",
                      "office:xfj", "import:x"):
            with self.subTest(actor=actor):
                with self.assertRaises(dkproto.Problem) as caught:
                    li.act(self.plain, "accept", actor=actor)
                self.assertEqual(caught.exception.slug, "forbidden")
        for client, number, action, slug, fields in (
                (li, self.plain, "urge", "forbidden",
                 {"grounds": "x", "ground": "not_accepted"}),
                (co, self.plain, "accept", "forbidden", {}),
                (self.named(world, "far"), self.plain, "accept",
                 "not-found", {}),
                (self.named(world, "zhao"), self.about, "accept",
                 "not-found", {}),
                (self.named(world, "aud"), self.plain, "accept",
                 "forbidden", {})):
            name = [n for n, k in self.keys.items() if k is client.keys][0]
            with self.subTest(name=name, action=action):
                with self.assertRaises(dkproto.Problem) as caught:
                    client.act(number, action, actor="officer:" + name,
                               **fields)
                self.assertEqual(caught.exception.slug, slug)
        co.act(self.plain, "give_opinion", actor="officer:co", unit="u-2",
               text="同意。")
        li.act(self.plain, "accept", actor="officer:li")
        self.assertEqual(admin.call("case.get", {
            "case_no": self.plain})["state"], "accepted")

    def test_the_stream_hides_what_is_hidden(self):
        world, admin = self.open_cases()
        admin.call("stats")
        keys = self.keys["ninth"]
        keys.server = self.server
        follower = dkproto.Follower(self.clients_tcp, keys=keys)
        world.peers.append(follower)
        follower.follow()
        total = int(admin.call("stats")["last_seq"])
        seen = [follower.event() for _ in range(total)]
        self.assertEqual([int(e["seq"]) for e in seen],
                         list(range(1, total + 1)))
        for event in seen:
            if event["case_no"] is None:
                self.assertEqual(event["type"], "hidden")
            else:
                self.assertEqual(event["case_no"], self.plain)
        self.assertEqual(len([e for e in seen if e["case_no"] is None]), 5)
        self.assertNotIn(self.about, str(seen))

    def test_a_bundle_of_what_is_hidden_is_not_given(self):
        world, _ = self.open_cases()
        ninth = self.named(world, "ninth")
        ninth.call("case.export", {"case_no": self.plain})
        self.refused("not-found", ninth, "case.export",
                     {"case_no": self.about})
        self.named(world, "aud").call("case.export", {"case_no": self.about})
        self.refused("forbidden", self.named(world, "li"), "case.export",
                     {"case_no": self.plain})

    def test_a_repeat_tells_nothing_of_what_is_hidden(self):
        world, admin = self.open_cases()
        self.keys["hall"] = dkproto.Keys()
        admin.call("keys.allow", {"name": "hall", "roles": ["kiosk"],
                                  "key": self.keys["hall"].public})
        for name, links in (("hall", True), ("boss", True), ("ninth", False)):
            with self.subTest(name=name):
                client = self.named(world, name)
                before = admin.call("case.get", {"case_no": self.about})
                number = client.submit(repeat_of=self.about)["case_no"]
                after = admin.call("case.get", {"case_no": self.about})
                first = admin.events(number)[0]["body"]
                later = admin.call("case.get", {"case_no": number})
                self.assertEqual(first["repeat_of"], self.about)
                self.assertEqual(first.get("repeat"), {
                    "unit": "u-1", "handler": None} if links else None)
                self.assertEqual(later.get("repeat_unit"),
                                 "u-1" if links else None)
                self.assertEqual(after.get("repeats", 0),
                                 before.get("repeats", 0) + links)
        number = self.named(world, "ninth").submit(
            repeat_of=self.plain)["case_no"]
        self.assertEqual(admin.call("case.get", {
            "case_no": number})["repeat_unit"], "u-1")

    def had(self, client, number):
        """Who had the case that this one repeats, as it is told: in the case,
        in a list, in its events.
        """
        case = client.call("case.get", {"case_no": number})
        listed = [c for c in client.pages("case.list", {"limit": 2})
                  if c["case_no"] == number]
        self.assertEqual(listed, [case])
        body = next(e["body"] for e in client.events(number)
                    if e["type"] == "linked")
        self.assertEqual(case["repeat_of"], body["to"])
        self.assertEqual(case.get("repeat_unit"), body["unit"])
        return body["unit"]

    def test_who_had_the_earlier_case_is_told_to_who_may_see_that_case(self):
        world, admin = self.open_cases()
        number = self.case(admin)
        admin.act(number, "add_co_handler", unit="u-3", actor="office:xfj")
        ninth = self.named(world, "ninth")
        ninth.call("case.get", {"case_no": number})
        admin.act(number, "link", relation="repeat", to=self.about,
                  actor="office:xfj")
        tells = {"li": "u-1", "co": "u-1", "boss": "u-1", "aud": "u-1",
                 "zhao": None, "qian": None, "far": None}
        for name, unit in tells.items():
            with self.subTest(name=name):
                self.assertEqual(self.had(self.named(world, name), number),
                                 unit)
        self.assertEqual(self.had(admin, number), "u-1")
        # A link that was undone is told of without it.
        admin.act(number, "unlink", relation="repeat", to=self.about,
                  reason="x", actor="office:xfj")
        admin.act(number, "link", relation="repeat", to=self.plain,
                  actor="office:xfj")
        zhao = self.named(world, "zhao")
        self.assertEqual([e["body"]["unit"] for e in zhao.events(number)
                          if e["type"] == "linked"], [None, "u-1"])
        self.assertEqual(zhao.call("case.get", {"case_no": number})
                         ["repeat_unit"], "u-1")
        # What was handed in as a repeat.
        again = admin.submit(repeat_of=self.about)["case_no"]
        for action, fields in (("register", {}), ("assign", {"unit": "u-1"}),
                               ("transfer", {})):
            admin.act(again, action, actor="office:xfj", **fields)
        first = {name: self.named(world, name).events(again)[0]["body"]
                 for name in ("li", "zhao")}
        self.assertEqual(first["li"]["repeat"]["unit"], "u-1")
        self.assertIsNone(first["zhao"]["repeat"]["unit"])
        self.assertEqual(first["zhao"]["repeat_of"], self.about)

    def test_a_repeat_is_hidden_from_the_office_that_is_complained_about(self):
        world, admin = self.open_cases()
        number = self.case(admin)
        ninth, boss = self.named(world, "ninth"), self.named(world, "boss")
        for relation in ("repeat", "group"):
            with self.subTest(relation=relation):
                self.assertIn(number, self.seen(ninth, "case.list"))
                ninth.call("case.export", {"case_no": number})
                self.refused("not-found", ninth, "case.act", {
                    "command_id": dkproto.uuid7(), "case_no": number,
                    "action": "link", "relation": relation, "to": self.about,
                    "actor": "officer:ninth"})
                admin.act(number, "link", relation=relation, to=self.about,
                          actor="office:xfj")
                for kind in ("case.get", "case.events", "case.export"):
                    self.refused("not-found", ninth, kind,
                                 {"case_no": number})
                self.refused("not-found", ninth, "person.get", {
                    "case_no": number, "actor": "officer:ninth",
                    "reason": "x"})
                self.refused("not-found", ninth, "case.act", {
                    "command_id": dkproto.uuid7(), "case_no": number,
                    "action": "urge", "ground": "procedure",
                    "actor": "officer:ninth"})
                self.assertNotIn(number, self.seen(ninth, "case.list"))
                self.assertNotIn(number, str(self.followed(world, "ninth")))
                self.assertIn(number, str(self.followed(world, "boss")))
                boss.call("case.get", {"case_no": number})
                admin.act(number, "unlink", relation=relation, to=self.about,
                          reason="x", actor="office:xfj")
                ninth.call("case.get", {"case_no": number})

    def followed(self, world, name):
        """What they are told of the stream so far."""
        client = self.named(world, name)
        last = int(client.call("stats")["store"]["events"])
        request = client.send("events.follow", {"from": 1, "credit": last})
        client.answer(request).ok()
        return [client.answer(request).body for _ in range(last)]

    def test_a_second_role_tells_no_names(self):
        world, admin = self.open_cases()
        person = [{"name": "王"}]
        number = self.case(admin, persons=person)
        for name, roles, unit, slug in (
                ("both", ["handler", "auditor"], "u-3", "forbidden"),
                ("beside", ["handler", "auditor"], "u-2", "forbidden"),
                ("own", ["handler", "auditor"], "u-1", None)):
            self.keys[name] = dkproto.Keys()
            admin.call("keys.allow", {
                "name": name, "roles": roles, "unit": unit,
                "key": self.keys[name].public})
            client = self.named(world, name)
            client.call("case.get", {"case_no": number})
            body = {"case_no": number, "actor": "officer:" + name,
                    "reason": "x"}
            with self.subTest(name=name):
                if slug is None:
                    self.assertEqual(client.call("person.get", body)
                                     ["persons"][0]["name"], "王")
                else:
                    self.refused(slug, client, "person.get", body)

    def test_a_kiosk_does_not_bring_in_history(self):
        world, _ = self.open([("hall", "kiosk", "-")])
        hall = self.named(world, "hall")
        body = dkproto.submission()
        body["import"] = True
        self.refused("forbidden", hall, "case.submit", body)
        body["import"] = False
        number = hall.call("case.submit", body)
        hall.call("case.query", {"case_no": number["case_no"],
                                 "query_code": number["query_code"]})


class Rate(Case):
    def test_too_many_are_told_when_to_come_back(self):
        world, admin = self.open([("hall", "kiosk", "-"),
                                  ("other", "kiosk", "-")],
                                 rate=20, burst=10)
        hall = self.named(world, "hall")
        answers = [hall.send("hello", {}) for _ in range(60)]
        slugs = []
        for request in answers:
            answer = hall.answer(request)
            if answer.type == "problem":
                problem = dkproto.Problem(answer.body)
                slugs.append(problem.slug)
                self.assertIn("retry_after_ms", answer.body)
                self.assertLessEqual(answer.body["retry_after_ms"], 51)
        self.assertEqual(set(slugs), {"too-many"})
        self.assertGreater(len(slugs), 20)
        self.named(world, "other").call("hello")  # has its own bucket
        for _ in range(100):  # and the administrator none
            admin.call("hello")
        dkworld.until(lambda: hall.answer(hall.send("hello", {})).type == "ok",
                      5, "a token")
        self.assertEqual(admin.call("stats")["counters"]["messages_too_many"],
                         admin.call("stats")["refused"]["too-many"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
