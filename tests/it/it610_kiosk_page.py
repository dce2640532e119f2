"""What docket-kiosk serves on loopback for its page: a matter is in the spool
before the page is told so, whatever breaks; nobody else's page reaches it; and
nobody holds it up.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402

FORM = {
    "format": "docket-kiosk/1", "county": dkworld.COUNTY, "phone": "000-1234",
    "office": {"zh-CN": "某县信访局", "en": "Office"},
    "status_url": "https://example.org/status",
    "categories": [{"category": "城乡建设",
                    "name": {"zh-CN": "房屋", "en": "Housing"}}],
    "places": [{"region": "t1", "name": {"zh-CN": "城关", "en": "Town"},
                "places": [{"region": "v1",
                            "name": {"zh-CN": "东村", "en": "East"}}]}],
}
POST = {"Content-Type": "application/json", "X-Docket": "kiosk"}


class Page:
    """docket-kiosk with a page, and a browser that only asks."""

    def __init__(self, world):
        self.world = world
        self.files = world.path("page")
        self.printer = world.path("printer")
        self.form = world.path("form.json")
        self.process = None
        self.port = 0
        os.makedirs(os.path.join(self.files, "lib"))
        self.write(self.files + "/index.html", "<!doctype html>" + "x" * 4000)
        self.write(self.files + "/lib/a.js", "export const a = 1;\n")
        self.write(self.files + "/LICENSE", "not served")
        self.write(self.printer, "")
        self.write(self.form, json.dumps(FORM))

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def argv(self, *more):
        return ("--spool", self.world.path("spool.db"), "--connect",
                self.world.broker.clients, "--page", "127.0.0.1:0",
                "--page-files", self.files, "--form", self.form,
                "--printer", self.printer) + more

    def start(self, *more):
        self.process = self.world.spawn("docket-kiosk", *self.argv(*more))
        self.port = int(self.process.line(
            r"event=page url=http://127.0.0.1:(\d+)/").group(1))
        return self

    def ask(self, method, path, body=None, headers=None, deadline=20):
        """(status, headers, text)"""
        line = http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=deadline * dkworld.STRETCH)
        try:
            data = None if body is None else json.dumps(body).encode() \
                if not isinstance(body, bytes) else body
            line.request(method, path, data, headers if headers is not None
                         else POST if data is not None else {})
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            line.close()

    def json(self, method, path, body=None, want=200):
        status, _, text = self.ask(method, path, body)
        if status != want:
            raise AssertionError("%s %s: %d %r" % (method, path, status, text))
        return json.loads(text) if text else None

    def submit(self, want=201, **more):
        body = {"submission_id": dkproto.uuid7(), "subject": "路灯不亮",
                "facts": "村口三盏路灯坏了。", **more}
        return body, self.json("POST", "/api/cases", body, want)

    def acknowledged(self, submission):
        def look():
            now = self.json("GET", "/api/cases/" + submission)
            return now["state"] != "waiting" and now
        return until(look, 20, "the broker's answer")

    def open(self, text=b""):
        """A connection that says so much and waits."""
        line = socket.create_connection(("127.0.0.1", self.port))
        line.settimeout(60)
        line.sendall(text)
        return line


class Case(dkworld.TestCase):
    def kiosk(self, *more, broker=True):
        world = self.world()
        if broker:
            world.broker.start()
        return Page(world).start(*more)


class Serving(Case):
    def test_files_are_served_whole_packed_and_not_twice(self):
        page = self.kiosk(broker=False)
        status, head, text = page.ask("GET", "/")
        self.assertEqual((status, len(text)), (200, 4015))
        self.assertIn("default-src 'none'", head["Content-Security-Policy"])
        again = page.ask("GET", "/index.html", headers={
            "Accept-Encoding": "gzip", "If-None-Match": "x"})
        self.assertEqual(again[1]["Content-Encoding"], "gzip")
        self.assertLess(len(again[2]), 200)
        same = page.ask("GET", "/", headers={"If-None-Match": head["ETag"]})
        self.assertEqual((same[0], same[2]), (304, b""))
        self.assertIn("javascript", page.ask("GET", "/lib/a.js")[1][
            "Content-Type"])
        status, head, text = page.ask("HEAD", "/")
        self.assertEqual((status, head["Content-Length"], text),
                         (200, "4015", b""))
        for path in ("/LICENSE", "/..%2fspool.db", "/lib/../../spool.db",
                     "/lib", "/%00", "/api/nothing"):
            with self.subTest(path):
                self.assertIn(page.ask("GET", path)[0], (400, 404))

    def test_the_form_is_given_as_it_is(self):
        page = self.kiosk(broker=False)
        self.assertEqual(page.json("GET", "/api/form"), FORM)

    def test_only_our_own_page_is_answered(self):
        page = self.kiosk(broker=False)
        for host in ("evil.example", "127.0.0.1", "127.0.0.1:1", ""):
            with self.subTest(host):
                self.assertEqual(page.ask("GET", "/", headers={
                    "Host": host})[0], 403)
        self.assertEqual(page.ask("GET", "/", headers={
            "Host": "localhost:%d" % page.port})[0], 200)
        body = {"submission_id": dkproto.uuid7(), "subject": "a", "facts": "b"}
        for foreign in ({"Content-Type": "text/plain", "X-Docket": "kiosk"},
                        {"Content-Type": "application/json"},
                        {**POST, "Sec-Fetch-Site": "cross-site"}):
            with self.subTest(foreign):
                self.assertEqual(page.ask("POST", "/api/cases", body,
                                          foreign)[0], 403)
        self.assertEqual(page.json("GET", "/api/state")["waiting"], 0)
        self.assertEqual(page.ask("POST", "/api/state", {})[0], 405)
        self.assertEqual(page.ask("DELETE", "/api/cases")[0], 501)

    def test_it_serves_this_machine_only(self):
        page = Page(self.world())
        for where in ("0.0.0.0:0", "10.0.0.1:80", "kiosk:80", "8086", ""):
            with self.subTest(where):
                process = self.loose(page, *page.argv("--page", where))
                self.assertEqual(process.wait(), 64)
                self.assertIn("127.0.0.1:PORT", process.errors())

    def loose(self, page, *argv):
        return page.world.spawn("docket-kiosk", *argv)

    def test_a_form_with_a_mistake_is_refused_with_its_place(self):
        page = Page(self.world())
        for change, place, word in (
                ({"format": "x"}, "/format", "docket-kiosk/1"),
                ({"catgories": []}, "/catgories", "categories"),
                ({"office": {"zh-CN": "a"}}, "/office/en", ""),
                ({"status_url": "http://a"}, "/status_url", "https"),
                ({"places": [{"region": "t", "name": FORM["office"],
                              "places": [{"region": "v v", "name": FORM[
                                  "office"]}]}]},
                 "/places/0/places/0/region", "")):
            with self.subTest(place):
                page.write(page.form, json.dumps({**FORM, **change}))
                process = self.loose(page, *page.argv())
                self.assertEqual(process.wait(), 64)
                self.assertIn(place, process.errors())
                self.assertIn(word, process.errors())
        page.write(page.form, "{")
        process = self.loose(page, *page.argv())
        self.assertEqual(process.wait(), 64)
        self.assertIn("double quotes", process.errors())
        os.unlink(page.form)
        process = self.loose(page, *page.argv())
        self.assertEqual(process.wait(), 66)
        self.assertIn("form.json", process.errors())


class Handing(Case):
    def test_a_matter_is_taken_once_and_its_number_follows(self):
        page = self.kiosk()
        body, first = self.submit_and_look(page)
        again = page.json("POST", "/api/cases", body)
        self.assertEqual({**again, "state": 0}, {**first, "state": 0,
                         "case_no": again["case_no"],
                         "query_code": again["query_code"]})
        done = page.acknowledged(body["submission_id"])
        self.assertEqual(done["state"], "acknowledged")
        client = page.world.client()
        self.assertEqual(client.call("case.get", {
            "case_no": done["case_no"]})["channel"], "kiosk")
        self.assertEqual(self.cases(page), 1)
        spaced = "k " + "-".join(done["receipt"][1:])
        for number in (done["receipt"], spaced):
            self.assertEqual(page.json("GET", "/api/receipts/" +
                                       number.replace(" ", "%20")), done)
        shown = page.json("POST", "/api/query", {
            "case_no": done["case_no"].replace("-", ""),
            "query_code": done["query_code"]})
        self.assertEqual((shown["case_no"], shown["state"]),
                         (done["case_no"], "submitted"))
        wrong = "%08d" % ((int(done["query_code"]) + 1) % 10 ** 8)
        self.assertEqual(page.json("POST", "/api/query", {
            "case_no": done["case_no"], "query_code": wrong}, 404)["type"],
            "urn:docket:problem:not-found")

    @staticmethod
    def cases(page):
        return len(page.world.client().call("case.list", {"limit": 100})[
            "items"])

    def submit_and_look(self, page):
        body, first = page.submit()
        self.assertRegex(first["receipt"], r"^K\d{14}$")
        self.assertEqual(first["submission_id"], body["submission_id"])
        return body, first

    def test_what_is_no_matter_is_refused_with_the_field(self):
        page = self.kiosk(broker=False)
        ok = {"submission_id": dkproto.uuid7(), "subject": "a", "facts": "b"}
        for change, status, pointer in (
                ({"subject": ""}, 422, "/subject"),
                ({"submission_id": None}, 422, "/submission_id"),
                ({"channel": "online"}, 422, "/channel"),
                ({"import": True}, 422, "/import"),
                ({"persons": [{"name": "甲", "age": 3}]}, 422,
                 "/persons/0/age")):
            with self.subTest(pointer):
                problem = page.json("POST", "/api/cases", {**ok, **change},
                                    status)
                self.assertEqual(problem["pointer"], pointer)
                self.assertTrue(problem["detail_zh"])
        self.assertEqual(page.ask("POST", "/api/cases", b"{")[0], 400)
        self.assertEqual(page.ask("POST", "/api/cases", {
            **ok, "facts": "x" * 70000})[0], 413)
        page.json("POST", "/api/cases", ok, 201)
        page.json("POST", "/api/cases", {**ok, "facts": "c"}, 409)
        self.assertEqual(page.json("GET", "/api/state")["waiting"], 1)

    def test_with_the_cable_out_it_is_taken_and_arrives_later(self):
        page = self.kiosk(broker=False)
        body, first = page.submit()
        self.assertEqual(first["state"], "waiting")
        page.json("POST", "/api/query", {
            "case_no": "%s-20260501-000001-%d" % (dkworld.COUNTY, self.check(
                dkworld.COUNTY + "20260501000001")),
            "query_code": "12345678"}, 503)
        self.assertEqual(page.json("GET", "/api/state")["link"], "down")
        page.world.broker.start()
        self.assertEqual(page.acknowledged(body["submission_id"])["state"],
                         "acknowledged")
        self.assertEqual(page.json("GET", "/api/state")["link"], "up")

    @staticmethod
    def check(digits):
        p = 10
        for d in digits:
            s = (p + int(d)) % 10
            p = 2 * (s or 10) % 11
        return (11 - p) % 10

    def test_killed_between_the_touch_and_the_receipt(self):
        page = self.kiosk()
        bodies = []
        for i in range(8):
            body = {"submission_id": dkproto.uuid7(), "subject": "s%d" % i,
                    "facts": "f"}
            bodies.append(body)
            text = json.dumps(body).encode()
            line = page.open(b"POST /api/cases HTTP/1.1\r\nHost: 127.0.0.1:%d"
                             b"\r\nContent-Type: application/json\r\nX-Docket:"
                             b" kiosk\r\nContent-Length: %d\r\n\r\n%s" % (
                                 page.port, len(text), text))
            if i % 2:  # after the spool's commit, whatever the answer
                until(lambda: "taken " + body["submission_id"] in
                      page.process.output(), 10, "the spool")
            page.process.kill()
            line.close()
            page.start()
            state = page.json("GET", "/api/state")
            self.assertIsNotNone(state["interrupted"])
            known = page.ask("GET", "/api/cases/" + body["submission_id"])[0]
            if i % 2:
                self.assertEqual(known, 200)
            # The page asks again with the same id, and is told which it was.
            page.json("POST", "/api/cases", body, 200 if known == 200 else 201)
        for body in bodies:
            page.acknowledged(body["submission_id"])
        self.assertEqual(self.cases(page), len(bodies))

    def test_an_end_that_was_asked_for_is_no_interruption(self):
        page = self.kiosk(broker=False)
        self.assertIsNone(page.json("GET", "/api/state")["interrupted"])
        page.process.signal(signal.SIGTERM)
        self.assertEqual(page.process.wait(), 0)
        page.start()
        self.assertIsNone(page.json("GET", "/api/state")["interrupted"])
        page.process.kill()
        page.start()
        self.assertEqual(page.json("GET", "/api/state")["interrupted"],
                         {"at": None})

    def test_wrong_receipt_numbers_are_few(self):
        page = self.kiosk(broker=False)
        self.assertEqual(page.ask("GET", "/api/receipts/K123")[0], 422)
        seen = [page.ask("GET", "/api/receipts/K" + d + str(self.check(d)))[0]
                for d in ("%013d" % i for i in range(12))]
        self.assertEqual(seen[:10], [404] * 10)
        self.assertEqual(seen[11], 429)

    def test_a_receipt_is_printed_and_shown_as_a_code(self):
        page = self.kiosk()
        body, _ = page.submit()
        done = page.acknowledged(body["submission_id"])
        for lang, words in (("zh-CN", "信访编号"), ("en", "Case number")):
            page.json("POST", "/api/print", {
                "submission_id": body["submission_id"], "lang": lang,
                "due_at": "2026-05-16T00:00:00+08:00"}, 204)
            with open(page.printer, "rb") as file:
                data = file.read()
            self.assertTrue(data.startswith(b"\x1b@\x1c&"))
            for part in (words, done["case_no"], done["query_code"],
                         done["receipt"], "2026-05-15", "000-1234"):
                self.assertIn(part.encode("gb18030"), data)
            self.assertIn(b"\x1dv0", data)  # the code, as a picture
            self.assertTrue(data.endswith(b"\x1dVB\x00"))
            page.write(page.printer, "")
        _, head, svg = page.ask("GET", "/api/cases/%s/qr.svg" %
                                body["submission_id"])
        self.assertEqual(head["Content-Type"], "image/svg+xml")
        self.assertRegex(svg.decode(), r"^<svg [^>]*><path[^>]*><path d=\"M")
        os.unlink(page.printer)
        page.json("POST", "/api/print", {"submission_id": body[
            "submission_id"], "lang": "en"}, 503)

    def test_a_printer_that_takes_nothing_holds_up_nobody(self):
        page = Page(self.world())
        os.unlink(page.printer)
        os.mkfifo(page.printer)
        reader = os.open(page.printer, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        filler = os.open(page.printer, os.O_WRONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, filler)
        try:
            while True:
                os.write(filler, b"x" * 4096)
        except BlockingIOError:
            pass
        page.start()
        body, _ = page.submit()
        text = json.dumps({"submission_id": body["submission_id"],
                           "lang": "en"}).encode()
        line = page.open(b"POST /api/print HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                         b"Content-Type: application/json\r\nX-Docket: kiosk"
                         b"\r\nContent-Length: %d\r\n\r\n%s" % (
                             page.port, len(text), text))
        began = time.monotonic()
        page.submit()
        self.assertLess(time.monotonic() - began, 2 * dkworld.STRETCH)
        page.json("POST", "/api/print", json.loads(text), 503)
        self.assertIn(b" 503 ", line.recv(4096))
        line.close()


class Holding(Case):
    def test_a_flood_of_connections_waits_and_a_drip_ends(self):
        page = self.kiosk(broker=False)
        silent = [page.open() for _ in range(200)]
        drip = page.open(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX: " %
                         page.port)
        # Of too many the longest silent goes: who comes now is served.
        answer = page.ask("GET", "/", deadline=3)
        self.assertEqual(answer[0], 200)
        descriptors = len(os.listdir("/proc/%d/fd" % page.process.pid))
        self.assertLess(descriptors, 128 + 40)
        began, ended = time.monotonic(), False
        while not ended and time.monotonic() - began < 60 * dkworld.STRETCH:
            try:
                drip.sendall(b"x")
                drip.settimeout(1)
                ended = drip.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
        self.assertTrue(ended, "a byte a second kept a connection for ever")
        for line in silent + [drip]:
            line.close()
        self.assertEqual(page.ask("GET", "/")[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
