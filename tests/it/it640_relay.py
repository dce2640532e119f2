"""docket-relay between a county's docket and its city's: each case arrives
once and its answer comes home, whatever is away, killed, wrong or refused; and
nobody learns what is not theirs.

DK_RELAY_CASES (10) and DK_RELAY_KILLS (8) size a round of kills, DK_BUDGET
(seconds) repeats it, DK_SEED plays one again.
"""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import battery  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

CITY = "330600"
SHI, QX = "shi-xfj", "qx-xfj"  # the city in the county's book; and back
NAME, PHONE = "欧阳铁柱", "0570-7654321"
PERSON = {"name": NAME, "phone": PHONE, "address": "青溪镇三角井巷十八号"}


def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Office:
    """One docket on a port of its own, and its administrator."""

    def __init__(self, test, county, keys, unit):
        self.world = test.world(county=county)
        self.local = self.world.broker.clients
        self.tcp = "tcp://127.0.0.1:%d" % port()
        if keys is not None:
            self.world.broker.allow("relay", "relay", keys, unit)
        self.start()
        self.key = self.world.broker.server_key()
        self.client = self.world.client()

    def start(self):
        self.world.broker.start(clients=self.local + " " + self.tcp)
        self.world.broker.clients = self.local

    def do(self, number, action, actor="office:xfj", **fields):
        body = dict(fields, command_id=dkproto.uuid7(), case_no=number,
                    action=action, actor=actor)
        return self.client.insist("case.act", body)

    def case(self, number):
        return self.client.insist("case.get", {"case_no": number})

    def events(self, number):
        return self.client.insist("case.events", {"case_no": number,
                                                  "limit": 500})["items"]

    def cases(self):
        return list(self.client.pages("case.list", limit=100))

    def as_relay(self, keys):
        keys.server = self.key
        peer = dkproto.Client(self.tcp, keys=keys)
        self.world.peers.append(peer)
        return peer


class Relay:
    def __init__(self, test, county, city, keys, **more):
        self.test, self.county, self.city = test, county, city
        self.folder = county.world.folder
        self.spool = os.path.join(self.folder, "relay.db")
        self.seal = os.path.join(self.folder, "seal.key")
        self.config = os.path.join(self.folder, "relay.conf")
        self.process = None
        self.logs = []
        for side, office, pair in (("from", county, keys[0]),
                                   ("to", city, keys[1])):
            path = os.path.join(self.folder, side + ".key")
            with open(path, "w", encoding="utf-8") as file:
                file.write("public %s\nsecret %s\n" % (pair.public,
                                                       pair.secret))
            os.chmod(path, 0o400)
        text = ""
        for side, office in (("from", county), ("to", city)):
            text += "[%s]\nbroker = %s\nkey = %s\nserver_key = %s\n" % (
                side, office.tcp, os.path.join(self.folder, side + ".key"),
                office.key)
        text += "[carry]\nspool = %s\nspool_key = %s\n" % (self.spool,
                                                           self.seal)
        text += more.get("carry", "")
        text += "[respondents]\nxfj = %s\n" % QX
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        self.process = self.county.world.spawn(
            "docket-relay", "--config", self.config)
        self.logs.append(self.process)

    def kill(self):
        self.process.kill()

    def stop(self):
        self.test.assertEqual(self.process.stop(), 0)

    def run(self, *argv):
        return subprocess.run(
            [dkworld.program("docket-relay"), "--config", self.config] +
            list(argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", timeout=60)

    def status(self):
        done = self.run("--status", "--json")
        self.test.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Case(dkworld.TestCase):
    def offices(self, **more):
        self.keys = (dkproto.Keys(), dkproto.Keys())
        allowed = more.pop("allowed", True)
        self.county = Office(self, dkworld.COUNTY, self.keys[0], SHI)
        self.city = Office(self, CITY, self.keys[1] if allowed else None, QX)
        self.relay = Relay(self, self.county, self.city, self.keys, **more)

    def passed_on(self, how="transfer", **fields):
        fields.setdefault("persons", [PERSON])
        body = dkproto.submission(**fields)
        number = self.county.client.insist("case.submit", body)["case_no"]
        self.county.do(number, "register")
        self.county.do(number, "assign", unit=SHI)
        self.county.do(number, how, note="请市里办理")
        return number

    def there(self, number, deadline=30):
        return until(lambda: self.county.case(number).get("relayed_to"),
                     deadline, "the city's number of " + number)

    def answered_there(self, there):
        city = self.city
        city.do(there, "register")
        city.do(there, "assign", unit="sthj")
        city.do(there, "transfer")
        city.do(there, "accept", notice="受〔2026〕9号", way="post")
        city.do(there, "answer", text="已责令整改", legal_basis="条例第三十四条",
                delivered="post")

    def is_state(self, office, number, state, deadline=30):
        until(lambda: office.case(number)["state"] == state, deadline,
              lambda: "%s in %s: %s" % (number, state,
                                        office.case(number)["state"]))

    def nothing_leaks(self):
        """Nobody's name, number or street outside of the two brokers."""
        words = [w.encode() for w in (NAME, PHONE, PERSON["address"], "三盏路灯",
                                      "已责令整改")]
        paths = [p for log in self.relay.logs for p in (log.log, log.out)]
        paths += [os.path.join(self.relay.folder, f)
                  for f in os.listdir(self.relay.folder)
                  if f.startswith("relay.db")]
        for path in paths:
            with open(path, "rb") as file:
                text = file.read()
            for word in words:
                self.assertNotIn(word, text, path)

    def once_each(self, numbers):
        """Nothing lost, nothing twice."""
        cases = self.city.cases()
        came = [c["from"] for c in cases]
        self.assertEqual(sorted(came), sorted(numbers))
        for c in cases:
            here = self.county.case(c["from"])
            self.assertEqual(here["relayed_to"], c["case_no"])
            told = [e for e in self.county.events(c["from"])
                    if e["type"] == "relayed" and
                    e["body"]["event"] == "submitted"]
            self.assertEqual([e["body"]["there"] for e in told],
                             [c["case_no"]])
        return {c["from"]: c for c in cases}


class Carried(Case):
    def test_a_case_goes_there_and_its_answer_comes_home(self):
        self.offices()
        self.relay.start()
        number = self.passed_on(
            needs=["safety"], confidential=True, region="330699001",
            category="环境保护/水污染", petitioners=7,
            respondents=[{"unit": "xfj", "officer": "li"}, {"unit": "wjw"}])
        there = self.there(number)
        case = self.city.case(there)
        passed = [e for e in self.county.events(number)
                  if e["type"] == "transferred"][0]
        self.assertEqual((case["from"], case["from_unit"]), (number, QX))
        # No day of the wire is a day of the petitioner's.
        self.assertEqual(case["submitted_at"], passed["at"])
        for member in ("subject", "region", "category", "petitioners",
                       "confidential", "needs", "channel", "kind"):
            self.assertEqual(case[member], self.county.case(number)[member])
        # Who is complained about is so there: by the name that they have there,
        # else as somebody of where the case comes from.
        self.assertEqual(case["respondents"],
                         [{"unit": QX, "officer": "330699.li"},
                          {"unit": QX, "officer": None}])
        with self.problem("respondent", "/unit"):
            self.city.do(there, "assign", unit=QX)
        facts = self.city.events(there)[0]["body"]["facts"]
        self.assertEqual(facts, self.county.events(number)[0]["body"]["facts"])
        who = {"actor": "officer:test", "reason": "核对"}
        self.assertEqual(
            self.city.client.call("person.get", dict(who, case_no=there))
            ["persons"], [PERSON])
        self.answered_there(there)
        until(lambda: [e for e in self.county.events(number)
                       if e["type"] == "delivered"], 30, "the answer at home")
        home = {e["type"]: e for e in self.county.events(number)}
        self.assertEqual(home["answered"]["body"]["text"], "已责令整改")
        self.assertEqual(home["answered"]["actor"], "unit:" + SHI)
        self.assertEqual(home["accepted"]["claimed_at"][:19], [
            e for e in self.city.events(there)
            if e["type"] == "accepted"][0]["at"][:19])
        self.assertEqual(home["notice_given"]["body"]["number"],
                         "受〔2026〕9号")
        self.assertEqual(self.county.case(number)["state"], "answered")
        self.assertEqual(len([1 for e in self.county.events(number)
                              if e["type"] == "person_read"]), 1)
        # What happens here is told there.
        self.county.do(number, "urge", ground="not_carried_out",
                       grounds="尚未整改到位")
        until(lambda: [e for e in self.city.events(there)
                       if e["type"] == "relayed" and
                       e["body"]["event"] == "urged"], 30, "the urging there")
        self.relay.stop()
        self.once_each([number])
        self.assertEqual(self.relay.status()["arrived"], 1)
        self.nothing_leaks()

    def test_only_what_the_rule_names_is_carried(self):
        self.offices(carry="acts = handed_over\ncategories = 环境保护, 城乡建设\n")
        self.relay.start()
        wrong = [self.passed_on(category="环境保护"),
                 self.passed_on("hand_over", category="劳动"),
                 self.passed_on("hand_over", category="环境保护区")]
        elsewhere = self.passed_on("hand_over", category="环境保护")
        other = self.county.client.submit(category="环境保护")["case_no"]
        self.county.do(other, "register")
        self.county.do(other, "hand_over", unit="sthj")
        right = self.passed_on("hand_over", category="环境保护/水污染")
        self.there(right)
        self.there(elsewhere)
        self.relay.stop()
        self.once_each([right, elsewhere])
        for number in wrong + [other]:
            self.assertNotIn("relayed_to", self.county.case(number))

    def test_what_is_sent_back_is_an_objection_at_home(self):
        self.offices()
        self.relay.start()
        number = self.passed_on()
        there = self.there(number)
        self.city.do(there, "register")
        self.city.do(there, "transfer", unit=QX, note="属县级职责")
        self.is_state(self.county, number, "objected")
        grounds = self.county.events(number)[-1]["body"]["grounds"]
        self.assertIn("属县级职责", grounds)
        self.assertIn(there, grounds)
        # The office stands by it: that is told there, and comes again as a
        # case of its own when it is passed on again.
        self.county.do(number, "uphold_objection", reason="重新研究")
        self.county.do(number, "assign", unit=SHI)
        self.county.do(number, "transfer")
        second = until(lambda: self.county.case(number)["relayed_to"] != there
                       and self.county.case(number)["relayed_to"], 30,
                       "the second case")
        self.assertEqual(self.city.case(second)["from"], number)
        self.assertEqual(len(self.city.cases()), 2)

    def test_what_the_other_docket_refuses_is_an_objection_at_home(self):
        self.offices()
        self.relay.start()
        body = dkproto.submission(facts="\n" * 100, respondents=[
            {"unit": "u%d" % i} for i in range(10)])
        room = 65536 - len(dkproto.dumps(body)) - 20
        body["facts"] += "\n" * (room // 2)
        number = self.county.client.insist("case.submit", body)["case_no"]
        self.county.do(number, "register")
        self.county.do(number, "transfer", unit=SHI)
        self.is_state(self.county, number, "objected")
        self.assertIn("too-large", self.county.events(number)[-1]["body"]
                      ["grounds"])
        later = self.passed_on()  # it holds nobody up
        self.there(later)
        self.relay.stop()
        self.once_each([later])
        self.assertEqual(self.relay.status()["refusals"],
                         [{"what": "case", "case_no": number,
                           "problem": "too-large"}])

    def test_what_cannot_be_an_act_at_home_is_told_there(self):
        self.offices()
        self.relay.start()
        number = self.passed_on()
        there = self.there(number)
        self.county.do(number, "withdraw", document="撤〔2026〕1号")
        until(lambda: [e for e in self.city.events(there)
                       if e["type"] == "relayed"], 30, "the withdrawal there")
        self.answered_there(there)
        told = until(lambda: [e["body"]["event"] for e in
                              self.county.events(number)
                              if e["type"] == "relayed"
                              and e["body"]["event"] == "delivered"] and
                     [e["body"] for e in self.county.events(number)
                      if e["type"] == "relayed"], 30, "what is told at home")
        self.assertEqual(self.county.case(number)["state"], "withdrawn")
        texts = {b["event"]: b.get("text") for b in told}
        self.assertEqual(texts["answered"], "answer: 已责令整改")
        self.assertIn("accepted", texts)


class Away(Case):
    def test_either_side_away_for_long(self):
        self.offices()
        self.city.world.broker.stop()
        self.relay.start()
        numbers = [self.passed_on(subject="第%d件" % i) for i in range(12)]
        gone = numbers.pop()
        self.relay.process.line("event=relay_connected side=from")
        self.relay.kill()
        self.county.do(gone, "withdraw", document="撤〔2026〕2号")
        self.relay.start()
        self.county.world.broker.stop()
        self.city.start()
        self.relay.process.line("event=relay_connected side=to")
        self.county.start()
        for number in numbers:
            self.there(number, 60)
        cases = self.once_each(numbers)
        # The answers come while the county is cut off.
        self.county.world.broker.stop()
        for number in numbers:
            self.answered_there(cases[number]["case_no"])
        self.relay.stop()
        self.relay.start()
        self.relay.process.line("event=relay_connected side=to")
        self.county.start()
        for number in numbers:
            self.is_state(self.county, number, "answered", 60)
        self.relay.stop()
        self.once_each(numbers)
        self.nothing_leaks()

    def test_a_key_that_is_not_known_is_waited_for(self):
        self.offices(allowed=False)
        self.relay.start()
        number = self.passed_on()
        self.relay.process.line("event=relay_waiting side=to what=hello")
        self.assertEqual(self.city.cases(), [])
        self.city.client.call("keys.allow", {
            "name": "hall", "roles": ["kiosk"], "key": self.keys[1].public})
        self.relay.process.line("event=relay_waiting side=to .*is no relay", 60)
        self.city.client.call("keys.allow", {
            "name": "hall", "roles": ["relay"], "unit": QX,
            "key": self.keys[1].public, "replace": True})
        self.there(number, 60)
        # A wrong public key of the docket is no docket at all.
        self.relay.stop()
        with open(self.relay.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.relay.config, "w", encoding="utf-8") as file:
            file.write(text.replace(self.city.key, self.county.key))
        second = self.passed_on()
        self.relay.start()
        self.relay.process.line("event=relay_waiting side=to what=hello")
        self.relay.stop()
        with open(self.relay.config, "w", encoding="utf-8") as file:
            file.write(text)
        self.relay.start()
        self.there(second, 60)
        self.once_each([number, second])

    def test_a_lost_spool_is_made_again(self):
        self.offices()
        self.relay.start()
        numbers = [self.passed_on() for _ in range(3)]
        there = [self.there(n) for n in numbers]
        self.answered_there(there[0])
        self.is_state(self.county, numbers[0], "answered")
        self.relay.stop()
        for name in os.listdir(self.relay.folder):
            if name.startswith("relay.db"):
                os.unlink(os.path.join(self.relay.folder, name))
        os.unlink(self.relay.seal)
        numbers.append(self.passed_on())
        self.relay.start()
        self.there(numbers[-1])
        self.answered_there(there[1])
        self.is_state(self.county, numbers[1], "answered")
        self.relay.stop()
        self.once_each(numbers)
        status = self.relay.status()
        self.assertEqual((status["arrived"], status["refusals"]), (4, []))

    def test_a_docket_that_was_restored_is_told_again(self):
        self.offices()
        self.relay.start()
        numbers = [self.passed_on() for _ in range(2)]
        there = [self.there(n) for n in numbers]
        broker, client = self.county.world.broker, self.county.client
        copy = os.path.join(self.county.world.folder, "copy.db")
        client.call("backup.start", {"backup_id": dkproto.uuid7(),
                                     "file": copy})
        until(lambda: client.call("backup.status")["state"] == "done", 30,
              "the backup")
        # All of this is lost at home, and known in the city.
        self.answered_there(there[0])
        self.is_state(self.county, numbers[0], "answered")
        lost = self.passed_on()
        lost_there = self.there(lost)
        broker.stop()
        for name in ("docket.db", "docket.db-wal"):
            if os.path.exists(os.path.join(broker.data, name)):
                os.unlink(os.path.join(broker.data, name))
        os.rename(copy, broker.db)
        self.county.start()
        self.is_state(self.county, numbers[0], "answered", 60)
        new = self.passed_on()
        self.there(new, 60)
        self.relay.process.line("event=relay_stream side=from")
        self.assertEqual(
            sorted(c["from"] for c in self.city.cases()),
            sorted(numbers + [lost, new]))
        for number, known in zip(numbers, there):
            told = [e["body"]["there"] for e in self.county.events(number)
                    if e["type"] == "relayed" and
                    e["body"]["event"] == "submitted"]
            self.assertEqual(told, [known])
        # Of the lost one people hear by what cannot be written down.
        self.relay.stop()
        self.assertIn({"what": "act-from", "case_no": lost,
                       "problem": "not-found"},
                      self.relay.status()["refusals"])
        self.assertEqual(self.city.case(lost_there)["from"], lost)

    def test_the_spool_opens_with_its_own_key_only(self):
        self.offices()
        self.relay.start()
        self.there(self.passed_on())
        busy = self.relay.run("--status")
        self.assertEqual(busy.returncode, dkworld.EX_TEMPFAIL, busy.stderr)
        self.relay.stop()
        with open(self.relay.seal, encoding="utf-8") as file:
            key = file.read()
        os.chmod(self.relay.seal, 0o600)
        with open(self.relay.seal, "w", encoding="utf-8") as file:
            file.write("0" * 64 + "\n")
        done = self.relay.run("--status")
        self.assertEqual(done.returncode, dkworld.EX_CONFIG)
        self.assertIn("another key", done.stderr)
        with open(self.relay.seal, "w", encoding="utf-8") as file:
            file.write(key)
        os.chmod(self.relay.seal, 0o644)
        self.assertIn("chmod 400", self.relay.run("--status").stderr)
        os.chmod(self.relay.seal, 0o400)
        self.assertEqual(self.relay.status()["arrived"], 1)
        other = sqlite3.connect(os.path.join(self.relay.folder, "other.db"))
        other.execute("CREATE TABLE x(y)")
        other.close()
        os.replace(os.path.join(self.relay.folder, "other.db"),
                   self.relay.spool)
        done = self.relay.run("--status")
        self.assertEqual(done.returncode, dkworld.EX_CONFIG, done.stderr)


class Rights(Case):
    """What the key of a relay opens, without the program."""

    def test_a_relay_brings_what_is_from_elsewhere_and_nothing_else(self):
        self.offices()
        peer = self.city.as_relay(self.keys[1])
        body = dkproto.submission(**{"from": "330699-20260501-000001-7"})
        mine = peer.call("case.submit", body)["case_no"]
        self.assertEqual(peer.call("case.submit", body)["case_no"], mine)
        with self.problem("conflict"):
            peer.call("case.submit", dict(
                body, **{"from": "330699-20260501-000002-5"}))
        with self.problem("forbidden", "/from"):
            peer.call("case.submit", dkproto.submission())
        with self.problem("forbidden", "/from"):
            self.city.client.call("case.submit", dict(
                body, submission_id=dkproto.uuid7()))
        with self.problem("bad-field", "/from"):
            peer.call("case.submit", dkproto.submission(
                **{"from": dkproto.case_no(330600, "20260501", 1)}))
        with self.problem("bad-field", "/from"):
            peer.call("case.submit", dkproto.submission(**{"from": "330699"}))
        with self.problem("forbidden", "/import"):
            peer.call("case.submit", dict(
                body, submission_id=dkproto.uuid7(), **{"import": True}))
        # It sees that case, though its unit is complained about; not its
        # petitioners, nor any other case.
        theirs = self.city.client.submit()["case_no"]
        self.assertEqual(peer.call("case.get", {"case_no": mine})["from_unit"],
                         QX)
        with self.problem("not-found"):
            peer.call("case.get", {"case_no": theirs})
        with self.problem("forbidden"):
            peer.call("case.list", {})
        ask = {"case_no": mine, "actor": "unit:" + QX, "reason": "x"}
        with self.problem("forbidden"):
            peer.call("person.get", ask)
        for action, more in (("register", {}), ("accept", {}),
                             ("answer", {"text": "x", "legal_basis": "y"}),
                             ("withdraw", {"document": "z"})):
            with self.problem("forbidden"):
                peer.call("case.act", dict(
                    more, command_id=dkproto.uuid7(), case_no=mine,
                    action=action, actor="unit:" + QX))
        with self.problem("bad-field", "/there"):
            peer.act(mine, "relay", actor="unit:" + QX, event="urged",
                     there=dkproto.case_no(330699, "20260501", 2))
        with self.problem("forbidden", "/actor"):
            peer.act(mine, "relay", actor="officer:relay", event="urged",
                     there="330699-20260501-000001-7")
        peer.act(mine, "relay", actor="unit:" + QX, event="urged",
                 there="330699-20260501-000001-7")

    def test_a_relay_has_a_unit_and_no_other_role(self):
        self.offices()
        ask = {"name": "r2", "key": dkproto.Keys().public}
        with self.problem("bad-field", "/unit"):
            self.city.client.call("keys.allow", dict(ask, roles=["relay"]))
        with self.problem("bad-field", "/roles"):
            self.city.client.call("keys.allow", dict(
                ask, unit=QX, roles=["relay", "supervisor"]))


class Configured(Case):
    def test_what_is_wrong_in_the_file_is_named(self):
        self.offices()
        with open(self.relay.config, encoding="utf-8") as file:
            text = file.read()
        done = self.relay.run("--check-config")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for change, words in (
                (("broker = tcp", "brocker = tcp"), "did you mean from.broker"),
                (("broker = tcp://127", "broker = ipc://127"), "from.broker"),
                (("[carry]", "[carry]\nacts = closed"), "passes no case on"),
                (("[carry]", "[carry]\nacts ="), "carry.acts is empty"),
                (("server_key = %s" % self.county.key, "server_key ="),
                 "server_key must be set"),
                (("[to]", "[to"), r"relay.conf:\d+: this line is no")):
            with self.subTest(words=words):
                with open(self.relay.config, "w", encoding="utf-8") as file:
                    file.write(text.replace(*change))
                done = self.relay.run("--check-config")
                self.assertEqual(done.returncode, dkworld.EX_CONFIG)
                self.assertRegex(done.stderr, words)
        done = self.relay.run("--chek-config")
        self.assertEqual(done.returncode, dkworld.EX_USAGE)
        self.assertIn("did you mean --check-config", done.stderr)


class Killed(Case):
    def test_kills_at_random_moments(self):
        for rng in battery.rounds():
            self.one_round(rng)

    def one_round(self, rng):
        self.offices()
        self.relay.start()
        kills = battery.number("DK_RELAY_KILLS", 8)
        numbers, answered = [], set()
        for i in range(battery.number("DK_RELAY_CASES", 10)):
            numbers.append(self.passed_on(subject="第%d件" % i))
            if kills and rng.random() < 0.8:
                kills -= 1
                self.one_kill(rng)
            for case in self.city.cases():
                if case["case_no"] not in answered and rng.random() < 0.5:
                    answered.add(case["case_no"])
                    self.answered_there(case["case_no"])
        for number in numbers:
            there = self.there(number, 60)
            if there not in answered:
                answered.add(there)
                self.answered_there(there)
            if kills:
                kills -= 1
                self.one_kill(rng)
        for number in numbers:
            self.is_state(self.county, number, "answered", 60)
            until(lambda: [1 for e in self.county.events(number)
                           if e["type"] == "delivered"], 60, "the delivery")
        self.relay.stop()
        self.once_each(numbers)
        for number in numbers:
            steps = [e["type"] for e in self.county.events(number)]
            for step in ("transferred", "accepted", "notice_given", "answered",
                         "delivered"):
                self.assertEqual(steps.count(step), 1, (number, steps))
        status = self.relay.status()
        self.assertEqual((status["arrived"], status["refusals"],
                          status["acts_from"], status["acts_to"]),
                         (len(numbers), [], 0, 0))
        for office in (self.county, self.city):
            self.assertEqual(office.client.verify_all()[2], [])
        self.nothing_leaks()
        for office in (self.county, self.city):
            self.finish(office.world)

    def one_kill(self, rng):
        time.sleep(rng.random() * 0.05)  # where in its work it is hit
        victim = rng.choice(("relay", "relay", "county", "city"))
        if victim == "relay":
            self.relay.kill()
            self.relay.start()
            return
        office = getattr(self, victim)
        office.world.broker.kill()
        office.start()


if __name__ == "__main__":
    unittest.main(verbosity=2)
