#!/usr/bin/env bash
# Shows Londi at work on real models: installs what is needed, builds, starts londid without privileges in a fresh state
# directory, and has it answer 40 generated problems with a QUICK/DEEPTHINK pair under a daily budget.
# Usage: Tests/demo.sh [--pair QUICK.gguf DEEPTHINK.gguf] [--per-family N] [--calls N] [--kill] [--keep]
#   --pair        your own models instead of Qwen2.5-Coder 0.5B and 1.5B
#   --per-family  problems of each of the four families (default 10)
#   --calls       DEEPTHINK calls per day (default 60)
#   --kill        kill -9 londid at a quarter of the batch, and both llama-servers at the half, on the way
#   --keep        leave londid running at the end, to look around with londictl
# LONDI_CACHE names the directory for llama.cpp and the models (default ~/.cache/londi, 2.1 GiB).
# shellcheck source=Setup/daemon.sh
. "$(dirname "$0")/Setup/daemon.sh"

pair=() per_family=10 calls=60 kill=0 keep=0
while [ $# -gt 0 ]; do
    case $1 in
    --pair)
        [ $# -ge 3 ] || die "--pair needs two GGUF files, QUICK first"
        pair=("$2" "$3")
        shift 3
        ;;
    --per-family) per_family=${2:?--per-family needs a number} && shift 2 ;;
    --calls) calls=${2:?--calls needs a number} && shift 2 ;;
    --kill) kill=1 && shift ;;
    --keep) keep=1 && shift ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done

show() {
    printf '\n\033[1m$ %s\033[0m\n' "$*"
    "$@"
}

# until_ended N: until N jobs of the batch have ended.
until_ended() {
    while [ "$(londictl list --batch "$batch" --state completed,failed,timeout,cancelled -n -o job | wc -l)" -lt "$1" ]; do
        kill -0 "$londid_pid" 2>/dev/null || die "londid ended; its log is $directory/londid.log"
        sleep 0.2
    done
}

prepare --problems "${pair[@]}"
start_londid

show londictl status
show londictl queue create maths --deepthink-calls "$calls/day" --time-zone Europe/Berlin --on-budget quick
"$python" "$repository/Tests/Demo/problems.py" --per-family "$per_family" >"$directory/problems.jsonl"
printf '\n\033[1m$ londictl submit --queue maths -f problems.jsonl\033[0m\n'
batch=$(londictl submit --queue maths -f "$directory/problems.jsonl" --parsable)
echo "$batch"
started=$SECONDS
if [ "$kill" = 1 ]; then
    # The wait goes on by itself when londid is back.
    londictl wait "$batch" &
    waiting=$!
    until_ended "$per_family"
    say "kill -9 of londid (pid $londid_pid)"
    kill -9 "$londid_pid"
    wait "$londid_pid" 2>/dev/null || true
    run_londid
    until_ended $((per_family * 2))
    say "kill -9 of both llama-servers"
    pkill -9 -P "$londid_pid" -f llama-server
    wait "$waiting" || true
else
    show londictl wait "$batch" || true
fi
say "the batch took $((SECONDS - started)) s"

londictl results "$batch" --all >"$directory/answers.jsonl"
printf '\n\033[1mAccuracy, steps and DEEPTHINK share per family\033[0m\n'
"$python" "$repository/Tests/Demo/report.py" "$directory/answers.jsonl"
show londictl spend --by queue,day
show londictl budget show
show londictl policy show maths
job=$("$python" "$repository/Tests/Demo/report.py" --pick "$directory/answers.jsonl")
show londictl explain "$job"
show londictl audit verify
if [ "$kill" = 1 ]; then
    "$python" "$repository/Tests/Demo/report.py" --attempts "$batch"
    grep -h recovered "$directory/londid.log" || true
fi

if [ "$keep" = 1 ]; then
    trap - EXIT
    say "londid goes on (pid $londid_pid): export LONDI_SOCKET=$LONDI_SOCKET PATH=$bin:\$PATH"
fi
