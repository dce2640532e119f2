"""What was acknowledged is there: after SIGKILL, after repeats, in any number.
"""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

MAY = "2026-05-01T09:00:00+08:00"
PERSON = {"name": "王桂英", "id_number": "430102195203041228",
          "phone": "13800001234", "address": "幸福村3组"}


class Durable(dkworld.TestCase):
    def test_an_acknowledged_case_is_there_after_sigkill(self):
        world, client = self.started()
        for _ in range(5):
            body = dkproto.submission(persons=[PERSON], region="A县B镇",
                                      category="城乡建设/市政")
            answer = client.call("case.submit", body)
            world.broker.kill()
            world.broker.start()
            client.reopen()
            case = client.call("case.get", {"case_no": answer["case_no"]})
            self.assertEqual(case["case_no"], answer["case_no"])
            self.assertEqual(case["state"], "submitted")
            self.assertEqual(case["subject"], body["subject"])
            self.assertEqual(case["region"], body["region"])
            self.assertEqual(case["category"], body["category"])
            events = client.events(answer["case_no"])
            self.assertEqual([e["type"] for e in events], ["submitted"])
            self.assertEqual(events[0]["body"]["submission_id"],
                             body["submission_id"])

    def test_a_broken_connection_in_mid_batch_loses_nothing_acked(self):
        world, client = self.started()
        rng = dkproto.seeded()
        sent = {}
        for _ in range(400):
            body = dkproto.submission()
            sent[client.send("case.submit", body)] = body
        wanted = rng.randrange(1, 300)
        acked = {}
        while len(acked) < wanted:
            message = client.recv()
            acked[message.request] = message.ok()
        world.broker.kill()
        # What had already left the broker counts as acknowledged as well.
        while True:
            try:
                message = client.recv(0.2)
            except dkproto.Timeout:
                break
            acked[message.request] = message.ok()
        world.broker.start()
        client.reopen()
        for request, answer in acked.items():
            self.assertEqual(
                client.call("case.submit", sent[request]), answer)
        stored = {e["body"]["submission_id"] for e in self.all(world)}
        self.assertLessEqual(
            {sent[r]["submission_id"] for r in acked}, stored)
        self.assertLessEqual(
            stored, {b["submission_id"] for b in sent.values()})

    def all(self, world):
        follower = world.follower()
        follower.follow()
        return follower.drain()

    def test_a_batch_of_2000_gets_2000_numbers_without_gaps(self):
        world, client = self.started(test_clock=MAY)
        requests = [client.send("case.submit", dkproto.submission())
                    for _ in range(2000)]
        numbers = [client.answer(r, 60).ok()["case_no"] for r in requests]
        self.assertEqual(numbers, [
            dkproto.case_no(world.county, "20260501", i)
            for i in range(1, 2001)])
        self.assertEqual(client.call("stats")["store"]["cases"], 2000)
        events = self.all(world)
        self.assertEqual([e["case_no"] for e in events], numbers)
        listed = [c["case_no"] for c in client.pages("case.list", limit=500)]
        self.assertEqual(listed, numbers)

    def test_case_numbers_count_from_1_again_each_office_day(self):
        world, client = self.started(test_clock="2026-05-01T23:59:59+08:00")
        self.assertEqual(client.submit()["case_no"],
                         dkproto.case_no(world.county, "20260501", 1))
        self.assertEqual(client.submit()["case_no"],
                         dkproto.case_no(world.county, "20260501", 2))
        client.call("clock.set", {"to": "2026-05-02T00:00:00+08:00"})
        self.assertEqual(client.submit()["case_no"],
                         dkproto.case_no(world.county, "20260502", 1))
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.assertEqual(client.submit()["case_no"],
                         dkproto.case_no(world.county, "20260502", 2))


class Idempotent(dkworld.TestCase):
    def test_the_same_submission_gets_the_same_answer_for_ever(self):
        world, client = self.started(test_clock=MAY)
        body = dkproto.submission(persons=[PERSON])
        first = client.call("case.submit", body)
        self.assertEqual(first["submission_id"], body["submission_id"])
        self.assertEqual(set(first), {"submission_id", "case_no", "query_code",
                                      "submitted_at", "recorded_at"})
        self.assertEqual(client.call("case.submit", body), first)
        client.call("clock.advance", {"ms": 86400000 * 3})
        self.assertEqual(client.call("case.submit", body), first)
        for stop in (world.broker.stop, world.broker.kill):
            stop()
            world.broker.start()
            client.reopen()
            self.assertEqual(client.call("case.submit", body), first)
        self.assertEqual(client.call("stats")["store"]["cases"], 1)

    def test_the_order_of_members_and_white_space_do_not_matter(self):
        _, client = self.started()
        body = dkproto.submission(persons=[PERSON])
        first = client.call("case.submit", body)
        turned = dict(reversed(list(body.items())))
        self.assertEqual(client.call("case.submit", turned), first)
        loose = json.dumps(body, indent=3).encode()  # \u escapes too
        self.assertEqual(client.call("case.submit", loose), first)

    def test_repeats_inside_one_batch_are_one_case(self):
        world, client = self.started()
        body = dkproto.submission()
        others = [world.client() for _ in range(4)]
        requests = [(c, c.send("case.submit", body))
                    for _ in range(25) for c in others]
        answers = [c.answer(r).ok() for c, r in requests]
        self.assertEqual(len({a["case_no"] for a in answers}), 1)
        self.assertTrue(all(a == answers[0] for a in answers))
        self.assertEqual(client.call("stats")["store"]["cases"], 1)

    def test_the_same_id_for_another_body_is_a_conflict(self):
        world, client = self.started()
        body = dkproto.submission(persons=[PERSON], petitioners=3,
                                  respondents=[{"unit": "u-1"}])
        client.call("case.submit", body)
        changes = {"subject": "另一件事", "facts": "不同的事实",
                   "channel": "letter", "kind": "accusation",
                   "region": "B县", "category": "教育",
                   "submitted_at": "2020-01-01T00:00:00+08:00",
                   "petitioners": 4, "import": True,
                   "persons": [dict(PERSON, phone="13900000000")],
                   "respondents": [{"unit": "u-2"}]}
        for restart in (False, True):
            if restart:
                world.broker.kill()
                world.broker.start()
                client.reopen()
            for member, value in changes.items():
                with self.subTest(member=member, restart=restart):
                    with self.problem("conflict"):
                        client.call("case.submit",
                                    dict(body, **{member: value}))
            with self.subTest("a member taken away"):
                with self.problem("conflict"):
                    short = dict(body)
                    del short["respondents"]
                    client.call("case.submit", short)
        self.assertEqual(client.call("stats")["store"]["cases"], 1)

    def test_a_conflict_inside_one_batch_is_found(self):
        _, client = self.started()
        body = dkproto.submission()
        first = client.send("case.submit", body)
        second = client.send("case.submit", dict(body, subject="别的"))
        third = client.send("case.submit", body)
        answer = client.answer(first).ok()
        self.assertEqual(client.answer(second).body["type"],
                         "urn:docket:problem:conflict")
        self.assertEqual(client.answer(third).ok(), answer)

    def test_an_action_repeated_is_done_once_over_restarts(self):
        world, client = self.started(test_clock=MAY)
        number = client.submit()["case_no"]
        body = {"command_id": dkproto.uuid7(), "case_no": number,
                "action": "register", "actor": "officer:li", "note": "登记"}
        first = client.call("case.act", body)
        self.assertEqual(first["state"], "registered")
        self.assertEqual(first["n"], 2)
        client.call("clock.advance", {"ms": 1000})
        self.assertEqual(client.call("case.act", body), first)
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.assertEqual(client.call("case.act", body), first)
        with self.problem("conflict"):
            client.call("case.act", dict(body, note="别的"))
        with self.problem("conflict"):
            client.call("case.act", dict(body, actor="officer:wang"))
        # One id is one id, whichever message used it first.
        with self.problem("conflict"):
            client.call("case.submit", dkproto.submission(
                submission_id=body["command_id"]))
        self.assertEqual(len(client.events(number)), 2)

    def test_a_refused_action_leaves_its_id_free(self):
        _, client = self.started()
        number = client.submit()["case_no"]
        body = {"command_id": dkproto.uuid7(), "case_no": number,
                "action": "answer", "actor": "officer:li", "text": "好"}
        with self.problem("wrong-state"):
            client.call("case.act", body)
        client.act(number, "register")
        again = dict(body, action="withdraw", document="撤-1")
        del again["text"]
        self.assertEqual(client.call("case.act", again)["state"],
                         "withdrawn")

    def test_expect_n_refuses_what_was_changed_meanwhile(self):
        _, client = self.started()
        number = client.submit()["case_no"]
        with self.problem("changed-meanwhile"):
            client.act(number, "register", expect_n=2)
        self.assertEqual(client.act(number, "register", expect_n=1)["n"], 2)
        with self.problem("changed-meanwhile"):
            client.act(number, "withdraw", expect_n=1)


class Petitioner(dkworld.TestCase):
    def test_a_query_code_shows_where_the_matter_stands(self):
        world, client = self.started()
        answer = client.submit(persons=[PERSON])
        self.assertRegex(answer["query_code"], "^[0-9]{8}$")
        view = client.call("case.query", {
            "case_no": answer["case_no"], "query_code": answer["query_code"]})
        self.assertEqual(set(view), {"case_no", "state", "state_zh",
                                     "submitted_at", "unit", "owner",
                                     "next_limit", "steps",
                                     "paper"})
        self.assertEqual(view["state"], "submitted")
        self.assertEqual(view["state_zh"], "已提交")
        self.assertIsNone(view["next_limit"])
        self.assertTrue(view["owner"], "a case without an owner")
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.assertEqual(client.call("case.query", {
            "case_no": answer["case_no"],
            "query_code": answer["query_code"]}), view)

    def test_a_case_number_may_be_written_without_hyphens(self):
        _, client = self.started()
        answer = client.submit()
        plain = answer["case_no"].replace("-", "")
        self.assertEqual(
            client.call("case.get", {"case_no": plain})["case_no"],
            answer["case_no"])

    def test_wrong_codes_and_numbers_are_not_told_apart(self):
        world, client = self.started()
        first, second = client.submit(), client.submit()
        self.assertNotEqual(first["query_code"], second["query_code"])
        details = set()
        absent = dkproto.case_no(world.county, "20260101", 77)
        for number, code in ((first["case_no"], second["query_code"]),
                             (absent, first["query_code"])):
            with self.problem("not-found") as refused:
                client.call("case.query", {"case_no": number,
                                           "query_code": code})
            details.add(refused.caught.body["detail"]
                        .replace(number, "N").replace(code, "C"))
        self.assertEqual(len(details), 1, details)

    def test_a_single_wrong_digit_of_a_number_is_found(self):
        _, client = self.started()
        answer = client.submit()
        number = answer["case_no"]
        for i, char in enumerate(number):
            if char == "-":
                continue
            wrong = number[:i] + str((int(char) + 1) % 10) + number[i + 1:]
            with self.problem("bad-field", "/case_no"):
                client.call("case.get", {"case_no": wrong})

    def test_codes_differ_between_two_brokers(self):
        codes = []
        for _ in range(2):
            _, client = self.started(test_clock=MAY)
            codes.append([client.submit()["query_code"] for _ in range(20)])
        self.assertNotEqual(codes[0], codes[1])
        self.assertGreater(len(set(codes[0])), 15)

    def test_personal_data_is_in_no_event_case_or_file(self):
        world, client = self.started()
        marks = dict(PERSON, name="欧阳石榴", address="梧桐巷77号")
        answer = client.submit(persons=[marks])
        texts = [dkproto.dumps(client.call("case.get", {
            "case_no": answer["case_no"]})),
            dkproto.dumps(client.events(answer["case_no"])),
            dkproto.dumps(client.call("case.query", {
                "case_no": answer["case_no"],
                "query_code": answer["query_code"]}))]
        for text in texts:
            for value in marks.values():
                self.assertNotIn(value.encode(), text)
        commitment = client.events(answer["case_no"])[0]["body"]["person"]
        self.assertRegex(commitment, "^[0-9a-f]{64}$")
        anonymous = client.submit()
        self.assertIsNone(
            client.events(anonymous["case_no"])[0]["body"]["person"])

    def test_the_same_person_twice_gives_different_commitments(self):
        _, client = self.started()
        seen = {client.events(client.submit(persons=[PERSON])["case_no"])
                [0]["body"]["person"] for _ in range(4)}
        self.assertEqual(len(seen), 4)


class Times(dkworld.TestCase):
    def test_a_claimed_time_counts_but_never_one_to_come(self):
        _, client = self.started(test_clock=MAY)
        early = client.submit(submitted_at="2026-04-30T22:00:00+08:00")
        self.assertEqual(early["submitted_at"],
                         "2026-04-30T22:00:00.000+08:00")
        self.assertEqual(early["recorded_at"],
                         "2026-05-01T09:00:00.000+08:00")
        other = client.submit(submitted_at="2026-05-01T00:30:00Z")
        self.assertEqual(other["submitted_at"],
                         "2026-05-01T08:30:00.000+08:00")
        # A kiosk whose clock runs fast must not lose the case, nor give the
        # office days that it does not have.
        fast = client.submit(submitted_at="2026-05-03T09:00:00+08:00")
        self.assertEqual(fast["submitted_at"],
                         "2026-05-01T09:00:00.000+08:00")

    def test_a_clock_set_back_does_not_disturb_the_order(self):
        """`at` is what the wall clock said (ADR 0008); seq and n are the order,
        and what is recorded after the clock was set back comes after."""
        world, client = self.started(test_clock=MAY)
        client.submit()
        client.call("clock.set", {"to": "2026-04-01T00:00:00+08:00"})
        client.submit()
        world.broker.kill()
        world.broker.start()
        client.reopen()
        client.submit()
        follower = world.follower()
        follower.follow()
        events = follower.drain(until=3)
        self.assertEqual([int(e["seq"]) for e in events], [1, 2, 3])
        self.assertTrue(events[0]["at"].startswith("2026-05"))
        self.assertTrue(events[1]["at"].startswith("2026-04"))
        self.assertTrue(events[2]["at"].startswith("2026-04"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
