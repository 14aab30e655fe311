"""Make the README's picture from the real program: `make picture`.

The screen runs without a terminal on the built-in model, in a home of its own. A few sentences are typed, the panel
measures, and what is then on the screen is written to docs/pictures/chat.svg. The replies are the model's, so the
picture differs from run to run.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

HERE = Path(__file__).parent
PICTURE = HERE / "chat.svg"
SIZE = (120, 46)
PERSONA = "democrat"
SAID = (
    "Hello! Tell me about yourself.",
    "What should be done about guns?",
    "Why?",
    "What would change your mind?",
)
MINUTES = 10


async def main() -> None:
    """Hold the conversation and write the picture."""
    from portable_svg import portable

    from chat_personas.cli.launch import Launch
    from chat_personas.tui.app import ChatApp

    app = ChatApp(Launch(PERSONA, "pocket", None).session(None))
    async with app.run_test(size=SIZE) as pilot:
        await talk(pilot)
        PICTURE.write_text(portable(app.export_screenshot(title="chat-personas")), encoding="utf-8")
    print(f"written {PICTURE}", file=sys.stderr)


async def talk(pilot: Pilot[None]) -> None:
    """Say every sentence and let each be answered; measure after the last one to its end."""
    from chat_personas.tui.chat.screen import ChatScreen

    await until(
        pilot, lambda: isinstance(pilot.app.screen, ChatScreen) and pilot.app.screen.sitting.monitor is not None
    )
    chat = pilot.app.screen
    assert isinstance(chat, ChatScreen)
    for number, text in enumerate(SAID, start=1):
        await until(pilot, lambda: chat.panel.estimate is not None and chat.panel.estimate.complete)
        chat.composer.insert(text)
        await pilot.press("enter")
        await until(pilot, lambda turn=number: not chat.talk.busy and measured(chat.panel.estimate, turn))


def measured(estimate: object, turn: int) -> bool:
    """Whether the estimate is the final one of this turn."""
    course = getattr(estimate, "course", ())
    return bool(getattr(estimate, "complete", False)) and bool(course) and course[-1].turn == turn


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
