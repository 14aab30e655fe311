"""The page about the screen names every key by the id by which it can be rebound."""

import re
from pathlib import Path

from chat_personas.tui.key_registry import named_bindings

PAGE = Path(__file__).parents[2] / "docs" / "chat.md"


def test_the_page_lists_the_ids_that_the_screen_has_and_no_others() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {
        binding.id for _, binding in named_bindings()
    }
