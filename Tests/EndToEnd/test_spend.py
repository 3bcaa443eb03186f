"""What people see of spend and budgets, of a real londid with real models."""

import time
import unittest

from londid import Londid, line


class Spend(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.londid = Londid().start()
        cls.addClassCleanup(cls.londid.remove)
        cls.londid.ctl("queue", "create", "q", "--switcher", "always-deepthink", "--deepthink-calls", "5/day", "--max-steps", "1",
                       "--step-tokens", "8")
        cls.londid.ctl("queue", "set", "q", "--deepthink-calls", "4/day")
        cls.londid.ctl("wait", cls.londid.submit([line(f"p{n}", "Say yes.") for n in range(3)]))

    def test_budget_show_says_how_fast_it_is_used_and_when_it_ends(self):
        [budget] = self.londid.json("budget", "show")["budgets"]
        self.assertEqual(budget["burn"]["spent"]["calls"], 3)
        # One call is left, and three took an hour: 20 minutes.
        left = budget["burn"]["exhaustedAt"] - 1000 * time.time()
        if budget["resetsAt"] - 1000 * time.time() > 20 * 60_000:
            self.assertAlmostEqual(left, 20 * 60_000, delta=60_000)
        shown = self.londid.ctl("budget", "show", "-n", "-o", "used,burn,calls").stdout
        self.assertEqual(shown, "[#######...] 75 %  3 calls/h  3/4\n")

    def test_budget_history_names_who_changed_what(self):
        events = self.londid.json("budget", "history", "q")["events"]
        self.assertEqual([event["action"] for event in events], ["queue.set", "queue.create"])
        self.assertEqual(events[0]["detail"], "limit-calls=5->4")
        unknown = self.londid.ctl("budget", "history", "nowhere", check=False)
        self.assertEqual(unknown.returncode, 3)

    def test_spend_has_a_course_over_days_and_the_same_sums_in_every_form(self):
        table = self.londid.ctl("spend", "-S", "7d", "-n", "-o", "queue,deepthink_calls,calls_by_day").stdout
        self.assertEqual(table, "q  3  █\n")
        rows = self.londid.json("spend", "-S", "7d")
        self.assertEqual(rows["schema_version"], 1)
        self.assertEqual(rows["rows"][0]["deepthink"]["calls"], 3)
        parsable = self.londid.ctl("spend", "--by", "queue,user", "--parsable", "-n").stdout.rstrip("\n").split("\t")
        self.assertEqual(parsable[0], "q")
        self.assertEqual(parsable[2], "3")


if __name__ == "__main__":
    unittest.main()
