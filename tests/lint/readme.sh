#!/usr/bin/env bash
# The README's example is run as it stands, against a broker of the build: it
# must be given a case number.
. "$(dirname "$0")/common"
build=${1:-build/dev}

tmp=$(mktemp -d -t dkreadme.XXXXXX)
pid=''
trap '[[ -z $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$tmp"' EXIT

awk '/^```python$/ { on = 1; next } /^```$/ { on = 0 } on' README.md \
    >"$tmp/example.py"
[[ -s $tmp/example.py ]] || fault "README.md has no python example"

"$build/docketd" --data "$tmp" --county 330699 --clients "ipc://$tmp/c" \
    --workers "ipc://$tmp/w" 2>"$tmp/log" &
pid=$!
for ((i = 0; i < 500; i++)); do
    ! grep -q 'event=ready' "$tmp/log" || break
    sleep 0.02
done
answer=$(timeout 30 /usr/bin/python3 "$tmp/example.py" "ipc://$tmp/c" 2>&1) ||
    true
[[ $answer =~ ^ok\ 330699-[0-9]{8}-000001-[0-9]$ ]] ||
    fault "README.md: the example answered: $answer$(printf '\n'; cat "$tmp/log")"
finish "the example got $answer"
