"""Where the likeliest tokens that a server shows say too little, it is asked for more, and only there."""

import asyncio
import math
from collections.abc import Callable

import pytest

from chat_personas.engines.openai import OpenAIEngine
from eval.engine import Probe
from tests.engines.openai.on_a_scripted_server import (
    HELLO,
    well,
    with_engine,
)
from tests.engines.openai.scripted_server import (
    Reply,
    Request,
    ScriptedServer,
    completion,
    send_json,
)

MANY = [(f"w{number}", math.log(0.9 / 40)) for number in range(40)] + [("B", math.log(0.06)), ("A", math.log(0.02))]
UNSURE = [Probe("q", "Question: more?\nA. yes\nB. no", ("A", "B"))]


def shows(most: Callable[[Request], int]) -> Reply:
    """Return a server with more than 40 likely tokens, which shows some of them."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("logprobs"):
            await send_json(writer, 200, completion("A", sorted(MANY, key=lambda each: -each[1])[: most(request)]))
        else:
            await well(request, writer)

    return reply


async def shares_of(engine: OpenAIEngine, _: ScriptedServer) -> list[tuple[float, float]]:
    (score,) = [score async for score in engine.score(HELLO, UNSURE)]
    assert score.failure is None
    return [(math.exp(label.lower), math.exp(label.upper)) for label in score.labels]


@pytest.mark.parametrize("name", ["top_logprobs", "n_probs"])
async def test_letters_that_are_not_among_the_likeliest_tokens_are_exact_where_a_server_can_show_more(
    name: str,
) -> None:
    def most(request: Request) -> int:
        asked = int(str(request.body.get(name, 0)))
        return asked if name == "n_probs" and asked else min(asked or 20, 20 if name == "n_probs" else 9999)

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        assert engine.info.top_k == 20
        assert engine.info.details["alternatives where unsure"] == "2000"
        (low_a, high_a), (low_b, _) = await shares_of(engine, server)
        assert [low_a, low_b] == pytest.approx([0.02, 0.06])
        assert high_a - low_a < 0.021  # a variant that even many do not show is at most as likely as the last one

    await with_engine(shows(most), use)


@pytest.mark.parametrize(("words", "most"), [("at most 100 logprobs are allowed", 100), ("no more than that", 20)])
async def test_a_server_that_refuses_so_many_is_asked_for_what_it_allows(words: str, most: int) -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if "n_probs" in request.body or int(str(request.body.get("top_logprobs", 0))) > most:
            await send_json(writer, 400, {"error": {"message": words}})
        else:
            await shows(lambda request: int(str(request.body["top_logprobs"])))(request, writer)

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        assert engine.info.details.get("alternatives where unsure") == ("100" if most == 100 else None)
        shares = await shares_of(engine, server)
        assert [low > 0 for low, _ in shares] == [most == 100, True]

    await with_engine(reply, use)


async def test_more_alternatives_that_contradict_the_few_are_not_used() -> None:
    async def merges(request: Request, writer: asyncio.StreamWriter) -> None:
        many = int(str(request.body.get("top_logprobs", 0))) > 20
        shown = [("A", -9.0 if many else -0.5), *((f"w{number}", -5.0) for number in range(40 if many else 19))]
        await send_json(writer, 200, completion("A", shown))

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        assert "alternatives where unsure" not in engine.info.details
        await shares_of(engine, server)
        assert server.requests[-1].body["top_logprobs"] == 20

    await with_engine(merges, use)


async def test_no_second_request_is_made_where_the_few_say_enough() -> None:
    async def sure(request: Request, writer: asyncio.StreamWriter) -> None:
        many = int(str(request.body.get("top_logprobs", 0))) > 20
        rare = [(f"w{number}", math.log(1e-5)) for number in range(100 if many else 18)]
        await send_json(writer, 200, completion("A", [("A", math.log(0.6)), ("B", math.log(0.3)), *rare]))

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        assert engine.info.details["alternatives where unsure"] == "2000"
        asked = len(server.requests)
        await shares_of(engine, server)
        assert len(server.requests) == asked + 1

    await with_engine(sure, use)
