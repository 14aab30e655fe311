"""Every setting can be seen and changed on the screen; what is written is what the file then says."""

import tomllib
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from chat_personas.paths import settings_path
from chat_personas.tui.screens.settings import KeyScreen, SettingsScreen, ThemeScreen, ValueScreen
from chat_personas.tui.unusable_settings import why_not
from tests.test_settings import home as home
from tests.test_settings import write
from tests.tui.fakes import ScreenEngine, chat, screen, session, shown, type_text, until, words


async def find(pilot: Pilot[None], text: str, count: int = 1) -> SettingsScreen:
    """Open the settings with these words, of which there are so many."""
    await type_text(pilot, f"/settings {text}")
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
    listed = pilot.app.screen
    assert isinstance(listed, SettingsScreen)
    await until(pilot, lambda: listed.listed.option_count == count)
    return listed


def in_file() -> dict[str, object]:
    return tomllib.loads(settings_path().read_text()) if settings_path().exists() else {}


async def test_a_value_is_checked_as_it_is_typed_written_and_undone(corpus_file: Path) -> None:
    before = 'persona = "white"  # mine\n'
    write(before)
    async with screen(session(corpus_file, ScreenEngine()), (80, 24)) as pilot:
        await find(pilot, "cpu threads")
        assert "threads: CPU threads" in words(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ValueScreen))
        await pilot.press("0")
        await until(pilot, lambda: "threads is not valid; write 1 or more" in words(pilot))
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, ValueScreen)
        await pilot.press("backspace", "3", "enter")
        await until(pilot, lambda: "Now: 3 (from the file" in words(pilot))
        assert "A change counts from the next start." in words(pilot)
        assert settings_path().read_text() == before + "threads = 3\n"

        await pilot.press("ctrl+z")
        await until(pilot, lambda: "Last change: threads is as before." in words(pilot))
        assert settings_path().read_text() == before


async def test_a_value_that_names_nothing_has_a_mark_and_a_reason_until_it_is_changed(corpus_file: Path) -> None:
    write('theme = "nrd"\n')
    async with screen(session(corpus_file, ScreenEngine(), theme="nrd"), (80, 24)) as pilot:
        await find(pilot, "nrd")
        await until(pilot, lambda: "! nrd" in shown(pilot))
        assert '! theme: there is no theme "nrd"; did you mean "nord"?' in words(pilot)
        await pilot.press("ctrl+d")
        await until(pilot, lambda: "Last change: theme is the default." in words(pilot))
        assert "! " not in shown(pilot)


async def test_a_list_that_typing_has_emptied_says_that_nothing_matches(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (80, 24)) as pilot:
        await find(pilot, "cpu threads")
        typed = pilot.app.screen.query_one("#typed", Input)
        typed.value = "cpu threadsxx"
        await until(pilot, lambda: "Nothing matches: no setting has these words." in words(pilot))
        typed.value = "cpu threads"
        await until(pilot, lambda: "threads: CPU threads" in words(pilot))
        assert "Nothing matches" not in words(pilot)


@pytest.mark.parametrize(
    ("written", "said", "file"),
    [
        ("threads 3", "Last change: threads is written.", {"threads": 3}),
        ("threads 0", "Not changed: threads is not valid; write 1 or more", {}),
        ("theme persona-da", 'Not changed: theme: there is no theme "persona-da"; did you mean', {}),
    ],
)
async def test_a_setting_is_changed_by_writing_its_name_and_its_value(
    corpus_file: Path, written: str, said: str, file: dict[str, object]
) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await type_text(pilot, f"/settings {written}")
        await until(pilot, lambda: said in words(pilot))
        assert in_file() == file


async def test_a_persona_that_does_not_exist_is_not_written(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await find(pilot, "that `chat` opens with")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ValueScreen))
        await pilot.press(*"zz", "enter")
        await until(pilot, lambda: "democratzz" in words(pilot).split("Escape cancels")[-1])
        assert isinstance(pilot.app.screen, ValueScreen)
        assert in_file() == {}


async def test_a_key_is_changed_by_pressing_it_and_does_at_once_what_it_is_for(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await find(pilot, "choose another persona")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeyScreen))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "^n is on new already (Begin a new conversation)" in words(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "x is needed for writing" in words(pilot))
        await pilot.press("f20")
        await until(pilot, lambda: in_file() == {"keys": {"persona": "f20"}})

        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        await pilot.press("f20")
        await until(pilot, lambda: "Choose a persona" in shown(pilot))


async def test_a_key_is_taken_from_an_action_that_keeps_another_and_the_list_says_so(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (100, 30)) as pilot:
        await find(pilot, "keys.help", 2)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeyScreen))
        await pilot.press("f11")
        await until(pilot, lambda: in_file() == {"keys": {"help": "f11"}})
        await until(pilot, lambda: "help has f11 from compare, which keeps alt+c" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))
        await pilot.press("f11")
        await until(pilot, lambda: "In the conversation" in shown(pilot))


async def test_a_theme_is_seen_before_it_is_taken_and_the_default_comes_back(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        before = pilot.app.theme
        await find(pilot, "theme", 2)  # the setting, and the key of the command below it
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ThemeScreen))
        await pilot.press(*"contrast-day")
        await until(pilot, lambda: pilot.app.theme == "persona-contrast-day")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.theme == before)
        assert in_file() == {}

        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ThemeScreen))
        await pilot.press(*"contrast-day", "enter")
        await until(pilot, lambda: in_file() == {"theme": "persona-contrast-day"})
        assert pilot.app.theme == "persona-contrast-day"
        await pilot.press("ctrl+d")
        await until(pilot, lambda: pilot.app.theme == before)
        assert in_file() == {}


async def test_measuring_is_switched_for_this_conversation_too(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        assert not chat(pilot).measuring.enabled
        await find(pilot, "probe the persona")
        await pilot.press("enter")
        await until(pilot, lambda: in_file() == {"measure": False})
        await pilot.press("enter")
        await until(pilot, lambda: in_file() == {"measure": True})
        await pilot.press("escape")
        await until(pilot, lambda: chat(pilot).measuring.enabled)


async def test_what_the_environment_sets_is_refused_with_the_variable(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_MEASURE", "off")
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        await find(pilot, "probe the persona")
        assert "Now: off (from the environment; default: on)" in words(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "CHAT_PERSONAS_MEASURE in the environment wins over the settings" in words(pilot))
        assert in_file() == {}


@pytest.mark.parametrize(
    ("name", "key", "is_printable", "why"),
    [
        ("open", "ctrl+g", False, "^g is on persona already (Choose another persona)"),
        ("open", "ctrl+q", False, "^q is on quit already (Quit (or press Ctrl+C twice))"),
        ("next_probe", "f6", False, None),  # editing keeps its other key
        ("help", "f11", False, None),
        ("open", "ctrl+c", False, "^c copies and quits"),
        ("open", "a", True, "a is needed for writing"),
        ("open", "alt+z", True, None),
        ("newline", "alt+z", True, None),
        ("open", "ctrl+z", False, "^z is needed for writing"),
        ("open", "backspace", False, "⌫ is needed for writing"),
        ("next_probe", "a", True, None),
        ("open", "ctrl+o", False, None),
        ("open", "f20", False, None),
        ("conversations_rename", "ctrl+g", False, None),
    ],
)
def test_a_key_that_cannot_be_meant_is_refused_by_name(
    name: str, key: str, is_printable: bool, why: str | None
) -> None:
    assert why_not(name, key, is_printable, {}) == why


def test_a_key_that_another_action_has_been_taken_off_is_free() -> None:
    assert why_not("open", "ctrl+g", False, {"persona": "f20"}) is None
    assert why_not("open", "f20", False, {"persona": "f20"}) == ("f20 is on persona already (Choose another persona)")
