"""The parts of script/bench: each measures one promise, everything that is
compared in turns, and prints its results as lines of JSON.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time

import world

# A made store up to this size is copied for each round, so that it is always
# the same one; a larger one grows by what the rounds before put into it.
COPY_MAX = 2**30
LOADS = [(1, 1), (64, 1), (512, 1), (64, 32)]


# ---- submissions and whole lives, beside the ceiling ------------------------

def curve(bench):
    """A broker over TCP with keys: (its endpoint, what its clients need)."""
    folder = bench.fresh()
    key = os.path.join(folder, "load.key")
    text = subprocess.run(
        [bench.program("docketctl"), "--json", "keys", "new", "load", "--file",
         key], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    with open(os.path.join(folder, "keys"), "w", encoding="utf-8") as file:
        file.write("load kiosk - %s\n" %
                   re.search(r'"key":"(.*)"', text).group(1))
    broker = bench.docketd(folder, "--clients", bench.clients +
                           " tcp://127.0.0.1:0", "--rate", "1000000",
                           "--burst", "1000000")
    log = world.read_file(broker.log)
    return (re.search(r"event=ready.*?(tcp:[0-9.:/]+) workers", log).group(1),
            {"DOCKET_KEY": key, "DOCKET_SERVER_KEY":
             re.search(r"event=curve server_key=(\S+)", log).group(1)})


def submit(bench, o):
    for _ in range(o.rounds):
        for clients, window in LOADS:
            load = (clients, window, o.seconds)
            for name in ("ceiling", "docketd"):
                getattr(bench, name)()
                bench.measure("load", bench.clients, name, *load)
                bench.stop()
            endpoint, env = curve(bench)
            bench.measure("load", endpoint, "docketd-curve", *load, env=env)
            bench.stop()


def life(bench, o):
    rivals = ["ceiling_life"] if os.path.exists(
        os.path.join(bench.bin, "bench", "ceiling_life")) else []
    for _ in range(o.rounds):
        for name in rivals:
            bench.ceiling(name)
            bench.measure("life", bench.clients, name, o.cases, 64)
            bench.stop()
        bench.docketd()
        bench.services("assign", "deadline", "escalate")
        bench.measure("life", bench.clients, "docketd", o.cases, 64)
        bench.stop()


# ---- 4: the same for any number of cases ------------------------------------

def questions(folder):
    """What is asked of a made store: (label, type, body).

    The filters are of every kind: by an index of their own, by none, with many
    matches and with none; first pages, pages in the middle, and whatever page
    comes next.
    """
    with sqlite3.connect("file:%s/docket.db?mode=ro&immutable=1" % folder,
                         uri=True) as db:
        # By their indices: a table of ten million rows is not to be read.
        unit, = db.execute("SELECT unit FROM case_file INDEXED BY case_unit "
                           "WHERE unit <> '' ORDER BY unit DESC LIMIT 1"
                           ).fetchone() or ("nobody",)
        handler, = db.execute("SELECT handler FROM case_file INDEXED BY "
                              "case_handler WHERE handler <> '' ORDER BY "
                              "handler DESC LIMIT 1").fetchone() or ("nobody",)
        some = [k for (k,) in db.execute(
            "SELECT key FROM event WHERE seq IN (SELECT (SELECT max(seq) FROM "
            "event) * value / 10 FROM json_each('[1,3,5,7,9]'))")]
    numbers = [case_no(k) for k in some]
    asks = [("show %d" % (i % 2), "case.get", '{"case_no":"%s"}' % n)
            for i, n in enumerate(numbers[:2])]
    asks += [("events %d" % (i % 2), "case.events", '{"case_no":"%s"}' % n)
             for i, n in enumerate(numbers[2:4])]
    for label, members in [
            ("all", ""), ("newest", '"newest_first":true'),
            ("open", '"open":true'), ("state", '"state":"ended"'),
            ("work", '"order":"work","open":true'),
            ("unit", '"unit":"%s"' % unit),
            ("unit open", '"unit":"%s","open":true' % unit),
            ("unit work", '"unit":"%s","order":"work","open":true' % unit),
            ("handler", '"handler":"%s"' % handler),
            ("overdue", '"overdue":true'),
            ("region", '"region":"330000/城东镇07"'),
            ("rare region", '"region":"330000/外县"'),
            ("no region", '"region":"nowhere"'),
            ("category", '"category":"城乡建设/市政/11"'),
            ("unit region", '"unit":"%s","region":"nowhere"' % unit)]:
        asks.append(("list " + label, "case.list", "{%s}" % members))
        asks.append(("page " + label, "case.list", '{%s%s"after":"@"}' %
                     (members, "," if members else "")))
    asks += [("alerts", "alert.list", "{}"),
             ("alerts unit", "alert.list", '{"unit":"nowhere","open":false}'),
             ("clocks", "clock.list", "{}"),
             ("clocks unit", "clock.list", '{"unit":"nowhere"}'),
             ("tasks", "task.list", "{}"),
             ("figures month", "tally.list",
              '{"from":"2026-06-01","to":"2026-06-30","by":["unit"]}')]
    return asks


def case_no(key):
    """The number of a case; its last digit is ISO 7064 MOD 11,10 (PROTOCOL.md).
    """
    sys.path.insert(0, os.path.join(world.ROOT, "tests", "support"))
    import dkproto  # pylint: disable=import-outside-toplevel
    return dkproto.case_no(world.COUNTY, "%08d" % (key // 1000000),
                           key % 1000000)


def one_size(bench, o, cases, most):
    folder, grown = bench.grow(cases, most=most)
    if os.path.getsize(os.path.join(folder, "docket.db")) < COPY_MAX:
        folder = shutil.copytree(folder, os.path.join(bench.folder, "copy"))
    asks = questions(folder)
    broker = bench.docketd(folder, test_clock=world.AT)
    extra = '"size":%d,"most":%d' % (cases, most)
    bench.emit({"name": "docketd", "measure": "start", "size": cases,
                "most": most, "clocks": grown["running_clocks"],
                "ready_ms": round(broker.ready * 1000, 1),
                "rss": broker.rss()})
    bench.measure("read", bench.clients, "docketd", o.seconds, extra,
                  stdin="".join("%s %s %s\n" % (label.replace(" ", "_"), t, b)
                                for label, t, b in asks))
    if o.cases > 0:
        bench.services("assign", "deadline", "escalate")
        bench.measure("life", bench.clients, "docketd", o.cases, 64,
                      size=cases, most=most, measure="size_life")
        for service in bench.programs[1:]:
            service.stop()
    for clients, window in ((64, 1), (64, 32)):
        bench.measure("load", bench.clients, "docketd", clients, window,
                      o.seconds, size=cases, most=most, measure="size_submit")
    bench.emit({"name": "docketd", "measure": "memory", "size": cases,
                "most": most, "rss": broker.rss()})
    bench.stop()
    shutil.rmtree(os.path.join(bench.folder, "copy"), ignore_errors=True)


def size(bench, o):
    for _ in range(o.rounds):
        for cases in o.sizes:
            one_size(bench, o, cases, o.most)


# ---- 3: clocks ---------------------------------------------------------------

def late(bench, o, due):
    """`due` limits reach a rung on one instant: ten days after their start."""
    bench.docketd(test_clock="2026-09-01T09:00:00+08:00")
    bench.services("deadline")
    # Nobody assigns: the limit to pass the case on stays as it was set.
    bench.measure("life", bench.clients, "docketd", due, 64, due,
                  measure="late_setup")
    bench.services("escalate", credit=256, copies=o.escalators)
    for escalator in bench.programs[-o.escalators:]:
        escalator.wait_for(r"event=welcome", 15)
    bench.measure("late", bench.clients, "docketd", due,
                  "2026-09-13T00:00:00+08:00", escalators=o.escalators)
    bench.stop()


def clocks(bench, o):
    for _ in range(o.rounds):
        for count in (0, o.clocks):
            folder, grown = bench.grow(count, 100, 2) if count else (None, {})
            broker = bench.docketd(folder, test_clock=world.AT)
            bench.emit({"name": "docketd", "measure": "clocks_start",
                        "clocks": grown.get("running_clocks", 0),
                        "ready_ms": round(broker.ready * 1000, 1),
                        "rss": broker.rss()})
            bench.measure("load", bench.clients, "docketd", 64, 32, o.seconds,
                          measure="clocks_submit",
                          clocks=grown.get("running_clocks", 0))
            bench.emit({"name": "docketd", "measure": "clocks_memory",
                        "clocks": grown.get("running_clocks", 0),
                        "rss": broker.rss()})
            bench.stop()
        for due in o.due:
            late(bench, o, due)


# ---- 5: the same under any load -----------------------------------------------

READS = """stats stats {}
open case.list {"open":true}
alerts alert.list {}
"""


def during(bench, o, clients, window, **more):
    """A load, and reads at the same time."""
    rows, trouble = [], []

    def ask():
        try:
            rows.extend(bench.measure("read", bench.clients, "docketd",
                                      o.seconds, stdin=READS,
                                      measure="load_read", clients=clients,
                                      window=window, **more))
        except Exception as error:  # pylint: disable=broad-except
            trouble.append(error)
    reader = threading.Thread(target=ask)
    reader.start()
    bench.measure("load", bench.clients, "docketd", clients, window,
                  o.seconds, measure="load_submit", **more)
    reader.join()
    if trouble:
        raise trouble[0]


def load(bench, o):
    """The load that saturates, and ten times as much."""
    for _ in range(o.rounds):
        for clients, window in ((64, 1), (64, 4), (64, 16), (64, 160)):
            bench.docketd()
            during(bench, o, clients, window)
            bench.stop()


SLOW_FOLLOWER = """
import sys
sys.path.insert(0, "tests/support")
import dkproto, time
with dkproto.Follower(sys.argv[1], credit=10000, hwm=10) as lazy:
    lazy.follow()
    print("event=up", flush=True)
    while True:
        time.sleep(60)
"""
SLOW_WORKER = """
import sys
sys.path.insert(0, "tests/support")
import dkproto, time
with dkproto.Worker(sys.argv[1], "assign", "slow", credit=64) as slow:
    slow.hello()
    print("event=up", flush=True)
    while True:
        slow.beat()
        time.sleep(0.5)
"""


def slow(bench, o):
    """What one slow follower or worker costs the others."""
    for _ in range(o.rounds):
        for who in ("nobody", "follower", "worker"):
            bench.docketd()
            if who == "nobody":
                pass
            elif who == "follower":
                bench.start("slow", ["/usr/bin/python3", "-c", SLOW_FOLLOWER,
                                     bench.clients]).wait_for("event=up")
            else:
                bench.start("slow", ["/usr/bin/python3", "-c", SLOW_WORKER,
                                     bench.workers]).wait_for("event=up")
            bench.measure("load", bench.clients, "docketd", 64, 16, o.seconds,
                          measure="slow", slow=who)
            bench.stop()


# ---- 6: nothing to do ------------------------------------------------------------

def idle(bench, o):
    broker = bench.docketd()
    bench.services("assign", "deadline", "escalate")
    bench.measure("life", bench.clients, "docketd", min(o.cases, 200), 16,
                  measure="idle_setup")
    time.sleep(5)  # the log is moved into the file after 3 s without work
    cpu, wakes, wrote = broker.cpu(), broker.wakeups(), broker.written()
    time.sleep(o.idle)
    bench.emit({"name": "docketd", "measure": "idle", "seconds": o.idle,
                "cpu_percent": round((broker.cpu() - cpu) / o.idle * 100, 3),
                "wakeups_per_second":
                    round((broker.wakeups() - wakes) / o.idle, 2),
                "bytes_written": broker.written()[0] - wrote[0],
                "writes": broker.written()[1] - wrote[1],
                "rss": broker.rss()})
    bench.stop()


# ---- 7: on the disk ---------------------------------------------------------------

def kept(path):
    """What a store keeps: (cases, bytes of events' bodies, events)."""
    with sqlite3.connect("file:%s?mode=ro&immutable=1" % path, uri=True) as db:
        return db.execute(
            "SELECT (SELECT count(*) FROM case_file), "
            "sum(length(CAST(body AS BLOB))), count(*) FROM event").fetchone()


def tables(path):
    """Bytes of each table and index, if this SQLite can tell."""
    try:
        with sqlite3.connect("file:%s?mode=ro&immutable=1" % path,
                             uri=True) as db:
            return dict(db.execute("SELECT name, sum(pgsize) FROM dbstat "
                                   "GROUP BY name ORDER BY 2 DESC LIMIT 8"))
    except sqlite3.OperationalError:
        return {}


def storage(bench, o):
    folder, grown = bench.grow(o.closed, 0, 0, keep=False)
    path = os.path.join(folder, "docket.db")
    cases, bodies, events = kept(path)
    bench.emit({"name": "docketd", "measure": "stored", "cases": cases,
                "events_per_case": round(events / cases, 1),
                "bytes_per_case": round(os.path.getsize(path) / cases),
                "body_bytes_per_case": round(bodies / cases),
                "ratio": round(os.path.getsize(path) / bodies, 2),
                "running_clocks": grown["running_clocks"],
                "tables": tables(path)})
    for _ in range(o.rounds):
        folder = bench.fresh()
        broker = bench.docketd(folder)
        bench.services("assign", "deadline", "escalate")
        wrote = broker.written()[0]
        bench.measure("life", bench.clients, "docketd", o.cases, 64,
                      measure="storage_life")
        wrote = broker.written()[0] - wrote
        bench.stop()
        path = os.path.join(folder, "docket.db")
        cases, bodies, events = kept(path)
        bench.emit({"name": "docketd", "measure": "written", "cases": cases,
                    "events_per_case": round(events / cases, 1),
                    "bytes_per_case": round(os.path.getsize(path) / cases),
                    "body_bytes_per_case": round(bodies / cases),
                    "written_per_case": round(wrote / cases),
                    "amplification": round(wrote / bodies, 2)})


PARTS = {"submit": submit, "life": life, "size": size, "clocks": clocks,
         "load": load, "slow": slow, "idle": idle, "storage": storage}
