"""Every mistake that a user of londictl can make, against a real londid: each is answered with one sentence that names the value at
fault or the remedy, on stderr alone, and ends with the documented exit code."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import londid as harness
from londid import Londid, line

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "Campaign"))
from sweep import compile_faults  # noqa: E402

# Exit code | command line | what the message names, each behind a "+". Words in capitals are the fixture's: see `Errors.words`.
ROWS = """
64 | lst | 'lst' + `londictl list`
64 | queue creat x | 'queue creat' + `londictl queue create`
64 | help lst | 'lst' + `londictl help`
64 | --nonsense | '--nonsense' + `londictl help`
64 | submit -q q | --file + --prompt + --environment
64 | submit --prompt hi | --queue is missing + boundless, drained
64 | submit -f LINES | --queue is missing + boundless, drained
64 | submit -q Q --prompt hi | 'Q'
64 | submit -q q --prompt hi --verifier { | --verifier '{'
64 | submit -q q --prompt hi --priority 1001 | --priority cannot be '1001' + -1000 to 1000
64 | submit -q q --prompt hi --after-ok 1,x | --after-ok + 'x'
64 | submit -q q --environment nowhere --option level | --option 'level' + NAME=TEXT
2 | submit -q q -f /no/file | /no/file: No such file
2 | submit -q q -f DIRECTORY | DIRECTORY
2 | submit -q q --environment nowhere | nowhere
2 | submit -q q --prompt hi --verifier {"type":"command","name":"nowhere"} | nowhere
2 | submit -q q -f MISTAKES | MISTAKES:1: + 1 invalid line
3 | submit -q nowhere --prompt hi | queue nowhere + `londictl queue list`
3 | submit -q nowhere -f LINES | queue nowhere + `londictl queue list`
3 | submit -q q --prompt hi --after-ok 999999 | 999999
6 | submit -q drained --prompt hi | drained is draining + `londictl queue resume drained`
64 | quickstart | --socket does nothing here
64 | restore | FILE is missing
2 | restore --check /no/file | /no/file cannot be restored
64 | queue export q | --output is missing
3 | queue export nowhere -o NEW | queue nowhere
64 | queue import | FILE is missing
2 | queue import /no/file | /no/file: No such file
2 | queue import MISTAKES | MISTAKES
64 | wait | is missing
64 | wait 7b | '7b' + 42 + b7
64 | wait DONE --timeout soon | --timeout cannot be 'soon' + 10m
3 | wait b999999 | batch b999999 + `londictl batch list`
3 | wait 999999 | job 999999 + `londictl list`
64 | results 7 | '7' + b7
64 | results BATCH --errors --all | --errors + --all
64 | results BATCH --output x --error-output x | --output and --error-output
2 | results BATCH --output /no/dir/x | /no/dir/x: No such file
3 | results b999999 | batch b999999
64 | list --state done | --state 'done' + pending
64 | list --limit 0 | --limit cannot be '0'
64 | list -o colour | 'colour' + job, queue
64 | list --json -o job | --json and --output
64 | list --limit | --limit needs a value
64 | list x | 'x' is too much
3 | list --queue nowhere | queue nowhere
3 | list --batch b999999 | batch b999999
64 | show x | 'x'
3 | show 999999 | job 999999
3 | show b999999 | batch b999999
64 | explain b7 | 'b7' is no job id
3 | explain 999999 | job 999999
64 | watch b7 | 'b7' is no job id
3 | watch 999999 | job 999999
64 | cancel DONE --state pending | --state + DONE is one job
3 | cancel 999999 | job 999999
3 | cancel b999999 | batch b999999
64 | retry | --failed
64 | retry BATCH | --failed
64 | retry DONE --queue q | --queue goes with --failed
3 | retry 999999 | job 999999
3 | retry b999999 --failed | batch b999999
3 | retry --failed --queue nowhere | queue nowhere
6 | retry DONE | job DONE + completed
64 | feedback DONE | --reward is missing
64 | feedback DONE --reward good | --reward 'good'
64 | feedback DONE --reward 1001 | --reward cannot be '1001.0' + -1000 to 1000
3 | feedback 999999 --reward 1 | job 999999
6 | feedback REFUSED --reward 1 | job REFUSED is failed
64 | queue create Q | 'Q'
64 | queue create x --deepthink-calls 30/hour | --deepthink-calls cannot be '30/hour'
64 | queue create x --switcher magic | --switcher 'magic' + fitted-q
2 | queue create x --time-zone Mars/Base | --time-zone cannot be 'Mars/Base'
6 | queue create q | queue q exists + `londictl queue set q`
64 | queue set q | at least one option
64 | queue set q --max-steps 0 | --max-steps cannot be '0'
64 | queue set q --max-steps many | --max-steps 'many'
2 | queue set q --time-zone Mars/Base | --time-zone cannot be 'Mars/Base'
3 | queue set nowhere --max-steps 3 | queue nowhere
64 | queue list q | 'q' is too much
64 | queue list -o colour | 'colour'
64 | queue pause | QUEUE is missing
3 | queue pause nowhere | queue nowhere
64 | queue drain q --timeout 1s | --timeout + --wait
3 | queue drain nowhere | queue nowhere
3 | queue resume nowhere | queue nowhere
64 | batch list --limit -1 | --limit cannot be '-1'
3 | batch list --queue nowhere | queue nowhere
3 | budget show nowhere | queue nowhere
3 | budget history nowhere | queue nowhere
64 | budget history --limit few | --limit 'few'
64 | budget grant q | --calls
64 | budget grant q --calls x | --calls cannot be 'x' + 20k
64 | budget grant q --calls 1 --until tomorrow | --until 'tomorrow'
2 | budget grant q --calls 1 --until 2020-01-01 | --until cannot be '2020-01-01'
3 | budget grant nowhere --calls 1 | queue nowhere
6 | budget grant boundless --calls 1 | queue boundless has no limit in calls + `londictl queue set boundless`
3 | budget revoke nowhere | queue nowhere
3 | budget set-day nowhere | queue nowhere
6 | budget set-day q | queue q is on no later day than the clock's + there is nothing to set right
64 | spend --by colour | --by 'colour' + queue
64 | spend -S yesterday | --start 'yesterday'
64 | spend -S 2026-11-02 -E 2026-11-01 | '2026-11-01' is before --start '2026-11-02'
3 | spend --queue nowhere | queue nowhere
3 | policy show nowhere | queue nowhere
64 | policy versions q --limit 0 | --limit cannot be '0'
3 | policy versions nowhere | queue nowhere
3 | policy history nowhere | queue nowhere
3 | policy freeze nowhere | queue nowhere
6 | policy freeze frozen | queue frozen is frozen + `londictl policy thaw frozen`
3 | policy thaw nowhere | queue nowhere
6 | policy thaw q | queue q is not frozen
64 | policy rollback q --to 0 | --to '0'
3 | policy rollback nowhere | queue nowhere
3 | policy rollback q --to 99 | 99 of queue q + `londictl policy versions
6 | policy rollback q | queue q has no earlier policy + `londictl policy versions q`
2 | policy export q EXISTING | EXISTING: it exists already
3 | policy export nowhere NEW | queue nowhere
3 | policy export q NEW | queue q
2 | policy import q /no/file | /no/file: No such file
2 | policy import q EXISTING | EXISTING
3 | policy import nowhere EXISTING | queue nowhere
64 | policy evaluate q --kind magic | --kind 'magic' + random
3 | policy evaluate nowhere | queue nowhere
3 | policy curve nowhere | queue nowhere
2 | policy heatmap q --by colour | --by cannot be 'colour'
3 | policy heatmap nowhere | queue nowhere
3 | environment check nowhere | environment nowhere + londid.conf
64 | backup | FILE is missing
2 | backup EXISTING | EXISTING: it exists already
2 | backup /no/dir/x | /no/dir/x: No such file
64 | reload now | 'now' is too much
64 | prune --before yesterday | --before cannot be 'yesterday' + 2026-
6 | prune --queue q | queue q keeps its jobs for ever + --before + --retention
3 | prune --queue nowhere | queue nowhere
64 | audit verify now | 'now' is too much
64 | audit export -S yesterday | --start 'yesterday'
2 | audit export --file /no/dir/x | /no/dir/x: No such file
3 | audit replay nowhere | queue nowhere
64 | status -n | --no-header + --json
64 | doctor now | 'now' is too much
64 | config show --csv | --csv
64 | db info --parsable | --parsable
64 | top --interval 0 | --interval '0' + 3600
64 | events --follow --json | --json + --jsonl
64 | logs --lines 0 | --lines cannot be '0'
64 | logs b7 | 'b7' is no job id
64 | metrics --json | --json + leave that out
64 | report | --output is missing
64 | report --since monday -o - | --since 'monday'
2 | report -o /no/dir/x | /no/dir/x: No such file
64 | completion tcsh | 'tcsh' + bash, zsh, fish
64 | complete --words | --words
64 | manual londid | 'londid' is too much
64 | version --csv | --csv
"""

# A right command line of each command that asks londid, for when it is away.
ASKING = """
submit -q q --prompt hi | wait 1 | results b1 | list | show 1 | explain 1 | watch 1 | cancel 1 | retry 1 | feedback 1 --reward 1
queue create x | queue set q --max-steps 3 | queue list | queue pause q | queue drain q | queue resume q | batch list
budget show | budget history | budget grant q --calls 1 | budget revoke q | budget set-day q | spend
policy show q | policy versions q | policy history q | policy freeze q | policy thaw q | policy rollback q | policy export q NEW
policy evaluate q | policy curve q | policy heatmap q | environment check x | backup NEW | reload | prune | audit verify
queue export -o NEW | audit export | audit replay q | status | doctor | config show | db info | top | events | metrics | report -o NEW
"""

# What changes something, and so is refused where the disk is full.
WRITING = """
submit -q q --prompt hi | submit -q q -f LINES | queue create late | queue set q --max-steps 4 | queue pause q | queue drain q
budget grant q --calls 1 | policy freeze q | cancel HELD | feedback DONE --reward 1
"""

# What runs until it is stopped, and what it says then.
LASTING = [("wait", "HELD"), ("watch", "HELD"), ("events", "--follow"), ("queue", "drain", "held", "--wait")]


def cells(text):
    return [cell.strip() for row in text.strip().splitlines() for cell in row.split("|")]


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tools = pathlib.Path(tempfile.mkdtemp(prefix="londi-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.tools)
        cls.londid = Londid()
        cls.addClassCleanup(cls.londid.remove)
        faults = {"LD_PRELOAD": str(compile_faults(cls.tools)), "LONDI_FAULT_DIRECTORY": str(cls.londid.directory / "state"),
                  "LONDI_FAULT_AT": "1", "LONDI_FAULT_COUNT": "0", "LONDI_FAULT_KIND": "ENOSPC", "LONDI_FAULT_ONLY": "write",
                  "LONDI_FAULT_WHILE": str(cls.londid.directory / "failing")}
        cls.londid.start(environment=faults)
        ctl = cls.londid.ctl
        create = ["--switcher", "always-quick", "--max-steps", "1", "--step-tokens", "8"]
        ctl("queue", "create", "q", *create, "--deepthink-calls", "5/day")
        ctl("queue", "create", "boundless", *create)
        ctl("queue", "create", "frozen", *create)
        ctl("policy", "freeze", "frozen")
        ctl("queue", "create", "drained", *create)
        ctl("queue", "drain", "drained")
        for name in ["hold", "fail"]:
            ctl("queue", "create", "held" if name == "hold" else "strict", "--max-steps", "1", "--step-tokens", "8",
                "--switcher", "always-deepthink", "--deepthink-calls", "0/day", "--on-budget", name)
        existing, lines, mistakes = (cls.tools / name for name in ["existing", "lines", "mistakes"])
        existing.write_text("no policy")
        lines.write_text('{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", '
                         '"body": {"messages": [{"role": "user", "content": "hi"}]}}\n')
        mistakes.write_text("{not json\n")
        batch = cls.londid.submit([line("done", "Say hello.")])
        ctl("wait", batch)
        # What the words in capitals stand for.
        cls.words = {"EXISTING": existing, "LINES": lines, "MISTAKES": mistakes, "DIRECTORY": cls.tools, "NEW": cls.tools / "new",
                     "BATCH": batch, "DONE": cls.londid.json("list", "--batch", batch)["jobs"][0]["job"]}
        for queue, name in [("strict", "REFUSED"), ("held", "HELD")]:
            cls.words[name] = ctl("submit", "-q", queue, "--prompt", "Say hello.", "--parsable").stdout.strip()
        ctl("wait", cls.words["REFUSED"], check=False)
        cls.londid.wait_for(lambda: cls.londid.json("show", cls.words["HELD"])["job"]["state"] == "held", 30, "a job is held")

    def filled(self, text):
        return re.sub(r"\b[A-Z]{3,}\b", lambda word: str(self.words.get(word[0], word[0])), text)

    def arguments(self, text):
        return self.filled(text).split()

    def check(self, done, code, named=()):
        """One sentence on stderr that names what it should, nothing on stdout, and the exit code."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        for name in named:
            self.assertIn(self.filled(name), done.stderr)
        for trace in ["Fatal error", "Stack dump", "Current stack trace", ".swift", "ControlError", "CommandError"]:
            self.assertNotIn(trace, done.stderr)
        sentences = [text for text in done.stderr.splitlines() if text.startswith("londictl: ")]
        self.assertEqual(len(sentences), 1, done.stderr)
        self.assertLess(len(sentences[0]), 800)

    def test_each_names_the_value_and_ends_with_its_code(self):
        for row in ROWS.strip().splitlines():
            code, rest = row.split(" | ", 1)
            command, named = rest.rsplit(" | ", 1)
            with self.subTest(command):
                self.check(self.londid.ctl(*self.arguments(command), check=False), int(code), named.split(" + "))
        self.assertFalse(self.words["NEW"].exists())

    @staticmethod
    def is_connected(process):
        for entry in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                if os.readlink(entry).startswith("socket:"):
                    return True
            except FileNotFoundError:
                pass  # closed since the directory was read
        return False

    def test_without_londid_every_command_says_how_to_start_it(self):
        for command in cells(ASKING):
            with self.subTest(command):
                done = subprocess.run(
                    [harness.BIN / "londictl", "--socket", "/tmp/none.sock", *self.arguments(command)], capture_output=True,
                    text=True, timeout=60)
                self.check(done, 4, ["/tmp/none.sock", "systemctl start londid", "--socket"])
        self.assertFalse(self.words["NEW"].exists())

    def test_every_command_has_a_row(self):
        overview = subprocess.run([harness.BIN / "londictl", "help"], capture_output=True, text=True, check=True).stdout
        table = overview.split("\n\n")[2]
        commands = [re.split(r" {2,}", row.strip())[0] for row in table.splitlines()]
        self.assertIn("queue create", commands)
        tried = {row.split(" | ")[1] for row in ROWS.strip().splitlines()}
        for command in commands:
            self.assertTrue(any(f"{row} ".startswith(f"{command} ") for row in tried), f"no row of ROWS is about {command}")
        asking = [command for command in commands if command not in
                  ["policy import", "queue import", "quickstart", "restore", "completion", "complete", "manual", "version", "logs"]]
        for command in asking:
            self.assertTrue(any(f"{row} ".startswith(f"{command} ") for row in cells(ASKING)), f"ASKING lacks {command}")

    def test_somebody_else_may_not_connect(self):
        socket = self.londid.directory / "run/io.londi"
        for path in [self.londid.directory, self.londid.directory / "run"]:
            before = path.stat().st_mode
            self.addCleanup(os.chmod, path, before)
            os.chmod(path, 0o755)
        stranger = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        if not stranger:
            self.addCleanup(os.chmod, socket, socket.stat().st_mode)
            os.chmod(socket, 0)
        for command in ["status", "queue list", "submit -q q --prompt hi", "cancel DONE"]:
            done = subprocess.run(
                [harness.BIN / "londictl", "--socket", socket, *self.arguments(command)], capture_output=True, text=True,
                timeout=60, **stranger)
            with self.subTest(command):
                self.check(done, 7, [f"you may not connect to {socket}"])

    def test_where_the_disk_is_full_nothing_is_changed(self):
        failing = self.londid.directory / "failing"
        failing.touch()
        try:
            for command in cells(WRITING):
                with self.subTest(command):
                    self.check(self.londid.ctl(*self.arguments(command), check=False), 8, ["is full", "free some space"])
        finally:
            failing.unlink()
        self.londid.wait_for(
            lambda: self.londid.ctl("queue", "set", "q", "--max-steps", "1", check=False).returncode == 0, 30, "the disk works again")
        self.assertNotIn("late", [queue["name"] for queue in self.londid.json("queue", "list")["queues"]])

    def test_an_interrupt_ends_with_130_and_leaves_the_work_alone(self):
        for command in LASTING:
            arguments = [self.filled(word) for word in command]
            with self.subTest(command):
                process = subprocess.Popen(
                    [harness.BIN / "londictl", "--socket", self.londid.directory / "run/io.londi", *arguments],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.londid.wait_for(lambda: self.is_connected(process), 30, "it has connected")
                process.send_signal(signal.SIGINT)
                _, messages = process.communicate(timeout=30)
                self.assertEqual(process.returncode, 130, messages)
                self.assertNotIn("Fatal error", messages)
        self.assertEqual(self.londid.json("show", self.words["HELD"])["job"]["state"], "held")
        self.londid.ctl("queue", "resume", "held")

    def test_a_job_that_its_budget_refused_ends_with_5_and_says_so(self):
        refused = self.words["REFUSED"]
        submit = ["submit", "-q", "strict", "--prompt", "Say hello.", "--wait"]
        for arguments in [["wait", refused], submit]:
            done = self.londid.ctl(*arguments, check=False)
            self.assertEqual((done.returncode, done.stdout), (5, ""), done.stderr)
            self.assertRegex(done.stderr, r"\njob \d+: .*budget")

    def test_a_configuration_with_mistakes_is_not_taken(self):
        good = self.londid.configuration.read_text()
        self.addCleanup(self.londid.configuration.write_text, good)
        self.londid.configuration.write_text(good + "NoSuchKey=1\n")
        self.check(self.londid.ctl("reload", check=False), 2, ["everything stays as it was", "NoSuchKey"])
