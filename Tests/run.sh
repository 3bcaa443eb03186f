#!/usr/bin/env bash
# Installs what is needed, builds Londi and runs its tests. On a fresh Debian 12 with the Swift toolchain this is all.
# Usage: Tests/run.sh [--quick]
#   --quick  only the tests that need no model: a few minutes
# LONDI_CACHE names the directory for llama.cpp and the models (default ~/.cache/londi).
# shellcheck source=Setup/common.sh
. "$(dirname "$0")/Setup/common.sh"
# shellcheck source=Setup/beside.sh
. "$repository/Tests/Setup/beside.sh"
trap stop_beside EXIT
cd "$repository"

# other_tools: installs what the tests need beside llama-server; prints a line for each.
other_tools() {
    Tests/Setup/model.sh tiny
    Tests/Setup/python.sh varlink==31.0.0
    Tests/Setup/promtool.sh
    Tests/Setup/environments.sh
}

quick=0
for option in "$@"; do
    case $option in
    --quick) quick=1 ;;
    *) die "'$option' is unknown; the only option is --quick" ;;
    esac
done

command -v swift >/dev/null || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
Tests/Setup/packages.sh libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3-venv ca-certificates procps strace zsh fish iproute2 openssl stunnel4 man-db mandoc

if [ "$quick" = 0 ]; then
    Tests/Setup/packages.sh openjdk-17-jre-headless chromium tidy
    # They take longest on a fresh machine, so they go beside the build of the tests if memory allows.
    beside server Tests/Setup/llama-server.sh
    memory_allows || await server
    beside others other_tools
else
    unset LONDI_TEST_LLAMA_SERVER LONDI_TEST_MODEL LONDI_TEST_PYTHON LONDI_TEST_ENVIRONMENTS LONDI_TEST_CHROMIUM LONDI_TEST_PROMTOOL
fi

say "building the unit tests"
swift build --build-tests

if [ "$quick" = 0 ]; then
    await server
    LONDI_TEST_LLAMA_SERVER=$outcome
    await others
    { read -r LONDI_TEST_MODEL && read -r LONDI_TEST_PYTHON && read -r LONDI_TEST_PROMTOOL && read -r LONDI_TEST_ENVIRONMENTS; } <<<"$outcome"
    LONDI_TEST_CHROMIUM=$(command -v chromium)
    export LONDI_TEST_LLAMA_SERVER LONDI_TEST_MODEL LONDI_TEST_PYTHON LONDI_TEST_ENVIRONMENTS LONDI_TEST_PROMTOOL \
        LONDI_TEST_CHROMIUM
fi

# unit_tests OPTIONS...: a test that waits for ever fails in minutes, whatever would notice it in the process itself.
unit_tests() {
    local status=0
    timeout --kill-after=30 1500 swift test --disable-xctest "$@" || status=$?
    [ "$status" != 124 ] || die "swift test $* took over 25 minutes: the last test above that started and did not end hangs"
    return "$status"
}

say "the scripts that prepare a machine"
python3 -m unittest discover --start-directory Tests/Setup --pattern 'test_*.py'

say "running the unit tests"
# Four processes. The Switcher's tests compute on every core for half a minute and would starve tests that wait for a
# server or a child within a limit. The store's tests give a lock up and take it again, and a child that another test has
# just forked holds a copy of the lock's descriptor until it executes its program. Waits beside a hostile
# neighbour are measured alone.
unit_tests --skip-build --skip SwitchingTests --skip StorageTests --skip NeighbourTests
unit_tests --skip-build --filter StorageTests
unit_tests --skip-build --filter SwitchingTests
unit_tests --skip-build --filter NeighbourTests

if [ "$quick" = 0 ]; then
    # The binaries as they are packaged.
    # shellcheck source=../systemd/build.sh
    LONDI_BIN=$(. systemd/build.sh && build_binaries && echo "$binaries")
    export LONDI_BIN
    say "running the end-to-end tests: a real londid, llama-server and model"
    timeout --kill-after=30 1500 "$LONDI_TEST_PYTHON" -m unittest discover --start-directory Tests/EndToEnd --pattern 'test_*.py' --verbose
    if [ "$(id -u)" = 0 ] && unshare --mount --pid --fork --cgroup true 2>/dev/null; then
        LONDI_TEST_BINARIES=$LONDI_BIN Tests/service.sh
    else
        say "left out: Tests/service.sh, the tests as a system service, for which one must be root and may make namespaces"
    fi
    say "the environments against their own packages"
    timeout --kill-after=30 900 "$LONDI_TEST_ENVIRONMENTS/python/bin/python3" -m unittest discover --start-directory Tests/Environments --pattern 'test_*.py' --verbose
    say "the crash campaign: 300 kills"
    Tests/campaign.sh --kills 300
    say "a sample of the sweep over every write: kills, I/O errors and a full disk"
    Tests/sweep.sh --every 60
fi
say "all tests passed"
