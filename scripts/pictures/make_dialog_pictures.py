"""Make the pictures of lists and dialogs from the real program: `python -m scripts.pictures.make_dialog_pictures`.

settings.svg is the list of settings, models.svg the picker of models on a machine that is made up, palette.svg the
palette while something is looked for, export.svg the dialog of exports, prompt.svg the exact prompt after two messages.
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, OptionList
from textual.worker import Worker

from chat_personas.cli.launch import Launch
from chat_personas.models.found import Found
from chat_personas.paths import settings_path
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.palette import Palette
from chat_personas.tui.screens.export import ExportScreen
from chat_personas.tui.screens.models import ModelsScreen
from chat_personas.tui.screens.prompt import PromptScreen
from chat_personas.tui.screens.settings import SettingsScreen
from scripts.pictures.make_models_pictures import found_on, made_machine
from scripts.pictures.make_screenshot import WHOLE_ROUNDS, answered_and_measured, at_rest, own_home, save, until

SIZE = (110, 34)
SAID = ("What should be done about guns?", "Why?")
SETTINGS = """\
schema = "chat-personas/settings@1"
threads = 4
theme = "persona-dusk"
"""
SETTING = "probe_seconds"
MODEL = "Qwen3"
LOOKED_FOR = "prompt"


@dataclass(frozen=True)
class LaunchElsewhere(Launch):
    """A launch that finds the files of its own home, and no server of the machine that makes the pictures."""

    def find_models(self) -> Found:
        """Return what lies in the home of its own."""
        return found_on(Path.home())


async def main() -> None:
    """Talk, and show one list and dialog after the other."""
    from chat_personas.tui.app import ChatApp
    from chat_personas.tui.session import Session

    app = ChatApp(Session(LaunchElsewhere()))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChatScreen) and app.session.monitor is not None)
        chat = app.screen
        assert isinstance(chat, ChatScreen)
        await until(pilot, lambda: chat.panel.estimate is not None and at_rest(chat))
        for turn, text in enumerate(SAID, start=1):
            chat.composer.insert(text)
            await pilot.press("enter")
            await until(pilot, lambda turn=turn: answered_and_measured(chat, turn))  # type: ignore[misc]
        for show, name in PICTURES_OF.items():
            await show(pilot)
            save(pilot, name)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is chat)


async def settings(pilot: Pilot[None]) -> None:
    """List the settings of a file in which two are set."""
    for variable in WHOLE_ROUNDS:  # it has been read, and would stand in the list
        os.environ.pop(variable, None)
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(SETTINGS, encoding="utf-8")
    await pilot.press("alt+o")
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
    listed = pilot.app.screen
    assert isinstance(listed, SettingsScreen)
    while SETTING not in str(listed.about.render()):
        await pilot.press("down")


async def models(pilot: Pilot[None]) -> None:
    """List the models of the machine that is made up, and highlight one."""
    await pilot.press("alt+m")
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelsScreen))
    listed = pilot.app.screen
    assert isinstance(listed, ModelsScreen)
    await until(pilot, lambda: listed.listed.option_count > len(("heading", "pocket")))
    await pilot.press("down", "down")
    while MODEL not in str(listed.about.render()):
        await pilot.press("down")


async def palette(pilot: Pilot[None]) -> None:
    """Look for what can be done with prompts."""
    await pilot.press("ctrl+p")
    await until(pilot, lambda: isinstance(pilot.app.screen, Palette))
    await pilot.press(*LOOKED_FOR)
    found = pilot.app.screen.query_one(OptionList)
    await until(pilot, lambda: found.option_count > 0 and all(each.is_finished for each in workers_here(pilot)))


async def export(pilot: Pilot[None]) -> None:
    """Open the dialog of exports, and choose another format."""
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(pilot.app.screen, ExportScreen))
    await until(pilot, lambda: bool(pilot.app.screen.query_one("#path", Input).value))
    await pilot.press("down")


async def prompt(pilot: Pilot[None]) -> None:
    """Show the exact prompt."""
    await pilot.press("f3")
    await until(pilot, lambda: isinstance(pilot.app.screen, PromptScreen))
    await until(pilot, lambda: all(each.is_finished for each in workers_here(pilot)))


def workers_here(pilot: Pilot[None]) -> list[Worker[object]]:
    """Return what works for the screen that is shown: once it has finished, all is there."""
    return [each for each in pilot.app.workers if each.node is pilot.app.screen]


PICTURES_OF = {
    prompt: "prompt.svg",
    export: "export.svg",
    palette: "palette.svg",
    models: "models.svg",
    settings: "settings.svg",
}

if __name__ == "__main__":
    with own_home() as home:
        made_machine(home)
        os.chdir(home)
        asyncio.run(main())
