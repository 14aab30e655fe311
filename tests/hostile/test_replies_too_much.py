"""A reply that is too much, from a server that is broken or hostile, is cut, said to be cut, and holds nothing up."""

import asyncio
import json
from itertools import pairwise, repeat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Markdown, Static

from benchmarks.hostile_replies import KINDS
from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyText
from chat_personas.corpus import Corpus
from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.engines.openai import OpenAIEngine
from chat_personas.tui.screens.whole_text import WholeTextScreen, row_starts
from chat_personas.tui.widgets.entries import Entry
from chat_personas.tui.widgets.message_cursor import ChoosingTranscript
from chat_personas.tui.widgets.messages import Reply, UserMessage
from chat_personas.tui.widgets.transcript import Transcript
from eval.engine import Message, Sampling
from personas import load_persona
from tests.engines.openai.scripted_server import (
    Request,
    ScriptedServer,
    chunk,
    completion,
    send_json,
    send_stream,
    serving,
)
from tests.examples import slow_but_first
from tests.fakes import END, FakeEngine
from tests.tui.fakes import ScreenEngine, chat, draw_without_pauses, screen, session, until, words

LIMIT = 55_296
"""Bytes of a reply of 400 tokens, which is what a persona asks for that does not say: 400 x 128 + 4096."""
CUT = "the server sent more than 55,296 bytes, the limit for 400 tokens; the reply was cut"


class Flood:
    """A server that streams one event again and again until the client goes away. It counts what it sent."""

    def __init__(self, said: str) -> None:
        self._event = f"data: {chunk(said)}\n\n".encode()
        self.sent = 0
        self.left = asyncio.Event()

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if not request.body.get("stream"):
            await send_json(writer, 200, completion("A"))
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        try:
            for event in repeat(self._event):
                writer.write(event)
                await writer.drain()
                self.sent += len(event)
        except ConnectionError:
            self.left.set()
            raise


async def ask(server: ScriptedServer, corpus: Corpus) -> tuple[str, ReplyEnded, Conversation]:
    """Say something to the server in a conversation; return what was said, how it ended, and the conversation."""
    engine = await OpenAIEngine.open(server.url)
    try:
        conversation = Conversation.start(corpus, engine, load_persona("democrat"))
        events = [event async for event in conversation.send("Hello?")]
    finally:
        await engine.close()
    ended = events[-1]
    assert isinstance(ended, ReplyEnded)
    return "".join(event.text for event in events if isinstance(event, ReplyText)), ended, conversation


async def test_a_reply_that_never_ends_is_cut_at_its_limit_and_the_connection_is_closed(corpus: Corpus) -> None:
    flood = Flood("word " * 20)
    async with serving(flood) as server:
        said, ended, conversation = await ask(server, corpus)
        await asyncio.wait_for(flood.left.wait(), 30)
    assert said == ("word " * 20_000)[:LIMIT]
    assert (ended.status, ended.why) == ("complete", CUT)
    stored = corpus.branch(conversation.path[-1].id)[-1]
    assert (stored.text, stored.status, stored.why) == (said, "complete", CUT)
    made = corpus.generation(stored.id)
    assert made is not None
    assert made.finish_reason == "length"


async def test_characters_of_several_bytes_are_not_cut_in_two(corpus: Corpus) -> None:
    async with serving(Flood("\u200b\u0301" * 50)) as server:
        said, ended, _ = await ask(server, corpus)
    assert ended.why == CUT
    assert len(said.encode()) == LIMIT - 1  # pairs of three and two bytes: 55,295 are whole
    assert said.startswith("\u200b\u0301\u200b")


async def test_one_event_without_an_end_is_not_read_to_its_end(corpus: Corpus) -> None:
    """100 MB would be one event: what has come cannot be read before its end, and is not waited for."""
    flood = Flood("x")
    flood._event = b"x" * 65_536

    async with serving(flood) as server:
        said, ended, _ = await ask(server, corpus)
        await asyncio.wait_for(flood.left.wait(), 30)
    assert said == ""
    assert ended.status == "error"
    assert "sent an event without an end (more than 1,490,944 bytes)" in (ended.why or "")
    assert flood.sent < 20_000_000  # what the buffers of the sockets hold comes on top of what was read


@slow_but_first("kind", ["text/event-stream", "application/json"])
async def test_a_long_reply_that_comes_at_once_is_cut(kind: str, corpus: Corpus) -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if kind == "application/json" or not request.body.get("stream"):
            await send_json(writer, 200, completion("x" * 1_000_000))
        else:
            await send_stream(writer, f"data: {chunk('x' * 1_000_000, 'stop')}\n\n".encode())

    async with serving(reply) as server:
        said, ended, _ = await ask(server, corpus)
    assert said == "x" * LIMIT
    assert (ended.status, ended.why) == ("complete", CUT)


async def test_a_whole_answer_is_cut_too() -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("x" * 100_000))

    async with serving(reply) as server:
        engine = await OpenAIEngine.open(server.url)
        try:
            said = await engine.complete([Message("user", "hello")], Sampling(max_tokens=10), n=2)
        finally:
            await engine.close()
    assert said == ["x" * (10 * 128 + 4096)] * 2


async def test_what_came_before_the_limit_is_exported_whole(corpus: Corpus, tmp_path: Path) -> None:
    async with serving(Flood("word " * 20)) as server:
        said, _, _ = await ask(server, corpus)
    out = tmp_path / "said.jsonl"
    assert export_to(corpus, FORMATS["openai"], Selection(own=True), out).units == 1
    [line] = out.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["messages"][-1] == {"role": "assistant", "content": said}


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_without_pauses(monkeypatch)


MOST_WIDGETS = 400
"""`reply_parts.MOST_WIDGETS` is 240; on top of it come what holds the parts, and the boxes around items and code."""


class OneTranscript(App[None]):
    def compose(self) -> ComposeResult:
        yield ChoosingTranscript()


async def check_shown_in_part(pilot: Pilot[None], length: int) -> None:
    """Check the only reply on the screen: few widgets, and a line that says how long it is and what opens it."""
    reply = pilot.app.query_one(Reply)
    await until(pilot, lambda: not reply._drawing_due and not reply._growing)
    assert len(reply.query(Widget)) <= MOST_WIDGETS
    assert reply.in_part
    line = reply.query_one(".part-note", Static)
    assert line.display
    assert str(line.content) == f"… shown in part; F10 opens all {length:,} characters"


@slow_but_first("kind", [kind for kind in KINDS if kind != "ordinary"], quick=5)
async def test_a_reply_of_any_form_is_drawn_within_bounds_and_kept_whole(kind: str) -> None:
    entry = Entry("reply", "".join(KINDS[kind](20_000)))
    async with OneTranscript().run_test(size=(100, 40)) as pilot:
        await pilot.app.query_one(Transcript).show([entry])
        await check_shown_in_part(pilot, len(entry.text))
    assert entry.text == "".join(KINDS[kind](20_000))


@slow_but_first("kind", ["items", "quoted lines", "fence", "zero width"])
async def test_a_reply_that_comes_piece_by_piece_is_drawn_within_the_same_bounds(kind: str) -> None:
    text, entry = "".join(KINDS[kind](20_000)), Entry("reply", "", growing=True)
    async with OneTranscript().run_test(size=(100, 40)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        await transcript.show([entry])
        for start in range(0, len(text), 7000):
            await transcript.write(entry, text[start : start + 7000])
            await asyncio.sleep(0)
        await transcript.end(entry)
        await check_shown_in_part(pilot, len(text))
    assert entry.text == text


async def test_a_reply_that_is_long_but_ordinary_is_drawn_whole() -> None:
    text = "".join(KINDS["ordinary"](3000))
    async with OneTranscript().run_test(size=(100, 40)) as pilot:
        await pilot.app.query_one(Transcript).show([Entry("reply", text)])
        reply = pilot.app.query_one(Reply)
        await until(pilot, lambda: not reply._drawing_due)
        assert not reply.in_part
        assert not reply.query_one(".part-note").display
        assert "".join(part.source for part in reply.query(Markdown)) == text


@pytest.mark.slow
async def test_a_reply_that_is_shown_in_part_opens_whole_and_is_copied_whole(corpus_file: Path, corpus: Corpus) -> None:
    text = "---\n" * 20_000 + "the last line"
    conversation = Conversation.start(corpus, FakeEngine(["short", END]), load_persona("democrat"))
    async for _ in conversation.send("Hello?"):
        pass
    corpus.end_reply(conversation.path[-1].id, text, "complete", finish_reason="stop")
    async with screen(session(corpus_file, ScreenEngine(), resume=conversation.id)) as pilot:
        await until(pilot, lambda: "shown in part; F10 opens all 80,013 characters" in words(pilot))
        await pilot.press("f7")
        assert pilot.app.clipboard == text
        await pilot.press("f10")
        await until(pilot, lambda: isinstance(pilot.app.screen, WholeTextScreen) and "---" in words(pilot))
        assert "The whole message: 80,013 characters" in words(pilot)
        assert len(pilot.app.screen.query(Widget)) < 20
        await pilot.press("end")
        await until(pilot, lambda: "the last line" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))


@given(st.text("ab \n\u3042\u201c\u2500\xe9", max_size=300), st.integers(2, 20))
def test_the_rows_of_a_whole_text_hold_all_of_it_and_none_is_wider_than_the_screen(text: str, width: int) -> None:
    starts = list(row_starts(text, width))
    rows = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    assert "".join(rows) == text
    assert all(cell_len(row.rstrip("\n").removesuffix(" ")) <= width for row in rows)


def test_rows_with_quotation_marks_accents_and_frames_are_as_wide_as_others() -> None:
    for text in ("aaaa bbbb", "\u201caa\u201d bbbb", "\xe9\xe9\xe9\xe9 bbbb", "\u2500\u2500 a bbbb"):
        assert list(row_starts(text, 5)) == [0, 5]
    assert list(row_starts("\u3042\u3042\u3042", 5)) == [0, 2], "two cells each"


async def test_a_message_of_the_person_that_is_too_long_is_shown_in_part() -> None:
    async with OneTranscript().run_test(size=(100, 40)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        long = Entry("user", "word\n" * 100_000)
        await transcript.show([long, Entry("user", "short")])
        message = pilot.app.query(UserMessage).first()
        assert len(str(message.content)) < 3000
        assert "shown in part; F10 opens all 500,000 characters" in str(message.content)
        assert transcript.to_read() is long
