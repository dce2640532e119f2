#!/usr/bin/env bash
# A function fits on a screen (60 lines of body), a file in a head (500 lines).
. "$(dirname "$0")/common"

n=0
while IFS= read -r file; do
    n=$((n + 1))
    lines=$(wc -l <"$file")
    ((lines <= 500)) ||
        fault "$file: $lines lines; split it by what changes together (max 500)"
    while IFS= read -r long; do
        fault "$long"
    done < <(awk -v file="$file" '
        /^[A-Za-z_].*[^;]$/ && !/^(#|\/\*)/ { name = $0 }
        /^\{/ { start = NR }
        /^\}/ {
            if (start && NR - start - 1 > 60)
                printf "%s:%d: %d lines of body (max 60): %s\n", file, start,
                    NR - start - 1, name
            start = 0
        }' "$file")
done < <(files '*.c' '*.h')
((n > 0)) || fault "no source files found"
finish "$n files"
