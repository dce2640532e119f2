"""Natural days against a stranger: limits of random cases as core counts them
(tests/support/limit_dump), and as Python's datetime and zoneinfo do.

    limit_oracle.py LIMIT_DUMP [--count N] [--seed N]

A limit of n days from an instant ends with the n-th local day after its day:
it is due at the first instant of the local day after that.
"""

import argparse
import datetime
import subprocess
import sys
import time
import zoneinfo

ZONES = {"UTC0": "UTC", "CST-8": "Asia/Shanghai",
         "EST5EDT,M3.2.0,M11.1.0": "America/New_York"}


def due(zone, start, days):
    """In milliseconds; whole seconds decide on which day an instant is."""
    first = datetime.datetime.fromtimestamp(start // 1000, zone).date()
    late = first + datetime.timedelta(days + 1)
    return int(datetime.datetime(late.year, late.month, late.day,
                                 tzinfo=zone).timestamp()) * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dump")
    parser.add_argument("--count", type=int, default=1000000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2 ** 32)
    options = parser.parse_args()
    print("seed %d" % options.seed, flush=True)
    try:
        zones = {name: zoneinfo.ZoneInfo(known)
                 for name, known in ZONES.items()}
    except zoneinfo.ZoneInfoNotFoundError as error:
        print("skipped: %s (package tzdata)" % error)
        return 77
    began = time.monotonic()
    seen = dict.fromkeys(zones, 0)
    wrong = 0
    with subprocess.Popen([options.dump, str(options.seed),
                           str(options.count)], stdout=subprocess.PIPE,
                          text=True) as dump:
        for line in dump.stdout:
            name, start, days, got = line.split()
            seen[name] += 1
            want = due(zones[name], int(start), int(days))
            if want != int(got):
                wrong += 1
                if wrong <= 20:
                    print("%s from %s, %s days: core %s, Python %d" %
                          (name, start, days, got, want), file=sys.stderr)
    print("%d limits compared in %.1f s, %d differ: %s" %
          (sum(seen.values()), time.monotonic() - began, wrong, seen))
    enough = sum(seen.values()) == options.count and \
        min(seen.values()) > options.count / 4
    return 0 if wrong == 0 and dump.returncode == 0 and enough else 1


if __name__ == "__main__":
    sys.exit(main())
