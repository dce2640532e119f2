"""docket-web: who may log in, what a session is, and that the broker decides
what each may see and do.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkweb  # noqa: E402
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402


class Case(dkworld.TestCase):
    def web(self, services=(), test_clock=None, **more):
        world = self.world(test_clock=test_clock)
        web = dkweb.Web(world, **more)
        for service in services:
            world.service(service)
        return web

    def refused(self, slug, status, call, *args, **more):
        with self.assertRaises(dkweb.Refused) as caught:
            call(*args, **more)
        self.assertEqual((caught.exception.status, caught.exception.slug),
                         (status, slug), caught.exception.text)
        return caught.exception


class LogIn(Case):
    def test_a_session_from_its_start_to_its_end(self):
        web = self.web()
        nobody = web.browser()
        self.refused("not-logged-in", 401, nobody.get, "/api/v1/session")
        status, head, _ = nobody.ask("POST", "/api/v1/session", {
            "name": "li", "password": dkweb.PASSWORD})
        self.assertEqual(status, 200)
        self.assertRegex(head["Set-Cookie"], r"^dk_session=[0-9a-f]{64}; "
                         r"HttpOnly; SameSite=Strict; Path=/$")
        self.assertEqual(head["Cache-Control"], "no-store")
        self.assertIn("default-src 'none'", head["Content-Security-Policy"])
        li = web.login("li")
        self.assertEqual(
            {k: li.session[k] for k in ("name", "roles", "unit", "idle_s",
                                        "county", "utc_offset")},
            {"name": "li", "roles": ["handler"], "unit": "u-water",
             "idle_s": 1800, "county": "330699", "utc_offset": "+08:00"})
        again = li.get("/api/v1/session")
        self.assertEqual(again["csrf"], li.csrf)
        li.post("/api/v1/session/end", want=204)
        self.refused("not-logged-in", 401, li.get, "/api/v1/session")
        shen = web.login("shen").session
        self.assertEqual((shen["roles"], shen["unit"]), (["auditor"], None))

    def test_wrong_passwords_and_unknown_names_are_told_alike(self):
        web = self.web()
        web.account("disable", "qiao")
        said = [self.refused("wrong-password", 401, web.login, name, word).body
                for name, word in (("li", "not the password"),
                                   ("nobody", "not the password"),
                                   ("qiao", dkweb.PASSWORD))]
        self.assertEqual(said[0], said[1])
        self.assertEqual(said[0], said[2])
        web.account("enable", "qiao")
        web.login("qiao")

    def test_too_many_wrong_ones_lock_a_name_for_a_while_known_or_not(self):
        web = self.web()
        for name in ("li", "nobody"):
            for _ in range(5):
                self.refused("wrong-password", 401, web.login, name, "x" * 12)
            told = self.refused("locked-out", 429, web.login, name)
            self.assertIn(int(told.headers["Retry-After"]), range(1, 11))
        web.login("wang")  # others are not held up

    def test_a_session_ends_with_its_account(self):
        web = self.web()
        for verb in ("disable", "remove"):
            qiao = web.login("qiao")
            qiao.get("/api/v1/cases")
            web.account(verb, "qiao")
            self.refused("not-logged-in", 401, qiao.get, "/api/v1/cases")
            if verb == "disable":
                web.account("enable", "qiao")

    def test_a_revoked_key_ends_the_session(self):
        web = self.web()
        li = web.login("li")
        web.world.client().call("keys.revoke", {"name": "li"})
        self.refused("not-logged-in", 401, li.get, "/api/v1/cases")
        self.refused("key-not-allowed", 403, web.login, "li")

    def test_a_changed_password_ends_the_other_sessions(self):
        web = self.web()
        other, li = web.login("li"), web.login("li")
        body = {"old": "not the password", "new": "quite another one"}
        path = "/api/v1/session/password"
        self.refused("wrong-password", 403, li.post, path, body)
        self.refused("bad-field", 422, li.post, path,
                     {"old": dkweb.PASSWORD, "new": "short"})
        li.post(path, {"old": dkweb.PASSWORD, "new": "quite another one"},
                want=204)
        li.get("/api/v1/session")
        self.refused("not-logged-in", 401, other.get, "/api/v1/session")
        self.refused("wrong-password", 401, web.login, "li")
        web.login("li", "quite another one")

    def test_a_session_does_not_help_to_guess_its_password(self):
        web = self.web()
        li = web.login("li")
        for i in range(5):
            self.refused("wrong-password", 403, li.post,
                         "/api/v1/session/password",
                         {"old": "guess %d" % i, "new": "quite another one"})
        self.refused("locked-out", 429, li.post, "/api/v1/session/password",
                     {"old": dkweb.PASSWORD, "new": "quite another one"})

    def test_a_fifth_session_ends_the_oldest(self):
        web = self.web()
        all_of_them = [web.login("li") for _ in range(5)]
        self.refused("not-logged-in", 401, all_of_them[0].get,
                     "/api/v1/session")
        for one in all_of_them[1:]:
            one.get("/api/v1/session")

    def test_a_broker_that_is_away_is_said_so(self):
        web = self.web()
        li = web.login("li")
        web.world.broker.stop()
        told = self.refused("overloaded", 503, li.get, "/api/v1/cases")
        self.assertGreater(int(told.headers["Retry-After"]), 0)
        self.refused("overloaded", 503, web.login, "wang")
        web.world.broker.start(clients=web.local + " " + web.tcp)
        web.world.broker.clients = web.local
        until(lambda: li.ask("GET", "/api/v1/cases")[0] == 200, 20,
              "the broker again")


class Guards(Case):
    def test_posts_need_the_sessions_token(self):
        web = self.web()
        wang = web.login("wang")
        other = web.login("li")
        body = dkproto.submission()
        path = "/api/v1/cases"
        for token in ("", "0" * 32, other.csrf, wang.csrf + "0"):
            with self.subTest(token):
                told = wang.ask("POST", path, body,
                                headers={"X-CSRF-Token": token})
                self.assertEqual(told[0], 403, told)
        foreign = wang.ask("POST", path, body, headers={
            "Sec-Fetch-Site": "cross-site"})
        self.assertEqual(foreign[0], 403)
        form = wang.ask("POST", path, b"a=b", headers={
            "Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(form[0], 403)
        elsewhere = wang.ask("GET", path, headers={"Host": "evil.example"})
        self.assertEqual(elsewhere[0], 403)
        self.assertEqual(wang.get(path)["items"], [])

    def test_cookies_that_are_not_ours(self):
        web = self.web()
        li = web.login("li")
        good = "dk_session=" + li.cookie
        for cookie in ("dk_session=", "dk_session=" + "0" * 64,
                       "dk_session=" + li.cookie[:-1], good + "; " + good,
                       "dk_session=" + "a" * 4000, "xdk_session=" + li.cookie):
            with self.subTest(cookie[:40]):
                told = web.browser().ask("GET", "/api/v1/session",
                                         headers={"Cookie": cookie})
                self.assertEqual(told[0], 401)
        for cookie in (good, "a=b; " + good, good + "; c=d"):
            told = web.browser().ask("GET", "/api/v1/session",
                                     headers={"Cookie": cookie})
            self.assertEqual(told[0], 200)


class Work(Case):
    CLOCK = "2026-05-06T09:00:00+08:00"

    def test_a_case_from_the_counter_to_its_acceptance(self):
        web = self.web(("assign", "deadline", "escalate"),
                       test_clock=self.CLOCK)
        wang, li, qiao = (web.login(n) for n in ("wang", "li", "qiao"))
        made = wang.submit(category="供水", subject="停水",
                           persons=[{"name": "某人", "phone": "1"}])
        no = made["case_no"]
        web.world.idle(web.world.client())
        self.assertEqual(li.get("/api/v1/cases/" + no)["state"], "transferred")
        self.refused("not-found", 404, qiao.get, "/api/v1/cases/" + no)
        self.assertEqual([c["case_no"] for c in
                          li.get("/api/v1/cases?open=true&limit=10")["items"]],
                         [no])
        self.assertEqual(qiao.get("/api/v1/cases")["items"], [])
        done = li.act(no, "accept", way="in_person")
        self.assertEqual(done["state"], "accepted")
        events = li.get("/api/v1/cases/%s/events?limit=100" % no)["items"]
        self.assertEqual([e["actor"] for e in events
                          if e["type"] == "accepted"], ["officer:li"])
        self.refused("forbidden", 403, li.act, no, "urge", grounds="x")
        self.refused("bad-field", 422, li.act, no, "report", text="x",
                     actor="officer:wang")
        self.refused("changed-meanwhile", 409, li.act, no, "report",
                     text="x", expect_n=1)
        clocks = li.get("/api/v1/clocks?unit=u-water")["items"]
        self.assertIn("conclude", [c["clock"] for c in clocks])
        person = li.post("/api/v1/cases/%s/persons" % no,
                         {"reason": "to ring them"})
        self.assertEqual(person["persons"][0]["name"], "某人")
        self.refused("forbidden", 403, web.login("shen").post,
                     "/api/v1/cases/%s/persons" % no, {"reason": "why not"})

    def test_a_repeated_command_is_one(self):
        web = self.web(("assign", "deadline"), test_clock=self.CLOCK)
        wang = web.login("wang")
        body = dkproto.submission(category="供水")
        first = wang.post("/api/v1/cases", body, want=201)
        self.assertEqual(wang.post("/api/v1/cases", body, want=201), first)
        web.world.idle(web.world.client())
        path = "/api/v1/cases/%s/actions" % first["case_no"]
        act = {"command_id": dkproto.uuid7(), "action": "accept"}
        done = wang.post(path, act)
        self.assertEqual(wang.post(path, act), done)

    def test_filters_that_are_none_are_told(self):
        web = self.web()
        wang = web.login("wang")
        for query, pointer in (("stat=x", "/stat"), ("limit=ten", "/limit"),
                               ("open=1", "/open"), ("limit=1&limit=2",
                                                     "/limit"),
                               ("unit=%ff", "/unit"), ("state=nothing",
                                                       "/state")):
            with self.subTest(query):
                told = self.refused("bad-field", 422, wang.get,
                                    "/api/v1/cases?" + query)
                self.assertEqual(told.body["pointer"], pointer)

    def test_names_come_from_the_book_the_policy_and_the_glossary(self):
        web = self.web()
        names = web.login("li").get("/api/v1/names")
        self.assertEqual(names["units"]["u-water"]["name"], "水务局")
        self.assertEqual(names["units"]["u-water"]["parent"], "county")
        self.assertEqual(names["officers"]["w-1"],
                         {"name": "穆清", "unit": "u-water",
                          "role": "handler"})
        self.assertIn("zh-CN", names["clocks"]["conclude"])
        self.assertIn("en", names["states"]["accepted"])
        self.assertIn("en", names["actions"]["not_accept"])
        self.refused("not-logged-in", 401, web.browser().get,
                     "/api/v1/names")


class Accounts(Case):
    def test_what_is_written_down_of_logins(self):
        web = self.web()
        self.refused("wrong-password", 401, web.login, "li", "x" * 12)
        self.refused("wrong-password", 401, web.login, dkweb.PASSWORD, "x")
        web.login("li").post("/api/v1/session/end", want=204)
        lines = web.run("audit", "--data", web.data)
        for words in ("li .*127.0.0.1.*logged out", "li .*logged in",
                      r"\? .*wrong password", "li .*console.*account made"):
            self.assertRegex(lines, words)
        everything = lines + web.process.errors()
        self.assertNotIn(dkweb.PASSWORD, everything)

    def test_a_forgotten_password_is_a_new_key(self):
        web = self.web()
        old = web.account("list")
        text = web.account("reset", "li", "--random", "--allow", "handler",
                           "--unit", "u-water", "--json")
        made = dkproto.loads(text)
        self.assertNotIn(made["key"], old)
        web.login("li", made["password"])
        self.refused("wrong-password", 401, web.login, "li")

    def test_mistakes_of_an_operator_are_told(self):
        web = self.web(start=False)
        self.assertIn("there is an account", web.account(
            "add", "li", stdin="ten letters\n", code=65))
        self.assertIn("10 to 200 bytes", web.account(
            "add", "new", stdin="short\n", code=64))
        self.assertIn("no account 'who'", web.account(
            "disable", "who", code=66))
        self.assertIn("did you mean --listen", web.run(
            "--lisen", "x", code=64))
        os.chmod(web.data, 0o755)
        self.assertIn("chmod 700", web.account("list", code=77))

    def test_the_folder_has_no_password_and_no_secret(self):
        web = self.web()
        web.login("li")
        for name in os.listdir(web.data):
            with open(os.path.join(web.data, name), "rb") as file:
                data = file.read()
            self.assertNotIn(dkweb.PASSWORD.encode(), data)
            self.assertEqual(os.stat(os.path.join(web.data, name)).st_mode &
                             0o077, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
