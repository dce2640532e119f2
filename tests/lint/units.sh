#!/usr/bin/env bash
# systemd-analyze on the units, with the programs of a build in the place of
# /usr/bin: nothing unknown, nothing missing, nothing too exposed.
#
#     tests/lint/units.sh BUILD-FOLDER
. "$(dirname "$0")/common"
command -v systemd-analyze >/dev/null || {
    finish "not looked at: there is no systemd-analyze here"
    exit 0
}
build=$(realpath "${1:-build/dev}")

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/bin"
# The units name programs by where a package puts them.
for name in docketd docket-assign docket-deadline docket-escalate docket-kiosk docket-web docket-notify docket-metrics docket-relay docketctl; do
    program=$(find "$build" -maxdepth 2 -type f -name "$name" | head -n 1)
    [[ -n $program ]] || program=/bin/true
    ln -s "$program" "$tmp/bin/$name"
done
for unit in systemd/*.{service,socket,timer,target}; do
    sed -e "s|/usr/bin/docket|$tmp/bin/docket|g" -e '/^Documentation=man:/d' \
        "$unit" >"$tmp/$(basename "$unit")"
done
for name in docketd{,-workers,-network}.socket docketd.service docket-{kiosk,web,notify,metrics,relay}.service \
    docket-backup.{service,timer} docket.target docket-{assign,deadline,escalate}@1.service; do
    file=$tmp/${name/@1/@}
    [[ $name == *@1* ]] && cp "$file" "$tmp/$name"
    out=$(SYSTEMD_UNIT_PATH=$tmp: systemd-analyze verify --man=no \
        "$tmp/$name" 2>&1 |
        grep -F -e "$tmp/" -e "$name:" || true)
    [[ -z $out ]] || fault "$name: $out"
done
# What must reach the network may be a little more open.
for name in docketd docket-backup docket-assign@ docket-deadline@ docket-escalate@ docket-kiosk docket-web docket-notify docket-metrics docket-relay; do
    most=0.5
    [[ ! $name =~ ^docket-(kiosk|web|notify|metrics|relay)$ ]] || most=1.5
    # Exposure as systemd counts it: 0 is a cell, 10 an open house.
    level=$(systemd-analyze security --offline=true --no-pager \
        "$tmp/$name.service" 2>/dev/null |
        sed -nE 's/.*exposure level for .*: ([0-9.]+) .*/\1/p')
    [[ -n $level ]] || {
        fault "$name: systemd-analyze security says nothing"
        continue
    }
    awk -v l="$level" -v most="$most" 'BEGIN { exit !(l <= most) }' ||
        fault "$name: exposure level $level (at most $most)"
done
grep -qx 'StandardOutput=null' systemd/docket-kiosk.service ||
    fault "docket-kiosk.service: query codes would be in the journal"
grep -qx 'PrivateUsers=no' systemd/docketd.service ||
    fault "docketd.service: in a user namespace it cannot tell who connects"
# docketd takes what it is given by these names, at the endpoints of its defaults.
for pair in docketd:clients docketd-workers:workers docketd-network:clients; do
    grep -qx "FileDescriptorName=${pair#*:}" "systemd/${pair%:*}.socket" ||
        fault "${pair%:*}.socket: its FileDescriptorName= is not ${pair#*:}"
done
for name in clients workers; do
    grep -qx "ListenStream=/run/docket/$name.sock" systemd/docketd{,-workers}.socket ||
        fault "no socket at /run/docket/$name.sock"
done
grep -q '^WatchdogSec=' systemd/docketd.service ||
    fault "docketd.service: nobody would notice a loop that stands still"
finish "units"
