"""Prints what the installed service takes: sizes, start times, memory and wake-ups of a londid that has nothing to do."""

import os
import time

from container import CONFIGURATION, Container, wait_for

IDLE_SECONDS = 120


def switches(machine):
    """How often londid's threads were put on a processor so far, by thread."""
    text = machine.run("sh", "-c", f"grep -h ctxt_switches /proc/{machine.pid()}/task/*/status").stdout
    return sum(int(line.split()[1]) for line in text.splitlines())


def start_milliseconds(machine):
    """From londid's first instruction to READY."""
    begin, end = (int(machine.property(name)) for name in ["ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic"])
    return (end - begin) // 1000


def memory(machine):
    text = machine.read(f"/proc/{machine.pid()}/smaps_rollup")
    kibibytes = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
    return kibibytes["Rss:"] / 1024, kibibytes["Pss:"] / 1024


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
            machine.run("systemctl", "restart", "londid.socket", "londid.service")
            starts.append(start_milliseconds(machine))
        print(f"start to READY with both models, page cache warm: {sorted(starts)} ms")
        wait_for(lambda: machine.property("StatusText") == "ready; no job runs", 10, "idle")
        time.sleep(10)
        before = switches(machine)
        time.sleep(IDLE_SECONDS)
        woken = switches(machine) - before
        print(f"idle for {IDLE_SECONDS} s: {woken} context switches, {woken / IDLE_SECONDS:.2f} a second")
        print("idle memory of londid: RSS {:.1f} MiB, PSS {:.1f} MiB".format(*memory(machine)))
    finally:
        machine.remove()


main()
