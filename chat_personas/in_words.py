"""What the figures of a persona mean, in words: nobody has to compare intervals to be told that nothing was shown."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from chat_personas.text import counted

if TYPE_CHECKING:
    from chat_personas.monitor.drift import Drift
    from eval.report import References as ReportedReferences
    from eval.report import Score as ReportedScore
    from eval.scoring.intervals import Interval
    from eval.scoring.scores import References

AnyScore: TypeAlias = "Interval | ReportedScore"
AnyReferences: TypeAlias = "References | ReportedReferences"

NAMED = 3


def doubts(
    minus_own: "AnyScore | None", opposite: str, found: "AnyReferences | None", *, of_everyone: bool
) -> Iterator[str]:
    """Yield what stands against the persona: no closer to its own group than to `opposite`, no better than everyone.

    `minus_own` is its alignment with the opposite group minus that with its own, paired by question. Nothing is said
    without an interval, nor of everyone where they are the people compared with (`of_everyone`), as for a persona
    without a group: no persona comes closer to people than their own answers.
    """
    if minus_own is not None and minus_own.low is not None and minus_own.high is not None and minus_own.high >= 0:
        told = f"this persona is closer to {opposite} than to its own group"
        untold = f"this persona cannot be told apart from one that is as close to {opposite} as to its own group"
        yield told if minus_own.low > 0 else untold
    if of_everyone or found is None or found.population is None:
        return
    population = found.population.minus_persona.alignment
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
    yield f"since turn {drift.first_turn}: {difference} on the {counted(drift.questions, 'question')} asked every turn"
    if drift.difference.includes_zero:
        yield (
            "cannot be told from no change" if drift.difference.bounded else "20 questions are needed to tell a change"
        )
