"""From two model files to a first answer, as a new user does it: by a script, on a terminal, and with mistakes."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from londid import BIN, MODEL, SERVER


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="londi-", dir="/tmp"))
        self.addCleanup(self.remove)
        self.path = self.home / ".config/londi/londid.conf"
        self.environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        self.pids = []

    def remove(self):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
            end = time.monotonic() + 30
            while pathlib.Path(f"/proc/{pid}/exe").exists() and time.monotonic() < end:
                time.sleep(0.05)
        shutil.rmtree(self.home)

    def ctl(self, *arguments, exit_code=0):
        done = subprocess.run(
            [BIN / "londictl", *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=300)
        self.note(done.stderr)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        return done

    def note(self, messages):
        self.pids += [int(pid) for pid in re.findall(r"started londid --user with pid (\d+)", messages)]

    def models(self, *more):
        return ["--user", "--quick", MODEL, "--deepthink", MODEL, "--llama-server", SERVER, *more]

    def refused(self, exit_code, *arguments):
        """What it says, where it leaves no configuration behind."""
        message = self.ctl("quickstart", *arguments, exit_code=exit_code).stderr
        self.assertFalse(self.path.exists())
        return message

    def test_a_script_comes_to_an_answer_and_a_second_run_goes_on(self):
        # The tiny model may answer wrongly: what is asked for is an answer, its steps and its spend.
        first = self.ctl("quickstart", *self.models())
        text = self.path.read_text()
        self.assertIn(f"Model={os.path.realpath(MODEL)}\nSha256=", text)
        self.assertIn(text, first.stderr)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        self.assertIn("QUICK ready, DEEPTHINK ready", first.stderr)
        self.assertRegex(first.stdout, r"\$ londictl explain 1\nJob 1  completed  in first")
        self.assertRegex(first.stdout, r"\$ londictl spend\nQUEUE .*\nfirst ")
        self.assertIn("londictl submit --queue first", first.stdout)
        second = self.ctl("quickstart", *self.models())
        self.assertIn("londid runs already", second.stderr)
        self.assertIn("queue first is there", second.stderr)
        self.assertEqual(len(json.loads(self.ctl("list", "--json").stdout)["jobs"]), 1)
        self.assertIn("stop it, or leave out --force", self.ctl("quickstart", *self.models("--force"), exit_code=2).stderr)

    def test_a_person_is_asked_and_may_refuse(self):
        arguments = ["quickstart", "--user", "--llama-server", SERVER]
        screen, status = self.typed(arguments, [("QUICK", "/nowhere/x.gguf"), ("QUICK", MODEL), ("DEEPTHINK", MODEL), ("[Y/n]", "n")])
        self.assertEqual(status, 2, screen)
        self.assertIn("'/nowhere/x.gguf': No such file", screen)
        self.assertIn("nothing was written", screen)
        self.assertFalse(self.path.exists())
        screen, status = self.typed(arguments, [("QUICK", MODEL), ("DEEPTHINK", MODEL), ("[Y/n]", "")])
        self.assertEqual(status, 0, screen)
        self.assertIn("londictl explain 1", screen)

    def typed(self, arguments, answers):
        """Runs it on a terminal, answers what is asked in turn, and returns what was shown and the exit status."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(BIN / "londictl", ["londictl", *map(str, arguments)], self.environment)
        screen, seen, end = "", 0, time.monotonic() + 240
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    piece = os.read(terminal, 65536)
                except OSError:
                    break
                if not piece:
                    break
                screen += piece.decode(errors="replace")
            if answers and answers[0][0] in screen[seen:] and screen.endswith((": ", "] ")):
                seen = len(screen)
                os.write(terminal, answers.pop(0)[1].encode() + b"\n")
        self.note(screen)
        os.close(terminal)
        return screen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_mistakes_are_named_and_leave_nothing_behind(self):
        self.assertIn("--quick is missing", self.refused(64, "--user"))
        self.assertIn("--deepthink '/nowhere/b': No such file", self.refused(64, "--user", "--quick", MODEL, "--deepthink", "/nowhere/b"))
        text = self.home / "text.gguf"
        text.write_text("no model")
        arguments = ["--user", "--quick", text, "--deepthink", MODEL, "--llama-server", SERVER]
        self.assertIn("it does not begin with 'GGUF'", self.refused(2, *arguments))
        self.assertIn("llama-server", self.refused(2, "--user", "--quick", MODEL, "--deepthink", MODEL))
        self.assertIn("--socket does nothing here", self.refused(64, "--user", "--socket", "/x"))

    def test_a_configuration_that_is_there_is_not_replaced(self):
        self.path.parent.mkdir(parents=True)
        self.path.write_text("[Daemon]\nNoSuchKey=1\n")
        message = self.ctl("quickstart", *self.models(), exit_code=6).stderr
        self.assertIn("--force replaces it", message)
        # Used as it is, it keeps londid from starting, and that is said.
        message = self.ctl("quickstart", "--user", exit_code=2).stderr
        self.assertIn("londid ended before its models were ready", message)
        self.assertIn("NoSuchKey", (self.home / ".local/state/londi/londid.log").read_text())
        self.assertEqual(self.path.read_text(), "[Daemon]\nNoSuchKey=1\n")

    def test_a_model_that_does_not_start_is_named_with_its_fault_and_can_be_corrected(self):
        self.path.parent.mkdir(parents=True)
        server = self.home / "llama-server"
        server.write_text(f'#!/bin/sh\ncase " $* " in *--model*) [ -e {self.home}/repaired ] || exit 3;; esac\nexec {SERVER} "$@"\n')
        server.chmod(0o755)
        section = f"Model={MODEL}\nContext=2048\nSlots=1\nThreads=1\n"
        self.path.write_text(f"[Daemon]\nLlamaServer={server}\n[Quick]\n{section}[Deepthink]\n{section}")
        message = self.ctl("quickstart", "--user", exit_code=2).stderr
        self.assertRegex(message, r"(QUICK|DEEPTHINK): .*; londid runs and tries again")
        self.assertIn("`londictl quickstart` goes on from here", message)
        (self.home / "repaired").touch()
        # londid tries again with growing pauses, and says meanwhile what was wrong.
        end = time.monotonic() + 60
        while time.monotonic() < end:
            status = json.loads(self.ctl("status", "--json").stdout)
            if all(engine["state"] == "ready" for engine in status["engines"]):
                break
            time.sleep(0.2)
        self.assertIn("londictl explain 1", self.ctl("quickstart", "--user").stdout)


if __name__ == "__main__":
    unittest.main()
