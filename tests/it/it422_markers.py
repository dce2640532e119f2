#!/usr/bin/python3
"""Planted names, numbers and addresses are nowhere but in the petitioner's own
messages and in the answer to who may read them: not in the database, its log,
the programs' logs, the kiosk's spool once the broker has them, tasks, events,
lists, counters, refusals, or a core dump."""
import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

MAY = "2026-05-01T09:00:00+08:00"
MARKS = {"name": "欧阳石榴ẞ̈ZQX", "id_number": "43010219520304122X",
         "phone": "13987650042", "address": "梧桐巷\u300077号·Ωmarker 甲室"}


def forms(text):
    """The bytes in which a text may lie about: as it is, escaped, in hex."""
    raw = text.encode("utf-8")
    return {raw, json.dumps(text)[1:-1].encode("ascii"), raw.hex().encode(),
            raw.hex().upper().encode(), text.encode("utf-16-le")}


NEEDLES = {form: kind for kind, text in MARKS.items() for form in forms(text)}


def found(data):
    return sorted({kind for form, kind in NEEDLES.items() if form in data})


class Ear:
    """A worker or a follower that keeps every byte it was sent."""

    def __init__(self):
        self.heard = []

    def keep(self, value):
        self.heard.append(dkproto.dumps(value) if not isinstance(value, bytes)
                          else value)
        return value


class Markers(dkworld.TestCase):
    def started(self):
        world = self.world(test_clock=MAY)
        world.broker.start(config=world.path("c.conf",
                              "[broker]\nlog_level = debug\n"))
        return world, world.client()

    def files(self, world):
        """Every file of the world, with the places where marks are."""
        places = {}
        for folder, _, names in os.walk(world.folder):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    marks = found(file.read())
                if marks:
                    places[os.path.relpath(path, world.folder)] = marks
        return places

    def test_the_search_finds_what_is_planted(self):
        """The control: in each form, in a file, and in what was heard."""
        world = self.world(test_clock=MAY)
        os.makedirs(world.broker.data)
        for i, form in enumerate(NEEDLES):
            world.path("data/f%d" % i, b"\0\xff" + form + b"\0")
        self.assertEqual(len(self.files(world)), len(NEEDLES))
        self.assertEqual(found(dkproto.dumps({"persons": [MARKS]})),
                         sorted(MARKS))

    def test_they_are_nowhere_in_a_whole_life(self):
        world, client = self.started()
        ear = Ear()
        follower = world.follower()
        follower.follow()
        answers = []

        def say(kind, body, ok=True):
            answer = client.ask(kind, body)
            answers.append((kind, dkproto.dumps(answer.body)))
            if ok is not None:
                self.assertEqual(answer.type == "ok", ok, answer.body)
            return answer.body

        number = say("case.submit", dkproto.submission(
            persons=[MARKS], region="A县"))["case_no"]
        self.mistakes(say)
        self.work(world, client, ear)
        for action, fields in (("register", {}), ("assign", {"unit": "u-1"}),
                               ("transfer", {}), ("accept", {})):
            client.act(number, action, **fields)
        client.call("clock.advance", {"ms": 90 * 86400000, "settle": False})
        self.read_everything(say, number)
        for _ in range(6):
            ear.keep(follower.event())
        world.broker.process.signal(signal.SIGHUP)
        for kind, text in answers:
            self.assertEqual(found(text), [], (kind, text[:300]))
        for text in ear.heard:
            self.assertEqual(found(text), [], text[:300])
        self.assertGreater(len(ear.heard), 8)
        self.assertEqual(self.files(world), {})
        # Whoever may read them has them, through a crash as well.
        self.crash(world)
        reader = world.client()
        got = reader.call("person.get", {"case_no": number, "reason": "回访",
                                         "actor": "officer:li"})
        self.assertEqual(got["persons"], [MARKS])
        self.assertEqual(found(dkproto.dumps(got)), sorted(MARKS))
        reader.call("person.erase", {"case_no": number, "reason": "依申请",
                                     "actor": "officer:li", "erase": True})
        world.broker.stop()
        self.assertEqual(self.files(world), {})

    def test_the_real_workers_and_the_kiosk_do_not_tell_either(self):
        world, client = self.started()
        world.services()
        good = dkproto.submission(persons=[MARKS])
        lines = b"".join(dkproto.dumps(body) + b"\n" for body in (
            good, good, dict(good, facts="other words"),
            dict(dkproto.submission(persons=[MARKS]), channel="x"),
            dict(dkproto.submission(), persons=[dict(MARKS, score=1)])))
        kiosk = subprocess.run(
            [dkworld.program("docket-kiosk"), "--spool",
             world.path("spool.db"), "--connect", world.broker.clients,
             "--stdin", "--drain"],
            input=lines, capture_output=True, check=False,
            timeout=60 * dkworld.STRETCH)
        self.assertEqual(kiosk.returncode, dkworld.EX_DATAERR, kiosk.stderr)
        self.assertEqual(found(kiosk.stdout + kiosk.stderr), [])
        world.idle(client)
        client.call("clock.set", {"to": "2026-09-01T09:00:00+08:00",
                                  "settle": True}, 120)
        world.idle(client)
        number = client.call("case.list", {})["items"][0]["case_no"]
        status, out, err = world.ctl("show", number)
        self.assertEqual((status, found((out + err).encode())), (0, []))
        self.assertGreater(client.call("stats")["store"]["alerts_open"], 0)
        world.broker.stop()
        self.assertEqual(self.files(world), {})

    def mistakes(self, say):
        """Bodies with persons that are refused for something else."""
        good = dkproto.submission(persons=[MARKS])
        for change in ({"subject": ""}, {"channel": "x"}, {"petitioners": 0},
                       {"facts": 7}, {"persons": [dict(MARKS, score=1)]},
                       {"persons": [MARKS] * 6}, {"persons": [MARKS, {}]},
                       {"submission_id": "x"}, {"kind": "y"}):
            say("case.submit", dict(good, **change), ok=False)
        first = say("case.submit", good)
        say("case.submit", good)  # again
        say("case.submit", dict(good, persons=[dict(MARKS, phone="1")]),
            ok=False)
        say("person.get", {"case_no": first["case_no"], "reason": "x"},
            ok=False)

    def work(self, world, client, ear):
        """A worker that looks at each task, fails one for good, answers the
        others."""
        worker = world.worker("assign", credit=8)
        task = worker.task()
        ear.keep(task)
        worker.tell("fail", task, reason="no", retry_after_ms=1)
        for _ in range(2):
            task = worker.task()
            ear.keep(task)
            worker.tell("result", task, commands=[])
            ear.keep(worker.reply(task).body)
        deadline = world.worker("deadline", credit=8)
        for _ in range(2):
            task = deadline.task()
            ear.keep(task)
            deadline.tell("result", task, commands=[{
                "action": "clock", "clock": "conclude", "basis": 1,
                "started_at": MAY, "due_at": "2026-06-01T00:00:00+08:00",
                "on_due": "overdue", "stops_on": ["answered"], "rungs": []}])
            ear.keep(deadline.reply(task).body)
        until(lambda: client.call("stats")["counters"]["results"] >= 4, 10,
              "the results were taken")

    def read_everything(self, say, number):
        for kind, body in (
                ("case.get", {"case_no": number}),
                ("case.events", {"case_no": number}),
                ("case.list", {}), ("alert.list", {"open": False}),
                ("clock.list", {}), ("task.list", {}),
                ("task.list", {"dead": True}), ("office.list", {}),
                ("tally.list", {"to": "2027-01-01"}), ("worker.list", {}),
                ("stats", {}), ("verify", {}), ("hello", {}),
                ("case.export", {"case_no": number})):
            say(kind, body, ok=None)

    def crash(self, world):
        """SIGABRT leaves no core."""
        process = world.broker.process
        with open("/proc/%d/limits" % process.pid, encoding="ascii") as file:
            core = next(line for line in file if "core file" in line)
        self.assertEqual(core.split()[4:6], ["0", "0"], core)
        process.expected_end = True
        process.signal(signal.SIGABRT)
        process.popen.wait()
        for folder in (world.folder, world.broker.data):
            self.assertEqual([n for n in os.listdir(folder)
                              if n.startswith("core")], [])
        self.assertEqual(self.files(world), {})
        world.broker.start()


if __name__ == "__main__":
    unittest.main(verbosity=2)
