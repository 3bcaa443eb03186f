#!/usr/bin/env bash
# ThreadSanitizer over the tests of the store and the daemon, and over a londid under full load for a minute.
# Usage: Tests/tsan.sh [--minutes M]. The build lies in the cache (LONDI_CACHE), beside the ordinary one.
# A data race fails the script. Left out are the tests that start children: ThreadSanitizer makes a fork of each vfork.
# shellcheck source=Setup/release.sh
. "$(dirname "$0")/Setup/release.sh"
cd "$repository"

minutes=1
if [ "${1:-}" = --minutes ]; then minutes=${2:?--minutes needs a number}; shift 2; fi
[ $# = 0 ] || die "'$1' is unknown; the only option is --minutes M"

scratch=$cache/tsan
swift=$(command -v swift) || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
need_space 2000 "the build for ThreadSanitizer"
say "building with ThreadSanitizer (in $scratch)"
swift build --sanitize=thread --build-tests --scratch-path "$scratch" >&2 || die "the build failed"
LONDI_BIN=$(swift build --sanitize=thread --scratch-path "$scratch" --show-bin-path)
prepare_release

work=$(mktemp -d "$cache/tsan-work.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$(dirname "$(readlink -f "$swift")")/clang" -shared -fPIC -O2 -o "$work/mutex.so" Tests/Campaign/mutex.c -ldl
export TSAN_OPTIONS="halt_on_error=0 exitcode=66 log_path=$work/report ${TSAN_OPTIONS:-}"
# ThreadSanitizer's shadow memory has fixed places that a randomised layout may occupy.
without_randomisation=()
if setarch -R true 2>/dev/null; then without_randomisation=(setarch -R); fi

say "a race that is there is found"
cat >"$work/race.swift" <<'END'
import Glibc
import Synchronization
final class Shared: Sendable {
    nonisolated(unsafe) var unguarded = 0
    let guarded = Mutex(0)
}
let shared = Shared()
func count(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    for _ in 0..<100_000 {
        if CommandLine.arguments.count > 1 { shared.unguarded += 1 }
        shared.guarded.withLock { $0 += 1 }
    }
    return nil
}
var threads = [pthread_t](repeating: pthread_t(), count: 4)
for index in threads.indices { pthread_create(&threads[index], nil, count, nil) }
for thread in threads { pthread_join(thread, nil) }
END
swiftc -sanitize=thread "$work/race.swift" -o "$work/race" || die "swiftc cannot build with ThreadSanitizer"
with_tsan() { "${without_randomisation[@]}" env LD_PRELOAD="$work/mutex.so" "$@"; }
with_tsan "$work/race" || die "ThreadSanitizer reports what a Mutex guards, see $(cat "$work"/report*)"
if with_tsan "$work/race" unguarded; then die "ThreadSanitizer does not find a race that is there"; fi
rm -f "$work"/report*

status=0
# All tests at once would each take longer than they may; within each, as many tasks run at once as ever.
for target in StorageTests DaemonTests; do
    say "$target under ThreadSanitizer"
    with_tsan "$LONDI_BIN/londiPackageTests.xctest" --testing-library swift-testing --filter "$target" \
        --experimental-maximum-parallelization-width 3 || status=1
done
say "londid under ThreadSanitizer, under full load"
LONDI_PRELOAD=$work/mutex.so "${without_randomisation[@]}" "$python" Tests/Campaign/soak.py --only-load --minutes "$minutes" || status=1
if compgen -G "$work/report*" >/dev/null; then
    cat "$work"/report* >&2
    die "ThreadSanitizer reports $(cat "$work"/report* | grep -c '^WARNING: ThreadSanitizer') problems, see above"
fi
[ "$status" = 0 ] || die "tests failed under ThreadSanitizer"
say "ThreadSanitizer reports nothing"
