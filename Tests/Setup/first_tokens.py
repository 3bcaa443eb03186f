"""Has a llama-server generate tokens, as a check of its build: a miscompiled one ends at its first computation.

Usage: first_tokens.py LLAMA_SERVER MODEL.gguf; exits with 1 and says why if that fails.
"""

import http.client
import json
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

LOAD_SECONDS = 300
ANSWER_SECONDS = 120


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(self.path)


def ask(path, method, route, body=None):
    connection = Connection(path)
    try:
        connection.request(method, route, body and json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_until_loaded(server, path):
    end = time.monotonic() + LOAD_SECONDS
    while time.monotonic() < end:
        code = server.poll()
        if code is not None:
            raise RuntimeError(ending(code))
        try:
            if ask(path, "GET", "/health")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"it did not load the model within {LOAD_SECONDS} s")


def ending(code):
    return f"it ended by {signal.Signals(-code).name}" if code < 0 else f"it ended with status {code}"


def generate(server, path):
    # Long enough for the kernels that read a prompt at once, which differ from those that write one token.
    body = {"prompt": "One, two, three, four, five, six, seven, " * 10, "n_predict": 8, "temperature": 0, "n_probs": 1}
    try:
        status, answer = ask(path, "POST", "/completion", body)
    except (OSError, http.client.HTTPException) as error:
        try:
            raise RuntimeError(ending(server.wait(5)) + " when it was asked for tokens")
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"it gave no tokens: {error}")
    if status != 200:
        raise RuntimeError(f"it answered {status}: {answer[:200].decode(errors='replace')}")
    answer = json.loads(answer)
    probabilities = [token.get("logprob") for token in answer.get("completion_probabilities", [])]
    if not probabilities or not all(isinstance(value, (int, float)) and math.isfinite(value) for value in probabilities):
        raise RuntimeError(f"its tokens' log-probabilities are no numbers: {probabilities}")


def main():
    executable, model = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="first-tokens-") as directory:
        path = os.path.join(directory, "server.sock")
        log_path = os.path.join(directory, "log")
        with open(log_path, "wb") as log:
            server = subprocess.Popen(
                [executable, "--model", model, "--ctx-size", "512", "--parallel", "1", "--host", path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "GGML_NO_BACKTRACE": "1", "OMP_WAIT_POLICY": "passive"})
        try:
            wait_until_loaded(server, path)
            generate(server, path)
        except RuntimeError as error:
            with open(log_path, errors="replace") as log:
                lines = [line.rstrip() for line in log][-3:]
            sys.exit(f"error: {executable} does not work with {os.path.basename(model)}: {error}"
                     + "".join(f"\n  {line}" for line in lines))
        finally:
            server.kill()
            server.wait()


main()
