"""What the figures of a persona mean, in words: nobody has to compare intervals to be told that nothing was shown."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.course import Drift
    from eval import references, report
    from eval.intervals import Interval

    AnyScore = Interval | report.Score
    AnyReferences = references.References | report.References

NAMED = 3


def doubts(
    own: "AnyScore | None", against: "AnyScore | None", opposite: str, found: "AnyReferences | None"
) -> Iterator[str]:
    """Yield what stands against the persona: no closer to its own group than to `opposite`, no better than everyone.

    `own` and `against` are its alignment with its group and with the opposite one. They are taken as different only
    where their intervals are apart, which is stricter than a paired difference. Nothing is said without intervals.
    """
    if own is not None and against is not None and _apart(own, against) < 1:
        told = f"this persona is closer to {opposite} than to its own group"
        untold = f"this persona cannot be told apart from one that is as close to {opposite} as to its own group"
        yield told if _apart(own, against) < 0 else untold
    population = found.population.minus_persona.alignment if found is not None and found.population else None
    if population is None or population.low is None or population.high is None or population.high < 0:
        return
    yield (
        "this persona is farther from its group than answering as everyone is"
        if population.low > 0
        else "this persona cannot be told apart from answering as everyone"
    )


def sounds_like(tied: Sequence[str], groups: int, best: str, *, bounded: bool) -> str:
    """Name the nearest of `groups` groups, or how many are `tied`; `best` is the alignment with the first.

    Without an interval (not `bounded`: under 20 questions) no group is named: none can be told apart.
    """
    if not bounded:
        return "nearest group: nothing can be told apart under 20 questions"
    if len(tied) == 1:
        return f"sounds most like {tied[0]} {best}"
    among = "; ".join([f"{tied[0]} {best}", *tied[1:NAMED]])
    return f"sounds most like: {len(tied)} of {groups} tied, {'among them' if len(tied) > NAMED else 'namely'}: {among}"


def drifted(drift: "Drift", difference: str) -> Iterator[str]:
    """Yield how far the alignment went since the first turn that was measured, over what, and whether that is chance.

    `difference` is the paired difference as it is to be written.
    """
    yield f"since turn {drift.first_turn}: {difference} on the {drift.questions} questions asked every turn"
    if drift.difference.includes_zero:
        yield (
            "cannot be told from no change" if drift.difference.bounded else "20 questions are needed to tell a change"
        )


def _apart(own: "AnyScore", against: "AnyScore") -> int:
    """Return 1 if `own` is clearly the higher, -1 if it is clearly the lower, 0 if the intervals overlap.

    Without intervals 1: then nothing is known that could be held against it.
    """
    if own.low is None or own.high is None or against.low is None or against.high is None:
        return 1
    return int(own.low > against.high) - int(own.high < against.low)
