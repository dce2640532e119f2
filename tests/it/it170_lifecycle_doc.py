"""docs/LIFECYCLE.md, read as a reader reads it: every command that it prints is
run, in its order, and does what it says.

A command with `# → STATE` must lead the case there; one with `# refused: KIND`
must be refused so; every other must succeed.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402

SAYS = re.compile(r"\s+# (→|refused:) ([a-z_-]+)$", re.M)
HEAD = """set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$dir"' EXIT
expect() {  # WANTED KIND COMMAND...
    local wanted=$1 kind=$2 out='' code=0
    shift 2
    out=$("$@" --json) || code=$?
    if [[ $wanted == refused && $code -eq 0 ]]; then
        echo "not refused: $*" >&2
        exit 1
    fi
    if [[ $wanted == state && $code -ne 0 ]] || [[ $out != *$kind* ]]; then
        echo "wanted $kind of: $*; got: $out" >&2
        exit 1
    fi
}
"""


def logical(block):
    """Lines of a block; a continued one is one."""
    return re.sub(r"\\\n\s*", "", block).splitlines()


def script(text):
    lines, held, refused = [HEAD], 0, 0
    for block in re.findall(r"```sh\n(.*?)```", text, re.S):
        for line in logical(block):
            says = SAYS.search(line)
            if says is None:
                lines.append(line)
                continue
            command = line[:says.start()]
            if says[1] == "→":
                held += 1
                lines.append("expect state %s %s" % (
                    shlex.quote('"state":"%s"' % says[2]), command))
            else:
                refused += 1
                lines.append("expect refused %s %s" % (
                    shlex.quote("urn:docket:problem:%s" % says[2]), command))
    return "\n".join(lines) + "\n", held, refused


class Printed(dkworld.TestCase):
    def test_every_command_does_what_the_document_says(self):
        path = os.path.join(dkworld.ROOT, "docs", "LIFECYCLE.md")
        with open(path, encoding="utf-8") as file:
            text, held, refused = script(file.read())
        self.assertGreater(held, 15)
        self.assertGreater(refused, 5)
        text = text.replace("$PWD/build/release", os.environ["DK_BIN"])
        with tempfile.NamedTemporaryFile("w", suffix=".sh",
                                         encoding="utf-8") as file:
            file.write(text)
            file.flush()
            done = subprocess.run(
                ["bash", file.name], cwd=dkworld.ROOT, timeout=200,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=dict(os.environ, LC_ALL="C.UTF-8"), check=False)
        self.assertEqual(done.returncode, 0,
                         done.stdout.decode("utf-8", "replace")[-3000:])


if __name__ == "__main__":
    unittest.main(verbosity=2)
