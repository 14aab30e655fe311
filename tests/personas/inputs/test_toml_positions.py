"""The line of every key in a TOML text, in all the ways TOML can be written."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.inputs.toml_positions import KeyPath, key_lines, line_of

VARIETY = """\
# a = 1
plain = 1
"quoted key" = 'x # no comment' # a comment
'literal.key' = 1979-05-27 07:32:00
dotted . "in.two" = "\\" = 1"
long = \"\"\"
[no] table
key = "no key" \\\"""
\"\"\"\"\"
after = '''
'' '''''
list = [ # comment ]
  1,
  # 2,
  [3,
   4],
  {x = 5}, ]
inline = {a = [1, 2], b.c = {}}
[table.sub]
a = true

  [[rows]]
a = 1
[rows.cells]
b = 2
[[rows]]
[[rows.more]]
c = 3
last = 4"""

LINES = {
    ("plain",): 2,
    ("quoted key",): 3,
    ("literal.key",): 4,
    ("dotted", "in.two"): 5,
    ("long",): 6,
    ("after",): 10,
    ("list", 0): 13,
    ("list", 1): 15,
    ("list", 1, 1): 16,
    ("list", 2, "x"): 17,
    ("inline", "a", 1): 18,
    ("inline", "b", "c"): 18,
    ("table", "sub"): 19,
    ("table", "sub", "a"): 20,
    ("rows",): 22,
    ("rows", 0, "a"): 23,
    ("rows", 0, "cells", "b"): 25,
    ("rows", 1): 26,
    ("rows", 1, "more", 0, "c"): 28,
    ("rows", 1, "more", 0, "last"): 29,
}


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key and array position of a parsed document."""
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        yield (*path, key)
        yield from paths(child, (*path, key))


@pytest.mark.parametrize("path", LINES, ids=str)
def test_the_line_is_that_of_the_key(path: KeyPath) -> None:
    assert key_lines(VARIETY)[path] == LINES[path]


def test_every_key_and_position_has_a_line() -> None:
    assert set(key_lines(VARIETY)) == set(paths(tomllib.loads(VARIETY)))


def test_windows_line_ends_count_once() -> None:
    text = VARIETY.replace("\n", "\r\n")
    assert key_lines(text) == key_lines(VARIETY)


def test_what_has_no_line_has_that_of_the_table_around_it() -> None:
    lines = key_lines("a = 1\n[voice]\n")
    assert line_of(("voice", "style"), lines) == 2
    assert line_of(("name",), lines) == 1


def test_a_text_that_is_no_toml_is_refused() -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        key_lines("a = [1,")


keys = st.sampled_from(["a", "b-1", '"c.d"', "'e = f'", '"g\\"#["', "h . i", "_.'[j]'.k"])
plain_scalars = ["1", "-2.5e3", "true", "nan", "07:32:00", '""', "''", '"a = 1"', "'[t]'", '"\\\\"', "'\\'", '"#"']
long_strings = ['"""\n[x]\ny = """', "'''\n\n'''", '"""a"""""', '"""\\""""""']
scalars = st.sampled_from(plain_scalars + long_strings)
gaps = st.sampled_from(["", " ", "\n", " # ] } = \n", "\n\n\t"])


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda items, before, after: "[" + "".join(f"{before}{item}{after}," for item in items) + f"{before}]",
        st.lists(values, max_size=3),
        gaps,
        gaps,
    )


def inline_tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda items: "{" + ", ".join(f"k{i}={item}" for i, item in enumerate(items)) + "}",
        st.lists(values, max_size=3),
    )


values = st.recursive(scalars, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)
statements = st.one_of(
    st.builds("{} = {}".format, keys, values),
    st.sampled_from(["", "# [c] = 1", "[t]", "[[r]]", "[ r . s ]", "[[r.u]]", '["t".v]']),
)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    """A valid text built statement by statement, with the line on which each new path was begun or lies within."""
    text, first_line = "", {}
    for statement in draw(st.lists(statements, max_size=10)):
        longer = f"{text}{statement}\n"
        try:
            document = tomllib.loads(longer)
        except tomllib.TOMLDecodeError:
            continue
        line = text.count("\n") + 1
        first_line.update({path: line for path in paths(document) if path not in first_line})
        text = longer
    return text, first_line


@given(documents())
def test_a_path_stands_where_the_statement_that_made_it_stands(document: tuple[str, dict[KeyPath, int]]) -> None:
    text, first_line = document
    found = key_lines(text)
    assert set(found) == set(first_line)
    statement_lines = [*sorted({*first_line.values()}), text.count("\n") + 2]
    for path, line in found.items():
        following = next(other for other in statement_lines if other > first_line[path])
        assert first_line[path] <= line < following
        if not any(isinstance(part, int) or part.startswith("k") for part in path):
            assert line == first_line[path]
