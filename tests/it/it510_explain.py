"""docketctl explain: who has a case and why, and each limit's arithmetic, with
the whole office at work; every sum is held against the due time that is kept.
"""

import datetime
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

APRIL = "2026-04-01T09:00:00+08:00"
ALL = ("assign", "deadline", "escalate")
PERSON = {"name": "王桂英", "phone": "13800000000", "address": "云岸县石桥镇"}
ANSWER = {"text": "处理意见", "legal_basis": "《信访工作条例》第三十四条"}
BOOK = {
    "format": "docket-units/1", "county": dkworld.COUNTY, "office": "office",
    "default": "office", "leader": {"id": "leader-1", "name": "简书言"},
    "units": [
        {"id": "city", "name": "市政府",
         "head": {"id": "head-city", "name": "方正"}},
        {"id": "county", "name": "县政府", "code": "330699", "parent": "city",
         "head": {"id": "head-county", "name": "沈望川"}},
        {"id": "office", "name": "信访局", "parent": "county",
         "head": {"id": "head-office", "name": "顾青禾"}},
        {"id": "water", "name": {"zh-CN": "水务局", "en": "Water Bureau"},
         "parent": "county",
         "head": {"id": "head-water", "name": "江平野"},
         "handlers": [
             {"id": "w-1", "name": "穆清",
              "away": [{"from": "2026-03-20", "to": "2026-04-24",
                        "delegate": "w-3"}]},
             {"id": "w-2", "name": "连城"},
             {"id": "w-3", "name": "安澜"}]},
    ],
    "rules": [{"id": "shuiwu", "category": "供水", "unit": "water"}],
    "urgent": [{"id": "jiuyi", "need": "medical", "needs": ["medical"]}],
}


class Case(dkworld.TestCase):
    def office(self, now=APRIL, services=ALL):
        world = self.world(test_clock=now)
        world.broker.start()
        self.files = dict(world.files(), book=world.path("book.json", BOOK))
        for name in services:
            world.service(name, files={"book": self.files["book"]})
        return world, world.client()

    def case(self, world, client, **fields):
        fields.setdefault("category", "供水")
        fields.setdefault("persons", [PERSON])
        number = client.submit(**fields)["case_no"]
        world.idle(client)
        return number

    def act(self, world, client, number, action, **fields):
        client.act(number, action, **fields)
        world.idle(client)

    def go(self, client, day, at="T09:00:00+08:00"):
        client.call("clock.set", {"to": day + at, "settle": True}, 90)

    def argv(self, number, **files):
        argv = ["explain", number]
        for name, path in dict(self.files, **files).items():
            argv += ["--" + name, path]
        return argv

    def text(self, world, number, lang="en", **files):
        return world.ctl("--lang", lang, *self.argv(number, **files))[1]

    def json(self, world, number, **files):
        return world.ctl(*self.argv(number, **files), js=True)[0]

    def limit(self, text, clock):
        """The part of the text about one clock."""
        parts = [p for p in text.split("\n\n") if
                 p.strip().split("\n")[0].count("(%s)" % clock) or
                 p.strip().split("\n")[0].count("（%s）" % clock)]
        self.assertEqual(len(parts), 1, text)
        return parts[0].rstrip("\n") + "\n"

    def checked(self, world, client, number):
        """What is kept and what is told are the same; the explanation."""
        told = self.json(world, number)
        case = client.call("case.get", {"case_no": number})
        self.assertEqual(told["n"], case["n"])
        self.assertFalse(told["differs_from_events"])
        self.assertEqual((told["missing"], told["troubles"]), ([], []))
        have = {(c["clock"], c["no"]): c for c in case["clocks"]}
        seen = set()
        for clock in told["clocks"]:
            self.assertTrue(clock["agrees"], clock)
            last = None
            for setting in clock["set"]:
                self.assertTrue(setting["agrees"], setting)
                self.assertTrue(setting["sums_agree"], setting)
                for one in setting["sums"]:
                    self.count(one)
                    last = one["last_day"]
                self.assertEqual(last, setting["last_day"])
            ends = datetime.date.fromisoformat(last) + \
                datetime.timedelta(days=1)
            self.assertEqual(clock["due_at"],
                             "%sT00:00:00.000+08:00" % ends.isoformat())
            key = clock["clock"], clock["no"]
            if key in have:
                seen.add(key)
                self.assertEqual(clock["due_at"], have[key]["due_at"])
                self.assertEqual(clock["state"], have[key]["state"])
        self.assertEqual(seen, set(have))
        return told

    def count(self, one):
        """A sum, done by hand."""
        counted, at = one["counted_before"], None
        for run in one["stretches"]:
            first = datetime.date.fromisoformat(run["from"])
            last = datetime.date.fromisoformat(run["to"])
            if at is not None:
                self.assertEqual(first, at + datetime.timedelta(days=1))
            self.assertEqual((last - first).days + 1, run["days"])
            if run["kind"] == "counted":
                counted += run["days"]
            self.assertEqual(counted, run["counted"])
            at = last
        self.assertEqual(counted, one["days"])
        self.assertEqual(at.isoformat(), one["counted_to"])
        self.assertEqual(one["moved"], one["last_day"] != one["counted_to"])


class Who(Case):
    def test_the_story_of_an_assignment(self):
        world, client = self.office()
        number = self.case(world, client,
                           respondents=[{"officer": "连城"}])
        text = self.text(world, number, "zh-CN")
        self.assertIn("分派（worker:assign）：水务局（water），承办人安澜（"
                      "w-3），当时在办0件\n        规则“shuiwu”：按规则“"
                      "shuiwu”，类别“供水”，由“水务局”办理。", text)
        # Neither who is on leave nor who is complained about.
        self.assertRegex(text, "未列入候选：.*穆清（休假至2026年4月24日）")
        self.assertRegex(text, "未列入候选：.*连城（在本案中被反映）")
        self.assertIn("状态：已转送。等待水务局（water）受理、不予受理或提出"
                      "异议。", text)
        english = self.text(world, number)
        self.assertIn("  With: Water Bureau (water), handler 安澜 (w-3).\n",
                      english)
        self.assertIn("Water Bureau (water), handler 安澜 (w-3), who had 0 "
                      "cases then\n        rule shuiwu: ", english)
        self.assertIn("until the unit accepts it, the office that transferred "
                      "it answers for it", english)
        told = self.checked(world, client, number)
        self.assertEqual((told["state"], told["waits_for"], told["owner"],
                          told["unit"]),
                         ("transferred", "unit", "office", "water"))
        step = next(s for s in told["steps"] if s["type"] == "assigned")
        self.assertEqual((step["rule"], step["handler"], step["load"]),
                         ("shuiwu", "w-3", 0))

        self.act(world, client, number, "accept", notice="受-1")
        told = self.checked(world, client, number)
        self.assertEqual((told["owner"], told["handler"]), ("water", "w-3"))
        accepted = next(s for s in told["steps"] if s["type"] == "accepted")
        self.assertEqual(told["owner_since"], accepted["n"])

    def test_what_nobody_has_a_rule_for(self):
        world, client = self.office()
        number = self.case(world, client, category="没有规则")
        text = self.text(world, number)
        self.assertIn("State: registered. It waits for office to transfer it "
                      "or hand it over.", text)
        self.assertIn("until a unit accepts it the office answers for it",
                      text)
        self.act(world, client, number, "assign", unit="water", handler="w-2")
        self.assertIn("人工分派，未用规则", self.text(world, number, "zh-CN"))

    def test_what_cannot_wait(self):
        world, client = self.office()
        number = self.case(world, client, needs=["medical"])
        text = self.text(world, number)
        self.assertRegex(text, "Urgency: told at the submission: medical "
                         r"need. Put first for medical need, by rule jiuyi: "
                         r".*\(event \d+, 2026-04-01 09:00, worker:assign\)")
        told = self.checked(world, client, number)
        self.assertEqual((told["needs"], told["urgent"]),
                         (["medical"], "medical"))
        other = self.case(world, client, needs=["wages"])
        self.assertIn("提交时自述：节前欠薪", self.text(world, other, "zh-CN"))
        self.assertIn("没有规则将其列为急办。",
                      self.text(world, other, "zh-CN"))

    def test_the_same_matter_again(self):
        world, client = self.office()
        first = self.case(world, client)
        again = self.case(world, client, repeat_of=first)
        text = self.text(world, again, "zh-CN")
        self.assertIn("重复：与前案%s为同一事项，前案由水务局（water）" % first,
                      text)
        self.assertIn("规则“repeat”：与案件%s为同一事项重复信访" % first, text)
        self.assertIn("Repeated: later cases of the same matter: 1.", self.text(world, first))
        self.assertEqual(self.checked(world, client, again)["repeat_of"],
                         first)

    def test_review_goes_to_the_body_above(self):
        world, client = self.office()
        number = self.case(world, client)
        self.act(world, client, number, "accept", notice="受-1")
        self.act(world, client, number, "answer", **ANSWER)
        self.act(world, client, number, "ask_review", actor="petitioner:self",
                 grounds="不服")
        text = self.text(world, number, "zh-CN")
        self.assertIn("责任：县政府（county）。由其承担复查、复核", text)
        self.assertIn("规则“review”：由“水务局”的上一级“县政府”复查。", text)
        self.assertIn("原由水务局（water）办理", text)
        english = self.text(world, number)
        self.assertIn("State: in review. It waits for ", english)
        self.assertIn("taken from Water Bureau (water)", english)
        self.assertEqual(self.checked(world, client, number)["owner"],
                         "county")


class Limits(Case):
    def test_a_whole_life_and_each_of_its_limits(self):
        world, client = self.office()
        number = self.case(world, client)
        self.checked(world, client, number)
        # 2 and 3 April, the 4th to 6th is Qingming, 7, 8 and 9 April.
        told = self.limit(self.text(world, number), "object")
        self.assertIn("2 April to 3 April: 2 working days, to day 2\n", told)
        self.assertIn("4 April to 6 April: 3 days of a holiday, not counted\n",
                      told)
        self.assertIn("due         2026-04-09 24:00; from 2026-04-10 00:00 on "
                      "it is too late to ask\n", told)
        self.act(world, client, number, "accept", notice="受-1")
        # 1 April + 60 is Sun 31 May.
        told = self.limit(self.text(world, number), "conclude")
        self.assertIn("2026-05-31 (Sun), a day of rest; moved to 2026-06-01 "
                      "(Mon)\n", told)
        self.go(client, "2026-05-11")
        self.act(world, client, number, "suspend", ground="hearing",
                 reason="听证")
        self.assertIn("held", [c["state"] for c in self.checked(
            world, client, number)["clocks"]])
        self.go(client, "2026-05-21")
        self.act(world, client, number, "resume")
        self.act(world, client, number, "extend", days=30, reason="复杂",
                 approved_by="head-water")
        told = self.limit(self.text(world, number, "zh-CN"), "conclude")
        self.assertIn("5月12日至5月21日，听证：10天不计，续数到第70天\n", told)
        self.assertIn("批准人江平野（head-water）",
                      self.text(world, number, "zh-CN"))
        self.assertIn("    届满      2026-07-10 24:00；", told)
        self.assertIn("不能再延期", told)
        self.checked(world, client, number)
        self.go(client, "2026-07-14")
        told = self.limit(self.text(world, number), "conclude")
        self.assertIn("Conclude (conclude): running, late\n", told)
        self.assertRegex(told, r"2026-07-10 24:00  overdue  overdue → handler "
                         r"\S+ \(w-\d\), unit head 江平野 \(head-water\), "
                         r"office; alert \d+, not acknowledged\n")
        self.assertRegex(told, "repeats     from .* 3 times so far: ")
        alerts = client.call("alert.list", {"case_no": number})["items"]
        for alert in alerts:
            client.call("alert.ack", {"alert_id": alert["alert_id"],
                                      "actor": "officer:jiang"})
        world.idle(client)
        self.assertRegex(self.limit(self.text(world, number), "conclude"),
                         r"acknowledged 2026-07-14 09:00 by jiang")
        self.act(world, client, number, "answer", **ANSWER)
        told = self.limit(self.text(world, number), "conclude")
        self.assertRegex(told, "stopped     2026-07-14 09:00: event [0-9]+, "
                         "answered; 4 days late\n")
        self.checked(world, client, number)
        self.act(world, client, number, "ask_review", actor="petitioner:self",
                 grounds="不服")
        self.go(client, "2026-07-30")
        self.act(world, client, number, "review", result="upheld", text="维持")
        self.act(world, client, number, "ask_re_review",
                 actor="petitioner:self", grounds="不服")
        told = self.checked(world, client, number)
        names = {c["clock"] for c in told["clocks"]}
        self.assertTrue({"transfer", "notice", "object", "conclude", "review",
                         "review-window", "re-review"} <= names, names)

    def test_an_imported_case_by_its_own_times(self):
        world, client = self.office()
        number = self.case(
            world, client, submitted_at="2026-02-09T10:00:00+08:00",
            **{"import": True})
        told = self.limit(self.text(world, number), "transfer")
        self.assertIn("starts      2026-02-09 10:00: event 1, submitted; "
                      "recorded 2026-04-01 09:00, claimed 2026-02-09 10:00, "
                      "which counts\n", told)
        self.assertIn("历史导入", self.text(world, number, "zh-CN"))
        self.checked(world, client, number)


class Other(Case):
    def newer(self, world, days=45, since="2022-05-01"):
        with open(self.files["policy"], encoding="utf-8") as file:
            policy = json.load(file)
        policy["id"] = "newer"
        version = policy["versions"][-1]
        version["effective_from"] = since
        for clock in version["clocks"]:
            if clock["id"] == "conclude":
                clock["length"]["days"] = days
        policy["versions"] = [version]
        return world.path("newer.json", policy)

    def test_a_policy_newer_than_the_one_it_was_decided_by(self):
        world, client = self.office()
        number = self.case(world, client)
        self.act(world, client, number, "accept", notice="受-1")
        path = self.newer(world)
        # 1 April + 45 is Sat 16 May, moves to Mon 18.
        told = self.limit(self.text(world, number, policy=path), "conclude")
        self.assertRegex(
            told, r"DIFFERS     event \d+ set 2026-06-01 24:00, by the files "
            r"given it is 2026-05-18 24:00 \(set by policy xinfang-2022, "
            r"given is newer\)\n")
        self.assertNotIn("checked", told)
        self.assertIn("不符", self.limit(self.text(
            world, number, "zh-CN", policy=path), "conclude"))
        by_id = {c["clock"]: c for c in self.json(
            world, number, policy=path)["clocks"]}
        self.assertFalse(by_id["conclude"]["agrees"])
        self.assertEqual(by_id["conclude"]["policy"], "xinfang-2022")
        self.assertTrue(by_id["transfer"]["agrees"])
        self.checked(world, client, number)

    def test_a_policy_that_is_not_in_force_yet(self):
        world, client = self.office()
        number = self.case(world, client)
        path = self.newer(world, since="2026-05-01")
        text = self.text(world, number, policy=path)
        self.assertIn('policy "newer" has no version in force on 2026-04-01',
                      text)
        told = self.json(world, number, policy=path)
        self.assertTrue(told["troubles"])
        self.assertEqual({c["agrees"] for c in told["clocks"]}, {False})

    def test_a_limit_that_nobody_has_set_yet(self):
        world, client = self.office(services=("assign",))
        number = client.submit(category="供水")["case_no"]
        # 1 April + 15 is Thu 16 April.
        self.assertRegex(self.text(world, number),
                         r"MISSING: event 1 calls for .* \(transfer\) until "
                         r"2026-04-16 24:00, and the case has none: see "
                         r"docketctl tasks")
        self.assertEqual([m["clock"] for m in self.json(
            world, number)["missing"]][:1], ["transfer"])

    def test_what_is_asked_wrongly(self):
        world, client = self.office(services=())
        number = client.submit(category="供水")["case_no"]
        none = dkproto.case_no(world.county, "20260401", 9)
        for wrong, words in ((none, "没有"), ("nonsense", "不是案件编号")):
            code, out, err = world.ctl("--lang", "zh-CN", *self.argv(wrong),
                                       code=None)
            self.assertNotEqual(code, 0)
            self.assertEqual(out, "")
            self.assertIn(words, err)
        missing = world.path("none.json")
        code, out, err = world.ctl(*self.argv(number, policy=missing),
                                   code=None)
        self.assertIn("none.json", err)
        self.assertNotEqual(code, 0)
        broken = world.path("broken.json", "{")
        code, out, err = world.ctl(*self.argv(number, book=broken), code=None)
        self.assertIn("broken.json", err)
        self.assertNotEqual(code, 0)
        code, _, err = world.ctl("explain", code=64)

    def test_without_a_book_ids_stand_for_names(self):
        world, client = self.office()
        number = self.case(world, client)
        del self.files["book"]
        text = self.text(world, number, "zh-CN")
        if os.path.exists("/etc/docket/units.json"):
            self.skipTest("this machine has a book of its own")
        self.assertIn("：water，承办人w-", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
