"""A message during the very first measurement: answered at once, and nothing that is measured is lost or changed."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from chat_personas.conversation.conversation import Conversation, ReplyEnded
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.context import Batch, Context
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.token_cache import CONVERSATION
from chat_personas.engines.llama.worker import Interrupted
from chat_personas.monitor.monitor import Monitor
from eval.engine import Message, Probe, ProbeScore, Sampling
from eval.surveys.loading import LoadedSurvey
from personas import load_persona
from tests.engines.llama.reference import record, replay
from tests.eval.towns import DEMOCRAT, question, town

TOWN = LoadedSurvey(
    town(*(question(f"Q{number}", {DEMOCRAT: (6, 4)}, overall=(5, 5)) for number in range(30))),
    Path("t.json"),
    "e" * 64,
)
SECONDS = 60.0


class Told(LlamaEngine):
    """Notes every score that comes out."""

    keys: list[str]

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        async for score in super().score(prefix, probes):
            self.keys.append(score.key)
            yield score


class Waiting:
    """Passes everything on to a context, but the `last` decode of probes begins only when it is to be interrupted."""

    def __init__(self, context: Context, last: int) -> None:
        self._context = context
        self._left = last
        self.reached = threading.Event()
        self.interrupted = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._context, name)

    def decode(self, batch: Batch) -> None:
        """Decode, or wait first."""
        if batch.sequences[0] != (CONVERSATION,):
            self._left -= 1
            if self._left == 0:
                self.reached.set()
                wanted = threading.Event()
                while not self._context._flag.is_set():
                    wanted.wait(0.001)
        try:
            self._context.decode(batch)
        except Interrupted:
            self.interrupted = True
            raise


@pytest.fixture
async def told(tiny_path: Path) -> AsyncIterator[Told]:
    """The tiny model in small decodes."""
    opened = await Told.open(tiny_path, threads=1, batch=64, sequences=12)
    assert isinstance(opened, Told)
    opened.keys = []
    yield opened
    await opened.close()


def talk_of(corpus: Corpus, engine: LlamaEngine) -> tuple[Conversation, Monitor]:
    conversation = Conversation.start(corpus, engine, load_persona("democrat"), sampling=Sampling(max_tokens=8, seed=2))
    return conversation, Monitor(engine, TOWN, [DEMOCRAT], corpus=corpus, seconds=1e9)


async def first_round(conversation: Conversation, monitor: Monitor) -> None:
    assert [
        estimate.complete async for estimate in monitor.measure(conversation.context(), None, conversation.id)
    ].pop()


def measured(corpus: Corpus, conversation: Conversation) -> dict[tuple[str, str], tuple[float, ...]]:
    """What every probe of the only round found."""
    (row,) = corpus.measurements(conversation.id)
    assert (row.message_id, row.complete) == (None, True)
    return {(probe.question, probe.option_order): probe.options or () for probe in corpus.probes(row.id)}


async def test_a_message_stops_the_first_measurement_which_keeps_what_it_has_and_goes_on_after_the_reply(
    told: Told, corpus: Corpus, load: Callable[..., Runtime]
) -> None:
    def watch(runtime: Runtime) -> Waiting:
        waiting = Waiting(runtime.context, last=20)
        runtime.memory._context = waiting  # type: ignore[assignment]
        return waiting

    waiting = await told.call(watch)
    calls = await told.call(lambda runtime: record(runtime.memory))
    conversation, monitor = talk_of(corpus, told)
    measuring = asyncio.create_task(first_round(conversation, monitor))
    assert await asyncio.to_thread(waiting.reached.wait, SECONDS)
    while not told.keys:
        await asyncio.sleep(0)
    *_, ended = [event async for event in conversation.send("Well?")]
    assert isinstance(ended, ReplyEnded)
    assert ended.status == "complete"
    assert waiting.interrupted
    await measuring
    await monitor.settle()
    assert len(told.keys) == len(set(told.keys)) == 60, "nothing is asked again"

    def next_logits(runtime: Runtime) -> np.ndarray:
        runtime.memory.extend_conversation([7])
        return runtime.context.logits(runtime.memory.row).copy()

    assert np.array_equal(await told.call(next_logits), replay(load(batch=64, sequences=12).context, calls))

    undisturbed, another = talk_of(corpus, told)
    await first_round(undisturbed, another)
    async for _ in undisturbed.send("Well?"):
        pass
    await another.settle()
    found, wanted = measured(corpus, conversation), measured(corpus, undisturbed)
    assert found.keys() == wanted.keys()
    for key, options in wanted.items():
        assert found[key] == pytest.approx(options, abs=1e-4)
