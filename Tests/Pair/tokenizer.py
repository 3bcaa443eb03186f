"""The pair's own byte-level BPE, made from demonstrations. Usage: tokenizer.py FILE.jsonl TOKENIZER.json

A thing with its place, "red ball 2 steps left and 3 steps forward", is one token, and so are a name and a place alone (tokens of the
user's, which llama.cpp finds before all others, the longest first). So whoever looks for a red ball finds it by one look at what is
seen, and writes down what is found there as it stands; were name and place two tokens, the place would have to be found by what
stands before it, which small transformers are slow to learn. Between these only digits cut a text into pieces, as in SuperBPE (Liu
et al. 2025; the `superbpe` of llama.cpp); the merges are learnt from texts that are cut before and after each word that carries
meaning too, or whole thoughts would become one token, which nobody thinks.
"""

import itertools
import json
import re
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from prompt import ANSWER, BEGIN, END, answer

DIGITS = r"\p{N}+"
COLOURS = ["red", "green", "blue", "purple", "yellow", "grey"]
TYPES = ["ball", "key", "box", "door"]
NAMES = [f"{colour} {kind}" for colour in COLOURS for kind in TYPES]
STEPS = r"\d+ steps? (?:left|right|forward|back)"
PLACE = re.compile(rf" {STEPS}(?: and {STEPS})?")
THING = re.compile(rf"(?:{'|'.join(NAMES)}){PLACE.pattern}")
MEANING = (
    rf"({'|'.join(NAMES)})|({'|'.join(COLOURS)}) |{PLACE.pattern}|(open|closed|locked) |ball|key|box|door|wall ?|free place|free|"
    r"object|not in view|then ")
STATES = 20_000


def pieces(*patterns):
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    return pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def texts(file):
    for line in itertools.islice(file, STATES):
        state = json.loads(line)
        yield state["prompt"]
        yield state["action"]
        yield answer(state["thoughts"], state["action"])


def main():
    source, target = sys.argv[1:]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pieces(DIGITS, MEANING)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=640, min_frequency=50, special_tokens=[BEGIN, ANSWER, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    with open(source) as file:
        tokenizer.train_from_iterator(texts(file), trainer)
    tokenizer.pre_tokenizer = pieces(DIGITS)
    with open(source) as file:
        found = sorted({match for text in texts(file) for match in PLACE.findall(text) + THING.findall(text)})
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in NAMES + found])
    tokenizer.save(target)
    print(f"{tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
