"""A language model of a few hundred kilobytes with random weights, for tests that need no sense, only arithmetic.

Llama architecture, all weights f32, a byte-level vocabulary, and the chat format of the built-in model: real enough
that llama.cpp treats it as any other file.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import gguf
import numpy as np

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
SPECIAL = ("<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
WORDS = ("the", "and", "ing", "should", "people", "more", "government")
BEGIN, END = 0, 1


def write_tiny_model(
    path: Path,
    *,
    seed: int = 0,
    layers: int = 2,
    width: int = 64,
    context: int = 512,
    template: str | None = TEMPLATE,
    name: str = "tiny",
    without: str = "",
    words: Sequence[str] = (),
    says: Mapping[str, str] | None = None,
    figures: Mapping[str, int | float | str | bool] | None = None,
) -> Path:
    """Write a random model to `path` and return it; the same arguments give the same bytes.

    The vocabulary lacks the characters of `without`, and has `words` as further tokens. `figures` are further metadata,
    or other values for those that are there. With `says` the weights are not random: after each token that it names
    comes the token that it gives, whatever stood before.
    """
    tokens, merges = vocabulary(without)
    tokens += words
    if says is not None:
        width = 64 * -(-len(tokens) // 64)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 4)
    add_vocabulary(writer, tokens, merges, words)
    if template is not None:
        writer.add_chat_template(template)
    for key, value in (figures or {}).items():
        kind = gguf.GGUFValueType.get_type(value)
        writer.kv_data[0][key] = gguf.GGUFValue(value, gguf.GGUFValueType.UINT32 if kind.name == "INT32" else kind)
    weights = _weights(np.random.default_rng(seed), len(tokens), layers, width)
    ended(writer, ((name, each if says is None else _scripted(name, each, tokens, says)) for name, each in weights))
    return path


def add_vocabulary(
    writer: gguf.GGUFWriter, tokens: Sequence[str], merges: Sequence[str], words: Sequence[str] = ()
) -> None:
    """Add a vocabulary, of which the last tokens are `words`, and say that all weights are f32."""
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    kinds = [gguf.TokenType.CONTROL if token in SPECIAL else gguf.TokenType.NORMAL for token in tokens]
    kinds[len(tokens) - len(words) :] = [gguf.TokenType.USER_DEFINED] * len(words)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(True)


def ended(writer: gguf.GGUFWriter, weights: Iterable[tuple[str, np.ndarray]]) -> None:
    """Write the tensors, and finish the file."""
    for name, values in weights:
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def vocabulary(without: str = "") -> tuple[list[str], list[str]]:
    """All bytes as GPT-2 spells them, a spaced form of every capital, and the words above, built by merges."""
    spelling = {byte: shown for byte, shown in _byte_spelling().items() if chr(byte) not in without}
    tokens = [*SPECIAL, *(spelling[byte] for byte in sorted(spelling))]
    merges: list[str] = []
    space = _byte_spelling()[ord(" ")]
    for word in (*(space + chr(letter) for letter in range(ord("A"), ord("Z") + 1)), *WORDS):
        if set(word) & set(without):
            continue
        built = word[0]
        for letter in word[1:]:
            if built + letter not in tokens:
                merges.append(f"{built} {letter}")
                tokens.append(built + letter)
            built += letter
    return tokens, merges


def _byte_spelling() -> dict[int, str]:
    """GPT-2's printable stand-in for every byte: itself where printable, else one from U+0100 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    spelling = {byte: chr(byte) for byte in printable}
    others = [byte for byte in range(256) if byte not in spelling]
    return spelling | {byte: chr(256 + rank) for rank, byte in enumerate(others)}


def _weights(random: np.random.Generator, vocabulary: int, layers: int, width: int) -> list[tuple[str, np.ndarray]]:
    """Every tensor by name, scaled so that activations neither vanish nor explode and the logits spread."""

    def matrix(rows: int, columns: int, scale: float = 1.0) -> np.ndarray:
        return (random.standard_normal((rows, columns)) * scale / np.sqrt(columns)).astype(np.float32)

    ones = np.ones(width, dtype=np.float32)
    weights = [
        ("token_embd.weight", matrix(vocabulary, width, scale=np.sqrt(width))),
        ("output_norm.weight", ones),
        ("output.weight", matrix(vocabulary, width, scale=2.0)),
    ]
    for layer in range(layers):
        weights += [
            (f"blk.{layer}.attn_norm.weight", ones),
            (f"blk.{layer}.attn_q.weight", matrix(width, width, scale=2.0)),
            (f"blk.{layer}.attn_k.weight", matrix(width // 2, width, scale=2.0)),
            (f"blk.{layer}.attn_v.weight", matrix(width // 2, width)),
            (f"blk.{layer}.attn_output.weight", matrix(width, width)),
            (f"blk.{layer}.ffn_norm.weight", ones),
            (f"blk.{layer}.ffn_gate.weight", matrix(2 * width, width)),
            (f"blk.{layer}.ffn_up.weight", matrix(2 * width, width)),
            (f"blk.{layer}.ffn_down.weight", matrix(width, 2 * width)),
        ]
    return weights


def _scripted(name: str, weights: np.ndarray, tokens: Sequence[str], says: Mapping[str, str]) -> np.ndarray:
    """Weights with which each token is a direction of its own, the layers add nothing, and `says` gives the next."""
    if name.endswith("norm.weight"):
        return weights
    zeros = np.zeros_like(weights)
    if name == "token_embd.weight":
        np.fill_diagonal(zeros, 1)
    elif name == "output.weight":
        for before, after in says.items():
            zeros[tokens.index(after), tokens.index(before)] = 30 / np.sqrt(weights.shape[1])
    return zeros
