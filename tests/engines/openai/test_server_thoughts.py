"""Servers of reasoning models: the reply alone is said and measured, wherever a server puts the thoughts."""

import asyncio
import json

import pytest

from chat_personas.engines.openai import OpenAIEngine
from eval.engine import EngineError, Piece, Sampling
from tests.engines.openai.on_a_scripted_server import HELLO, LETTERS, streams, with_engine
from tests.engines.openai.scripted_server import Request, ScriptedServer, chunk, completion, send_json


def thinking(text: str) -> str:
    """Return one chunk of a streamed thought, in the field that servers with a parser of thoughts use."""
    return json.dumps({"choices": [{"index": 0, "delta": {"content": None, "reasoning_content": text}}]})


async def listen(engine: OpenAIEngine, _: ScriptedServer) -> list[Piece]:
    return [piece async for piece in engine.stream(HELLO, Sampling())]


@pytest.mark.parametrize(
    "events",
    [
        [thinking("They "), thinking("cost."), chunk("Hi"), chunk(".", "stop")],
        [chunk("<th"), chunk("ink>They cost.</"), chunk("think>\n\nHi."), chunk("", "stop")],
        [chunk("<think>They cost.</think>"), chunk("Hi."), chunk("", "stop")],
        [chunk("<think>They cost.</think>Hi.", "stop")],
    ],
)
async def test_thoughts_are_streamed_apart_from_the_reply(events: list[str]) -> None:
    body = "".join(f"data: {event}\n\n" for event in events).encode()
    told: list[Piece] = await with_engine(streams(body), listen)
    assert "".join(piece.text for piece in told) == "Hi."
    assert "".join(piece.thought for piece in told) == "They cost."
    assert told[-1].finish_reason == "stop"


@pytest.mark.parametrize(
    "events",
    [
        [chunk("They "), chunk("cost."), chunk("</think>\n\n"), chunk("Hi"), chunk(".", "stop")],
        [chunk("They "), chunk("cost.</th"), chunk("ink>"), chunk("Hi.", "stop")],
        [chunk("They cost.</think>"), chunk("\n\n"), chunk("Hi.")],
    ],
)
async def test_a_thought_that_a_server_does_not_part_is_taken_back_when_the_reply_begins(events: list[str]) -> None:
    body = "".join(f"data: {event}\n\n" for event in events).encode()
    told: list[Piece] = await with_engine(streams(body), listen)
    (recall,) = [number for number, piece in enumerate(told) if piece.recalls]
    assert "".join(piece.text for piece in told[:recall]) == "They cost."
    assert "".join(piece.text for piece in told[recall:]) == "Hi."
    assert not any(piece.thought for piece in told)


async def test_a_reply_of_a_server_that_parts_thoughts_may_name_their_markers() -> None:
    events = [thinking("They cost."), chunk("Write "), chunk("</think>"), chunk("so.", "stop")]
    told: list[Piece] = await with_engine(streams("".join(f"data: {each}\n\n" for each in events).encode()), listen)
    assert not any(piece.recalls for piece in told)
    assert "".join(piece.text for piece in told) == "Write so."


async def test_a_server_that_does_not_stream_has_its_thought_told_apart_too() -> None:
    whole = json.dumps(completion("<think>They cost.</think>Hi.")).encode()
    told: list[Piece] = await with_engine(streams(whole, kind="application/json"), listen)
    assert [(piece.text, piece.thought) for piece in told] == [("Hi.", "They cost.")]


async def test_tokens_of_a_thought_count_as_tokens_of_the_reply() -> None:
    events = [thinking("They "), thinking("cost."), chunk("Hi.", "stop")]
    told: list[Piece] = await with_engine(streams("".join(f"data: {each}\n\n" for each in events).encode()), listen)
    assert told[-1].usage is not None
    assert told[-1].usage.decoded_tokens == 3


@pytest.mark.parametrize("kept", ["1 <", "Half a </"])
async def test_what_was_held_back_when_a_reply_breaks_off_is_kept(kept: str) -> None:
    pieces: list[Piece] = []

    async def use(engine: OpenAIEngine, _: ScriptedServer) -> None:
        async for piece in engine.stream(HELLO, Sampling()):
            pieces.append(piece)

    broken = f'data: {chunk(kept)}\n\nerror: {{"message": "out of memory"}}\n\n'.encode()
    with pytest.raises(EngineError, match="out of memory"):
        await with_engine(streams(broken), use)
    assert "".join(piece.text for piece in pieces) == kept


async def test_replies_that_are_measured_hold_no_thought() -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("<think>They cost.</think>\n\nHi.", LETTERS))

    async def use(engine: OpenAIEngine, _: ScriptedServer) -> list[str]:
        return await engine.complete(HELLO, Sampling(), 2)

    assert await with_engine(reply, use) == ["Hi.", "Hi."]
