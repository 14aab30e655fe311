"""Make the pictures of the introduction and of the list of personas from the real program: `make picture`.

The screen runs without a terminal on the built-in model, in a home of its own. The introduction in the empty
conversation is written to docs/pictures/introduction.svg, two groups combined in the list to personas.svg beside it.
"""

import asyncio

from textual.widgets import Input

from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.screens.personas import PersonasScreen
from scripts.pictures.make_screenshot import at_rest, own_home, save, until

SIZE = (110, 30)
COMBINED = ("democrat", "woman")


async def main() -> None:
    """Show the introduction, then combine two groups."""
    from chat_personas.cli.launch import Launch
    from chat_personas.tui.app import ChatApp
    from chat_personas.tui.session import Session

    app = ChatApp(Session(Launch("democrat", "pocket")))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChatScreen) and app.session.monitor is not None)
        chat = app.screen
        assert isinstance(chat, ChatScreen)
        await until(pilot, lambda: chat.panel.estimate is not None and chat.panel.estimate.complete)
        await until(pilot, lambda: any("Real models" in entry.text for entry in chat.transcript.entries))
        await until(pilot, lambda: at_rest(chat))
        save(pilot, "introduction.svg")
        await pilot.press("ctrl+g")
        await until(pilot, lambda: isinstance(app.screen, PersonasScreen) and app.screen.listed.option_count > 0)
        for name in COMBINED:
            app.screen.query_one("#wanted", Input).value = name
            await pilot.pause(0.5)
            await pilot.press("f2")
        await pilot.press("f4")
        await pilot.pause(0.5)
        save(pilot, "personas.svg")


if __name__ == "__main__":
    with own_home():
        asyncio.run(main())
