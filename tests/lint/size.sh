#!/usr/bin/env bash
# A function fits on a screen (60 lines of body), a file in a head: 500 lines,
# and 700 for a test, which is a list.
. "$(dirname "$0")/common"

mapfile -t list < <(files '*.c' '*.h')
((${#list[@]} > 0)) || fault "no source files found"
while IFS= read -r line; do
    fault "$line"
done < <(awk '
    function close_file() {
        most = file ~ /^tests\// ? 700 : 500
        if (lines > most)
            printf "%s: %d lines; split it by what changes together (max %d)\n",
                file, lines, most
    }
    FNR == 1 { close_file(); file = FILENAME; start = 0 }
    { lines = FNR }
    /^[A-Za-z_].*[^;]$/ { name = $0 }
    /^\{/ { start = FNR }
    /^\}/ {
        if (start && FNR - start - 1 > 60)
            printf "%s:%d: %d lines of body (max 60): %s\n", file, start,
                FNR - start - 1, name
        start = 0
    }
    END { close_file() }' "${list[@]}")
finish "${#list[@]} files"
