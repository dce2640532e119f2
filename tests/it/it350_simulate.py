"""docketctl simulate: the history of a real broker under another law."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402

MAY = "2026-05-06T09:00:00+08:00"
ALL = ("assign", "deadline", "escalate")
PERSON = {"name": "王桂英", "phone": "13800000000", "address": "云岸县石桥镇"}
ANSWER = {"text": "已修复", "legal_basis": "《信访工作条例》第三十四条"}
LAW = dkworld.policy("xinfang-2022.json")
DAYS = dkworld.policy("calendar-cn.json")


class Simulate(dkworld.TestCase):
    def office(self):
        """Three cases accepted on 6 May and answered 10 days later, 40 days
        later, and not yet.  The last event is of 25 June.
        """
        self.w, self.c = self.started(ALL, test_clock=MAY)
        self.cases = []
        for _ in range(3):
            number = self.c.submit(category="供水", persons=[PERSON])["case_no"]
            self.w.idle(self.c)
            self.c.act(number, "accept", notice="受-1", way="post")
            self.w.idle(self.c)
            self.cases.append(number)
        self.go("2026-05-16T10:00:00+08:00")
        self.answer(self.cases[0])
        self.go("2026-06-15T10:00:00+08:00")
        self.answer(self.cases[1])
        self.go("2026-06-25T10:00:00+08:00")
        self.c.act(self.cases[2], "inform", document="other", way="post")
        self.w.idle(self.c)

    def go(self, when):
        self.c.call("clock.set", {"to": when, "settle": True}, 90)
        self.w.idle(self.c)

    def answer(self, number):
        self.c.act(number, "answer", **ANSWER)
        self.w.idle(self.c)

    def law(self, days):
        """The shipped law with `days` to conclude, whatever the last day."""
        with open(LAW, encoding="utf-8") as file:
            law = json.load(file)
        clock = [c for c in law["versions"][-1]["clocks"]
                 if c["id"] == "conclude"][0]
        clock["length"]["days"] = days
        clock["on_last_day_rest"] = "keep"
        clock["rungs"] = []
        law["id"] = "other"
        return self.w.path("other.json", law)

    def simulate(self, *argv, law=None, **more):
        return self.w.ctl("simulate", "--policy", law or LAW, "--calendar",
                          DAYS, *argv, **more)

    def one(self, *argv, **more):
        found = self.simulate(*argv, js=True, **more)
        self.assertEqual(len(found), 1)
        return found[0]

    def history(self):
        _, out, _ = self.w.ctl("--json", "follow", "--idle", "500ms")
        return self.w.path("history.jsonl", out)


class Office(Simulate):
    def setUp(self):
        super().setUp()
        self.office()

    def test_the_same_law_changes_nothing(self):
        found = self.one("--cases")
        self.assertEqual(found["cases"]["judged"], 3)
        self.assertEqual(found["cases"]["not_judged"], 0)
        self.assertEqual(found["cases"]["late"], {"then": 0, "now": 0})
        self.assertEqual(found["changes"], [])
        self.assertEqual(found["refused"], [])
        limits = {c["clock"]: c["limits"] for c in found["clocks"]}
        self.assertEqual(limits["conclude"], {"then": 3, "now": 3})
        self.assertEqual(limits["transfer"], {"then": 3, "now": 3})

    def test_a_shorter_limit_makes_late_who_was_not(self):
        law = self.law(30)
        found = self.one("--cases", law=law)
        # 30 days after 6 May: the last day is 5 June.  The first case was
        # concluded before, the second on 15 June (10 days over), the third
        # runs still on 25 June (20 days over).
        self.assertEqual(found["cases"]["late"], {"then": 0, "now": 2})
        self.assertEqual(found["cases"]["newly_late"], 2)
        self.assertEqual(found["policy"], "other")
        self.assertEqual(found["as_of"][:10], "2026-06-25")
        clock = [c for c in found["clocks"] if c["clock"] == "conclude"][0]
        self.assertEqual(clock["late"], {"then": 0, "now": 2})
        self.assertEqual(clock["days_over"], {
            "then": {"median": None, "worst": None},
            "now": {"median": 10, "worst": 20}})
        self.assertEqual([(c["case_no"], c["change"], c["days_over"])
                          for c in found["changes"]],
                         [(self.cases[1], "newly_late", 10),
                          (self.cases[2], "newly_late", 20)])
        self.assertEqual(found["changes"][0]["due_now"],
                         "2026-06-06T00:00:00.000+08:00")
        units = {self.c.call("case.get", {"case_no": n})["unit"]
                 for n in self.cases}
        self.assertEqual({r["unit"] for r in found["rows"]
                          if r["clock"] == "conclude"}, units)
        self.assertEqual({r["unit"] for r in found["rows"]
                          if r["clock"] == "transfer"}, {"office"})

    def test_a_file_says_the_same_as_the_broker(self):
        law, path = self.law(30), self.history()
        live = self.one("--cases", law=law)
        # Nobody is asked: there need be no broker.
        kept = self.one("--cases", "--history", path, law=law, connect=False)
        self.assertEqual(live, kept)
        for jobs in (1, 2, 7):
            self.assertEqual(
                kept, self.one("--cases", "--history", path, "--jobs", jobs,
                               law=law, connect=False))
        # As of a day in the past.
        early = self.one("--to", "2026-06-05", law=law)
        self.assertEqual(early["cases"]["late"]["now"], 0)
        early = self.one("--to", "2026-06-06", law=law)
        self.assertEqual(early["cases"]["late"]["now"], 2)
        none = self.one("--from", "2026-05-07", law=law)
        self.assertEqual(none["cases"]["judged"], 0)
        self.assertEqual(none["cases"]["left_out"], 3)

    def test_tables_and_csv(self):
        law = self.law(30)
        _, out, _ = self.simulate("--lang", "zh-CN", law=law)
        self.assertIn("新增超期 2 件", out)
        self.assertIn("全部单位", out)
        self.assertIn("10 / 20", out)
        _, out, _ = self.simulate("--lang", "en", "--cases", law=law)
        self.assertIn("2 newly late", out)
        self.assertIn("Limits that come out differently", out)
        self.assertIn(self.cases[2], out)
        _, out, _ = self.simulate("--csv", "--lang", "en", law=law)
        self.assertTrue(out.endswith("\r\n"))
        rows = list(csv.DictReader(io.StringIO(out, newline="")))
        late = [r for r in rows if r["clock"] == "conclude"]
        self.assertEqual(sum(int(r["newly_late"]) for r in late), 2)
        _, out, _ = self.simulate("--csv", "--cases", "--lang", "zh-CN",
                                  law=law)
        rows = list(csv.reader(io.StringIO(out, newline="")))
        self.assertEqual(rows[0][:3], ["案件编号", "单位", "期限"])
        self.assertEqual([r[0] for r in rows[1:]], self.cases[1:])

    def test_a_law_that_was_not_in_force(self):
        with open(self.law(30), encoding="utf-8") as file:
            law = json.load(file)
        law["versions"] = law["versions"][-1:]
        law["versions"][0]["effective_from"] = "2026-07-01"
        path = self.w.path("new.json", law)
        _, out, err = self.simulate("--lang", "en", law=path)
        self.assertIn("0 cases", out)
        self.assertIn("3 cases cannot be judged", err)
        self.assertIn("--law-of", err)
        found = self.one("--law-of", "2026-07-01", law=path)
        self.assertEqual(found["cases"]["newly_late"], 2)

    def test_the_other_laws_that_are_shipped(self):
        for name, days in (("cpgrams-2024.json", "calendar-in.json"),
                           ("hotline-12345.json", "calendar-cn.json")):
            found = self.w.ctl(
                "simulate", "--policy", dkworld.policy(name), "--calendar",
                dkworld.policy(days), "--law-of", "2026-05-06", js=True)
            cases = found[0]["cases"]
            self.assertEqual(cases["judged"] + cases["not_judged"], 3)
            self.assertGreater(len(found[0]["rows"]), 0)

    def test_a_damaged_file_is_refused_with_its_line(self):
        path = self.history()
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        bad = list(lines)
        bad[4] = bad[4][:-20]
        bad[9] = bad[9].replace('"type":"', '"type":"x')
        path = self.w.path("bad.jsonl", "\n".join(bad) + "\n")
        _, out, err = self.simulate("--history", path, "--lang", "en",
                                    code=dkworld.EX_DATAERR)
        self.assertEqual(out, "")
        self.assertIn("history line 5: ", err)
        self.assertIn("history line 10: there is no event", err)
        _, _, err = self.simulate("--history", path, "--lang", "zh-CN",
                                  code=dkworld.EX_DATAERR)
        self.assertIn("历史第 5 行", err)
        # Without its first event a case cannot be lived.
        path = self.w.path("bad.jsonl", "\n".join(lines[1:]) + "\n")
        _, _, err = self.simulate("--history", path, "--lang", "en",
                                  code=dkworld.EX_DATAERR)
        self.assertIn("case %s: event 1 is missing" % self.cases[0], err)

    def test_slips_of_the_command_line(self):
        _, _, err = self.w.ctl("simulate", code=dkworld.EX_USAGE)
        self.assertIn("--policy", err)
        _, _, err = self.simulate("--history", "no-such-file", code=66)
        self.assertIn("no-such-file", err)
        _, _, err = self.simulate("--from", "yesterday",
                                  code=dkworld.EX_USAGE)
        self.assertIn("2026-05-31", err)
        _, _, err = self.simulate("--csv", "--json", code=dkworld.EX_USAGE)
        self.assertIn("--csv", err)
        path = self.w.path("bad.json", {"format": "docket-policy/1"})
        _, _, err = self.simulate(law=path, code=dkworld.EX_CONFIG)
        self.assertIn("bad.json", err)
        _, _, err = self.simulate("--history", self.history(), "--spool",
                                  "/no/such/folder", code=dkworld.EX_IOERR)
        self.assertIn("--spool", err)


class Away(Simulate):
    def test_no_broker(self):
        world = self.world()
        _, _, err = world.ctl(
            "--connect", "ipc://%s/nobody" % world.folder, "--timeout", "500",
            "simulate", "--policy", LAW, code=dkworld.EX_UNAVAILABLE,
            connect=False)
        self.assertNotEqual(err, "")

    def test_nothing_has_happened_yet(self):
        self.w, self.c = self.started((), test_clock=MAY)
        code, _, err = self.simulate("--lang", "en")
        self.assertEqual(code, 0)
        self.assertIn("the history has no cases", err)

    def test_half_a_history_gives_no_result(self):
        """docket-simulate that is told to stop prints nothing."""
        world = self.world()
        process = subprocess.Popen(
            [dkworld.program("docket-simulate"), "--policy", LAW],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, cwd=world.folder)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20 * dkworld.STRETCH)
        self.assertEqual(out, b"")
        self.assertEqual(process.returncode, -signal.SIGTERM)


if __name__ == "__main__":
    unittest.main()
