#!/usr/bin/env bash
# Runs the tests of the store and the daemon under ThreadSanitizer. Usage: Tests/tsan.sh [TEST-TARGET...]
# The build lies in the cache (LONDI_CACHE), beside the ordinary one. A data race fails the script.
# shellcheck source=Setup/common.sh
. "$(dirname "$0")/Setup/common.sh"
cd "$repository"

targets=("$@")
[ $# -gt 0 ] || targets=(StorageTests DaemonTests)
scratch=$cache/tsan
command -v swift >/dev/null || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
Tests/Setup/packages.sh libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ ca-certificates procps
need_space 2000 "the build for ThreadSanitizer"
say "building the tests with ThreadSanitizer (in $scratch)"
swift build --sanitize=thread --build-tests --scratch-path "$scratch" >&2 || die "the build failed"

reports=$(mktemp -d "$cache/tsan-reports.XXXXXX")
trap 'rm -rf "$reports"' EXIT
export TSAN_OPTIONS="halt_on_error=0 exitcode=66 log_path=$reports/report ${TSAN_OPTIONS:-}"
# ThreadSanitizer's shadow memory has fixed places that a randomised layout may occupy.
without_randomisation=()
if setarch -R true 2>/dev/null; then without_randomisation=(setarch -R); fi
status=0
for target in "${targets[@]}"; do
    say "$target under ThreadSanitizer"
    "${without_randomisation[@]}" swift test --sanitize=thread --scratch-path "$scratch" --disable-xctest --skip-build \
        --filter "$target" || status=1
done
if compgen -G "$reports/report*" >/dev/null; then
    cat "$reports"/report* >&2
    die "ThreadSanitizer reports $(cat "$reports"/report* | grep -c '^WARNING: ThreadSanitizer') problems, see above"
fi
[ "$status" = 0 ] || die "tests failed under ThreadSanitizer"
say "ThreadSanitizer reports nothing in ${targets[*]}"
