"""Packing loses no document, cuts none, and gives the trainer batches that follow from the seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from pocket.packing import PADDING, batches, pack
from pocket.shards import Shard


def shard(documents: list[list[int]], weight: float = 1.0) -> Shard:
    tokens = np.array([token for document in documents for token in document], dtype=np.uint16)
    offsets = np.cumsum([0, *(len(document) for document in documents)])
    return Shard(tokens, np.full(len(tokens), weight, dtype=np.float16), offsets)


@given(st.lists(st.integers(1, 2048), max_size=200))
def test_every_document_is_packed_once_into_a_row_that_holds_it(lengths: list[int]) -> None:
    rows = pack(lengths)
    assert sorted(index for _, documents in rows for index in documents) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in documents) <= length for length, documents in rows)


def test_short_documents_fill_what_long_ones_leave() -> None:
    assert pack([100, 400, 30]) == [(512, [1, 0]), (256, [2])]


def test_a_document_longer_than_the_longest_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="2049 tokens does not fit"):
        pack([2049])


def test_targets_are_the_next_tokens_and_padding_weighs_nothing() -> None:
    one = shard([[0, 7, 8, 4]])
    batch = next(batches([one], 256, seed=0))
    assert batch.inputs.shape == batch.targets.shape == (1, 256)
    assert batch.inputs[0, :4].tolist() == [0, 7, 8, 4]
    assert batch.targets[0, :3].tolist() == [7, 8, 4]
    assert (batch.inputs[0, 4:] == PADDING).all()
    assert batch.weights[0].tolist() == [1.0, 1.0, 1.0] + [0.0] * 253


def test_light_targets_are_drawn_so_that_the_expected_weight_stays() -> None:
    light = shard([list(range(256))] * 32, weight=0.1)
    batch = next(batches([light], 8192, seed=3))
    assert set(np.unique(batch.weights)) == {0.0, 1.0}
    assert batch.weights.mean() == pytest.approx(0.1, abs=0.015)  # 4.5 standard errors of 8160 draws


def test_the_seed_fixes_the_batches_and_a_resumed_run_goes_on_where_it_stopped() -> None:
    data = [shard([[0, *range(5, 5 + n)] for n in range(1, 120)])]
    first, second = batches(data, 512, seed=1), batches(data, 512, seed=1, skip=3)
    for _ in range(3):
        next(first)
    for _ in range(4):
        assert (next(first).inputs == next(second).inputs).all()
