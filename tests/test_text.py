"""What a model says is shown, and commands nothing.

One thing is not written as several, wherever things are counted.
"""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.text import Sentences, Sought, and_then, full_stop, pluralize, printable, without_drawing


@pytest.mark.parametrize(
    ("count", "noun", "written"),
    [
        (0, "question", "0 questions"),
        (1, "question", "1 question"),
        (2, "oldest message", "2 oldest messages"),
        (1498, "question", "1,498 questions"),
    ],
)
def test_a_count_has_the_noun_in_its_number(count: int, noun: str, written: str) -> None:
    assert pluralize(count, noun) == written


EVERY_CHARACTER = st.text(alphabet=st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("said", "stopped", "joined"),
    [
        ("it failed", "it failed.", "it failed; the reply stays"),
        ("is it running?", "is it running?", "is it running? The reply stays"),
        ("It ended.", "It ended.", "It ended. The reply stays"),
    ],
)
def test_what_follows_a_question_is_a_sentence_of_its_own(said: str, stopped: str, joined: str) -> None:
    assert full_stop(said) == stopped
    assert and_then(said, "the reply stays") == joined


def test_ordinary_text_is_left_as_it_is() -> None:
    for text in (
        "",
        "Hello, world!\n\tYes.",
        "Où est le café? 😀 日本語 עברית",
        "[bold]not markup[/] [@click=quit]x[/]",
    ):
        assert printable(text) == text


def test_terminal_commands_become_visible() -> None:
    assert printable("\x1b[31mred\x07\r\x00\x7f") == "␛[31mred␇␍␀␡"
    assert printable("\x9b31m \x85") == "<9B>31m <85>"


def test_what_reorders_text_becomes_visible() -> None:
    assert printable("abc\u202edcba\u2066") == "abc<202E>dcba<2066>"


def test_half_a_surrogate_pair_can_be_printed() -> None:
    assert printable("a\ud83d").encode("utf-8") == "a\ufffd".encode()


@given(EVERY_CHARACTER)
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text)
    assert [character for character in shown if unicodedata.category(character) in ("Cc", "Cs")] == [
        character for character in shown if character in "\n\t"
    ]
    shown.encode("utf-8")


@given(EVERY_CHARACTER, st.integers(min_value=0))
def test_a_text_may_be_cleaned_in_pieces(text: str, cut: int) -> None:
    middle = cut % (len(text) + 1)
    assert printable(text[:middle]) + printable(text[middle:]) == printable(text)


def test_frames_and_bars_become_ascii_and_other_characters_stay() -> None:
    assert without_drawing("┌──┬━━┐ │x║ ▓█ ╌") == "|--|--| |x| ## -"
    assert without_drawing("\x1b[2J “Ja” – ⠓⠑⠇⠇⠕ →") == "␛[2J “Ja” – ⠓⠑⠇⠇⠕ →"


@pytest.mark.parametrize(
    ("pieces", "passed_on"),
    [
        (["Good ", "day. And", " more."], ["", "Good day. ", "", "And more."]),
        (["One", "\nTwo"], ["", "One\n", "Two"]),
        (['He said "No." ', "Yes."], ['He said "No." ', "", "Yes."]),
        (["3.", "5 percent"], ["", "", "3.5 percent"]),
        (["はい。", "いいえ"], ["はい。", "", "いいえ"]),
    ],
)
def test_a_stream_comes_in_whole_sentences(pieces: list[str], passed_on: list[str]) -> None:
    sentences = Sentences()
    assert [*map(sentences.take, pieces), sentences.rest()] == passed_on


@given(st.lists(st.text(), max_size=20))
def test_sentences_joined_are_the_text_that_came(pieces: list[str]) -> None:
    sentences = Sentences()
    assert "".join([*map(sentences.take, pieces), sentences.rest()]) == "".join(pieces)


def test_a_text_without_an_end_is_passed_on_at_a_space_or_at_last_anywhere() -> None:
    assert Sentences().take("word " * 90) == "word " * 90
    assert Sentences().take("word " * 80 + "half") == "word " * 80
    assert Sentences().take("x" * 1000) == "x" * 1000


def test_a_text_is_found_that_has_all_words_in_whatever_case() -> None:
    sought = Sought.typed(" gun  CON ")
    assert sought.in_("About Gun control")
    assert not sought.in_("About guns")
    assert sought.places("con Gun gun control") == [(0, 3), (4, 7), (8, 11), (12, 15)]
    assert not Sought.typed("  ").in_("anything")
    assert Sought().places("anything") == []
    assert Sought.typed("a.c (").places("abc a.c (") == [(4, 7), (8, 9)]
