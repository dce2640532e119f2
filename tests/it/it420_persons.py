#!/usr/bin/python3
"""Who the petitioners are: sealed on the disk, read for a reason that is
recorded first, erased for ever, sealed anew with a new key, and lost with the
key."""
import os
import re
import shutil
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

MAY = "2026-05-01T09:00:00+08:00"
PERSON = {"name": "欧阳石榴", "id_number": "43010219520304122X",
          "phone": "13987654321", "address": "梧桐巷77号·ẞ̈ 室\u3000甲"}


class Case(dkworld.TestCase):
    def started(self, **more):
        world = self.world(test_clock=MAY)
        world.broker.start(**more)
        return world, world.client()

    @staticmethod
    def key_file(world):
        return os.path.join(world.broker.data, "seal.key")

    @staticmethod
    def read(client, number, reason="电话回访", actor="officer:li"):
        return client.call("person.get", {
            "case_no": number, "actor": actor, "reason": reason})

    @staticmethod
    def erase(client, number, reason="依本人申请"):
        return client.call("person.erase", {
            "case_no": number, "actor": "officer:li", "reason": reason,
            "erase": True})

    @staticmethod
    def seal(client):
        return client.call("stats")["seal"]

    @staticmethod
    def faults(client):
        after, found = None, []
        while True:
            part = client.call("verify", {"after": after} if after else {})
            found += part["faults"]
            after = part["next"]
            if after is None:
                return found

    @staticmethod
    def on_disk(world, *what):
        """Which of these bytes are in any file of the data folder."""
        found = set()
        for name in os.listdir(world.broker.data):
            with open(os.path.join(world.broker.data, name), "rb") as file:
                data = file.read()
            found |= {w for w in what if w in data}
        return found


class Reading(Case):
    def test_who_reads_is_recorded_before_the_data_is_answered(self):
        world, client = self.started()
        follower = world.follower()
        follower.follow()
        number = client.submit(persons=[PERSON, {"name": "李"}])["case_no"]
        answer = self.read(client, number)
        self.assertEqual(answer["persons"], [
            PERSON, dict.fromkeys(("id_number", "phone", "address"),
                                  None) | {"name": "李"}]
            if "id_number" in answer["persons"][1] else
            [PERSON, {"name": "李"}])
        self.assertIsNone(answer["erased"])
        event = client.events(number)[answer["n"] - 1]
        self.assertEqual(event["type"], "person_read")
        self.assertEqual(event["actor"], "officer:li")
        self.assertEqual(event["body"]["reason"], "电话回访")
        self.assertEqual([follower.event()["type"] for _ in range(2)],
                         ["submitted", "person_read"])
        self.assertEqual(client.call("task.list", {"limit": 9})["items"],
                         [t for t in client.call("task.list", {"limit": 9})
                          ["items"] if t["n"] == 1])
        self.assertEqual(self.faults(client), [])

    def test_that_it_was_read_outlives_a_kill(self):
        world, client = self.started()
        number = client.submit(persons=[PERSON])["case_no"]
        world.broker.kill()
        world.broker.start()
        client = world.client()
        n = self.read(client, number)["n"]
        world.broker.kill()
        world.broker.start()
        client = world.client()
        self.assertEqual(client.events(number)[n - 1]["type"], "person_read")

    def test_what_is_missing_is_said(self):
        _, client = self.started()
        number = client.submit(persons=[PERSON])["case_no"]
        for body, pointer in (
                ({"case_no": number, "actor": "officer:li"}, "/reason"),
                ({"case_no": number, "reason": "x"}, "/actor"),
                ({"case_no": number, "reason": "", "actor": "officer:li"},
                 "/reason"),
                ({"case_no": number, "reason": "x", "actor": "worker:li"},
                 "/actor")):
            for kind in ("person.get", "person.erase"):
                with self.subTest(kind=kind, body=body), \
                        self.problem("bad-field", pointer):
                    client.call(kind, body)
        read = {"case_no": number, "actor": "officer:li", "reason": "回访"}
        for kind, body in (("person.erase", read),  # put behind its type
                           ("person.erase", dict(read, erase=False)),
                           ("person.get", dict(read, erase=True))):
            with self.subTest(kind=kind, body=body), \
                    self.problem("bad-field", "/erase"):
                client.call(kind, body)
        self.assertEqual(len(client.events(number)), 1)

    def test_a_case_without_persons_has_nothing_to_read(self):
        _, client = self.started()
        number = client.submit()["case_no"]
        self.assertEqual(self.read(client, number), {
            "case_no": number, "n": None, "persons": [], "erased": None})
        self.assertEqual(len(client.events(number)), 1)
        with self.problem("not-found", "/case_no"):
            self.erase(client, number)
        with self.problem("not-found", "/case_no"):
            self.read(client, dkproto.case_no("330699", "20260501", 77))


class Erasing(Case):
    def test_it_is_gone_for_ever_and_the_chain_still_verifies(self):
        world, client = self.started()
        submission = dkproto.submission(persons=[PERSON])
        number = client.call("case.submit", submission)["case_no"]
        other = client.submit(persons=[PERSON])["case_no"]
        before = self.row(world, number)
        self.assertTrue(self.on_disk(world, before), "the row is on the disk")
        done = self.erase(client, number)
        self.assertEqual(self.on_disk(world, before), set())
        self.assertEqual(self.erase(client, number), done)
        for _ in range(2):
            answer = self.read(client, number)
            self.assertEqual(answer["persons"], [])
            self.assertIsNone(answer["n"])
            self.assertEqual(answer["erased"]["n"], done["n"])
            self.assertEqual(answer["erased"]["actor"], "officer:li")
            self.assertEqual(self.faults(client), [])
            self.assertEqual(self.read(client, other)["persons"], [PERSON])
            world.broker.kill()
            world.broker.start()
            client = world.client()
        self.assertEqual([e["type"] for e in client.events(number)],
                         ["submitted", "person_erased"])
        self.no_code(world, client, submission, number)

    def no_code(self, world, client, submission, number):
        """The retry still finds its case.  What it says cannot be compared, so
        nobody gets the code for it, whoever knows the id.
        """
        for body in (submission, dkproto.submission(
                submission_id=submission["submission_id"], facts="猜的")):
            answer = client.call("case.submit", body)
            self.assertEqual((answer["case_no"], answer["query_code"]),
                             (number, None))
        given = ("submit", "--id", submission["submission_id"], "--subject",
                 "x", "--facts", "y")
        self.assertIn("go to the counter", world.ctl(*given)[1])
        self.assertIn("到接待窗口查询",
                      world.ctl("--lang", "zh-CN", *given)[1])
        self.assertIsNone(world.ctl(*given, js=True)[0]["query_code"])
        text = subprocess.run(
            [dkworld.program("docket-kiosk"), "--spool", world.path("spool"),
             "--connect", world.broker.clients, "--stdin", "--drain"],
            input=dkproto.dumps(submission) + b"\n", capture_output=True,
            timeout=20 * dkworld.STRETCH, check=True).stdout.decode()
        self.assertIn("case %s without code: " % number, text)
        self.assertIn("go to the counter", text)
        self.assertIn("到接待窗口查询", text)

    def row(self, world, number):
        """Bytes of the sealed row, from a copy of the store."""
        import sqlite3
        copy = world.path("copy")
        shutil.rmtree(copy, ignore_errors=True)
        world.broker.process.freeze()
        try:
            shutil.copytree(world.broker.data, copy)
        finally:
            world.broker.process.thaw()
        with sqlite3.connect(os.path.join(copy, "docket.db")) as db:
            return db.execute(
                "SELECT data FROM person WHERE key = ?",
                (int(number.split("-")[1] + number.split("-")[2]),)
            ).fetchone()[0][:200]


class Keys(Case):
    def test_the_key_is_made_once_and_is_closed(self):
        world, client = self.started()
        path = self.key_file(world)
        mode = os.stat(path).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o400)
        self.assertIn("event=seal_key_made", world.broker.process.errors())
        with open(path, encoding="ascii") as file:
            text = file.read()
        self.assertNotIn(text.split()[3], world.broker.process.errors())
        number = client.submit(persons=[PERSON])["case_no"]
        world.broker.stop()
        world.broker.start()
        self.assertNotIn("seal_key_made", world.broker.process.errors())
        self.assertEqual(self.read(world.client(), number)["persons"],
                         [PERSON])

    def test_a_key_that_others_can_read_is_refused(self):
        world, _ = self.started()
        world.broker.stop()
        path = self.key_file(world)
        for mode in (0o440, 0o404, 0o600, 0o444):
            os.chmod(path, mode)
            world.broker.refused(78, "chmod 0400", re.escape(path))
        os.chmod(path, 0o400)
        world.broker.start()

    def test_without_its_key_a_store_is_not_opened_nor_another_made(self):
        world, client = self.started()
        answer = client.submit(persons=[PERSON])
        world.broker.stop()
        path = self.key_file(world)
        os.rename(path, path + ".away")
        said = world.broker.refused(78, "put the copy of the key file back")
        self.assertFalse(os.path.exists(path))
        ident = re.search(r"sealed with key ([0-9a-f]{16})", said).group(1)
        # Another store's ring is no help either.
        fresh = self.world(test_clock=MAY)
        fresh.broker.start()
        fresh.broker.stop()
        shutil.copy2(self.key_file(fresh), path)
        world.broker.refused(78, ident)
        # Given up: all else goes on, and what is lost is said to be.
        config = world.path("c.conf", "[seal]\nlost = %s\n" % ident)
        world.broker.start(config=config)
        client = world.client()
        number = answer["case_no"]
        self.assertEqual(dkproto.Problem(client.ask("person.get", {
            "case_no": number, "actor": "officer:li",
            "reason": "x"}).body).slug, "wrong-state")
        with self.problem("not-found", "/query_code"):
            client.call("case.query", {"case_no": number,
                                       "query_code": answer["query_code"]})
        self.assertEqual([f["what"] for f in self.faults(client)],
                         ["person-differs"])
        again = client.submit(persons=[PERSON])
        self.assertEqual(self.read(client, again["case_no"])["persons"],
                         [PERSON])
        client.call("case.query", {k: again[k]
                                   for k in ("case_no", "query_code")})
        world.broker.stop()
        os.rename(path + ".away", path)

    def test_a_lost_key_needs_no_file_and_may_come_back(self):
        world, client = self.started()
        number = client.submit(persons=[PERSON])["case_no"]
        world.broker.stop()
        path = self.key_file(world)
        with open(path, encoding="ascii") as file:
            old = file.read().splitlines()[1]
        os.remove(path)
        config = world.path("c.conf", "[seal]\nlost = %s\n" % old.split()[1])
        world.broker.start(config=config)
        world.client().submit(persons=[PERSON])
        world.broker.stop()
        # A copy of the key is found, while the configuration still says so.
        os.chmod(path, 0o600)
        with open(path, "a", encoding="ascii") as file:
            file.write(old + "\n")
        os.chmod(path, 0o400)
        world.broker.start(config=config)
        world.broker.process.line("event=seal_key_found")
        client = world.client()
        until(lambda: self.seal(client)["keys"] == 1, 20, "one key is left")
        self.assertEqual(self.read(client, number)["persons"], [PERSON])
        self.assertEqual(self.faults(client), [])

    def test_a_credential_comes_first_and_is_never_changed(self):
        world, client = self.started()
        number = client.submit(persons=[PERSON])["case_no"]
        world.broker.stop()
        folder = world.path("credentials")
        os.mkdir(folder)
        os.rename(self.key_file(world), os.path.join(folder, "docket.seal"))
        process = world.broker.launch(env={"CREDENTIALS_DIRECTORY": folder})
        process.line("event=ready")
        client = world.client()
        self.assertEqual(self.read(client, number)["persons"], [PERSON])
        self.assertTrue(self.seal(client)["credential"])
        with self.problem("forbidden"):
            client.call("seal.rotate")
        self.assertFalse(os.path.exists(self.key_file(world)))


class Rotation(Case):
    def many(self, client, n):
        return [client.submit(persons=[dict(PERSON, phone=str(i))])["case_no"]
                for i in range(n)]

    def check(self, client, numbers):
        for i, number in enumerate(numbers):
            self.assertEqual(self.read(client, number)["persons"][0]["phone"],
                             str(i))

    def test_everything_is_sealed_anew_while_cases_come_in(self):
        world, client = self.started()
        first = client.submit(persons=[PERSON])
        numbers = self.many(client, 200)
        with open(self.key_file(world), encoding="ascii") as file:
            old = file.read().split()
        started = client.call("seal.rotate")
        self.assertNotEqual(started["key"], old[2])
        self.assertEqual(started["left"], 201)
        more = client.submit(persons=[PERSON])["case_no"]
        until(lambda: self.seal(client)["keys"] == 1, 20, "one key is left")
        seal = self.seal(client)
        self.assertEqual((seal["left"], seal["unreadable"]), (0, 0))
        self.assertGreaterEqual(seal["done"], 201)
        with open(self.key_file(world), encoding="ascii") as file:
            new = file.read()
        self.assertNotIn(old[3], new)
        self.assertIn(started["key"], new)
        self.check(client, numbers)
        self.assertEqual(self.read(client, more)["persons"], [PERSON])
        client.call("case.query", {k: first[k]
                                   for k in ("case_no", "query_code")})
        self.assertEqual(self.faults(client), [])
        # The old key opens nothing any more: without it all is there.
        world.broker.stop()
        world.broker.start()
        self.check(world.client(), numbers[:5])

    def test_a_kill_half_way_costs_nothing(self):
        world, client = self.started()
        numbers = self.many(client, 300)
        rounds = halves = 0
        while rounds < 8 or (halves == 0 and rounds < 200):
            # All may have been sealed before the kill came: then once more.
            if self.seal(client)["keys"] == 1:
                key = client.call("seal.rotate")["key"]
            world.broker.kill()
            world.broker.start()
            halves += len(re.findall(r"event=sealing_anew rows=[1-9]",
                                     world.broker.process.errors()))
            client = world.client()
            self.assertEqual(self.seal(client)["key"], key)
            number = rounds * 30 % 300
            self.assertEqual(
                self.read(client, numbers[number])["persons"][0]["phone"],
                str(number))
            rounds += 1
        self.assertGreater(halves, 0, "no kill came before all was done")
        until(lambda: self.seal(client)["keys"] == 1, 20, "one key is left")
        self.assertEqual(self.faults(client), [])
        self.check(client, numbers)
        self.assertNotEqual(client.call("seal.rotate")["key"], key)


if __name__ == "__main__":
    unittest.main(verbosity=2)
