# Sourced by every script in Tests: where things are cached, and what prepares them.
# shellcheck shell=bash

# shellcheck source=../../systemd/messages.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../systemd/messages.sh"

# The checkout this file lies in.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# llama.cpp, models and the Python environment outlive checkouts, so they live outside of them.
cache=${LONDI_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/londi}
mkdir -p "$cache"

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

# need_root WHAT: sets as_root, what is put before a command that only root may run.
need_root() {
    as_root=()
    [ "$(id -u)" != 0 ] || return 0
    command -v sudo >/dev/null || die "$1 needs root, and there is no sudo; run this as root"
    as_root=(sudo --preserve-env)
}
