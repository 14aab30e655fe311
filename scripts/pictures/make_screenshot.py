"""Make the README's picture and those of the panel from the real program: `make picture`.

The screen runs without a terminal on the built-in model, in a home of its own. A few sentences are typed, the panel
measures, and what is then on the screen is written to docs/pictures/chat.svg. Then a section of the panel is explained
(explanation.svg), and the alignment shown in large print (large-print.svg). The replies are the model's, so the
pictures differ from run to run.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from chat_personas.tui.chat.screen import ChatScreen

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
PICTURE = PICTURES / "chat.svg"
SIZE = (120, 46)
OF_A_PROJECTOR = (80, 24)
PERSONA = "democrat"
SAID = (
    "Hello! Tell me about yourself.",
    "What should be done about guns?",
    "Why?",
    "What would change your mind?",
)
MINUTES = 10


async def main() -> None:
    """Hold the conversation and write the pictures."""
    from chat_personas.cli.launch import Launch
    from chat_personas.tui.app import ChatApp
    from chat_personas.tui.screens.measurement import ExplanationScreen, LargePrintScreen
    from chat_personas.tui.session import Session

    app = ChatApp(Session(Launch(PERSONA, "pocket")))
    async with app.run_test(size=SIZE) as pilot:
        await talk(pilot)
        save(pilot, PICTURE.name)
        await pilot.press("f2", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, ExplanationScreen))
        save(pilot, "explanation.svg")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChatScreen) and app.screen.focused is app.screen.panel)
        await pilot.resize_terminal(*OF_A_PROJECTOR)
        await pilot.press("f2", "z")
        await until(pilot, lambda: isinstance(app.screen, LargePrintScreen))
        save(pilot, "large-print.svg")


def save(pilot: Pilot[None], name: str) -> None:
    """Write what is on the screen."""
    from scripts.pictures.portable_svg import portable

    picture = PICTURES / name
    picture.write_text(portable(pilot.app.export_screenshot(title="chat-personas")), encoding="utf-8")
    print(f"written {picture}", file=sys.stderr)


async def talk(pilot: Pilot[None]) -> None:
    """Say every sentence and let each be answered; measure after the last one to its end."""
    await until(
        pilot, lambda: isinstance(pilot.app.screen, ChatScreen) and pilot.app.screen.session.monitor is not None
    )
    chat = pilot.app.screen
    assert isinstance(chat, ChatScreen)
    for number, text in enumerate(SAID, start=1):
        await until(pilot, lambda: chat.panel.estimate is not None and chat.panel.estimate.complete)
        chat.composer.insert(text)
        await pilot.press("enter")
        await until(pilot, partial(answered_and_measured, chat, number))


def answered_and_measured(chat: ChatScreen, turn: int) -> bool:
    """Whether the reply of this turn has ended, and all of the turn's probes are answered."""
    estimate = chat.panel.estimate
    if chat.replies.busy or estimate is None or not estimate.complete or not estimate.course:
        return False
    return estimate.course[-1].turn == turn


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Let the program work until `holds`."""
    async with asyncio.timeout(60 * MINUTES):
        while not holds():
            await pilot.pause(0.1)
    await pilot.pause(0.5)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["CHAT_PERSONAS_HOME"] = home
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        asyncio.run(main())
