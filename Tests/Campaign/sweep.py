"""The sweep: one small scenario, run again and again, each time with the next of londid's writes hit.

faults.c counts the calls that change londid's state. First the scenario runs untouched, which tells how many there are.
Then, for N = 1, 2, ...: SIGKILL before the N-th call; and the N-th call fails, with an I/O error or a full disk, once, for
a while, or for ever. After each, londid starts again unhindered, ends what was left, and everything is checked.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from books import Books, History, copy_state, require_sound
from clients import Acknowledged
from machinery import Daemon, Gone, ModelServer, Refused, Violation

# By name: what the call gets, and how many calls get it (0: all from the N-th on).
FAULTS = {
    "kill": ("kill", 1, ""),
    "one write fails": ("EIO", 1, "write"),
    "one sync fails": ("EIO", 1, "sync"),
    "the file system is read-only for a while": ("EROFS", 12, "write"),
    "the disk is full for one call": ("ENOSPC", 1, "write"),
    "the disk is full for a while": ("ENOSPC", 12, "write"),
    "the disk is full for ever": ("ENOSPC", 0, "write"),
    "all syncs fail": ("EIO", 0, "sync"),
}
WAIT_SECONDS = 60
# Everything by which a file's content, length, name or durability can change.
CHANGING = ("write,writev,pwrite64,pwritev,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,rename,renameat,"
            "renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,open,openat,creat")


def compile_faults(directory):
    library = pathlib.Path(directory) / "faults.so"
    source = pathlib.Path(__file__).with_name("faults.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-o", library, source, "-ldl"], check=True)
    return library


class Case:
    """The scenario once, with one fault."""

    def __init__(self, directory, servers, library, fault, at):
        self.directory = pathlib.Path(directory)
        self.londid = Daemon(self.directory, *(server.path for server in servers), drain_seconds=2)
        self.acknowledged = Acknowledged(self.directory / "acknowledged.jsonl")
        self.name = f"{fault} at {at}"
        kind, count, only = FAULTS[fault]
        self.is_kill = kind == "kill"
        self.faults = self.directory / "faults"
        self.environment = {
            "LD_PRELOAD": str(library), "LONDI_FAULT_DIRECTORY": str(self.londid.state), "LONDI_FAULT_AT": str(at),
            "LONDI_FAULT_KIND": kind, "LONDI_FAULT_COUNT": str(count), "LONDI_FAULT_ONLY": only,
            "LONDI_FAULT_LOG": str(self.faults)}
        self.prefix = []
        self.refusals = collections.Counter()
        self.connection = None
        self.ended = None
        self.was_cut = False

    def run(self):
        try:
            self.suffer()
            self.recover()
        except Violation as violation:
            raise Violation(f"{self.name}: {violation}\nfaults: {self.hits()[:3]}\n{self.londid.tail()}") from violation
        finally:
            if self.londid.is_running():
                self.londid.kill()
        self.acknowledged.close()
        return self

    def suffer(self):
        """The scenario, as far as it comes. Leaves londid ended, and in `ended` its own exit status, if it had one."""
        self.londid.start(self.prefix, self.environment)
        try:
            self.connection = self.londid.connect()
            self.scenario()
            self.connection.close()
        except Gone:
            self.was_cut = self.connection is not None
        if self.connection is not None and self.londid.is_running():
            self.londid.process.terminate()
        try:
            self.ended = self.londid.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Violation(f"londid neither goes on nor ends within {WAIT_SECONDS} s") from error

    def scenario(self):
        # londictl here, because the queue is then made by what users use.
        options = "--deepthink-calls 50/day --time-zone UTC --switcher random --parameter 0.5 --max-steps 2 --step-tokens 2"
        options += " --observe draft --deepthink-calls-per-job 1"
        made = self.londid.ctl("queue", "create", "q", *options.split(), check=False)
        if made.returncode == 0:
            self.acknowledged.note("queue", queue="q")
        job = self.attempt(self.submit, "first", verifier={"type": "regex", "pattern": "."})
        batch = self.attempt(self.submit_batch)
        late = self.attempt(self.submit, "late", notBefore=int(time.time() * 1000) + 3_600_000)
        if late and self.attempt(self.call, "Cancel", job=late):
            self.acknowledged.note("cancel", job=late)
        if job:
            self.wait(job=job)
            if self.attempt(self.call, "Feedback", job=job, reward=0.5):
                self.acknowledged.settle(("reward", job), 0.5)
        if batch:
            self.wait(batch=batch)
        if made.returncode == 0 and self.attempt(self.call, "SetQueue", name="q", changes={"deepthinkCalls": 60}):
            self.acknowledged.settle(("queue", "q", "deepthinkCalls"), 60)

    def attempt(self, act, *arguments, **parameters):
        """None where londid refuses: nothing was acknowledged then."""
        try:
            return act(*arguments, **parameters)
        except Refused as refusal:
            self.refusals[refusal.error] += 1

    def call(self, method, **parameters):
        self.connection.call(method, **parameters)
        return True

    def submit(self, key, verifier=None, notBefore=None):
        specification = {"messages": [{"role": "user", "content": "Say a word"}]}
        if verifier:
            specification["verifier"] = verifier
        job = self.connection.call(
            "SubmitJob", queue="q", specification=specification, idempotencyKey=key, notBefore=notBefore)["job"]
        self.acknowledged.note("job", job=job, key=key, queue="q")
        return job

    def submit_batch(self):
        body = {"model": "londi", "messages": [{"role": "user", "content": "Say a word"}]}
        lines = [json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body})
                 for name in "ab"]
        digest = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
        batch = self.connection.call("BeginBatch", queue="q")["batch"]
        self.connection.call("AppendLines", batch=batch, firstLine=1, lines=lines)
        self.connection.call("CommitBatch", batch=batch, sha256=digest, allowDuplicate=False)
        self.acknowledged.note("batch", batch=int(batch[1:]), queue="q", sha256=digest, count=2, name=batch)
        return batch

    def wait(self, batch=None, job=None):
        """Until they have ended; while the disk is full for ever they do not."""
        end = time.monotonic() + (3 if "ever" in self.name or "all" in self.name else WAIT_SECONDS)
        while time.monotonic() < end:
            if job:
                view = self.connection.call("ShowJob", job=job)["job"]
            else:
                view = self.connection.call("ShowBatch", batch=batch)["batch"]
            if view.get("endedAt"):
                return
            time.sleep(0.02)
        if not ("ever" in self.name or "all" in self.name):
            raise Violation(f"{batch or job} does not end within {WAIT_SECONDS} s")

    def hits(self):
        """What failed: lines "N call path"."""
        if not self.faults.exists():
            return []
        return [line.split(maxsplit=2) for line in self.faults.read_text().splitlines() if " total" not in line]

    def what_happened(self):
        if not self.hits():
            return "was not reached by it"
        if self.is_kill:
            return "was killed"
        if self.connection is None:
            return "did not start"
        return "ended" if self.was_cut else "went on" if self.ended == 0 else "went on until it was stopped"

    def total(self):
        totals = [line for line in self.faults.read_text().splitlines() if " total" in line]
        return int(totals[-1].split()[0]) if totals else None

    def recover(self):
        """The next start, without faults: ends what was left, and everything holds."""
        history = History()
        books = Books(copy_state(self.londid.state, self.directory / "copy"))
        entries, possible, _ = self.acknowledged.so_far()
        # What was cut off may have happened or not; only what was acknowledged is sure.
        books.check(rising=("q",))
        Acknowledged.check(books, entries, {})
        history.check(books)
        require_sound(books, "after the fault")
        books.close()
        self.londid.start()
        connection = self.londid.connect()
        end = time.monotonic() + WAIT_SECONDS
        # The job of the far future, where its cancellation was cut off, stays.
        while any(
                job["state"] != "pending" or not job.get("notBefore")
                for job in connection.call("ListJobs", states=["pending", "held", "running"], limit=10)["jobs"]):
            if time.monotonic() > end:
                raise Violation(f"jobs do not end within {WAIT_SECONDS} s of the next start")
            time.sleep(0.02)
        for job in connection.call("ListJobs", states=["pending"], limit=10)["jobs"]:
            connection.call("Cancel", job=job["job"])
        connection.close()
        self.londid.ctl("audit", "verify")
        self.londid.stop()
        books = Books(copy_state(self.londid.state, self.directory / "copy")).check(rising=("q",))
        Acknowledged.check(books, entries, possible)
        history.check(books)
        require_sound(books.check_idle(), "after the next start")
        books.close()


class Sweep:
    def __init__(self, directory, options):
        self.directory = pathlib.Path(directory)
        self.options = options
        self.library = compile_faults(directory)
        self.servers = [ModelServer(directory, role) for role in ("quick", "deepthink")]
        self.seen = collections.Counter()
        self.lock = threading.Lock()

    def one(self, fault, at):
        place = self.directory / f"{fault.replace(' ', '-')}-{at}"
        # The sockets' paths must stay short.
        place = self.directory / hashlib.sha256(place.name.encode()).hexdigest()[:8]
        case = Case(place, self.servers, self.library, fault, at).run()
        hits = case.hits()
        # Of the directory londid syncs the names itself, before it serves: SQLite passes over its own sync of them.
        if not case.is_kill and case.ended != 1 and any("sync" in hit[1] and "state.sqlite" in hit[2] for hit in hits):
            raise Violation(f"{case.name}: londid ended with {case.ended} after a failed sync: {hits[:3]}")
        if case.was_cut and FAULTS[fault][0] == "ENOSPC":
            raise Violation(f"{case.name}: londid ended with {case.ended} on a full disk\n{case.londid.tail()}")
        with self.lock:
            if at:
                self.seen[fault, case.what_happened()] += 1
        return case

    def compare_with_strace(self):
        """strace must see no change of a file that faults.c does not count: else the sweep would miss it."""
        program = shutil.which("strace")
        if not program or subprocess.run([program, "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
            print("SKIPPED: strace is missing, or may not trace here: nothing proves that every write is counted", flush=True)
            return
        case = Case(self.directory / "strace", self.servers, self.library, "kill", 0)
        trace = case.directory / "trace"
        # -D keeps londid this process's child; londid alone gets the library.
        library = case.environment.pop("LD_PRELOAD")
        case.prefix = [program, "-D", "-f", "--seccomp-bpf", "-y", "-o", trace, "-e", f"trace={CHANGING}", "-E",
                       f"LD_PRELOAD={library}"]
        case.suffer()
        case.acknowledged.close()
        seen = []
        for line in trace.read_text().splitlines():
            call = re.match(r"\d+ +(\w+)\(", line)
            is_open = call and call[1].startswith("open")
            if call and str(case.londid.state) in line and "-shm" not in line and (not is_open or "O_CREAT" in line):
                seen.append(call[1])
        # Opening a file that is there with O_CREAT changes nothing, and strace does not know.
        spare = seen.count("openat") + seen.count("open")
        if case.total() is None or not len(seen) - spare <= case.total() <= len(seen):
            raise Violation(f"faults.c counts {case.total()} calls, strace {len(seen)}: {collections.Counter(seen)}")
        print(f"strace sees {len(seen)} calls that may change the state, faults.c {case.total()}", flush=True)

    def run(self):
        for server in self.servers:
            server.wait_ready()
        self.compare_with_strace()
        counts = {}
        for only in ["", "write", "sync"]:
            fault = {"": "kill", "write": "one write fails", "sync": "one sync fails"}[only]
            case = self.one(fault, 0)
            counts[only] = case.total()
            shutil.rmtree(case.directory)
        print(f"the scenario changes its state with {counts['']} calls, {counts['sync']} of them syncs", flush=True)
        first = random.Random(self.options.seed)
        plan = []
        for fault in self.options.faults:
            _, _, only = FAULTS[fault]
            every = self.options.every if only != "sync" else max(1, self.options.every // 4)
            # Two runs differ by a few calls, because the models' tokens arrive as they like.
            plan += [(fault, at) for at in range(first.randrange(every) + 1, counts[only] + 20, every)]
        began = time.monotonic()
        failures = []
        with concurrent.futures.ThreadPoolExecutor(self.options.parallel) as pool:
            running = {pool.submit(self.one, *step): step for step in plan}
            for done, future in enumerate(concurrent.futures.as_completed(running), 1):
                try:
                    case = future.result()
                    shutil.rmtree(case.directory)
                except Violation as violation:
                    failures.append(running[future])
                    print(f"VIOLATION: {violation}", file=sys.stderr, flush=True)
                if done % 100 == 0:
                    print(f"{done} of {len(plan)} runs, {time.monotonic() - began:.0f} s", flush=True)
        for (fault, what), count in sorted(self.seen.items()):
            print(f"{fault}: londid {what} {count} times")
        print(f"sweep: {len(plan)} runs, seed {self.options.seed}, every {self.options.every},"
              f" {time.monotonic() - began:.0f} s, violations: {len(failures)} {failures or ''}")
        return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--every", type=int, default=1, help="only every K-th call, from a random one on (default: all)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    options = parser.parse_args()
    print(f"sweep: --every {options.every} --seed {options.seed}", flush=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="londi-sweep-", dir="/tmp"))
    sweep = Sweep(directory, options)
    try:
        status = sweep.run()
    finally:
        for server in sweep.servers:
            server.kill()
    if status == 0:
        shutil.rmtree(directory)
    else:
        print(f"the states, logs and lists are in {directory}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
