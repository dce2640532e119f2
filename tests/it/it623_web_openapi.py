"""Every route of docket-web, held against the document that describes it: each
is in it, each is called, and each answer and problem is what it says.
"""

import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkschema  # noqa: E402
import dkweb  # noqa: E402
import dkworld  # noqa: E402

SCHEMAS = "https://schemas.docket.invalid/1/"
CLOCK = "2026-05-06T09:00:00+08:00"


def routes():
    """(method, path) as the server has them."""
    with open(os.path.join(dkworld.ROOT, "clients", "web", "site.c"),
              encoding="utf-8") as file:
        return set(re.findall(r'\{"(GET|POST)", "([^"]+)", site_', file.read()))


class Api:
    """Calls, noted and checked."""

    def __init__(self, test, web):
        self.test, self.web = test, web
        self.document = web.browser().get("/api/v1/openapi.json")
        # The schemas of the protocol by their files' names, as dkschema
        # knows them; our own by this copy.
        text = json.dumps(self.document).replace(SCHEMAS, "")
        self.home = web.world.path("openapi.json", text)
        self.paths = json.loads(text)["paths"]
        self.called = set()

    def call(self, who, method, template, body=None, want=200, query="",
             **names):
        answer = who.ask(method, template.format(**names) + query, body)
        operation = self.paths[template][method.lower()]
        self.called.add((method, template))
        self.test.assertEqual(answer[0], want, answer[2])
        said = operation["responses"].get(str(want))
        self.test.assertIsNotNone(said, "%s %s: %d is not described" % (
            method, template, want))
        for kind, media in said.get("content", {}).items():
            self.test.assertEqual(answer[1]["Content-Type"], kind)
            if kind.endswith("json"):
                self.check(media["schema"], json.loads(answer[2]))
        if "content" not in said:
            self.test.assertEqual(answer[2], b"")
        return json.loads(answer[2]) if answer[2][:1] == b"{" else None

    def check(self, schema, value):
        look = dkschema._Look()
        look.visit(schema, value, "", self.home)
        self.test.assertEqual(look.faults, [], str(value)[:800])


class Document(dkworld.TestCase):
    def test_every_route_is_what_the_document_says(self):
        world = self.world(test_clock=CLOCK)
        web = dkweb.Web(world)
        world.services()
        api = Api(self, web)
        wang, li, nobody = web.login("wang"), web.login("li"), web.browser()
        client = world.client()

        case = api.call(wang, "POST", "/api/v1/cases", dkproto.submission(
            category="供水", persons=[{"name": "某人", "phone": "1"}]), 201)
        names = {"case_no": case["case_no"]}
        world.idle(client)
        of_case = "/api/v1/cases/{case_no}"
        api.call(li, "GET", of_case, **names)
        api.call(li, "GET", of_case + "/events", query="?limit=3", **names)
        api.call(li, "POST", of_case + "/actions", {
            "command_id": dkproto.uuid7(), "action": "accept"}, **names)
        api.call(li, "POST", of_case + "/persons", {"reason": "to ring"},
                 **names)
        client.call("clock.advance", {"ms": 100 * 86400000, "settle": True})
        alerts = api.call(wang, "GET", "/api/v1/alerts",
                          query="?open=true&limit=5")["items"]
        self.assertTrue(alerts)
        api.call(wang, "POST", "/api/v1/alerts/{alert_id}/ack",
                 {"note": "seen"}, alert_id=alerts[0]["alert_id"])
        for path, query in (
                ("/healthz", ""), ("/api/v1/openapi.json", ""),
                ("/api/v1/session", ""), ("/api/v1/names", ""),
                ("/api/v1/cases", "?open=true&order=work"),
                ("/api/v1/cases", "?from=2026-05-01&to=2026-05-31"
                 "&due_from=2026-05-01&due_to=2027-05-01&text=water"),
                ("/api/v1/clocks", "?overdue=true"),
                ("/api/v1/figures", "?to=2026-06-01&by=unit,day"),
                ("/api/v1/office", "?open=false"), ("/api/v1/workers", ""),
                ("/api/v1/stats", ""),
                ("/api/v1/bulletin", "?period=2026-05&by=unit"),
                ("/api/v1/bulletin.csv", "?period=2026-05&lang=en")):
            api.call(wang, "GET", path, query=query)
        api.call(wang, "POST", "/api/v1/office/{alert_id}/ack", {}, 404,
                 alert_id="77")
        self.refusals(api, wang, li, nobody, names)
        api.call(nobody, "POST", "/api/v1/session",
                 {"name": "shen", "password": dkweb.PASSWORD})
        api.call(web.login("shen"), "POST", "/api/v1/session/password",
                 {"old": dkweb.PASSWORD, "new": "another good one"}, 204)
        api.call(wang, "POST", "/api/v1/session/end", {}, 204)
        self.all_were_called(api)

    def refusals(self, api, wang, li, nobody, names):
        of_case = "/api/v1/cases/{case_no}"
        api.call(nobody, "GET", "/api/v1/cases", want=401)
        api.call(nobody, "POST", "/api/v1/session",
                 {"name": "li", "password": "wrong"}, 401)
        api.call(wang, "GET", "/api/v1/cases", query="?nothing=1", want=422)
        api.call(li, "GET", of_case, case_no="nonsense", want=422)
        api.call(li, "GET", of_case, want=404,
                 case_no=dkproto.case_no("330699", "20260506", 9))
        api.call(li, "POST", of_case + "/actions", {
            "command_id": dkproto.uuid7(), "action": "accept"}, 409, **names)
        api.call(li, "POST", of_case + "/actions", b"{", 400, **names)
        api.call(li, "GET", "/api/v1/stats", want=403)
        # The stream does not end: its problems only.
        api.call(li, "GET", "/api/v1/stream", want=403)
        csrf, wang.csrf = wang.csrf, "0" * 32
        api.call(wang, "POST", "/api/v1/session/end", {}, 403)
        wang.csrf = csrf

    def all_were_called(self, api):
        described = {(method.upper(), path)
                     for path, methods in api.paths.items()
                     for method in methods}
        self.assertEqual(described - api.called, set())
        prefixes = {(m, re.sub(r"\{.*", "", p)) if "{" in p else (m, p)
                    for m, p in described}
        self.assertEqual(prefixes, routes())


if __name__ == "__main__":
    unittest.main(verbosity=2)
