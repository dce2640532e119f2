#!/usr/bin/env bash
# Shell scripts under shellcheck, Python under its compiler, units under
# systemd-analyze where that is installed, JSON under a parser.
. "$(dirname "$0")/common"

mapfile -t scripts < <(files | while IFS= read -r f; do
    head -n 1 "$f" 2>/dev/null | tr -d '\0' |
        grep -qE '^#!.*\b(ba)?sh$|^# shellcheck shell=' && printf '%s\n' "$f"
done || true)
((${#scripts[@]} > 0)) || fault "no scripts found"
shellcheck -x --source-path=SCRIPTDIR "${scripts[@]}" ||
    fault "shellcheck found something"

while IFS= read -r file; do
    /usr/bin/python3 - "$file" <<'P' || fault "$file: does not compile"
import ast, sys
ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])
P
done < <(files | while IFS= read -r f; do
    head -n 1 "$f" 2>/dev/null | tr -d '\0' | grep -q '^#!.*python3' ||
        [[ $f == *.py ]] && printf '%s\n' "$f"
done || true)

while IFS= read -r file; do
    /usr/bin/python3 -c 'import json,sys; json.load(open(sys.argv[1]))' \
        "$file" 2>/dev/null || fault "$file: not JSON"
done < <(files '*.json' | grep -v '^tests/.*/bad' || true)

if command -v systemd-analyze >/dev/null; then
    tests/lint/units "${1:-build/dev}" || fault "systemd-analyze found something"
fi
finish "${#scripts[@]} scripts"
