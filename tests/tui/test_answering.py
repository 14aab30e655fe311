"""A screen over the conversation is left once: a second key that was pressed meanwhile never ends the conversation."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from textual.events import Key
from textual.screen import Screen

import chat_personas.tui
from chat_personas.tui.screens.answering import AnsweringScreen
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until

FOR_GOOD = {"FirstScreen", "ChatScreen", "StudyPage"}
"""Those below all others, and the page of a study, which closes once in a way of its own."""


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
