"""An engine on a scripted server: what the server answers, and what the engine makes of it."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

from chat_personas.engines.openai import OpenAIEngine
from eval.engine import EngineError, Message, Probe, ProbeScore, Sampling
from tests.engines.openai.scripted_server import (
    Reply,
    Request,
    ScriptedServer,
    chunk,
    completion,
    send_events,
    send_json,
    send_stream,
    serving,
)

HELLO = [Message("user", "hello")]
LETTERS = [("A", math.log(0.5)), ("B", math.log(0.3)), ("C", math.log(0.1))]
PROBES = [Probe(f"q{number}", f"Question {number}?\nA. yes\nB. no", ("A", "B")) for number in range(3)]
WORDS = [chunk("Good "), chunk("day.")]


async def well(request: Request, writer: asyncio.StreamWriter) -> None:
    if request.body.get("stream"):
        await send_events(writer, [*WORDS, chunk("", "stop"), "[DONE]"])
    else:
        shown = request.body.get("top_logprobs")
        await send_json(writer, 200, completion("A", LETTERS[: int(str(shown))] if shown else None))


def streams(*pieces: bytes, kind: str = "text/event-stream") -> Reply:
    """Return a server whose streamed replies have this body."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream"):
            await send_stream(writer, *pieces, kind=kind)
        else:
            await well(request, writer)

    return reply


def refuses(when: Callable[[Request], object], status: int, error: object) -> Reply:
    """Return a server that answers some requests with an error."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if when(request):
            await send_json(writer, status, error)
        else:
            await well(request, writer)

    return reply


async def with_engine(
    reply: Reply, use: Callable[[OpenAIEngine, ScriptedServer], Awaitable[Any]], **options: Any
) -> Any:
    """Return what `use` makes of an engine on a server that replies so."""
    async with serving(reply) as server:
        engine = await OpenAIEngine.open(server.url, **options)
        try:
            return await use(engine, server)
        finally:
            await engine.close()


async def heard(engine: OpenAIEngine, messages: list[Message] = HELLO, tokens: int = 400) -> tuple[str, str | None]:
    """Return the text of a reply, and why it failed, None if it did not."""
    text = ""
    try:
        async for piece in engine.stream(messages, Sampling(seed=1, max_tokens=tokens)):
            text += piece.text
    except EngineError as error:
        return text, str(error).partition("/v1 ")[2]
    return text, None


async def reply_of(reply: Reply, tokens: int = 400, **options: Any) -> tuple[str, str | None]:
    said: tuple[str, str | None] = await with_engine(reply, lambda engine, _: heard(engine, tokens=tokens), **options)
    return said


async def scores(engine: OpenAIEngine, prefix: list[Message] = HELLO) -> list[ProbeScore]:
    return sorted([score async for score in engine.score(prefix, PROBES)], key=lambda score: score.key)
