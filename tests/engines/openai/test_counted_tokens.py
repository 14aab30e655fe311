"""A server is asked how many tokens a streamed reply took; the reply is whole without that."""

import asyncio
import json

import pytest

from chat_personas.engines.openai import OpenAIEngine, responses
from eval.engine import Sampling
from tests.engines.openai.on_a_scripted_server import (
    HELLO,
    WORDS,
    heard,
    refuses,
    well,
    with_engine,
)
from tests.engines.openai.scripted_server import (
    Reply,
    Request,
    ScriptedServer,
    chunk,
    send_events,
)

COUNTED = '{"choices": [], "usage": {"prompt_tokens": 90, "completion_tokens": 7, "total_tokens": 97}}'


def counting(*events: str) -> Reply:
    """Return a server that says how many tokens a reply took where it is asked, with these events after its words."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream") and request.body.get("stream_options") == {"include_usage": True}:
            await send_events(writer, [*WORDS, chunk("", "stop"), *events])
        else:
            await well(request, writer)

    return reply


async def usage_of(reply: Reply) -> tuple[str, tuple[int | None, int | None], str | None]:
    """Return the text of a reply, the tokens of prompt and reply, and why it ended."""

    async def use(
        engine: OpenAIEngine, server: ScriptedServer
    ) -> tuple[str, tuple[int | None, int | None], str | None]:
        pieces = [piece async for piece in engine.stream(HELLO, Sampling(seed=1))]
        usage = pieces[-1].usage
        assert usage is not None
        text = "".join(piece.text for piece in pieces)
        return text, (usage.prompt_tokens, usage.decoded_tokens), pieces[-1].finish_reason

    found: tuple[str, tuple[int | None, int | None], str | None] = await with_engine(reply, use)
    return found


async def test_a_server_is_asked_how_many_tokens_a_streamed_reply_took() -> None:
    assert (await usage_of(counting(COUNTED, "[DONE]")))[1:] == ((90, 7), "stop")


@pytest.mark.parametrize(("reported", "kept"), [(5, 2), (0, 7), (9, 0), (None, 7), ("5", 7), (-1, 7)])
async def test_tokens_of_thoughts_that_a_server_keeps_to_itself_are_none_of_the_reply(
    reported: object, kept: int
) -> None:
    usage = {"prompt_tokens": 90, "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": reported}}
    counted = json.dumps({"choices": [], "usage": usage})
    assert (await usage_of(counting(counted, "[DONE]")))[1] == (90, kept)


async def test_tokens_of_thoughts_that_a_server_shows_are_counted_with_the_reply() -> None:
    usage = {"prompt_tokens": 90, "completion_tokens": 7, "completion_tokens_details": {"reasoning_tokens": 5}}
    thought = json.dumps({"choices": [{"index": 0, "delta": {"reasoning_content": "Hm."}}]})

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream"):
            counted = json.dumps({"choices": [], "usage": usage})
            await send_events(writer, [thought, *WORDS, chunk("", "stop"), counted, "[DONE]"])
        else:
            await well(request, writer)

    assert (await usage_of(reply))[1] == (90, 7)


@pytest.mark.parametrize("after", [["[DONE]"], [], ["half {"], ['{"error": {"message": "lost"}}', COUNTED]])
async def test_a_reply_is_whole_without_the_count_of_its_tokens(after: list[str]) -> None:
    text, counts, finish = await usage_of(counting(*after))
    assert (text, counts, finish) == ("Good day.", (None, 2), "stop")


async def test_a_reply_does_not_wait_for_a_count_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "SECONDS_FOR_COUNTS", 0.01)
    never = asyncio.Event()

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream"):
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
            writer.write(head + "".join(f"data: {event}\n\n" for event in [*WORDS, chunk("", "stop")]).encode())
            await writer.drain()
            await never.wait()
        else:
            await well(request, writer)

    found = await usage_of(reply)
    never.set()
    assert found[1:] == ((None, len(WORDS)), "stop")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Unrecognized request argument supplied: stream_options"),
        (422, "[{'loc': ['body', 'stream_options'], 'msg': 'Extra inputs are not permitted'}]"),
        (400, "bad request"),
    ],
)
async def test_a_server_that_refuses_to_count_is_asked_without_from_then_on(status: int, words: str) -> None:
    async def use(engine: OpenAIEngine, server: ScriptedServer) -> list[bool]:
        for _ in range(2):
            assert (await heard(engine))[1] is None
        return ["stream_options" in each.body for each in server.requests if each.body.get("stream")]

    refusing = refuses(lambda request: "stream_options" in request.body, status, {"error": {"message": words}})
    assert await with_engine(refusing, use) == [True, False, False]
