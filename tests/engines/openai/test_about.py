"""What is recorded about the model behind a server tells models and ways of asking apart, and names no home."""

import asyncio

import pytest

from chat_personas.answer_cache.keys import model_key
from chat_personas.engines.openai import OpenAIEngine
from eval.engine import EngineInfo
from tests.engines.openai.scripted_server import Request, completion, send_json, serving


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
