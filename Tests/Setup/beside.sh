# Sourced where several things are prepared at the same time: commands that run beside the script, and end with it.
# shellcheck shell=bash

# memory_allows: a compiler of C++ for each core and one of Swift fit into what is free.
memory_allows() {
    local available
    available=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
    [ "$available" -ge $((3000 + 1000 * $(nproc))) ]
}

# The process and the file with the output of each, by name.
declare -A beside_pids=() beside_files=()

# beside NAME COMMAND...: starts COMMAND in a process group of its own, so that it can be ended with all that it started.
beside() {
    local name=$1
    shift
    beside_files[$name]=$(mktemp)
    set -m
    "$@" </dev/null >"${beside_files[$name]}" &
    set +m
    beside_pids[$name]=$!
}

# await NAME: waits for what was started beside and sets outcome to what it printed; ends the script if it failed.
await() {
    local pid=${beside_pids[$1]}
    wait "$pid" || exit
    outcome=$(cat "${beside_files[$1]}")
}

# stop_beside: ends what still runs, for the script's EXIT trap.
stop_beside() {
    local pid
    for pid in "${beside_pids[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
    rm -f "${beside_files[@]}"
}
