"""What is left of answers without the letter habit, and what the habit alone would answer."""

import numpy as np
import pytest

from eval.answers import FloatArray
from eval.orders import places
from eval.scoring.validity import BothOrders, InOrders, in_orders, letters_only, letters_removed


def softmax(logs: FloatArray) -> FloatArray:
    shares = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum())


def shown(content: FloatArray, habit: FloatArray) -> BothOrders:
    """The answers of a model whose log shares are content plus habit, over the options in the survey's order."""
    return BothOrders(softmax(content + habit), softmax(content + habit[::-1]))


def antisymmetric(rng: np.random.Generator, options: int) -> FloatArray:
    """Content that leans to one side: what it gives to one end it takes from the other."""
    half = rng.normal(size=options)
    return np.asarray((half - half[::-1]) / 2)


@pytest.mark.parametrize("options", [2, 3, 4, 5])
def test_the_planted_opinion_comes_back_exactly_where_leanings_cancel_over_the_places(options: int) -> None:
    rng = np.random.default_rng(options)
    contents = [antisymmetric(rng, options) for _ in range(12)]
    habit = np.array([3.0, 0.5, -1.0, 0.2, -0.7][:options])
    for content, found in zip(contents, letters_removed([shown(c, habit) for c in contents]), strict=True):
        assert found == pytest.approx(softmax(content), abs=1e-6)


def test_what_all_others_lean_to_is_taken_for_habit() -> None:
    """Where every question has the same answer in the middle, no two orders can tell it from a love of the middle."""
    content = np.array([0.0, 2.0, 0.0])
    found = letters_removed([shown(content, np.zeros(3))] * 6)
    assert found[0] == pytest.approx(np.full(3, 1 / 3))


def test_letters_alone_are_the_mean_shares_of_the_others_by_place() -> None:
    rng = np.random.default_rng(1)
    answers = [shown(rng.normal(size=3), np.array([1.0, 0, 0])) for _ in range(7)]
    by_place = np.array([[answer.survey, answer.reversed[::-1]] for answer in answers])
    for index, found in enumerate(letters_only([*answers])):
        mean = np.delete(by_place, index, axis=0).mean(axis=(0, 1))
        assert found == pytest.approx((mean + mean[::-1]) / 2)


def test_four_others_of_the_same_number_of_options_are_needed() -> None:
    rng = np.random.default_rng(2)
    threes = [shown(rng.normal(size=3), np.zeros(3)) for _ in range(5)]
    fours = [shown(rng.normal(size=4), np.zeros(4)) for _ in range(4)]
    for found in (letters_removed([*threes, None, *fours]), letters_only([*threes, None, *fours])):
        assert [each is not None for each in found] == [True] * 5 + [False] * 5


def test_a_share_of_nothing_is_no_certainty_without_end() -> None:
    sure = BothOrders(np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    found = letters_removed([sure, *[BothOrders(np.array([0.5, 0.5]), np.array([0.5, 0.5]))] * 5])
    assert found[0] is not None
    assert np.isfinite(found[0]).all()
    assert found[0][0] == pytest.approx(1, abs=1e-6)


def test_a_question_needs_a_distribution_in_both_orders() -> None:
    one = np.array([0.4, 0.6])
    assert in_orders("Q", {"survey": one, "reversed": None}) is None
    assert in_orders("Q", {"survey": one}) is None
    both = in_orders("Q", {"survey": one, "reversed": one[::-1]})
    assert both is not None
    assert both.shares[1].tolist() == [0.6, 0.4]
    assert both.by_place()[1].tolist() == [0.4, 0.6]


def rotated(content: FloatArray, habit: FloatArray, question_id: str = "Q") -> InOrders:
    """The answers of the same model in all rotations."""
    count = len(content)
    orders = ["survey", *(f"rotated-{steps}" for steps in range(1, count))]
    shares = {}
    for order in orders:
        at = np.argsort(places(order, question_id, count))
        shares[order] = softmax(content + habit[at])
    found = in_orders(question_id, shares)
    assert found is not None
    return found


def test_in_all_rotations_any_habit_is_removed_exactly_without_other_questions() -> None:
    rng = np.random.default_rng(4)
    for options in (2, 3, 4, 5):
        content, habit = rng.normal(size=options), 2 * rng.normal(size=options)
        (found,) = letters_removed([rotated(content, habit)])
        assert found == pytest.approx(softmax(content), abs=1e-9)


def test_in_all_rotations_letters_alone_answer_evenly() -> None:
    rng = np.random.default_rng(5)
    for found in letters_only([rotated(rng.normal(size=3), np.array([2.0, 0, 0])) for _ in range(6)]):
        assert found == pytest.approx(np.full(3, 1 / 3))


def test_in_drawn_orders_the_habit_of_each_place_is_that_over_all_orders() -> None:
    habit = np.array([2.0, 0.5, -1.0, -1.5])
    contents = [antisymmetric(np.random.default_rng(n), 4) for n in range(40)]
    answers = []
    for n, content in enumerate(contents):
        drawn = {f"shuffled-{k}": np.argsort(places(f"shuffled-{k}", f"Q{n}", 4)) for k in range(1, 25)}
        answers.append(in_orders(f"Q{n}", {order: softmax(content + habit[at]) for order, at in drawn.items()}))
    for content, found in zip(contents, letters_removed(answers), strict=True):
        assert found == pytest.approx(softmax(content), abs=1e-6)
