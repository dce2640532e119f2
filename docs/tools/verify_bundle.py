#!/usr/bin/python3
"""Check a bundle of `docketctl export` without docket: verify_bundle.py BUNDLE PUBLIC-KEY"""
import json
import re
import sys
from hashlib import blake2b
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

def digest(data):
    return blake2b(data, digest_size=32).digest()

def need(good, what):
    if not good:
        raise ValueError(what)

def check(bundle, public_key):
    key, roots = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)), {}
    for c in bundle["checkpoints"]:
        key.verify(bytes.fromhex(c["signature"]), c["text"].encode())
        lines = dict(line.split(" ", 1) for line in c["text"].splitlines())
        need(lines["docket"] == "checkpoint 1" and lines["number"] == c["number"], "not checkpoint " + c["number"])
        first, last = map(int, lines["events"].split())
        roots[c["number"]] = (first, last, bytes.fromhex(lines["root"]))
    need(bundle["events"], "no events")
    head, case = bytes(32), "".join(bundle["case_no"].split("-")[1:3])
    for n, e in enumerate(bundle["events"], 1):
        need(e["text"].split("\n")[:2] == [case, str(n)] and e["n"] == n, "not event %d of this case" % n)
        head = digest(head + e["text"].encode())
        need(head.hex() == e["hash"], "the chain breaks at event %d" % n)
        need(e["checkpoint"] in roots, "event %d is not signed yet" % n)
        first, last, root = roots[e["checkpoint"]]
        node = digest(b"\0" + int(e["seq"]).to_bytes(8, "big") + head)
        for step in e["path"]:
            beside = bytes.fromhex(re.fullmatch("[LR]:([0-9a-f]{64})", step)[1])
            node = digest(b"\1" + (beside + node if step[0] == "L" else node + beside))
        need(node == root and first <= int(e["seq"]) <= last, "event %d is not what checkpoint %s signed" % (n, e["checkpoint"]))

if __name__ == "__main__":
    check(json.load(open(sys.argv[1], encoding="utf-8")), sys.argv[2])
    print("good: every event is what the checkpoints signed")
