"""Measure docketd; script/bench calls this when everything is built.

    bench/run.py --bin BUILD [--parts LIST] [--rounds N] [--seconds S] ...

Prints one JSON line for each result, keeps them in a file, and at the end shows
the medians as tables and draws the curves (bench/table.py, bench/draw.py).
"""
import argparse
import os
import resource
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import draw  # noqa: E402
import parts  # noqa: E402
import table  # noqa: E402
import world  # noqa: E402

sys.path.insert(0, os.path.join(world.ROOT, "bench", "peers"))
import peers  # noqa: E402

PARTS = dict(parts.PARTS, peers=peers.peers)
USUAL = "submit,life,size,clocks,load,slow,idle,storage"


def numbers(text):
    return [int(word) for word in text.split(",") if word]


def options():
    o = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    o.add_argument("--bin", required=True, help="folder of a build")
    o.add_argument("--data", default=os.path.join(world.ROOT, "build/bench"),
                   help="where stores and results go")
    o.add_argument("--out", help="the file of results")
    o.add_argument("--parts", default=USUAL,
                   help="of %s (default: all but peers)" % ", ".join(PARTS))
    o.add_argument("--rounds", type=int, default=3)
    o.add_argument("--seconds", type=float, default=3.0,
                   help="of each load or list of reads")
    o.add_argument("--cases", type=int, default=3000,
                   help="lived through in one measurement of lives")
    o.add_argument("--sizes", type=numbers, default=[1000, 100000],
                   help="cases of the made stores: 1000,100000,1000000")
    o.add_argument("--most", type=int, default=12,
                   help="events of a case in them, at most; 0: whole lives")
    o.add_argument("--clocks", type=int, default=100000,
                   help="running clocks of the store with many of them")
    o.add_argument("--due", type=numbers, default=[1000, 10000],
                   help="limits that end on one instant")
    o.add_argument("--escalators", type=int, default=1,
                   help="escalation services meanwhile")
    o.add_argument("--closed", type=int, default=2000,
                   help="closed cases whose bytes are counted")
    o.add_argument("--idle", type=float, default=20.0,
                   help="seconds of doing nothing")
    o.add_argument("--peers", default=",".join(peers.PEERS),
                   help="which of them")
    return o.parse_args()


def main():
    o = options()
    wanted = [p for p in o.parts.split(",") if p]
    for part in wanted:
        if part not in PARTS:
            sys.exit("no part '%s'; there are: %s" % (part, ", ".join(PARTS)))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    bench = world.Bench(o.bin, o.data, o.out)
    try:
        for part in wanted:
            PARTS[part](bench, o)
    except (world.Failed, KeyboardInterrupt) as error:
        sys.exit("bench: %s" % error)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        bench.close()
    print()
    table.show(bench.rows, sys.stdout)
    drawn = draw.all_of(bench.rows, os.path.splitext(bench.out)[0])
    for path in [bench.out] + drawn:
        print(os.path.relpath(path))


if __name__ == "__main__":
    main()
