#!/usr/bin/python3
"""A llama-server without a model, which ends or hangs when a request holds certain words.

Usage: mortal.py --model GGUF --host SOCKET ...
Its tokens are the bytes of a text, and its answer is `yes`. A request to PATH whose text says "die at PATH" ends it with
signal 11; one that says "hang at PATH" stops the whole process.
"""

import json
import os
import signal
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler

CONTEXT = 4096


def option(name):
    return sys.argv[sys.argv.index(name) + 1]


def text_of(path, body):
    if path == "/apply-template":
        return "\n".join(message["content"] for message in body["messages"])
    if path == "/tokenize":
        return body["content"]
    if path == "/completion":
        return bytes(body["prompt"]).decode()
    if path == "/v1/embeddings":
        return bytes(body["input"]).decode()
    return ""


def answer(path, text):
    if path == "/apply-template":
        return json.dumps({"prompt": text})
    if path == "/tokenize":
        return json.dumps({"tokens": [{"id": byte, "piece": chr(byte)} for byte in text.encode()]})
    if path == "/v1/embeddings":
        return json.dumps({"data": [{"embedding": [1, len(text), sum(text.encode())]}]})
    if path == "/completion":
        events = [
            {"content": "yes", "tokens": [121], "stop": False},
            {"content": "", "stop": True, "stop_type": "eos"},
        ]
        return "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    if path == "/props":
        return json.dumps({"model_path": option("--model"), "default_generation_settings": {"n_ctx": CONTEXT}})
    return "{}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.reply(answer(self.path, ""))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = text_of(self.path, body)
        for word, number in [("die", signal.SIGSEGV), ("hang", signal.SIGSTOP)]:
            if f"{word} at {self.path}" in text:
                os.kill(os.getpid(), number)
                # Another thread may be the one that takes the signal: this one must not answer meanwhile.
                threading.Event().wait()
        self.reply(answer(self.path, text))

    def reply(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def address_string(self):
        return "londid"

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


Server(option("--host"), Handler).serve_forever()
