"""A state as the first release left it: only its migration, and jobs that no londid of today has seen."""

import hashlib
import json
import pathlib
import sqlite3
import time

MIGRATION = pathlib.Path(__file__).parents[2] / "migrations/0001_initial.sql"


def make(state, queues, jobs_each, uid=0):
    """Makes the state directory, with queues of that name whose DEEPTHINK limits are given by their columns, and pending
    jobs in each. Returns [(job, key, queue)]."""
    state = pathlib.Path(state)
    state.mkdir(mode=0o700, parents=True)
    path = state / "state.sqlite"
    path.touch(mode=0o600)
    database = sqlite3.connect(path, isolation_level=None)
    # As a londid that was stopped leaves it: everything in the database, which will use a log again.
    database.execute("PRAGMA journal_mode = WAL")
    script = MIGRATION.read_bytes()
    database.executescript("BEGIN;" + script.decode() + "COMMIT;")
    now = int(time.time() * 1000)
    database.execute(
        "INSERT INTO migration (name, sha256, applied_at_ms) VALUES ('0001_initial', ?, ?)",
        (hashlib.sha256(script).hexdigest(), now))
    database.execute("INSERT INTO epoch (opened_at_ms) VALUES (?)", (now,))
    made = []
    for queue, limits in queues.items():
        row = {"name": queue, "time_zone": "UTC", "on_budget": "quick", "switcher_kind": "random", "switcher_cost": 0,
               "switcher_parameter": 0.5, "exploration_rate": 0, "exploration_share": 0, "max_steps": 3, "step_tokens": 4,
               "max_attempts": 3, "is_paused": 0, "created_at_ms": now, **limits}
        insert(database, "queue", row)
        for number in range(jobs_each):
            key = f"first-schema-{queue}-{number}"
            job = insert(database, "job", {
                "queue": queue, "submitter_uid": uid, "submitter_name": "root", "state": "pending",
                "pending_reason": "Priority", "priority": 0, "created_at_ms": now, "idempotency_key": key})
            messages = [{"role": "user", "content": f"Say a word: {number}"}]
            insert(database, "payload", {"job": job, "specification": json.dumps({"messages": messages})})
            made.append((job, key, queue))
    database.close()
    return made


def insert(database, table, row):
    places = ", ".join("?" * len(row))
    return database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values())).lastrowid
