"""The page about the screen names every key by the id with which it can be set anew."""

import re
from pathlib import Path

from textual.binding import Binding

from chat_personas.tui.app import ChatApp
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.widgets.composer import Composer
from chat_personas.tui.widgets.panel.panel import AlignmentPanel

PAGE = Path(__file__).parents[2] / "docs" / "chat.md"


def test_the_page_lists_the_ids_that_the_screen_has_and_no_others() -> None:
    holders = (Composer, ChatScreen, AlignmentPanel, ChatApp)
    bound = {
        binding.id for holder in holders for binding in holder.__dict__["BINDINGS"] if isinstance(binding, Binding)
    }
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == bound
