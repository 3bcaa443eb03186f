"""Speaks the environment protocol with an installed program, for the tests of the adapters.

LONDI_TEST_ENVIRONMENTS names the directory of systemd/install-environments.sh.
"""

import json
import os
import pathlib
import subprocess
import unittest

DIRECTORY = pathlib.Path(os.environ["LONDI_TEST_ENVIRONMENTS"])


class Program:
    """A running program; what it prints on stdout is the protocol's or a failure."""

    def __init__(self, name):
        self.process = subprocess.Popen(
            [DIRECTORY / "python/bin/python3", DIRECTORY / name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)

    def ask(self, method, **params):
        """The whole answer."""
        self.count += 1
        request = {"jsonrpc": "2.0", "id": self.count, "method": method, "params": params}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == self.count, answer
        return answer

    def call(self, method, **params):
        """The result, where there is one."""
        answer = self.ask(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def play(self, seed, options, choose=None):
        """An episode by `choose(number of the step)`, or by the oracle: every answer, the last one with the end."""
        answers = [self.call("reset", seed=seed, options=options)]
        while True:
            number = len(answers)
            action = self.call("oracle")["action"] if choose is None else choose(number)
            answers.append({"action": action, **self.call("step", action=action, step=number)})
            if answers[-1]["terminated"] or answers[-1]["truncated"]:
                return answers


class ProgramTest(unittest.TestCase):
    """Tests of one program, which serves all of them."""

    program_name = None

    @classmethod
    def setUpClass(cls):
        cls.program = Program(cls.program_name)
        cls.addClassCleanup(cls.program.__exit__)
        cls.program.call("initialize", protocol_version=1, client="test")


def total(answers):
    return sum(answer["reward"] for answer in answers[1:])
