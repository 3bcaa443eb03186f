"""Finds the best way to switch between QUICK's likeliest action and the bot's, in each of some unseen episodes, and prints what it earns.

Usage: optimum.py --work DIRECTORY [--episodes N] [--first SEED] [--prices C...] [--nodes N]
Both are deterministic here, so the optimum of an episode is the cheapest path in the tree of who acts: Dijkstra's algorithm, a form of
dynamic programming. A node holds all that QUICK's prompt is made of, the whole episode. A step costs what it takes from the reward,
a call of the bot the price c.
"""

import argparse
import contextlib
import copy
import heapq
import itertools
import os
import pathlib

import torch

from babyai_text import ACTIONS, REWARD_SCALE
from episode import MOST_STEPS, Episode
from evaluate import interval
from model import trained

LEVEL = "MixedTrainLocal"
STEP_COST = REWARD_SCALE * 0.9 / MOST_STEPS


class Quick:
    """The likeliest of the six actions, as a grammar of them has it: each is one token."""

    def __init__(self, work):
        self.model, self.coder, _ = trained("quick", work)
        self.tokens = torch.tensor([self.coder.written(action)[0] for action in ACTIONS])

    @torch.inference_mode()
    def act(self, prompt):
        hidden = self.model(torch.tensor([self.coder.prompt(prompt)]))[0, -1]
        return ACTIONS[self.model.logits(hidden)[self.tokens].argmax()]


def after(episode, action):
    """The episode one action on; the one given stays as it is."""
    following = copy.copy(episode)
    following.world = copy.copy(episode.world)
    following.world.env = copied(episode.world.env)
    following.observations, following.actions = list(episode.observations), list(episode.actions)
    following.act(action)
    return following


def copied(env):
    """A level's own state; what draws it and what numbers it are shared."""
    shared = {id(each): each for each in (env.observation_space, env.action_space, env._np_random, env.spec)}
    return copy.deepcopy(env, shared)


def best(episode, quick, price, most):
    """Reward, calls and steps of the cheapest path to the goal, and how many nodes were looked at; None where `most` were not enough."""
    order = itertools.count()
    nodes = [(0, next(order), 0, episode)]
    for looked in range(1, most + 1):
        if not nodes or nodes[0][0] >= REWARD_SCALE:
            # There is no way, or none that is worth what it takes: QUICK plays alone.
            return 0, 0, MOST_STEPS, looked
        cost, _, calls, at = heapq.heappop(nodes)
        if at.success:
            return at.reward, calls, len(at.actions), looked
        if at.has_ended:
            continue
        quicks, bots = quick.act(at.prompt), at.world.advise()
        choices = {bots: price} if bots else {}
        choices[quicks] = 0
        for action, paid in choices.items():
            heapq.heappush(nodes, (cost + STEP_COST + paid, next(order), calls + (paid > 0), after(at, action)))
    return None


def alone(episode, choose):
    """Reward, calls of whoever plays, and steps, without switching."""
    while not episode.has_ended:
        episode.act(choose(episode) or "toggle")
    return episode.reward, len(episode.actions), len(episode.actions)


def mean(values):
    """Of one or more numbers, with half the width of its 95 % interval."""
    middle = sum(values) / len(values)
    variance = sum((value - middle) ** 2 for value in values) / max(1, len(values) - 1)
    return f"{middle:.1f} +- {1.96 * (variance / len(values)) ** 0.5:.1f}"


def report(name, results, note=""):
    rewards, calls, steps = zip(*results)
    successes = sum(reward > 0 for reward in rewards)
    low, high = interval(successes, len(results))
    print(
        f"{name:18} success {successes / len(results):.2f} ({low:.2f} to {high:.2f}), reward {mean(rewards)}, calls {mean(calls)}, "
        f"steps {mean(steps)} in {len(results)} episodes{note}", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--work", type=pathlib.Path, required=True)
    arguments.add_argument("--episodes", type=int, default=50)
    arguments.add_argument("--first", type=int, default=40_000_000)
    arguments.add_argument("--prices", type=float, nargs="+", default=[0.15, 0.5, 1.2])
    arguments.add_argument("--nodes", type=int, default=20_000)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    quick = Quick(options.work)
    seeds = range(options.first, options.first + options.episodes)

    def each(measure):
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            return [measure(Episode().begin(LEVEL, seed)) for seed in seeds]

    report("QUICK alone", [(reward, 0, steps) for reward, _, steps in each(lambda one: alone(one, lambda at: quick.act(at.prompt)))])
    report("the bot alone", each(lambda one: alone(one, lambda at: at.world.advise())))
    for price in options.prices:
        results = each(lambda one, price=price: best(one, quick, price, options.nodes))
        found = [result for result in results if result is not None]
        nodes = sum(result[3] for result in found) / len(found)
        note = f"; {len(results) - len(found)} need more than {options.nodes} nodes, the others {nodes:.0f}"
        report(f"optimum at {price}", [result[:3] for result in found], note)


if __name__ == "__main__":
    main()
