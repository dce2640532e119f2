#!/usr/bin/env bash
# The manual pages (docs/man): mandoc finds nothing, every program of the build
# has one, and each page names exactly the options, commands, actions, keys and
# environment variables that there are (tests/lint/man.py).
. "$(dirname "$0")/common"
build=${1:-build/dev}

mapfile -t pages < <(files 'docs/man/*' | grep -E '\.[1-8]$')
((${#pages[@]} > 0)) || fault "no manual pages found"
if command -v mandoc >/dev/null; then
    for page in "${pages[@]}"; do
        while IFS= read -r line; do
            fault "${line#mandoc: }"
        done < <(mandoc -Tlint -W warning "$page" || true)
    done
else
    fault "mandoc is not installed (script/packages, DK_PACKAGES_TEST)"
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
/usr/bin/python3 tests/lint/man.py "$build" "${pages[@]}" >"$out" ||
    fault "tests/lint/man.py failed"
while IFS= read -r line; do
    fault "$line"
done <"$out"
finish "${#pages[@]} pages, nothing missing, nothing made up"
