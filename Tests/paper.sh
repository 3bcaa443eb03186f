#!/usr/bin/env bash
# Runs an experiment of the paper: jobs that act in an environment, through a real londid and its queues, with the models of Tests/Pair;
# in ScienceWorld DEEPTHINK is the environment's oracle.
# What it measures goes into Tests/Paper as CSV, SVG and tables.
# Usage: Tests/paper.sh [--figure N] [--level NAME] [--swap encoder|deepthink|pair] [--training N] [--episodes N] [--results DIRECTORY]
#   --figure    of the paper; 1 and 3 are ScienceWorld's circuits and life spans, 4 is BabyAI-Text's mixed tasks (default 4)
#   --level     figure 4 with one level, such as PutNextLocal, instead of the mixed tasks, and with fitted-q and its bounds only
#   --swap      figure 4 with another part, and with fitted-q and its bounds only: QUICK as the encoder's model, BabyAI's bot as
#               DEEPTHINK, or DEEPTHINK's model as QUICK and the bot as DEEPTHINK
#   --training  episodes that the Switcher learns from (default 500)
#   --episodes  others that each policy meets (default 100)
#   --results   default Tests/Paper
# shellcheck source=Setup/daemon.sh
. "$(dirname "$0")/Setup/daemon.sh"

figure=4 level= swap='' training=500 episodes=100 results=$repository/Tests/Paper
while [ $# -gt 0 ]; do
    case $1 in
    --figure) figure=${2:?--figure needs a number} && shift 2 ;;
    --level) level=${2:?--level needs a name} && shift 2 ;;
    --swap) swap=${2:?--swap needs encoder, deepthink or pair} && shift 2 ;;
    --training) training=${2:?--training needs a number} && shift 2 ;;
    --episodes) episodes=${2:?--episodes needs a number} && shift 2 ;;
    --results) results=${2:?--results needs a directory} && shift 2 ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done

role() {
    cat <<END
[$1]
Model=$2
Context=$context
Slots=4
Threads=1
Temperature=$3
END
}
sections() {
    if [ "$swap" = pair ]; then
        role Quick "$deepthink" 0.5
        echo Think=yes
    else
        role Quick "$quick" "$temperature"
    fi
    role Deepthink "$deepthink" 0.5
    [ "$environment" = scienceworld ] || echo Think=yes
    [ "$swap" != encoder ] || printf '%s\n' "[Encoder]" Kind=model "Model=$quick" "Context=$context"
    case $environment in
    babyai-text) printf '%s\n' "[Environment babyai-text]" ShownActions=4 ;;
    # Its lists of possible actions are long and take most of a step's time.
    scienceworld) printf '%s\n' "[Environment scienceworld]" ShownActions=8 MostActions=0 Network=yes StartSeconds=120 StepSeconds=60 Oracle=yes ;;
    esac
    echo "Command=\"$environments/python/bin/python3\" \"$environments/${environment%-text}_text.py\""
    echo ShownObservations=1
    case $swap in deepthink | pair) echo Oracle=yes ;; esac
}

# Models read the last actions and what they see now. One that always writes the likeliest token goes round in circles once it is
# wrong; QUICK, out of whose circles the Switcher helps, may write it nearly always.
case $figure in
1 | 3) environment=scienceworld models=(scienceworld scienceworld) context=1024 temperature=1 ;;
4) environment=babyai-text models=(quick deepthink) context=512 temperature=0.25 ;;
*) die "--figure $figure is unknown; there are 1, 3 and 4" ;;
esac
arms=()
case $swap in
'') ;;
encoder | deepthink | pair)
    [ "$figure" = 4 ] || die "--swap is for figure 4"
    arms=(--brief --name "swap-$swap")
    ;;
*) die "--swap $swap is unknown; there are encoder, deepthink and pair" ;;
esac
if [ -n "$level" ]; then
    [ "$figure$swap" = 4 ] || die "--level is for figure 4 without --swap"
    arms=(--brief --level "$level" --name "level-$level")
fi
prepare "$repository/Tests/Pair/${models[0]}.gguf" "$repository/Tests/Pair/${models[1]}.gguf"
"$repository/Tests/Setup/packages.sh" openjdk-17-jre-headless
environments=$("$repository/Tests/Setup/environments.sh")
build_binaries --all
start_londid
mkdir -p "$results"
londi-bench paper --figure "$figure" --socket "$LONDI_SOCKET" --training "$training" --episodes "$episodes" --results "$results" --directory "$directory" "${arms[@]}"
londictl audit verify
[ "$figure$level$swap" = 4 ] || exit 0
say "the environment alone, for comparison"
LONDI_TEST_ENVIRONMENTS=$environments "$environments/python/bin/python3" "$repository/Tests/Environments/speed.py"
