"""A transformer in llama architecture, as small as the pair needs it, with the tokenizer's ends and greedy decoding."""

import dataclasses

import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from prompt import ANSWER, BEGIN, END

EPSILON = 1e-5
ROPE_BASE = 10_000.0
CONTEXT = 1024


@dataclasses.dataclass
class Shape:
    """`layers` of width `width`, heads of 32, `hidden` in the feed-forward network; whose tokenizer it has."""

    layers: int
    width: int
    hidden: int
    thinks: bool
    environment: str
    head: int = 32


SHAPES = {
    "quick": Shape(4, 128, 384, False, "babyai"), "deepthink": Shape(4, 256, 640, True, "babyai"),
    "scienceworld": Shape(4, 128, 384, False, "scienceworld"),
}


def rope(length, head):
    """Cosines and sines [length, head / 2]; neighbouring numbers are a pair, as llama.cpp has it for this architecture."""
    frequencies = ROPE_BASE ** (-torch.arange(0, head, 2).float() / head)
    angles = torch.outer(torch.arange(length).float(), frequencies)
    return angles.cos(), angles.sin()


def turned(x, cosines, sines):
    """Turns x [batch, heads, length, head] by its places."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cosines - odd * sines, even * sines + odd * cosines], -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.heads, self.head = shape.width // shape.head, shape.head
        self.attention_norm = nn.RMSNorm(shape.width, EPSILON)
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.output = nn.Linear(shape.width, shape.width, bias=False)
        self.hidden_norm = nn.RMSNorm(shape.width, EPSILON)
        self.gate_up = nn.Linear(shape.width, 2 * shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x, places, mask=None, cache=None):
        """x [batch, length, width]. Without a mask each place sees those up to itself; with one, also what is cached."""
        batch, length, width = x.shape
        parts = self.query_key_value(self.attention_norm(x)).view(batch, length, 3, self.heads, self.head)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        query, key = turned(query, *places), turned(key, *places)
        if cache is not None:
            if cache:
                key, value = torch.cat([cache[0], key], 2), torch.cat([cache[1], value], 2)
            cache[:] = [key, value]
        # In bfloat16 the attention's way back takes nine times as long.
        with torch.autocast("cpu", enabled=False):
            seen = functional.scaled_dot_product_attention(
                query.float(), key.float(), value.float(), attn_mask=mask, is_causal=mask is None)
        x = x + self.output(seen.transpose(1, 2).reshape(batch, length, width))
        gate, up = self.gate_up(self.hidden_norm(x)).chunk(2, -1)
        return x + self.down(functional.silu(gate) * up)


class Model(nn.Module):
    """The embedding is the output's matrix too."""

    def __init__(self, shape, tokens):
        super().__init__()
        self.embedding = nn.Embedding(tokens, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, EPSILON)
        cosines, sines = rope(CONTEXT, shape.head)
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("sines", sines, persistent=False)
        nn.init.normal_(self.embedding.weight, std=0.02)

    def forward(self, tokens):
        """Tokens [batch, length] to the last hidden states [batch, length, width]."""
        x = self.embedding(tokens)
        places = self.cosines[: tokens.shape[1]], self.sines[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, places)
        return self.norm(x)

    def logits(self, hidden):
        return functional.linear(hidden, self.embedding.weight)


class Coder:
    """Texts to tokens and back, with the ends that the chat template puts."""

    def __init__(self, work, shape):
        self.tokenizer = Tokenizer.from_file(f"{work}/{shape.environment}-tokenizer.json")
        self.count = self.tokenizer.get_vocab_size()
        self.begin, self.answer, self.end = (self.tokenizer.token_to_id(name) for name in (BEGIN, ANSWER, END))

    def prompt(self, text):
        return [self.begin, *self.tokenizer.encode(text).ids, self.answer]

    def written(self, text):
        return [*self.tokenizer.encode(text).ids, self.end]

    def text(self, tokens):
        return self.tokenizer.decode(tokens)


def trained(role, work):
    """A role's model as its last checkpoint has it, its coder, and after how many updates that was."""
    coder = Coder(work, SHAPES[role])
    model = Model(SHAPES[role], coder.count)
    saved = torch.load(work / f"{role}.pt")
    model.load_state_dict(saved["model"])
    return model, coder, saved["updates"]


@torch.inference_mode()
def write(model, coder, prompts, most=40, temperature=0, draw=None):
    """The answers' texts: at temperature 0 the likeliest token each time, else drawn with the generator `draw`.

    Prompts of different lengths stand flush right; what pads them on the left is masked and has no place of its own.
    """
    encoded = [coder.prompt(prompt) for prompt in prompts]
    longest = max(map(len, encoded))
    tokens = torch.tensor([[coder.end] * (longest - len(each)) + each for each in encoded])
    padding = torch.tensor([longest - len(each) for each in encoded])
    places = (torch.arange(longest + most)[None] - padding[:, None]).clamp(min=0)
    is_real = torch.arange(longest + most)[None] >= padding[:, None]
    causal = torch.ones(longest, longest, dtype=torch.bool).tril()
    mask = (causal[None] & is_real[:, None, :longest]) | torch.eye(longest, dtype=torch.bool)[None]
    caches = [[] for _ in model.blocks]
    answers, has_ended, step = [[] for _ in prompts], torch.zeros(len(prompts), dtype=torch.bool), 0
    while True:
        x = model.embedding(tokens)
        at = places[:, longest - tokens.shape[1] :longest] if step == 0 else places[:, longest + step - 1 : longest + step]
        turns = model.cosines[at][:, None], model.sines[at][:, None]
        for block, cache in zip(model.blocks, caches):
            x = block(x, turns, mask[:, None], cache)
        logits = model.logits(model.norm(x[:, -1]))
        next_token = logits.argmax(-1)
        if temperature > 0:
            next_token = torch.multinomial((logits / temperature).softmax(-1), 1, generator=draw)[:, 0]
        has_ended |= next_token == coder.end
        for answer, token, ended in zip(answers, next_token.tolist(), has_ended.tolist()):
            if not ended:
                answer.append(token)
        step += 1
        if has_ended.all() or step >= most:
            return [coder.text(answer) for answer in answers]
        tokens = next_token[:, None]
        mask = is_real[:, None, : longest + step]
