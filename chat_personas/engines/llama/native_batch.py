"""llama.cpp's batch structure, filled from checked values."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Batch:
    """Tokens for one decode: their ids, positions, the sequences that each belongs to, and whose logits are wanted."""

    tokens: Sequence[int]
    positions: Sequence[int]
    sequences: Sequence[tuple[int, ...]]
    outputs: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a batch may have: ids below `vocabulary`, at most `tokens` of them, sequences below `sequences`."""

    vocabulary: int
    tokens: int
    sequences: int


class NativeBatch:
    """llama.cpp's structure for a `Batch`, and the buffers that it points into. Keep it until the decode is over."""

    def __init__(self, library: Any, batch: Batch, bounds: Bounds) -> None:
        """Raises ValueError for a batch that is out of `bounds`: llama.cpp would end the process, or worse."""
        count = len(batch.tokens)
        if not 0 < count <= bounds.tokens:
            raise ValueError(f"a batch of {count} tokens; it must have 1 to {bounds.tokens}")
        if not count == len(batch.positions) == len(batch.sequences) == len(batch.outputs):
            raise ValueError("the parts of a batch differ in length")
        tokens = np.array(batch.tokens, dtype=np.int32)
        positions = np.array(batch.positions, dtype=np.int32)
        counts = np.array([len(owners) for owners in batch.sequences], dtype=np.int32)
        owners = np.array([owner for several in batch.sequences for owner in several], dtype=np.int32)
        if tokens.min() < 0 or tokens.max() >= bounds.vocabulary or positions.min() < 0:
            raise ValueError("a token or a position is out of range")
        if counts.min() < 1 or owners.min() < 0 or owners.max() >= bounds.sequences:
            raise ValueError("a token belongs to no sequence, or to one out of range")
        starts = np.zeros(count, dtype=np.uintp)
        starts[1:] = np.cumsum(counts[:-1], dtype=np.uintp)
        pointers = starts * np.uintp(owners.itemsize) + np.uintp(owners.ctypes.data)
        outputs = np.array(batch.outputs, dtype=np.int8)
        self._buffers = (tokens, positions, counts, pointers, outputs, owners)
        self.structure = library.llama_batch(
            n_tokens=count,
            token=_at(tokens, library.llama_token),
            pos=_at(positions, library.llama_pos),
            n_seq_id=_at(counts, ctypes.c_int32),
            seq_id=_at(pointers, ctypes.POINTER(library.llama_seq_id)),
            logits=_at(outputs, ctypes.c_int8),
        )


class NativeToken:
    """A batch of one token of one sequence, with its logits: made once, filled anew for each token of a reply.

    A reply decodes one token at a time, and a decode leaves nothing of ours in the processor's caches: what is done
    between two decodes is done slowly, and while nothing is decoded.
    """

    def __init__(self, library: Any, bounds: Bounds) -> None:
        self._bounds = bounds
        self._token, self._position = library.llama_token(), library.llama_pos()
        self._sequence = library.llama_seq_id()
        self._sequences = ctypes.pointer(self._sequence)
        self._one, self._wanted = ctypes.c_int32(1), ctypes.c_int8(1)
        self.structure = library.llama_batch(
            n_tokens=1,
            token=ctypes.pointer(self._token),
            pos=ctypes.pointer(self._position),
            n_seq_id=ctypes.pointer(self._one),
            seq_id=ctypes.pointer(self._sequences),
            logits=ctypes.pointer(self._wanted),
        )

    def fill(self, token: int, position: int, sequence: int) -> None:
        """Set the token, its position and its sequence. Raises ValueError for one that is out of the bounds."""
        bounds = self._bounds
        if not (0 <= token < bounds.vocabulary and position >= 0):
            raise ValueError("a token or a position is out of range")
        if not 0 <= sequence < bounds.sequences:
            raise ValueError("a token belongs to no sequence, or to one out of range")
        self._token.value, self._position.value, self._sequence.value = token, position, sequence


def _at(buffer: NDArray[Any], kind: Any) -> Any:
    return ctypes.cast(buffer.ctypes.data, ctypes.POINTER(kind))
