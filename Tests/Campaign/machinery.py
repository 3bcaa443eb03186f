"""What the campaigns run: londid, the llama-servers that it uses by URL, and a small Varlink client.

The environment names what to run: LONDI_BIN (a directory with the release londid and londictl), LONDI_TEST_LLAMA_SERVER
and LONDI_TEST_MODEL (a small GGUF file, served in both roles).
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

BIN = pathlib.Path(os.environ["LONDI_BIN"])
SERVER = os.environ["LONDI_TEST_LLAMA_SERVER"]
MODEL = os.environ["LONDI_TEST_MODEL"]
# A library for londid alone, where tsan.sh names one.
PRELOADED = {"LD_PRELOAD": os.environ["LONDI_PRELOAD"]} if "LONDI_PRELOAD" in os.environ else {}


class Violation(Exception):
    """Something that Londi promises does not hold."""


class Gone(Exception):
    """The connection ended: whether the call was carried out is unknown."""


class Refused(Exception):
    """An error reply."""

    def __init__(self, error, parameters):
        super().__init__(f"{error} {json.dumps(parameters)}")
        self.error = error.rpartition(".")[2]
        self.parameters = parameters


class Varlink:
    """One connection. Members that are None are left out."""

    def __init__(self, path, seconds=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.rest = b""
        try:
            self.socket.connect(str(path))
        except OSError as error:
            self.socket.close()
            raise Gone(str(error)) from error

    def call(self, method, **parameters):
        self.send(method, parameters, more=False)
        return self.receive()[0]

    def stream(self, method, **parameters):
        """Every reply of a call with `more`."""
        self.send(method, parameters, more=True)
        goes_on = True
        while goes_on:
            reply, goes_on = self.receive()
            yield reply

    def send(self, method, parameters, more):
        given = {name: value for name, value in parameters.items() if value is not None}
        message = {"method": f"io.londi.{method}", "parameters": given}
        if more:
            message["more"] = True
        try:
            self.socket.sendall(json.dumps(message).encode() + b"\0")
        except TimeoutError as error:
            raise Violation(f"londid did not take {method} within {self.socket.gettimeout()} s") from error
        except OSError as error:
            raise Gone(str(error)) from error

    def receive(self):
        while b"\0" not in self.rest:
            try:
                chunk = self.socket.recv(65536)
            except TimeoutError as error:
                raise Violation(f"londid did not answer within {self.socket.gettimeout()} s") from error
            except OSError as error:
                raise Gone(str(error)) from error
            if not chunk:
                raise Gone("end of file")
            self.rest += chunk
        frame, _, self.rest = self.rest.partition(b"\0")
        reply = json.loads(frame)
        if "error" in reply:
            raise Refused(reply["error"], reply.get("parameters", {}))
        return reply.get("parameters", {}), reply.get("continues", False)

    def close(self):
        self.socket.close()


class ModelServer:
    """A llama-server on a Unix socket that outlives londid."""

    def __init__(self, directory, role, slots=4):
        self.path = pathlib.Path(directory) / f"{role}.sock"
        self.slots = slots
        self.process = None
        self.start()

    def start(self):
        self.path.unlink(missing_ok=True)
        command = [
            SERVER, "-m", MODEL, "-c", str(1024 * self.slots), "-np", str(self.slots), "--no-kv-unified", "--cache-ram", "0",
            "-b", "256", "-ub", "256", "-t", "1", "--host", str(self.path)]
        # Below londid and the clients, so that a busy model never delays a kill.
        self.process = subprocess.Popen(
            ["nice", "-n", "5", *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_WAIT_POLICY": "passive", "GGML_NO_BACKTRACE": "1"})

    def wait_ready(self, seconds=120):
        end = time.monotonic() + seconds
        while not self.is_healthy():
            if self.process.poll() is not None:
                raise RuntimeError(f"llama-server ended with {self.process.returncode}")
            if time.monotonic() > end:
                raise RuntimeError(f"llama-server did not load {MODEL} within {seconds} s")
            time.sleep(0.02)

    def is_healthy(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            try:
                client.connect(str(self.path))
                client.sendall(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return b" 200 " in client.recv(64)
            except OSError:
                return False

    def kill(self):
        self.process.kill()
        self.process.wait()


class Daemon:
    """One state directory and, while it runs, the londid that owns it."""

    def __init__(self, directory, quick=None, deepthink=None, workers=2, drain_seconds=10):
        """With the sockets of two servers; without, londid starts its own."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket = self.directory / "run/io.londi"
        self.state = self.directory / "state"
        self.log = self.directory / "log"
        self.configuration = self.directory / "londid.conf"
        self.process = None
        roles = "".join(
            f"[{title}]\nContext=1024\nSlots={workers}\n" + (f"Url=unix:{path}\n" if path else f"Model={MODEL}\nThreads=1\n")
            for title, path in [("Quick", quick), ("Deepthink", deepthink)])
        self.configuration.write_text(
            f"[Daemon]\nStateDirectory={self.state}\nRuntimeDirectory={self.directory}/run\nLlamaServer={SERVER}\n"
            f"StepSeconds=5\nDrainSeconds={drain_seconds}\n{roles}")

    def start(self, prefix=(), environment=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*prefix, BIN / "londid", "--user", "--config", self.configuration], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={**os.environ, **PRELOADED, **(environment or {})})

    def kill(self):
        """SIGKILL. An end of its own before that is a violation."""
        status = self.process.poll()
        if status is not None:
            raise Violation(f"londid ended by itself with {status}:\n{self.tail()}")
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM, and a clean end."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise Violation(f"londid did not stop within {seconds} s of SIGTERM:\n{self.tail()}") from error
        if status != 0:
            raise Violation(f"londid stopped with {status}:\n{self.tail()}")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def tail(self):
        return self.log.read_text(errors="replace")[-2000:]

    def connect(self, seconds=30, timeout=20):
        """A connection, as soon as londid takes one."""
        end = time.monotonic() + seconds
        while True:
            try:
                return Varlink(self.socket, timeout)
            except Gone:
                if self.process.poll() is not None:
                    raise
                if time.monotonic() > end:
                    raise Violation(f"londid took no connection within {seconds} s:\n{self.tail()}")
                time.sleep(0.003)

    def children(self):
        files = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for file in files for pid in file.read_text().split()]

    def ctl(self, *arguments, check=True, seconds=60):
        result = subprocess.run(
            [BIN / "londictl", "--socket", self.socket, *map(str, arguments)], text=True, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=seconds)
        if check and result.returncode != 0:
            raise Violation(f"londictl {' '.join(map(str, arguments))}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result
