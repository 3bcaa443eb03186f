"""babyai_text.py against minigrid itself: its bot comes to the same through the adapter."""

import random
import unittest

import gymnasium
import minigrid  # noqa: F401, registers the levels
from minigrid.utils.baby_ai_bot import BabyAIBot

from program import Program, ProgramTest, total

LEVELS = ["GoToLocal", "PickupLoc", "OpenDoor", "PutNextLocal", "UnlockLocal"]
ACTIONS = ["turn left", "turn right", "go forward", "pick up", "drop", "toggle"]


def bots_own_reward(level, seed, max_steps=64):
    """What the bot gets that drives the level directly, as its documentation says."""
    env = gymnasium.make(f"BabyAI-{level}-v0", max_steps=max_steps, disable_env_checker=True).unwrapped
    env.reset(seed=seed)
    bot, action = BabyAIBot(env), None
    while True:
        action = bot.replan(action)
        _, reward, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            return reward


class BabyAIText(ProgramTest):
    program_name = "babyai_text.py"

    def test_the_bot_reaches_through_the_adapter_what_it_reaches_directly(self):
        for level in LEVELS:
            for seed in range(10):
                with self.subTest(level=level, seed=seed):
                    answers = self.program.play(seed, {"level": level})
                    self.assertTrue(answers[-1]["info"]["success"])
                    # It sees the whole room at once, so it is never slower.
                    self.assertGreaterEqual(total(answers) + 1e-9, 20 * bots_own_reward(level, seed))

    def test_the_bot_solves_the_mixtures(self):
        for level in ["MixedTrainLocal", "MixedTestLocal"]:
            for seed in range(30):
                with self.subTest(level=level, seed=seed):
                    self.assertTrue(self.program.play(seed, {"level": level})[-1]["info"]["success"])

    def test_from_where_random_play_leads_the_bot_reaches_the_goal(self):
        """Its own play never comes to these states: with a wrong key in hand, say, it has to put that down first. Only `toggle` is
        left out of the random play: it takes boxes apart, which nothing mends."""
        wrong_in_hand = 0
        for seed in range(40):
            draw = random.Random(seed)

            def choose(number, draw=draw):
                return draw.choice(ACTIONS[:-1]) if number <= 30 else self.program.call("oracle")["action"]

            with self.subTest(seed=seed):
                answers = self.program.play(seed, {"level": "MixedTrainLocal", "max_steps": "128"}, choose)
                self.assertTrue(answers[-1]["info"]["success"])
            wrong_in_hand += any(answer["action"] == "drop" for answer in answers[31:])
        self.assertGreaterEqual(wrong_in_hand, 5)

    def test_the_same_seed_and_actions_give_the_same_transcript_in_another_process(self):
        with Program("babyai_text.py") as other:
            for level in [*LEVELS, "MixedTrainLocal", "MixedTestLocal"]:
                for seed in range(5):
                    draws = [random.Random(seed) for _ in range(2)]
                    first = self.program.play(seed, {"level": level}, lambda _: draws[0].choice(ACTIONS))
                    second = other.play(seed, {"level": level}, lambda _: draws[1].choice(ACTIONS))
                    self.assertEqual(first, second, f"{level} {seed}")

    def test_a_success_is_worth_20_less_the_time_it_took(self):
        answers = self.program.play(3, {"level": "GoToLocal", "max_steps": "40"})
        self.assertEqual(answers[0]["info"]["max_steps"], 40)
        self.assertAlmostEqual(total(answers), 20 * (1 - 0.9 * (len(answers) - 1) / 40))

    def test_the_limit_truncates(self):
        answers = self.program.play(3, {"level": "GoToLocal", "max_steps": "7"}, lambda _: "turn left")
        self.assertEqual(len(answers) - 1, 7)
        self.assertTrue(answers[-1]["truncated"])
        self.assertFalse(answers[-1]["terminated"])
        self.assertEqual(total(answers), 0)

    def test_training_never_names_what_the_test_tasks_do(self):
        held_out = ["yellow box", "red key", "red door", "green ball", "grey door"]
        kinds = set()
        for seed in range(80):
            options = [{"level": "MixedTrainLocal"}, {"level": "MixedTestLocal"}]
            train, test = (self.program.call("reset", seed=seed, options=each)["info"]["goal"] for each in options)
            self.assertFalse([name for name in held_out if name in train], train)
            self.assertTrue([name for name in held_out if name in test], test)
            kinds.add("then" if "then" in train else train.split()[0])
        self.assertEqual(kinds, {"go", "pick", "put", "open", "then"})

    def test_the_sentences_are_those_of_the_paper(self):
        reset = self.program.call("reset", seed=3, options={"level": "GoToLocal"})
        self.assertEqual(
            reset["observation"],
            "You see a wall 1 step left, You see a grey ball 3 steps forward, You see a green box 2 steps forward, "
            "You see a red box 1 step right and 1 step forward, You see a red key 2 steps right and 3 steps forward, "
            "You see a red ball 3 steps right and 4 steps forward, You see a red box 3 steps right and 2 steps forward")
        self.assertEqual(reset["info"]["goal"], "go to the red key")
        self.assertEqual(reset["info"]["actions"], ACTIONS)

    def test_doors_say_their_state_and_what_is_carried_comes_first(self):
        answers = self.program.play(1, {"level": "UnlockLocal"})
        texts = [answer["observation"] for answer in answers]
        self.assertTrue(any("You see a locked " in text for text in texts))
        self.assertIn("You see an open ", texts[-1])
        self.assertRegex(texts[-1], r"^You carry a \w+ key, ")

    def test_mistakes_are_told_and_change_nothing(self):
        self.assertEqual(self.program.ask("reset", seed=1, options={"level": "Maze"})["error"]["code"], -32001)
        self.assertEqual(self.program.ask("reset", seed=1, options={"levle": "GoToLocal"})["error"]["code"], -32602)
        self.assertEqual(self.program.ask("reset", seed=1, options={"max_steps": "0"})["error"]["code"], -32602)
        self.program.call("reset", seed=1, options={"level": "GoToLocal"})
        self.assertEqual(self.program.ask("step", action="fly", step=1)["error"]["code"], -32002)
        self.assertEqual(self.program.ask("step", action="toggle", step=2)["error"]["code"], -32005)
        self.program.call("step", action="toggle", step=1)


if __name__ == "__main__":
    unittest.main()
