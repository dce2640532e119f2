"""docket-notify: who is told, by e-mail, webhook, command and journal, of an
alert; and that a failing or slow server, a kill at any moment and a restored
database neither lose a message nor tell it under a second key.

The mail server (aiosmtpd) and the webhook's receiver (Node, with the published
libraries of Standard Webhooks and CloudEvents) are real ones of the test's own.
"""

import asyncio
import base64
import email
import email.policy
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402
from dkworld import STRETCH, until  # noqa: E402

try:
    from aiosmtpd.smtp import AuthResult, SMTP
except ImportError:  # python3-aiosmtpd is on script/packages' list
    SMTP = None

MAY = "2026-05-01T09:00:00+08:00"
ALL = ("assign", "deadline", "escalate")
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
NODE = os.path.join(dkworld.ROOT, "tests", "node")
NAMES = ("王桂英", "13800000000", "三盏路灯坏了")


class Mail:
    """What a mail server was given; it may be told to refuse or to dawdle."""

    def __init__(self, test, tls=None, auth=None):
        self.got, self.say, self.slow = [], [], 0
        box = self

        class Handler:
            async def handle_DATA(self, server, session, envelope):
                if box.slow:
                    await asyncio.sleep(box.slow)
                if box.say:
                    return box.say.pop(0)
                box.got.append((envelope.rcpt_tos, email.message_from_bytes(
                    envelope.content, policy=email.policy.default)))
                return "250 taken"

        def check(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login, data.password) == auth)

        more = {"tls_context": tls, "require_starttls": True} if tls else {}
        if auth:
            more.update(authenticator=check, auth_required=True)
        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(loop.create_server(
            lambda: SMTP(Handler(), hostname="mail.example", loop=loop, **more),
            "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()

        def end():
            async def hang_up():
                server.close()
                mine = asyncio.current_task()
                tasks = [t for t in asyncio.all_tasks() if t is not mine]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            asyncio.run_coroutine_threadsafe(hang_up(), loop).result(30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
        test.addCleanup(end)

    def letters(self, to=None):
        return [m for rcpt, m in self.got if to in (None, rcpt[0])]


class Case(dkworld.TestCase):
    def office(self):
        return self.started(ALL, test_clock=MAY)

    def conf(self, world, text, wait=1, tries=16, most=0):
        """A configuration; whole recipients after [smtp] and so on."""
        data = world.path("notify")
        os.makedirs(data, exist_ok=True)
        return world.path("notify.conf", (
            "[broker]\nconnect = %s\n[notify]\ndata = %s\nzone = +08:00\n"
            "first_wait_s = %d\nmost_wait_min = 1\ntimeout_s = %d\ntries = %d\n"
            "%s" % (world.broker.clients, data, wait,
                most or 5 * STRETCH, tries,
                    text)))

    def notify(self, world, conf, wait=True):
        process = world.spawn("docket-notify", "--config", conf)
        if wait:
            process.line("event=following")
        return process

    def run_it(self, world, conf, *argv, code=0):
        done = subprocess.run(
            [dkworld.program("docket-notify"), "--config", conf, *argv],
            capture_output=True, text=True, timeout=30 * STRETCH)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def status(self, world, conf):
        return json.loads(self.run_it(world, conf, "status", "--json"))

    def settled(self, world, conf, **want):
        def look():
            s = self.status(world, conf)
            return all(s[k] == v for k, v in want.items()) and s
        return until(look, 30, "status %r" % want, 0.1)

    def case(self, world, client, **fields):
        number = client.submit(
            facts="村口三盏路灯坏了两个月。",
            persons=[{"name": "王桂英", "phone": "13800000000"}],
            category="供水", **fields)["case_no"]
        world.idle(client)
        return number

    def go(self, client, day):
        client.call("clock.set", {"to": day + "T09:00:00+08:00",
                                  "settle": True}, 90)

    def told(self, client, number, role):
        """The alerts of a case to one role: [(alert id, level)]."""
        return [("%s.%d" % (number, e["n"]), e["body"]["level"])
                for e in client.events(number)
                if e["type"] == "alert_raised" and
                any(to.startswith(role + ":") for to in e["body"]["to"])]

    def secret(self, world):
        path = world.path("hook.secret", SECRET + "\n")
        os.chmod(path, 0o400)
        return path

    def receiver(self, world, answer="200"):
        world.path("answer", answer)
        node = shutil.which("node")
        process = dkworld.Process(
            world, "receiver", [node, os.path.join(NODE, "receiver.mjs"),
                                SECRET], env={"ANSWER": world.path("answer")})
        found = process.line(r'\{"port":(\d+)\}', path=process.out)
        process.expected_end = True

        def posts():
            lines = process.output().splitlines()[1:]
            return [json.loads(line) for line in lines]
        return int(found.group(1)), posts


@unittest.skipIf(SMTP is None, "no aiosmtpd")
class ByMail(Case):
    def test_each_recipient_gets_what_is_theirs(self):
        world, client = self.office()
        mail = Mail(self)
        conf = self.conf(world, """
[smtp]
server = 127.0.0.1:%d
tls = none
from = docket@office.example
[recipient head]
to = unit_head:* office:*
email = head@office.example
[recipient leader]
to = leader:*
email = leader@office.example
lang = en
levels = overdue long_overdue
""" % mail.port)
        notifier = self.notify(world, conf)
        number = self.case(world, client)
        self.go(client, "2026-05-30")
        heads = {a for a, _ in self.told(client, number, "unit_head")} | \
            {a for a, _ in self.told(client, number, "office")}
        leaders = [a for a, level in self.told(client, number, "leader")
                   if level in ("overdue", "long_overdue")]
        self.assertGreater(len(heads), 2)
        self.assertGreater(len(leaders), 0)
        until(lambda: self.status(world, conf)["open"] +
              self.status(world, conf)["waiting"] == 0 and
              len(mail.letters("leader@office.example")) == len(leaders), 30,
              "the letters")
        seen = [m for m in mail.letters("head@office.example")]
        ids = [m["Message-ID"] for m in mail.letters()]
        self.assertEqual(len(ids), len(set(ids)))
        # Repetitions that a later one replaced before they went are dropped.
        texts = [m.get_content() for m in seen]
        self.assertLessEqual(len(seen), len(heads))
        for text in texts:
            self.assertEqual(sum("警示编号：" + a in text for a in heads), 1)
        letter = mail.letters("leader@office.example")[0]
        self.assertRegex(letter["Subject"], r"^\[(long )?overdue\] Case %s: "
                         % number)
        self.assertEqual(letter["From"], "docket@office.example")
        self.assertEqual(letter["Auto-Submitted"], "auto-generated")
        self.assertIn("Case: " + number, letter.get_content())
        for m in mail.letters():
            for name in NAMES:
                self.assertNotIn(name, m.as_string() + m.get_content() +
                                 m["Subject"])
        self.assertEqual(notifier.stop(), 0)

    @unittest.skipUnless(shutil.which("openssl"), "no openssl program")
    def test_starttls_and_a_password(self):
        world, client = self.started(test_clock=MAY)
        cert, key = world.path("cert.pem"), world.path("key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-keyout", key, "-out", cert], check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cert, key)
        mail = Mail(self, tls, (b"docket", b"open sesame"))
        password = world.path("password", "wrong\n")
        os.chmod(password, 0o400)
        text = """ca_file = %s
[smtp]
server = localhost:%d
user = docket
password_file = %s
from = docket@office.example
[recipient head]
to = unit_head:*
email = head@office.example
""" % (cert, mail.port, password)
        conf = self.conf(world, text)
        notifier = self.notify(world, conf)
        self.run_it(world, conf, "test", "head")
        notifier.line(r"event=failed .*tries=1 ")
        self.assertEqual(mail.got, [])
        os.chmod(password, 0o600)
        world.path("password", "open sesame\n")
        os.chmod(password, 0o400)
        notifier.signal(1)
        notifier.line("event=reloaded")
        notifier.line("event=sent .*to=head by=email")
        self.assertEqual(len(mail.got), 1)
        # A certificate that nobody we know has signed: nothing is said.
        other = self.conf(world, text.split("\n", 1)[1])
        notifier.signal(1)
        notifier.line(r"(?s)event=reloaded.*event=reloaded")
        self.run_it(world, other, "test", "head")
        notifier.line(r"event=failed .*(certificate|SSL)")
        self.assertEqual(len(mail.got), 1)

    def test_refused_letters_are_dead_and_can_be_sent_again(self):
        world, client = self.started(test_clock=MAY)
        mail = Mail(self)
        conf = self.conf(world, """
[smtp]
server = 127.0.0.1:%d
tls = none
from = docket@office.example
[recipient head]
to = unit_head:*
email = head@office.example
""" % mail.port)
        mail.say = ["451 later", "550 no such user"]
        notifier = self.notify(world, conf)
        self.run_it(world, conf, "test", "head")
        notifier.line(r"event=failed .*tries=1 again_s=\d")
        notifier.line(r"event=dead .*tries=2 ")
        dead = json.loads(self.run_it(world, conf, "dead", "--json"))
        self.assertEqual((dead["recipient"], dead["channel"], dead["tries"]),
                         ("head", "email", 2))
        self.assertIn(dead["key"], self.run_it(world, conf, "dead"))
        self.run_it(world, conf, "resend", "nothing", code=65)
        self.run_it(world, conf, "resend", dead["key"])
        until(lambda: mail.got, 20, "the letter")
        self.assertIn(dead["key"], mail.letters()[0]["Message-ID"])
        self.settled(world, conf, dead=0, sent=1)
        self.assertEqual(notifier.stop(), 0)

    def test_a_slow_server_holds_up_nobody_and_a_digest_is_one_letter(self):
        world, client = self.office()
        mail = Mail(self)
        mail.slow = 3
        # A digest in a minute that is not the present one, quiet but for it.
        now = time.gmtime(time.time() + 8 * 3600 + 7200)
        text = """
[smtp]
server = 127.0.0.1:%d
tls = none
from = docket@office.example
[recipient slow]
to = unit_head:*
email = slow@office.example
[recipient line]
to = *
journal = yes
[recipient held]
to = handler:* unit_head:* office:* leader:*
email = held@office.example
digest = %02d:%02d
at_once = none
breaks_quiet = none
""" % (mail.port, now.tm_hour, now.tm_min)
        conf = self.conf(world, text)
        notifier = self.notify(world, conf)
        number = self.case(world, client)
        began = time.monotonic()
        self.go(client, "2026-05-20")
        notifier.line(r"alert level=overdue case=%s .* recipient=line " %
                      number, path=notifier.out)
        quick = time.monotonic() - began
        until(lambda: mail.letters("slow@office.example"), 30, "the letter")
        self.assertEqual(mail.letters("held@office.example"), [])
        self.assertLess(quick, 60)
        waiting = self.status(world, conf)["waiting"]
        self.assertGreater(waiting, 2)
        notifier.kill()
        # Its time comes.
        with sqlite3.connect(world.path("notify") + "/notify.db") as db:
            db.execute("UPDATE want SET due = 0 WHERE message IS NULL")
        db.close()
        mail.slow = 0
        notifier = self.notify(world, conf)
        until(lambda: mail.letters("held@office.example"), 30, "the digest")
        self.settled(world, conf, waiting=0, open=0)
        held = mail.letters("held@office.example")
        self.assertEqual(len(held), 1)
        self.assertIn("%d 条警示待处理" % waiting, held[0]["Subject"])
        self.assertEqual(held[0].get_content().count("· 【"), waiting)
        self.assertEqual(notifier.stop(), 0)


@unittest.skipIf(shutil.which("node") is None, "no node")
class ByWebhook(Case):
    def hook(self, world, port):
        return """
[recipient hook]
to = *
webhook = http://127.0.0.1:%d/in
webhook_secret_file = %s
""" % (port, self.secret(world))

    def test_signed_events_and_no_two_keys_over_kills(self):
        world, client = self.office()
        port, posts = self.receiver(world, "503")
        conf = self.conf(world, self.hook(world, port), tries=100)
        notifier = self.notify(world, conf)
        number = self.case(world, client)
        self.go(client, "2026-05-20")
        until(lambda: len(posts()) >= 3, 30, "tries")
        notifier.kill()  # with everything under way
        rounds = 0
        for answer in ("200 300", "503", "200 50", "200"):
            world.path("answer", answer)
            notifier = self.notify(world, conf)
            before = len(posts())
            until(lambda: len(posts()) > before or
                  self.status(world, conf)["open"] == 0, 30, "more")
            rounds += 1
            if answer != "200":
                notifier.kill()
        self.settled(world, conf, waiting=0, open=0, dead=0)
        got = posts()
        for post in got:
            self.assertIs(post["verified"], True, post)
            self.assertIn("signature", post["forged"])
            event = post["event"]
            self.assertEqual((event["specversion"], event["type"], event["id"]),
                             ("1.0", "docket.alert", post["id"]))
            self.assertRegex(event["source"], "^urn:docket:[0-9a-f]{32}$")
            self.assertEqual(event["subject"], number)
            for name in NAMES:
                self.assertNotIn(name, json.dumps(post, ensure_ascii=False))
        # One key for each alert, and the same bytes under it on every try.
        by_key, alert_of = {}, {}
        for post in got:
            by_key.setdefault(post["id"], set()).add(
                json.dumps(post["event"], sort_keys=True))
            alert_of[post["event"]["data"]["alerts"][0]["alert_id"]] = post["id"]
        self.assertTrue(all(len(v) == 1 for v in by_key.values()))
        self.assertEqual(len(by_key), len(alert_of))
        delivered = {p["id"] for p in got if p["status"] == 200}
        status = self.status(world, conf)
        self.assertEqual(status["sent"], len(delivered))
        # All that is still open was delivered.
        listed = {a["alert_id"] for a in client.pages("alert.list")}
        told = {a for a, key in alert_of.items() if key in delivered}
        self.assertLessEqual({a for a in listed if a.startswith(number)}, told)

    def test_who_has_seen_an_alert_is_not_told(self):
        world, client = self.office()
        port, posts = self.receiver(world, "503")
        conf = self.conf(world, self.hook(world, port), wait=3600)
        notifier = self.notify(world, conf)
        number = self.case(world, client)
        self.go(client, "2026-05-12")
        alert = self.told(client, number, "handler")[-1][0]
        until(posts, 30, "a try")
        notifier.line("event=failed")
        for a, _ in self.told(client, number, "handler"):
            client.call("alert.ack", {"alert_id": a,
                                      "actor": "officer:test"})
        until(lambda: self.status(world, conf)["open"] == 0, 30, "moot")
        self.assertGreaterEqual(self.status(world, conf)["moot"], 1)
        self.assertTrue(alert)

    def test_gone_is_for_good(self):
        world, client = self.started(test_clock=MAY)
        port, posts = self.receiver(world, "410")
        conf = self.conf(world, self.hook(world, port))
        notifier = self.notify(world, conf)
        self.run_it(world, conf, "test", "hook")
        notifier.line('event=dead .*tries=1 why="answered 410"')
        self.run_it(world, conf, "drop", "all")
        self.settled(world, conf, dead=0, moot=1)


class Rest(Case):
    def test_a_command_gets_the_event_and_is_bounded(self):
        world, client = self.started(test_clock=MAY)
        script = world.path("tell", "#!/bin/sh\n[ -e %s ] || exit 3\n"
                            "[ \"$2\" = '$HOME;x' ] || exit 4\n"
                            "echo $DOCKET_NOTIFY_KEY >%s; cat >%s.new; "
                            "mv %s.new %s\n" % (
                                world.path("ok"), world.path("key"),
                                *[world.path("in")] * 3))
        os.chmod(script, 0o700)
        sleeper = world.path("sleep", "#!/bin/sh\nsleep 600 & wait\n")
        os.chmod(sleeper, 0o700)
        conf = self.conf(world, """
[recipient one]
to = *
command = %s a $HOME;x
[recipient two]
to = *
command = %s
""" % (script, sleeper), most=2)
        notifier = self.notify(world, conf)
        self.run_it(world, conf, "test", "two")
        self.run_it(world, conf, "test", "one")
        notifier.line('to=one .*tries=1 .*why="the command ended with 3"')
        world.path("ok", "")
        notifier.line("event=sent .*to=one by=command")
        with open(world.path("in"), encoding="utf-8") as file:
            event = json.load(file)
        with open(world.path("key"), encoding="utf-8") as file:
            self.assertEqual(event["id"], file.read().strip())
        notifier.line('to=two .*why="took too long"', 30)
        self.assertEqual(notifier.stop(), 0)
        self.assertEqual(self.sleepers(sleeper), [])

    @staticmethod
    def sleepers(path):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    if path.encode() in file.read():
                        found.append(pid)
            except OSError:
                pass
        return found

    def test_every_mistake_of_the_configuration_is_told(self):
        world = self.world()
        conf = world.path("bad.conf", """
[notify]
zone = Peking
lnag = en
[smtp]
server = mail.example
tls = none
[recipient a b]
to = *
[recipient x]
to = head petitioner:*
email = a@b,c@d
quiet = 22-7
levels = orange
webhook = http://elsewhere.example/
command = ls
[recipient y]
""")
        text = self.run_it(world, conf, "--check-config", code=78)
        for words in ("notify.zone", "did you mean notify.lang?", "HOST:PORT",
                      "[recipient a b]", "'head' in to",
                      "petitioners are told by the office",
                      "email is no address", "22:00-07:30", "reminder yellow",
                      "https://", "webhook_secret_file", "whole path",
                      "smtp.from"):
            self.assertIn(words, text)
        good = world.path("good.conf", "[notify]\nzone = +08:00\n"
                          "[recipient x]\nto = *\njournal = yes\n")
        self.assertIn("no mistakes, 1 recipients",
                      self.run_it(world, good, "--check-config"))
        shipped = os.path.join(dkworld.ROOT, "systemd", "notify.conf")
        self.run_it(world, shipped, "--check-config")

    def test_two_on_one_folder_and_templates(self):
        world, client = self.started(test_clock=MAY)
        os.makedirs(world.path("t"))
        with open(world.path("t/alert.zh-CN"), "w", encoding="utf-8") as file:
            file.write("{{levle}}\nx\n")
        conf = self.conf(world, "templates = %s\n[recipient x]\nto = *\n"
                         "journal = yes\n" % world.path("t"))
        self.assertIn("there is no value {{levle}}",
                      self.run_it(world, conf, "--check-config", code=78))
        os.unlink(world.path("t/alert.zh-CN"))
        notifier = self.notify(world, conf)
        second = world.spawn("docket-notify", "--config", conf)
        self.assertEqual(second.wait(), 75)
        self.assertIn("another docket-notify uses it", second.errors())
        self.run_it(world, conf, "test", "x")
        notifier.line(r"alert level=reminder .*这是一条测试消息。",
                      path=notifier.out)

    def test_the_broker_goes_and_comes(self):
        world, client = self.office()
        conf = self.conf(world, "[recipient x]\nto = *\njournal = yes\n")
        notifier = self.notify(world, conf)
        world.broker.kill()
        world.broker.start()
        number = self.case(world, client)
        self.go(client, "2026-05-12")
        notifier.line("case=%s" % number, 30, path=notifier.out)
        until(lambda: self.status(world, conf)["open"] == 0, 10, "sent")
        lines = notifier.output().splitlines()
        keys = [line.split("key=")[1].split()[0] for line in lines]
        self.assertEqual(len(keys), len(set(keys)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
