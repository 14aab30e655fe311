"""What is typed is never lost: after every change on the screen, the text being written has the focus."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot

from chat_personas.tui.chat.screen import ChatScreen
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until

WIDE, NARROW = (120, 36), (80, 24)


def in_chat(pilot: Pilot[None]) -> bool:
    """Whether the screen with the conversation is the one in front."""
    return isinstance(pilot.app.screen, ChatScreen)


@dataclass(frozen=True)
class Change:
    """Keys that a person presses one after the other, each once `ready` says that the screen before it is there."""

    keys: Sequence[str]
    ready: Sequence[Callable[[Pilot[None]], bool]]


def another_screen(pilot: Pilot[None]) -> bool:
    return not in_chat(pilot)


def listed(text: str) -> Callable[[Pilot[None]], bool]:
    return lambda pilot: not in_chat(pilot) and text in shown(pilot)


CHANGES = {
    "a new conversation": Change(["ctrl+n"], []),
    "a persona that was chosen": Change(["ctrl+g", "enter", "n"], [listed("Party"), listed("this one is kept")]),
    "a persona to go on with": Change(["ctrl+g", "enter", "g"], [listed("Party"), listed("this one is kept")]),
    "a persona that was not chosen": Change(["ctrl+g", "escape"], [another_screen]),
    "another conversation": Change(["ctrl+o", "down", "enter"], [listed("open now"), listed("open now")]),
    "no other conversation": Change(["ctrl+o", "escape"], [another_screen]),
    "a deleted conversation": Change(
        ["ctrl+o", "delete", "y", "escape"],
        [listed("open now"), listed("U brings it back"), lambda pilot: "1 conversation" in shown(pilot).lower()],
    ),
    "another reply": Change(["f5"], []),
    "another version": Change(["f8"], []),
    "an edit": Change(["f6"], []),
    "the help": Change(["f1", "escape"], [another_screen]),
    "the prompt": Change(["f3", "escape"], [another_screen]),
    "the whole message": Change(["f10", "escape"], [another_screen]),
    "the export": Change(["ctrl+s", "escape"], [another_screen]),
    "the panel, left": Change(["f2"], []),
    "the panel, left by Escape": Change(["escape"], []),
}


@pytest.mark.parametrize("size", [WIDE, pytest.param(NARROW, marks=pytest.mark.slow)], ids=["wide", "narrow"])
@slow_but_first("name", CHANGES, quick=2)
async def test_what_is_typed_from_the_panel_after_a_change_arrives_in_the_text(
    corpus_file: Path, name: str, size: tuple[int, int]
) -> None:
    scripts = [reply("Ban them."), reply("Fund them."), reply("More."), reply("Third.")]
    async with screen(session(corpus_file, ScreenEngine(*scripts)), size) as pilot:
        await type_text(pilot, "About guns?")
        await until(pilot, lambda: "Ban them." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "Ban them." not in shown(pilot))
        await type_text(pilot, "About schools?")
        await until(pilot, lambda: "Fund them." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f2")
        assert chat(pilot).focused is chat(pilot).panel

        change = CHANGES[name]
        for key, ready in zip(change.keys, [None, *change.ready], strict=False):
            if ready is not None:
                await until(pilot, lambda ready=ready: ready(pilot))  # type: ignore[misc]
            await pilot.press(key)
        await until(pilot, lambda: in_chat(pilot))
        await pilot.press("n", "o", "w")

        await until(pilot, lambda: chat(pilot).composer.text.endswith("now"))
        await until(pilot, lambda: not chat(pilot).panel_place.covers)
        assert chat(pilot).composer.has_focus


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_keys_that_come_before_the_screen_has_drawn_are_not_lost(
    corpus_file: Path, size: tuple[int, int]
) -> None:
    async with screen(session(corpus_file, ScreenEngine()), size) as pilot:
        for key in ("f2", "f2", "a", "f2", "f2", "b"):
            pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: chat(pilot).composer.text == "ab")


async def test_starting_and_stopping_to_measure_leaves_a_reader_in_the_panel(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), WIDE) as pilot:
        await pilot.press("f2", "f4")
        assert chat(pilot).focused is chat(pilot).panel


@pytest.mark.parametrize("size", [WIDE, pytest.param(NARROW, marks=pytest.mark.slow)], ids=["wide", "narrow"])
@pytest.mark.parametrize(("opened", "left"), [("z", "z"), ("z", "escape"), ("enter", "escape")])
async def test_large_print_and_explanation_lead_back_to_the_panel_that_they_were_opened_in(
    corpus_file: Path, size: tuple[int, int], opened: str, left: str
) -> None:
    async with screen(session(corpus_file, ScreenEngine()), size) as pilot:
        await pilot.press("f2", opened)
        await until(pilot, lambda: not in_chat(pilot))
        await pilot.press(left)
        await until(pilot, lambda: in_chat(pilot) and chat(pilot).focused is chat(pilot).panel)
        assert chat(pilot).panel.display


async def test_large_print_that_is_asked_for_in_the_text_leads_back_to_the_text(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), WIDE) as pilot:
        await type_text(pilot, "/large-print")
        await until(pilot, lambda: not in_chat(pilot))
        await pilot.press("z")
        await until(pilot, lambda: in_chat(pilot))
        await pilot.press("n", "o")
        await until(pilot, lambda: chat(pilot).composer.text == "no")


async def test_what_is_typed_after_a_click_on_the_transcript_arrives_in_the_text(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."))), WIDE) as pilot:
        await type_text(pilot, "About guns?")
        await until(pilot, lambda: "Ban them." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.click("#transcript")
        assert chat(pilot).focused is chat(pilot).transcript

        await pilot.press("N", "o", "space", "w", "a", "y")
        await until(pilot, lambda: chat(pilot).composer.text == "No way")


def at_once(pilot: Pilot[None], text: str) -> None:
    """Send all keys of a text before the first of them is looked at, as a terminal does for text that is put in."""
    for letter in text:
        key = "space" if letter == " " else "slash" if letter == "/" else letter
        pilot.app.post_message(Key(key, letter))


@pytest.mark.parametrize("away", ["f2", "shift+tab"])
@slow_but_first("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_words_that_arrive_together_away_from_the_text_all_go_to_it(
    corpus_file: Path, size: tuple[int, int], away: str
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."))), size) as pilot:
        await type_text(pilot, "About guns?")
        await until(pilot, lambda: "Ban them." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press(away)
        assert not chat(pilot).composer.has_focus
        at_once(pilot, "Hello world again")
        await until(pilot, lambda: chat(pilot).composer.text == "Hello world again")


async def test_a_key_of_the_panel_acts_before_the_letters_that_arrive_with_it(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), WIDE) as pilot:
        await pilot.press("f2")
        at_once(pilot, "cHello")
        await until(pilot, lambda: chat(pilot).composer.text == "Hello")
        assert chat(pilot).panel._headline.compact


@slow_but_first("away", ["f2", "shift+tab"])
async def test_pasted_text_away_from_the_text_goes_to_it(corpus_file: Path, away: str) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."))), WIDE) as pilot:
        await type_text(pilot, "About guns?")
        await until(pilot, lambda: "Ban them." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press(away)
        pilot.app.post_message(Paste("one\ntwo"))
        await until(pilot, lambda: chat(pilot).composer.text == "one\ntwo")


async def test_a_capital_letter_in_the_panel_is_the_key_of_its_small_one_and_is_written_in_the_text(
    corpus_file: Path,
) -> None:
    async with screen(session(corpus_file, ScreenEngine()), WIDE) as pilot:
        await pilot.press("C", "Z")
        assert chat(pilot).composer.text == "CZ"
        await pilot.press("f2", "C")
        assert chat(pilot).panel._headline.compact
        await pilot.press("Z")
        await until(pilot, lambda: not in_chat(pilot))
        assert chat(pilot).composer.text == "CZ"
