#!/usr/bin/env bash
# The words of proto/words.def are the words that people read: docs/GLOSSARY.md
# is made of them, no form is used that they forbid, no traditional character
# stands in a zh-CN text, a Chinese sentence has Chinese punctuation, and the
# names in the policies and schemas are the glossary's.
. "$(dirname "$0")/common"

script/glossary --check >/dev/null ||
    fault "docs/GLOSSARY.md: not what proto/words.def says; run script/glossary"

# Tests quote what is wrong, samples are other people's words.
mapfile -t list < <(files '*.c' '*.h' '*.md' '*.py' '*.mjs' '*.js' '*.html' \
    '*.json' '*.sh' 'script/*' 'systemd/*' 'docs/man/*' 'docs/completion/*' |
    grep -vE '^(tests|script/samples|proto/vectors)/|^docs/GLOSSARY\.md$|\.lock$')
((${#list[@]} > 0)) || fault "no files found"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
script/glossary --json |
    /usr/bin/python3 tests/lint/words.py "${list[@]}" >"$out" ||
    fault "tests/lint/words.py failed"
while IFS= read -r line; do
    fault "$line"
done <"$out"
finish "${#list[@]} files, the words of the glossary"
