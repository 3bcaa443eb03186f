"""Trains one model of the pair by imitation, on from its last checkpoint.

Usage: train.py quick|deepthink|scienceworld --work DIRECTORY --updates N [--decay N] FILE.jsonl
The learning rate stays until the last `decay` updates, in which it falls to nothing. Every batch has as many tokens, in prompts of
about one length.
"""

import argparse
import array
import itertools
import json
import pathlib
import time

import torch
from torch.nn import functional

from model import SHAPES, Coder, Model
from muon import Muon
from prompt import answer

SEED = 7
TOKENS = {"quick": 2048, "deepthink": 4096, "scienceworld": 2048}
RATE = 3e-3
WARM_UP = 100
REPORT = 50
# Without instructions for it bfloat16 is sixty times slower than float.
HAS_BFLOAT16 = "bf16" in pathlib.Path("/proc/cpuinfo").read_text()


def load(file, coder, thinks):
    """Each state as its tokens, and how many of them are given: the others are to be written."""
    states = []
    with open(file) as lines:
        for line in map(json.loads, lines):
            text = answer(line["thoughts"], line["action"]) if thinks else line["action"]
            prompt, written = coder.prompt(line["prompt"]), coder.written(text)
            states.append((array.array("h", prompt + written), len(prompt)))
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
    for row, (each, given) in enumerate(batch):
        tokens[row, : len(each)] = torch.tensor(each)
        is_written[row, given - 1 : len(each) - 1] = True
    with torch.autocast("cpu", torch.bfloat16, enabled=HAS_BFLOAT16):
        logits = model.logits(model(tokens[:, :-1])[is_written])
    return functional.cross_entropy(logits.float(), tokens[:, 1:][is_written])


def optimizers_of(model):
    """Muon for the layers' matrices, AdamW for the rest."""
    matrices = [weights for weights in model.blocks.parameters() if weights.ndim == 2]
    rest = [*model.embedding.parameters(), *(weights for weights in model.parameters() if weights.ndim == 1)]
    return [Muon(matrices, RATE), torch.optim.AdamW(rest, RATE, (0.9, 0.98), weight_decay=0.05)]


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
    shape = SHAPES[options.role]
    coder = Coder(options.work, shape)
    model = Model(shape, coder.count)
    optimizers = optimizers_of(model)
    checkpoint, first = options.work / f"{options.role}.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        for optimizer, state in zip(optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
        first = saved["updates"]

    def save(updates):
        moments = [optimizer.state_dict() for optimizer in optimizers]
        torch.save({"model": model.state_dict(), "optimizers": moments, "updates": updates}, f"{checkpoint}.new")
        pathlib.Path(f"{checkpoint}.new").rename(checkpoint)

    states = load(options.file, coder, shape.thinks)
    size = sum(weights.numel() for weights in model.parameters())
    print(f"{options.role}: {size} parameters, {len(states)} states, from update {first}", flush=True)
    order = batches(states, TOKENS[options.role], torch.Generator().manual_seed(SEED + first))
    began, total = time.process_time(), 0.0
    for update in range(first, options.updates):
        left = (options.updates - update) / options.decay if options.decay else 1
        for group in itertools.chain(*(optimizer.param_groups for optimizer in optimizers)):
            group["lr"] = RATE * min(1, (update + 1) / WARM_UP, left)
        loss = loss_of(model, coder, next(order))
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
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
