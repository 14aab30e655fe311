"""Every key goes to one place: to a screen that takes all, to the text, to an action, or to what has the focus."""

from collections.abc import Mapping

import pytest
from textual.events import Key, Paste, Resize
from textual.geometry import Size

from chat_personas.tui.key_routing import Destination, TypingOn, destination_of, is_letter, small_letter


class WithText:
    """A screen with a text, and with actions on `a` and F2."""

    active_bindings: Mapping[str, None] = {"a": None, "f2": None}

    def __init__(self, *, away: bool) -> None:
        self.away_from_text = away

    def write_on(self) -> None:
        """Do nothing."""


class Taking:
    """A screen that takes every key."""

    def take_key(self, event: Key) -> None:
        """Do nothing."""


def going(event: Key | Paste | Resize, screen: object) -> Destination:
    return destination_of(event, screen)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "character", "destination"),
    [
        ("b", "b", "text"),
        ("B", "B", "text"),
        ("a", "a", "action"),
        ("A", "A", "action"),
        ("space", " ", "text"),
        ("alt+b", "b", "action"),
        ("f2", None, "action"),
        ("down", None, "action"),
        ("ctrl+c", "\x03", "action"),
    ],
)
def test_away_from_the_text_a_letter_without_an_action_is_written(
    key: str, character: str | None, destination: Destination
) -> None:
    assert going(Key(key, character), WithText(away=True)) == destination
    assert going(Key(key, character), WithText(away=False)) == "focus"


def test_what_is_pasted_away_from_the_text_is_written_once() -> None:
    pasted = Paste("Guns")
    assert going(pasted, WithText(away=True)) == "text"
    pasted._set_forwarded()
    assert going(pasted, WithText(away=True)) == "focus"


def test_a_screen_that_takes_keys_has_all_but_the_one_that_ends_the_program() -> None:
    assert [going(Key(key, None), Taking()) for key in ("a", "escape", "ctrl+q", "ctrl+c")] == [
        *("screen", "screen", "screen"),
        "focus",
    ]
    assert going(Paste("Guns"), Taking()) == "focus"


def test_other_events_and_keys_before_the_first_screen_go_where_textual_sends_them() -> None:
    assert going(Resize(Size(80, 24), Size(80, 24)), WithText(away=True)) == "focus"
    assert destination_of(Key("a", "a"), None) == "focus"


def test_a_capital_letter_has_a_small_one_and_names_of_keys_stay() -> None:
    assert [small_letter(key) for key in ("A", "a", "Ä", "F2", "ctrl+A")] == ["a", "a", "ä", "F2", "ctrl+A"]
    assert [is_letter(key, True) for key in ("a", "shift+a", "alt+a", "ctrl+shift+a")] == [True, True, False, False]


class Asking:
    """A question that is seen from the tenth second on."""

    shown_at = 10.0

    def write_behind(self, text: str) -> None:
        """Do nothing."""


def typed_on(*keys: tuple[float, str], opened: float) -> str:
    """Return the keys at a question that are no answer, typed at these times; `opened` is when Enter asked for it."""
    typing, found = TypingOn(0.3), ""
    for at, key, screen in [(opened, "\r", object()), *((at, key, Asking()) for at, key in keys)]:
        event = Key({"\r": "enter", "<": "left"}.get(key, key), None if key == "<" else key)
        event.time = at
        found += key if typing.is_typed_on(event, screen) else ""  # type: ignore[arg-type]
    return found


def test_a_letter_that_was_typed_before_the_question_was_seen_is_no_answer() -> None:
    assert typed_on((9.9, "n"), opened=9.0) == "n"
    assert typed_on((10.1, "n"), opened=9.0) == ""


def test_letters_that_follow_each_other_closely_from_before_the_question_are_no_answer() -> None:
    assert typed_on((10.1, "n"), (10.3, "o"), (10.5, "\r"), (11.0, "n"), opened=9.9) == "no\r"


def test_arrows_and_the_enter_after_them_answer_at_once() -> None:
    assert typed_on((10.1, "<"), (10.4, "\r"), opened=9.95) == ""
