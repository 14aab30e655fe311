"""The figures that scores are compared with."""

import math

import numpy as np
import pytest

from eval.surveys.human_figures import groups_with_figures, has_figures, human_figures, surveys_with_figures
from eval.surveys.loading import Option, Question, Responses
from personas import Group
from tests.eval.towns import DEMOCRAT, FEMALE, MALE, REPUBLICAN, town


def question(**responses: dict[str, Responses]) -> Question:
    """Return a question with two options and these figures."""
    return Question(
        id="BUS_1",
        topics=("transport",),
        stem="Should buses be free?",
        paraphrased=False,
        options=(Option(text="Yes", ordinal=1), Option(text="No", ordinal=2)),
        refusals=("No answer",),
        overall=Responses(counts=(30, 10), refused=10),
        responses={attribute.replace("_x_", " x "): by_value for attribute, by_value in responses.items()},
    )


def test_refusals_are_left_out_of_the_distribution_and_reported_beside_it() -> None:
    figures = human_figures(question(), ())
    assert figures is not None
    np.testing.assert_allclose(figures.distribution, [0.75, 0.25])
    assert figures.counts is not None
    np.testing.assert_array_equal(figures.counts, [30, 10])
    assert figures.n == 40
    assert figures.refusal == pytest.approx(0.2)


def test_a_group_has_its_own_figures() -> None:
    figures = human_figures(question(SEX={"Female": Responses(counts=(1, 3), refused=0)}), [FEMALE])
    assert figures is not None
    np.testing.assert_allclose(figures.distribution, [0.25, 0.75])


def test_a_pair_is_found_in_either_order() -> None:
    asked = question(POLPARTY_x_SEX={"Democrat x Female": Responses(counts=(9, 1), refused=0)})
    figures = human_figures(asked, (DEMOCRAT, FEMALE))
    assert figures is not None
    np.testing.assert_allclose(figures.distribution, [0.9, 0.1])
    assert human_figures(asked, (FEMALE, DEMOCRAT)) is figures


def test_a_pair_is_never_made_up_from_its_groups() -> None:
    one = Responses(counts=(1, 1), refused=0)
    asked = question(SEX={"Female": one}, POLPARTY={"Democrat": one})
    assert human_figures(asked, (DEMOCRAT, FEMALE)) is None
    assert human_figures(asked, (MALE, FEMALE)) is None
    assert human_figures(asked, (DEMOCRAT, FEMALE, REPUBLICAN)) is None


def test_a_group_whose_members_all_refused_has_no_figures() -> None:
    asked = question(SEX={"Male": Responses(counts=(0, 0), refused=3)})
    assert human_figures(asked, (MALE,)) is None
    assert groups_with_figures(town(asked)) == ()


def test_proportions_have_no_counts_and_an_unknown_number_of_people() -> None:
    asked = question(SEX={"Male": Responses(proportions=(0.45, 0.45), refused=0.1)})
    figures = human_figures(asked, (MALE,))
    assert figures is not None
    assert figures.counts is None
    assert math.isnan(figures.n)
    np.testing.assert_allclose(figures.distribution, [0.5, 0.5])
    assert figures.refusal == pytest.approx(0.1)


def test_weighted_counts_are_as_many_as_the_effective_sample() -> None:
    asked = question(SEX={"Male": Responses(counts=(150, 50), refused=0, n_effective=100)})
    figures = human_figures(asked, (MALE,))
    assert figures is not None
    assert figures.counts is not None
    np.testing.assert_allclose(figures.counts, [75, 25])
    assert figures.n == 100


def test_arrays_that_are_shared_cannot_be_changed() -> None:
    figures = human_figures(question(), ())
    assert figures is not None
    with pytest.raises(ValueError, match="read-only"):
        figures.distribution[0] = 1


def test_groups_come_in_catalogue_order_if_any_question_has_them() -> None:
    one = Responses(counts=(1, 1), refused=0)
    whole = town(
        question(POLPARTY={"Democrat": one, "Republican": one}),
        question(SEX={"Female": one}).model_copy(update={"id": "BUS_2"}),
    )
    assert groups_with_figures(whole) == (FEMALE, REPUBLICAN, DEMOCRAT)
    assert has_figures(whole, ())
    assert not has_figures(whole, (FEMALE, DEMOCRAT))


def test_the_built_in_surveys_that_have_a_group_are_named() -> None:
    assert "civic" in surveys_with_figures((DEMOCRAT, FEMALE))
    assert surveys_with_figures((Group(attribute="MARITAL", value="Married"),)) == ()
