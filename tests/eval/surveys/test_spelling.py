"""Texts that differ in typography only are the same text; anything else is another one."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.surveys.spelling import comparable, plain_spaces, same_texts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Don't", "Don\u2019t"),
        ("Don't", "Don\u00b4t"),
        ("Don't", "Don`t"),
        ("Don't", "Don\u02bct"),
        ('"No"', "\u201cNo\u201d"),
        ('"No"', "\u00abNo\u00bb"),
        ("18-29", "18\u201329"),
        ("18-29", "18\u201229"),
        ("yes - always", "yes \u2014 always"),
        ("yes - always", "yes -- always"),
        ("-1", "\u22121"),
        ("Well...", "Well\u2026"),
        ("Yes, please", "Yes,\u00a0please"),
        ("Yes, please", "  Yes,\u202f please\n"),
        ("caf\u00e9", "cafe\u0301"),
        ("cooperate", "co\u00adoperate"),
        ("Yes", "\ufeffYes\u200b"),
    ],
)
def test_typography_and_spaces_make_no_other_text(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)
    assert same_texts(other, ["No", one]) == (one,)


@pytest.mark.parametrize(
    ("one", "other"), [("Yes", "yes"), ("dont", "don't"), ("cafe", "caf\u00e9"), ("No.", "No"), ("1829", "18-29")]
)
def test_letters_and_punctuation_do(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)
    assert same_texts(other, [one]) == ()


def test_a_text_that_is_there_as_written_is_the_only_one_and_otherwise_all_alike_are_named() -> None:
    known = ["Don't", "Don\u2019t", "No"]
    assert same_texts("Don\u2019t", known) == ("Don\u2019t",)
    assert same_texts("Don`t", known) == ("Don't", "Don\u2019t")


@given(st.text())
def test_comparing_twice_changes_nothing_and_composed_letters_compare_as_typed(text: str) -> None:
    assert comparable(comparable(text)) == comparable(text)
    assert comparable(unicodedata.normalize("NFD", text)) == comparable(unicodedata.normalize("NFC", text))


def test_spaces_of_a_table_become_plain_and_line_breaks_stay() -> None:
    assert plain_spaces("Yes,\u00a0please\u200b") == "Yes, please"
    assert plain_spaces("two\nlines\u2009here") == "two\nlines here"
