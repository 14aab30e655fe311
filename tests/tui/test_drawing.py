"""What is drawn stands where its number says, on scales that never stretch."""

from dataclasses import dataclass

import pytest
from rich.cells import cell_len
from textual.content import Content

from chat_personas.text import pluralize
from chat_personas.tui.drawing import (
    FIGURE_CELLS,
    MODEL,
    PEOPLE,
    PERSONA,
    Mark,
    Range,
    axis,
    axis_row,
    bar,
    fitted,
    interval_line,
    paired_bars,
    score_row,
    two,
    unbroken,
    with_interval,
)
from chat_personas.tui.screens.first_frame import outlines

UNIT = Range(0.0, 1.0)


def test_a_line_is_broken_before_a_number_with_its_interval_and_never_in_it() -> None:
    said = Content.assemble("so far ", ("0.84 [0.80, 0.88]", "bold"), ", beside -0.05 [-0.10, 0.00] or 0.5\nnext row")
    broken = unbroken(said, 20)
    assert broken.plain.split("\n") == [
        "so far",
        "0.84 [0.80, 0.88],",
        "beside",
        "-0.05 [-0.10, 0.00]",
        "or 0.5",
        "next row",
    ]
    assert [broken.plain[span.start : span.end] for span in broken.spans] == ["0.84 [0.80, 0.88]"]
    assert unbroken(said, 60).plain == said.plain


@dataclass
class Score:
    mean: float
    low: float | None = None
    high: float | None = None


def test_a_score_stands_in_the_cell_of_its_value() -> None:
    assert interval_line(Mark(0.0, None, None, "●"), 11, UNIT) == "●" + " " * 10
    assert interval_line(Mark(0.3, None, None, "●"), 11, UNIT) == "   ●" + " " * 7
    assert interval_line(Mark(1.0, None, None, "●"), 11, UNIT) == " " * 10 + "●"


def test_an_interval_reaches_from_its_low_to_its_high_end() -> None:
    assert interval_line(Mark(0.5, 0.3, 0.8, "●"), 11, UNIT) == "   ├─●──┤  "


def test_the_scale_does_not_stretch_to_small_differences() -> None:
    one = interval_line(Mark(0.70, None, None, "●"), 26)
    other = interval_line(Mark(0.705, None, None, "●"), 26)

    assert one == other


def test_a_value_beyond_the_scale_is_an_arrow_at_its_end() -> None:
    assert interval_line(Mark(0.2, 0.1, 0.3, "●"), 11) == "‹" + " " * 10
    assert interval_line(Mark(1.2, None, None, "●"), 11) == " " * 10 + "›"


def test_a_guide_shows_where_another_score_stands() -> None:
    assert interval_line(Mark(0.2, None, None, "●"), 11, UNIT, guide=0.6) == "  ●   ┊    "


def test_rows_fit_into_the_narrowest_panel_and_the_numbers_of_the_axis_never_run_into_each_other() -> None:
    for width in range(33, 60):  # 33: the panel's least width, less border, scroll bar and padding
        row = score_row("everyone's answers", PERSONA, Score(0.84, 0.8, 0.88), width)
        assert (row.cell_length, axis_row(width).cell_length) == (width, width - FIGURE_CELLS)
    assert [axis(cells) for cells in (7, 11, 12)] == ["0.5─1.0", "0.5─────1.0", "0.5─0.75─1.0"]


def test_the_axis_names_its_ends_and_its_middle_where_they_are() -> None:
    drawn = axis(25)

    assert len(drawn) == 25
    assert drawn.startswith("0.5─")
    assert drawn.endswith("─1.0")
    assert drawn.index("0.75") in (10, 11)


def test_a_row_holds_name_glyph_and_figure_in_its_width() -> None:
    row = score_row("persona", PERSONA, Score(0.84, 0.8, 0.88), 46).plain

    assert len(row) == 46
    assert row.startswith("● persona ")
    assert row.endswith(" 0.84")
    assert len(axis_row(46).plain) == 46 - 5


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0.0, "    "), (0.5, "██  "), (0.625, "██▌ "), (1.0, "████"), (1.7, "████"), (-1.0, "    "), (0.001, "▌   ")],
)
def test_a_bar_is_as_long_as_its_share_and_rare_is_not_never(share: float, drawn: str) -> None:
    assert bar(share, 4, PEOPLE) == drawn


def test_peoples_and_the_models_bars_differ_without_colour() -> None:
    assert bar(0.5, 4, PEOPLE) != bar(0.5, 4, MODEL)


def test_paired_bars_show_both_shares_under_each_option() -> None:
    drawn = paired_bars(["Yes", "No"], [0.25, 0.75], [1.0, 0.0], 15).plain

    assert drawn.split("\n") == [
        "Yes",
        "  ██       0.25",
        "  ━━━━━━━━ 1.00",
        "No",
        "  ██████   0.75",
        "           0.00",
    ]


def test_without_figures_the_model_is_drawn_alone() -> None:
    assert paired_bars(["Yes"], None, [1.0], 15).plain == "Yes\n  ━━━━━━━━ 1.00"


def test_numbers_are_written_with_their_interval_or_say_that_there_is_none() -> None:
    assert with_interval(Score(0.842, 0.8, 0.885)) == "0.84 [0.80, 0.89]"
    assert with_interval(Score(0.842, None, None)) == "0.84"
    assert two(None) == "—"
    assert pluralize(1, "question") == "1 question"
    assert pluralize(20, "question") == "20 questions"


@pytest.mark.parametrize(
    ("text", "cells", "drawn"),
    [
        ("Democrat", 10, "Democrat  "),
        ("Democrat", 6, "Democ…"),
        ("民主党人", 10, "民主党人  "),
        ("民主党人", 7, "民主党…"),
        ("民主党人", 6, "民主 …"),
        ("😀 vote", 5, "😀 v…"),
    ],
)
def test_a_text_is_cut_and_padded_to_cells_of_which_wide_characters_take_two(text: str, cells: int, drawn: str) -> None:
    assert fitted(text, cells) == drawn
    assert cell_len(fitted(text, cells)) == cells


def test_the_first_frame_is_as_wide_as_the_screen_whatever_the_persona_is_called() -> None:
    lines = outlines("民主党人" * 10, "模型" * 20, 30, 12).plain.splitlines()

    assert [cell_len(line) for line in lines if line] == [30] * 5
