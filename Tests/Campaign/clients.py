"""What the clients of a campaign do, and the list of everything that londid acknowledged to them."""

import hashlib
import json
import os
import random
import threading
import time

from machinery import Gone, Refused, Varlink

UNITS = {"deepthinkCalls": "limit_calls", "deepthinkTokens": "limit_tokens", "deepthinkGPUMilliseconds": "limit_gpu_ms"}
QUEUES = {
    "hold": ["--deepthink-calls", "3/day", "--on-budget", "hold", "--switcher", "random", "--parameter", "0.5",
             "--observe", "draft", "--deepthink-calls-per-job", "1"],
    "fail": ["--deepthink-tokens", "200/day", "--on-budget", "fail", "--switcher", "random", "--parameter", "0.4"],
    "quick": ["--deepthink-calls", "6/day", "--deepthink-gpu-seconds", "30/day", "--on-budget", "quick",
              "--exploration-rate", "0.5", "--exploration-share", "1"],
}
COMMON = ["--time-zone", "UTC", "--max-steps", "3", "--step-tokens", "4", "--max-attempts", "3"]
# Their limits only ever rise; the third one's go both ways.
RISING = ("hold", "fail")
START = {"hold": {"deepthinkCalls": 3}, "fail": {"deepthinkTokens": 200},
         "quick": {"deepthinkCalls": 6, "deepthinkGPUMilliseconds": 30_000}}
STEP = {"deepthinkCalls": 2, "deepthinkTokens": 100, "deepthinkGPUMilliseconds": 10_000}


class Acknowledged:
    """The fsynced list: one line of JSON for everything that was acknowledged, on the disk before a client goes on."""

    def __init__(self, path):
        self.path = path
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.lock = threading.Lock()
        self.entries = []
        # What was asked and may have happened, by subject: since the last acknowledged one, all that may hold.
        self.possible = {}
        # The highest limit that was ever asked for, by queue and member.
        self.asked = {}
        self.calls = 0

    def note(self, kind, **entry):
        line = {"kind": kind, **entry}
        os.write(self.file, json.dumps(line).encode() + b"\n")
        os.fdatasync(self.file)
        with self.lock:
            self.entries.append(line)

    def attempt(self, subject, value):
        """Before a change is asked for: from now on it may hold."""
        with self.lock:
            self.possible.setdefault(subject, [None]).append(value)

    def settle(self, subject, value):
        """The change was acknowledged: nothing before it may hold any more."""
        self.note("value", subject=list(subject), value=value)
        with self.lock:
            self.possible[subject] = [value]

    def withdraw(self, subject, value):
        """The change was refused."""
        with self.lock:
            self.possible[subject].remove(value)

    def count(self, subject, act):
        """Carries out something that must happen once where it is acknowledged, at most once where it is cut off, and not
        at all where it is refused (then this returns False)."""
        with self.lock:
            before = self.possible.get(subject, [0])
            self.possible[subject] = sorted({*before, *(number + 1 for number in before)})
        try:
            act()
        except Refused:
            with self.lock:
                self.possible[subject] = before
            return False
        after = [number + 1 for number in before]
        self.note("count", subject=list(subject), values=after)
        with self.lock:
            self.possible[subject] = after
        return True

    def close(self):
        os.close(self.file)

    def so_far(self):
        """What must hold, and the highest limits so far. Taken while londid does not run."""
        with self.lock:
            entries = list(self.entries)
            possible = {subject: list(values) for subject, values in self.possible.items()}
        return entries, possible, self.highest()

    @staticmethod
    def check(books, entries, possible):
        """Everything that was acknowledged before londid ended is in its books."""
        if books.is_empty:
            if entries:
                books.report(f"{len(entries)} acknowledged things, and an empty database")
            return
        jobs = {row["id"]: row for row in books.rows("""
            SELECT job.id, job.state, job.queue, job.idempotency_key, job.reward, answer.text FROM job
                LEFT JOIN answer ON answer.episode = job.episode""")}
        batches = {row["id"]: row for row in books.rows("SELECT id, state, sha256, job_count FROM batch")}
        queues = {row["name"]: row for row in books.rows("SELECT * FROM queue")}
        retries = books.retries()
        grants = [row["queue"] for row in books.grants()]
        for entry in entries:
            if entry["kind"] in ("job", "cancel", "answer"):
                job = jobs.get(entry["job"])
                if job is None:
                    books.report(f"{entry} was acknowledged and the job does not exist")
                elif entry["kind"] == "job" and (job["idempotency_key"], job["queue"]) != (entry["key"], entry["queue"]):
                    books.report(f"{entry} was acknowledged and is {tuple(job)}")
                elif entry["kind"] == "cancel" and job["state"] != "cancelled" and not retries.get(entry["job"]):
                    books.report(f"{entry} was acknowledged and the job is {job['state']}")
                elif entry["kind"] == "answer" and (job["state"], job["text"]) != (entry["state"], entry["answer"]):
                    books.report(f"{entry} was shown and is {job['state']} {job['text']!r}")
            elif entry["kind"] == "batch":
                batch = batches.get(entry["batch"])
                if batch is None or tuple(batch)[1:] != ("ready", entry["sha256"], entry["count"]):
                    books.report(f"{entry} was acknowledged and is {batch and tuple(batch)}")
            elif entry["kind"] == "queue" and entry["queue"] not in queues:
                books.report(f"{entry} was acknowledged and the queue does not exist")
        for subject, values in possible.items():
            if subject[0] == "queue" and subject[1] in queues:
                found = queues[subject[1]][UNITS.get(subject[2], "is_paused")]
                if values[0] is None and subject[2] != "isPaused":
                    values[0] = START[subject[1]][subject[2]]
                elif values[0] is None:
                    values[0] = 0
            elif subject[0] == "reward" and subject[1] in jobs:
                found = jobs[subject[1]]["reward"]
                if values[0] is None:
                    continue
            elif subject[0] == "retries":
                found = retries.get(subject[1], 0)
            elif subject[0] == "grants":
                found = grants.count(subject[1])
            else:
                continue
            if found not in values:
                books.report(f"{subject} is {found}, acknowledged or on its way were {values}")

    def highest(self):
        """The highest limits that queues with limits in both directions may ever have had."""
        limits = {}
        for queue, members in START.items():
            if queue not in RISING:
                for member, first in members.items():
                    asked = self.asked.get((queue, member), first)
                    limits.setdefault(queue, {})[UNITS[member].removeprefix("limit_")] = max(first, asked)
        return limits


class Client(threading.Thread):
    """Calls londid without a pause, over one connection after another. The first client alone changes queues and gives
    feedback, so that the order of those is known."""

    def __init__(self, daemon, acknowledged, seed, number, pause=0.004, backlog=15):
        super().__init__(daemon=True, name=f"client {number}")
        self.londid = daemon
        self.acknowledged = acknowledged
        self.random = random.Random(f"{seed} {number}")
        self.number = number
        self.pause = pause
        self.backlog = backlog
        self.unfinished = 0
        self.unsure = []
        self.jobs = []
        self.completed = []
        self.serial = 0
        self.connections = 0
        self.changes_queues = number == 0
        self.failure = None
        self.ending = threading.Event()

    def run(self):
        try:
            while not self.ending.is_set():
                try:
                    connection = Varlink(self.londid.socket)
                except Gone:
                    time.sleep(0.004)
                    continue
                try:
                    self.converse(connection)
                except Gone:
                    pass
                finally:
                    connection.close()
        except Exception as error:  # The main thread reports it.
            self.failure = error

    def end(self):
        self.ending.set()
        self.join(60)
        if self.failure:
            raise self.failure

    def converse(self, connection):
        self.connections += 1
        known = {view["name"] for view in connection.call("ListQueues")["queues"]}
        if self.number == 0:
            self.make_queues(known)
        if not set(QUEUES) <= known:
            return time.sleep(0.004)
        for again in self.unsure:
            again(connection)
        self.unsure = []
        actions = [self.submit_job, self.submit_batch, self.cancel, self.look, self.results, self.budgets, self.verify,
                   self.retry]
        weights = [30, 8, 2, 15, 4, 6, 1, 3]
        if self.number == 0:
            actions += [self.feedback, self.change_queue, self.grant]
            weights += [15, 2 if self.changes_queues else 0, 1 if self.changes_queues else 0]
        while not self.ending.is_set():
            action = self.random.choices(actions, weights)[0]
            if self.unfinished > self.backlog and action in (self.submit_job, self.submit_batch):
                action = self.look
            self.acknowledged.calls += 1
            action(connection)
            time.sleep(self.random.random() * 2 * self.pause)

    def make_queues(self, known):
        for name in QUEUES.keys() - known:
            made = self.londid.ctl("queue", "create", name, *COMMON, *QUEUES[name], check=False)
            if made.returncode == 0:
                self.acknowledged.note("queue", queue=name)
            elif made.returncode not in (2, 4, 6):
                raise RuntimeError(f"londictl queue create: {made.returncode} {made.stderr}")

    def specification(self):
        specification = {"messages": [{"role": "user", "content": f"Say a word: {self.random.randrange(50)}"}]}
        verifier = self.random.choice([None, {"type": "feedback"}, {"type": "regex", "pattern": "[aeiou] "}])
        if verifier:
            specification["verifier"] = verifier
        return specification

    def submit_job(self, connection):
        self.serial += 1
        key = f"{self.number}-{self.serial}"
        queue = self.random.choice(list(QUEUES))
        now = int(time.time() * 1000)
        chance = self.random.random()
        request = dict(
            queue=queue, specification=self.specification(), idempotencyKey=key, priority=self.random.choice([None, 0, 5]),
            notBefore=now + self.random.randrange(800) if chance < 0.1 else None,
            deadline=now + self.random.randrange(4000) if chance > 0.95 else None)

        def submit(connection):
            job = connection.call("SubmitJob", **request)["job"]
            self.acknowledged.note("job", job=job, key=key, queue=queue)
            self.jobs.append(job)

        self.surely(submit, connection)

    def surely(self, act, connection):
        """What was cut off is done again, with the same key: it must not happen twice."""
        try:
            act(connection)
        except Gone:
            if self.random.random() < 0.8:
                self.unsure.append(act)
            raise

    def submit_batch(self, connection):
        self.serial += 1
        lines = []
        for index in range(self.random.randrange(1, 5)):
            body = {"model": "londi", "messages": self.specification()["messages"]}
            lines.append(json.dumps({
                "custom_id": f"{self.number}-{self.serial}-{index}", "method": "POST", "url": "/v1/chat/completions",
                "body": body, "londi": {"verifier": {"type": "regex", "pattern": "[aeiou] "}}}))
        digest = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
        queue = self.random.choice(list(QUEUES))
        abandons = self.random.random() < 0.1

        def submit(connection):
            batch = connection.call("BeginBatch", queue=queue, fileName="campaign.jsonl")["batch"]
            reply = connection.call("AppendLines", batch=batch, firstLine=1, lines=lines)
            if reply["errors"]:
                raise RuntimeError(f"londid refuses {reply['errors']}")
            if abandons:
                connection.call("AbandonBatch", batch=batch)
                return
            reply = connection.call("CommitBatch", batch=batch, sha256=digest, allowDuplicate=False)
            self.acknowledged.note(
                "batch", batch=int(reply["batch"].removeprefix("b")), queue=queue, sha256=digest, count=len(lines),
                name=reply["batch"])

        self.surely(submit, connection)

    def cancel(self, connection):
        if not self.jobs:
            return
        job = self.jobs[-1 - self.random.randrange(min(12, len(self.jobs)))]
        if connection.call("Cancel", job=job)["count"] == 1:
            self.acknowledged.note("cancel", job=job)

    def retry(self, connection):
        """Jobs of this client alone, so that the order of their retries is known. Most have not failed: refused then."""
        if self.jobs:
            job = self.jobs[-1 - self.random.randrange(min(30, len(self.jobs)))]
            self.acknowledged.count(("retries", job), lambda: connection.call("Retry", jobs=[job], cancelled=True))

    def grant(self, connection):
        queue = self.random.choice(list(QUEUES))
        amount = {"calls": 1, "tokens": 60, "gpuMilliseconds": 5_000}
        unit = {"deepthinkCalls": "calls", "deepthinkTokens": "tokens", "deepthinkGPUMilliseconds": "gpuMilliseconds"}[
            self.random.choice(list(START[queue]))]
        spend = {name: amount[name] if name == unit else 0 for name in amount}
        self.acknowledged.count(
            ("grants", queue), lambda: connection.call("GrantBudget", queue=queue, amount=spend))

    def look(self, connection):
        """What a client was shown must stay so."""
        counts = connection.call("Status")["jobs"]
        self.unfinished = counts["pending"] + counts["held"] + counts["running"]
        views = connection.call("ListJobs", limit=12)["jobs"]
        self.completed = [view["job"] for view in views if view["state"] == "completed"] or self.completed
        if self.completed:
            job = self.random.choice(self.completed)
            shown = connection.call("ShowJob", job=job)
            self.acknowledged.note(
                "answer", job=job, state=shown["job"]["state"], answer=shown["outcome"]["answer"])

    def results(self, connection):
        batches = [entry for entry in self.acknowledged.entries[-60:] if entry["kind"] == "batch"]
        if batches:
            for _ in connection.stream("Results", batch=batches[-1]["name"], follow=False):
                pass

    def budgets(self, connection):
        connection.call("ShowBudgets")
        connection.call("Spend", by=["queue", "day"])

    def verify(self, connection):
        differences = connection.call("VerifyBooks")["differences"]
        if differences:
            raise RuntimeError(f"audit verify: {differences}")

    def feedback(self, connection):
        if not self.completed:
            return
        job, reward = self.random.choice(self.completed), self.random.randrange(17) / 16
        self.change(("reward", job), reward, lambda: connection.call("Feedback", job=job, reward=reward))

    def change_queue(self, connection):
        queue = self.random.choice(list(QUEUES))
        if self.random.random() < 0.2:
            member, value = "isPaused", self.random.random() < 0.3
        else:
            member = self.random.choice(list(START[queue]))
            highest = self.acknowledged.asked.get((queue, member), START[queue][member])
            if queue not in RISING and self.random.random() < 0.5:
                value = self.random.randrange(highest + 1)
            else:
                value = self.acknowledged.asked[queue, member] = highest + STEP[member]
        self.change(
            ("queue", queue, member), value, lambda: connection.call("SetQueue", name=queue, changes={member: value}))

    def change(self, subject, value, act):
        self.acknowledged.attempt(subject, value)
        try:
            act()
        except Refused:
            self.acknowledged.withdraw(subject, value)
            raise
        self.acknowledged.settle(subject, value)


