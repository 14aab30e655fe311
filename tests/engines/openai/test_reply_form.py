"""Whether a server keeps replies to a form is found out by asking, once, and never assumed."""

import asyncio
import json
from typing import Any

import pytest

from chat_personas.engines.openai import OpenAIEngine
from eval.engine import Message, Percentages, RequestError, Sampling
from tests.engines.openai.scripted_server import Request, ScriptedServer, completion, send_json, serving

HELLO = [Message("user", "hello")]
WANTED = Sampling(max_tokens=60, seed=1, constraint=Percentages(("A", "B", "C")))


def server(*understood: str, honest: bool = True) -> Any:
    """Return a server that takes these kinds of `response_format`, and if `honest` keeps to their schema."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        form: Any = request.body.get("response_format")
        if form is not None and form["type"] not in understood:
            await send_json(writer, 400, {"error": {"message": "response_format is not supported"}})
            return
        keys = [] if form is None else (form.get("schema") or form["json_schema"]["schema"])["required"]
        kept = form is not None and honest
        await send_json(writer, 200, completion(json.dumps(dict.fromkeys(keys, 9)) if kept else "Hello!"))

    return reply


def forms(scripted: ScriptedServer) -> list[str | None]:
    """Return the kind of `response_format` of each request after those that opening takes."""
    bodies: list[Any] = [request.body for request in scripted.requests if "messages" in request.body]
    return [body["response_format"]["type"] if "response_format" in body else None for body in bodies[1:]]


@pytest.mark.parametrize(
    ("understood", "honest", "found", "asked"),
    [
        (("json_object",), True, "json_object", ["json_object"] * 3),
        (("json_schema",), True, "json_schema", ["json_object", *["json_schema"] * 3]),
        ((), True, "none", ["json_object", "json_schema", None, None]),
        (("json_schema", "json_object"), False, "none", ["json_object", "json_schema", None, None]),
    ],
    ids=["a schema in an object", "a schema", "refuses", "takes it and does not keep to it"],
)
async def test_what_the_server_does_is_found_out_once(
    understood: tuple[str, ...], honest: bool, found: str, asked: list[str | None]
) -> None:
    async with serving(server(*understood, honest=honest)) as scripted:
        engine = await OpenAIEngine.open(scripted.url)
        assert engine.info.constraints == "unknown"
        replies = await asyncio.gather(engine.complete(HELLO, WANTED), engine.complete(HELLO, WANTED))
        assert engine.info.constraints == found
        assert forms(scripted) == asked
        assert (json.loads(replies[0][0]) == {"A": 9, "B": 9, "C": 9}) if found != "none" else replies[0] == ["Hello!"]
        await engine.close()


async def test_nobody_who_wants_no_form_pays_for_finding_out() -> None:
    async with serving(server()) as scripted:
        engine = await OpenAIEngine.open(scripted.url)
        await engine.complete(HELLO, Sampling(seed=1))
        assert forms(scripted) == [None]
        assert engine.info.constraints == "unknown"
        await engine.close()


async def test_a_refused_request_is_told_apart_from_a_server_that_fails() -> None:
    async def refuses(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("messages") == [{"role": "user", "content": "hello"}]:
            await send_json(writer, 400, {"error": {"message": "that is not allowed here"}})
        else:
            await send_json(writer, 200, completion("A"))

    async with serving(refuses) as scripted:
        engine = await OpenAIEngine.open(scripted.url)
        with pytest.raises(RequestError, match="answered 400"):
            await engine.complete(HELLO, Sampling(seed=1))
        await engine.close()
