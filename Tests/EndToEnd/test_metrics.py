"""Metrics as Prometheus reads them: promtool's word on what londid prints and on the alerts, the file for the textfile collector,
and a dashboard and alerts that speak of metrics that there are. LONDI_TEST_PROMTOOL names promtool."""

import json
import os
import pathlib
import re
import subprocess
import unittest

from londid import Londid, line

MONITORING = pathlib.Path(__file__).parents[2] / "systemd/monitoring"
PROMTOOL = os.environ["LONDI_TEST_PROMTOOL"]


def names(text):
    return set(re.findall(r"\blondi_[a-z_]+", text))


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.londid = Londid()
        cls.addClassCleanup(cls.londid.remove)
        cls.file = cls.londid.directory / "londi.prom"
        cls.londid.configuration.write_text(
            cls.londid.default_configuration(daemon=f"MetricsFile={cls.file}\nMetricsSeconds=1"))
        cls.londid.start()
        cls.londid.ctl(
            "queue", "create", "q", "--deepthink-calls", "9/day", "--deepthink-tokens", "90000/day", "--deepthink-gpu-seconds",
            "900/day", "--max-steps", "1", "--step-tokens", "8")
        verifier = {"type": "regex", "pattern": "."}
        cls.londid.ctl("wait", cls.londid.submit([line(f"p{n}", "Say yes.", verifier=verifier) for n in range(3)]))
        cls.londid.wait_for(lambda: "londi_deepthink_price_reward" in cls.metrics(), 60, "a policy has been learnt")

    @classmethod
    def metrics(cls):
        return cls.londid.ctl("metrics").stdout

    def value(self, text, sample):
        return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(sample + " ")))

    def test_promtool_finds_nothing_to_complain_about(self):
        checked = subprocess.run([PROMTOOL, "check", "metrics"], input=self.metrics(), capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))
        rules = subprocess.run([PROMTOOL, "check", "rules", MONITORING / "londi.rules.yml"], capture_output=True, text=True)
        self.assertEqual(rules.returncode, 0, rules.stdout + rules.stderr)

    def test_steps_wait_for_models_and_books(self):
        text = self.metrics()
        waited = {part: self.value(text, f'londi_step_seconds_total{{part="{part}"}}')
                  for part in ["prompt", "quick", "deepthink", "encoder", "environment", "books"]}
        self.assertGreater(waited["quick"] + waited["deepthink"], 0)
        self.assertGreater(min(waited["prompt"], waited["books"]), 0)
        self.assertEqual(waited["environment"], 0)

    def test_alerts_and_dashboard_speak_of_metrics_that_there_are(self):
        known = names(self.metrics())
        rules = (MONITORING / "londi.rules.yml").read_text()
        dashboard = json.loads((MONITORING / "grafana.json").read_text())
        asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        self.assertLessEqual(names(" ".join(asked)), known)
        self.assertLessEqual(names(" ".join(re.findall(r"expr:(.*(?:\n {10}.*)*)", rules))), known)

    def test_the_file_has_the_metrics_goes_on_after_a_kill_and_goes_with_londid(self):
        sample = 'londi_recent_reward{queue="q"}'
        self.londid.wait_for(lambda: self.file.exists() and sample in self.file.read_text(), 60, "the file has the outcomes")
        ledger = self.value(self.metrics(), "londi_ledger_entries_total")
        self.assertGreaterEqual(ledger, 3)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o644)
        self.londid.kill()
        self.file.unlink()
        self.londid.start()
        self.londid.wait_for(self.file.exists, 60, "the file is written again")
        text = self.file.read_text()
        self.assertEqual(self.value(text, "londi_ledger_entries_total"), ledger)
        self.assertEqual(self.value(text, "londi_starts_total"), 2)
        self.assertEqual(self.londid.stop(), 0)
        self.assertEqual(list(self.londid.directory.glob("londi.prom*")), [])
        self.londid.start()


if __name__ == "__main__":
    unittest.main()
