#!/usr/bin/env bash
# An arrow points at what is used, and never runs backwards:
#
#   daemon -> daemon/store -> core -> proto
#   workers, clients/notify -> core -> proto      clients, bench -> proto
#
# Read from the includes, and from the symbols that core and proto want from
# outside: they have no I/O, no clock, no randomness and no locale.
. "$(dirname "$0")/common"
build=${1:-build/dev}

mapfile -t list < <(files '*.c' '*.h' |
    grep -E '^(proto|core|journal|daemon|workers|clients|bench)/')
((${#list[@]} > 0)) || fault "no source files found"
while IFS= read -r line; do
    fault "$line"
done < <(/usr/bin/python3 - "${list[@]}" <<'P'
import os, re, sys

PURE = (r"time\.h|sys/.*|unistd\.h|fcntl\.h|locale\.h|wchar\.h|wctype\.h|"
        r"ctype\.h|assert\.h|errno\.h|signal\.h|pthread\.h|zmq\.h|sqlite3\.h|"
        r"event2/.*|sodium\.h|systemd/.*")
LAYERS = [  # (name, its files, may use, system headers it may not see)
    ("client", r"proto/client|proto/example", "client proto",
     r"sqlite3\.h|event2/.*|sodium\.h|locale\.h"),
    ("proto", r"proto/", "proto", PURE),
    ("journal", r"journal/", "journal proto",
     r"zmq\.h|sqlite3\.h|event2/.*|sodium\.h|time\.h|locale\.h"),
    ("core", r"core/", "core proto", PURE),
    ("store", r"daemon/store/", "store core proto",
     r"zmq\.h|event2/.*|systemd/.*|time\.h|locale\.h"),
    # Recovery sorts what it reads in a scratch database of its own.
    ("recover", r"daemon/recover", "recover daemon store core proto",
     r"locale\.h"),
    ("daemon", r"daemon/", "daemon recover store core journal proto",
     r"sqlite3\.h|locale\.h"),
    ("workers", r"workers/", "workers core client journal proto",
     r"sqlite3\.h|locale\.h"),
    ("docketctl", r"clients/docketctl/", "docketctl client proto", "sqlite3.h"),
    ("tie", r"clients/tie/", "tie client proto", r"zmq\.h|sqlite3\.h|locale\.h"),
    ("http", r"clients/http/", "http proto", r"zmq\.h|sqlite3\.h|locale\.h"),
    ("kiosk", r"clients/kiosk/", "kiosk http client journal proto", "locale.h"),
    ("metrics", r"clients/metrics/", "metrics tie http client journal proto",
     r"zmq\.h|sqlite3\.h|locale\.h"),
    ("relay", r"clients/relay/", "relay client journal proto", "locale.h"),
    ("web", r"clients/web/", "web tie http docketctl client journal proto", "locale.h"),
    ("notify", r"clients/notify/", "notify core client journal proto",
     r"zmq\.h|locale\.h"),
    ("bench", r"bench/", "bench client proto", "locale.h"),
]

def layer_of(path):
    for layer in LAYERS:
        if re.match(layer[1], path):
            return layer
    return ("other", "", "", "")

for path in sys.argv[1:]:
    name, _, may, never = layer_of(path)
    text = open(path, encoding="utf-8").read()
    for inc in re.findall(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', text, re.M):
        beside = os.path.normpath(os.path.join(os.path.dirname(path), inc))
        to = layer_of(beside if os.path.exists(beside) else inc)[0]
        if to not in may.split():
            print('%s includes "%s": %s may only use %s' %
                  (path, inc, name, may))
    for inc in re.findall(r"^[ \t]*#[ \t]*include[ \t]*<([^>]+)>", text, re.M):
        if re.fullmatch(never, inc):
            print("%s includes <%s>: not for the layer %s" % (path, inc, name))
        if inc == "zmq.h" and name == "daemon" and \
                not re.match(r"daemon/(zev|zap|daemon)\.c", path):
            print("%s includes <zmq.h>: in the daemon only zev.c and zap.c talk to it "
                  "(and daemon.c makes its context)" % path)
P
)

# What the two pure libraries take from outside.
allowed='^(mem[a-z]+|str[a-z]+|malloc|calloc|realloc|free|cJSON_.*|dk_.*|snprintf|vsnprintf|qsort|bsearch|llabs|labs|abs)$'
allowed_cc='^(__(mem|str)[a-z]+_chk|__v?snprintf_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__asan_.*|__ubsan_.*)$'
never='^(strftime|strptime|strcoll|strxfrm|strerror.*|strtok|strsignal|strdup_l|strtod|strtof|strtold|str.*_l)$'
for lib in dkproto dkcore; do
    archive=$build/lib$lib.a
    [[ -f $archive ]] || {
        fault "$archive is not there: build it first"
        continue
    }
    # What one of its files takes from another is nobody's business.
    while read -r symbol; do
        if [[ $symbol =~ $never ]] ||
            ! [[ $symbol =~ $allowed || $symbol =~ $allowed_cc ]]; then
            fault "lib$lib.a wants $symbol(): it must be pure" \
                "(mem*, str*, malloc's family, snprintf, cJSON_*, dk_*)"
        fi
    done < <(comm -23 \
        <(nm -u "$archive" | awk '$1 == "U" { print $2 }' | sort -u) \
        <(nm --defined-only "$archive" | awk 'NF == 3 { print $3 }' | sort -u))
done
finish "${#list[@]} files, no arrow backwards; proto and core are pure"
