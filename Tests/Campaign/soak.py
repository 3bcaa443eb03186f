"""The soak: londid under full load for a long time. What it holds (memory, descriptors, threads, the write-ahead log)
must not grow. Both slots of both models are busy, a client keeps a backlog, others list, read results and budgets, cancel.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from clients import QUEUES, Acknowledged, Client
from machinery import Daemon, ModelServer, Violation

SAMPLE_SECONDS = 10
# The first part, in which caches fill.
WARM_UP_SHARE = 0.25
# How much the last quarter's median may exceed the one of the quarter after the warm-up: a share of it and a constant.
BOUNDS = {"rss_kib": (0.10, 4096), "descriptors": (0, 4), "threads": (0.25, 4), "wal_kib": (0, 8192)}


def sample(londid, connection, began):
    pid = londid.process.pid
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    jobs = connection.call("Status")["jobs"]
    unfinished = jobs["pending"] + jobs["held"] + jobs["running"]
    # londid counts the unfinished ones only; jobs are numbered without gaps but for abandoned batches.
    newest = next((view["job"] for view in connection.call("ListJobs", limit=1)["jobs"]), 0)

    def kibibytes(name):
        path = londid.state / name
        return path.stat().st_size // 1024 if path.exists() else 0

    return {
        "seconds": round(time.monotonic() - began), "rss_kib": int(status["VmRSS"].split()[0]),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(status["Threads"]),
        "wal_kib": kibibytes("state.sqlite-wal"), "database_kib": kibibytes("state.sqlite"),
        "unfinished": unfinished, "running": jobs["running"], "ended": newest - unfinished}


class Reader(threading.Thread):
    """Lists, batches, results and budgets over londictl and connections that come and go."""

    def __init__(self, londid):
        super().__init__(daemon=True)
        self.londid = londid
        self.ending = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.ending.wait(0.5):
                for command in ["list -n", "batch list", "budget show", "spend --by queue,day", "queue list", "status --json"]:
                    self.londid.ctl(*command.split())
                batches = json.loads(self.londid.ctl("batch", "list", "--json").stdout)["batches"]
                if batches:
                    self.londid.ctl("results", batches[0]["batch"])
        except Exception as error:  # The main thread reports it.
            self.failure = error


def median(values):
    return sorted(values)[len(values) // 2]


def trends(samples):
    """For each measure the median of the quarter after the warm-up, that of the last one, and whether it grew too much."""
    steady = samples[int(len(samples) * WARM_UP_SHARE):]
    part = max(1, len(steady) // 3)
    for name, (share, constant) in BOUNDS.items():
        first, last = median([s[name] for s in steady[:part]]), median([s[name] for s in steady[-part:]])
        yield name, first, last, max(s[name] for s in steady), last > first * (1 + share) + constant


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--only-load", action="store_true", help="judge no trend, as for a londid with ThreadSanitizer")
    options = parser.parse_args()
    print(f"soak: --minutes {options.minutes} --seed {options.seed}", flush=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="londi-soak-", dir="/tmp"))
    servers = []
    londid = None
    try:
        servers = [ModelServer(directory, role, slots=2) for role in ("quick", "deepthink")]
        for server in servers:
            server.wait_ready()
        londid = Daemon(directory / "l", *(server.path for server in servers))
        samples = soak(londid, options)
    except Violation as violation:
        print(f"VIOLATION: {violation}\nthe state and the log are in {directory}", file=sys.stderr)
        return 1
    finally:
        if londid and londid.is_running():
            londid.kill()
        for server in servers:
            server.kill()
    return report(samples, directory, options)


def soak(londid, options):
    londid.start()
    connection = londid.connect()
    acknowledged = Acknowledged(londid.directory / "acknowledged.jsonl")
    clients = [Client(londid, acknowledged, options.seed, number, pause=0.05, backlog=40) for number in range(2)]
    threads = [*clients, Reader(londid)]
    # Without limits, so that the slots are never idle for want of budget.
    clients[0].make_queues(set())
    clients[0].changes_queues = False
    for name in QUEUES:
        connection.call("SetQueue", name=name, changes={"removeLimits": ["calls", "tokens", "gpu-time"]})
    began = time.monotonic()
    samples = []
    for thread in threads:
        thread.start()
    try:
        print("seconds  RSS KiB  descriptors  threads  WAL KiB  database KiB  waiting  jobs/s", flush=True)
        while time.monotonic() - began < options.minutes * 60:
            time.sleep(SAMPLE_SECONDS)
            if not londid.is_running():
                raise Violation(f"londid ended with {londid.process.poll()}\n{londid.tail()}")
            for thread in threads:
                if thread.failure:
                    raise thread.failure
            samples.append(sample(londid, connection, began))
            last = samples[-1]
            before = samples[-2] if len(samples) > 1 else {"ended": 0, "seconds": 0}
            rate = (last["ended"] - before["ended"]) / max(1, last["seconds"] - before["seconds"])
            print(f"{last['seconds']:7} {last['rss_kib']:8} {last['descriptors']:12} {last['threads']:8} {last['wal_kib']:8}"
                  f" {last['database_kib']:13} {last['unfinished']:8} {rate:7.1f}", flush=True)
    finally:
        for thread in threads:
            thread.ending.set()
    for thread in threads:
        thread.join(60)
    londid.ctl("audit", "verify")
    connection.close()
    londid.stop()
    return samples


def report(samples, directory, options):
    grew = []
    for name, first, last, most, is_too_much in trends(samples):
        print(f"{name}: {first} after the warm-up, {last} at the end, at most {most}")
        if is_too_much and not options.only_load:
            grew.append(name)
    seconds, ended = samples[-1]["seconds"], samples[-1]["ended"]
    busy = sum(s["running"] for s in samples) / len(samples)
    print(f"soak: {seconds} s, {ended} jobs, {ended / seconds:.1f} jobs/s, {busy:.1f} jobs running on average; "
          + (f"GREW: {', '.join(grew)}; the state is in {directory}" if grew else "" if options.only_load else "nothing grew"))
    if grew:
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
