"""A server that bears only so much, over real connections: all is answered, and the server is not pressed."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from chat_personas.engines.openai import OpenAIEngine
from eval.answers import Answer
from eval.engine import Message, Probe, ProbeScore, Sampling
from eval.expression.methods import METHODS, Asking, Expression
from tests.engines.openai.scripted_server import Request, chunk, completion, send_events, send_json, serving
from tests.eval.towns import question
from tests.examples import slow_but_first

HELLO = [Message("user", "hello")]
LONG = [Message("user", "hello " * 300)]
TOP = [("A", math.log(0.7)), ("B", math.log(0.2))]
WAIT = {"retry-after-ms": "40"}


class AtOnce:
    """Works on `places` requests at once and refuses more with `status` and when to come back."""

    def __init__(self, places: int, status: int = 429) -> None:
        self.places, self.status = places, status
        self.working = self.most = self.refused = 0

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if self.working >= self.places:
            self.refused += 1
            await send_json(writer, self.status, {"error": {"message": "too many at once"}}, WAIT)
            return
        self.working += 1
        self.most = max(self.most, self.working)
        await asyncio.sleep(0.01)
        self.working -= 1
        await send_json(writer, 200, completion("A", TOP))


def probes(count: int) -> list[Probe]:
    return [Probe(f"q{number}", f"Question {number}?\nA. yes\nB. no", ("A", "B")) for number in range(count)]


def number_of(request: Request) -> int:
    """Which question it is; -1 for what is asked when the server is opened."""
    _, found, rest = str(request.body["messages"]).partition("Question ")
    return int(rest.partition("?")[0]) if found else -1


async def scores(engine: OpenAIEngine, prefix: list[Message], asked: list[Probe]) -> list[ProbeScore]:
    try:
        return [score async for score in engine.score(prefix, asked)]
    finally:
        await engine.close()


@slow_but_first("status", [429, 503])
@slow_but_first("places", [1, 3, 7], quick=2)
async def test_a_server_that_refuses_above_a_number_answers_everything_and_refuses_less_and_less(
    places: int, status: int
) -> None:
    server = AtOnce(places, status)
    async with serving(server) as at:
        found = await scores(await OpenAIEngine.open(at.url, concurrency=16), HELLO, probes(120))
    assert {score.key for score in found} == {probe.key for probe in probes(120)}
    assert [score.failure for score in found] == [None] * 120
    assert server.refused < 60


async def test_a_server_that_bears_what_is_set_is_never_given_more_and_never_refuses() -> None:
    server = AtOnce(8)
    async with serving(server) as at:
        await scores(await OpenAIEngine.open(at.url, concurrency=8), HELLO, probes(80))
    assert (server.most, server.refused) == (8, 0)


async def test_replies_that_are_drawn_keep_to_the_same_pace() -> None:
    server = AtOnce(2)
    async with serving(server) as at:
        engine = await OpenAIEngine.open(at.url, concurrency=8)
        assert await engine.complete(HELLO, Sampling(seed=1), n=20) == ["A"] * 20
        await engine.close()
    assert server.most == 2


@pytest.mark.parametrize(
    ("expression", "reply"), [("sequence", "A " * 30), ("verbalized", '{"A": 70, "B": 30, "C": 0}')]
)
async def test_a_survey_answered_in_words_uses_all_that_a_server_may_be_given_at_once(
    expression: Expression, reply: str
) -> None:
    crowd = asyncio.Barrier(24)

    async def together(request: Request, writer: asyncio.StreamWriter) -> None:
        if "What about" in str(request.body["messages"]):
            await crowd.wait()  # nobody is answered before 24 have asked
        await send_json(writer, 200, completion(reply))

    questions = [question(f"Q{number}", {}, overall=(1, 1)) for number in range(24)]
    async with serving(together) as server:
        engine = await OpenAIEngine.open(server.url, concurrency=24)
        outcomes = [each async for each in METHODS[expression].ask(engine, HELLO, questions, Asking())]
        await engine.close()
    assert [type(each) for each in outcomes] == [Answer] * 24
    assert server.most_under_way == 24


async def test_a_request_that_waits_to_be_sent_again_holds_no_place() -> None:
    async def stumbles(request: Request, writer: asyncio.StreamWriter) -> None:
        if number_of(request) == 0 and [number_of(other) for other in asked()].count(0) == 1:
            await send_json(writer, 500, {"error": {"message": "stumbled"}})
        else:
            await send_json(writer, 200, completion("A", TOP))

    async with serving(stumbles) as server:

        def asked() -> list[Request]:
            return [request for request in server.requests if "messages" in request.body]

        found = await scores(await OpenAIEngine.open(server.url, concurrency=1), HELLO, probes(4))
    assert [score.key for score in found] == ["q1", "q2", "q3", "q0"]
    assert [score.failure for score in found] == [None] * 4


async def test_after_a_long_conversation_one_probe_goes_alone_before_the_others() -> None:
    answered, crowd = list[int](), asyncio.Barrier(4)

    async def watched(request: Request, writer: asyncio.StreamWriter) -> None:
        if number_of(request) > 0:
            assert [number for number in answered if number >= 0] == [0]
            await crowd.wait()  # all others come at once
        answered.append(number_of(request))
        await send_json(writer, 200, completion("A", TOP))

    async with serving(watched) as server:
        found = await scores(await OpenAIEngine.open(server.url, concurrency=4), LONG, probes(5))
    assert [score.failure for score in found] == [None] * 5


async def test_asking_that_is_stopped_leaves_every_place_free_again() -> None:
    gate: Callable[[], Awaitable[object]] = asyncio.Event().wait

    async def waits(request: Request, writer: asyncio.StreamWriter) -> None:
        if "hello hello" in str(request.body):
            await gate()
        await send_json(writer, 200, completion("A", TOP))

    async with serving(waits) as server:
        engine = await OpenAIEngine.open(server.url, concurrency=2)
        stuck = asyncio.create_task(scores_of(engine, [Message("user", "hello hello")]))
        while server.under_way < 2:
            await asyncio.sleep(0)
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        assert len(await scores(engine, HELLO, probes(4))) == 4


@pytest.mark.parametrize("leaves", [False, True], ids=["heard", "left"])
async def test_while_a_person_is_replied_to_no_further_probe_is_sent_and_all_are_answered_afterwards(
    leaves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_personas.engines.openai.engine.is_loopback", lambda url: False)
    asked, replying, heard_all = list[str](), asyncio.Event(), asyncio.Event()
    found: list[ProbeScore] = []

    async def watched(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.append("reply" if request.body.get("stream") else "probe")
        if asked[-1] == "reply":
            replying.set()
            await send_events(writer, [chunk("Well"), chunk(" then", "stop"), "[DONE]"])
        else:
            await (replying if len(asked) < 4 else heard_all).wait()
            await send_json(writer, 200, completion("A", TOP))

    async def measure() -> None:
        async for score in engine.score(HELLO, probes(9)):
            found.append(score)

    async with serving(_answer_at_once) as server:
        engine = await OpenAIEngine.open(server.url, concurrency=2)
        server.reply = watched
        measuring = asyncio.create_task(measure())
        while server.under_way < 2:
            await asyncio.sleep(0)
        async with aclosing(engine.stream(HELLO, Sampling(seed=1))) as reply:
            async for piece in reply:
                while len(found) < 2:  # those under way are answered
                    await asyncio.sleep(0)
                for _ in range(200):  # time enough to send another
                    await asyncio.sleep(0)
                assert asked == ["probe", "probe", "reply"]
                if leaves or piece.finish_reason:
                    break
        heard_all.set()
        await measuring
        await engine.close()
    assert {score.key for score in found} == {probe.key for probe in probes(9)}
    assert [score.failure for score in found] == [None] * 9


async def test_on_this_machine_probes_under_way_are_withdrawn_for_a_reply_and_sent_again_after_it() -> None:
    asked, replied = list[str](), asyncio.Event()

    async def watched(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.append("reply" if request.body.get("stream") else "probe")
        if asked[-1] == "reply":
            await send_events(writer, [chunk("Well"), chunk(" then", "stop"), "[DONE]"])
        else:
            await replied.wait()
            await send_json(writer, 200, completion("A", TOP))

    async with serving(_answer_at_once) as server:
        engine = await OpenAIEngine.open(server.url, concurrency=2)
        server.reply = watched
        measuring = asyncio.create_task(scores_of(engine, HELLO))
        while asked != ["probe", "probe"]:
            await asyncio.sleep(0)
        pieces = [piece async for piece in engine.stream(HELLO, Sampling(seed=1))]
        assert pieces[-1].finish_reason == "stop"
        replied.set()
        found = await measuring
        await engine.close()
    assert asked == ["probe", "probe", "reply"] + ["probe"] * 5
    assert {score.key: score.failure for score in found} == {probe.key: None for probe in probes(5)}


async def test_a_measurement_that_is_stopped_while_its_probes_are_withdrawn_ends() -> None:
    replying = asyncio.Event()

    async def waits(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream"):
            replying.set()
        await asyncio.Event().wait()

    async with serving(_answer_at_once) as server:
        engine = await OpenAIEngine.open(server.url, concurrency=2)
        server.reply = waits
        measuring = asyncio.create_task(scores_of(engine, HELLO))
        while server.under_way < 2:
            await asyncio.sleep(0)
        talking = asyncio.create_task(anext(aiter(engine.stream(HELLO, Sampling(seed=1)))))
        await replying.wait()
        measuring.cancel()
        talking.cancel()
        ended = await asyncio.gather(measuring, talking, return_exceptions=True)
        assert [type(error) for error in ended] == [asyncio.CancelledError] * 2
        await engine.close()


async def _answer_at_once(request: Request, writer: asyncio.StreamWriter) -> None:
    await send_json(writer, 200, completion("A", TOP))


async def scores_of(engine: OpenAIEngine, prefix: list[Message]) -> list[ProbeScore]:
    return [score async for score in engine.score(prefix, probes(5))]
