"""Thousands of random interleavings of all that can happen, and after each: the same bits as if nothing had."""

import asyncio
import contextlib
import gc
import logging
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.process_memory import resident
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.runtime import Runtime
from chat_personas.engines.llama.worker import InterruptFlag, Job
from eval.engine import EngineError, Message, Probe, Sampling
from tests.engines.llama.reference import Call, held_by, record, replay

TOPICS = ("guns", "roads", "schools", "the government", "more people", "taxes")
MEBIBYTES_OF_CHANCE = 8
"""What the process may grow by without a leak: caches that fill up, and the allocators' slack."""


class Person:
    """Does something at random: talks, stops a reply, edits, goes to another branch, starts anew, measures, leaves."""

    def __init__(self, engine: LlamaEngine, seed: int) -> None:
        self.engine = engine
        self.random = random.Random(seed)
        self.messages = [Message("system", "You are somebody.")]
        self.left: list[list[Message]] = []
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
            self.branch,
            self.answer,
        )
        await self.random.choice(actions)()

    async def talk(self) -> None:
        """Say something and read all of the reply, or a part."""
        self.messages.append(Message("user", f"What about {self.random.choice(TOPICS)}?"))
        patience = self.random.choice((0, 1, 5, 1000))
        text = ""
        sampling = Sampling(max_tokens=self.random.randrange(1, 40), seed=self.random.randrange(99))
        async with contextlib.aclosing(self.engine.stream(self.messages, sampling)) as stream:
            async for piece in stream:
                text += piece.text
                patience -= 1
                if patience < 0:
                    break
        self.messages.append(Message("assistant", text))

    async def edit(self) -> None:
        """Go back to an earlier turn, or begin anew."""
        self.left.append(self.messages[:])
        turns = self.random.randrange(0, len(self.messages) // 2 + 1)
        self.messages = self.messages[: 1 + 2 * turns]

    async def branch(self) -> None:
        """Go on where another branch was left."""
        if self.left:
            self.left.append(self.messages)
            self.messages = self.left.pop(self.random.randrange(len(self.left)))[:]

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


class Witness:
    """Knows what is done to the conversation of an engine, and does the same in a context that is never probed."""

    def __init__(self, engine: LlamaEngine, unprobed: Runtime, calls: list[Call]) -> None:
        self._engine = engine
        self._unprobed = unprobed
        self._calls = calls

    @classmethod
    async def of(cls, engine: LlamaEngine, unprobed: Runtime) -> "Witness":
        """Watch `engine` from now on."""
        return cls(engine, unprobed, await engine.call(lambda runtime: record(runtime.memory)))

    async def compare(self) -> None:
        """Compare the next logits bit for bit, and see that no branch is left; then empty both caches."""
        probed = await self._engine.call(self._next_logits)
        wanted = replay(self._unprobed.context, self._calls)
        await self._engine.call(self._forget)
        self._unprobed.context.cut(0, 0)
        self._calls.clear()
        assert np.array_equal(probed, wanted)

    @staticmethod
    def _next_logits(runtime: Runtime) -> NDArray[np.float32]:
        memory, context = runtime.memory, runtime.context
        memory.extend_conversation([7])
        assert memory.spine == []
        held = [held_by(context, sequence) for sequence in range(context.size.sequences)]
        assert held == [len(memory.conversation)] + [0] * (len(held) - 1)
        return context.logits(memory.row).copy()

    @staticmethod
    def _forget(runtime: Runtime) -> None:
        runtime.context.cut(0, 0)
        runtime.memory.conversation.clear()


async def interleave(engine: LlamaEngine, witness: Witness, seed: int, actions: int) -> None:
    """Act at random, then compare the conversation's next logits with those of a context that was never probed."""
    person = Person(engine, seed)
    for _ in range(actions):
        await person.act()
    await person.talk()
    await person.finish()
    await witness.compare()


async def test_an_interleaving_leaves_the_conversation_bit_for_bit_as_if_never_probed(
    engine: LlamaEngine, load: Callable[..., Runtime]
) -> None:
    witness = await Witness.of(engine, load())
    await interleave(engine, witness, seed=1, actions=20)
    await interleave(engine, witness, seed=2, actions=5)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(10))
async def test_of_hundreds_of_interleavings_each_leaves_the_same_bits_and_all_together_leave_nothing_behind(
    tiny_path: Path, load: Callable[..., Runtime], caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """Ten times 250, in decodes so small that most of what is measured is interrupted somewhere."""
    caplog.set_level(logging.CRITICAL, "chat_personas.llama_cpp")  # a line for every abort would pile up in memory
    before = set(threading.enumerate())
    engine = await LlamaEngine.open(tiny_path, threads=1, batch=48, sequences=12)
    witness = await Witness.of(engine, load(batch=48, sequences=12))
    sizes = random.Random(seed)
    for number in range(50):
        await interleave(engine, witness, seed * 1000 + number, sizes.randrange(1, 9))
    threads, grown = threading.active_count(), -resident(os.getpid())
    for number in range(50, 250):
        await interleave(engine, witness, seed * 1000 + number, sizes.randrange(1, 9))
    gc.collect()
    grown += resident(os.getpid())
    assert grown < MEBIBYTES_OF_CHANCE
    assert threading.active_count() == threads
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert sum(isinstance(found, Job) for found in gc.get_objects()) <= 1, "only the last one is still held"
    assert engine._worker._queue == []
    await engine.close()
    assert not {thread.name for thread in set(threading.enumerate()) - before if thread.name == "llama"}


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
