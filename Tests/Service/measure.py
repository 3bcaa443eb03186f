"""Prints what the installed service takes: sizes, start times, memory and wake-ups of a londid that has nothing to do."""

import os
import time

from container import CONFIGURATION, Container, wait_for

IDLE_SECONDS = 120


def wake_ups(machine):
    """How often threads of londid have gone to sleep so far, and so woken."""
    text = machine.run("sh", "-c", f"grep -h ^voluntary_ctxt_switches /proc/{machine.pid()}/task/*/status").stdout
    return sum(int(line.split()[1]) for line in text.splitlines())


def start_milliseconds(machine):
    """From londid's first instruction to READY."""
    begin, end = (int(machine.property(name)) for name in ["ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic"])
    return (end - begin) // 1000


def memory(machine):
    text = machine.read(f"/proc/{machine.pid()}/smaps_rollup")
    kibibytes = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
    return kibibytes["Rss:"] / 1024, kibibytes["Anonymous:"] / 1024


def main():
    machine = Container().boot()
    try:
        package = os.environ["LONDI_TEST_PACKAGE"]
        machine.install(package)
        print(f"package: {os.path.getsize(package) / 2**20:.1f} MiB; installed: "
              + machine.run("dpkg-query", "-W", "-f", "${Installed-Size}", "londi").stdout + " KiB")
        print(machine.run("stat", "-c", "%n: %s bytes", "/usr/bin/londid", "/usr/bin/londictl").stdout, end="")
        machine.write("/etc/londi/londid.conf", CONFIGURATION)
        starts = []
        for _ in range(5):
            machine.run("systemctl", "reset-failed", "londid.service", check=False)
            machine.run("systemctl", "stop", "londid.socket", "londid.service")
            machine.run("systemctl", "start", "londid.service")
            starts.append(start_milliseconds(machine))
        print(f"start to READY with both models, page cache warm: {sorted(starts)} ms")
        wait_for(lambda: machine.property("StatusText") == "ready; no job runs", 10, "idle")
        time.sleep(10)
        before = wake_ups(machine)
        time.sleep(IDLE_SECONDS)
        woken = wake_ups(machine) - before
        print(f"idle for {IDLE_SECONDS} s: {woken} wake-ups of all threads, {woken / IDLE_SECONDS:.2f} a second")
        print("idle memory of londid: {:.1f} MiB resident, {:.1f} MiB of them its own and no file's".format(*memory(machine)))
    finally:
        machine.remove()


main()
