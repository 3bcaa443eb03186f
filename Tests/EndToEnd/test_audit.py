"""What an auditor does with nothing but the export and a few lines of Python."""

import csv
import datetime
import hashlib
import io
import json
import sqlite3
import unittest

import londid as harness
from londid import line

SEALED = ["sequence", "at", "day", "queue", "userID", "batch", "job", "episode", "step", "role", "model", "kind",
          "isExploration", "calls", "promptTokens", "cachedTokens", "generatedTokens", "gpuMilliseconds"]


def seal(previous, columns):
    """SHA-256 over the previous seal and each column as a netstring."""
    content = bytes.fromhex(previous)
    for column in columns:
        text = column.encode()
        content += b"%d:%s," % (len(text), text)
    return hashlib.sha256(content).hexdigest()


def sealed_text(entry, name):
    """One member of a JSON line as it is sealed."""
    value = entry.get(name)
    if name == "day":
        return str((datetime.date.fromisoformat(value) - datetime.date(1970, 1, 1)).days)
    if name == "batch":
        return value.removeprefix("b") if value else ""
    return str(int(value)) if isinstance(value, bool) else str(value)


class AuditTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.londid = harness.Londid().start()
        cls.londid.ctl("queue", "create", "q", "--deepthink-calls", "100/day", "--switcher", "random", "--max-steps", "3",
                       "--step-tokens", "8")
        cls.londid.ctl("queue", "create", "learns", "--max-steps", "2", "--step-tokens", "8")
        verifier = {"type": "regex", "pattern": "e"}
        batches = [cls.londid.submit([line(f"p{n}", f"Count to {n}.", verifier=verifier) for n in range(6)], queue)
                   for queue in ("q", "learns")]
        for batch in batches:
            cls.londid.ctl("wait", batch)
        cls.londid.ctl("submit", "--queue", "q", "--prompt", "Say hello.", "--wait")

    @classmethod
    def tearDownClass(cls):
        cls.londid.stop()
        cls.londid.remove()

    def test_the_chain_can_be_recomputed_from_the_csv(self):
        path = self.londid.directory / "ledger.csv"
        self.londid.ctl("audit", "export", "--csv", "--file", path)
        with open(path, newline="") as file:
            header, *rows = csv.reader(file)
        previous = "00" * 32
        for row in rows:
            self.assertEqual(row[18], previous)
            previous = seal(previous, row[:18])
            self.assertEqual(row[19], previous)
        self.assertEqual(self.londid.json("audit", "verify")["lastHash"], previous)
        self.assertEqual(header[0], "seq")
        self.assertEqual([row[0] for row in rows], [str(n + 1) for n in range(len(rows))])
        self.assertEqual({row[9] for row in rows}, {"quick", "deepthink"})

    def test_the_chain_can_be_recomputed_from_the_json_lines(self):
        lines = self.londid.ctl("audit", "export").stdout.splitlines()
        previous = "00" * 32
        for entry in map(json.loads, lines):
            previous = seal(previous, [sealed_text(entry, name) for name in SEALED])
            self.assertEqual(entry["hash"], previous)
        self.assertEqual(self.londid.json("audit", "verify")["lastHash"], previous)

    def test_the_export_of_a_queue_adds_up_to_its_spend(self):
        entries = [json.loads(text) for text in self.londid.ctl("audit", "export", "-q", "q").stdout.splitlines()]
        (row,) = self.londid.json("spend", "--queue", "q")["rows"]
        for role in ("quick", "deepthink"):
            of_role = [entry for entry in entries if entry["role"] == role]
            self.assertEqual(row[role]["calls"], len(of_role))
            self.assertEqual(row[role]["tokens"], sum(e["promptTokens"] + e["generatedTokens"] for e in of_role))
            self.assertEqual(row[role]["gpuMilliseconds"], sum(e["gpuMilliseconds"] for e in of_role))
        table = list(csv.DictReader(io.StringIO(self.londid.ctl("spend", "--by", "queue", "--csv").stdout, newline="")))
        self.assertEqual([r["queue"] for r in table], ["learns", "q"])
        total = self.londid.ctl("spend").stdout.splitlines()[-1].split()
        self.assertEqual(total[:2], ["total", str(sum(int(r["jobs"]) for r in table))])

    def test_the_policy_is_learnt_again_bit_for_bit(self):
        versions = [json.loads(text) for text in self.londid.ctl("audit", "replay", "learns", "--jsonl").stdout.splitlines()]
        self.assertTrue(versions)
        self.assertEqual({version["verdict"] for version in versions}, {"identical"})

    def test_a_forged_entry_ends_verify_with_1(self):
        forged = harness.Londid().start()
        try:
            forged.ctl("queue", "create", "q", "--switcher", "always-quick", "--max-steps", "1", "--step-tokens", "4")
            forged.ctl("submit", "--queue", "q", "--prompt", "Say hello.", "--wait")
            database = sqlite3.connect(forged.directory / "state/state.sqlite")
            database.execute("DROP TRIGGER ledger_entry_never_changes")
            database.execute("UPDATE ledger_entry SET gpu_ms = gpu_ms + 1 WHERE seq = 1")
            database.commit()
            database.close()
            result = forged.ctl("audit", "verify", check=False)
            self.assertEqual(result.returncode, 1)
            self.assertTrue(result.stdout.startswith("chain: ledger entry 1: expected seal "), result.stdout)
        finally:
            forged.stop()
            forged.remove()


if __name__ == "__main__":
    unittest.main()
