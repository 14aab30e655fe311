"""What steering costs, against a softmax in plain numpy: how far the next words move, and how likely a reply is."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chat_personas.engines.llama import LlamaEngine
from eval.engine import Message, Probe
from eval.interventions import Intervention
from eval.states import Opening
from tests.engines.llama.forward import NumpyModel
from tests.engines.llama.test_interventions import LAYERS, a_direction, vector
from tests.engines.llama.tiny import write_tiny_model

QUESTION = (Message("user", "What about the people?"),)
PROMPTED = (Message("system", "You are somebody."), *QUESTION)
TEXT = "more should be done by the government"
CLOSE = 1e-4
LONG = " ".join([TEXT] * 9)
"""Longer than the batches of the engine below."""


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=LAYERS)


@pytest.fixture
async def engine(model_path: Path) -> AsyncIterator[LlamaEngine]:
    opened = await LlamaEngine.open(model_path, threads=1, batch=32, sequences=16)
    yield opened
    await opened.close()


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-probabilities of each row: x - log Σ exp(x)."""
    largest = logits.max(1, keepdims=True)
    found: NDArray[np.float64] = logits - largest - np.log(np.exp(logits - largest).sum(1, keepdims=True))
    return found


async def tokens(engine: LlamaEngine, messages: Sequence[Message], text: str) -> tuple[list[int], int]:
    """The tokens of a conversation with the beginning of its reply, and how many of them are the reply's."""

    def of_both(runtime: object) -> tuple[list[int], int]:
        prompter = runtime.prompter  # type: ignore[attr-defined]
        reply = prompter.reply_tokens(text)
        return [*prompter.tokens(messages), *reply], len(reply)

    return await engine.call(of_both)


@pytest.mark.parametrize("text", [TEXT, LONG])
async def test_the_divergence_is_that_of_the_next_words_after_each_token_of_the_text(
    engine: LlamaEngine, model_path: Path, text: str
) -> None:
    direction = a_direction()
    step = 0.5 * 2.0 * vector(direction, 1)
    read, replied = await tokens(engine, QUESTION, text)
    model = NumpyModel(model_path)
    before = log_softmax(model.forward(read)[0][-replied:])
    after = log_softmax(model.forward(read, after=lambda layer, h: h + step if layer == 1 else h)[0][-replied:])
    expected = (np.exp(before) * (before - after)).sum(1).mean()
    assert expected > 100 * CLOSE

    opening = [Opening(QUESTION, text)]
    moved = await engine.steered([Intervention("add", direction, (1,), 0.5)]).divergence(opening, opening)
    assert moved == pytest.approx([expected], abs=CLOSE)
    assert await engine.divergence(opening, opening) == pytest.approx([0.0], abs=1e-9)


async def test_the_divergence_of_a_prompt_is_that_of_the_same_text_after_it(
    engine: LlamaEngine, model_path: Path
) -> None:
    model, found = NumpyModel(model_path), []
    for messages in (QUESTION, PROMPTED):
        read, replied = await tokens(engine, messages, TEXT)
        found.append(log_softmax(model.forward(read)[0][-replied:]))
    before, after = found
    expected = (np.exp(before) * (before - after)).sum(1).mean()
    assert expected > 100 * CLOSE
    moved = await engine.divergence([Opening(QUESTION, TEXT)] * 2, [Opening(PROMPTED, TEXT), Opening(QUESTION, TEXT)])
    assert moved == pytest.approx([expected, 0.0], abs=CLOSE)


async def test_the_log_likelihood_of_a_reply_is_the_mean_over_its_tokens(engine: LlamaEngine, model_path: Path) -> None:
    read, replied = await tokens(engine, QUESTION, TEXT)
    likely = log_softmax(NumpyModel(model_path).forward(read)[0])
    expected = np.mean([likely[place - 1, read[place]] for place in range(len(read) - replied, len(read))])
    probe = Probe("reply", QUESTION[0].content, (TEXT,), texts=True)
    (score,) = [score async for score in engine.score((), [probe])]
    assert score.labels[0].lower == pytest.approx(expected, abs=CLOSE)
