"""The line of keys in a long conversation and on a narrow screen."""

import gc
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets._footer import FooterKey

from chat_personas.tui.widgets.title_and_status import KeyLine
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until


class OneKey(App[None]):
    BINDINGS = [Binding("f9", "bell", "Ring")]  # noqa: RUF012
    can_ring = True

    def compose(self) -> ComposeResult:
        yield KeyLine()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return True if self.can_ring or action != "bell" else None


async def test_keys_that_are_no_longer_shown_do_not_stay_in_memory() -> None:
    app = OneKey()
    async with app.run_test() as pilot:
        for number in range(20):
            app.can_ring = number % 2 == 0
            pilot.app.refresh_bindings()
            await pilot.pause()
        gc.collect()
        mine = [key for key in gc.get_objects() if isinstance(key, FooterKey) and key.action == "bell"]
        assert len(mine) <= 3
        assert [key.description for key in pilot.app.query(FooterKey)] == ["Ring"]
        assert pilot.app.query_one(FooterKey).has_class("-disabled")


async def test_keys_that_stay_what_they_are_are_not_made_again() -> None:
    app = OneKey()
    async with app.run_test() as pilot:
        await until(pilot, lambda: len(pilot.app.query(FooterKey)) == 1)
        key = pilot.app.query_one(FooterKey)
        pilot.app.refresh_bindings()
        await pilot.pause()
        assert pilot.app.query_one(FooterKey) is key
        app.can_ring = False
        pilot.app.refresh_bindings()
        await until(pilot, lambda: pilot.app.query_one(FooterKey).has_class("-disabled"))


@pytest.mark.parametrize(
    ("width", "keys"),
    [
        (80, "⏎ Send  f1 Help  f2 Panel  ^n New  ^o Open  ^g Persona  ^q Quit  ^p Commands"),
        (60, "⏎ Send  f1 Help  f2 Panel  ^n New  ^o Open  ^q Quit"),
        (30, "⏎ Send  f1 Help  ^q Quit"),
    ],
)
async def test_a_narrow_screen_names_the_most_important_keys_whole(corpus_file: Path, width: int, keys: str) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (width, 20)) as pilot:
        await until(pilot, lambda: shown(pilot).splitlines()[-1].strip() == keys)


async def test_the_keys_follow_when_the_screen_becomes_wider_or_narrower(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine()), (30, 20)) as pilot:
        await until(pilot, lambda: "Panel" not in shown(pilot) and "^q Quit" in shown(pilot))
        await pilot.resize_terminal(80, 20)
        await until(pilot, lambda: "f2 Panel" in shown(pilot) and "^q Quit" in shown(pilot))


async def test_the_list_of_conversations_says_that_enter_opens_one(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Yes.")))) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "⏎ Open" in shown(pilot).splitlines()[-1])
        await pilot.press("slash")
        await until(pilot, lambda: "Open" not in shown(pilot).splitlines()[-1])
