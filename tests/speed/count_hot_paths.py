#!/usr/bin/python3
"""The instructions that the hot paths of core and proto take, against bounds.

    count_hot_paths.py PROGRAM [--write]

Runs each path of hot_paths.c under callgrind and compares the instructions for
one round with hot_paths.txt: 3 % more or less fails.  Only instructions of the
program's own object count, not those of libc and cJSON: those choose their
code by the processor.  What is left depends on the compiler alone, so the test
is made only where hot_paths.txt says that the numbers hold (CMakeLists.txt).
A change on purpose writes the new numbers by --write, and its commit says why.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BOUNDS = os.path.join(HERE, "hot_paths.txt")
TIMES = 40
MOST = 0.03
SKIP = 77


def own_instructions(text, program):
    """Sum the self cost of the object `program` in callgrind's output."""
    names, own, total, skip = {}, False, 0, False
    for line in text.splitlines():
        m = re.match(r"ob=\((\d+)\)(?: (.*))?$", line)
        if m:
            if m[2] is not None:
                names[m[1]] = m[2]
            own = names[m[1]] == program
        elif line.startswith("cob=("):
            m = re.match(r"cob=\((\d+)\)(?: (.*))?$", line)
            if m[2] is not None:
                names[m[1]] = m[2]
        elif line.startswith("calls="):
            skip = True  # the next line is the cost of the call
        elif re.match(r"[+\-*\d]", line):
            if own and not skip:
                total += int(line.split()[1])
            skip = False
    return total


def count(program, path, times):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", "--collect-atstart=no",
             f"--toggle-collect=path_{path}", f"--callgrind-out-file={out}",
             program, path, str(times)], check=True, timeout=60)
        with open(out, encoding="utf-8", errors="replace") as f:
            return own_instructions(f.read(), program) // TIMES


def read_bounds():
    with open(BOUNDS, encoding="utf-8") as f:
        lines = [x.split() for x in f if x.strip() and not x.startswith("#")]
    return {name: int(number) for name, number in lines}


def write_bounds(found):
    with open(BOUNDS, encoding="utf-8") as f:
        head = [x for x in f if x.startswith("#")]
    with open(BOUNDS, "w", encoding="utf-8") as f:
        f.writelines(head)
        f.writelines(f"{name} {n}\n" for name, n in found.items())


def within(n, bound):
    return abs(n - bound) <= MOST * bound


def main():
    program = os.path.realpath(sys.argv[1])
    try:
        subprocess.run(["valgrind", "--version"], check=True,
                       stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        print("skipped: valgrind does not run here (Debian: valgrind)")
        return SKIP
    bounds = read_bounds()
    found = {path: count(program, path, TIMES) for path in bounds}
    if "--write" in sys.argv[2:]:
        write_bounds(found)
        return 0
    bad = 0
    for path, n in found.items():
        good = within(n, bounds[path])
        bad += not good
        print(f"{'ok ' if good else 'BAD'} {path}: {n} instructions, "
              f"{bounds[path]} expected ({n / bounds[path] - 1:+.2%})")
    # A twentieth more work must be seen, or this measures nothing.
    more = count(program, "write", TIMES + TIMES // 20)
    if within(more, bounds["write"]):
        bad += 1
        print(f"BAD write: {TIMES // 20} rounds more went unseen ({more})")
    if bad:
        print("If the change is on purpose: count_hot_paths.py PROGRAM --write,"
              " and say in the commit why.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
