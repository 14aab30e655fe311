"""What the engine's results are compared with: the plainest way to get them, one token after the other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.context import Batch, Context
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.token_cache import SequenceMemory
from chat_personas.engines.llama.tree import TokenPath


def logits_one_by_one(context: Context, tokens: Sequence[int]) -> NDArray[np.float64]:
    """Decode `tokens` singly in an empty cache and return the logits after the last; the cache is empty again."""
    for position, token in enumerate(tokens):
        context.decode(Batch([token], [position], [(0,)], [True]))
    logits = context.logits(0).astype(np.float64)
    context.cut(0, 0)
    return logits


def held_by(context: Context, sequence: int) -> int:
    """Return how many tokens `sequence` holds, as llama.cpp sees it."""
    return int(context._library.llama_memory_seq_pos_max(context._memory, sequence)) + 1


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log-probabilities: x − log Σ exp(x)."""
    return logits - np.logaddexp.reduce(logits)


def logits_as_tree(runtime: Runtime, paths: Sequence[TokenPath]) -> dict[TokenPath, NDArray[np.float64]]:
    """Decode `paths` as one tree on the runtime's spine and return the logits after each."""
    memory = runtime.memory
    plan = memory.plan(paths)
    found: dict[TokenPath, NDArray[np.float64]] = {}
    for step in plan.steps():
        memory.grow(step)
        for index, row in zip(step.paths, step.ends, strict=True):
            found[plan.paths[index]] = runtime.context.logits(row).astype(np.float64)
        memory.release(step)
    return found


Call = Batch | int
"""Something done to the conversation's sequence: a decode, or a cut to so many tokens."""


class _Recorder:
    """Passes everything on to a context, and notes what concerns sequence 0."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._context, name)

    def decode(self, batch: Batch) -> None:
        """Note a decode of the conversation that succeeded."""
        self._context.decode(batch)
        if batch.sequences[0] == (0,):
            self.calls.append(batch)

    def decode_one(self, token: int, position: int, sequence: int) -> None:
        """Note the same of one token, as a batch of it."""
        self._context.decode_one(token, position, sequence)
        if sequence == 0:
            self.calls.append(Batch([token], [position], [(0,)], [True]))

    def cut(self, sequence: int, length: int) -> None:
        """Note a cut of the conversation."""
        self._context.cut(sequence, length)
        if sequence == 0:
            self.calls.append(length)


def record(memory: SequenceMemory) -> list[Call]:
    """Return a list that grows by whatever `memory` does to the conversation from now on."""
    recorder = _Recorder(memory._context)
    memory._context = recorder  # type: ignore[assignment]
    return recorder.calls


def replay(context: Context, calls: Sequence[Call]) -> NDArray[np.float32]:
    """Do recorded calls in an empty cache and return the logits after the last token."""
    row = 0
    for call in calls:
        if isinstance(call, Batch):
            context.decode(call)
            row = len(call.tokens) - 1
        else:
            context.cut(0, call)
    return context.logits(row).copy()
