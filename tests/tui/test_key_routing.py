"""Every key goes to one place: to a screen that takes all, to the text, to an action, or to what has the focus."""

from collections.abc import Mapping

import pytest
from textual.events import Key, Paste, Resize
from textual.geometry import Size

from chat_personas.tui.key_routing import Destination, destination_of, is_letter, small_letter


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
