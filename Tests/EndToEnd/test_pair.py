"""The pair of models that was trained for BabyAI-Text (Tests/Pair), served by llama-server to a real londid, in unseen episodes."""

import os
import pathlib
import unittest

from londid import Londid

INSTALLED = pathlib.Path(os.environ["LONDI_TEST_ENVIRONMENTS"])
PAIR = pathlib.Path(__file__).resolve().parent.parent / "Pair"
EPISODES = 100
# 10,000 take minutes.
MANY = int(os.environ.get("LONDI_TEST_EPISODES", "400"))
MEGABYTE = 1 << 20


class Pair(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.londid = Londid()
        cls.addClassCleanup(cls.londid.remove)
        sections = cls.londid.default_configuration(
            f"{PAIR}/quick.gguf", "Temperature=0.25", "Temperature=0.5\nThink=yes", deepthink_model=f"{PAIR}/deepthink.gguf", context=512)
        cls.londid.configuration.write_text(sections + f"""[Environment babyai-text]
Command="{INSTALLED}/python/bin/python3" "{INSTALLED}/babyai_text.py"
ShownActions=4
ShownObservations=1
""")
        cls.londid.start()

    def run_episodes(self, queue, count, first=50_000_000):
        """Unseen episodes of mixed tasks; the batch, once all have ended."""
        lines = [
            {"custom_id": f"e{seed}", "method": "POST", "url": "/v1/chat/completions", "body": {}, "londi": {"environment": {
                "name": "babyai-text", "seed": first + seed, "options": {"level": "MixedTrainLocal"}}}}
            for seed in range(count)
        ]
        batch = self.londid.submit(lines, queue)
        self.londid.ctl("wait", batch, check=False, timeout=1200)
        return batch

    def play(self, kind):
        """The mean reward in a new queue of this kind, and its newest job, explained."""
        self.londid.ctl("queue", "create", kind, "--switcher", kind, "--max-steps", "64", "--step-tokens", "48")
        batch = self.run_episodes(kind, EPISODES)
        jobs = self.londid.json("list", "--batch", batch, "--limit", str(EPISODES))["jobs"]
        self.assertEqual(len(jobs), EPISODES)
        return sum(job["reward"] for job in jobs) / EPISODES, self.londid.json("explain", jobs[0]["job"])

    def held(self):
        """What londid and its programs hold: descriptors, processes, and resident bytes of londid and of the programs."""
        pids = [self.londid.process.pid, *self.londid.engines()]
        resident = [int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") for pid in pids]
        return len(os.listdir(f"/proc/{pids[0]}/fd")), len(pids), resident[0], sum(resident[1:])

    def test_deepthink_is_clearly_better_than_quick(self):
        (quick, _), (deepthink, shown) = self.play("always-quick"), self.play("always-deepthink")
        # QUICK, too, mostly gets there in the end, but wastes steps; the difference is a tenth of the greatest reward or more.
        self.assertGreaterEqual(deepthink, quick + 2)
        step = shown["steps"][0]
        self.assertEqual(step["role"], "deepthink")
        self.assertRegex(step["generated"]["text"], r"(?s)\nahead .*, left .*, right .*\nAction: [a-z ]+$")
        self.assertIn("The books agree", self.londid.ctl("audit", "verify").stdout)

    def test_many_episodes_leave_nothing_behind(self):
        self.londid.ctl("queue", "create", "many", "--switcher", "always-quick", "--max-steps", "1", "--step-tokens", "8")
        # As many as are measured, since a batch's size, too, sets how much memory londid takes from the system.
        self.run_episodes("many", MANY)
        before = self.held()
        batch = self.run_episodes("many", MANY, first=60_000_000)
        # Connections to a model are kept for later, as many as were needed at once.
        most = before[0] + 4, before[1]
        self.londid.wait_for(
            lambda: all(held <= limit for held, limit in zip(self.held(), most)), 60, f"descriptors and processes are as before, {before}")
        after = self.held()
        print(f"{MANY} episodes: descriptors, processes, bytes of londid and of its programs {before}, then {after}")
        self.assertEqual(self.londid.json("show", batch)["batch"]["jobs"]["completed"], MANY)
        # What is known of the queue's newest 2,000 episodes stays in memory.
        self.assertLess(after[2], before[2] + 16 * MEGABYTE)
        self.assertLess(after[3], before[3] + 16 * MEGABYTE)
