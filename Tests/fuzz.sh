#!/usr/bin/env bash
# libFuzzer over the parsers of what strangers send: control messages, batch lines, configuration, models' streams and headers,
# environments' lines, verifiers. Usage: Tests/fuzz.sh [--seconds N] [TARGET...]; 60 seconds for each target, all of them, by default.
# A crash, 10 s for one input or 1 GiB of memory fail the script, which names the input. Build and found inputs lie in the cache
# (LONDI_CACHE), so that a next run goes on from there.
# shellcheck source=Setup/common.sh
. "$(dirname "$0")/Setup/common.sh"
cd "$repository"

seconds=60
if [ "${1:-}" = --seconds ]; then seconds=${2:?--seconds needs a number}; shift 2; fi
all=(batch configuration environment frames model stream verifier)
targets=("${@:-${all[@]}}")
for target in "${targets[@]}"; do
    [[ " ${all[*]} " = *" $target "* ]] || die "'$target' is no target; there are ${all[*]}"
done

command -v swift >/dev/null || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
Tests/Setup/packages.sh libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3
need_space 2000 "the build with libFuzzer"
scratch=$cache/fuzz
say "building with libFuzzer (in $scratch)"
options=(-c release --sanitize fuzzer -Xswiftc -enable-testing --scratch-path "$scratch")
LONDI_FUZZ=1 swift build "${options[@]}" --product Fuzz >&2 || die "the build failed"
program=$(LONDI_FUZZ=1 swift build "${options[@]}" --show-bin-path)/Fuzz

work=$(mktemp -d "$cache/fuzz-work.XXXXXX")
trap 'rm -rf "$work" /dev/shm/londi-fuzz-"${fuzzer:-none}"' EXIT
python3 Tests/Fuzz/seeds.py "$repository" "$work/seeds"
mkdir -p "$work/none" "$cache/fuzz-failures"

# fuzz TARGET OPTIONS...: its own words go to $work/log.
fuzz() {
    local target=$1 status=0
    shift
    LONDI_FUZZ_TARGET=$target "$program" -timeout=10 -rss_limit_mb=1024 -max_len=8192 -print_final_stats=1 \
        -artifact_prefix="$cache/fuzz-failures/$target-" "$@" >"$work/log" 2>&1 &
    fuzzer=$!
    # The shell would tell of a trap in its own words.
    { wait "$fuzzer" || status=$?; } 2>/dev/null
    rm -f "/dev/shm/londi-fuzz-$fuzzer"
    return "$status"
}

say "a trap that is there is found"
if fuzz trap -max_total_time=60 "$work/none"; then die "libFuzzer does not find a trap that is there"; fi
rm -f "$cache"/fuzz-failures/trap-*

failed=()
sum=0
for target in "${targets[@]}"; do
    mkdir -p "$cache/fuzz-corpus/$target"
    fuzz "$target" -max_total_time="$seconds" "$cache/fuzz-corpus/$target" "$work/seeds/$target" || failed+=("$target")
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
    if [[ " ${failed[*]:-} " = *" $target "* ]]; then
        tail -n 25 "$work/log" >&2
    fi
    sum=$((sum + ${count:-0}))
    say "$target: ${count:-0} inputs, $(sed -n 's/^stat::peak_rss_mb: *//p' "$work/log") MiB, $(ls "$cache/fuzz-corpus/$target" | wc -l) kept"
done
[ "${#failed[@]}" = 0 ] || die "failed: ${failed[*]}; the inputs are in $cache/fuzz-failures, and LONDI_FUZZ_TARGET=TARGET $program FILE repeats one"
say "$sum inputs to ${#targets[@]} parsers in $seconds s each: no crash, no hang, no more than 1 GiB"
