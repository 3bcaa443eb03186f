"""Writes a trained model as GGUF for llama-server. Usage: export.py quick|deepthink|scienceworld --work DIRECTORY FILE.gguf"""

import argparse
import json
import pathlib

import gguf
import numpy

from model import CONTEXT, EPSILON, ROPE_BASE, SHAPES, trained
from prompt import CHAT_TEMPLATE


def describe(writer, role, shape, coder):
    writer.add_name(f"londi-{role}")
    writer.add_block_count(shape.layers)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.width // shape.head)
    writer.add_head_count_kv(shape.width // shape.head)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_vocab_size(coder.count)
    bpe = json.loads(coder.tokenizer.to_str())["model"]
    kinds = dict.fromkeys(range(len(bpe["vocab"])), gguf.TokenType.NORMAL)
    kinds |= dict.fromkeys([coder.begin, coder.answer, coder.end], gguf.TokenType.CONTROL)
    texts = sorted(bpe["vocab"], key=bpe["vocab"].get)
    for token in range(len(texts), coder.count):
        texts.append(coder.tokenizer.id_to_token(token))
        kinds[token] = gguf.TokenType.USER_DEFINED
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("superbpe")
    writer.add_token_list(texts)
    writer.add_token_types([kinds[token] for token in range(coder.count)])
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in bpe["merges"]])
    writer.add_bos_token_id(coder.begin)
    writer.add_eos_token_id(coder.end)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def tensors(model):
    """The weights by llama.cpp's names."""
    yield "token_embd.weight", model.embedding.weight
    yield "output_norm.weight", model.norm.weight
    for number, block in enumerate(model.blocks):
        query, key, value = block.query_key_value.weight.chunk(3)
        gate, up = block.gate_up.weight.chunk(2)
        named = {
            "attn_norm": block.attention_norm.weight, "attn_q": query, "attn_k": key, "attn_v": value,
            "attn_output": block.output.weight, "ffn_norm": block.hidden_norm.weight, "ffn_gate": gate, "ffn_up": up,
            "ffn_down": block.down.weight,
        }
        for name, weights in named.items():
            yield f"blk.{number}.{name}.weight", weights


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("role", choices=SHAPES)
    arguments.add_argument("file")
    arguments.add_argument("--work", type=pathlib.Path, required=True)
    options = arguments.parse_args()
    model, coder, _ = trained(options.role, options.work)
    writer = gguf.GGUFWriter(options.file, "llama")
    describe(writer, options.role, SHAPES[options.role], coder)
    for name, weights in tensors(model):
        numbers = weights.detach().numpy()
        writer.add_tensor(name, numbers.astype(numpy.float16 if numbers.ndim > 1 else numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
