"""The whole way of a case, with everybody who takes part: papers to the
petitioner, several units, settlement, repeats, groups, review up to the end.

Each test plays people through the broker with real workers, and holds what is
kept afterwards against a replay (`verify`).
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
ALL = ("assign", "deadline", "escalate")
PERSON = {"name": "王桂英", "phone": "13800000000", "address": "云岸县石桥镇"}
ANSWER = {"text": "处理意见", "legal_basis": "《信访工作条例》第三十四条"}


class Case(dkworld.TestCase):
    def office(self):
        return self.started(ALL, test_clock=MAY)

    def case(self, world, client, **fields):
        fields.setdefault("category", "供水")
        fields.setdefault("persons", [PERSON])
        number = client.submit(**fields)["case_no"]
        world.idle(client)
        return number

    def get(self, client, number):
        return client.call("case.get", {"case_no": number})

    def go(self, client, day, at="T09:00:00+08:00"):
        client.call("clock.set", {"to": day + at, "settle": True}, 90)

    def clock(self, client, number, clock):
        found = [c for c in self.get(client, number)["clocks"]
                 if c["clock"] == clock]
        return found[0] if found else None

    def types(self, client, number):
        return [e["type"] for e in client.events(number)]

    def clean(self, client):
        self.assertEqual(client.verify_all()[2], [])


class Papers(Case):
    def test_acceptance_counts_when_the_petitioner_has_it_in_writing(self):
        world, client = self.office()
        number = self.case(world, client)
        client.act(number, "accept")
        world.idle(client)
        self.assertEqual(self.clock(client, number, "notice")["state"],
                         "running")
        client.act(number, "give_notice", way="post", number="受-1")
        world.idle(client)
        self.assertEqual(self.clock(client, number, "notice")["state"],
                         "stopped")
        self.clean(client)

    def test_acceptance_and_its_notice_are_one_act_if_one_wants(self):
        world, client = self.office()
        number = self.case(world, client)
        done = client.act(number, "accept", notice="受-2", way="in_person")
        events = client.events(number)
        first = events[done["n"] - 1:]
        self.assertEqual([e["type"] for e in first[:2]],
                         ["accepted", "notice_given"])
        self.assertEqual(first[1]["body"], {
            "document": "acceptance", "number": "受-2", "way": "in_person"})
        self.clean(client)

    def test_nobody_owes_a_notice_to_somebody_who_cannot_be_found(self):
        world, client = self.office()
        number = self.case(world, client, persons=[])
        self.assertIsNone(self.clock(client, number, "notice"))
        self.assertTrue(self.get(client, number)["anonymous"])
        self.assertIsNotNone(self.clock(client, number, "transfer"))

    def test_the_time_to_ask_for_review_counts_from_the_receipt(self):
        world, client = self.office()
        number = self.case(world, client)
        client.act(number, "accept", notice="受-3")
        world.idle(client)
        self.go(client, "2026-05-20")
        client.act(number, "answer", **ANSWER)
        world.idle(client)
        # 20 May + 30 days: 19 June, the Dragon Boat holiday, to the 21st;
        # Monday 22 June is the next working day and ends on the 23rd, 0:00.
        self.assertEqual(self.clock(client, number, "review-window")["due_at"],
                         "2026-06-23T00:00:00.000+08:00")
        self.go(client, "2026-05-26")
        client.act(number, "deliver", way="post")
        world.idle(client)
        # 26 May + 30 days: Thursday 25 June, until 24:00.
        self.assertEqual(self.clock(client, number, "review-window")["due_at"],
                         "2026-06-26T00:00:00.000+08:00")
        with self.problem("limit-passed"):
            client.act(number, "close", actor="office:xfj")
        self.go(client, "2026-06-27")
        self.assertEqual(self.get(client, number)["state"], "closed")
        self.clean(client)


class Together(Case):
    def test_several_units_handle_and_one_of_them_answers(self):
        world, client = self.office()
        number = self.case(world, client)
        client.act(number, "accept", notice="受-4")
        client.act(number, "add_co_handler", unit="u-road", why="涉及路面")
        client.act(number, "give_opinion", unit="u-road", text="同意开挖")
        with self.problem("bad-field", "/unit"):
            client.act(number, "answer", unit="u-school", **ANSWER)
        client.act(number, "answer", unit="u-road", **ANSWER)
        case = self.get(client, number)
        self.assertEqual(case["answered_by"], "u-road")
        self.assertEqual(case["co_handlers"],
                         [{"unit": "u-road", "handler": None}])
        client.act(number, "ask_review", actor="petitioner:self",
                   grounds="不服")
        for unit in (case["unit"], "u-road"):
            with self.problem("respondent", "/unit"):
                client.act(number, "assign", unit=unit)
        self.clean(client)

    def test_an_objection_never_leaves_the_case_without_an_owner(self):
        world, client = self.office()
        number = self.case(world, client)
        for answer in ("refuse_objection", "uphold_objection"):
            client.act(number, "object", grounds="不属本单位")
            self.assertTrue(self.get(client, number)["owner"])
            client.act(number, answer, reason="见说明")
            self.assertTrue(self.get(client, number)["owner"])
            world.idle(client)
        self.clean(client)

    def test_after_five_working_days_it_is_too_late_to_object(self):
        world, client = self.office()
        number = self.case(world, client)
        # From 1 May; holidays until the 5th; 6, 7, 8, 9 (made up), 11 May.
        self.go(client, "2026-05-11", "T23:59:59+08:00")
        client.call("case.get", {"case_no": number})
        self.go(client, "2026-05-12", "T00:00:00+08:00")
        with self.problem("limit-passed"):
            client.act(number, "object", grounds="不属本单位")


class Ends(Case):
    def test_a_settlement_ends_it_and_a_broken_one_opens_it_again(self):
        world, client = self.office()
        number = self.case(world, client)
        client.act(number, "accept", notice="受-5")
        world.idle(client)
        client.act(number, "settle", manner="mediated", text="双方同意",
                   fulfil_by="2026-06-01T00:00:00+08:00")
        world.idle(client)
        self.assertEqual(self.clock(client, number, "conclude")["state"],
                         "stopped")
        client.act(number, "evaluate", actor="petitioner:self", handling=5,
                   result=4)
        client.act(number, "reopen", facts="未按约定履行",
                   actor="petitioner:self")
        world.idle(client)
        # The unit that promised has it again, and its time runs anew.
        self.assertEqual(self.get(client, number)["state"], "transferred")
        self.assertEqual(self.clock(client, number, "notice")["no"], 2)
        self.clean(client)

    def test_only_the_petitioner_takes_it_back(self):
        world, client = self.office()
        number = self.case(world, client)
        with self.problem("bad-field", "/document"):
            client.act(number, "withdraw", reason="已解决")
        client.act(number, "withdraw", document="撤诉申请1号")
        self.assertEqual(self.get(client, number)["state"], "withdrawn")
        other = self.case(world, client)
        client.act(other, "withdraw", actor="petitioner:self")
        self.clean(client)

    def test_an_answer_without_its_law_is_refused(self):
        world, client = self.office()
        number = self.case(world, client)
        client.act(number, "accept", notice="受-6")
        with self.problem("bad-field", "/legal_basis"):
            client.act(number, "answer", text="已办结")
        self.assertEqual(self.get(client, number)["state"], "accepted")

    def test_hearing_time_is_not_counted_in_a_re_review(self):
        world, client = self.office()
        number = self.case(world, client)
        client.act(number, "accept", notice="受-7")
        client.act(number, "answer", delivered="post", **ANSWER)
        world.idle(client)
        client.act(number, "ask_review", actor="petitioner:self",
                   grounds="不服")
        world.idle(client)
        client.act(number, "review", result="upheld", text="维持",
                   delivered="post")
        world.idle(client)
        client.act(number, "ask_re_review", actor="petitioner:self",
                   grounds="仍不服")
        world.idle(client)
        # 1 May + 30 days: Sunday 31 May, so Monday 1 June until 24:00.
        self.assertEqual(self.clock(client, number, "re-review")["due_at"],
                         "2026-06-02T00:00:00.000+08:00")
        self.go(client, "2026-05-11")
        client.act(number, "suspend", ground="hearing", reason="举行听证")
        world.idle(client)
        self.assertEqual(self.clock(client, number, "re-review")["state"],
                         "held")
        self.go(client, "2026-05-21")
        client.act(number, "resume")
        world.idle(client)
        # Ten days later: 31 May + 10 days: Wednesday 10 June.
        self.assertEqual(self.clock(client, number, "re-review")["due_at"],
                         "2026-06-11T00:00:00.000+08:00")
        client.act(number, "re_review", result="upheld", text="维持",
                   delivered="in_person")
        self.assertEqual(self.get(client, number)["state"], "ended")
        self.clean(client)


    def test_an_answer_that_arrives_late_can_still_be_reviewed(self):
        world, client = self.office()
        submitted = client.submit(category="供水", persons=[PERSON])
        number = submitted["case_no"]
        world.idle(client)
        client.act(number, "accept", notice="受-8")
        client.act(number, "answer", **ANSWER)
        world.idle(client)
        # 1 May + 30 days is Sunday 31 May: until Monday 1 June.
        self.go(client, "2026-06-03")
        self.assertEqual(self.get(client, number)["state"], "closed")
        with self.problem("limit-passed"):
            client.act(number, "ask_review", actor="petitioner:self",
                       grounds="不服")
        client.act(number, "deliver", way="post")
        world.idle(client)
        # 3 June + 30 days: Friday 3 July.
        window = self.clock(client, number, "review-window")
        self.assertEqual((window["no"], window["state"], window["due_at"]),
                         (2, "running", "2026-07-04T00:00:00.000+08:00"))
        self.assertEqual(client.call("case.query", {
            "case_no": number, "query_code": submitted["query_code"]})
            ["next_limit"]["clock"], "review-window")
        client.act(number, "ask_review", actor="petitioner:self",
                   grounds="不服")
        world.idle(client)
        case = self.get(client, number)
        self.assertEqual(case["state"], "in_review")
        self.assertNotEqual(case["unit"], "u-water")
        self.assertEqual(self.clock(client, number, "review")["state"],
                         "running")
        self.clean(client)


class Links(Case):
    def test_the_same_matter_again_goes_to_who_knows_it(self):
        world, client = self.office()
        first = self.case(world, client)
        knows = self.get(client, first)
        for _ in range(3):  # others of the unit are less busy by now
            self.case(world, client)
        again = self.case(world, client, repeat_of=first)
        case = self.get(client, again)
        self.assertEqual(case["repeat_of"], first)
        self.assertEqual((case["unit"], case["handler"]),
                         (knows["unit"], knows["handler"]))
        self.assertEqual(case["rule"], "repeat")
        self.assertEqual(self.get(client, first)["repeats"], 1)
        repeated = [e for e in client.events(first)
                    if e["type"] == "repeated"]
        self.assertEqual([e["body"] for e in repeated], [{"by": again}])
        self.clean(client)

    def test_a_number_that_leads_nowhere_turns_nobody_away(self):
        world, client = self.office()
        nowhere = dkproto.case_no(int(dkworld.COUNTY), 20260101, 7)
        foreign = dkproto.case_no(110105, 20260101, 7)
        for number in (nowhere, foreign):
            case = self.case(world, client, repeat_of=number)
            self.assertNotIn("repeat_of", self.get(client, case))
            self.assertEqual(client.events(case)[0]["body"]["repeat_of"],
                             number)
        with self.problem("bad-field", "/repeat_of"):
            client.submit(repeat_of="12345")
        self.clean(client)

    def test_a_link_can_be_made_and_undone_later(self):
        world, client = self.office()
        first = self.case(world, client)
        second = self.case(world, client)
        client.act(second, "link", relation="repeat", to=first)
        self.assertEqual(self.get(client, first)["repeats"], 1)
        before = len(client.events(second))
        client.act(second, "link", relation="repeat", to=first)  # as it is
        self.assertEqual(len(client.events(second)), before)
        self.assertEqual(self.get(client, first)["repeats"], 1)
        with self.problem("bad-field", "/to"):
            client.act(first, "link", relation="repeat", to=second)
        with self.problem("not-found", "/to"):
            client.act(first, "link", relation="group", to=dkproto.case_no(
                int(dkworld.COUNTY), 20260101, 9))
        client.act(second, "unlink", relation="repeat", to=first,
                   reason="不是同一事项")
        self.assertNotIn("repeats", self.get(client, first))
        self.clean(client)

    def test_a_group_merges_nobodys_rights(self):
        world, client = self.office()
        numbers = [self.case(world, client) for _ in range(3)]
        client.act(numbers[1], "link", relation="group", to=numbers[0])
        client.act(numbers[2], "link", relation="group", to=numbers[1])
        for number in numbers[1:]:
            self.assertEqual(self.get(client, number)["group"], numbers[0])
        for number in numbers:
            client.act(number, "accept", notice="受-" + number)
        world.idle(client)
        client.act(numbers[0], "answer", **ANSWER)
        world.idle(client)
        for number in numbers[1:]:
            self.assertEqual(self.get(client, number)["state"], "accepted")
            self.assertEqual(self.clock(client, number, "conclude")["state"],
                             "running")
        self.clean(client)


class Joint(Case):
    def test_up_to_five_speak_for_as_many_as_there_are(self):
        world, client = self.office()
        people = [dict(PERSON, name="代表%d" % i) for i in range(5)]
        number = self.case(world, client, persons=people, petitioners=120)
        one = self.case(world, client)
        for clock in ("transfer", "notice"):
            a = self.clock(client, number, clock)
            b = self.clock(client, one, clock)
            self.assertEqual(a["due_at"], b["due_at"])
        with self.problem("bad-field", "/persons"):
            client.submit(persons=people + [PERSON])

    def test_confidential_needs_and_urgency_are_kept(self):
        world, client = self.office()
        number = self.case(world, client, confidential=True,
                           needs=["medical"])
        case = self.get(client, number)
        self.assertTrue(case["confidential"])
        self.assertEqual(case["needs"], ["medical"])
        if "urgent" not in case:
            client.act(number, "prioritise", need="medical", why="透析病人断水")
        self.assertEqual(self.get(client, number)["urgent"], "medical")
        with self.problem("bad-field", "/needs/0"):
            client.submit(needs=["loud"])
        self.clean(client)


if __name__ == "__main__":
    unittest.main(verbosity=2)
