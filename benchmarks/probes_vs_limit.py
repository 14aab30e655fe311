"""Probing against the machine's limit: as many distinct tokens, decoded plainly."""

from benchmarks.embedded import Embedded
from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.plain_decode import PlainDecode
from benchmarks.row import Measured, Row, Settings

NOTE = (
    "the limit decodes as many tokens as ours did, in batches of the same size in one plain sequence, each batch right "
    "after the conversation: at the depth of the probes, so that attention costs the same; one row of logits per batch"
)


def measure(settings: Settings) -> Measured:
    """Time a round of ours, and plain decodes of as many tokens in the same context."""
    with Embedded(settings.model()) as ours:
        told = ours.score().tokens
        assert told is not None
        rests = [token for path in ours.paths for token in path[len(ours.tokens) :]]
        tokens = (rests * (told // len(rests) + 1))[:told]

        def limit(_: int) -> Timing:
            ours.restore()
            seconds = ours.call(lambda runtime: PlainDecode(runtime).seconds_for(tokens, runtime.context.size.batch))
            return Timing(seconds, len(tokens))

        limit(0)
        pairs = interleaved(lambda _: ours.score(), limit, settings.repeats, settings.tell)
        described = ours.settings()
    return Measured(pairs, described, (NOTE,))


ROW = Row(
    name="probes-vs-limit",
    what="24 questions × 2 orders after an 800-token conversation that is already decoded, from request to last result",
    against="the time to decode that many distinct tokens in one plain sequence",
    goal=Goal(1.10),
    unit="s",
    measure=measure,
)
