"""What londictl shows while it happens: top, watch and events, of a real londid with real models, on terminals and in pipes."""

import grp
import json
import os
import pathlib
import pty
import pwd
import re
import select
import shutil
import signal
import socket
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
            try:
                text += os.read(descriptor, 65536).decode(errors="replace")
            except OSError:  # It has ended.
                break
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

    def test_text_comes_before_its_step_is_recorded_and_adds_up_to_it(self):
        job = self.submit("Write a long story about a river.")
        watched = self.begin("watch", job, "--jsonl", "--partial")
        parts, steps, early = {}, [], 0
        for row in map(json.loads, watched.stdout):
            if "state" in row:
                steps.append(row)
                continue
            if row["isFirst"]:
                parts[row["index"], row["role"]] = ""
            parts[row["index"], row["role"]] += row["text"]
            early += row["isFirst"]
            self.assertNotIn(row["index"], [step["index"] for step in steps], "a part of a step that is recorded")
        self.assertEqual(watched.wait(60), 0)
        explained = self.londid.json("explain", job)["steps"]
        self.assertEqual([step["generated"]["text"] for step in steps], [step["generated"]["text"] for step in explained])
        self.assertGreater(early, 0)
        for step in steps:
            if (step["index"], step["role"]) in parts:
                self.assertEqual(parts[step["index"], step["role"]], step["generated"]["text"])
        # A pipe gets nothing but recorded steps unless it asks.
        self.assertNotIn("writes", self.londid.ctl("watch", job).stdout)

    def test_a_job_cancelled_in_mid_step_ends_with_its_text_marked(self):
        self.londid.ctl("queue", "set", "q", "--step-tokens", "1500", "--max-steps", "40")
        self.addCleanup(self.londid.ctl, "queue", "set", "q", "--step-tokens", "48", "--max-steps", "6")
        job = self.submit("Recite the alphabet again and again, on one line.")
        watched = self.begin("watch", job, "--partial")
        text = ""
        while not re.search(r"(QUICK|DEEPTHINK) \| ", text):
            read = os.read(watched.stdout.fileno(), 65536).decode()
            self.assertTrue(read, text)
            text += read
        self.londid.ctl("cancel", job)
        rest, messages = watched.communicate(timeout=60)
        self.assertEqual(watched.returncode, 1, messages)
        self.assertIn("(cut off: not part of the answer)", text + rest)
        self.assertTrue(rest.endswith("cancelled\n"), rest)

    def test_a_draft_that_deepthink_replaces_is_told_apart_from_its_step(self):
        self.londid.ctl("queue", "create", "drafts", "--switcher", "always-deepthink", "--observe", "draft", "--max-steps", "2",
                        "--step-tokens", "24")
        job = self.londid.ctl("submit", "-q", "drafts", "--prompt", "Tell of the sea.", "--parsable").stdout.strip()
        watched = self.begin("watch", job, "--jsonl", "--partial")
        output, messages = watched.communicate(timeout=120)
        self.assertEqual((watched.returncode, messages), (0, ""))
        rows = [json.loads(row) for row in output.splitlines()]
        self.assertIn((0, "quick", True), [(row["index"], row["role"], row["isDraft"]) for row in rows if "state" not in row])
        steps = [(row["index"], row["role"], row.get("draft")) for row in rows if "state" in row]
        self.assertEqual(steps[:2], [(0, "quick", "replaced"), (0, "deepthink", None)])
        text = self.londid.ctl("explain", job).stdout
        self.assertIn("draft, replaced by DEEPTHINK", text)

    def test_a_terminal_shows_text_as_it_is_written_in_colours(self):
        job = self.submit("Recite the alphabet again and again, on one line.")
        text, _ = self.on_terminal("watch", job, seconds=120, until=r"completed")
        self.assertRegex(text, r"Step 0  \033\[3[56]m(QUICK|DEEPTHINK)\033\[0m writes")
        self.assertRegex(text, r"    \| \033\[3[56]m")

    def test_a_watcher_that_does_not_read_neither_stalls_londid_nor_makes_it_grow(self):
        def memory():
            status = pathlib.Path(f"/proc/{self.londid.process.pid}/status").read_text()
            return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

        jobs = [self.submit() for _ in range(4)]
        idle = []
        for _ in range(20):
            connection = socket.socket(socket.AF_UNIX)
            self.addCleanup(connection.close)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(f"{self.londid.directory}/run/io.londi")
            call = {"method": "io.londi.WatchJob", "parameters": {"job": int(jobs[-1])}, "more": True}
            connection.sendall(json.dumps(call).encode() + b"\0")
            idle.append(connection)
        before = memory()
        for job in jobs:
            self.londid.ctl("wait", job, timeout=120)
        self.assertLess(memory() - before, 32 * 1024, "KiB that 20 idle watchers cost")
        self.londid.ctl("audit", "verify")

    def test_a_step_that_a_crash_cuts_off_is_marked_and_the_watch_goes_on(self):
        self.londid.ctl("queue", "create", "long", "--switcher", "always-quick", "--max-steps", "2", "--step-tokens", "1000")
        job = self.londid.ctl("submit", "-q", "long", "--prompt", "Recite the alphabet again and again, on one line.",
                              "--parsable").stdout.strip()
        watched = self.begin("watch", job, "--partial")
        text = ""
        while "QUICK | " not in text:
            read = os.read(watched.stdout.fileno(), 65536).decode()
            self.assertTrue(read, text)
            text += read
        self.londid.kill()
        self.londid.start()
        rest, messages = watched.communicate(timeout=120)
        self.assertEqual(watched.returncode, 0, messages)
        self.assertIn("the daemon is away; waiting for it to come back", messages)
        self.assertIn("(cut off: not part of the answer)", text + rest)
        self.assertRegex(text + rest, r"(?s)cut off.*Step 0  QUICK.*completed")

    def test_an_interrupted_backup_leaves_nothing_and_says_so(self):
        target = self.londid.directory / "copy"
        for _ in range(20):
            backup = self.begin("backup", str(target))
            while not list(self.londid.directory.glob("copy.partial-*")) and backup.poll() is None and not target.exists():
                pass
            backup.send_signal(signal.SIGINT)
            _, messages = backup.communicate(timeout=60)
            if backup.returncode == 130:
                break
            target.unlink()
        self.assertEqual(backup.returncode, 130, messages)
        self.assertIn(f"there is no {target} yet: the same command makes it from the start", messages)
        self.assertEqual(list(self.londid.directory.glob("copy*")), [])

    def test_interrupted_results_and_exports_say_what_remains(self):
        self.londid.ctl("queue", "create", "half", "--switcher", "always-quick", "--max-steps", "1", "--step-tokens", "8")
        lines = self.londid.directory / "half.jsonl"
        lines.write_text("".join(json.dumps(harness.line(f"h{i}", "Say yes.")) + "\n" for i in range(4)))
        batch = json.loads(self.londid.ctl("submit", "-q", "half", "-f", str(lines), "--wait", "--json").stdout)["batch"]
        lines.write_text("".join(json.dumps(harness.line(f"k{i}", "Say no.")) + "\n" for i in range(4)))
        self.londid.ctl("queue", "pause", "half")
        waiting = json.loads(self.londid.ctl("submit", "-q", "half", "-f", str(lines), "--json").stdout)["batch"]
        self.londid.ctl("cancel", waiting, "--custom-id", "k0")
        answers = self.londid.directory / "answers.jsonl"
        text, status = self.on_terminal(
            "results", waiting, "--follow", "--output", str(answers), seconds=60, until=rf"{waiting} \[#####-+\] 1 result")
        self.assertEqual(status, 130)
        self.assertEqual(answers.read_text(), "")
        self.londid.ctl("results", batch, "--output", str(answers))
        self.assertEqual(len(answers.read_text().splitlines()), 4)
        ledger = self.londid.directory / "ledger.csv"
        os.kill(self.londid.process.pid, signal.SIGSTOP)
        try:
            exporting = self.begin("audit", "export", "--csv", "--file", str(ledger))
            self.londid.wait_for(lambda: list(self.londid.directory.glob("ledger.csv.partial-*")), 30, "the file has been begun")
            exporting.send_signal(signal.SIGINT)
            _, messages = exporting.communicate(timeout=60)
        finally:
            os.kill(self.londid.process.pid, signal.SIGCONT)
        self.assertEqual(exporting.returncode, 130)
        self.assertIn(f"{ledger} was not written: the same command writes it from the start", messages)
        self.assertEqual(list(self.londid.directory.glob("ledger.csv*")), [])

    def test_a_large_submission_draws_how_far_it_is_and_is_all_or_nothing(self):
        self.londid.ctl("queue", "create", "large")
        self.londid.ctl("queue", "pause", "large")
        lines = self.londid.directory / "lines.jsonl"
        lines.write_text("".join(json.dumps(harness.line(f"n{i}", "Say yes. " * 20)) + "\n" for i in range(60_000)))
        words = ["submit", "-q", "large", "-f", str(lines)]
        drawn = r"lines.jsonl \[#+-*\] \d+ lines checked  [\d.]+/s  ETA \d+ s"
        text, status = self.on_terminal(*words, seconds=60, until=drawn)
        self.assertEqual(status, 130)
        self.assertEqual(self.londid.json("batch", "list", "--queue", "large")["batches"], [])
        self.assertRegex(self.londid.ctl(*words).stdout, "60000 jobs queued in large")

    def test_top_draws_again_and_again_with_the_speed_of_the_models(self):
        jobs = [self.submit() for _ in range(6)]
        text, status = self.on_terminal("top", "--interval", "1", seconds=60, until="DEEPTHINK")
        self.assertEqual(status, 130)
        look = self.londid.json("top")
        self.assertEqual(look["schema_version"], 1)
        self.assertIn("q", [queue["name"] for queue in look["queues"]])
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


class Strangers(unittest.TestCase):
    """A londid for several users: members see their own jobs."""

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_a_member_does_not_see_what_is_written_for_somebody_else(self):
        londid = Londid()
        self.addCleanup(londid.remove)
        group = grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
        londid.configuration.write_text(londid.default_configuration(daemon=f"MemberGroup={group}"))
        londid.directory.chmod(0o755)
        londid.mode = []
        londid.start()
        londid.ctl("queue", "create", "q", "--max-steps", "4")
        job = londid.ctl("submit", "-q", "q", "--prompt", "Count from one to two hundred.", "--parsable").stdout.strip()
        words = ["setpriv", "--reuid", "nobody", "--regid", group, "--clear-groups", harness.BIN / "londictl", "--socket",
                 londid.directory / "run/io.londi"]
        asked = subprocess.run([*words, "watch", job, "--partial", "--jsonl"], capture_output=True, text=True, timeout=60)
        self.assertEqual((asked.returncode, asked.stdout), (3, ""), asked.stderr)
        own = subprocess.run([*words, "submit", "-q", "q", "--prompt", "Say yes.", "--parsable"], capture_output=True, text=True)
        self.assertEqual(own.returncode, 0, own.stderr)
        seen = subprocess.run([*words, "watch", own.stdout.strip()], capture_output=True, text=True, timeout=120)
        self.assertIn("Step 0", seen.stdout)


if __name__ == "__main__":
    unittest.main()
