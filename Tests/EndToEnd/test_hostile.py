"""Clients that send anything but what they should: londid answers, or closes, and serves everybody else as before."""

import json
import os
import pathlib
import random
import resource
import socket
import subprocess
import time
import unittest

import londid as harness
from londid import Londid

SEED = int(os.environ.get("LONDI_TEST_SEED", "7"))
FRAMES = 5000
MEBIBYTE = 1 << 20


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Londid().start()
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.ctl("queue", "create", "q")

    def setUp(self):
        self.before = self.resources()
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.close()
        # It works as before, and holds no more than before.
        self.daemon.ctl("status", timeout=20)
        self.daemon.wait_for(lambda: self.resources()[1] <= self.before[1] + 2, 20, "the descriptors are closed again")
        self.assertLess(self.resources()[0], self.before[0] + 64 * MEBIBYTE)

    def resources(self):
        """londid's own resident bytes, without what it maps from files, and its descriptors."""
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        anonymous = next(int(row.split()[1]) * 1024 for row in status.splitlines() if row.startswith("RssAnon:"))
        return anonymous, len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))

    def client(self, seconds=20):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(seconds)
        client.connect(str(self.daemon.directory / "run/io.londi"))
        self.clients.append(client)
        return client

    def answer(self, client):
        """The next message, None where the connection has ended."""
        data = b""
        while not data.endswith(b"\0"):
            try:
                part = client.recv(65536)
            except ConnectionResetError:
                return None
            if not part:
                return None
            data += part
        return json.loads(data.split(b"\0")[0])

    def refusal(self, client):
        answer = self.answer(client)
        self.assertIsNotNone(answer, "the connection ended without a word")
        self.assertIn("error", answer)
        return answer["error"] + " " + json.dumps(answer.get("parameters"))

    def test_malformed_frames_by_the_thousand(self):
        chance = random.Random(SEED)
        interface = (pathlib.Path(__file__).parents[2] / "Sources/Control/io.londi.varlink").read_text()
        methods = [row.split()[1].split("(")[0] for row in interface.splitlines() if row.startswith("method ")]
        values = [
            "null", "true", "-1", "1e308", "1e999", "99999999999999999999", '"q"', '"\\ud800"', '""', "[]", "{}", '{"q":{"q":[1]}}',
            "[" * 100 + "]" * 100, '"' + "x" * 5000 + '"']
        names = ["queue", "job", "jobs", "batch", "lines", "limit", "settings", "states", "user", "prompt", "upload", "data", "since", "id"]
        # What would keep the test waiting, or make work of its own, is left out.
        methods = [method for method in methods if method not in ("Wait", "Results", "Backup", "VerifyBooks", "ExportLedger", "ReplayPolicy")]
        outcomes = {"answered": 0, "refused": 0, "closed": 0}
        client, sent = self.client(), 0
        for number in range(FRAMES):
            members = ",".join(f'"{chance.choice(names)}":{chance.choice(values)}' for _ in range(chance.randrange(4)))
            frame = bytearray(f'{{"method":"io.londi.{chance.choice(methods)}","parameters":{{{members}}},"more":true}}'.encode())
            for _ in range(chance.choice((0, 0, 1, 3))):
                place = chance.randrange(len(frame))
                match chance.randrange(4):
                    case 0: frame[place] = chance.randrange(1, 256)
                    case 1: del frame[place:]
                    case 2: frame[place:place] = bytes(chance.randrange(1, 256) for _ in range(chance.randrange(1, 20)))
                    case 3: frame[place:place] = frame[:chance.randrange(len(frame) + 1)]
                if not frame:
                    frame = bytearray(b"{")
            try:
                client.sendall(bytes(frame) + b"\0")
                answer = self.answer(client)
            except BrokenPipeError:
                answer = None
            while answer and answer.get("continues"):
                answer = self.answer(client)
            sent += 1
            outcomes["closed" if answer is None else "refused" if "error" in answer else "answered"] += 1
            # What was no call ends the connection; and a connection has a rate.
            if answer is None or "org.varlink.service.InvalidParameter" in answer.get("error", "") or sent == 400:
                client.close()
                client, sent = self.client(), 0
        self.assertEqual(sum(outcomes.values()), FRAMES, f"seed {SEED}")
        self.assertGreater(outcomes["refused"], FRAMES / 2, f"seed {SEED}: {outcomes}")
        print(f"\n{FRAMES} frames, seed {SEED}: {outcomes}", flush=True)

    def test_a_message_without_an_end_is_refused_at_its_limit(self):
        client = self.client(60)
        sent = 0
        chunk = b"x" * MEBIBYTE
        try:
            while sent < 1024:
                client.sendall(chunk)
                sent += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assertLess(sent, 20, "a message has 16 MiB at most")
        self.assertIsNone(self.daemon.process.poll())

    def test_text_that_is_no_utf_8_and_nesting_without_end_are_named(self):
        for frame, message in [
            (b'{"method":"io.londi.\xff\xfe"}', "JSON"), (b"\x80\x81\x82", "JSON"),
            (b'{"method":"io.londi.Status","parameters":' + b"[" * 100_000, "nested deeper than 64"),
            (b'{"method":' * 50_000, "nested deeper than 64"),
        ]:
            client = self.client()
            client.sendall(frame + b"\0")
            self.assertIn(message, self.refusal(client))

    def test_slow_and_half_open_clients_hold_nobody_up(self):
        # It has said all that it will: it is answered or seen off, and not kept.
        for client in [self.client() for _ in range(8)]:
            client.sendall(b'{"method":"io.londi.Status"}\0')
            client.shutdown(socket.SHUT_WR)
            while self.answer(client):
                pass
            client.close()
        # One user has 32 connections; one is left for londictl.
        slow = [self.client(60) for _ in range(31)]
        for client in slow[:16]:
            client.sendall(b'{"method":')
        self.daemon.ctl("status", timeout=20)
        last = self.client()
        last.sendall(b'{"method":"io.londi.Status"}\0')
        self.assertIn("parameters", self.answer(last))
        self.assertIn("32 connections", self.refusal(self.client()))
        last.close()
        # A byte now and then makes no message.
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                slow[0].sendall(b" ")
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(1)
        self.assertLess(time.monotonic(), end, "a message must be complete within 30 s")
        for client in slow[1:16]:
            self.assertIn("the rest of a message took too long", self.refusal(client))
            self.assertIsNone(self.answer(client))

    def londictl(self, *arguments):
        """Its exit code, its messages, and the most memory that it took."""
        child = subprocess.Popen(
            [harness.BIN / "londictl", "--socket", self.daemon.directory / "run/io.londi", *map(str, arguments)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        words = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        child.stderr.close()
        return child.returncode, words, usage.ru_maxrss * 1024

    def test_a_line_of_1_gib_in_a_batch_file_is_refused_and_fills_no_memory(self):
        path = self.daemon.directory / "long.jsonl"
        with open(path, "wb") as file:
            file.truncate(1 << 30)
        self.addCleanup(path.unlink)
        code, words, memory = self.londictl("submit", "--queue", "q", "-f", path)
        self.assertEqual(code, 2, words)
        self.assertIn("line 1", words)
        self.assertLess(memory, 256 * MEBIBYTE)

    def test_a_batch_file_of_rubbish_is_refused_line_by_line(self):
        path = self.daemon.directory / "rubbish.jsonl"
        self.addCleanup(path.unlink)
        for content, messages in [
            (b"{}\n\xff\xfe\x00\n", ["line 2 is not UTF-8"]),
            (b'{"custom_id":\n' + b"[" * 100_000 + b"\n", ["rubbish.jsonl:1: not JSON", "rubbish.jsonl:2: not JSON at column 66: nested deeper than 64"]),
        ]:
            path.write_bytes(content)
            code, words, _ = self.londictl("submit", "--queue", "q", "-f", path)
            self.assertEqual(code, 2, words)
            for message in messages:
                self.assertIn(message, words)
        self.assertEqual(self.daemon.json("batch", "list")["batches"], [])

    def test_a_configuration_of_1_gib_or_of_rubbish_is_refused_with_78(self):
        path = self.daemon.directory / "hostile.conf"
        self.addCleanup(path.unlink)
        for content, message in [(None, "larger than 1048576 bytes"), (b"[Quick]\nModel=/\xff\xfe\n", "not UTF-8")]:
            with open(path, "wb") as file:
                file.truncate(1 << 30) if content is None else file.write(content)
            result = subprocess.run(
                [harness.BIN / "londid", "--check-config", "--config", path], capture_output=True, text=True, timeout=60,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (512 * MEBIBYTE, 512 * MEBIBYTE)))
            self.assertEqual(result.returncode, 78)
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
