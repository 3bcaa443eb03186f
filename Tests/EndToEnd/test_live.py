"""What londictl shows while it happens: top, watch and events, of a real londid with real models, on terminals and in pipes."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import unittest

import londid as harness
from londid import Londid


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.londid = Londid().start()
        cls.addClassCleanup(cls.londid.remove)
        cls.londid.ctl("queue", "create", "q", "--switcher", "random", "--deepthink-calls", "99/day", "--max-steps", "6",
                       "--step-tokens", "48")

    def submit(self, prompt="Count from one to two hundred."):
        return self.londid.ctl("submit", "-q", "q", "--prompt", prompt, "--parsable").stdout.strip()

    def begin(self, *arguments):
        process = subprocess.Popen(
            [harness.BIN / "londictl", "--socket", self.londid.directory / "run/io.londi", *arguments], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def on_terminal(self, *arguments, seconds, until):
        """What a command draws on a terminal of its own until `until` matches; it is interrupted then."""
        pid, descriptor = pty.fork()
        if pid == 0:
            os.execv(harness.BIN / "londictl", ["londictl", "--socket", f"{self.londid.directory}/run/io.londi", *arguments])
        text, deadline = "", time.monotonic() + seconds
        while not re.search(until, text):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                break
            text += os.read(descriptor, 65536).decode(errors="replace")
        os.kill(pid, signal.SIGINT)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(descriptor)
        self.assertRegex(text, until)
        return text, status

    def test_watch_shows_each_step_once_and_ends_with_the_job(self):
        job = self.submit()
        watched = self.begin("watch", job, "--jsonl")
        output, messages = watched.communicate(timeout=120)
        self.assertEqual((watched.returncode, messages), (0, ""))
        steps = [json.loads(line) for line in output.splitlines()]
        explained = self.londid.json("explain", job)["steps"]
        self.assertEqual([step["generated"]["text"] for step in steps], [step["generated"]["text"] for step in explained])
        again = self.londid.ctl("watch", job).stdout
        self.assertEqual(again.count("Step "), len(explained))
        self.assertTrue(again.endswith(", reward -\n"), again)

    def test_watch_says_how_to_come_back_and_survives_a_restart_of_londid(self):
        self.londid.ctl("queue", "pause", "q")
        job = self.submit("Say yes.")
        interrupted = self.begin("watch", job)
        interrupted.stdout.readline()
        interrupted.send_signal(signal.SIGINT)
        _, messages = interrupted.communicate(timeout=60)
        self.assertEqual(interrupted.returncode, 130)
        self.assertIn(f"the job goes on: `londictl watch {job}` comes back to it", messages)
        watched = self.begin("watch", job)
        watched.stdout.readline()
        self.londid.stop()
        self.londid.start()
        self.londid.ctl("queue", "resume", "q")
        output, messages = watched.communicate(timeout=120)
        self.assertEqual(watched.returncode, 0, messages)
        self.assertIn("the daemon is away; waiting for it to come back", messages)
        self.assertIn("Step 0", output)

    def test_top_draws_again_and_again_with_the_speed_of_the_models(self):
        jobs = [self.submit() for _ in range(6)]
        text, status = self.on_terminal("top", "--interval", "1", seconds=60, until="DEEPTHINK")
        self.assertEqual(status, 130)
        look = self.londid.json("top")
        self.assertEqual(look["schema_version"], 1)
        self.assertEqual([queue["name"] for queue in look["queues"]], ["q"])
        self.londid.wait_for(
            lambda: any(job.get("step") for job in self.londid.json("top")["running"]), 60, "top sees a step being written")
        frame = self.londid.ctl("top", "--once").stdout
        self.assertIn("QUEUE", frame)
        self.assertNotIn("\033", frame)
        self.on_terminal("top", "--interval", "1", seconds=60, until=r"(?s)\033\[J.*\033\[J.*CPU +\d/2 +\d+\.\d")
        for job in jobs:
            self.londid.ctl("wait", job)
        self.assertIn("no job runs", self.londid.ctl("top").stdout)

    def test_events_are_followed(self):
        following = self.begin("events", "--follow", "--limit", "1", "--jsonl")
        first = json.loads(following.stdout.readline())
        self.londid.ctl("queue", "set", "q", "--cost", "0.25")
        event = json.loads(following.stdout.readline())
        self.assertGreater(event["sequence"], first["sequence"])
        self.assertEqual((event["action"], event["subject"], event["detail"]), ("queue.set", "q", "cost=0.05->0.25"))
        following.send_signal(signal.SIGINT)
        self.assertEqual(following.wait(60), 130)
        self.assertEqual(self.londid.json("events", "--limit", "1")["events"], [event])

    def test_logs_asks_the_journal_and_says_what_else_there_is_where_there_is_none(self):
        directory = self.londid.directory / "bin"
        directory.mkdir()
        self.addCleanup(shutil.rmtree, directory)
        journal = directory / "journalctl"
        journal.write_text("#!/bin/sh\necho \"$*\"\n")
        journal.chmod(0o755)
        words = [harness.BIN / "londictl", "--socket", self.londid.directory / "run/io.londi", "logs", "7", "-f"]
        done = subprocess.run(words, env={"PATH": f"{directory}:/bin:/usr/bin"}, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "--user --unit=londid --lines=100 --follow LONDI_JOB_ID=7\n"))
        none = subprocess.run(words, env={"PATH": "/nowhere"}, capture_output=True, text=True)
        self.assertEqual(none.returncode, 2)
        self.assertIn("journalctl: No such file or directory; a londid without systemd writes its log to its stderr", none.stderr)


if __name__ == "__main__":
    unittest.main()
