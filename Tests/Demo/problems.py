"""Prints reasoning problems as OpenAI batch lines, each with reasoning-gym's own scorer as its verifier.

Usage: problems.py [--per-family N] [--seed S] [--numeric]

The families differ in what they need: QUICK knows most short sums by itself, the others take DEEPTHINK, which thinks in
steps. Nothing in a line says which: the Switcher has to find out.
With --numeric the answer's number is compared instead, since loading reasoning-gym takes a second of processor time each.
"""

import argparse
import json

import reasoning_gym

# What a family draws its problems from: a generator of reasoning-gym and its settings.
FAMILIES = {
    "short_sum": ("chain_sum", {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 2}),
    "sum": ("chain_sum", {"min_terms": 3, "max_terms": 3, "min_digits": 2, "max_digits": 2}),
    "long_sum": ("chain_sum", {"min_terms": 4, "max_terms": 6, "min_digits": 1, "max_digits": 2}),
    "equation": ("simple_equations", {"min_value": 1, "max_value": 20}),
}
MARKER = "Answer:"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-family", type=int, default=10)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--numeric", action="store_true")
    options = parser.parse_args()
    datasets = {
        family: reasoning_gym.create_dataset(generator, size=options.per_family, seed=options.seed, **settings)
        for family, (generator, settings) in FAMILIES.items()
    }
    # The families take turns, so that every part of the batch has some of each.
    for index in range(options.per_family):
        for family, dataset in datasets.items():
            print(json.dumps(line(family, index, dataset[index], options.numeric)))


def line(family, index, entry, is_numeric):
    question = entry["question"].strip()
    scorer = {
        "type": "command",
        "name": "reasoning-gym",
        "arguments": {"generator": FAMILIES[family][0], "entry": json.loads(json.dumps(entry, default=str))},
    }
    return {
        "custom_id": f"{family}-{index:03}",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "londi", "messages": [{"role": "user", "content": question}]},
        "londi": {
            "answer_marker": MARKER,
            "verifier": {"type": "numeric", "answer": float(entry["answer"])} if is_numeric else scorer,
        },
    }


if __name__ == "__main__":
    main()
