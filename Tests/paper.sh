#!/usr/bin/env bash
# Runs an experiment of the paper: jobs that act in an environment, through a real londid and its queues, with the pair of Tests/Pair.
# What it measures goes into Tests/Paper as CSV, SVG and a table.
# Usage: Tests/paper.sh [--figure N] [--training N] [--episodes N] [--results DIRECTORY]
#   --figure    of the paper; 4 is BabyAI-Text's mixed tasks (default 4)
#   --training  episodes that the Switcher learns from (default 500)
#   --episodes  others that each policy meets (default 100)
#   --results   default Tests/Paper
# shellcheck source=Setup/daemon.sh
. "$(dirname "$0")/Setup/daemon.sh"

figure=4 training=500 episodes=100 results=$repository/Tests/Paper
while [ $# -gt 0 ]; do
    case $1 in
    --figure) figure=${2:?--figure needs a number} && shift 2 ;;
    --training) training=${2:?--training needs a number} && shift 2 ;;
    --episodes) episodes=${2:?--episodes needs a number} && shift 2 ;;
    --results) results=${2:?--results needs a directory} && shift 2 ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done

# The pair reads the last four actions and what it sees now. A model that always writes the likeliest token goes round in circles
# once it is wrong.
sections() {
    cat <<END
[Quick]
Model=$quick
Context=512
Slots=4
Threads=1
Temperature=1

[Deepthink]
Model=$deepthink
Context=512
Slots=4
Threads=1
Temperature=0.5
Think=yes

[Environment babyai-text]
Command="$environments/python/bin/python3" "$environments/babyai_text.py"
ShownActions=4
ShownObservations=1
END
}

[ -f "$repository/Tests/Pair/deepthink.gguf" ] || die "there is no trained pair yet: Tests/Pair/train.sh makes it"
prepare "$repository/Tests/Pair/quick.gguf" "$repository/Tests/Pair/deepthink.gguf"
environments=$("$repository/Tests/Setup/environments.sh")
build_binaries londi-bench
start_londid
mkdir -p "$results"
londi-bench paper --figure "$figure" --socket "$LONDI_SOCKET" --training "$training" --episodes "$episodes" --results "$results" --directory "$directory"
londictl audit verify
say "the environment alone, for comparison"
LONDI_TEST_ENVIRONMENTS=$environments "$environments/python/bin/python3" "$repository/Tests/Environments/speed.py"
