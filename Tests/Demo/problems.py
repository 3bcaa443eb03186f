"""Prints reasoning problems as OpenAI batch lines, each with reasoning-gym's own scorer as its verifier.

Usage: problems.py [--per-family N] [--seed S]

The families differ in what they need: most sums only DEEPTHINK solves, by thinking in steps; letters QUICK counts as well
by itself. Nothing in a line says which: the Switcher has to find out.
"""

import argparse
import json

import reasoning_gym

FAMILIES = {
    "chain_sum": {"min_terms": 2, "max_terms": 5, "min_digits": 1, "max_digits": 3},
    "basic_arithmetic": {"min_terms": 2, "max_terms": 4, "max_digits": 2},
    "simple_equations": {},
    "gcd": {"max_value": 100},
    "letter_counting": {"min_words": 3, "max_words": 6},
}
MARKER = "Answer:"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-family", type=int, default=8)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    datasets = {
        family: reasoning_gym.create_dataset(family, size=options.per_family, seed=options.seed, **settings)
        for family, settings in FAMILIES.items()
    }
    # The families take turns, so that every part of the batch has some of each.
    for index in range(options.per_family):
        for family, dataset in datasets.items():
            print(json.dumps(line(family, index, dataset[index])))


def line(family, index, entry):
    question = entry["question"].strip()
    return {
        "custom_id": f"{family}-{index:03}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "londi", "messages": [{"role": "user", "content": question}]},
        "londi": {
            "answer_marker": MARKER,
            "verifier": {
                "type": "command",
                "name": "reasoning-gym",
                "arguments": {"family": family, "entry": json.loads(json.dumps(entry, default=str))},
            },
        },
    }


if __name__ == "__main__":
    main()
