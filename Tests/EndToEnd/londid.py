"""Runs a real londid with a real llama-server and real weights for the end-to-end tests.

The environment names what to run: LONDI_BIN (a directory with londid and londictl), LONDI_TEST_LLAMA_SERVER and
LONDI_TEST_MODEL (a small GGUF file, served in both roles).
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

BIN = pathlib.Path(os.environ["LONDI_BIN"])
SERVER = os.environ["LONDI_TEST_LLAMA_SERVER"]
MODEL = os.environ["LONDI_TEST_MODEL"]


class Londid:
    """One state directory and, while it runs, the londid that owns it."""

    def __init__(self, configuration=None, model=MODEL):
        # A Unix socket's path holds 107 bytes, so the directory's name is short.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="londi-", dir="/tmp"))
        self.configuration = self.directory / "londid.conf"
        self.configuration.write_text(configuration or self.default_configuration(model))
        self.log = self.directory / "log"
        self.process = None
        # What londid is started by, such as a program that enters a namespace.
        self.starter = []
        self.mode = ["--user"]

    def default_configuration(self, model=MODEL, quick="", deepthink="", daemon="", deepthink_model=None, context=2048):
        return f"""[Daemon]
StateDirectory={self.directory}/state
RuntimeDirectory={self.directory}/run
LlamaServer={SERVER}
StepSeconds=60
{daemon}
[Quick]
Model={model}
Context={context}
Slots=2
Threads=1
{quick}
[Deepthink]
Model={deepthink_model or model}
Context={context}
Slots=2
Threads=1
{deepthink}
"""

    def start(self, wait=True, environment=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.starter, BIN / "londid", *self.mode, "--config", self.configuration], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={**os.environ, **(environment or {})})
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=60):
        """Until both models are ready."""
        self.wait_for(lambda: self.is_ready(), seconds, "both models are ready")

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"londid ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
        status = self.ctl("status", "--json", check=False)
        return status.returncode == 0 and all(engine["state"] == "ready" for engine in json.loads(status.stdout)["engines"])

    def wait_for(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def ctl(self, *arguments, check=True, input=None, timeout=300):
        result = subprocess.run(
            [BIN / "londictl", "--socket", self.directory / "run/io.londi", *map(str, arguments)], text=True,
            input=input, capture_output=True, timeout=timeout)
        if check and result.returncode != 0:
            raise AssertionError(f"londictl {' '.join(map(str, arguments))}: {result.returncode}\n{result.stderr}")
        return result

    def json(self, *arguments, check=True):
        return json.loads(self.ctl(*arguments, "--json", check=check).stdout)

    def submit(self, lines, queue="q", *arguments):
        """Submits batch lines (dictionaries) and returns the batch's id."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return self.ctl("submit", "--queue", queue, "-f", "-", "--parsable", *arguments, input=text).stdout.strip()

    def results(self, batch):
        return [json.loads(line) for line in self.ctl("results", batch).stdout.splitlines()]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=60):
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(seconds)

    def run(self, *arguments):
        """londid with other arguments, to its end."""
        return subprocess.run(
            [BIN / "londid", "--user", "--config", self.configuration, *map(str, arguments)], capture_output=True, text=True,
            timeout=60)

    def engines(self):
        """The pids of londid's llama-servers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for file in children for pid in file.read_text().split()]

    def remove(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory)


def line(custom_id, content, **londi):
    """One batch line."""
    body = {"model": "londi", "messages": [{"role": "user", "content": content}]}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body, "londi": londi}


class Books:
    """For test cases: what a batch came to, step by step."""

    def steps(self, daemon, batch):
        """Every attempt at every step of a batch, by job."""
        jobs = daemon.json("list", "--batch", batch)["jobs"]
        return {job["job"]: daemon.json("explain", job["job"])["steps"] for job in jobs}

    def check_complete(self, daemon, batch, count):
        """Every job answered once, no step twice, and the books agree."""
        results = daemon.results(batch)
        self.assertEqual(len({row["custom_id"] for row in results}), count)
        self.assertEqual(len(results), count)
        for job, steps in self.steps(daemon, batch).items():
            written = [step["index"] for step in steps if step["state"] == "written"]
            self.assertEqual(written, list(range(len(written))), f"job {job}")
        daemon.ctl("audit", "verify")
