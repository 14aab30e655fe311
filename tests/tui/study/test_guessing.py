"""A guess sums to 100 before it is taken; what is missing is told, and can be spread evenly."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.tui.study.guessing import GuessPage, rest_of, spread_evenly
from tests.studies.making import made_study
from tests.tui.fakes import shown, words
from tests.tui.study.people import SHORT, go_through, page, press, taking_part


@pytest.mark.parametrize(
    ("percents", "spread"),
    [
        ((0, 0, 0), (34, 33, 33)),
        ((40, 0, 0), (40, 30, 30)),
        ((40, 10, 0), (40, 10, 50)),
        ((30, 30, 30), (34, 33, 33)),
        ((60, 40, 0), (60, 40, 0)),
        ((60, 60, 0), (60, 60, 0)),
    ],
)
def test_the_rest_goes_to_the_options_that_have_none(percents: tuple[int, ...], spread: tuple[int, ...]) -> None:
    assert tuple(spread_evenly(percents)) == spread


def test_what_is_missing_is_told_and_what_is_too_much() -> None:
    assert rest_of((40, 48)) == "12 more to give"
    assert rest_of((80, 25)) == "5 too many"
    assert rest_of((80, 20)) == "The sum is 100."


async def test_a_guess_is_made_with_arrows_and_digits_and_taken_at_100_only(corpus: Corpus, tmp_path: Path) -> None:
    study = made_study(tmp_path, SHORT)
    async with taking_part(corpus, study, size=(80, 24)) as pilot:
        await go_through(pilot, lambda here: isinstance(here, GuessPage))
        guessing = page(pilot, GuessPage)
        assert "Question 1 of 5" in shown(pilot)
        (way,) = corpus.studies.participations(study.row.sha256)
        people = study.condition(way.condition or "").people
        assert f"Of 100 {people}, how many would choose each answer?" in words(pilot)
        first, second, *others = guessing.rows
        assert first.has_focus
        await pilot.press("right", "right", "plus", "left")
        assert first.percent == 10
        await pilot.press("minus", "minus", "minus")
        assert first.percent == 0
        await pilot.press("7", "5")
        assert first.percent == 75
        await pilot.press("down", "2", "6")
        assert second.percent == 26
        assert "1 too many" in words(pilot)
        await pilot.press("enter", "f2")
        assert pilot.app.screen is guessing
        assert corpus.studies.guesses(way.id) == ()
        await pilot.press("backspace", "5")
        assert (first.percent, second.percent) == (75, 25)
        assert "The sum is 100." in words(pilot)
        await press(pilot, "enter")
    (row,) = corpus.studies.guesses(way.id)
    assert row.shares == (0.75, 0.25, *(0.0 for _ in others))
    assert (row.stage, row.place) == ("guesses_before", 1)
    assert row.seconds is not None
    assert row.seconds > 0
