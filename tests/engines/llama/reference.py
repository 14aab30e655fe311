"""What the engine's results are compared with: the plainest way to get them, one token after the other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.context import Batch, Context
from chat_personas.engines.llama.memory import Memory
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.tree import Limits, Path, Plan


def logits_one_by_one(context: Context, tokens: Sequence[int]) -> NDArray[np.float64]:
    """Decode `tokens` singly in an empty cache and return the logits after the last; the cache is empty again."""
    for position, token in enumerate(tokens):
        context.decode(Batch([token], [position], [(0,)], [True]))
    logits = context.logits(0).astype(np.float64)
    context.cut(0, 0)
    return logits


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log-probabilities: x − log Σ exp(x)."""
    return logits - np.logaddexp.reduce(logits)


def logits_as_tree(runtime: Runtime, paths: Sequence[Path]) -> dict[Path, NDArray[np.float64]]:
    """Decode `paths` as one tree on the runtime's spine and return the logits after each."""
    memory = runtime.memory
    shortest = min(map(len, paths))
    common = next((n for n in range(shortest - 1) if len({path[n] for path in paths}) > 1), shortest - 1)
    held = memory.aim_spine(paths[0][:common])
    plan = Plan(paths, held, Limits(runtime.context.size.batch, memory.branches, memory.free))
    found: dict[Path, NDArray[np.float64]] = {}
    for step in plan.steps():
        memory.grow(step)
        for index, row in zip(step.paths, step.ends, strict=True):
            found[plan.paths[index]] = runtime.context.logits(row).astype(np.float64)
        memory.release(step)
    return found


class RecordedMemory(Memory):
    """A memory that writes down what is done to the conversation's sequence, to do it again elsewhere."""

    def __init__(self, context: Context) -> None:
        super().__init__(_Recorder(context))  # type: ignore[arg-type]

    @property
    def calls(self) -> "list[tuple[str, object]]":
        """The cuts and decodes of the conversation so far."""
        return self._context.calls  # type: ignore[attr-defined, no-any-return]


class _Recorder:
    """Passes everything on to a context, and notes what concerns sequence 0."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.calls: list[tuple[str, object]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._context, name)

    def decode(self, batch: Batch) -> None:
        self._context.decode(batch)
        if batch.sequences[0] == (0,):
            self.calls.append(("decode", batch))

    def cut(self, sequence: int, length: int) -> None:
        self._context.cut(sequence, length)
        if sequence == 0:
            self.calls.append(("cut", length))


def replay(context: Context, calls: "list[tuple[str, object]]") -> NDArray[np.float32]:
    """Do recorded calls in an empty cache and return the logits after the last token."""
    row = 0
    for name, argument in calls:
        if name == "cut":
            context.cut(0, argument)  # type: ignore[arg-type]
        else:
            context.decode(argument)  # type: ignore[arg-type]
            row = len(argument.tokens) - 1  # type: ignore[attr-defined]
    return context.logits(row).copy()
