"""Measures BabyAI-Text without londid and without models: random actions, in this process and through the protocol.

LONDI_TEST_ENVIRONMENTS names the directory of systemd/install-environments.sh. Usage: speed.py [EPISODES]
"""

import contextlib
import os
import random
import sys
import time

from program import DIRECTORY, Program

sys.path.insert(0, str(DIRECTORY))
from babyai_text import ACTIONS, DEFAULT_STEPS, BabyAIText  # noqa: E402

LEVEL = "MixedTrainLocal"


def episodes_here(seeds):
    """The number of steps."""
    world, draw, count = BabyAIText(), random.Random(0), 0
    for seed in seeds:
        world.begin(seed, {"level": LEVEL})
        for _ in range(DEFAULT_STEPS):
            _, _, has_ended, _, _ = world.act(draw.choice(ACTIONS))
            count += 1
            if has_ended:
                break
    return count


def episodes_by_protocol(seeds):
    draw = random.Random(0)
    with Program("babyai_text.py") as program:
        program.call("initialize", protocol_version=1, client="speed")
        return sum(len(program.play(seed, {"level": LEVEL}, lambda _: draw.choice(ACTIONS))) - 1 for seed in seeds)


def main():
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    for name, play in [("in its own process", episodes_here), ("through the protocol", episodes_by_protocol)]:
        began = time.perf_counter()
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            count = play(seeds)
        seconds = time.perf_counter() - began
        print(
            f"babyai-text {name}: {count / seconds:.0f} steps/s, {1000 * seconds / count:.2f} ms a step, {len(seeds)} "
            "episodes with their beginning")


if __name__ == "__main__":
    main()
