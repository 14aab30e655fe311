"""With real models: a run that goes on gives the numbers of a run at one stretch, and asks for the rest only."""

import math
from collections.abc import AsyncIterator

import pytest

from chat_personas.engines.cached import AnswerStore, CachedEngine
from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import pocket_path
from eval.engine import ORDERS, Message, ProbeScore, Sampling
from eval.expression.rendering import render
from eval.surveys.loading import load_survey

SYSTEM = [Message("system", "Answer as a Democrat would.")]
PROBES = [render(question, order).probe for question in load_survey("civic").survey.questions[:8] for order in ORDERS]
TOLERANCE = 0.02
"""In log-probability: what is decoded together changes the answers of a quantised model."""


@pytest.fixture
async def model() -> AsyncIterator[LlamaEngine]:
    """The built-in model."""
    engine = await LlamaEngine.open(pocket_path())
    yield engine
    await engine.close()


def remembering(model: LlamaEngine, store: AnswerStore) -> CachedEngine:
    return CachedEngine(model, store, store.begin("c", fresh=False), pytest.fail)


def lower(score: ProbeScore) -> dict[str, float]:
    return {label.label: label.lower for label in score.labels}


async def test_the_embedded_model_goes_on_where_it_was_interrupted(model: LlamaEngine, store: AnswerStore) -> None:
    whole = {score.key: score async for score in model.score(SYSTEM, PROBES)}
    scores, first = remembering(model, store).score(SYSTEM, PROBES), {}
    async for score in scores:
        first[score.key] = score
        if len(first) == 7:
            break
    await scores.aclose()

    resumed = remembering(model, store)
    found = {score.key: score async for score in resumed.score(SYSTEM, PROBES)}
    assert (resumed.stats.remembered, resumed.stats.asked) == (7, 9)
    assert all(found[key].labels == score.labels for key, score in first.items()), "exactly what was answered"
    assert found.keys() == whole.keys()
    for key, score in whole.items():
        assert lower(found[key]) == pytest.approx(lower(score), abs=TOLERANCE)
        assert math.isclose(found[key].label_mass, score.label_mass, abs_tol=TOLERANCE)


async def test_replies_drawn_one_by_one_are_those_drawn_together(model: LlamaEngine, store: AnswerStore) -> None:
    messages, sampling = [*SYSTEM, Message("user", "What about taxes?")], Sampling(seed=7, max_tokens=12)
    together = await model.complete(messages, sampling, 4)
    await remembering(model, store).complete(messages, sampling, 2)
    again = remembering(model, store)
    assert await again.complete(messages, sampling, 4) == together
    assert (again.stats.remembered, again.stats.asked) == (2, 2)
