"""Make the picture of the knob in docs/steering.md: `python -m scripts.pictures.make_knob_picture`.

A direction is trained for the built-in model, and a persona that is steered along it is talked with. The knob is turned
between the second message and the third. The replies are the model's, so the picture differs from run to run.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from textual.pilot import Pilot

from chat_personas.tui.chat.screen import ChatScreen
from scripts.pictures.make_screenshot import POCKET, SIZE, answered_and_measured, own_home, ran, until
from scripts.pictures.make_sweep_pictures import FOLDER, TRAINING

PICTURE = FOLDER / "knob.svg"
TALLER = (SIZE[0], SIZE[1] + 10)
"""So that the section *Inside* is on the picture, with a row for each reply."""
PERSONA = """
schema = "chat-personas/persona@1"
name = "democrat-inside"
title = "A Democrat, steered from inside"
steering = "activation"
[[groups]]
attribute = "POLPARTY"
value = "Democrat"
[[activation]]
direction = "party"
strength = 0.5
"""
BEFORE = ("What should be done about guns?", "And about taxes?")
TURNED = ("alt+down",) * 4
AFTER = ("What should be done about guns?", "And about taxes?")


async def main(persona: Path) -> None:
    """Hold the conversation and write the picture."""
    from chat_personas.cli.launch import Launch
    from chat_personas.tui.app import ChatApp
    from chat_personas.tui.session import Session
    from scripts.pictures.portable_svg import portable

    app = ChatApp(Session(Launch(str(persona), "pocket")))
    async with app.run_test(size=TALLER) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChatScreen) and app.screen.session.monitor is not None)
        chat = app.screen
        assert isinstance(chat, ChatScreen)
        await talk(pilot, chat, BEFORE, 0)
        await pilot.press(*TURNED)
        await talk(pilot, chat, AFTER, len(BEFORE))
        PICTURE.write_text(portable(app.export_screenshot(title="chat-personas")), encoding="utf-8")
    print(f"written {PICTURE}", file=sys.stderr)


async def talk(pilot: Pilot[None], chat: ChatScreen, said: tuple[str, ...], turns: int) -> None:
    """Say every sentence, after so many turns, and let each be answered and measured."""
    for turn, text in enumerate(said, start=turns + 1):
        await until(pilot, lambda: chat.panel.estimate is not None and chat.panel.estimate.complete)
        chat.composer.insert(text)
        await pilot.press("enter")
        await until(pilot, partial(answered_and_measured, chat, turn))


if __name__ == "__main__":
    with own_home() as home:
        ran(*TRAINING, *POCKET)
        written = Path(home, "democrat-inside.toml")
        written.write_text(PERSONA, encoding="utf-8")
        asyncio.run(main(written))
