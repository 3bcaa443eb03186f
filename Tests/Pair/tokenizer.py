"""The pair's own byte-level BPE, made from demonstrations. Usage: tokenizer.py FILE.jsonl TOKENIZER.json

Only digits cut a text into pieces, as in SuperBPE (Liu et al. 2025; the `superbpe` of llama.cpp), so that " steps forward, You
see a " is one token and a prompt has about 40. The merges are learnt from texts that are cut before and after each word that
carries meaning too, or whole thoughts would become one token, which nobody thinks. "red ball " is one: what stands behind a token
is found where the same token stood before, and a name of two would have to be put together first.
"""

import itertools
import json
import sys

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from prompt import ANSWER, BEGIN, END, answer

DIGITS = r"\p{N}+"
COLOUR = "red|green|blue|purple|yellow|grey"
MEANING = (
    rf"({COLOUR}) (ball|key|box|door) ?|({COLOUR}) |(open|closed|locked) |ball|key|box|door|wall ?|free place|free|object|"
    r"not in view|then ")
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
    tokenizer.save(target)
    print(f"{tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
