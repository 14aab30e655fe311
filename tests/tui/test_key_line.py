"""The line of keys in a long conversation."""

import gc

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets._footer import FooterKey

from chat_personas.tui.widgets.key_line import KeyLine


class OneKey(App[None]):
    BINDINGS = [Binding("f9", "bell", "Ring")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield KeyLine(show_command_palette=False)


async def test_keys_that_are_no_longer_shown_do_not_stay_in_memory() -> None:
    async with OneKey().run_test() as pilot:
        for _ in range(20):
            pilot.app.refresh_bindings()
            await pilot.pause()
        gc.collect()
        mine = [key for key in gc.get_objects() if isinstance(key, FooterKey) and key.action == "bell"]
        assert len(mine) <= 3
        assert [key.description for key in pilot.app.query(FooterKey)] == ["Ring"]
