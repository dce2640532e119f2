"""Other brokers and a database beside docketd: each in a folder of its own, on
loopback, told to sync before it confirms; the same messages, by the same hand.
"""
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import world

LOADS = [(64, 1), (512, 1), (64, 32)]
HERE = os.path.dirname(os.path.abspath(__file__))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def await_port(program, port, deadline=240.0):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if program.child.poll() is not None:
            raise program.failed("ended with %d" % program.child.returncode)
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise program.failed("does not listen")


def as_user(name):
    """How to run something as that user: PostgreSQL will not be root."""
    if os.geteuid() != 0:
        return []
    return ["runuser", "-u", name, "--"]


def own_folder(bench, name, user):
    folder = bench.fresh(name)
    if os.geteuid() == 0:
        try:
            entry = pwd.getpwnam(user)
        except KeyError:
            return folder
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        os.chmod(bench.folder, 0o755)
    return folder


# ---- each of them: (the program that syncs, what its client is told) ------------

def docketd(bench):
    return bench.docketd(), "load", [bench.clients]


def beanstalkd(bench):
    port = free_port()
    program = bench.start("beanstalkd", [
        "beanstalkd", "-l", "127.0.0.1", "-p", port, "-f", "0", "-b",
        bench.fresh("beanstalkd")])
    await_port(program, port)
    return program, "peer_line", ["beanstalkd", port]


def redis_server(bench):
    port = free_port()
    program = bench.start("redis", [
        "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir",
        bench.fresh("redis"), "--appendonly", "yes", "--appendfsync",
        "always", "--save", "", "--daemonize", "no", "--maxmemory-policy",
        "noeviction"])
    await_port(program, port)
    return program, port


def redis(bench):
    program, port = redis_server(bench)
    return program, "peer_line", ["redis", port]


def bullmq(bench):
    program, port = redis_server(bench)
    return program, "bullmq.mjs", [port]


def rabbitmq(bench):
    """One node: a quorum queue of one member syncs as each of three would."""
    folder = bench.fresh("rabbitmq")
    port, dist, epmd = free_port(), free_port(), free_port()
    with open(os.path.join(folder, "rabbitmq.conf"), "w",
              encoding="utf-8") as file:
        file.write("listeners.tcp.1 = 127.0.0.1:%d\n"
                   "log.console = false\n" % port)
    os.chmod(os.path.join(folder, "rabbitmq.conf"), 0o644)
    env = {"RABBITMQ_BASE": folder, "RABBITMQ_MNESIA_BASE": folder + "/db",
           "RABBITMQ_LOG_BASE": folder + "/log", "HOME": folder,
           "RABBITMQ_NODENAME": "dkbench@localhost",
           "RABBITMQ_CONFIG_FILE": folder + "/rabbitmq.conf",
           "RABBITMQ_DIST_PORT": str(dist), "ERL_EPMD_PORT": str(epmd),
           "ERL_EPMD_ADDRESS": "127.0.0.1",
           "RABBITMQ_ENABLED_PLUGINS_FILE": folder + "/plugins",
           "RABBITMQ_PID_FILE": folder + "/pid"}
    bench.start("epmd", ["epmd", "-port", epmd, "-address", "127.0.0.1"],
                env=env, cwd=folder)
    program = bench.start("rabbitmq",
                          ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
                          env=env, cwd=folder)
    await_port(program, port)
    return program, "peer_rabbit", [port]


TABLES = """
CREATE SEQUENCE case_key;
CREATE TABLE request (id uuid PRIMARY KEY, key bigint NOT NULL);
CREATE TABLE event (key bigint, n int, body text NOT NULL, PRIMARY KEY (key, n));
CREATE TABLE case_file (key bigint PRIMARY KEY, doc text NOT NULL);
"""


def postgresql(bench):
    folder = own_folder(bench, "postgresql", "postgres")
    base = "/usr/lib/postgresql"
    newest = max(os.listdir(base), key=int)
    tools = os.path.join(base, newest, "bin")
    become = as_user("postgres")
    db, port = os.path.join(folder, "db"), free_port()
    subprocess.run(become + [tools + "/initdb", "-D", db, "-A", "trust",
                             "-U", "bench", "--no-locale", "-E", "UTF8"],
                   check=True, stdout=subprocess.DEVNULL, cwd=folder)
    program = bench.start("postgresql", become + [
        tools + "/postgres", "-D", db, "-p", port, "-h", "127.0.0.1", "-k",
        folder, "-c", "max_connections=600", "-c", "synchronous_commit=on",
        "-c", "fsync=on", "-c", "shared_buffers=256MB"], cwd=folder)
    await_port(program, port)
    program.wait_for("ready to accept connections")
    where = "host=127.0.0.1 port=%d user=bench dbname=postgres" % port
    subprocess.run([tools + "/psql", "-q", where, "-v", "ON_ERROR_STOP=1"],
                   input=TABLES, encoding="utf-8", check=True)
    return program, "peer_pg", [where]


PEERS = {"docketd": docketd, "beanstalkd": beanstalkd, "redis": redis,
         "bullmq": bullmq, "rabbitmq": rabbitmq, "postgresql": postgresql}


# ---- measuring --------------------------------------------------------------------

def run_client(bench, name, client, where, clients, window, seconds, **more):
    """One load on one peer; its result."""
    if client == "load":
        return bench.measure("load", where[0], name, clients, window, seconds,
                             **dict({"measure": "peer"}, **more))[0]
    argv = [name, clients, window, seconds] + where
    if client.endswith(".mjs"):
        done = subprocess.run(
            ["node", os.path.join(HERE, client)] + [str(a) for a in argv],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
            check=False, timeout=120)
        if done.returncode != 0:
            raise world.Failed("%s ended with %d:\n%s" % (
                client, done.returncode, done.stderr))
        return bench.emit(world.json.loads(done.stdout), **more)
    return bench.measure(client, *argv, **more)[0]


def stop(bench):
    """Also what they started: rabbitmq-server is a script, runuser waits."""
    groups = [p.pid for p in bench.programs]
    bench.stop()
    for group in groups:
        try:
            os.killpg(group, signal.SIGTERM)
        except ProcessLookupError:
            pass


def tree(pid):
    """A process and all below it."""
    found = [pid]
    for p in found:
        for task in os.listdir("/proc/%d/task" % p):
            try:
                text = world.read_file("/proc/%d/task/%s/children" % (p, task))
            except OSError:
                continue
            found += [int(child) for child in text.split()]
    return found


SYNCS = "fsync,fdatasync,sync_file_range,msync,syncfs"


def count_syncs(bench, name, seconds=2.0):
    """A short run under strace: confirmations for each sync that was asked for.
    strace slows a peer down; what counts is the ratio."""
    program, client, where = PEERS[name](bench)
    out = os.path.join(bench.folder, name + ".strace")
    argv = ["strace", "-f", "-c", "-o", out, "-e", "trace=" + SYNCS]
    for pid in tree(program.pid):
        argv += ["-p", str(pid)]
    watcher = bench.start("strace", argv)
    watcher.wait_for("attached")
    time.sleep(0.3)
    row = run_client(bench, name, client, where, 64, 1, seconds,
                     measure="peer_traced")
    watcher.child.send_signal(signal.SIGINT)
    watcher.child.wait(30)
    calls = {}
    for line in world.read_file(out).splitlines():
        match = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$",
                         line)
        if match and match.group(2) != "total":
            calls[match.group(2)] = int(match.group(1))
    stop(bench)
    syncs = sum(calls.values())
    # The warm-up was synced, too.
    acks = row["per_second"] * (seconds + 0.7)
    bench.emit({"name": name, "measure": "peer_syncs", "calls": calls,
                "acks": round(acks), "acks_per_sync":
                    round(acks / syncs, 1) if syncs else -1})


def installed(name):
    """What is missing to run this one; None: nothing."""
    programs = {"beanstalkd": "beanstalkd", "redis": "redis-server",
                "bullmq": "redis-server", "rabbitmq":
                    "/usr/lib/rabbitmq/bin/rabbitmq-server"}
    need = programs.get(name)
    if need and shutil.which(need) is None:
        return need
    if name == "postgresql" and not os.path.isdir("/usr/lib/postgresql"):
        return "postgresql"
    if name == "bullmq" and not os.path.isdir(os.path.join(HERE,
                                                           "node_modules")):
        return "npm ci in bench/peers"
    return None


def peers(bench, o):
    names = [n for n in o.peers.split(",") if n]
    for name in list(names):
        missing = installed(name) if name in PEERS else "a name bench knows"
        if missing:
            sys.stderr.write("%s is left out: it needs %s\n" % (name, missing))
            names.remove(name)
    for _ in range(o.rounds):
        for clients, window in LOADS:
            for name in names:
                _, client, where = PEERS[name](bench)
                run_client(bench, name, client, where, clients, window,
                           o.seconds)
                stop(bench)
    for name in names:
        count_syncs(bench, name)
