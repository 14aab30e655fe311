"""An opinion is the average of the normalised orders, and says when it should not be believed."""

from dataclasses import replace

import numpy as np
import pytest

from eval.answers import Answer, Refusals
from eval.errors import AnswerError
from eval.scoring.distributions import opinion
from tests.eval.towns import answer

REFUSALS: tuple[Refusals, ...] = ("apart", "as-option")


def test_each_order_is_normalised_before_the_orders_are_averaged() -> None:
    found = opinion(answer("BUS", [0.6, 0.2], [0.1, 0.1], refusal=0.2), "apart")
    np.testing.assert_allclose(found.by_order[0].distribution, [0.75, 0.25])
    np.testing.assert_allclose(found.by_order[1].distribution, [0.5, 0.5])
    np.testing.assert_allclose(found.distribution, [0.625, 0.375])


def test_refusals_are_a_share_of_the_labels_reported_beside_the_distribution() -> None:
    found = opinion(answer("BUS", [0.4, 0.2], [0.3, 0.3], refusal=0.2), "apart")
    assert found.refusal == pytest.approx(0.25)
    assert found.distribution.sum() == pytest.approx(1)


def test_refusals_as_an_option_keep_their_share() -> None:
    found = opinion(answer("BUS", [0.4, 0.2], [0.3, 0.3], refusal=0.2), "as-option")
    np.testing.assert_allclose(found.distribution, [0.35 / 0.8, 0.25 / 0.8])
    assert found.distribution.sum() == pytest.approx(1 - found.refusal)


def test_label_mass_is_averaged_and_order_bias_is_the_distance_between_the_orders() -> None:
    found = opinion(answer("BUS", [0.6, 0.3], [0.35, 0.35]), "apart")
    assert found.label_mass == pytest.approx(0.8)
    assert found.order_bias == pytest.approx(2 / 3 - 1 / 2)


def test_order_bias_as_option_counts_the_refusals() -> None:
    given = answer("BUS", [0.5, 0.0], [0.5, 0.0])
    shy = replace(given.by_order[1], options=np.array([0.25, 0.0]), refusal=0.25)
    assert opinion(Answer("BUS", (given.by_order[0], shy)), "as-option").order_bias == pytest.approx(0.5)


def test_one_order_alone_has_no_order_bias() -> None:
    assert opinion(answer("BUS", [0.6, 0.3]), "apart").order_bias is None


@pytest.mark.parametrize(("second", "valid"), [([0.3, 0.2], True), ([0.3, 0.19], False)])
def test_too_little_label_mass_in_any_order_makes_a_question_not_valid(second: list[float], valid: bool) -> None:
    assert opinion(answer("BUS", [0.9, 0.1], second), "apart").valid is valid


@pytest.mark.parametrize(("truncation", "valid"), [(0.1, True), (0.11, False)])
def test_what_a_server_did_not_show_makes_a_question_not_valid_when_it_could_matter(
    truncation: float, valid: bool
) -> None:
    given = answer("BUS", [0.6, 0.3], [0.6, 0.3])
    cut = Answer("BUS", (given.by_order[0], replace(given.by_order[1], truncation=truncation)))
    assert opinion(cut, "apart").valid is valid


def test_answers_that_do_not_come_from_labels_have_no_label_mass_and_are_valid() -> None:
    given = answer("BUS", [0.6, 0.4])
    free = Answer("BUS", (replace(given.by_order[0], label_mass=None),))
    found = opinion(free, "apart")
    assert found.label_mass is None
    assert found.valid


@pytest.mark.parametrize(
    "given",
    [
        answer("BUS", [-0.1, 0.9]),
        answer("BUS", [float("inf"), 0.5], label_mass=0.9),
        answer("BUS", [0.5, 0.4], refusal=float("nan"), label_mass=0.9),
        answer("BUS", [0.5, 0.4], label_mass=float("nan")),
    ],
)
def test_a_figure_that_is_no_probability_is_never_scored(given: Answer) -> None:
    with pytest.raises(AnswerError, match="BUS: a figure in the survey order is not a probability"):
        opinion(given, "apart")


def test_an_order_of_refusals_only_counts_as_refused_and_leaves_the_distribution_to_the_other() -> None:
    given = answer("BUS", [0.6, 0.2], [0.0, 0.0], refusal=0.2)
    apart, as_option = opinion(given, "apart"), opinion(given, "as-option")
    assert apart.distribution is not None
    np.testing.assert_allclose(apart.distribution, [0.75, 0.25])
    assert apart.by_order[1].distribution is None
    assert apart.refusal == as_option.refusal == pytest.approx((0.2 + 1) / 2)
    assert apart.order_bias is None
    assert as_option.distribution is not None
    np.testing.assert_allclose(as_option.distribution, [0.3, 0.1])
    assert as_option.order_bias == pytest.approx(0.8)


def test_refusals_only_are_no_distribution_apart_and_still_a_refusal() -> None:
    found = opinion(answer("BUS", [0, 0], [0, 0], refusal=0.9), "apart")
    assert (found.distribution, found.refusal, found.order_bias, found.valid) == (None, 1, None, True)


@pytest.mark.parametrize("given", [answer("BUS", [0.5, 0.5], [0.0, 0.0], label_mass=0.9), Answer("BUS", ())])
def test_an_answer_without_mass_on_the_options_cannot_be_scored(given: Answer) -> None:
    with pytest.raises(AnswerError, match="BUS"):
        opinion(given, "apart")


def test_a_whole_distribution_is_taken_as_it_is_where_refusals_are_an_option_and_normalised_where_they_are_not() -> (
    None
):
    given = answer("BUS", [0.5, 0.25], refusal=0.24)
    whole = Answer("BUS", (replace(given.by_order[0], as_is=True),))
    as_option, apart = opinion(whole, "as-option"), opinion(whole, "apart")
    assert (as_option.distribution.tolist(), as_option.refusal) == ([0.5, 0.25], 0.24)
    np.testing.assert_allclose(apart.distribution, [2 / 3, 1 / 3])
    assert apart.refusal == pytest.approx(0.24 / 0.99)


def test_refusing_altogether_is_an_answer_where_refusals_are_an_option() -> None:
    found = opinion(answer("BUS", [0, 0], refusal=0.9), "as-option")
    assert (found.distribution.tolist(), found.refusal) == ([0, 0], 1)
    for refusals in REFUSALS:
        with pytest.raises(AnswerError, match="BUS"):
            opinion(answer("BUS", [0, 0], refusal=0), refusals)
