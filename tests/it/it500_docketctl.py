"""docketctl: every command by its command line, for people and as JSON."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import unicodedata
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

MAY = "2026-05-01T09:00:00+08:00"
ALL = ("assign", "deadline", "escalate")


def width(text):
    """Columns on a terminal; East Asian wide characters take two."""
    total = 0
    for char in text:
        if unicodedata.combining(char):
            continue
        total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total


class Case(dkworld.TestCase):
    def office(self, services=ALL):
        self.w, self.c = self.started(services, test_clock=MAY)
        return self.w, self.c

    def one(self, *argv, **more):
        """The only JSON document a command prints."""
        found = self.w.ctl(*argv, js=True, **more)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def submit(self, *argv):
        """Of somebody who can be told, and so is owed a notice."""
        answer = self.one("submit", "--subject", "路灯不亮", "--facts",
                          "三盏路灯坏了", "--name", "王桂英", "--phone",
                          "13800001234", *argv)
        self.w.idle(self.c)
        return answer["case_no"]


class Commands(Case):
    def test_submit_in_every_way(self):
        world, client = self.office(())
        answer = self.one(
            "submit", "--subject", "水费不清", "--facts", "账单重复",
            "--channel", "letter", "--kind", "suggestion", "--region",
            "A县", "--category", "城乡建设/供水", "--petitioners", "3",
            "--name", "王桂英", "--phone", "13800001234",
            "--respondent-unit", "u-water", "--submitted-at",
            "2026-04-30T10:00:00+08:00")
        self.assertEqual(set(answer), {"submission_id", "case_no", "query_code",
                                       "submitted_at", "recorded_at"})
        case = client.call("case.get", {"case_no": answer["case_no"]})
        self.assertEqual(
            [case[k] for k in ("channel", "kind", "region", "category",
                               "petitioners", "submitted_at")],
            ["letter", "suggestion", "A县", "城乡建设/供水", 3,
             "2026-04-30T10:00:00.000+08:00"])
        self.assertEqual(case["respondents"][0]["unit"], "u-water")
        text = world.path("case.json", dkproto.submission())
        again = self.one("submit", "--file", text)
        self.assertEqual(self.one("submit", "--file", text), again)
        data = dkproto.dumps(dkproto.submission())
        self.one("submit", "--file", "-", stdin=data)
        known = dkproto.uuid7()
        first = self.one("submit", "--subject", "a", "--facts", "b",
                         "--id", known)
        self.assertEqual(self.one("submit", "--subject", "a", "--facts",
                                  "b", "--id", known), first)
        _, _, err = world.ctl("submit", "--subject", "a", "--facts", "c",
                              "--id", known, code=65)
        self.assertTrue(err)
        facts = world.path("facts.txt", "第一行\n第二行")
        number = self.one("submit", "--subject", "x", "--facts",
                          "@" + facts)["case_no"]
        self.assertEqual(client.events(number)[0]["body"]["facts"],
                         "第一行\n第二行")
        _, out, _ = world.ctl("submit", "--subject", "a", "--facts", "b")
        self.assertRegex(out, r"\d{6}-\d{8}-\d{6}-\d")
        self.assertRegex(out, r"\b\d{8}\b")

    def test_show_query_list_and_events(self):
        world, client = self.office()
        number = self.submit("--category", "供水")
        self.submit()
        shown = self.one("show", number)
        self.assertEqual((shown.get("case") or shown)["case_no"], number)
        shown = self.one("show", number, "--events")
        self.assertEqual([e["n"] for e in shown["events"]],
                         list(range(1, len(client.events(number)) + 1)))
        _, out, _ = world.ctl("show", number, "--events")
        for word in (number, "路灯不亮", "u-water", "transfer", "notice"):
            self.assertIn(word, out)
        self.assertNotIn("marks", out)  # of the figures: for programs
        code = client.submit()["query_code"]
        third = list(client.pages("case.list"))[-1]["case_no"]
        view = self.one("query", third, code)
        self.assertEqual(view["case_no"], third)
        world.ctl("query", third, "00000000", code=65)
        page = self.one("list", "--limit", "2")
        self.assertEqual(len(page["items"]), 2)
        rest = self.one("list", "--after", page["next"])
        self.assertEqual(len(rest["items"]), 1)
        lines = world.ctl("list", "--all", js=True)
        self.assertEqual([c["case_no"] for c in lines],
                         [c["case_no"] for c in client.pages("case.list")])
        only = self.one("list", "--category", "供水")
        self.assertEqual([c["case_no"] for c in only["items"]], [number])
        for option, value, count in (
                ("--state", "transferred", 3), ("--unit", "u-water", 1),
                ("--unit", "nobody", 0), ("--handler", "nobody", 0),
                ("--region", "nowhere", 0), ("--open", None, 3),
                ("--overdue", None, 0), ("--newest-first", None, 3)):
            world.idle(client)
            argv = ["list", option] + ([value] if value else [])
            with self.subTest(argv=argv):
                self.assertEqual(len(self.one(*argv)["items"]), count)

    def test_act_walks_a_case_to_its_end(self):
        world, client = self.office()
        number = self.submit("--category", "供水")
        steps = [("accept", "notice=受〔2026〕1号"),
                 ("urge", "grounds=逾期", "answer_days=5"),
                 ("answer_urge", "text=已办"), ("suspend", "reason=听证"),
                 ("resume",),
                 ("extend", "days=10", "reason=复杂", "approved_by=head"),
                 ("answer", "text=处理意见", "legal_basis=条例"),
                 ("evaluate", "handling=5", "result=4"),
                 ("ask_review", "grounds=不服"),
                 ("review", "result=upheld", "text=维持"),
                 ("ask_re_review", "grounds=不服"),
                 ("re_review", "result=changed", "text=变更")]
        for action, *fields in steps:
            world.idle(client)
            answer = self.one("act", number, action, *fields, "--actor",
                              "officer:zhang")
            with self.subTest(action=action):
                self.assertEqual(answer["case_no"], number)
                event = client.call("case.events", {
                    "case_no": number, "from_n": answer["n"],
                    "limit": 1})["items"][0]
                for field in fields:
                    name, value = field.split("=", 1)
                    self.assertEqual(str(event["body"][name]), value)
        self.assertEqual(client.call("case.get", {"case_no": number})
                         ["state"], "ended")

    def test_act_from_a_file_with_an_id_and_an_expectation(self):
        world, client = self.office(())
        number = self.submit_only(client)
        known = dkproto.uuid7()
        argv = ("act", number, "register", "--actor", "officer:li", "--id",
                known)
        first = self.one(*argv)
        self.assertEqual(self.one(*argv), first)
        text = world.path("note.txt", "很长的\n说明")
        world.ctl("act", number, "assign", "unit=u-1", "why=@" + text,
                  "candidates=w-1,w-2", "--actor", "officer:li",
                  "--expect-n", "2")
        body = client.events(number)[-1]["body"]
        self.assertEqual(body["why"], "很长的\n说明")
        self.assertIn(body["handler"], ("w-1", "w-2"))
        world.ctl("act", number, "transfer", "--actor", "officer:li",
                  "--expect-n", "2", code=65)
        fields = world.path("fields.json", {"note": "已转"})
        world.ctl("act", number, "transfer", "--file", fields, "--actor",
                  "officer:li", "--at", "2026-05-01T08:00:00+08:00")
        event = client.events(number)[-1]
        self.assertEqual(event["body"]["note"], "已转")
        self.assertEqual(event["claimed_at"],
                         "2026-05-01T08:00:00.000+08:00")

    def submit_only(self, client):
        return client.submit()["case_no"]

    def test_clock_alerts_clocks_and_acknowledging(self):
        world, client = self.office()
        number = self.submit("--category", "供水")
        self.assertIs(self.one("clock", "now")["test_clock"], True)
        self.one("clock", "advance", "2d", "--settle")
        self.one("clock", "set", "2026-05-20T09:00:00+08:00", "--settle")
        self.assertEqual(self.one("clock", "now")["now"],
                         "2026-05-20T09:00:00.000+08:00")
        alerts = self.one("alerts")["items"]
        self.assertEqual([a["rung"] for a in alerts if
                          a["clock"] == "notice"],
                         ["yellow", "red", "overdue", "repeat"])
        self.assertEqual(
            {a["level"] for a in
             self.one("alerts", "--level", "overdue")["items"]},
            {"overdue"})
        known = alerts[0]["alert_id"]
        answer = self.one("alerts", "ack", known, "--actor", "officer:li",
                          "--note", "知悉")
        self.assertEqual(answer["acked_by"], "officer:li")
        self.assertNotIn(known, [a["alert_id"] for a in
                                 self.one("alerts")["items"]])
        self.assertIn(known, [a["alert_id"] for a in
                              self.one("alerts", "--acked")["items"]])
        clocks = self.one("clocks", "--overdue")["items"]
        self.assertEqual({(k["case_no"], k["clock"]) for k in clocks},
                         {(number, "notice")})
        _, out, _ = world.ctl("alerts")
        self.assertIn(number, out)
        _, out, _ = world.ctl("alerts", "--lang", "zh-CN")
        self.assertRegex(out, dkproto.CJK)

    def test_tasks_workers_dead_letters(self):
        world, client = self.started(test_clock=MAY)
        self.w, self.c = world, client
        world.broker.stop()
        world.broker.start(max_attempts=1)
        client.reopen()
        number = client.submit()["case_no"]
        tasks = self.one("tasks")["items"]
        self.assertEqual({t["service"] for t in tasks},
                         {"assign", "deadline"})
        worker = world.worker("assign", "bad")
        worker.fail(worker.task(), "book is missing")
        until(lambda: self.one("dead")["items"], 10, "a dead letter")
        dead = self.one("dead")["items"][0]
        self.assertEqual(dead["case_no"], number)
        _, out, _ = world.ctl("dead")
        self.assertIn("book is missing", out)
        self.assertEqual(self.one("dead", "show", dead["task_id"])
                         ["reason"], "book is missing")
        rows = self.one("workers")["items"]
        self.assertEqual([r["worker"] for r in rows], ["bad"])
        self.one("dead", "retry", dead["task_id"])
        self.assertEqual(self.one("dead")["items"], [])
        worker.fail(worker.task(), "again")
        until(lambda: self.one("dead")["items"], 10, "the dead letter")
        world.ctl("dead", "drop", dead["task_id"], code=64)
        self.one("dead", "drop", dead["task_id"], "--actor", "officer:li",
                 "--reason", "重复")
        self.assertEqual(self.one("dead")["items"], [])
        world.ctl("dead", "show", "999", code=65)

    def test_follow_stats_ping_hello(self):
        world, client = self.office()
        self.submit()
        events = world.ctl("follow", "--count", "3", js=True)
        self.assertEqual([e["seq"] for e in events], ["1", "2", "3"])
        events = world.ctl("follow", "--from", "2", "--count", "1", js=True)
        self.assertEqual([e["seq"] for e in events], ["2"])
        total = client.call("stats")["store"]["events"]
        events = world.ctl("follow", "--idle", "500ms", js=True)
        self.assertEqual(len(events), total)
        events = world.ctl("follow", "--type", "assigned", "--count", "1",
                           js=True)
        self.assertEqual(events[0]["type"], "assigned")
        self.assertEqual(self.one("stats")["store"]["cases"], 1)
        self.assertEqual(self.one("hello")["protocol"], "DKT1")
        world.ctl("ping")

    def test_follow_shows_what_happens_now_and_ends_on_sigint(self):
        world, client = self.office(())
        process = world.spawn("docketctl", "--connect",
                              world.broker.clients, "--json", "follow",
                              "--new")
        seen = []

        def submitted():
            client.submit()
            seen[:] = [json.loads(line) for line in
                       process.output().splitlines()]
            return seen
        until(submitted, 15, "the first event", 0.1)
        world.broker.kill()
        world.broker.start()
        client.reopen()
        number = client.submit()["case_no"]
        until(lambda: number in process.output(), 15,
              "the event after the restart")
        process.signal(signal.SIGINT)
        self.assertIn(process.wait(), (0, 130, -signal.SIGINT))
        seqs = [int(json.loads(line)["seq"])
                for line in process.output().splitlines()]
        self.assertEqual(seqs, list(range(seqs[0], seqs[0] + len(seqs))))

    def test_policy_check_and_show(self):
        world, _ = self.office(())
        files = world.files()
        argv = (files["policy"], files["calendar"], files["book"])
        world.ctl("policy", "check", *argv, connect=False)
        _, out, _ = world.ctl("policy", "show", *argv[:2], "--lang",
                              "zh-CN", connect=False)
        self.assertIn("办结", out)
        shown = world.ctl("policy", "show", *argv[:2], js=True,
                          connect=False)
        self.assertTrue(shown)
        bad = world.path("bad.json", '{"format": "docket-policy/1"}')
        _, out, err = world.ctl("policy", "check", bad, files["calendar"],
                                code=None, connect=False)
        self.assertIn("bad.json", out + err)
        self.assertIn("verified", world.ctl(
            "policy", "check", *argv, connect=False)[1] +
            world.ctl("policy", "check", *argv, connect=False)[2])

    def test_policy_check_of_a_wrong_policy_is_no_success(self):
        world, _ = self.office(())
        bad = world.path("bad.json", '{"format": "docket-policy/1"}')
        code, _, _ = world.ctl("policy", "check", bad,
                               world.files()["calendar"], code=None,
                               connect=False)
        self.assertIn(code, (65, 78))


class Errors(Case):
    def test_usage_errors_say_what_is_wrong(self):
        world, _ = self.office(())
        for argv in ((), ("nonsense",), ("show",), ("show", "a", "b"),
                     ("list", "--no-such"), ("list", "--limit", "many"),
                     ("act",), ("act", "x"), ("submit", "--channel"),
                     ("dead", "dance"), ("clock", "advance", "soon"),
                     ("clock", "set", "never"),
                     ("clock", "set", "1950-01-01T00:00:00Z"), ("policy",),
                     ("import",), ("--timeout", "x", "ping"),
                     ("--lang", "klingon", "ping")):
            with self.subTest(argv=argv):
                _, out, err = world.ctl(*argv, code=64)
                self.assertTrue(err.strip())
                self.assertEqual(out, "")

    def test_refusals_exit_65_with_the_sentence_of_the_broker(self):
        world, client = self.office(())
        number = client.submit()["case_no"]
        absent = dkproto.case_no(world.county, "20200101", 1)
        for argv in (("show", absent), ("show", "123"),
                     ("act", number, "answer", "text=x", "--actor",
                      "officer:li"),
                     ("alerts", "ack", number + ".1", "--actor",
                      "officer:li")):
            with self.subTest(argv=argv):
                _, _, err = world.ctl(*argv, code=65)
                self.assertTrue(err.strip())
        _, _, err = world.ctl("show", absent, "--lang", "zh-CN", code=65)
        self.assertRegex(err, dkproto.CJK)

    def test_no_broker_exits_69_within_the_time(self):
        world = self.world()
        world.ctl("--timeout", "300", "ping", code=69, deadline=5)
        world.ctl("--timeout", "300", "submit", "--subject", "a", "--facts",
                  "b", code=69, deadline=5)

    def test_the_endpoint_comes_from_the_environment(self):
        world, _ = self.office(())
        world.ctl("ping", connect=False,
                  env={"DOCKET_CLIENTS": world.broker.clients})

    def test_submit_with_retry_waits_for_the_broker(self):
        world = self.world(test_clock=MAY)
        process = world.spawn(
            "docketctl", "--connect", world.broker.clients, "--json",
            "--timeout", "20000", "submit", "--retry", "--subject", "a",
            "--facts", "b")
        world.broker.start()
        self.assertEqual(process.wait(25), 0, process.errors())
        self.assertEqual(world.client().call("stats")["store"]["cases"], 1)

    def test_output_into_a_closed_pipe_is_no_crash(self):
        world, client = self.office(())
        for _ in range(200):
            client.submit(facts="x" * 200)
        done = subprocess.run(
            "%s --connect %s list --all | head -1" %
            (dkworld.program("docketctl"), world.broker.clients),
            shell=True, capture_output=True, timeout=30, check=False)
        self.assertNotRegex(done.stderr.decode(), "Sanitizer|Abort|core")


class Look(Case):
    def test_columns_are_aligned_under_wide_characters(self):
        world, client = self.office(())
        for region, subject in (("A", "短"), ("清河县新田镇", "路灯不亮了"),
                                ("B9", "mixed 中英 text"),
                                ("东", "😀 emoji"), (None, "无")):
            client.submit(region=region, subject="§" + subject)
        _, out, _ = world.ctl("list")
        lines = out.rstrip("\n").split("\n")
        at = {width(line.split("§")[0]) for line in lines[1:]}
        self.assertEqual(len(at), 1, out)
        self.assertEqual(width(lines[0].split("SUBJECT")[0]), at.pop(), out)
        _, out, _ = world.ctl("list", "--lang", "zh-CN")
        lines = out.rstrip("\n").split("\n")
        at = {width(line.split("§")[0]) for line in lines[1:]}
        self.assertEqual(len(at), 1, out)

    def test_no_colour_in_a_pipe_and_colour_when_asked(self):
        world, client = self.office()
        self.submit()
        self.one("clock", "advance", "40d", "--settle")
        for argv in (("list",), ("alerts",), ("clocks",), ("stats",)):
            _, out, _ = world.ctl(*argv)
            self.assertNotIn("\x1b", out)
        _, out, _ = world.ctl("--color", "always", "alerts")
        self.assertIn("\x1b[", out)
        _, out, _ = world.ctl("--color", "never", "alerts")
        self.assertNotIn("\x1b", out)

    def test_control_characters_do_not_reach_the_terminal(self):
        world, client = self.office(())
        for text in ("a\x1b[31mred", "a\x07", "a\x9b31m", "a\x7f"):
            with self.problem("bad-field", "/subject"):
                client.submit(subject=text)
        number = client.submit(subject="甲\t乙\n丙", facts="一\r\n二")[
            "case_no"]
        _, out, _ = world.ctl("list")
        self.assertEqual(len(out.splitlines()), 2, out)
        for argv in (("list",), ("show", number, "--events"),
                     ("follow", "--count", "1")):
            _, out, _ = world.ctl(*argv)
            with self.subTest(argv=argv):
                for char in out.replace("\n", ""):
                    self.assertGreaterEqual(ord(char), 32, repr(out))

    def test_json_never_mixes_with_words(self):
        world, client = self.office()
        number = self.submit()
        for argv in (("list",), ("show", number), ("alerts",), ("clocks",),
                     ("tasks",), ("dead",), ("workers",), ("stats",),
                     ("verify",), ("ping",), ("hello",), ("clock", "now")):
            with self.subTest(argv=argv):
                self.assertEqual(len(world.ctl(*argv, js=True)), 1)


class Import(Case):
    def rows(self, count):
        lines = []
        for i in range(count):
            day = 1 + i % 28
            row = {"id": "old-%04d" % i, "subject": "旧案 %d" % i,
                   "facts": "事实 %d" % i, "region": "A县",
                   "submitted_at": "2024-%02d-%02dT10:00:00+08:00" % (
                       1 + i % 6, day)}
            if i % 3:
                row["reply"] = "答复 %d" % i
                row["replied_at"] = "2024-%02d-%02dT16:00:00+08:00" % (
                    7 + i % 5, day)
            lines.append(json.dumps(row, ensure_ascii=False))
        return lines

    def process(self, path, *more):
        return self.w.spawn("docketctl", "--connect", self.w.broker.clients,
                            "import", path, *more)

    def check(self, count):
        cases = list(self.c.pages("case.list", limit=500))
        self.assertEqual(len(cases), count)
        self.assertEqual(len({c["subject"] for c in cases}), count)
        for case in cases:
            i = int(case["subject"].split()[1])
            self.assertIs(case["imported"], True)
            self.assertEqual(case["state"] in ("answered", "closed"),
                             bool(i % 3), case)
            self.assertTrue(case["submitted_at"].startswith("2024-"))
        with dkproto.Follower(self.w.broker.clients, 1, 5000) as follower:
            follower.follow()
            events = follower.drain(
                until=self.c.call("stats")["store"]["events"])
        by_case = checker.group(events)
        for case in by_case.values():
            types = [e["type"] for e in case]
            for kind in ("submitted", "accepted", "answered", "assigned"):
                self.assertLessEqual(types.count(kind), 1, types)
        for case in cases[:40]:
            if int(case["subject"].split()[1]) % 3:
                last = case["last"]["answered"]
                self.assertTrue(last[1].startswith("2024-"), case)

    def test_a_file_is_imported_with_its_own_times(self):
        world, client = self.office()
        path = world.path("old.ndjson", "\n".join(self.rows(120)) + "\n")
        process = self.process(path)
        self.assertEqual(process.wait(90), 0, process.errors())
        world.idle(client, 60)
        self.check(120)
        # Again: nothing changes.
        before = client.call("stats")["store"]
        process = self.process(path)
        self.assertEqual(process.wait(60), 0, process.errors())
        self.assertEqual(client.call("stats")["store"], before)
        # Without its memory either.
        for name in os.listdir(world.folder):
            if name.startswith("old.ndjson."):
                os.unlink(os.path.join(world.folder, name))
        process = self.process(path)
        self.assertEqual(process.wait(60), 0, process.errors())
        self.assertEqual(client.call("stats")["store"], before)

    def test_an_import_killed_in_the_middle_goes_on_where_it_was(self):
        rng = dkproto.seeded()
        world, client = self.office()
        path = world.path("old.ndjson", "\n".join(self.rows(400)) + "\n")
        for _ in range(6):
            process = self.process(path)
            goal = client.call("stats")["store"]["events"] + \
                rng.randrange(100, 500)
            until(lambda g=goal, p=process: not p.alive() or
                  client.call("stats")["store"]["events"] >= g, 60,
                  "some events of the import")
            process.kill()
        process = self.process(path)
        self.assertEqual(process.wait(120), 0, process.errors())
        world.idle(client, 60)
        self.check(400)

    def test_a_broker_killed_in_the_middle_is_waited_for(self):
        world, client = self.office()
        path = world.path("old.ndjson", "\n".join(self.rows(300)) + "\n")
        process = self.process(path)
        for part in (40, 120):
            until(lambda p=part: client.call("stats")["store"]["cases"] >=
                  p, 60, "%d cases" % part)
            world.broker.kill()
            world.broker.start()
            client.reopen()
        self.assertEqual(process.wait(120), 0, process.errors())
        world.idle(client, 60)
        self.check(300)

    def test_bad_lines_are_told_with_their_number_and_kept(self):
        world, client = self.office()
        lines = self.rows(10)
        lines.insert(3, "{not json")
        lines.insert(6, json.dumps({"id": "x", "subject": "no facts"}))
        lines.insert(8, "")
        path = world.path("old.ndjson", "\n".join(lines) + "\n")
        process = self.process(path)
        code = process.wait(60)
        text = process.errors() + process.output()
        self.assertEqual(code, 65, text)
        self.assertEqual(client.call("stats")["store"]["cases"], 10)
        self.assertRegex(text, r"\b4\b")
        self.assertRegex(text, r"\b7\b")
        self.assertIn("facts", text)
        refused = [n for n in os.listdir(world.folder) if "refused" in n]
        self.assertEqual(len(refused), 1)
        with open(os.path.join(world.folder, refused[0]),
                  encoding="utf-8") as file:
            self.assertIn("{not json", file.read())

    def test_dry_run_sends_nothing(self):
        world, client = self.office(())
        path = world.path("old.ndjson", "\n".join(self.rows(10)) + "\n")
        process = self.process(path, "--dry-run")
        self.assertEqual(process.wait(30), 0, process.errors())
        self.assertEqual(client.call("stats")["store"]["cases"], 0)

    def test_a_missing_file_is_a_clear_error(self):
        world, _ = self.office(())
        process = self.process("/no/such.ndjson")
        self.assertIn(process.wait(30), (64, 65, 66, 74))
        self.assertIn("/no/such.ndjson", process.errors())


class Manual(dkworld.TestCase):
    """docs/DOCKETCTL.md names what --help offers."""

    def help(self, world, *words):
        return world.ctl("--lang", "en", *words, "--help", connect=False)[1]

    def test_every_command_and_option_is_in_the_manual(self):
        world = self.world()
        text = ""
        for name in ("DOCKETCTL.md", "SIMULATE.md"):
            with open(os.path.join(dkworld.ROOT, "docs", name),
                      encoding="utf-8") as file:
                text += file.read()
        top = self.help(world)
        part = top.split("Commands (")[1].split("Options:")[0]
        commands = re.findall(r"^  ([a-z-]+(?: [a-z]+)?)\b", part, re.M)
        self.assertGreater(len(commands), 30)
        missing = []
        for command in commands:
            if not re.search(r"`(docketctl )?%s\b" % re.escape(command), text):
                missing.append(command)
            own = self.help(world, *command.split()).split(
                "Options of every command")[0]
            for option in re.findall(r"^  (--[a-z-]+)", own, re.M):
                if not re.search(option + r"(?![a-z-])", text):
                    missing.append("%s %s" % (command, option))
        self.assertEqual(missing, [])


class Verify(Case):
    """Damage in the file is found by verify."""

    DAMAGE = {
        "an event's text": "UPDATE event SET body = replace(body, '路灯', "
                           "'电灯') WHERE n = 1 AND key = :k",
        "an event's time": "UPDATE event SET at = at + 1 "
                           "WHERE n = 3 AND key = :k",
        "an event's actor": "UPDATE event SET actor = 'officer:x' "
                            "WHERE n = 2 AND key = :k",
        "an event's claim": "UPDATE event SET claimed = 5 "
                            "WHERE n = 4 AND key = :k",
        "an event's type": "UPDATE event SET type = type + 1 "
                           "WHERE n = 3 AND key = :k",
        "an event's hash": "UPDATE event SET hash = zeroblob(32) "
                           "WHERE n = 3 AND key = :k",
        "an event in the middle": "DELETE FROM event "
                                  "WHERE n = 3 AND key = :k",
        "the last event": "DELETE FROM event WHERE key = :k AND n = "
                          "(SELECT max(n) FROM event WHERE key = :k)",
        "the first event": "DELETE FROM event WHERE key = :k AND n = 1",
        "all events": "DELETE FROM event WHERE key = :k",
        "the case's text": "UPDATE case_file SET doc = replace(doc, "
                           "'路灯', '电灯') WHERE key = :k",
        "the case's unit": "UPDATE case_file SET doc = replace(doc, "
                           "'u-water', 'u-roads') WHERE key = :k",
        "the case's hash": "UPDATE case_file SET hash = zeroblob(32) "
                           "WHERE key = :k",
        "the case's state": "UPDATE case_file SET state = state + 1 "
                            "WHERE key = :k",
        "the case": "DELETE FROM case_file WHERE key = :k",
        "a limit": "DELETE FROM clock WHERE key = :k AND id = 'notice'",
        "a limit's time": "UPDATE clock SET fire_at = fire_at + 86400000, "
                          "due_at = due_at + 86400000 "
                          "WHERE key = :k AND id = 'notice'",
        "an alert": "DELETE FROM alert WHERE key = :k",
        "a limit too many": "INSERT INTO clock SELECT key, 'x', unit, 0, 0, "
                            "due_at, fire_at FROM clock WHERE key = :k",
        "a limit's unit": "UPDATE clock SET unit = 'u-x' WHERE key = :k",
        "who saw an alert": "UPDATE alert SET acked_at = 1, "
                            "acked_by = 'officer:x' WHERE key = :k",
        "the case's listing": "UPDATE case_file SET category = NULL "
                              "WHERE key = :k",
        "the submission's id": "DELETE FROM request WHERE key = :k",
        "a task of nothing": "INSERT INTO task_dead VALUES "
                             "(1, 4, :k, 999, 5, NULL, NULL)",
    }

    def test_verify_is_clean_on_a_good_store(self):
        world, client = self.office()
        for _ in range(7):
            self.submit()
        answer = self.one("verify")
        self.assertEqual(answer["cases"], 7)
        self.assertEqual(answer["events"],
                         client.call("stats")["store"]["events"])
        self.assertEqual(answer["faults"], 0)

    def test_verify_finds_each_kind_of_damage(self):
        world, client = self.office()
        numbers = [self.submit("--category", "供水") for _ in range(3)]
        self.one("clock", "set", "2026-05-20T09:00:00+08:00", "--settle")
        world.broker.stop()
        with open(world.broker.db, "rb") as file:
            good = file.read()
        for what, sql in self.DAMAGE.items():
            for suffix in ("-wal", "-shm"):
                if os.path.exists(world.broker.db + suffix):
                    os.unlink(world.broker.db + suffix)
            with open(world.broker.db, "wb") as file:
                file.write(good)
            db = sqlite3.connect(world.broker.db)
            changed = db.execute(sql, {"k": 20260501000002}).rowcount
            db.commit()
            db.close()
            with self.subTest(damage=what):
                self.assertGreater(changed, 0)
                self.find(world, numbers)

    def test_verify_counts_at_the_end(self):
        world, _ = self.office()
        self.submit()
        world.broker.stop()
        db = sqlite3.connect(world.broker.db)
        db.execute("UPDATE total SET alerts_open = 5")
        db.commit()
        db.close()
        world.broker.start()
        lines = world.ctl("verify", "--limit", "1", js=True, code=65)
        self.assertEqual(lines[-1]["faults"], 1)
        self.assertEqual((lines[0]["case_no"], lines[0]["what"]),
                         (None, "wrong-total"))

    def find(self, world, numbers):
        world.broker.start()
        try:
            code, out, err = world.ctl("verify", code=None)
            self.assertEqual(code, 65, out + err)
            self.assertIn(numbers[1], out + err)
            self.assertNotIn(numbers[0], out + err)
            self.assertNotIn(numbers[2], out + err)
        finally:
            world.broker.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
