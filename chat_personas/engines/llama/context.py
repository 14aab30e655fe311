"""llama.cpp's context, typed and checked: decode tokens, move sequences, read logits.

Every id and size is checked before it reaches C, which would end the process over a wrong one, or worse.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.bindings import native, stops_when
from chat_personas.engines.llama.hidden_states.residual_stream import ResidualStream
from chat_personas.engines.llama.worker import Interrupted, InterruptFlag
from eval.engine import EngineError


@dataclass(frozen=True, slots=True)
class Batch:
    """Tokens for one decode.

    For each token: its id, its position in the context, the sequences that it belongs to, and whether its logits are
    wanted.
    """

    tokens: Sequence[int]
    positions: Sequence[int]
    sequences: Sequence[tuple[int, ...]]
    outputs: Sequence[bool]


SequenceState = NDArray[np.uint8]
"""The state of a recurrent model's layers after some tokens, as llama.cpp writes it."""
NOT_A_NUMBER = "the model's output is not a number; the file may be damaged"
TOO_STRONG = "the model's output is not a number under this steering from inside; use a smaller strength"
_ABORTED = 2
_NO_ROOM = 1
_FIRST_ROW = frozenset({0})


@dataclass(frozen=True, slots=True)
class ContextSize:
    """The size of a context: tokens over all sequences (`cells`) and in one decode (`batch`), and sequences at once."""

    cells: int
    batch: int
    sequences: int


class Context:
    """One llama.cpp context with a unified cache. To be used by one thread only.

    All sequences share the cells, so that a token can belong to several of them and is then decoded once for all.
    """

    def __init__(
        self,
        model: Any,
        size: ContextSize,
        *,
        vocabulary: int,
        threads: int,
        flash_attention: bool,
        full_precision: bool,
        flag: InterruptFlag,
        residual: ResidualStream | None = None,
    ) -> None:
        """Allocate the cache; `full_precision` keeps it in f32, else it is f16. `residual`: see `ResidualStream`.

        In f16 the rounding of the cache alone moves log-probabilities by up to 0.002 between one split into batches and
        another (seen on a random f32 model; 1e-5 with f32).

        Raises:
            EngineError: llama.cpp cannot, mostly because memory is short.
        """
        library = native()
        parameters = library.llama_context_default_params()
        parameters.n_ctx = size.cells
        parameters.n_batch = parameters.n_ubatch = size.batch
        parameters.n_seq_max = parameters.n_outputs_max = size.sequences
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = (
            library.LLAMA_FLASH_ATTN_TYPE_ENABLED if flash_attention else library.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        if full_precision:
            parameters.type_k = parameters.type_v = library.GGML_TYPE_F32
        parameters.kv_unified = True
        parameters.swa_full = True  # a sliding window that forgets cells could not be branched
        if residual is not None:
            parameters.cb_eval = residual.callback
        self._library = library
        self._recurrent_only = library.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
        self.residual = residual
        self.size = size
        self._vocabulary = vocabulary
        self._flag = flag
        self.pointer = library.llama_init_from_model(model, parameters)
        if not self.pointer:
            raise EngineError(
                f"there is not enough memory for a context of {size.cells:,} tokens; set a smaller context_length"
            )
        self._memory = library.llama_get_memory(self.pointer)
        self._bounds = _Bounds(vocabulary, size.batch, size.sequences)
        self._one = _NativeToken(library, self._bounds)
        self._abort = flag.install(library, self.pointer)
        self._rows: frozenset[int] = frozenset()
        self._added = False

    def close(self) -> None:
        """Free the cache; the context cannot be used afterwards."""
        if self.pointer:
            self._library.llama_free(self.pointer)
            self.pointer = self._memory = None

    def add(self, vectors: NDArray[np.float32] | None) -> None:
        """Add to the state after each layer from the second on its row of `vectors` (layers - 1, width); None: nothing.

        What is in the cache was decoded before; clear it, or use an empty context.
        """
        self._added = vectors is not None
        if vectors is None:
            self._library.llama_set_adapter_cvec(self.pointer, None, 0, 0, 0, 0)
            return
        layers, width = vectors.shape
        values = np.ascontiguousarray(vectors, dtype=np.float32)
        pointer = _at(values, ctypes.c_float)
        if self._library.llama_set_adapter_cvec(self.pointer, pointer, values.size, width, 1, layers):
            raise EngineError("llama.cpp does not take a direction for this model; use another one")

    def decode(self, batch: Batch) -> None:
        """Decode `batch`, all of it or none.

        Raises:
            Interrupted: the flag went up. Nothing of the batch is left in the sequences that it ended; but the state of
                recurrent layers is then lost.
            EngineError: llama.cpp refused or failed.
        """
        made = _NativeBatch(self._library, batch, self._bounds)
        self._decode(made.structure)
        self._rows = frozenset(row for row, wanted in enumerate(batch.outputs) if wanted)

    def decode_one(self, token: int, position: int, sequence: int) -> None:
        """Decode one token of one sequence, with its logits in row 0: as `decode` of a batch of one, and cheaper."""
        self._one.fill(token, position, sequence)
        self._decode(self._one.structure)
        self._rows = _FIRST_ROW

    def logits(self, row: int) -> NDArray[np.float32]:
        """Return the logits after token `row` of the last decode, a view that the next decode overwrites.

        Raises ValueError for a row whose logits were not asked for.
        """
        self._check_row(row)
        pointer = self._library.llama_get_logits_ith(self.pointer, row)
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary,))

    def check_finite(self, row: int) -> None:
        """Raise EngineError if the logits of `row` are not numbers: every token drawn from them would be noise."""
        if not np.isfinite(self.logits(row).max()):
            raise EngineError(TOO_STRONG if self._added or self.residual is not None else NOT_A_NUMBER)

    def check_drawable(self, row: int) -> Any:
        """Return the native context for a sampler. Raises ValueError if it has no logits in `row`."""
        self._check_row(row)
        return self.pointer

    def share(self, source: int, target: int, length: int) -> None:
        """Add the first `length` tokens of `source` to `target`; no cell is copied."""
        self._check_sequence(source)
        self._check_sequence(target)
        if length > 0:
            self._library.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def cut(self, sequence: int, length: int) -> None:
        """Remove all but the first `length` tokens from `sequence`; cells that no sequence holds any more are free."""
        self._check_sequence(sequence)
        if not self._library.llama_memory_seq_rm(self._memory, sequence, max(length, 0), -1):
            raise EngineError("this model's cache cannot be cut; it needs another engine, such as a server")

    def save(self, sequence: int) -> SequenceState:
        """Return a copy of the state that the recurrent layers of a model have after `sequence`.

        What its attention layers hold, one cell for each token, is not part of it: `share` and `cut` move that.
        """
        self._check_sequence(sequence)
        size = self._library.llama_state_seq_get_size_ext(self.pointer, sequence, self._recurrent_only)
        state = np.empty(size, dtype=np.uint8)
        data = _at(state, ctypes.c_uint8)
        if self._library.llama_state_seq_get_data_ext(self.pointer, data, size, sequence, self._recurrent_only) != size:
            raise EngineError("llama.cpp cannot save this model's state; it needs another engine, such as a server")
        return state

    def restore(self, sequence: int, state: SequenceState, length: int) -> None:
        """Put `sequence`, whose first tokens were decoded before, back to its state after `length` of them.

        Raises:
            EngineError: llama.cpp does not take the state; the sequence is then empty.
        """
        self._check_sequence(sequence)
        data, size = _at(state, ctypes.c_uint8), state.nbytes
        if self._library.llama_state_seq_set_data_ext(self.pointer, data, size, sequence, self._recurrent_only) != size:
            self.cut(sequence, 0)
            raise EngineError("llama.cpp cannot restore this model's state; it needs another engine, such as a server")
        self.cut(sequence, length)

    def _decode(self, structure: Any) -> None:
        self._flag.check()
        self._rows = frozenset()
        stops_when(self._flag.is_set)
        code = self._library.llama_decode(self.pointer, structure)
        if self.residual is not None:
            self.residual.check()
        if code == 0:
            return
        if code == _ABORTED:
            raise Interrupted
        why = "the cache is full" if code == _NO_ROOM else f"llama.cpp returned {code}"
        raise EngineError(f"decoding {structure.n_tokens:,} tokens failed: {why}; try a smaller context_length")

    def _check_sequence(self, sequence: int) -> None:
        if not 0 <= sequence < self.size.sequences:
            raise ValueError(f"sequence {sequence} is outside 0..{self.size.sequences - 1}")

    def _check_row(self, row: int) -> None:
        if row not in self._rows:
            raise ValueError(f"no logits were asked for in row {row} of the last decode")


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The limits of a batch: token ids below `vocabulary`, at most `tokens` of them, sequences below `sequences`."""

    vocabulary: int
    tokens: int
    sequences: int


class _NativeBatch:
    """llama.cpp's structure for a `Batch`, and the buffers that it points into. Keep it until the decode is over."""

    def __init__(self, library: Any, batch: Batch, bounds: _Bounds) -> None:
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


class _NativeToken:
    """A batch of one token of one sequence, with its logits: created once, and filled again for each token of a reply.

    A reply decodes one token at a time, and a decode leaves nothing of ours in the processor's caches. So the work
    between two decodes is slow, and nothing is decoded meanwhile: there should be little of it.
    """

    def __init__(self, library: Any, bounds: _Bounds) -> None:
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
