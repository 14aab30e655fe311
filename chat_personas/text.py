"""Text for people: counts with their nouns, and text that is safe to print on a terminal."""

_BIDIRECTIONAL = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SURROGATES = range(0xD800, 0xE000)

_VISIBLE = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **{code: f"<{code:02X}>" for code in range(0x80, 0xA0)},
    **{code: f"<{code:04X}>" for code in _BIDIRECTIONAL},
    **dict.fromkeys(_SURROGATES, "\ufffd"),
}


def pluralize(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: `1 question`, `1,498 questions`; `plural` where it does not end in s: `replies`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def printable(text: str) -> str:
    """Return `text` with every character that would control a terminal made visible; newlines and tabs stay.

    Control characters become their pictures (an escape is shown as `␛`), those of the second block and those that
    reorder text their code (`<9B>`, `<202E>`), halves of surrogate pairs U+FFFD. Each character is replaced by itself,
    so a text may be cleaned piece by piece as it streams. The corpus stores what the model said; user interfaces show
    the cleaned text.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)
