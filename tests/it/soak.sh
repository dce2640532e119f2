#!/bin/sh
# A program of the battery for so many seconds: soak.sh SECONDS NAME [TEST...]
set -eu
budget=$1 name=$2
shift 2
: "${DK_BIN:=build/dev}"
export DK_BIN DK_BUDGET="$budget" DK_STRETCH="${DK_STRETCH:-2}"
exec /usr/bin/python3 "tests/it/$name.py" "$@" 2>&1
