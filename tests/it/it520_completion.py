"""Completion in the shells: what bash and zsh put on the line, for docketctl
and for the other programs of the build.
"""

import glob
import os
import pty
import select
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDER = os.path.abspath(os.path.join(ROOT, "docs", "completion"))
BUILD = os.path.abspath(os.environ.get("DK_BIN", "build/dev"))
DEADLINE = 60.0


def programs():
    found = {"docketd": os.path.join(BUILD, "docketd")}
    for path in glob.glob(os.path.join(BUILD, "*", "docket*")):
        if os.access(path, os.X_OK) and os.path.isfile(path):
            found[os.path.basename(path)] = path
    return found


def on_path():
    env = dict(os.environ, LC_ALL="C.UTF-8", TERM="dumb")
    folders = sorted({os.path.dirname(p) for p in programs().values()})
    env["PATH"] = ":".join(folders) + ":" + env["PATH"]
    return env


BASH = r"""
. "$1"/docketctl.bash
function=$(complete -p "$2") || exit 3
function=${function#*-F }
function=${function%% *}
program=$2
shift 2
COMP_WORDS=("$program" "$@")
COMP_CWORD=$#
COMPREPLY=()
"$function" "$program" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(*words, cwd=None):
    """The candidates for the last word; words as bash cuts them."""
    run = subprocess.run(["bash", "--norc", "-c", BASH, "bash", FOLDER, *words],
                         env=on_path(), cwd=cwd, capture_output=True,
                         text=True, timeout=DEADLINE, check=False)
    if run.returncode not in (0, 1) or run.stderr:
        raise AssertionError("bash: %d %s" % (run.returncode, run.stderr))
    return run.stdout.split("\n")[:-1]


class Bash(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(bash("docketctl", "checkp"), ["checkpoint"])
        self.assertEqual(bash("docketctl", "alerts", "a"), ["ack"])
        self.assertEqual(bash("docketctl", "--json", "ver"), ["verify"])
        self.assertEqual(bash("docketctl", "no-such"), [])

    def test_options(self):
        self.assertEqual(bash("docketctl", "show", "X", "--ev"), ["--events"])
        self.assertEqual(bash("docketctl", "seal", "rotate", "--no"),
                         ["--no-wait"])
        self.assertEqual(bash("docketctl", "show", "X", "--no"), [])

    def test_values(self):
        self.assertEqual(bash("docketctl", "--lang", ""), ["zh-CN", "en"])
        self.assertEqual(bash("docketctl", "--lang", "=", "z"), ["zh-CN"])
        self.assertEqual(bash("docketctl", "act", "X", "accept", "way", "=",
                              "p"), ["post", "public"])

    def test_no_case_number(self):
        for command in ("show", "explain", "export", "query", "person", "act"):
            self.assertEqual(bash("docketctl", command, ""), [], command)

    def test_files(self):
        with tempfile.TemporaryDirectory(prefix="dkcomp.") as folder:
            for name in ("with blank.json", "other.json"):
                with open(os.path.join(folder, name), "w",
                          encoding="utf-8"):
                    pass
            self.assertEqual(bash("docketctl", "policy", "check", "w",
                                  cwd=folder), ["with blank.json"])
            self.assertEqual(bash("docketd", "--config", "oth", cwd=folder),
                             ["other.json"])
            self.assertEqual(bash("docketctl", "show", "oth", cwd=folder), [])

    def test_every_program(self):
        for name in programs():
            self.assertIn("--help", bash(name, "--he"), name)
        self.assertEqual(bash("docketd", "--ball"), ["--ballast-mb"])
        self.assertEqual(bash("docketd", "--recover", "x", "--ou"), ["--out"])
        self.assertEqual(bash("docket-kiosk", "--page-"), ["--page-files"])
        self.assertEqual(bash("docket-assign", "--credit", ""), [])


ZSH = r"""
fpath=(%s $fpath)
autoload -Uz compinit && compinit -D -u
zstyle ':completion:*' menu no
setopt no_beep no_auto_menu no_list_ambiguous
tell() { print -r -- "<$BUFFER>" >>%s; BUFFER= }
zle -N tell
bindkey '^I' complete-word
bindkey '^T' tell
print -r -- ready >>%s
"""


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dkcomp.")
        self.addCleanup(self.folder.cleanup)
        self.told = os.path.join(self.folder.name, "told")
        with open(self.told, "w", encoding="utf-8"):
            pass
        setup = os.path.join(self.folder.name, "setup")
        with open(setup, "w", encoding="utf-8") as file:
            file.write(ZSH % (FOLDER, self.told, self.told))
        pid, self.line = pty.fork()
        if pid == 0:
            os.chdir(self.folder.name)
            os.execvpe("zsh", ["zsh", "-f", "-i"], on_path())
        self.addCleanup(self.end, pid)
        os.set_blocking(self.line, False)
        os.write(self.line, b". ./setup\n")
        self.await_lines(1)

    def end(self, pid):
        os.close(self.line)
        os.waitpid(pid, 0)

    def await_lines(self, n):
        """What zsh told so far, when it is n lines; its screen is thrown away."""
        screen = b""
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            try:
                screen += os.read(self.line, 65536)
            except BlockingIOError:
                pass
            with open(self.told, encoding="utf-8") as file:
                lines = file.read().split("\n")[:-1]
            if len(lines) >= n:
                return lines
            select.select([self.line], [], [], 0.05)
        raise AssertionError("zsh said nothing: %r" % screen)

    def test_lines(self):
        typed = {
            "docketctl checkp": "docketctl checkpoint ",
            "docketctl alerts a": "docketctl alerts ack ",
            "docketctl act X acce": "docketctl act X accept ",
            "docketctl act X accept wa": "docketctl act X accept way=",
            "docketctl seal rotate --no": "docketctl seal rotate --no-wait ",
            "docketctl show 3306": "docketctl show 3306",
            "docketctl policy check se": "docketctl policy check setup ",
            "docketd --ball": "docketd --ballast-mb ",
            "docket-kiosk --form se": "docket-kiosk --form setup ",
        }
        for n, (line, whole) in enumerate(typed.items(), 2):
            os.write(self.line, line.encode() + b"\t\x14")
            self.assertEqual(self.await_lines(n)[-1], "<%s>" % whole)


if __name__ == "__main__":
    unittest.main()
