"""An episode of BabyAI-Text as the pair meets it, played without londid."""

import random

from minigrid.envs.babyai.core.verifier import ObjDesc, PickupInstr

import expert
from babyai_text import BabyAIText
from prompt import ACTIONS, prompt

LEVELS = ["GoToLocal", "PickupLoc", "OpenDoor", "PutNextLocal", "UnlockLocal", "MixedTrainLocal"]
MOST_STEPS = 64
MISTAKEN_SHARE = 0.4


class Episode:
    """One level at a time, in a world of its own."""

    def __init__(self):
        self.world = BabyAIText()

    def begin(self, level, seed):
        observation, self.goal, _ = self.world.begin(seed, {"level": level})
        self.level, self.observations, self.actions = level, [observation], []
        self.reward, self.success = 0, False
        return self

    @property
    def prompt(self):
        return prompt(self.goal, self.observations, self.actions)

    @property
    def has_ended(self):
        return self.success or len(self.actions) >= MOST_STEPS

    def advise(self):
        seen = self.observations[:-1].count(self.observations[-1])
        return expert.advise(self.world.env, self.actions, seen)

    def act(self, action):
        observation, reward, _, success, _ = self.world.act(action)
        self.observations.append(observation)
        self.actions.append(action)
        self.reward += reward
        self.success = success


def take_anything(episode, draw):
    """Goes to some thing with the expert and takes it, as a model does that mistakes what it is to take."""
    env = episode.world.env
    things = [thing for thing in env.grid.grid if thing is not None and thing.type in ("ball", "box", "key")]
    if not things:
        return
    thing, mission = draw.choice(things), env.instrs
    mistaken = PickupInstr(ObjDesc(thing.type, thing.color))
    mistaken.reset_verifier(env)
    while env.carrying is None and not episode.has_ended:
        env.instrs = mistaken
        advice = episode.advise()
        env.instrs = mission
        if advice is None:
            return
        episode.act(advice.action)


def disturbed(episode, draw):
    """Plays with the expert, whom some random actions and wrong things in hand carry off; yields each state's prompt and advice."""
    noise = draw.choice([0, 0.1, 0.2, 0.4])
    for _ in range(draw.choice([0, 0, 4, 12])):
        if not episode.has_ended:
            episode.act(draw.choice(ACTIONS))
    if draw.random() < MISTAKEN_SHARE:
        take_anything(episode, draw)
    while not episode.has_ended:
        advice = episode.advise()
        if advice is None:
            return
        yield episode.prompt, advice
        episode.act(draw.choice(ACTIONS) if draw.random() < noise else advice.action)


def seeded(level, seed):
    return random.Random(f"{level} {seed}")
