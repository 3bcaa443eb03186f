"""The encoder as a model: a third llama-server that reads the texts for the Switcher."""

import os
import pathlib
import signal
import sqlite3
import unittest

import londid as harness
from londid import Londid, line


class Encoder(unittest.TestCase):
    def londid(self):
        daemon = Londid()
        daemon.configuration.write_text(
            daemon.default_configuration()
            + f"[Encoder]\nKind=model\nModel={harness.MODEL}\nContext=512\nSlots=2\nThreads=1\n")
        self.addCleanup(daemon.remove)
        return daemon

    def encoder(self, daemon):
        """What status says of it."""
        return next(engine for engine in daemon.json("status")["engines"] if engine["role"] == "encoder")

    def pid(self, daemon):
        """The process that serves the encoder."""
        (pid,) = [
            pid for pid in daemon.engines()
            if b"encoder.sock" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
        return pid

    def features(self, daemon):
        """How many features each step has, and how many different values the last 32 of them have."""
        database = sqlite3.connect(f"file:{daemon.directory}/state/state.sqlite?mode=ro", uri=True)
        with database:
            rows = database.execute("SELECT idx, features FROM step ORDER BY id").fetchall()
        database.close()
        return rows

    def test_a_job_runs_and_the_encoder_is_named_with_its_model(self):
        daemon = self.londid().start()
        daemon.ctl("queue", "create", "q", "--switcher", "random", "--parameter", "0.5", "--max-steps", "3", "--step-tokens", "16")
        batch = daemon.submit([line(f"p{n}", f"Tell me a story about {n} sheep. " + "baa " * (1500 * n)) for n in range(2)])
        self.assertEqual(daemon.ctl("wait", batch, check=False).returncode, 1, "the second question is too long for the pair")
        state = self.encoder(daemon)
        self.assertEqual((state["state"], state["contextTokens"], state["slots"]), ("ready", 512, 2))
        self.assertIn(pathlib.Path(harness.MODEL).name.lower(), state["model"].lower())
        self.assertIn("Encoder: ready", daemon.ctl("status").stdout)
        self.assertIn('londi_engine_up{role="encoder"} 1', daemon.ctl("metrics").stdout)
        policy = daemon.json("policy", "show", "q")
        self.assertRegex(policy["encoder"], r"^model-v\d+-128:" + state["model"] + "$")
        rows = self.features(daemon)
        self.assertTrue(rows)
        self.assertEqual(len({len(blob) for _, blob in rows}), 1)
        for index, blob in rows:
            answer = blob[-32 * 4:]
            self.assertEqual(answer == bytes(128), index == 0, "an empty answer is zeros, any other is not")
        daemon.ctl("audit", "verify")
        self.assertEqual(daemon.stop(), 0)

    def test_kill_9_of_the_encoder_is_mended_and_its_jobs_complete(self):
        daemon = self.londid().start()
        daemon.ctl("queue", "create", "q", "--switcher", "random", "--parameter", "0.5", "--max-steps", "6", "--step-tokens", "24")
        batch = daemon.submit([line(f"p{n}", f"Tell me a story about {n} sheep.") for n in range(4)])
        jobs = [job["job"] for job in daemon.json("list", "--batch", batch)["jobs"]]
        daemon.wait_for(
            lambda: any(daemon.json("explain", job)["steps"] for job in jobs), 60, "the first step")
        os.kill(self.pid(daemon), signal.SIGKILL)
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.assertEqual(self.encoder(daemon)["restarts"], 1)
        self.assertEqual([engine["restarts"] for engine in daemon.json("status")["engines"]], [0, 0, 1])
        for job in jobs:
            steps = daemon.json("explain", job)["steps"]
            self.assertEqual([step["index"] for step in steps], list(range(len(steps))), "none is cut off or written twice")
        daemon.ctl("audit", "verify")

    def test_without_its_encoder_nothing_runs_and_status_says_why(self):
        daemon = self.londid()
        daemon.configuration.write_text(daemon.configuration.read_text().replace(
            f"[Encoder]\nKind=model\nModel={harness.MODEL}", "[Encoder]\nKind=model\nModel=/no/such.gguf"))
        daemon.start(wait=False)
        daemon.wait_for(lambda: daemon.ctl("status", check=False).returncode == 0, 30, "it answers")
        daemon.wait_for(lambda: "cannot be read" in (self.encoder(daemon).get("fault") or ""), 30, "the fault is named")
        daemon.ctl("queue", "create", "q")
        batch = daemon.submit([line("a", "hi")])
        job = daemon.json("list", "--batch", batch)["jobs"][0]
        self.assertEqual((job["state"], job["pendingReason"]), ("pending", "ModelUnavailable"))
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
