"""The kiosk's forwarder: "taken" means on its disk, and what was taken
arrives once, whatever breaks between.
"""

import json
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402


class Kiosk:
    """docket-kiosk as a program of the world, on one spool."""

    def __init__(self, world):
        self.world = world
        self.spool = world.path("spool.db")

    def argv(self, *more):
        return ["--spool", self.spool, "--connect",
                self.world.broker.clients, "--json"] + list(more)

    def start(self, *more, **options):
        return self.world.spawn("docket-kiosk", *self.argv(*more), **options)

    def run(self, data, *more, code=0, deadline=60):
        """Give it lines and wait for its end; what it said."""
        done = subprocess.run(
            [dkworld.program("docket-kiosk")] +
            self.argv("--stdin", "--drain", *more),
            input=data, capture_output=True, check=False,
            timeout=deadline * dkworld.STRETCH)
        if code is not None and done.returncode != code:
            raise AssertionError("docket-kiosk ended with %d:\n%s\n%s" % (
                done.returncode, done.stdout.decode()[-2000:],
                done.stderr.decode()[-2000:]))
        if dkworld.REPORT.search(done.stderr.decode("utf-8", "replace")):
            raise AssertionError(done.stderr.decode())
        return said(done.stdout.decode())

    @staticmethod
    def acknowledged(process):
        """Ids that a running kiosk has told the case number of."""
        return {e["submission_id"]: e for e in said(process.output())
                if e["event"] == "case"}

    def status(self):
        """What the spool holds; only while no kiosk runs on it."""
        done = subprocess.run(
            [dkworld.program("docket-kiosk")] + self.argv("--status"),
            capture_output=True, timeout=20, check=True)
        return json.loads(done.stdout.decode().splitlines()[0])


def said(text):
    """The complete lines of JSON on its output."""
    return [dkproto.loads(line) for line in text.split("\n")[:-1]]


def lines(bodies):
    return b"".join(dkproto.dumps(body) + b"\n" for body in bodies)


class Case(dkworld.TestCase):
    def stored(self, world):
        """{submission id: case number} of everything the broker keeps."""
        client = world.client()
        total = client.call("stats")["store"]["events"]
        found = {}
        with world.follower(credit=5000) as follower:
            follower.follow()
            for event in follower.drain(until=total) if total else ():
                if event["type"] == "submitted":
                    known = event["body"]["submission_id"]
                    self.assertNotIn(known, found, "stored twice")
                    found[known] = event["case_no"]
        world.peers.remove(follower)
        return found


class Forwards(Case):
    def test_taken_without_a_broker_and_forwarded_once_it_is_there(self):
        world = self.world()
        kiosk = Kiosk(world)
        bodies = [dkproto.submission() for _ in range(20)]
        events = kiosk.run(lines(bodies), "--timeout", "300", code=75)
        self.assertEqual([e["submission_id"] for e in events
                          if e["event"] == "taken"],
                         [b["submission_id"] for b in bodies])
        self.assertEqual(kiosk.status()["waiting"], 20)
        process = kiosk.start()
        world.broker.start()
        until(lambda: len(kiosk.acknowledged(process)) == 20, 20,
              "all acknowledged")
        self.assertEqual(process.stop(), 0)
        self.assertEqual(kiosk.status()["acknowledged"], 20)
        cases = kiosk.acknowledged(process)
        stored = self.stored(world)
        self.assertEqual(stored, {b["submission_id"]: cases[
            b["submission_id"]]["case_no"] for b in bodies})
        client = world.client()
        for event in cases.values():
            client.call("case.query", {"case_no": event["case_no"],
                                       "query_code": event["query_code"]})

    def test_cases_are_forwarded_in_the_order_they_were_taken(self):
        world = self.world()
        kiosk = Kiosk(world)
        bodies = [dkproto.submission() for _ in range(60)]
        kiosk.run(lines(bodies), "--timeout", "300", code=75)
        world.broker.start()
        kiosk.run(b"")
        stored = self.stored(world)
        numbers = [stored[b["submission_id"]] for b in bodies]
        self.assertEqual(numbers, sorted(numbers))

    def test_a_broker_that_goes_and_comes_back_gets_everything_once(self):
        world = self.world()
        world.broker.start()
        kiosk = Kiosk(world)
        read, write = os.pipe()
        process = kiosk.start("--stdin", stdin=read)
        os.close(read)
        bodies = []
        with os.fdopen(write, "wb", buffering=0) as pipe:
            for _ in range(6):
                for _ in range(25):
                    bodies.append(dkproto.submission())
                    pipe.write(lines(bodies[-1:]))
                world.broker.kill()
                for _ in range(5):
                    bodies.append(dkproto.submission())
                    pipe.write(lines(bodies[-1:]))
                world.broker.start()
        until(lambda: len(kiosk.acknowledged(process)) == len(bodies), 40,
              lambda: "all acknowledged: %d of %d" % (
                  len(kiosk.acknowledged(process)), len(bodies)))
        self.assertEqual(process.stop(), 0)
        self.assertEqual(set(self.stored(world)),
                         {b["submission_id"] for b in bodies})

    def test_the_time_of_taking_is_the_time_handed_in(self):
        world = self.world()
        kiosk = Kiosk(world)
        body = dkproto.submission(submission_id=None)
        before = time.time()
        kiosk.run(lines([body]), "--timeout", "200", code=75)
        after = time.time()
        until(lambda: time.time() > after + 0.5, 5, "half a second")
        world.broker.start()
        event = [e for e in kiosk.run(b"") if e["event"] == "case"][0]
        from checker import instant
        case = world.client().call("case.get",
                                   {"case_no": event["case_no"]})
        self.assertGreaterEqual(instant(case["submitted_at"]) + 1,
                                int(before * 1000))
        self.assertLessEqual(instant(case["submitted_at"]),
                             int(after * 1000) + 1)
        self.assertGreater(instant(case["recorded_at"]),
                           instant(case["submitted_at"]))

    def test_the_same_line_twice_is_one_case(self):
        world = self.world()
        world.broker.start()
        kiosk = Kiosk(world)
        body = dkproto.submission()
        kiosk.run(lines([body, body]))
        events = kiosk.run(lines([body]))
        self.assertIn("already", [e["event"] for e in events])
        events = kiosk.run(lines([dict(body, subject="别的")]),
                           code=dkworld.EX_DATAERR)
        self.assertEqual(events[0]["event"], "refused")
        self.assertEqual(len(self.stored(world)), 1)

    def test_what_the_broker_refuses_for_good_does_not_block_the_rest(self):
        world = self.world()
        world.broker.start()
        known = dkproto.submission()
        world.client().call("case.submit", known)
        kiosk = Kiosk(world)
        clash = dict(known, subject="同号另事")
        good = dkproto.submission()
        events = kiosk.run(lines([clash, good]), code=None)
        refused = [e for e in events if e["event"] == "refused"]
        self.assertEqual([e["submission_id"] for e in refused],
                         [known["submission_id"]])
        dkproto.check_problem(refused[0]["problem"])
        self.assertIn(good["submission_id"], self.stored(world))
        self.assertEqual(kiosk.status()["refused"], 1)

    def test_two_kiosks_on_one_spool_are_refused(self):
        world = self.world()
        kiosk = Kiosk(world)
        world.broker.start()
        path = world.path("line", lines([dkproto.submission()]))
        with open(path, "rb") as file:
            first = kiosk.start("--stdin", stdin=file)
        until(lambda: kiosk.acknowledged(first), 15, "the first case")
        second = kiosk.start()
        code = second.wait(10)
        self.assertEqual(code, dkworld.EX_TEMPFAIL, second.errors())
        self.assertTrue(first.alive())


class Killed(Case):
    def test_taken_is_never_lost_nor_doubled_under_sigkill(self):
        rng = dkproto.seeded()
        world = self.world()
        world.broker.start()
        kiosk = Kiosk(world)
        taken, offered, told = set(), {}, {}
        for _ in range(40):
            read, write = os.pipe()
            process = kiosk.start("--stdin", stdin=read)
            os.close(read)
            for _ in range(rng.randrange(1, 30)):
                body = dkproto.submission()
                offered[body["submission_id"]] = body
                try:
                    os.write(write, lines([body]))
                except BrokenPipeError:
                    break
            if rng.random() < 0.6:  # on a busy machine the start takes long
                until(lambda: "taken" in process.output(), 20, "one taken")
            time.sleep(rng.random() * 0.15)  # the moment of the kill
            process.kill()
            os.close(write)
            if rng.random() < 0.3:
                world.broker.kill()
                world.broker.start()
            for event in said(process.output()):
                if event["event"] == "taken":
                    taken.add(event["submission_id"])
                if event["event"] == "case":
                    told[event["submission_id"]] = event["case_no"]
        for event in kiosk.run(b""):
            if event["event"] == "case":
                told[event["submission_id"]] = event["case_no"]
        stored = self.stored(world)
        self.assertEqual(taken - set(stored), set(), "taken, then lost")
        self.assertEqual(set(stored) - set(told), set(), "number never told")
        self.assertEqual(set(stored) - set(offered), set())
        for known, number in told.items():
            self.assertEqual(stored[known], number)
        print("offered %d taken %d stored %d told %d" % (
            len(offered), len(taken), len(stored), len(told)))
        self.assertGreater(len(taken), 50)

    def test_repeating_all_lines_after_kills_makes_each_case_once(self):
        rng = dkproto.seeded()
        world = self.world()
        world.broker.start()
        kiosk = Kiosk(world)
        bodies = [dkproto.submission() for _ in range(150)]
        data = world.path("lines.ndjson", lines(bodies))
        for _ in range(15):
            with open(data, "rb") as file:
                process = kiosk.start("--stdin", stdin=file)
            time.sleep(rng.random() * 0.2)  # the moment of the kill
            process.kill()
        kiosk.run(lines(bodies))
        self.assertEqual(set(self.stored(world)),
                         {b["submission_id"] for b in bodies})


class Told(Case):
    """Number and code reach whoever asks, whenever the kiosk was killed."""

    def test_a_repeated_line_is_told_its_number_and_code_again(self):
        world = self.world()
        world.broker.start()
        kiosk = Kiosk(world)
        body = dkproto.submission()
        first = [e for e in kiosk.run(lines([body])) if e["event"] == "case"]
        again = kiosk.run(lines([body]))
        self.assertEqual([e["event"] for e in again], ["already", "case"])
        self.assertEqual(again[1:], first)

    def test_a_repeated_file_is_told_its_number_and_code_again(self):
        world = self.world()
        world.broker.start()
        kiosk = Kiosk(world)
        folder = os.path.join(world.folder, "in")
        os.makedirs(folder)
        text = dkproto.dumps(dkproto.submission(submission_id=None))
        told = []
        for _ in range(2):
            world.path("in/1.json", text)
            events = kiosk.run(b"", "--folder", folder)
            told.append([e for e in events if e["event"] == "case"])
        self.assertEqual(len(told[0]), 1)
        self.assertEqual(told[1], told[0])
        self.assertEqual(len(self.stored(world)), 1)

    def test_what_was_acknowledged_and_not_printed_is_printed_once(self):
        world = self.world()
        kiosk = Kiosk(world)
        bodies = [dkproto.submission() for _ in range(5)]
        kiosk.run(lines(bodies), "--timeout", "200", code=75)
        world.broker.start()
        with open("/dev/full", "wb") as full:  # settled, and no line got out
            done = subprocess.run(
                [dkworld.program("docket-kiosk")] + kiosk.argv(),
                stdout=full, stderr=subprocess.PIPE, check=False,
                timeout=60 * dkworld.STRETCH)
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertGreater(kiosk.status()["acknowledged"], 0)
        events = kiosk.run(b"")
        self.assertEqual([e["event"] for e in events], ["case"] * 5)
        self.assertEqual({e["submission_id"]: e["case_no"] for e in events},
                         self.stored(world))
        client = world.client()
        for event in events:
            client.call("case.query", {"case_no": event["case_no"],
                                       "query_code": event["query_code"]})
        self.assertEqual(kiosk.run(b""), [])


class BadInput(Case):
    def test_bad_lines_are_refused_with_their_number_and_place(self):
        world = self.world()
        world.broker.start()
        kiosk = Kiosk(world)
        good = dkproto.submission()
        bad = [b"{", b"[]", b"\xff\xfe", b'{"a":1,"a":2}',
               dkproto.dumps(dict(good, channel="fax")),
               dkproto.dumps(dict(good, subject="")),
               dkproto.dumps(dict(good, surprise=1)),
               dkproto.dumps({"channel": "kiosk"}),
               b'{"facts":"' + b"x" * 70000 + b'"}', b"null",
               b'{"subject":"\x00"}']
        data = b"\n".join(bad) + b"\n\n" + lines([good])
        events = kiosk.run(data, code=dkworld.EX_DATAERR)
        refused = [e for e in events if e["event"] == "refused"]
        self.assertEqual([e["line"] for e in refused],
                         list(range(1, len(bad) + 1)))
        for event in refused:
            dkproto.check_problem(event["problem"])
        self.assertEqual(refused[4]["problem"]["pointer"], "/channel")
        self.assertEqual(set(self.stored(world)), {good["submission_id"]})

    def test_a_line_without_its_end_is_still_a_line(self):
        world = self.world()
        world.broker.start()
        body = dkproto.submission()
        Kiosk(world).run(dkproto.dumps(body))
        self.assertEqual(set(self.stored(world)), {body["submission_id"]})

    def test_files_of_a_folder_are_taken_moved_or_refused(self):
        world = self.world()
        world.broker.start()
        kiosk = Kiosk(world)
        folder = os.path.join(world.folder, "in")
        os.makedirs(folder)
        good = [dkproto.submission() for _ in range(12)]
        for i, body in enumerate(good):
            world.path("in/%02d.json" % i, dkproto.dumps(body))
        world.path("in/bad.json", b"{")
        world.path("in/empty.json", b"")
        world.path("in/big.json", b"x" * 200000)
        world.path("in/ignored.txt", b"not ours")
        world.path("in/half.json.tmp", b"{")
        os.makedirs(os.path.join(folder, "folder.json"))
        os.symlink("/etc/hostname", os.path.join(folder, "link.json"))
        process = kiosk.start("--folder", folder)
        until(lambda: len(kiosk.acknowledged(process)) == 12, 20,
              "the files of the folder")
        late = dkproto.submission()
        world.path("in/late.tmp", dkproto.dumps(late))
        os.rename(os.path.join(folder, "late.tmp"),
                  os.path.join(folder, "late.json"))
        until(lambda: len(kiosk.acknowledged(process)) == 13, 20,
              "the late file")
        self.assertEqual(process.stop(), 0, process.errors())
        self.assertEqual(set(self.stored(world)),
                         {b["submission_id"] for b in good + [late]})
        left = os.listdir(folder)
        for name in ("ignored.txt", "half.json.tmp"):
            self.assertIn(name, left)
        for name in ("00.json", "11.json", "late.json", "bad.json",
                     "empty.json", "big.json"):
            self.assertNotIn(name, left)
        refused = os.listdir(os.path.join(folder, "refused"))
        for name in ("bad.json", "empty.json", "big.json"):
            self.assertIn(name, refused)

    def test_starts_that_are_refused(self):
        world = self.world()
        world.path("file", "x")
        world.path("words", "minutes of the meeting, 1 May")
        for argv, code in (
                ((), dkworld.EX_USAGE), (("--spool",), dkworld.EX_USAGE),
                (("--spool", world.folder + "/s", "--no-such"),
                 dkworld.EX_USAGE),
                (("--spool", "/no/such/folder/s"), None),
                (("--spool", world.folder), None),
                (("--spool", world.folder + "/s", "--folder", "/no/such"),
                 None),
                (("--spool", world.folder + "/words"), 65),
                (("--spool", world.folder + "/file"), 65)):
            with self.subTest(argv=argv):
                process = world.spawn("docket-kiosk", *argv)
                got = process.wait(10)
                self.assertTrue(process.errors().strip())
                if code is None:
                    self.assertIn(got, (65, 66, 69, 73, 74, 78))
                else:
                    self.assertEqual(got, code, process.errors())
        with open(world.folder + "/file", encoding="utf-8") as file:
            self.assertEqual(file.read(), "x")

    def test_the_spool_is_readable_by_its_owner_only(self):
        world = self.world()
        kiosk = Kiosk(world)
        kiosk.run(lines([dkproto.submission()]), "--timeout", "100", code=75)
        for name in os.listdir(world.folder):
            if name.startswith("spool.db"):
                mode = os.stat(os.path.join(world.folder, name)).st_mode
                self.assertEqual(mode & 0o077, 0, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
