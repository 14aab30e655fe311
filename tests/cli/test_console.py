"""What a file or a model says stays as it is in every table: no picture, markup or colour is made of it."""

import re
from collections.abc import Callable

import pytest
from rich.table import Table

from chat_personas.cli.commands.models import print_found
from chat_personas.cli.tables.layout import Column, print_line, split_table, table_console
from chat_personas.models.found import Found, Problem

ODD = "big:cloud: [bold]b[/bold] 'quoted' 3.14 http://a.b :smiley:"


def in_a_line() -> None:
    print_line(table_console(to_error=False), f"{ODD} and more")


def as_name_title_and_cell() -> None:
    for table in split_table([ODD], [[Column(ODD, [ODD])]], 200):
        table_console(to_error=False).print(table)


def in_a_table_of_rich() -> None:
    table = Table(ODD, title=ODD, caption=ODD)
    table.add_row(ODD)
    table_console(to_error=False).print(table)


def among_the_models() -> None:
    print_found(Found(files=(), servers=(), problems=(Problem(what=ODD, why=ODD),)), to_error=False)


@pytest.mark.parametrize(
    ("draw", "times"), [(in_a_line, 1), (as_name_title_and_cell, 3), (in_a_table_of_rich, 4), (among_the_models, 2)]
)
def test_what_looks_like_an_emoji_or_markup_is_drawn_as_it_is(
    draw: Callable[[], None], times: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "200", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    draw()
    drawn = capsys.readouterr().out
    # Styles of ours may begin and end with a cell, but nothing within a text is coloured.
    assert drawn.count(ODD) == times, re.sub("\x1b", "ESC", drawn)
