#!/usr/bin/env bash
# Every C file is as clang-format 14 leaves it under .clang-format.
. "$(dirname "$0")/common"

tool=$(command -v clang-format-14 || command -v clang-format) || {
    fault "clang-format is not installed"
    finish
}
mapfile -t list < <(files '*.c' '*.h')
((${#list[@]} > 0)) || fault "no source files found"
for file in "${list[@]}"; do
    "$tool" "$file" | cmp -s - "$file" ||
        fault "$file: not formatted; run: $tool -i $file"
done
finish "${#list[@]} files"
