"""Recomputes everything that must be true of londid's state from the SQLite file alone, without Londi's code."""

import hashlib
import pathlib
import shutil
import sqlite3

from machinery import Violation

TERMINAL = ("completed", "failed", "cancelled", "timeout")
LEDGER = ("seq at_ms day queue submitter_uid batch job episode step role model kind is_exploration calls prompt_tokens "
          "cached_tokens generated_tokens gpu_ms").split()


def copy_state(state, directory):
    """Copies the files of a londid that does not run. The copy is opened instead of them, so that nothing that a check
    does (SQLite recovers the write-ahead log, and cuts it) can help the next start along."""
    directory = pathlib.Path(directory)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for suffix in ["", "-wal"]:
        source = pathlib.Path(state) / f"state.sqlite{suffix}"
        if source.exists():
            shutil.copyfile(source, directory / source.name)
    return directory / "state.sqlite"


class Books:
    """One state of the database, between two transactions. `problems` has a line for everything that is wrong."""

    def __init__(self, path):
        self.problems = []
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.row_factory = sqlite3.Row
        self.tables = tables = {row[0] for row in self.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        # A start that was cut off within the first migration leaves nothing at all.
        self.is_empty = not tables
        if tables and "migration" not in tables:
            self.report(f"half a migration: only {sorted(tables)}")
            self.is_empty = True

    def close(self):
        self.database.close()

    def rows(self, sql, *values):
        return self.database.execute(sql, values).fetchall()

    def value(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def columns(self, table):
        return {row["name"] for row in self.rows(f"SELECT name FROM pragma_table_info('{table}')")}

    def report(self, text):
        self.problems.append(text)

    def expect_none(self, what, sql, *values):
        for row in self.rows(sql, *values)[:5]:
            self.report(f"{what}: {dict(row)}")

    @property
    def migrations(self):
        return 0 if self.is_empty else self.value("SELECT count(*) FROM migration")

    def retries(self):
        """How often each job was begun anew by its user."""
        return {int(row[0]): row[1] for row in self.rows("""
            SELECT subject, count(*) FROM admin_event WHERE action = 'job.retry' GROUP BY subject""")}

    def grants(self):
        """What was added to the limits of queues, by row."""
        return self.rows("SELECT * FROM budget_grant") if "budget_grant" in self.tables else []

    @property
    def epoch(self):
        return 0 if self.is_empty else self.value("SELECT coalesce(max(number), 0) FROM epoch")

    def check(self, rising=(), highest=None):
        """
        rising: queues whose limits were never lowered, so that what is spent and reserved never exceeds the present ones.
        highest: for other queues the highest limits that they ever had, by column.
        """
        if self.is_empty:
            return self
        self.check_file()
        self.check_chain()
        self.check_sums()
        self.check_steps()
        self.check_jobs()
        self.check_batches()
        self.check_outcomes()
        self.check_policies()
        self.check_budgets(rising, highest or {})
        self.check_job_calls(rising)
        return self

    def check_file(self):
        found = [row[0] for row in self.rows("PRAGMA integrity_check")]
        if found != ["ok"]:
            self.report(f"integrity_check: {found[:5]}")
        self.expect_none("foreign key", "PRAGMA foreign_key_check")

    def check_chain(self):
        previous, count = bytes(32), 0
        for row in self.database.execute("SELECT * FROM ledger_entry ORDER BY seq"):
            count += 1
            text = ""
            for name in LEDGER:
                word = "" if row[name] is None else str(row[name])
                text += f"{len(word.encode())}:{word},"
            seal = hashlib.sha256(previous + text.encode()).digest()
            if row["seq"] != count or row["previous_hash"] != previous or row["hash"] != seal:
                return self.report(f"ledger entry {row['seq']} does not follow entry {count - 1}")
            previous = seal
        given = self.rows("SELECT seq FROM sqlite_sequence WHERE name = 'ledger_entry'")
        if (given[0][0] if given else 0) != count:
            self.report(f"the ledger has {count} entries and gave {given[0][0]} numbers")

    def check_sums(self):
        sums = {}
        for row in self.rows("SELECT * FROM ledger_entry WHERE role = 'deepthink'"):
            key = (row["queue"], row["day"])
            old = sums.get(key, (0, 0, 0, 0))
            tokens = row["prompt_tokens"] + row["generated_tokens"]
            new = (row["calls"], tokens, row["gpu_ms"], row["calls"] * row["is_exploration"])
            sums[key] = tuple(a + b for a, b in zip(old, new))
        counted = {
            (row["queue"], row["day"]): (row["calls"], row["tokens"], row["gpu_ms"], row["exploration_calls"])
            for row in self.rows("SELECT * FROM budget_day") if any(row[name] for name in ("calls", "tokens", "gpu_ms"))}
        if sums != counted:
            self.report(f"the counters {counted} are not the ledger's sums {sums}")
        # Each step's own numbers, joined here and not by the database.
        steps = {row["id"]: row for row in self.rows("SELECT * FROM step")}
        episodes = {row["id"]: row["job"] for row in self.rows("SELECT id, job FROM episode")}
        jobs = {row["id"]: row for row in self.rows("SELECT id, queue, batch, submitter_uid FROM job")}
        entered = set()
        for entry in self.rows("SELECT * FROM ledger_entry"):
            step = steps.get(entry["step"])
            if step is None or entry["step"] in entered:
                self.report(f"ledger entry {entry['seq']} has no step of its own")
                continue
            entered.add(entry["step"])
            job = jobs[episodes[step["episode"]]]
            for name in "role model day is_exploration episode prompt_tokens cached_tokens generated_tokens gpu_ms".split():
                if entry[name] != step[name]:
                    self.report(f"step {step['id']}: {name} {step[name]}, in the ledger {entry[name]}")
            for name, value in [("job", job["id"]), *((name, job[name]) for name in ("queue", "batch", "submitter_uid"))]:
                if entry[name] != value:
                    self.report(f"ledger entry {entry['seq']}: {name} {entry[name]}, its job's {value}")
            if (entry["kind"] == "step") != (step["state"] == "written"):
                self.report(f"step {step['id']} is {step['state']}, in the ledger {entry['kind']}")
        for step in steps.values():
            if step["id"] not in entered and (step["state"] == "written" or any(
                    step[name] for name in ("prompt_tokens", "generated_tokens", "gpu_ms"))):
                self.report(f"step {step['id']} used something and has no ledger entry")
            if step["id"] in entered and step["state"] == "running":
                self.report(f"step {step['id']} runs and is settled")

    def check_steps(self):
        self.expect_none("a step written twice", """
            SELECT episode, idx, count(*) AS n FROM step WHERE state = 'written' GROUP BY episode, idx HAVING n > 1""")
        self.expect_none("a gap in an episode", """
            SELECT episode, count(*) AS n, max(idx) AS last FROM step WHERE state = 'written' GROUP BY episode
            HAVING n <> last + 1""")
        self.expect_none("two running steps of an episode", """
            SELECT episode, count(*) AS n FROM step WHERE state = 'running' GROUP BY episode HAVING n > 1""")
        self.expect_none("a running step of a job that waits, or of an older start", """
            SELECT step.id, job.id AS job, job.state, step.epoch FROM step JOIN episode ON episode.id = step.episode
                JOIN job ON job.id = episode.job
            WHERE step.state = 'running' AND (step.epoch <> (SELECT max(number) FROM epoch)
                -- Of a job that was cancelled and begun anew at once, the step of before may still end.
                OR step.episode IS job.episode AND job.state NOT IN ('running', 'cancelled', 'timeout'))""")
        self.expect_none("a reservation that is not its step's", """
            SELECT step.id AS step, step.state AS step_state, reservation.state, ledger_entry.seq FROM step
                LEFT JOIN reservation ON reservation.step = step.id LEFT JOIN ledger_entry ON ledger_entry.step = step.id
            WHERE step.role = 'deepthink' AND coalesce(reservation.state, 'none') <> CASE
                WHEN step.state = 'running' THEN 'open' WHEN ledger_entry.seq IS NULL THEN 'released' ELSE 'settled' END""")
        self.expect_none("a reservation of QUICK", """
            SELECT step.id FROM reservation JOIN step ON step.id = reservation.step WHERE step.role = 'quick'""")
        if "draft" in self.columns("step"):
            self.check_drafts()

    def check_drafts(self):
        self.expect_none("a draft that is not what its step is, or has no ledger entry", """
            SELECT step.id, step.draft, step.state, step.role, ledger_entry.kind FROM step
                LEFT JOIN ledger_entry ON ledger_entry.step = step.id
            WHERE step.draft IS NOT NULL AND (step.role <> 'quick' OR ledger_entry.seq IS NULL
                OR step.state <> iif(step.draft = 'kept', 'written', 'abandoned'))""")
        self.expect_none("a replaced draft without the DEEPTHINK step that took its place", """
            SELECT draft.id FROM step AS draft WHERE draft.draft = 'replaced' AND 1 <> (
                SELECT count(*) FROM step WHERE step.role = 'deepthink' AND step.id = draft.id + 1
                    AND step.episode = draft.episode AND step.idx = draft.idx AND step.epoch = draft.epoch)""")

    def check_job_calls(self, rising):
        """No episode has made more DEEPTHINK calls than its job, or a queue whose limit never changed, lets it make."""
        if "deepthink_calls" not in self.columns("job"):
            return
        for row in self.rows("""
                SELECT episode.id, job.queue, count(*) AS calls, job.deepthink_calls, queue.deepthink_calls_per_job
                FROM reservation JOIN step ON step.id = reservation.step JOIN episode ON episode.id = step.episode
                    JOIN job ON job.id = episode.job JOIN queue ON queue.name = job.queue
                WHERE reservation.state <> 'released' GROUP BY episode.id"""):
            limits = [row["deepthink_calls"], row["deepthink_calls_per_job"] if row["queue"] in rising else None]
            if any(limit is not None and row["calls"] > limit for limit in limits):
                self.report(f"episode {row['id']} of queue {row['queue']} made {row['calls']} calls of {limits}")

    def check_jobs(self):
        self.expect_none("a job whose episode ended and it not, or it and its episode not", """
            SELECT job.id, job.state, episode.end_reason FROM job JOIN episode ON episode.id = job.episode
            WHERE (job.ended_at_ms IS NULL) <> (episode.ended_at_ms IS NULL)""")
        self.expect_none("a job with more episodes than its retries allow", """
            SELECT job, count(*) AS n FROM episode GROUP BY job HAVING n > 1 +
                (SELECT count(*) FROM admin_event WHERE action = 'job.retry' AND subject = cast(job AS TEXT))""")
        self.expect_none("a completed job without its one answer, or another job with one", """
            SELECT job.id, job.state, count(answer.episode) AS answers FROM job
                LEFT JOIN answer ON answer.episode = job.episode
            GROUP BY job.id HAVING answers <> (job.state = 'completed') AND job.state <> 'failed' OR answers > 1""")
        self.expect_none("a job that failed more often than it may", """
            SELECT job.id, failed_attempts, coalesce(job.max_attempts, queue.max_attempts) AS most
            FROM job JOIN queue ON queue.name = job.queue WHERE failed_attempts > most""")
        self.expect_none("two jobs of one key", """
            SELECT idempotency_key, count(*) AS n FROM job WHERE idempotency_key IS NOT NULL
            GROUP BY submitter_uid, idempotency_key HAVING n > 1""")
        self.expect_none("a job without its payload", """
            SELECT job.id FROM job LEFT JOIN payload ON payload.job = job.id WHERE payload.job IS NULL""")
        self.expect_none("a job running under an older start", """
            SELECT id, epoch FROM job WHERE state = 'running' AND epoch <> (SELECT max(number) FROM epoch)""")

    def check_batches(self):
        self.expect_none("a batch that has not the jobs of its lines", """
            SELECT batch.id, batch.state, job_count, count(job.id) AS jobs, count(DISTINCT line) AS lines
            FROM batch LEFT JOIN job ON job.batch = batch.id WHERE batch.state = 'ready' GROUP BY batch.id
            HAVING jobs <> job_count OR lines <> job_count""")
        self.expect_none("a staged job of a batch that was accepted, or another job of one that was not", """
            SELECT job.id, job.state, batch.state AS batch_state FROM job JOIN batch ON batch.id = job.batch
            WHERE (job.state = 'staged') = (batch.state = 'ready')""")
        self.expect_none("one file queued twice", """
            SELECT queue, sha256, count(*) AS n FROM batch WHERE state = 'ready' GROUP BY queue, submitter_uid, sha256
            HAVING n > 1""")

    def check_outcomes(self):
        self.expect_none("a job whose reward is not its latest outcome's", """
            SELECT job.id, job.reward, outcome.reward AS latest FROM job LEFT JOIN outcome ON outcome.seq =
                (SELECT max(seq) FROM outcome WHERE outcome.episode = job.episode)
            WHERE job.reward IS NOT outcome.reward""")
        self.expect_none("an episode judged twice by a machine", """
            SELECT episode, count(*) AS n FROM outcome WHERE source <> 'feedback' GROUP BY episode HAVING n > 1""")
        self.expect_none("an outcome whose transitions are not its episode's steps, or not worth its reward", """
            SELECT outcome.seq, outcome.reward, count(transition.step) AS transitions, sum(transition.reward) AS worth,
                (SELECT count(*) FROM step WHERE step.episode = outcome.episode AND step.state = 'written') AS steps
            FROM outcome LEFT JOIN transition ON transition.outcome = outcome.seq GROUP BY outcome.seq
            HAVING transitions <> steps OR abs(worth - outcome.reward) > 1e-6""")

    def check_policies(self):
        versions = {}
        for queue, version, _ in self.policies():
            versions.setdefault(queue, []).append(version)
        for queue, numbers in versions.items():
            if sorted(numbers) != list(range(1, len(numbers) + 1)):
                self.report(f"policies {queue} are the versions {sorted(numbers)}")
        for row in self.rows("SELECT * FROM policy_snapshot"):
            if hashlib.sha256(row["weights"]).hexdigest() != row["sha256"]:
                self.report(f"policy {row['queue']} version {row['version']}: the weights' hash is another")
        if self.columns("policy_event"):
            self.expect_none("a version in force that is not there", """
                SELECT event.queue, event.version FROM policy_event AS event
                WHERE event.seq = (SELECT max(seq) FROM policy_event WHERE queue = event.queue)
                    AND event.version IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM policy_snapshot AS kept
                        WHERE kept.queue = event.queue AND kept.version = event.version)""")

    def policies(self):
        """Queue, version and hash of each version that there was: of the oldest ones the weights may be gone."""
        rows = [tuple(row) for row in self.rows("SELECT queue, version, sha256 FROM policy_snapshot")]
        if self.columns("pruned_policy"):
            rows += [tuple(row) for row in self.rows("SELECT queue, version, sha256 FROM pruned_policy")]
        return rows

    def check_budgets(self, rising, highest):
        used = {}
        for sql in ["SELECT queue, day, calls, prompt_tokens + generated_tokens AS tokens, gpu_ms FROM ledger_entry"
                    " WHERE role = 'deepthink'",
                    "SELECT queue, day, calls, tokens, gpu_ms FROM reservation WHERE state = 'open'"]:
            for row in self.rows(sql):
                amount = used.setdefault((row["queue"], row["day"]), {"calls": 0, "tokens": 0, "gpu_ms": 0})
                for unit in amount:
                    amount[unit] += row[unit]
        limits = {row["name"]: row for row in self.rows("SELECT * FROM queue")}
        granted = self.grants()
        for (queue, day), amount in used.items():
            for unit, value in amount.items():
                more = sum(row[unit] for row in granted if row["queue"] == queue and row["first_day"] <= day <= row["last_day"])
                if queue in rising:
                    limit = limits[queue][f"limit_{unit}"]
                else:
                    limit = highest.get(queue, {}).get(unit)
                if limit is not None and value > limit + more:
                    self.report(f"queue {queue} day {day}: {value} {unit} spent and reserved of {limit} + {more}")

    def check_idle(self):
        """Also what only holds when nothing is left to do."""
        self.expect_none("a job that has not ended", f"SELECT id, state, pending_reason FROM job WHERE state NOT IN {TERMINAL}")
        self.expect_none("an open reservation", "SELECT * FROM reservation WHERE state = 'open'")
        self.expect_none("a running step", "SELECT id FROM step WHERE state = 'running'")
        self.expect_none("an open batch", "SELECT id FROM batch WHERE state = 'validating'")
        return self


class History:
    """What was durable at one look must be there unchanged at every later one."""

    def __init__(self):
        self.facts = {}

    def check(self, books):
        if books.is_empty:
            if self.facts:
                books.report("the database is empty again")
            return
        facts = {}
        retries = books.retries()
        for row in books.rows("""
                SELECT job.id, job.state, job.ended_at_ms, job.attempt, answer.text FROM job
                    LEFT JOIN answer ON answer.episode = job.episode WHERE job.ended_at_ms IS NOT NULL"""):
            facts["the end of job", (row["id"], retries.get(row["id"], 0))] = tuple(row)[1:]
        for row in books.rows("SELECT seq, hash FROM ledger_entry"):
            facts["ledger entry", row["seq"]] = row["hash"]
        for row in books.rows("SELECT * FROM step WHERE state <> 'running'"):
            facts["step", row["id"]] = tuple(row)
        for row in books.rows("SELECT seq, job, reward, source FROM outcome"):
            facts["outcome", row["seq"]] = tuple(row)
        for row in books.rows("SELECT seq, action, subject, detail FROM admin_event"):
            facts["administrative event", row["seq"]] = tuple(row)
        for queue, version, sha256 in books.policies():
            facts["policy", (queue, version)] = sha256
        if books.columns("policy_event"):
            for row in books.rows("SELECT * FROM policy_event"):
                facts["policy event", row["seq"]] = tuple(row)
        for row in books.rows("SELECT id, sha256, job_count FROM batch WHERE state = 'ready'"):
            facts["batch", row["id"]] = tuple(row)
        for row in books.rows("SELECT id, queue, idempotency_key FROM job WHERE state <> 'staged'"):
            facts["job", row["id"]] = tuple(row)
        # A job that was begun anew since has lost its end, and nothing else. That it was is a fact itself.
        kept = [name for name in self.facts
                if name[0] != "the end of job" or name[1][1] == retries.get(name[1][0], 0)]
        lost = [name for name in kept if self.facts[name] != facts.get(name) and not self.is_corrected(name, facts)]
        for name in lost[:5]:
            books.report(f"{name[0]} {name[1]} was {self.facts[name]} and is now {facts.get(name)}")
        self.facts = facts


    def is_corrected(self, name, facts):
        """A feedback that is gone, as it may be once eight newer ones have corrected it."""
        kind, seq = name
        if kind != "outcome" or name in facts:
            return False
        _, job, _, source = self.facts[name]
        newer = [fact for (other, number), fact in facts.items()
                 if other == "outcome" and number > seq and fact[1] == job and fact[3] == "feedback"]
        return source == "feedback" and len(newer) >= 8


def require_sound(books, where):
    if books.problems:
        raise Violation(f"{where}:\n  " + "\n  ".join(books.problems))
