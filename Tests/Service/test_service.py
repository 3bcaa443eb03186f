"""Londi as a system service, under a real systemd with a real llama-server: who may do what, and what survives what.

The methods run in the order of their names, on one machine: installed first, purged last.
"""

import ctypes
import json
import os
import pathlib
import stat
import subprocess
import time
import unittest

from container import CONFIGURATION, MODEL, ROOT, SOCKET, Container, MemoryLimit, wait_for

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
STORY = "Tell me a very long story about forty-one sheep."
STEPS = 12


# Verifiers that print what they came to as the reward.
BOMB = """import os, signal
children = []
try:
    for _ in range(2000):
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
except OSError:
    pass
print(len(children))
"""
GLUTTON = """try:
    bytearray(1 << 30)
    print(1)
except MemoryError:
    print(0)
"""
LINGERER = """import os, signal
for _ in range(3):
    os.fork()
try:
    os.setsid()
except OSError:
    pass
signal.pause()
"""


def landlock_version():
    """Of this kernel; 0 or less where it has none."""
    return ctypes.CDLL(None).syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), ctypes.c_int(1))


# What any machine writes by itself, whatever is installed.
NOISE = ("var/log/", "var/lib/dpkg/", "var/lib/systemd/", "var/cache/ldconfig/", "var/cache/man/", "var/tmp/", "root/")


def files(machine):
    """Every file and directory that the machine has made on its disk and not removed again."""
    found = set()
    for directory, _, names in os.walk(machine.root):
        path = os.path.relpath(directory, machine.root)
        # Backups of the accounts' files end in a dash; what was removed is a device in the overlay.
        found |= {
            f"{path}/{name}" for name in names
            if not name.endswith("-") and not stat.S_ISCHR(os.lstat(f"{directory}/{name}").st_mode)}
        found.add(f"{path}/")
    return {name for name in found if not name.startswith(NOISE) and not os.path.lexists(ROOT / name)}


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Container().boot()
        cls.addClassCleanup(cls.machine.remove)

    def setUp(self):
        """What a test before this one has left behind is none of this one's business."""
        machine = self.machine
        if machine.exists("/etc/londi/londid.conf") and machine.exists("/lib/systemd/system/londid.service"):
            if machine.read("/etc/londi/londid.conf") != CONFIGURATION:
                machine.write("/etc/londi/londid.conf", CONFIGURATION)
                machine.run("systemctl", "stop", "londid.socket", "londid.service")
            machine.run("systemctl", "reset-failed", "londid.service", "londid.socket", check=False)
            machine.run("systemctl", "start", "londid.socket", "londid.service")

    # Jobs.

    def submit(self, user="alice"):
        """A job of some seconds; its number."""
        return self.machine.ctl(
            "submit", "--queue", "q", "--prompt", STORY, "--parsable", user=user).stdout.strip()

    def steps(self, job):
        return self.machine.json("explain", job)["steps"]

    def wait_step(self, job, count=2):
        """Until the job is in the middle of its work."""
        wait_for(
            lambda: len([step for step in self.steps(job) if step["state"] == "written"]) >= count, 120,
            f"{count} steps of job {job}", self.machine.journal)
        self.assertLess(len(self.steps(job)), STEPS, "the job is too short to be caught at work")

    def check_completed_once(self, job):
        """It ended with an answer, each of its steps was written once, and the books agree."""
        self.machine.ctl("wait", job, timeout=300)
        steps = [step["index"] for step in self.steps(job) if step["state"] == "written"]
        self.assertEqual(steps, list(range(len(steps))))
        self.assertEqual(self.machine.json("show", job)["job"]["state"], "completed")
        self.machine.ctl("audit", "verify")

    def entries(self, *fields):
        """londid's entries of this boot with these fields."""
        text = self.machine.run("journalctl", "-b", "-o", "json", "-u", "londid.service", *fields).stdout
        return [json.loads(line) for line in text.splitlines()]

    def inode(self):
        return self.machine.run("stat", "-c", "%i", SOCKET).stdout

    # In the order of a machine's life.

    def test_01_installed_and_not_configured_it_waits(self):
        machine = self.machine
        type(self).before = files(machine)
        machine.install(os.environ["LONDI_TEST_PACKAGE"])
        self.assertEqual(machine.property("ActiveState"), "inactive")
        self.assertEqual(machine.property("ConditionResult"), "no")
        self.assertEqual(machine.property("ActiveState", "londid.socket"), "inactive")
        for unit in ["londid.service", "londid.socket"]:
            self.assertEqual(machine.run("systemctl", "is-enabled", unit).stdout, "enabled\n")
        self.assertEqual(machine.run("systemctl", "--failed", "--quiet").stdout, "")
        # Docker's images have no manual, so that what the package brings there is not unpacked.
        brought = machine.run("dpkg", "-L", "londi").stdout.split()
        for path in [
            "man/man1/londictl.1.gz", "man/man5/londid.conf.5.gz", "man/man8/londid.8.gz", "bash-completion/completions/londictl",
            "zsh/vendor-completions/_londictl", "fish/vendor_completions.d/londictl.fish",
        ]:
            self.assertIn(f"/usr/share/{path}", brought)
        for user, groups in [("alice", "londi"), ("carol", "londi,londi-admin"), ("bob", "")]:
            machine.run("useradd", "--user-group", "--groups", groups, user)

    def test_02_it_is_active_once_its_models_answer_and_not_before(self):
        machine = self.machine
        machine.write(
            "/usr/local/bin/slow-llama-server",
            "#!/bin/sh\nwhile [ ! -e /etc/londi/go ]; do sleep 0.1; done\n"
            'case "$*" in *--model*) cat /var/lib/londi/state.sqlite >/dev/null 2>&1; echo $? >>/var/cache/londi/read; esac\n'
            'exec /opt/llama.cpp/bin/llama-server "$@"\n', 0o755)
        machine.write(
            "/etc/londi/londid.conf", CONFIGURATION.replace("/opt/llama.cpp/bin/llama-server", "/usr/local/bin/slow-llama-server"))
        # More time than systemd would give a start that says nothing.
        machine.write("/etc/systemd/system/londid.service.d/short.conf", "[Service]\nTimeoutStartSec=2\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "--no-block", "londid.service")
        wait_for(
            lambda: "is being loaded" in machine.property("StatusText"), 60, "the status says what is awaited",
            lambda: machine.journal() + machine.unit_status())
        # The socket answers all the while.
        self.assertEqual({engine["state"] for engine in machine.json("status")["engines"]}, {"starting"})
        time.sleep(4)
        self.assertEqual((machine.property("ActiveState"), machine.restarts()), ("activating", 0))
        machine.write("/etc/londi/go", "")
        machine.wait_active()
        self.assertEqual({engine["state"] for engine in machine.json("status")["engines"]}, {"ready"})
        wait_for(
            lambda: machine.property("StatusText") == "ready; no job runs", 10, "the status says so",
            lambda: machine.property("StatusText"))
        if landlock_version() > 0:
            self.assertEqual(machine.read("/var/cache/londi/read").split(), ["1", "1"], "a server can read the state")
        machine.run("rm", "-r", "/var/cache/londi/read", "/etc/londi/go", "/usr/local/bin/slow-llama-server", "/etc/systemd/system/londid.service.d")
        machine.run("systemctl", "daemon-reload")

    def test_03_its_places_are_its_own_and_the_socket_its_members(self):
        machine = self.machine
        for path, expected in [
            (SOCKET, "root:londi 660"), ("/run/londi", "root:root 755"), ("/run/londi/engines", "londi:londi 700"),
            ("/var/lib/londi", "londi:londi 700"), ("/var/lib/londi/state.sqlite", "londi:londi 600"),
        ]:
            self.assertEqual(machine.run("stat", "-c", "%U:%G %a", path).stdout.strip(), expected, path)
        # Its servers are the first that memory's end takes, and no TCP port is open.
        self.assertEqual(len(machine.engines()), 2)
        for pid in machine.engines():
            self.assertEqual(machine.read(f"/proc/{pid}/oom_score_adj"), "500\n")
        self.assertLessEqual(int(machine.read(f"/proc/{machine.pid()}/oom_score_adj")), 0)
        tcp = machine.read(f"/proc/{machine.pid()}/net/tcp").splitlines()
        self.assertEqual(len(tcp), 1, tcp)

    def test_03b_this_systemd_has_no_word_against_the_units(self):
        machine = self.machine
        self.unpack_source()
        machine.run("env", "HOME=/root", "/run/source/Tests/Service/units.sh")
        # Nor had it when it loaded and started them.
        words = machine.run("journalctl", "-b", "-p", "warning", "-o", "cat", "_PID=1").stdout.splitlines()
        self.assertEqual([line for line in words if "londi" in line and ".service.d/" not in line], [])

    def test_04_who_may_do_what(self):
        machine = self.machine
        machine.ctl(
            "queue", "create", "q", "--switcher", "random", "--parameter", "0.5", "--max-steps", STEPS, "--step-tokens",
            "48", "--deepthink-calls", "1000/day", user="carol")
        job = machine.ctl("submit", "--queue", "q", "--prompt", "Say yes.", "--parsable", user="alice").stdout.strip()
        self.check_completed_once(job)
        self.assertEqual(machine.json("show", job)["job"]["user"], "alice")
        stranger = machine.ctl("submit", "--queue", "q", "--prompt", "x", user="bob", check=False)
        self.assertEqual(stranger.returncode, 7, stranger.stderr)
        self.assertIn(f"you may not connect to {SOCKET}", stranger.stderr)
        before = machine.json("budget", "show", "q")
        for command in [
            ["queue", "set", "q", "--deepthink-calls", "5/day"], ["budget", "grant", "q", "--calls", "5"], ["reload"],
        ]:
            refused = machine.ctl(*command, user="alice", check=False)
            self.assertEqual(refused.returncode, 7, refused.stderr)
            self.assertIn("londi-admin", refused.stderr)
        self.assertEqual(machine.json("budget", "show", "q"), before)
        machine.ctl("budget", "grant", "q", "--calls", "5", user="carol")

    def test_05_kill_9_of_londid(self):
        machine = self.machine
        inode, restarts, job = self.inode(), machine.restarts(), self.submit()
        self.wait_step(job)
        engines = machine.engines()
        machine.run("kill", "-9", machine.pid())
        wait_for(lambda: machine.restarts() == restarts + 1, 60, "systemd starts it again", machine.journal)
        machine.wait_active()
        self.check_completed_once(job)
        self.assertEqual(self.inode(), inode)
        self.assertFalse(set(engines) & set(machine.engines()), "an engine outlived londid")

    def test_06_kill_9_of_an_engine(self):
        machine = self.machine
        pid, job = machine.pid(), self.submit()
        self.wait_step(job)
        machine.run("kill", "-9", *machine.engines())
        self.check_completed_once(job)
        self.assertEqual(machine.pid(), pid)

    def test_07_a_londid_that_stands_still_is_started_again(self):
        machine = self.machine
        machine.write("/etc/systemd/system/londid.service.d/watchdog.conf", "[Service]\nWatchdogSec=4\nTimeoutAbortSec=2\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", "londid")
        job = self.submit()
        self.wait_step(job)
        restarts, cursor = machine.restarts(), machine.cursor()
        # Fed, it goes on.
        time.sleep(6)
        self.assertEqual(machine.restarts(), restarts)
        if machine.json("show", job)["job"]["state"] != "running":
            job = self.submit()
            self.wait_step(job)
        machine.run("kill", "-STOP", machine.pid())
        wait_for(lambda: machine.restarts() == restarts + 1, 60, "the watchdog fires", machine.journal)
        self.assertIn("Failed with result 'watchdog'", machine.journal_since(cursor))
        machine.wait_active()
        self.check_completed_once(job)
        machine.run("rm", "-r", "/etc/systemd/system/londid.service.d")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", "londid")

    def test_08_a_stop_lets_the_running_step_end(self):
        machine = self.machine
        job = self.submit()
        self.wait_step(job)
        machine.run("systemctl", "stop", "londid.socket", "londid.service")
        self.assertEqual(machine.property("Result"), "success")
        self.assertEqual(machine.engines(), [])
        self.assertEqual(machine.ctl("status", check=False).returncode, 4)
        # Whoever connects to the socket starts it.
        cursor = machine.cursor()
        machine.run("systemctl", "start", "londid.socket")
        self.assertFalse(machine.is_active())
        machine.ctl("version")
        machine.wait_active()
        self.check_completed_once(job)
        self.assertEqual({step["state"] for step in self.steps(job)}, {"written"}, "a step was cut off")
        self.assertNotIn("recovered", machine.journal_since(cursor))

    def test_09_a_reload_of_a_bad_file_is_refused_and_changes_nothing(self):
        machine = self.machine
        pid, cursor = machine.pid(), machine.cursor()
        machine.write("/etc/londi/londid.conf", CONFIGURATION.replace("LogLevel=info", "LogLevel=debug\nDrainSeconds=soon"))
        self.assertNotEqual(machine.run("systemctl", "reload", "londid", check=False).returncode, 0)
        self.assertIn("/etc/londi/londid.conf:6: DrainSeconds=soon is not", machine.journal_since(cursor))
        self.assertTrue(machine.is_active())
        cursor = machine.cursor()
        self.check_completed_once(self.submit())
        self.assertNotIn("attempt 1 in queue q", machine.journal_since(cursor), "the refused level is in force")
        machine.write("/etc/londi/londid.conf", CONFIGURATION.replace("LogLevel=info", "LogLevel=debug"))
        machine.run("systemctl", "reload", "londid")
        job = self.submit()
        self.check_completed_once(job)
        self.assertIn("attempt 1 in queue q", machine.journal_since(cursor))
        # Programs find it by its fields, and llama-server's lines by their role, all of them at debug.
        entries = self.entries(f"LONDI_JOB_ID={job}")
        self.assertTrue(all(entry["LONDI_QUEUE"] == "q" and entry["PRIORITY"] == "7" for entry in entries) and entries)
        lines = [entry for entry in self.entries("LONDI_ROLE=deepthink") if entry["MESSAGE"].startswith("deepthink: 0.")]
        self.assertEqual({entry["PRIORITY"] for entry in lines}, {"7"})
        self.assertNotIn("forty-one sheep", "".join(entry["MESSAGE"] for entry in self.entries("PRIORITY=6")))
        machine.write("/etc/londi/londid.conf", CONFIGURATION)
        machine.run("systemctl", "reload", "londid")
        self.assertEqual(machine.pid(), pid)

    def test_10_the_socket_survives_a_restart_and_nobody_is_refused(self):
        machine = self.machine
        inode, job = self.inode(), self.submit()
        self.wait_step(job)
        restart = machine.start("systemctl", "restart", "londid")
        calls = 0
        while restart.poll() is None:
            machine.ctl("version")
            calls += 1
        self.assertEqual(restart.returncode, 0)
        self.assertGreater(calls, 1)
        self.check_completed_once(job)
        self.assertEqual(self.inode(), inode)

    def test_11_a_reboot_in_the_middle_of_a_job(self):
        machine = self.machine
        job = self.submit()
        self.wait_step(job)
        machine.reboot()
        machine.wait_active()
        self.check_completed_once(job)
        self.assertEqual({step["state"] for step in self.steps(job)}, {"written"}, "a step was cut off")

    def test_12_a_power_cut_in_the_middle_of_a_job(self):
        machine = self.machine
        job = self.submit()
        self.wait_step(job)
        machine.cut_power()
        machine.wait_active()
        self.check_completed_once(job)

    def test_13_a_bad_configuration_or_a_missing_model_ends_it_with_78_and_no_further_start(self):
        machine = self.machine
        for wrong, message in [
            (CONFIGURATION.replace(MODEL.name, "no.gguf", 1), "/opt/models/no.gguf' cannot be read"),
            (CONFIGURATION.replace("Slots=2", "Slots=many"), "/etc/londi/londid.conf:9: Slots=many is not a whole number"),
        ]:
            machine.run("systemctl", "stop", "londid.socket", "londid.service")
            machine.run("systemctl", "reset-failed", "londid.service", "londid.socket", check=False)
            machine.write("/etc/londi/londid.conf", wrong)
            started = time.monotonic()
            self.assertNotEqual(machine.run("systemctl", "start", "londid", check=False).returncode, 0)
            self.assertLess(time.monotonic() - started, 20)
            time.sleep(3)
            self.assertEqual(machine.property("ActiveState"), "failed")
            self.assertEqual((machine.property("ExecMainStatus"), machine.restarts()), ("78", 0))
            # It is an error for whoever looks for those alone.
            self.assertIn(message, "".join(entry["MESSAGE"] for entry in self.entries("PRIORITY=3")))
        # Whoever connects now makes systemd try again, five times in all; then it is told that there is no londid.
        started = time.monotonic()
        self.assertIn(machine.ctl("status", check=False, timeout=60).returncode, [2, 4])
        self.assertLess(time.monotonic() - started, 30)

    def test_14_a_state_that_cannot_be_used_ends_at_the_start_limit(self):
        machine = self.machine
        machine.run("systemctl", "stop", "londid.socket", "londid.service")
        machine.run(
            "sh", "-c", "cd /var/lib/londi && mv state.sqlite kept && head -c 8192 /dev/urandom >state.sqlite && chown londi: state.sqlite")
        cursor = machine.cursor()
        machine.run("systemctl", "start", "londid", check=False)
        wait_for(
            lambda: "Start request repeated too quickly" in machine.journal_since(cursor), 120, "the start limit",
            lambda: machine.journal_since(cursor))
        self.assertEqual(machine.property("ActiveState"), "failed")
        machine.run("sh", "-c", "cd /var/lib/londi && mv kept state.sqlite")
        machine.run("systemctl", "reset-failed", "londid.service", "londid.socket")
        machine.run("systemctl", "start", "londid")
        machine.ctl("audit", "verify")

    def test_15_a_hostile_verifier_comes_to_nothing(self):
        machine = self.machine
        pid, engines = machine.pid(), machine.engines()
        # Whom it may not signal: before Linux 6.12 that is londid alone.
        neighbours = engines if landlock_version() >= 6 else []
        machine.write("/opt/londi-test/hostile.py", (REPOSITORY / "Tests/GenerationTests/hostile.py").read_text())
        machine.write("/opt/londi-test/bomb.py", BOMB)
        machine.write("/opt/londi-test/glutton.py", GLUTTON)
        machine.write("/opt/londi-test/lingerer.py", LINGERER)
        words = ["/var/lib/londi", "/run/londi", *map(str, neighbours)]
        machine.write("/etc/londi/londid.conf", CONFIGURATION + f"""
[Verifier hostile]
Command=/usr/bin/python3 -I /opt/londi-test/hostile.py {" ".join(words)}
[Verifier bomb]
Command=/usr/bin/python3 -I /opt/londi-test/bomb.py
TasksMax=100
[Verifier glutton]
Command=/usr/bin/python3 -I /opt/londi-test/glutton.py
MemoryMegabytes=128
[Verifier lingerer]
Command=/usr/bin/python3 -I /opt/londi-test/lingerer.py
TimeoutSeconds=3
""")
        machine.run("systemctl", "reload", "londid.service")
        names = ["hostile", "bomb", "glutton", "lingerer"]
        lines = [{
            "custom_id": name, "method": "POST", "url": "/v1/chat/completions",
            "body": {"messages": [{"role": "user", "content": "Say yes."}]},
            "londi": {"verifier": {"type": "command", "name": name, "arguments": None}, "max_steps": 1, "max_attempts": 1},
        } for name in names]
        batch = machine.ctl(
            "submit", "--queue", "q", "-f", "-", "--parsable", user="alice",
            input="".join(json.dumps(line) + "\n" for line in lines)).stdout.strip()
        machine.ctl("wait", batch, check=False)
        jobs = {job["customID"]: machine.json("show", job["job"])["job"] for job in machine.json("list", "--batch", batch)["jobs"]}
        self.assertEqual(jobs["hostile"].get("reward"), 0, "how many of its attempts succeeded")
        self.assertLessEqual(jobs["bomb"]["reward"], 100)
        self.assertGreater(jobs["bomb"]["reward"], 10)
        self.assertEqual(jobs["glutton"]["reward"], 0)
        self.assertIn("longer than 3", jobs["lingerer"]["fault"])
        # Nothing of them is left, and nobody else noticed.
        self.assertEqual(machine.run("pgrep", "-f", "/opt/londi-test", check=False).stdout, "")
        self.assertEqual(machine.run("sh", "-c", "ls -d /tmp/systemd-private-*-londid.service-*/tmp/*", check=False).stdout, "")
        self.assertEqual((machine.pid(), machine.engines()), (pid, engines))
        self.assertEqual(machine.run("stat", "-c", "%U:%G %a", "/var/lib/londi").stdout, "londi:londi 700\n")
        machine.ctl("audit", "verify")
        machine.run("rm", "-r", "/opt/londi-test")

    def test_16_where_memory_ends_a_server_goes_and_londid_stays(self):
        machine = self.machine
        pid = machine.pid()
        limit = MemoryLimit(machine, 64)
        self.addCleanup(limit.remove)
        # The servers that are there were started before the limit; the next ones come under it.
        machine.run("kill", "-9", *machine.engines())
        job = self.submit()
        wait_for(lambda: limit.kills() >= 2, 120, "the kernel kills", machine.journal)
        # The status has it between two starts.
        wait_for(
            lambda: "signal 9" in json.dumps(machine.json("status")["engines"]), 60, "the status says so", machine.journal)
        self.assertEqual(machine.pid(), pid)
        limit.lift()
        self.check_completed_once(job)
        self.assertEqual((machine.pid(), len(machine.engines())), (pid, 2))

    def test_17_an_upgrade_in_the_middle_of_a_job(self):
        machine = self.machine
        inode, pid, job = self.inode(), machine.pid(), self.submit()
        self.wait_step(job)
        machine.install(os.environ["LONDI_TEST_NEXT_PACKAGE"])
        self.assertTrue(machine.is_active())
        self.assertNotEqual(machine.pid(), pid)
        self.check_completed_once(job)
        self.assertEqual({step["state"] for step in self.steps(job)}, {"written"}, "a step was cut off")
        self.assertEqual(self.inode(), inode)

    def test_17b_a_model_on_another_host_is_reached_with_a_credential(self):
        machine = self.machine
        machine.run("sh", "-c", "umask 077 && echo sk-londi-service >/etc/londi/deepthink.key")
        model = next(row for row in CONFIGURATION.splitlines() if row.startswith("Model=")).removeprefix("Model=")
        machine.run(
            "systemd-run", "--unit=far", "/opt/llama.cpp/bin/llama-server", "--model", model, "--ctx-size", "4096", "--parallel", "2",
            "--no-kv-unified", "--threads", "1", "--host", "127.0.0.1", "--port", "8099", "--api-key-file", "/etc/londi/deepthink.key")
        drop_in = (REPOSITORY / "systemd/drop-ins/remote.conf").read_text()
        machine.write("/etc/systemd/system/londid.service.d/remote.conf", drop_in.replace("#LoadCredential", "LoadCredential"))
        machine.write(
            "/etc/londi/londid.conf", CONFIGURATION.partition("[Deepthink]")[0]
            + "[Deepthink]\nUrl=http://127.0.0.1:8099\nApiKeyCredential=deepthink-key\nContext=2048\nSlots=2\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", "--no-block", "londid")
        wait_for(
            lambda: machine.property("SubState") == "running", 60, "londid is ready",
            lambda: machine.journal() + machine.ctl("status", check=False).stdout)
        (engine,) = [engine for engine in machine.json("status")["engines"] if engine["role"] == "deepthink"]
        self.assertEqual((engine["state"], engine["device"]), ("ready", "http://127.0.0.1:8099"))
        job = machine.ctl("submit", "--queue", "q", "--prompt", STORY, "--parsable", user="alice").stdout.strip()
        self.check_completed_once(job)
        self.assertNotIn("sk-londi-service", machine.journal("-b", lines=10000) + machine.ctl("status").stdout)
        machine.run("rm", "-r", "/etc/systemd/system/londid.service.d", "/etc/londi/deepthink.key")
        machine.run("systemctl", "stop", "far")
        machine.run("systemctl", "daemon-reload")

    def test_18_removed_it_keeps_its_state_and_purged_it_leaves_nothing(self):
        machine = self.machine
        jobs = machine.json("list")["jobs"]
        machine.run("dpkg", "-r", "londi")
        self.assertFalse(machine.exists(SOCKET))
        self.assertEqual(machine.engines(), [])
        self.assertTrue(machine.exists("/var/lib/londi/state.sqlite"))
        machine.install(os.environ["LONDI_TEST_NEXT_PACKAGE"])
        machine.wait_active()
        self.assertEqual(machine.json("list")["jobs"], jobs)
        machine.run("dpkg", "-P", "londi")
        for user in ["alice", "bob", "carol"]:
            machine.run("userdel", user)
        self.assertEqual(files(machine) - self.before, set())
        for kind, name in [("passwd", "londi"), ("group", "londi"), ("group", "londi-admin")]:
            self.assertEqual(machine.run("getent", kind, name, check=False).returncode, 2, f"{kind} {name}")
        self.assertEqual(machine.run("systemctl", "list-unit-files", "--no-legend", "lond*", check=False).stdout, "")
        self.assertFalse(machine.exists("/run/londi"))

    def test_19_installed_from_source_it_runs_and_goes_again(self):
        machine = self.machine
        self.unpack_source()
        installer = ["/run/source/systemd/install.sh", "--binaries", "/run/binaries/usr/bin"]
        machine.run(*installer)
        machine.write("/etc/londi/londid.conf", CONFIGURATION)
        machine.run("systemctl", "start", "londid.service")
        self.assertEqual({engine["state"] for engine in machine.json("status")["engines"]}, {"ready"})
        self.assertTrue(machine.read(f"/proc/{machine.pid()}/cmdline").startswith("/usr/local/bin/londid"))
        machine.run("systemctl", "reload", "londid.service")
        machine.run("/run/source/systemd/install.sh", "--uninstall")
        self.assertEqual(machine.engines(), [])
        self.assertEqual({path for path in files(machine) if "londi" in path and path.startswith("usr/local/")}, set())
        self.assertTrue(machine.exists("/var/lib/londi/state.sqlite"))

    def test_20_a_user_has_a_londid_of_her_own(self):
        machine = self.machine
        machine.run("useradd", "--create-home", "--uid", "4242", "dora")
        runtime = {"XDG_RUNTIME_DIR": "/run/user/4242", "HOME": "/home/dora"}
        words = [f"{name}={value}" for name, value in runtime.items()]
        machine.run("install", "-d", "-m", "700", "-o", "dora", "-g", "dora", runtime["XDG_RUNTIME_DIR"])
        machine.run("dpkg", "-i", "/run/package.deb")
        machine.write("/home/dora/.config/londi/londid.conf", CONFIGURATION)
        # A user's systemd, as a login would start it.
        machine.run(
            "systemd-run", "--unit=dora", "--uid=dora", "--gid=dora", "-p", "Delegate=yes", "-p", "Type=notify", *[
                f"--setenv={word}" for word in words], "/lib/systemd/systemd", "--user")
        machine.run("env", *words, "systemctl", "--user", "start", "londid.service", user="dora")
        status = json.loads(machine.run("env", *words, "londictl", "status", "--json", user="dora").stdout)
        self.assertTrue(status["isUserMode"])
        self.assertEqual(status["stateDirectory"], "/home/dora/.local/state/londi")
        self.assertEqual({engine["state"] for engine in status["engines"]}, {"ready"})
        machine.run("env", *words, "systemctl", "--user", "reload", "londid.service", user="dora")
        machine.run("env", *words, "systemctl", "--user", "stop", "londid.service", user="dora")
        self.assertEqual(machine.engines("dora"), [])
        machine.run("systemctl", "stop", "dora.service")

    def unpack_source(self):
        """What install.sh reads, and the binaries out of the package."""
        with subprocess.Popen(["tar", "-C", REPOSITORY, "-c", "systemd", "README.md", "LICENSE", "Tests"], stdout=subprocess.PIPE) as tar:
            subprocess.run(
                self.machine.command(["sh", "-c", "mkdir -p /run/source && tar -C /run/source -x"]), stdin=tar.stdout,
                check=True, cwd="/")
        with open(os.environ["LONDI_TEST_PACKAGE"], "rb") as package:
            subprocess.run(
                self.machine.command(["dpkg-deb", "-x", "/dev/stdin", "/run/binaries"]), stdin=package, check=True, cwd="/")


if __name__ == "__main__":
    unittest.main(verbosity=2)
