"""A model of about 0.35 billion random weights: speed does not depend on their values.

    python -m benchmarks.random_model          # makes both files and says where they are

Tokenizer and chat template are the built-in model's, filled up with tokens that no text is split into. All layers hold
the same matrices, each in its own place in the file, so that it is made in seconds and takes the room that others take.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from chat_personas.models import pocket_path

WEIGHTS = ("q8_0", "q4_0")
VERSION = 1
LAYERS, WIDTH, HIDDEN, HEADS, KEY_HEADS, VOCABULARY, CONTEXT = 24, 1024, 2816, 16, 8, 32_768, 4096
_COPIED = (
    "tokenizer.ggml.model",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.merges",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.add_bos_token",
    "tokenizer.chat_template",
)


def random_model(weights: str, *, tell: Callable[[str], None] = lambda _: None) -> Path:
    """Return the model file with `weights` stored so, made in the user's cache directory if it is not there yet."""
    path = platformdirs.user_cache_path("chat-personas", appauthor=False) / f"random-{weights}-{VERSION}.gguf"
    if not path.is_file():
        tell(f"making {path.name} (once)")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_random_model(path, weights)
    return path


def write_random_model(path: Path, weights: str) -> None:
    """Write a model of the llama architecture to `path`, its matrices as Q8_0 or Q4_0; always the same bytes."""
    import gguf

    part = path.with_name(path.name + ".part")
    kind = gguf.GGMLQuantizationType[weights.upper()]
    writer = gguf.GGUFWriter(part, "llama")
    writer.add_name(f"random {weights}")
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{weights.upper()}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(VOCABULARY)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10_000.0)
    _add_tokenizer(writer)
    for name, values in _tensors(kind):
        writer.add_tensor(name, values, raw_dtype=None if values.dtype == np.float32 else kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(path)


def _add_tokenizer(writer: Any) -> None:
    import gguf

    fields = gguf.GGUFReader(pocket_path()).fields
    for key in _COPIED:
        field = fields[key]
        inner = field.types[1] if len(field.types) > 1 else None
        writer.add_key_value(key, field.contents(), field.types[0], sub_type=inner)
    tokens = fields["tokenizer.ggml.tokens"].contents()
    kinds = fields["tokenizer.ggml.token_type"].contents()
    missing = VOCABULARY - len(tokens)
    writer.add_token_list([*tokens, *(f"unused{number}" for number in range(missing))])
    writer.add_token_types([*kinds, *[gguf.TokenType.NORMAL] * missing])


def _tensors(kind: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield every tensor by name, scaled so that activations neither vanish nor explode."""
    import gguf.quants

    random = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> NDArray[Any]:
        values = random.standard_normal((rows, columns), dtype=np.float32) / np.float32(np.sqrt(columns))
        return gguf.quants.quantize(values, kind)

    keys = WIDTH // HEADS * KEY_HEADS
    ones = np.ones(WIDTH, dtype=np.float32)
    layer = {
        "attn_norm": ones,
        "attn_q": matrix(WIDTH, WIDTH),
        "attn_k": matrix(keys, WIDTH),
        "attn_v": matrix(keys, WIDTH),
        "attn_output": matrix(WIDTH, WIDTH),
        "ffn_norm": ones,
        "ffn_gate": matrix(HIDDEN, WIDTH),
        "ffn_up": matrix(HIDDEN, WIDTH),
        "ffn_down": matrix(WIDTH, HIDDEN),
    }
    yield "token_embd.weight", matrix(VOCABULARY, WIDTH)
    yield "output_norm.weight", ones
    yield "output.weight", matrix(VOCABULARY, WIDTH)
    for number in range(LAYERS):
        for name, values in layer.items():
            yield f"blk.{number}.{name}.weight", values


if __name__ == "__main__":
    for chosen in WEIGHTS:
        print(random_model(chosen, tell=lambda words: print(words, file=sys.stderr)))
