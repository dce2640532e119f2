"""A whole docket in a temporary folder: broker, workers, kiosk, over ipc.

    class Topic(dkworld.TestCase):
        def test_something(self):
            world = self.world(test_clock="2026-05-01T09:00:00+08:00")
            world.broker.start()
            ...

Everything that was started is ended by its pid when the test ends; a program
that left a sanitizer's report or died by itself fails the test.
"""

import atexit
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import dkproto
import pgserver

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.path.abspath(os.environ.get("DK_BIN") or
                      os.path.join(ROOT, "build", "dev"))
SETPRIV = shutil.which("setpriv")
# Sanitized and valgrinded programs are slower: every deadline is stretched.
STRETCH = float(os.environ.get("DK_STRETCH") or 1)
REPORT = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|"
                    r"runtime error:|Assertion .* failed|assertion failed",
                    re.IGNORECASE)

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE, EX_SOFTWARE = 64, 65, 69, 70
EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL, EX_CONFIG = 73, 74, 75, 78

COUNTY = "330699"  # of policy/units-sample.json


def program(name):
    """The path of one of our programs in the build folder."""
    for folder in ("", "workers", "clients", "bench", "proto", "daemon"):
        path = os.path.join(BIN, folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise AssertionError("%s is not built in %s (set DK_BIN)" % (name, BIN))


def policy(name):
    return os.path.join(ROOT, "policy", name)


def until(condition, deadline=10.0, what="the condition", every=0.01):
    """Poll until `condition()` is true and return what it gave."""
    end = time.monotonic() + deadline * STRETCH
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s did not come within %.1f s" %
                                 (what() if callable(what) else what,
                                  deadline * STRETCH))
        time.sleep(every)


def tail(path, lines=25):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError as error:
        return "(%s)" % error


# Where brokers keep their cases: "pg" for PostgreSQL, else SQLite's files.
STORE = os.environ.get("DK_STORE") or "sqlite"
_servers = []


def pg():
    """The PostgreSQL server of this program's tests, started when needed."""
    if not _servers:
        _servers.append(pgserver.Server())
        atexit.register(_servers[0].close)
    return _servers[0]


class Process:
    """A program we started; its stderr (and stdout) go to files."""

    def __init__(self, world, name, argv, env=None, stdin=None, prefix=(),
                 fds=()):
        world.started += 1
        base = os.path.join(world.folder, "%s.%d" % (name, world.started))
        self.world = world
        self.name = name
        self.argv = list(argv)
        self.log = base + ".err"
        self.out = base + ".out"
        self.expected_end = False
        command = list(prefix) + self.argv
        if SETPRIV:  # ends with us, whatever ends us
            command = [SETPRIV, "--pdeathsig", "KILL"] + command
        environment = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
        environment.update(env or {})
        with open(self.log, "wb") as err, open(self.out, "wb") as out:
            self.popen = subprocess.Popen(
                command, stdin=stdin or subprocess.DEVNULL, stdout=out,
                stderr=err, env=environment, cwd=world.folder,
                pass_fds=fds)
        self.pid = self.popen.pid
        world.processes.append(self)

    def alive(self):
        return self.popen.poll() is None

    def errors(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def output(self):
        with open(self.out, encoding="utf-8", errors="replace") as file:
            return file.read()

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, deadline=15.0):
        try:
            code = self.popen.wait(deadline * STRETCH)
        except subprocess.TimeoutExpired:
            raise AssertionError("%s did not end within %.0f s\n%s" %
                                 (self.name, deadline * STRETCH,
                                  tail(self.log))) from None
        self.expected_end = True
        return code

    def stop(self, deadline=15.0):
        """SIGTERM; the exit code."""
        self.expected_end = True
        if self.alive():
            self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def kill(self):
        """SIGKILL, and gone when this returns."""
        self.expected_end = True
        if self.alive():
            self.popen.kill()
        self.popen.wait()

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def line(self, pattern, deadline=15.0, path=None):
        """Wait for a line on stderr; the match."""
        expression = re.compile(pattern)
        path = path or self.log

        def look():
            with open(path, encoding="utf-8", errors="replace") as file:
                found = expression.search(file.read())
            if not found and not self.alive():
                raise AssertionError("%s ended with %s:\n%s" % (
                    self.name, self.popen.returncode, tail(self.log)))
            return found
        return until(look, deadline, "%r of %s" % (pattern, self.name), 0.004)


class Broker:
    """docketd on one data folder; it may be started many times."""

    def __init__(self, world):
        self.world = world
        self.data = os.path.join(world.folder, "data")
        self.clients = "ipc://%s/c" % world.folder
        self.workers = "ipc://%s/w" % world.folder
        self.options = {"ballast_mb": 1}
        if STORE == "pg":
            self.schema = "w" + os.urandom(6).hex()
            pg().schema(self.schema)
            self.options["store"] = "postgres:" + pg().conninfo(self.schema)
        self.env = {}
        self.process = None

    @property
    def db(self):
        return os.path.join(self.data, "docket.db")

    @property
    def keyfile(self):
        return os.path.join(self.data, "keys")

    def allow(self, name, roles, keys, unit="-"):
        """A line of the key file, written by hand (read at start, SIGHUP)."""
        os.makedirs(self.data, exist_ok=True)
        key = keys if isinstance(keys, str) else keys.public
        with open(self.keyfile, "a", encoding="utf-8") as file:
            file.write("%s %s %s %s\n" % (name, roles, unit, key))

    def server_key(self):
        """The broker's public key, as it says at its start."""
        return self.process.line(r"event=curve server_key=(\S+)").group(1)

    def argv(self, **options):
        values = {"data": self.data, "clients": self.clients,
                  "workers": self.workers, "county": self.world.county,
                  "test_clock": self.world.test_clock}
        values.update(self.options)
        values.update(options)
        argv = [program("docketd")]
        for key, value in values.items():
            if value is not None:
                argv += ["--" + key.replace("_", "-"), str(value)]
        return argv

    def launch(self, prefix=(), env=None, fds=(), **options):
        """Start it without waiting."""
        os.makedirs(self.data, exist_ok=True)
        self.process = Process(self.world, "docketd", self.argv(**options),
                               prefix=prefix, env=dict(self.env, **env or {}),
                               fds=fds)
        return self.process

    def start(self, deadline=15.0, **options):
        """Start it and wait until it serves."""
        process = self.launch(**options)
        found = process.line(r"event=ready\b.*", deadline)
        fields = dict(re.findall(r"(\w+)=(\S+)", found.group(0)))
        if "clients" not in fields or "workers" not in fields:
            raise AssertionError("a ready line without its endpoints: %r" %
                                 found.group(0))
        self.clients = fields["clients"].strip('"')
        self.workers = fields["workers"].strip('"')
        return process

    def refused(self, code, *words, deadline=15.0, **options):
        """It must not start: exit code, and words of the message."""
        process = self.launch(**options)
        got = process.wait(deadline)
        text = process.errors()
        if got != code:
            raise AssertionError("exit code %s, not %s:\n%s" %
                                 (got, code, text))
        if "event=ready" in text:
            raise AssertionError("said ready before it refused:\n" + text)
        for word in words:
            if not re.search(word, text, re.IGNORECASE):
                raise AssertionError("%r is not in the message:\n%s" %
                                     (word, text))
        return text

    def stop(self):
        code = self.process.stop()
        if code != 0:
            raise AssertionError("docketd ended with %d after SIGTERM:\n%s" %
                                 (code, tail(self.process.log)))

    def kill(self):
        self.process.kill()


class World:
    def __init__(self, test_clock=None, county=COUNTY):
        self.folder = tempfile.mkdtemp(prefix="dk-")
        self.county = county
        self.test_clock = test_clock
        self.ended = False
        self.started = 0
        self.processes = []
        self.peers = []
        self.autos = []
        self.broker = Broker(self)

    # -- peers

    def client(self, **more):
        peer = dkproto.Client(self.broker.clients, **more)
        self.peers.append(peer)
        return peer

    def follower(self, start=1, **more):
        peer = dkproto.Follower(self.broker.clients, start, **more)
        self.peers.append(peer)
        return peer

    def worker(self, service, name=None, credit=1, hello=True, **more):
        peer = dkproto.Worker(self.broker.workers, service,
                              name or "py-" + service, credit, **more)
        self.peers.append(peer)
        if hello:
            peer.hello()
        return peer

    def auto(self, service, handler=None, name=None, credit=8):
        """A Python worker at work in a thread."""
        worker = dkproto.Auto(self.broker.workers, service, handler, name,
                              credit)
        self.autos.append(worker)
        return worker

    # -- programs

    def files(self):
        """The policy, calendar and book that workers of this world use."""
        return {"policy": policy("xinfang-2022.json"),
                "calendar": policy("calendar-cn.json"),
                "book": os.path.join(ROOT, "tests", "support", "files",
                                     "book.json")}

    def spawn(self, name, *argv, **more):
        return Process(self, name, [program(name)] + list(argv), **more)

    def python(self, script, *argv, **more):
        """A helper of ours from tests/support in a process of its own."""
        path = os.path.join(ROOT, "tests", "support", script)
        return Process(self, script, [sys.executable, path] + list(argv),
                       **more)

    def service(self, service, wait=True, files=None, env=None, **more):
        """docket-assign, docket-deadline or docket-escalate."""
        files = dict(self.files(), **(files or {}))
        needs = {"assign": ("book",), "deadline": ("policy", "calendar"),
                 "escalate": ("policy", "calendar", "book")}[service]
        argv = ["--connect", self.broker.workers]
        for need in needs:
            argv += ["--" + need, files[need]]
        for key, value in more.items():
            argv += ["--" + key.replace("_", "-"), str(value)]
        before = self.connected(service) if wait else 0
        process = self.spawn("docket-" + service, *argv, env=env)
        if wait:
            until(lambda: process.alive() and
                  self.connected(service) > before or
                  self._gone(process), 15, "docket-%s at work" % service)
        return process

    @staticmethod
    def _gone(process):
        if not process.alive():
            raise AssertionError("%s ended with %s:\n%s" % (
                process.name, process.popen.returncode, tail(process.log)))

    def services(self, **more):
        """All three; a dict by service."""
        return {name: self.service(name, **more)
                for name in ("assign", "deadline", "escalate")}

    def connected(self, service):
        with dkproto.Client(self.broker.clients) as client:
            return sum(1 for w in client.call("worker.list")["items"]
                       if w["service"] == service)

    def ctl(self, *argv, code=0, deadline=30.0, stdin=None, env=None,
            js=False, connect=True):
        """Run docketctl to its end.  (code, stdout, stderr), or the parsed
        JSON of stdout when `js`.
        """
        command = [program("docketctl")]
        if connect:
            command += ["--connect", self.broker.clients]
        if js:
            command.append("--json")
        command += [str(a) for a in argv]
        path = os.pathsep.join((os.path.join(BIN, "workers"),
                                os.environ.get("PATH", "")))
        environment = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC", PATH=path)
        environment.update(env or {})
        done = subprocess.run(command, input=stdin, capture_output=True,
                              timeout=deadline * STRETCH, cwd=self.folder,
                              env=environment, check=False)
        out = done.stdout.decode("utf-8")
        err = done.stderr.decode("utf-8", "replace")
        if REPORT.search(err):
            raise AssertionError("docketctl %s:\n%s" % (argv, err))
        if code is not None and done.returncode != code:
            raise AssertionError("docketctl %s ended with %d, not %d\n%s%s" %
                                 (" ".join(map(str, argv)), done.returncode,
                                  code, out[-3000:], err[-3000:]))
        if js:
            return [dkproto.loads(line) for line in out.splitlines()
                    if line.strip()]
        return done.returncode, out, err

    # -- state

    def idle(self, client, deadline=20.0):
        """Wait until no task is open."""
        until(lambda: not client.call("task.list", {"limit": 1})["items"],
              deadline, lambda: "no open task (left: %s)" %
              client.call("task.list", {"limit": 5})["items"])

    def path(self, name, text=None):
        """A file of the test in the world's folder."""
        path = os.path.join(self.folder, name)
        if text is not None:
            data = text if isinstance(text, bytes) else \
                (text if isinstance(text, str) else
                 json.dumps(text, ensure_ascii=False)).encode("utf-8")
            with open(path, "wb") as file:
                file.write(data)
        return path

    def close(self):
        """End everything; a list of complaints."""
        complaints = []
        for auto in self.autos:
            try:
                auto.stop()
            except Exception as error:
                complaints.append("worker %s: %r" % (auto.name, error))
        for peer in self.peers:
            peer.close()
        for process in self.processes:
            if not process.alive() and not process.expected_end:
                complaints.append("%s ended by itself with %s" % (
                    process.name, process.popen.returncode))
        for process in reversed(self.processes):
            if process.alive():
                process.thaw()
                process.signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                code = process.popen.wait(15 * STRETCH)
                if not process.expected_end and code not in (
                        0, -signal.SIGTERM):
                    complaints.append("%s ended with %d" %
                                      (process.name, code))
            except subprocess.TimeoutExpired:
                complaints.append("%s (pid %d) does not end on SIGTERM" %
                                  (process.name, process.pid))
                process.popen.kill()
                process.popen.wait()
            if REPORT.search(process.errors()):
                complaints.append("%s:\n%s" % (process.name,
                                               tail(process.log, 60)))
        return complaints

    def logs(self):
        """The last lines of every program, for a failed test."""
        parts = []
        for process in self.processes[-12:]:
            parts.append("---- %s (pid %d, %s)\n%s" % (
                process.name, process.pid, process.popen.poll(),
                tail(process.log, 15)))
        return "\n".join(parts)

    def remove(self):
        if os.environ.get("DK_KEEP"):
            print("kept: " + self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


class TestCase(unittest.TestCase):
    maxDiff = 4000

    def run(self, result=None):
        """Say which tests are slow."""
        began = time.monotonic()
        try:
            return super().run(result)
        finally:
            took = time.monotonic() - began
            if took > 5:
                print("%.0f s: %s" % (took, self.id()), flush=True)

    def world(self, **more):
        world = World(**more)
        self.addCleanup(self._end, world)
        return world

    def started(self, services=(), **more):
        """A world whose broker and `services` are at work, and a client."""
        world = self.world(**more)
        world.broker.start()
        for service in services:
            world.service(service)
        return world, world.client()

    def _failed(self):
        result = self._outcome.result if self._outcome else None
        bad = list(getattr(result, "errors", ())) + \
            list(getattr(result, "failures", ()))
        here = getattr(self._outcome, "success", True)
        return not here or any(test is self for test, _ in bad)

    def finish(self, world):
        """End it before the test does (which plays many worlds)."""
        self._end(world)

    def _end(self, world):
        if world.ended:
            return
        world.ended = True
        failed = self._failed()
        complaints = world.close()
        if failed or complaints:
            print(world.logs(), file=sys.stderr)
        world.remove()
        if complaints:
            self.fail("\n".join(complaints))

    def problem(self, slug, pointer=None, detail=None):
        """A context in which a Problem of this kind must be raised."""
        return _Refused(self, slug, pointer, detail)


class _Refused:
    def __init__(self, test, slug, pointer, detail):
        self.test, self.slug = test, slug
        self.pointer, self.detail = pointer, detail
        self.caught = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.test.fail("no problem %r was raised" % self.slug)
        if not isinstance(value, dkproto.Problem):
            return False
        self.caught = value
        self.test.assertEqual(value.slug, self.slug, str(value))
        if self.pointer is not None:
            self.test.assertEqual(value.pointer, self.pointer, str(value))
        if self.detail is not None:
            self.test.assertRegex(value.body["detail"], self.detail)
        return True


def children(pid):
    """The processes that a process (a tracer, say) has started."""
    with open("/proc/%d/task/%d/children" % (pid, pid),
              encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def as_nobody():
    """A command prefix without root's power over permissions, or None."""
    if os.geteuid() != 0:
        return ()
    if not SETPRIV:
        return None
    return (SETPRIV, "--reuid", "65534", "--regid", "65534",
            "--clear-groups")


def snapshot(folder):
    """Every file below `folder` with its bytes, to see that nothing
    changed."""
    found = {}
    for base, folders, files in os.walk(folder):
        for name in folders:
            found[os.path.join(base, name)] = "folder"
        for name in files:
            path = os.path.join(base, name)
            try:
                with open(path, "rb") as file:
                    found[path] = file.read()
            except OSError as error:
                if error.errno != errno.ENXIO:  # a socket
                    raise
                found[path] = "socket"
    return found
