#!/usr/bin/env bash
# Measures the Switcher against its baselines on the same problems with real models: accuracy and DEEPTHINK use of
# always-quick, always-deepthink, random at the Switcher's own rate, and the Switcher itself, cold and after training
# jobs from another seed. Prints a table; the figures of the README come from here.
# Usage: Tests/baselines.sh [--pair QUICK.gguf DEEPTHINK.gguf] [--per-family N] [--training N]
#   --per-family  problems of each of the five families that are measured (default 8)
#   --training    problems of each family that the trained Switcher has seen before (default 40)
# shellcheck source=Setup/daemon.sh
. "$(dirname "$0")/Setup/daemon.sh"

pair=() per_family=8 training=40
while [ $# -gt 0 ]; do
    case $1 in
    --pair)
        [ $# -ge 3 ] || die "--pair needs two GGUF files, QUICK first"
        pair=("$2" "$3")
        shift 3
        ;;
    --per-family) per_family=${2:?--per-family needs a number} && shift 2 ;;
    --training) training=${2:?--training needs a number} && shift 2 ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done

prepare "${pair[@]}"
start_londid
problems() { "$python" "$repository/Tests/Demo/problems.py" "$@"; }
problems --per-family "$per_family" --seed 11 >"$directory/measured.jsonl"
problems --per-family "$training" --seed 4711 >"$directory/training.jsonl"

# run QUEUE FILE NAME: submits, waits, keeps the results as NAME.
run() {
    local batch
    batch=$(londictl submit --queue "$1" -f "$2" --parsable --allow-duplicate)
    londictl wait "$batch" >>"$directory/progress.log" 2>&1 || true
    londictl results "$batch" --all >"$directory/$3.results"
    "$python" "$repository/Tests/Demo/report.py" --json "$directory/$3.results" >"$directory/$3.json"
    say "$3: $(cat "$directory/$3.json")"
}

for kind in always-quick always-deepthink; do
    londictl queue create "$kind" --switcher "$kind" >/dev/null
    run "$kind" "$directory/measured.jsonl" "$kind"
done
londictl queue create cold >/dev/null
run cold "$directory/measured.jsonl" switcher-cold
londictl queue create trained >/dev/null
run trained "$directory/training.jsonl" training
run trained "$directory/measured.jsonl" switcher-trained
for source in cold trained; do
    rate=$("$python" -c "import json; t = json.load(open('$directory/switcher-$source.json')); print(t['deepthink_steps'] / t['steps'])")
    londictl queue create "random-$source" --switcher random --parameter "$rate" >/dev/null
    run "random-$source" "$directory/measured.jsonl" "random-at-$source-rate"
done

printf '\n%-24s %5s %8s %7s %6s %10s %17s %15s\n' POLICY JOBS CORRECT REWARD STEPS DEEPTHINK DEEPTHINK_TOKENS DEEPTHINK_GPU_S
for name in always-quick always-deepthink switcher-cold random-at-cold-rate training switcher-trained random-at-trained-rate; do
    "$python" - "$name" "$directory/$name.json" <<'PYTHON'
import json, sys
t = json.load(open(sys.argv[2]))
print(f"{sys.argv[1]:24} {t['jobs']:5} {t['correct']:8} {t['reward']:7.2f} {t['steps']:6} {t['deepthink_steps']:10}"
      f" {t['deepthink_tokens']:17} {t['deepthink_gpu_seconds']:15.1f}")
PYTHON
done
echo
londictl policy show trained
londictl audit verify
