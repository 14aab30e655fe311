"""Make the pictures of docs/debate.md: `python -m scripts.pictures.make_debate_pictures`.

They are made from the real program on the built-in model, all from one debate. debate.svg is the screen after three
rounds in which the moderator said something; debate-course.svg is the course of both sides there; debate-figure.svg is
the same course as the figure that Ctrl+S saves.
"""

import asyncio
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from chat_personas.tui.room.debate import CourseScreen, DebateScreen
from chat_personas.tui.screens.dialogs import PathScreen
from scripts.pictures.make_room_pictures import pictures_of_screens
from scripts.pictures.make_screenshot import PICTURES, own_home, save, until

TOPIC = "Should gun laws be stricter?"
INTERJECTION = "Please talk about guns only."


FIGURE = "debate-figure.svg"


async def debate(pilot: Pilot[None]) -> None:
    """Hold a debate, and make the pictures of its course before that of its end."""
    held = await hold(pilot)
    await pilot.press("f2")
    await until(pilot, lambda: isinstance(pilot.app.screen, CourseScreen))
    save(pilot, "debate-course.svg")
    await pilot.press("escape")
    await until(pilot, lambda: pilot.app.screen is held)
    await save_the_figure(pilot, held)


async def save_the_figure(pilot: Pilot[None], held: DebateScreen) -> None:
    """Save the figure as a person does, and put it among the pictures, readable by all."""
    await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(pilot.app.screen, PathScreen))
    written = Path.home() / FIGURE
    pilot.app.screen.query_one("#path", Input).value = str(written)
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.screen is held)
    (PICTURES / FIGURE).write_text(written.read_text(encoding="utf-8"), encoding="utf-8")
    pilot.app.clear_notifications()
    await pilot.pause(0.5)


async def hold(pilot: Pilot[None]) -> DebateScreen:
    """Hold a debate of three rounds, and say something in it."""
    app = pilot.app
    await pilot.press(*"/debate", "enter")
    await until(pilot, lambda: bool(app.screen.query("#choices")))
    await pilot.press(*TOPIC, "enter")
    for persona in ("(democrat", "(republican"):
        await until(pilot, lambda: app.screen.query_one("#choices", OptionList).option_count > 0)
        await pilot.press(*persona, "enter")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, DebateScreen))
    held = app.screen
    assert isinstance(held, DebateScreen)
    await until(pilot, lambda: held.debate.spoken[0] > 0)
    await pilot.press("space")
    await until(pilot, lambda: not held.busy)
    await pilot.press(*INTERJECTION, "enter", "space")
    await until(pilot, lambda: held.debate.next_place is None and not held.busy)
    return held


if __name__ == "__main__":
    with own_home():
        asyncio.run(pictures_of_screens({"debate.svg": debate}))
