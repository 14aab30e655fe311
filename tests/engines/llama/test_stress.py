"""Hundreds of random interleavings of all that can happen, and then: the same bits as if nothing had."""

import asyncio
import contextlib
import random

import numpy as np
import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.interrupt import InterruptFlag
from chat_personas.engines.llama.runtime import Runtime
from eval.engine import EngineError, Message, Probe, Sampling
from tests.engines.llama.reference import record, replay

TOPICS = ("guns", "roads", "schools", "the government", "more people", "taxes")


class Person:
    """Does something at random: says something, stops a reply, edits, starts anew, measures, walks away."""

    def __init__(self, engine: LlamaEngine, seed: int) -> None:
        self.engine = engine
        self.random = random.Random(seed)
        self.messages = [Message("system", "You are somebody.")]
        self.measuring: list[asyncio.Task[None]] = []

    async def act(self) -> None:
        """Take one of the actions."""
        actions = (
            self.talk,
            self.talk,
            self.talk,
            self.measure,
            self.measure,
            self.stop_measuring,
            self.edit,
            self.answer,
        )
        await self.random.choice(actions)()

    async def talk(self) -> None:
        """Say something and read all of the reply, or a part."""
        self.messages.append(Message("user", f"What about {self.random.choice(TOPICS)}?"))
        patience = self.random.choice((0, 1, 5, 1000))
        text = ""
        sampling = Sampling(max_tokens=self.random.randrange(1, 40), seed=self.random.randrange(99))
        async with contextlib.aclosing(self.engine.stream(self.messages, sampling)) as stream:  # type: ignore[type-var]
            async for piece in stream:
                text += piece.text
                patience -= 1
                if patience < 0:
                    break
        self.messages.append(Message("assistant", text))

    async def edit(self) -> None:
        """Go back to an earlier turn, or begin anew."""
        turns = self.random.randrange(0, len(self.messages) // 2 + 1)
        self.messages = self.messages[: 1 + 2 * turns]

    async def measure(self) -> None:
        """Begin to measure, after the conversation or as somebody else."""
        prefix = self.random.choice((self.messages[:], [Message("system", "You are another.")], []))
        probes = [
            Probe(str(number), f"Should {self.random.choice(TOPICS)} change?\nA. yes\nB. no\n{number}", ("A", "B"))
            for number in range(self.random.randrange(1, 40))
        ]
        self.measuring.append(asyncio.create_task(self._score(prefix, probes)))
        await asyncio.sleep(self.random.choice((0, 0.001, 0.01)))

    async def _score(self, prefix: list[Message], probes: list[Probe]) -> None:
        scores = [score async for score in self.engine.score(prefix, probes)]
        assert sorted(score.key for score in scores) == sorted(probe.key for probe in probes)
        assert all(score.failure is None and 0 < score.label_mass < 1 for score in scores)

    async def stop_measuring(self) -> None:
        """Lose interest in a measurement."""
        if self.measuring:
            self.random.choice(self.measuring).cancel()

    async def answer(self) -> None:
        """Ask for whole replies out of band."""
        sampling = Sampling(max_tokens=5, seed=3)
        assert len(await self.engine.complete([Message("user", "Hello")], sampling, n=2)) == 2

    async def finish(self) -> None:
        """Wait for what still runs."""
        for result in await asyncio.gather(*self.measuring, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError), result


async def interleave(engine: LlamaEngine, seed: int, actions: int) -> None:
    """Act at random, then compare the conversation's next logits with those of a context that was never probed."""
    calls = await engine.call(lambda runtime: record(runtime.memory))
    person = Person(engine, seed)
    for _ in range(actions):
        await person.act()
    await person.talk()
    await person.finish()

    def compare(runtime: Runtime) -> bool:
        runtime.memory.extend_conversation([7])
        probed = runtime.context.logits(runtime.memory.row).copy()
        assert [runtime.context.held(sequence) for sequence in range(1, 64)] == [0] * 63
        for sequence in range(64):
            runtime.context.cut(sequence, 0)
        return bool(np.array_equal(probed, replay(runtime.context, calls)))

    assert await engine.call(compare)


async def test_a_short_interleaving_leaves_the_conversation_bit_for_bit_as_if_never_probed(engine: LlamaEngine) -> None:
    await interleave(engine, seed=1, actions=25)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(10))
async def test_any_interleaving_leaves_the_conversation_bit_for_bit_as_if_never_probed(
    engine: LlamaEngine, seed: int
) -> None:
    await interleave(engine, seed=100 + seed, actions=60)


async def test_closing_in_the_middle_of_everything_ends_in_order(engine: LlamaEngine) -> None:
    person = Person(engine, 5)
    for _ in range(10):
        await person.act()
    await person.measure()
    await engine.close()
    for result in await asyncio.gather(*person.measuring, return_exceptions=True):
        assert result is None or isinstance(result, asyncio.CancelledError | EngineError)


def test_a_flag_is_its_own() -> None:
    one, other = InterruptFlag(), InterruptFlag()
    one.set()
    assert not other.is_set()
