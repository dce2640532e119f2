"""What tests/lint/words.sh looks for in texts: `words.py FILE...`, the glossary
as JSON (script/glossary --json) on standard input, one fault to a line."""
import ast
import json
import re
import sys

HAN = "\u3400-\u9fff"
WIDE = "\u3001-\u301f\uff01-\uff60\u201c\u201d\u2018\u2019\u2026"  # 、。“”（）…
HALF = "(?:[,;!?()]|(?<![A-Za-z]):)"  # "officer:" is a name
# Half-width punctuation beside Chinese, or beside what a Chinese text quotes.
BESIDE = [
    re.compile(r"[%s%s]%s" % (HAN, WIDE, HALF)),
    re.compile(r"%s[%s%s]" % (HALF, HAN, WIDE)),
    re.compile(r"%%[-.0-9*]*(?:ll|z|j)?[sduxX][,;:!?(]"),
    re.compile(r"[%s]\.(?:\s|$)" % HAN),
]
QUOTED = re.compile(r"(?<!-)(?<![A-Za-z0-9] )'[^']*'|\"[^\"]*\"")
BETWEEN = re.compile(r"[%s][,;:!?][%s]" % (HAN, HAN))
ENGLISH = re.compile(r"\b(?:the|is|are|was|has|no|not|of|a|an|and|must|may|be|to|"
                     r"with|for|in|it|write|see)\b")
C_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/|//[^\n]*'
    r"|[A-Za-z_]\w*|\s+|.", re.S)
ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]+)|(.))", re.S)


def unescape(text):
    names = {"n": "\n", "t": "\t", "r": "\r"}
    return ESCAPE.sub(
        lambda m: "\x01" if m[1] or m[2] else names.get(m[3], m[3]), text)


def c_literals(text):
    """(line, literal) of a C file; neighbours, and what a macro such as PRId64
    parts, are one."""
    line, start, parts, gap = 1, 0, [], ""
    for match in C_TOKEN.finditer(text):
        token = match[0]
        if token.startswith('"'):
            if not parts:
                start = line
            elif gap:
                parts.append("%d")
            parts.append(unescape(token[1:-1]))
            gap = ""
        elif parts and re.fullmatch(r"PRI\w+", token):
            gap = token
        elif parts and not token.isspace() and token[:2] not in ("/*", "//"):
            yield start, "".join(parts).replace("%%d", "%d")
            parts, gap = [], ""
        line += token.count("\n")
    if parts:
        yield start, "".join(parts)


def py_literals(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def json_literals(text):
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"', text):
        yield text.count("\n", 0, match.start()) + 1, json.loads(match[0])


def is_chinese(text):
    """A Chinese sentence, with names in it; not an English one with Chinese
    words, nor a pattern, nor JSON, nor CSV."""
    if '":' in text or "[^" in text or "\r\n" in text:
        return False
    return bool(re.search("[%s]" % HAN, text)) and not ENGLISH.search(text)


class Checker:
    def __init__(self, glossary):
        by_id = {w["id"]: w for w in glossary["words"]}
        self.words = glossary["words"]
        self.ids = by_id
        self.strays = [(s, by_id[s["id"]][s["language"]])
                       for s in glossary["strays"]]
        both = set(glossary["characters"])
        self.traditional = set("".join(glossary["characters"].values())) - both

    def strayed(self, text):
        """(offset, what) of every forbidden form and traditional character."""
        flat = re.sub(r"\s", " ", text)
        lower = flat.lower()
        for stray, right in self.strays:
            language, form = stray["language"], stray["form"]
            if language == "zh-TW":
                continue
            hay, needle = (lower, form.lower()) if language == "en" else \
                (flat, form)
            for match in re.finditer(re.escape(needle), hay):
                around = flat[max(0, match.start() - 40):match.end() + 40]
                if not any(u in around for u in stray["unless"]):
                    yield match.start(), "'%s': write '%s'" % (form, right)
        for at, char in enumerate(text):
            if char in self.traditional:
                yield at, "'%s' is a traditional character" % char

    def punctuated(self, text):
        """(offset, what) of half-width punctuation in a Chinese text."""
        if not is_chinese(text):
            return
        text = re.sub(r"“[!-~]*”", "“”", text)  # a name, as it is
        for pattern in BESIDE:
            for match in pattern.finditer(text):
                yield match.start(), "half-width '%s'" % match[0]
        for match in QUOTED.finditer(text):
            yield match.start(), "half-width quotes: %s" % match[0]

    def named(self, path, text):
        """Names in a policy that the glossary does not have so."""
        if not re.match(r"policy/", path) or '"docket-policy/' not in text:
            return
        policy = json.loads(text)
        for version in policy.get("versions", []):
            for clock in version.get("clocks", []):
                name = clock.get("name")
                if not isinstance(name, dict):
                    continue
                for group in ("clock", policy["id"]):
                    word = self.ids.get("%s.%s" % (group, clock["id"]))
                    if word and all(name.get(k, word[k]) == word[k]
                                    for k in ("zh-CN", "en")):
                        break
                else:
                    yield ("the glossary has no clock.%s called '%s'" %
                           (clock["id"], name.get("zh-CN")))

    def listed(self, path, text):
        """Names of a schema's lists without a word in the glossary."""
        if path != "proto/schemas/defs.json":
            return
        groups = {"channel": "channel", "kind": "kind", "need": "need",
                  "state": "state", "event": "event", "level": "level",
                  "way": "way", "relation": "relation", "manner": "manner",
                  "suspendGround": "suspend_ground",
                  "urgeGround": "urge_ground", "opinionResult": "result",
                  "document": "document", "onDue": "on_due"}
        defs = json.loads(text)["$defs"]
        for name, group in groups.items():
            if name not in defs:
                yield "no list '%s' any more" % name
                continue
            for value in defs[name]["enum"]:
                if "%s.%s" % (group, value) not in self.ids:
                    yield "the glossary has no %s.%s" % (group, value)

    def check(self, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        where = lambda at: text.count("\n", 0, at) + 1  # noqa: E731
        literals, prose = [], text
        if path.endswith((".c", ".h")):
            literals = list(c_literals(text))
            prose = C_TOKEN.sub(lambda m: m[0] if m[0][0] != '"' else
                                " " * len(m[0]), text)
            for line, literal in literals:
                for _, what in self.strayed(literal):
                    yield line, what
        for at, what in self.strayed(prose):
            yield where(at), what
        for what in list(self.named(path, text)) + list(
                self.listed(path, text)):
            yield 1, what
        if path.endswith(".json"):
            literals = json_literals(text)
        elif path.endswith(".py") or re.match(r"#!.*python3", text):
            literals = py_literals(text)
        elif not path.endswith((".c", ".h")):
            for match in BETWEEN.finditer(text):
                yield where(match.start()), "half-width '%s'" % match[0]
        for line, literal in literals:
            for _, what in self.punctuated(literal):
                yield line, "%s in: %s" % (what, literal.strip()[:60])


def main():
    checker = Checker(json.load(sys.stdin))
    for path in sys.argv[1:]:
        for line, what in checker.check(path):
            print("%s:%d: %s" % (path, line, what))


if __name__ == "__main__":
    main()
