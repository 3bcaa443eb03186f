"""Drafts and budgets of single jobs with real models: what QUICK drafts is in the books, kept or not, whatever is killed."""

import collections
import pathlib
import sys
import unittest

from londid import Londid, line

sys.path.append(str(pathlib.Path(__file__).parent.parent / "Campaign"))
from books import Books, copy_state  # noqa: E402


class Drafts(unittest.TestCase):
    def londid(self):
        daemon = Londid()
        self.addCleanup(daemon.remove)
        return daemon

    def steps(self, daemon, batch):
        """Every attempt at every step of a batch, by job."""
        jobs = daemon.json("list", "--batch", batch)["jobs"]
        return {job["job"]: daemon.json("explain", job["job"])["steps"] for job in jobs}

    def check_books(self, daemon):
        """By londid itself, and by a program of its own from the file of one that has been killed."""
        daemon.ctl("audit", "verify")
        daemon.kill()
        books = Books(copy_state(daemon.directory / "state", daemon.directory / "copy")).check(rising=("q",)).check_idle()
        self.assertEqual(books.problems, [])
        books.close()

    def test_drafts_and_a_job_s_calls_stay_exact_over_kills(self):
        daemon = self.londid().start()
        daemon.ctl(
            "queue", "create", "q", "--observe", "draft", "--deepthink-calls-per-job", "2", "--switcher", "random",
            "--parameter", "0.5", "--max-steps", "6", "--step-tokens", "12", "--deepthink-calls", "50/day")
        batch = daemon.submit(
            [line(f"p{n}", f"Tell me a story about {n} sheep.") for n in range(5)]
            + [line("none", "Tell me a story about a cow.", deepthink_calls=0)])
        for target in (4, 14):
            daemon.wait_for(
                lambda: sum(len(steps) for steps in self.steps(daemon, batch).values()) >= target, 60, f"{target} steps")
            daemon.kill()
            daemon.start()
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)

        fates = collections.Counter()
        for job, steps in self.steps(daemon, batch).items():
            written = [step for step in steps if step["state"] == "written"]
            self.assertEqual([step["index"] for step in written], list(range(len(written))))
            calls = [step for step in steps if step["role"] == "deepthink"]
            own = daemon.json("show", job)["job"].get("deepthinkCalls")
            self.assertLessEqual(len(calls), 2 if own is None else own, f"job {job}")
            for step in steps:
                fates[step.get("draft")] += 1
                if step.get("draft") == "replaced":
                    after = steps[steps.index(step) + 1]
                    self.assertEqual((after["role"], after["index"]), ("deepthink", step["index"]))
                if step["decision"].get("maskReason"):
                    self.assertEqual((step["decision"]["maskReason"], step["draft"]), ("job-calls", "kept"))
        self.assertGreater(fates["kept"], 0)
        self.assertGreater(fates["replaced"], 0)
        # Every step is QUICK's draft, or DEEPTHINK's in the place of one.
        self.assertEqual(fates[None], fates["replaced"])
        text = daemon.ctl("explain", min(self.steps(daemon, batch))).stdout
        self.assertIn("draft, ", text)
        self.check_confirmations(daemon, batch)
        self.check_books(daemon)

    def check_confirmations(self, daemon, batch):
        """Each call says whether it wrote what the draft before it had, and `policy show` counts them."""
        calls = confirmed = 0
        for steps in self.steps(daemon, batch).values():
            for draft, step in zip(steps, steps[1:]):
                if draft.get("draft") != "replaced" or step["state"] != "written":
                    continue
                calls += 1
                same = draft["generated"]["stopReason"] == step["generated"]["stopReason"] and (
                    draft["generated"]["text"].split() == step["generated"]["text"].split())
                self.assertEqual(step["confirmsDraft"], same)
                confirmed += same
        self.assertGreater(calls, 0)
        policy = daemon.json("policy", "show", "q")
        self.assertEqual((policy["draftedCallCount"], policy["confirmedDraftCount"]), (calls, confirmed))
        self.assertIn(
            f"DEEPTHINK wrote just what QUICK had drafted in {confirmed} of {calls} call", daemon.ctl("policy", "show", "q").stdout)

    def test_a_held_job_keeps_the_use_of_its_draft_and_goes_on_after_a_grant(self):
        daemon = self.londid().start()
        daemon.ctl(
            "queue", "create", "q", "--observe", "draft", "--on-budget", "hold", "--switcher", "always-deepthink",
            "--max-steps", "2", "--step-tokens", "4", "--deepthink-calls", "1/day")
        job = daemon.ctl("submit", "-q", "q", "--prompt", "Count to one hundred.", "--parsable").stdout.strip()
        daemon.wait_for(lambda: daemon.json("show", job)["job"]["state"] == "held", 60, "the job is held")
        steps = daemon.json("explain", job)["steps"]
        self.assertEqual([step.get("draft") for step in steps], ["replaced", None, "dropped"])
        held = daemon.json("show", job)["job"]
        self.assertEqual((held["quickSpend"]["calls"], held["deepthinkSpend"]["calls"]), (2, 1))
        daemon.ctl("budget", "grant", "q", "--calls", "9")
        daemon.ctl("wait", job)
        done = daemon.json("show", job)["job"]
        self.assertEqual((done["steps"], done["quickSpend"]["calls"], done["deepthinkSpend"]["calls"]), (2, 3, 2))
        self.check_books(daemon)

    def test_sigterm_lets_a_drafted_step_end(self):
        daemon = self.londid().start()
        daemon.ctl(
            "queue", "create", "q", "--observe", "draft", "--switcher", "random", "--parameter", "0.5", "--max-steps", "8",
            "--step-tokens", "24")
        batch = daemon.submit([line(f"p{n}", f"Tell me a story about {n} sheep.") for n in range(3)])
        daemon.wait_for(lambda: any(self.steps(daemon, batch).values()), 60, "the first step")
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        dropped = [step for steps in self.steps(daemon, batch).values() for step in steps if step.get("draft") == "dropped"]
        self.assertEqual(dropped, [], "a drained draft is decided, not cut off")
        self.check_books(daemon)


if __name__ == "__main__":
    unittest.main()
