"""The state on disks that fail, its copies, and what earlier releases left: real jobs run meanwhile."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

from londid import Londid, line

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Campaign"))
import first_schema  # noqa: E402
from sweep import compile_faults  # noqa: E402


class Storage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tools = pathlib.Path(tempfile.mkdtemp(prefix="londi-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.tools)
        cls.library = compile_faults(cls.tools)

    def londid(self, **options):
        daemon = Londid(**options)
        self.addCleanup(daemon.remove)
        return daemon

    def failing(self, daemon, kind, only):
        """The environment in which calls fail while the file `failing` is there."""
        return {"LD_PRELOAD": str(self.library), "LONDI_FAULT_DIRECTORY": str(daemon.directory / "state"),
                "LONDI_FAULT_AT": "1", "LONDI_FAULT_COUNT": "0", "LONDI_FAULT_KIND": kind, "LONDI_FAULT_ONLY": only,
                "LONDI_FAULT_WHILE": str(daemon.directory / "failing")}

    def make_queue(self, daemon, *options):
        daemon.ctl(
            "queue", "create", "q", "--switcher", "random", "--parameter", "0.5", "--max-steps", "3", "--step-tokens", "12",
            "--deepthink-calls", "20/day", *options)

    def stories(self, daemon, count, name="p"):
        return daemon.submit([line(f"{name}{n}", f"Tell me a story about {n} {name}.") for n in range(count)])

    def wait_for_a_step(self, daemon, batch):
        daemon.wait_for(
            lambda: any(step["state"] == "written" for job in daemon.json("list", "--batch", batch)["jobs"]
                        for step in daemon.json("explain", job["job"])["steps"]), 60, "the first written step")

    def check_refusals(self, daemon, word):
        """What asks for a write ends with 8, says why, and leaves nothing."""
        lines = "".join(json.dumps(line(f"late{n}", "x" * 1000)) + "\n" for n in range(100))
        for arguments, text in [(["submit", "-q", "q", "-f", "-"], lines), (["submit", "-q", "q", "--prompt", "hi"], None),
                                (["queue", "create", "late"], None)]:
            refused = daemon.ctl(*arguments, check=False, input=text)
            self.assertEqual(refused.returncode, 8, f"{arguments}: {refused.stderr}")
            self.assertIn(word, refused.stderr)

    def check_recovered(self, daemon, batch, count, jobs=()):
        """Everything acknowledged ends, nothing refused is there, and the books agree."""
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.assertEqual(len({row["custom_id"] for row in daemon.results(batch)}), count)
        for job in jobs:
            self.assertEqual(daemon.ctl("wait", job).returncode, 0)
        self.assertEqual(len(daemon.json("list", "--limit", "1000")["jobs"]), count + len(jobs))
        self.assertEqual([queue["name"] for queue in daemon.json("queue", "list")["queues"]], ["q"])
        daemon.ctl("audit", "verify")

    @unittest.skipUnless(os.geteuid() == 0, "SKIPPED: mounting a small file system needs root")
    def test_on_a_full_disk_every_way_to_submit_ends_with_8_and_londid_recovers_by_itself(self):
        daemon = self.londid()
        state = daemon.directory / "state"
        state.mkdir(mode=0o700)
        options = ["-t", "tmpfs", "-o", "size=4m,mode=700", "none", state]
        if subprocess.run(["mount", *options], capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: mount is not allowed here, so no disk was full")
        with contextlib.ExitStack() as stack:
            stack.callback(subprocess.run, ["umount", "-l", state], check=True)
            daemon.start()
            self.make_queue(daemon)
            job = daemon.ctl("submit", "-q", "q", "--prompt", "Count to ten.", "--parsable").stdout.strip()
            batch = self.stories(daemon, 4)
            self.wait_for_a_step(daemon, batch)
            filler = state / "filler"
            with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            self.check_refusals(daemon, "full")
            daemon.wait_for(lambda: "no space is left" in daemon.log.read_text(), 30, "the log says so")
            # What was accepted can be read, and londid serves.
            self.assertEqual(daemon.json("show", job)["job"]["job"], int(job))
            filler.unlink()
            self.check_recovered(daemon, batch, 4, [job])
            self.assertEqual(daemon.stop(), 0)

    def test_on_a_file_system_that_became_read_only_steps_are_held_until_it_can_be_written_again(self):
        # The kernel lets no file system with files open for writing become read-only by hand, so the calls fail as they
        # do when an error of the disk has made it so.
        daemon = self.londid()
        daemon.start(environment=self.failing(daemon, "EROFS", "write"))
        self.make_queue(daemon)
        batch = self.stories(daemon, 4)
        self.wait_for_a_step(daemon, batch)
        fault = daemon.directory / "failing"
        fault.touch()
        self.check_refusals(daemon, "cannot use its state")
        daemon.wait_for(lambda: "cannot be read or written" in daemon.log.read_text(), 30, "the log says so")
        self.assertIsNone(daemon.process.poll())
        fault.unlink()
        self.check_recovered(daemon, batch, 4)
        self.assertEqual(daemon.stop(), 0)

    @unittest.skipUnless(os.geteuid() == 0, "SKIPPED: mounting needs root")
    def test_a_state_on_a_read_only_file_system_is_refused_at_start(self):
        daemon = self.londid().start()
        self.make_queue(daemon)
        self.assertEqual(daemon.stop(), 0)
        state = daemon.directory / "state"
        if subprocess.run(["mount", "--bind", state, state], capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: mount is not allowed here, so nothing was read-only")
        with contextlib.ExitStack() as stack:
            stack.callback(subprocess.run, ["umount", "-l", state], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", state], check=True)
            daemon.start(wait=False)
            self.assertEqual(daemon.process.wait(30), 1)
            self.assertRegex(daemon.log.read_text(), "(?i)read-only")
        daemon.start()
        daemon.ctl("audit", "verify")

    def test_a_failed_sync_ends_londid_with_1_and_the_next_start_has_what_was_acknowledged(self):
        daemon = self.londid()
        daemon.start(environment=self.failing(daemon, "EIO", "sync"))
        self.make_queue(daemon)
        batch = self.stories(daemon, 4)
        self.wait_for_a_step(daemon, batch)
        (daemon.directory / "failing").touch()
        refused = daemon.ctl("submit", "-q", "q", "--prompt", "hi", check=False)
        # 8 where the answer still came, 4 where londid was gone before; never 0.
        self.assertIn(refused.returncode, (4, 8))
        self.assertEqual(daemon.process.wait(60), 1)
        self.assertIn("cannot be synced", daemon.log.read_text())
        (daemon.directory / "failing").unlink()
        daemon.start()
        self.assertEqual(daemon.ctl("wait", batch).returncode, 0)
        self.assertEqual(len(daemon.results(batch)), 4)
        daemon.ctl("audit", "verify")

    def test_a_backup_made_while_jobs_run_is_restored_and_the_state_before_is_kept(self):
        daemon = self.londid().start()
        self.make_queue(daemon)
        first = self.stories(daemon, 4, "sheep")
        self.wait_for_a_step(daemon, first)
        copy = daemon.directory / "copy"
        daemon.ctl("backup", copy)
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        second = self.stories(daemon, 2, "goats")
        self.assertEqual(daemon.ctl("wait", second).returncode, 0)
        self.assertEqual(daemon.run("--restore", copy).returncode, 1, "a londid runs on it")
        refused = daemon.ctl("restore", copy, "--config", daemon.configuration, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("stop that londid", refused.stderr)
        self.assertEqual(daemon.stop(), 0)

        damaged = daemon.directory / "damaged"
        content = bytearray(copy.read_bytes())
        content[len(content) // 2:len(content) // 2 + 4096] = b"\x55" * 4096
        damaged.write_bytes(content)
        database = daemon.directory / "state/state.sqlite"
        before = database.read_bytes()
        for arguments in (["--check-backup", damaged], ["--restore", damaged]):
            result = daemon.run(*arguments)
            self.assertEqual(result.returncode, 1, arguments)
            self.assertIn("damaged", result.stderr)
            self.assertIn("it was left as it is; restore a backup with londid --restore FILE", result.stderr)
        self.assertEqual(database.read_bytes(), before)

        for check in (["--check"], []):
            refused = daemon.ctl("restore", damaged, "--config", daemon.configuration, *check, check=False)
            self.assertEqual(refused.returncode, 2)
            self.assertIn("restored", refused.stderr)
        self.assertEqual(database.read_bytes(), before)

        checked = daemon.ctl("restore", copy, "--check")
        self.assertEqual(checked.stdout, daemon.run("--check-backup", copy).stdout)
        result = daemon.ctl("restore", copy, "--config", daemon.configuration)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"its last ledger entry is \d+, of \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, sealed")
        self.assertEqual((daemon.directory / "state/state.sqlite.before-restore-1").read_bytes(), before)
        daemon.start()
        self.assertEqual(daemon.ctl("wait", first).returncode, 0)
        self.assertEqual(len(daemon.results(first)), 4)
        self.assertEqual(len(daemon.json("list")["jobs"]), 4, "the goats came after the backup")
        self.assertEqual(daemon.ctl("wait", second, check=False).returncode, 3)
        daemon.ctl("audit", "verify")

    def test_queues_go_into_a_file_and_to_another_londid(self):
        daemon = self.londid().start()
        daemon.ctl("queue", "create", "maths", "--deepthink-calls", "30/day", "--cost", "0.1", "--max-running", "2")
        daemon.ctl("queue", "create", "rooms", "--switcher", "random", "--parameter", "0.5", "--retention", "9")
        path = daemon.directory / "queues.json"
        daemon.ctl("queue", "export", "-o", path)
        self.assertEqual(daemon.ctl("queue", "export", "nothing", "-o", "-", check=False).returncode, 3)
        only = json.loads(daemon.ctl("queue", "export", "rooms", "-o", "-").stdout)
        self.assertEqual([queue["name"] for queue in only["queues"]], ["rooms"])

        other = self.londid().start()
        other.ctl("queue", "create", "maths", "--deepthink-tokens", "5/day", "--deepthink-calls-per-job", "1")
        refused = other.ctl("queue", "import", path, check=False)
        self.assertEqual(refused.returncode, 6)
        self.assertIn("--replace", refused.stderr)
        self.assertEqual(
            other.ctl("queue", "import", path, "--replace", "--dry-run").stdout,
            "Queue maths would be changed\nQueue rooms would be created\n")
        self.assertEqual([queue["name"] for queue in other.json("queue", "list")["queues"]], ["maths"])
        self.assertEqual(
            other.ctl("queue", "import", path, "--replace").stdout, "Queue maths changed\nQueue rooms created\n")
        self.assertEqual(other.ctl("queue", "export", "-o", "-").stdout, path.read_text())
        self.assertIn("Queue maths is as in the file", other.ctl("queue", "import", path).stdout)
        for text, reason in [("{}", "schema_version"), (path.read_text().replace('"maxSteps":12', '"maxSteps":0', 1), "maxSteps")]:
            broken = other.ctl("queue", "import", "-", input=text, check=False)
            self.assertEqual(broken.returncode, 2)
            self.assertIn(reason, broken.stderr)

    def test_a_queue_runs_one_job_at_a_time_and_drains(self):
        daemon = self.londid().start()
        self.make_queue(daemon, "--max-running", "1")
        batch = self.stories(daemon, 4)
        drain = daemon.ctl("queue", "drain", "q", "--wait")
        self.assertIn("draining", drain.stdout)
        jobs = daemon.json("list", "--batch", batch)["jobs"]
        self.assertEqual({job["state"] for job in jobs}, {"completed"})
        times = sorted((job["startedAt"], job["endedAt"]) for job in jobs)
        for (_, end), (start, _) in zip(times, times[1:]):
            self.assertLessEqual(end, start, f"two jobs ran at once: {times}")
        refused = daemon.ctl("submit", "-q", "q", "--prompt", "hi", check=False)
        self.assertEqual(refused.returncode, 6)
        self.assertIn("londictl queue resume q", refused.stderr)

    def test_a_state_of_the_first_release_is_migrated_with_a_copy_beside_it_at_start_and_by_restore(self):
        daemon = self.londid()
        state = daemon.directory / "state"
        made = first_schema.make(state, {"q": {"limit_calls": 5}}, 3)
        old = daemon.directory / "old"
        shutil.copyfile(state / "state.sqlite", old)
        daemon.start()
        self.check_first(daemon, made)
        self.assertEqual(daemon.stop(), 0)
        with contextlib.closing(sqlite3.connect(state / "state.sqlite.before-0002_jobs")) as copy:
            self.assertEqual(copy.execute("SELECT name FROM migration").fetchall(), [("0001_initial",)])
            self.assertEqual(copy.execute("SELECT count(*) FROM job WHERE state = 'pending'").fetchone(), (3,))

        checked = daemon.run("--check-backup", old)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("londid --restore brings it up to date", checked.stderr)
        restored = daemon.run("--restore", old)
        self.assertEqual(restored.returncode, 0, restored.stderr)
        self.assertIn("its ledger is empty", restored.stdout)
        daemon.start()
        self.check_first(daemon, made)

    def check_first(self, daemon, made):
        for job, key, queue in made:
            self.assertEqual(daemon.ctl("wait", job).returncode, 0)
            shown = daemon.json("show", job)["job"]
            self.assertEqual((shown["state"], shown["queue"]), ("completed", queue))
            again = daemon.ctl("submit", "-q", queue, "--prompt", "x", "--idempotency-key", key, "--parsable")
            self.assertEqual(int(again.stdout), job)
        daemon.ctl("audit", "verify")


if __name__ == "__main__":
    unittest.main()
