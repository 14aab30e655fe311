"""Interventions do to the hidden states what their formulas say, in every layer and every token, and leave no trace."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.context import Batch
from chat_personas.engines.llama.hidden_states.residual_stream import ResidualStream
from chat_personas.engines.llama.hidden_states.steered_contexts import added, intervention_kinds
from chat_personas.engines.llama.hidden_states.steered_contexts import settings as written_under
from chat_personas.engines.llama.runtime import Options, Runtime, load_runtime
from chat_personas.engines.llama.worker import InterruptFlag
from eval.engine import EngineError, Message, Probe, Sampling
from eval.interventions import Direction, Intervention, InterventionError, Interventions
from tests.engines.llama.forward import NumpyModel, write_tiny_gemma
from tests.engines.llama.tiny import write_tiny_model

LAYERS, WIDTH = 3, 64
TOKENS = (5, 99, 100, 200, 77, 150, 51, 12, 230)
CLOSE = 1e-4


def a_direction(seed: int = 7, sha256: str = "d" * 64, **other: object) -> Direction:
    """A random direction of both tiny models, with norms and poles that are easy to compute with."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((LAYERS - 1, WIDTH))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    direction = Direction(
        name="party",
        sha256=sha256,
        model_sha256=None,
        architecture="unknown",
        layers=(1, 2),
        vectors=vectors.astype(np.float32),
        norms=np.array([2.0, 4.0], dtype=np.float32),
        poles=np.array([[-1.0, 3.0], [0.5, 1.5]], dtype=np.float32),
        best=1,
    )
    return replace(direction, **other)  # type: ignore[arg-type]


def vector(direction: Direction, layer: int) -> NDArray[np.float64]:
    """The unit vector of a layer, in double precision."""
    return direction.vectors[direction.layers.index(layer)].astype(np.float64)


@pytest.fixture(scope="module", params=["llama", "gemma3"])
def model_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model of either architecture."""
    path = tmp_path_factory.mktemp("model") / f"{request.param}.gguf"
    return write_tiny_model(path, layers=LAYERS) if request.param == "llama" else write_tiny_gemma(path, layers=LAYERS)


@pytest.fixture(scope="module")
def runtime(model_path: Path) -> Iterator[Runtime]:
    loaded = load_runtime(model_path, Options(threads=1), InterruptFlag())
    yield loaded
    loaded.close()


def computed(
    runtime: Runtime, interventions: Interventions, tokens: Sequence[int] = TOKENS
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """What llama.cpp computes in an empty cache: the logits after each token, and the states after each layer.

    The states are read in a context that hears of them, which computes the same logits.
    """
    shape = runtime.model.shape
    wanted = {f"l_out-{layer}" for layer in range(LAYERS)}
    stream = ResidualStream(shape.width, written_under(interventions, shape), wanted)
    hearing = runtime.steered.make(stream)
    hearing.add(added(interventions, shape))
    found = []
    for context in (runtime.under(interventions).context, hearing):
        context.cut(0, 0)
        context.decode(Batch(tokens, range(len(tokens)), [(0,)] * len(tokens), [True] * len(tokens)))
        found.append(np.stack([context.logits(row) for row in range(len(tokens))]))
        context.cut(0, 0)
    hearing.close()
    np.testing.assert_allclose(found[0], found[1], atol=CLOSE)
    return found[0], dict(stream.states)


def assert_computes(
    runtime: Runtime, model_path: Path, interventions: Interventions, **changes: Callable[..., NDArray[np.float64]]
) -> None:
    """The program and plain numpy agree, in logits and in the states of every layer and token."""
    logits, states = computed(runtime, interventions)
    expected, expected_states = NumpyModel(model_path).forward(TOKENS, **changes)  # type: ignore[arg-type]
    np.testing.assert_allclose(logits, expected, atol=CLOSE)
    assert set(states) == set(expected_states)
    for name, of_layer in expected_states.items():
        np.testing.assert_allclose(states[name], of_layer, atol=CLOSE, err_msg=name)


def test_without_interventions_the_logits_are_those_of_plain_numpy(runtime: Runtime, model_path: Path) -> None:
    logits, _ = computed(runtime, ())
    expected, _ = NumpyModel(model_path).forward(TOKENS)
    np.testing.assert_allclose(logits, expected, atol=CLOSE)


def test_adding_moves_the_state_by_strength_times_typical_norm(runtime: Runtime, model_path: Path) -> None:
    direction = a_direction()
    steps = {1: 1.5 * 2.0 * vector(direction, 1), 2: 1.5 * 4.0 * vector(direction, 2)}
    assert_computes(
        runtime,
        model_path,
        [Intervention("add", direction, (1, 2), 1.5)],
        after=lambda layer, h: h + steps.get(layer, 0.0),
    )


def test_two_directions_add_up(runtime: Runtime, model_path: Path) -> None:
    one, other = a_direction(1, "1" * 64), a_direction(2, "2" * 64)
    step = 0.5 * 2.0 * vector(one, 1) - 2.0 * 2.0 * vector(other, 1)
    assert_computes(
        runtime,
        model_path,
        [Intervention("add", one, (1,), 0.5), Intervention("add", other, (1,), -2.0)],
        after=lambda layer, h: h + step if layer == 1 else h,
    )


def test_clamping_sets_the_component_between_the_poles(runtime: Runtime, model_path: Path) -> None:
    direction = a_direction()
    r, component = vector(direction, 1), -1.0 + 0.75 * (3.0 - -1.0)
    assert_computes(
        runtime,
        model_path,
        [Intervention("clamp", direction, (1,), 0.75)],
        after=lambda layer, h: h + np.outer(component - h @ r, r) if layer == 1 else h,
    )


def test_ablating_takes_the_direction_out_of_whatever_is_written(runtime: Runtime, model_path: Path) -> None:
    direction = a_direction()
    r = vector(direction, 2)
    removed = [Intervention("ablate", direction, (2,))]
    assert_computes(runtime, model_path, removed, write=lambda written: written - np.outer(written @ r, r))
    _, states = computed(runtime, removed)
    for name, of_layer in states.items():
        assert np.abs(of_layer.astype(np.float64) @ r).max() < 1e-5, name


def test_of_several_ablations_each_takes_its_whole_direction_out(runtime: Runtime, model_path: Path) -> None:
    """The vectors are not at right angles, and one of them is there twice."""
    one, other = a_direction(1, "1" * 64), a_direction(2, "2" * 64)
    other = replace(other, vectors=((lean := other.vectors + one.vectors) / np.linalg.norm(lean, axis=1)[:, None]))
    removed = [Intervention("ablate", each, (1,)) for each in (one, other, replace(one, sha256="3" * 64))]
    plane = np.linalg.qr(np.stack([vector(one, 1), vector(other, 1)], axis=1))[0]
    assert_computes(runtime, model_path, removed, write=lambda written: written - written @ plane @ plane.T)
    _, states = computed(runtime, removed)
    for name, of_layer in states.items():
        for each in (one, other):
            assert np.abs(of_layer.astype(np.float64) @ vector(each, 1)).max() < 1e-5, name


def test_without_them_again_the_logits_are_bit_for_bit_those_of_before(runtime: Runtime) -> None:
    before, _ = computed(runtime, ())
    direction = a_direction()
    for kind in ("add", "clamp", "ablate"):
        changed, _ = computed(runtime, [Intervention(kind, direction, (1,), 0.0 if kind == "ablate" else 2.0)])
        assert np.abs(changed - before).max() > 0.01
        np.testing.assert_array_equal(computed(runtime, ())[0], before)


def test_a_setting_that_is_turned_back_to_finds_its_conversation_decoded(runtime: Runtime) -> None:
    one, other = ([Intervention("add", a_direction(), (1,), strength)] for strength in (1.0, 2.0))
    for interventions in (one, other, (), one):
        runtime.under(interventions).memory.set_conversation(TOKENS)
    assert runtime.under(other).memory.conversation == list(TOKENS)
    assert runtime.under(one).memory.set_conversation((*TOKENS, 8)) == len(TOKENS)


def test_only_two_settings_are_kept_beside_the_model_without_any(runtime: Runtime) -> None:
    for strength in (1.0, 2.0, 3.0):
        runtime.under([Intervention("add", a_direction(), (1,), strength)]).memory.set_conversation(TOKENS)
    assert runtime.under([Intervention("add", a_direction(), (1,), 1.0)]).memory.conversation == []


SETTINGS: dict[str, list[Intervention]] = {
    "none": [],
    "add": [Intervention("add", a_direction(), (1, 2), 1.0)],
    "clamp": [Intervention("clamp", a_direction(), (1,), 1.0)],
    "ablate": [Intervention("ablate", a_direction(), (1,))],
    "both": [Intervention("add", a_direction(), (1,), -1.0), Intervention("ablate", a_direction(3, "3" * 64), (2,))],
}
PROBES = [Probe(f"q{n}", f"Question {n}? Answer A or B.", ("A", "B")) for n in range(3)]
MESSAGES = [Message("user", "Hello there, people!")]
TALKS = {
    "begun": MESSAGES,
    "longer": [*MESSAGES, Message("assistant", "Hello."), Message("user", "What should people do?")],
    "other": [Message("user", "Hello, government.")],
}
"""Conversations that share all, some, or hardly any of what is decoded."""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[LlamaEngine]:
    path = write_tiny_model(tmp_path / "tiny.gguf", layers=LAYERS)
    opened = await LlamaEngine.open(path, threads=1, tried=True)
    yield opened
    await opened.close()


async def replied(engine: LlamaEngine, pieces: int | None = None, talk: Sequence[Message] = MESSAGES) -> str:
    """The reply of a greedy model, or its first pieces: then it is stopped."""
    said = ""
    async with aclosing(engine.stream(talk, Sampling(temperature=0, max_tokens=8))) as stream:
        async for piece in stream:
            said += piece.text
            if pieces is not None and len(said) >= pieces:
                break
    return said


async def scored(engine: LlamaEngine, talk: Sequence[Message] = MESSAGES) -> list[tuple[float, ...]]:
    """The log-probabilities of all probes, by key."""
    async with aclosing(engine.score(talk, PROBES)) as scores:
        found = {score.key: tuple(label.lower for label in score.labels) async for score in scores}
    return [found[probe.key] for probe in PROBES]


def test_interleaved_settings_never_mix_their_states(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=LAYERS)
    doings = ["reply", "score", "reply stopped", "score stopped"]
    steps = st.tuples(st.sampled_from(sorted(SETTINGS)), st.sampled_from(doings), st.sampled_from(sorted(TALKS)))

    async def alone(name: str, talk: str) -> tuple[str, list[tuple[float, ...]]]:
        opened = await LlamaEngine.open(path, threads=1, tried=True)
        under = opened.steered(SETTINGS[name])
        found = await replied(under, talk=TALKS[talk]), await scored(under, TALKS[talk])
        await opened.close()
        return found

    async def run(drawn: Sequence[tuple[str, str, str]]) -> None:
        opened = await LlamaEngine.open(path, threads=1, tried=True)
        try:
            for name, what, talk in drawn:
                under, said = opened.steered(SETTINGS[name]), TALKS[talk]
                if what == "reply stopped":
                    await replied(under, pieces=1, talk=said)
                elif what == "score stopped":
                    async with aclosing(under.score(said, PROBES)) as scores:
                        await anext(scores)
                elif what == "reply":
                    assert await replied(under, talk=said) == expected[name, talk][0]
                else:
                    np.testing.assert_allclose(await scored(under, said), expected[name, talk][1], atol=CLOSE)
        finally:
            await opened.close()

    expected = {(name, talk): asyncio.run(alone(name, talk)) for name in SETTINGS for talk in TALKS}
    apart = [np.array(scores) for _, scores in expected.values()]
    assert all(np.abs(one - other).max() > 0.01 for n, one in enumerate(apart) for other in apart[:n])

    @settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(steps, min_size=2, max_size=8))
    def check(drawn: list[tuple[str, str, str]]) -> None:
        asyncio.run(run(drawn))

    check()


async def test_what_an_engine_says_of_itself_names_its_interventions(engine: LlamaEngine) -> None:
    under = engine.steered(SETTINGS["add"])
    assert under.info == replace(engine.info, interventions=(SETTINGS["add"][0].key,))
    assert engine.info.interventions == ()


async def test_closing_a_steered_engine_leaves_the_model_open(engine: LlamaEngine) -> None:
    await engine.steered(SETTINGS["add"]).close()
    assert len(await scored(engine)) == len(PROBES)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Intervention("add", a_direction(model_sha256="0" * 64), (1,), 1.0), "was trained on another model"),
        (Intervention("add", a_direction(architecture="qwen3"), (1,), 1.0), 'for models of the architecture "qwen3"'),
        (Intervention("add", a_direction(vectors=np.ones((2, 32), np.float32)), (1,), 1.0), "vectors of 32 numbers"),
        (Intervention("add", a_direction(layers=(1, 3)), (1,), 1.0), "the last layer of this model is 2"),
        (Intervention("add", a_direction(), (1, 5), 1.0), "has no vector for layer 5; it has layers 1 to 2"),
        (Intervention("add", a_direction(), (1,), float("nan")), "is not a number"),
        (Intervention("clamp", a_direction(poles=None), (1,), 1.0), "has no poles"),
    ],
)
async def test_what_does_not_fit_is_refused_in_one_line(engine: LlamaEngine, wrong: Intervention, said: str) -> None:
    with pytest.raises(InterventionError, match=said) as raised:
        engine.steered([wrong])
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2


async def test_a_direction_is_not_removed_by_halves(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "tiny.gguf", layers=LAYERS)
    opened = await LlamaEngine.open(path, threads=1, tried=True)
    opened.shape = replace(opened.shape, architecture="phi3")
    try:
        with pytest.raises(EngineError, match="does not name all of its hidden states"):
            opened.steered(SETTINGS["ablate"])
    finally:
        await opened.close()


def test_the_tiny_models_are_what_the_tests_take_them_for(model_path: Path) -> None:
    shared = not any(tensor.name == "output.weight" for tensor in gguf.GGUFReader(model_path).tensors)
    assert shared == (model_path.stem == "gemma3")


def test_what_is_possible_is_said_by_architecture(runtime: Runtime, model_path: Path) -> None:
    assert runtime.describe(model_path, None, None).intervention_kinds == ("add", "clamp", "ablate")
    assert intervention_kinds("phi3") == ("add", "clamp")
