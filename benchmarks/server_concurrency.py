"""Probing a server that is slow but bears many requests at once, without being told how many."""

import asyncio
import time

from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.limited_server import limited_server
from benchmarks.row import Measured, Row, Settings
from chat_personas.engines.openai import OpenAIEngine
from chat_personas.settings import ServerSettings
from eval.engine import Message, Probe

PROBES, SECONDS, AT_ONCE = 500, 0.2, 32
PAIRS_PER_REPEAT = 3


def measure(settings: Settings) -> Measured:
    """Time all probes on a newly opened engine, which does not know the server yet."""
    ideal = Timing(PROBES * SECONDS / AT_ONCE)
    with limited_server(SECONDS, AT_ONCE) as url:
        repeats = settings.repeats * PAIRS_PER_REPEAT
        pairs = interleaved(lambda _: asyncio.run(_probe(url)), lambda _: ideal, repeats, settings.tell)
    described = {"probes": PROBES, "seconds to answer": SECONDS, "at once": AT_ONCE}
    note = (
        "the engine is new in each pair, opened outside the clock, and has to find the limit; the baseline is computed"
    )
    return Measured(pairs, described, (note,))


async def _probe(url: str) -> Timing:
    conversation = [Message("system", "You are a Democrat."), Message("user", "Hello."), Message("assistant", "Hi!")]
    probes = [Probe(str(number), f"Question {number}?\nA. Yes\nB. No", ("A", "B")) for number in range(PROBES)]
    engine = await OpenAIEngine.open(url, concurrency=ServerSettings().concurrency)
    try:
        began = time.perf_counter()
        failures = [score.failure async for score in engine.score(conversation, probes) if score.failure]
        seconds = time.perf_counter() - began
    finally:
        await engine.close()
    if failures:
        raise RuntimeError(f"{len(failures)} probes failed: {failures[0]}")
    return Timing(seconds)


ROW = Row(
    name="server-concurrency",
    what=f"{PROBES} probes on a loopback server that answers in 200 ms and allows {AT_ONCE} at once",
    against=f"{PROBES} × {SECONDS} / {AT_ONCE} s",
    goal=Goal(1.15),
    unit="s",
    measure=measure,
)
