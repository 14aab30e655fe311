"""What is recorded about the model behind a server tells models and ways of asking apart, and names no home.

Whether a server keeps replies to a form is found out by asking, once, and never assumed.
"""

import asyncio
import json
from typing import Any

import pytest

from chat_personas.engines.cached.entries import model_key
from chat_personas.engines.openai import OpenAIEngine
from eval.engine import EngineInfo, Message, Percentages, RequestError, Sampling
from tests.engines.openai.scripted_server import Request, ScriptedServer, completion, send_json, serving


async def described(model: str = "qwen", answered: str = "qwen-2026", *, seed: bool = True) -> EngineInfo:
    """Return what an engine says about a server with one model, which answers under another name."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if not seed and "seed" in request.body:
            await send_json(writer, 400, {"error": {"message": "seed is not known here"}})
        else:
            await send_json(writer, 200, {**completion("A", [("A", -0.5)]), "model": answered})

    async with serving(reply, models=(model,)) as server:
        engine = await OpenAIEngine.open(server.url)
        await engine.close()
        return engine.info


async def test_the_name_behind_an_alias_and_the_parameters_are_recorded() -> None:
    info = await described(seed=False)
    assert info.details["answers as"] == "qwen-2026"
    assert info.details["parameters"] == "max_tokens, temperature, chat_template_kwargs"


async def test_two_accounts_on_one_server_are_not_one_model() -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("A", [("A", -0.5)]))

    async with serving(reply) as server:
        infos = []
        for user in ("", ":first@", ":second@"):
            engine = await OpenAIEngine.open(server.url.replace("://", f"://{user}"))
            await engine.close()
            infos.append(engine.info)
    assert len({info.name for info in infos}) == 1
    assert len({model_key(info) for info in infos}) == 3
    assert "first" not in str(infos)


async def test_two_keys_from_the_environment_are_two_accounts_and_one_key_is_one_wherever_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("A", [("A", -0.5)]))

    async def opened(url: str, key_env: str | None = None) -> EngineInfo:
        engine = await OpenAIEngine.open(url, key_env=key_env)
        await engine.close()
        return engine.info

    async with serving(reply) as server:
        found = [await opened(server.url), await opened(server.url.replace("://", "://:first-key@"))]
        for key in ("first-key", "second-key"):
            monkeypatch.setenv("LAB_KEY", key)
            found.append(await opened(server.url, "LAB_KEY"))
    nobody, in_url, first, second = map(model_key, found)
    assert first == in_url
    assert len({nobody, first, second}) == 3
    assert "-key" not in str(found)


async def test_a_server_that_names_its_model_by_a_path_does_not_spread_it() -> None:
    info = await described("/home/ann/models/q.gguf", "/home/ann/models/q.gguf")
    assert "ann" not in str(info)
    assert info.details["answers as"] == "q.gguf"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("/a/q.gguf", "q"), ("/b/q.gguf", "q")),
        (("gpt", "gpt-2026-05"), ("gpt", "gpt-2026-08")),
    ],
)
async def test_models_with_the_same_name_on_the_screen_are_told_apart(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert (await described(*one)).details["names"] != (await described(*other)).details["names"]


async def test_a_server_that_takes_other_parameters_is_another_model_to_the_cache() -> None:
    infos = [await described(), await described(seed=False)]
    keys = {model_key(EngineInfo("same", info.engine, details=info.details)) for info in infos}
    assert len(keys) == 2


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
    """Return the kind of `response_format` of each request after those that opening takes, which are for one token."""
    bodies: list[Any] = [request.body for request in scripted.requests if "messages" in request.body]
    later = [body for body in bodies if body["max_tokens"] > 1]
    return [body["response_format"]["type"] if "response_format" in body else None for body in later]


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
