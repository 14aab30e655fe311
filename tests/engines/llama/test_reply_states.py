"""The states along a reply are those of a forward pass in plain numpy, and reading them leaves no trace."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.runtime import Runtime
from eval.engine import Message, RequestError, Sampling
from eval.interventions import Intervention
from eval.states import Opening, ReadsReplies
from tests.engines.llama.forward import NumpyModel
from tests.engines.llama.test_interventions import CLOSE, LAYERS, a_direction, vector
from tests.engines.llama.tiny import write_tiny_model

ASKED = (Message("user", "What should the government do?"),)
REPLY = "people and more people!"
ADD = [Intervention("add", a_direction(), (1,), 1.5)]
SAMPLING = Sampling(max_tokens=6, seed=1)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=LAYERS)


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[LlamaEngine]:
    opened = await LlamaEngine.open(path, threads=1, batch=5)  # prompt and reply take several decodes
    yield opened
    await opened.close()


def tokens_of(runtime: Runtime) -> tuple[tuple[int, ...], int]:
    """The tokens of question and reply, and how many of them are the reply's."""
    reply = runtime.prompter.reply_tokens(REPLY)
    return (*runtime.prompter.tokens(ASKED), *reply), len(reply)


@pytest.mark.parametrize("layer", range(LAYERS))
@pytest.mark.parametrize("under", ["nothing", "add"])
async def test_they_are_those_of_plain_numpy(engine: LlamaEngine, path: Path, layer: int, under: str) -> None:
    tokens, length = await engine.call(tokens_of)
    assert length > 5
    step = 1.5 * 2.0 * vector(a_direction(), 1)
    changes = {"after": lambda at, h: h + step if at == 1 else h} if under == "add" else {}
    _, expected = NumpyModel(path).forward(tokens, **changes)  # type: ignore[arg-type]
    steered = engine.steered(ADD) if under == "add" else engine
    found = await steered.reply_states(Opening(ASKED, REPLY), layer)
    np.testing.assert_allclose(found, expected[f"l_out-{layer}"][-length:], atol=CLOSE)


async def test_reading_changes_no_bit_of_the_conversation(path: Path) -> None:
    async def logits(read: bool) -> np.ndarray:
        opened = await LlamaEngine.open(path, threads=1, tried=True)
        steered = opened.steered(ADD)
        async with aclosing(steered.stream(ASKED, SAMPLING)) as pieces:
            said = "".join([piece.text async for piece in pieces])
        if read:
            await steered.reply_states(Opening(ASKED, said), 1)
        again = (*ASKED, Message("assistant", said), Message("user", "Why?"))
        await steered.read_ahead(again, SAMPLING)

        def last(runtime: Runtime) -> np.ndarray:
            under = runtime.under(ADD)
            return np.array(under.context.logits(under.memory.row))

        found = await opened.call(last)
        await opened.close()
        return found

    assert np.array_equal(await logits(read=True), await logits(read=False))


async def test_what_cannot_be_read_is_refused_in_one_line(engine: LlamaEngine) -> None:
    with pytest.raises(RequestError, match="an empty reply has no states"):
        await engine.reply_states(Opening(ASKED), 1)
    with pytest.raises(RequestError, match="is too long for the context"):
        await engine.reply_states(Opening(ASKED, "people " * 600), 1)
    assert isinstance(engine, ReadsReplies)
