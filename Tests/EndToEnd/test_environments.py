"""Jobs that act in an environment: a real londid, a real model and BabyAI-Text, and a scripted program for the faults.

LONDI_TEST_ENVIRONMENTS names the directory of systemd/install-environments.sh.
"""

import json
import os
import pathlib
import subprocess
import unittest

from londid import Londid

INSTALLED = pathlib.Path(os.environ["LONDI_TEST_ENVIRONMENTS"])
SCRIPTED = pathlib.Path(__file__).resolve().parent.parent / "EnvironmentsTests/scripted.py"
ACTIONS = {"turn left", "turn right", "go forward", "pick up", "drop", "toggle"}


def sections():
    return f"""
[Environment babyai-text]
Command="{INSTALLED}/python/bin/python3" "{INSTALLED}/babyai_text.py"
[Environment corridor]
Command=/usr/bin/python3 "{SCRIPTED}"
StepSeconds=5
[Environment forgetful]
Command=/usr/bin/python3 "{SCRIPTED}" forgetful
"""


class Environments(unittest.TestCase):
    def start(self, *settings):
        londid = Londid()
        self.addCleanup(londid.remove)
        londid.configuration.write_text(londid.configuration.read_text() + sections())
        londid.start()
        londid.ctl(
            "queue", "create", "q", "--step-tokens", "16", "--switcher", "random", "--parameter", "0.5", *settings)
        return londid

    def submit(self, londid, environment, *arguments):
        return londid.ctl("submit", "--queue", "q", "--environment", environment, *arguments, "--parsable").stdout.strip()

    def steps(self, londid, job):
        return [step for step in londid.json("explain", job)["steps"] if step["state"] == "written"]

    def test_a_job_acts_in_babyai_text_and_is_explained(self):
        londid = self.start("--max-steps", "5")
        job = self.submit(londid, "babyai-text", "--option", "level=GoToLocal", "--seed", "7")
        londid.ctl("wait", job)
        shown = londid.json("explain", job)
        self.assertEqual(shown["opening"]["goal"], "go to a purple ball")
        self.assertTrue(shown["opening"]["observation"].startswith("You see a wall 3 steps right, "))
        steps = self.steps(londid, job)
        self.assertLessEqual(1, len(steps))
        self.assertEqual(shown["outcome"]["success"], steps[-1]["observation"]["success"])
        for step in steps:
            # The grammar leaves no other choice to whatever model.
            self.assertIn(step["generated"]["text"], ACTIONS)
            self.assertIn("You ", step["observation"]["text"])
            self.assertEqual(step["reward"], step["observation"]["reward"])
        text = londid.ctl("explain", job).stdout
        self.assertIn("goal: go to a purple ball", text)
        self.assertIn(f"    | {steps[0]['generated']['text']}\n    > You ", text)
        self.assertIn("The books agree", londid.ctl("audit", "verify").stdout)

    def test_both_environments_of_the_test_keep_to_the_protocol(self):
        londid = self.start()
        for name in ["babyai-text", "corridor"]:
            checked = londid.ctl("environment", "check", name, check=False)
            self.assertEqual(checked.returncode, 0, checked.stdout)
        checked = londid.ctl("environment", "check", "forgetful", check=False)
        self.assertEqual(checked.returncode, 1, checked.stdout)
        self.assertIn("BROKEN  repeats itself in another process", checked.stdout)
        self.assertEqual(londid.ctl("environment", "check", "maze", check=False).returncode, 3)
        refused = londid.ctl("submit", "--queue", "q", "--environment", "maze", check=False)
        self.assertIn("it has babyai-text, corridor, forgetful", refused.stderr)

    def test_an_episode_goes_on_after_a_kill_without_another_call(self):
        londid = self.start("--max-steps", "6")
        job = self.submit(londid, "babyai-text", "--option", "level=PutNextLocal", "--seed", "3")
        londid.wait_for(lambda: len(self.steps(londid, job)) >= 2, 120, "two steps are written")
        londid.kill()
        londid.start()
        londid.ctl("wait", job)
        self.assertGreater(londid.json("show", job)["job"]["attempt"], 1)
        steps = self.steps(londid, job)
        self.assertEqual([step["index"] for step in steps], list(range(6)))
        self.assertTrue(all(step["observation"] for step in steps))
        self.assertIn("The books agree", londid.ctl("audit", "verify").stdout)
        # The same actions by hand come to what is recorded, whatever was done twice.
        again = self.play("PutNextLocal", 3, [step["generated"]["text"] for step in steps])
        self.assertEqual([step["observation"]["text"] for step in steps], again)

    def play(self, level, seed, actions):
        requests = [("reset", {"seed": seed, "options": {"level": level}})]
        requests += [("step", {"action": action, "step": number}) for number, action in enumerate(actions, 1)]
        lines = "".join(
            json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n"
            for number, (method, params) in enumerate(requests))
        played = subprocess.run(
            [INSTALLED / "python/bin/python3", INSTALLED / "babyai_text.py"], input=lines, capture_output=True, text=True,
            check=True)
        return [json.loads(line)["result"]["observation"] for line in played.stdout.splitlines()[1:]]

    def test_a_fault_fails_only_its_own_job_after_its_attempts(self):
        londid = self.start("--max-steps", "6", "--max-attempts", "2")
        faults = {
            "die": "ended with exit status 7", "hang": "did not answer step within 5.0 s",
            "flood": "sent a line of more than 4194304 bytes", "garbage": "answered step with something else",
        }
        jobs = {fault: self.submit(londid, "corridor", "--option", f"fault={fault}") for fault in faults}
        good = self.submit(londid, "babyai-text", "--seed", "1", "--max-steps", "3")
        for fault, job in jobs.items():
            self.assertEqual(londid.ctl("wait", job, check=False).returncode, 1)
            shown = londid.json("show", job)["job"]
            self.assertEqual((shown["state"], shown["faultCode"], shown["attempt"]), ("failed", "environment-fault", 2))
            self.assertIn(faults[fault], shown["fault"])
            self.assertIn(f"its last lines: about to {fault}", shown["fault"])
            # The second attempt asked no model: it did the recorded actions again.
            self.assertEqual(len(londid.json("explain", job)["steps"]), 2, fault)
        londid.ctl("wait", good)
        wrong = self.submit(londid, "corridor", "--option", "colour=red")
        londid.ctl("wait", wrong, check=False)
        shown = londid.json("show", wrong)["job"]
        self.assertEqual((shown["faultCode"], shown["attempt"]), ("environment-refused", 1))
        self.assertIn("The books agree", londid.ctl("audit", "verify").stdout)
        self.assertEqual(londid.stop(), 0)

    def test_batch_lines_act_too(self):
        londid = self.start("--max-steps", "2")
        lines = [
            {"custom_id": f"e{seed}", "method": "POST", "url": "/v1/chat/completions", "body": {},
             "londi": {"environment": {"name": "babyai-text", "seed": seed, "options": {"level": "OpenDoor"}}}}
            for seed in range(4)
        ]
        batch = londid.submit(lines)
        londid.ctl("wait", batch)
        answers = {line["custom_id"]: line["response"]["body"] for line in londid.results(batch)}
        self.assertEqual(set(answers), {"e0", "e1", "e2", "e3"})
        self.assertEqual({type(line["londi"]["success"]) for line in londid.results(batch)}, {bool})
        for body in answers.values():
            self.assertTrue(set(body["choices"][0]["message"]["content"].split("\n")) <= ACTIONS)


if __name__ == "__main__":
    unittest.main()
