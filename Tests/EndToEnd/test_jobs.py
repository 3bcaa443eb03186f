"""What a user does, from submission to audit, through the real londictl."""

import json
import os
import subprocess
import time
import unittest

import londid as harness
from londid import Londid, line


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.londid = Londid().start()
        cls.londid.ctl("queue", "create", "q", "--deepthink-calls", "1000/day", "--time-zone", "Europe/Berlin")

    @classmethod
    def tearDownClass(cls):
        cls.londid.remove()

    def test_a_batch_is_answered_and_the_books_agree_to_the_unit(self):
        ctl, read = self.londid.ctl, self.londid.json
        ctl("queue", "create", "books", "--switcher", "random", "--parameter", "0.5", "--max-steps", "3", "--step-tokens", "24")
        lines = [line(f"p{n}", f"Tell me about the number {n}.", verifier={"type": "regex", "pattern": "[0-9]"}) for n in range(6)]
        batch = self.londid.submit(lines, "books")
        self.assertEqual(ctl("wait", batch).returncode, 0)

        results = self.londid.results(batch)
        self.assertEqual([row["custom_id"] for row in results], [f"p{n}" for n in range(6)])
        for row in results:
            self.assertEqual(row["response"]["status_code"], 200)
            self.assertEqual(row["response"]["body"]["choices"][0]["message"]["role"], "assistant")

        # Three records of the same use: step records, ledger, the day's counters.
        steps = {"quick": [0, 0, 0], "deepthink": [0, 0, 0]}
        for row in results:
            for step in read("explain", row["id"].removeprefix("job_"))["steps"]:
                written = step["generated"]
                use = steps[step["role"]]
                use[0] += 1
                use[1] += written["promptTokens"] + written["generatedTokens"]
                use[2] += written["gpuMilliseconds"]
                self.assertTrue(0 < step["decision"]["propensity"] <= 1)
        (spend,) = read("spend", "--by", "queue,day", "--queue", "books")["rows"]
        (budget,) = read("budget", "show", "books")["budgets"]
        for role in ("quick", "deepthink"):
            self.assertEqual([spend[role][unit] for unit in ("calls", "tokens", "gpuMilliseconds")], steps[role])
        self.assertEqual(budget["spent"], spend["deepthink"])
        self.assertEqual(budget["reserved"]["calls"], 0)
        self.assertGreater(steps["deepthink"][0], 0)
        ctl("audit", "verify")

    def test_a_spent_budget_goes_on_with_quick_and_says_why(self):
        self.londid.ctl(
            "queue", "create", "small", "--deepthink-calls", "2/day", "--switcher", "always-deepthink", "--max-steps", "2",
            "--step-tokens", "8")
        batch = self.londid.submit([line(f"p{n}", f"Count to {n}.") for n in range(5)], "small")
        self.londid.ctl("wait", batch)
        (budget,) = self.londid.json("budget", "show", "small")["budgets"]
        self.assertEqual(budget["spent"]["calls"], 2)
        masked = [
            step
            for row in self.londid.results(batch)
            for step in self.londid.json("explain", row["id"].removeprefix("job_"))["steps"]
            if step["decision"].get("maskReason") == "calls"
        ]
        self.assertTrue(masked)
        self.assertTrue(all(step["role"] == "quick" and step["decision"]["propensity"] == 1 for step in masked))

    def test_budgets_of_tokens_and_of_gpu_time_are_never_exceeded(self):
        # StepSeconds=60 is what a step reserves of a GPU-seconds budget, so 61 allow one step at a time.
        for unit, limit, name in [("tokens", 150, "tokens"), ("gpu-seconds", 61, "gpuMilliseconds")]:
            self.londid.ctl(
                "queue", "create", unit, f"--deepthink-{unit}", f"{limit}/day", "--switcher", "always-deepthink",
                "--max-steps", "2", "--step-tokens", "16")
            batch = self.londid.submit([line(f"p{n}", f"Count to {n}.") for n in range(8)], unit)
            self.londid.ctl("wait", batch)
            (budget,) = self.londid.json("budget", "show", unit)["budgets"]
            self.assertLessEqual(budget["spent"][name], limit * (1000 if unit == "gpu-seconds" else 1))
            self.assertGreater(budget["spent"]["calls"], 0)
            self.assertEqual(budget["reserved"], {"calls": 0, "tokens": 0, "gpuMilliseconds": 0})
            policy = self.londid.json("policy", "show", unit)
            self.assertEqual([mask["reason"] for mask in policy["masks"]], [{"tokens": "tokens"}.get(unit, "gpu-time")])

    def test_hold_waits_for_a_raised_budget_and_fail_fails(self):
        ctl = self.londid.ctl
        ctl("queue", "create", "held", "--deepthink-calls", "0/day", "--switcher", "always-deepthink", "--on-budget", "hold",
            "--max-steps", "1", "--step-tokens", "8")
        batch = self.londid.submit([line("a", "Say hello.")], "held")
        self.londid.wait_for(
            lambda: [(job["state"], job.get("pendingReason")) for job in self.londid.json("list", "--batch", batch)["jobs"]]
            == [("held", "BudgetExhausted")], 30, "the job is held")
        self.assertEqual(ctl("wait", batch, "--timeout", "0.2s", check=False).returncode, 1)
        ctl("queue", "set", "held", "--deepthink-calls", "5/day")
        self.assertEqual(ctl("wait", batch).returncode, 0)

        ctl("queue", "create", "strict", "--deepthink-calls", "0/day", "--switcher", "always-deepthink", "--on-budget", "fail")
        batch = self.londid.submit([line("a", "Say hello.")], "strict")
        self.assertEqual(ctl("wait", batch, check=False).returncode, 5)
        job = self.londid.json("list", "--batch", batch)["jobs"][0]
        self.assertEqual(job["state"], "failed")
        self.assertIn("budget", job["fault"])
        self.assertEqual(job["faultCode"], "budget-exhausted")
        refusal = job["refusal"]
        self.assertEqual((refusal["limitSource"], refusal["scope"]), ("queue", "calls"))
        self.assertEqual((refusal["limit"], refusal["spent"], refusal["reserved"]), (0, 0, 0))
        self.assertGreater(refusal["resetsAt"], time.time() * 1000)
        self.assertEqual(ctl("wait", job["job"], check=False).returncode, 5)

    def test_feedback_is_learnt_from(self):
        batch = self.londid.submit([line("a", "Say hello.", verifier={"type": "feedback"}, max_steps=1)])
        self.londid.ctl("wait", batch)
        job = self.londid.json("list", "--batch", batch)["jobs"][0]
        self.assertNotIn("reward", job)
        before = self.londid.json("policy", "show", "q")["version"]
        self.londid.ctl("feedback", job["job"], "--reward", "0.5")
        self.londid.wait_for(
            lambda: self.londid.json("policy", "show", "q")["version"] > before, 20, "a new policy version")
        self.assertEqual(self.londid.json("show", job["job"])["job"]["reward"], 0.5)

    def test_a_running_job_is_cancelled_at_once(self):
        self.londid.ctl("queue", "create", "long", "--switcher", "always-quick", "--step-tokens", "4000", "--max-steps", "1")
        batch = self.londid.submit([line("a", "Write a very long story without paragraphs.")], "long")
        job = self.londid.json("list", "--batch", batch)["jobs"][0]["job"]
        self.londid.wait_for(lambda: self.busy() > 0, 30, "it runs")
        self.londid.ctl("cancel", job)
        self.londid.wait_for(lambda: self.busy() == 0, 1, "its slot is free")
        self.assertEqual(self.londid.json("show", job)["job"]["state"], "cancelled")
        self.assertEqual(self.londid.ctl("wait", job, check=False).returncode, 1)

    def test_a_time_limit_cuts_off_the_step_that_runs_and_a_retry_begins_again(self):
        ctl = self.londid.ctl
        ctl("queue", "create", "limited", "--switcher", "always-quick", "--step-tokens", "4000", "--max-steps", "1")
        batch = self.londid.submit(
            [line("a", "Write a very long story without paragraphs.", time_limit=1), line("b", "Go on.", after_ok=["a"]),
             line("c", "Say hello.", max_steps=1, after_any=["a"], time_limit=1)], "limited")
        self.assertEqual(ctl("wait", batch, check=False).returncode, 1)
        jobs = {job["customID"]: job for job in self.londid.json("list", "--batch", batch)["jobs"]}
        self.assertEqual((jobs["a"]["state"], jobs["a"]["faultCode"]), ("timeout", "time-limit"))
        self.assertLess(jobs["a"]["endedAt"] - jobs["a"]["startedAt"], 2500)
        self.assertEqual((jobs["b"]["state"], jobs["b"]["faultCode"]), ("cancelled", "dependency-failed"))
        self.assertIn(jobs["c"]["state"], ("completed", "timeout"))
        ctl("queue", "pause", "limited")
        self.assertEqual(self.londid.json("retry", batch, "--failed", "--cancelled")["count"], 3 - (jobs["c"]["state"] == "completed"))
        waiting = self.londid.json("show", jobs["b"]["job"])["job"]
        self.assertEqual((waiting["pendingReason"], waiting["waitsFor"]), ("Dependency", [jobs["a"]["job"]]))
        ctl("cancel", batch)
        ctl("audit", "verify")

    def busy(self):
        return sum(engine["busySlots"] for engine in self.londid.json("status")["engines"])

    def test_a_file_with_mistakes_queues_nothing_and_names_every_line(self):
        good = json.dumps(line("a", "hi"))
        text = "\n".join([good, "{not json", good, json.dumps(line("c", "hi", verifier={"type": "regex", "pattern": "("}))])
        before = len(self.londid.json("list")["jobs"])
        result = self.londid.ctl("submit", "--queue", "q", "-f", "-", input=text + "\n", check=False)
        self.assertEqual(result.returncode, 2)
        for place in ("-:2:", "-:4:"):
            self.assertIn(place, result.stderr)
        twice = self.londid.ctl("submit", "--queue", "q", "-f", "-", input=f"{good}\n{good}\n", check=False)
        self.assertIn("-:2:", twice.stderr)
        self.assertEqual(len(self.londid.json("list")["jobs"]), before)

    def test_the_same_file_is_the_same_batch_and_the_same_key_the_same_job(self):
        lines = [line("same", "Say hello.", max_steps=1)]
        first, second = self.londid.submit(lines), self.londid.submit(lines)
        self.assertEqual(first, second)
        self.assertNotEqual(first, self.londid.submit(lines, "q", "--allow-duplicate"))
        submit = ("submit", "--queue", "q", "--prompt", "hi", "--idempotency-key", "k", "--parsable")
        self.assertEqual(self.londid.ctl(*submit).stdout, self.londid.ctl(*submit).stdout)

    def test_a_prompt_longer_than_the_context_fails_its_own_job_only(self):
        batch = self.londid.submit([line("long", "word " * 5000), line("short", "Say hello.", max_steps=1)])
        self.assertEqual(self.londid.ctl("wait", batch, check=False).returncode, 1)
        jobs = {job["customID"]: job for job in self.londid.json("list", "--batch", batch)["jobs"]}
        self.assertEqual(jobs["short"]["state"], "completed")
        self.assertEqual(jobs["long"]["state"], "failed")
        self.assertIn("2048", jobs["long"]["fault"])

    def test_mistakes_have_their_exit_codes(self):
        for code, arguments in [
            (3, ("show", "999999")), (3, ("wait", "b999999")), (6, ("queue", "create", "q")), (64, ("lst",)),
            (3, ("submit", "--queue", "nowhere", "--prompt", "hi")), (2, ("queue", "set", "q", "--time-zone", "Mars/Base")),
        ]:
            result = self.londid.ctl(*arguments, check=False)
            self.assertEqual(result.returncode, code, f"{arguments}: {result.stderr}")
            self.assertTrue(result.stderr.strip())
        elsewhere = subprocess.run([harness.BIN / "londictl", "--socket", "/tmp/none.sock", "status"], capture_output=True)
        self.assertEqual(elsewhere.returncode, 4)

    def test_a_varlink_client_that_someone_else_wrote_lists_the_jobs(self):
        self.londid.submit([line("varlink", "Say hello.", max_steps=1)], "q", "--allow-duplicate")
        program = (
            "import sys, varlink\n"
            "with varlink.Client.new_with_address('unix:' + sys.argv[1]) as client, client.open('io.londi') as londi:\n"
            "    print(sum(len(reply['jobs']) for reply in londi.ListJobs(_more=True)))\n"
        )
        socket = self.londid.directory / "run/io.londi"
        count = subprocess.run(
            [os.environ["LONDI_TEST_PYTHON"], "-c", program, socket], capture_output=True, text=True, check=True, timeout=60)
        self.assertGreaterEqual(int(count.stdout), 1)


if __name__ == "__main__":
    unittest.main()
