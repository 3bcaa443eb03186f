"""The completion scripts in the shells themselves: keys into an interactive bash, zsh and fish, and what their lines become."""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

import londid as harness
from londid import Londid


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, words, environment):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], words, environment)

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def read_until(self, pattern, seconds=20):
        """What the shell has written when it matches."""
        text, deadline = "", time.monotonic() + seconds
        while not re.search(pattern, text):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                raise AssertionError(f"{pattern!r} did not come in {seconds} s: {text!r}")
            text += os.read(self.descriptor, 4096).decode(errors="replace")
        return text

    def close(self):
        os.close(self.descriptor)
        os.waitpid(self.pid, 0)


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Londid().start()
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.ctl("queue", "create", "geometry")
        cls.home = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.environment = os.environ | {
            "PATH": f"{harness.BIN}:{os.environ['PATH']}", "LONDI_SOCKET": f"{cls.daemon.directory}/run/io.londi", "HOME": cls.home,
            "TERM": "dumb"}

    def terminal(self, *words):
        terminal = Terminal(words, self.environment)
        self.addCleanup(terminal.close)
        return terminal

    def check(self, terminal):
        """Each line is finished by the tab and then run: echo shows what it became."""
        terminal.type("PS1='ready> '; londictl() { command londictl \"$@\"; }; echo be''gun\n")
        terminal.read_until("begun")
        for typed, whole in [
            ("queue pau\tgeo\t", "queue pause geometry"),
            ("queue set geometry --on-b\tho\t", "queue set geometry --on-budget hold"),
            ("audit exp\t", "audit export"),
        ]:
            terminal.type(f"londictl {typed}")
            time.sleep(1.5)
            # To the line's begin: echo instead of running it.
            terminal.type("\x01echo '<\x05>'\n")
            terminal.read_until(rf"\n<londictl {whole} ?>")

    def test_bash(self):
        terminal = self.terminal("bash", "--norc", "-i")
        terminal.type("source <(londictl completion bash)\n")
        self.check(terminal)

    def test_zsh(self):
        terminal = self.terminal("zsh", "-f", "-i")
        terminal.type("autoload -U compinit; compinit -u; source <(londictl completion zsh); bindkey -e\n")
        self.check(terminal)

    def test_fish(self):
        def offered(line):
            script = f"londictl completion fish | source; complete -C '{line}'"
            done = subprocess.run(
                ["fish", "--no-config", "-c", script], env=self.environment, capture_output=True, text=True, check=True)
            return [word.split("\t")[0] for word in done.stdout.splitlines()]

        self.assertEqual(offered("londictl queue pau"), ["pause"])
        self.assertEqual(offered("londictl queue pause "), ["geometry"])
        self.assertEqual(offered("londictl queue set geometry --on-budget ho"), ["hold"])
        self.assertIn("--on-budget", offered("londictl queue set geometry --on"))


if __name__ == "__main__":
    unittest.main()
