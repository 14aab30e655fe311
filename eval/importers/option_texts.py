"""Options whose list was split at every comma, put together again by the texts that people are counted under."""

from collections.abc import Collection, Sequence

_LONGEST = 6


def repaired(written: Sequence[str], chosen: Collection[str]) -> tuple[str, ...]:
    """Return the options that the list `written` stood for.

    Quotes around a whole text go. Neighbours that, joined by a comma, are one of the `chosen` texts are that
    option; a text nobody chose that begins with a small letter belongs to the one before it, such as "Important",
    "but not essential".
    """
    pieces = [_unquoted(text) for text in written]
    texts: list[str] = []
    start = 0
    while start < len(pieces):
        length = _length(pieces, start, chosen)
        text = ", ".join(pieces[start : start + length])
        if texts and text not in chosen and text[:1].islower() and texts[-1] not in chosen:
            texts[-1] = f"{texts[-1]}, {text}"
        else:
            texts.append(text)
        start += length
    return tuple(texts)


def _length(pieces: Sequence[str], start: int, chosen: Collection[str]) -> int:
    """Return how many pieces from `start` make up one of the chosen texts, the longest first; 1 if none do."""
    longest = min(_LONGEST, len(pieces) - start)
    return next((n for n in range(longest, 0, -1) if ", ".join(pieces[start : start + n]) in chosen), 1)


def _unquoted(text: str) -> str:
    stripped = text.strip()
    whole = len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'"
    return stripped[1:-1] if whole else stripped
