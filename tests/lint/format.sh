#!/usr/bin/env bash
# Every C file is as clang-format 14 leaves it under .clang-format.
. "$(dirname "$0")/common"

tool=$(command -v clang-format-14 || command -v clang-format) || {
    fault "clang-format is not installed"
    finish
}
mapfile -t list < <(files '*.c' '*.h')
((${#list[@]} > 0)) || fault "no source files found"
while IFS= read -r file; do
    fault "$file: not formatted; run: $tool -i $file"
done < <("$tool" --dry-run "${list[@]}" 2>&1 |
    sed -nE 's/^([^:]+):[0-9]+:[0-9]+: (warning|error): .*/\1/p' | sort -u)
finish "${#list[@]} files"
