"""Programs under measurement: started in folders of their own, watched through
/proc, ended by their process id.
"""
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COUNTY = "330699"
LAW = os.path.join(ROOT, "policy", "xinfang-2022.json")
DAYS = os.path.join(ROOT, "policy", "calendar-cn.json")
BOOK = os.path.join(ROOT, "policy", "units-sample.json")
AT = "2026-09-01T00:00:00+08:00"  # where the clock of made stores stands


class Failed(Exception):
    """Something did not start or ended badly; its log is in the text."""


def read_file(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Program:
    """A child, whose log is a file."""

    def __init__(self, bench, name, argv, env=None, cwd=None):
        self.name = name
        self.log = os.path.join(bench.folder, name + ".log")
        self.began = time.monotonic()
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=cwd or ROOT, env=dict(os.environ, **(env or {})),
                start_new_session=True)
        self.pid = self.child.pid

    def failed(self, why):
        return Failed("%s %s:\n%s" % (self.name, why,
                                      read_file(self.log)[-4000:]))

    def wait_for(self, pattern, deadline=60.0):
        """Seconds from the start until the log says `pattern`; its match."""
        while True:
            match = re.search(pattern, read_file(self.log))
            if match:
                return time.monotonic() - self.began, match
            if self.child.poll() is not None:
                raise self.failed("ended with %d" % self.child.returncode)
            if time.monotonic() - self.began > deadline:
                raise self.failed("did not say %r" % pattern)
            time.sleep(0.0005)

    def stop(self, deadline=60.0):
        if self.child.poll() is None:
            self.child.terminate()
        try:
            self.child.wait(deadline)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.child.wait()

    # ---- what the system knows of it

    def rss(self):
        """Resident bytes."""
        text = read_file("/proc/%d/status" % self.pid)
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024

    def cpu(self):
        """Seconds of processor time, of all its threads."""
        return sum(int(read_file("/proc/%d/task/%s/schedstat" %
                                 (self.pid, task)).split()[0])
                   for task in os.listdir("/proc/%d/task" % self.pid)) / 1e9

    def written(self):
        """(bytes that went to the disk, write system calls)"""
        text = read_file("/proc/%d/io" % self.pid)
        return (int(re.search(r"\nwrite_bytes: (\d+)", text).group(1)),
                int(re.search(r"syscw: (\d+)", text).group(1)))

    def wakeups(self):
        """How often its threads slept and woke again."""
        total = 0
        for task in os.listdir("/proc/%d/task" % self.pid):
            text = read_file("/proc/%d/task/%s/status" % (self.pid, task))
            total += int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)",
                                   text).group(1))
        return total


class Bench:
    def __init__(self, binaries, data, out=None):
        self.bin = binaries
        os.makedirs(data, exist_ok=True)
        self.data = os.path.abspath(data)
        self.folder = tempfile.mkdtemp(prefix="run.", dir=self.data)
        # A path of more than 107 bytes is no socket's.
        self.sock = tempfile.mkdtemp(prefix="dkbench.", dir="/tmp")
        self.clients = "ipc://%s/c" % self.sock
        self.workers = "ipc://%s/w" % self.sock
        self.programs = []
        self.rows = []
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        self.out = out or os.path.join(self.data, "bench-%s.jsonl" % stamp)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.sock, ignore_errors=True)

    def program(self, name):
        for folder in ("bench", "bench/peers", "clients", "workers", ""):
            path = os.path.join(self.bin, folder, name)
            if os.path.isfile(path):
                return path
        raise Failed("%s has no %s; build it first" % (self.bin, name))

    # ---- results

    def emit(self, row, **more):
        """Keep a result; prints it as one line of JSON."""
        row = dict(row, **more)
        row["at"] = datetime.datetime.now().isoformat(timespec="seconds")
        row["load_1min"] = round(os.getloadavg()[0], 1)
        self.rows.append(row)
        line = json.dumps(row, ensure_ascii=False)
        print(line, flush=True)
        with open(self.out, "a", encoding="utf-8") as file:
            file.write(line + "\n")
        return row

    def measure(self, name, *argv, stdin=None, env=None, deadline=900, **more):
        """Run a measuring program; each line it prints becomes a result."""
        done = subprocess.run(
            [self.program(name)] + [str(a) for a in argv], input=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=deadline,
            encoding="utf-8", env=dict(os.environ, **(env or {})), check=False)
        if done.returncode != 0:
            raise Failed("%s %s ended with %d:\n%s%s" % (
                name, argv, done.returncode, done.stdout, done.stderr))
        return [self.emit(json.loads(line), **more)
                for line in done.stdout.splitlines()]

    # ---- programs

    def start(self, name, argv, **more):
        program = Program(self, name, [str(a) for a in argv], **more)
        self.programs.append(program)
        return program

    def stop(self):
        for program in self.programs:
            if program.child.poll() is None:
                program.child.terminate()
        for program in reversed(self.programs):
            program.stop()
        self.programs = []

    def fresh(self, name="db"):
        """An empty folder."""
        path = os.path.join(self.folder, name)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
        return path

    def docketd(self, folder=None, *options, test_clock=None):
        """A broker that is ready; its start took `.ready` seconds."""
        argv = [self.program("docketd"), "--data", folder or self.fresh(),
                "--county", COUNTY, "--clients", self.clients,
                "--workers", self.workers, "--log-level", "info"]
        if test_clock:
            argv += ["--test-clock", test_clock]
        broker = self.start("docketd", argv + list(options))
        broker.ready, _ = broker.wait_for(r"event=ready")
        return broker

    def ceiling(self, name="ceiling"):
        program = self.start(name, [
            self.program(name), self.clients,
            os.path.join(self.fresh(), "ceiling.db")])
        program.wait_for(r"event=ready")
        return program

    def services(self, *services, credit=64, copies=1):
        files = {"assign": ["--book", BOOK],
                 "deadline": ["--policy", LAW, "--calendar", DAYS],
                 "escalate": ["--policy", LAW, "--calendar", DAYS,
                              "--book", BOOK]}
        for service in services:
            for i in range(copies):
                self.start("%s%d" % (service, i), [
                    self.program("docket-" + service), "--connect",
                    self.workers, "--credit", credit] + files[service])

    def grow(self, cases, open_percent=10, most=12, keep=True):
        """A folder with a store of so many cases, made once."""
        name = "grown-%d-%d-%d" % (cases, open_percent, most)
        folder = os.path.join(self.data if keep else self.folder, name)
        told = os.path.join(folder, "grow.json")
        if not os.path.exists(told):
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder)
            sys.stderr.write("making a store of %d cases\n" % cases)
            text = subprocess.run(
                [self.program("grow"), LAW, DAYS,
                 os.path.join(folder, "docket.db"), str(cases),
                 str(open_percent), str(most)], check=True,
                stdout=subprocess.PIPE, encoding="utf-8").stdout
            with open(told, "w", encoding="utf-8") as file:
                file.write(text)
        return folder, json.loads(read_file(told))
