"""What a terminal sends becomes the keys that were pressed, in their order, also where the machine is busy."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from textual import _parser
from textual.events import Key, Paste, Resize

from chat_personas.tui.terminal_keys import LEAST_PASTED, PatientParser, drawable_size

ESCAPE = "\x1b"


def keys(parser: PatientParser, sent: str) -> list[str]:
    return [event.key for event in parser.feed(sent) if isinstance(event, Key)]


@pytest.mark.parametrize(("seconds", "expected"), [(0.3, ["escape", "m"]), (0.01, ["alt+m"])])
def test_an_escape_is_a_key_of_its_own_where_the_next_was_pressed_later(
    monkeypatch: pytest.MonkeyPatch, seconds: float, expected: Sequence[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(_parser, "get_time", lambda: now[0])
    parser = PatientParser()
    assert keys(parser, ESCAPE) == []
    now[0] += seconds
    assert keys(parser, "m") == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (f"{ESCAPE}mpo{ESCAPE}{ESCAPE}OR", ["alt+m", "p", "o", "escape", "f3"]),
        (f"{ESCAPE}\x18", ["escape", "ctrl+x"]),
        (f"{ESCAPE}\r", ["escape", "enter"]),
        (f"{ESCAPE}\x7f", ["ctrl+w"]),
        (f"{ESCAPE}[A{ESCAPE}OP{ESCAPE}b", ["up", "f1", "ctrl+left"]),
        (f"{ESCAPE}[1;3Aa", ["alt+up", "a"]),
    ],
)
def test_keys_that_arrive_together_are_told_apart(sent: str, expected: Sequence[str]) -> None:
    assert keys(PatientParser(), sent) == expected


def test_pasted_text_stays_as_it_is() -> None:
    pasted = f"{ESCAPE}[200~one\ntwo{ESCAPE}[201~x"
    (paste, letter) = PatientParser().feed(pasted)
    assert isinstance(paste, Paste)
    assert paste.text == "one\ntwo"
    assert isinstance(letter, Key)


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        (f"What about {ESCAPE}[31mguns{ESCAPE}[0m?\nline two", "What about guns?\nline two"),
        (f"{ESCAPE}]0;title\atext", "text"),
        (f"a{ESCAPE}b{ESCAPE}{ESCAPE}OPc{ESCAPE}", "a␛b␛␛OPc␛"),
        (f"{ESCAPE}[20", "␛[20"),
    ],
)
def test_escapes_in_pasted_text_press_no_keys_and_colour_nothing(pasted: str, text: str) -> None:
    paste, letter = PatientParser().feed(f"{ESCAPE}[200~{pasted}{ESCAPE}[201~x")
    assert isinstance(paste, Paste)
    assert paste.text == text
    assert isinstance(letter, Key)
    assert letter.key == "x"


PIECES = st.lists(st.sampled_from([ESCAPE, "[20", "0~", "1~", "a", "\n", "[31m", "é"]), max_size=8).map("".join)


@given(PIECES, st.lists(st.integers(1, 60), max_size=6))
def test_pasted_text_is_one_wherever_reading_it_was_cut(pasted: str, cuts: list[int]) -> None:
    assume(f"{ESCAPE}[201~" not in f"{pasted}{ESCAPE}[201~"[:-1])
    sent = f"x{ESCAPE}[200~a{pasted}{ESCAPE}[201~y"
    places = [0, *sorted(cuts), len(sent)]
    parser = PatientParser()
    read = filter(None, (sent[first:last] for first, last in pairwise(places)))
    before, paste, after = [event for data in read for event in parser.feed(data)]
    assert isinstance(before, Key)
    assert isinstance(paste, Paste)
    assert isinstance(after, Key)
    assert (before.key, after.key) == ("x", "y")
    assert ESCAPE not in paste.text
    assert paste.text.startswith("a")
    assert [each for each in paste.text if each in "é\n"] == [each for each in pasted if each in "é\n"]


@pytest.mark.parametrize(
    "odd",
    ["[1114112u", "[99999999999999999999u", "[97:65:1;1:1u", "[97;5:3u", "[97;;1114112u", "[48;0;0;0;0t\x1b[<0;5;5M"],
)
def test_a_sequence_that_no_key_or_mouse_can_have_sent_is_passed_over_and_typing_goes_on(odd: str) -> None:
    assert keys(PatientParser(), f"{ESCAPE}{odd}x") == ["x"]


def test_a_window_that_no_terminal_has_is_not_drawn() -> None:
    (letter,) = PatientParser().feed(f"{ESCAPE}[48;99999999;80;99999999;80tx")
    assert isinstance(letter, Key)
    window, _ = PatientParser().feed(f"{ESCAPE}[48;430;1280;4320;7680tx")
    assert isinstance(window, Resize)
    assert window.size == (1280, 430)


@pytest.mark.parametrize("letters", [LEAST_PASTED - 1, LEAST_PASTED, 4000])
def test_a_flood_of_letters_without_marks_is_pasted_text_and_other_keys_stay_keys(letters: int) -> None:
    text = "é o" * (letters // 3) + "x" * (letters % 3)
    *before, enter, after = PatientParser().feed(f"{text}\ry")
    assert isinstance(enter, Key)
    assert isinstance(after, Key)
    assert (enter.key, after.key) == ("enter", "y")
    if letters < LEAST_PASTED:
        assert "".join(each.character or "" for each in before if isinstance(each, Key)) == text
    else:
        (paste,) = before
        assert isinstance(paste, Paste)
        assert paste.text == text


@pytest.mark.parametrize(
    ("window", "drawn"),
    [((80, 24), (80, 24)), ((1280, 430), (1280, 430)), ((65535, 65535), (500, 200)), ((1, 65535), (1, 200))],
)
def test_of_a_window_that_no_screen_has_a_part_is_drawn(window: tuple[int, int], drawn: tuple[int, int]) -> None:
    assert drawable_size(*window) == drawn
