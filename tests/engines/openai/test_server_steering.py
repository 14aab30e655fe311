"""A server adds a direction exactly, or it is said that it cannot: what it ignores never counts as steering.

The stand-in server reads vectors as EasySteer and vLLM-Lens do; see `steering_server`.
"""

import asyncio
import json
import math
from asyncio import StreamWriter
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest

from chat_personas.engines.discreet import DiscreetEngine
from chat_personas.engines.openai import OpenAIEngine
from chat_personas.engines.openai.steering import Extension, with_vectors
from eval.engine import Engine, EngineError, Message, Probe, Sampling
from eval.interventions import Direction, Intervention, InterventionError, InterventionKind, steered, tried_out
from tests.engines.openai.scripted_server import Request, ScriptedServer, completion, send_json, serving
from tests.engines.openai.steering_server import (
    Reader,
    floats,
    nothing,
    read_as_easysteer,
    read_as_vllm_lens,
    taking,
)

BOTH = pytest.mark.parametrize("read", [read_as_easysteer, read_as_vllm_lens])
ASKED = Probe("q", "Which?", ("A", "B", "C"))


def direction(name: str = "party", *, width: int = 4, model_name: str | None = "scripted") -> Direction:
    """Along B in layer 3, where a state has the length 2, and along half A, half C in layer 5, where it has 10."""
    vectors = np.zeros((2, width), dtype=np.float32)
    vectors[0, 1] = 1.0
    vectors[1, 0], vectors[1, 2] = 0.6, 0.8
    return Direction(
        name=name,
        sha256=name,
        model_sha256="f" * 64,
        architecture="llama",
        layers=(3, 5),
        vectors=vectors,
        norms=np.array([2.0, 10.0], dtype=np.float32),
        poles=None,
        best=3,
        model_name=model_name,
    )


def along(strength: float, layers: tuple[int, ...] = (3,), kind: InterventionKind = "add") -> Intervention:
    return Intervention(kind, direction(), layers, strength)


async def shares(engine: Engine) -> list[float]:
    """The probabilities of A, B and C as the engine scores them."""
    async with aclosing(engine.score((), [ASKED])) as scores:
        (score,) = [score async for score in scores]
    assert score.failure is None
    return [math.exp(label.lower) for label in score.labels]


def with_fields(server: ScriptedServer) -> list[Request]:
    """The requests that brought vectors."""
    return [request for request in server.requests if {"steering", "vllm_xargs"} & request.body.keys()]


@BOTH
async def test_a_strength_counts_in_lengths_of_a_state(read: Reader) -> None:
    async with serving(taking(read)) as server:
        engine = await OpenAIEngine.open(server.url)
        under = await tried_out(steered(engine, [along(0.75)]))
        # 0.75 times the length 2 is 1.5, along B: the log-odds 0, -1, -2 become 0, +0.5, -2
        odds = [1.0, math.exp(0.5), math.exp(-2.0)]
        assert await shares(under) == pytest.approx([each / sum(odds) for each in odds], abs=1e-6)
        assert await shares(engine) == pytest.approx([0.66524, 0.24473, 0.09003], abs=1e-5)
        await engine.close()


@BOTH
async def test_several_additions_and_layers_add_up(read: Reader) -> None:
    async with serving(taking(read)) as server:
        engine = await OpenAIEngine.open(server.url)
        under = await tried_out(steered(engine, [along(0.1, (3, 5)), along(-0.3, (5,))]))
        # layer 3: +0.2 along B; layer 5: (0.1 - 0.3) * 10 = -2 along (0.6, 0, 0.8)
        odds = [math.exp(-1.2), math.exp(-0.8), math.exp(-3.6)]
        assert await shares(under) == pytest.approx([each / sum(odds) for each in odds], abs=1e-6)
        await engine.close()


@pytest.mark.parametrize("extension", ["EasySteer", "vLLM-Lens"])
def test_what_is_sent_has_the_strength_in_it_already(extension: Extension) -> None:
    sent = with_vectors(extension, {3: np.array([0.0, 1.5]), 5: np.array([-1.2, 0.25])})
    body = {**sent, "model": "m"}
    if extension == "EasySteer":
        assert read_as_easysteer(body) == {3: (0.0, 1.5), 5: (pytest.approx(-1.2), 0.25)}
        assert body["steering"]["vectors"][0]["scale"] == 1.0
    else:
        (one,) = json.loads(body["vllm_xargs"]["apply_steering_vectors"])
        assert floats(one["activations"]["data"]) == (0.0, 1.5, pytest.approx(-1.2), 0.25)
        assert (one["layer_indices"], one["scale"], one["norm_match"]) == ([3, 5], 1.0, False)


@BOTH
async def test_replies_come_from_the_steered_model_too(read: Reader) -> None:
    async with serving(taking(read)) as server:
        engine = await OpenAIEngine.open(server.url)
        under = steered(engine, [along(0.75)])
        async with aclosing(under.stream([Message("user", "Which?")], Sampling())) as pieces:
            assert "".join([piece.text async for piece in pieces]) == "B"
        assert await under.complete([Message("user", "Which?")], Sampling()) == ["B"]
        assert await engine.complete([Message("user", "Which?")], Sampling()) == ["A"]
        await engine.close()


async def test_prompts_under_different_vectors_share_no_cache_of_a_server_that_does_not_know_them() -> None:
    async with serving(taking(read_as_vllm_lens)) as server:
        engine = await OpenAIEngine.open(server.url)
        for strength in (0.5, 0.75):
            await shares(steered(engine, [along(strength)]))
        await shares(engine)
        *_, half, more, plain = [request.body for request in server.requests if "top_logprobs" in request.body]
        assert half["cache_salt"] != more["cache_salt"]
        assert "cache_salt" not in plain
        await engine.close()


async def test_a_server_that_ignores_vectors_cannot_steer() -> None:
    async with serving(taking(nothing)) as server:
        engine = await OpenAIEngine.open(server.url)
        under = steered(engine, [along(0.5)])
        with pytest.raises(InterventionError, match="does not add the vector of party after layer 3; use a model file"):
            await tried_out(under)
        with pytest.raises(EngineError, match="cannot be steered from inside"):
            await shares(under)
        assert not [request for request in server.requests if request.body.get("stream")]
        await engine.close()


async def test_a_server_that_refuses_vectors_is_quoted() -> None:
    async def refuse(request: Request, writer: StreamWriter) -> None:
        if "steering" in request.body:
            await send_json(writer, 400, {"error": {"message": "SteerVector is not enabled!"}})
        else:
            await taking(nothing)(request, writer)

    async with serving(refuse) as server:
        engine = await OpenAIEngine.open(server.url)
        with pytest.raises(InterventionError, match="SteerVector is not enabled!"):
            await tried_out(steered(engine, [along(0.5)]))
        await engine.close()


async def test_vectors_of_another_width_that_are_silently_left_out_are_noticed() -> None:
    async with serving(taking(read_as_vllm_lens)) as server:
        engine = await OpenAIEngine.open(server.url)
        wide = Intervention("add", direction(width=6), (3,), 0.5)
        with pytest.raises(InterventionError, match="does not add the vector of party after layer 3"):
            await tried_out(steered(engine, [wide]))
        await engine.close()


async def test_a_layer_that_the_server_does_not_have_is_noticed() -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        deep = replace(direction(), layers=(3, 9))
        with pytest.raises(InterventionError, match="does not add the vector of party after layer 9"):
            await tried_out(steered(engine, [Intervention("add", deep, (3, 9), 0.5)]))
        await engine.close()


@pytest.mark.parametrize("first", [0, 1])
async def test_answers_that_change_by_themselves_are_not_taken_for_steering(first: int) -> None:
    told = [first]

    async def drifting(_request: Request, writer: StreamWriter) -> None:
        told[0] += 1
        sure = 0.9 if told[0] % 2 else 0.1
        await send_json(writer, 200, completion("A", [("A", math.log(sure)), ("B", math.log(1 - sure))]))

    async with serving(drifting) as server:
        engine = await OpenAIEngine.open(server.url)
        with pytest.raises(InterventionError, match="its answers change without a vector, too"):
            await tried_out(steered(engine, [along(0.5)]))
        await engine.close()


@pytest.mark.parametrize(("kind", "what"), [("clamp", "set states between poles"), ("ablate", "remove a direction")])
async def test_a_server_is_asked_for_additions_only(kind: InterventionKind, what: str) -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        with pytest.raises(InterventionError, match=f"a server can add a direction, but not {what}"):
            steered(engine, [along(0.5, kind=kind)])
        assert with_fields(server) == []
        await engine.close()


@pytest.mark.parametrize(
    "trained_on",
    ["Scripted", "scripted.Q4_K_M.gguf", "scripted-Q4_1", "organisation/scripted", "scripted.IQ3_XXS", None],
)
async def test_a_direction_is_known_by_the_name_of_its_model(trained_on: str | None) -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        own = Intervention("add", direction(model_name=trained_on), (3,), 0.5)
        assert (await tried_out(steered(engine, [own]))).info.interventions == (own.key,)
        await engine.close()


@pytest.mark.parametrize("trained_on", ["scripted-instruct", "other", "script", "scripted-2"])
async def test_a_direction_of_another_model_is_refused_before_anything_is_sent(trained_on: str) -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        asked = len(server.requests)
        with pytest.raises(InterventionError, match="means nothing in another model"):
            steered(engine, [Intervention("add", direction(model_name=trained_on), (3,), 0.5)])
        assert len(server.requests) == asked
        await engine.close()


async def test_directions_of_different_widths_are_not_of_one_model() -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        wide = Intervention("add", direction(width=6), (5,), 0.5)
        with pytest.raises(InterventionError, match=r"vectors of different widths \(4, 6\)"):
            steered(engine, [along(0.5), wide])
        await engine.close()


async def test_strengths_and_layers_are_checked_as_for_a_model_file() -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        with pytest.raises(InterventionError, match="has no vector for layer 4; it has layers 3, 5"):
            steered(engine, [along(0.5, (4,))])
        with pytest.raises(InterventionError, match="the strength of party is not a number"):
            steered(engine, [along(math.nan)])
        await engine.close()


async def test_a_vector_is_tried_once_for_all_strengths() -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        await tried_out(steered(engine, [along(0.5)]))
        tried = len(server.requests)
        await tried_out(steered(engine, [along(-0.25)]))
        assert len(server.requests) == tried
        await tried_out(steered(engine, [along(0.5, (5,))]))
        assert len(server.requests) > tried
        await engine.close()


async def test_what_is_on_and_how_the_server_takes_it_is_recorded() -> None:
    async with serving(taking(read_as_vllm_lens)) as server:
        engine = await OpenAIEngine.open(server.url)
        assert engine.info.intervention_kinds == ()
        under = await tried_out(steered(engine, [along(0.5)]))
        assert under.info.interventions == (along(0.5).key,)
        assert engine.info.intervention_kinds == under.info.intervention_kinds == ("add",)
        assert under.info.details["vectors"] == "vLLM-Lens"
        assert engine.info.interventions == ()
        assert "vectors" not in engine.info.details
        await engine.close()


async def test_without_interventions_it_is_the_same_engine_and_closing_a_steered_one_leaves_it_open() -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        under = engine.steered([along(0.5)])
        assert under.steered(()) is engine
        await under.close()
        assert (await shares(engine))[0] == pytest.approx(0.66524, abs=1e-5)
        await engine.close()


async def test_a_server_with_a_key_steers_and_does_not_show_it() -> None:
    async def echo(request: Request, writer: StreamWriter) -> None:
        if "steering" in request.body or "vllm_xargs" in request.body:
            await send_json(writer, 400, {"error": {"message": "no vectors for swordfish"}})
        else:
            await taking(nothing)(request, writer)

    async with serving(taking(read_as_easysteer)) as server:
        engine = DiscreetEngine(await OpenAIEngine.open(server.url), frozenset({"swordfish"}))
        under = await tried_out(steered(engine, [along(0.75)]))
        assert (await shares(under))[1] == pytest.approx(math.exp(0.5) / (1 + math.exp(0.5) + math.exp(-2)), abs=1e-6)
        await engine.close()
    async with serving(echo) as server:
        engine = DiscreetEngine(await OpenAIEngine.open(server.url), frozenset({"swordfish"}))
        with pytest.raises(InterventionError, match="no vectors for") as refused:
            await tried_out(steered(engine, [along(0.75)]))
        assert "swordfish" not in str(refused.value)
        await engine.close()


async def test_two_measurements_at_once_try_a_vector_once() -> None:
    async with serving(taking(read_as_easysteer)) as server:
        engine = await OpenAIEngine.open(server.url)
        under = steered(engine, [along(0.75)])
        first, second = await asyncio.gather(shares(under), shares(under))
        assert first == pytest.approx(second)
        # tried twice at one strength and once with zeros, and the two measurements brought theirs
        assert len(with_fields(server)) == 5
        await engine.close()
