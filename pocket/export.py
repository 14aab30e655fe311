"""Export of the trained model as GGUF, with tokenizer and chat template, so that llama.cpp runs it; and back to torch.

GGUF's "llama" architecture turns neighbouring elements of a head by position where torch here turns the two halves:
the rows of the query and key matrices are reordered for it. Everything else is a copy.
"""

import json
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from gguf import GGUFReader, GGUFWriter, LlamaFileType, TokenType
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pocket.model import PocketModel, PocketShape
from pocket.tokenizer import BEGIN, END, SPECIAL, token_id

NAME = "chat-personas pocket (demonstration)"
DESCRIPTION = (
    "A demonstration trained on synthetic people. "
    "Its scores show the instrument working; they are evidence about nobody."
)
LARGEST = 16_000_000
CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] != 'system' or message['content'] %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
Precision = Literal["f16", "f32"]


class ExportError(Exception):
    """The model cannot be shipped as it is. One line says why."""


def export_gguf(model: PocketModel, tokenizer: Tokenizer, path: Path, precision: Precision = "f16") -> None:
    """Write `model` to `path`; a reader never sees half a file. `f32` is for comparing with torch.

    Raises:
        ExportError: vocabulary and model differ in size, or an f16 file would be larger than 16 MB.
    """
    if tokenizer.get_vocab_size() != model.shape.vocabulary:
        raise ExportError(
            f"the tokenizer has {tokenizer.get_vocab_size()} tokens and the model {model.shape.vocabulary}: "
            "train the model with this tokenizer"
        )
    part = path.with_name(path.name + ".part")
    writer = GGUFWriter(part, "llama")
    _write_shape(writer, model.shape, precision)
    _write_tokenizer(writer, tokenizer)
    _write_tensors(writer, model, precision)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if precision == "f16" and part.stat().st_size > LARGEST:
        raise ExportError(f"{part} has {part.stat().st_size:,} bytes, more than {LARGEST:,}: make the model smaller")
    part.replace(path)


def neighbouring(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Reorder the rows of a query or key matrix (width, width) from half-split to neighbouring rotary pairs."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def read_gguf(path: Path) -> PocketModel:
    """Return the model of a file that `export_gguf` wrote, in float32; f16 weights keep their precision."""
    reader = GGUFReader(path)
    values = {tensor.name: np.array(tensor.data, dtype=np.float32) for tensor in reader.tensors}

    def number(key: str) -> int:
        return int(reader.fields[f"llama.{key}"].contents())

    shape = PocketShape(
        vocabulary=len(values["token_embd.weight"]),
        context=number("context_length"),
        width=number("embedding_length"),
        layers=number("block_count"),
        heads=number("attention.head_count"),
        hidden=number("feed_forward_length"),
    )
    model = PocketModel(shape)
    for name, weight in values.items():
        if name.endswith(("attn_q.weight", "attn_k.weight")):
            values[name] = halves(weight, shape.heads)
    model.load_state_dict({name: torch.from_numpy(weight) for name, weight in values.items()})
    return model.eval()


def halves(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Undo `neighbouring`: return the rows of a query or key matrix in half-split order."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _write_shape(writer: GGUFWriter, shape: PocketShape, precision: Precision) -> None:
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    writer.add_author("the chat-personas authors")
    writer.add_license("MIT")
    writer.add_languages(["en"])
    writer.add_file_type(LlamaFileType.MOSTLY_F16 if precision == "f16" else LlamaFileType.ALL_F32)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)


def _write_tokenizer(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types([TokenType.CONTROL if token in SPECIAL else TokenType.NORMAL for token, _ in vocabulary])
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in merges])
    writer.add_bos_token_id(token_id(tokenizer, BEGIN))
    writer.add_eos_token_id(token_id(tokenizer, END))
    writer.add_eot_token_id(token_id(tokenizer, END))
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _write_tensors(writer: GGUFWriter, model: PocketModel, precision: Precision) -> None:
    for name, tensor in model.state_dict().items():
        values: NDArray[np.float32] = tensor.detach().float().numpy()
        if name.endswith(("attn_q.weight", "attn_k.weight")):
            values = neighbouring(values, model.shape.heads)
        narrow = precision == "f16" and values.ndim == 2
        writer.add_tensor(name, np.ascontiguousarray(values.astype(np.float16) if narrow else values))
