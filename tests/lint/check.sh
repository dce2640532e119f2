#!/usr/bin/env bash
# shellcheck disable=SC2016  # what is seeded is evaluated later
#
# The lint checks catch what they look for: each is run on a small clean tree,
# which must pass, and again with one fault in it, which must not.
. "$(dirname "$0")/common"

root=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0

# A clean tree: one file in core and one in proto, built into libraries.
fresh() {
    rm -rf "$tmp/t"
    mkdir -p "$tmp/t/tests" "$tmp/t/proto" "$tmp/t/core" "$tmp/t/daemon" \
        "$tmp/t/docs/adr" "$tmp/t/systemd" "$tmp/t/script" "$tmp/t/policy" \
        "$tmp/t/b"
    cp -r "$root/tests/lint" "$tmp/t/tests/lint"
    rm "$tmp/t/tests/lint/check.sh"
    cp "$root/.clang-format" "$tmp/t/"
    cp "$root/script/glossary" "$tmp/t/script/"
    cp "$root/proto/words.def" "$tmp/t/proto/"
    cp "$root/docs/GLOSSARY.md" "$tmp/t/docs/"
    cd "$tmp/t"
    printf '#ifndef DK_A_H\n#define DK_A_H\n\nint dk_a(void);\n\n#endif\n' \
        >proto/a.h
    printf '#include "a.h"\n\nint dk_a(void)\n{\n    return 1;\n}\n' >proto/a.c
    printf '#include "proto/a.h"\n\nint dk_b(void);\nint dk_b(void)\n{\n    return dk_a();\n}\n' \
        >core/b.c
    printf '#include <zmq.h>\n' >daemon/zev.c
    printf '#ifndef DK_STATS_H\n/* clang-format off */\n' >daemon/stats.h
    printf '#define STATS(X) \\\n    X(things)\n#endif\n' >>daemon/stats.h
    printf 'INT("office.county", county, 1, 9),\n' >daemon/config.c
    printf '[office]\ncounty = 1\n' >systemd/docketd.conf
    printf '# Index\n\n[0001](0001-x.md)\n' >docs/adr/README.md
    printf '# 0001\n' >docs/adr/0001-x.md
    printf '| `[office] county` | |\n| `things` | |\n' >docs/OPERATIONS.md
    (
        printf 'x\n'
        for f in proto/a core/b daemon/config daemon/stats daemon/zev \
            systemd/docketd.conf script/glossary tests/lint/*; do
            printf '| `%s` | what |\n' "$f"
        done
    ) >docs/ARCHITECTURE.md
    [[ $1 != layers ]] || libs
}
libs() {
    for lib in proto core; do
        rm -f "b/libdk$lib.a"
        gcc -I. -c $lib/*.c
        ar cr "b/libdk$lib.a" ./*.o
        rm -f ./*.o
    done
}
runs() { "tests/lint/$1.sh" b >"$tmp/out" 2>&1; }
# clean CHECK...: each passes on the clean tree.
clean() {
    local check
    for check; do
        fresh "$check"
        runs "$check" || fault "$check refuses a clean tree: $(cat "$tmp/out")"
        n=$((n + 1))
    done
}
# passed CHECK COMMAND: after the command the check must still pass.
passed() {
    fresh "$1"
    eval "$2"
    runs "$1" || fault "$1 refuses what is right: $2: $(cat "$tmp/out")"
    n=$((n + 1))
}
# caught CHECK COMMAND: after the command the check must fail.
caught() {
    fresh "$1"
    eval "$2"
    if runs "$1"; then
        fault "$1 did not notice: $2"
    fi
    n=$((n + 1))
}

clean layers size format strays docs shell words
caught layers 'echo "#include \"daemon/stats.h\"" >>core/b.c'
caught layers 'echo "#include \"core/b.h\"" >>proto/a.c'
caught layers 'echo "#include <time.h>" >>core/b.c'
caught layers 'echo "#include <sqlite3.h>" >>daemon/config.c'
caught layers 'echo "#include <zmq.h>" >>daemon/config.c'
caught layers 'echo "long time(long *); long dk_t(void) { return time(0); }" >>core/b.c; libs'
caught layers 'echo "int rand(void); int dk_r(void) { return rand(); }" >>proto/a.c; libs'
caught layers 'rm b/libdkcore.a'
caught size 'for i in {1..501}; do echo "int x$i;"; done >core/long.c'
caught size '{ echo "int f(void)"; echo "{"; for i in {1..61}; do echo "    f();"; done; echo "}"; } >core/f.c'
caught format 'echo "int   spaced;" >>core/b.c'
caught strays 'echo "/* TO""DO: later */" >>core/b.c'
caught strays 'echo "int x; " >>core/b.c'
caught strays 'echo "see /wo""rk/main" >>docs/OPERATIONS.md'
caught strays 'printf "int x;" >>core/b.c'
caught strays 'echo "strcpy(a, b);" >>core/b.c'
caught strays 'printf "int y;\n" >core/c.h'
caught strays 'chmod +x core/b.c'
caught docs 'echo "int z;" >core/z.c'
caught docs 'rm core/b.c'
caught docs 'echo "[gone](nowhere.md)" >>docs/OPERATIONS.md'
caught docs 'echo "# 0002" >docs/adr/0002-y.md'
caught docs 'echo "    X(others)" >>daemon/stats.h'
caught docs 'echo "INT(\"office.other\", other, 1, 9)," >>daemon/config.c'
caught shell 'printf "#!/bin/sh\necho \$x\n" >docs/bad.sh'
caught shell 'printf "#!/usr/bin/python3\nif\n" >docs/bad.py'
caught shell 'echo "{" >docs/bad.json'
says() { printf 'const char *s = %s;\n' "$1" >>core/b.c; }
clock() {
    printf '{"format": "docket-policy/1", "id": "p", "versions": [{"clocks": [{"id": "%s", "name": {"zh-CN": "%s"}}]}]}\n' \
        "$1" "$2" >policy/p.json
}
passed words 'says "\"信访人的案件，请核对（%s）。\""'
passed words 'says "\"没有未办结案件\""'
passed words 'says "\"the petitioner (信访人), and who else\""'
passed words 'says "\"操作人，例如 officer:li\""'
passed words 'says "\"{\\\"name\\\":\\\"张,三\\\"}\""'
passed words 'clock notice 受理告知'
caught words 'says "\"来访人\""'
caught words 'says "\"请联系上\" \"访人员\""'
caught words 'echo "/* the Complainant */" >>core/b.c'
caught words 'echo "who complains, the complainant" >>docs/OPERATIONS.md'
caught words 'printf "the work of letters and\nvisits\n" >>docs/OPERATIONS.md'
caught words 'says "\"案件,请核对\""'
caught words 'says "\"案件（%%s）;请核对\""'
caught words 'says "\"没有“%%s”:请核对\""'
caught words 'says "\"没有%s'\''%s'\''这个案件\""'
caught words 'says "\"案件(全部)\""'
caught words 'says "\"複查\""'
caught words 'echo "受理,告知" >>docs/OPERATIONS.md'
caught words 'echo "處理" >>docs/OPERATIONS.md'
caught words 'printf "#!/usr/bin/env python3\nprint(\"案件;请\")\n" >script/say'
caught words 'clock notice 受理通知'
caught words 'clock unheard 从未听说'
caught words 'sed -i "s/\"信访人\"/\"信访的人\"/" proto/words.def'
caught words 'echo "W(BROKEN, \"broken\")" >>proto/words.def'
caught words 'echo "more" >>docs/GLOSSARY.md'
finish "$n trials"
