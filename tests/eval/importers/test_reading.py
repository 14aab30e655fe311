"""Cells with a list or a dictionary as Python writes it: text stays as it is, and nothing is run or lost."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.errors import SurveyError
from eval.importers.reading import read_literal, read_text

VALUES = st.recursive(
    st.text() | st.integers() | st.floats(allow_infinity=False, allow_nan=False) | st.none() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(value=VALUES)
def test_what_python_writes_is_read_as_it_was(value: Any) -> None:
    assert read_literal(str([value])) == [value]


@pytest.mark.parametrize("text", ["Eat nan bread", "nan", "(nan)", 'it\'s nan, "nan"', "nan\n"])
def test_the_letters_nan_in_a_text_are_text(text: str) -> None:
    assert read_literal(str([text])) == [text]


def test_a_nan_that_stands_by_itself_is_none() -> None:
    assert read_literal("['a', nan, 'b']") == ["a", None, "b"]
    assert read_literal("{'a': [0.5, nan]}") == {"a": [0.5, None]}


def test_a_defaultdict_is_the_dictionary_in_it() -> None:
    assert read_literal("defaultdict(<class 'list'>, {'a': [0.5]})") == {"a": [0.5]}


@pytest.mark.parametrize("text", ["", "nan()", "[1, inf]", "__import__('os')", "{'a': 1, 'a': 2}", "[" * 10_000, "\0"])
def test_what_is_no_literal_or_says_two_things_of_one_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a list or dictionary"):
        read_literal(text)


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"PK\x03\x04\x14\0", 'is a workbook (.xlsx, .ods) or another ZIP file; save the table as "CSV UTF-8'),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", 'is a workbook of an older Excel (.xls); save the table as "CSV UTF-8'),
        (b"$FL2@(#) SPSS", "is a file of SPSS; save the table as"),
        (b"\x1f\x8b\x08", "is compressed (gzip); unpack it"),
        ("question,option".encode("utf-16"), "is text in UTF-16; save the file as UTF-8"),
        ("question,Käse".encode("latin-1"), "line 1: this is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_that_is_no_text_is_named_with_what_to_do(tmp_path: Path, content: bytes, advice: str) -> None:
    (tmp_path / "town").write_bytes(content)
    with pytest.raises(SurveyError) as caught:
        read_text(tmp_path / "town")
    assert advice in str(caught.value)
    assert str(caught.value).startswith('"town"')
