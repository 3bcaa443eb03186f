#!/usr/bin/env bash
# Measures the time from `git clone` to the demo's first answer: of this checkout's commit and of another one, on this machine.
# Usage: Tests/first-answer.sh [--against REVISION] [--in-turn] [--results DIRECTORY]
#   --against  the revision to compare with (default 7661d94, whose demo did one thing after the other)
#   --in-turn  the other one first, then this one; else both at once, so that both meet the same other work
#   --results  where the page first-answer.md is written (default Tests/Results)
# Only Debian packages are taken as they are: llama.cpp, weights and Python packages are fetched and built anew for each.
# shellcheck source=Setup/common.sh
. "$(dirname "$0")/Setup/common.sh"

against=7661d94 in_turn=0 results=$repository/Tests/Results
while [ $# -gt 0 ]; do
    case $1 in
    --against) against=${2:?--against needs a revision} && shift 2 ;;
    --in-turn) in_turn=1 && shift ;;
    --results) results=${2:?--results needs a directory} && shift 2 ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done
! command -v llama-server >/dev/null || die "llama-server is on PATH, so nothing would be built; take it off PATH for this"
need_space 12000 "two clones with their caches"
"$repository/Tests/Setup/packages.sh" libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3-venv ca-certificates procps
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

# completed NAME: how many jobs the demo of NAME has completed; nothing if its londid does not run yet.
completed() {
    local configuration program
    configuration=$(grep -lsF "$work/$1/" /tmp/londi-demo.*/londid.conf | head -n 1)
    [ -n "$configuration" ] || return 0
    program=$(find "$work/$1/londi/.build/static" -path '*/release/londictl' -type f | head -n 1)
    LONDI_SOCKET=$(dirname "$configuration")/run/io.londi "$program" list --state completed -n -o job 2>/dev/null | wc -l
}

# first_answer NAME REVISION: writes $work/NAME.times, lines of "SECONDS what", the last of them the first answer's, and
# $work/NAME.cpu, the processor seconds of all that was prepared.
first_answer() {
    local name=$1 began=$EPOCHSECONDS demo
    mkdir "$work/$name"
    git clone --quiet "$repository" "$work/$name/londi"
    git -C "$work/$name/londi" checkout --quiet "$2"
    LONDI_CACHE=$work/$name/cache PIP_NO_CACHE_DIR=1 setsid "$work/$name/londi/Tests/demo.sh" >"$work/$name.out" 2>"$work/$name.err" </dev/null &
    demo=$!
    tail --pid=$demo -n +1 -f "$work/$name.err" 2>/dev/null | while IFS= read -r line; do
        case $line in *'==>'*) echo "$((EPOCHSECONDS - began)) ${line#*==>*m }" ;; esac
    done >"$work/$name.times" &
    until [ "$(completed "$name")" -gt 0 ] 2>/dev/null; do
        kill -0 $demo 2>/dev/null || { tail -n 5 "$work/$name.err" >&2; die "the demo of $2 ended without an answer"; }
        sleep 0.5
    done
    echo "$((EPOCHSECONDS - began)) the first answer" >>"$work/$name.times"
    # Processor seconds of the children it waited for: all but the servers, which still run.
    awk -v ticks="$(getconf CLK_TCK)" '{ printf "%d\n", ($16 + $17) / ticks }' "/proc/$demo/stat" >"$work/$name.cpu"
    kill -- "-$demo"
    wait "$demo" || true
}

if [ "$in_turn" = 1 ]; then
    first_answer other "$against"
    first_answer this HEAD
else
    first_answer other "$against" &
    other=$!
    first_answer this HEAD
    wait "$other"
fi

seconds() { tail -n 1 "$work/$1.times" | cut -d' ' -f1; }
mkdir -p "$results"
{
    echo "# From git clone to the first answer"
    echo
    echo "How long a new user waits, and for what: \`Tests/first-answer.sh\`, $(date -u +%Y-%m-%d), commit $(git -C "$repository" rev-parse --short HEAD)"
    echo "beside $against, $([ "$in_turn" = 1 ] && echo "in turn" || echo "both at the same time"), $(nproc) cores"
    echo "($(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)), Debian packages there, all else fetched and built."
    echo
    echo "| | seconds | processor seconds of what was prepared |"
    echo "|---|---|---|"
    echo "| $against | $(seconds other) | $(cat "$work/other.cpu") |"
    echo "| this commit | $(seconds this) | $(cat "$work/this.cpu") |"
    echo "| ratio | $(awk -v a="$(seconds this)" -v b="$(seconds other)" 'BEGIN { printf "%.0f %%", 100 * a / b }') | $(awk -v a="$(cat "$work/this.cpu")" -v b="$(cat "$work/other.cpu")" 'BEGIN { printf "%.0f %%", 100 * a / b }') |"
    for name in other this; do
        echo
        echo "When what began, in seconds ($([ $name = this ] && echo "this commit" || echo "$against")):"
        echo
        sed -e "s#$work/$name/##g" -e 's/^/- /' -e 's/^- \([0-9]*\) /- \1: /' -e 's/(pid [0-9]*, state and log in [^)]*)//' "$work/$name.times"
    done
} >"$results/first-answer.md"
cat "$results/first-answer.md"
