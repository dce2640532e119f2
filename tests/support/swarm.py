"""Many attackers in one process, so that they take little of the machine.

    swarm.py ENDPOINT KIND=COUNT... [--again SECONDS] [--said FILE] [--server KEY]

Kinds: silent; half (of a greeting); http; ready (a whole handshake without
keys, then nothing); hello (a recorded greeting and HELLO, then nothing);
replay (a recorded session, piece by piece); key (libzmq with a key of nobody).
Who is hung up on comes back after --again seconds.

Lines on standard input: go, calm (who is hung up on stays away), stop (all hang
up), end.  Each is answered by a line of JSON: what happened since go.
"""

import argparse
import heapq
import json
import os
import resource
import select
import sys
import time

import zmq

import hostile

NEW_AT_ONCE = 200  # connections in one turn, so that none waits long


def raise_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def speech(kind, said):
    """What is said: at once, and after each time the broker has spoken."""
    head, frames, _ = hostile.split(said)
    return {"silent": [b""], "half": [hostile.greeting(b"CURVE")[:33]],
            "http": [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
            "ready": [hostile.greeting() + hostile.ready()],
            "hello": [head, b"".join(frames[:1])],
            "replay": [head, b"".join(frames[:1]), b"".join(frames[1:])]}[kind]


class Swarm:
    def __init__(self, args):
        self.args = args
        said = open(args.said, "rb").read() if args.said else b""
        self.kinds = {}
        self.keys = 0
        for word in args.kind:
            kind, count = word.split("=")
            if kind == "key":
                self.keys = int(count)
            else:
                self.kinds[kind] = int(count), speech(kind, said)
        self.context = zmq.Context()
        self.poll = select.epoll()
        self.poll.register(0, select.EPOLLIN)
        self.on = False
        self.clear()

    def clear(self):
        self.open, self.due, self.dealers = {}, [], []
        self.told = {"opened": 0, "hung_up": 0, "most": 0, "failed": 0}

    def start(self):
        self.on = True
        now = time.monotonic()
        order = [k for k, (n, _) in self.kinds.items() for _ in range(n)]
        self.due = [(now + self.args.spread * i / max(1, len(order)), i, kind)
                    for i, kind in enumerate(order)]
        heapq.heapify(self.due)
        self.dealers = [[now + self.args.again * i / max(1, self.keys), None]
                        for i in range(self.keys)]

    def stop(self):
        self.on = False
        for sock, _ in self.open.values():
            self.poll.unregister(sock)
            sock.close()
        for _, dealer in self.dealers:
            if dealer is not None:
                dealer.close(0)
        self.clear()

    def connect(self, number, kind):
        try:
            sock = hostile.connect(self.args.endpoint, blocking=False)
            self.poll.register(sock, select.EPOLLIN | select.EPOLLOUT)
        except OSError:  # no room: later
            self.told["failed"] += 1
            heapq.heappush(self.due, (time.monotonic() + 0.2, number, kind))
            return
        self.open[sock.fileno()] = sock, [0, number, kind]

    def renew(self, now):
        for slot in self.dealers:
            if slot[0] > now:
                continue
            if slot[1] is not None:
                slot[1].close(0)
            slot[0], slot[1] = now + self.args.again, self.context.socket(
                zmq.DEALER)
            public, secret = zmq.curve_keypair()
            slot[1].curve_publickey, slot[1].curve_secretkey = public, secret
            slot[1].curve_serverkey = self.args.server.encode()
            slot[1].connect(self.args.endpoint)
            self.told["opened"] += 1

    def event(self, fd, events):
        sock, state = self.open[fd]
        words = self.kinds[state[2]][1]
        try:
            if events & select.EPOLLOUT:
                self.told["opened"] += 1
                sock.send(words[0])
                state[0] = 1
                self.poll.modify(fd, select.EPOLLIN)
            elif not sock.recv(65536):
                raise ConnectionResetError
            elif state[0] < len(words):
                sock.send(words[state[0]])
                state[0] += 1
        except BlockingIOError:
            return
        except OSError:
            self.told["hung_up"] += state[0] > 0
            self.poll.unregister(sock)
            sock.close()
            del self.open[fd]
            if self.on:
                heapq.heappush(self.due, (time.monotonic() + self.args.again,
                                          state[1], state[2]))

    def turn(self):
        now = time.monotonic()
        for _ in range(NEW_AT_ONCE):
            if not self.due or self.due[0][0] > now:
                break
            _, number, kind = heapq.heappop(self.due)
            self.connect(number, kind)
        self.renew(now)
        for fd, events in self.poll.poll(0.01, 1000):
            if fd == 0:
                self.command()
            elif fd in self.open:
                self.event(fd, events)
        self.told["most"] = max(self.told["most"], len(self.open))

    def command(self):
        line = os.read(0, 4096).decode()
        print(json.dumps(dict(self.told, now=len(self.open))), flush=True)
        if not line or "end" in line:
            sys.exit(0)
        if "stop" in line:
            self.stop()
        elif "calm" in line:
            self.on, self.due, self.dealers = False, [], []
        elif "go" in line and not self.on:
            self.start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("endpoint")
    parser.add_argument("kind", nargs="+")
    parser.add_argument("--again", type=float, default=1.0)
    parser.add_argument("--spread", type=float, default=1.0)
    parser.add_argument("--said")
    parser.add_argument("--server")
    print(json.dumps({"files": raise_files()}), flush=True)
    swarm = Swarm(parser.parse_args())
    while True:
        swarm.turn()


if __name__ == "__main__":
    main()
