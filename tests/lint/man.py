"""What tests/lint/man.sh looks for: `man.py BUILD PAGE...`, one fault to a
line.  What there is comes from the programs' own --help; a page names an
option by the macro Fl, a command or key by Cm, an action by Ic, an environment
variable by Ev.  Commands of literal displays are examples and must be possible.
"""

import glob
import os
import re
import shlex
import subprocess
import sys

BUILD, PAGES = sys.argv[1], sys.argv[2:]
NOT_INSTALLED = {"docket-example"}  # of the tests
SOURCES = {  # whose getenv() a page must explain
    "docketctl": ["clients/docketctl/*.c"], "docketd": ["daemon/*.c"],
    "docket-kiosk": ["clients/kiosk/*.c"], "docket-web": ["clients/web/*.c"],
    "docket-metrics": ["clients/metrics/*.c"],
    "docket-relay": ["clients/relay/*.c"],
    "docket-simulate": ["workers/simulate*.c"],
}


def fault(*words):
    print(*words)


def programs():
    out = {}
    for path in glob.glob(BUILD + "/docket*") + glob.glob(BUILD + "/*/docket*"):
        name = os.path.basename(path)
        if os.path.isfile(path) and os.access(path, os.X_OK) and \
                name not in NOT_INSTALLED:
            out[name] = path
    return out


def help_of(path, *words):
    return subprocess.run([path, *words, "--help"], capture_output=True,
                          text=True, check=True,
                          env=dict(os.environ, LC_ALL="C.UTF-8")).stdout


def options(text):
    """Those that a help lists: lines that begin with them, or in brackets."""
    found = set(re.findall(r"\[--([a-z][a-z-]*)", text))
    for line in text.split("\n"):
        if re.match(r" +--", line):
            for word in line.split():
                option = re.fullmatch(r"--([a-z][a-z-]*),?", word)
                value = re.fullmatch(r"[A-Z+'][^ ]*", word)
                if option:
                    found.add(option[1])
                elif not value:
                    break
    return found


def commands(path):
    """docketctl's: name to options; and the options of all."""
    text = help_of(path)
    listed = text[text.index("\nCommands"):text.index("\nOptions:")]
    every = options(text[text.index("\nOptions:"):])
    out = {}
    for line in listed.split("\n"):
        found = re.match(r"  ([a-z][a-z-]*(?: [a-z][a-z-]*)?)(?: |$)", line)
        if found:
            name = found[1] if known(path, found[1]) else found[1].split()[0]
            out[name] = options(help_of(path, *name.split())) - every
    return out, every


def known(path, name):
    run = subprocess.run([path, *name.split(), "--help"], capture_output=True,
                         check=False)
    return run.returncode == 0 and \
        ("Usage: docketctl %s " % name).encode() in run.stdout


def actions(path):
    """docketctl act's: name to fields, as --help shows them."""
    text = help_of(path, "act")
    text = text[text.index("\nActions"):text.index("\nOptions of every")]
    return {name: " ".join(fields.split()) for name, fields in re.findall(
        r"^  ([a-z_]+) .*\n((?:      .*\n)+)", text, re.M)}


def flags(line):
    """The options that a line of a page names."""
    if not line.startswith("."):
        return []
    return [f[1:] for group in re.findall(r"\bFl((?: (?:\||-[a-z][a-z-]*))+)",
                                          line)
            for f in group.split() if f != "|"]


def text_of(line):
    return line.replace("\\&", "").replace("\\-", "-")


def check_plain(page, lines, name, path):
    there = options(help_of(path))
    named = {f for line in lines for f in flags(line)}
    for option in sorted(there - named):
        fault("%s: nothing of --%s of %s" % (page, option, name))
    for option in sorted(named - there):
        fault("%s: there is no --%s in %s" % (page, option, name))


def blocks(lines, macro):
    """Items of a page: (name, its lines)."""
    out, on = [], None
    for line in lines:
        found = re.match(r"\.It %s ([a-z_ -]+?)(?: [A-Z].*)?$" % macro, line)
        if found:
            on = (found[1], [line])
            out.append(on)
        elif line.startswith(".S"):
            on = None
        elif on:
            on[1].append(line)
    return out


def check_docketctl(page, lines, path):
    there, every = commands(path)
    seen = {}
    start = next(i for i, x in enumerate(lines) if x.startswith(".It Cm "))
    for line in lines[:start]:
        for option in flags(line):
            seen.setdefault("", set()).add(option)
    for option in sorted(seen.get("", set()) ^ every):
        fault("%s: the options of every command: --%s" % (page, option))
    for name, block in blocks(lines, "Cm"):
        seen[name] = {f for line in block for f in flags(line)}
    for name in sorted(set(there) - set(seen)):
        fault("%s: nothing of the command %s" % (page, name))
    for name in sorted(set(seen) - set(there) - {""}):
        fault("%s: there is no command %s" % (page, name))
    for name in sorted(set(there) & set(seen)):
        for option in sorted(there[name] - seen[name]):
            fault("%s: nothing of --%s of %s" % (page, option, name))
        for option in sorted(seen[name] - there[name] - every):
            fault("%s: there is no --%s in %s" % (page, option, name))
    want = actions(path)
    have = dict(blocks(lines, "Ic"))
    for name in sorted(set(want) ^ set(have)):
        fault("%s: the action %s" % (page, name))
    for name in sorted(set(want) & set(have)):
        if want[name] not in map(text_of, have[name]):
            fault("%s: the fields of %s are: %s" % (page, name, want[name]))


def check_conf(page, lines, name):
    there, named, section = set(), set(), ""
    with open("systemd/" + name, encoding="utf-8") as file:
        for line in file:
            section = (re.match(r"\[(\w+)\]", line) or [0, section])[1]
            key = re.match(r";?(\w+) =", line)
            if key:
                there.add("[%s] %s" % (section, key[1]))
    for line in lines:
        section = (re.match(r"\.Ss \[(\w+)\]", line) or [0, section])[1]
        key = re.match(r"\.It Cm (\w+)", line)
        if key:
            named.add("[%s] %s" % (section, key[1]))
    for key in sorted(there - named):
        fault("%s: nothing of the key %s" % (page, key))
    for key in sorted(named - there):
        fault("%s: there is no key %s" % (page, key))


def check_examples(page, lines, there):
    shown = False
    for line in lines:
        if line.startswith((".Bd -literal", ".Ed")):
            shown = line.startswith(".Bd")
            continue
        if not shown or not re.match(r"docket", line):
            continue
        words = shlex.split(line.replace("\\e", ""))
        if words[0] not in there:
            fault("%s: there is no program %s" % (page, words[0]))
            continue
        text = help_of(there[words[0]])
        if words[0] == "docketctl":
            names = [n for n in CTL[0]
                     if words[1:1 + len(n.split())] == n.split()]
            if not names and words[1:3] != ["keys", "list"]:
                fault("%s: there is no such command: %s" % (page, line))
                continue
            name = max(names, key=len)
            good = CTL[0][name] | CTL[1]
        else:
            good = options(text)
        for word in words[1:]:
            if word == "--":
                break
            if word.startswith("--") and word[2:].split("=")[0] not in good:
                fault("%s: there is no %s: %s" % (page, word, line))


def check_env(page, lines, name):
    named = " ".join(line for line in lines if line.startswith(".It Ev "))
    for pattern in SOURCES.get(name, []):
        for path in glob.glob(pattern):
            with open(path, encoding="utf-8") as file:
                for var in re.findall(r'getenv\("(\w+)"\)', file.read()):
                    if not re.search(r"\b%s\b" % var, named):
                        fault("%s: nothing of $%s (%s)" % (page, var, path))


def main():
    there = programs()
    if "docketctl" not in there:
        fault("%s: no programs there; build first" % BUILD)
        return
    CTL.extend(commands(there["docketctl"]))
    names = {os.path.basename(p).rsplit(".", 1)[0] for p in PAGES}
    for name in sorted(set(there) - names):
        fault("docs/man: no page of %s" % name)
    for page in PAGES:
        name, section = os.path.basename(page).rsplit(".", 1)
        with open(page, encoding="utf-8") as file:
            lines = file.read().split("\n")
        if name == "docketctl":
            check_docketctl(page, lines, there[name])
        elif name in there and section in "18":
            check_plain(page, lines, name, there[name])
        elif name.endswith(".conf"):
            check_conf(page, lines, name)
        check_env(page, lines, name)
        check_examples(page, lines, there)
        for line in lines:
            for other, number in re.findall(r"\bXr (docket\S*) (\d)", line):
                if not os.path.exists("docs/man/%s.%s" % (other, number)):
                    fault("%s: there is no page %s(%s)" % (page, other, number))


CTL = []
main()
