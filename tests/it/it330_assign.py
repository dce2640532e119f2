"""Who answers for a case, and why: leave and delegates, the same matter again,
what cannot wait, units that merge, a table of units, and case numbers.

The whole office is at work; its book is this file's own.
"""

import copy
import json
import os
import shlex
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

dkproto.documented = True
MAY = "2026-05-04T09:00:00+08:00"
SOMEBODY = {"name": "王桂英", "phone": "1380000"}  # is owed a notice
ALL = ("assign", "deadline", "escalate")
BOOK = {
    "format": "docket-units/1", "county": dkworld.COUNTY, "office": "office",
    "default": "office", "leader": {"id": "leader-1", "name": "简书言"},
    "units": [
        {"id": "county", "name": "县政府", "code": "330699",
         "head": {"id": "head-county", "name": "沈望川"}},
        {"id": "office", "name": "信访局", "parent": "county",
         "head": {"id": "head-office", "name": "顾青禾"}},
        {"id": "water", "name": "水务局", "parent": "county",
         "head": {"id": "head-water", "name": "江平野"},
         "handlers": [
             {"id": "w-1", "name": "穆清",
              "away": [{"from": "2026-05-10", "to": "2026-05-24",
                        "delegate": "w-3"}]},
             {"id": "w-2", "name": "连城"},
             {"id": "w-3", "name": "安澜", "absent": False}]},
        {"id": "forest", "name": "林业局", "parent": "county",
         "head": {"id": "head-forest", "name": "木森"},
         "handlers": [{"id": "f-1", "name": "松年"},
                      {"id": "f-2", "name": "柏青"}],
         "valid_to": "2026-06-30", "merged_into": "land"},
        {"id": "land", "name": "自然资源局", "parent": "county",
         "head": {"id": "head-land", "name": "田野"},
         "handlers": [{"id": "f-1", "name": "松年"},
                      {"id": "l-1", "name": "麦秋"}]},
    ],
    "rules": [
        {"id": "shuiwu", "category": "供水", "unit": "water"},
        {"id": "linye", "category": "林业", "unit": "forest"},
    ],
    "urgent": [
        {"id": "jiuyi", "need": "medical", "needs": ["medical"]},
        {"id": "weifang", "need": "safety", "category": "林业/火情"},
    ],
}


class Case(dkworld.TestCase):
    def office(self, services=ALL, now=MAY):
        world = self.world(test_clock=now)
        world.broker.start()
        book = world.path("book.json", BOOK)
        self.at_work = {name: world.service(name, files={"book": book})
                        for name in services}
        return world, world.client(), book

    def case(self, world, client, **fields):
        number = client.submit(**fields)["case_no"]
        world.idle(client)
        return number

    def go(self, client, time):
        client.call("clock.set", {"to": time, "settle": True}, 90)

    def assigned(self, client, number):
        """The latest `assigned` event's body."""
        return [e["body"] for e in client.events(number)
                if e["type"] == "assigned"][-1]


class Rules(Case):
    RULES = [  # the one that says most of a case wins
        {"id": "by-place", "region": "青石镇", "unit": "land"},
        {"id": "by-matter", "category": "供水", "unit": "water"},
        {"id": "both", "region": "青石镇", "category": "供水",
         "unit": "forest"},
        {"id": "by-way", "region": "青石镇", "category": "供水",
         "channel": ["visit"], "unit": "land"},
        {"id": "ideas", "region": "青石镇", "category": "供水",
         "channel": ["visit"], "kind": "suggestion", "unit": "water"},
    ]

    def test_region_category_channel_and_kind_choose_together(self):
        world = self.world(test_clock=MAY)
        world.broker.start()
        book = world.path("book.json", dict(BOOK, rules=self.RULES))
        for name in ALL:
            world.service(name, files={"book": book})
        client = world.client()
        for fields, rule, unit in (
                ({"region": "青石镇"}, "by-place", "land"),
                ({"category": "供水"}, "by-matter", "water"),
                ({"region": "青石镇", "category": "供水/水价"}, "both",
                 "forest"),
                ({"region": "青石镇", "category": "供水",
                  "channel": "visit"}, "by-way", "land"),
                ({"region": "青石镇", "category": "供水", "channel": "visit",
                  "kind": "suggestion"}, "ideas", "water")):
            fields = dict({"category": "别的", "region": "别处"}, **fields)
            body = self.assigned(client, self.case(world, client, **fields))
            self.assertEqual((body["rule"], body["unit"]), (rule, unit),
                             fields)
            self.assertIn("“%s”" % rule, body["why"])

    def test_the_load_of_a_unit_is_shared_evenly(self):
        world, client, _ = self.office()
        had = {}
        for n in range(12):
            body = self.assigned(client, self.case(world, client,
                                                   category="供水"))
            self.assertEqual(body["load"], n // 3)
            had[body["handler"]] = had.get(body["handler"], 0) + 1
        self.assertEqual(had, {"w-1": 4, "w-2": 4, "w-3": 4})

    def test_nobody_judges_itself_in_review(self):
        world, client, _ = self.office()
        number = self.case(world, client, category="供水", persons=[SOMEBODY])
        client.act(number, "accept", notice="受-1")
        client.act(number, "answer", text="t", legal_basis="b")
        client.act(number, "ask_review", actor="petitioner:self", grounds="g")
        world.idle(client)
        body = self.assigned(client, number)
        self.assertEqual((body["unit"], body["rule"]), ("county", "review"))
        with self.problem("respondent", "/unit"):
            client.act(number, "assign", unit="water")


class Leave(Case):
    def test_who_is_on_leave_gets_no_case_and_the_reason_says_so(self):
        world, client, _ = self.office()
        seen = {self.assigned(client, self.case(world, client,
                                                category="供水"))["handler"]
                for _ in range(3)}
        self.assertEqual(seen, {"w-1", "w-2", "w-3"})
        self.go(client, "2026-05-10T00:00:00+08:00")
        for _ in range(3):
            body = self.assigned(client, self.case(world, client,
                                                   category="供水"))
            self.assertIn(body["handler"], ("w-2", "w-3"))
            self.assertEqual(body["rule"], "shuiwu")
            self.assertEqual(
                body["why"], "按规则“shuiwu”，类别“供水”，由“水务局”办理。"
                "未列入候选：穆清（休假至2026年5月24日）。")
        self.go(client, "2026-05-25T00:00:00+08:00")
        body = self.assigned(client, self.case(world, client,
                                               category="供水"))
        self.assertEqual(body["handler"], "w-1")  # the least loaded

    def test_alerts_of_who_is_on_leave_go_to_the_delegate(self):
        world, client, _ = self.office()
        number = self.case(world, client, category="供水", persons=[SOMEBODY])
        client.act(number, "assign", unit="water", handler="w-1")
        world.idle(client)
        self.go(client, "2026-06-20T09:00:00+08:00")
        told = [(e["at"][:10], to) for e in client.events(number)
                if e["type"] == "alert_raised" for to in e["body"]["to"]
                if to.startswith("handler:")]
        self.assertTrue(told)
        days = {"during": 0, "after": 0}
        for day, to in told:
            away = "2026-05-10" <= day <= "2026-05-24"
            self.assertEqual(to, "handler:w-3" if away else "handler:w-1",
                             told)
            days["during" if away else "after"] += 1
        self.assertTrue(all(days.values()), told)

    def test_who_is_complained_about_is_passed_over_by_name(self):
        world, client, _ = self.office()
        number = self.case(world, client, category="供水",
                           respondents=[{"officer": "连城"}])
        body = self.assigned(client, number)
        self.assertIn(body["handler"], ("w-1", "w-3"))
        self.assertIn("未列入候选：连城（在本案中被反映）。", body["why"])
        number = self.case(world, client, category="供水",
                           respondents=[{"officer": "江平野"}])
        body = self.assigned(client, number)
        self.assertEqual(body["unit"], "county")
        self.assertIn("“水务局”的负责人在本案中被反映，改由“县政府”办理。",
                      body["why"])


class Repeats(Case):
    def test_the_same_matter_again_goes_to_the_same_handler(self):
        world, client, _ = self.office()
        first = self.case(world, client, category="供水")
        handler = self.assigned(client, first)["handler"]
        for _ in range(3):  # though others are less loaded
            again = self.case(world, client, category="林业", repeat_of=first)
            body = self.assigned(client, again)
            self.assertEqual((body["unit"], body["handler"], body["rule"]),
                             ("water", handler, "repeat"))
            self.assertIn("与案件%s为同一事项重复信访" % first, body["why"])

    def test_on_leave_another_of_the_same_unit_has_it(self):
        world, client, _ = self.office()
        first = self.case(world, client, category="供水")
        client.act(first, "assign", unit="water", handler="w-1")
        world.idle(client)
        self.go(client, "2026-05-12T09:00:00+08:00")
        body = self.assigned(client, self.case(world, client,
                                               repeat_of=first))
        self.assertEqual(body["unit"], "water")
        self.assertIn(body["handler"], ("w-2", "w-3"))
        self.assertIn("原承办人穆清（休假至2026年5月24日）", body["why"])

    def test_a_link_while_the_case_waits_sends_it_there(self):
        world, client, _ = self.office()
        first = self.case(world, client, category="供水")
        waits = self.case(world, client, category="没有规则")
        self.assertEqual(client.call("case.get", {"case_no": waits})["state"],
                         "registered")
        client.act(waits, "link", relation="group", to=first)
        world.idle(client)
        self.assertEqual(client.call("case.get", {"case_no": waits})["unit"],
                         "office")  # a group moves nothing
        client.act(waits, "link", relation="repeat", to=first)
        world.idle(client)
        case = client.call("case.get", {"case_no": waits})
        self.assertEqual((case["unit"], case["rule"], case["state"]),
                         ("water", "repeat", "transferred"))

    def test_a_link_takes_no_case_away_from_its_unit(self):
        world, client, _ = self.office()
        first = self.case(world, client, category="供水")
        other = self.case(world, client, category="林业")
        client.act(other, "link", relation="repeat", to=first)
        world.idle(client)
        self.assertEqual(client.call("case.get", {"case_no": other})["unit"],
                         "forest")


class Urgent(Case):
    def prioritised(self, client, number):
        types = [e["type"] for e in client.events(number)]
        if "prioritised" not in types:
            return None
        self.assertLess(types.index("prioritised"), types.index("assigned"))
        return [e["body"] for e in client.events(number)
                if e["type"] == "prioritised"][0]

    def test_what_cannot_wait_is_put_first_by_rule(self):
        world, client, _ = self.office()
        told = self.case(world, client, category="供水", needs=["medical"])
        body = self.prioritised(client, told)
        self.assertEqual((body["need"], body["rule"]), ("medical", "jiuyi"))
        self.assertIn("按急办规则“jiuyi”", body["why"])
        fire = self.case(world, client, category="林业/火情")
        self.assertEqual(self.prioritised(client, fire)["need"], "safety")
        self.assertEqual(client.call("case.get", {"case_no": fire})["urgent"],
                         "safety")

    def test_numbers_channel_and_repetition_put_nothing_first(self):
        world, client, _ = self.office()
        first = self.case(world, client, category="供水")
        for fields in ({"petitioners": 5000}, {"channel": "visit"},
                       {"repeat_of": first},
                       {"import": True,
                        "submitted_at": "2026-05-03T09:00:00+08:00"}):
            number = self.case(world, client, category="供水", **fields)
            self.assertIsNone(self.prioritised(client, number), fields)

    def test_a_book_that_weighs_by_numbers_is_refused(self):
        world, _, _ = self.office(services=())
        for member in ("petitioners", "channel", "repeats"):
            book = copy.deepcopy(BOOK)
            book["urgent"][0][member] = 50
            path = world.path("wrong.json", book)
            check = world.spawn("docket-assign", "--book", path, "--check")
            self.assertEqual(check.wait(), dkworld.EX_CONFIG)
            self.assertRegex(check.errors(), r"/urgent/0/%s: urgency is a "
                             "matter's, never that of how many" % member)


class Merger(Case):
    def test_a_merged_units_matters_go_to_who_took_over(self):
        world, client, book = self.office()
        before = self.case(world, client, category="林业")
        client.act(before, "assign", unit="forest", handler="f-1")
        done = self.case(world, client, category="林业")
        client.act(done, "accept")
        client.act(done, "settle", manner="on_the_spot", text="当场化解")
        world.idle(client)
        code, out, _ = world.ctl("--lang", "en", "units", "check", book)
        self.assertIn("no open case is with a closed unit", out)

        self.go(client, "2026-07-01T00:00:00+08:00")
        after = self.assigned(client, self.case(world, client,
                                                category="林业"))
        self.assertEqual((after["unit"], after["rule"]), ("land", "linye"))
        self.assertIn("“林业局”存续至2026年6月30日，已并入“自然资源局”",
                      after["why"])

        code, out, err = world.ctl("--lang", "zh-CN", "units", "check", book,
                                   code=1)
        lines = [line.strip() for line in out.splitlines()
                 if "docketctl act" in line]
        self.assertEqual(len(lines), 1, out + err)
        self.assertIn(before, lines[0])
        self.assertNotIn(done, out)
        words = shlex.split(lines[0].replace("office:ID", "office:gu"))
        self.assertEqual(words[0], "docketctl")
        world.ctl(*words[1:])
        body = self.assigned(client, before)
        self.assertEqual((body["unit"], body["handler"], body["rule"]),
                         ("land", "f-1", "merged"))
        self.assertIn("由原承办人松年继续办理", body["why"])
        world.ctl("units", "check", book)
        self.assertEqual(world.ctl("units", "check", book, js=True), [])

    def test_alerts_reach_the_head_of_who_took_over(self):
        world, client, _ = self.office(now="2026-06-25T09:00:00+08:00")
        number = self.case(world, client, category="林业", persons=[SOMEBODY])
        client.act(number, "assign", unit="forest", handler="f-2")
        world.idle(client)
        self.go(client, "2026-08-01T09:00:00+08:00")
        told = {to for e in client.events(number)
                if e["type"] == "alert_raised" and e["at"] >= "2026-07"
                for to in e["body"]["to"]}
        self.assertTrue(told)
        # Who did not move with it is not told, but the new head.
        self.assertEqual({to.split(":")[1] for to in told
                          if to.startswith(("handler", "unit_head"))},
                         {"head-land"})


class Table(Case):
    CSV = ("\ufeff编码,编号,名称,上级,类型,更名日期\r\n"
           ",water,水利局,,部门,2026-05-01\r\n"
           "330699101,qs,青石镇,county,镇,\r\n"
           "330699101201,,\"桃花村, 原白石村\",qs,村,\r\n")

    def test_units_come_from_a_table_into_a_book_in_use(self):
        world, client, book = self.office()
        os.chmod(book, 0o640)
        with open(book, "rb") as file:
            old = file.read()
        table = world.path("units.csv", self.CSV)
        code, out, _ = world.ctl("--lang", "zh-CN", "units", "import", table,
                                 "--into", book, "--dry-run")
        self.assertRegex(out, "新增 +330699101201 +桃花村")
        with open(book, "rb") as file:
            self.assertEqual(file.read(), old)
        world.ctl("units", "import", table, "--into", book)
        self.assertEqual(os.stat(book).st_mode & 0o7777, 0o640)
        self.assertEqual([n for n in os.listdir(world.folder)
                          if n.startswith("book.json")], ["book.json"])
        with open(book, encoding="utf-8") as file:
            new = json.load(file)
        for key in BOOK:
            if key != "units":
                self.assertEqual(new[key], BOOK[key])
        self.assertEqual(len(new["units"]), len(BOOK["units"]) + 2)
        water = next(u for u in new["units"] if u["id"] == "water")
        self.assertEqual(water["former_names"],
                         [{"name": "水务局", "until": "2026-04-30"}])
        self.assertEqual(water["handlers"], BOOK["units"][2]["handlers"])

        self.at_work["assign"].signal(1)  # SIGHUP: the book anew

        def named():
            number = self.case(world, client, category="供水")
            return "由“水利局”办理" in self.assigned(client, number)["why"]
        dkworld.until(named, 20, "the new name", every=0.2)
        changes = world.ctl("units", "import", table, "--into", book, js=True)
        self.assertEqual((changes[0]["same"], changes[0]["written"]),
                         (3, False))

    def test_a_wrong_table_changes_nothing_and_names_every_cell(self):
        world, _, book = self.office(services=())
        with open(book, "rb") as file:
            old = file.read()
        table = world.path("wrong.csv", "编码,名称,上级,撤销日期\n"
                           "330698101,错镇,county,\n"
                           "330699102,,county,2026/6/30\n"
                           "330699103,某镇,countyy,\n")
        code, out, err = world.ctl("units", "import", table, "--into", book,
                                   code=dkworld.EX_DATAERR)
        for part in (r"line 2, column 1 \(编码\): 330698101 is not below",
                     r"line 3, column 2 \(名称\): the unit has no name",
                     r"line 3, column 4 \(撤销日期\): .* write 2026-06-30",
                     r"line 4, column 3 \(上级\): .* did you mean \"county\""):
            self.assertRegex(err, part)
        self.assertEqual(out, "")
        with open(book, "rb") as file:
            self.assertEqual(file.read(), old)
        world.ctl("units", "import", world.path("none.csv"), code=66)
        self.assertEqual(os.listdir(world.folder).count("book.json"), 1)


class Numbers(Case):
    def test_a_days_numbers_have_no_gaps_whatever_happens(self):
        world = self.world(test_clock="2026-05-04T23:00:00+08:00")
        world.broker.start()
        numbers = []

        def some(client, n):
            for _ in range(n):
                numbers.append(client.submit()["case_no"])
                with self.problem("bad-field"):  # takes no number
                    client.submit(channel="pigeon")
        some(world.client(), 20)
        # A second broker does not count beside the first.
        second = world.spawn(
            "docketd", "--data", world.broker.data, "--clients",
            "ipc://%s/c2" % world.folder, "--workers",
            "ipc://%s/w2" % world.folder, "--county", world.county,
            "--test-clock", "2026-05-04T23:00:00+08:00")
        self.assertEqual(second.wait(), dkworld.EX_TEMPFAIL)
        world.broker.kill()
        world.broker.start()
        some(world.client(), 20)
        world.broker.stop()  # and another takes over
        world.broker.start()
        client = world.client()
        some(client, 10)
        self.assertEqual(numbers, [dkproto.case_no(world.county, "20260504",
                                                   i + 1) for i in range(50)])
        client.call("clock.set", {"to": "2026-05-05T00:00:00+08:00"})
        self.assertEqual(client.submit()["case_no"],
                         dkproto.case_no(world.county, "20260505", 1))
        for number in numbers:
            self.assertRegex(number, r"^330699-20260504-\d{6}-\d$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
