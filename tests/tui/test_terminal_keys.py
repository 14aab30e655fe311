"""What a terminal sends becomes the keys that were pressed, in their order, also where the machine is busy."""

from collections.abc import Sequence

import pytest
from textual import _parser
from textual.events import Key, Paste

from chat_personas.tui.terminal_guard import PatientParser

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
