"""Claim and complete no-op jobs with three queues from PyPI, each at its own default durability and with synchronous=FULL.

Usage: peers.py DIRECTORY [JOBS]; prints one line for each. A cycle takes a job and marks it done, one job at a time, as
`londi-bench queue` does it with Londi's store (which also begins and ends an episode and keeps an answer).
"""

import importlib.metadata
import os
import sys
import tempfile
import time

import huey
import litequeue
import persistqueue


class Litequeue:
    """Claims with pop(), completes with done(). Its default is WAL with synchronous=NORMAL."""

    package = "litequeue"

    def __init__(self, directory, full):
        self.queue = litequeue.LiteQueue(os.path.join(directory, "queue.sqlite"))
        if full:
            self.queue.conn.execute("PRAGMA synchronous = FULL")
        self.connection = self.queue.conn

    def fill(self, count):
        for number in range(count):
            self.queue.put(f"job {number}")

    def cycle(self):
        self.queue.done(self.queue.pop().message_id)


class Huey:
    """Takes a message, executes an empty task, and stores no result. Its default leaves SQLite's synchronous."""

    package = "huey"

    def __init__(self, directory, full):
        self.queue = huey.SqliteHuey(
            filename=os.path.join(directory, "queue.sqlite"), results=False, **({"fsync": True} if full else {}))
        self.task = self.queue.task()(lambda: None)
        self.connection = self.queue.storage.conn

    def fill(self, count):
        for _ in range(count):
            self.task()

    def cycle(self):
        self.queue.execute(self.queue.dequeue())


class PersistQueue:
    """SQLiteAckQueue: get() marks a job as taken, ack() as done. It has no setting for durability but its pragma."""

    package = "persist-queue"

    def __init__(self, directory, full):
        self.queue = persistqueue.SQLiteAckQueue(directory, multithreading=False, auto_commit=True)
        self.connection = self.queue._conn
        if full:
            self.connection.execute("PRAGMA synchronous = FULL")

    def fill(self, count):
        for number in range(count):
            self.queue.put(f"job {number}")

    def cycle(self):
        self.queue.ack(self.queue.get())


def main():
    directory = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    for place, title in ((directory, "disk"), ("/dev/shm", "tmpfs")):
        for kind in (Litequeue, Huey, PersistQueue):
            for full in (False, True):
                with tempfile.TemporaryDirectory(dir=place) as work:
                    queue = kind(work, full)
                    queue.fill(count)
                    synchronous = queue.connection.execute("PRAGMA synchronous").fetchone()[0]
                    journal = queue.connection.execute("PRAGMA journal_mode").fetchone()[0]
                    start, processor = time.perf_counter(), time.process_time()
                    for _ in range(count):
                        queue.cycle()
                    rate = count / (time.perf_counter() - start)
                    processor = (time.process_time() - processor) / count * 1e6
                    mode = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}[synchronous]
                    print(
                        f"{title}: {kind.package} {importlib.metadata.version(kind.package)}"
                        f" ({'set to' if full else 'default'} {mode}, {journal}): {rate:.0f} jobs/s,"
                        f" processor time of a cycle {processor:.0f} us", flush=True)


main()
