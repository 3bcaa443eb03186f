"""Writes demonstrations: for each state of disturbed episodes of all levels the prompt and what the expert says, a JSON line each.

Usage: demonstrations.py FILE --first SEED --states N
"""

import argparse
import contextlib
import itertools
import json
import sys

from episode import LEVELS, Episode, disturbed, seeded


def states(first):
    """The states of one seed after the other, for ever."""
    episode = Episode()
    for seed in itertools.count(first):
        for level in LEVELS:
            for prompt, advice in disturbed(episode.begin(level, seed), seeded(level, seed)):
                yield {"level": level, "prompt": prompt, "thoughts": advice.thoughts, "action": advice.action}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("file")
    arguments.add_argument("--first", type=int, required=True)
    arguments.add_argument("--states", type=int, required=True)
    options = arguments.parse_args()
    with open(options.file, "w") as file, contextlib.redirect_stdout(sys.stderr):
        for line in itertools.islice(states(options.first), options.states):
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
