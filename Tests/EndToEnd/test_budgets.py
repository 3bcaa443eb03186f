"""Budgets as an administrator meets them: a real londid whose queue runs out, is granted more, and goes on."""

import unittest

from londid import Londid


class Budgets(unittest.TestCase):
    def test_a_grant_lets_a_held_job_go_on_and_each_notice_is_logged_once(self):
        londid = Londid().start()
        self.addCleanup(londid.remove)
        londid.ctl(
            "queue", "create", "maths", "--deepthink-calls", "1/day", "--on-budget", "hold", "--switcher",
            "always-deepthink", "--step-tokens", "4", "--max-steps", "3", "--warn-at", "0.5")
        job = londid.ctl("submit", "-q", "maths", "--prompt", "Count to one hundred.", "--parsable").stdout.strip()
        londid.wait_for(lambda: londid.json("show", job)["job"]["state"] == "held", 60, "the job is held")
        metrics = londid.ctl("metrics").stdout
        self.assertIn('londi_budget_warning{queue="maths",unit="calls"} 1\n', metrics)
        self.assertIn('londi_spend_calls_total{queue="maths",role="deepthink"} 1\n', metrics)
        self.assertIn('londi_jobs{queue="maths",state="held"} 1\n', metrics)
        londid.ctl("budget", "grant", "maths", "--calls", "9")
        londid.ctl("wait", job)
        budget = londid.json("budget", "show", "maths")["budgets"][0]
        self.assertEqual(budget["limits"]["calls"], 10)
        self.assertEqual(budget["reserved"]["calls"], 0)
        log = londid.log.read_text()
        self.assertEqual(log.count("is nearly used up"), 1, log)
        self.assertEqual(log.count("does not cover another DEEPTHINK step"), 1, log)
        londid.kill()
        londid.start()
        spent = budget["spent"]["calls"]
        self.assertIn(
            f'londi_spend_calls_total{{queue="maths",role="deepthink"}} {spent}\n', londid.ctl("metrics").stdout)


if __name__ == "__main__":
    unittest.main()
