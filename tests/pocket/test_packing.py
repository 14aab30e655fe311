"""Batches keep documents whole and apart, and follow from the seed."""

import numpy as np
import pytest

pytest.importorskip("tokenizers")

from pocket.packing import PADDING, batches, lessons, row_length
from pocket.shards import Shard


def shard(documents: list[list[int]], weight: float = 1.0) -> Shard:
    tokens = np.array([token for document in documents for token in document], dtype=np.uint16)
    offsets = np.cumsum([0, *(len(document) for document in documents)])
    return Shard(tokens, np.full(len(tokens), weight, dtype=np.float16), offsets)


def test_a_document_gets_the_shortest_row_that_holds_it() -> None:
    assert [row_length(length) for length in (1, 64, 65, 129, 1025, 2048)] == [64, 64, 96, 192, 2048, 2048]


def test_a_document_longer_than_the_longest_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="2049 tokens does not fit"):
        row_length(2049)


def test_documents_do_not_share_rows() -> None:
    batch = next(batches([shard([[0, 7, 4], [0, 8, 4]])], 128, seed=0))
    assert sorted(batch.inputs[:, :4].tolist()) == [[0, 7, 4, PADDING], [0, 8, 4, PADDING]]


def test_targets_are_the_next_tokens_and_padding_weighs_nothing() -> None:
    one = shard([[0, 7, 8, 4]])
    batch = next(batches([one], 64, seed=0))
    assert batch.inputs.shape == batch.targets.shape == (1, 64)
    assert batch.inputs[0, :4].tolist() == [0, 7, 8, 4]
    assert batch.targets[0, :3].tolist() == [7, 8, 4]
    assert (batch.inputs[0, 4:] == PADDING).all()
    assert batch.weights[0].tolist() == [1.0, 1.0, 1.0] + [0.0] * 61


def test_further_targets_follow_their_documents_into_the_batch() -> None:
    plain = shard([[0, 5, 6, 7], [0, 8, 9, 4]])
    crowd = Shard(plain.tokens, plain.weights, plain.offsets, np.array([[3.0, 11, 2.0], [6.0, 12, 0.5]]))
    batch = next(batches([crowd], 256, seed=0))
    found = {(int(batch.targets.reshape(-1)[int(place)]), int(token), weight) for place, token, weight in batch.others}
    assert found == {(7, 11, 2.0), (9, 12, 0.5)}


def test_light_targets_are_drawn_so_that_the_expected_weight_stays() -> None:
    light = shard([list(range(256))] * 32, weight=0.1)
    batch = next(batches([light], 8192, seed=3))
    assert set(np.unique(batch.weights)) == {0.0, 1.0}
    assert batch.weights.mean() == pytest.approx(0.1, abs=0.015)  # 4.5 standard errors of 8192 draws


def test_the_seed_fixes_the_batches_and_a_resumed_run_goes_on_where_it_stopped() -> None:
    data = [shard([[0, *range(5, 5 + n)] for n in range(1, 120)])]
    first, second = batches(data, 512, seed=1), batches(data, 512, seed=1, skip=3)
    for _ in range(3):
        next(first)
    for _ in range(4):
        assert (next(first).inputs == next(second).inputs).all()


def test_a_course_is_gone_through_once_and_the_last_without_end() -> None:
    first, last = shard([[0, 7]] * 4), shard([[0, 8]] * 4)
    stream = lessons([[first], [last]], 128, seed=0)
    assert [next(stream).inputs[0, 1] for _ in range(9)] == [7] * 2 + [8] * 7
    assert next(lessons([[first], [last]], 128, seed=0, skip=2)).inputs[0, 1] == 8
