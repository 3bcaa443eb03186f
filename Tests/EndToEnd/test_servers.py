"""Real llama-servers are kept from londid's own, and serve all the same."""

import pathlib
import shutil
import unittest

from londid import SERVER, Books, Londid, line

# Tries the state on the way to being the real one; the first time it is asked for devices, before any model. One line
# for each server, written at once: they start side by side.
PROBE = """#!/bin/sh
case "$*" in *--model*)
    {{ cat {state}/state.sqlite >/dev/null && read=read || read=kept
       printf '' >>{state}/state.sqlite && written=written || written=kept; }} 2>>{outcome}.errors
    echo $read $written >>{outcome}
esac
exec {server} "$@"
"""


class Servers(Books, unittest.TestCase):
    def londid(self, quick="", deepthink=""):
        daemon = Londid()
        self.addCleanup(daemon.remove)
        # What is there when a server starts it can write to; it makes no file beside the state.
        outcome = daemon.directory / "outcome"
        for name in (outcome, pathlib.Path(f"{outcome}.errors")):
            name.write_text("")
        probe = daemon.directory / "llama-server"
        probe.write_text(PROBE.format(state=daemon.directory / "state", outcome=outcome, server=SERVER))
        probe.chmod(0o755)
        text = daemon.default_configuration(quick=quick, deepthink=deepthink)
        daemon.configuration.write_text(text.replace(f"LlamaServer={SERVER}", f"LlamaServer={probe}"))
        return daemon, outcome

    def check_answers(self, daemon):
        daemon.ctl(
            "queue", "create", "q", "--switcher", "random", "--parameter", "0.5", "--max-steps", "4", "--step-tokens", "16",
            "--deepthink-calls", "20/day")
        batch = daemon.submit([line(f"p{n}", f"Tell me a story about {n} sheep.") for n in range(4)])
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 4)
        daemon.ctl("audit", "verify")

    def test_a_server_writes_and_has_no_access_to_the_state(self):
        daemon, outcome = self.londid()
        daemon.start()
        self.check_answers(daemon)
        self.assertEqual(outcome.read_text().splitlines(), ["kept kept"] * 2)
        self.assertIn("Permission denied", pathlib.Path(f"{outcome}.errors").read_text())
        for pid in daemon.engines():
            status = dict(row.split(":\t", 1) for row in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in row)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))

    def test_one_that_is_trusted_has_and_the_log_warns(self):
        daemon, outcome = self.londid(quick="Confine=no", deepthink="Confine=no")
        daemon.start()
        self.assertEqual(outcome.read_text().splitlines(), ["read written"] * 2)
        self.assertIn("Confine=no: [Quick], [Deepthink] can read and change the state", daemon.log.read_text())

    def test_a_model_beside_the_state_is_read(self):
        """Where administrators have put it until now."""
        daemon, outcome = self.londid()
        model = daemon.directory / "state/model.gguf"
        model.parent.mkdir(mode=0o700)
        source = next(row for row in daemon.configuration.read_text().splitlines() if row.startswith("Model="))
        shutil.copyfile(source.removeprefix("Model="), model)
        daemon.configuration.write_text(daemon.configuration.read_text().replace(source, f"Model={model}", 1))
        daemon.start()
        self.assertEqual(outcome.read_text().splitlines(), ["kept kept"] * 2)


if __name__ == "__main__":
    unittest.main()
