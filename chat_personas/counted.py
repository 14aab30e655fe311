"""Counts in words that people read: `1 question`, `1,498 questions`."""


def counted(count: int, noun: str, several: str | None = None) -> str:
    """Return a count with its noun; `several` is the plural where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"
