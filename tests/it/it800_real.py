"""Real input: 1,408 messages to a public office and its real answer times,
driven through real processes under the test clock, in time order.

Under a policy of one clock, the cases that went overdue are exactly those
that a few independent lines count from the file, each with one overdue alert
raised at its due time; the same with a SIGKILL of a random process every
fifty cases.  Skipped where the data (DOCKET_REAL_DATA) is absent.
"""

import datetime
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402

DATA = os.environ.get("DOCKET_REAL_DATA") or os.path.join(
    dkworld.ROOT, "..", "shared", "data")
FILE = os.path.join(DATA, "replied.ndjson")
NODE = os.path.join(dkworld.ROOT, "tests", "node")


def rows():
    with open(FILE, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


# -- the oracle: what went overdue, from the file alone -----------------------

def natural(row, days):
    """The first instant that is too late, counting natural days."""
    day = datetime.datetime.fromisoformat(row["submitted_at"])
    return (day.replace(hour=0, minute=0, second=0) +
            datetime.timedelta(days=days + 1))


def dues(data, days, count):
    """{id: due} for all rows."""
    if count == "natural":
        return {row["id"]: natural(row, days) for row in data}
    asked = {"n": days, "days": [row["submitted_at"][:10] for row in data]}
    done = subprocess.run(["node", os.path.join(NODE, "workdays.mjs")],
                          input=json.dumps(asked).encode(), check=True,
                          stdout=subprocess.PIPE)
    return {row["id"]: datetime.datetime.fromisoformat(
        last + "T00:00:00+08:00") + datetime.timedelta(days=1)
        for row, last in zip(data, json.loads(done.stdout)["last"])}


def overdue(data, due):
    return {row["id"] for row in data if
            datetime.datetime.fromisoformat(row["replied_at"]) >=
            due[row["id"]]}


# -- the office ---------------------------------------------------------------

def one_clock(days, count):
    """A policy of a single limit: handed in to answered."""
    both = {"zh-CN": "答复期限", "en": "Answer"}
    return {
        "format": "docket-policy/1", "id": "one-clock", "name": both,
        "calendar": "cn", "versions": [{
            "effective_from": "2000-01-01", "law": both,
            "ladder": {"overdue": {"level": "overdue",
                                   "tell": ["handler", "office"]}},
            "clocks": [{
                "id": "limit", "name": both, "article": "-",
                "verified": False, "starts_on": ["submitted"],
                "stops_on": ["answered"],
                "length": {"days": days, "count": count},
                "on_last_day_rest": "keep", "on_due": "overdue"}]}]}


class Kiosk:
    """docket-kiosk, fed with a line for each citizen."""

    def __init__(self, world):
        self.world = world
        self.spool = world.path("spool.db")
        self.start()

    def start(self):
        read, self.pipe = os.pipe()
        self.process = self.world.spawn(
            "docket-kiosk", "--spool", self.spool, "--connect",
            self.world.broker.clients, "--stdin", "--json", stdin=read)
        os.close(read)
        self.place, self.said = 0, {}

    def kill(self):
        self.process.kill()
        os.close(self.pipe)
        self.start()

    def offer(self, body):
        os.write(self.pipe, dkproto.dumps(body) + b"\n")

    def heard(self, known):
        """What it said last of this submission."""
        with open(self.process.out, "rb") as file:
            file.seek(self.place)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self.place += len(line)
                event = dkproto.loads(line)
                if event["event"] == "refused":
                    raise AssertionError("the kiosk refused: %s" % event)
                self.said[event["submission_id"]] = event
        return self.said.get(known)

    def submit(self, body, client):
        """Offer it and wait for the case number."""
        known = body["submission_id"]
        self.offer(body)
        said = dkworld.until(
            lambda: (self.heard(known) or {}).get("event") in
            ("case", "already") and self.said[known], 60,
            "the kiosk's case number", 0.002)
        if said["event"] == "case":
            return said
        # A kiosk that was killed after the acknowledgement has forgotten to
        # tell it; the broker gives the same answer for ever.
        return client.insist("case.submit", body, 60, 5)


class Office:
    """A broker, its services and a client that walks through the rows."""

    def __init__(self, world, policy, rng=None):
        self.world, self.rng = world, rng
        self.files = {"policy": world.path("policy.json", policy)}
        world.broker.options.update(heartbeat_ms=300, lease_ms=5000)
        world.broker.start()
        self.services = {name: self.service(name)
                         for name in ("assign", "deadline", "escalate")}
        self.client = world.client()
        self.kills = {}
        self.kiosk = Kiosk(world)

    def service(self, name, wait=True):
        return self.world.service(name, wait=wait, files=self.files)

    def insist(self, kind, body):
        return self.client.insist(kind, body, 120, 20)

    def kill(self, pending):
        """SIGKILL one process while `pending` is under way."""
        victim = self.rng.choice(("broker", "assign", "deadline",
                                  "escalate", "kiosk"))
        self.kills[victim] = self.kills.get(victim, 0) + 1
        if pending[0] == "case.submit":
            self.kiosk.offer(pending[1])
        else:
            self.client.send(*pending)
        time.sleep(self.rng.random() * 0.01)  # the moment of the kill
        if victim == "broker":
            self.world.broker.kill()
            self.world.broker.start()
        elif victim == "kiosk":
            self.kiosk.kill()
        else:
            self.services[victim].kill()
            self.services[victim] = self.service(victim, wait=False)
        self.client.reopen()

    def do(self, kind, body, kill=False):
        if kill:
            self.kill((kind, body))
        if kind == "case.submit":
            return self.kiosk.submit(body, self.client)
        return self.insist(kind, body)

    def walk(self, data):
        """Everything in time order.  {case number: row id}."""
        ids = {row["id"]: dkproto.uuid7(1700000000000 + i)
               for i, row in enumerate(data)}
        line = sorted(
            [(datetime.datetime.fromisoformat(row["submitted_at"]), 0, i)
             for i, row in enumerate(data)] +
            [(datetime.datetime.fromisoformat(row["replied_at"]), 1, i)
             for i, row in enumerate(data)])
        number, cases, shown = {}, 0, time.monotonic()
        for when, step, i in line:
            row = data[i]
            cases += step == 0
            kill = self.rng is not None and step == 0 and cases % 50 == 0
            before = kill and self.rng.random() < 0.5
            self.do("clock.set", {"to": when.isoformat(), "settle": True},
                    before)
            if step == 0:
                body = {"submission_id": ids[row["id"]],
                        "channel": "kiosk", "subject": row["subject"],
                        "facts": row["body"],
                        "submitted_at": row["submitted_at"]}
                if row["region"]:
                    body["region"] = row["region"]
                answer = self.do("case.submit", body, kill and not before)
                number[row["id"]] = answer["case_no"]
            else:
                self.conclude(number[row["id"]], row)
            if time.monotonic() - shown > 10:
                shown = time.monotonic()
                print("%s, %d cases" % (when.date(), cases), flush=True)
        last = line[-1][0] + datetime.timedelta(days=400)
        self.do("clock.set", {"to": last.isoformat(), "settle": True})
        return {case: row for row, case in number.items()}

    def conclude(self, case, row):
        """The unit accepts and answers, at its real time."""
        for action, fields in (("accept", {}),
                               ("answer", {"text": row["reply"],
                                           "legal_basis": "条例"})):
            body = {"command_id": dkproto.uuid7(), "case_no": case,
                    "action": action, "actor": "unit:u"}
            body.update(fields)
            self.insist("case.act", body)


@unittest.skipUnless(os.path.isfile(FILE),
                     "no real data in %s (set DOCKET_REAL_DATA)" % DATA)
class Real(dkworld.TestCase):
    def run_office(self, days, count, killing):
        began = time.monotonic()
        data = rows()
        if os.environ.get("DK_ROWS"):
            data = data[:int(os.environ["DK_ROWS"])]
        due = dues(data, days, count)
        late = overdue(data, due)
        rng = dkproto.seeded() if killing else None
        first = datetime.datetime.fromisoformat(data[0]["submitted_at"])
        world = self.world(test_clock=(
            first - datetime.timedelta(days=1)).isoformat())
        office = Office(world, one_clock(days, count), rng)
        cases = office.walk(data)
        self.assertEqual(len(cases), len(data))
        follower = world.follower(credit=5000)
        follower.follow()
        events = follower.drain(
            until=office.client.call("stats")["store"]["events"], deadline=120)
        self.compare(events, cases, due, late)
        report = checker.Report()
        by_case = checker.group(events)
        checker.check_stream(events, report)
        checker.check_assigned(by_case, report)
        checker.check_alerts(by_case, office.client.pages(
            "alert.list", {"open": False}, limit=500), report)
        self.assertEqual(report.faults, [])
        _, _, faults = office.client.verify_all()
        self.assertEqual(faults, [])
        self.assertEqual(office.client.call("stats")["store"]["tasks_dead"], 0)
        print("%d %s days%s: %d of %d overdue, %d events, kills %s, %.0f s" %
              (days, count, " with kills" if killing else "", len(late),
               len(data), len(events), office.kills,
               time.monotonic() - began), flush=True)
        world.broker.stop()

    def compare(self, events, cases, due, late):
        fired, alerts = {}, {}
        for event in events:
            if event["body"].get("rung") != "overdue":
                continue
            row = cases[event["case_no"]]
            if event["type"] == "clock_fired":
                self.assertNotIn(row, fired, "fired twice")
                fired[row] = event["at"]
            elif event["type"] == "alert_raised":
                self.assertNotIn(row, alerts, "two overdue alerts")
                alerts[row] = event["at"]
        self.assertEqual(set(fired), late)
        self.assertEqual(set(alerts), late)
        for row in late:
            wanted = due[row].isoformat(timespec="milliseconds")
            self.assertEqual(fired[row], wanted)
            self.assertEqual(alerts[row], wanted)

    def need_node(self):
        if not shutil.which("node") or not os.path.isdir(
                os.path.join(NODE, "node_modules", "chinese-days")):
            self.skipTest("chinese-days is not installed in tests/node "
                          "(npm ci)")

    def test_15_natural_days(self):
        self.run_office(15, "natural", False)

    def test_60_natural_days(self):
        self.run_office(60, "natural", False)

    def test_10_working_days(self):
        self.need_node()
        self.run_office(10, "working", False)

    def test_15_natural_days_with_kills(self):
        self.run_office(15, "natural", True)

    def test_60_natural_days_with_kills(self):
        self.run_office(60, "natural", True)

    def test_10_working_days_with_kills(self):
        self.need_node()
        self.run_office(10, "working", True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
