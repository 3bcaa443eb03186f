#!/usr/bin/env bash
# Measures Londi's books on this machine and prints every figure beside its baseline. Nothing else should run meanwhile.
# Usage: Tests/bench.sh [DIRECTORY]
#   DIRECTORY  where the states lie (default /var/tmp): its disk decides
# LONDI_CACHE names the directory of the Python environment, llama.cpp and the model (default ~/.cache/londi).
# shellcheck source=Setup/common.sh
. "$(dirname "$0")/Setup/common.sh"
directory=${1:-/var/tmp}
cd "$repository"

command -v swift >/dev/null || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
Tests/Setup/packages.sh libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3-venv ca-certificates procps
python=$(Tests/Setup/python.sh litequeue==0.9 huey==3.5.4 persist-queue==1.1.0)
server=$(Tests/Setup/llama-server.sh)
model=$(Tests/Setup/model.sh tiny)
for product in londid londictl londi-bench; do
    swift build -c release --product "$product" >&2 || die "the build of $product failed"
done
bin=$(swift build -c release --show-bin-path)

for part in queue budget recovery import; do
    say "$part"
    "$bin/londi-bench" "$part" --directory "$directory"
done

say "latency"
# shellcheck source=Setup/daemon.sh
. Tests/Setup/daemon.sh
quick=$model deepthink=$model disk=$directory
start_londid
"$bin/londi-bench" latency --directory "$disk" --socket "$LONDI_SOCKET"

say "queues from PyPI"
"$python" Tests/Bench/peers.py "$disk"
