#!/usr/bin/env bash
# Trains the pair of models for BabyAI-Text by imitation of its bot: demonstrations, a tokenizer, QUICK and DEEPTHINK, both
# on one thread with fixed seeds, then GGUF files and a comparison with llama-server. Goes on where it was stopped; what it needs
# and makes on the way lies in the cache, under pair.
# Usage: Tests/Pair/train.sh [--into DIRECTORY]
#   --into  where quick.gguf and deepthink.gguf go (default beside this script)
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
        minigrid==3.2.0 gymnasium==1.4.0 pygame-ce==2.5.8 >&2 || die "pip could not install what training needs"
}
with_lock pair prepare
run() { OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$repository/Sources/Environments nice -n 19 "$environment/bin/python3" "$repository/Tests/Pair/$1.py" "${@:2}"; }

demonstrations=$work/demonstrations.jsonl
if [ ! -f "$demonstrations" ]; then
    say "writing demonstrations"
    run demonstrations "$demonstrations.new" --first 1000000 --states 200000 2>"$work/demonstrations.err"
    mv "$demonstrations.new" "$demonstrations"
fi
[ -f "$work/tokenizer.json" ] || run tokenizer "$demonstrations" "$work/tokenizer.json"
for role in quick deepthink; do
    say "training $role (log: $work/$role.log)"
    case $role in
    quick) updates=1000 decay=300 temperature=1 ;;
    deepthink) updates=2000 decay=600 temperature=0.5 ;;
    esac
    run train "$role" --work "$work" --updates "$updates" --decay "$decay" "$demonstrations" >>"$work/$role.log"
    run evaluate "$role" --work "$work" --episodes 50 --temperature "$temperature" | tee -a "$work/$role.log"
    run export "$role" --work "$work" "$into/$role.gguf"
    run agree "$role" --work "$work" --server "$("$repository/Tests/Setup/llama-server.sh")" "$into/$role.gguf" "$demonstrations"
done
