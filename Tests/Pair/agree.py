"""Compares an exported model in llama-server with the model in torch: the same tokens, and the same answers.

Usage: agree.py quick|deepthink|scienceworld --work DIRECTORY --server LLAMA_SERVER [--states N] FILE.gguf FILE.jsonl
The last lines of the file give the prompts. Exits with 1 where more than 1 % of the answers differ, or any prompt's tokens.
"""

import argparse
import collections
import http.client
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import torch

from model import CONTEXT, SHAPES, trained, write

MOST_DIFFERENT = 0.01
SHOWN = 3


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=300)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(path, method, body=None):
    connection = UnixConnection(path)
    connection.request("GET" if body is None else "POST", method, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def wait_until_ready(server, path):
    while True:
        if server.poll() is not None:
            sys.exit(f"llama-server ended with {server.returncode}")
        try:
            if ask(path, "/health")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)


def answers(path, prompts):
    """What londid would get for each prompt: its tokens, and what is written."""
    for prompt in prompts:
        _, template = ask(path, "/apply-template", {"messages": [{"role": "user", "content": prompt}]})
        _, tokens = ask(path, "/tokenize", {"content": template["prompt"], "add_special": True, "parse_special": True})
        request = {"prompt": tokens["tokens"], "n_predict": 48, "temperature": 0}
        _, completion = ask(path, "/completion", request)
        yield tokens["tokens"], completion["content"]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("role", choices=SHAPES)
    arguments.add_argument("model")
    arguments.add_argument("file")
    arguments.add_argument("--work", type=pathlib.Path, required=True)
    arguments.add_argument("--server", required=True)
    arguments.add_argument("--states", type=int, default=300)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    model, coder, _ = trained(options.role, options.work)
    with open(options.file) as file:
        prompts = [json.loads(line)["prompt"] for line in collections.deque(file, options.states)]
    with tempfile.TemporaryDirectory() as directory, open(f"{directory}/log", "w") as log:
        path = f"{directory}/server.sock"
        server = subprocess.Popen(
            [options.server, "--model", options.model, "--host", path, "--ctx-size", str(CONTEXT), "--parallel", "1", "--threads", "1"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until_ready(server, path)
            theirs = list(answers(path, prompts))
        finally:
            server.kill()
            server.wait()
    ours = [text for first in range(0, len(prompts), 50) for text in write(model, coder, prompts[first : first + 50])]
    same_tokens = sum(tokens == coder.prompt(prompt) for (tokens, _), prompt in zip(theirs, prompts))
    same_answers = sum(text == own for (_, text), own in zip(theirs, ours))
    print(f"{options.role}: llama-server agrees with torch in {same_tokens} prompts and {same_answers} answers of {len(prompts)}")
    differences = [(text, own) for (_, text), own in zip(theirs, ours) if text != own]
    for text, own in differences[:SHOWN]:
        print(f"  llama-server {text!r}\n  torch        {own!r}")
    sys.exit(same_tokens < len(prompts) or same_answers < (1 - MOST_DIFFERENT) * len(prompts))


if __name__ == "__main__":
    main()
