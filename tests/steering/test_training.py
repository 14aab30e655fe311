"""A direction leads from the one set of states to the other, and what is told of it can be worked out by hand."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from chat_personas.engines.llama import LlamaEngine
from chat_personas.steering.contrast import Contrast, Pair
from chat_personas.steering.errors import SteeringError
from chat_personas.steering.kept_states import KeptStates, Purpose, is_being_trained, kept_states
from chat_personas.steering.separation import agreement, area_under_curve, separations
from chat_personas.steering.training import train, train_direction
from eval.engine import Message
from eval.states import Opening
from tests.engines.llama.tiny import write_tiny_model

PURPOSE = Purpose("p" * 64, "m" * 64, "build", layers=2, width=3)


def test_the_mean_difference_is_the_unit_vector_between_the_means() -> None:
    negative = np.zeros((2, 1, 3))
    positive = np.array([[[3.0, 4.0, 1.0]], [[3.0, 4.0, -1.0]]])
    found = train(positive, negative)
    np.testing.assert_allclose(found.vectors, [[0.6, 0.8, 0.0]])
    np.testing.assert_allclose(found.poles, [[0.0, 5.0]])
    np.testing.assert_allclose(found.norms, [np.sqrt(26) / 2])


def test_an_effect_is_the_distance_in_standard_deviations() -> None:
    negative = np.array([[[-1.0]], [[1.0]]])  # mean 0, variance 2
    found = train(negative + 4.0, negative)
    np.testing.assert_allclose(found.effects, [4.0 / np.sqrt(2.0)])


def test_pca_points_to_the_positive_side() -> None:
    random = np.random.default_rng(0)
    differences = random.standard_normal((40, 1, 8)) * 0.1 - np.eye(8)[2] * 3.0
    negative = random.standard_normal((40, 1, 8))
    found = train(negative + differences, negative, "pca")
    assert found.vectors[0] @ -np.eye(8)[2] > 0.99


def test_layers_without_a_difference_have_no_direction() -> None:
    states = np.ones((4, 2, 3))
    found = train(states, states)
    assert not found.vectors.any()
    assert not found.effects.any()


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [([3, 4], [1, 2], 1.0), ([1, 2], [3, 4], 0.0), ([1, 2], [1, 2], 0.5), ([2, 4, 6], [1, 3], 5 / 6)],
)
def test_the_area_is_the_share_of_pairs_in_order(positive: list[float], negative: list[float], expected: float) -> None:
    assert area_under_curve(np.array(positive, float), np.array(negative, float)).value == pytest.approx(expected)


@given(st.integers(2, 60), st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_the_interval_of_an_area_holds_it_and_has_a_width(m: int, n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    found = area_under_curve(random.standard_normal(m) + 2, random.standard_normal(n))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


def test_the_interval_of_an_area_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    truth = 0.7602499389  # of two normal distributions one standard deviation apart: Φ(1/√2)
    runs, covered = 1000, 0
    for _ in range(runs):
        found = area_under_curve(random.standard_normal(30) + 1, random.standard_normal(30))
        covered += found.low <= truth <= found.high
    assert 0.93 <= covered / runs <= 0.98


def test_agreement_is_the_mean_cosine_of_two_pairs() -> None:
    x, y = [1.0, 0.0], [0.0, 2.0]
    np.testing.assert_allclose(agreement(np.array([[x], [x], [y]])), [1 / 3])
    np.testing.assert_allclose(agreement(np.array([[x], [[-3.0, 0.0]]])), [-1.0])


def test_only_held_out_pairs_judge_a_direction() -> None:
    random = np.random.default_rng(0)
    trained_on, held_out = 6, 5
    negative = random.standard_normal((trained_on + held_out, 3, 4))
    positive = negative.copy()
    positive[:trained_on] += np.eye(4)[0] * 9  # apart in training only
    found = train(positive[:trained_on], negative[:trained_on])
    for layer in separations(found.vectors, positive, negative, trained_on):
        assert layer.area.value == pytest.approx(0.5)
        assert (layer.in_order, layer.pairs) == (0, held_out)
        assert layer.agreement == pytest.approx(1.0)


def test_the_spread_is_that_of_held_out_states_around_their_own_set() -> None:
    """The held-out ones lie at 0 and 2 (variance 2), and at 10 and 16 (variance 18): their mean is 10."""
    negative = np.array([0.0, 0.0, 0.0, 2.0]).reshape(4, 1, 1).repeat(2, axis=1)
    positive = np.array([9.0, 9.0, 10.0, 16.0]).reshape(4, 1, 1).repeat(2, axis=1)
    (layer,) = separations(np.ones((2, 1)), positive, negative, half=2)
    assert layer.spread == pytest.approx(np.sqrt(10))


def test_states_are_taken_up_where_a_killed_program_left_them(tmp_path: Path) -> None:
    path = tmp_path / "states"
    first = np.arange(6, dtype=np.float32).reshape(2, 3)
    with path.open("w+b") as stream:
        kept = KeptStates(stream, PURPOSE)
        kept.add(first)
        kept.add(first + 10)
        stream.write(b"\x01\x02\x03")  # a part of the third text
    with kept_states(path, PURPOSE) as kept:
        assert kept.count == 2
        kept.add(first + 20)
        np.testing.assert_array_equal(kept.all(), np.stack([first, first + 10, first + 20]))
    assert not path.exists()


def test_two_programs_never_add_to_the_same_states(tmp_path: Path) -> None:
    path = tmp_path / "loud" / "states"
    path.parent.mkdir()
    with kept_states(path, PURPOSE) as kept:
        kept.add(np.ones((2, 3), dtype=np.float32))
        assert is_being_trained(path)
        other = replace(PURPOSE, pairs_sha256="q" * 64)
        with pytest.raises(SteeringError, match="another program is training loud"), kept_states(path, other):
            pytest.fail("it was lent twice")
        kept.add(np.zeros((2, 3), dtype=np.float32))
        assert kept.all()[:, 0, 0].tolist() == [1.0, 0.0]
    assert not path.exists()
    assert not is_being_trained(path)


def test_states_for_another_purpose_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "states"
    with path.open("w+b") as stream:
        KeptStates(stream, PURPOSE).add(np.ones((2, 3), dtype=np.float32))
    other = Purpose("q" * 64, "m" * 64, "build", layers=2, width=3)
    with kept_states(path, other) as kept:
        assert kept.count == 0


def plant(path: Path, words: Sequence[str], direction: NDArray[np.float64], strength: float) -> None:
    """Move the embeddings of the tokens `words` along `direction`, those at even places to the one side."""
    reader = gguf.GGUFReader(path, "r+")
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    embeddings = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight").data
    for place, word in enumerate(words):
        embeddings[tokens.index(word)] += (strength if place % 2 == 0 else -strength) * direction


async def test_a_direction_planted_in_the_weights_is_found_again(tmp_path: Path) -> None:
    width, words = 64, [chr(letter) for letter in range(ord("a"), ord("z") + 1)]
    path = write_tiny_model(tmp_path / "planted.gguf", width=width)
    direction = np.random.default_rng(5).standard_normal(width)
    direction /= np.linalg.norm(direction)
    plant(path, words, direction, strength=100.0)
    asked = (Message("user", "?"),)
    pairs = [Pair(Opening(asked, one), Opening(asked, two)) for one, two in zip(words[::2], words[1::2], strict=True)]
    engine = await LlamaEngine.open(path, threads=1, tried=True)
    try:
        found = await train_direction(
            engine,
            Contrast(tuple(pairs[:8]), tuple(pairs[8:])),
            "mean-difference",
            keep=tmp_path / "states",
            purpose=Purpose("p", "m", "b", layers=2, width=width),
        )
    finally:
        await engine.close()
    assert found.trained.vectors[1] @ direction > 0.95
    assert found.separations[0].area.value > 0.95


async def test_a_training_that_is_interrupted_goes_on_and_finds_the_same(tmp_path: Path) -> None:
    """Interrupted after each text in turn, it reads no text twice."""
    states = np.random.default_rng(2).standard_normal((16, 2, 3)).astype(np.float32)
    openings = [Opening((Message("user", str(number)),)) for number in range(16)]
    pairs = [Pair(one, two) for one, two in zip(openings[::2], openings[1::2], strict=True)]
    contrast = Contrast(tuple(pairs[:5]), tuple(pairs[5:]))
    asked: list[str] = []

    class Stopping:
        """Gives the states of so many texts, and fails."""

        def __init__(self, after: int) -> None:
            self.after = after

        async def states(self, wanted: Sequence[Opening]) -> AsyncGenerator[NDArray[np.float32], None]:
            for opening in wanted[: self.after]:
                asked.append(opening.messages[0].content)
                yield states[int(asked[-1])]
            if self.after < len(wanted):
                raise KeyboardInterrupt

    async def trained(reader: Stopping, keep: Path) -> NDArray[np.float64]:
        found = await train_direction(reader, contrast, "mean-difference", keep=keep, purpose=PURPOSE)
        return found.trained.vectors

    whole = await trained(Stopping(16), tmp_path / "whole")
    asked.clear()
    keep = tmp_path / "interrupted"
    for _ in range(15):
        with pytest.raises(KeyboardInterrupt):
            await trained(Stopping(1), keep)
    np.testing.assert_array_equal(await trained(Stopping(1), keep), whole)
    assert asked == [str(number) for number in range(16)]


async def test_the_state_of_a_text_does_not_depend_on_what_was_read_before(tiny: Path) -> None:
    engine = await LlamaEngine.open(tiny, threads=1, tried=True)
    one, other = (Opening((Message("user", text),)) for text in ("Hello there", "The government"))
    try:
        async with aclosing(engine.states([one, other, one])) as found:
            first, _, again = [states async for states in found]
    finally:
        await engine.close()
    np.testing.assert_array_equal(first, again)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf")
