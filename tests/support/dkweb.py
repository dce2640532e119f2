"""docket-web beside a broker with CURVE, its accounts, and browsers that only
ask.

    web = dkweb.Web(world)          # starts the broker too, if it is not there
    li = web.login("li")            # a Browser
    li.get("/api/v1/cases?open=true")

The accounts: li (handler of u-water), qiao (handler of u-roads), wang
(supervisor), shen (auditor), all with the password dkweb.PASSWORD.
"""

import http.client
import json
import os
import re
import ssl
import subprocess

import dkproto
import dkworld

PASSWORD = "plain words for tests"
ACCOUNTS = (("li", "handler", "u-water"), ("qiao", "handler", "u-roads"),
            ("wang", "supervisor", None), ("shen", "auditor", None))
JSON = {"Content-Type": "application/json"}


class Refused(AssertionError):
    """An answer with another status than was wanted."""

    def __init__(self, method, path, answer):
        self.status, self.headers, self.text = answer
        super().__init__("%s %s: %d %.600r" % (method, path, self.status,
                                               self.text))

    @property
    def body(self):
        return json.loads(self.text)

    @property
    def slug(self):
        return self.body["type"].rsplit(":", 1)[-1]


class Browser:
    """Somebody with a cookie."""

    def __init__(self, web):
        self.web = web
        self.cookie = None
        self.csrf = None
        self.session = None

    def ask(self, method, path, body=None, headers=None, deadline=30):
        """(status, headers, bytes)"""
        line = self.web.connect(deadline)
        send = dict(headers or {})
        data = body if isinstance(body, (bytes, type(None))) else \
            json.dumps(body).encode()
        if data is not None:
            send = {**JSON, "X-Docket": "1", **send}
        if self.cookie and "Cookie" not in send:
            send["Cookie"] = "dk_session=" + self.cookie
        if self.csrf and data is not None and "X-CSRF-Token" not in send:
            send["X-CSRF-Token"] = self.csrf
        try:
            line.request(method, path, data,
                         {k: v for k, v in send.items() if v is not None})
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            line.close()

    def call(self, method, path, body=None, want=200, **more):
        answer = self.ask(method, path, body, **more)
        if answer[0] != want:
            raise Refused(method, path, answer)
        return json.loads(answer[2]) if answer[2] else None

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, {} if body is None else body, **more)

    def login(self, name, password=PASSWORD, **more):
        answer = self.ask("POST", "/api/v1/session",
                          {"name": name, "password": password}, **more)
        if answer[0] != 200:
            raise Refused("POST", "/api/v1/session", answer)
        self.cookie = answer[1]["Set-Cookie"].split(";")[0].split("=")[1]
        self.session = json.loads(answer[2])
        self.csrf = self.session["csrf"]
        return self

    def act(self, case_no, action, want=200, **fields):
        return self.post("/api/v1/cases/%s/actions" % case_no,
                         {"command_id": dkproto.uuid7(), "action": action,
                          **fields}, want=want)

    def submit(self, want=201, **fields):
        return self.post("/api/v1/cases", dkproto.submission(**fields),
                         want=want)

    def pages(self, path):
        """Every item of a list."""
        items, after = [], None
        while True:
            glue = "&" if "?" in path else "?"
            page = self.get(path + (glue + "after=" + after if after else ""))
            items += page["items"]
            after = page["next"]
            if after is None:
                return items


class Web:
    def __init__(self, world, start=True, broker=None, accounts=ACCOUNTS,
                 **options):
        self.world = world
        self.data = world.path("web")
        self.files = world.path("web-page")
        self.process = None
        self.port = 0
        self.tls = None
        self.local = world.broker.clients
        os.makedirs(self.files, exist_ok=True)
        if not os.path.exists(self.files + "/index.html"):
            with open(self.files + "/index.html", "w",
                      encoding="utf-8") as file:
                file.write("<!doctype html><title>docket</title>")
        if world.broker.process is None:
            world.broker.start(
                clients=self.local + " tcp://127.0.0.1:0", **broker or {})
        ready = world.broker.process.line(r"event=ready .*").group(0)
        self.tcp = re.search(r"tcp://[^ \"]+", ready).group(0)
        world.broker.clients = self.local
        self.server_key = world.broker.server_key()
        self.options = {
            "listen": "127.0.0.1:0", "broker": self.tcp,
            "server-key": self.server_key, "data": self.data,
            "page-files": self.files, "book": world.files()["book"],
            "policy": world.files()["policy"], "password-mib": "8"}
        self.options.update({k.replace("_", "-"): v
                             for k, v in options.items()})
        for name, roles, unit in accounts:
            self.account("add", name, "--allow", roles,
                         *(("--unit", unit) if unit else ()),
                         stdin=PASSWORD + "\n")
        if start:
            self.start()

    def run(self, *argv, stdin="", code=0, env=None):
        """docket-web as a command; its output."""
        done = subprocess.run(
            [dkworld.program("docket-web"), *argv], input=stdin.encode(),
            capture_output=True, timeout=60 * dkworld.STRETCH, check=False,
            cwd=self.world.folder, env=dict(os.environ, **env or {}))
        text = done.stdout.decode() + done.stderr.decode("utf-8", "replace")
        if done.returncode != code or dkworld.REPORT.search(text):
            raise AssertionError("docket-web %s ended with %d, not %d:\n%s" %
                                 (argv, done.returncode, code, text))
        return text

    def account(self, verb, *words, **more):
        return self.run("account", verb, *words, "--data", self.data,
                        "--admin", self.local, "--password-mib", "8", **more)

    def argv(self, **options):
        values = {**self.options, **{k.replace("_", "-"): v
                                     for k, v in options.items()}}
        return [word for key, value in values.items() if value is not None
                for word in ("--" + key, str(value))]

    def start(self, **options):
        self.process = self.world.spawn("docket-web", *self.argv(**options))
        self.port = int(self.process.line(
            r"event=ready url=https?://[^ ]*:(\d+)/").group(1))
        return self

    def stop(self):
        code = self.process.stop()
        if code != 0:
            raise AssertionError("docket-web ended with %d:\n%s" % (
                code, dkworld.tail(self.process.log)))

    def connect(self, deadline=30):
        deadline *= dkworld.STRETCH
        if self.tls is None:
            return http.client.HTTPConnection("127.0.0.1", self.port,
                                              timeout=deadline)
        context = ssl.create_default_context(cafile=self.tls)
        return http.client.HTTPSConnection("localhost", self.port,
                                           timeout=deadline, context=context)

    @property
    def url(self):
        return "http%s://127.0.0.1:%d" % ("s" if self.tls else "", self.port)

    def browser(self):
        return Browser(self)

    def login(self, name, password=PASSWORD):
        return Browser(self).login(name, password)
