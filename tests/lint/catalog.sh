#!/usr/bin/env bash
# What is logged is explained: every event in the sources has its MESSAGE_ID
# (proto/log_events.def), every id one entry in each catalog (systemd/*.catalog),
# no entry is of nothing, and journalctl reads both.
. "$(dirname "$0")/common"

while IFS= read -r line; do
    fault "$line"
done < <(/usr/bin/python3 - <<'P'
import glob, re

def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()

known = dict(re.findall(r'^E\("([^"]+)", "([0-9a-f]{32})"\)$',
                        read("proto/log_events.def"), re.M))
if len(set(known.values())) != len(known) or len(known) < 50:
    print("proto/log_events.def: an id twice, or hardly any events")
sources = "".join(read(p) for p in sorted(
    glob.glob("daemon/**/*.c", recursive=True) + glob.glob("workers/*.c") +
    glob.glob("clients/**/*.c", recursive=True)))
logged = set(re.findall(r'\blog_(?:error|warn|info|debug)\(\s*"([^"]+)"',
                        sources))
logged |= set(re.findall(r'\b(?:worker_log|note)\(\s*"(?:error|warn|info)",'
                         r'\s*"([^"]+)"', sources))
logged |= set(re.findall(r'\btell_failure\([^;"]*"([^"]+)"', sources))
logged |= {w for w in re.findall(r'"(office_[a-z]+)"', sources)}
for event in sorted(logged - set(known)):
    print("proto/log_events.def: nothing of the event %s" % event)
for event in known:
    word, _, kind = event.partition(".")
    if word not in logged and word != "alert":
        print("proto/log_events.def: nobody logs %s" % event)
    if kind and 'watch.%s"' % kind not in read("proto/words.def"):
        print("proto/log_events.def: there is no kind %s" % event)
for path in ("systemd/docket.catalog", "systemd/docket.zh_CN.catalog"):
    parts = re.split(r"^-- ", read(path), flags=re.M)[1:]
    found = [p.split("\n", 1)[0] for p in parts]
    for event, id_ in known.items():
        if found.count(id_) != 1:
            print("%s: %d entries of %s (%s)" % (path, found.count(id_), event,
                                                 id_))
    for id_ in set(found) - set(known.values()):
        print("%s: %s is no event's" % (path, id_))
    for part in parts:
        if not re.fullmatch(r"[0-9a-f]{32}\nSubject: .+\nDefined-By: docket\n"
                            r"Documentation: man:docket\(7\)\n\n.+\n+", part,
                            re.S):
            print("%s: the entry %.32s has not the shape of one" % (path, part))
        for var in re.findall(r"@([^@\n]*)@", part):
            if not re.fullmatch(r"[A-Z_]+", var):
                print("%s: @%s@ is no field" % (path, var))
        if ("zh_CN" in path) != bool(re.search("[一-鿿]", part)):
            print("%s: the entry %.32s is in another language" % (path, part))
P
)
if command -v journalctl >/dev/null; then
    tmp=$(mktemp -d)
    trap 'rm -rf "$tmp"' EXIT
    mkdir -p "$tmp"/usr/lib/systemd/catalog "$tmp"/var/lib/systemd/catalog
    cp systemd/*.catalog "$tmp"/usr/lib/systemd/catalog
    out=$(journalctl --root="$tmp" --update-catalog 2>&1) ||
        fault "journalctl --update-catalog: $out"
    [[ -z $out ]] || fault "journalctl --update-catalog: $out"
    want=$(grep -c '^E(' proto/log_events.def)
    got=$(journalctl --root="$tmp" --list-catalog | wc -l)
    ((want == got)) || fault "journalctl lists $got entries, not $want"
fi
finish "every event has its entry, in both languages"
