"""Training batches: one document to a row, rows of one length to a batch.

Most documents are short, and attention costs the square of the row: so a document goes into the shortest row that holds
it. Documents do not share rows: a small model would have to learn first which of several people a row is about.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, islice

import numpy as np
from numpy.typing import NDArray

from pocket.shards import Shard

ROW_LENGTHS = (64, 96, 128, 192, 256, 384, 512, 1024, 2048)
PADDING = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs and next-token targets (rows, row length), the loss weight of each target, and the epoch it is from.

    `others` are further targets (n x 3): place in the flattened targets, token, and loss weight.

    Weights are 0 or at least 1: a target of weight below 1 is drawn with that probability and then counts 1, which
    leaves the expected loss as it is and spares the output layer.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]
    epoch: int
    others: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))


def row_length(length: int) -> int:
    """Return the shortest row that holds a document of `length` tokens.

    Raises:
        ValueError: it is longer than the longest row.
    """
    for row in ROW_LENGTHS:
        if length <= row:
            return row
    raise ValueError(f"a document of {length} tokens does not fit a row of {ROW_LENGTHS[-1]}")


def lessons(courses: Sequence[Sequence[Shard]], tokens_per_batch: int, seed: int, skip: int = 0) -> Iterator[Batch]:
    """Yield the batches of several courses one after the other, each course once and the last without end."""
    *once, last = courses
    parts = [*(batches(shards, tokens_per_batch, seed, epochs=1) for shards in once)]
    return islice(chain(*parts, batches(last, tokens_per_batch, seed)), skip, None)


def batches(
    shards: Sequence[Shard], tokens_per_batch: int, seed: int, skip: int = 0, epochs: int | None = None
) -> Iterator[Batch]:
    """Yield batches of at most `tokens_per_batch` tokens, in an order that `seed` fixes, after `skip`.

    They go on for `epochs`, without end where None. Every epoch draws a new order; what fills no batch waits for the
    next. `tokens_per_batch` is at least the longest row.
    """
    for number, (epoch, length, rows) in enumerate(_row_groups(shards, tokens_per_batch, seed, epochs)):
        if number >= skip:
            generator = np.random.default_rng([seed, number])
            yield _batch(shards, rows, length, epoch, generator)


def _row_groups(
    shards: Sequence[Shard], tokens_per_batch: int, seed: int, epochs: int | None
) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    index = [(s, d) for s, shard in enumerate(shards) for d in range(len(shard.offsets) - 1)]
    sizes = np.concatenate([np.diff(shard.offsets) for shard in shards])
    waiting: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for epoch in count() if epochs is None else range(epochs):
        for place in np.random.default_rng([seed, epoch, 1]).permutation(len(index)):
            length = row_length(int(sizes[place]))
            waiting[length].append(index[place])
            if len(waiting[length]) == tokens_per_batch // length:
                yield epoch, length, waiting.pop(length)


def _batch(
    shards: Sequence[Shard],
    rows: Sequence[tuple[int, int]],
    length: int,
    epoch: int,
    generator: np.random.Generator,
) -> Batch:
    tokens = np.full((len(rows), length + 1), PADDING, dtype=np.int64)
    weights = np.zeros((len(rows), length + 1), dtype=np.float32)
    others = []
    for row, (s, d) in enumerate(rows):
        begin, end = shards[s].offsets[d], shards[s].offsets[d + 1]
        tokens[row, : end - begin] = shards[s].tokens[begin:end]
        weights[row, : end - begin] = shards[s].weights[begin:end]
        first, last = np.searchsorted(shards[s].others[:, 0], (begin, end))
        others.append(shards[s].others[first:last] + np.array([row * length - begin - 1, 0, 0]))
    light = weights < 1
    weights[light] = generator.random(int(light.sum())) < weights[light]
    return Batch(tokens[:, :-1], tokens[:, 1:], weights[:, 1:], epoch, np.concatenate(others))
