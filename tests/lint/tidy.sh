#!/usr/bin/env bash
# clang-tidy, as .clang-tidy says, on every file that the build compiles; the
# tests' own programs and the slow analyzer are left out.
#
#     tests/lint/tidy.sh BUILD-FOLDER
. "$(dirname "$0")/common"
build=${1:-build/dev}

[[ -f $build/compile_commands.json ]] || {
    fault "$build/compile_commands.json is not there: configure first"
    finish
}
mapfile -t list < <(files '*.c' |
    grep -E '^(proto|core|journal|daemon|workers|clients|bench)/' |
    while IFS= read -r f; do
        ! grep -qF "/$f\"" "$build/compile_commands.json" || printf '%s\n' "$f"
    done)
((${#list[@]} > 0)) || fault "no source files found"
while IFS= read -r line; do
    fault "${line#"$PWD/"}"
done < <(printf '%s\n' "${list[@]}" |
    xargs -P "${DK_JOBS:-$(nproc)}" -n 8 clang-tidy -p "$build" --quiet \
        --checks='-clang-analyzer-*' 2>/dev/null |
    grep -E ': (error|warning): ' | sort -u || true)
finish "${#list[@]} files"
