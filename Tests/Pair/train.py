"""Trains one model of the pair by imitation, on from its last checkpoint.

Usage: train.py quick|deepthink --work DIRECTORY --updates N [--decay N] FILE.jsonl
The learning rate stays until the last `decay` updates, in which it falls to nothing. Every batch has as many tokens, in prompts of
about one length. Who thinks also recites: behind the answer stand some of the things in view by name, and where they are is to be
written too. Finding a thing by its name is the hardest part of thinking, and one answer shows it but once.
"""

import argparse
import array
import collections
import json
import pathlib
import random
import re
import time

import torch
from torch.nn import functional

from model import SHAPES, Coder, Model
from prompt import answer
from tokenizer import NAMES, PLACE

SEED = 7
TOKENS = {"quick": 2048, "deepthink": 4096}
RATE = {"quick": 2e-3, "deepthink": 1.5e-3}
WARM_UP = 100
REPORT = 50
THING = re.compile(rf"({'|'.join(NAMES)})({PLACE.pattern})")
RECITED = 6


def recital(prompt, coder, draw):
    """Things in view, those of one name left out, as tokens, and which of these are to be written: all behind the name."""
    things = THING.findall(prompt.rsplit("Observation", 1)[1])
    names = collections.Counter(name for name, _ in things)
    single = [(name, place) for name, place in things if names[name] == 1]
    tokens, is_written = [], []
    for name, place in draw.sample(single, min(RECITED, len(single))):
        tokens += [coder.answer, *coder.written(name + place)]
        is_written += [False, False, True, True]
    return tokens, is_written


def load(file, coder, thinks):
    """Each state as its tokens, and which of them are to be written."""
    draw, states = random.Random(SEED), []
    with open(file) as lines:
        for line in map(json.loads, lines):
            text = answer(line["thoughts"], line["action"]) if thinks else line["action"]
            prompt, written = coder.prompt(line["prompt"]), coder.written(text)
            recited, is_recited = recital(line["prompt"], coder, draw) if thinks else ([], [])
            is_written = [0] * len(prompt) + [1] * len(written) + is_recited
            states.append((array.array("h", prompt + written + recited), array.array("b", is_written)))
    return states


def batches(states, most, generator):
    """For ever all states in batches of like length and `most` tokens, in an order of their own each time."""
    lengths = torch.tensor([len(tokens) for tokens, _ in states])
    while True:
        jitter = lengths + 4 * torch.rand(len(states), generator=generator)
        order, groups, group = jitter.argsort().tolist(), [], []
        for index in order:
            if (len(group) + 1) * len(states[index][0]) > most:
                groups.append(group)
                group = []
            group.append(index)
        for number in torch.randperm(len(groups), generator=generator).tolist():
            yield [states[index] for index in groups[number]]


def loss_of(model, coder, batch):
    """The mean cross-entropy of what is to be written; the prompt is given."""
    longest = max(len(tokens) for tokens, _ in batch)
    tokens = torch.full((len(batch), longest), coder.end)
    is_written = torch.zeros(len(batch), longest - 1, dtype=torch.bool)
    for row, (each, written) in enumerate(batch):
        tokens[row, : len(each)] = torch.tensor(each)
        is_written[row, : len(each) - 1] = torch.tensor(written[1:], dtype=torch.bool)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model.logits(model(tokens[:, :-1])[is_written])
    return functional.cross_entropy(logits.float(), tokens[:, 1:][is_written])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("role", choices=SHAPES)
    arguments.add_argument("file", help="demonstrations")
    arguments.add_argument("--work", type=pathlib.Path, required=True)
    arguments.add_argument("--updates", type=int, required=True)
    arguments.add_argument("--decay", type=int, default=0)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    shape, coder = SHAPES[options.role], Coder(options.work / "tokenizer.json")
    model = Model(shape, coder.count)
    optimizer = torch.optim.AdamW(model.parameters(), RATE[options.role], (0.9, 0.98), weight_decay=0.05)
    checkpoint, first = options.work / f"{options.role}.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        first = saved["updates"]

    def save(updates):
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "updates": updates}, f"{checkpoint}.new")
        pathlib.Path(f"{checkpoint}.new").rename(checkpoint)

    states = load(options.file, coder, shape.thinks)
    size = sum(weights.numel() for weights in model.parameters())
    print(f"{options.role}: {size} parameters, {len(states)} states, from update {first}", flush=True)
    order = batches(states, TOKENS[options.role], torch.Generator().manual_seed(SEED + first))
    began, total = time.process_time(), 0.0
    for update in range(first, options.updates):
        left = (options.updates - update) / options.decay if options.decay else 1
        for group in optimizer.param_groups:
            group["lr"] = RATE[options.role] * min(1, (update + 1) / WARM_UP, left)
        loss = loss_of(model, coder, next(order))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
        if (update + 1) % REPORT == 0:
            seconds = time.process_time() - began
            print(f"update {update + 1}: loss {total / REPORT:.4f}, {seconds:.0f} s of CPU", flush=True)
            total = 0.0
            save(update + 1)
    save(options.updates)


if __name__ == "__main__":
    main()
