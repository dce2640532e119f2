#!/usr/bin/env bash
# docs/ARCHITECTURE.md has one line for every source file, and lists none that
# is not there; links between documents lead somewhere; every ADR is in the
# index; OPERATIONS.md explains every configuration key and every counter, and
# systemd/docketd.conf shows every key.  A pair x.c, x.h is one line, `x`.
. "$(dirname "$0")/common"
doc=docs/ARCHITECTURE.md

sources() {
    files '*.c' '*.h' | grep -E '^(proto|core|journal|daemon|workers|clients|bench)/' |
        sed -E 's/\.[ch]$//'
    files '*.js' '*.css' '*.html' | grep -E '^clients/' || true
    files 'bench/*.py' 'bench/*.mjs'
    files 'script/*' 'systemd/*' 'policy/*' 'monitoring/*' | grep -vE '^script/(samples|deb)/' || true
    files 'tests/support/*' 'tests/it/*' 'tests/lint/*' 'tests/node/*' \
        'tests/browser/*' |
        grep -E '\.(sh|py|mjs|js)$|^tests/lint/' || true
}
# A listed path is the first thing in a table row, in backquotes.
listed() {
    # shellcheck disable=SC2016  # the backquotes are the document's
    sed -nE 's/^\| `([^`]+)` \|.*/\1/p' "$doc"
}

sources | sort -u >"${TMPDIR:-/tmp}/dk-sources.$$"
listed | sort >"${TMPDIR:-/tmp}/dk-listed.$$"
trap 'rm -f "${TMPDIR:-/tmp}"/dk-{sources,listed}.$$' EXIT
while IFS= read -r path; do
    fault "$doc: no line for $path"
done < <(comm -23 "${TMPDIR:-/tmp}/dk-sources.$$" "${TMPDIR:-/tmp}/dk-listed.$$")
while IFS= read -r path; do
    fault "$doc: lists $path, which is not there (or is listed twice)"
done < <(comm -13 "${TMPDIR:-/tmp}/dk-sources.$$" "${TMPDIR:-/tmp}/dk-listed.$$")

# Relative links in every document.
while IFS= read -r md; do
    while IFS= read -r link; do
        [[ -e $(dirname "$md")/$link ]] || fault "$md: dead link $link"
    done < <(grep -oE '\]\([^)# ]+' "$md" | sed 's/^](//' |
        grep -vE '^[a-z]+:' || true)
done < <(files '*.md')

for adr in docs/adr/[0-9]*.md; do
    grep -q "($(basename "$adr"))" docs/adr/README.md ||
        fault "docs/adr/README.md: no line for $(basename "$adr")"
done
while IFS=. read -r section key; do
    grep -qF "[$section] $key\`" docs/OPERATIONS.md ||
        fault "docs/OPERATIONS.md: nothing of the key [$section] $key"
    sed -n "/^\[$section\]/,/^\[/p" systemd/docketd.conf |
        grep -qE "^;?$key = " ||
        fault "systemd/docketd.conf: nothing of the key [$section] $key"
done < <(sed -nE 's/.*"((office|broker|keys|limits|seal|watch|history)\.[a-z_]+)".*/\1/p' daemon/config.c)
while IFS= read -r counter; do
    grep -qF "\`$counter\`" docs/OPERATIONS.md ||
        fault "docs/OPERATIONS.md: nothing of the counter $counter"
done < <(sed -nE 's/^ +X\(([a-z_]+)\).*/\1/p' daemon/stats.h)
finish "every file has its line, every link its end"
