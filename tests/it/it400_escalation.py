"""Who hears of a limit, who never does, and who took note.

The made-up book is tests/support/files/book.json, the ladder that of
policy/xinfang-2022.json.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

dkproto.documented = True
MAY = "2026-05-01T09:00:00+08:00"
ANSWER = {"text": "处理意见", "legal_basis": "《信访工作条例》第三十四条"}
ALL = ("assign", "deadline", "escalate")


class Case(dkworld.TestCase):
    def office(self):
        return self.started(ALL, test_clock=MAY)

    def case(self, world, client, **fields):
        fields.setdefault("persons", [{"name": "王桂英",
                                       "phone": "13800000000"}])
        number = client.submit(**fields)["case_no"]
        world.idle(client)
        return number

    def go(self, client, day):
        client.call("clock.set", {"to": day + "T09:00:00+08:00",
                                  "settle": True}, 90)

    def alerts(self, client, number, clock=None, again=False):
        """[(clock, rung, level, day raised, roles told)]; with `again` only
        those that tell it again, else only the others."""
        found = []
        for event in client.events(number):
            body = event["body"]
            if event["type"] == "alert_raised" and \
                    clock in (None, body["clock"]) and \
                    again == (body["rung"] == "repeat"):
                found.append((body["clock"], body["rung"], body["level"],
                              event["at"][:10], body["to"]))
        return found


class Ladder(Case):
    def test_each_rung_tells_the_roles_of_the_ladder(self):
        world, client = self.office()
        number = self.case(world, client, category="供水")
        handler = client.call("case.get", {"case_no": number})["handler"]
        self.assertIn(handler, ("w-1", "w-2"))
        self.go(client, "2026-08-01")
        me, head = "handler:" + handler, "unit_head:head-water"
        # Transferred on 1 May; 15 days end on 16 May, a Saturday: 18 May.
        self.assertEqual(self.alerts(client, number, "notice"), [
            ("notice", "yellow", "yellow", "2026-05-12", [me]),
            ("notice", "red", "red", "2026-05-15", [me, head]),
            ("notice", "overdue", "overdue", "2026-05-19",
             [me, head, "office:office"]),
            ("notice", "overdue_7", "long_overdue", "2026-05-26",
             [me, head, "office:office", "leader:leader-1"]),
            ("notice", "overdue_30", "long_overdue", "2026-06-18",
             [me, head, "office:office", "leader:leader-1",
              "bulletin:u-water"])])
        # Told again each day from the day after, 20 May, to 1 August: 12, 30,
        # 31 and 1 days, but for the two on which a step says more.
        again = self.alerts(client, number, "notice", True)
        self.assertEqual([a[3] for a in again[:3]],
                         ["2026-05-20", "2026-05-21", "2026-05-22"])
        self.assertEqual(again[-1][3:], ("2026-08-01",
                                         [me, head, "office:office"]))
        self.assertEqual({a[2] for a in again}, {"overdue", "long_overdue"})
        self.assertNotIn("2026-05-26", [a[3] for a in again])
        self.assertEqual(len(again), 74 - 2)

    def test_the_text_is_for_people_in_two_languages(self):
        world, client = self.office()
        number = self.case(world, client, category="供水")
        self.go(client, "2026-06-01")
        for alert in client.pages("alert.list", {"case_no": number}):
            self.assertRegex(alert["text"]["zh-CN"], dkproto.CJK)
            self.assertIn(number, alert["text"]["zh-CN"])
            self.assertIn(number, alert["text"]["en"])
            self.assertNotRegex(alert["text"]["en"], dkproto.CJK)
            self.assertIn("水务局", alert["text"]["zh-CN"])

    def test_the_petitioners_window_is_a_reminder_to_the_petitioner(self):
        world, client = self.office()
        number = self.case(world, client, category="供水",
                           persons=[{"name": "王桂英", "phone": "1380000"}])
        client.act(number, "accept")
        client.act(number, "answer", **ANSWER)
        world.idle(client)
        self.go(client, "2026-06-30")
        told = self.alerts(client, number, "review-window")
        self.assertEqual([(t[1], t[2]) for t in told],
                         [("remind", "reminder")])
        self.assertEqual([who.split(":")[0] for who in told[0][4]],
                         ["petitioner"])
        for event in client.events(number):
            self.assertNotIn("王桂英", str(event["body"].get("to")))
        self.assertEqual(client.call("case.get", {"case_no": number})
                         ["state"], "closed")

    def test_the_office_itself_is_alerted_when_it_does_not_pass_on(self):
        world, client = self.started(("deadline", "escalate"),
                                     test_clock=MAY)
        number = client.submit(category="供水")["case_no"]
        # Nobody assigns: the office's own limit runs.
        self.go_without_assign(world, client, number)
        told = self.alerts(client, number, "transfer")
        self.assertEqual([t[1] for t in told],
                         ["yellow", "red", "overdue", "overdue_7"])
        self.assertEqual(told[0][4], ["office:office"])
        self.assertEqual(told[2][4], ["office:office", "leader:leader-1"])
        self.assertEqual({a[4][0] for a in self.alerts(
            client, number, "transfer", True)}, {"office:office"})

    def go_without_assign(self, world, client, number):
        """Day by day: the clock cannot settle while a task is open."""
        for day in range(2, 28):
            client.call("clock.set", {"to": "2026-05-%02dT09:00:00+08:00" %
                                      day})
            dkworld.until(lambda: not [
                t for t in client.pages("task.list")
                if t["service"] != "assign"], 10, "the other services")

    def test_an_imported_old_case_keeps_the_law_of_its_day(self):
        world, client = self.office()
        number = self.case(world, client, category="供水",
                           submitted_at="2021-03-01T10:00:00+08:00",
                           **{"import": True})
        sets = [e["body"] for e in client.events(number)
                if e["type"] == "clock_set"]
        self.assertEqual({s["version"] for s in sets}, {"2005-05-01"})
        self.assertNotIn("object", [s["clock"] for s in sets])
        new = self.case(world, client, category="供水")
        sets = [e["body"] for e in client.events(new)
                if e["type"] == "clock_set"]
        self.assertEqual({s["version"] for s in sets}, {"2022-05-01"})


class Respondents(Case):
    def everyone_told(self, client, number):
        told = set()
        for again in (False, True):
            for _, _, _, _, to in self.alerts(client, number, again=again):
                told.update(who.split(":", 1)[1] for who in to)
        return told

    def test_the_unit_complained_about_gets_neither_case_nor_alert(self):
        world, client = self.office()
        number = self.case(world, client, category="供水",
                           respondents=[{"unit": "u-water"}])
        case = client.call("case.get", {"case_no": number})
        self.assertEqual(case["unit"], "county")
        self.go(client, "2026-08-01")
        told = self.everyone_told(client, number)
        self.assertTrue(told)
        self.assertFalse(told & {"w-1", "w-2", "head-water", "u-water"},
                         told)

    def test_an_officer_complained_about_is_never_chosen_nor_told(self):
        for officer in ("w-1", "w-2", "head-water"):
            world, client = self.office()
            numbers = [self.case(world, client, category="供水",
                                 respondents=[{"officer": officer}])
                       for _ in range(4)]
            self.go(client, "2026-08-01")
            for number in numbers:
                case = client.call("case.get", {"case_no": number})
                self.assertNotEqual(case["handler"], officer)
                self.assertNotIn(officer,
                                 self.everyone_told(client, number))

    def test_the_leader_complained_about_is_not_told(self):
        world, client = self.office()
        number = self.case(world, client, category="供水", respondents=[
            {"officer": "leader-1"}, {"officer": "head-office"}])
        self.go(client, "2026-08-01")
        told = self.everyone_told(client, number)
        self.assertFalse(told & {"leader-1", "head-office"}, told)
        self.assertIn("overdue", [a[1] for a in
                                  self.alerts(client, number)])

    def test_a_chain_of_respondents_goes_up_to_the_office(self):
        world, client = self.office()
        number = self.case(world, client, category="供水", respondents=[
            {"unit": "u-water"}, {"unit": "county"}])
        case = client.call("case.get", {"case_no": number})
        self.assertNotIn(case["unit"], ("u-water", "county"))
        self.assertEqual(client.call("task.list", {"dead": True})["items"],
                         [])
        self.go(client, "2026-08-01")
        told = self.everyone_told(client, number)
        self.assertFalse(told & {"w-1", "w-2", "head-water", "u-water",
                                 "head-county", "county"}, told)


class Assignment(Case):
    def test_the_most_specific_rule_and_the_least_loaded_handler(self):
        world, client = self.office()
        handlers = []
        for _ in range(6):
            number = self.case(world, client, category="供水/水质")
            handlers.append(client.call(
                "case.get", {"case_no": number})["handler"])
        self.assertEqual(sorted(handlers), ["w-1"] * 3 + ["w-2"] * 3)
        other = self.case(world, client, category="别的")
        self.assertEqual(client.call("case.get", {"case_no": other})
                         ["unit"], "u-roads")
        third = self.case(world, client)
        self.assertEqual(client.call("case.get", {"case_no": third})
                         ["unit"], "u-roads")

    def test_an_ended_case_no_longer_counts_as_load(self):
        world, client = self.office()
        first = self.case(world, client, category="供水")
        second = self.case(world, client, category="供水")
        chosen = [client.call("case.get", {"case_no": n})["handler"]
                  for n in (first, second)]
        self.assertEqual(len(set(chosen)), 2)
        client.act(second, "withdraw", document="撤-1")
        third = self.case(world, client, category="供水")
        self.assertEqual(client.call("case.get", {"case_no": third})
                         ["handler"], chosen[1])
        world.broker.kill()
        world.broker.start()
        client.reopen()
        client.act(first, "withdraw", document="撤-2")
        fourth = self.case(world, client, category="供水")
        self.assertEqual(client.call("case.get", {"case_no": fourth})
                         ["handler"], chosen[0])

    def test_one_petitioner_or_a_hundred_come_in_the_same_order(self):
        world, client = self.started(test_clock=MAY)
        numbers = [client.submit(petitioners=n)["case_no"]
                   for n in (1, 500, 1, 99, 2)]
        worker = world.worker("assign", credit=5)
        self.assertEqual([worker.task()["case"]["case_no"]
                          for _ in range(5)], numbers)

    def test_a_hand_over_sets_the_report_limit_of_the_rule(self):
        world, client = self.office()
        number = self.case(world, client, category="督办")
        types = [e["type"] for e in client.events(number)]
        self.assertIn("handed_over", types)
        clock = [k for k in client.call("case.get", {"case_no": number})
                 ["clocks"] if k["clock"] == "report-back"][0]
        self.assertEqual(clock["due_at"], "2026-05-22T00:00:00.000+08:00")

    def test_an_upheld_objection_goes_to_another_unit(self):
        world, client = self.office()
        number = self.case(world, client, category="供水")
        client.act(number, "object", grounds="不属我局职责")
        client.act(number, "uphold_objection", reason="属实")
        world.idle(client)
        case = client.call("case.get", {"case_no": number})
        self.assertNotEqual(case["unit"], "u-water")
        self.assertEqual(client.call("task.list", {"dead": True})["items"],
                         [])

    def test_a_review_goes_to_the_unit_above(self):
        world, client = self.office()
        number = self.case(world, client, category="供水")
        client.act(number, "accept")
        client.act(number, "answer", **ANSWER)
        client.act(number, "ask_review", grounds="不服")
        world.idle(client)
        self.assertEqual(client.call("case.get", {"case_no": number})
                         ["unit"], "county")


class Acknowledge(Case):
    def test_an_alert_is_acknowledged_once_by_a_named_officer(self):
        world, client = self.office()
        number = self.case(world, client, category="供水")
        self.go(client, "2026-05-20")
        listed = list(client.pages("alert.list", {"case_no": number}))
        open_before = client.call("stats")["store"]["alerts_open"]
        self.assertEqual(len(listed), open_before)
        alert = listed[0]
        body = {"alert_id": alert["alert_id"], "actor": "officer:li",
                "note": "已知悉"}
        first = client.call("alert.ack", body)
        self.assertEqual(first["acked_by"], "officer:li")
        self.assertEqual(client.call("alert.ack", body), first)
        with self.assertRaises(dkproto.Problem):
            client.call("alert.ack", dict(body, actor="officer:wang"))
        self.assertEqual(client.call("stats")["store"]["alerts_open"],
                         open_before - 1)
        self.assertNotIn(alert["alert_id"], [
            a["alert_id"] for a in client.pages("alert.list")])
        every = {a["alert_id"]: a for a in
                 client.pages("alert.list", {"open": False})}
        self.assertEqual(every[alert["alert_id"]]["acked_by"],
                         "officer:li")
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.assertEqual(client.call("alert.ack", body), first)
        acks = [e for e in client.events(number)
                if e["type"] == "alert_acked"]
        self.assertEqual(len(acks), 1)
        self.assertEqual(acks[0]["actor"], "officer:li")
        self.assertEqual(acks[0]["body"]["note"], "已知悉")

    def test_alerts_are_filtered_and_paged(self):
        world, client = self.office()
        numbers = [self.case(world, client, category="供水")
                   for _ in range(5)]
        self.go(client, "2026-06-20")
        every = list(client.pages("alert.list", limit=3))
        self.assertEqual(len({a["alert_id"] for a in every}), len(every))
        self.assertEqual(len(every),
                         client.call("stats")["store"]["alerts_open"])
        reds = list(client.pages("alert.list", {"level": "red"}))
        self.assertEqual({a["level"] for a in reds}, {"red"})
        self.assertEqual(len([a for a in every if a["level"] == "red"]),
                         len(reds))
        mine = list(client.pages("alert.list", {"case_no": numbers[2]}))
        self.assertEqual({a["case_no"] for a in mine}, {numbers[2]})
        self.assertEqual(list(client.pages("alert.list",
                                           {"unit": "u-roads"})), [])

    def test_overdue_lists_and_clocks_agree(self):
        world, client = self.office()
        late = self.case(world, client, category="供水")
        self.go(client, "2026-05-10")
        fresh = self.case(world, client, category="供水")
        self.go(client, "2026-05-20")
        self.assertEqual([c["case_no"] for c in client.pages(
            "case.list", {"overdue": True})], [late])
        self.assertEqual({k["case_no"] for k in client.pages(
            "clock.list", {"overdue": True})}, {late})
        before = list(client.pages("clock.list", {
            "due_before": "2026-05-20T00:00:00+08:00"}))
        self.assertEqual({k["case_no"] for k in before}, {late})
        due = [k["due_at"] for k in client.pages("clock.list", limit=1)]
        self.assertEqual(due, sorted(due))
        self.assertIn(fresh, {k["case_no"] for k in
                              client.pages("clock.list")})


if __name__ == "__main__":
    unittest.main(verbosity=2)
