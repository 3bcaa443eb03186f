#!/usr/bin/env bash
# Measures Londi's books on this machine and prints every figure beside its baseline. Nothing else should run meanwhile.
# Usage: Tests/bench.sh [DIRECTORY]
#   DIRECTORY  where the states lie (default /var/tmp): its disk decides
# LONDI_CACHE names the directory of the Python environment, llama.cpp and the model (default ~/.cache/londi).
# shellcheck source=Setup/common.sh
. "$(dirname "$0")/Setup/common.sh"
directory=${1:-/var/tmp}
cd "$repository"

Tests/Setup/packages.sh libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3-venv ca-certificates procps
python=$(Tests/Setup/python.sh litequeue==0.9 huey==3.5.4 persist-queue==1.1.0)
server=$(Tests/Setup/llama-server.sh)
model=$(Tests/Setup/model.sh tiny)
# The binaries as they are packaged.
# shellcheck source=Setup/daemon.sh
. Tests/Setup/daemon.sh
build_binaries --all
bin=$binaries

# Prints a part's output and keeps it for the table; the time it took goes to stderr.
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
measure() {
    say "$1"
    echo "part: $1" >>"$figures"
    shift
    local start=$SECONDS
    "$@" | tee -a "$figures"
    echo "that took $((SECONDS - start)) s" >&2
}

for part in queue budget recovery import list; do
    measure "$part" "$bin/londi-bench" "$part" --directory "$directory"
done

quick=$model deepthink=$model disk=$directory
start_londid
measure latency "$bin/londi-bench" latency --directory "$disk" --socket "$LONDI_SOCKET"
measure "queues from PyPI" "$python" Tests/Bench/peers.py "$disk"

say "all figures as a table"
awk '
    /^part: / { part = substr($0, 7); next }
    NR < 12 && /^(cpu|cores|memory|kernel|sqlite|file system|fdatasync[^:]*): / { print "- " $0 }
    # name: number unit, and what a peer adds behind a comma
    match($0, /: [0-9.]+ (jobs|lines|steps)?(\/s|ms|us|%|s|MiB)/) && !/^(cpu|cores|memory|fdatasync|note)/ {
        if (!header++) print "\n| part | figure | value |\n|---|---|---|"
        print "| " part " | " substr($0, 1, RSTART - 1) " | " substr($0, RSTART + 2) " |"
    }' "$figures"
rm -f "$figures"
