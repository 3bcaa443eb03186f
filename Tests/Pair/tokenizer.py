"""An environment's own byte-level BPE, made from demonstrations. Usage: tokenizer.py babyai|scienceworld FILE.jsonl TOKENIZER.json

In BabyAI-Text a thing with its place, "red ball 2 steps left and 3 steps forward", is one token, and so are a name and a place alone
(tokens of the user's, which llama.cpp finds before all others, the longest first). So whoever looks for a red ball finds it by one look at what is
seen, and writes down what is found there as it stands; were name and place two tokens, the place would have to be found by what
stands before it, which small transformers are slow to learn. Between these only digits cut a text into pieces, as in SuperBPE (Liu
et al. 2025; the `superbpe` of llama.cpp); the merges are learnt from texts that are cut before and after each word that carries
meaning too, or whole thoughts would become one token, which nobody thinks. In ScienceWorld the cuts are lines, the parts of lists,
and the words of actions: furniture that nobody needs takes a token or two, and a prompt a third of what words would take.
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
MEANINGS = {
    "babyai":
    rf"({'|'.join(NAMES)})|({'|'.join(COLOURS)}) |{PLACE.pattern}|(open|closed|locked) |ball|key|box|door|wall ?"
    r"|free place|free|object|not in view|then ",
    "scienceworld": r"[\n\t]+|, |: |\. | to |focus on |(dis)?connect |\w+ wire|\w+ light bulb|battery|anode|cathode|terminal",
}
STATES = 20_000
SIZES = {"babyai": 640, "scienceworld": 1200}


def pieces(*patterns):
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    return pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def texts(source):
    with open(source) as file:
        for line in itertools.islice(file, STATES):
            state = json.loads(line)
            yield state["prompt"]
            yield state["action"]
            if state["thoughts"]:
                yield answer(state["thoughts"], state["action"])


def things(source):
    """BabyAI's names, and its things and places as they are seen."""
    return NAMES + sorted({match for text in texts(source) for match in PLACE.findall(text) + THING.findall(text)})


def main():
    environment, source, target = sys.argv[1:]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pieces(DIGITS, MEANINGS[environment])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZES[environment], min_frequency=50, special_tokens=[BEGIN, ANSWER, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(texts(source), trainer)
    tokenizer.pre_tokenizer = pieces(DIGITS)
    if environment == "babyai":
        tokenizer.add_tokens([AddedToken(text, normalized=False) for text in things(source)])
    tokenizer.save(target)
    print(f"{tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
