"""Documents as token shards on disk: written once, read through memory maps.

A shard is four arrays: tokens (uint16), the loss weight of each token as a target (float16), the offset at which each
document begins, with the total length last (int64), and the further targets (float64, n x 3): place in the shard, token
and loss weight, in the order of their places.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pocket.document import Document
from pocket.tokenizer import ASSISTANT, BEGIN, END, SYSTEM, USER, encode_text, load_tokenizer, token_id

MARKS = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}
BATCH = 256


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document as tokens, with the loss weight of each as a target; both of the same length.

    `others` are further targets: place in the document, token, and loss weight.
    """

    tokens: list[int]
    weights: list[float]
    others: list[tuple[int, int, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shard:
    """Memory-mapped tokens and weights; document i is `offsets[i]` to `offsets[i + 1]`, places count as offsets do."""

    tokens: NDArray[np.uint16]
    weights: NDArray[np.float16]
    offsets: NDArray[np.int64]
    others: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))


def encode_document(tokenizer: Tokenizer, document: Document) -> Encoded:
    """Lay a document out in the chat format: `<|begin|>`, then `<|role|>TEXT<|end|>` for each turn.

    A turn's weight counts for its text; the `<|end|>` of an assistant's turn counts as ordinary prose at most, so that
    ending a one-letter answer does not weigh as much as the letter. Every other mark has weight 0.
    """
    ids = {mark: token_id(tokenizer, mark) for mark in (BEGIN, END, *MARKS.values())}
    tokens, weights = [ids[BEGIN]], [0.0]
    others: list[tuple[int, int, float]] = []
    for turn in document.turns:
        text = encode_text(tokenizer, turn.text)
        others += [(len(tokens) + 1, token_id(tokenizer, answer), weight) for answer, weight in turn.others]
        tokens += [ids[MARKS[turn.role]], *text, ids[END]]
        closing = min(turn.weight, 1.0) if turn.role == "assistant" else 0.0
        weights += [0.0, *([turn.weight] * len(text)), closing]
    return Encoded(tokens, weights, others)


def write_shard(documents: Iterator[Document], tokenizer: Tokenizer, size: int, longest: int, folder: Path) -> None:
    """Fill a shard with at least `size` tokens; documents of more than `longest` tokens are left out and counted."""
    tokens: list[NDArray[np.uint16]] = []
    weights: list[NDArray[np.float16]] = []
    others: list[tuple[int, int, float]] = []
    lengths: list[int] = []
    total = left_out = 0
    while total < size:
        for document in islice(documents, BATCH):
            encoded = encode_document(tokenizer, document)
            if len(encoded.tokens) > longest:
                left_out += 1
                continue
            tokens.append(np.array(encoded.tokens, dtype=np.uint16))
            weights.append(np.array(encoded.weights, dtype=np.float16))
            others += [(total + place, token, weight) for place, token, weight in encoded.others]
            lengths.append(len(encoded.tokens))
            total += len(encoded.tokens)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "tokens.npy", np.concatenate(tokens))
    np.save(folder / "weights.npy", np.concatenate(weights))
    np.save(folder / "others.npy", np.array(others, dtype=np.float64).reshape(-1, 3))
    np.save(folder / "offsets.npy", np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    facts = {"tokens": total, "documents": len(lengths), "left_out": left_out}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def write_shards(
    tokenizer_path: Path, folder: Path, lesson: str, seed: int, tokens: int, longest: int, workers: int = 2
) -> None:
    """Write `workers` shards of a lesson side by side, together about `tokens` tokens; shard i is of `seed + i`."""
    jobs = [
        (tokenizer_path, folder / f"{index:02d}", lesson, seed + index, tokens // workers, longest)
        for index in range(workers)
    ]
    with get_context("spawn").Pool(workers) as pool:
        pool.starmap(_write_one, [job for job in jobs if not (job[1] / "facts.json").exists()])


def open_shards(folder: Path) -> list[Shard]:
    """Map every finished shard in `folder`. Raises FileNotFoundError if there is none."""
    finished = sorted(path.parent for path in folder.glob("*/facts.json"))
    if not finished:
        raise FileNotFoundError(f"no training shards in {folder}: run the stage 'shards' first")
    return [Shard(*(np.load(path / f"{name}.npy", mmap_mode="r") for name in Shard.__slots__)) for path in finished]


def shard_facts(*folders: Path) -> dict[str, int]:
    """Sum the facts of all finished shards in `folders`: tokens, documents, documents left out for their length."""
    files = [path for folder in folders for path in sorted(folder.rglob("facts.json"))]
    facts = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    return {key: sum(fact[key] for fact in facts) for key in ("tokens", "documents", "left_out")}


def _write_one(tokenizer_path: Path, folder: Path, lesson: str, seed: int, size: int, longest: int) -> None:
    from pocket.text import documents

    write_shard(documents(seed, lesson=lesson), load_tokenizer(tokenizer_path), size, longest, folder)
