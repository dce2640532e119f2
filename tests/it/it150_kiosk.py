"""docket-kiosk: what it took arrives at the broker, once, whatever is killed.

The kill tests print their seed; DK_SEED=N runs the same again.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

SEED = int(os.environ.get("DK_SEED") or time.time())
KILLS = 12


def case(n, **fields):
    """A body without an id: the kiosk makes one."""
    return dict({"channel": "kiosk", "subject": "路灯 %d" % n,
                 "facts": "第 %d 盏路灯坏了。" % n}, **fields)


class Case(dkworld.TestCase):
    def setUp(self):
        self.w = self.world()
        self.spool = self.w.path("spool.db")

    def argv(self, *more):
        return ["--spool", self.spool, "--connect", self.w.broker.clients,
                "--json"] + list(more)

    def run_kiosk(self, *more, lines=None, code=0):
        """Run to the end; the facts it told."""
        text = "".join(json.dumps(x, ensure_ascii=False) + "\n"
                       if not isinstance(x, str) else x + "\n"
                       for x in lines or ())
        done = subprocess.run(
            [dkworld.program("docket-kiosk")] + self.argv(*more),
            input=text.encode(), capture_output=True, check=False,
            timeout=90 * dkworld.STRETCH, cwd=self.w.folder)
        errors = done.stderr.decode()
        self.assertIsNone(dkworld.REPORT.search(errors), errors)
        self.assertEqual(done.returncode, code, errors)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def drain(self, lines=(), code=0, timeout=60000):
        return self.run_kiosk("--stdin", "--drain", "--timeout",
                              str(timeout), lines=lines, code=code)

    def status(self, code=0):
        return self.run_kiosk("--status", code=code)

    def submissions(self):
        """Every submission id that the broker has, once per case."""
        with dkproto.Client(self.w.broker.clients) as client:
            found = []
            for item in client.pages("case.list", {}):
                event = client.events(item["case_no"])[0]
                found.append(event["body"]["submission_id"])
        return found

    @staticmethod
    def of(facts, event):
        return [f for f in facts if f["event"] == event]


class Lines(Case):
    def test_a_taken_case_gets_its_number_and_code(self):
        self.w.broker.start()
        facts = self.drain([case(n) for n in range(40)])
        taken, done = self.of(facts, "taken"), self.of(facts, "case")
        self.assertEqual([f["line"] for f in taken], list(range(1, 41)))
        self.assertEqual(sorted(f["submission_id"] for f in taken),
                         sorted(f["submission_id"] for f in done))
        with dkproto.Client(self.w.broker.clients) as client:
            for fact in done[:5]:
                answer = client.call("case.query", {
                    "case_no": fact["case_no"],
                    "query_code": fact["query_code"]})
                self.assertEqual(answer["case_no"], fact["case_no"])
        self.assertEqual(len(set(self.submissions())), 40)

    def test_in_words_for_people_too(self):
        self.w.broker.start()
        argv = [a for a in self.argv("--stdin", "--drain") if a != "--json"]
        done = subprocess.run([dkworld.program("docket-kiosk")] + argv,
                              input=json.dumps(case(1)).encode(),
                              capture_output=True, check=True,
                              timeout=60 * dkworld.STRETCH)
        out = done.stdout.decode()
        self.assertRegex(out, r"(?m)^taken [0-9a-f-]{36}$")
        self.assertRegex(out, r"(?m)^case \d{6}-\d{8}-\d{6}-\d code \d{8}$")

    def test_without_a_broker_cases_are_taken_and_sent_later(self):
        facts = self.drain([case(1), case(2)], code=dkworld.EX_TEMPFAIL,
                           timeout=300)
        self.assertEqual([f["event"] for f in facts], ["taken", "taken"])
        self.assertEqual(self.status()[0]["waiting"], 2)
        before = time.time()  # the petitioner's clock runs meanwhile
        self.w.broker.start()
        facts = self.drain()
        self.assertEqual(len(self.of(facts, "case")), 2)
        status = self.status()[0]
        self.assertEqual((status["waiting"], status["acknowledged"]), (0, 2))
        with dkproto.Client(self.w.broker.clients) as client:
            for item in client.pages("case.list", {}):
                handed_in = item["submitted_at"]
                self.assertLessEqual(dkproto_time(handed_in), before)

    def test_mistakes_are_told_by_line_and_the_rest_goes_on(self):
        self.w.broker.start()
        same = case(1, submission_id=dkproto.uuid7())
        facts = self.drain([
            case(0), "not json", case(2, subject=""), "", same, same,
            dict(same, facts="other words"), "x" * 70000, case(9)],
            code=dkworld.EX_DATAERR)
        self.assertEqual([f["line"] for f in self.of(facts, "taken")],
                         [1, 5, 9])
        self.assertEqual([f["line"] for f in self.of(facts, "already")], [6])
        refused = {f["line"]: f["problem"] for f in self.of(facts, "refused")}
        slugs = {line: p["type"].rsplit(":", 1)[1]
                 for line, p in refused.items()}
        self.assertEqual(slugs, {2: "bad-json", 3: "bad-field",
                                 7: "conflict", 8: "too-large"})
        self.assertEqual(refused[3]["pointer"], "/subject")
        self.assertEqual(len(self.submissions()), 3)

    def test_what_the_broker_refuses_for_good_is_kept_and_shown(self):
        self.w.broker.start()
        ident = dkproto.uuid7()
        with dkproto.Client(self.w.broker.clients) as client:
            client.call("case.submit",
                        dkproto.submission(submission_id=ident))
        facts = self.drain([case(1, submission_id=ident), case(2)],
                           code=dkworld.EX_DATAERR)
        refused = self.of(facts, "refused")
        self.assertEqual([f["submission_id"] for f in refused], [ident])
        self.assertTrue(refused[0]["problem"]["type"].endswith("conflict"))
        self.assertEqual(len(self.of(facts, "case")), 1)
        again = self.drain()
        self.assertEqual(again, [], "a refused case was sent again")
        status = self.status()
        self.assertEqual(status[0]["refused"], 1)
        self.assertEqual(status[1]["submission_id"], ident)


def dkproto_time(text):
    """Seconds since 1970 of an RFC 3339 time."""
    import datetime
    return datetime.datetime.fromisoformat(
        text.replace("Z", "+00:00")).timestamp()


class Doors(Case):
    def refused(self, code, *argv, words=""):
        done = subprocess.run(
            [dkworld.program("docket-kiosk")] + list(argv),
            input=b"", capture_output=True, check=False,
            timeout=30 * dkworld.STRETCH, cwd=self.w.folder)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr.decode(), words)

    def test_mistakes_of_usage_are_told(self):
        self.refused(64, words="--spool")
        self.refused(64, "--spol", "x", words="did you mean --spool")
        self.refused(64, "--spool", "s", "--timeout", "soon", words="soon")
        self.refused(64, "--spool", "s", "--connect", "nowhere",
                     words="nowhere")

    def test_a_spool_that_is_none_is_refused_untouched(self):
        path = self.w.path("notes.txt", "bread, milk\n" * 100)
        self.refused(65, "--spool", path, "--drain", words="no spool")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "bread, milk\n" * 100)
        self.refused(66, "--spool", self.w.path("none.db"), "--status",
                     words="no spool")
        self.assertFalse(os.path.exists(self.w.path("none.db")))

    def test_a_spool_in_use_is_refused_and_left_alone(self):
        kiosk = self.w.spawn("docket-kiosk", *self.argv())
        until(lambda: os.path.exists(self.spool), what="the spool")
        until(lambda: subprocess.run(
            [dkworld.program("docket-kiosk")] + self.argv("--status"),
            capture_output=True, check=False).returncode == 75,
            what="the refusal of a second process")
        self.assertEqual(kiosk.stop(), 0)
        self.assertEqual(self.status()[0]["waiting"], 0)

    def test_sigusr1_prints_the_counts(self):
        read, write = os.pipe()
        kiosk = self.w.spawn("docket-kiosk", *self.argv("--stdin"),
                             stdin=read)
        os.close(read)
        os.write(write, json.dumps(case(1)).encode() + b"\n")
        kiosk.line('"taken"', path=kiosk.out)
        kiosk.signal(signal.SIGUSR1)
        kiosk.line('"waiting":1', path=kiosk.out)
        os.close(write)
        self.assertEqual(kiosk.stop(), 0)


class Folder(Case):
    def setUp(self):
        super().setUp()
        self.folder = os.path.join(self.w.folder, "drop")
        os.mkdir(self.folder)

    def drop(self, name, text):
        hidden = os.path.join(self.folder, "." + name)
        with open(hidden, "w", encoding="utf-8") as file:
            file.write(text if isinstance(text, str) else
                       json.dumps(text, ensure_ascii=False))
        os.rename(hidden, os.path.join(self.folder, name))

    def files(self, sub=""):
        path = os.path.join(self.folder, sub)
        return sorted(name for name in os.listdir(path)
                      if os.path.isfile(os.path.join(path, name)))

    def drain_folder(self, code=0):
        return self.run_kiosk("--folder", self.folder, "--drain", code=code)

    def test_files_are_taken_moved_and_acknowledged(self):
        self.w.broker.start()
        for n in range(70):
            self.drop("c%d.json" % n, case(n))
        self.drop("notes.txt", "not for us")
        facts = self.drain_folder()
        self.assertEqual(len(self.of(facts, "case")), 70)
        self.assertEqual(self.files(), ["notes.txt"])
        self.assertEqual(len(self.files("taken")), 70)
        self.assertEqual(len(self.submissions()), 70)

    def test_a_file_that_is_no_case_is_moved_beside_its_problem(self):
        self.w.broker.start()
        self.drop("bad.json", "{")
        self.drop("big.json", case(1, facts="字" * 30000))
        os.mkdir(os.path.join(self.folder, "dir.json"))
        os.symlink("/etc/passwd", os.path.join(self.folder, "link.json"))
        self.drop("good.json", case(2))
        facts = self.drain_folder(code=dkworld.EX_DATAERR)
        self.assertEqual(sorted(f["file"] for f in self.of(facts, "refused")),
                         ["bad.json", "big.json", "dir.json", "link.json"])
        self.assertEqual(len(self.of(facts, "case")), 1)
        with open(os.path.join(self.folder, "refused",
                               "bad.json.problem.json"),
                  encoding="utf-8") as file:
            problem = json.load(file)
        self.assertEqual(problem["type"], "urn:docket:problem:bad-json")
        self.assertTrue(os.path.islink(os.path.join(self.folder, "refused",
                                                    "link.json")))
        self.assertEqual(self.files(), [])

    def test_the_same_file_twice_is_one_case(self):
        self.w.broker.start()
        self.drop("a.json", case(1))
        first = self.drain_folder()
        self.drop("a.json", case(1))
        again = self.drain_folder()
        self.assertEqual([f["event"] for f in again], ["already", "case"])
        self.assertEqual(again[0]["submission_id"],
                         first[0]["submission_id"])
        self.drop("a.json", case(2))  # the same name, other words
        self.assertEqual(len(self.of(self.drain_folder(), "case")), 1)
        self.assertEqual(len(self.submissions()), 2)
        self.assertEqual(len(self.files("taken")), 3)

    def test_a_file_is_seen_soon_after_it_comes(self):
        self.w.broker.start()
        kiosk = self.w.spawn("docket-kiosk",
                             *self.argv("--folder", self.folder))
        until(lambda: os.path.isdir(os.path.join(self.folder, "taken")),
              what="the kiosk")
        self.drop("a.json", case(1))
        kiosk.line('"event":"case"', path=kiosk.out)
        self.assertEqual(kiosk.stop(), 0)

    def test_killed_at_random_every_file_becomes_one_case(self):
        print("DK_SEED=%d" % SEED, file=sys.stderr)
        rnd = random.Random(SEED)
        self.w.broker.start()
        for n in range(1500):
            self.drop("c%d.json" % n, case(n))
        kills = 0
        while self.files():
            kiosk = self.w.spawn("docket-kiosk",
                                 *self.argv("--folder", self.folder))
            kiosk.line('"taken"|"already"', path=kiosk.out)
            time.sleep(rnd.random() * 0.02)
            kiosk.kill()
            kills += 1
        print("%d kills" % kills, file=sys.stderr)
        self.drain_folder()
        self.assertEqual(self.files(), [])
        self.assertEqual(len(self.files("taken")), 1500)
        found = self.submissions()
        self.assertEqual(len(found), 1500)
        self.assertEqual(len(set(found)), 1500)


class Killed(Case):
    """A producer writes cases without ids into kiosks that are killed."""

    def feed(self, kiosk_out, seen):
        """The ids told in a file, only whole lines."""
        with open(kiosk_out, encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    fact = json.loads(line)
                    if fact["event"] == "taken":
                        seen.append(fact["submission_id"])

    def produce(self, write, stop):
        n = 0
        try:
            while not stop.is_set():
                n += 1
                os.write(write, json.dumps(case(n)).encode() + b"\n")
        except BrokenPipeError:
            pass
        finally:
            os.close(write)

    def round(self, rnd, seen):
        """One kiosk's life, from its start to SIGKILL."""
        read, write = os.pipe()
        kiosk = self.w.spawn("docket-kiosk", *self.argv("--stdin"),
                             stdin=read)
        os.close(read)
        stop = threading.Event()
        thread = threading.Thread(target=self.produce, args=(write, stop))
        thread.start()
        kiosk.line('"taken"', path=kiosk.out)
        time.sleep(rnd.random() * 0.1)
        kiosk.kill()
        stop.set()
        thread.join()
        self.feed(kiosk.out, seen)

    def check(self, seen):
        self.drain()
        self.assertEqual(len(set(seen)), len(seen), "told twice")
        found = self.submissions()
        self.assertEqual(len(set(found)), len(found), "a case twice")
        self.assertEqual(set(seen) - set(found), set(), "taken, and lost")
        self.assertEqual(self.status()[0]["waiting"], 0)

    def test_the_kiosk_killed_at_random_loses_nothing_it_took(self):
        print("DK_SEED=%d" % SEED, file=sys.stderr)
        rnd, seen = random.Random(SEED), []
        self.w.broker.start()
        for _ in range(KILLS):
            self.round(rnd, seen)
        self.assertGreater(len(seen), KILLS)
        self.check(seen)

    def test_the_broker_killed_at_random_gets_every_case_once(self):
        print("DK_SEED=%d" % SEED, file=sys.stderr)
        rnd = random.Random(SEED)
        self.w.broker.start()
        lines = self.w.path("in.ndjson", "".join(
            json.dumps(case(n)) + "\n" for n in range(2000)))
        with open(lines, "rb") as source:
            kiosk = self.w.spawn("docket-kiosk",
                                 *self.argv("--stdin", "--drain"),
                                 stdin=source)
        kiosk.expected_end = True
        kills = 0
        while kiosk.alive() and kills < KILLS:
            time.sleep(rnd.random() * 0.15 * dkworld.STRETCH)
            self.w.broker.kill()
            kills += 1
            self.w.broker.start()
        self.assertEqual(kiosk.wait(90), 0)
        self.assertGreater(kills, 2)
        seen = []
        self.feed(kiosk.out, seen)
        self.assertEqual(len(seen), 2000)
        told = re.findall(r'"case_no":"([^"]+)"', kiosk.output())
        self.assertEqual(len(set(told)), 2000)
        self.check(seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
