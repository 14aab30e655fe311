"""Answer labels and their probability."""

import tracemalloc
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.vocabulary import LabelScorer, UnknownLabelError


@pytest.fixture
def labels(runtime: Runtime) -> LabelScorer:
    """Labels of the tiny vocabulary, which has "A" and " A" as tokens of their own."""
    return LabelScorer(runtime.vocabulary)


def test_the_variants_of_a_label_are_its_tokens_with_and_without_a_space(labels: LabelScorer, runtime: Runtime) -> None:
    pieces = {runtime.vocabulary.piece(token) for token in labels.variants("B")}
    assert pieces == {b"B", b" B"}


def test_a_label_longer_than_a_token_is_refused(labels: LabelScorer) -> None:
    with pytest.raises(UnknownLabelError, match="'Qx'"):
        labels.variants("Qx")


def test_variants_are_summed_and_normalised_over_the_whole_vocabulary(labels: LabelScorer, runtime: Runtime) -> None:
    logits = np.zeros(runtime.vocabulary.size, dtype=np.float32)
    for token in labels.variants("A"):
        logits[token] = np.log(100)
    scores, mass = labels.scores(("A", "B"), logits)
    total = runtime.vocabulary.size - 2 + 200
    assert scores[0].lower == pytest.approx(np.log(200 / total), abs=1e-6)
    assert scores[1].upper == pytest.approx(np.log(2 / total), abs=1e-6)
    assert mass == pytest.approx(202 / total, abs=1e-6)


def test_large_logits_do_not_overflow(labels: LabelScorer, runtime: Runtime) -> None:
    logits = np.full(runtime.vocabulary.size, 3e4, dtype=np.float32)
    scores, _ = labels.scores(("A",), logits)
    assert scores[0].lower == pytest.approx(np.log(2 / runtime.vocabulary.size), abs=1e-6)


def test_scoring_a_probe_copies_no_row_of_a_large_vocabulary() -> None:
    vocabulary: Any = SimpleNamespace(
        size=200_000, tokenise=lambda text, special: [ord(text[-1])], piece=lambda token: chr(token).encode()
    )
    labels = LabelScorer(vocabulary)
    logits = np.random.default_rng(0).standard_normal(vocabulary.size).astype(np.float32)
    labels.scores(("A", "B"), logits)
    tracemalloc.start()
    labels.scores(("A", "B"), logits)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < logits.nbytes / 10
