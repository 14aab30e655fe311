"""The comparison of estimates finds what was planted: where each recovers the opinion, and where it cannot."""

import numpy as np
import pytest

from benchmarks.estimators import (
    ESTIMATES,
    GROUPS,
    PERSONAS,
    SCRIPTED,
    Estimates,
    ScriptedEngine,
    agreement,
    distance,
    estimates,
    lines,
    row,
    shifts,
)
from tests.examples import slow_but_first

BY_NAME = {planted.name: planted for planted in SCRIPTED}
ROTATIONS = "all rotations, letters removed"
EXACT = [
    ("no habit", "two orders averaged"),
    ("no habit", "two orders, letters removed"),
    ("habit 1", "two orders, letters removed"),
    ("habit 2", "two orders, letters removed"),
    ("habit 2", ROTATIONS),
    ("no habit, opinions lean to the middle", ROTATIONS),
    ("habit 0.5, opinions lean to the middle", ROTATIONS),
    ("habit 1, opinions lean to the middle", ROTATIONS),
    ("people's opinions, habit 1", ROTATIONS),
    ("people's opinions, habit differs by question", ROTATIONS),
    ("no opinion, habit 1", "all rotations averaged"),
]
WRONG = [
    ("habit 2", "two orders averaged"),
    ("habit 2", "all rotations averaged"),
    ("no habit, opinions lean to the middle", "two orders, letters removed"),
    ("habit 1, opinions lean to the middle", "two orders, letters removed"),
    ("people's opinions, habit differs by question", "two orders, letters removed"),
    ("people's opinions, by letter half of the time", ROTATIONS),
    ("no habit", "option texts"),
]
SHOWN = (
    "no habit",
    "no habit, opinions lean to the middle",
    "habit 0.5, opinions lean to the middle",
    "people's opinions, by letter a tenth of the time",
)
"""The models that are sound in all rotations, so that their letters are removed."""


async def found(model: str) -> Estimates:
    """Return what is estimated of a scripted Democrat."""
    return await estimates(ScriptedEngine(BY_NAME[model]), PERSONAS[0], GROUPS[0])


@slow_but_first(("model", "estimate"), EXACT, quick=4)
async def test_the_planted_opinion_is_recovered_where_the_assumption_holds(model: str, estimate: str) -> None:
    made = await found(model)
    assert len(made.by_name[estimate]) == 62
    assert distance(made.by_name[estimate], BY_NAME[model].truth(PERSONAS[0])) < 1e-6


@slow_but_first(("model", "estimate"), WRONG, quick=3)
async def test_the_planted_opinion_is_missed_where_the_assumption_does_not_hold(model: str, estimate: str) -> None:
    made = await found(model)
    assert distance(made.by_name[estimate], BY_NAME[model].truth(PERSONAS[0])) > 0.05


@pytest.mark.parametrize("model", SHOWN)
async def test_letters_removed_is_nowhere_farther_off_than_the_score_where_it_is_shown(model: str) -> None:
    made = await found(model)
    truth = BY_NAME[model].truth(PERSONAS[0])
    averaged, removed = (distance(made.by_name[each], truth) for each in ("all rotations averaged", ROTATIONS))
    assert made.finding_in_rotations == "sound"
    assert removed < averaged + 1e-6


async def test_a_sound_verdict_on_two_orders_is_not_enough_for_letters_removed() -> None:
    made = await found("no habit, opinions lean to the middle")
    assert made.finding == "sound"
    truth = BY_NAME["no habit, opinions lean to the middle"].truth(PERSONAS[0])
    assert distance(made.by_name["two orders averaged"], truth) < 1e-6
    assert distance(made.by_name["two orders, letters removed"], truth) > 0.15


def test_a_shift_is_the_change_of_the_mean_place_and_agrees_with_itself() -> None:
    first, second = BY_NAME["habit 1"].truth("democrat"), BY_NAME["habit 1"].truth("republican")
    moved = shifts(first, second)
    assert max(map(abs, moved.values())) <= 1
    assert agreement(moved, moved) == pytest.approx(1)
    assert agreement({name: -each for name, each in moved.items()}, moved) == pytest.approx(-1)
    assert np.isnan(agreement(dict.fromkeys(moved, 0.0), moved))


async def test_the_table_has_a_cell_for_every_estimate() -> None:
    made = await found("no opinion, habit 1")
    truth = BY_NAME["no opinion, habit 1"].truth(PERSONAS[0])
    written = row("a model", [made, made], [truth, truth])
    assert written[:3] == ["a model", *["follows letters / follows letters"] * 2]
    assert len(written) == 3 + len(ESTIMATES)
    assert next(lines([written])).count("|") == len(written) + 1
