"""What the programs of the battery (it97x) share: seeds, budgets, reading
back, and controls.

Without DK_BUDGET a program runs one round: its short form.  With it (seconds)
it runs round after round, each with the next seed, until the time is over;
script/soak does that.  DK_SEED plays one seed again.
"""

import os
import random
import time

import checker
import dkproto


def rounds():
    """A random generator for each round; its seed is printed."""
    budget = float(os.environ.get("DK_BUDGET") or 0)
    began, count = time.monotonic(), 0
    seed = int(os.environ.get("DK_SEED") or
               random.SystemRandom().getrandbits(31))
    while True:
        print("seed %d (repeat with DK_SEED=%d)" % (seed, seed), flush=True)
        yield random.Random(seed)
        count, seed = count + 1, seed + 1
        if time.monotonic() - began >= budget or (
                os.environ.get("DK_SEED") and not budget):
            break
    print("%d rounds in %.0f s" % (count, time.monotonic() - began),
          flush=True)


def number(name, default):
    """A size of the round, from the environment."""
    return int(os.environ.get(name) or default)


def read_back(world, client):
    """All events of the stream, by a follower of their own."""
    last = client.call("stats")["store"]["events"]
    with dkproto.Follower(world.broker.clients, 1, 5000) as follower:
        follower.follow()
        return follower.drain(until=last, deadline=120) if last else []


def check(history, events, client=None, report=None):
    """The stream and the history; the case files and chains too where there
    is somebody to ask.
    """
    report = report or checker.Report()
    by_case = checker.group(events)
    checker.check_stream(events, report)
    checker.check_history(history, events, report)
    checker.check_actions(history, events, report)
    if client is None:
        return report
    checker.check_cases(by_case, client.pages("case.list", limit=100), report)
    cases, count, faults = client.verify_all()
    if faults:
        report.broken.append("verify: %s" % faults[:5])
    if (cases, count) != (len(by_case), len(events)):
        report.mismatched.append("verify saw %d cases and %d events" % (
            cases, count))
    return report


def without(events, case):
    """The stream as if a case had never been stored, numbered anew."""
    return renumbered([e for e in events if e["case_no"] != case])


def doubled(events, case, again):
    """The stream as if a case had been stored once more as `again`."""
    return renumbered(events + [dict(e, case_no=again) for e in events
                                if e["case_no"] == case])


def renumbered(events):
    return [dict(event, seq=str(place))
            for place, event in enumerate(events, 1)]
