"""A container with a real systemd, and in it Londi as Debian installs it.

The environment names what goes in: LONDI_SERVICE_WORK (a directory on a tmpfs), LONDI_SERVICE_ROOT (what is booted: / for this
machine's own system), LONDI_TEST_LLAMA_SERVER and LONDI_TEST_MODEL (a small GGUF file, served in both roles).
"""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
WORK = pathlib.Path(os.environ["LONDI_SERVICE_WORK"])
ROOT = pathlib.Path(os.environ["LONDI_SERVICE_ROOT"])
SERVER = pathlib.Path(os.environ["LONDI_TEST_LLAMA_SERVER"]).resolve()
MODEL = pathlib.Path(os.environ["LONDI_TEST_MODEL"]).resolve()
SOCKET = "/run/londi/io.londi"
CONFIGURATION = f"""[Daemon]
LlamaServer=/opt/llama.cpp/bin/llama-server
DrainSeconds=30
StepSeconds=60
LogLevel=info
[Quick]
Model=/opt/models/{MODEL.name}
Context=2048
Slots=2
Threads=1
[Deepthink]
Model=/opt/models/{MODEL.name}
Context=2048
Slots=2
Threads=1
"""


def wait_for(condition, seconds, what, detail=lambda: ""):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}\n{detail()}")
        time.sleep(0.05)
    return value


class MemoryLimit:
    """A limit on what processes, and those that they start from now on, may take; the kernel's first version of it where that is there.

    The other branch, for a machine whose version 2 hierarchy has the memory controller, as any Debian's has that is booted
    as it comes, has not run yet: on the machine that this was written on the controller is bound to version 1, in which
    another program has a group, and a container sees the same hierarchies, by nspawn too. It would take a virtual machine.
    """

    def __init__(self, machine, megabytes):
        self.machine = machine
        self.old = pathlib.Path("/sys/fs/cgroup/memory")
        if self.old.is_dir():
            self.group = self.old / f"londi-test.{os.getpid()}"
            self.group.mkdir()
            (self.group / "memory.limit_in_bytes").write_text(str(megabytes << 20))
            (self.group / "cgroup.procs").write_text(str(machine.outside(machine.pid())))
        else:
            machine.run("systemctl", "set-property", "--runtime", "londid.service", f"MemoryMax={megabytes}M", "MemorySwapMax=0")

    def kills(self):
        """How many processes the kernel has killed for it."""
        if self.old.is_dir():
            text = (self.group / "memory.oom_control").read_text()
        else:
            group = self.machine.property("ControlGroup")
            text = self.machine.read(f"/sys/fs/cgroup{group}/memory.events")
        return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill "))

    def lift(self):
        if self.old.is_dir():
            (self.group / "memory.limit_in_bytes").write_text("-1")
        else:
            self.machine.run("systemctl", "set-property", "--runtime", "londid.service", "MemoryMax=infinity")

    def remove(self):
        if self.old.is_dir():
            for pid in (self.group / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    (self.old / "cgroup.procs").write_text(pid)
            self.group.rmdir()


class Container:
    """One machine: what is written in it stays over its reboots, until the test ends."""

    def __init__(self):
        self.root = WORK / "upper"
        self.console = WORK / "console.log"
        self.process = None
        self.leader = None

    def boot(self):
        with open(self.console, "ab") as console:
            self.process = subprocess.Popen(
                [HERE / "boot.sh", WORK, MODEL.parent, SERVER.parent.parent, ROOT], stdin=subprocess.DEVNULL, stdout=console,
                stderr=console, cwd="/")
        self.leader = wait_for(self.find_leader, 60, "systemd starts", self.console_end)
        wait_for(
            lambda: self.run("systemctl", "is-active", "multi-user.target", check=False).stdout == "active\n", 120,
            "the container is up", self.console_end)
        return self

    def console_end(self):
        return self.console.read_text(errors="replace")[-3000:]

    def find_leader(self):
        """The systemd below boot.sh, as this process numbers it."""
        if self.process.poll() is not None:
            raise AssertionError(f"the container ended at once:\n{self.console_end()}")
        pids = [self.process.pid]
        while pids:
            pid = pids.pop()
            try:
                if pathlib.Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                    return pid
                for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                    pids += [int(child) for child in children.read_text().split()]
            except FileNotFoundError:
                continue
        return None

    def reboot(self):
        """As `reboot` does: services are stopped, then the machine starts again."""
        self.run("systemctl", "reboot", check=False)
        self.process.wait(120)
        self.boot()

    def cut_power(self):
        """Everything ends at once, then the machine starts again."""
        os.kill(self.leader, signal.SIGKILL)
        self.process.wait(60)
        self.boot()

    def remove(self):
        if self.process and self.process.poll() is None:
            if self.leader:
                os.kill(self.leader, signal.SIGKILL)
            self.process.wait(60)

    # Commands in the container.

    def command(self, arguments, user=None):
        words = ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root"]
        words += ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
        if user:
            words += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return words + [str(argument) for argument in arguments]

    def run(self, *arguments, user=None, check=True, timeout=180, input=None):
        result = subprocess.run(
            self.command(arguments, user), text=True, input=input, capture_output=True, timeout=timeout, cwd="/")
        if check and result.returncode != 0:
            raise AssertionError(
                f"{' '.join(map(str, arguments))}: {result.returncode}\n{result.stdout}{result.stderr}\n{self.journal()}")
        return result

    def start(self, *arguments, user=None):
        """A command that runs beside the test."""
        return subprocess.Popen(
            self.command(arguments, user), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd="/")

    def write(self, path, text, mode=0o644):
        self.run("sh", "-c", f'mkdir -p "$(dirname "{path}")" && cat >"{path}" && chmod {mode:o} "{path}"', input=text)

    def read(self, path):
        return self.run("cat", path).stdout

    def exists(self, path):
        return self.run("test", "-e", path, check=False).returncode == 0

    # Londi in it.

    def install(self, package):
        with open(package, "rb") as file:
            subprocess.run(self.command(["sh", "-c", "cat >/run/package.deb"]), stdin=file, check=True, cwd="/")
        self.run("dpkg", "-i", "/run/package.deb")

    def ctl(self, *arguments, **options):
        return self.run("londictl", *arguments, **options)

    def json(self, *arguments, **options):
        return json.loads(self.ctl(*arguments, "--json", **options).stdout)

    def property(self, name, unit="londid.service"):
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def pid(self):
        """londid's, in the container's numbers; 0 where it does not run."""
        return int(self.property("MainPID"))

    def restarts(self):
        return int(self.property("NRestarts"))

    def is_active(self):
        return self.property("ActiveState") == "active"

    def outside(self, pid):
        """The number of the container's process in this machine."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                numbers = next(line.split()[1:] for line in status.read_text().splitlines() if line.startswith("NSpid:"))
            except OSError:
                continue
            if len(numbers) > 1 and numbers[-1] == str(pid) and pathlib.Path(status.parent, "root/etc/londi-test").exists():
                return int(numbers[0])
        raise AssertionError(f"no process {pid}")

    def wait_active(self, seconds=120):
        wait_for(self.is_active, seconds, "londid is active", lambda: f"{self.journal()}\n{self.unit_status()}")

    def unit_status(self):
        return self.run("systemctl", "status", "--no-pager", "londid.service", check=False).stdout

    def journal(self, *options, lines=40):
        return self.run(
            "journalctl", "--no-pager", "-o", "short-precise", "-u", "londid.service", "-n", str(lines), *options,
            check=False).stdout

    def cursor(self):
        """The journal's end, for `journal_since`."""
        return self.run("journalctl", "-n", "0", "--show-cursor").stdout.split("cursor: ")[-1].strip()

    def journal_since(self, cursor):
        return self.journal(f"--after-cursor={cursor}", lines=10000)

    def engines(self, user="londi"):
        """The pids of londid's servers."""
        return [int(pid) for pid in self.run("pgrep", "-u", user, "-f", "llama-server", check=False).stdout.split()]
