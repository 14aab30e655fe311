"""Ctrl+P finds every action of the program by name, and a theme that is chosen there is kept."""

from collections import Counter
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.pilot import Pilot

from chat_personas.models.found import Found
from chat_personas.models.servers import ModelOnServer
from chat_personas.settings import SettingsError
from chat_personas.tui.app import ChatApp
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.key_registry import NO_KEY
from chat_personas.tui.palette import commands_of
from chat_personas.tui.room.answers import RoomScreen
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until, words


async def choose(pilot: Pilot[None], text: str, listed: str) -> None:
    """Open the palette, type a part of a name, and take the first command that is found."""
    await pilot.press("ctrl+p")
    await until(pilot, lambda: "Search for commands" in shown(pilot))
    await pilot.press(*text)
    await until(pilot, lambda: listed in words(pilot))
    await pilot.press("enter")


async def test_every_action_of_the_conversation_is_in_the_palette_with_its_key(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(), keys={"help": "alt+k"})) as pilot:
        offered = {command.title: command.help for command in commands_of(pilot.app, pilot.app.screen)}

        escapes = {"stop", "leave_edit", "take_back", "dismiss", "leave_panel"}  # nothing to stop yet
        for binding in ChatScreen.BINDINGS:
            assert isinstance(binding, Binding)
            assert ((binding.tooltip or binding.description) in offered) == (binding.id not in escapes), binding
        assert offered["List all keys"] == "Key: alt+k · /help [COMMAND]"
        assert offered["Regenerate the last reply"] == "Key: f5, ^r · /again"
        assert "Quit (or press Ctrl+C twice)" in offered


async def test_an_action_is_done_from_the_palette(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes."), reply("No.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await choose(pilot, "regen", "Regenerate the last reply")
        await until(pilot, lambda: "No." in shown(pilot) and not chat(pilot).replies.busy)
        assert chat(pilot).focused is chat(pilot).composer

        await choose(pilot, "enter or leave the panel", "Show, enter or leave the panel")
        await until(pilot, lambda: chat(pilot).focused is chat(pilot).panel)


async def test_a_theme_that_is_chosen_is_kept_in_the_settings(corpus_file: Path) -> None:
    kept: list[str] = []
    async with screen(session(corpus_file, ScreenEngine(), remember_theme=kept.append)) as pilot:
        await choose(pilot, "theme", "Choose a theme")
        await until(pilot, lambda: "Search for themes" in shown(pilot))
        await pilot.press(*"dracula")
        await until(pilot, lambda: "dracula" in words(pilot).replace("Search", ""))
        await pilot.press("enter")
        await until(pilot, lambda: kept == ["dracula"])
        assert pilot.app.theme == "dracula"


async def test_a_theme_that_cannot_be_kept_is_used_and_why_is_said(corpus_file: Path) -> None:
    def refuse(name: str) -> None:
        raise SettingsError("the file is read-only; make it writable")

    async with screen(session(corpus_file, ScreenEngine(), remember_theme=refuse)) as pilot:
        pilot.app.choose_theme("dracula")  # type: ignore[attr-defined]
        await until(pilot, lambda: "The theme is not kept" in shown(pilot))
        assert pilot.app.theme == "dracula"


def test_no_key_of_the_chat_screen_does_two_things() -> None:
    """Escape alone means what is under way: stopping, leaving an edit, taking back."""
    keys = Counter(
        key
        for binding in (*ChatScreen.BINDINGS, *ChatApp.BINDINGS)
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    )
    del keys[NO_KEY]
    assert [key for key, times in keys.items() if times > 1] == ["escape"]


@pytest.mark.slow
async def test_themes_personas_and_models_are_found_by_their_names(corpus_file: Path) -> None:
    url = "http://127.0.0.1:1/v1"
    small = ModelOnServer(model=f"'{url}#tiny-chat'", name="tiny-chat", server="llama-server", url=url)
    other = "http://127.0.0.1:2/v1"
    twins = [
        ModelOnServer(model=f"'{where}#twin'", name="twin", server="llama-server", url=where) for where in (url, other)
    ]
    found = Found(files=(), servers=(small, *twins), problems=())
    async with screen(session(corpus_file, ScreenEngine(), found=found)) as pilot:
        await choose(pilot, "theme nord", "Theme: nord")
        await until(pilot, lambda: pilot.app.theme == "nord")
        asked: list[tuple[str, str]] = []
        chat(pilot).do = lambda name, argument="": asked.append((name, argument))  # type: ignore[method-assign]
        await choose(pilot, "republican-woman", "(republican-woman)")
        await until(pilot, lambda: len(asked) == 1)
        await choose(pilot, "model tiny-chat", "Model: tiny-chat")
        await until(pilot, lambda: len(asked) == 2)
        assert asked[0] == ("persona", "republican-woman")
        assert asked[1] == ("model", f"{url}#tiny-chat")
        for number, where in enumerate((url, other), start=3):
            await choose(pilot, f"model twin {where}", f"Model: twin ({where}#twin)")
            await until(pilot, lambda number=number: len(asked) == number)
        assert asked[2:] == [("model", f"{url}#twin"), ("model", f"{other}#twin")], "models of one name are two"


async def test_keys_go_on_after_a_command_that_leaves_the_screen(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(*(reply("Yes.") for _ in range(9))))) as pilot:
        await type_text(pilot, "/room Is it good?")
        await until(pilot, lambda: "with which options?" in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "whom?" in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RoomScreen))
        await choose(pilot, "back", "Back")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        await pilot.press(*"Well?")
        await until(pilot, lambda: chat(pilot).composer.text == "Well?")
