"""Packing of whole documents into rows of a few fixed lengths, and of rows into training batches.

Most documents are short, and attention costs the square of the row: so a document goes into the shortest row that
holds it, small ones fill what large ones leave, and every batch has rows of one length and the same number of tokens.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pocket.shards import Shard

ROW_LENGTHS = (256, 512, 1024, 2048)
CHUNK = 4096
PADDING = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs and next-token targets (rows, row length), the loss weight of each target, and the epoch it is from.

    Weights are 0 or at least 1: a target of weight below 1 is drawn with that probability and then counts 1, which
    leaves the expected loss as it is and spares the output layer.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float32]
    epoch: int


@dataclass(slots=True)
class _Row:
    length: int
    documents: list[int] = field(default_factory=list)


def pack(lengths: Sequence[int], row_lengths: Sequence[int] = ROW_LENGTHS) -> list[tuple[int, list[int]]]:
    """Pack documents of the given lengths into rows: best fit, longest first. Returns (row length, document indices).

    Raises:
        ValueError: a document is longer than the longest row.
    """
    rows: list[_Row] = []
    rooms: list[tuple[int, int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        length = lengths[index]
        place = bisect_left(rooms, (length, -1))
        if place < len(rooms):
            room, row = rooms.pop(place)
        else:
            room = _shortest(length, row_lengths)
            row = len(rows)
            rows.append(_Row(room))
        rows[row].documents.append(index)
        insort(rooms, (room - length, row))
    return [(row.length, row.documents) for row in rows]


def batches(shards: Sequence[Shard], tokens_per_batch: int, seed: int, skip: int = 0) -> Iterator[Batch]:
    """Yield batches of `tokens_per_batch` tokens, endlessly, in an order that `seed` fixes, after the first `skip`.

    Every epoch draws a new order and new rows. `tokens_per_batch` is a multiple of the longest row.
    """
    for number, (epoch, length, rows) in enumerate(_row_groups(shards, tokens_per_batch, seed)):
        if number >= skip:
            generator = np.random.default_rng([seed, number])
            yield _batch(shards, rows, length, epoch, generator)


def _row_groups(
    shards: Sequence[Shard], tokens_per_batch: int, seed: int
) -> Iterator[tuple[int, int, list[list[tuple[int, int]]]]]:
    index = [(s, d) for s, shard in enumerate(shards) for d in range(len(shard.offsets) - 1)]
    sizes = np.concatenate([np.diff(shard.offsets) for shard in shards])
    waiting: dict[int, list[list[tuple[int, int]]]] = defaultdict(list)
    epoch = 0
    while True:
        generator = np.random.default_rng([seed, epoch, 1])
        order = generator.permutation(len(index))
        for start in range(0, len(order), CHUNK):
            chunk = order[start : start + CHUNK]
            rows = pack([int(sizes[i]) for i in chunk])
            for row in generator.permutation(len(rows)):
                length, documents = rows[row]
                waiting[length].append([index[chunk[d]] for d in documents])
                if len(waiting[length]) * length >= tokens_per_batch:
                    yield epoch, length, waiting.pop(length)
        epoch += 1


def _batch(
    shards: Sequence[Shard],
    rows: Sequence[Sequence[tuple[int, int]]],
    length: int,
    epoch: int,
    generator: np.random.Generator,
) -> Batch:
    tokens = np.full((len(rows), length + 1), PADDING, dtype=np.int64)
    weights = np.zeros((len(rows), length + 1), dtype=np.float32)
    for r, documents in enumerate(rows):
        at = 0
        for s, d in documents:
            begin, end = shards[s].offsets[d], shards[s].offsets[d + 1]
            tokens[r, at : at + end - begin] = shards[s].tokens[begin:end]
            weights[r, at : at + end - begin] = shards[s].weights[begin:end]
            at += int(end - begin)
    light = weights < 1
    weights[light] = generator.random(int(light.sum())) < weights[light]
    return Batch(tokens[:, :-1], tokens[:, 1:], weights[:, 1:], epoch)


def _shortest(length: int, row_lengths: Sequence[int]) -> int:
    for row_length in row_lengths:
        if length <= row_length:
            return row_length
    raise ValueError(f"a document of {length} tokens does not fit a row of {max(row_lengths)}")
