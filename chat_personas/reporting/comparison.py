"""A comparison of two reports in words: what differs, whether that can be chance, and what it may come from."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.text import pluralize, printable

if TYPE_CHECKING:
    from eval.compare.models import PairedDifference, PairedReport, Setting, Side

HASH = 12
NAMED = 5
NOTHING_ELSE = "nothing else differs between the reports: same persona, model, steering, expression and settings"
OWN_GROUPS = "each is compared with its own group: this tells which persona is better, not which model"
MEASURES = (("alignment", "higher is closer to people"), ("total_variation", "lower is closer to people"))


def paired_words(comparison: "PairedReport") -> Iterator[str]:
    """Yield what the differences show, over which questions, and what else is not the same in the two reports."""
    yield from difference_words(comparison)
    yield from _about_settings(comparison.differs)


def whose(side: "Side") -> str:
    """Name the persona of a report and how its distributions were obtained."""
    return f"{printable(side.persona)} ({printable(side.expression)})"


def difference_words(comparison: "PairedReport") -> Iterator[str]:
    """Yield what the differences show, and over which questions."""
    for name, meaning in MEASURES:
        difference: PairedDifference | None = getattr(comparison.difference, name)
        if difference is not None:
            yield f"{name.replace('_', ' ')} ({meaning}): {verdict(difference)}"
    if comparison.difference.total_variation is None:
        yield "total variation is not compared: it needs the same --refusals in both, and figures for the groups"
    yield from _about_questions(comparison)


def _about_questions(comparison: "PairedReport") -> Iterator[str]:
    alignment = comparison.difference.alignment
    unordered = len(comparison.paired) - (alignment.questions if alignment else 0)
    yield f"{pluralize(len(comparison.paired), 'question')} paired"
    if unordered:
        without = pluralize(unordered, "question")
        yield f"{without} of these without an alignment: the options have no order, or no figures"
    if len(comparison.paired) < 20:
        yield "under 20 questions: no interval, as so few do not tell how much the mean would vary; see p"
    for side, name in ((comparison.a, "A"), (comparison.b, "B")):
        if side.not_valid:
            yield f"{pluralize(side.not_valid, 'question')} not valid in {name}, counted all the same; see valid only"
    for why, count in Counter(left.why for left in comparison.left_out).items():
        ids = [left.id for left in comparison.left_out if left.why == why]
        more = ", …" if count > NAMED else ""
        yield f"{pluralize(count, 'question')} left out, {printable(why)}: {printable(', '.join(ids[:NAMED]))}{more}"


def _about_settings(differs: Sequence["Setting"]) -> Iterator[str]:
    """Yield what else differs: what the difference may come from."""
    if not differs:
        yield NOTHING_ELSE
        return
    yield "what differs between the reports:"
    for setting in differs:
        yield f"  {setting.setting}: {_value(setting, setting.a)} → {_value(setting, setting.b)}"
    if of_other_groups(differs):
        yield OWN_GROUPS


def of_other_groups(differs: "Sequence[Setting]") -> bool:
    """Say whether the two personas stand for different groups."""
    return any(setting.setting == "persona.groups" for setting in differs)


def verdict(difference: "PairedDifference") -> str:
    """Say whether B can be told apart from A: by the interval, or under 20 questions by the p-value."""
    from eval.compare.paired import SIGNIFICANT
    from eval.scoring.intervals import Interval

    interval = Interval(difference.mean, difference.low, difference.high)
    apart = not interval.includes_zero if interval.bounded else difference.p < SIGNIFICANT
    if not apart:
        return "B cannot be told apart from A"
    return "B is higher than A" if difference.mean > 0 else "B is lower than A"


def _value(setting: "Setting", value: str | None) -> str:
    if value is None:
        return "not known"
    return f"{value[:HASH]}…" if setting.setting.endswith("sha256") else printable(value)
