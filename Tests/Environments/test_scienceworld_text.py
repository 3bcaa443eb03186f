"""scienceworld_text.py against ScienceWorld itself: its gold paths come to the same through the adapter."""

import os
import unittest

from program import Program, ProgramTest, total

GOLD = [
    ("power-component", 0), ("power-component", 3), ("find-living-thing", 2), ("find-plant", 0),
    ("lifespan-longest-lived-then-shortest-lived", 1), ("identify-life-stages-1", 0),
]


def direct_scores():
    """The score of each gold path that the package itself plays; its simulator ends with this call."""
    os.environ["JAVA_TOOL_OPTIONS"] = "-Xmx256m -XX:+UnlockExperimentalVMOptions -XX:hashCode=2"
    from scienceworld import ScienceWorldEnv

    game = ScienceWorldEnv("", envStepLimit=1000)
    scores = {}
    for task, variation in GOLD:
        game.load(task, variation, "", generateGoldPath=True)
        game.reset()
        score = 0
        for action in game.get_gold_action_sequence():
            _, _, is_over, info = game.step(action)
            score = info["score"]
            if is_over:
                break
        scores[task, variation] = score
    game.close()
    return scores


class ScienceWorldText(ProgramTest):
    program_name = "scienceworld_text.py"

    def test_gold_paths_reach_through_the_adapter_what_they_reach_directly(self):
        scores = direct_scores()
        for task, variation in GOLD:
            with self.subTest(task=task, variation=variation):
                answers = self.program.play(0, {"task": task, "variation": str(variation)})
                self.assertEqual(answers[-1]["info"]["score"], scores[task, variation])
                self.assertEqual(total(answers), scores[task, variation])
                self.assertEqual(answers[-1]["info"]["success"], scores[task, variation] == 100)

    def test_the_same_seed_and_actions_give_the_same_transcript_in_another_process(self):
        with Program("scienceworld_text.py") as other:
            for task in ["power-component", "lifespan-longest-lived-then-shortest-lived"]:
                first = self.program.play(5, {"task": task})
                actions = [answer["action"] for answer in first[1:]]
                # Without the oracle, which loads the episode a second time.
                second = other.play(5, {"task": task}, lambda number, actions=actions: actions[number - 1])
                self.assertEqual(first, second, task)

    def test_the_oracle_finds_back_to_the_gold_path(self):
        """After actions by somebody who does not know, among them connections that stand in its way."""
        strays = {
            "lifespan-longest-lived-then-shortest-lived": [
                "open door to hallway", "go to hallway", "open door to bedroom", "go to bedroom", "look around"],
            "power-component": [
                "open door to workshop", "go to workshop", "connect battery anode to orange wire terminal 1",
                "connect battery cathode to orange wire terminal 2", "look around"],
        }
        for task, actions in strays.items():
            for variation in range(10):
                with self.subTest(task=task, variation=variation):
                    self.program.call("reset", seed=0, options={"task": task, "variation": str(variation)})
                    answers = []
                    # Where a room lacks what an action names, the action is refused.
                    for action in actions:
                        answer = self.program.ask("step", action=action, step=len(answers) + 1)
                        answers += [answer["result"]] if "result" in answer else []
                    self.assertGreater(len(answers), 0)
                    while not answers[-1]["terminated"]:
                        action = self.program.call("oracle")["action"]
                        answers.append(self.program.call("step", action=action, step=len(answers) + 1))
                    self.assertEqual(answers[-1]["info"]["score"], 100)

    def test_a_wrong_focus_ends_the_episode(self):
        self.program.call("reset", seed=0, options={"task": "find-plant", "variation": "0"})
        answer = self.program.call("step", action="focus on air", step=1)
        self.assertTrue(answer["terminated"])
        self.assertFalse(answer["info"]["success"])
        self.assertEqual(answer["reward"], -100)
        self.assertEqual(self.program.ask("step", action="look around", step=2)["error"]["code"], -32003)

    def test_an_action_that_is_not_understood_changes_nothing(self):
        self.program.call("reset", seed=0, options={"task": "find-plant"})
        self.assertEqual(self.program.ask("step", action="dance wildly", step=1)["error"]["code"], -32002)
        self.program.call("step", action="look around", step=1)

    def test_the_limit_truncates(self):
        answers = self.program.play(0, {"task": "boil", "max_steps": "3"}, lambda _: "look around")
        self.assertEqual(len(answers) - 1, 3)
        self.assertTrue(answers[-1]["truncated"])

    def test_actions_are_listed_on_request_and_connections_only_where_they_matter(self):
        reset = self.program.call("reset", seed=0, options={"task": "find-plant"})
        self.assertNotIn("actions", reset["info"])
        for task, is_electrical in [("find-plant", False), ("power-component", True)]:
            options = {"task": task}
            actions = self.program.call("reset", seed=0, options=options, include=["actions"])["info"]["actions"]
            self.assertIn("look around", actions)
            self.assertNotIn("reset task", actions)
            self.assertEqual(any(action.startswith("connect ") for action in actions), is_electrical)

    def test_splits_have_different_variations(self):
        goals = {}
        for split in ["train", "test"]:
            reset = self.program.call("reset", seed=0, options={"task": "power-component", "split": split})
            goals[split] = reset["observation"] + reset["info"]["goal"]
        self.assertNotEqual(goals["train"], goals["test"])

    def test_mistakes_are_told(self):
        for options, code in [
            ({"task": "fly"}, -32001), ({"tsak": "boil"}, -32602), ({"task": "boil", "variation": "999"}, -32602),
            ({"task": "boil", "split": "all"}, -32602), ({"task": "boil", "simplifications": "magic"}, -32602),
        ]:
            self.assertEqual(self.program.ask("reset", seed=0, options=options)["error"]["code"], code, options)


if __name__ == "__main__":
    unittest.main()
