"""Text of a model, a file or an error as a terminal may be given it.

Counts in words that people read: `1 question`, `1,498 questions`.
"""


def pluralize(count: int, noun: str, several: str | None = None) -> str:
    """Return a count with its noun; `several` is the plural where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"


_BIDIRECTIONAL = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SURROGATES = range(0xD800, 0xE000)

_VISIBLE = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **{code: f"<{code:02X}>" for code in range(0x80, 0xA0)},
    **{code: f"<{code:04X}>" for code in _BIDIRECTIONAL},
    **dict.fromkeys(_SURROGATES, "\ufffd"),
}


def printable(text: str) -> str:
    """Return `text` with everything that would command a terminal made visible instead; newlines and tabs stay.

    Control characters become their pictures (an escape is shown as `␛`), those of the second block and what
    reorders text their code (`<9B>`, `<202E>`), halves of surrogate pairs U+FFFD. Each character is replaced by itself,
    so a text may be cleaned piece by piece as it streams. The corpus keeps what the model said; faces show this.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)
