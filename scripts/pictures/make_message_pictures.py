"""Make the pictures of messages in docs/chat.md: `python -m scripts.pictures.make_message_pictures`.

They are made from the real program on the built-in model: find.svg while words are found in a conversation, and
conversations.svg when they are looked for in all of them.
"""

import asyncio
from functools import partial

from textual.pilot import Pilot

from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.screens.conversations import ConversationsScreen
from scripts.pictures.make_room_pictures import pictures_of_screens
from scripts.pictures.make_screenshot import answered_and_measured, own_home, until

SAID = ("What should be done about guns?", "Who may carry guns?")


async def talk(pilot: Pilot[None]) -> None:
    """Hold two conversations, and fork the second one."""
    screen = pilot.app.screen
    assert isinstance(screen, ChatScreen)
    for number, text in enumerate(SAID):
        if number:
            await pilot.press("ctrl+n")
            await until(pilot, lambda: screen.session.conversation is not None and not screen.session.conversation.path)
        await _say(pilot, screen, text)
    await _say(pilot, screen, "Why?")
    first = screen.session.conversation
    await pilot.press("shift+tab", "up", "up", "enter")
    await until(pilot, lambda: pilot.app.screen is not screen)
    await pilot.press("enter")
    await until(pilot, lambda: screen.session.conversation is not first)


async def _say(pilot: Pilot[None], screen: ChatScreen, text: str) -> None:
    conversation = screen.session.conversation
    assert conversation is not None
    said = len(conversation.path)
    screen.composer.insert(text)
    await pilot.press("enter")
    await until(pilot, lambda: len(conversation.path) == said + 2 and not screen.replies.busy)


async def find(pilot: Pilot[None]) -> None:
    """Find words in the conversation, every turn of which is measured, and choose the message before."""
    screen = pilot.app.screen
    assert isinstance(screen, ChatScreen)
    await until(pilot, lambda: screen.panel.estimate is not None and screen.panel.estimate.complete)
    for turn, text in enumerate((*SAID, "Why?"), start=1):
        await _say(pilot, screen, text)
        await until(pilot, partial(answered_and_measured, screen, turn))
    await pilot.press("ctrl+f", *"guns")
    await until(pilot, lambda: screen.transcript.chosen is not None)
    await pilot.press("enter")


async def look_for(pilot: Pilot[None]) -> None:
    """Look for words in all conversations."""
    await talk(pilot)
    await pilot.press("ctrl+o")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConversationsScreen))
    await pilot.press("slash", *"guns")
    browser = pilot.app.screen
    await until(pilot, lambda: "Found in" in str(browser.query_one("#heading").render()))
    await pilot.press("down")
    await until(pilot, lambda: "guns" in str(browser.query_one("#glance").render()))


if __name__ == "__main__":
    with own_home():
        asyncio.run(pictures_of_screens({"find.svg": find, "conversations.svg": look_for}))
