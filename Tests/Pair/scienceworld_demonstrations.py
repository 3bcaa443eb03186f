"""Writes demonstrations of two tasks of ScienceWorld, as demonstrations.py does for BabyAI-Text.

The expert is the adapter's oracle: gold paths, with a way back to where they were left. It is carried off by moves, looks and wrong
connections, never by a focus, which would end the episode. Only variations for training are played.
Usage: scienceworld_demonstrations.py FILE --states N
"""

import argparse
import contextlib
import itertools
import json
import random
import re
import sys

from adapter import Refusal
from prompt import scienceworld_prompt
from scienceworld_text import ScienceWorld

TASKS = ["lifespan-longest-lived-then-shortest-lived", "power-component"]
MOST_STEPS = 40
DOOR = re.compile(r"A door to the (.+?) \(that is (open|closed)\)")


class Episode:
    """One task at a time, in a world of its own."""

    def __init__(self):
        self.world = ScienceWorld()

    def begin(self, task, variation):
        observation, self.goal, _ = self.world.begin(0, {"task": task, "variation": str(variation)})
        self.observations, self.actions, self.has_ended = [observation], [], False
        return self

    @property
    def prompt(self):
        return scienceworld_prompt(self.goal, self.observations, self.actions)

    def act(self, action):
        """Does what can be done; what is refused is left out."""
        try:
            observation, _, self.has_ended, _, _ = self.world.act(action)
        except Refusal:
            return
        self.observations.append(observation)
        self.actions.append(action)

    def astray(self, draw):
        """An action of somebody who does not know."""
        if "battery" in self.observations[-1] and draw.random() < 0.3:
            colour, pole = draw.choice(["black", "blue", "orange"]), draw.choice(["anode", "cathode"])
            return f"connect battery {pole} to {colour} wire terminal {draw.choice([1, 2])}"
        doors = DOOR.findall(self.observations[-1])
        if not doors or draw.random() < 0.1:
            return "look around"
        door, state = draw.choice(doors)
        return f"go to {door}" if state == "open" else f"open door to {door}"


def disturbed(episode, draw):
    """Plays with the expert, whom strays carry off; yields each state's prompt and the expert's action."""
    noise = draw.choice([0, 0.1, 0.3])
    for _ in range(draw.choice([0, 2, 6])):
        episode.act(episode.astray(draw))
    for _ in range(MOST_STEPS):
        action = None if episode.has_ended else episode.world.advise()
        if action is None:
            return
        yield episode.prompt, action
        episode.act(episode.astray(draw) if draw.random() < noise else action)


def states():
    """The states of one variation after the other, tasks in turn, for ever."""
    episode = Episode()
    variations = {}
    for task in TASKS:
        episode.world.game.load(task, 0, "")
        variations[task] = list(episode.world.game.get_variations_train())
    for number in itertools.count():
        for task in TASKS:
            variation = variations[task][number % len(variations[task])]
            draw = random.Random(f"{task} {number}")
            for prompt, action in disturbed(episode.begin(task, variation), draw):
                yield {"level": task, "prompt": prompt, "thoughts": [], "action": action}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("file")
    arguments.add_argument("--states", type=int, required=True)
    options = arguments.parse_args()
    with open(options.file, "w") as file, contextlib.redirect_stdout(sys.stderr):
        for line in itertools.islice(states(), options.states):
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
