"""Two laws that are not the letters-and-visits office's: CPGRAMS of India in
its own time zone, and a 12345 hotline.  Nothing but files is exchanged.

Every date is worked out by hand.  A limit ends at 24:00 of its last day, so it
is due at 00:00 of the day after.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

ALL = ("assign", "deadline", "escalate")
PERSON = {"name": "王桂英", "phone": "13800000000", "address": "云岸县石桥镇"}
ANSWER = {"text": "处理意见", "legal_basis": "本地规定"}


class Law(dkworld.TestCase):
    POLICY = CALENDAR = OFFSET = None

    def office(self, start):
        """Broker and workers under this law; (world, client)."""
        world = self.world(test_clock=start + self.OFFSET)
        world.broker.options["utc_offset"] = self.OFFSET
        world.broker.start()
        files = {"policy": dkworld.policy(self.POLICY),
                 "calendar": dkworld.policy(self.CALENDAR),
                 "book": world.path("book.json", self.book())}
        for service in ALL:
            world.service(service, files=files)
        return world, world.client()

    def book(self):
        with open(dkworld.World(county=dkworld.COUNTY).files()["book"],
                  encoding="utf-8") as file:
            book = dkproto.loads(file.read())
        book["urgent"] = [{"id": "danger", "need": "safety",
                           "needs": ["safety"]}]
        return book

    def case(self, world, client, **fields):
        fields.setdefault("persons", [PERSON])
        number = client.submit(**fields)["case_no"]
        world.idle(client)
        return number

    def act(self, world, client, number, action, **fields):
        client.act(number, action, **fields)
        world.idle(client)

    def go(self, client, day):
        """To 10 o'clock of a day, stopping at every limit on the way."""
        client.call("clock.set", {"to": day + "T10:00:00" + self.OFFSET,
                                  "settle": True}, 90)

    def clocks(self, client, number):
        """{clock: (state, first day on which it is too late)}"""
        case = client.call("case.get", {"case_no": number})
        found = {}
        for clock in case["clocks"]:
            day, time = clock["due_at"].split("T")
            self.assertEqual(time, "00:00:00.000" + self.OFFSET)
            found[clock["clock"]] = (clock["state"], day)
        return found

    def state(self, client, number):
        return client.call("case.get", {"case_no": number})["state"]

    def alerts(self, client, number):
        """{(clock, rung): (level, when, who)}"""
        found = {}
        for alert in client.pages("alert.list", {"case_no": number}):
            key = (alert["clock"], alert["rung"])
            if alert["rung"] != "repeat":
                self.assertNotIn(key, found)
                found[key] = (alert["level"], alert["raised_at"][:16],
                              sorted(to.split(":")[0] for to in alert["to"]))
        return found

    def clean(self, client):
        self.assertEqual(client.verify_all()[2], [])


class Cpgrams(Law):
    POLICY, CALENDAR, OFFSET = "cpgrams-2024.json", "calendar-in.json", "+05:30"

    def test_a_grievance_with_interim_reply_and_appeal_up_to_the_authority(
            self):
        world, client = self.office("2026-03-02T10:00:00")  # a Monday
        number = self.case(world, client)
        # 3 working days: Tue 3, (Wed 4 is Holi), Thu 5, Fri 6.
        # 21 days: Mon 23 March.
        self.assertEqual(self.clocks(client, number), {
            "assign": ("stopped", "2026-03-07"),
            "redress": ("running", "2026-03-24")})
        self.act(world, client, number, "accept")
        self.go(client, "2026-03-20")
        # Fri 20 March + 1 working day: Sat 21 (and Id-ul-Fitr), Sun 22 rest,
        # Mon 23.  The extension: 23 March + 20 days, Sun 12 April, is kept.
        self.act(world, client, number, "extend", clock="redress", days=20,
                 approved_by="head-roads", reason="the matter is sub judice")
        now = self.clocks(client, number)
        self.assertEqual(now["interim-reply"], ("running", "2026-03-24"))
        self.assertEqual(now["redress"], ("running", "2026-04-13"))
        self.act(world, client, number, "inform", document="extension",
                 way="electronic")
        self.assertEqual(self.clocks(client, number)["interim-reply"],
                         ("stopped", "2026-03-24"))
        self.go(client, "2026-04-10")
        self.act(world, client, number, "answer", **ANSWER)
        # Fri 10 April + 30 days: Sun 10 May, moves to Mon 11.
        now = self.clocks(client, number)
        self.assertEqual(now["redress"], ("stopped", "2026-04-13"))
        self.assertEqual(now["appeal-window"], ("running", "2026-05-12"))
        self.assertEqual(now["evaluate"], ("running", "2026-05-12"))
        self.go(client, "2026-05-05")
        self.act(world, client, number, "ask_review", grounds="not redressed",
                 actor="petitioner:self")
        # Tue 5 May + 30 days: Thu 4 June.
        self.assertEqual(self.clocks(client, number)["appeal"],
                         ("running", "2026-06-05"))
        self.go(client, "2026-06-12")
        self.act(world, client, number, "review", result="changed",
                 text="redress as asked")
        self.assertEqual(self.clocks(client, number)["closure"],
                         ("running", "2026-06-13"))
        self.go(client, "2026-06-13")
        self.assertEqual(self.state(client, number), "closed")
        told = self.alerts(client, number)
        # 2 March + 14 = 16 March is over.  The extension moves the red rung:
        # 3 days before 12 April, 9 April is over.
        self.assertEqual(told[("redress", "yellow")][:2],
                         ("yellow", "2026-03-17T00:00"))
        self.assertEqual(told[("redress", "red")][:2],
                         ("red", "2026-04-10T00:00"))
        # 10 April + 20 = 30 April is over; only the petitioner hears of it.
        self.assertEqual(told[("appeal-window", "remind")],
                         ("reminder", "2026-05-01T00:00", ["petitioner"]))
        # 25 May, 1 June, 4 June and 11 June are over.
        self.assertEqual(told[("appeal", "yellow")][:2],
                         ("yellow", "2026-05-26T00:00"))
        self.assertEqual(told[("appeal", "red")][:2],
                         ("red", "2026-06-02T00:00"))
        self.assertEqual(told[("appeal", "overdue")][:2],
                         ("overdue", "2026-06-05T00:00"))
        self.assertIn("leader", told[("appeal", "overdue")][2])
        self.assertEqual(told[("appeal", "overdue_7")],
                         ("long_overdue", "2026-06-12T00:00",
                          ["leader", "office", "unit_head"]))
        self.clean(client)

    def test_nobody_appeals_and_the_grievance_is_closed(self):
        world, client = self.office("2026-06-01T10:00:00")
        number = self.case(world, client)
        self.act(world, client, number, "accept")
        self.act(world, client, number, "answer", **ANSWER)
        # 1 July + 30 from 1 June: Wed 1 July.
        self.go(client, "2026-07-01")
        self.assertEqual(self.state(client, number), "answered")
        self.go(client, "2026-07-02")
        self.assertEqual(self.state(client, number), "closed")
        self.clean(client)

    def test_thirty_days_for_what_came_before_the_guidelines_of_2024(self):
        world, client = self.office("2024-08-22T23:59:00")
        before = self.case(world, client)
        client.call("clock.set", {"to": "2024-08-23T00:00:00" + self.OFFSET,
                                  "settle": True}, 60)
        after = self.case(world, client)  # in UTC it is still the 22nd
        # 22 August + 30 days: Sat 21 September, kept; 23 August + 21 days:
        # Fri 13 September.
        self.assertEqual(self.clocks(client, before)["redress"],
                         ("running", "2024-09-22"))
        self.assertEqual(self.clocks(client, after)["redress"],
                         ("running", "2024-09-14"))
        self.clean(client)


class Hotline(Law):
    POLICY, CALENDAR, OFFSET = "hotline-12345.json", "calendar-cn.json", "+08:00"

    # Thursday.  Labour Day 2026: 1 to 5 May rest, Sat 9 May is a make-up
    # workday.
    START = "2026-04-30T16:00:00"

    def test_one_three_five_seven_working_days_by_kind_and_urgency(self):
        world, client = self.office(self.START)
        cases = {"urgent": {"needs": ["safety"], "kind": "suggestion"},
                 "complaint": {"kind": "accusation"},
                 "request": {"kind": "appeal"},
                 "suggestion": {"kind": "suggestion"}}
        # Working days: 6, 7, 8, 9, 11, 12, 13 May.
        due = {"urgent": "2026-05-07", "complaint": "2026-05-09",
               "request": "2026-05-12", "suggestion": "2026-05-14"}
        numbers = {}
        for clock, fields in cases.items():
            numbers[clock] = self.case(world, client, **fields)
            self.assertEqual(self.clocks(client, numbers[clock]), {
                "dispatch": ("stopped", "2026-05-07"),
                "sign": ("running", "2026-05-07"),
                "return": ("running", "2026-05-07"),
                clock: ("running", due[clock])})
        self.go(client, "2026-05-10")
        with self.problem("limit-passed"):
            client.act(numbers["request"], "object", grounds="不属本单位职责")
        told = self.alerts(client, numbers["urgent"])
        self.assertEqual(told[("urgent", "overdue")][:2],
                         ("overdue", "2026-05-07T00:00"))
        # 6 May + 3 working days: 7, 8, Sat 9 May.
        self.assertEqual(told[("urgent", "overdue_3")],
                         ("long_overdue", "2026-05-10T00:00",
                          ["handler", "leader", "office", "unit_head"]))
        # The complaint's last day but one is 7 May.
        told = self.alerts(client, numbers["complaint"])
        self.assertEqual(told[("complaint", "red")][:2],
                         ("red", "2026-05-08T00:00"))
        self.clean(client)

    def test_call_back_return_for_rework_and_the_end(self):
        world, client = self.office(self.START)
        number = self.case(world, client)
        self.go(client, "2026-05-06")
        self.act(world, client, number, "accept")
        self.assertEqual(self.clocks(client, number)["sign"],
                         ("stopped", "2026-05-07"))
        self.go(client, "2026-05-11")
        # Mon 11 May + 2 working days: Wed 13 May.
        self.act(world, client, number, "extend", clock="request", days=2,
                 approved_by="head-roads", reason="需现场勘查")
        self.assertEqual(self.clocks(client, number)["request"],
                         ("running", "2026-05-14"))
        self.go(client, "2026-05-13")
        self.act(world, client, number, "answer", **ANSWER)
        # Two working days to call back: Thu 14, Fri 15 May.
        self.assertEqual(self.clocks(client, number)["call-back"],
                         ("running", "2026-05-16"))
        self.go(client, "2026-05-14")
        self.act(world, client, number, "deliver", way="electronic")
        # Seven days: Thu 21 May.
        now = self.clocks(client, number)
        self.assertEqual(now["call-back"], ("stopped", "2026-05-16"))
        self.assertEqual(now["dissent"], ("running", "2026-05-22"))
        self.go(client, "2026-05-15")
        self.act(world, client, number, "reopen", facts="路灯仍不亮")
        # Fri 15 May: rework 18, 19, 20 May; sent out again the same day, so
        # the request itself has 18 to 22 May.
        now = self.clocks(client, number)
        self.assertEqual(now["rework"], ("running", "2026-05-21"))
        self.assertEqual(now["request"], ("running", "2026-05-23"))
        self.act(world, client, number, "accept")
        self.go(client, "2026-05-19")
        self.act(world, client, number, "answer", **ANSWER)
        now = self.clocks(client, number)
        self.assertEqual(now["rework"], ("stopped", "2026-05-21"))
        self.assertEqual(now["request"], ("stopped", "2026-05-23"))
        self.assertEqual(now["call-back"], ("running", "2026-05-22"))
        self.go(client, "2026-05-20")
        self.act(world, client, number, "deliver", way="electronic")
        # Seven days: Wed 27 May.  Five days: 25 May is over.
        self.assertEqual(self.clocks(client, number)["dissent"],
                         ("running", "2026-05-28"))
        self.go(client, "2026-05-27")
        self.assertEqual(self.state(client, number), "answered")
        self.go(client, "2026-05-28")
        self.assertEqual(self.state(client, number), "closed")
        self.assertEqual(self.alerts(client, number)[("dissent", "remind")],
                         ("reminder", "2026-05-26T00:00", ["petitioner"]))
        self.clean(client)

    def test_nobody_calls_back_and_the_hotline_itself_is_late(self):
        world, client = self.office(self.START)
        number = self.case(world, client)
        self.act(world, client, number, "accept")
        self.act(world, client, number, "answer", **ANSWER)
        # Thu 30 April + 2 working days: 6, 7 May.
        self.go(client, "2026-05-08")
        told = self.alerts(client, number)
        self.assertEqual(told[("call-back", "overdue")],
                         ("overdue", "2026-05-08T00:00",
                          ["leader", "office"]))
        self.clean(client)


if __name__ == "__main__":
    unittest.main(verbosity=2)
