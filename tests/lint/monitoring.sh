#!/usr/bin/env bash
# The alert rules and the dashboard (monitoring/): every metric that they name is
# one that docket-metrics serves, every rule says what to do in both languages,
# and promtool, where it is installed, reads the rules.
. "$(dirname "$0")/common"

while IFS= read -r line; do
    fault "$line"
done < <(/usr/bin/python3 - <<'P'
import json, re

def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()

source = read("clients/metrics/expose.c")
names = {"docket_up"} | set(re.findall(r'"(docket_[a-z_]+)"', source))
names |= {"docket_" + n for n in re.findall(r'\bG\("([a-z_]+)"', source)}
counters = {"docket_" + n for n in re.findall(r"\bC\(([a-z_]+),", source)}
counters |= {"docket_refused"}
served = names | {n + "_total" for n in counters}
for name in ("docket_commit_seconds", "docket_batch_items",
             "docket_answer_seconds"):
    if name not in names:
        print("clients/metrics/expose.c: %s is gone" % name)
    served |= {name + end for end in ("_bucket", "_sum", "_count")}
rules, board = (read("monitoring/" + n) for n in
                ("docket.rules.yml", "docket-dashboard.json"))
exprs = re.findall(r"^        expr: (.+)$", rules, re.M)
panels = json.loads(board)["panels"]
exprs += [t["expr"] for p in panels for t in p["targets"]]
if len(exprs) < 20:
    print("monitoring: hardly any expressions found")
for expr in exprs:
    for name in re.findall(r"\bdocket_[a-z_]+", expr):
        if name not in served:
            print("monitoring: nobody serves %s (%s)" % (name, expr))
for rule in rules.split("      - alert: ")[1:]:
    for part in ("summary", "description", "summary_zh", "description_zh"):
        said = re.search(r"^          %s: \"(.+)\"$" % part, rule, re.M)
        if not said or part.endswith("zh") != bool(
                re.search("[一-鿿]", said[1])):
            print("monitoring/docket.rules.yml: %s: %s" % (rule.split()[0],
                                                          part))
if len({p["id"] for p in panels}) != len(panels):
    print("monitoring/docket-dashboard.json: an id twice")
P
)
if command -v promtool >/dev/null; then
    out=$(promtool check rules monitoring/docket.rules.yml 2>&1) ||
        fault "promtool: $out"
fi
finish "rules and dashboard name metrics that there are"
