"""Recognise the options that decline to answer, such as "Don't know", by their texts, where a source marks none."""

from collections.abc import Sequence

from eval.importers.building import Notes

_REFUSALS = frozenset(
    {
        "refused",
        "dk/refused",
        "don't know/refused",
        "don't know / refused",
        "no answer/refused",
        "refused/no answer",
        "don't know",
        "don’t know",
        "dont know",
        "dk",
        "dk/na",
        "na",
        "n/a",
        "no answer",
        "not asked",
        "not applicable",
        "not asked in survey",
        "no response",
        "not sure",
    }
)


def declines(option: str) -> bool:
    """Return whether an option declines to answer: "Refused", "Don't know", "No answer", "Missing; Unknown"."""
    text = option.strip().strip("()[]").casefold()
    return text in _REFUSALS or text.startswith(("missing;", "missing:", "other missing")) or text == "missing"


def parts_fit(question: str, options: Sequence[str], refusals: Sequence[str], notes: Notes) -> bool:
    """Return whether a source can mean these options and refusals, where it has refusals after the options with values.

    If an option declines and a "refusal" answers, the values belong to other texts: False, with a note. Only one of the
    two may be intended: True, with a note that names the texts.
    """
    declining = [text for text in options if declines(text)]
    answering = [text for text in refusals if not declines(text)]
    if declining and answering:
        reason = "skipped (an option that declines has a value, and one that answers has none)"
        notes.add("question", reason, _named(question, declining + answering))
        return False
    if declining:
        reason = "with options that decline but have a value (counted as options)"
        notes.add("question", reason, _named(question, declining))
    if answering:
        notes.add("question", "with options that have no value (counted as refusals)", _named(question, answering))
    return True


def _named(question: str, texts: Sequence[str]) -> str:
    return f"{question}: {', '.join(texts)}"
