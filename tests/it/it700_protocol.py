"""Every message of PROTOCOL.md once good and many times bad.

A refusal names its kind, its place and its reason in two languages (dkproto
checks the form of every answer), a counter moves, nothing changes, and the
daemon goes on.
"""

import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkschema  # noqa: E402
import dkworld  # noqa: E402
from checker import instant  # noqa: E402

dkproto.documented = True
MAY = "2026-05-01T09:00:00+08:00"
D = b"DKT1"

# (frames, the problem, the request id it must come back under)
BAD_FRAMES = [
    ([D], "bad-frames", ""),
    ([b""], "bad-frames", ""),
    ([D, b"hello"], "bad-frames", ""),
    ([D, b"hello", b"q"], "bad-frames", None),
    ([D, b"hello", b"q", b"{}", b""], "bad-frames", None),
    ([b"", D, b"hello", b"q", b"{}"], "bad-frames", None),
    ([D] * 40, "bad-frames", None),
    ([b"DKT2", b"hello", b"q", b"{}"], "bad-version", "q"),
    ([b"dkt1", b"hello", b"q", b"{}"], "bad-version", "q"),
    ([b"", b"hello", b"q", b"{}"], "bad-version", "q"),
    ([b"DKT1 ", b"hello", b"q", b"{}"], "bad-version", "q"),
    ([D, b"", b"q", b"{}"], "bad-frames", "q"),
    ([D, b"HELLO", b"q", b"{}"], "bad-frames", "q"),
    ([D, b"hello\0", b"q", b"{}"], "bad-frames", "q"),
    ([D, b"hel lo", b"q", b"{}"], "bad-frames", "q"),
    ([D, b"h" * 33, b"q", b"{}"], "bad-frames", "q"),
    ([D, "登记".encode(), b"q", b"{}"], "bad-frames", "q"),
    ([D, b"hello", b"", b"{}"], "bad-frames", ""),
    ([D, b"hello", b"q" * 65, b"{}"], "bad-frames", ""),
    ([D, b"hello", b"q\n", b"{}"], "bad-frames", ""),
    ([D, b"hello", b"\xff\xfe", b"{}"], "bad-frames", ""),
    ([D, b"hello", b"q\0", b"{}"], "bad-frames", ""),
    ([D, b"no.such.thing", b"q", b"{}"], "unknown-type", "q"),
    ([D, b"case", b"q", b"{}"], "unknown-type", "q"),
    ([D, b"case.submit.", b"q", b"{}"], "unknown-type", "q"),
    ([D, b"ok", b"q", b"{}"], "unknown-type", "q"),
    ([D, b"problem", b"q", b"{}"], "unknown-type", "q"),
    ([D, b"event", b"q", b"{}"], "unknown-type", "q"),
    ([D, b"hello", b"q", b" " * 65537], "too-large", "q"),
    ([D, b"hello", b"q", b"{}" + b" " * 65535], "too-large", "q"),
]

DEEP = 32
# Bodies that are not strict JSON objects.
BAD_JSON = [
    b"", b" ", b"\xef\xbb\xbf{}", b"{", b"}", b"{}}", b"{} x", b"{}\0",
    b"{},", b"{'client':'x'}", b"{client:1}", b'{"client":"x",}',
    b'{"client":}', b'{"client" "x"}', b'{"client":"x"', b'{"client":"x}',
    b'{"client":"\xff"}', b'{"client":"\xc0\xaf"}',
    b'{"client":"\xed\xa0\x80"}', b'{"client":"\xf4\x90\x80\x80"}',
    b'{"client":"\xe4\xb8"}', b'{"client":"\x01"}', b'{"client":"a\tb"}',
    b'{"client":"a\nb"}', b'{"client":"\\x41"}', b'{"client":"\\u12"}',
    b'{"client":"\\ud800"}', b'{"client":"\\udc00\\ud800"}',
    b'{"client":"\\u0000"}', b'{"client\\u0000":"x"}',
    b'{"client":"a","client":"a"}', b'{"client":"a","\\u0063lient":"b"}',
    b'{"a":{"b":1,"b":2}}', b'{"client":01}', b'{"client":+1}',
    b'{"client":1.}', b'{"client":.5}', b'{"client":1.5}',
    b'{"client":1e400}', b'{"client":-}', b'{"client":0x10}',
    b'{"client":9007199254740992}', b'{"client":-9007199254740992}',
    b'{"client":123456789012345678901234567890}', b'{"client":NaN}',
    b'{"client":Infinity}', b'{"client":True}', b'{"client":nul}',
    b'{"client":tru}', b"/* c */{}", b"{}// c", b"{\"a\":1,,\"b\":2}",
    b'{"a":[1,2,]}', b'{"a":[1 2]}', b'{"a":[,]}',
    b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"a":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    b"[" * 10000, b'{"a":' * 10000,
    b"{" + b",".join(b'"k%d":1' % i for i in range(257)) + b"}",
    b"\xfe\xff\x00{\x00}", b"{\x0b}", b"{\xc2\xa0}",
]
# Strict JSON, but no object: the body of a message is one.
NOT_OBJECTS = [b"[]", b'"x"', b"1", b"true", b"null", b"[{}]"]

S, I, B, A, O = "string", "integer", "bool", "array", "object"
WRONG = {S: [1, True, [], {}], I: ["1", True, [], {}],
         B: ["true", 1, [], {}], A: ["x", 1, {}, True],
         O: ["x", 1, [], True]}


def chain(prev, number, message):
    """The next hash of a case's chain, from an event on the wire."""
    event = message.body
    text = message.body_bytes.decode("utf-8")
    at = text.index('"body":') + len('"body":')
    _, length = json.JSONDecoder().raw_decode(text[at:])
    digits = number.replace("-", "")
    key = int(digits[6:14]) * 1000000 + int(digits[14:20])
    claimed = "-" if event["claimed_at"] is None else \
        str(instant(event["claimed_at"]))
    line = "\n".join((str(key), str(event["n"]), event["type"],
                      str(instant(event["at"])), claimed, event["actor"],
                      text[at:at + length]))
    return hashlib.blake2b(prev + line.encode("utf-8"),
                           digest_size=32).digest()


def mutants(fields, required, good):
    """Bodies with one mistake: (body, pointer, what)."""
    for name in required:
        body = dict(good)
        del body[name]
        yield body, "/" + name, "without " + name
        yield dict(good, **{name: None}), "/" + name, name + " null"
    for name, kind in fields.items():
        for value in WRONG[kind]:
            yield (dict(good, **{name: value}), "/" + name,
                   "%s = %r" % (name, value))
    yield dict(good, no_such_member=1), "/no_such_member", "unknown member"
    yield dict(good, **{"a/b~c": 1}), "/a~1b~0c", "a member to escape"


class Case(dkworld.TestCase):
    def refusals(self, client):
        """What `stats` counts as refused, by kind."""
        return client.call("stats")["refused"]

    def assertMoved(self, before, after, least):
        moved = sum(after[k] - before.get(k, 0) for k in after)
        self.assertGreaterEqual(moved, least,
                                "refused %d times, counted %d" %
                                (least, moved))


class Frames(Case):
    def run_frames(self, world, peer):
        client = world.client()
        before = self.refusals(client)
        for frames, slug, request in BAD_FRAMES:
            with self.subTest(frames=[f[:40] for f in frames]):
                peer.raw(frames)
                answer = peer.recv(5)
                while answer.type == "heartbeat":
                    answer = peer.recv(5)
                self.assertEqual(answer.type, "problem")
                self.assertEqual(answer.body["type"],
                                 dkproto.PROBLEM_PREFIX + slug)
                if request is not None:
                    self.assertEqual(answer.request, request)
        self.assertMoved(before, self.refusals(client), len(BAD_FRAMES))
        self.assertTrue(world.broker.process.alive())

    def test_bad_frames_on_the_client_endpoint(self):
        world, client = self.started()
        self.run_frames(world, client)
        client.call("hello")

    def test_bad_frames_on_the_worker_endpoint(self):
        world, _ = self.started()
        self.run_frames(world, world.worker("assign", hello=False))
        self.run_frames(world, world.worker("assign", name="greeted"))
        world.worker("assign", name="fresh")

    def test_a_frame_of_many_mebibytes_does_not_hurt_others(self):
        world, client = self.started()
        other = world.client()
        for size in (1 << 20, 8 << 20):
            try:
                other.raw([D, b"hello", b"q", b"x" * size])
                answer = other.recv(2)
                self.assertEqual(answer.body["type"],
                                 dkproto.PROBLEM_PREFIX + "too-large")
            except dkproto.Timeout:
                other.reopen()  # the connection may be cut instead
            client.call("hello")
        other.call("hello")

    def test_the_largest_body_is_accepted(self):
        _, client = self.started()
        body = b"{" + b" " * (65536 - 2) + b"}"
        self.assertEqual(len(body), 65536)
        client.answer(client.send("hello", body)).ok()

    def test_the_deepest_body_is_read(self):
        _, client = self.started()
        # 31 arrays in an object are 32 deep: well-formed, but no such member.
        body = b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"
        answer = client.answer(client.send("hello", body))
        self.assertEqual(answer.body["type"],
                         dkproto.PROBLEM_PREFIX + "bad-field")

    def test_request_ids_come_back_as_they_were(self):
        _, client = self.started()
        for request in ("a", "A" * 64, "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~",
                        "with space", "0"):
            with self.subTest(request=request):
                self.assertEqual(
                    client.answer(client.send("hello", {}, request)).type,
                    "ok")

    def test_a_tcp_peer_that_speaks_something_else_does_no_harm(self):
        import socket
        world = self.world()
        keys = dkproto.Keys()
        world.broker.allow("all", "administrator", keys)
        world.broker.start(clients="tcp://127.0.0.1:0",
                           workers="tcp://127.0.0.1:0")
        keys.server = world.broker.server_key()
        client = world.client(keys=keys)
        port = int(world.broker.clients.rsplit(":", 1)[1])
        for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 100,
                      b"\0" * 5000, b"\xff" + b"\0" * 7 + b"\xff" * 2,
                      bytes(range(256)) * 40, b""):
            with socket.create_connection(("127.0.0.1", port), 5) as raw:
                try:
                    raw.sendall(noise)
                except OSError:
                    pass
            client.call("hello")


class Json(Case):
    def test_what_is_not_strict_json_is_refused_at_both_doors(self):
        world, client = self.started()
        before = self.refusals(client)
        worker = world.worker("assign")
        count = 0
        for peer, kinds in ((client, ("hello", "case.submit", "case.act",
                                      "clock.set", "events.follow")),
                            (worker, ("hello", "result", "fail",
                                      "heartbeat", "bye"))):
            for kind in kinds:
                for data in BAD_JSON:
                    with self.subTest(kind=kind, data=data[:60]):
                        request = peer.send(kind, data)
                        answer = peer.answer(request, 5)
                        self.assertEqual(answer.type, "problem")
                        self.assertEqual(
                            answer.body["type"],
                            dkproto.PROBLEM_PREFIX + "bad-json")
                        count += 1
                for data in NOT_OBJECTS:
                    with self.subTest(kind=kind, data=data):
                        answer = peer.answer(peer.send(kind, data), 5)
                        self.assertIn(
                            dkproto.Problem(answer.body).slug,
                            ("bad-json", "bad-field"))
                        count += 1
        self.assertMoved(before, self.refusals(client), count)
        client.call("hello")

    def test_the_place_of_a_mistake_is_told_by_its_byte(self):
        _, client = self.started()
        answer = client.answer(client.send("hello", b'{"client": "x" "y"}'))
        self.assertRegex(answer.body["detail"], r"\b1[4-6]\b")


class Client(Case):
    """Bodies on the client endpoint."""

    def setUp(self):
        self.w, self.c = self.started(test_clock=MAY)

    def bad(self, kind, body, pointer, slug="bad-field"):
        answer = self.c.ask(kind, body)
        self.assertEqual(answer.type, "problem", answer)
        problem = dkproto.Problem(answer.body)
        self.assertEqual(problem.slug, slug, str(problem))
        if pointer is not None:
            self.assertEqual(problem.pointer, pointer, str(problem))
        return problem

    def test_good_and_bad_bodies_of_every_request(self):
        number = self.c.submit()["case_no"]
        code = self.c.submit()["query_code"]
        table = [
            ("hello", {"client": S}, (), {"client": "test"}),
            ("case.get", {"case_no": S}, ("case_no",), {"case_no": number}),
            ("case.query", {"case_no": S, "query_code": S},
             ("case_no", "query_code"), None),
            ("case.list",
             {"state": S, "unit": S, "handler": S, "region": S,
              "category": S, "open": B, "overdue": B, "newest_first": B,
              "from": S, "to": S, "due_from": S, "due_to": S, "text": S,
              "after": S, "limit": I}, (),
             {"from": "2026-05-01", "to": "2026-05-01", "text": "a",
              "due_from": "2026-05-01", "due_to": "2026-05-01",
              "state": "submitted", "unit": "u", "handler": "h",
              "region": "r", "category": "c", "open": True,
              "overdue": False, "newest_first": True, "limit": 500}),
            ("case.events", {"case_no": S, "from_n": I, "limit": I},
             ("case_no",), {"case_no": number, "from_n": 1, "limit": 1}),
            ("alert.list",
             {"open": B, "level": S, "unit": S, "case_no": S, "after": S,
              "limit": I}, (),
             {"open": False, "level": "red", "unit": "u",
              "case_no": number, "limit": 1}),
            ("alert.ack", {"alert_id": S, "actor": S, "note": S},
             ("alert_id", "actor"), None),
            ("clock.list",
             {"unit": S, "clock": S, "overdue": B, "due_before": S,
              "after": S, "limit": I}, (),
             {"unit": "u", "clock": "conclude", "overdue": True,
              "due_before": MAY, "limit": 500}),
            ("task.list", {"dead": B, "after": S, "limit": I}, (),
             {"dead": True, "limit": 2}),
            ("task.get", {"task_id": S}, ("task_id",), None),
            ("task.retry", {"task_id": S}, ("task_id",), None),
            ("task.drop", {"task_id": S, "actor": S, "reason": S},
             ("task_id", "actor", "reason"), None),
            ("person.get", {"case_no": S, "actor": S, "reason": S},
             ("case_no", "actor", "reason"),
             {"case_no": number, "actor": "officer:li", "reason": "回访"}),
            ("person.erase", {"case_no": S, "actor": S, "reason": S,
                              "erase": B},
             ("case_no", "actor", "reason", "erase"), None),
            ("seal.rotate", {}, (), None),
            ("worker.list", {}, (), {}),
            ("stats", {}, (), {}),
            ("verify", {"after": S, "limit": I}, (), {"limit": 200}),
            ("checkpoint.make", {}, (), {}),
            ("checkpoint.list", {"after": S, "limit": I}, (),
             {"after": "0", "limit": 500}),
            ("case.export", {"case_no": S, "from_n": I, "limit": I},
             ("case_no",), {"case_no": number, "from_n": 1, "limit": 9}),
            ("clock.now", {}, (), {}),
            ("clock.set", {"to": S, "settle": B}, ("to",),
             {"to": MAY, "settle": False}),
            ("clock.advance", {"ms": I, "settle": B}, ("ms",),
             {"ms": 0, "settle": False}),
        ]
        stand_in = {
            "case.query": {"case_no": number, "query_code": code},
            "alert.ack": {"alert_id": number + ".1", "actor": "officer:li",
                          "note": "知道了"},
            "task.get": {"task_id": "1"}, "task.retry": {"task_id": "1"},
            "task.drop": {"task_id": "1", "actor": "officer:li",
                          "reason": "无用"},
            "person.erase": {"case_no": number, "actor": "officer:li",
                             "reason": "依申请", "erase": True},
            "seal.rotate": {}}
        before = self.refusals(self.c)
        count = 0
        for kind, fields, required, good in table:
            if good is not None:
                with self.subTest(kind=kind):
                    self.c.call(kind, good)
            base = good if good is not None else stand_in[kind]
            for body, pointer, what in mutants(fields, required, base):
                with self.subTest(kind=kind, what=what):
                    self.bad(kind, body, pointer)
                    count += 1
        self.assertMoved(before, self.refusals(self.c), count)
        self.assertEqual(self.c.call("stats")["store"]["cases"], 2)

    def test_values_out_of_range(self):
        number = self.c.submit()["case_no"]
        for kind, body, pointer in (
                ("case.list", {"limit": 0}, "/limit"),
                ("case.list", {"limit": 501}, "/limit"),
                ("case.list", {"limit": -1}, "/limit"),
                ("case.list", {"state": "lost"}, "/state"),
                ("case.list", {"state": ""}, "/state"),
                ("case.list", {"after": "rubbish"}, "/after"),
                ("case.list", {"after": ""}, "/after"),
                ("case.list", {"unit": "x" * 65}, "/unit"),
                ("case.list", {"unit": "a b"}, "/unit"),
                ("case.list", {"from": "2026-13-01"}, "/from"),
                ("case.list", {"to": "1969-12-31"}, "/to"),
                ("case.list", {"due_from": "soon"}, "/due_from"),
                ("case.list", {"due_from": "2026-05-02",
                               "due_to": "2026-05-01"}, "/due_to"),
                ("case.list", {"text": "x" * 201}, "/text"),
                ("case.list", {"text": "a b c d e f g h i"}, "/text"),
                ("case.get", {"case_no": "1"}, "/case_no"),
                ("case.get", {"case_no": "x" * 2000}, "/case_no"),
                ("case.get", {"case_no": number + "0"}, "/case_no"),
                ("case.events", {"case_no": number, "from_n": 0}, "/from_n"),
                ("case.events", {"case_no": number, "limit": 0}, "/limit"),
                ("case.query", {"case_no": number, "query_code": "1234567"},
                 "/query_code"),
                ("alert.list", {"level": "pink"}, "/level"),
                ("alert.list", {"limit": 9999}, "/limit"),
                ("alert.ack", {"alert_id": "x", "actor": "officer:li"},
                 "/alert_id"),
                ("alert.ack", {"alert_id": number, "actor": "officer:li"},
                 "/alert_id"),
                ("alert.ack", {"alert_id": number + ".0",
                               "actor": "officer:li"}, "/alert_id"),
                ("clock.list", {"due_before": "soon"}, "/due_before"),
                ("clock.list", {"due_before": "2026-05-01"}, "/due_before"),
                ("task.get", {"task_id": "-1"}, "/task_id"),
                ("task.get", {"task_id": "0x1"}, "/task_id"),
                ("task.get", {"task_id": "99999999999999999999"},
                 "/task_id"),
                ("task.list", {"after": "x"}, "/after"),
                ("verify", {"limit": 201}, "/limit"),
                ("verify", {"after": "x"}, "/after"),
                ("verify", {"after": "s1.1.2"}, "/after"),
                ("checkpoint.list", {"after": "-1"}, "/after"),
                ("case.export", {"case_no": number, "limit": 501}, "/limit"),
                ("clock.set", {"to": "2026-05-01T09:00:00"}, "/to"),
                ("clock.set", {"to": "2026-02-29T09:00:00+08:00"}, "/to"),
                ("clock.set", {"to": "2026-05-01T24:00:00+08:00"}, "/to"),
                ("clock.set", {"to": "2016-12-31T23:59:60Z"}, "/to"),
                ("clock.set", {"to": "1969-01-01T00:00:00Z"}, "/to"),
                ("clock.advance", {"ms": -1}, "/ms"),
                ("clock.advance", {"ms": 9007199254740991}, "/ms")):
            with self.subTest(kind=kind, body=body):
                self.bad(kind, body, pointer)
        self.assertEqual(self.c.call("clock.now")["now"],
                         "2026-05-01T09:00:00.000+08:00")

    def test_what_is_not_there_is_not_found(self):
        absent = dkproto.case_no(self.w.county, "20260501", 999)
        for kind, body in (
                ("case.get", {"case_no": absent}),
                ("case.events", {"case_no": absent}),
                ("alert.ack", {"alert_id": absent + ".3",
                               "actor": "officer:li"}),
                ("task.get", {"task_id": "777"}),
                ("task.retry", {"task_id": "777"}),
                ("task.drop", {"task_id": "777", "actor": "officer:li",
                               "reason": "x"})):
            with self.subTest(kind=kind):
                self.bad(kind, body, None, "not-found")
        other = dkproto.case_no("110101", "20260501", 1)
        answer = self.c.ask("case.get", {"case_no": other})
        self.assertIn(dkproto.Problem(answer.body).slug,
                      ("not-found", "bad-field"))

    def test_submissions_with_one_mistake(self):
        good = dkproto.submission(
            kind="appeal", region="A县", category="城乡建设/供水",
            petitioners=2, persons=[{"name": "王", "phone": "1"}],
            respondents=[{"unit": "u-1"}, {"officer": "zhang"}],
            submitted_at="2026-05-01T08:00:00+08:00")
        good.update({"import": False, "confidential": True, "needs": ["minor"],
                     "repeat_of": dkproto.case_no(330699, "20200101", 1)})
        fields = {"submission_id": S, "channel": S, "subject": S, "facts": S,
                  "kind": S, "region": S, "category": S, "submitted_at": S,
                  "petitioners": I, "persons": A, "respondents": A,
                  "import": B, "confidential": B, "needs": A, "repeat_of": S}
        for body, pointer, what in mutants(
                fields, ("submission_id", "channel", "subject", "facts"),
                good):
            with self.subTest(what=what):
                self.bad("case.submit", body, pointer)
        person, respondent = good["persons"][0], {"unit": "u-1"}
        for member, value, pointer in (
                ("submission_id", "x", None),
                ("submission_id", good["submission_id"].upper(), None),
                ("submission_id", "{%s}" % good["submission_id"], None),
                ("submission_id", good["submission_id"].replace("-", ""),
                 None),
                ("submission_id", "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                 None),
                ("submission_id", "f47ac10b-58cc-4372-a567-0e02b2c3d479",
                 None),
                ("submission_id", "00000000-0000-0000-0000-000000000000",
                 None),
                ("channel", "fax", None), ("channel", "", None),
                ("channel", "Kiosk", None), ("kind", "joke", None),
                ("subject", "", None), ("subject", "路" * 134, None),
                ("facts", "", None), ("facts", "x" * 49153, None),
                ("petitioners", 0, None), ("petitioners", -1, None),
                ("submitted_at", "2026-13-01T00:00:00+08:00", None),
                ("submitted_at", "2026-05-01 08:00:00", None),
                ("persons", [person] * 6, None),
                ("persons", [{}], "/persons/0/name"),
                ("persons", [person, {"name": ""}], "/persons/1/name"),
                ("persons", [person, {"name": 1}], "/persons/1/name"),
                ("persons", [person, "x"], "/persons/1"),
                ("persons", [{"name": "x", "risk": 1}], "/persons/0/risk"),
                ("respondents", [respondent] * 11, None),
                ("respondents", [{}], "/respondents/0"),
                ("respondents", [{"unit": 1}], "/respondents/0/unit"),
                ("respondents", [{"unit": ""}], "/respondents/0/unit"),
                ("respondents", [{"unit": "a b"}], "/respondents/0/unit"),
                ("respondents", [{"unit": "u", "x": 1}],
                 "/respondents/0/x"),
                ("needs", ["crowd"], "/needs/0"),
                ("needs", ["minor", 1], "/needs/1"),
                ("repeat_of", "", None),
                ("repeat_of", "330699-20200101-000001-0", None)):
            with self.subTest(member=member, value=str(value)[:40]):
                self.bad("case.submit", dict(good, **{member: value}),
                         pointer or "/" + member)
        self.assertEqual(self.c.call("stats")["store"]["cases"], 0)
        self.c.call("case.submit", good)

    def test_a_near_miss_of_a_member_is_told_the_right_name(self):
        good = dkproto.submission()
        problem = self.bad("case.submit", dict(good, chanel="kiosk"),
                           "/chanel")
        self.assertIn("channel", problem.body["detail"])
        self.assertIn("channel", problem.body["detail_zh"])

    def test_the_edges_of_a_submission_are_accepted(self):
        full = {"name": "王" * 10, "id_number": "1" * 18, "phone": "1" * 11,
                "address": "村" * 20}
        for fields in ({"subject": "x" * 400}, {"facts": "x" * 49152},
                       {"subject": "路" * 133}, {"persons": [full] * 5},
                       {"persons": []}, {"respondents": []},
                       {"respondents": [{"unit": "u-%d" % i}
                                        for i in range(10)]},
                       {"petitioners": 100000},
                       {"facts": "行一\n行二\t\"引号\" \\ 😀 \u2028"}):
            with self.subTest(fields=str(fields)[:50]):
                number = self.c.submit(**fields)["case_no"]
                body = self.c.events(number)[0]["body"]
                for name in ("subject", "facts"):
                    if name in fields:
                        self.assertEqual(body[name], fields[name])

    def test_petitioners_default_to_the_number_of_persons(self):
        for persons, given, want in ((0, None, 1), (1, None, 1),
                                     (3, None, 3), (3, 40, 40)):
            fields = {"persons": [{"name": "王%d" % i}
                                  for i in range(persons)]}
            if given:
                fields["petitioners"] = given
            number = self.c.submit(**fields)["case_no"]
            self.assertEqual(
                self.c.call("case.get", {"case_no": number})["petitioners"],
                want)

    def test_worker_messages_are_unknown_on_the_client_endpoint(self):
        for kind in ("result", "fail", "heartbeat", "bye", "extend",
                     "welcome", "task", "done"):
            with self.subTest(kind=kind):
                self.bad(kind, {}, None, "unknown-type")


class Follow(Case):
    def setUp(self):
        self.w, self.c = self.started()

    def test_events_come_in_order_with_credit_and_stop(self):
        numbers = [self.c.submit()["case_no"] for _ in range(10)]
        follower = self.w.follower(1, credit=4)
        request = follower.send("events.follow", {"from": 1, "credit": 4})
        self.assertEqual(follower.answer(request).ok()["next"], "1")
        got = [follower.recv() for _ in range(4)]
        self.assertEqual([m.type for m in got], ["event"] * 4)
        self.assertEqual({m.request for m in got}, {request})
        follower.silence(0.3)
        follower.send("events.credit", {"credit": 3}, request)
        got += [follower.recv() for _ in range(3)]
        follower.silence(0.3)
        self.assertEqual([m.body["seq"] for m in got],
                         [str(i) for i in range(1, 8)])
        self.assertEqual([m.body["case_no"] for m in got], numbers[:7])
        follower.send("events.stop", {}, request)
        self.assertEqual(follower.answer(request).type, "ok")
        self.c.submit()
        follower.silence(0.3)

    def test_a_follower_from_the_middle_and_from_the_future(self):
        for _ in range(5):
            self.c.submit()
        middle = self.w.follower(4)
        middle.follow()
        self.assertEqual([e["seq"] for e in middle.drain()], ["4", "5"])
        future = self.w.follower(8)
        future.follow()
        for _ in range(3):
            self.c.submit()
        self.assertEqual(future.event()["seq"], "8")

    def test_a_follower_hears_of_each_event_soon_after_its_commit(self):
        follower = self.w.follower()
        follower.follow()
        for _ in range(20):
            number = self.c.submit()["case_no"]
            self.assertEqual(follower.event(5)["case_no"], number)

    def test_the_shape_of_an_event(self):
        number = self.c.submit()["case_no"]
        follower = self.w.follower()
        follower.follow()
        event = follower.event()
        self.assertEqual(event["case_no"], number)
        self.assertEqual(event["n"], 1)
        self.assertEqual(event["type"], "submitted")
        self.assertRegex(event["at"], dkproto.TIME)
        self.assertRegex(event["hash"], "^[0-9a-f]{64}$")
        self.assertEqual(event["broker"], self.c.call("hello")["broker"])
        self.assertEqual(
            set(event["body"]),
            {"submission_id", "channel", "kind", "subject", "facts",
             "region", "category", "petitioners", "respondents", "imported",
             "submitted_at", "person", "anonymous", "unreachable"})
        self.c.act(number, "register")
        second = follower.event()
        self.assertIn(second.get("prev", event["hash"]), (event["hash"],))
        listed = self.c.events(number)
        self.assertEqual([e["hash"] for e in listed],
                         [event["hash"], second["hash"]])

    def test_an_auditor_can_recompute_the_chain(self):
        number = self.c.submit(subject="甲\t乙", facts="\"引号\" \\ é")[
            "case_no"]
        self.c.act(number, "register", note="登记\n第二行",
                   at="2020-01-01T00:00:00+08:00")
        self.c.act(number, "assign", unit="u-1", candidates=["b", "a"])
        follower = self.w.follower()
        request = follower.send("events.follow", {"from": 1, "credit": 10})
        self.assertEqual(follower.answer(request).type, "ok")
        head = bytes(32)
        for _ in range(3):
            message = follower.recv()
            head = chain(head, number, message)
            self.assertEqual(message.body["hash"], head.hex())

    def test_bad_follows(self):
        good = {"from": 1, "credit": 10}
        for body, pointer in (
                ({"credit": 10}, "/from"), ({"from": 1}, "/credit"),
                (dict(good, credit=0), "/credit"),
                (dict(good, credit=10001), "/credit"),
                (dict(good, credit=-1), "/credit"),
                (dict(good, credit="10"), "/credit"),
                (dict(good, **{"from": 0}), "/from"),
                (dict(good, **{"from": -1}), "/from"),
                (dict(good, **{"from": True}), "/from"),
                (dict(good, x=1), "/x")):
            with self.subTest(body=body):
                answer = self.c.ask("events.follow", body)
                problem = dkproto.Problem(answer.body)
                self.assertEqual(problem.slug, "bad-field")
                self.assertEqual(problem.pointer, pointer)
        self.c.send("events.credit", {"credit": 5}, "nofollow")
        self.assertEqual(self.c.answer("nofollow").type, "problem")
        self.c.send("events.stop", {}, "nofollow2")
        self.assertIn(self.c.answer("nofollow2").type, ("problem", "ok"))
        self.c.submit()
        self.c.silence(0.2)

    def test_many_followers_each_get_everything(self):
        followers = [self.w.follower(credit=50) for _ in range(8)]
        for follower in followers:
            follower.follow()
        requests = [self.c.send("case.submit", dkproto.submission())
                    for _ in range(300)]
        for request in requests:
            self.c.answer(request).ok()
        for follower in followers:
            self.assertEqual(len(follower.drain(until=300)), 300)

    def test_a_follower_that_vanishes_does_no_harm(self):
        for _ in range(20):
            gone = self.w.follower(credit=10000)
            gone.follow()
            gone.close()
            gone.socket = None
            self.c.submit()
        self.c.call("hello")
        follower = self.w.follower()
        follower.follow()
        self.assertEqual(len(follower.drain(until=20)), 20)


class Examples(Case):
    """The programs that PROTOCOL.md shows do what it says."""

    def setUp(self):
        self.w, self.c = self.started()
        with open(os.path.join(dkworld.ROOT, "proto", "PROTOCOL.md"),
                  encoding="utf-8") as file:
            self.text = file.read()

    def example(self, name):
        found = re.search("<!-- example: %s -->\n```\\w+\n(.*?)```" % name,
                          self.text, re.DOTALL)
        self.assertIsNotNone(found, "no example in " + name)
        return found.group(1)

    def environment(self):
        return dict(os.environ, DOCKET_CLIENTS=self.w.broker.clients)

    def test_the_python_example_submits_a_case(self):
        done = subprocess.run(
            [sys.executable, "-c", self.example("python")], timeout=60,
            capture_output=True, env=self.environment(), check=True)
        number = done.stdout.decode().strip()
        dkproto.split_case_no(number)
        self.c.call("case.get", {"case_no": number})

    def test_the_node_example_follows_the_stream(self):
        folder = os.path.join(dkworld.ROOT, "tests", "node")
        if not shutil.which("node") or not os.path.isdir(
                os.path.join(folder, "node_modules", "zeromq")):
            self.skipTest("zeromq is not installed in tests/node (npm ci)")
        number = self.c.submit()["case_no"]
        with subprocess.Popen(
                ["node", "--input-type=module", "-e", self.example("node")],
                stdout=subprocess.PIPE, cwd=folder,
                env=self.environment()) as node:
            try:
                self.assertIn(number, node.stdout.readline().decode())
                self.c.act(number, "register")
                self.assertIn("registered", node.stdout.readline().decode())
            finally:
                node.kill()


class Clock(Case):
    def test_the_clock_of_a_real_office_cannot_be_set(self):
        _, client = self.started()
        for kind, body in (("clock.set", {"to": MAY}),
                           ("clock.advance", {"ms": 1})):
            with self.problem("forbidden"):
                client.call(kind, body)
        now = client.call("clock.now")
        self.assertIs(now["test_clock"], False)

    def test_a_test_clock_stands_still_and_moves_when_told(self):
        world, client = self.started(test_clock=MAY)
        start = "2026-05-01T09:00:00.000+08:00"
        self.assertEqual(client.call("clock.now")["now"], start)
        first = client.submit()
        second = client.submit()
        self.assertEqual((first["recorded_at"], second["recorded_at"]),
                         (start, start))
        self.assertEqual(
            client.call("clock.advance", {"ms": 1500})["now"],
            "2026-05-01T09:00:01.500+08:00")
        self.assertEqual(
            client.call("clock.set", {"to": "2026-05-01T02:00:00Z"})["now"],
            "2026-05-01T10:00:00.000+08:00")
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.assertEqual(client.call("clock.now")["now"],
                         "2026-05-01T10:00:00.000+08:00")


class Lists(Case):
    def test_pages_hold_everything_once_in_order(self):
        world, client = self.started(test_clock=MAY)
        numbers = [client.submit()["case_no"] for _ in range(23)]
        for limit in (1, 2, 7, 23, 24):
            self.assertEqual([c["case_no"] for c in
                              client.pages("case.list", limit=limit)],
                             numbers)
            self.assertEqual(
                [c["case_no"] for c in client.pages(
                    "case.list", {"newest_first": True}, limit=limit)],
                numbers[::-1])
        # Default page: 50.
        for _ in range(30):
            client.submit()
        page = client.call("case.list")
        self.assertEqual(len(page["items"]), 50)
        self.assertIsNotNone(page["next"])

    def test_filters_choose_and_combine(self):
        _, client = self.started()
        a = client.submit(region="A县", category="城乡建设/供水")["case_no"]
        b = client.submit(region="B县", category="城乡建设")["case_no"]
        c = client.submit(region="A县", category="城乡建设2")["case_no"]
        client.act(b, "register")
        client.act(c, "withdraw", actor="petitioner:zhang")

        def listed(**filters):
            return [x["case_no"] for x in client.pages("case.list", filters)]
        self.assertEqual(listed(region="A县"), [a, c])
        self.assertEqual(listed(category="城乡建设"), [a, b])
        self.assertEqual(listed(category="城乡建设/供水"), [a])
        self.assertEqual(listed(state="registered"), [b])
        self.assertEqual(listed(open=True), [a, b])
        self.assertEqual(listed(open=True, region="A县"), [a])
        self.assertEqual(listed(overdue=True), [])
        self.assertEqual(listed(unit="nobody"), [])

    def test_days_of_receipt_and_words_choose(self):
        _, client = self.started(test_clock="2026-05-01T23:59:59+08:00")
        a = client.submit(subject="供水中断", facts="三天没有水")["case_no"]
        client.call("clock.advance", {"ms": 2000})
        b = client.submit(subject="拖欠工资", facts="Three MONTHS")["case_no"]

        def listed(**filters):
            return [x["case_no"] for x in client.pages("case.list", filters)]
        self.assertEqual(listed(**{"from": "2026-05-01"}), [a, b])
        self.assertEqual(listed(**{"from": "2026-05-02"}), [b])
        self.assertEqual(listed(to="2026-05-01"), [a])
        self.assertEqual(listed(to="2026-05-01", newest_first=True), [a])
        self.assertEqual(listed(to="2026-04-30"), [])
        self.assertEqual(listed(text="三天"), [a])
        self.assertEqual(listed(text="工资 months"), [b])
        self.assertEqual(listed(text="工资 三天"), [])
        self.assertEqual(listed(text="三天", to="2026-05-02", open=True), [a])

    def test_the_last_day_of_a_limit_is_its_day(self):
        _, client = self.started(("deadline",), test_clock=MAY)
        number = client.submit()["case_no"]
        dkworld.until(lambda: client.call("clock.list")["items"], 20)
        due = min(k["due_at"] for k in client.call("clock.list")["items"])
        last = due[:10]  # limits end with their day, at the next midnight
        if due[11:19] == "00:00:00":
            last = str(datetime.date.fromisoformat(last)
                       - datetime.timedelta(days=1))
        for order in ("key", "work"):
            def listed(**filters):
                return [x["case_no"] for x in client.pages(
                    "case.list", {"order": order, **filters})]
            self.assertEqual(listed(due_from=last, due_to=last), [number])
            after = str(datetime.date.fromisoformat(last)
                        + datetime.timedelta(days=1))
            self.assertEqual(listed(due_from=after), [])
            before = str(datetime.date.fromisoformat(last)
                         - datetime.timedelta(days=1))
            self.assertEqual(listed(due_to=before), [])

    def test_events_of_a_case_come_in_pages(self):
        _, client = self.started()
        number = client.submit()["case_no"]
        client.act(number, "register")
        client.act(number, "withdraw", actor="petitioner:zhang")
        page = client.call("case.events", {"case_no": number, "limit": 2})
        self.assertEqual([e["n"] for e in page["items"]], [1, 2])
        self.assertIsNotNone(page["next"])
        page = client.call("case.events", {"case_no": number, "from_n": 3})
        self.assertEqual([e["type"] for e in page["items"]], ["withdrawn"])
        self.assertIsNone(page["next"])
        page = client.call("case.events", {"case_no": number, "from_n": 4})
        self.assertEqual(page["items"], [])


class Actions(Case):
    """Every action of a case, in an order the law allows, each with all the
    mistakes first."""

    FIELDS = {
        "register": ({"note": S}, ()),
        "assign": ({"unit": S, "handler": S, "rule": S, "why": S},
                   ("unit",)),
        "transfer": ({"unit": S, "note": S}, ()),
        "hand_over": ({"unit": S, "report_days": I, "note": S}, ()),
        "send_to_discipline": ({"body": S, "note": S}, ("body",)),
        "object": ({"grounds": S}, ("grounds",)),
        "uphold_objection": ({"reason": S}, ("reason",)),
        "refuse_objection": ({"reason": S}, ("reason",)),
        "accept": ({"note": S, "notice": S, "way": S}, ()),
        "not_accept": ({"ground": S, "other_door": S, "notice": S, "way": S},
                       ("ground", "other_door")),
        "extend": ({"days": I, "reason": S, "approved_by": S, "clock": S,
                    "informed": S}, ("days", "reason", "approved_by")),
        "suspend": ({"ground": S, "reason": S}, ("reason",)),
        "resume": ({"note": S}, ()),
        "report": ({"text": S}, ("text",)),
        "answer": ({"unit": S, "text": S, "legal_basis": S, "explanation": S,
                    "delivered": S}, ("text", "legal_basis")),
        "ask_review": ({"grounds": S}, ("grounds",)),
        "ask_re_review": ({"grounds": S}, ("grounds",)),
        "review": ({"result": S, "text": S, "delivered": S},
                   ("result", "text")),
        "re_review": ({"result": S, "text": S, "delivered": S},
                      ("result", "text")),
        "close": ({"reason": S}, ()),
        "withdraw": ({"document": S, "reason": S}, ("document",)),
        "reopen": ({"facts": S}, ("facts",)),
        "evaluate": ({"handling": I, "result": I, "note": S},
                     ("handling", "result")),
        "urge": ({"ground": S, "grounds": S, "answer_days": I}, ("grounds",)),
        "answer_urge": ({"text": S}, ("text",)),
        "give_notice": ({"number": S, "way": S, "note": S}, ("way",)),
        "inform": ({"document": S, "way": S, "text": S}, ("document", "way")),
        "deliver": ({"way": S, "note": S}, ("way",)),
        "settle": ({"manner": S, "text": S, "fulfil_by": S},
                   ("manner", "text")),
        "add_co_handler": ({"unit": S, "handler": S, "why": S}, ("unit",)),
        "remove_co_handler": ({"unit": S, "reason": S}, ("unit", "reason")),
        "give_opinion": ({"unit": S, "text": S}, ("unit", "text")),
        "link": ({"relation": S, "to": S}, ("relation", "to")),
        "unlink": ({"relation": S, "to": S, "reason": S},
                   ("relation", "to", "reason")),
        "prioritise": ({"need": S, "why": S, "rule": S}, ("need", "why")),
        "relay": ({"there": S, "event": S, "text": S}, ("there", "event")),
        "mute": ({"clock": S, "until": S, "reason": S},
                 ("clock", "until", "reason")),
    }
    GOOD = {
        "register": {"note": "登记"},
        "assign": {"unit": "u-water", "handler": "li", "rule": "r1",
                   "why": "供水"},
        "transfer": {"note": "转送"},
        "hand_over": {"report_days": 30, "note": "交办"},
        "send_to_discipline": {"body": "jiwei"},
        "object": {"grounds": "不属本单位"},
        "uphold_objection": {"reason": "属实"},
        "refuse_objection": {"reason": "应由贵单位办理"},
        "accept": {"notice": "受〔2026〕1号", "way": "post"},
        "not_accept": {"ground": "已进入诉讼", "other_door": "县人民法院",
                       "notice": "不受〔2026〕1号"},
        "extend": {"days": 30, "reason": "复杂", "approved_by": "head-1",
                   "informed": "electronic"},
        "suspend": {"ground": "hearing", "reason": "听证"},
        "resume": {"note": "听证结束"},
        "report": {"text": "办理情况"},
        "answer": {"text": "处理意见", "legal_basis": "条例第34条",
                   "explanation": "依据现场检查", "delivered": "in_person"},
        "ask_review": {"grounds": "不服"},
        "ask_re_review": {"grounds": "仍不服"},
        "review": {"result": "upheld", "text": "维持", "delivered": "post"},
        "re_review": {"result": "changed", "text": "变更",
                      "delivered": "left"},
        "close": {"reason": "期满"},
        "withdraw": {"document": "撤〔2026〕1号", "reason": "本人撤回"},
        "reopen": {"facts": "新的事实"},
        "evaluate": {"handling": 5, "result": 4, "note": "满意"},
        "urge": {"ground": "not_concluded", "grounds": "期满未办",
                 "answer_days": 10},
        "answer_urge": {"text": "已办"},
        "give_notice": {"number": "受〔2026〕2号", "way": "left",
                        "note": "家人代收"},
        "inform": {"document": "transfer", "way": "electronic",
                   "text": "已转送"},
        "deliver": {"way": "public", "note": "公告三十日"},
        "settle": {"manner": "mediated", "text": "双方同意修复",
                   "fulfil_by": "2026-06-01T00:00:00.000+08:00"},
        "add_co_handler": {"unit": "u-power", "handler": "zhao",
                           "why": "涉及供电"},
        "remove_co_handler": {"unit": "u-power", "reason": "不涉及供电"},
        "give_opinion": {"unit": "u-power", "text": "线路已检查"},
        "prioritise": {"need": "safety", "why": "线路裸露", "rule": "r-2"},
        "relay": {"there": "330600-20260501-000001-1", "event": "submitted",
                  "text": "已到市里"},
        "mute": {"clock": "conclude", "reason": "等待检测",
                 "until": "2026-05-20T00:00:00.000+08:00"},
    }
    # What one action says in a second event.
    ALSO = {
        "accept": ("notice_given", {"document": "acceptance", "way": "post",
                                    "number": "受〔2026〕1号"}),
        "not_accept": ("notice_given", {"document": "non_acceptance",
                                        "way": "in_person",
                                        "number": "不受〔2026〕1号"}),
        "extend": ("informed", {"document": "extension",
                                "way": "electronic"}),
        "answer": ("delivered", {"document": "answer", "way": "in_person"}),
        "review": ("delivered", {"document": "review", "way": "post"}),
        "re_review": ("delivered", {"document": "re_review", "way": "left"}),
    }
    RANGES = [
        ("hand_over", "report_days", (0, 366, -1)),
        ("extend", "days", (0, 366)),
        ("evaluate", "handling", (0, 6)), ("evaluate", "result", (0, 6)),
        ("urge", "answer_days", (0, 91)),
        ("review", "result", ("", "maybe")),
        ("re_review", "result", ("UPHELD",)),
        ("answer", "text", ("", "x" * 32769)),
        ("object", "grounds", ("",)), ("reopen", "facts", ("",)),
        ("assign", "unit", ("", "a b", "x" * 65, "a\"b")),
        ("assign", "why", ("x" * 1001,)),
        ("accept", "notice", ("x" * 201,)),
        ("extend", "approved_by", ("", "a b")),
        ("accept", "way", ("", "pigeon")),
        ("extend", "informed", ("by post",)),
        ("answer", "delivered", ("IN_PERSON",)),
        ("answer", "unit", ("u-other", "a b")),
        ("suspend", "ground", ("", "rest")),
        ("withdraw", "document", ("", "x" * 201)),
        ("urge", "ground", ("slow",)),
        ("give_notice", "number", ("x" * 201,)),
        ("inform", "document", ("answer", "")),
        ("deliver", "way", ("", "shouted")),
        ("settle", "manner", ("", "forced")),
        ("settle", "fulfil_by", ("soon", "2026-06-01")),
        ("add_co_handler", "unit", ("u-water", "", "a b")),
        ("add_co_handler", "why", ("x" * 1001,)),
        ("prioritise", "need", ("", "crowd")),
        ("prioritise", "why", ("", "x" * 1001)),
        ("mute", "until", ("2026-05-01T00:00:00+08:00",
                           "2026-06-01T00:00:00+08:00", "")),
    ]

    def clock_for(self, task):
        """The deadline worker: one clock that can be extended."""
        kind = task["event"]["type"]
        if kind not in ("accepted", "resumed", "extended"):
            return []
        last = task["case"]["last"]["accepted"]
        return [{"action": "clock", "clock": "conclude", "basis": last[0],
                 "started_at": last[1],
                 "due_at": "2026-07-01T00:00:00+08:00", "on_due": "overdue",
                 "stops_on": ["answered"], "holds_on": ["suspended",
                                                        "extended"],
                 "extend_times": 1, "extend_days": 30, "rungs": []}]

    def walk(self, client, steps):
        number = client.submit()["case_no"]
        self.assertEqual(client.call("case.get", {"case_no": number})
                         ["state"], "submitted")
        for action, state in steps:
            before = client.call("case.get", {"case_no": number})
            self.mistakes(client, number, action)
            self.assertEqual(client.call("case.get", {"case_no": number}),
                             before, "a refused action changed the case")
            answer = client.call("case.act", dict(
                self.GOOD[action], command_id=dkproto.uuid7(), action=action,
                case_no=number, actor="officer:test"))
            with self.subTest(action=action):
                self.assertEqual(answer["state"], state)
                self.assertEqual(set(answer), {"command_id", "case_no", "n",
                                               "state", "at"})
                event = client.call("case.events", {
                    "case_no": number, "from_n": answer["n"],
                    "limit": 1})["items"][0]
                also, more = self.ALSO.get(action, (None, {}))
                for name, value in self.GOOD[action].items():
                    if name not in ("way", "informed", "delivered") or not also:
                        self.assertEqual(event["body"].get(name), value, name)
                self.assertEqual(event["actor"], "officer:test")
                if also:
                    second = client.events(number)[answer["n"]]
                    self.assertEqual((second["type"], second["body"]),
                                     (also, more))
            self.after(client, number)
        return number

    def after(self, client, number):
        self.w.idle(client)

    def mistakes(self, client, number, action):
        fields, required = self.FIELDS[action]
        base = {"command_id": dkproto.uuid7(), "case_no": number,
                "action": action, "actor": "officer:test"}
        for part, pointer, what in mutants(fields, required,
                                           self.GOOD[action]):
            with self.subTest(action=action, what=what):
                with self.problem("bad-field", pointer):
                    client.call("case.act", dict(base, **part))
        for name, member, values in self.RANGES:
            if name != action:
                continue
            for value in values:
                with self.subTest(action=action, member=member,
                                  value=str(value)[:30]):
                    with self.problem("bad-field", "/" + member):
                        client.call("case.act", dict(
                            base, **dict(self.GOOD[action],
                                         **{member: value})))

    def start_all(self):
        self.w, client = self.started(test_clock=MAY)
        self.w.auto("assign")
        self.w.auto("deadline", self.clock_for)
        self.w.auto("escalate")
        return client

    def test_the_long_way_to_the_end(self):
        client = self.start_all()
        self.walk(client, [
            ("register", "registered"), ("assign", "registered"),
            ("transfer", "transferred"), ("object", "objected"),
            ("refuse_objection", "transferred"), ("inform", "transferred"),
            ("relay", "transferred"),
            ("add_co_handler", "transferred"), ("accept", "accepted"),
            ("give_notice", "accepted"), ("prioritise", "accepted"),
            ("urge", "accepted"), ("answer_urge", "accepted"),
            ("mute", "accepted"), ("give_opinion", "accepted"),
            ("suspend", "suspended"), ("resume", "accepted"),
            ("extend", "accepted"), ("remove_co_handler", "accepted"),
            ("answer", "answered"), ("deliver", "answered"),
            ("evaluate", "answered"), ("ask_review", "in_review"),
            ("suspend", "review_suspended"), ("resume", "in_review"),
            ("review", "reviewed"), ("ask_re_review", "in_re_review"),
            ("suspend", "re_review_suspended"), ("resume", "in_re_review"),
            ("re_review", "ended"), ("deliver", "ended")])

    def test_the_other_ways(self):
        client = self.start_all()
        self.walk(client, [
            ("register", "registered"), ("assign", "registered"),
            ("hand_over", "transferred"), ("report", "transferred"),
            ("not_accept", "not_accepted")])
        self.walk(client, [("register", "registered"),
                           ("send_to_discipline", "discipline")])
        self.walk(client, [
            ("register", "registered"), ("assign", "registered"),
            ("transfer", "transferred"), ("accept", "accepted"),
            ("settle", "settled"), ("deliver", "settled"),
            ("close", "closed")])
        self.walk(client, [("register", "registered"),
                           ("withdraw", "withdrawn")])

    def test_a_mute_has_an_owner_and_something_to_be_still_about(self):
        client = self.start_all()
        number = client.submit()["case_no"]
        for action in ("register", "assign", "transfer", "accept"):
            client.act(number, action, **self.GOOD[action])
        self.w.idle(client)
        good = self.GOOD["mute"]
        with self.problem("forbidden", "/actor"):
            client.act(number, "mute", actor="petitioner:zhang", **good)
        with self.problem("not-found", "/clock"):
            client.act(number, "mute", **dict(good, clock="review"))
        client.act(number, "mute", **good)
        self.assertEqual(client.events(number)[-1]["body"],
                         dict(good, clock_no=1))
        client.act(number, "answer", **self.GOOD["answer"])
        with self.problem("limit-passed", "/clock"):
            client.act(number, "mute", **good)

    def test_links_lead_from_the_later_case_to_the_earlier(self):
        client = self.start_all()
        first = client.submit()["case_no"]
        client.act(first, "assign", unit="u-1", handler="li")
        again = client.submit(repeat_of=first)["case_no"]
        other = client.submit(repeat_of=dkproto.case_no(330699, "20200101",
                                                        1))
        self.w.idle(client)
        file = client.call("case.get", {"case_no": again})
        self.assertEqual((file["repeat_of"], file["repeat_unit"],
                          file["repeat_handler"]), (first, "u-1", "li"))
        self.assertEqual(client.call("case.get", {"case_no": first})
                         ["repeats"], 1)
        self.assertEqual([e["body"] for e in client.events(first)
                          if e["type"] == "repeated"], [{"by": again}])
        other = other["case_no"]
        self.assertNotIn("repeat_of",
                         client.call("case.get", {"case_no": other}))
        base = {"case_no": other, "action": "link", "actor": "officer:test"}
        for body, pointer, what in mutants(
                *self.FIELDS["link"], {"relation": "group", "to": first}):
            with self.subTest(what=what):
                with self.problem("bad-field", pointer):
                    client.call("case.act", dict(
                        base, command_id=dkproto.uuid7(), **body))
        with self.problem("not-found", "/to"):
            client.act(other, "link", relation="group",
                       to=dkproto.case_no(330699, "20260501", 99))
        with self.problem("bad-field", "/to"):
            client.act(first, "link", relation="repeat", to=other)
        client.act(other, "link", relation="group", to=again)
        self.assertEqual(client.call("case.get", {"case_no": other})["group"],
                         again)
        with self.problem("wrong-state", "/to"):
            client.act(other, "link", relation="group", to=first)
        with self.problem("not-found", "/to"):
            client.act(again, "unlink", relation="repeat", to=other,
                       reason="有误")
        client.act(again, "unlink", relation="repeat", to=first,
                   reason="不是同一事项")
        self.assertNotIn("repeats",
                         client.call("case.get", {"case_no": first}))
        self.assertEqual([e["body"] for e in client.events(first)
                          if e["type"] == "repeated"],
                         [{"by": again}, {"by": again, "undone": True}])

    def test_an_upheld_objection_sends_it_back_and_reopen_begins_again(self):
        client = self.start_all()
        number = self.walk(client, [
            ("register", "registered"), ("assign", "registered"),
            ("transfer", "transferred"), ("object", "objected"),
            ("uphold_objection", "registered")])
        client.act(number, "assign", unit="u-other")
        client.act(number, "transfer")
        client.act(number, "accept")
        client.act(number, "answer", text="好", legal_basis="条例")
        client.act(number, "close")
        answer = client.act(number, "reopen", facts="新事实")
        self.assertIn(answer["state"], ("registered", "submitted",
                                        "accepted", "transferred"))

    def test_mistakes_of_the_envelope_of_an_action(self):
        _, client = self.started()
        number = client.submit()["case_no"]
        good = {"command_id": dkproto.uuid7(), "case_no": number,
                "action": "register", "actor": "officer:li"}
        fields = {"command_id": S, "case_no": S, "action": S, "actor": S,
                  "at": S, "expect_n": I}
        for body, pointer, what in mutants(
                fields, ("command_id", "case_no", "action", "actor"), good):
            with self.subTest(what=what):
                with self.problem("bad-field", pointer):
                    client.call("case.act", body)
        for member, value in (
                ("command_id", "x"), ("action", "fly"), ("action", ""),
                ("actor", "li"), ("actor", ""), ("actor", "officer:"),
                ("actor", "god:li"), ("actor", "officer:a b"),
                ("actor", "officer:" + "x" * 64), ("actor", "worker:assign"),
                ("at", "now"), ("expect_n", -1)):
            with self.subTest(member=member, value=value):
                answer = client.ask("case.act", dict(
                    dict(good, command_id=dkproto.uuid7()),
                    **{member: value}))
                self.assertEqual(answer.type, "problem")
                problem = dkproto.Problem(answer.body)
                self.assertEqual(problem.slug, "bad-field", str(problem))
                self.assertEqual(problem.pointer, "/" + member)
        self.assertEqual(len(client.events(number)), 1)

    def test_actions_of_workers_and_of_the_broker_are_not_for_clients(self):
        _, client = self.started()
        number = client.submit()["case_no"]
        for action in ("clock", "alert", "fire", "submit", "ack_alert",
                       "read_person", "erase_person"):
            with self.subTest(action=action):
                answer = client.ask("case.act", {
                    "command_id": dkproto.uuid7(), "case_no": number,
                    "action": action, "actor": "officer:li"})
                self.assertIn(dkproto.Problem(answer.body).slug,
                              ("forbidden", "bad-field"))
        self.assertEqual(len(client.events(number)), 1)

    def test_a_respondent_is_never_made_the_responsible_unit(self):
        _, client = self.started()
        number = client.submit(respondents=[
            {"unit": "u-1"}, {"unit": "u-2", "officer": "zhang"},
            {"officer": "liu"}])["case_no"]
        client.act(number, "register")
        for fields in ({"unit": "u-1"}, {"unit": "u-9", "handler": "zhang"},
                       {"unit": "u-9", "handler": "liu"},
                       {"unit": "u-2", "handler": "zhang"}):
            with self.subTest(fields=fields):
                with self.problem("respondent"):
                    client.act(number, "assign", **fields)
        client.act(number, "assign", unit="u-9", handler="li")
        for action in ("transfer", "hand_over"):
            with self.problem("respondent"):
                client.act(number, action, unit="u-1")

    def test_what_a_state_does_not_allow_is_refused(self):
        _, client = self.started()
        number = client.submit()["case_no"]
        for action in ("accept", "not_accept", "answer", "object",
                       "uphold_objection", "refuse_objection", "resume",
                       "ask_review", "review", "ask_re_review", "re_review",
                       "reopen", "evaluate"):
            with self.subTest(action=action):
                with self.problem("wrong-state"):
                    client.act(number, action, **self.GOOD[action])
        self.assertEqual(len(client.events(number)), 1)


class Documented(Case):
    """Every answer in this file is held against its schema, closed; here is
    that such a look finds something, and that nothing is out of its sight."""

    # Members of an action that become an event of their own.
    ELSEWHERE = {"way", "informed", "delivered"}
    # What is decided beside what was asked.
    DECIDED = {"assigned": {"load"}, "linked": {"unit", "handler", "group"},
               "resumed": {"ground", "since"}, "closed": {"clock", "clock_no"},
               "objection_refused": {"since"}, "clock_set": {"clock_no"},
               "alert_raised": {"replaces"}, "alert_muted": {"clock_no"},
               "notice_given": {"document"}, "delivered": {"document"}}
    ROUND = {"action", "at", "actor", "case_no", "command_id", "expect_n"}

    def actions(self):
        """(event, members of its action), in the order of the schemas."""
        names = {"handed_over": "hand_over", "transferred": "transfer",
                 "sent_to_discipline": "send_to_discipline",
                 "objection_upheld": "uphold_objection",
                 "objection_refused": "refuse_objection",
                 "not_accepted": "not_accept", "notice_given": "give_notice",
                 "review_asked": "ask_review", "urge_answered": "answer_urge",
                 "re_review_asked": "ask_re_review", "urged": "urge",
                 "opinion_given": "give_opinion", "withdrawn": "withdraw",
                 "co_handler_added": "add_co_handler", "settled": "settle",
                 "co_handler_removed": "remove_co_handler",
                 "clock_set": "clock", "alert_raised": "alert",
                 "alert_muted": "mute", "linked": "link", "closed": "close",
                 "unlinked": "unlink", "evaluated": "evaluate",
                 "prioritised": "prioritise", "resumed": "resume",
                 "relayed": "relay"}
        others = {"submitted", "clock_fired", "alert_acked", "repeated",
                  "person_read", "person_erased"}
        for event in dkschema.load("defs.json")["$defs"]["event"]["enum"]:
            if event in others:
                continue
            action = names.get(event, re.sub("ed$", "", event))
            schema = dkschema.load("action.%s.json" % action)
            yield event, set(schema["properties"]) - self.ROUND

    def test_each_event_has_what_its_action_has_and_what_is_decided(self):
        for event in dkschema.load("defs.json")["$defs"]["event"]["enum"]:
            self.assertIsNotNone(dkschema.event_body(event), event)
        for event, asked in self.actions():
            with self.subTest(event=event):
                said = set(dkschema.event_body(event).get("properties", ()))
                missing = asked - said - {"candidates"}
                if event not in ("give_notice", "informed", "delivered"):
                    missing -= self.ELSEWHERE
                self.assertEqual(missing, set())
                self.assertEqual(said - asked,
                                 self.DECIDED.get(event, set()))

    def test_what_a_clock_may_say_is_told_in_three_places(self):
        """The command, its event and the case file have the same members."""
        command = set(dkschema.load("action.clock.json")["properties"])
        event = set(dkschema.event_body("clock_set")["properties"])
        case = set(dkschema.load("case-file.json")["properties"]["clocks"]
                   ["items"]["properties"])
        self.assertEqual(event - {"clock_no"}, command - self.ROUND)
        self.assertEqual(event - {"clock_no", "policy", "version", "article"},
                         case - {"no", "state", "stopped_at", "late",
                                 "first_due", "times", "told",
                                 "repeat_alert", "quiets", "muted"})
        with open(os.path.join(dkworld.ROOT, "proto", "PROTOCOL.md"),
                  encoding="utf-8") as f:
            document = f.read()
        for name in sorted(case | event):
            with self.subTest(member=name):
                self.assertIn("`%s" % name, document)

    def test_a_member_that_nobody_documented_is_found(self):
        world, client = self.started(("assign", "deadline", "escalate"),
                                     test_clock=MAY)
        number = client.submit(persons=[{"name": "张三",
                                         "phone": "1380000"}])["case_no"]
        world.idle(client)
        client.call("clock.set", {"to": "2026-05-22T09:00:00+08:00",
                                  "settle": True}, 90)
        case = client.call("case.get", {"case_no": number})
        self.assertTrue([k for k in case["clocks"] if k.get("times")])
        events = client.events(number)
        self.assertTrue([e for e in events if "replaces" in e["body"]])
        alerts = client.call("alert.list", {"case_no": number})["items"]
        page = {"items": alerts, "next": None}
        for name, value, place in (
                ("case-file", case, case["clocks"][0]),
                ("case-file", case, case["clocks"][0]["rungs"][0]),
                ("case-file", case, case),
                ("event", events[-1], events[-1]["body"]),
                ("event", events[0], events[0]["body"]),
                ("event", events[0], events[0]),
                ("alert.list.ok", page, alerts[0]["text"]),
                ("alert.list.ok", page, alerts[0])):
            with self.subTest(schema=name, members=sorted(place)[:3]):
                self.assertEqual(dkschema.faults(name, value), [])
                place["no_such_member"] = 1
                found = dkschema.faults(name, value)
                self.assertEqual(len(found), 1, found)
                self.assertIn("/no_such_member: no schema names", found[0])
                self.assertEqual(dkschema.faults(name, value, False), [],
                                 "clients are not told to refuse it")
                del place["no_such_member"]

    def test_followed_events_are_what_the_schema_says(self):
        world, client = self.started(("assign", "deadline"), test_clock=MAY)
        follower = world.follower(1)
        follower.follow()
        number = client.submit()["case_no"]
        world.idle(client)
        for event in client.events(number):
            self.assertEqual(follower.event()["seq"], event["seq"])


class Worker(Case):
    """Bodies on the worker endpoint."""

    def setUp(self):
        self.w, self.c = self.started(test_clock=MAY)

    def bad(self, peer, kind, body, pointer, slug="bad-field", request=None):
        answer = peer.answer(peer.send(kind, body, request), 5)
        self.assertEqual(answer.type, "problem", answer)
        problem = dkproto.Problem(answer.body)
        self.assertEqual(problem.slug, slug, str(problem))
        if pointer is not None:
            self.assertEqual(problem.pointer, pointer, str(problem))

    def test_hello_with_mistakes_and_without(self):
        peer = self.w.worker("assign", hello=False)
        good = {"service": "assign", "worker": "w-1", "credit": 1}
        fields = {"service": S, "worker": S, "credit": I}
        for body, pointer, what in mutants(fields, tuple(fields), good):
            with self.subTest(what=what):
                self.bad(peer, "hello", body, pointer)
        for member, value in (("service", "juggle"), ("service", ""),
                              ("worker", ""), ("worker", "x" * 65),
                              ("worker", "a b"), ("credit", 0),
                              ("credit", 257), ("credit", -5)):
            with self.subTest(member=member, value=value):
                self.bad(peer, "hello", dict(good, **{member: value}),
                         "/" + member)
        self.assertEqual(self.c.call("worker.list")["items"], [])
        welcome = peer.hello()
        self.assertEqual(set(welcome), {"epoch", "heartbeat_ms", "lease_ms",
                                        "now", "utc_offset", "county",
                                        "test_clock"})
        self.assertRegex(welcome["epoch"], r"^\d+$")
        self.assertIs(welcome["test_clock"], True)
        items = self.c.call("worker.list")["items"]
        self.assertEqual(len(items), 1)
        self.assertEqual(items[0]["service"], "assign")
        self.assertEqual(items[0]["worker"], peer.name)
        self.assertEqual(items[0]["credit"], 1)

    def test_epochs_rise_with_each_start(self):
        first = int(self.w.worker("assign").welcome["epoch"])
        self.w.broker.kill()
        self.w.broker.start()
        second = int(self.w.worker("assign").welcome["epoch"])
        self.assertGreater(second, first)

    def test_who_has_not_said_hello_is_told_so(self):
        peer = self.w.worker("assign", hello=False)
        lease = {"task_id": "1", "lease": "1-1"}
        for kind, body in (("heartbeat", {}), ("bye", {}),
                           ("result", dict(lease, commands=[])),
                           ("fail", dict(lease, reason="x")),
                           ("extend", lease)):
            with self.subTest(kind=kind):
                self.bad(peer, kind, body, None, "hello-first")

    def test_results_with_mistakes_are_refused(self):
        peer = self.w.worker("assign", credit=256)
        fields = {"task_id": S, "lease": S, "commands": A}
        number = self.c.submit()["case_no"]
        task = peer.task()
        for _, pointer, what in mutants(fields, tuple(fields), {
                "task_id": "1", "lease": "1-1", "commands": []}):
            with self.subTest(what=what):
                self.c.submit()
                task = peer.task()
                good = {"task_id": task["task_id"], "lease": task["lease"],
                        "commands": []}
                body = next(b for b, _, w in mutants(fields, tuple(fields),
                                                     good) if w == what)
                self.bad(peer, "result", body, pointer,
                         request=task["lease"])
        self.assertEqual(len(self.c.events(number)), 1)
        self.c.submit()
        peer.result(peer.task(), [])

    def test_commands_with_mistakes_are_refused_and_change_nothing(self):
        peer = self.w.worker("assign", credit=256)
        for commands in (
                ["x"], [{}], [{"action": "fly"}], [{"action": 1}],
                [{"action": "register", "no_such": 1}],
                [{"action": "assign"}], [{"action": "assign", "unit": 1}]):
            with self.subTest(commands=commands):
                number = self.c.submit()["case_no"]
                task = peer.task(15)
                self.assertEqual(task["attempt"], 1)
                peer.tell("result", task, commands=commands)
                answer = peer.reply(task)
                self.assertEqual(answer.type, "problem")
                self.assertEqual(dkproto.Problem(answer.body).slug,
                                 "bad-field")
                self.assertRegex(answer.body.get("pointer", ""),
                                 r"^/commands/0")
                self.assertEqual(len(self.c.events(number)), 1)
                self.assertEqual(self.c.call("task.get", {
                    "task_id": task["task_id"]})["attempts"], 1)
                self.finish(peer, number)

    def finish(self, peer, number):
        """Take its next attempt and answer it well."""
        task = peer.task(15)
        self.assertEqual((task["case"]["case_no"], task["attempt"]),
                         (number, 2))
        peer.result(task, [])

    def test_a_result_is_applied_whole_or_not_at_all(self):
        peer = self.w.worker("assign", credit=1)
        number = self.c.submit()["case_no"]
        task = peer.task()
        peer.tell("result", task, commands=[
            {"action": "register"},
            {"action": "answer", "text": "x", "legal_basis": "y"}])
        self.assertEqual(peer.reply(task).type, "problem")
        self.assertEqual(len(self.c.events(number)), 1)
        again = peer.task(15)
        self.assertEqual(again["task_id"], task["task_id"])
        self.assertNotEqual(again["lease"], task["lease"])
        peer.result(again, [{"action": "register"}])
        self.assertEqual([e["type"] for e in self.c.events(number)],
                         ["submitted", "registered"])

    def test_the_shape_of_a_task(self):
        peer = self.w.worker("assign", credit=1)
        number = self.c.submit(region="A县")["case_no"]
        task = peer.task()
        self.assertEqual(set(task), {"task_id", "lease", "attempt",
                                     "service", "now", "case", "event"})
        self.assertRegex(task["task_id"], r"^\d+$")
        self.assertRegex(task["lease"], r"^\d+-\d+$")
        self.assertEqual(task["attempt"], 1)
        self.assertEqual(task["service"], "assign")
        self.assertEqual(task["case"]["case_no"], number)
        self.assertEqual(task["event"]["type"], "submitted")
        self.assertEqual(task["event"]["n"], 1)
        self.assertEqual(task["event"]["effective_at"],
                         "2026-05-01T09:00:00.000+08:00")
        self.assertEqual(task["now"], "2026-05-01T09:00:00.000+08:00")
        self.assertEqual(
            self.c.call("task.get", {"task_id": task["task_id"]})
            ["leased_to"], peer.name)

    def test_client_messages_are_unknown_on_the_worker_endpoint(self):
        peer = self.w.worker("assign")
        for kind in ("case.submit", "case.get", "stats", "clock.set",
                     "events.follow", "task.drop"):
            with self.subTest(kind=kind):
                self.bad(peer, kind, {}, None, "unknown-type")

    def test_more_than_32_commands_are_refused(self):
        peer = self.w.worker("assign", credit=1)
        self.c.submit()
        task = peer.task()
        peer.tell("result", task, commands=[{"action": "register"}] * 33)
        answer = peer.reply(task)
        self.assertEqual(dkproto.Problem(answer.body).pointer, "/commands")

    def test_hello_again_begins_a_new_session(self):
        peer = self.w.worker("assign", credit=1)
        self.c.submit()
        task = peer.task()
        peer.hello()
        again = peer.task(15)
        self.assertEqual(again["task_id"], task["task_id"])
        peer.result(again, [])
        self.assertEqual(len(self.c.call("worker.list")["items"]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
