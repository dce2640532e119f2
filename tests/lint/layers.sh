#!/usr/bin/env bash
# An arrow points at what is used, and never runs backwards:
#
#   daemon -> daemon/store -> core -> proto
#   workers -> core -> proto      clients, bench -> proto
#
# Read from the includes, and from the symbols that core and proto want from
# outside: they have no I/O, no clock, no randomness and no locale.
. "$(dirname "$0")/common"
build=${1:-build/dev}

layer_of() {
    case $1 in
    proto/client*) echo client ;;
    proto/*) echo proto ;;
    core/*) echo core ;;
    daemon/store/*) echo store ;;
    daemon/*) echo daemon ;;
    workers/*) echo workers ;;
    clients/*/*) echo "${1%/*}" ;;
    bench/*) echo bench ;;
    *) echo other ;;
    esac
}

# may_use LAYER: the layers it may include from, itself among them.
may_use() {
    case $1 in
    proto) echo proto ;;
    client) echo client proto ;;
    core) echo core proto ;;
    store) echo store core proto ;;
    daemon) echo daemon store core proto ;;
    workers) echo workers core client proto ;;
    clients/*) echo "$1" client proto ;;
    bench) echo bench client proto ;;
    esac
}

# The system headers that a layer may not see.
forbidden_for() {
    case $1 in
    proto | core)
        echo 'time.h|sys/.*|unistd.h|fcntl.h|locale.h|wchar.h|wctype.h|ctype.h|assert.h|errno.h|signal.h|pthread.h|zmq.h|sqlite3.h|event2/.*|sodium.h|systemd/.*'
        ;;
    client) echo 'sqlite3.h|event2/.*|sodium.h|locale.h|pthread.h' ;;
    store) echo 'zmq.h|event2/.*|systemd/.*|time.h|locale.h' ;;
    daemon) echo 'sqlite3.h|locale.h|pthread.h' ;;
    workers) echo 'sqlite3.h|locale.h|pthread.h' ;;
    *) echo 'no-such-header' ;;
    esac
}

check_file() {
    local file=$1 from layers bad inc target to
    from=$(layer_of "$file")
    layers=" $(may_use "$from") "
    bad=$(forbidden_for "$from")
    while IFS= read -r inc; do
        if [[ -f ${file%/*}/$inc ]]; then
            target=$(realpath --relative-to=. "${file%/*}/$inc")
        else
            target=$inc
        fi
        to=$(layer_of "$target")
        [[ $layers == *" $to "* ]] ||
            fault "$file includes \"$inc\": $from may only use:$layers"
    done < <(sed -nE 's/^[ \t]*#[ \t]*include[ \t]*"([^"]+)".*/\1/p' "$file")
    while IFS= read -r inc; do
        [[ ! $inc =~ ^($bad)$ ]] ||
            fault "$file includes <$inc>: not for the layer $from"
    done < <(sed -nE 's/^[ \t]*#[ \t]*include[ \t]*<([^>]+)>.*/\1/p' "$file")
    if [[ $from == daemon && $file != daemon/zev.* ]] &&
        grep -q '<zmq\.h>' "$file"; then
        fault "$file includes <zmq.h>: in the daemon only zev.c may"
    fi
}

n=0
while IFS= read -r file; do
    check_file "$file"
    n=$((n + 1))
done < <(files '*.c' '*.h' | grep -E '^(proto|core|daemon|workers|clients|bench)/')
((n > 0)) || fault "no source files found"

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
    while read -r symbol; do
        if [[ $symbol =~ $never ]] ||
            ! [[ $symbol =~ $allowed || $symbol =~ $allowed_cc ]]; then
            fault "lib$lib.a wants $symbol(): it must be pure" \
                "(mem*, str*, malloc's family, snprintf, cJSON_*, dk_*)"
        fi
    done < <(nm -u "$archive" | awk '$1 == "U" { print $2 }' | sort -u)
done
finish "$n files, no arrow backwards; proto and core are pure"
