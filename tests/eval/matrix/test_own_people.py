"""A row beside its own group: worked out a second time, and recovered where it was planted."""

import numpy as np
import pytest

from eval.answers import Answer
from eval.matrix.asking import PromptAnswers
from eval.matrix.own_people import own_people
from eval.scoring.intervals import Bootstrap
from eval.scoring.worth import sample_distance
from eval.surveys.model import Question
from tests.eval.towns import DEMOCRAT, FEMALE, INDEPENDENT, answer, many, question

BOOTSTRAP = Bootstrap()
QUESTIONS = many(40).questions


def shares(asked: Question, group: str | None = None) -> np.ndarray:
    """Return what everyone, or a party, answers."""
    counts = asked.overall if group is None else asked.responses["POLPARTY"][group]
    assert counts is not None
    return np.array(counts.options) / sum(counts.options)


def said(*answers: Answer) -> PromptAnswers:
    collected = PromptAnswers()
    for one in answers:
        collected.add(one)
    return collected


def steered_by(slope: float) -> PromptAnswers:
    """Answers that start at everyone's and carry this much of what sets the Democrats apart."""
    moved = [(asked.id, shares(asked) + slope * (shares(asked, "Democrat") - shares(asked))) for asked in QUESTIONS]
    return said(*(answer(name, masses.tolist(), masses.tolist()) for name, masses in moved))


EVERYONE = steered_by(0)


@pytest.mark.parametrize("planted", [0.0, 0.5, 1.0])
def test_the_slope_of_steering_that_was_planted_is_recovered(planted: float) -> None:
    found = own_people([DEMOCRAT], steered_by(planted), EVERYONE, QUESTIONS, BOOTSTRAP)
    assert found.questions == 40
    assert found.steering_slope is not None
    assert found.steering_slope.mean == pytest.approx(planted, abs=0.02)  # the correction for sampling adds a little


def test_worth_is_the_size_of_the_sample_that_is_as_far_from_the_group() -> None:
    found = own_people([DEMOCRAT], EVERYONE, EVERYONE, QUESTIONS, BOOTSTRAP)
    distance = np.mean([np.abs(shares(asked) - shares(asked, "Democrat")).sum() / 2 for asked in QUESTIONS])
    assert found.worth is not None
    n = round(found.worth.mean)
    around = [
        np.mean([sample_distance(shares(asked, "Democrat"), size) for asked in QUESTIONS]) for size in (n + 1, n - 1)
    ]
    assert around[0] < distance < around[1]


def test_the_spread_ratio_is_one_of_mean_entropies() -> None:
    found = own_people([DEMOCRAT], EVERYONE, EVERYONE, QUESTIONS, BOOTSTRAP)
    means = [
        np.mean([-(p * np.log(p)).sum() for asked in QUESTIONS for p in [shares(asked, party)]])
        for party in (None, "Democrat")
    ]
    assert found.spread_ratio is not None
    assert found.spread_ratio.mean == pytest.approx(means[0] / means[1])


def test_the_group_itself_is_worth_the_most_people_and_as_varied_as_itself() -> None:
    found = own_people([DEMOCRAT], steered_by(1), EVERYONE, QUESTIONS, BOOTSTRAP)
    assert found.worth is not None
    assert found.worth.mean == pytest.approx(100_000)
    assert found.spread_ratio is not None
    assert found.spread_ratio.mean == pytest.approx(1)


def test_nothing_is_defined_for_nobody_several_groups_or_a_group_without_figures() -> None:
    for groups in ([], [DEMOCRAT, FEMALE], [INDEPENDENT]):
        found = own_people(groups, EVERYONE, EVERYONE, QUESTIONS, BOOTSTRAP)
        assert (found.questions, found.worth, found.spread_ratio, found.steering_slope) == (0, None, None, None)


def test_without_answers_of_the_unsteered_model_or_counts_of_everyone_there_is_no_slope() -> None:
    assert own_people([DEMOCRAT], EVERYONE, None, QUESTIONS, BOOTSTRAP).steering_slope is None
    bare = [asked.model_copy(update={"overall": None}) for asked in QUESTIONS]
    found = own_people([DEMOCRAT], EVERYONE, EVERYONE, bare, BOOTSTRAP)
    assert (found.steering_slope, found.worth is None) == (None, False)


def test_a_group_with_more_people_than_everyone_has_no_slope() -> None:
    """Counts of an effective sample need not add up."""
    odd = [question(f"Q{n}", {DEMOCRAT: (50, 10)}, overall=(30, 40)) for n in range(20)]
    even = said(*(answer(each.id, (0.5, 0.5), (0.5, 0.5)) for each in odd))
    assert own_people([DEMOCRAT], even, even, odd, BOOTSTRAP).steering_slope is None
