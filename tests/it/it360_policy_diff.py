"""docketctl policy diff: what a new law would change for the open cases of a
running broker, before anybody puts it in force; and what a check says of a
year that the calendar lacks.
"""

import copy
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

ANSWER = {"text": "处理意见", "legal_basis": "《信访工作条例》第三十四条"}


def clock(name, starts, stops, days, **more):
    return dict({"id": name, "starts_on": starts, "stops_on": stops,
                 "length": {"days": days}}, **more)


LAW = {"format": "docket-policy/1", "id": "office", "calendar": "cn",
       "versions": [{"effective_from": "2020-01-01", "clocks": [
           clock("whole", ["submitted"], ["answered"], 60),
           clock("window", ["answered"], ["review_asked"], 30,
                 on_due="close")]}]}


class Diff(dkworld.TestCase):
    def office(self):
        """A broker with three cases under LAW: two open, one answered."""
        world = self.world(test_clock="2026-03-02T09:00:00+08:00")
        world.broker.start()
        self.old = world.path("old.json", LAW)
        for service in ("assign", "deadline", "escalate"):
            world.service(service, files={"policy": self.old})
        client = world.client()
        numbers = []
        for day in ("02", "09", "16"):
            client.call("clock.set", {"to": "2026-03-%sT09:00:00+08:00" % day,
                                      "settle": True}, 60)
            numbers.append(client.submit()["case_no"])
            world.idle(client)
        client.act(numbers[0], "accept")
        client.act(numbers[0], "answer", **ANSWER)
        world.idle(client)
        return world, client, numbers

    def diff(self, world, law, *more, **options):
        new = world.path("new.json", law)
        return world.ctl("policy", "diff", self.old, new, "--calendar",
                         dkworld.policy("calendar-cn.json"), *more, **options)

    def test_a_new_version_of_today_leaves_what_is_open_as_it_is(self):
        world, client, _ = self.office()
        law = copy.deepcopy(LAW)
        later = copy.deepcopy(LAW["versions"][0])
        later["effective_from"] = "2026-03-17"
        later["clocks"][0]["length"]["days"] = 45
        law["versions"].append(later)
        said = self.diff(world, law, js=True)[0]
        self.assertEqual(said["cases"], {
            "open": 3, "limits": [], "laws": [
                {"law": "kept", "version_old": "2020-01-01",
                 "version_new": "2020-01-01", "cases": 3, "changed": 0}]})
        added = said["versions"][1]
        self.assertEqual((added["effective_from"], added["change"],
                          added["against"]),
                         ("2026-03-17", "added", "2020-01-01"))
        self.assertEqual(added["clocks"], [
            {"clock": "whole", "change": "changed", "members": [
                {"member": "length",
                 "old": {"days": 60, "count": "natural"},
                 "new": {"days": 45, "count": "natural"}}]}])
        # And so it is when the file is in force.
        _, out, _ = self.diff(world, law)
        self.assertIn("3 keep the law of their day", out)
        self.assertIn("No limit of an open case", out)

    def test_a_version_rewritten_moves_the_limits_of_the_cases_under_it(self):
        world, client, numbers = self.office()
        law = copy.deepcopy(LAW)
        law["versions"][0]["clocks"][0]["length"]["days"] = 45
        law["versions"][0]["clocks"][1]["length"]["days"] = 10
        said = self.diff(world, law, js=True)[0]
        self.assertEqual(said["cases"]["laws"], [
            {"law": "rewritten", "version_old": "2020-01-01",
             "version_new": "2020-01-01", "cases": 3, "changed": 3}])
        # 9 March + 60 = 8 May, + 45 = 23 April; 16 March + 60 = 15 May,
        # + 45 = 30 April; answered on 16 March: + 30 = 15 April, + 10 = 26
        # March.
        day = "2026-%sT00:00:00.000+08:00"
        want = {(numbers[1], "whole"): (day % "05-09", day % "04-24"),
                (numbers[2], "whole"): (day % "05-16", day % "05-01"),
                (numbers[0], "window"): (day % "04-16", day % "03-27")}
        got = {(x["case_no"], x["clock"]): (x["due_old"], x["due_new"])
               for x in said["cases"]["limits"]}
        self.assertEqual(got, want)
        for limit in said["cases"]["limits"]:
            self.assertEqual(limit["change"], "moved")
            self.assertEqual(limit["due_at"], limit["due_old"])
        # Nothing is changed by asking, and what is set stays when the file is
        # put in force.
        before = [client.call("case.get", {"case_no": n}) for n in numbers]
        world.path("old.json", law)
        for process in world.processes:
            if process.name == "docket-deadline":
                process.signal(1)
        client.call("clock.set", {"to": "2026-03-20T09:00:00+08:00",
                                  "settle": True}, 60)
        self.assertEqual([client.call("case.get", {"case_no": n})
                          for n in numbers], before)

    def test_a_version_in_the_past_takes_over_the_cases_since(self):
        world, client, numbers = self.office()
        law = copy.deepcopy(LAW)
        later = copy.deepcopy(LAW["versions"][0])
        later["effective_from"] = "2026-03-10"
        later["clocks"][0]["length"]["days"] = 45
        law["versions"].append(later)
        said = self.diff(world, law, js=True)[0]["cases"]
        self.assertEqual(
            sorted((x["law"], x["cases"], x["changed"]) for x in said["laws"]),
            [("kept", 2, 0), ("replaced", 1, 1)])
        self.assertEqual([x["case_no"] for x in said["limits"]],
                         [numbers[2]])
        _, out, _ = self.diff(world, law, env={"LC_ALL": "C.UTF-8"})
        self.assertRegex(out, r"1 would come under the version from "
                              r"2026-03-10 \(until now: 2020-01-01\)")
        self.assertRegex(out, numbers[2] +
                         r" +whole +2026-05-15 +2026-05-15 +2026-04-30 +moved")

    def test_without_a_broker_the_files_are_compared_on_demand_only(self):
        world = self.world()
        self.old = world.path("old.json", LAW)
        _, out, err = self.diff(world, LAW, "--files-only")
        self.assertIn("unchanged", out)
        self.assertNotIn("Open cases", out)
        new = world.path("new.json", LAW)
        code, out, err = world.ctl(
            "--timeout", 300, "policy", "diff", self.old, new, "--calendar",
            dkworld.policy("calendar-cn.json"), code=69)
        self.assertEqual(out, "")
        self.assertIn("breaks off", err)

    def test_mistakes_of_either_file_are_told(self):
        world = self.world()
        self.old = world.path("old.json", LAW)
        law = copy.deepcopy(LAW)
        law["versions"][0]["clocks"][0]["length"]["days"] = -1
        _, _, err = self.diff(world, law, "--files-only",
                              code=dkworld.EX_CONFIG)
        self.assertIn("new.json: /versions/0/clocks/0/length/days:", err)

    def test_half_a_list_is_not_taken_for_a_whole_one(self):
        world = self.world()
        old = world.path("old.json", LAW)
        argv = [dkworld.program("docket-deadline"), "--policy", old,
                "--calendar", dkworld.policy("calendar-cn.json"), "--diff",
                old, "--cases", "--lang", "en"]
        for text, code, said in (
                (b"", 65, "breaks off"), (b'{"end":1}\n', 65, "missing"),
                (b'{"case_no":1}\n', 65, "line 1"), (b"{", 65, "line 1"),
                (b'{"end":0}\n', 0, "")):
            done = subprocess.run(argv, input=text, capture_output=True,
                                  timeout=30 * dkworld.STRETCH, check=False)
            err = done.stderr.decode()
            self.assertEqual(done.returncode, code, err)
            self.assertIn(said, err)
            self.assertEqual(bool(done.stdout), code == 0)


class Check(dkworld.TestCase):
    def check(self, day, years=None, code=0):
        world = self.world()
        calendar = dkworld.policy("calendar-cn.json")
        if years:
            with open(calendar, encoding="utf-8") as file:
                whole = json.load(file)
            whole["years"] = {y: whole["years"]["2025"] for y in years}
            for year, rest in whole["years"].items():
                whole["years"][year] = dict(rest, holidays=[], workdays=[])
            calendar = world.path("cn.json", whole)
        _, _, err = world.ctl("policy", "check",
                              dkworld.policy("xinfang-2022.json"), calendar,
                              "--today", day, connect=False, code=code)
        return err

    def test_from_november_on_a_missing_next_year_is_warned_of(self):
        self.assertNotIn("begins in", self.check("2026-10-31"))
        self.assertRegex(self.check("2026-11-01"),
                         "warning .*cn.json: /years: .* 2027, which begins in "
                         "61 days")
        self.assertIn("begins in 1 day:", self.check("2026-12-31"))
        self.assertIn("does not know 2027, the year it is",
                      self.check("2027-01-01"))
        self.assertNotIn("begins in",
                         self.check("2026-12-31", ["2026", "2027"]))

    def test_a_day_that_is_none_is_refused(self):
        err = self.check("2026-13-01", code=dkworld.EX_USAGE)
        self.assertIn("--today is a date", err)

    def test_every_year_says_where_it_comes_from(self):
        world = self.world()
        with open(dkworld.policy("calendar-in.json"),
                  encoding="utf-8") as file:
            whole = json.load(file)
        for year in whole["years"].values():
            self.assertIs(year["verified"], False)
            del year["source"]
        calendar = world.path("in.json", whole)
        _, _, err = world.ctl("policy", "check",
                              dkworld.policy("cpgrams-2024.json"), calendar,
                              connect=False, code=dkworld.EX_CONFIG)
        for year in whole["years"]:
            self.assertIn("in.json: /years/%s/source: " % year, err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
