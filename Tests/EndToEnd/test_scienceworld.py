"""ScienceWorld through a real londid: the QUICK that was trained for it (Tests/Pair), and its oracle in DEEPTHINK's place."""

import os
import pathlib
import unittest

from londid import Londid

INSTALLED = pathlib.Path(os.environ["LONDI_TEST_ENVIRONMENTS"])
QUICK = pathlib.Path(__file__).resolve().parent.parent / "Pair/scienceworld.gguf"
EPISODES = 4


class ScienceWorld(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.londid = Londid()
        cls.addClassCleanup(cls.londid.remove)
        sections = cls.londid.default_configuration(QUICK, "Temperature=1", context=1024)
        cls.londid.configuration.write_text(sections + f"""[Environment scienceworld]
Command="{INSTALLED}/python/bin/python3" "{INSTALLED}/scienceworld_text.py"
ShownActions=8
ShownObservations=1
MostActions=0
Network=yes
StartSeconds=120
StepSeconds=60
Oracle=yes
""")
        cls.londid.start()

    def play(self, queue, *options, task="lifespan-longest-lived-then-shortest-lived"):
        """Unseen variations in a new queue, explained."""
        self.londid.ctl("queue", "create", queue, "--max-steps", "40", "--step-tokens", "32", *options)
        lines = [
            {"custom_id": f"e{seed}", "method": "POST", "url": "/v1/chat/completions", "body": {}, "londi": {"environment": {
                "name": "scienceworld", "seed": seed, "options": {"task": task, "split": "test"}}}}
            for seed in range(EPISODES)
        ]
        batch = self.londid.submit(lines, queue)
        self.londid.ctl("wait", batch, check=False, timeout=600)
        return [self.londid.json("explain", job["job"]) for job in self.londid.json("list", "--batch", batch)["jobs"]]

    def test_the_oracle_solves_what_quick_does_not(self):
        quick = self.play("quick", "--switcher", "always-quick")
        oracle = self.play("oracle", "--switcher", "always-deepthink")
        self.assertTrue(all(shown["outcome"]["success"] for shown in oracle), [shown["outcome"] for shown in oracle])
        self.assertLess(sum(shown["outcome"]["reward"] for shown in quick), sum(shown["outcome"]["reward"] for shown in oracle))
        for shown in oracle:
            self.assertEqual(shown["job"]["deepthinkSteps"], shown["job"]["steps"])
            self.assertEqual(shown["job"]["deepthinkSpend"], {"calls": shown["job"]["steps"], "tokens": 0, "gpuMilliseconds": 0})
        self.assertIn("The books agree", self.londid.ctl("audit", "verify").stdout)

    def test_a_budget_of_calls_holds_for_an_oracle_too(self):
        limited = self.play("limited", "--switcher", "always-deepthink", "--deepthink-calls-per-job", "2", task="power-component")
        for shown in limited:
            self.assertEqual(shown["job"]["deepthinkSteps"], 2)
            self.assertEqual([step["role"] for step in shown["steps"]][:3], ["deepthink", "deepthink", "quick"])


if __name__ == "__main__":
    unittest.main()
