"""Prints accuracy, steps and DEEPTHINK share per family from `londictl results`.

Usage: report.py RESULTS.jsonl           a table
       report.py --pick RESULTS.jsonl    the id of a job in which both models wrote
       report.py --json RESULTS.jsonl    the totals as one JSON object
       report.py --attempts BATCH        how often steps were cut off and written again, by londictl
"""

import argparse
import collections
import json
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--attempts", action="store_true")
    parser.add_argument("results")
    options = parser.parse_args()
    if options.attempts:
        print_attempts(options.results)
        return
    rows = read(options.results)
    if options.pick:
        mixed = [row for row in rows if all(steps(row, role) for role in ("quick", "deepthink"))]
        print((mixed or rows)[0]["id"].removeprefix("job_"))
        return
    families = collections.defaultdict(list)
    for row in rows:
        families[row["custom_id"].rsplit("-", 1)[0]].append(row)
    if options.json:
        json.dump(total(rows), sys.stdout)
        return
    print(f"{'FAMILY':20}{'JOBS':>6}{'CORRECT':>9}{'STEPS':>7}{'DEEPTHINK':>11}{'SHARE':>7}{'TOKENS':>8}")
    for name, group in [*families.items(), ("all", rows)]:
        sum_ = total(group)
        share = sum_["deepthink_steps"] / max(1, sum_["steps"])
        print(
            f"{name:20}{sum_['jobs']:6}{sum_['correct']:9}{sum_['steps']:7}{sum_['deepthink_steps']:11}"
            f"{share:7.0%}{sum_['deepthink_tokens']:8}"
        )


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def print_attempts(batch):
    """Of every job of a batch: is it answered once, and is no step written twice?"""
    read = lambda *words: json.loads(subprocess.run(["londictl", *words, "--json"], capture_output=True, check=True).stdout)
    jobs = read("list", "--batch", batch)["jobs"]
    written = cut = doubled = 0
    for job in jobs:
        states = collections.Counter((s["index"], s["state"]) for s in read("explain", str(job["job"]))["steps"])
        written += sum(count for (_, state), count in states.items() if state == "written")
        cut += sum(count for (_, state), count in states.items() if state == "abandoned")
        doubled += sum(count - 1 for (_, state), count in states.items() if state == "written")
    completed = sum(job["state"] == "completed" for job in jobs)
    print(
        f"{len(jobs)} jobs, {completed} completed; {written} steps written, {doubled} of them twice;"
        f" {cut} steps cut off and written again"
    )


def steps(row, role):
    return row["londi"][role]["calls"]


def reward(row):
    return row["londi"].get("reward") or 0


def total(rows):
    return {
        "jobs": len(rows),
        "correct": sum(reward(row) >= 1 for row in rows),
        "reward": sum(reward(row) for row in rows),
        "steps": sum(steps(row, "quick") + steps(row, "deepthink") for row in rows),
        "deepthink_steps": sum(steps(row, "deepthink") for row in rows),
        "deepthink_tokens": sum(row["londi"]["deepthink"]["tokens"] for row in rows),
        "deepthink_gpu_seconds": sum(row["londi"]["deepthink"]["gpu_milliseconds"] for row in rows) / 1000,
    }


if __name__ == "__main__":
    main()
