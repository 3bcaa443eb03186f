"""A verifier command for londid: prints how reasoning-gym's own scorer of the problem's family rates an answer, 0 to 1."""

import json
import re
import sys


def main():
    job = json.load(sys.stdin)
    arguments = job["arguments"]
    # Imported late and only once per call: it takes a second.
    import reasoning_gym

    score = reasoning_gym.get_score_answer_fn(arguments["generator"])
    print(float(score(plain(job["answer"]), arguments["entry"])))


def plain(answer):
    """The first line of an answer without the decoration that models put around it."""
    lines = answer.strip().splitlines()
    text = lines[0] if lines else ""
    text = re.sub(r"\\\(|\\\)|\\\[|\\\]|\\boxed|[*$`{}]", "", text).strip()
    return text.rstrip(".").strip()


if __name__ == "__main__":
    main()
