"""The parts of a matrix on figures that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eval.matrix.measures import confusion, consistency, human_references, steerability
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import scale_of, stack_scales
from tests.eval.towns import DEMOCRAT, INDEPENDENT, REPUBLICAN

BOOTSTRAP = Bootstrap()


def test_every_topic_counts_the_same_however_many_questions_it_has() -> None:
    aligned = np.array([[0.9, 0.9, 0.9, 0.2, 0.2], [0.8, 0.8, 0.8, 0.6, 0.3]])
    about = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]], dtype=bool)
    found = consistency(aligned, (DEMOCRAT, REPUBLICAN), about, BOOTSTRAP)
    assert found is not None
    assert (
        found.best.group == REPUBLICAN
    )  # 0.433 and 0.567 over topics, though 0.62 and 0.66 would be the means over questions
    assert found.score.mean == pytest.approx(2 / 3)
    assert found.topics == 3


def test_consistency_leaves_out_what_is_not_defined_and_needs_two_groups() -> None:
    aligned = np.array([[0.9, np.nan], [0.8, 0.9]])
    about = np.array([[True, False], [False, True]])
    found = consistency(aligned, (DEMOCRAT, REPUBLICAN), about, BOOTSTRAP)
    assert found is not None
    assert (found.attribute, found.groups) == ("POLPARTY", 2)
    assert (found.best.group, found.score.mean, found.topics) == (DEMOCRAT, 1, 1)
    assert consistency(aligned[:1], (DEMOCRAT,), about, BOOTSTRAP) is None
    assert consistency(np.full((2, 2), np.nan), (DEMOCRAT, REPUBLICAN), about, BOOTSTRAP) is None


def test_equally_close_groups_share_a_question() -> None:
    shares = confusion(np.array([[0.5, 0.9], [0.5, 0.1], [0.2, 0.1]]), BOOTSTRAP)
    assert [share.mean for share in shares] == [0.75, 0.25, 0]


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 25)), elements=st.floats(0, 1)))
def test_shares_of_closest_groups_sum_to_1(aligned: np.ndarray) -> None:
    assert sum(share.mean for share in confusion(aligned, Bootstrap(resamples=50))) == pytest.approx(1)


def test_the_oracle_takes_the_better_steering_of_each_question() -> None:
    steered = {"qa": np.array([0.9, 0.3, 0.5]), "bio": np.array([0.4, 0.6, np.nan])}
    found = steerability(np.array([0.5, 0.5, 0.5]), steered, BOOTSTRAP)
    assert found is not None
    assert found.questions == 2
    assert found.unsteered.mean == 0.5
    assert [each.steering for each in found.steerings] == ["qa", "bio", "oracle"]
    assert [each.alignment.mean for each in found.steerings] == pytest.approx([0.6, 0.5, 0.75])
    assert [each.minus_unsteered.mean for each in found.steerings] == pytest.approx([0.1, 0, 0.25])


@given(arrays(np.float64, (4, 7), elements=st.floats(0, 1)))
def test_the_oracle_is_never_below_a_steering(columns: np.ndarray) -> None:
    found = steerability(columns[0], dict(zip("abc", columns[1:], strict=True)), BOOTSTRAP)
    assert found is not None
    *steerings, oracle = [each.alignment.mean for each in found.steerings]
    assert oracle >= max(steerings) - 1e-12


def test_without_a_question_there_is_no_steerability() -> None:
    assert steerability(np.array([np.nan]), {"qa": np.array([0.5])}, BOOTSTRAP) is None


def test_people_are_the_closest_the_mean_and_the_farthest_group() -> None:
    scale = stack_scales([scale_of((1, 2))])
    groups = (REPUBLICAN, DEMOCRAT, INDEPENDENT)
    distributions = np.array([[[0.1, 0.9]], [[0.7, 0.3]], [[0.4, 0.6]]])
    found = human_references(np.array([[0.8, 0.2]]), groups, distributions, scale, BOOTSTRAP)
    assert found is not None
    assert (found.best.group.group, found.best.alignment.mean) == (DEMOCRAT, pytest.approx(0.9))
    assert (found.worst.group.group, found.worst.alignment.mean) == (REPUBLICAN, pytest.approx(0.3))
    assert found.mean.mean == pytest.approx(0.6)


def test_without_a_common_question_there_are_no_people_to_compare_with() -> None:
    scale = stack_scales([scale_of((1, 2))])
    nobody = np.full((1, 1, 2), np.nan)
    assert human_references(np.array([[0.8, 0.2]]), (DEMOCRAT,), nobody, scale, BOOTSTRAP) is None
