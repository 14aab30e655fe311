"""Make the README's picture and those of the panel from the real program: `make picture`.

The screen runs without a terminal on the built-in model, in a home of its own. A few sentences are typed, the panel
measures, and what is then on the screen is written to docs/pictures/chat.svg. Then a section of the panel is explained
(explanation.svg), and the alignment shown in large print (large-print.svg). The replies are the model's, so the
pictures differ from run to run.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
PROGRAM = "import sys; from chat_personas.cli.main import main; sys.exit(main(sys.argv[1:]))"
POCKET = ("--model", "pocket")
MINUTES = 10
NOT_OURS = ("CHAT_PERSONAS_", "XDG_", "HF_", "OLLAMA_", "LLAMA_")
"""How the variables begin that would lead the program to what belongs to whoever makes the pictures."""
WHOLE_ROUNDS = {"CHAT_PERSONAS_PROBE_SECONDS": "3600"}
"""All questions in every round, however slow the machine is: else the pictures would show its speed."""


@contextmanager
def own_home() -> Iterator[Path]:
    """Let the program find nothing of whoever makes the pictures, draw in all colours, and measure in whole rounds."""
    with tempfile.TemporaryDirectory() as home:
        for variable in [each for each in os.environ if each.startswith(NOT_OURS)]:
            del os.environ[variable]
        os.environ |= {"HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor", **WHOLE_ROUNDS}
        yield Path(home)


def ran(*arguments: str, columns: int | None = None) -> str:
    """Run the program in the home of its own as a person does; return what it prints, in lines of so many columns."""
    finished = subprocess.run(  # noqa: S603 - our own interpreter, no shell
        [sys.executable, "-P", "-c", PROGRAM, *arguments],
        cwd=os.environ["HOME"],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        | ({} if columns is None else {"COLUMNS": str(columns)}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return finished.stdout


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
    await until(pilot, lambda: chat.panel.estimate is not None and at_rest(chat))
    for number, text in enumerate(SAID, start=1):
        chat.composer.insert(text)
        await pilot.press("enter")
        await until(pilot, partial(answered_and_measured, chat, number))


def answered_and_measured(chat: ChatScreen, turn: int) -> bool:
    """Whether the reply of this turn has ended, and all of the turn's probes are answered."""
    estimate = chat.panel.estimate
    if not at_rest(chat) or chat.replies.busy or estimate is None or not estimate.complete or not estimate.course:
        return False
    return estimate.course[-1].turn == turn


def at_rest(chat: ChatScreen) -> bool:
    """Whether nothing is measured any more, also not the model without steering after the first round."""
    return all(worker.is_finished for worker in chat.workers if worker.group == "measure")


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Let the program work until `holds`."""
    async with asyncio.timeout(60 * MINUTES):
        while not holds():
            await pilot.pause(0.1)
    await pilot.pause(0.5)


if __name__ == "__main__":
    with own_home():
        asyncio.run(main())
