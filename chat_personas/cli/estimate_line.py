"""One round of measuring in one line of text, for standard error."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chat_personas.reporting.comparison import signed
from chat_personas.reporting.wording import doubts, drifted, sounds_like, with_interval
from chat_personas.text import printable

if TYPE_CHECKING:
    from chat_personas.monitor.drift import Drift
    from chat_personas.monitor.monitor import Estimate
    from eval.scoring.scores import Scorecard


def estimate_line(estimate: "Estimate") -> str:
    """Say what a round found: alignment, drift, references, the nearest group, and what is not valid or failed."""
    card = estimate.scorecard
    parts = [estimate.message] if estimate.message else []
    if card is not None:
        if card.scores.alignment is not None:
            parts.append(f"alignment {with_interval(card.scores.alignment)}")
        parts += [*_drifted(estimate.drift), *_compared(card), *_nearest(card)]
        not_valid = sum(not question.valid for question in card.questions)
        parts += [f"{not_valid} of {len(card.questions)} not valid (label mass under 0.5)"] if not_valid else []
    if estimate.failures:
        parts.append(f"{len(estimate.failures)} failed: {printable(estimate.failures[0].why)}")
    return f"[turn {estimate.turn}, {_asked(estimate)}] {'; '.join(parts)}"


def _asked(estimate: "Estimate") -> str:
    """Say how many questions were asked this turn, and on how many answers of earlier turns the figures rest, too."""
    found = estimate.coverage
    if found is None or not found.older:
        return f"{estimate.done} of {found.questions if found else estimate.total} questions"
    return f"{found.this_turn} of {found.questions} questions and {found.older} of earlier turns"


def _drifted(drift: "Drift | None") -> Iterator[str]:
    if drift is not None:
        yield ", ".join(drifted(drift, signed(drift.difference)))


def _compared(card: "Scorecard") -> Iterator[str]:
    """Yield what others' answers would score as a prediction of the group, and the persona with the opposite group."""
    against = card.scores_against_opposite
    opposite = against.group.label if against else ""
    if card.references.population is not None:
        yield f"if everyone answered {with_interval(card.references.population.alignment)}"
    if against is not None and card.references.opposite is not None:
        yield f"if {opposite} answered {with_interval(card.references.opposite.alignment)}"
        yield f"this persona with {opposite} {with_interval(against.alignment)}"
    yield from doubts(
        against.minus_own.alignment if against else None, opposite, card.references, of_everyone=card.groups == ()
    )


def _nearest(card: "Scorecard") -> Iterator[str]:
    if card.nearest:
        tied = [near.group.label for near in card.nearest if near.tied]
        best = card.nearest[0].alignment
        yield sounds_like(tied, len(card.nearest), with_interval(best), bounded=best.bounded)
