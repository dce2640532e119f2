#!/usr/bin/env bash
# What must not be left lying about: unfinished work, other people's paths,
# white space at line ends, files that are too large or not text.
. "$(dirname "$0")/common"

# hits PATTERN WHAT FILES...: each matching line is a fault.
hits() {
    local pattern=$1 what=$2 line
    shift 2
    (($#)) || return 0
    while IFS= read -r line; do
        fault "${line:0:160}: $what"
    done < <(grep -nHIE -- "$pattern" "$@" || true)
}

# Seeds of the fuzz targets are inputs byte for byte, odd on purpose.
mapfile -t all < <(files | grep -vE '^tests/(lint/strays\.sh$|fuzz/corpus/)')
mapfile -t code < <(files '*.c' '*.h')
mapfile -t ours < <(files '*.c' '*.h' | grep -v '^tests/')
mapfile -t unit < <(files 'tests/unit/*' 'tests/store/*')
mapfile -t libs < <(files 'proto/*.c' 'core/*.c' 'daemon/*.c' 'workers/*.c')
mapfile -t locks < <(files '*package-lock.json')
((${#all[@]} > 0)) || fault "no files found"

hits '\b(TODO|FIXME|XXX|HACK|TBD)\b' "finish it or file an issue" "${all[@]}"
hits '(^|[^A-Za-z0-9_.])/(work|farm|home|root)/' "a path of one machine" \
    "${all[@]}"
hits '[ 	]+$' "white space at the end of a line" "${all[@]}"
hits $'\r' "carriage return" "${all[@]}"
hits $'\t' "tab" "${code[@]}"
hits '\b(sprintf|strcpy|strcat|gets|strtok|alloca) ?\(' \
    "unbounded or hidden state; use the bounded form" "${ours[@]}"
hits '\b(sleep|usleep|nanosleep) ?\(' \
    "no sleeps in unit tests: wait for a condition" "${unit[@]}"
hits '\bassert\(' "use a refusal or an always-on check, not assert()" \
    "${libs[@]}"
hits '"resolved"' "make the lock with npm install --omit-lockfile-registry-resolved" \
    "${locks[@]}"

while IFS= read -r line; do
    fault "$line"
done < <(/usr/bin/python3 - "${all[@]}" <<'P'
import os, sys
for path in sys.argv[1:]:
    data = open(path, "rb").read()
    runs = os.access(path, os.X_OK)
    if not data:
        print(path + ": empty")
        continue
    if len(data) > 400000:
        print("%s: %d bytes is too much for a source tree" % (path, len(data)))
    if b"\0" not in data and not data.endswith(b"\n"):
        print(path + ": no newline at its end")
    if data.startswith(b"#!") and not runs:
        print(path + ": has #! but is not executable")
    if runs and not data.startswith(b"#!"):
        print(path + ": is executable but has no #!")
    if path.endswith(".h") and b"\n#ifndef DK_" not in b"\n" + data:
        print(path + ": no include guard DK_..._H")
P
)
finish "${#all[@]} files"
