"""docket-web's doors: TLS, a local socket behind a proxy, and peers that mean
no good.  Each is bounded and answered, and nobody else is held up.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkweb  # noqa: E402
import dkworld  # noqa: E402
from dkworld import STRETCH, until  # noqa: E402


class Case(dkworld.TestCase):
    def web(self, **more):
        return dkweb.Web(self.world(), **more)

    def raw(self, web, text=b""):
        line = socket.create_connection(("127.0.0.1", web.port))
        line.settimeout(60 * STRETCH)
        self.addCleanup(line.close)
        line.sendall(text)
        return line

    def status(self, line):
        """Of the answer; None: the line was closed without one."""
        text = b""
        while b"\r\n" not in text:
            try:
                got = line.recv(4096)
            except ConnectionResetError:
                got = b""
            if got == b"":
                return None
            text += got
        return int(text.split()[1])


class Doors(Case):
    @unittest.skipUnless(shutil.which("openssl"), "no openssl program")
    def test_tls_with_a_certificate(self):
        web = self.web(start=False)
        cert, key = web.world.path("cert.pem"), web.world.path("key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-keyout", key, "-out", cert], check=True, capture_output=True)
        web.start(certificate=cert, private_key=key)
        web.tls = cert
        li = web.browser()
        head = li.ask("POST", "/api/v1/session",
                      {"name": "li", "password": dkweb.PASSWORD})
        self.assertIn("; Secure", head[1]["Set-Cookie"])
        self.assertEqual(web.login("li").get("/api/v1/cases")["items"], [])
        self.assertEqual(li.ask("GET", "/")[0], 200)
        # Who does not speak it, or only begins to, is let go of.
        for text in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"):
            with self.subTest(text):
                self.assertIsNone(self.status(self.raw(web, text)))
        self.assertEqual(li.ask("GET", "/healthz")[0], 200)
        web.stop()
        with open(key, "w", encoding="ascii") as file:
            file.write("no key\n")
        process = web.world.spawn("docket-web", *web.argv(
            certificate=cert, private_key=key))
        self.assertEqual(process.wait(), dkworld.EX_CONFIG)
        self.assertIn("key.pem cannot be used for TLS", process.errors())

    def test_a_local_socket_behind_a_proxy(self):
        web = self.web(start=False)
        path = web.world.path("web.sock")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        web.process = web.world.spawn("docket-web", *web.argv(
            listen="unix:" + path, hosts="desk.example"))
        web.process.line(r"event=ready url=http://unix:")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o660)

        def ask(host, more="", body=b"", method="GET", to="/api/v1/session"):
            line = socket.socket(socket.AF_UNIX)
            self.addCleanup(line.close)
            line.settimeout(30 * STRETCH)
            line.connect(path)
            line.sendall(("%s %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d"
                          "\r\nConnection: close\r\n\r\n" % (
                              method, to, host, more, len(body))).encode() +
                         body)
            text = b""
            while True:
                got = line.recv(65536)
                if not got:
                    return text
                text += got
        self.assertIn(b" 401 ", ask("desk.example"))
        self.assertIn(b" 401 ", ask("localhost"))
        self.assertIn(b" 403 ", ask("evil.example"))
        text = ask("desk.example", "X-Docket: 1\r\nX-Forwarded-Proto: https"
                   "\r\nX-Forwarded-For: 6.6.6.6, 10.1.2.3\r\n"
                   "Content-Type: application/json\r\n",
                   ('{"name":"li","password":"%s"}' %
                    dkweb.PASSWORD).encode(), "POST")
        self.assertRegex(text.decode(), r"Set-Cookie: [^\r]*; Secure")
        web.process.line(r'name="li" from=10\.1\.2\.3 what="logged in"')

    def test_other_addresses_need_tls(self):
        web = self.web(start=False)
        for where in ("0.0.0.0:0", "192.0.2.1:80", "nonsense", "unix:x"):
            with self.subTest(where):
                process = web.world.spawn("docket-web",
                                          *web.argv(listen=where))
                self.assertEqual(process.wait(), dkworld.EX_CONFIG)
                self.assertIn("127.0.0.1:PORT", process.errors())

    def test_a_configuration_file_and_its_mistakes(self):
        web = self.web(start=False)
        text = "[web]\n" + "".join(
            "%s = %s\n" % (k.replace("-", "_"), v)
            for k, v in web.options.items() if k != "password-mib") + \
            "[limits]\npassword_mib = 8\nidle_min = 5\n"
        conf = web.world.path("web.conf", text)
        web.process = web.world.spawn("docket-web", "--config", conf)
        web.port = int(web.process.line(
            r"event=ready url=https?://[^ ]*:(\d+)/").group(1))
        self.assertEqual(web.login("li").session["idle_s"], 300)
        bad = web.world.path("bad.conf", text + "idle_minn = 5\nsessions = x\n")
        told = web.run("--config", bad, code=dkworld.EX_CONFIG)
        self.assertIn("did you mean limits.idle_min?", told)
        self.assertIn("limits.sessions is a number", told)


class Hostile(Case):
    def test_a_byte_now_and_then_holds_nothing_for_ever(self):
        web = self.web()
        line = self.raw(web, b"GET / HTTP/1.1\r\nX: ")
        line.settimeout(0.5)
        began = time.monotonic()

        def closed():
            try:
                line.sendall(b"y")
                return line.recv(1) == b""
            except socket.timeout:
                return False
            except OSError:
                return True
        until(closed, 45, "the end of a slow request")
        self.assertGreater(time.monotonic() - began, 5)

    def test_a_thousand_silent_ones_keep_nobody_out(self):
        web = self.web(connections=64)
        li = web.login("li")
        silent = []
        for _ in range(1000):
            line = socket.create_connection(("127.0.0.1", web.port))
            silent.append(line)
            self.addCleanup(line.close)
        self.assertEqual(li.get("/api/v1/cases", deadline=60)["items"], [])
        files = len(os.listdir("/proc/%d/fd" % web.process.pid))
        self.assertLess(files, 400)

    def test_what_is_too_large_or_no_http_is_refused(self):
        web = self.web()
        li = web.login("li")
        host = b"Host: 127.0.0.1:%d\r\n" % web.port
        cookie = b"Cookie: dk_session=%s\r\n" % li.cookie.encode()
        for text, wants in (
                (b"nonsense\r\n\r\n", (400, None)),
                (b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 20000 +
                 b"\r\n\r\n", (400, 413, 431, None)),
                (b"GET / HTTP/1.1\r\n" + host + b"X: y\r\n" * 5000 + b"\r\n",
                 (400, 413, 431, None)),
                (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + host + b"\r\n",
                 (400, 413, 414, None)),
                (b"POST /api/v1/session HTTP/1.1\r\n" + host +
                 b"Content-Length: 99999999\r\n\r\n", (400, 413, None)),
                (b"POST /api/v1/session HTTP/1.1\r\n" + host +
                 b"Content-Length: -1\r\n\r\n", (400, 413, None)),
                (b"DELETE / HTTP/1.1\r\n" + host + b"\r\n", (405, 501, None)),
                (b"GET /api/v1/cases?unit=" + b"a" * 5000 + b" HTTP/1.1\r\n" +
                 host + cookie + b"\r\n", (413,)),
                (b"GET /api/v1/cases/%00 HTTP/1.1\r\n" + host + cookie +
                 b"\r\n", (400,)),
                (b"GET /api/v1/cases/../stats HTTP/1.1\r\n" + host + cookie +
                 b"\r\n", (404, 403)),
                (b"GET / HTTP/1.1\r\n\r\n", (400, 403))):
            with self.subTest(text[:60]):
                self.assertIn(self.status(self.raw(web, text)), wants)
        for body in (b"", b"[]", b"{", b'{"name":1}', b'{"name":"li"}',
                     b'{"name":"li","password":"x","more":1}',
                     b'{"name":"li","name":"li","password":"x"}',
                     b"\xff", b'{"a":' * 40):
            with self.subTest(body):
                told = web.browser().ask("POST", "/api/v1/session", body,
                                         headers={"X-Docket": "1"})
                self.assertIn(told[0], (400, 422), told)
        self.assertEqual(li.get("/api/v1/cases")["items"], [])

    def test_who_leaves_before_the_answer_costs_nothing(self):
        web = self.web()
        li = web.login("li")
        web.world.broker.process.freeze()
        for _ in range(20):
            self.raw(web, ("GET /api/v1/cases HTTP/1.1\r\nHost: localhost:%d"
                           "\r\nCookie: dk_session=%s\r\n\r\n" % (
                               web.port, li.cookie)).encode()).close()
        until(lambda: li.web.browser().ask("GET", "/healthz")[0] == 200)
        web.world.broker.process.thaw()
        until(lambda: li.ask("GET", "/api/v1/cases")[0] == 200, 20)

    def test_many_requests_of_one_session_are_bounded(self):
        web = self.web()
        li = web.login("li")
        web.world.broker.process.freeze()
        lines = [self.raw(web, (
            "GET /api/v1/cases HTTP/1.1\r\nHost: localhost:%d\r\n"
            "Cookie: dk_session=%s\r\n\r\n" % (web.port, li.cookie)).encode())
            for _ in range(40)]
        web.world.broker.process.thaw()
        told = [self.status(line) for line in lines]
        self.assertEqual(sorted(set(told)), [200, 429], told)
        self.assertEqual(told.count(200), 32)

    def test_logins_at_once_are_bounded(self):
        web = self.web(password_mib=64)
        body = b'{"name":"nobody","password":"xxxxxxxxxxxx"}'
        lines = [self.raw(web, (
            "POST /api/v1/session HTTP/1.1\r\nHost: localhost:%d\r\n"
            "Content-Type: application/json\r\nX-Docket: 1\r\n"
            "Content-Length: %d\r\n\r\n" % (web.port, len(body))).encode() +
            body) for _ in range(50)]
        told = [self.status(line) for line in lines]
        self.assertEqual(told.count(401), 5, told)
        self.assertEqual(told.count(429), 45, told)
        with open("/proc/%d/status" % web.process.pid,
                  encoding="ascii") as file:
            peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
        self.assertLess(peak, 600000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
