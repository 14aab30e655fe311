"""A comparison of two reports in words: the difference, whether it is detectable, and what it may come from."""

from collections import Counter
from collections.abc import Iterator, Sequence

from chat_personas.reporting.why_missing import missing_in_comparison
from chat_personas.reporting.wording.measurements import score_name
from chat_personas.text import pluralize, printable
from eval.compare.models import PairedDifference, PairedReport, Setting, Side
from eval.compare.paired import is_detectable

HASH_SHOWN = 12
NAMED = 5
UNKNOWN = "unknown"
NOTHING_ELSE = "nothing else differs between the reports: same persona, model, steering, expression and settings"
OWN_GROUPS = "each persona is compared with its own group: this shows which persona is better, not which model"
MEASURES = (("alignment", "higher is closer to people"), ("total_variation", "lower is closer to people"))


def side_name(side: Side) -> str:
    """Name the persona of a report and its expression."""
    return f"{printable(side.persona)} ({printable(side.expression)})"


def difference_lines(comparison: PairedReport) -> Iterator[str]:
    """Yield what the differences show, and over which questions."""
    for name, meaning in MEASURES:
        difference: PairedDifference | None = getattr(comparison.difference, name)
        if difference is not None:
            yield f"{score_name(name)} ({meaning}): {verdict(difference)}"
    if comparison.difference.total_variation is None:
        yield "total variation is not compared: it needs the same --refusals in both reports, and human figures"
    yield from _about_questions(comparison)


def _about_questions(comparison: PairedReport) -> Iterator[str]:
    alignment = comparison.difference.alignment
    unordered = len(comparison.paired) - (alignment.questions if alignment else 0)
    yield f"{pluralize(len(comparison.paired), 'question')} paired"
    if unordered:
        without = pluralize(unordered, "question")
        yield f"{without} of these without alignment: unordered options, or no human figures"
    yield from missing_in_comparison(comparison)
    for why, count in Counter(left.why for left in comparison.left_out).items():
        ids = [left.id for left in comparison.left_out if left.why == why]
        more = ", …" if count > NAMED else ""
        yield f"{pluralize(count, 'question')} left out, {printable(why)}: {printable(', '.join(ids[:NAMED]))}{more}"


def settings_lines(differs: Sequence[Setting]) -> Iterator[str]:
    """Yield the settings that differ: the difference may come from them."""
    if not differs:
        yield NOTHING_ELSE
        return
    yield "settings that differ:"
    for setting in differs:
        yield f"  {setting.setting}: {_value(setting, setting.a)} → {_value(setting, setting.b)}"
    if of_other_groups(differs):
        yield OWN_GROUPS


def of_other_groups(differs: Sequence[Setting]) -> bool:
    """Say whether the two personas stand for different groups."""
    return any(setting.setting == "persona.groups" for setting in differs)


def verdict(difference: PairedDifference) -> str:
    """Say whether a difference is detectable: interval and p-value agree, or p alone where there is no interval."""
    if not is_detectable(difference):
        return "no detectable difference between A and B"
    return "B is higher than A" if difference.mean > 0 else "B is lower than A"


def _value(setting: Setting, value: str | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value[:HASH_SHOWN]}…" if setting.setting.endswith("sha256") else printable(value)
