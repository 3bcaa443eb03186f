"""The crash campaign: kills londid with SIGKILL at random moments, hundreds or thousands of times, and checks after each
kill that nothing acknowledged was lost, nothing happened twice and the books agree.

A campaign is a row of lives. A life is one state directory: its first starts die within their first milliseconds, in the
first migration among others or in the upgrade of a state of the first release, and then it is killed while two clients
submit, cancel, retry, judge, change budgets and grant more, and real models write. At its end it is left to run until nothing is left to do, and checked whole.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

import first_schema
from books import Books, History, copy_state, require_sound
from clients import QUEUES, RISING, START, UNITS, Acknowledged, Client
from machinery import Daemon, ModelServer, Violation

KILLS_PER_LIFE = 60
# Of all kills, the share of lives whose londid runs its own llama-servers: those take seconds to load.
OWN_SHARE = 0.03
SERVER_KILL_CHANCE = 0.03
# Of five lives, those that begin with a state of the first release.
OLD_LIVES = (1, 3)
MIGRATIONS = len(list((pathlib.Path(__file__).parents[2] / "migrations").glob("*.sql")))
DRAIN_SECONDS = 120


class Tally:
    """What a campaign has done."""

    def __init__(self):
        self.began = time.monotonic()
        self.kills = {"in the first migration": 0, "in an upgrade": 0, "before recovery was done": 0, "after it": 0}
        self.servers = 0
        self.orphans = 0
        self.reserved = 0
        self.held = 0
        self.lives = 0
        self.totals = {"jobs": 0, "steps": 0, "ledger entries": 0, "acknowledgements": 0, "calls": 0, "policies": 0,
                       "policies learnt again": 0, "retries": 0, "grants": 0, "steps without budget": 0,
                       "jobs that the budget refused": 0}
        self.ends = {}

    @property
    def count(self):
        return sum(self.kills.values())

    def add_life(self, books, acknowledged):
        self.lives += 1
        for name, table in [("jobs", "job"), ("steps", "step"), ("ledger entries", "ledger_entry"),
                            ("policies", "policy_snapshot"), ("grants", "budget_grant")]:
            self.totals[name] += books.value(f"SELECT count(*) FROM {table}")
        self.totals["retries"] += sum(books.retries().values())
        self.totals["steps without budget"] += books.value("SELECT count(*) FROM step WHERE mask_reason IS NOT NULL")
        self.totals["jobs that the budget refused"] += books.value(
            "SELECT count(*) FROM job WHERE error_code = 'budget-exhausted'")
        for state, count in books.rows("SELECT state, count(*) FROM job GROUP BY state"):
            self.ends[state] = self.ends.get(state, 0) + count
        self.totals["acknowledgements"] += len(acknowledged.entries)
        self.totals["calls"] += acknowledged.calls

    def unreached(self):
        """What a campaign must have met, or it proved less than it says; what is rare only a long one."""
        met = {**self.kills, "a kill of a llama-server": self.servers, "a running job": self.orphans,
               "an open reservation": self.reserved, "a retry": self.totals["retries"], "a grant": self.totals["grants"]}
        if self.count >= 3000:
            met |= {**self.totals, "a held job": self.held}
        return [name for name, count in met.items() if count == 0]

    def line(self):
        seconds = time.monotonic() - self.began
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.kills.items())
        return (f"{self.count} kills of londid ({kinds}), {self.servers} of llama-server, {self.orphans} running jobs and"
                f" {self.reserved} open reservations cut off, {self.held} kills with jobs on hold; {self.lives} lives, "
                + ", ".join(f"{count} {name}" for name, count in self.totals.items())
                + f"; jobs {json.dumps(self.ends)}; {seconds:.0f} s, {seconds / max(1, self.count):.2f} s a kill")


class Life:
    """One state directory from its first start to its end."""

    def __init__(self, directory, seed, servers, tally, is_old=False):
        self.random = random.Random(seed)
        self.seed = seed
        self.servers = servers
        self.tally = tally
        self.directory = pathlib.Path(directory)
        paths = [server.path for server in servers] or [None, None]
        self.londid = Daemon(self.directory, *paths)
        self.acknowledged = Acknowledged(self.directory / "acknowledged.jsonl")
        self.history = History()
        self.checker = concurrent.futures.ThreadPoolExecutor(1)
        self.checking = None
        self.epoch = self.first_epoch = 0
        self.is_upgrading = False
        self.kills = 0
        if is_old:
            self.make_old()

    def make_old(self):
        """The state as the first release would have left it, with jobs that wait."""
        queues = {name: {UNITS[unit]: limit for unit, limit in START[name].items()} | {"on_budget": name} for name in QUEUES}
        for name in QUEUES:
            self.acknowledged.note("queue", queue=name)
        for job, key, queue in first_schema.make(self.londid.state, queues, 4, os.getuid()):
            self.acknowledged.note("job", job=job, key=key, queue=queue)
        self.epoch = self.first_epoch = 1

    def run(self, kills):
        clients = [Client(self.londid, self.acknowledged, self.seed, number) for number in range(2)]
        for client in clients:
            client.start()
        try:
            while self.kills < kills:
                self.kill_once(clients)
        finally:
            for client in clients:
                client.ending.set()
            self.finish_check()
            for server in self.servers:
                if server.process.poll() is not None:
                    server.start()
        for client in clients:
            client.end()
        for server in self.servers:
            server.wait_ready()
        self.drain()

    def moment(self):
        """Seconds from the start of londid to its death."""
        if self.epoch == self.first_epoch:
            # Longer each time, until one start comes to the end of its migrations: a few milliseconds, once in a life.
            return self.random.uniform(0.5, 1) * 0.003 * (self.kills + 1)
        if self.servers:
            low, high = self.random.choices([(0, 0.02), (0.02, 0.1), (0.1, 0.5)], [2, 2, 6])[0]
        else:
            low, high = self.random.choices([(0, 0.1), (0.1, 1.5), (1.5, 4)], [2, 2, 6])[0]
        return self.random.uniform(low, high)

    def kill_once(self, clients):
        moment = self.moment()
        self.londid.start()
        end = time.monotonic() + moment
        children = []
        if self.random.random() < (SERVER_KILL_CHANCE if self.servers else 0.3):
            time.sleep(moment * self.random.random())
            self.kill_server()
        if not self.servers:
            time.sleep(max(0, end - time.monotonic()))
            children = self.londid.children()
        time.sleep(max(0, end - time.monotonic()))
        self.londid.kill()
        self.kills += 1
        for client in clients:
            if client.failure:
                raise client.failure
        require_dead(children)
        self.finish_check()
        self.is_upgrading = any(self.londid.state.glob("state.sqlite.before-*"))
        path = copy_state(self.londid.state, self.directory / "copy")
        self.checking = self.checker.submit(self.check, path, self.acknowledged.so_far(), f"kill {self.kills}")

    def kill_server(self):
        if self.servers:
            server = self.random.choice(self.servers)
            server.kill()
            server.start()
        else:
            children = self.londid.children()
            if not children:
                return
            try:
                os.kill(self.random.choice(children), signal.SIGKILL)
            except ProcessLookupError:
                return
        self.tally.servers += 1

    def finish_check(self):
        if self.checking:
            checking, self.checking = self.checking, None
            checking.result()

    def check(self, path, acknowledged, where, is_idle=False):
        entries, possible, highest = acknowledged
        books = Books(path)
        try:
            books.check(RISING, highest)
            self.acknowledged.check(books, entries, possible)
            self.history.check(books)
            if is_idle:
                books.check_idle()
                self.tally.add_life(books, self.acknowledged)
            else:
                self.count(books)
            require_sound(books, where)
        finally:
            books.close()

    def count(self, books):
        epoch = books.epoch
        kinds = list(self.tally.kills)
        is_upgrading = self.is_upgrading and books.migrations < MIGRATIONS
        kind = kinds[0 if books.is_empty else 1 if is_upgrading else 2 if epoch == self.epoch else 3]
        self.tally.kills[kind] += 1
        self.epoch = epoch
        if not books.is_empty:
            self.tally.orphans += books.value("SELECT count(*) FROM job WHERE state = 'running'")
            self.tally.held += books.value("SELECT count(*) FROM job WHERE state = 'held'") > 0
            self.tally.reserved += books.value("SELECT count(*) FROM reservation WHERE state = 'open'")

    def drain(self):
        """Runs until nothing is left to do, and checks everything."""
        self.londid.start()
        connection = self.londid.connect()
        names = [view["name"] for view in connection.call("ListQueues")["queues"]]
        for name in names:
            units = ["calls", "tokens", "gpu-time"]
            connection.call("SetQueue", name=name, changes={"removeLimits": units, "isPaused": False})
            for subject in [subject for subject in self.acknowledged.possible if subject[:2] == ("queue", name)]:
                self.acknowledged.possible[subject] = [0 if subject[2] == "isPaused" else "removed"]
        began = time.monotonic()
        while any(connection.call("Status")["jobs"][state] for state in ("pending", "held", "running")):
            if time.monotonic() - began > DRAIN_SECONDS:
                jobs = connection.call("ListJobs", states=["pending", "held", "running"], limit=5)["jobs"]
                raise Violation(f"jobs do not end within {DRAIN_SECONDS} s: {jobs}\n{self.londid.tail()}")
            time.sleep(0.1)
        self.check_results(connection)
        connection.close()
        self.londid.ctl("audit", "verify")
        for name in names:
            self.check_replay(name)
        self.londid.stop()
        # The list itself, as it lies on the disk.
        entries = [json.loads(line) for line in open(self.acknowledged.path)]
        possible = {subject: values for subject, values in self.acknowledged.possible.items() if values != ["removed"]}
        if self.first_epoch:
            self.check_copy()
        path = copy_state(self.londid.state, self.directory / "copy")
        self.check(path, (entries, possible, {}), "at the end", is_idle=True)
        self.acknowledged.close()

    def check_replay(self, queue):
        """Every kept version of the queue's policy comes out again, bit for bit: no episode has gone, so none is excused."""
        versions = json.loads(self.londid.ctl("audit", "replay", queue, "--json").stdout)["versions"]
        versions = [version for version in versions if not (version.get("reason") or "").startswith("its weights went")]
        if other := [version for version in versions if version["verdict"] != "identical"]:
            raise Violation(f"policies of {queue} do not come out again: {other}")
        self.tally.totals["policies learnt again"] += len(versions)

    def check_copy(self):
        """What the upgrade has left beside the state is the state before it, whole."""
        books = Books(self.londid.state / "state.sqlite.before-0002_jobs")
        books.check()
        if (books.migrations, books.value("SELECT count(*) FROM job WHERE state = 'pending'")) != (1, 4 * len(QUEUES)):
            books.report("the copy that the upgrade made is not the state before it")
        books.close()
        require_sound(books, "the copy before the upgrade")

    def check_results(self, connection):
        """Each acknowledged batch gives one result for each of its lines."""
        for entry in self.acknowledged.entries:
            if entry["kind"] != "batch":
                continue
            lines = [json.loads(line["line"]) for reply in connection.stream("Results", batch=entry["name"], follow=False)
                     for line in reply["lines"]]
            if len(lines) != entry["count"] or len({line["custom_id"] for line in lines}) != entry["count"]:
                raise Violation(f"{entry} was acknowledged and has the results {lines}")


def require_dead(children, seconds=5):
    """londid's llama-servers die with it."""
    end = time.monotonic() + seconds
    for pid in children:
        while pathlib.Path(f"/proc/{pid}/stat").exists():
            if time.monotonic() > end:
                raise Violation(f"llama-server {pid} is still there {seconds} s after londid was killed")
            time.sleep(0.01)


def lives(kills):
    """How many kills each life gets, and whether its llama-servers are londid's own."""
    own = max(1, round(kills * OWN_SHARE)) if kills >= 20 else 0
    for left, most, is_own in [(own, 30, True), (kills - own, KILLS_PER_LIFE, False)]:
        while left > 0:
            yield min(left, most), is_own
            left -= most


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"crash campaign: --kills {options.kills} --seed {options.seed}", flush=True)
    # A Unix socket's path holds 107 bytes, so the directory's name is short.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="londi-crash-", dir="/tmp"))
    tally = Tally()
    servers = []
    number = 0
    try:
        servers = [ModelServer(directory, role) for role in ("quick", "deepthink")]
        for server in servers:
            server.wait_ready()
        for number, (kills, is_own) in enumerate(lives(options.kills)):
            place = directory / str(number)
            life = Life(place, f"{options.seed} {number}", [] if is_own else servers, tally, number % 5 in OLD_LIVES)
            try:
                life.run(kills)
            finally:
                if life.londid.is_running():
                    life.londid.kill()
            shutil.rmtree(place)
            print(tally.line(), flush=True)
    except Exception as error:
        print(f"VIOLATION in life {number}, seed {options.seed}: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"The state, the log and the list of what was acknowledged are in {directory}/{number}. The same draws again:"
              f" --kills {options.kills} --seed {options.seed}; the timing differs from run to run.", file=sys.stderr)
        if not isinstance(error, Violation):
            raise
        return 1
    finally:
        for server in servers:
            server.kill()
    shutil.rmtree(directory)
    print(f"crash campaign: {tally.line()}; violations: 0")
    if options.kills >= 300 and tally.unreached():
        print(f"the campaign never met: {', '.join(tally.unreached())}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
