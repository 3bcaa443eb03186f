#!/usr/bin/env bash
# Trains the pair of models for BabyAI-Text by imitation of its bot, and a QUICK for ScienceWorld by that of its gold paths:
# demonstrations, tokenizers and models, each on one thread with fixed seeds, then GGUF files and a comparison with llama-server. Goes on
# where it was stopped; what it needs and makes on the way lies in the cache, under pair.
# Usage: Tests/Pair/train.sh [--into DIRECTORY]
#   --into  where quick.gguf, deepthink.gguf and scienceworld.gguf go (default beside this script)
# shellcheck source=../Setup/common.sh
. "$(dirname "$0")/../Setup/common.sh"

into=$repository/Tests/Pair
while [ $# -gt 0 ]; do
    case $1 in
    --into) into=$(realpath -m "${2:?--into needs a directory}") && shift 2 ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done

environment=$cache/pair/venv work=$cache/pair/work
mkdir -p "$work" "$into"
prepare() {
    [ -x "$environment/bin/pip" ] || python3 -m venv "$environment" || die "python3 -m venv failed; install the Debian package python3-venv"
    "$environment/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 tokenizers==0.23.3 gguf==0.19.0 \
        minigrid==3.2.0 gymnasium==1.4.0 pygame-ce==2.5.8 scienceworld==1.2.3 py4j==0.10.9.9 >&2 || die "pip could not install what training needs"
}
with_lock pair prepare
run() { OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$repository/Sources/Environments nice -n 19 "$environment/bin/python3" "$repository/Tests/Pair/$1.py" "${@:2}"; }

# demonstrate NAME PROGRAM [OPTION...]: NAME.jsonl by the program, and NAME's tokenizer.
demonstrate() {
    if [ ! -f "$work/$1.jsonl" ]; then
        say "writing demonstrations of $1"
        run "$2" "$work/$1.jsonl.new" "${@:3}" 2>"$work/$1.err"
        mv "$work/$1.jsonl.new" "$work/$1.jsonl"
    fi
    [ -f "$work/$1-tokenizer.json" ] || run tokenizer "$1" "$work/$1.jsonl" "$work/$1-tokenizer.json"
}
# learn ROLE NAME UPDATES DECAY: ROLE.gguf from NAME's demonstrations.
learn() {
    say "training $1 (log: $work/$1.log)"
    run train "$1" --work "$work" --updates "$3" --decay "$4" "$work/$2.jsonl" >>"$work/$1.log"
    run export "$1" --work "$work" "$into/$1.gguf"
    run agree "$1" --work "$work" --server "$("$repository/Tests/Setup/llama-server.sh")" "$into/$1.gguf" "$work/$2.jsonl"
}

demonstrate babyai demonstrations --first 1000000 --states 200000
learn quick babyai 8000 2500 &
quick=$!
learn deepthink babyai 2000 600
wait "$quick"
for role in quick:0.25 deepthink:0.5; do
    run evaluate "${role%:*}" --work "$work" --episodes 50 --temperature "${role#*:}" | tee -a "$work/${role%:*}.log"
done
say "finding the best that switching to BabyAI's bot could earn"
run optimum --work "$work" | tee "$work/optimum.log"
demonstrate scienceworld scienceworld_demonstrations --states 17000
learn scienceworld scienceworld 2000 600
