"""Compares policies on the same problems: cost and quality of each, and what each kind recovers of DEEPTHINK's lead.

Usage: compare.py DIRECTORY

The directory holds the results of each policy as `londictl results` writes them: always-quick.jsonl,
always-deepthink.jsonl, training.jsonl, and for each kind KIND.jsonl or one KIND-SETTING.jsonl for each setting. The intervals are
95 % of 2,000 draws of the problems with replacement; a problem is drawn with all policies' answers to it.
"""

import pathlib
import random
import sys

from report import read, reward, steps

DRAWS = 2000
KINDS = ["fitted-q", "random", "threshold", "swiftsage", "bandit"]


class Sample:
    """Some of the problems, and what each policy made of them."""

    def __init__(self, policies, problems):
        self.points = {
            name: (
                sum(steps(rows[key], "deepthink") for key in problems) / len(problems),
                sum(reward(rows[key]) for key in problems) / len(problems),
            )
            for name, rows in policies.items()
        }
        self.quick = self.points["always-quick"]
        self.deepthink = self.points["always-deepthink"]

    def curve(self, kind):
        """Points of calls as a share of always-DEEPTHINK's and of the gap recovered, by calls, from (0, 0) to (1, 1)."""
        own = [point for name, point in self.points.items() if name.startswith(kind)]
        gap = self.deepthink[1] - self.quick[1]
        inner = [(calls / self.deepthink[0], (value - self.quick[1]) / gap) for calls, value in own]
        return sorted([(0.0, 0.0), *[(x, y) for x, y in inner if x < 1], (1.0, 1.0)])

    def average_gap(self, kind):
        """APGR: the gap recovered, averaged over all shares of calls (RouteLLM, arXiv 2406.18665)."""
        curve = self.curve(kind)
        return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(curve, curve[1:]))

    def calls_for(self, kind, part):
        """CPT: the least share of always-DEEPTHINK's calls that recovers a part of the gap."""
        curve = self.curve(kind)
        for a, b in zip(curve, curve[1:]):
            if a[1] >= part:
                return a[0]
            if b[1] >= part:
                return a[0] + (b[0] - a[0]) * (part - a[1]) / (b[1] - a[1])
        return 1.0


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    policies = {
        path.stem: {row["custom_id"]: row for row in read(path)}
        for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jsonl"))
        if path.stem != "training"
    }
    problems = sorted(policies["always-quick"])
    for name, rows in policies.items():
        if sorted(rows) != problems:
            sys.exit(f"{name} did not answer the same problems as always-quick")
    whole = Sample(policies, problems)
    generator = random.Random(1)
    draws = [Sample(policies, generator.choices(problems, k=len(problems))) for _ in range(DRAWS)]

    print(f"{'POLICY':20} {'CORRECT':>12} {'REWARD':>18} {'CALLS A JOB':>20} {'TOKENS A JOB':>13} {'GPU S A JOB':>12}")
    for name, rows in sorted(policies.items(), key=lambda item: whole.points[item[0]][0]):
        correct = sum(reward(row) >= 1 for row in rows.values())
        tokens = sum(row["londi"]["deepthink"]["tokens"] for row in rows.values()) / len(rows)
        seconds = sum(row["londi"]["deepthink"]["gpu_milliseconds"] for row in rows.values()) / len(rows) / 1000
        print(
            f"{name:20} {correct:5} of {len(rows):3} {interval(lambda s: s.points[name][1], whole, draws):>18}"
            f" {interval(lambda s: s.points[name][0], whole, draws):>20} {tokens:13.1f} {seconds:12.2f}"
        )
    print(f"\n{'KIND':12} {'APGR':>20} {'CPT(50)':>20} {'CPT(80)':>20} {'APGR MORE THAN RANDOM':>24}")
    for kind in [kind for kind in KINDS if any(name.startswith(kind) for name in policies)]:
        print(
            f"{kind:12} {interval(lambda s: s.average_gap(kind), whole, draws):>20}"
            f" {interval(lambda s: s.calls_for(kind, 0.5), whole, draws):>20}"
            f" {interval(lambda s: s.calls_for(kind, 0.8), whole, draws):>20}"
            f" {interval(lambda s: s.average_gap(kind) - s.average_gap('random'), whole, draws):>24}"
        )


def interval(value, whole, draws):
    """A figure with its 95 % interval."""
    values = sorted(value(draw) for draw in draws)
    low, high = values[int(0.025 * len(values))], values[int(0.975 * len(values))]
    return f"{value(whole):.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
