"""Ctrl+C copies what is selected; where nothing is, it quits when pressed twice, and says so, on every screen."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input

from chat_personas.tui.session import Session
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until

HINT = "Press Ctrl+C again to quit. All is stored."


async def open_screen(pilot: Pilot[None], key: str) -> None:
    """Say something, and open what `key` opens."""
    await type_text(pilot, "Well?")
    await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
    await pilot.press(key)
    await until(pilot, lambda: pilot.app.screen is not chat(pilot))


@slow_but_first("key", ["f1", "f3", "ctrl+o", "ctrl+g", "ctrl+s"])
async def test_ctrl_c_pressed_twice_quits_from_every_screen(corpus_file: Path, key: str) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await open_screen(pilot, key)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: HINT in shown(pilot))
        assert not pilot.app._exit
        await pilot.press("ctrl+c")
        await until(pilot, lambda: pilot.app._exit)


async def test_ctrl_c_copies_what_is_selected_of_the_path_to_export_to(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await open_screen(pilot, "ctrl+s")
        path = pilot.app.screen.query_one("#path", Input)
        await until(pilot, lambda: bool(path.value))
        path.focus()
        path.select_all()
        await pilot.press("ctrl+c", "ctrl+c")
        assert pilot.app.clipboard == path.value
        assert HINT not in shown(pilot)
        assert not pilot.app._exit


@slow_but_first("key", ["x", "left", "f4", "enter"])
async def test_any_other_key_makes_the_next_ctrl_c_the_first_again(corpus_file: Path, key: str) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        pilot.app.notify("Something else.")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: HINT in shown(pilot))
        await pilot.press(key)
        await until(pilot, lambda: HINT not in shown(pilot))
        await until(pilot, lambda: "Something else." in shown(pilot))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: HINT in shown(pilot))
        assert not pilot.app._exit
        await pilot.press("ctrl+c")
        await until(pilot, lambda: pilot.app._exit)


async def test_a_click_makes_the_next_ctrl_c_the_first_again(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("ctrl+c")
        await pilot.click("#composer")
        await pilot.press("ctrl+c")
        assert not pilot.app._exit


async def test_ctrl_c_in_the_question_whether_to_leave_asks_it_only_once(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_: Session) -> str:
        return "the disk is full"

    monkeypatch.setattr(Session, "unsaved", "the disk is full")
    monkeypatch.setattr(Session, "try_to_save", full)
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "the disk is full" in shown(pilot) and pilot.app.screen is not chat(pilot))
        await pilot.press("ctrl+c", "ctrl+c", "ctrl+q")
        assert [isinstance(each, ModalScreen) for each in pilot.app.screen_stack].count(True) == 1
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "the disk is full" in shown(pilot) and pilot.app.screen is not chat(pilot))
        await pilot.press("y")
        await until(pilot, lambda: pilot.app._exit)
