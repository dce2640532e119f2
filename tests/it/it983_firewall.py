#!/usr/bin/python3
"""The firewall of docs/SECURITY.md, loaded as it stands there.

In a network namespace of its own: who is outside of the kiosks' networks gets
no connection, nobody gets more than 20 new ones a second or 50 at once, and
nobody's are taken from somebody else.  The control is the same without rules.
"""
import ctypes
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402
import netlab  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PORT = 7070


def rules():
    """The block of the document, as an operator would copy it."""
    with open(os.path.join(ROOT, "docs", "SECURITY.md"),
              encoding="utf-8") as file:
        text = file.read()
    block = re.search(r"\n    # [^\n]*\n    table inet docket \{\n.*?\n    \}\n",
                      text, re.S)
    return block.group(0)


def connect(source, many):
    """So many connections begun at once from an address."""
    begun = []
    for _ in range(many):
        sock = socket.socket()
        sock.setblocking(False)
        sock.bind((source, 0))
        sock.connect_ex(("127.0.0.1" if source.startswith("127.")
                         else "10.0.0.1", PORT))
        begun.append(sock)
    return begun


def there(begun):
    """How many of them are connected."""
    return sum(1 for sock in select.select([], begun, [], 0)[1]
               if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0)


def settle(begun, wanted, seconds):
    """Wait until so many are there, or the time is over."""
    end = time.monotonic() + seconds
    while there(begun) < wanted and time.monotonic() < end:
        select.select([], [s for s in begun if not there([s])], [], 0.02)
    return there(begun)


def inside():
    """In the namespace: what gets through, without rules and with them."""
    netlab.libc_call("unshare", ctypes.c_int(netlab.CLONE_NEWNET))
    netlab._up(b"lo", "127.0.0.1", "255.0.0.0")
    netlab._up(b"lo:1", "10.0.0.1", "255.0.0.0")  # all of it is here
    door = socket.socket()
    door.bind(("0.0.0.0", PORT))
    door.listen(1000)
    said = {"stranger before": settle(connect("127.0.0.1", 1), 1, 5),
            "many before": settle(connect("10.0.0.2", 60), 60, 5)}
    subprocess.run(["nft", "-f", "-"], input=rules().encode(), check=True)
    said["table"] = subprocess.run(["nft", "list", "table", "inet", "docket"],
                                   check=True, capture_output=True
                                   ).stdout.decode()
    said["stranger"] = settle(connect("127.0.0.1", 1), 1, 1.2)
    burst = connect("10.0.0.3", 35)
    said["at once"] = settle(burst, 35, 0.3)
    said["somebody else"] = settle(connect("10.0.0.4", 1), 1, 5)
    # Those that were dropped try again by themselves: a second later, three ...
    said["after a while"] = settle(burst, 35, 12)
    crowd = burst + connect("10.0.0.3", 25)
    settle(crowd, 50, 12)
    said["at most"] = settle(crowd, 51, 2.2)
    print(json.dumps(said))


class Firewall(unittest.TestCase):
    @unittest.skipUnless(shutil.which("nft"), "no nft here (nftables)")
    @unittest.skipUnless(os.geteuid() == 0, "only root makes a namespace")
    def test_the_firewall_of_the_document_does_what_it_says(self):
        self.assertIn("dport %d" % PORT, rules())
        done = subprocess.run([sys.executable, os.path.abspath(__file__),
                               "--inside"], capture_output=True, check=False,
                              timeout=60 * dkworld.STRETCH)
        if done.returncode != 0 and b"Operation not permitted" in done.stderr:
            self.skipTest("no network namespace here")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        said = json.loads(done.stdout)
        table = said.pop("table")
        print(said, flush=True)
        self.assertEqual(table.count("drop"), 3, table)
        # Without rules everybody comes in, so the rest is the rules' doing.
        self.assertEqual((said["stranger before"], said["many before"]),
                         (1, 60))
        self.assertEqual(said["stranger"], 0)
        self.assertLess(said["at once"], 35)  # 20, and 20 in each second
        self.assertGreaterEqual(said["at once"], 20)
        self.assertEqual(said["somebody else"], 1)
        self.assertEqual(said["after a while"], 35)
        self.assertEqual(said["at most"], 50)


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside()
    else:
        unittest.main(verbosity=2)
