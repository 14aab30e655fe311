"""The needle in the panel: the poles, the replies between them, and both drifts on one scale."""

from dataclasses import replace

import numpy as np
import pytest

from chat_personas.monitor.drift import Drift
from chat_personas.monitor.inside import Inside, InsidePoint
from chat_personas.reporting.wording.steering import (
    inside_line,
)
from chat_personas.tui.widgets.panel.sections import inside
from eval.interventions import Fixed
from tests.engines.llama.test_interventions import a_direction
from tests.eval.intervals import paired

PARTY = a_direction(pole_names=("republican", "democrat"), spreads=np.array([0.8, 0.1], np.float32))
NAMES, CELLS = 21, 40
WIDTH = NAMES + CELLS + 5
"""For names, the scale, and figures. From -0.5 to 1.5 a tenth takes 1.95 of 39 steps."""
DRIFT = Drift(0, 2, paired(-0.05, -0.08, -0.02), 62, 0.99)


def found(*projections: float, spread: float | None = 0.2) -> Inside:
    return Inside(PARTY, 1, 1, spread, tuple(InsidePoint(turn, each) for turn, each in enumerate(projections, 1)))


def drawn(*projections: float, drift: Drift | None = None, spread: float | None = 0.2) -> list[str]:
    return inside(found(*projections, spread=spread), drift, WIDTH).plain.splitlines()


def row(name: str, begins: int, line: str, figure: str) -> str:
    """A row whose drawing begins in this cell of the scale."""
    return f"{name:{NAMES}}{' ' * begins + line:{CELLS}}{figure:>5}"


def test_the_poles_stand_at_0_and_1_with_the_spread_around_them_and_the_replies_where_they_lie() -> None:
    assert drawn(1.2) == [
        row("◆ republican", 6, "├───◆───┤", "0.00"),
        row("◆ democrat", 25, "├───◆───┤", "1.00"),
        row("● turn 1", 33, "●", "1.20"),
        " " * NAMES + "-0.5──────────────0.50───────────────1.5",
        "◆ poles, with the spread of held-out texts (0.20)",
    ]


def test_both_drifts_are_drawn_on_one_scale_and_what_parts_is_said() -> None:
    *_, about, within, survey, axis, parted = drawn(0.5, 0.8, drift=DRIFT)
    assert about == "since turn 1, toward democrat:"
    assert within == row("● inside", 20, "┊" + " " * 10 + "●", "+0.30")
    assert survey == row("◇ survey, from turn 0", 16, "├─◇┤┊", "-0.05")
    assert axis == " " * NAMES + "-0.5──────────────0.00───────────────0.5"
    assert parted == "! they part: the inside and the survey answers have moved to opposite sides"


def test_of_many_turns_the_first_and_the_newest_are_drawn() -> None:
    rows = [line.split()[2] for line in drawn(*[0.5] * 9) if line.startswith("● turn")]
    assert rows == ["1", "5", "6", "7", "8", "9"]


def test_a_direction_of_an_older_version_has_no_spread_and_nothing_is_told_to_part() -> None:
    lines = drawn(0.5, 0.8, drift=DRIFT, spread=None)
    assert lines[0] == row("◆ republican", 10, "◆", "0.00")
    assert not [line for line in lines if "spread" in line or "part" in line]


def test_what_the_knob_itself_adds_is_said_and_taken_off() -> None:
    pushed = replace(found(1.39), pushed=True, push=0.78)
    said = "where the replies lie includes the push of the knob"
    assert f"{said}; without what it adds in this layer, the last one lies at 0.61" in inside_line(pushed, None)
    clamped = replace(pushed, push=None)
    assert f"; {said}; held-out" in inside_line(clamped, None)
    assert said in " ".join(inside(clamped, None, WIDTH).plain.split())
    assert said not in inside_line(found(1.39), None)


@pytest.mark.parametrize(
    ("fixed", "said"),
    [(Fixed(None), "removed: nothing to read along it"), (Fixed(1.0), "set to 1.00: nothing to read along it")],
)
def test_what_was_removed_or_set_is_said_in_place_of_a_reading(fixed: Fixed, said: str) -> None:
    nothing = replace(found(), fixed=fixed)
    assert inside(nothing, DRIFT, WIDTH).plain == said
    assert inside_line(nothing, DRIFT) == f"[inside] party {said}"


def test_a_persona_of_neither_pole_moves_toward_the_positive_one_and_to_no_side_of_its_own() -> None:
    nobodys = replace(found(0.5, 0.8), pole=None)
    assert "; since turn 1 +0.30 toward democrat" in inside_line(nobodys, None)
    assert "since turn 1, toward democrat:" in inside(nobodys, None, WIDTH).plain


def test_the_line_mode_says_the_same_in_one_line() -> None:
    assert inside_line(found(0.5), None) == (
        "[turn 1, inside] party 0.50 (0 is republican, 1 is democrat); held-out texts spread by 0.20"
    )
    assert inside_line(found(0.5, 0.8), DRIFT) == (
        "[turn 2, inside] party 0.80 (0 is republican, 1 is democrat); held-out texts spread by 0.20; "
        "since turn 1 +0.30 to its own side; they part: the inside and the survey answers have moved to opposite sides"
    )
