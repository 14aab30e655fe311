"""Make the pictures of docs/debate.md: `python -m scripts.pictures.make_debate_pictures`.

They are made from the real program on the built-in model. debate.svg is the screen after three rounds in which the
moderator said something; debate-course.svg is the course of both sides there; debate-figure.svg is what `debate --svg`
draws.
"""

import asyncio

from textual.pilot import Pilot
from textual.widgets import OptionList

from chat_personas.tui.room.debate import CourseScreen, DebateScreen
from scripts.pictures.make_room_pictures import own_home, picture_of_a_figure, pictures_of_screens
from scripts.pictures.make_screenshot import until

TOPIC = "Should gun laws be stricter?"
INTERJECTION = "Please talk about guns only."


async def debate(pilot: Pilot[None]) -> None:
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


async def course(pilot: Pilot[None]) -> None:
    """Show the course at the end."""
    await debate(pilot)
    await pilot.press("f2")
    await until(pilot, lambda: isinstance(pilot.app.screen, CourseScreen))


if __name__ == "__main__":
    with own_home():
        asyncio.run(pictures_of_screens({"debate.svg": debate, "debate-course.svg": course}))
        sides = ("democrat", "republican", "--topic", TOPIC)
        picture_of_a_figure("debate-figure.svg", "debate", *sides, "--measure")
