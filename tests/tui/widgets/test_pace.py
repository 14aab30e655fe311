"""What grows is drawn less often while the person types, the less often the longer a drawing takes."""

import pytest

from chat_personas.tui.widgets import pace
from chat_personas.tui.widgets.pace import LONGEST, WHILE_TYPING, Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the only element of a list."""
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    return now


def drawn(paced: Pace, clock: list[float], seconds: float) -> None:
    paced.begin()
    clock[0] += seconds
    paced.end()


def test_the_first_drawing_waits_for_nobody(clock: list[float]) -> None:
    assert Pace(lambda: True).due()


@pytest.mark.parametrize("took", [0.01, 0.03, 0.07])
def test_while_somebody_types_drawing_takes_a_fortieth_of_the_time(took: float, clock: list[float]) -> None:
    paced = Pace(lambda: True)
    drawn(paced, clock, took)
    clock[0] += WHILE_TYPING * took - 0.001
    assert not paced.due()
    clock[0] += 0.002
    assert paced.due()


def test_a_slow_drawing_is_repeated_after_three_seconds_all_the_same(clock: list[float]) -> None:
    paced = Pace(lambda: True)
    drawn(paced, clock, 20.0)
    clock[0] += LONGEST - 0.001
    assert not paced.due()
    clock[0] += 0.002
    assert paced.due()


def test_where_nobody_types_it_is_always_due(clock: list[float]) -> None:
    paced = Pace(lambda: False)
    drawn(paced, clock, 20.0)
    assert paced.due()
