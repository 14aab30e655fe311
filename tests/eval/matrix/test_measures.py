"""The parts of a matrix on figures that can be worked out by hand."""

from collections.abc import Sequence
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eval.matrix.measures import confusion, consistency, consistency_by_chance, human_references, steerability
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


def exhaustive(by_topic: np.ndarray) -> tuple[float, float]:
    """Return the mean consistency over every permutation within topics, and the share of those at least as high."""

    def agreement(rows: Sequence[Sequence[float]]) -> float:
        totals = [sum(row[group] for row in rows) for group in range(len(rows[0]))]
        best = max(range(len(totals)), key=lambda group: round(totals[group], 9))
        return sum(max(range(len(row)), key=row.__getitem__) == best for row in rows) / len(rows)

    every = [agreement(rows) for rows in product(*(list(permutations(row)) for row in by_topic.tolist()))]
    observed = agreement(by_topic.tolist())
    return float(np.mean(every)), float(np.mean([each >= observed - 1e-9 for each in every]))


@pytest.mark.parametrize(("topics", "groups"), [(2, 3), (4, 2), (4, 3), (3, 4), (1, 5)])
def test_consistency_by_chance_is_that_of_all_permutations_within_topics(topics: int, groups: int) -> None:
    by_topic = np.random.default_rng(topics * groups).uniform(0.7, 0.9, (topics, groups))
    mean, p = exhaustive(by_topic)
    found = consistency_by_chance(by_topic, seed=0, permutations=20_000)
    assert found == pytest.approx((mean, p), abs=0.015)  # 4 standard errors


def test_with_four_groups_and_many_topics_chance_is_about_0_30_and_not_a_quarter() -> None:
    rng = np.random.default_rng(7)
    simulated = []
    for _ in range(400):
        by_topic = rng.normal(size=(50, 4))
        simulated.append((by_topic.argmax(axis=1) == by_topic.sum(axis=0).argmax()).mean())
    chance, _ = consistency_by_chance(rng.normal(size=(50, 4)), seed=0)
    assert chance == pytest.approx(float(np.mean(simulated)), abs=0.01)
    assert chance == pytest.approx(0.30, abs=0.01)


def test_p_is_small_where_topics_agree_and_uniform_where_they_do_not() -> None:
    rng = np.random.default_rng(3)
    agreeing = rng.normal(size=(20, 4)) + np.array([3, 0, 0, 0])
    assert consistency_by_chance(agreeing, seed=0)[1] < 0.001
    p_values = [consistency_by_chance(rng.normal(size=(20, 4)), seed=0, permutations=300)[1] for _ in range(300)]
    assert np.mean([p <= 0.05 for p in p_values]) <= 0.08
    assert 0.4 < np.mean(p_values) < 0.7  # above a half, because consistency takes few values


def test_consistency_has_the_same_chance_and_p_with_the_same_seed() -> None:
    by_topic = np.random.default_rng(5).normal(size=(6, 3))
    assert consistency_by_chance(by_topic, seed=4) == consistency_by_chance(by_topic, seed=4)


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
    assert [each.steering for each in found.steerings] == ["qa", "bio", "best_prompt", "oracle"]
    assert [each.alignment.mean for each in found.steerings] == pytest.approx([0.6, 0.5, 0.6, 0.75])
    assert [each.minus_unsteered.mean for each in found.steerings] == pytest.approx([0.1, 0, 0.1, 0.25])
    assert [each.chosen for each in found.steerings] == [None, None, "qa", None]


@given(arrays(np.float64, (4, 7), elements=st.floats(0, 1)))
def test_the_oracle_is_never_below_a_steering(columns: np.ndarray) -> None:
    found = steerability(columns[0], dict(zip("abc", columns[1:], strict=True)), BOOTSTRAP)
    assert found is not None
    *steerings, best, oracle = [each.alignment.mean for each in found.steerings]
    assert best == pytest.approx(max(steerings))
    assert oracle >= best - 1e-12


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
