"""A worker in a process of its own, to be frozen and killed from outside.

    pyworker.py ENDPOINT SERVICE NAME CREDIT [BEHAVIOUR]

Behaviours: answer (default; a new case is registered, assigned and
transferred), hold (takes tasks and never answers), die (ends by SIGKILL on
its first task), slow (a tenth of a second for each), rubbish (answers what
means nothing), fail (says that it cannot).  Prints a line for each task.
"""

import os
import signal
import sys
import time

import dkproto


def commands(task):
    """What the simplest assignment service answers."""
    if task["service"] != "assign" or task["event"]["type"] != "submitted":
        return []
    return [{"action": "register"}, {"action": "assign", "unit": "u-py"},
            {"action": "transfer"}]


def serve(worker, behaviour):
    beat = 0.0
    while True:
        if time.monotonic() - beat > worker.welcome["heartbeat_ms"] / 2000:
            worker.beat()
            beat = time.monotonic()
        try:
            message = worker.recv(0.05)
        except dkproto.Timeout:
            continue
        if message.type == "problem" and \
                message.body["type"].endswith("hello-first"):
            worker.hello()
        if message.type != "task":
            continue
        task = message.body
        print("task", task["task_id"], task["lease"], task["attempt"],
              flush=True)
        if behaviour == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif behaviour == "slow":
            time.sleep(0.1)
        elif behaviour == "rubbish":
            worker.send("result", b'{"rubbish":', task["lease"])
            worker.tell("result", task, commands=[{"action": "fly"}])
            continue
        elif behaviour == "fail":
            worker.fail(task, "cannot be done", retry_after_ms=1)
            continue
        if behaviour != "hold":
            worker.tell("result", task, commands=commands(task))


def main():
    endpoint, service, name, credit = sys.argv[1:5]
    behaviour = sys.argv[5] if len(sys.argv) > 5 else "answer"
    with dkproto.Worker(endpoint, service, name, int(credit)) as worker:
        while True:
            try:
                worker.hello(2)
                break
            except dkproto.Timeout:
                worker.reopen()
        print("hello", flush=True)
        serve(worker, behaviour)


if __name__ == "__main__":
    main()
