#!/usr/bin/env bash
# Boots a real systemd on an overlay of this machine's own / in namespaces, installs Londi's .deb there and checks it as a system
# service, with a real llama-server and model: about three minutes. As root or by sudo. Installs and builds what it needs.
# Usage: Tests/service.sh [--newer] [--measure | NUMBER...]
#   --newer    on Debian 13 with its systemd instead, downloaded once into the cache, by systemd-nspawn
#   NUMBER     only these tests, 05 or 13; those that install, configure and make a queue run always
#   --measure  no test, but the service's size, start time, memory and wake-ups
# LONDI_TEST_BINARIES names a directory with londid and londictl instead of a build, LONDI_TEST_PACKAGES one with two packages.
# shellcheck source=Setup/common.sh
. "$(dirname "$0")/Setup/common.sh"

LONDI_SERVICE_ROOT=/
if [ "${1:-}" = --newer ]; then
    shift
    "$repository/Tests/Setup/packages.sh" systemd-container
    LONDI_SERVICE_ROOT=$("$repository/Tests/Setup/newer-root.sh")
fi
"$repository/Tests/Setup/packages.sh" libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3 python3-venv \
    ca-certificates procps debhelper dpkg-dev systemd dbus util-linux
LONDI_TEST_LLAMA_SERVER=${LONDI_TEST_LLAMA_SERVER:-$("$repository/Tests/Setup/llama-server.sh")}
LONDI_TEST_MODEL=${LONDI_TEST_MODEL:-$("$repository/Tests/Setup/model.sh" tiny)}

# The units and every drop-in are silent under systemd's own check, and expose little.
"$repository/Tests/Service/units.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packages=${LONDI_TEST_PACKAGES:-$work}
build=("$repository/systemd/build-deb.sh" --output "$packages")
[ -z "${LONDI_TEST_BINARIES:-}" ] || build+=(--binaries "$LONDI_TEST_BINARIES")
if [ -z "${LONDI_TEST_PACKAGES:-}" ]; then
    version=$(dpkg-deb -f "$("${build[@]}")" Version)
    "${build[@]}" --version "$version+next" >&2
fi
LONDI_TEST_PACKAGE=$(ls "$packages"/londi_*.deb | grep -v +next)
LONDI_TEST_NEXT_PACKAGE=$(ls "$packages"/londi_*+next_*.deb)
export LONDI_SERVICE_ROOT LONDI_TEST_PACKAGE LONDI_TEST_NEXT_PACKAGE LONDI_TEST_LLAMA_SERVER LONDI_TEST_MODEL PYTHONDONTWRITEBYTECODE=1

program=(-m unittest --verbose --failfast test_service)
if [ "${1:-}" = --measure ]; then
    program=(measure.py)
elif [ $# -gt 0 ]; then
    for number in 01 02 04 "$@"; do program+=(-k "test_$number"); done
fi
need_root "booting a systemd"
say "booting systemd and testing the service"
# The container's disk is a tmpfs of this namespace: it goes with the last process in it.
export LONDI_SERVICE_WORK=$work/machine
mkdir "$LONDI_SERVICE_WORK"
cd "$repository/Tests/Service"
timeout --kill-after=30 1500 "${as_root[@]}" unshare --mount --propagation private bash -euc '
    mount -t tmpfs -o mode=755 tmpfs "$LONDI_SERVICE_WORK"
    exec python3 "$@"' _ "${program[@]}"
