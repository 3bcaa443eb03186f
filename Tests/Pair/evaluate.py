"""Plays unseen episodes of all levels with a model as it is now and prints how many succeed.

Usage: evaluate.py quick|deepthink --work DIRECTORY [--episodes N] [--first SEED] [--temperature T]
"""

import argparse
import contextlib
import os
import pathlib
import sys

import torch

from episode import LEVELS, MOST_STEPS, Episode
from model import SHAPES, trained, write


def interval(successes, count):
    """Wilson's 95 % interval of a share."""
    z, share = 1.96, successes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def chosen(text):
    """The action, as londid finds it behind the last marker."""
    return text.rsplit("Action: ", 1)[-1]


def play(model, coder, episodes, temperature):
    """Plays all to their ends; an answer that is no action counts as a step that does nothing."""
    strange, draw = 0, torch.Generator().manual_seed(0)
    while running := [episode for episode in episodes if not episode.has_ended]:
        texts = write(model, coder, [episode.prompt for episode in running], temperature=temperature, draw=draw)
        for episode, text in zip(running, texts):
            try:
                episode.act(chosen(text))
            except Exception:
                strange += 1
                episode.act("toggle")
    return strange


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("role", choices=SHAPES)
    arguments.add_argument("--work", type=pathlib.Path, required=True)
    arguments.add_argument("--episodes", type=int, default=20)
    arguments.add_argument("--first", type=int, default=900_000)
    arguments.add_argument("--temperature", type=float, default=0)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    model, coder, updates = trained(options.role, options.work)
    worlds = [Episode() for _ in range(options.episodes)]
    print(f"{options.role} after {updates} updates, {options.episodes} episodes a level at temperature {options.temperature}")
    for level in LEVELS:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            episodes = [world.begin(level, options.first + number) for number, world in enumerate(worlds)]
            strange = play(model, coder, episodes, options.temperature)
        successes = sum(episode.success for episode in episodes)
        low, high = interval(successes, len(episodes))
        reward = sum(episode.reward for episode in episodes) / len(episodes)
        steps = sum(len(episode.actions) for episode in episodes) / len(episodes)
        print(
            f"  {level:16} {successes / len(episodes):.2f} ({low:.2f} to {high:.2f}), reward {reward:.1f}, {steps:.1f} of "
            f"{MOST_STEPS} steps, {strange} answers that are no action", flush=True)


if __name__ == "__main__":
    main()
