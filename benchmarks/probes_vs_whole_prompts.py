"""Probing against a loop that gives the model every prompt whole."""

import random

from benchmarks.careful_user import CarefulUser
from benchmarks.embedded import CONTEXT, Embedded
from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.row import Measured, Row, Settings

SAMPLE = 3
"""Prompts of the loop that are timed per pair; all of them would take minutes each time."""


def measure(settings: Settings) -> Measured:
    """Time a round of ours, and a seeded sample of the loop's prompts, scaled by the count of tokens."""
    with Embedded(settings.model()) as ours:
        user = CarefulUser(settings.model(), CONTEXT)
        probes, all_tokens = ours.round.probes, sum(map(len, ours.paths))

        def whole_prompts(number: int) -> Timing:
            drawn = random.Random(number).sample(probes, SAMPLE)
            timed = user.ask(ours.round.conversation, drawn, whole=True)
            assert timed.tokens
            return Timing(timed.value * all_tokens / timed.tokens, all_tokens)

        ours.score()
        user.ask(ours.round.conversation, probes[:1], whole=True)
        pairs = interleaved(lambda _: ours.score(), whole_prompts, settings.repeats, settings.tell)
        described = ours.settings()
        user.close()
    note = f"baseline: {SAMPLE} of the {len(probes)} prompts are timed per pair (seeded), scaled by the count of tokens"
    return Measured(pairs, described, (note, "both sides warmed up once"))


ROW = Row(
    name="probes-vs-whole-prompts",
    what="24 questions × 2 orders after an 800-token conversation that is already decoded, from request to last result",
    against="a loop of create_chat_completion with log-probabilities, each prompt whole",
    goal=Goal(12, at_least=True, times_faster=True),
    unit="s",
    measure=measure,
)
