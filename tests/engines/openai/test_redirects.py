"""A server that sends us elsewhere is not followed: neither a key nor a word of a conversation reaches another."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from chat_personas.engines.openai import OpenAIEngine
from eval.engine import EngineError, Message, Probe, Sampling
from tests.engines.openai.scripted_server import (
    Reply,
    Request,
    ScriptedServer,
    completion,
    send_json,
    send_redirect,
    serving,
)

HELLO = [Message("user", "a secret confession")]
PROBES = [Probe(f"q{number}", f"Question {number}?\nA. yes\nB. no", ("A", "B")) for number in range(5)]
REDIRECTS = (301, 302, 303, 307, 308)


async def answers(request: Request, writer: asyncio.StreamWriter) -> None:
    await send_json(writer, 200, completion("A", [("A", -0.5), ("B", -1.0)]))


def redirects(to: str, status: int = 307) -> Reply:
    """Return a reply that sends every request to the same path below `to`, with a query."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_redirect(writer, status, f"{to}{request.path.removeprefix('/v1')}?token=abc")

    return reply


@pytest.fixture
async def elsewhere() -> AsyncIterator[ScriptedServer]:
    """A server on another port that would answer everything, and must never be asked."""
    async with serving(answers) as server:
        yield server
        assert server.requests == []


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", "sk-secret")


def says(server: ScriptedServer, elsewhere: ScriptedServer) -> str:
    """Return what an error about a redirect must say: both addresses, without the query, and what to do."""
    return f"^{re.escape(server.url)} redirects to {re.escape(elsewhere.url)}; use that address if you trust it$"


@pytest.mark.parametrize("status", REDIRECTS)
async def test_a_redirect_of_the_list_of_models_is_not_followed(elsewhere: ScriptedServer, status: int) -> None:
    async with serving(redirects(elsewhere.url, status), models=()) as server:
        with pytest.raises(EngineError, match=says(server, elsewhere)):
            await OpenAIEngine.open(server.url, key_env="LAB_KEY")
    assert len(server.requests) == 1
    assert server.requests[0].headers["authorization"] == "Bearer sk-secret"


@pytest.mark.parametrize("status", REDIRECTS)
async def test_a_redirect_of_the_first_question_to_a_server_is_not_followed(
    elsewhere: ScriptedServer, status: int
) -> None:
    async with serving(redirects(elsewhere.url, status)) as server:
        with pytest.raises(EngineError, match=says(server, elsewhere)):
            await OpenAIEngine.open(server.url, "scripted", key_env="LAB_KEY")


async def stream(engine: OpenAIEngine) -> None:
    async for _ in engine.stream(HELLO, Sampling(seed=1)):
        pass


async def complete(engine: OpenAIEngine) -> None:
    await engine.complete(HELLO, Sampling(seed=1), n=3)


async def score(engine: OpenAIEngine) -> None:
    async for _ in engine.score(HELLO, PROBES):
        pass


@pytest.mark.parametrize("ask", [stream, complete, score])
@pytest.mark.parametrize("status", REDIRECTS)
async def test_a_redirect_of_a_conversation_is_not_followed(
    elsewhere: ScriptedServer, ask: Callable[[OpenAIEngine], Awaitable[None]], status: int
) -> None:
    async with serving(answers) as server:
        engine = await OpenAIEngine.open(server.url, key_env="LAB_KEY")
        server.reply = redirects(elsewhere.url, status)
        with pytest.raises(EngineError, match=says(server, elsewhere)):
            await ask(engine)
        await engine.close()


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://user:pass@other.example.org/v2/models?key=1#x", "https://other.example.org/v2"),
        ("/api/v1/models", "{here}/api/v1"),
        ("//other.example.org/", "http://other.example.org"),
        ("http://other.example.org:port/v1", "another address"),
        ("http://[::1/v1", "another address"),
        ("mailto:ann@example.org", "another address"),
    ],
)
async def test_a_new_address_is_shown_without_what_is_secret_in_it_however_odd_it_is(location: str, shown: str) -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_redirect(writer, 307, location)

    async with serving(reply, models=()) as server:
        with pytest.raises(EngineError) as raised:
            await OpenAIEngine.open(server.url)
    expected = shown.format(here=server.url.removesuffix("/v1"))
    assert f"redirects to {expected}" in str(raised.value)
    for secret in ("user", "pass", "key=1", "ann"):
        assert secret not in str(raised.value)


@pytest.mark.parametrize("location", ["", "https://other.example.org/\x1b[31m"])
async def test_a_redirect_to_nowhere_is_one_line_without_anything_that_commands_a_terminal(location: str) -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_redirect(writer, 307, location)

    async with serving(reply, models=()) as server:
        with pytest.raises(EngineError) as raised:
            await OpenAIEngine.open(server.url)
    assert str(raised.value).startswith(server.url)
    assert str(raised.value).isprintable()
