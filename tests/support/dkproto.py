"""The docket protocol (DKT1) in Python, written from proto/PROTOCOL.md alone.

It shares no code with the C library, so that each finds the other's mistakes.
Every answer that passes through here is checked for its form: four frames,
strict JSON, a problem with all its members.  A wrong one raises BadAnswer.
"""

import json
import os
import random
import re
import threading
import time

import zmq

import dkschema

# Set by a test file: every answer and every task must be what the schemas say
# and nothing more (dkschema.py).
documented = False

VERSION = b"DKT1"
BODY_MAX = 65536

# slug -> (status, a later repeat can help)
PROBLEMS = {
    "bad-frames": (400, False), "bad-version": (400, False),
    "unknown-type": (404, False), "bad-json": (400, False),
    "too-large": (413, False), "bad-field": (422, False),
    "not-found": (404, False), "conflict": (409, False),
    "wrong-state": (409, False), "changed-meanwhile": (409, False),
    "limit-passed": (409, False), "respondent": (409, False),
    "forbidden": (403, False), "stale-lease": (409, False),
    "hello-first": (409, False), "unknown-key": (401, True),
    "too-many": (429, True), "overloaded": (503, True),
    "storage-full": (507, True), "storage-failed": (503, True),
    "shutting-down": (503, True), "no-answer": (504, True),
    "no-memory": (503, True), "internal": (500, False),
}
PROBLEM_PREFIX = "urn:docket:problem:"
CJK = re.compile("[\u4e00-\u9fff]")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$")


class BadAnswer(AssertionError):
    """The broker sent something that PROTOCOL.md does not allow."""


class Timeout(Exception):
    """No answer came in time."""


class Problem(Exception):
    """A problem object that the broker answered with."""

    def __init__(self, body):
        self.body = body
        self.slug = body["type"][len(PROBLEM_PREFIX):]
        self.pointer = body.get("pointer", "")
        self.retry_after_ms = body.get("retry_after_ms")
        super().__init__("%s %s: %s" % (self.slug, self.pointer,
                                        body.get("detail")))


def _pairs(pairs):
    seen = {}
    for key, value in pairs:
        if key in seen:
            raise BadAnswer("duplicate member %r" % key)
        seen[key] = value
    return seen


def loads(data):
    """Strict JSON of an answer."""
    def no_constant(name):
        raise BadAnswer("%s is not JSON" % name)
    if isinstance(data, bytes):
        data = data.decode("utf-8")
    return json.loads(data, object_pairs_hook=_pairs,
                      parse_constant=no_constant)


def dumps(obj):
    return json.dumps(obj, ensure_ascii=False,
                      separators=(",", ":")).encode("utf-8")


def check_problem(body):
    """A problem object has a known type and says it to people of both kinds."""
    if not isinstance(body, dict):
        raise BadAnswer("a problem is not an object: %r" % (body,))
    kind = body.get("type", "")
    if not isinstance(kind, str) or not kind.startswith(PROBLEM_PREFIX):
        raise BadAnswer("a problem without its type: %r" % (body,))
    slug = kind[len(PROBLEM_PREFIX):]
    if slug not in PROBLEMS:
        raise BadAnswer("unknown type of problem: %r" % kind)
    if slug == "internal":
        raise BadAnswer("an error inside docket: %r" % (body,))
    status, retry = PROBLEMS[slug]
    if body.get("status") != status:
        raise BadAnswer("status of %s: %r" % (slug, body.get("status")))
    for member in ("title", "detail", "detail_zh"):
        if not isinstance(body.get(member), str) or not body[member]:
            raise BadAnswer("a problem without %s: %r" % (member, body))
    if not CJK.search(body["detail_zh"]):
        raise BadAnswer("detail_zh is not Chinese: %r" % (body,))
    pointer = body.get("pointer", "")
    if pointer and not pointer.startswith("/"):
        raise BadAnswer("not an RFC 6901 pointer: %r" % (body,))
    if retry and not isinstance(body.get("retry_after_ms"), int):
        raise BadAnswer("%s without retry_after_ms: %r" % (slug, body))
    known = {"type", "title", "status", "detail", "detail_zh", "pointer",
             "retry_after_ms", "request"}
    if set(body) - known:
        raise BadAnswer("members of a problem: %r" % (body,))
    return slug


def uuid7(ms=None, rng=random):
    """A UUIDv7 (RFC 9562) as lower-case text."""
    if ms is None:
        ms = int(time.time() * 1000)
    value = (ms & ((1 << 48) - 1)) << 80
    value |= 7 << 76
    value |= rng.getrandbits(12) << 64
    value |= 2 << 62
    value |= rng.getrandbits(62)
    text = "%032x" % value
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20],
                     text[20:]))


def check_digit(digits):
    """ISO 7064 MOD 11,10 over a string of decimal digits."""
    product = 10
    for char in digits:
        total = (int(char) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def case_no(county, day, seq):
    """COUNTY-YYYYMMDD-NNNNNN-C."""
    head = "%06d%s%06d" % (int(county), day, seq)
    return "%s-%s-%s-%s" % (head[:6], head[6:14], head[14:],
                            check_digit(head))


def split_case_no(text):
    """(county, day, sequence); raises BadAnswer when it is not one."""
    match = re.match(r"^(\d{6})-(\d{8})-(\d{6})-(\d)$", text)
    if not match or check_digit("".join(match.groups()[:3])) != match.group(4):
        raise BadAnswer("not a case number: %r" % text)
    return match.group(1), match.group(2), int(match.group(3))


class Message:
    def __init__(self, frames):
        if len(frames) != 4:
            raise BadAnswer("%d frames: %r" % (len(frames), frames))
        if frames[0] != VERSION:
            raise BadAnswer("version frame %r" % frames[0])
        self.type = frames[1].decode("ascii")
        self.request = frames[2].decode("ascii")
        self.body_bytes = frames[3]
        self.body = loads(frames[3])
        if not isinstance(self.body, dict):
            raise BadAnswer("a body that is no object: %r" % frames[3])
        if self.type == "problem":
            check_problem(self.body)
            if self.body.get("request", self.request) != self.request:
                raise BadAnswer("a refusal of another request: %r" % self)

    def __repr__(self):
        return "<%s %s %s>" % (self.type, self.request,
                               self.body_bytes[:300].decode("utf-8",
                                                            "replace"))

    def ok(self):
        """The body of an `ok`; raises Problem otherwise."""
        if self.type == "problem":
            raise Problem(self.body)
        if self.type != "ok":
            raise BadAnswer("neither ok nor problem: %r" % self)
        return self.body


class Keys:
    """A CURVE key pair of a peer, and the broker's public key."""

    def __init__(self, server=None):
        public, secret = zmq.curve_keypair()
        self.public = public.decode("ascii")
        self.secret = secret.decode("ascii")
        self.server = server

    def put_on(self, socket):
        socket.curve_publickey = self.public.encode("ascii")
        socket.curve_secretkey = self.secret.encode("ascii")
        socket.curve_serverkey = self.server.encode("ascii")


class Peer:
    """One DEALER socket.  Not to be shared between threads."""

    def __init__(self, endpoint, context=None, hwm=100000, keys=None):
        self.endpoint = endpoint
        self.keys = keys
        self._own = context is None
        self.context = context or zmq.Context()
        self.count = 0
        self.waiting = []  # received while something else was waited for
        self._hwm = hwm
        self._open()

    def _open(self):
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 10)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 100)
        self.socket.setsockopt(zmq.SNDHWM, self._hwm)
        self.socket.setsockopt(zmq.RCVHWM, self._hwm)
        if self.keys is not None:
            self.keys.put_on(self.socket)
        self.socket.connect(self.endpoint)

    def reopen(self):
        """A new connection; what was under way on the old one is gone."""
        self.socket.close(0)
        self.waiting = []
        self._open()

    def close(self):
        if self.socket is not None:
            self.socket.close(0)
            self.socket = None
            if self._own:
                self.context.term()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def raw(self, frames):
        self.socket.send_multipart(frames)

    def send(self, kind, body=None, request=None):
        if request is None:
            self.count += 1
            request = "r%d" % self.count
        data = body if isinstance(body, bytes) else dumps(body or {})
        self.raw([VERSION, kind.encode("ascii"), request.encode("ascii"),
                  data])
        return request

    def recv(self, timeout=10.0):
        """The next message; Timeout when none comes."""
        if self.waiting:
            return self.waiting.pop(0)
        return self._recv(timeout)

    def _recv(self, timeout):
        if not self.socket.poll(max(0, int(timeout * 1000))):
            raise Timeout("nothing within %.1f s from %s" %
                          (timeout, self.endpoint))
        return Message(self.socket.recv_multipart())

    def answer(self, request, timeout=10.0):
        """The answer to `request`; other messages are kept for recv()."""
        for i, message in enumerate(self.waiting):
            if message.request == request:
                return self.waiting.pop(i)
        deadline = time.monotonic() + timeout
        while True:
            message = self._recv(deadline - time.monotonic())
            if message.request == request:
                return message
            self.waiting.append(message)

    def silence(self, seconds):
        """Nothing may arrive for so long."""
        try:
            message = self.recv(seconds)
        except Timeout:
            return
        raise BadAnswer("unexpected: %r" % message)


# Answers that name what they answer.
OWN_ID = {"case.submit": "submission_id", "case.act": "command_id"}


class Client(Peer):
    def ask(self, kind, body=None, timeout=10.0):
        """The whole answer, ok or problem."""
        return self.answer(self.send(kind, body), timeout)

    def call(self, kind, body=None, timeout=10.0):
        """The body of `ok`; raises Problem or Timeout."""
        answer = self.ask(kind, body, timeout).ok()
        member = OWN_ID.get(kind)
        if member and isinstance(body, dict) and \
                answer.get(member) != body[member]:
            raise BadAnswer("the answer to another command: %r" % answer)
        if documented:
            dkschema.check(kind + ".ok", answer)
        return answer

    def insist(self, kind, body, deadline=60.0, each=2.0, on_repeat=None):
        """Repeat the same request until it is answered, over restarts of the
        broker, as PROTOCOL.md wants it from a client.
        """
        end = time.monotonic() + deadline
        while True:
            try:
                return self.call(kind, body, each)
            except Timeout:
                if time.monotonic() > end:
                    raise
                self.reopen()
            except Problem as problem:
                if problem.retry_after_ms is None or time.monotonic() > end:
                    raise
                time.sleep(min(problem.retry_after_ms / 1000.0, 0.2))
            if on_repeat:
                on_repeat()

    def pages(self, kind, body=None, limit=None, timeout=10.0):
        """All items of a list, page by page."""
        body = dict(body or {})
        if limit:
            body["limit"] = limit
        while True:
            page = self.call(kind, body, timeout)
            yield from page["items"]
            if page["next"] is None:
                return
            body["after"] = page["next"]

    def submit(self, **fields):
        body = submission(**fields)
        return self.call("case.submit", body)

    def act(self, case_no, action, /, actor="officer:test", **fields):
        body = {"command_id": uuid7(), "case_no": case_no, "action": action,
                "actor": actor}
        body.update(fields)
        return self.call("case.act", body)

    def events(self, number):
        items, at = [], 1
        while True:
            page = self.call("case.events", {"case_no": number, "from_n": at,
                                             "limit": 500})
            items += page["items"]
            if page["next"] is None:
                return items
            at = items[-1]["n"] + 1

    def verify_all(self):
        """(cases, events, faults) of the whole store."""
        cases, events, faults, after = 0, 0, [], None
        while True:
            body = {"limit": 200}
            if after is not None:
                body["after"] = after
            part = self.call("verify", body, 60)
            cases += part["cases"]
            events += part["events"]
            faults += part["faults"]
            after = part["next"]
            if after is None:
                return cases, events, faults


def submission(**fields):
    """A good case.submit body; None takes a member away."""
    body = {"submission_id": uuid7(), "channel": "kiosk",
            "subject": "路灯不亮", "facts": "村口三盏路灯坏了两个月，夜里走路不安全。"}
    body.update(fields)
    return {key: value for key, value in body.items() if value is not None}


class Follower(Client):
    """Follows the event stream; keeps its credit up."""

    def __init__(self, endpoint, start=1, credit=1000, **more):
        super().__init__(endpoint, **more)
        self.next = start
        self.credit = credit
        self.request = None
        self.left = 0
        self.renewed = 0.0

    def follow(self, timeout=10.0):
        self.request = self.send("events.follow", {"from": self.next,
                                                   "credit": self.credit})
        answer = self.answer(self.request, timeout)
        answer.ok()
        self.left = self.credit
        self.renewed = time.monotonic()
        return answer.body

    def event(self, timeout=10.0):
        """The next event; checks that no sequence number is left out."""
        if self.left < self.credit // 2 or \
                time.monotonic() - self.renewed > 20:
            more = max(1, self.credit - self.left)
            self.send("events.credit", {"credit": more}, self.request)
            self.left += more
            self.renewed = time.monotonic()
        while True:
            message = self.recv(timeout)
            if message.request == self.request and message.type == "event":
                break
            if message.type == "problem":
                raise Problem(message.body)
        seq = int(message.body["seq"])
        if seq != self.next:
            raise BadAnswer("event %d came where %d was due" %
                            (seq, self.next))
        self.next += 1
        self.left -= 1
        if documented:
            dkschema.check("event", message.body)
        return message.body

    def drain(self, quiet=0.3, until=None, deadline=30.0):
        """Events until `until` (a sequence number) or until it is quiet."""
        found, end = [], time.monotonic() + deadline
        while until is None or self.next <= until:
            try:
                found.append(self.event(quiet if until is None else
                                        end - time.monotonic()))
            except Timeout:
                if until is None:
                    break
                raise
        return found


class Worker(Peer):
    """One worker's session.  The caller decides when to read and answer."""

    def __init__(self, endpoint, service, name, credit=1, **more):
        super().__init__(endpoint, **more)
        self.service = service
        self.name = name
        self.credit = credit
        self.welcome = None

    def hello(self, timeout=10.0):
        request = self.send("hello", {"service": self.service,
                                      "worker": self.name,
                                      "credit": self.credit})
        answer = self.answer(request, timeout)
        if answer.type == "problem":
            raise Problem(answer.body)
        if answer.type != "welcome":
            raise BadAnswer("no welcome: %r" % answer)
        self.welcome = answer.body
        return answer.body

    def beat(self):
        self.send("heartbeat", {})

    def _next(self, timeout, want):
        """The next message that `want` accepts.  Heartbeats are answered all
        the while, and nothing is lost.
        """
        deadline = time.monotonic() + timeout
        every = (self.welcome or {"heartbeat_ms": 1000})["heartbeat_ms"] / 2000
        while True:
            for i, message in enumerate(self.waiting):
                if message.type != "heartbeat" and want(message):
                    return self.waiting.pop(i)
            self.waiting = [m for m in self.waiting if m.type != "heartbeat"]
            left = deadline - time.monotonic()
            if left <= 0:
                raise Timeout("no message for %s" % self.name)
            try:
                self.waiting.append(self._recv(min(left, every)))
            except Timeout:
                self.beat()

    def task(self, timeout=10.0):
        """The next task; a problem on the way is raised."""
        message = self._next(timeout, lambda m: m.type in ("task", "problem"))
        if message.type == "problem":
            raise Problem(message.body)
        if message.request != message.body["lease"]:
            raise BadAnswer("a task whose request id is not its lease: %r" %
                            message)
        return message.body

    def no_task(self, seconds):
        """No task may come for so long (heartbeats go on)."""
        try:
            task = self.task(seconds)
        except Timeout:
            return
        raise BadAnswer("unexpected task: %r" % task)

    def tell(self, kind, task, **fields):
        body = {"task_id": task["task_id"], "lease": task["lease"]}
        body.update(fields)
        self.send(kind, body, task["lease"])

    def reply(self, task, timeout=10.0):
        """What the broker answered under this lease (`done`, `ok`, ..)."""
        return self._next(timeout, lambda m: m.request == task["lease"] and
                          m.type != "task")

    def result(self, task, commands, timeout=10.0):
        """Answer and wait for `done`; a Problem is raised."""
        self.tell("result", task, commands=commands)
        message = self.reply(task, timeout)
        if message.type == "problem":
            raise Problem(message.body)
        if message.type != "done" or \
                message.body != {"task_id": task["task_id"]}:
            raise BadAnswer("not done: %r" % message)

    def fail(self, task, reason, **fields):
        self.tell("fail", task, reason=reason, **fields)

    def extend(self, task, timeout=10.0):
        self.tell("extend", task)
        return self.reply(task, timeout).ok()

    def bye(self, timeout=10.0):
        request = self.send("bye", {})
        return self._next(timeout, lambda m: m.request == request).ok()


class Auto(threading.Thread):
    """A worker in a thread of its own: `handler(task)` gives the commands.
    What it was given is in `tasks`, what it was refused in `problems`.
    """

    def __init__(self, endpoint, service, handler=None, name=None, credit=8):
        super().__init__(daemon=True)
        self.tasks, self.problems, self.done = [], [], 0
        self.error = None
        self._handler = handler or (lambda task: [])
        self._args = (endpoint, service, name or "auto-" + service, credit)
        self._end = threading.Event()
        self._ready = threading.Event()
        self.start()
        if not self._ready.wait(20):
            raise Timeout("%s did not get its welcome" % service)

    def run(self):
        try:
            with Worker(*self._args) as worker:
                self._serve(worker)
        except Exception as error:  # told by stop()
            self.error = error
            self._ready.set()

    def _serve(self, worker):
        worker.hello(15)
        self._ready.set()
        beat = time.monotonic()
        while not self._end.is_set():
            if time.monotonic() - beat > \
                    worker.welcome["heartbeat_ms"] / 2000:
                worker.beat()
                beat = time.monotonic()
            try:
                message = worker.recv(0.02)
            except Timeout:
                continue
            if message.type == "task":
                self.tasks.append(message.body)
                if documented:
                    dkschema.check("worker.task", message.body)
                worker.tell("result", message.body,
                            commands=self._handler(message.body))
            elif message.type == "done":
                self.done += 1
            elif message.type == "problem":
                problem = Problem(message.body)
                self.problems.append(problem)
                if problem.slug == "hello-first":
                    worker.hello()

    def stop(self):
        self._end.set()
        self.join(20)
        if self.error:
            raise self.error


def seeded(default=None):
    """The run's random generator; its seed is printed so that it can be
    repeated by DK_SEED.
    """
    seed = int(os.environ.get("DK_SEED") or default or
               random.SystemRandom().getrandbits(31))
    print("seed %d (repeat with DK_SEED=%d)" % (seed, seed), flush=True)
    return random.Random(seed)
