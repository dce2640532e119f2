"""Medians and ratios of the JSON lines that script/bench wrote.

    bench/table.py FILE.jsonl...
"""
import json
import statistics
import sys


class Rows:
    """Results, chosen by their members."""

    def __init__(self, rows):
        self.rows = rows

    def where(self, **members):
        return Rows([r for r in self.rows
                     if all(r.get(k) == v for k, v in members.items())])

    def each(self, *members):
        """(values of the members, the rows that have them), in order of first
        appearance."""
        found = {}
        for row in self.rows:
            key = tuple(row.get(m) for m in members)
            found.setdefault(key, []).append(row)
        return [(key, Rows(rows)) for key, rows in found.items()]

    def median(self, member):
        return statistics.median(r[member] for r in self.rows)

    def spread(self, member):
        values = [r[member] for r in self.rows]
        return "%.0f..%.0f" % (min(values), max(values))

    def __bool__(self):
        return bool(self.rows)


def lines(out, title, head, rows):
    """A table, its columns as wide as they must be."""
    if not rows:
        return
    rows = [[str(cell) for cell in row] for row in [head] + rows]
    wide = [max(len(row[i]) for row in rows) for i in range(len(head))]
    print(title, file=out)
    for row in rows:
        cells = [row[0].ljust(wide[0])] + [
            cell.rjust(wide[i + 1]) for i, cell in enumerate(row[1:])]
        print("  " + "  ".join(cells).rstrip(), file=out)
    print(file=out)


def ratio(a, b):
    return "%.2f" % (a / b) if b else "-"


def submissions(all_rows, out):
    found = []
    for (clients, window), rows in all_rows.where(measure="submit").each(
            "clients", "window"):
        mine, best, keyed = (rows.where(name=n) for n in (
            "docketd", "ceiling", "docketd-curve"))
        if not (mine and best):
            continue
        rate = mine.median("per_second")
        found.append([
            "%d x %d" % (clients, window),
            "%.0f" % best.median("per_second"), "%.0f" % rate,
            ratio(rate, best.median("per_second")),
            "%.0f" % keyed.median("per_second") if keyed else "-",
            ratio(keyed.median("per_second"), rate) if keyed else "-",
            "%.0f" % mine.median("p50_us"), "%.0f" % best.median("p50_us"),
            "%.0f" % mine.median("p99_us"), "%.0f" % best.median("p99_us"),
            mine.spread("per_second")])
    lines(out, "Submissions",
          ["clients x window", "ceiling/s", "docketd/s", "ratio", "CURVE/s",
           "of it", "p50 us", "(ceil.)", "p99 us", "(ceil.)", "spread"], found)


def lives(all_rows, out):
    found = []
    for (name,), rows in all_rows.where(measure="life").each("name"):
        found.append([name, "%.0f" % rows.median("per_second"),
                      "%.0f" % rows.median("acked_per_second"),
                      "%.1f" % rows.median("events_per_case"),
                      rows.spread("per_second")])
    lines(out, "Whole life cycles, three workers",
          ["", "lives/s", "acked/s", "events each", "spread"], found)


def growth(all_rows, out, measure, member, title, name):
    """How a figure changes from the smallest store to the others."""
    rows = all_rows.where(measure=measure)
    sizes = sorted({r["size"] for r in rows.rows})
    if not sizes:
        return
    found = []
    for key, some in rows.each(*name):
        small = some.where(size=sizes[0])
        line = [" ".join(str(k) for k in key).replace("_", " ")]
        for size in sizes:
            at = some.where(size=size)
            if not at or not small:
                line += ["-", "-"]
                continue
            a, b = at.median(member), small.median(member)
            line += ["%.0f" % a, ratio(a, b)]
        found.append(line)
    head = [""]
    for size in sizes:
        head += ["%d" % size, "x"]
    lines(out, title, head, found)


def sizes(all_rows, out):
    growth(all_rows, out, "read", "p50_us",
           "Answers by cases in the store (median, us; x: beside the smallest)",
           ["what"])
    growth(all_rows, out, "size_submit", "per_second",
           "Submissions per second by cases in the store",
           ["clients", "window"])
    growth(all_rows, out, "size_life", "per_second",
           "Life cycles per second by cases in the store", ["name"])
    growth(all_rows, out, "start", "ready_ms", "Start until ready, ms",
           ["name"])
    growth(all_rows, out, "memory", "rss", "Memory while serving, bytes",
           ["name"])


def clocks(all_rows, out):
    found = []
    for (count,), rows in all_rows.where(measure="clocks_submit").each(
            "clocks"):
        start = all_rows.where(measure="clocks_start", clocks=count)
        memory = all_rows.where(measure="clocks_memory", clocks=count)
        found.append([count, "%.0f" % rows.median("per_second"),
                      "%.1f" % start.median("ready_ms"),
                      "%.1f" % (start.median("rss") / 2**20),
                      "%.1f" % (memory.median("rss") / 2**20)])
    lines(out, "Running clocks",
          ["clocks", "submit/s", "ready ms", "RSS MiB", "after load MiB"],
          found)
    found = []
    for (due, more), rows in all_rows.where(measure="late").each(
            "due", "escalators"):
        found.append([due, more] + ["%.1f" % (rows.median(m) / 1000) for m in (
            "p50_us", "p99_us", "max_us")])
    lines(out, "Due on one instant, until the alert is committed and told (ms)",
          ["due", "services", "p50", "p99", "last"], found)


def loads(all_rows, out):
    found = []
    rows = all_rows.where(measure="load_submit")
    peak = max((r.median("per_second") for _, r in rows.each(
        "clients", "window")), default=0)
    for (clients, window), some in rows.each("clients", "window"):
        reads = all_rows.where(measure="load_read", clients=clients,
                               window=window)
        found.append(["%d x %d" % (clients, window),
                      "%.0f" % some.median("per_second"),
                      ratio(some.median("per_second"), peak),
                      "%.1f" % (some.median("p99_us") / 1000)] +
                     ["%.1f" % (reads.where(what=w).median("p99_us") / 1000)
                      for w in ("stats", "open", "alerts")])
    lines(out, "Load, and reads meanwhile (p99, ms)",
          ["clients x window", "acked/s", "of peak", "ack", "stats", "list",
           "alerts"], found)
    rows = all_rows.where(measure="slow")
    alone = rows.where(slow="nobody")
    found = [[who, "%.0f" % some.median("per_second"),
              ratio(some.median("per_second"), alone.median("per_second")),
              "%.1f" % (some.median("p99_us") / 1000)]
             for (who,), some in rows.each("slow")] if alone else []
    lines(out, "One slow peer", ["who", "acked/s", "of it", "p99 ms"], found)


def rest(all_rows, out):
    lines(out, "Idle", ["seconds", "% of a core", "wake-ups/s", "bytes written",
                        "writes", "RSS MiB"],
          [[r["seconds"], r["cpu_percent"], r["wakeups_per_second"],
            r["bytes_written"], r["writes"], "%.1f" % (r["rss"] / 2**20)]
           for r in all_rows.where(measure="idle").rows])
    lines(out, "On the disk, of closed cases",
          ["cases", "events each", "bytes each", "of bodies", "ratio"],
          [[r["cases"], r["events_per_case"], r["bytes_per_case"],
            r["body_bytes_per_case"], r["ratio"]]
           for r in all_rows.where(measure="stored").rows])
    rows = all_rows.where(measure="written")
    if rows:
        lines(out, "Written to the disk meanwhile",
              ["bytes each", "of bodies", "times"],
              [["%.0f" % rows.median("written_per_case"),
                "%.0f" % rows.median("body_bytes_per_case"),
                "%.2f" % rows.median("amplification")]])


def peer_rows(all_rows, out):
    rows = all_rows.where(measure="peer")
    loads_ = [key for key, _ in rows.each("clients", "window")]
    found = []
    for (name,), some in rows.each("name"):
        line = [name]
        for clients, window in loads_:
            at = some.where(clients=clients, window=window)
            line.append("%.0f" % at.median("per_second") if at else "-")
        syncs = all_rows.where(measure="peer_syncs", name=name)
        line.append("%.1f" % syncs.median("acks_per_sync") if syncs else "-")
        found.append(line)
    lines(out, "Durable messages per second, side by side",
          [""] + ["%d x %d" % load for load in loads_] + ["acks per sync"],
          found)


def show(rows, out):
    rows = Rows(rows)
    for part in (submissions, lives, sizes, clocks, loads, rest, peer_rows):
        part(rows, out)


def main():
    rows = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            rows += [json.loads(line) for line in file]
    show(rows, sys.stdout)


if __name__ == "__main__":
    main()
