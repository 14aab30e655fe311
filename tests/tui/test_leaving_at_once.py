"""What is sent and what waits is kept, in whichever moment after Enter the program is left."""

import asyncio
from pathlib import Path

from textual.events import Key

from chat_personas.corpus import Corpus
from tests.corpus.making import branch_of
from tests.examples import slow_but_first
from tests.tui.fakes import SECONDS, ScreenEngine, reply, screen, session


@slow_but_first("steps", range(12), quick=4)
async def test_a_message_is_stored_or_a_draft_whenever_the_program_is_left(corpus_file: Path, steps: int) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Hello.")))) as pilot:  # where it is sent in time
        for key in "hello":
            await pilot.press(key)
        pilot.app.post_message(Key("enter", "\r"))
        for _ in range(steps):  # of the event loop
            await asyncio.sleep(0)
        pilot.app.post_message(Key("ctrl+q", None))
        async with asyncio.timeout(SECONDS):
            while not pilot.app._exit:  # `until` would wait for widgets that are going away
                await asyncio.sleep(0.01)

    with Corpus.open(corpus_file, read_only=True) as corpus:
        stored = [message.text for row in corpus.conversations() for message in branch_of(corpus, row.id)]
        draft = corpus.take_over_draft(None)
    assert "hello" in [*stored, draft.whole if draft is not None else ""]
