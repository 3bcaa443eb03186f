# Sourced by every script in Tests: where things are cached, how messages look, how a step fails.
# shellcheck shell=bash

set -euo pipefail

# The checkout this file lies in.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# llama.cpp, models and the Python environment outlive checkouts, so they live outside of them.
cache=${LONDI_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/londi}
mkdir -p "$cache"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

# Ends the script with a message that names what failed and what to do about it.
die() {
    printf 'error: %s\n' "$*" >&2
    exit 2
}

# need_space MEBIBYTES WHAT: stops early where the cache's file system cannot hold what comes.
need_space() {
    local free
    free=$(df --output=avail -m "$cache" | tail -n 1 | tr -d ' ')
    [ "$free" -ge "$1" ] ||
        die "$2 needs $1 MiB in $cache, which has $free MiB free; free some space or set LONDI_CACHE to another disk"
}

# with_lock NAME COMMAND...: one process at a time prepares one thing in the cache.
with_lock() {
    local name=$1
    shift
    (
        flock 9
        "$@"
    ) 9>"$cache/.$name.lock"
}
