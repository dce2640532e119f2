# shellcheck shell=bash
# What script/demo, script/test and script/bench share.  Source it after
# `set -euo pipefail`, from anywhere; it changes to the root of the project.

DK_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$DK_ROOT" || exit 1
# shellcheck source=script/packages
. script/packages

DK_JOBS=${DK_JOBS:-$(nproc)}
DK_LOG=$DK_ROOT/build/log
mkdir -p "$DK_LOG"

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    C_B=$'\e[1m' C_D=$'\e[2m' C_R=$'\e[31m' C_G=$'\e[32m' C_Y=$'\e[33m'
    C_C=$'\e[36m' C_0=$'\e[0m'
else
    # shellcheck disable=SC2034
    C_B='' C_D='' C_R='' C_G='' C_Y='' C_C='' C_0=''
fi

say() { printf '%s\n' "$*"; }
head_line() { printf '\n%s== %s%s\n' "$C_B" "$*" "$C_0"; }
die() {
    printf '%s%s: %s%s\n' "$C_R" "${0##*/}" "$*" "$C_0" >&2
    exit 1
}

# is_installed PACKAGE: also true when its command came from elsewhere.
is_installed() {
    case $1 in
    nodejs) command -v node >/dev/null && return ;;
    npm) command -v npm >/dev/null && return ;;
    esac
    [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]
}

# need_packages PACKAGE...: install those that are missing, and only those.
need_packages() {
    local p missing=() sudo=()
    for p; do
        is_installed "$p" || missing+=("$p")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "these packages are missing: ${missing[*]}." \
                "Install them as root: apt-get install ${missing[*]}"
        sudo=(sudo)
    fi
    say "Installing what is missing (apt-get): ${missing[*]}"
    {
        "${sudo[@]}" apt-get update &&
            "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install \
                -y --no-install-recommends "${missing[@]}"
    } >"$DK_LOG/apt.log" 2>&1 || {
        tail -n 30 "$DK_LOG/apt.log" >&2
        die "apt-get failed; all of its output is in build/log/apt.log"
    }
}

# need_npm: the tests' npm packages, exactly as the lock file says.
need_npm() {
    local d
    for d in "${DK_NPM_FOLDERS[@]}"; do
        [[ -f $d/package-lock.json ]] || continue
        if [[ $d/node_modules/.package-lock.json -nt $d/package-lock.json ]]
        then
            continue
        fi
        say "Installing the tests' npm packages in $d (npm ci)"
        (cd "$d" && npm ci --no-audit --no-fund) >"$DK_LOG/npm.log" 2>&1 || {
            tail -n 30 "$DK_LOG/npm.log" >&2
            die "npm ci failed; all of its output is in build/log/npm.log"
        }
    done
}

# need_peers: what bench/peers runs beside docketd.  Their services are not
# started: the bench has its own, in folders of its own.
need_peers() {
    RUNLEVEL=1 need_packages "${DK_PACKAGES_PEERS[@]}"
    DK_NPM_FOLDERS=(bench/peers) need_npm
}

# configure PRESET [CMAKE OPTION...]; build PRESET [TARGET...]
configure() {
    local preset=$1
    shift
    cmake --preset "$preset" "$@"
}
build() {
    local preset=$1
    shift
    cmake --build "build/$preset" -j "$DK_JOBS" ${1:+--target "$@"}
}

# now_s: seconds that only go forward.
now_s() { cut -d. -f1 /proc/uptime; }
