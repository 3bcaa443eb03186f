"""The doctor and the state's description, of a real londid: what is well, what is not, and what to do about it."""

import contextlib
import hashlib
import json
import os
import pathlib
import sqlite3
import subprocess
import unittest

import londid as harness
from londid import Londid


class Doctor(unittest.TestCase):
    def setUp(self):
        self.londid = Londid()
        self.addCleanup(self.londid.remove)

    def findings(self, exit_code):
        done = self.londid.ctl("doctor", "--json", check=False)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        return self.londid.json("doctor", check=False)["findings"]

    def test_everything_is_well_where_the_models_have_hashes(self):
        digest = hashlib.sha256(pathlib.Path(harness.MODEL).read_bytes()).hexdigest()
        self.londid.configuration.write_text(
            self.londid.default_configuration(quick=f"Sha256={digest}", deepthink=f"Sha256={digest}"))
        self.londid.start()
        levels = {(finding["subject"], finding["level"]) for finding in self.findings(0)}
        for subject in ["version", "configuration", "quick", "deepthink", "log", "permissions", "clock"]:
            self.assertIn((subject, "ok"), levels)

    def test_a_problem_is_named_with_its_remedy_and_ends_with_1(self):
        self.londid.start()
        [quick] = [finding for finding in self.findings(0) if finding["subject"] == "quick"]
        self.assertEqual(quick["level"], "warning")
        self.assertIn("set Sha256=", quick["remedy"])
        os.chmod(self.londid.directory / "state", 0o755)
        good = self.londid.configuration.read_text()
        self.londid.configuration.write_text(good.replace("StepSeconds=60", "StepSeconds=61"))
        text = self.londid.ctl("doctor").stdout
        self.assertRegex(text, r"warning +configuration: changed and not in force: StepSeconds\n +start londid again\n")
        self.assertRegex(text, rf"warning +permissions: others may look into .*\n +chmod 700 {self.londid.directory}/state\n")
        self.londid.configuration.write_text(good + "NoSuchKey=1\n")
        [broken] = [finding for finding in self.findings(1) if finding["level"] == "problem"]
        self.assertIn("NoSuchKey", broken["detail"])
        self.assertIn("--check-config", broken["remedy"])

    def test_a_daemon_that_is_away_is_said_to_be(self):
        away = self.londid.ctl("doctor", check=False)
        self.assertEqual(away.returncode, 4)
        self.assertIn("io.londi", away.stderr)

    def stopped(self, exit_code):
        """The findings without a running londid, by subject and level."""
        done = self.londid.ctl("doctor", "--json", "--config", self.londid.configuration, check=False)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        return json.loads(done.stdout)["findings"]

    def problems(self):
        return [(finding["subject"], finding["detail"]) for finding in self.stopped(1) if finding["level"] == "problem"]

    def test_without_a_daemon_models_are_read_and_the_state_is_left_alone(self):
        findings = self.stopped(0)
        digest = hashlib.sha256(pathlib.Path(harness.MODEL).read_bytes()).hexdigest()
        self.assertIn(f"Sha256={digest}", [finding for finding in findings if finding["subject"] == "quick"][1]["remedy"])
        self.assertIn("yet; londid makes it", [finding for finding in findings if finding["subject"] == "state"][0]["detail"])
        self.assertFalse((self.londid.directory / "state").exists())
        self.londid.start()
        self.londid.ctl("queue", "create", "q")
        self.londid.stop()
        names = sorted(os.listdir(self.londid.directory / "state"))
        self.assertLessEqual(
            {"version", "configuration", "quick", "deepthink", "state", "disk", "log", "permissions", "clock", "kernel"},
            {finding["subject"] for finding in self.stopped(0)})
        self.assertEqual(sorted(os.listdir(self.londid.directory / "state")), names)

    def test_without_a_daemon_each_mistake_is_named_with_its_remedy(self):
        good = self.londid.configuration.read_text()
        self.londid.configuration.write_text(good + "NoSuchKey=1\nContext=x\n")
        broken = self.problems()
        self.assertEqual([subject for subject, _ in broken], ["configuration", "configuration"])
        line = good.count("\n") + 1
        self.assertTrue(any(f"londid.conf:{line}: " in detail for _, detail in broken), broken)
        self.londid.configuration.write_text(
            self.londid.default_configuration("/nowhere/m.gguf").replace(harness.SERVER, "/nowhere/llama-server"))
        subjects = [subject for subject, _ in self.problems()]
        self.assertEqual(subjects, ["quick", "quick", "deepthink", "deepthink"])
        self.londid.configuration.write_text(self.londid.default_configuration(quick=f"Sha256={'0' * 64}"))
        [(subject, detail)] = self.problems()
        self.assertEqual(subject, "quick")
        self.assertIn("0" * 64, detail)

    def test_without_a_daemon_a_damaged_state_is_named_and_kept(self):
        state = self.londid.directory / "state"
        state.mkdir(mode=0o700)
        (state / "state.sqlite").write_text("no database")
        [(subject, detail)] = self.problems()
        self.assertEqual(subject, "state")
        self.assertIn("is damaged", detail)
        self.assertEqual((state / "state.sqlite").read_text(), "no database")
        self.assertEqual(os.listdir(state), ["state.sqlite"])

    def test_without_a_daemon_the_server_says_its_version(self):
        [server, model] = [finding for finding in self.stopped(0) if finding["subject"] == "quick"]
        self.assertRegex(server["detail"], r"^its server is /.*llama-server, version .*\d")
        self.assertRegex(model["detail"], r" is whole, \d+ MiB, and has no hash")
        self.londid.configuration.write_text(
            self.londid.default_configuration().replace(harness.SERVER, "/bin/false"))
        self.assertIn("--version", self.problems()[0][1])

    @unittest.skipUnless(os.geteuid() == 0, "mounts a small file system")
    def test_without_a_daemon_a_disk_that_is_nearly_full_is_a_problem(self):
        (self.londid.directory / "state").mkdir(mode=0o700)
        script = 'mount -t tmpfs -o size=16m,mode=700 none "$1" && exec "$2" doctor --json --config "$3"'
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", self.londid.directory / "state", harness.BIN / "londictl",
             self.londid.configuration], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        [full] = [finding for finding in json.loads(done.stdout)["findings"] if finding["level"] == "problem"]
        self.assertEqual((full["subject"], full["detail"]), ("disk", "16 MiB are free, the state has 0 MiB"))
        self.assertIn("make room", full["remedy"])

    def test_without_a_daemon_a_queue_ahead_of_the_clock_and_a_damaged_page_are_named(self):
        self.londid.start()
        self.londid.ctl("queue", "create", "q")
        self.londid.stop()
        path = self.londid.directory / "state/state.sqlite"
        [well] = [finding for finding in self.stopped(0) if finding["subject"] == "state"]
        self.assertIn("no queue is ahead of the clock", well["detail"])
        with contextlib.closing(sqlite3.connect(path)) as state:
            state.execute("UPDATE queue SET last_day = 80000")
            state.commit()
        [ahead] = [finding for finding in self.stopped(0) if finding["subject"] == "state"]
        self.assertEqual((ahead["level"], ahead["detail"]), ("warning", "a queue is on 2189-01-12, which the clock has not reached"))
        content = path.read_bytes()
        path.write_bytes(content[:4096])
        [(subject, detail)] = self.problems()
        self.assertEqual(subject, "state")
        self.assertEqual(path.read_bytes(), content[:4096])

    def test_a_user_without_a_daemon_gets_findings_all_the_same(self):
        environment = {"HOME": str(self.londid.directory), "PATH": "/usr/bin:/bin"}
        done = subprocess.run([harness.BIN / "londictl", "doctor"], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("no running londid was asked\n           start it; londictl quickstart sets one up", done.stdout)
        self.assertIn(f"{self.londid.directory}/.config/londi/londid.conf", done.stdout)

    def test_config_show_has_what_is_in_force(self):
        self.londid.start()
        shown = {entry["key"]: entry["value"] for entry in self.londid.json("config", "show")["entries"]}
        self.assertEqual(shown["StepSeconds"], "60")
        self.assertEqual(shown["[Quick] Model"], harness.MODEL)
        self.assertEqual(shown["[Deepthink] Slots"], "2")
        self.assertEqual(shown["MetricsSeconds"], "15")

    def test_db_info_counts_what_is_there(self):
        self.londid.start()
        self.londid.ctl("queue", "create", "q")
        self.londid.ctl("wait", self.londid.ctl("submit", "-q", "q", "--prompt", "Say yes.", "--parsable").stdout.strip())
        state = self.londid.json("db", "info")
        rows = {table["table"]: table["rows"] for table in state["tables"]}
        self.assertEqual((rows["queue"], rows["job"], state["epoch"]), (1, 1, 1))
        self.assertEqual(rows["ledger_entry"], rows["step"])
        newest = max(path.stem for path in pathlib.Path(__file__).parents[2].glob("migrations/*.sql"))
        self.assertEqual(state["schema"], newest)
        self.assertGreater(state["size"], 100_000)
        self.assertRegex(self.londid.ctl("db", "info").stdout, r"\n  job +1\n")


if __name__ == "__main__":
    unittest.main()
