"""A reply on the screen: all of it, however it comes."""

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Markdown

from chat_personas.tui.widgets.messages import Reply


class OneReply(App[None]):
    def __init__(self, *, typing: bool = False) -> None:
        super().__init__()
        self._typing = typing

    def compose(self) -> ComposeResult:
        yield Reply("A Democrat", growing=True, give_way=lambda: self._typing)


async def test_pieces_that_come_faster_than_they_are_drawn_are_all_there_in_order_when_the_reply_ends() -> None:
    async with OneReply().run_test() as pilot:
        reply = pilot.app.query_one(Reply)
        for number in range(500):
            await reply.write(f"w{number} ")
        await reply.end("■ stopped")
        assert pilot.app.query_one(Markdown).source.split() == [f"w{number}" for number in range(500)]


@pytest.mark.parametrize("typing", [False, True])
async def test_what_comes_is_drawn_without_waiting_for_the_end_even_while_the_person_types(*, typing: bool) -> None:
    async with OneReply(typing=typing).run_test() as pilot:
        reply, markdown = pilot.app.query_one(Reply), pilot.app.query_one(Markdown)
        await reply.write("One ")
        await reply.write("two ")
        for _ in range(200):
            await pilot.pause(0.01)
            if "two" in markdown.source:
                break
        assert markdown.source.split() == ["One", "two"]


async def test_a_reply_that_ends_twice_or_is_taken_away_while_it_grows_does_no_harm() -> None:
    async with OneReply().run_test() as pilot:
        reply = pilot.app.query_one(Reply)
        await reply.write("One ")
        await reply.write("two ")
        await reply.end()
        await reply.end()
        await reply.write("too late")
        await reply.remove()
        assert not pilot.app.query(Reply)
