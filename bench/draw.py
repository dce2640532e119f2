"""Draw results as SVG: a curve for each series, with its axes; nothing but the
standard library.

    bench/draw.py FILE.jsonl      writes FILE-*.svg
"""
import html
import json
import math
import os
import statistics
import sys

W, H = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 78, 190, 46, 56
# Colours that people who see fewer of them can tell apart (Okabe and Ito).
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
           "#000000", "#999999"]
DASHES = ["", "6 3", "2 3", "9 3 2 3"]


def short(value):
    """1,234,567 as 1.2 M."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return ("%.3g" % (value / limit)) + unit
    return "%.3g" % value


def ticks(low, high, log):
    if log:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return [10.0 ** e for e in range(first, last + 1)]
    step = 10 ** math.floor(math.log10((high - low) / 4 or 1))
    for factor in (1, 2, 5, 10):
        if (high - low) / (step * factor) <= 6:
            break
    step *= factor
    return [step * i for i in range(math.floor(low / step),
                                    math.ceil(high / step) + 1)]


class Axis:
    def __init__(self, values, log, start, end, marks=None):
        self.log = log
        low, high = min(values), max(values)
        if log and low == high:
            low, high = low / 2, high * 2
        self.ticks = marks or ticks(low if log else 0, high or 1, log)
        self.low = min(self.ticks + ([low] if log else []))
        self.high = max(self.ticks + [high])
        self.start, self.end = start, end

    def at(self, value):
        low, high, v = self.low, self.high, value
        if self.log:
            low, high, v = (math.log10(max(x, 1e-12)) for x in (low, high, v))
        share = (v - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)


def text(x, y, words, more=""):
    return '<text x="%.1f" y="%.1f" %s>%s</text>' % (x, y, more,
                                                     html.escape(str(words)))


def svg(title, x_name, y_name, series, log_x=True, log_y=False):
    """`series`: {name: [(x, y)]}; the text of an SVG file."""
    points = [p for line in series.values() for p in line]
    marks = sorted({x for x, _ in points})
    x_axis = Axis(marks, log_x, LEFT, W - RIGHT,
                  marks if len(marks) <= 6 else None)
    y_axis = Axis([y for _, y in points], log_y, H - BOTTOM, TOP)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
           'font-family="sans-serif" font-size="12" role="img">' % (W, H),
           "<title>%s</title>" % html.escape(title),
           '<rect width="%d" height="%d" fill="#fff"/>' % (W, H),
           text(LEFT, 24, title, 'font-size="15" font-weight="bold"')]
    for tick in y_axis.ticks:
        y = y_axis.at(tick)
        out.append('<path d="M%d %.1fH%d" stroke="#ddd"/>' % (LEFT, y,
                                                             W - RIGHT))
        out.append(text(LEFT - 6, y + 4, short(tick), 'text-anchor="end"'))
    for tick in x_axis.ticks:
        x = x_axis.at(tick)
        out.append('<path d="M%.1f %dV%d" stroke="#eee"/>' % (x, TOP,
                                                             H - BOTTOM))
        out.append(text(x, H - BOTTOM + 18, short(tick),
                        'text-anchor="middle"'))
    out.append(text((LEFT + W - RIGHT) / 2, H - 14, x_name,
                    'text-anchor="middle"'))
    out.append(text(18, (TOP + H - BOTTOM) / 2, y_name,
                    'text-anchor="middle" transform="rotate(-90 18 %d)"' %
                    ((TOP + H - BOTTOM) / 2)))
    for i, (name, line) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        dash = DASHES[i // len(COLOURS) % len(DASHES)]
        places = [(x_axis.at(x), y_axis.at(y)) for x, y in sorted(line)]
        out.append('<polyline fill="none" stroke="%s" stroke-width="2" '
                   'stroke-dasharray="%s" points="%s"/>' % (
                       colour, dash,
                       " ".join("%.1f,%.1f" % p for p in places)))
        out += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (x, y, colour)
                for x, y in places]
        y = TOP + 8 + 17 * i
        out.append('<path d="M%d %dh18" stroke="%s" stroke-width="2" '
                   'stroke-dasharray="%s"/>' % (W - RIGHT + 12, y - 4, colour,
                                                dash))
        out.append(text(W - RIGHT + 36, y, name))
    return "\n".join(out + ["</svg>"]) + "\n"


def medians(rows, x, y, name):
    """{series: [(x, median of y)]} of rows that have both."""
    found = {}
    for row in rows:
        if row.get(x) and y in row:
            found.setdefault(name(row), {}).setdefault(row[x], []).append(
                row[y])
    return {series: [(k, statistics.median(v)) for k, v in by.items()]
            for series, by in sorted(found.items())}


def of(rows, *measures):
    return [row for row in rows if row["measure"] in measures]


def relative(series):
    """Each series in terms of its first point."""
    out = {}
    for name, line in series.items():
        line = sorted(line)
        if line[0][1] > 0:
            out[name] = [(x, y / line[0][1]) for x, y in line]
    return out


def group(row):
    """Reads are drawn in four pictures."""
    what = row["what"]
    return "list" if what.startswith("list") else \
        "page" if what.startswith("page") else "other"


def charts(rows):
    """(file, arguments of svg()) of each picture that the rows have data for.
    """
    reads = of(rows, "read")
    for part, title in (("list", "First page of a list, by filter"),
                        ("page", "Any page of a list, by filter"),
                        ("other", "show, events, alerts, clocks, figures")):
        yield "read-" + part, (
            title + ": median answer beside the smallest store", "cases",
            "times as long", relative(medians(
                [r for r in reads if group(r) == part], "size", "p50_us",
                lambda r: r["what"].replace("_", " "))))
    yield "size-rates", (
        "Rates beside the smallest store", "cases", "times as many",
        relative(medians(of(rows, "size_submit", "size_life"), "size",
                         "per_second", lambda r: (
                             "life cycles" if r["measure"] == "size_life" else
                             "submit %dx%d" % (r["clients"], r["window"])))))
    yield "size-start", ("Start until ready", "cases", "milliseconds",
                         medians(of(rows, "start"), "size", "ready_ms",
                                 lambda r: "docketd"))
    yield "load", (
        "Acknowledged by submissions under way", "under way", "per second",
        medians([dict(r, under_way=r["clients"] * r["window"])
                 for r in of(rows, "load_submit")], "under_way", "per_second",
                lambda r: r["name"]))
    yield "peers", (
        "Durable messages of 704 bytes", "under way", "per second",
        medians([dict(r, under_way=r["clients"] * r["window"])
                 for r in of(rows, "peer")], "under_way", "per_second",
                lambda r: r["name"]), True, True)


def all_of(rows, stem):
    """Write every picture there is data for; their paths."""
    paths = []
    for name, what in charts(rows):
        series = {k: v for k, v in what[3].items() if v}
        if not any(len(line) > 1 for line in series.values()):
            continue
        path = "%s-%s.svg" % (stem, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(svg(*what[:3], series, *what[4:]))
        paths.append(path)
    return paths


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    for path in all_of(rows, os.path.splitext(sys.argv[1])[0]):
        print(path)


if __name__ == "__main__":
    main()
