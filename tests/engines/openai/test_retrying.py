"""A server's limits and hiccups slow a long run down and lose nothing; what fails for good is named."""

import asyncio
import json
import re
import socket
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx2
import openai
import pytest

from chat_personas.engines.openai import OpenAIEngine, retrying
from chat_personas.engines.openai.connection import Connection
from chat_personas.engines.openai.events import UnreadableAnswerError
from chat_personas.engines.openai.scheduling import ConcurrencyWindow
from eval.engine import EngineError, Message, Probe, ProbeScore, Sampling
from tests.engines.openai.scripted_server import Reply, Request, completion, send_json, serving
from tests.examples import slow_but_first

SYSTEM = [Message("system", "Be brief.")]
TOP = [("A", -0.5), (" A", -3.0), ("B", -1.0), (" B", -4.0)]
NO_WAIT = {"Retry-After": "0"}
REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once where the server does not say when."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.0)


def probes(count: int) -> list[Probe]:
    return [Probe(f"q{number}", f"Question {number}?\nA. yes\nB. no", ("A", "B")) for number in range(count)]


def asked(request: Request) -> int | None:
    """Return the number of the question in a request; None for the one that finds out what the server can do."""
    found = re.search(r"Question (\d+)\?", str(request.body))
    return int(found[1]) if found else None


class Server:
    """Misbehaves on some questions, so many times each, and counts what it answered well."""

    def __init__(self, faults: dict[int, list[Callable[[asyncio.StreamWriter], Awaitable[None]]]]) -> None:
        self.answered: Counter[int] = Counter()
        self._faults = faults

    async def reply(self, request: Request, writer: asyncio.StreamWriter) -> None:
        number = asked(request)
        faults = self._faults.get(-1 if number is None else number)
        if faults:
            await faults.pop(0)(writer)
            return
        if number is not None:
            self.answered[number] += 1
        await send_json(writer, 200, completion("A", TOP))


async def limited(writer: asyncio.StreamWriter) -> None:
    await send_json(writer, 429, {"error": {"message": "slow down"}}, NO_WAIT)


async def broken(writer: asyncio.StreamWriter) -> None:
    await send_json(writer, 500, {"error": {"message": "out of order"}}, NO_WAIT)


async def starting(writer: asyncio.StreamWriter) -> None:
    await send_json(writer, 503, {"error": {"message": "loading the model"}}, NO_WAIT)


async def half_a_body(writer: asyncio.StreamWriter) -> None:
    await _send(writer, json.dumps(completion("A", TOP)).encode(), cut_at=40)


async def malformed(writer: asyncio.StreamWriter) -> None:
    await _send(writer, b'{"id": "x", "choices": [{"ind')


async def a_web_page(writer: asyncio.StreamWriter) -> None:
    await _send(writer, b"<html>busy</html>", kind="text/html")


async def something_else(writer: asyncio.StreamWriter) -> None:
    await send_json(writer, 200, {"choices": None})


async def no_log_probabilities(writer: asyncio.StreamWriter) -> None:
    await send_json(writer, 200, completion("A"))


async def odd_log_probabilities(writer: asyncio.StreamWriter) -> None:
    await send_json(writer, 200, completion("A", [("A", "often")]))  # type: ignore[list-item]


async def _send(
    writer: asyncio.StreamWriter, body: bytes, *, cut_at: int | None = None, kind: str = "application/json"
) -> None:
    head = f"HTTP/1.1 200 X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body[:cut_at])
    await writer.drain()
    if cut_at is not None:
        writer.close()


async def scores(reply: Reply, count: int, concurrency: int = 8) -> dict[str, ProbeScore]:
    async with serving(reply) as server:
        engine = await OpenAIEngine.open(server.url, concurrency=concurrency)
        try:
            return {score.key: score async for score in engine.score(SYSTEM, probes(count))}
        finally:
            await engine.close()


@pytest.mark.slow
async def test_500_probes_on_a_server_that_refuses_a_third_of_all_requests_lose_nothing() -> None:
    requests = 0
    answered: Counter[int | None] = Counter()

    async def busy(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        requests += 1
        if requests % 3 == 0:
            await limited(writer)
            return
        answered[asked(request)] += 1
        await send_json(writer, 200, completion("A", TOP))

    found = await scores(busy, 500)
    assert {score.failure for score in found.values()} == {None}
    assert len(found) == 500
    assert {times for number, times in answered.items() if number is not None} == {1}


@pytest.mark.parametrize("fault", [broken, starting, half_a_body, malformed, a_web_page, something_else])
async def test_a_hiccup_is_tried_again(fault: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> None:
    server = Server({1: [fault] * retrying.RETRIES})
    found = await scores(server.reply, 3)
    assert {score.failure for score in found.values()} == {None}
    assert server.answered == {0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize(("here", "asked_so_often"), [(True, 1), (False, 4)])
async def test_a_connection_that_is_refused_on_this_machine_is_not_tried_again(here: bool, asked_so_often: int) -> None:
    times = 0
    with socket.socket() as unheard:  # a port that nobody else can have, and at which nobody listens
        unheard.bind(("127.0.0.1", 0))
        connection = Connection(f"http://127.0.0.1:{unheard.getsockname()[1]}/v1", None, timeout=5.0)

        async def ask() -> object:
            nonlocal times
            times += 1
            return await connection.get("/models")

        with pytest.raises(openai.APIConnectionError):
            await retrying.through_hiccups(ask, 3, here=here)
        await connection.close()
    assert times == asked_so_often


async def test_a_server_that_nobody_runs_here_is_given_up_at_the_first_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = []
    get = Connection.get

    async def counted(connection: Connection, path: str) -> object:
        paths.append(path)
        return await get(connection, path)

    monkeypatch.setattr(Connection, "get", counted)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(EngineError, match="is the server running"):
            await OpenAIEngine.open(f"http://127.0.0.1:{unheard.getsockname()[1]}/v1")
    assert paths == ["/models"]


@slow_but_first(
    ("fault", "says"),
    [
        (limited, "still limits the rate after 21 tries"),
        (broken, "answered 500 (out of order)"),
        (starting, "answered 503 (loading the model)"),
        (half_a_body, "broke off its answer"),
        (malformed, "sent an answer that is not JSON, or is cut off"),
        (a_web_page, "sent an answer that is not a chat completion"),
        (something_else, "sent an answer that is not a chat completion"),
        (no_log_probabilities, "sent no log-probabilities for this answer"),
        (odd_log_probabilities, "sent log-probabilities that cannot be read"),
    ],
    quick=3,
)
async def test_what_fails_for_good_is_a_failure_of_that_probe_alone_and_named(
    fault: Callable[[asyncio.StreamWriter], Awaitable[None]], says: str
) -> None:
    server = Server({1: [fault] * 100})
    found = await scores(server.reply, 12)
    assert [key for key, score in found.items() if score.failure is not None] == ["q1"]
    assert says in (found["q1"].failure or "")
    assert len(server.answered) == 11


async def test_a_limit_that_outlasts_every_request_ends_the_run_instead_of_failing_them_all() -> None:
    server = Server({number: [limited] * 1000 for number in range(100)})
    with pytest.raises(EngineError, match="still limits the rate"):
        await scores(server.reply, 100, concurrency=2)


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        ({"error": {"message": "m", "code": "insufficient_quota"}}, {}, "quota of this key is used up"),
        ({"error": {"message": "come back tomorrow"}}, {"Retry-After": "80000"}, "another 23 hours; try again then"),
        ({"error": {"message": "no"}}, {"Retry-After": "1e308"}, r"for more than 30 days; ask who runs it \(no\)"),
    ],
)
async def test_a_limit_that_no_waiting_helps_against_ends_the_run_at_once(
    body: object, headers: dict[str, str], says: str
) -> None:
    async def no_more(writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 429, body, headers)

    with pytest.raises(EngineError, match=says):
        await scores(Server({1: [no_more]}).reply, 3)


async def test_a_limited_server_can_be_opened() -> None:
    assert len(await scores(Server({-1: [limited] * 4}).reply, 2)) == 2


async def test_a_page_instead_of_an_api_is_one_line() -> None:
    with pytest.raises(EngineError, match=r"sent no JSON; the address of an API usually ends in /v1"):
        await scores(Server({-1: [malformed] * 9}).reply, 1)


async def test_whole_replies_are_tried_again_as_well() -> None:
    server = Server({1: [limited, broken, malformed, half_a_body]})
    async with serving(server.reply) as scripted:
        engine = await OpenAIEngine.open(scripted.url)
        assert await engine.complete([Message("user", "Question 1?")], Sampling(seed=1), 2) == ["A", "A"]
        await engine.close()


@pytest.mark.parametrize(
    ("error", "allowed"),
    [
        (openai.RateLimitError("slow down", response=httpx2.Response(429, request=REQUEST), body=None), 1),
        (openai.InternalServerError("starting", response=httpx2.Response(503, request=REQUEST), body=None), 1),
        (openai.APITimeoutError(REQUEST), 1),
        (openai.InternalServerError("broken", response=httpx2.Response(500, request=REQUEST), body=None), 8),
        (openai.APIConnectionError(request=REQUEST), 8),
        (UnreadableAnswerError("no JSON"), 8),
    ],
)
async def test_what_tells_of_too_much_to_do_and_nothing_else_leaves_fewer_at_once(
    error: Exception, allowed: int
) -> None:
    window, times = ConcurrencyWindow(8), 0

    async def once_in_vain() -> int:
        nonlocal times
        times += 1
        if times == 1:
            raise error
        return window.allowed

    assert await retrying.Retrying(window).ask(once_in_vain) == allowed


async def test_an_answer_that_takes_long_because_it_is_long_is_no_reason_to_ask_less() -> None:
    window = ConcurrencyWindow(4)
    asking = retrying.Retrying(window)
    for pauses in (1, 2000, 2000, 2000, 2000):
        await asking.ask(lambda pauses=pauses: steps(pauses))
    assert window.allowed == 4


async def steps(pauses: int) -> None:
    for _ in range(pauses):
        await asyncio.sleep(0)
