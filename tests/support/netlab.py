"""Network namespaces joined by a wire that can be bad.

    netlab.py NODE...

Makes one network namespace for each NODE, each with one interface (TUN, with
the addresses 192.0.2.1, .2, ...), and carries the packets between them: late,
lost, doubled, in another order, or not at all, each direction by itself.  The
namespaces have no name and no way out, and are gone with this process.  (The
kernel's own netem is not in every kernel.)

Prints a line of JSON when it is ready: {NODE: [address, path of the
namespace]}.  Reads lines of JSON from standard input: {"from": NODE, "to":
NODE, "lost": 0..1, "twice": 0..1, "delay": ms, "jitter": ms, "down": bool},
each the whole state of that direction; {"stats": true} prints what was done.
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import threading
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFFLAGS = 0x8916, 0x891c, 0x8914
IFF_UP_RUNNING = 0x41
NET = "192.0.2."  # of RFC 5737: nobody's


def libc_call(name, *args):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, "%s: %s" % (name, os.strerror(code)))


def enter(path):
    """This thread (and those it starts) goes into a namespace."""
    with open(path, "rb") as file:
        libc_call("setns", file.fileno(), CLONE_NEWNET)


def prefix(path):
    """The words before a command that is to run there."""
    return ("nsenter", "--net=" + path, "--")


def _up(name, address=None, mask="255.255.255.0"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        def do(request, value):
            fcntl.ioctl(sock, request, struct.pack("16s24s", name, value))

        def inet(text):
            return struct.pack("HH4s", socket.AF_INET, 0,
                               socket.inet_aton(text))
        if address:
            do(SIOCSIFADDR, inet(address))
            do(SIOCSIFNETMASK, inet(mask))
        do(SIOCSIFFLAGS, struct.pack("H", IFF_UP_RUNNING))


def make(place):
    """A namespace with its interface: (tun, address, fd of it)."""
    libc_call("unshare", CLONE_NEWNET)
    fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22s", b"net0",
                                            IFF_TUN | IFF_NO_PI, b""))
    address = NET + str(place + 1)
    _up(b"lo")
    _up(b"net0", address)
    return tun, address, fd


class Wire:
    """The packets between the nodes."""

    GOOD = {"lost": 0, "twice": 0, "delay": 0, "jitter": 0, "down": False}

    def __init__(self, nodes):
        self.rng = random.Random(int(os.environ.get("DK_SEED") or 1))
        self.made = [make(i) for i in range(len(nodes))]
        self.nodes = nodes
        self.state, self.late, self.count = {}, [], 0
        self.stats = dict.fromkeys(("passed", "lost", "cut", "delayed",
                                    "twice"), 0)

    def ready(self):
        return {node: [address, "/proc/%d/fd/%d" % (os.getpid(), fd)]
                for node, (_, address, fd) in zip(self.nodes, self.made)}

    def obey(self, line):
        order = json.loads(line)
        if order.get("stats"):
            print(json.dumps(self.stats), flush=True)
            return
        key = (self.nodes.index(order.pop("from")),
               self.nodes.index(order.pop("to")))
        self.state[key] = dict(self.GOOD, **order)

    def packet(self, source, data):
        if len(data) < 20 or data[0] >> 4 != 4 or data[16:19] != \
                socket.inet_aton(NET + "0")[:3]:
            return  # IPv6's chatter
        target = data[19] - 1
        if target == source or not 0 <= target < len(self.made):
            return
        state = self.state.get((source, target), self.GOOD)
        if state["down"]:
            self.stats["cut"] += 1
            return
        if self.rng.random() < state["lost"]:
            self.stats["lost"] += 1
            return
        for _ in range(1 + (self.rng.random() < state["twice"])):
            self.stats["twice"] += _
            wait = state["delay"] + self.rng.random() * state["jitter"]
            if wait:
                self.stats["delayed"] += 1
                self.count += 1
                heapq.heappush(self.late, (time.monotonic() + wait / 1000,
                                           self.count, target, data))
            else:
                self.write(target, data)

    def write(self, target, data):
        self.stats["passed"] += 1
        try:
            os.write(self.made[target][0], data)
        except OSError:
            pass  # a full queue, or an interface that is going down

    def read(self, source):
        for _ in range(64):
            try:
                self.packet(source, os.read(self.made[source][0], 65536))
            except BlockingIOError:
                return

    def run(self):
        poll = select.poll()
        tuns = {tun: i for i, (tun, _, _) in enumerate(self.made)}
        for fd in [0, *tuns]:
            poll.register(fd, select.POLLIN)
        rest = b""
        while True:
            wait = None
            if self.late:
                wait = max(0, (self.late[0][0] - time.monotonic()) * 1000)
            for fd, _ in poll.poll(wait):
                if fd != 0:
                    self.read(tuns[fd])
                    continue
                data = os.read(0, 65536)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self.obey(line)
            while self.late and self.late[0][0] <= time.monotonic():
                _, _, target, data = heapq.heappop(self.late)
                self.write(target, data)


class Lab:
    """The wire in a process of its own, for a test's world."""

    def __init__(self, world, *nodes, seed=1):
        read, self.orders = os.pipe()
        self.process = world.python("netlab.py", *nodes, stdin=read,
                                    env={"DK_SEED": str(seed)})
        os.close(read)
        self.process.line(r"^\{.*\}\n", path=self.process.out)
        self.nodes = json.loads(self.process.output().splitlines()[0])
        self.names, self.lock = nodes, threading.Lock()

    def address(self, node):
        return self.nodes[node][0]

    def path(self, node):
        return self.nodes[node][1]

    def prefix(self, node):
        return prefix(self.path(node))

    def order(self, **order):
        with self.lock:
            os.write(self.orders, json.dumps(order).encode() + b"\n")

    def link(self, one, other, both=True, **state):
        """The state of the way from `one` to `other` (and back)."""
        self.order(**{"from": one, "to": other}, **state)
        if both:
            self.order(**{"from": other, "to": one}, **state)

    def heal(self):
        for one in self.names:
            for other in self.names:
                if one != other:
                    self.link(one, other, both=False)

    def stats(self):
        before = self.process.output().count("\n")
        self.order(stats=True)
        self.process.line(r"^(.*\n){%d}" % (before + 1),
                          path=self.process.out)
        return json.loads(self.process.output().splitlines()[before])

    def close(self):
        self.process.expected_end = True
        os.close(self.orders)


def why_not():
    """Why there can be no such network here; "": there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/dev/net/tun"):
        return "this machine has no /dev/net/tun"
    found = []

    def look():  # in a thread: what it makes is gone with it
        try:
            tun, _, fd = make(0)
            os.close(tun)
            os.close(fd)
        except OSError as error:
            found.append("no namespace with an interface: %s" % error)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0] if found else ""


if __name__ == "__main__":
    WIRE = Wire(sys.argv[1:])
    print(json.dumps(WIRE.ready()), flush=True)
    WIRE.run()
