"""The doctor and the state's description, of a real londid: what is well, what is not, and what to do about it."""

import hashlib
import os
import pathlib
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
