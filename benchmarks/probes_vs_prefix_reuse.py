"""Probing against the best that a careful user gets: the same loop with the library's own prefix reuse."""

from benchmarks.careful_user import CarefulUser
from benchmarks.embedded import CONTEXT, Embedded
from benchmarks.figure import Goal, interleaved
from benchmarks.row import Measured, Row, Settings


def measure(settings: Settings) -> Measured:
    """Time a round of ours, and a whole round of the loop, in whose cache the conversation is, too."""
    with Embedded(settings.model()) as ours:
        user = CarefulUser(settings.model(), CONTEXT)
        conversation, probes = ours.round.conversation, ours.round.probes
        ours.score()
        user.ask(conversation, probes[-1:], whole=False)
        pairs = interleaved(
            lambda _: ours.score(),
            lambda _: user.ask(conversation, probes, whole=False),
            settings.repeats,
            settings.tell,
        )
        described = ours.settings()
        user.close()
    return Measured(pairs, described, ("both sides have the conversation in the cache",))


ROW = Row(
    name="probes-vs-prefix-reuse",
    what="24 questions × 2 orders after an 800-token conversation that is already decoded, from request to last result",
    against="the same loop of create_chat_completion with prefix reuse, both orders of a question one after the other",
    goal=Goal(1.2, at_least=True, times_faster=True),
    unit="s",
    measure=measure,
)
