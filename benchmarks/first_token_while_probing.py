"""Time to first token of a reply that is asked for in the middle of a round of probes."""

import asyncio
import random

from benchmarks.embedded import Embedded, first_piece
from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.row import Measured, Row, Settings
from eval.engine import Message, Sampling

QUESTION = Message("user", "And what would you say to somebody who sees it the other way?")
SAMPLING = Sampling(max_tokens=2, seed=1)
PAIRS_PER_REPEAT = 3


def measure(settings: Settings) -> Measured:
    """Time first tokens with a round under way, interrupted at a seeded moment, and without one."""
    with Embedded(settings.model()) as ours:

        def probing(number: int) -> Timing:
            ours.restore()
            return ours.run(_while_probing(ours, random.Random(number)))

        def quiet(_: int) -> Timing:
            ours.restore()
            return ours.run(first_token(ours))

        quiet(0)
        pairs = interleaved(probing, quiet, settings.repeats * PAIRS_PER_REPEAT, settings.tell)
        described = ours.settings()
    return Measured(pairs, described, ("the request comes up to half a second after one of the first results, seeded",))


async def _while_probing(ours: Embedded, chance: random.Random) -> Timing:
    wanted, seen = chance.randrange(1, 12), asyncio.Event()

    async def probe() -> None:
        count = 0
        async for _ in ours.engine.score(ours.round.conversation, ours.round.probes):
            count += 1
            if count == wanted:
                seen.set()

    probing = asyncio.create_task(probe())
    await seen.wait()
    await asyncio.sleep(chance.uniform(0.0, 0.5))
    timing = await first_token(ours)
    if probing.done():
        raise RuntimeError("the round was over before the reply was asked for; use a larger model")
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    return timing


async def first_token(ours: Embedded) -> Timing:
    seconds, last = await first_piece(ours.engine, [*ours.round.conversation, QUESTION], SAMPLING)
    assert last.usage is not None
    return Timing(seconds, (last.usage.prompt_tokens or 0) - (last.usage.reused_tokens or 0))


ROW = Row(
    name="first-token-while-probing",
    what="time to first token while a round of probes runs",
    against="the same with no probes",
    goal=Goal(1.10, allowance=0.050, also="plus 50 ms"),
    unit="s",
    measure=measure,
)
