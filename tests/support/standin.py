"""What docketd is not: a plain ROUTER that knows no keys, believes everything,
and a socket that listens to everybody for ever.

Tests of hostile peers hold the same check against it, which must fail there.
It answers each message by `done` with what it has counted: messages, cases
(one for each case.submit) and the name that the last body gave.

    standin.py PATH      prints: ready tcp=.. ipc=.. sink=.. believer=..

sink says nothing; believer goes through a handshake and then believes every
length that it is told, and waits for the rest.
"""

import json
import selectors
import socket
import sys
import threading

import zmq

import hostile

BODY = 3  # of version, type, request, body


def count(counted, parts):
    counted["messages"] += 1
    if len(parts) != BODY + 1:
        return b""
    if parts[1] == b"case.submit":
        counted["cases"] += 1
    try:
        body = json.loads(parts[BODY][:65536])
    except ValueError:
        body = {}
    counted["name"] = body.get("actor") or body.get("worker")
    return parts[2]


def serve(router):
    counted = {"messages": 0, "cases": 0, "name": None}
    while True:
        try:
            peer, *parts = router.recv_multipart()
        except zmq.ZMQError as error:
            print("error %s" % error, file=sys.stderr)
            continue
        request = count(counted, parts)
        router.send_multipart([peer, b"DKT1", b"done", request,
                               json.dumps(counted).encode()])


def sink(says=b""):
    """Accept, say this, read, never hang up: its port, and what to run."""
    server = socket.create_server(("127.0.0.1", 0), backlog=128)
    server.setblocking(False)
    poll = selectors.DefaultSelector()
    poll.register(server, selectors.EVENT_READ)

    def run():
        while True:
            for key, _ in poll.select():
                if key.fileobj is server:
                    peer = server.accept()[0]
                    poll.register(peer, selectors.EVENT_READ)
                    peer.send(says)
                    continue
                try:
                    gone = not key.fileobj.recv(1 << 16)
                except OSError:
                    gone = True
                if gone:
                    poll.unregister(key.fileobj)
                    key.fileobj.close()
    return server.getsockname()[1], run


def main():
    router = zmq.Context().socket(zmq.ROUTER)
    router.setsockopt(zmq.LINGER, 0)
    router.setsockopt(zmq.HANDSHAKE_IVL, 0)  # waits for ever
    router.setsockopt(zmq.ROUTER_HANDOVER, 1)  # whoever comes later wins
    tcp = router.bind_to_random_port("tcp://127.0.0.1")
    router.bind("ipc://" + sys.argv[1])
    ports = []
    for says in (b"", hostile.greeting() + hostile.ready(b"ROUTER")):
        port, run = sink(says)
        ports.append("tcp://127.0.0.1:%d" % port)
        threading.Thread(target=run, daemon=True).start()
    print("ready tcp=tcp://127.0.0.1:%d ipc=ipc://%s sink=%s believer=%s" %
          (tcp, sys.argv[1], *ports), flush=True)
    serve(router)


if __name__ == "__main__":
    main()
