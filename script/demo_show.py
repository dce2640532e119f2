"""What script/demo puts on the screen: days, assignments, alerts, a line of
progress.  Colour and the moving line only on a terminal."""

import os
import re
import shutil
import sys
import unicodedata

LEVELS = {  # level: (colour, Chinese, English)
    "reminder": ("36", "提醒", "reminder"),
    "yellow": ("33", "黄色预警", "yellow"),
    "red": ("31", "红色预警", "red"),
    "overdue": ("1;31", "超期", "overdue"),
    "long_overdue": ("1;37;41", "严重超期", "long overdue"),
}
STEPS = {  # event: (Chinese, English)
    "relayed": ("平台流转", "relayed"),
    "prioritised": ("列为急办", "put first"),
    "accepted": ("受理", "accepted"),
    "not_accepted": ("不予受理", "not accepted"),
    "extended": ("延期", "extended"),
    "answered": ("答复", "answered"),
    "objected": ("提出异议", "objected: not ours"),
    "objection_upheld": ("异议成立", "objection upheld"),
    "withdrawn": ("撤回", "withdrawn"),
    "review_asked": ("申请复查", "review asked"),
    "reviewed": ("复查意见", "reviewed"),
    "urged": ("督办", "urged"),
    "closed": ("办结", "closed"),
    "evaluated": ("评价", "evaluated"),
}
ROLES = {  # whom an alert is for
    "petitioner": ("信访人", "petitioner"),
    "handler": ("承办人", "handler"),
    "unit_head": ("单位负责人", "head of unit"),
    "office": ("信访局", "county office"),
    "leader": ("县分管领导", "county leader"),
    "bulletin": ("通报", "bulletin"),
}
MANY = 8  # the assignments of one day that are shown
SAME = 3  # lines of one kind on one day; the rest is counted


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else
               0 if unicodedata.combining(c) else 1 for c in text)


def cut(text, columns):
    """`text` in at most so many columns."""
    if width(text) <= columns:
        return text
    out, used = "", 1
    for c in text:
        used += width(c)
        if used > columns:
            break
        out += c
    return out + "…"


def pad(text, columns):
    return text + " " * max(0, columns - width(text))


class Show:
    def __init__(self):
        self.tty = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = self.tty and not os.environ.get("NO_COLOR")
        self.columns = shutil.get_terminal_size((120, 24)).columns
        self.moving = False
        self.date = None
        self.counts = {}  # (day's kind of line) -> how many
        self.alerts = 0

    def paint(self, code, text):
        return "\033[%sm%s\033[0m" % (code, text) if self.colour else text

    def clear(self):
        if self.moving:
            sys.stdout.write("\r\033[K")
            self.moving = False

    def line(self, text=""):
        self.clear()
        print(text, flush=True)

    def head(self, zh, en):
        self.end_day()
        self.line()
        self.line(self.paint("1", "== " + zh) + self.paint("2", "  " + en))

    def progress(self, text):
        """One line that the next one overwrites; nothing in a file."""
        if not self.tty:
            return
        sys.stdout.write("\r\033[K" + cut(text, self.columns - 1))
        sys.stdout.flush()
        self.moving = True

    def end_day(self):
        """Say how many lines of each kind were held back."""
        for (words, gloss), n in self.counts.items():
            most = MANY if words == "分派" else SAME
            if n > most:
                self.line("   %s" % self.paint(
                    "2", "… %s 另有 %d 件 (%s: %d more)" %
                    (words, n - most, gloss, n - most)))
        self.counts = {}

    def day(self, date, number):
        if date == self.date:
            return
        self.end_day()
        self.date = date
        year, month, day = (int(x) for x in date.split("-"))
        self.line(self.paint("1", "── %d月%d日" % (month, day)) + self.paint(
            "2", "  第 %d 天 (day %d, %04d-%02d-%02d)" %
            (number, number, year, month, day)))

    def item(self, kind, gloss, colour, case_no, text, english="", most=SAME):
        """One line of a kind, with English where there is room; False when
        the day has had enough of that kind."""
        n = self.counts[kind, gloss] = self.counts.get((kind, gloss), 0) + 1
        if n > most:
            return False
        head = "   %s %s " % (self.paint(colour, pad(kind, 8)), case_no)
        room = max(20, self.columns - 13 - len(case_no))
        tail = cut(text, room)
        if english and width(tail) + 3 + width(english) <= room:
            tail += self.paint("2", " (%s)" % english)
        self.line(head + tail)
        return True

    def alert(self, case_no, body, names):
        """What is near or late, and who hears of it."""
        colour, zh, en = LEVELS[body["level"]]
        self.alerts += 1
        to = [t.partition(":") for t in body["to"]]
        told = "、".join("%s%s" % (ROLES[role][0], names.get(who, ""))
                        for role, _, who in to if role in ROLES)
        gloss = ", ".join(ROLES[role][1] for role, _, _ in to if role in ROLES)
        # The level and the case stand in front of the line already, and the
        # unit is among those who are told.
        text = re.sub("^【[^】]*】(案件 [0-9-]+ ?的?)?|责任单位：[^。]*。", "",
                      body["text"]["zh-CN"])
        english = re.sub(r"^\[\w+\] (Case [0-9-]+: )?|"
                         r" ?Responsible unit: [^.]*\.", "",
                         body["text"]["en"])
        if self.item(zh, en, colour, case_no, text):
            self.line(" " * 12 + "→ " + told + self.paint("2", cut(
                " (to %s; %s)" % (gloss, english.rstrip(".")),
                self.columns - 15 - width(told))))

    def table(self, heads, rows):
        widths = [max([width(h)] + [width(str(r[i])) for r in rows])
                  for i, h in enumerate(heads)]
        for cells, style in [(heads, "2")] + [(r, None) for r in rows]:
            text = "  ".join(pad(str(c), w) for c, w in zip(cells, widths))
            text = cut("   " + text.rstrip(), max(60, self.columns))
            self.line(self.paint(style, text) if style else text)
