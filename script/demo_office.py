#!/usr/bin/python3
"""A made-up county office at work: what script/demo shows.

Starts real processes on sockets of their own, plays the plan below through
docketctl as officers would, and shows the broker's own event stream.  Nothing
here decides anything: assignments, limits and alerts are the workers' answers.
"""

import argparse
import collections
import datetime
import json
import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from demo_show import LEVELS, MANY, STEPS, Show

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
START = datetime.datetime.fromisoformat("2026-05-06T09:00:00+08:00")
BOOK = "policy/units-sample.json"
FORM = "policy/kiosk-sample.json"
LAW = ["--policy", "policy/xinfang-2022.json",
       "--calendar", "policy/calendar-cn.json"]

# The plan: which samples (by place in the file) live through what.  A step is
# (day, action, fields); what is not here waits for ever.
ANSWER = {"text": "经调查核实，已依法处理并反馈，详见处理意见书。",
          "legal_basis": "《信访工作条例》第三十四条及相关法律、法规",
          "delivered": "post"}
HEAD = "HEAD"  # the head of the unit that has the case
PLANS = [
    ("办得及时", "accepted and answered in time", range(0, 14),
     [(3, "accept", {"notice": "青信受〔2026〕告知书", "way": "in_person"}),
      (24, "answer", ANSWER),
      (30, "evaluate", {"handling": 5, "result": 4})]),
    ("依法延期", "extended once, answered inside the longer limit",
     range(14, 18),
     [(6, "accept", {"notice": "青信受〔2026〕告知书", "way": "post"}),
      (10, "add_co_handler", {"unit": "zrzy", "why": "涉及用地"}),
      (50, "give_opinion", {"unit": "zrzy", "text": "同意整改方案。"}),
      (58, "extend", {"days": 30, "reason": "情况复杂，需现场勘测",
                      "approved_by": HEAD, "informed": "post"}),
      (88, "answer", ANSWER)]),
    ("答复超期", "accepted, answered ten days late", range(18, 24),
     [(9, "accept", {}), (79, "answer", ANSWER)]),
    ("受理后无人办理", "accepted, never answered", range(24, 29),
     [(12, "accept", {})]),
    ("无人受理", "never touched", range(29, 34), []),
    ("不予受理", "not accepted, with the door that is open", range(34, 36),
     [(5, "not_accept", {"ground": "依法应当通过行政复议解决",
                         "other_door": "县政府行政复议办公室",
                         "notice": "青信不受〔2026〕告知书", "way": "post"})]),
    ("提出异议", "misdirected: sent to another unit", range(36, 37),
     [(2, "object", {"grounds": "不属于本单位职责范围"}),
      (4, "uphold_objection", {"reason": "职责确不在该单位"})]),
    ("撤回", "withdrawn", range(37, 38),
     [(8, "withdraw", {"reason": "问题已经解决"})]),
    ("申请复查", "answered, review asked", range(38, 40),
     [(4, "accept", {}), (20, "answer", ANSWER),
      (35, "ask_review", {"grounds": "答复没有回应主要诉求"}),
      (55, "review", {"result": "changed", "text": "责令重新处理。"})]),
]
BY_PETITIONER = {"withdraw", "ask_review", "evaluate"}
KILL_DAY, LAST_DAY = 28, 108
URGENT, NEED = 7, "medical"  # which sample cannot wait, and why
REPEAT = "repeat"  # what is late is told again until somebody acts
# Who may look at the office's pages of a demo that stays, and their password.
DESKS = [("xfj-luo", "supervisor", None, "the whole office"),
         ("rsj-tang", "handler", "rsj", "one bureau's desk")]
PASSWORD = "qingxi-demo"
TOLD = 14  # the sample that is explained at the end


def last_day(due_at):
    """A limit ends with its last day, at the midnight after it."""
    return datetime.date.fromisoformat(due_at[:10]) - \
        datetime.timedelta(days=1)


class Office:
    def __init__(self, args):
        self.show = Show()
        self.bin = os.path.abspath(args.bin)
        self.dir, self.own_dir = self.make_folder(args.data)
        self.sock = self.dir
        if len(os.path.join(self.dir, "workers.sock")) > 100:
            # A socket's path is at most 107 bytes long.
            self.sock = tempfile.mkdtemp(prefix="docket-")
        self.clients = "ipc://%s/clients.sock" % self.sock
        self.stays = args.stay
        self.workers = "ipc://%s/workers.sock" % self.sock
        self.procs = {}  # name -> Popen
        self.events = queue.Queue()
        self.seen = 0
        self.cases = {}  # case number -> subject
        self.number = {}  # subject -> case number
        self.now = START
        self.restarts = 0

    @staticmethod
    def make_folder(data):
        if data is None:
            base = os.path.join(ROOT, "build", "demo")
            os.makedirs(base, exist_ok=True)
            return tempfile.mkdtemp(prefix="office-", dir=base), True
        os.makedirs(data, exist_ok=True)
        for n in range(1, 10000):
            path = os.path.join(os.path.abspath(data), "run-%d" % n)
            try:
                os.mkdir(path)
                return path, False
            except FileExistsError:
                continue
        sys.exit("demo: %s is full of runs" % data)

    # -- processes ---------------------------------------------------------

    def program(self, name):
        for folder in ("", "workers", "clients"):
            path = os.path.join(self.bin, folder, name)
            if os.path.isfile(path):
                return path
        sys.exit("demo: %s is not built" % name)

    def spawn(self, name, argv):
        with open(os.path.join(self.dir, name + ".log"), "ab") as log:
            self.procs[name] = subprocess.Popen(
                [self.program(argv[0])] + argv[1:], cwd=ROOT, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def log_of(self, name):
        with open(os.path.join(self.dir, name + ".log"), errors="replace") \
                as file:
            return file.read()

    def page(self):
        found = re.search(r"event=page url=(\S+)", self.log_of("kiosk"))
        return found.group(1) if found else "see kiosk.log"

    def start_web(self):
        """The office's pages; their address."""
        log = self.log_of("docketd")
        data = os.path.join(self.dir, "web")
        for name, roles, unit, _ in DESKS:
            done = subprocess.run(
                [self.program("docket-web"), "account", "add", name,
                 "--allow", roles, "--data", data, "--admin", self.clients] +
                (["--unit", unit] if unit else []),
                input=PASSWORD + "\n", capture_output=True, text=True)
            if done.returncode != 0:
                return "%s (docket-web: %s)" % (self.dir, done.stderr.strip())
        self.spawn("web", [
            "docket-web", "--listen", "127.0.0.1:0", "--data", data,
            "--broker", re.findall(r"event=ready .*?(tcp://[^ \"]+)", log)[-1],
            "--server-key", re.findall(r"server_key=(\S+)", log)[-1],
            "--page-files", os.path.join(self.bin, "clients/web/page"),
            "--book", BOOK, "--policy", LAW[1]])
        for _ in range(1000):
            found = re.search(r"event=ready url=(\S+)", self.log_of("web"))
            if found or self.procs["web"].poll() is not None:
                break
            time.sleep(0.01)
        return found.group(1) if found else "see web.log"

    def start_broker(self):
        path = os.path.join(self.dir, "docketd.log")
        before = os.path.getsize(path) if os.path.exists(path) else 0
        self.spawn("docketd", [
            "docketd", "--data", self.dir, "--county", "330699",
            "--clients", self.clients +
            (" tcp://127.0.0.1:0" if self.stays else ""),
            "--workers", self.workers,
            "--test-clock", START.isoformat()])
        for _ in range(1000):
            if "event=ready" in self.log_of("docketd")[before:]:
                return
            if self.procs["docketd"].poll() is not None:
                break
            time.sleep(0.01)
        sys.exit("demo: docketd did not start:\n" + self.log_of("docketd"))

    def start_worker(self, service):
        options = {"assign": ["--book", BOOK], "deadline": LAW,
                   "escalate": LAW + ["--book", BOOK]}[service]
        self.spawn(service, ["docket-" + service, "--connect", self.workers]
                   + options)

    def start_all(self):
        self.start_broker()
        for service in ("assign", "deadline", "escalate"):
            self.start_worker(service)
        self.inbox = os.path.join(self.dir, "inbox")
        os.mkdir(self.inbox)
        self.spawn("kiosk", [
            "docket-kiosk", "--connect", self.clients, "--spool",
            os.path.join(self.dir, "kiosk.db"), "--folder", self.inbox,
            "--page", "127.0.0.1:0", "--page-files",
            os.path.join(self.bin, "clients/kiosk/page"),
            "--form", FORM])
        threading.Thread(target=self.follow, daemon=True).start()

    def stop(self):
        for proc in reversed(list(self.procs.values())):
            if proc.poll() is None:
                proc.terminate()
        for proc in self.procs.values():
            try:
                proc.wait(10)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()

    # -- talking to the broker ----------------------------------------------

    def ctl(self, *words, check=True):
        done = subprocess.run(
            [self.program("docketctl"), "--connect", self.clients, "--json",
             "--lang", "zh-CN", "--timeout", "30000"] + list(words),
            capture_output=True, text=True)
        if check and done.returncode != 0:
            sys.exit("demo: docketctl %s: %s" % (
                shlex.join(words), done.stderr.strip() or done.stdout))
        return [json.loads(line) for line in done.stdout.splitlines()
                if line.strip()]

    def read(self, *words):
        """What docketctl tells a person."""
        path = os.pathsep.join((os.path.join(self.bin, "workers"), self.bin,
                                os.environ.get("PATH", "")))
        done = subprocess.run(
            [self.program("docketctl"), "--connect", self.clients, "--lang",
             "zh-CN", "--color", "never", "--timeout", "30000"] + list(words),
            capture_output=True, text=True, env=dict(os.environ, PATH=path))
        if done.returncode != 0:
            sys.exit("demo: docketctl %s: %s" % (shlex.join(words),
                                                 done.stderr.strip()))
        return done.stdout

    def items(self, *words):
        """A whole list, however many pages or lines it comes in."""
        out = []
        for doc in self.ctl(*words, "--all"):
            out += doc["items"] if "items" in doc else [doc]
        return out

    def follow(self):
        """The event stream into our queue; over a broker's death too."""
        proc = subprocess.Popen(
            [self.program("docketctl"), "--connect", self.clients, "--json",
             "follow", "--from", "1"], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.procs["follow"] = proc
        for line in proc.stdout:
            self.events.put(json.loads(line))

    def pump(self, done, status):
        """Show events as they come until done() and all are shown."""
        while True:
            try:
                self.see(self.events.get(timeout=0.05))
                continue
            except queue.Empty:
                pass
            self.show.progress("   … %s · %d 件 · 警示 %d (%s)" % (
                self.now.strftime("%Y-%m-%d"), len(self.cases),
                self.show.alerts, status))
            if done():
                return

    def catch_up(self, status="waiting for the workers"):
        last = {"seq": 0, "at": 0.0}

        def all_seen():
            if time.monotonic() - last["at"] > 0.2 or \
                    self.seen >= last["seq"]:
                stats = self.ctl("stats")[0]
                last["seq"] = int(stats["store"]["events"])
                last["at"] = time.monotonic()
                open_tasks = int(stats["store"]["tasks_open"])
                return self.seen >= last["seq"] and open_tasks == 0
            return False
        self.pump(all_seen, status)

    def move_to(self, when):
        """Let the test clock run to `when`, stopping wherever a limit is."""
        self.now = when
        proc = subprocess.Popen(
            [self.program("docketctl"), "--connect", self.clients, "--json",
             "--timeout", "60000", "clock", "set", when.isoformat(),
             "--settle"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True)
        self.pump(lambda: proc.poll() is not None, "time passes")
        if proc.wait() != 0:
            sys.exit("demo: clock set: " + proc.stderr.read())
        self.catch_up()

    # -- what an event looks like -------------------------------------------

    def see(self, event):
        self.seen = int(event["seq"])
        kind, no, body = event["type"], event["case_no"], event["body"]
        if kind == "submitted":
            self.cases[no] = body["subject"]
            self.number[body["subject"]] = no
            return
        if kind not in STEPS and kind not in ("assigned", "alert_raised"):
            return
        if kind == "alert_raised" and body["rung"] == REPEAT:
            return  # counted at the end
        date = event["at"][:10]
        days = (datetime.date.fromisoformat(date) - START.date()).days
        self.show.day(date, days)
        if kind == "assigned":
            unit = self.units.get(body["unit"], body["unit"])
            who = body.get("handler") or "待定"
            self.show.item("分派", "assigned", "32", no, "%s → %s（%s）" % (
                self.cases[no], unit, self.people.get(who, who)), most=MANY)
        elif kind == "alert_raised":
            self.show.alert(no, body, self.people)
        else:
            zh, en = STEPS[kind]
            self.show.item(zh, en, "2", no, self.cases[no], en)

    # -- the play ------------------------------------------------------------

    def read_book(self):
        with open(os.path.join(ROOT, BOOK), encoding="utf-8") as file:
            text = file.read()
        book = json.loads(text)
        self.units = {u["id"]: u["name"]["zh-CN"] for u in book["units"]}
        self.heads = {u["id"]: u["head"]["id"] for u in book["units"]
                      if "head" in u}
        people = [book["leader"]]
        for unit in book["units"]:
            people += [unit["head"]] if "head" in unit else []
            people += unit.get("handlers", [])
        self.people = {p["id"]: p["name"] for p in people}

        with open(os.path.join(ROOT, LAW[1]), encoding="utf-8") as file:
            law = json.load(file)
        self.limits = {c["id"]: c["name"]["zh-CN"]
                       for v in law["versions"] for c in v["clocks"]}

    def publish(self):
        with open(os.path.join(ROOT, "script/samples/cases.ndjson"),
                  encoding="utf-8") as file:
            self.samples = [json.loads(line) for line in file]
        handed_in = (START - datetime.timedelta(minutes=20)).isoformat()
        for n, sample in enumerate(self.samples):
            sample["submitted_at"] = handed_in
            if n == URGENT:
                sample["needs"] = [NEED]
            part = os.path.join(self.inbox, ".%02d.part" % n)
            with open(part, "w", encoding="utf-8") as file:
                json.dump(sample, file, ensure_ascii=False)
            os.rename(part, os.path.join(self.inbox, "case-%02d.json" % n))
        self.pump(lambda: len(self.cases) == len(self.samples),
                  "the kiosk forwards")
        self.catch_up()

    def act(self, place, action, fields):
        """An officer's step, or the petitioner's, where the case is ready
        for it: what went to a discipline body is out of our hands."""
        no = self.number[self.samples[place]["subject"]]
        case = self.ctl("show", no)[0]
        if case["state"] in ("discipline", "closed"):
            return
        duty = "officer:%s" % (case.get("handler") or "duty")
        if case["state"] == "registered":  # the office looked at it itself
            self.ctl("act", no, "transfer", "--actor", duty)
        actor = "petitioner:self" if action in BY_PETITIONER else duty
        self.ctl("act", no, action, "--actor", actor,
                 *["%s=%s" % (key, self.heads[case["unit"]]
                              if value == HEAD else value)
                   for key, value in fields.items()])

    def kill(self):
        """The promise, at its hardest: no warning, no goodbye."""
        self.show.head("断电：强行终止服务器与一个工作进程（SIGKILL）",
                       "pull the plug on the broker and a worker")
        for name in ("docketd", "assign"):
            self.procs[name].send_signal(signal.SIGKILL)
            self.procs[name].wait()
        self.start_broker()
        self.start_worker("assign")
        self.restarts += 1
        self.catch_up("starting again")
        count = int(self.ctl("stats")[0]["store"]["cases"])
        self.show.line("   重新启动：%d 件在库，一件不少 (%d of %d cases are "
                       "there)" % (count, count, len(self.samples)))
        if count != len(self.samples):
            sys.exit("demo: cases were lost")

    def play(self):
        days = collections.defaultdict(list)
        for _, _, places, steps in PLANS:
            for day, action, fields in steps:
                for place in places:
                    days[day].append((place, action, fields))
        days[KILL_DAY], days[LAST_DAY]
        for day in sorted(days):
            self.move_to(START + datetime.timedelta(days=day, hours=1))
            for place, action, fields in days[day]:
                self.act(place, action, fields)
            if days[day]:
                self.catch_up()
            if day == KILL_DAY:
                self.kill()
        self.show.end_day()

    def summary(self):
        show = self.show
        show.head("小结", "summary")
        cases = self.items("list")
        by_state = collections.Counter(c["state"] for c in cases)
        show.line("   案件 %d 件 (cases):  " % len(cases) + "  ".join(
            "%s %d" % pair for pair in by_state.most_common()))
        alerts = self.items("alerts", "--acked")
        again = sum(a["rung"] == REPEAT for a in alerts)
        by_level = collections.Counter(a["level"] for a in alerts
                                       if a["rung"] != REPEAT)
        show.line("   警示 %d 条 (alerts):  " % (len(alerts) - again) +
                  "  ".join(
            show.paint(colour, "%s %s %d" % (zh, en, by_level[level]))
            for level, (colour, zh, en) in LEVELS.items()))
        show.line("   另有催报 %d 次：超期事项每天催报，直至有人处理 (what is late "
                  "is told again every day until somebody acts)" % again)
        late = self.items("clocks", "--overdue")
        show.line()
        show.line(show.paint("1", "   超期在办 %d 件" % len(late)) +
                  show.paint("2", "  (overdue now)"))
        show.table(["案件 case", "期限 limit", "末日 last day",
                    "超期天数 days late", "办理单位 unit"],
                   [[c["case_no"], self.limits[c["clock"]], last,
                     (self.now.date() - last).days,
                     self.units.get(c["unit"], c["unit"])]
                    for c, last in ((c, last_day(c["due_at"]))
                                    for c in late)])
        show.line()
        verdict = self.ctl("verify", check=False)[-1]
        good = verdict["faults"] == 0 and verdict["cases"] == len(cases)
        show.line("   校验 (verify): %d 件、%d 个事件，" % (
            verdict["cases"], verdict["events"]) + (
            show.paint("32", "哈希链与重放全部吻合 (every chain and every "
                       "replay holds)") if good else
            show.paint("1;31", "发现 %d 处问题 (faults)" % verdict["faults"])))
        return good

    def figures(self):
        self.show.head("五月通报", "the bulletin of May: docketctl bulletin "
                       "--period 2026-05 --against 2026-06")
        for line in self.read("bulletin", "--period", "2026-05", "--against",
                              "2026-06").splitlines():
            self.show.line(("   " + line).rstrip())

    def explain(self):
        """One case and the limit that was extended; docketctl tells all."""
        no = self.number[self.samples[TOLD]["subject"]]
        self.show.head("为什么是这个单位、这个日子", "why this unit and this "
                       "day: docketctl explain %s" % no)
        parts = self.read("explain", no, *LAW, "--book", BOOK).split("\n\n")
        for part in parts:
            if part.startswith("  ") and "（conclude）" not in part:
                continue  # another limit
            for line in part.splitlines():
                self.show.line("   " + line)
            self.show.line()
        self.show.line(self.show.paint("2", "   （其他期限从略；the other "
                                       "limits are left out here）"))

    def next_steps(self, stay):
        show = self.show
        show.head("接下来可以试试", "what to try next")
        ctl = os.path.relpath(self.program("docketctl"), os.getcwd())
        no = next(iter(self.cases))
        if stay:
            web = self.start_web()
            pids = os.path.join(self.dir, "pids")
            with open(pids, "w") as file:
                file.write(" ".join(str(p.pid) for n, p in self.procs.items()
                                    if n != "follow") + "\n")
            lines = [
                "export DOCKET_CLIENTS=%s" % self.clients,
                "%s list --open" % ctl,
                "%s show %s" % (ctl, no),
                "%s explain %s %s --book %s" % (ctl, no, " ".join(LAW), BOOK),
                "%s alerts --level red" % ctl,
                "%s clock advance 7d --settle" % ctl,
                "%s follow" % ctl,
                "cp my-case.json %s/     # the kiosk takes it" % self.inbox,
                "%s     # its page, in a browser" % self.page(),
                "%s     # the office's pages: %s; password %s" %
                (web, ", ".join("%s (%s)" % (d[0], d[3]) for d in DESKS),
                 PASSWORD),
                "kill $(cat %s)     # stop it" % pids,
                "rm -r %s     # and forget it" % self.dir,
            ]
        else:
            lines = [
                "script/demo --stay     # leave it running, then look around",
                "script/test            # hold it against its tests",
                "%s --help" % ctl,
                "less proto/PROTOCOL.md # speak to it from any language",
            ]
        for line in lines:
            show.line("   " + line)

    def run(self, stay):
        self.read_book()
        self.show.head("青溪县信访局（虚构）", "the office of a made-up county")
        self.start_all()
        self.show.line("   服务器、三个工作进程、一个自助终端已启动 (broker, three "
                       "workers and a kiosk are running; %s)" %
                       os.path.relpath(self.dir))
        self.show.head("自助终端提交 40 件", "the kiosk publishes 40 cases")
        self.publish()
        self.show.end_day()
        self.show.head("一百零八天，在几秒之内",
                       "a hundred and eight days in a few seconds")
        for zh, en, places, _ in PLANS:
            self.show.line("   %2d 件 %s" % (len(places), zh) +
                           self.show.paint("2", "  (%s)" % en))
        self.play()
        good = self.summary()
        self.explain()
        self.figures()
        self.next_steps(stay)
        return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default="build/release")
    parser.add_argument("--data")
    parser.add_argument("--stay", action="store_true")
    args = parser.parse_args()
    os.chdir(ROOT)
    office = Office(args)
    good = stays = False
    try:
        good = office.run(args.stay)
        stays = args.stay
    except KeyboardInterrupt:
        office.show.line("stopped")
    finally:
        office.show.clear()
        if stays:
            office.procs.pop("follow").terminate()
        else:
            office.stop()
            if office.sock != office.dir:
                shutil.rmtree(office.sock, ignore_errors=True)
            if office.own_dir and good:
                shutil.rmtree(office.dir, ignore_errors=True)
            elif not good:
                print("The logs are in %s" % office.dir, file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
