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

mapfile -t all < <(files | grep -v '^tests/lint/strays\.sh$')
mapfile -t code < <(files '*.c' '*.h')
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
    "unbounded or hidden state; use the bounded form" "${code[@]}"
hits '\b(sleep|usleep|nanosleep) ?\(' \
    "no sleeps in unit tests: wait for a condition" "${unit[@]}"
hits '\bassert\(' "use a refusal or an always-on check, not assert()" \
    "${libs[@]}"
hits '"resolved"' "make the lock with npm install --omit-lockfile-registry-resolved" \
    "${locks[@]}"

for file in "${all[@]}"; do
    [[ -s $file ]] || {
        fault "$file: empty"
        continue
    }
    size=$(stat -c %s "$file")
    ((size <= 400000)) || fault "$file: $size bytes is too much for a source tree"
    if grep -qI . "$file"; then
        [[ -z $(tail -c 1 "$file") ]] || fault "$file: no newline at its end"
    fi
    if [[ $(head -c 2 "$file") == '#!' ]]; then
        [[ -x $file ]] || fault "$file: has #! but is not executable"
    elif [[ -x $file ]]; then
        fault "$file: is executable but has no #!"
    fi
done
for file in $(files '*.h'); do
    grep -q '^#ifndef DK_[A-Z0-9_]*_H$' "$file" ||
        fault "$file: no include guard DK_..._H"
done
finish "${#all[@]} files"
