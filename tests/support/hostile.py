"""Bytes of people who mean no good: ZMTP written by hand, a recording proxy,
and the fate of connections.

Nothing here knows docket; it knows ZMTP 3 (RFC 23, 26) and sockets.
"""

import os
import select
import socket
import struct
import threading
import time

MORE, LONG, COMMAND = 1, 2, 4
HUGE = 1 << 62


# ---- ZMTP by hand

def greeting(mechanism=b"NULL", version=(3, 0), server=0):
    return b"\xff" + bytes(8) + b"\x7f" + bytes(version) + \
        mechanism.ljust(20, b"\0") + bytes([server]) + bytes(31)


def frame(body=b"", flags=0, size=None):
    """A frame; `size` lies about its length."""
    size = len(body) if size is None else size
    if size > 255 or flags & LONG:
        return struct.pack(">BQ", flags | LONG, size) + body
    return struct.pack(">BB", flags, size) + body


def message(parts):
    return b"".join(frame(part, MORE if i + 1 < len(parts) else 0)
                    for i, part in enumerate(parts))


def ready(kind=b"DEALER", identity=b""):
    body = b"\x05READY"
    for name, value in ((b"Socket-Type", kind), (b"Identity", identity)):
        body += bytes([len(name)]) + name + struct.pack(">I", len(value)) + \
            value
    return frame(body, COMMAND)


def one_frame(data):
    """The length of the first frame of `data`; None: it is not whole."""
    if len(data) < 2 or data[0] & LONG and len(data) < 9:
        return None
    size = 2 + data[1]
    if data[0] & LONG:
        size = 9 + struct.unpack_from(">Q", data, 1)[0]
    return size if size <= len(data) else None


def split(data):
    """(greeting, whole frames, rest) of one direction of a connection."""
    rest, frames = data[64:], []
    while True:
        size = one_frame(rest)
        if size is None:
            return data[:64], frames, rest
        frames.append(rest[:size])
        rest = rest[size:]


def body_of(one):
    return one[9:] if one[0] & LONG else one[2:]


# ---- sockets

def connect(endpoint, blocking=True):
    kind, where = endpoint.split("://", 1)
    if kind == "ipc":
        sock = socket.socket(socket.AF_UNIX)
        where = where if where[0] != "@" else "\0" + where[1:]
    else:
        sock = socket.socket()
        host, port = where.rsplit(":", 1)
        where = (host, int(port))
    sock.setblocking(blocking)
    if blocking:
        sock.settimeout(10)
    try:
        sock.connect(where)
    except BlockingIOError:
        pass
    return sock


class Raw:
    """One connection that speaks ZMTP with the NULL mechanism, by hand."""

    def __init__(self, endpoint, identity=b"", start=None):
        self.sock = connect(endpoint)
        self.data = b""
        self.sock.sendall(start or greeting() + ready(identity=identity))
        self.welcome = False
        self.welcome = self.answer(10, welcome=True) is not None

    def send(self, data):
        """False: the peer hung up before it had read all of it."""
        try:
            self.sock.settimeout(30)
            self.sock.sendall(data)
        except ConnectionError:
            return False
        return True

    def answer(self, deadline, welcome=False):
        """The parts of the next message (or its READY command, before which
        libzmq takes no message); None when the peer hangs up.
        """
        end = time.monotonic() + deadline
        while True:
            parts, used = [], 64
            for one in split(self.data)[1]:
                used += len(one)
                if one[0] & COMMAND:
                    if welcome:
                        return [body_of(one)]
                    continue
                parts.append(body_of(one))
                if not one[0] & MORE:
                    self.data = self.data[:64] + self.data[used:]
                    return parts
            self.sock.settimeout(max(0.001, end - time.monotonic()))
            try:
                more = self.sock.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                return None
            self.data += more

    def close(self):
        self.sock.close()


class Fate:
    """What became of one connection."""

    def __init__(self, endpoint, data):
        self.sock = connect(endpoint, blocking=False)
        self.left = memoryview(data)
        self.began = time.monotonic()
        self.closed = None  # seconds until the peer hung up
        self.heard = 0

    def on(self, events):
        try:
            if events & select.EPOLLOUT and self.left:
                sent = self.sock.send(self.left[:1 << 18])
                self.left = self.left[sent:]
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                data = self.sock.recv(65536)
                self.heard += len(data)
                if not data:
                    self.end()
        except BlockingIOError:
            pass
        except OSError:
            self.end()

    def end(self):
        self.closed = time.monotonic() - self.began
        self.sock.close()


def fates(attacks, seconds):
    """Make all these connections at once, [(key, endpoint, bytes)], say the
    bytes, and wait until the peers hung up or `seconds` are over.  {key: Fate}.
    """
    poll, by_fd, found = select.epoll(), {}, {}
    for key, endpoint, data in attacks:
        fate = found[key] = Fate(endpoint, data)
        by_fd[fate.sock.fileno()] = fate
        poll.register(fate.sock, select.EPOLLIN | select.EPOLLOUT)
    end = time.monotonic() + seconds
    while by_fd and time.monotonic() < end:
        for fd, events in poll.poll(max(0, end - time.monotonic())):
            fate = by_fd[fd]
            fate.on(events)
            if fate.closed is not None:
                del by_fd[fd]
            elif not fate.left:
                poll.modify(fd, select.EPOLLIN)
    for fate in by_fd.values():
        fate.sock.close()
    poll.close()
    return found


class Stream:
    """One direction of a connection, cut into frames for `edit`."""

    def __init__(self, edit):
        self.edit, self.greeting, self.rest, self.n = edit, 64, b"", 0

    def feed(self, data):
        k = min(self.greeting, len(data))
        out, self.greeting = data[:k], self.greeting - k
        self.rest += data[k:]
        while True:
            size = one_frame(self.rest)
            if size is None:
                return out
            out += self.edit(self.n, self.rest[:size])
            self.rest = self.rest[size:]
            self.n += 1


class Proxy(threading.Thread):
    """A man in the middle: passes bytes on, remembers what clients said, and
    lets `edit(number, frame)` change each of their frames.
    """

    def __init__(self, target, edit=lambda number, frame: frame):
        super().__init__(daemon=True)
        self.target = target
        self.edit = edit
        self.said = []  # for each connection, the client's bytes
        self.hung_up = 0  # connections that the target ended
        self._other, self._index, self._stream = {}, {}, {}
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "tcp://127.0.0.1:%d" % self._server.getsockname()[1]
        self._end = os.pipe()
        self.start()

    def stop(self):
        os.write(self._end[1], b"x")
        self.join(10)
        for fd in self._end:
            os.close(fd)

    def run(self):
        while True:
            now = select.select([self._server, self._end[0]] +
                                list(self._other), [], [])[0]
            if self._end[0] in now:
                break
            for sock in now:
                if sock is self._server:
                    self._accept()
                elif sock in self._other:
                    self._pass(sock)
        for sock in self._other:
            sock.close()
        self._server.close()

    def _accept(self):
        near, far = self._server.accept()[0], connect(self.target)
        self._other[near], self._other[far] = far, near
        self._index[near] = len(self.said)
        self._stream[near] = Stream(self.edit)
        self.said.append(b"")

    def _pass(self, sock):
        try:
            data = sock.recv(65536)
            if data:
                if sock in self._index:
                    self.said[self._index[sock]] += data
                    data = self._stream[sock].feed(data)
                self._other[sock].sendall(data)
                return
        except OSError:
            pass
        self.hung_up += sock not in self._index
        far = self._other.pop(sock)
        del self._other[far]
        sock.close()
        far.close()


# ---- what a process takes

def memory(pid, name="VmRSS"):
    """KiB: VmRSS now, VmHWM at most."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise AssertionError("no " + name)


def files(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def processor(pid):
    """Seconds of processor so far."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
