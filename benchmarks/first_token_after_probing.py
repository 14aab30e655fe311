"""Time to first token of the turn that follows a round of probes."""

from benchmarks.embedded import Embedded
from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.first_token_while_probing import PAIRS_PER_REPEAT, first_token
from benchmarks.row import Measured, Row, Settings

QUESTIONS = 6
"""Questions in a round here: what it leaves behind does not depend on how many there were."""


def measure(settings: Settings) -> Measured:
    """Time first tokens right after a whole round, and without one."""
    with Embedded(settings.model(), QUESTIONS) as ours:

        def after(_: int) -> Timing:
            ours.score()
            return ours.run(first_token(ours))

        def quiet(_: int) -> Timing:
            ours.restore()
            return ours.run(first_token(ours))

        quiet(0)
        pairs = interleaved(after, quiet, settings.repeats * PAIRS_PER_REPEAT, settings.tell)
        described = ours.settings()
    return Measured(pairs, described)


ROW = Row(
    name="first-token-after-probing",
    what="time to first token of the next turn after a round of probes",
    against="the same with no probing before it",
    goal=Goal(1.05),
    unit="s",
    measure=measure,
)
