"""One round of measuring in one line of text, for standard error."""

from typing import TYPE_CHECKING

from chat_personas.plain_text import printable

if TYPE_CHECKING:
    from chat_personas.monitor import Estimate
    from eval.intervals import Interval
    from eval.report import Score


def with_interval(interval: "Interval | Score | None") -> str:
    """Write a score as `0.812 [0.790, 0.833]`, without brackets where there is no interval, or as a dash."""
    if interval is None:
        return "—"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.3f}"
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def estimate_line(estimate: "Estimate") -> str:
    """Say what a round found: alignment with its references, the nearest group, and what is not valid or failed."""
    card = estimate.scorecard
    parts = [estimate.message] if estimate.message else []
    if card is not None:
        if card.scores.alignment is not None:
            parts.append(f"alignment {with_interval(card.scores.alignment)}")
        if card.references is not None and card.references.population is not None:
            parts.append(f"population {with_interval(card.references.population.alignment)}")
        if card.references is not None and card.references.opposite is not None:
            parts.append(f"opposite {with_interval(card.references.opposite.alignment)}")
        if card.nearest:
            tied = [near.group.label for near in card.nearest if near.tied]
            parts.append(f"sounds most like {', '.join(tied[:4])}{' …' if len(tied) > 4 else ''}")
        not_valid = sum(not question.valid for question in card.questions)
        parts += [f"{not_valid} of {len(card.questions)} not valid (label mass under 0.5)"] if not_valid else []
    if estimate.failures:
        parts.append(f"{len(estimate.failures)} failed: {printable(estimate.failures[0].why)}")
    return f"[turn {estimate.turn}, {estimate.done} of {estimate.total} questions] {'; '.join(parts)}"
