"""docket-web's event stream and its bulletin: what the broker has, for those
who may see it, in order and without gaps, and held up by nobody.
"""

import json
import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkweb  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402


class Stream:
    """Server-sent events, as they come."""

    def __init__(self, browser, query="", headers=None):
        self.line = browser.web.connect(60)
        self.line.request("GET", "/api/v1/stream" + query, headers={
            "Cookie": "dk_session=" + browser.cookie, **(headers or {})})
        self.answer = self.line.getresponse()

    def block(self):
        """The fields of the next block; {} is a comment."""
        fields = {}
        while True:
            text = self.answer.readline().decode()
            if text == "":
                raise EOFError
            if text == "\n":
                return fields
            name, _, value = text.rstrip("\n").partition(":")
            if name:
                fields[name] = value.strip()

    def event(self):
        while True:
            block = self.block()
            if "event" in block:
                return block

    def events(self, n):
        return [self.event() for _ in range(n)]

    def close(self):
        self.answer.close()
        self.line.close()

    @classmethod
    def status(cls, *args, **more):
        """Of one that is not wanted for longer."""
        stream = cls(*args, **more)
        stream.close()
        return stream.answer.status


class Case(dkworld.TestCase):
    def web(self, **more):
        web = dkweb.Web(self.world(), **more)
        return web, web.login("wang")

    def stream(self, browser, *args, **more):
        stream = Stream(browser, *args, **more)
        self.addCleanup(stream.close)
        return stream


class Following(Case):
    def test_from_now_on_and_again_from_where_one_was(self):
        web, wang = self.web()
        wang.submit()
        stream = self.stream(wang)
        self.assertEqual(stream.answer.status, 200)
        self.assertEqual(stream.answer.headers["Content-Type"],
                         "text/event-stream")
        self.assertEqual(stream.block(), {"retry": "3000"})
        made = [wang.submit()["case_no"] for _ in range(3)]
        got = stream.events(3)
        self.assertEqual([json.loads(e["data"])["case_no"] for e in got], made)
        self.assertEqual([e["id"] for e in got], ["2", "3", "4"])
        again = self.stream(wang, headers={"Last-Event-ID": "2"})
        self.assertEqual([e["id"] for e in again.events(2)], ["3", "4"])
        begin = self.stream(wang, "?from=1")
        self.assertEqual([e["id"] for e in begin.events(4)],
                         ["1", "2", "3", "4"])
        beyond = self.stream(wang, headers={"Last-Event-ID": "9999"})
        beyond.block()
        wang.submit()
        self.assertEqual(beyond.event()["id"], "5")

    def test_more_events_than_one_credit(self):
        web, wang = self.web()
        client = web.world.client()
        for _ in range(300):
            client.submit()
        stream = self.stream(wang, "?from=1")
        self.assertEqual([int(e["id"]) for e in stream.events(300)],
                         list(range(1, 301)))

    def test_who_may_not_is_told_and_what_is_wrong_too(self):
        web, wang = self.web()
        self.assertEqual(Stream.status(web.login("li")), 403)
        for headers in ({"Last-Event-ID": "x"}, {"Last-Event-ID": "-1"},
                        {"Last-Event-ID": "9" * 20}):
            self.assertEqual(Stream.status(wang, headers=headers), 422)
        self.assertEqual(Stream.status(wang, "?from=0"), 422)
        four = [self.stream(wang) for _ in range(4)]
        self.assertEqual(Stream.status(wang), 429)
        four[0].close()
        until(lambda: Stream.status(wang) == 200, 10, "room for one")

    def test_a_broker_that_restarts_is_followed_on(self):
        web, wang = self.web()
        stream = self.stream(wang)
        stream.block()
        wang.submit()
        self.assertEqual(stream.event()["id"], "1")
        web.world.broker.kill()
        web.world.broker.start(clients=web.local + " " + web.tcp)
        web.world.broker.clients = web.local
        web.world.client().submit()
        self.assertEqual(stream.event()["id"], "2")

    def test_a_stream_ends_with_its_session(self):
        web, wang = self.web()
        stream = self.stream(wang)
        stream.block()
        web.account("disable", "wang")
        end = stream.event()
        self.assertEqual(end["event"], "end")
        self.assertEqual(json.loads(end["data"]), {"why": "not-logged-in"})

    def test_who_reads_nothing_is_dropped_and_holds_nobody_up(self):
        web, wang = self.web()
        client = web.world.client()
        for _ in range(400):
            client.submit(facts="长" * 10000)
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", web.port))
        self.addCleanup(line.close)
        line.sendall(("GET /api/v1/stream?from=1 HTTP/1.1\r\nHost: localhost:"
                      "%d\r\nCookie: dk_session=%s\r\n\r\n" % (
                          web.port, wang.cookie)).encode())
        web.process.line(r"event=slow-reader name=\"wang\" bytes=(\d+)", 60)
        stream = self.stream(wang, "?from=1")
        self.assertEqual(len(stream.events(400)), 400)
        with open("/proc/%d/status" % web.process.pid,
                  encoding="ascii") as file:
            peak = next(int(l.split()[1]) for l in file
                        if l.startswith("VmHWM"))
        self.assertLess(peak, 400000)  # KiB; 12 MB of events, sanitized or not


class Bulletin(Case):
    def test_the_same_as_docketctls(self):
        web, wang = self.web()
        for _ in range(3):
            wang.submit(category="供水")
        day = wang.get("/api/v1/session")["now"][:10]
        told = wang.get("/api/v1/bulletin?period=%s&by=category" % day[:7])
        ctl = web.world.ctl("--json", "bulletin", "--period", day[:7], "--by",
                            "category", js=True)[0]
        self.assertEqual(told, ctl)
        self.assertIn("3", json.dumps(told))
        span = wang.get("/api/v1/bulletin?from=%s&to=%s&against=none" % (
            day[:8] + "01", day))
        self.assertNotEqual(span, told)
        status, head, text = wang.ask(
            "GET", "/api/v1/bulletin.csv?lang=en&period=" + day[:7])
        self.assertEqual((status, head["Content-Type"]),
                         (200, "text/csv; charset=utf-8"))
        self.assertIn(b"received", text)

    def test_what_is_wrong_is_told(self):
        web, wang = self.web()
        for query, status in (("", 422), ("period=nonsense", 422),
                              ("period=2026-05&by=colour", 422),
                              ("period=2026-05&from=2026-05-01", 200),
                              ("from=2026-05-01", 422),
                              ("period=2026-05&unit=--csv", 200),
                              ("period=2026-05&colour=red", 422)):
            with self.subTest(query):
                answer = wang.ask("GET", "/api/v1/bulletin?" + query)
                self.assertEqual(answer[0], status, answer[2])
        refused = web.login("li").ask("GET",
                                      "/api/v1/bulletin?period=2026-05")
        self.assertEqual(refused[0], 403, refused[2])

    def test_figures_office_workers_and_counters(self):
        web, wang = self.web()
        wang.submit()
        day = wang.get("/api/v1/session")["now"][:10]
        figures = wang.get("/api/v1/figures?to=%s&measures=received&by=day" %
                           day)
        self.assertEqual(figures["items"][0]["n"], 1)
        self.assertEqual(wang.get("/api/v1/workers")["items"], [])
        self.assertEqual(wang.get("/api/v1/stats")["last_seq"], "1")
        self.assertIn("items", wang.get("/api/v1/office?open=false"))
        told = wang.ask("POST", "/api/v1/office/77/ack", {})
        self.assertEqual(told[0], 404, told[2])


if __name__ == "__main__":
    unittest.main(verbosity=2)
