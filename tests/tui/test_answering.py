"""A screen over the conversation is left once: a second key that was pressed meanwhile never ends the conversation."""

import importlib
import pkgutil
import threading
from pathlib import Path

import pytest
from textual.events import Key
from textual.screen import Screen

import chat_personas.tui
from chat_personas.exporting import Exporter
from chat_personas.tui.palette import Palette
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.screens.dialogs import RatingScreen
from chat_personas.tui.screens.export import ExportScreen
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until

FOR_GOOD = {"FirstScreen", "ChatScreen"}
"""Those below all others."""


def test_every_screen_that_opens_over_another_one_answers_once() -> None:
    for module in pkgutil.walk_packages(chat_personas.tui.__path__, "chat_personas.tui."):
        importlib.import_module(module.name)
    ours, looked_at = list[type[Screen[object]]](), [Screen]
    for each in looked_at:
        looked_at += [below for below in each.__subclasses__() if below not in looked_at]
        if each.__module__.startswith("chat_personas.tui.") and not FOR_GOOD & {base.__name__ for base in each.__mro__}:
            ours.append(each)

    assert len(ours) > 20
    assert [each for each in ours if not issubclass(each, AnsweringScreen)] == []


@pytest.mark.parametrize(("opened_by", "title", "key"), [("alt+r", "How good is", "5"), ("f1", "Esc closes", "escape")])
async def test_a_key_that_is_pressed_twice_leaves_the_conversation_on_the_screen(
    corpus_file: Path, opened_by: str, title: str, key: str
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes."), reply("Still here.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press(opened_by)
        await until(pilot, lambda: title in shown(pilot))
        dialog = pilot.app.screen
        for _ in range(3):
            dialog.post_message(Key(key, key if len(key) == 1 else None))
        dialog.dismiss(None)  # as what is queued behind the keys does
        dialog.dismiss(None)
        await until(pilot, lambda: pilot.app.screen is chat(pilot))

        await type_text(pilot, "And now?")
        await until(pilot, lambda: "Still here." in shown(pilot))


async def test_an_export_that_ends_under_the_palette_leaves_its_dialog_with_the_palette(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    export, go_on = Exporter.export, threading.Event()
    monkeypatch.setattr(Exporter, "export", lambda *given, **named: go_on.wait(20) and export(*given, **named))
    async with screen(session(corpus_file, ScreenEngine(reply("Yes."), reply("Still here.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExportScreen) and "Enter writes" in shown(pilot))
        dialog = pilot.app.screen
        assert isinstance(dialog, ExportScreen)
        await pilot.press("enter", "ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, Palette) and dialog._writing_since is not None)
        go_on.set()
        await until(pilot, lambda: dialog._writing_since is None)
        assert isinstance(pilot.app.screen, Palette)

        await pilot.press("escape", "escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        await type_text(pilot, "And now?")
        await until(pilot, lambda: "Still here." in shown(pilot))


@pytest.mark.parametrize("second", [None, 1])
async def test_the_first_answer_counts_also_where_it_has_to_wait_for_another_screen(
    corpus_file: Path, second: int | None
) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        asking, answers = RatingScreen("the last reply"), list[int | None]()
        pilot.app.push_screen(asking, answers.append)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(pilot.app.screen, Palette))
        asking.dismiss(4)
        asking.dismiss(second)
        await pilot.pause()
        assert (answers, isinstance(pilot.app.screen, Palette)) == ([], True)

        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        assert answers == [4]
