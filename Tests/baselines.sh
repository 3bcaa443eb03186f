#!/usr/bin/env bash
# Measures the Switcher against its baselines with real models: what each makes of the same problems for how many DEEPTHINK
# calls. A queue learns from training problems; its policy at several prices, and the myopic bandit's, are frozen and meet other
# problems, as the baselines do, without exploring. Prints tables; the figures of the README come from here.
# Usage: Tests/baselines.sh [--pair QUICK.gguf DEEPTHINK.gguf] [--per-family N] [--training N] [--keep DIRECTORY]
#   --per-family  problems of each of the four families that are measured (default 40)
#   --training    problems of each family to learn from (default 125)
#   --keep        where the results of every policy go, one file each, as `londictl results` writes them
# shellcheck source=Setup/daemon.sh
. "$(dirname "$0")/Setup/daemon.sh"

pair=() per_family=40 training=125 keep=
while [ $# -gt 0 ]; do
    case $1 in
    --pair)
        [ $# -ge 3 ] || die "--pair needs two GGUF files, QUICK first"
        pair=("$2" "$3")
        shift 3
        ;;
    --per-family) per_family=${2:?--per-family needs a number} && shift 2 ;;
    --training) training=${2:?--training needs a number} && shift 2 ;;
    --keep) keep=${2:?--keep needs a directory} && shift 2 ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done

prepare --problems "${pair[@]}"
start_londid
results=${keep:-$directory/results}
mkdir -p "$results"
problems() { "$python" "$repository/Tests/Demo/problems.py" "$@"; }
problems --numeric --per-family "$per_family" --seed 11 >"$directory/measured.jsonl"
problems --numeric --per-family "$training" --seed 4711 >"$directory/training.jsonl"

# run QUEUE FILE NAME: submits, waits, keeps the results as NAME.
run() {
    local batch
    batch=$(londictl submit --queue "$1" -f "$2" --parsable --allow-duplicate)
    londictl wait "$batch" >>"$directory/progress.log" 2>&1 || true
    londictl results "$batch" --all >"$results/$3.jsonl"
    say "$3: $("$python" "$repository/Tests/Demo/report.py" --json "$results/$3.jsonl")"
}

# measure NAME OPTION...: a queue of its own meets the problems to measure.
measure() {
    londictl queue create "$@" >/dev/null
    run "$1" "$directory/measured.jsonl" "$1"
}

# newest: the newest version of the learning queue's policy.
newest() {
    londictl policy versions learning --json | "$python" -c 'import json, sys; print(max([v["version"] for v in json.load(sys.stdin)["versions"]], default=0))'
}

# learnt NAME KIND COST: the learning queue's history learnt from once more, frozen in a queue of its own, which is measured.
learnt() {
    local before deadline=$((SECONDS + 120))
    before=$(newest)
    londictl queue set learning --switcher "$2" --cost "$3" >/dev/null
    until [ "$(newest)" -gt "$before" ]; do
        [ $SECONDS -lt $deadline ] || die "the queue did not learn anew at a cost of $3"
        sleep 0.2
    done
    londictl policy export learning "$directory/$1.policy" --version "$(newest)" >/dev/null
    londictl queue create "$1" --switcher "$2" --cost "$3" --exploration-rate 0 >/dev/null
    londictl policy import "$1" "$directory/$1.policy" --force >/dev/null
    londictl policy freeze "$1" >/dev/null
    run "$1" "$directory/measured.jsonl" "$1"
}

londictl queue create learning --cost 0.05 >/dev/null
run learning "$directory/training.jsonl" training
measure always-quick --switcher always-quick
measure always-deepthink --switcher always-deepthink
for cost in 0.01 0.1 0.25 0.05; do learnt "fitted-q-$cost" fitted-q "$cost"; done
for rate in 0.33 0.67; do measure "random-$rate" --switcher random --parameter "$rate"; done
for certainty in -0.02 -0.2; do measure "threshold$certainty" --switcher threshold --parameter "$certainty"; done
measure swiftsage --switcher swiftsage
learnt bandit-0.1 bandit 0.1

echo
"$python" "$repository/Tests/Demo/compare.py" "$results"
londictl policy show fitted-q-0.05
londictl audit verify
