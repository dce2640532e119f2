#!/usr/bin/env bash
# Shell scripts under shellcheck, Python under its compiler, JSON under a parser.
. "$(dirname "$0")/common"

# of KIND: the files whose first line says that they are of it.
of() {
    mapfile -t found < <(files)
    awk -v kind="$1" '
        FNR > 1 { nextfile }
        kind == "shell" && (/^#!.*[\/ ](ba|da)?sh$/ || /^# shellcheck shell=/) ||
            kind == "python" && (/^#!.*python3/ || FILENAME ~ /\.py$/) {
            print FILENAME
        }' "${found[@]}" 2>/dev/null || true
}
mapfile -t scripts < <(of shell)
((${#scripts[@]} > 0)) || fault "no scripts found"
shellcheck -x --source-path=SCRIPTDIR "${scripts[@]}" ||
    fault "shellcheck found something"

mapfile -t programs < <(of python)
if ((${#programs[@]})); then
    /usr/bin/python3 - "${programs[@]}" <<'P' || fault "Python does not compile"
import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path, encoding="utf-8").read(), path)
P
fi

mapfile -t json < <(files '*.json' | grep -v '^proto/vectors/')
if ((${#json[@]})); then
    /usr/bin/python3 - "${json[@]}" <<'P' || fault "not JSON"
import json, sys
for path in sys.argv[1:]:
    try:
        json.load(open(path, encoding="utf-8"))
    except ValueError as error:
        sys.exit("%s: %s" % (path, error))
P
fi
finish "${#scripts[@]} scripts, ${#programs[@]} Python files"
