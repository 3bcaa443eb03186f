"""The protocol's rules that adapter.py keeps for every environment, on one that needs no package."""

import json
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(os.environ["LONDI_TEST_ENVIRONMENTS"])))

from adapter import ORACLE_FAILED, Environment, Refusal, Session, time_limit, whole  # noqa: E402


class Stairs(Environment):
    """Climb three."""

    oracle = True

    def tasks(self):
        return [{"id": "climb", "options": {}}]

    def begin(self, seed, options):
        self.height = 0
        return "at 0", "climb", 5

    def act(self, action):
        if action == "break":
            raise ZeroDivisionError("a step is missing")
        self.height += action == "up"
        is_over = self.height == 3
        return f"at {self.height}", int(is_over), is_over, is_over, {}

    def actions(self):
        return ["up", "down"]

    def advise(self):
        return "up"


class Adapter(unittest.TestCase):
    def setUp(self):
        self.session = Session(Stairs())

    def ask(self, method, **params):
        line = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
        answer, _ = self.session.answer(line)
        self.assertEqual((answer["jsonrpc"], answer["id"]), ("2.0", 7))
        return answer.get("result") or answer.get("error", {}).get("code", {})

    def test_an_episode_ends_once(self):
        self.ask("reset", seed=0)
        for number in [1, 2]:
            self.assertFalse(self.ask("step", action="up", step=number)["terminated"])
        self.assertEqual(
            self.ask("step", action="up", step=3),
            {"step": 3, "observation": "at 3", "reward": 1, "terminated": True, "truncated": False,
             "info": {"success": True}})
        self.assertEqual(self.ask("step", action="up", step=4), -32003)

    def test_the_limit_is_kept_here(self):
        self.ask("reset", seed=0)
        for number in range(1, 5):
            self.assertFalse(self.ask("step", action="down", step=number)["truncated"])
        self.assertTrue(self.ask("step", action="down", step=5)["truncated"])

    def test_nothing_runs_before_a_reset(self):
        self.assertEqual(self.ask("step", action="up", step=1), -32003)
        self.assertEqual(self.ask("oracle"), -32003)

    def test_steps_are_counted(self):
        self.ask("reset", seed=0)
        self.assertEqual(self.ask("step", action="up", step=2), -32005)
        self.assertEqual(self.ask("step", action="up", step=1)["observation"], "at 1")

    def test_what_is_no_request_is_refused(self):
        for line, code in [("{", -32700), ("[]", -32600), ('{"id": 1}', -32600)]:
            self.assertEqual(self.session.answer(line)[0]["error"]["code"], code, line)
        self.assertEqual(self.ask("fly"), -32601)
        self.assertEqual(self.ask("reset", seed=-1), -32602)
        self.assertEqual(self.ask("reset", seed=True), -32602)
        self.assertEqual(self.ask("reset", seed=1, options={"a": 1}), -32602)

    def test_an_exception_is_an_internal_error(self):
        self.ask("reset", seed=0)
        stderr, sys.stderr = sys.stderr, open(os.devnull, "w", encoding="utf-8")
        try:
            self.assertEqual(self.ask("step", action="break", step=1), -32603)
        finally:
            sys.stderr.close()
            sys.stderr = stderr

    def test_only_close_ends_the_program(self):
        ends = [
            self.session.answer(json.dumps({"jsonrpc": "2.0", "id": 1, "method": name}))[1] for name in ["ping", "close"]]
        self.assertEqual(ends, [False, True])

    def test_a_search_that_never_ends_is_given_up(self):
        with self.assertRaises(Refusal) as caught, time_limit(0.05, "too long"):
            time.sleep(30)
        self.assertEqual(caught.exception.code, ORACLE_FAILED)

    def test_options_are_read_strictly(self):
        self.assertEqual(whole({"n": "7"}, "n", 1, 0, 9), 7)
        self.assertEqual(whole({}, "n", 1, 0, 9), 1)
        for text in ["-1", "10", "x", "1.5", "", "\N{DEVANAGARI DIGIT ONE}"]:
            with self.assertRaises(Refusal):
                whole({"n": text}, "n", 1, 0, 9)


if __name__ == "__main__":
    unittest.main()
