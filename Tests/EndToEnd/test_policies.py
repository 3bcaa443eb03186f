"""Policies as an administrator meets them: a real londid learns, is frozen and rolled back, and starts anew."""

import unittest

from londid import Londid, line


class Policies(unittest.TestCase):
    def test_what_was_decided_about_a_policy_holds_over_a_kill(self):
        londid = Londid().start()
        self.addCleanup(londid.remove)
        londid.ctl("queue", "create", "q", "--max-steps", "2", "--step-tokens", "4")
        verifier = {"type": "regex", "pattern": "e"}
        for part in range(2):
            lines = [line(f"p{part}-{n}", f"Count to {n}.", verifier=verifier) for n in range(12)]
            for entry in lines:
                entry["body"]["metadata"] = {"room": "hallway" if part else "workshop"}
            londid.ctl("wait", londid.submit(lines))
            londid.wait_for(
                lambda: len(londid.json("policy", "versions", "q")["versions"]) > part, 60, "a version is learnt")
        versions = londid.json("policy", "versions", "q")["versions"]
        self.assertEqual({version["verdict"] for version in versions}, {"cold"})

        file = londid.directory / "q.policy"
        londid.ctl("policy", "export", "q", file)
        londid.ctl("policy", "rollback", "q", "--to", "1", "--reason", "a look")
        londid.kill()
        londid.start()
        shown = londid.json("policy", "show", "q")
        self.assertEqual((shown["version"], shown["state"]["isFrozen"]), (1, True))
        self.assertIn('londi_policy_frozen{queue="q"} 1\n', londid.ctl("metrics").stdout)
        refused = londid.ctl("policy", "freeze", "q", check=False)
        self.assertEqual(refused.returncode, 6, refused.stderr)
        londid.ctl("policy", "thaw", "q")
        imported = londid.json("policy", "import", "q", file, "--force")
        self.assertEqual((imported["verdict"], imported["isCurrent"], imported["isImported"]), ("forced", True, True))
        history = [event["action"] for event in londid.json("policy", "history", "q")["events"]]
        self.assertEqual(history[:3], ["import", "thaw", "rollback"])

        heat = londid.json("policy", "heatmap", "q")
        self.assertEqual((heat["row"], sorted(heat["rows"])), ("room", ["hallway", "workshop"]))
        estimates = londid.json("policy", "evaluate", "q", "--kind", "always-quick")["policies"]
        self.assertEqual(estimates[0]["estimate"]["calls"]["value"], 0)
        verdicts = {version["verdict"] for version in londid.json("audit", "replay", "q")["versions"]}
        self.assertEqual(verdicts, {"identical", "not-reproducible"})
        self.assertIn("The books agree", londid.ctl("audit", "verify").stdout)


if __name__ == "__main__":
    unittest.main()
