"""A conversation that is taken up again is read before its next message, and nobody waits for that."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from chat_personas.conversation.conversation import Conversation, ReplyEnded
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.runtime import Runtime
from eval.engine import EngineError, Message, Probe, Sampling
from personas import load_persona
from tests.engines.llama.reference import record, replay
from tests.engines.llama.tiny import write_tiny_model

SHORT = Sampling(max_tokens=8, seed=4)
PROBES = [Probe(str(number), f"Should roads change?\nA. yes\nB. no\n{number}", ("A", "B")) for number in range(5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "roomy.gguf", context=2048)


@pytest.fixture
async def opened(path: Path) -> AsyncIterator[LlamaEngine]:
    """The tiny model in small decodes, so that there is much to interrupt."""
    engine = await LlamaEngine.open(path, threads=1, batch=16)
    yield engine
    await engine.close()


async def left_by_another_program(path: Path, corpus: Corpus) -> str:
    """Hold a conversation of two turns and close the model; return its id."""
    engine = await LlamaEngine.open(path, threads=1)
    conversation = Conversation.start(corpus, engine, load_persona("democrat"), sampling=SHORT)
    for said in ("What about roads?", "Why?"):
        assert [event async for event in conversation.send(said)]
    await engine.close()
    return conversation.id


async def ended(conversation: Conversation, said: str) -> ReplyEnded:
    *_, last = [event async for event in conversation.send(said)]
    assert isinstance(last, ReplyEnded)
    return last


async def test_the_next_reply_of_a_conversation_that_was_read_ahead_reads_its_own_message_only(
    path: Path, opened: LlamaEngine, corpus: Corpus
) -> None:
    resumed = Conversation.resume(corpus, opened, await left_by_another_program(path, corpus), sampling=SHORT)
    await resumed.read_ahead()
    assert len([score async for score in opened.score(resumed.context(), PROBES)]) == len(PROBES)
    usage = (await ended(resumed, "And then?")).usage
    assert usage is not None
    assert usage.prompt_tokens is not None
    assert usage.reused_tokens is not None
    around = len(("<end>", "<user>", "<end>", "<assistant>"))
    assert usage.prompt_tokens - usage.reused_tokens <= len("And then?") + around


async def test_a_measurement_after_it_decodes_nothing_of_the_conversation_again(
    path: Path, opened: LlamaEngine, corpus: Corpus
) -> None:
    resumed = Conversation.resume(corpus, opened, await left_by_another_program(path, corpus), sampling=SHORT)
    cold = sum([score.tokens_decoded async for score in opened.score(resumed.context(), PROBES)])
    await resumed.read_ahead()
    held = await opened.call(lambda runtime: len(runtime.memory.conversation))
    await opened.call(lambda runtime: runtime.memory.drop_spine())
    warm = sum([score.tokens_decoded async for score in opened.score(resumed.context(), PROBES)])
    assert cold - warm in range(held - 3, held + 1), "all of what is held but the mark that a reply would begin with"


async def test_a_message_meanwhile_goes_first_and_its_numbers_are_those_of_the_same_calls_without_it(
    path: Path, opened: LlamaEngine, corpus: Corpus
) -> None:
    resumed = Conversation.resume(corpus, opened, await left_by_another_program(path, corpus), sampling=SHORT)
    calls = await opened.call(lambda runtime: record(runtime.memory))
    for _ in range(20):
        ahead = asyncio.create_task(resumed.read_ahead())
        await asyncio.sleep(0)
        assert (await ended(resumed, "And then?")).status == "complete"
        await ahead
    logits = await opened.call(lambda runtime: runtime.context.logits(runtime.memory.row).copy())
    held = await opened.call(lambda runtime: list(runtime.memory.conversation))
    assert len(held) > 16

    def again(runtime: Runtime) -> np.ndarray:
        runtime.context.cut(0, 0)
        return replay(runtime.context, calls)

    assert np.array_equal(await opened.call(again), logits)


async def test_nothing_is_read_ahead_after_the_reply_that_was_asked_for_meanwhile(opened: LlamaEngine) -> None:
    said = [Message("user", "a long way " * 20)]
    reached, go = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def busy(_: Runtime) -> None:
        loop.call_soon_threadsafe(reached.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result()

    blocking = asyncio.create_task(opened.call(busy))
    await reached.wait()
    ahead = asyncio.create_task(opened.read_ahead(said, SHORT))
    await asyncio.sleep(0)
    replying = asyncio.create_task(anext(aiter(opened.stream([Message("user", "no")], SHORT))))
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(blocking, ahead, replying)
    expected = await opened.call(lambda runtime: list(runtime.prompter.tokens([Message("user", "no")])))
    held = await opened.call(lambda runtime: list(runtime.memory.conversation))
    assert held[: len(expected)] == expected


@pytest.mark.slow
async def test_what_is_too_long_is_left_to_the_reply_to_say(opened: LlamaEngine) -> None:
    await opened.read_ahead([Message("user", "very " * 2000)], SHORT)
    assert await opened.call(lambda runtime: list(runtime.memory.conversation)) == []


@pytest.mark.slow
async def test_a_closed_model_reads_nothing(path: Path) -> None:
    engine = await LlamaEngine.open(path, threads=1)
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await engine.read_ahead([Message("user", "hello")], SHORT)
