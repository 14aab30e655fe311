"""Which options decline to answer, for sources that do not say: by their text, in the words of the survey houses."""

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
    """Say whether an option declines to answer: "Refused", "Don't know", "No answer", "Missing; Unknown"."""
    text = option.strip().strip("()[]").casefold()
    return text in _REFUSALS or text.startswith(("missing;", "missing:", "other missing")) or text == "missing"
