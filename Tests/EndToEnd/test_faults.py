"""What goes wrong on a machine: processes killed, models missing or damaged, disks full, wrong configurations."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import londid as harness
from londid import Books, Londid, line


class Faults(Books, unittest.TestCase):
    def londid(self, **options):
        daemon = Londid(**options)
        self.addCleanup(daemon.remove)
        return daemon

    def batch(self, daemon, count=6):
        daemon.ctl(
            "queue", "create", "q", "--switcher", "random", "--parameter", "0.5", "--max-steps", "6", "--step-tokens", "24",
            "--deepthink-calls", "20/day")
        return daemon.submit([line(f"p{n}", f"Tell me a story about {n} sheep.") for n in range(count)])

    def test_kill_9_of_londid_loses_at_most_one_step_of_each_running_job(self):
        daemon = self.londid().start()
        batch = self.batch(daemon)
        kills = 0
        while kills < 3:
            target = 3 + 5 * kills
            daemon.wait_for(
                lambda: sum(len(steps) for steps in self.steps(daemon, batch).values()) >= target, 60, f"{target} steps")
            engines = daemon.engines()
            daemon.kill()
            kills += 1
            # The engines die with their parent: no one else would end them.
            daemon.wait_for(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in engines), 10, "no engine left")
            daemon.start()
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 6)
        abandoned = [step for steps in self.steps(daemon, batch).values() for step in steps if step["state"] == "abandoned"]
        self.assertLessEqual(len(abandoned), 2 * kills)
        (budget,) = daemon.json("budget", "show", "q")["budgets"]
        self.assertLessEqual(budget["spent"]["calls"], 20)
        self.assertEqual(daemon.json("status")["epoch"], kills + 1)

    def test_kill_9_of_an_engine_is_noticed_and_mended(self):
        daemon = self.londid().start()
        batch = self.batch(daemon)
        daemon.wait_for(lambda: any(steps for steps in self.steps(daemon, batch).values()), 60, "the first step")
        for pid in daemon.engines():
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 6)
        self.assertEqual([engine["restarts"] for engine in daemon.json("status")["engines"]], [1, 1])

    def test_sigterm_drains_and_the_next_start_goes_on(self):
        daemon = self.londid().start()
        batch = self.batch(daemon)
        daemon.wait_for(lambda: any(steps for steps in self.steps(daemon, batch).values()), 60, "the first step")
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 6)
        states = {step["state"] for steps in self.steps(daemon, batch).values() for step in steps}
        self.assertEqual(states, {"written"}, "a drained step is finished, not cut off")

    def test_a_second_sigterm_cuts_running_steps_off(self):
        daemon = self.londid().start()
        daemon.ctl("queue", "create", "q", "--switcher", "always-quick", "--step-tokens", "4000", "--max-steps", "1")
        batch = daemon.submit([line("a", "Write a very long story without paragraphs.")])
        daemon.wait_for(lambda: any(steps for steps in self.steps(daemon, batch).values()), 60, "the first step")
        daemon.process.terminate()
        daemon.wait_for(lambda: "stopping" in daemon.log.read_text(), 5, "it drains")
        self.assertEqual(daemon.stop(seconds=15), 0)

    def test_a_second_londid_on_the_same_state_is_refused(self):
        daemon = self.londid().start()
        second = subprocess.run(
            [harness.BIN / "londid", "--user", "--config", daemon.configuration], capture_output=True, text=True, timeout=30)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"in use by process {daemon.process.pid}", second.stderr)
        daemon.ctl("status")

    def test_a_wrong_configuration_ends_with_78_and_its_line(self):
        daemon = self.londid(configuration="[Quick]\nModell=/x\n")
        for arguments in (["--check-config"], []):
            result = subprocess.run(
                [harness.BIN / "londid", "--user", "--config", daemon.configuration, *arguments], capture_output=True,
                text=True, timeout=30)
            self.assertEqual(result.returncode, 78)
            self.assertIn(f"{daemon.configuration}:2: [Quick] has no key 'Modell'", result.stderr)

    def test_the_example_configuration_is_right_and_names_every_key(self):
        example = pathlib.Path(__file__).parents[2] / "systemd/londid.conf"
        check = [harness.BIN / "londid", "--check-config", "--config"]
        self.assertEqual(subprocess.run([*check, example], capture_output=True).returncode, 0)
        # Every key that the program knows, as it lists them where one is unknown, is in the example.
        daemon = self.londid()
        text = example.read_text()
        for section in ("Daemon", "Quick", "Verifier x"):
            daemon.configuration.write_text(f"[{section}]\nNoSuchKey=1\n")
            result = subprocess.run([*check, daemon.configuration], capture_output=True, text=True)
            (known,) = [line for line in result.stderr.splitlines() if "NoSuchKey" in line]
            for key in known.split("; it has ")[1].split(", "):
                self.assertRegex(text, rf"(?m)^#?{key}=")

    def test_a_server_that_somebody_else_runs_is_used_by_its_url(self):
        daemon = self.londid()
        socket = daemon.directory / "foreign.sock"
        with open(daemon.directory / "foreign.log", "wb") as log:
            foreign = subprocess.Popen(
                [harness.SERVER, "--model", harness.MODEL, "--ctx-size", "4096", "--parallel", "2", "--host", socket],
                stdout=log, stderr=log)
        self.addCleanup(lambda: (foreign.kill(), foreign.wait()))
        daemon.configuration.write_text(
            daemon.default_configuration().partition("[Deepthink]")[0]
            + f"[Deepthink]\nUrl={socket}\nContext=2048\nSlots=2\n")
        daemon.start()
        batch = self.batch(daemon, 2)
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.check_complete(daemon, batch, 2)
        self.assertTrue(daemon.json("status")["engines"][1]["isExternal"])
        self.assertEqual(daemon.stop(), 0)
        self.assertIsNone(foreign.poll(), "londid ends its own servers only")

    def test_models_that_cannot_be_used_are_named_and_their_jobs_wait(self):
        directory = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, directory)
        cut = directory / "cut.gguf"
        with open(harness.MODEL, "rb") as model:
            cut.write_bytes(model.read(1_000_000))
        for model, extra, message in [
            (directory / "missing.gguf", "", "cannot be read"), (cut, "", "is damaged"),
            (harness.MODEL, "Sha256=" + "0" * 64, "has SHA-256"),
        ]:
            daemon = self.londid()
            daemon.configuration.write_text(daemon.default_configuration().replace(
                f"[Quick]\nModel={harness.MODEL}", f"[Quick]\nModel={model}\n{extra}"))
            daemon.start(wait=False)
            daemon.wait_for(lambda: daemon.ctl("status", check=False).returncode == 0, 30, "it answers")

            def fault():
                return daemon.json("status")["engines"][0].get("fault") or ""

            daemon.wait_for(lambda: message in fault(), 30, f"status says '{message}', not '{fault()}'")
            daemon.ctl("queue", "create", "q")
            batch = daemon.submit([line("a", "hi")])
            job = daemon.json("list", "--batch", batch)["jobs"][0]
            self.assertEqual((job["state"], job["pendingReason"]), ("pending", "ModelUnavailable"))
            self.assertEqual(daemon.stop(), 0)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small file system needs root")
    def test_a_full_disk_refuses_submissions_loses_nothing_and_recovers_by_itself(self):
        daemon = self.londid()
        state = daemon.directory / "state"
        state.mkdir(mode=0o700)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "none", state], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("mount is not allowed here")
        with contextlib.ExitStack() as stack:
            stack.callback(subprocess.run, ["umount", "-l", state], check=True)
            daemon.start()
            batch = self.batch(daemon, 4)
            filler = state / "filler"
            with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            # Much to store and little to read: a prompt that large would be refused for its size.
            verifier = json.dumps({"type": "exact", "answer": "x" * 60_000})
            refused = daemon.ctl("submit", "--queue", "q", "--prompt", "6 x 7?", "--verifier", verifier, check=False)
            self.assertEqual(refused.returncode, 8)
            self.assertIn("full", refused.stderr)
            daemon.wait_for(lambda: "no space is left" in daemon.log.read_text(), 30, "the log says so")
            self.assertIsNone(daemon.process.poll())
            filler.unlink()
            self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
            self.check_complete(daemon, batch, 4)
            self.assertEqual(daemon.stop(), 0)

    def test_a_damaged_database_stops_londid_and_is_not_replaced(self):
        daemon = self.londid().start()
        daemon.ctl("queue", "create", "q")
        daemon.stop()
        database = daemon.directory / "state/state.sqlite"
        content = b"this is no database" + database.read_bytes()[19:]
        database.write_bytes(content)
        daemon.start(wait=False)
        self.assertEqual(daemon.process.wait(30), 1)
        self.assertIn(str(database), daemon.log.read_text())
        self.assertEqual(database.read_bytes(), content)


if __name__ == "__main__":
    unittest.main()
