#!/usr/bin/python3
"""Query codes: how often a wrong one may be tried, whom that concerns, and who
may read who the petitioners are."""
import importlib
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, HERE)
import dkproto  # noqa: E402
import dkworld  # noqa: E402

Case = importlib.import_module("it410_keys").Case
PERSON = {"name": "欧阳石榴", "phone": "13987654321"}


def wrong(code):
    return "%08d" % ((int(code) + 1) % 100000000)


class Guessing(Case):
    """Five wrong ones at once, then one after each second."""

    def office(self):
        return self.open([("hall-1", "kiosk", "-"), ("hall-2", "kiosk", "-")])

    def ask(self, client, number, code):
        answer = client.ask("case.query", {"case_no": number,
                                           "query_code": code})
        return None if answer.type == "ok" else dkproto.Problem(answer.body)

    def test_a_stranger_is_slowed_and_the_petitioner_is_not(self):
        world, admin = self.office()
        receipt = admin.submit()
        number, code = receipt["case_no"], receipt["query_code"]
        stranger, petitioner = (self.named(world, "hall-1"),
                                self.named(world, "hall-2"))
        for _ in range(5):
            self.assertEqual(self.ask(stranger, number, wrong(code)).slug,
                             "not-found")
        no = self.ask(stranger, number, wrong(code))
        self.assertEqual(no.slug, "too-many")
        self.assertRegex(no.body["detail"], "try again in [0-9]+ seconds")
        self.assertGreater(no.retry_after_ms, 280000)
        self.assertLessEqual(no.retry_after_ms, 300000)
        # Nor is the right one compared then; elsewhere it is, at once.
        self.assertEqual(self.ask(stranger, number, code).slug, "too-many")
        for _ in range(20):
            self.assertIsNone(self.ask(petitioner, number, code))
        # Another case is another matter; what was refused was not counted.
        other = admin.submit()
        self.assertIsNone(self.ask(stranger, other["case_no"],
                                   other["query_code"]))
        self.assertEqual(admin.call("stats")["counters"]
                         ["query_codes_wrong"], 5)

    def test_a_number_that_is_not_there_looks_the_same(self):
        world, admin = self.office()
        receipt = admin.submit()
        ghost = dkproto.case_no(dkworld.COUNTY, "20260506", 4711)
        stranger = self.named(world, "hall-1")
        for number in (receipt["case_no"], ghost):
            told = [self.ask(stranger, number, "00000000")
                    for _ in range(7)]
            self.assertEqual([p.slug for p in told],
                             ["not-found"] * 5 + ["too-many"] * 2)
            self.assertEqual(len({p.body["detail"] for p in told[:5]}), 1)

    def test_guessing_at_many_cases_is_slowed_as_well(self):
        world, _ = self.office()
        stranger = self.named(world, "hall-1")
        slugs = [self.ask(stranger, dkproto.case_no(
            dkworld.COUNTY, "20260506", i), "00000000").slug
            for i in range(1, 130)]
        self.assertEqual(slugs[:100], ["not-found"] * 100)
        self.assertIn("too-many", slugs[100:])

    def test_after_the_pause_it_goes_on(self):
        world, admin = self.open([("hall-1", "kiosk", "-")],
                                 config=self.config("query_tries = 2\n"
                                                    "query_pause_s = 1\n"))
        receipt = admin.submit()
        number, code = receipt["case_no"], receipt["query_code"]
        stranger = self.named(world, "hall-1")
        for _ in range(2):
            self.ask(stranger, number, wrong(code))
        no = self.ask(stranger, number, code)
        self.assertEqual(no.slug, "too-many")
        self.assertLessEqual(no.retry_after_ms, 1000)
        dkworld.until(lambda: self.ask(stranger, number, code) is None, 5,
                      "the right code is taken again")

    def config(self, text):
        world = self.world()
        path = world.path("c.conf", "[limits]\n" + text)
        return path


class View(Case):
    """What number and code show: where it stands, what the office wrote, what
    they may do and until when."""

    def test_the_paper_and_the_steps_follow_the_case(self):
        world, admin = self.open([])
        receipt = admin.submit(persons=[PERSON])

        def view():
            got = admin.call("case.query", {
                "case_no": receipt["case_no"],
                "query_code": receipt["query_code"]})
            return ([s["action"] for s in got["steps"]], got["paper"], got)

        def act(action, **fields):
            admin.call("case.act", {
                "command_id": dkproto.uuid7(), "case_no": receipt["case_no"],
                "action": action, "actor": "officer:a", **fields})

        self.assertEqual(view()[:2], (["withdraw"], None))
        act("assign", unit="u1")
        act("register")
        act("transfer", unit="u1")
        act("accept")
        act("answer", text="已修复。", legal_basis="条例第三十一条",
            explanation="三盏路灯已更换。")
        steps, paper, _ = view()
        self.assertEqual(steps, ["evaluate", "ask_review", "withdraw"])
        self.assertEqual({k: v for k, v in paper.items() if k != "at"}, {
            "document": "answer", "delivered": False, "text": "已修复。",
            "legal_basis": "条例第三十一条", "explanation": "三盏路灯已更换。"})
        act("deliver", way="post")
        self.assertTrue(view()[1]["delivered"])
        # The deadline service sets until when they may ask.
        world.service("deadline")
        step = dkworld.until(lambda: next(
            (s for s in view()[2]["steps"] if s["action"] == "ask_review" and
             s["until"]), None), 20, "the window for asking")
        self.assertRegex(step["until"], r"^2026-0\d-\d\dT00:00:00.000\+08:00$")
        act("ask_review", grounds="不满意")
        steps, paper, _ = view()
        self.assertEqual(steps, ["withdraw"])
        self.assertEqual(paper["document"], "answer")
        act("assign", unit="u2")
        act("review", result="upheld", text="维持原答复。")
        steps, paper, _ = view()
        self.assertEqual(steps[:2], ["evaluate", "ask_re_review"])
        self.assertEqual((paper["document"], paper["text"], paper["result"]),
                         ("review", "维持原答复。", "upheld"))


class Reading(Case):
    def test_who_may_read_and_erase(self):
        world, admin = self.open([
            ("li", "handler", "u-1"), ("wang", "handler", "u-2"),
            ("zhao", "handler", "u-9"), ("office", "supervisor", "-"),
            ("audit", "auditor", "-"), ("hall", "kiosk", "-")])
        number = admin.submit(persons=[PERSON],
                              respondents=[{"unit": "u-9"}])["case_no"]
        admin.act(number, "register")
        admin.act(number, "assign", unit="u-1")
        body = {"case_no": number, "reason": "回访"}
        for name, slug in (("li", None), ("wang", "not-found"),
                           ("zhao", "not-found"), ("office", None),
                           ("audit", "forbidden"), ("hall", "forbidden")):
            with self.subTest(name=name):
                peer = self.named(world, name)
                asked = dict(body, actor="officer:" + name)
                if slug is not None:
                    self.refused(slug, peer, "person.get", asked)
                    continue
                answer = peer.call("person.get", asked)
                self.assertEqual(answer["persons"][0]["name"], PERSON["name"])
                event = admin.events(number)[answer["n"] - 1]
                self.assertEqual((event["actor"], event["body"]["by"]),
                                 ("officer:" + name, name))
        self.refused("forbidden", self.named(world, "li"), "person.get",
                     dict(body, actor="officer:wang"))
        admin.act(number, "transfer", unit="u-1")
        admin.act(number, "accept", actor="officer:x")
        admin.act(number, "add_co_handler", unit="u-2")
        self.refused("forbidden", self.named(world, "wang"), "person.get",
                     dict(body, actor="officer:wang"))
        for name in ("li", "audit"):
            self.refused("forbidden", self.named(world, name), "person.erase",
                         dict(body, actor="officer:" + name))
            self.refused("forbidden", self.named(world, name), "seal.rotate")
        self.refused("forbidden", self.named(world, "office"), "seal.rotate")
        self.named(world, "office").call(
            "person.erase", dict(body, actor="officer:office", erase=True))
        self.assertEqual(self.named(world, "li").call(
            "person.get", dict(body, actor="officer:li"))["persons"], [])


class Tool(Case):
    def test_docketctl_reads_erases_and_rotates(self):
        world = self.world(test_clock="2026-05-06T09:00:00+08:00")
        world.broker.start()
        client = world.client()
        number = client.submit(persons=[PERSON])["case_no"]
        world.ctl("person", number, code=64)
        _, out, _ = world.ctl("person", number, "--actor", "officer:li",
                              "--reason", "回访")
        self.assertIn(PERSON["name"], out)
        self.assertIn(PERSON["phone"], out)
        answer = world.ctl("person", number, "--actor", "officer:li",
                           "--reason", "回访", js=True)[0]
        self.assertEqual(answer["persons"][0]["name"], PERSON["name"])
        before = world.ctl("seal", js=True)[0]
        after = world.ctl("seal", "rotate", js=True)[0]
        self.assertNotEqual(before["key"], after["key"])
        self.assertEqual((after["keys"], after["left"]), (1, 0))
        _, out, _ = world.ctl("seal", "status")
        self.assertIn(after["key"], out)
        world.ctl("erase-person", number, "--actor", "officer:li", "--reason",
                  "依本人申请")
        _, out, _ = world.ctl("person", number, "--actor", "officer:li",
                              "--reason", "回访")
        self.assertNotIn(PERSON["name"], out)
        self.assertIn("erased on", out)
        world.ctl("verify")
        self.assertEqual([e["type"] for e in client.events(number)],
                         ["submitted", "person_read", "person_read",
                          "person_erased"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
