"""Nearest groups are ranked on common ground, and a lead within the noise is called a tie."""

import numpy as np

from eval.scoring.groups import group_table, nearest, opposite_of
from eval.scoring.intervals import Bootstrap
from tests.eval.towns import DEMOCRAT, FEMALE, INDEPENDENT, MALE, REPUBLICAN, many, question, town

THREE = town(
    question("A", {REPUBLICAN: (1, 9), DEMOCRAT: (9, 1), INDEPENDENT: (6, 4)}, overall=(16, 14)),
    question("B", {REPUBLICAN: (2, 8), DEMOCRAT: (8, 2), INDEPENDENT: (5, 5)}, overall=(15, 15)),
)


def test_groups_are_ranked_by_their_mean_alignment() -> None:
    found = nearest(group_table(THREE), [0, 1], np.array([[0.9, 0.1], [0.8, 0.2]]), Bootstrap())
    assert [near.group for near in found.groups] == [DEMOCRAT, INDEPENDENT, REPUBLICAN]
    assert [round(near.alignment.mean, 12) for near in found.groups] == [1.0, 0.7, 0.3]
    assert found.questions == 2


def test_too_few_questions_tell_no_group_from_another() -> None:
    found = nearest(group_table(THREE), [0, 1], np.array([[0.9, 0.1], [0.8, 0.2]]), Bootstrap())
    assert all(near.tied for near in found.groups)


def test_with_enough_questions_a_clear_lead_is_no_tie() -> None:
    table = group_table(many(40))
    democrat = table.distributions[table.groups.index(DEMOCRAT)]
    first, second = nearest(table, range(40), democrat, Bootstrap()).groups
    assert (first.group, first.tied) == (DEMOCRAT, True)
    assert (second.group, second.tied) == (REPUBLICAN, False)


def test_half_way_between_two_groups_they_are_tied() -> None:
    table = group_table(many(40))
    between = table.distributions.mean(axis=0)
    assert all(near.tied for near in nearest(table, range(40), between, Bootstrap()).groups)


def test_only_questions_that_all_groups_have_in_common_count() -> None:
    uneven = town(
        question("A", {DEMOCRAT: (9, 1), REPUBLICAN: (1, 9)}, overall=(10, 10)),
        question("B", {DEMOCRAT: (9, 1)}, overall=(9, 1)),
        question("C", {DEMOCRAT: (9, 1), REPUBLICAN: (1, 9)}, overall=(10, 10), ordinals=(1, 1)),
    )
    found = nearest(group_table(uneven), [0, 1, 2], np.array([[0.1, 0.9]] * 3), Bootstrap())
    assert found.questions == 1
    assert found.groups[0].group == REPUBLICAN


def test_without_common_questions_there_is_no_ranking() -> None:
    apart = town(question("A", {DEMOCRAT: (9, 1)}, overall=(9, 1)), question("B", {REPUBLICAN: (9, 1)}, overall=(9, 1)))
    found = nearest(group_table(apart), [0, 1], np.array([[0.5, 0.5]] * 2), Bootstrap())
    assert (found.groups, found.questions) == ((), 0)


def test_the_opposite_is_the_farthest_value_of_the_same_attribute() -> None:
    table = group_table(THREE)
    assert opposite_of(table, DEMOCRAT) == REPUBLICAN
    assert opposite_of(table, REPUBLICAN) == DEMOCRAT
    assert opposite_of(table, INDEPENDENT) == REPUBLICAN


def test_of_two_equally_far_the_first_of_the_catalogue_is_the_opposite() -> None:
    even = town(question("A", {INDEPENDENT: (5, 5), REPUBLICAN: (2, 8), DEMOCRAT: (8, 2)}, overall=(15, 15)))
    table = group_table(even)
    first = min((DEMOCRAT, REPUBLICAN), key=table.groups.index)
    assert opposite_of(table, INDEPENDENT) == first


def test_equals_are_in_catalogue_order_whatever_sums_are_rounded_to() -> None:
    shares = [(2, 7), (6, 6), (7, 2)]  # in tenths: both parties have 0.5 on average, which sums of doubles miss
    figures = [{REPUBLICAN: (r, 10 - r), DEMOCRAT: (d, 10 - d), INDEPENDENT: (10, 0)} for r, d in shares]
    table = group_table(town(*[question(f"Q{i}", each, overall=(5, 5)) for i, each in enumerate(figures)]))
    assert opposite_of(table, INDEPENDENT) == REPUBLICAN
    ranked = nearest(table, [0, 1, 2], np.array([[1.0, 0.0]] * 3), Bootstrap()).groups
    assert [near.group for near in ranked] == [INDEPENDENT, REPUBLICAN, DEMOCRAT]


def test_a_group_without_figures_or_without_others_has_no_opposite() -> None:
    lonely = town(question("A", {DEMOCRAT: (5, 5), MALE: (1, 1)}, overall=(5, 5)))
    assert opposite_of(group_table(lonely), DEMOCRAT) is None
    assert opposite_of(group_table(lonely), FEMALE) is None
