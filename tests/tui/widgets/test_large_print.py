"""The large print shows one number with its interval on one scale, or one sentence and no number."""

import re
from dataclasses import replace

import pytest

from chat_personas.reporting.explained.sections import Measured
from chat_personas.tui.screens.measurement import large_number, large_print
from eval.scoring.scores import score
from tests.eval.towns import DEMOCRAT, answer
from tests.reporting.test_explained_sections import estimate
from tests.reporting.test_in_one_sentence import card, survey

SOUND = Measured("Democrat", estimate(), card((0.65, 0.85), survey()), complete=True)
"""Alignments of 0.85 and 0.95 in turn: 0.90 on average. Everyone's and even answers reach 0.70."""
SIZES = [(80, 24), (120, 40), (200, 60)]


def lines(measured: Measured, size: tuple[int, int]) -> list[str]:
    return large_print(measured, *size).plain.split("\n")


@pytest.mark.parametrize("size", SIZES)
def test_the_number_takes_a_third_of_the_height_and_fits(size: tuple[int, int]) -> None:
    found = lines(SOUND, size)
    drawn = [row for row in found if re.fullmatch(r" *█+( +█+)* *", row)]
    assert len(found) <= size[1]
    assert max(map(len, found)) <= size[0]
    assert size[1] / 3 <= len(drawn) <= size[1] / 2


def test_digits_are_drawn_with_squares_of_one_size() -> None:
    assert large_number("0.71", 60, 10) == [
        *["████████████            ████████████        ████    "] * 2,
        *["████    ████                    ████    ████████    "] * 2,
        *["████    ████                    ████        ████    "] * 2,
        *["████    ████                    ████        ████    "] * 2,
        *["████████████    ████            ████    ████████████"] * 2,
    ]
    assert [len(row) for row in large_number("0.71", 13, 3)] == [13] * 5


@pytest.mark.parametrize("size", SIZES)
def test_the_scale_goes_from_0_to_1_and_has_its_marks_where_they_belong(size: tuple[int, int]) -> None:
    found = lines(SOUND, size)
    width = size[0] - 4
    (axis,) = (row[2:] for row in found if row.split() == ["0", "0.5", "1"])
    assert (axis.index("0"), len(axis)) == (0, width)
    above = next(row[2:] for row in found if "●" in row)
    assert above.index("●") == round(0.9 * (width - 1))
    for glyph, value in (("○", 0.7), ("◇", 0.7)):
        below = next(row[2:] for row in found if glyph in row)
        assert below.index(glyph) == round(value * (width - 1)), glyph
    legend = " ".join(" ".join(found).split())
    assert "○ even answers 0.70 [0.70, 0.70] ◇ everyone's answers 0.70 [0.70, 0.70] ◆ noise floor 0.98 [0.9" in legend


def test_one_sentence_says_what_the_number_means_and_the_interval_stands_with_it() -> None:
    wide = " ".join(" ".join(lines(SOUND, (120, 40))).split())
    assert "Answers like its group: 0.90 [0.88, 0.92], better than everyone's answers 0.70 [0.70, 0.70]." in wide
    said = " ".join(" ".join(lines(SOUND, (80, 24))).split())
    assert "Answers like its group. " in said, "without figures where they would take the room of the scale"
    assert re.search(r"alignment; 95% interval 0\.8\d to 0\.9\d", said)
    assert "Esc leaves" in said


def test_what_is_not_sound_or_has_no_interval_shows_a_sentence_and_no_number() -> None:
    asked = survey()
    letters = score(asked, (DEMOCRAT,), [answer(each.id, [0.7, 0.3], [0.3, 0.7]) for each in asked.questions])
    few = card(0.7, survey(count=19))
    given = replace(few, verdict=few.verdict.model_copy(update={"finding": "given"}))
    off = Measured("Democrat", state="not measuring (F4 starts it)")
    for measured, sentence in (
        (replace(SOUND, card=letters), "Cannot be measured at this point: the model picks the letter, not the answer."),
        (replace(SOUND, card=given), "Too few questions to say how close its answers come."),
        (off, "Not measuring (F4 starts it)."),
        (replace(SOUND, card=None, estimate=estimate(complete=False, done=3)), "Measuring: 3 of 24 questions."),
    ):
        said = " ".join(" ".join(lines(measured, (80, 24))).split())
        assert sentence in said
        assert "█" not in said
        assert not re.search(r"0\.\d", said)


def test_a_screen_that_is_too_small_keeps_the_sentence_and_never_a_number_without_its_interval() -> None:
    for width, height in [*((40, height) for height in range(6, 24)), *((width, 24) for width in range(18, 40))]:
        found = lines(SOUND, (width, height))
        said = " ".join(" ".join(found).split())
        assert len(found) <= height
        assert max(map(len, found)) <= width
        assert "Answers like its group" in said
        assert not re.search(r"(answers|group:|floor) 0\.\d\d(?! \[)", said)
        assert ("█" in said) <= ("95% interval" in said)


def test_a_demonstration_is_called_one() -> None:
    noted = replace(SOUND, remarks=("demonstration model: says nothing about real people",))
    assert any("demonstration model" in row for row in lines(noted, (80, 24)))
