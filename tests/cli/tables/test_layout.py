"""Tables of scores on a narrow terminal: every figure whole, every block with the names of its rows."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from chat_personas.cli.tables.layout import Column, fitted, padded, print_line, split_table

NAMES = ("everyone", "Republican", "Democrat")
SCORE = "0.926 [0.892, 0.951]"


def columns(*titles: str) -> list[Column]:
    return [Column(title, [SCORE] * len(NAMES)) for title in titles]


def shown(width: int, *groups: list[Column], sections: tuple[int, ...] = ()) -> list[list[str]]:
    """Return the lines of each table that is printed."""
    printed = []
    for table in split_table(NAMES, groups, width, sections=sections):
        out = io.StringIO()
        Console(file=out, width=width).print(table)
        printed.append(out.getvalue().splitlines())
    return printed


def test_what_fits_is_one_table() -> None:
    (table,) = shown(120, columns("a", "b"), columns("best", "worst"))
    assert table[0].split() == ["a", "b", "best", "worst"]


def test_what_does_not_fit_is_parted_between_its_groups_and_names_the_rows_again() -> None:
    first, second = shown(80, columns("a", "b"), columns("best", "worst"))
    assert (first[0].split(), second[0].split()) == (["a", "b"], ["best", "worst"])
    for table in (first, second):
        assert [line.split()[0] for line in table[2:]] == list(NAMES)


def test_blocks_of_a_group_that_is_too_wide_are_filled_evenly() -> None:
    tables = shown(80, columns("a", "b", "c", "d"))
    assert [table[0].split() for table in tables] == [["a", "b"], ["c", "d"]]


def test_a_row_without_figures_is_left_out_of_a_block() -> None:
    own = [Column("order bias", [SCORE, "", SCORE])]
    (_, second) = shown(60, columns("a", "b"), own)
    assert [line.split()[0] for line in second[2:]] == ["everyone", "Democrat"]


@given(st.integers(40, 200), st.integers(1, 8))
def test_no_figure_is_ever_broken_and_no_line_is_too_long(width: int, count: int) -> None:
    tables = shown(width, columns(*(f"persona {number}" for number in range(count))))
    lines = [line for table in tables for line in table]
    assert max(map(len, lines)) <= width
    assert sum(line.count(SCORE) for line in lines) == count * len(NAMES)


def printed(line: str, width: int) -> list[str]:
    out = io.StringIO()
    print_line(Console(file=out, width=width, highlight=False, markup=False), line)
    return out.getvalue().splitlines()


def test_a_line_that_is_broken_goes_on_further_in() -> None:
    assert printed("  closest on: Democrat; Republican; Independent", 30) == [
        "  closest on: Democrat;",
        "    Republican; Independent",
    ]


def test_a_figure_is_never_parted_from_its_interval() -> None:
    assert printed(f"  people: best {SCORE} (Other party)", 30) == [
        "  people: best",
        f"    {SCORE}",
        "    (Other party)",
    ]


@pytest.mark.parametrize("line", ["", "  short", f"    {SCORE}"])
def test_a_line_that_fits_is_printed_as_it_is(line: str) -> None:
    assert printed(line, 80) == [line]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Democrat", "Democrat  "), ("日本人", "日本人    "), ("日本人の回答", "日本人の …"), ("👩‍🏫 x", "👩‍🏫 x")],
)
def test_a_name_fills_its_cells_however_wide_its_characters_are(text: str, shown: str) -> None:
    assert fitted(text, 10).rstrip() == shown.rstrip()
    assert cell_len(fitted(text, 10)) == 10


def test_padding_cuts_nothing() -> None:
    assert padded("日本", 6) == "日本  "
    assert padded("日本人の回答", 6) == "日本人の回答"


def test_under_the_setting_accessible_every_row_names_its_columns_and_nothing_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_ACCESSIBLE", "true")
    two = [Column("a", ["0.9 [0.8, 1.0]", "", "-0.1"]), Column("best\nworst", ["7", "", ""])]
    (table,) = shown(120, two, sections=(1,))
    assert [line.rstrip() for line in table] == [
        "everyone: a 0.9, from 0.8 to 1.0; best worst 7",
        "Democrat: a minus 0.1",
    ]
