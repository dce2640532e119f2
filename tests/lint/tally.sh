#!/usr/bin/env bash
# script/tally, which everything is counted by, counts what it should.
. "$(dirname "$0")/common"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0

# counts "PASSED FAILED SKIPPED" STATUS OUTPUT: as one program of a run.
counts() {
    local got
    printf '<testsuite><testcase name="t" status="%s">%s<system-out>%s</system-out></testcase></testsuite>\n' \
        "$2" "${4:-}" "$3" >"$tmp/junit.xml"
    got=$(script/tally "$tmp/junit.xml" | sed -n 1p)
    [[ $got == "$1" ]] || fault "script/tally says '$got', not '$1', of: $3"
    n=$((n + 1))
}

counts '1 0 0' run 'all well'
counts '0 1 0' fail 'Segmentation fault'
counts '0 0 1' notrun '' '<skipped message="SKIP_RETURN_CODE=77"/>'
counts '0 1 0' notrun '' '<skipped message="Unable to find executable"/>'
counts '0 0 1' disabled ''
counts '12 0 0' run $'[==========] Running 12 test(s).\n[==========] 12 test(s) run.\n[  PASSED  ] 12 test(s).'
counts '3 0 0' run $'[==========] 1 test(s) run.\n[  PASSED  ] 1 test(s).\n[==========] 2 test(s) run.\n[  PASSED  ] 2 test(s).'
counts '10 2 0' fail $'[==========] 12 test(s) run.\n[  PASSED  ] 10 test(s).\n[  FAILED  ] 2 test(s), listed below:\n[  FAILED  ] a\n[  FAILED  ] b'
counts '4 1 0' fail $'[==========] 4 test(s) run.\n[  PASSED  ] 4 test(s).\nLeakSanitizer: detected memory leaks'
counts '5 1 2' fail $'# tests 8\n# pass 5\n# fail 1\n# cancelled 0\n# skipped 2\n# todo 0'
counts '7 0 0' run $'\u2139 tests 7\n\u2139 pass 7\n\u2139 fail 0\n\u2139 skipped 0'
counts '2 1 1' fail $'ok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP why\nok 4 - d'
counts '5 3 2' fail $'Ran 10 tests in 1.0s\n\nFAILED (failures=2, errors=1, skipped=2)'
counts '9 0 1' run $'Ran 10 tests in 1.0s\n\nOK (skipped=1)'
counts '6 0 0' run $'Ran 6 tests in 1.0s\n\nOK'
counts '3 1 0' fail '3 passed, 1 failed'
counts '3 0 2' run '3 passed, 0 failed, 2 skipped'
! script/tally "$tmp/none.xml" >/dev/null 2>&1 ||
    fault "script/tally is content with a file that is not there"
finish "$n trials"
