"""Make the pictures of docs/room.md and docs/compare-personas.md: `python -m scripts.pictures.make_room_pictures`.

They are made from the real program on the built-in model. room.svg is the screen after a guess, with people's answers
revealed; room-figure.svg is what `ask --svg` draws; compare.svg is three columns with their alignments.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

from textual.pilot import Pilot
from textual.widgets import OptionList

from chat_personas.tui.room.answers import RoomScreen
from chat_personas.tui.room.compare import Column, CompareScreen
from scripts.pictures.make_screenshot import PERSONA, PICTURE, POCKET, own_home, ran, until
from scripts.pictures.portable_svg import portable

FOLDER = PICTURE.parent
QUESTION, GROUPS = "GUNCONTRIBA_W26", "POLPARTY"
GUESS = "40 30 20 10"
SIZE = (110, 40)
SAID = "What should be done about guns?"
OTHERS = ("(republican", "by bio")


Press = Callable[[Pilot[None]], Awaitable[None]]


async def pictures_of_screens(pressing: Mapping[str, Press]) -> None:
    """Write these pictures, each of a program of its own after what a person presses."""
    from chat_personas.cli.launch import Launch
    from chat_personas.tui.app import ChatApp
    from chat_personas.tui.session import Session

    for name, press in pressing.items():
        app = ChatApp(Session(Launch(PERSONA, "pocket")))
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda app=app: app.session.conversation is not None)  # type: ignore[misc]
            await press(pilot)
            (FOLDER / name).write_text(portable(app.export_screenshot(title="chat-personas")), encoding="utf-8")
        print(f"written {FOLDER / name}", file=sys.stderr)


async def compare(pilot: Pilot[None]) -> None:
    """Say the same to three columns, and wait until all are measured."""
    app = pilot.app
    await pilot.press("alt+c")
    await until(pilot, lambda: any(listed.option_count for listed in app.screen.query(OptionList)))
    for other in OTHERS:
        await pilot.press(*other, "enter")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, CompareScreen))
    await pilot.press(*SAID, "enter")
    columns = list(app.screen.query(Column))
    await until(pilot, lambda: all(each.figures.estimate and each.figures.estimate.complete for each in columns))


async def ask(pilot: Pilot[None]) -> None:
    """Press what a person presses."""
    app = pilot.app
    await pilot.press("f12")
    await until(pilot, lambda: bool(app.screen.query("#choices")))
    await pilot.press(*QUESTION, "enter", *GROUPS, "enter")
    await until(pilot, lambda: isinstance(app.screen, RoomScreen))
    room = app.screen
    assert isinstance(room, RoomScreen)
    await until(pilot, lambda: all(answer.quote for answer in room.table.room.report().answers))
    await pilot.press("down", "down", "g")
    await until(pilot, lambda: bool(app.screen.query("#numbers")))
    await pilot.press(*GUESS, "enter", "r", "r")
    await until(pilot, lambda: room.table.revealed and room.is_current)


def picture_of_a_figure(name: str, *arguments: str) -> None:
    """Write what a command draws with `--svg`, on the built-in model."""
    ran(*arguments, *POCKET, "--svg", str(FOLDER / name))
    print(f"written {FOLDER / name}", file=sys.stderr)


if __name__ == "__main__":
    with own_home():
        asyncio.run(pictures_of_screens({"room.svg": ask, "compare.svg": compare}))
        picture_of_a_figure("room-figure.svg", "ask", QUESTION, "--groups", GROUPS, "--no-quotes")
