"""What a GGUF file says about itself: its header is read, no weight is loaded.

The format: a magic, a version, the numbers of tensors and of metadata entries; the entries (key, type, value); for each
tensor its name, dimensions, type and offset; then the weights, aligned. llama.cpp's `gguf.h` and `ggml.c` define it.
"""

import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeGuard

Buffer = bytes | mmap.mmap

_MAGIC = b"GGUF"
_HEADER = struct.Struct("<4sIQQ")
_VERSIONS = (2, 3)
_COUNT = struct.Struct("<Q")
_TYPE = struct.Struct("<I")
_STRING, _ARRAY = 8, 9
_SCALAR_CODES = dict(zip((*range(8), 10, 11, 12), "BbHhIif?Qqd", strict=True))
_SCALARS = {code: struct.Struct(f"<{letter}") for code, letter in _SCALAR_CODES.items()}
_LONGEST_ARRAY_KEPT = 4096
"""Arrays of numbers by layer are kept; those of a vocabulary are passed over, and only their length is kept."""
_MOST_DIMENSIONS = 4
_ALIGNMENT = 32
_LARGEST_FIGURE = 2**31 - 1
"""llama.cpp keeps the figures of a model as 32-bit numbers."""
_DAMAGE = (struct.error, IndexError, OverflowError, RecursionError)
"""What reading a damaged header ends in: bytes that are not there, lengths beyond any, arrays in arrays without end."""

_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Weights and bytes of a block, by ggml's number of the type."""

_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
"""The names of llama.cpp's quantisations, by the number in `general.file_type`."""

_BASE_MEMORY = 120_000_000
_MEMORY_PER_TOKEN_OF_THE_VOCABULARY = 400
"""Bytes beside weights and cache, fitted on SmolLM2-135M and Gemma 3 270M (49,152 and 262,144 tokens)."""
_DEFAULT_CONTEXT = 8192
_ROOM_FOR_BRANCHES = 2048
_BYTES_OF_A_CACHED_NUMBER = 2
_STATES = 14
"""Copies of a recurrent state: two in the context, eight of the conversation, and those where probes part."""
_BYTES_OF_A_STATES_NUMBER = 4


class GgufError(ValueError):
    """The file is not a whole GGUF file. The message completes a sentence that begins with its name."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says about itself.

    Attributes:
        metadata: the entries by key; of an array of texts, only its length.
        parameters: the number of weights; 0 in the first part of some split models.
        whole: bytes that the file must have, as far as the types of its tensors are known.
    """

    metadata: Mapping[str, Any]
    parameters: int = 0
    whole: int = 0

    def own(self, key: str) -> Any:
        """Return the entry `key` of the model's architecture, such as `context_length`, or None."""
        return self.metadata.get(f"{self.architecture}.{key}")

    def figure(self, key: str) -> int:
        """Return a figure of the model, such as `block_count`; 0 where the file has none, or anything else there."""
        value = self.own(key)
        return value if _is_figure(value) else 0

    @property
    def architecture(self) -> str:
        """The architecture by llama.cpp's name, such as `qwen3`."""
        return str(self.metadata.get("general.architecture", "unknown"))

    @property
    def quantization(self) -> str:
        """How the weights are stored, such as `Q4_K_M`."""
        kind = self.metadata.get("general.file_type")
        return _FILE_TYPES.get(kind, "unknown") if _is_figure(kind) else "unknown"

    @property
    def context_length(self) -> int | None:
        """How many tokens of context the model was trained for."""
        return self.figure("context_length") or None

    @property
    def has_template(self) -> bool:
        """Whether the file has a chat template; base models mostly have none."""
        return bool(self.metadata.get("tokenizer.chat_template"))

    @property
    def parts(self) -> int:
        """How many files the model is split into."""
        count = self.metadata.get("split.count")
        return count if _is_figure(count) and count else 1

    @property
    def recurrent(self) -> bool:
        """Whether its layers, or some of them, keep one state for all that they have read."""
        signs = ("ssm.state_size", "ssm.conv_kernel", "wkv.head_size", "shortconv.l_cache")
        return any(self.own(key) is not None for key in signs)

    def memory(self, size: int, context_length: int | None = None) -> int | None:
        """Return about how many bytes of memory a model of `size` bytes needs here, None if the header does not tell.

        The weights, a cache of the context and of the branches beside it (two bytes a number), the states of recurrent
        layers, and what the program needs beside them. `context_length` None: the model's own, at most 8192 tokens, as
        the engine takes it.
        """
        layers, width = self.figure("block_count"), self.figure("embedding_length")
        heads = self._heads("attention.head_count")
        each = max(heads, default=0) if isinstance(heads, list) else heads
        if not (layers and width and (each or self.recurrent)):
            return None
        if not each:  # no layer has attention
            return int(size + self._states(layers, width) + self._beside())
        shared = self._heads("attention.head_count_kv") or heads
        key = self.figure("attention.key_length") or width // each
        value = self.figure("attention.value_length") or width // each
        attending = layers // (self.figure("full_attention_interval") or 1)
        cached_heads = sum(shared) if isinstance(shared, list) else shared * attending
        length = min(context_length or _DEFAULT_CONTEXT, self.context_length or _DEFAULT_CONTEXT)
        cells = length + min(length, _ROOM_FOR_BRANCHES)
        cache = cells * cached_heads * (key + value) * _BYTES_OF_A_CACHED_NUMBER
        return int(size + cache + self._states(layers, width) + self._beside())

    def _heads(self, key: str) -> int | list[int]:
        """Return a number of heads: of every layer, or one for each layer."""
        value = self.own(key)
        return value if isinstance(value, list) and all(map(_is_figure, value)) else self.figure(key)

    def _states(self, layers: int, width: int) -> int:
        """Return the bytes of all copies of the recurrent layers' states, as if every layer had one; 0 without any."""
        inner, state, groups = (self.figure(f"ssm.{key}") for key in ("inner_size", "state_size", "group_count"))
        rows = (self.figure("ssm.conv_kernel") or 1) - 1
        mixer = inner * state + rows * (inner + 2 * groups * state)
        convolution = width * ((self.figure("shortconv.l_cache") or 1) - 1)
        head = self.figure("wkv.head_size")
        numbers = mixer + convolution + (width * head + 2 * width if head else 0)
        return int(layers * numbers * _STATES * _BYTES_OF_A_STATES_NUMBER)

    def _beside(self) -> int:
        """Return the bytes that are needed beside weights, cache and states."""
        vocabulary = self.metadata.get("tokenizer.ggml.tokens")
        return int(_BASE_MEMORY + (vocabulary if _is_figure(vocabulary) else 0) * _MEMORY_PER_TOKEN_OF_THE_VOCABULARY)


def _is_figure(value: object) -> TypeGuard[int]:
    """Whether this can be a number of things in a model: a file may say anything."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_FIGURE


def read_header(path: Path) -> Header:
    """Read the header of a file.

    Raises:
        GgufError: it is not a GGUF file, is damaged, or ends before its last weight.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if not (start := file.read(len(_MAGIC))):
            raise GgufError("is empty; download it again")
        if start != _MAGIC:
            raise GgufError("is not a GGUF file")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                header = _Reader(content).header()
            except _DAMAGE as error:
                raise GgufError("is cut off or damaged; download it again") from error
            size = len(content)
    if size < header.whole:
        raise GgufError(f"is cut off: {size / 1e6:.0f} of {header.whole / 1e6:.0f} MB are there; download it again")
    return header


def read_metadata(path: Path) -> Header:
    """Read the metadata of a file, as far as it can be read; see `read_start`.

    Raises:
        GgufError: it does not begin like a GGUF file.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if not file.read(len(_MAGIC)):
            raise GgufError("is empty; download it again")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return read_start(content)


def read_start(start: Buffer) -> Header:
    """Return what the first bytes of a file say: its metadata up to where they end, without tensors.

    Raises:
        GgufError: they are not the beginning of a GGUF file.
    """
    reader, found = _Reader(start), dict[str, Any]()
    try:
        reader.counts()
        for key, value in reader.entries():
            found[key] = value
    except _DAMAGE:  # the bytes end here, as a rule within the vocabulary, whose length is known
        if reader.length is not None:
            found[reader.key] = reader.length
    return Header(found)


class _Reader:
    """Reads one header from its beginning to its end.

    `key` is the entry that is being read, `length` the length of its array once that is known.
    """

    def __init__(self, content: Buffer) -> None:
        self._content = content
        self._at = self._tensors = self._entries = 0
        self.key = ""
        self.length: int | None = None

    def header(self) -> Header:
        """Return all of it."""
        self.counts()
        metadata = dict(self.entries())
        alignment = metadata.get("general.alignment", _ALIGNMENT)
        if not (_is_figure(alignment) and alignment):
            raise IndexError
        return Header(metadata, *self._weights(alignment))

    def counts(self) -> None:
        """Read the numbers of tensors and entries. Raises GgufError for another format or version."""
        magic, version, self._tensors, self._entries = _HEADER.unpack_from(self._content, 0)
        if magic != _MAGIC:
            raise GgufError("is not a GGUF file")
        if version not in _VERSIONS:
            raise GgufError(f"is a GGUF file of version {version}; versions 2 and 3 can be read")
        self._at = _HEADER.size

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Yield the metadata."""
        for _ in range(self._entries):
            self.key, self.length = self._string(), None
            yield self.key, self._value(self._number(_TYPE))

    def _number(self, form: struct.Struct) -> Any:
        (value,) = form.unpack_from(self._content, self._at)
        self._at += form.size
        return value

    def _string(self) -> str:
        length = self._number(_COUNT)
        if self._at + length > len(self._content):
            raise IndexError
        text = self._content[self._at : self._at + length]
        self._at += length
        return text.decode("utf-8", "replace")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array(self._number(_TYPE), self._number(_COUNT))
        if kind not in _SCALARS:
            raise IndexError
        return self._number(_SCALARS[kind])

    def _array(self, kind: int, length: int) -> Any:
        self.length = length
        if kind in _SCALARS:
            form = _SCALARS[kind]
            end = self._at + length * form.size
            if end > len(self._content):
                raise IndexError
            kept = length <= _LONGEST_ARRAY_KEPT
            values = [each for (each,) in form.iter_unpack(self._content[self._at : end])] if kept else length
            self._at = end
            return values
        if kind == _STRING:
            self._pass_over_strings(length)
        else:  # arrays of arrays, which no model is known to have
            for _ in range(length):
                self._value(kind)
        return length

    def _pass_over_strings(self, length: int) -> None:
        """A vocabulary has hundreds of thousands of them, so this is the time that a file takes."""
        content, at, unpack = self._content, self._at, _COUNT.unpack_from
        for _ in range(length):
            at += 8 + unpack(content, at)[0]
        if at > len(content):
            raise IndexError
        self._at = at

    def _weights(self, alignment: int) -> tuple[int, int]:
        """Return the number of weights, and the size that the file must have."""
        parameters = end = 0
        for _ in range(self._tensors):
            self._string()
            count = self._number(_TYPE)
            if count > _MOST_DIMENSIONS:
                raise IndexError
            weights = prod(self._number(_COUNT) for _ in range(count))
            block, size = _BLOCKS.get(self._number(_TYPE), (1, 0))
            parameters += weights
            end = max(end, self._number(_COUNT) + weights // block * size)
        begin = -(-self._at // alignment) * alignment
        return parameters, begin + end if self._tensors else self._at
