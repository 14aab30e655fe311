"""Text for people: counts with their nouns, text that is safe to print on a terminal, whole sentences of a stream."""

import re
from dataclasses import dataclass
from typing import Any

_BIDIRECTIONAL = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SURROGATES = range(0xD800, 0xE000)

_VISIBLE = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **{code: f"<{code:02X}>" for code in range(0x80, 0xA0)},
    **{code: f"<{code:04X}>" for code in _BIDIRECTIONAL},
    **dict.fromkeys(_SURROGATES, "\ufffd"),
}


_HORIZONTAL = (0x2500, 0x2501, 0x254C, 0x254D, 0x2550)
_DRAWN = {
    **{code: "-" if code in _HORIZONTAL else "|" for code in range(0x2500, 0x2580)},
    **dict.fromkeys(range(0x2580, 0x25A0), "#"),
}


def pluralize(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: `1 question`, `1,498 questions`; `plural` where it does not end in s: `replies`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def full_stop(said: str) -> str:
    """Return what was said with a full stop, where it does not end as a sentence already: errors end in questions."""
    return said if said.endswith((".", "?", "!")) else f"{said}."


def and_then(said: str, more: str) -> str:
    """Return `said; more`, or two sentences where the first one has ended: `is the server running? More`."""
    return f"{said} {more[:1].upper()}{more[1:]}" if said.endswith((".", "?", "!")) else f"{said}; {more}"


def unsigned_zero(written: str) -> str:
    """Return a number without its sign where all its digits are zero: a figure that rounds to zero has none."""
    return written if written.strip("+-0.") else written.lstrip("+-")


def printable(text: str) -> str:
    """Return `text` with every character that would control a terminal made visible; newlines and tabs stay.

    Control characters become their pictures (an escape is shown as `␛`), those of the second block and those that
    reorder text their code (`<9B>`, `<202E>`), halves of surrogate pairs U+FFFD. Each character is replaced by itself,
    so a text may be cleaned piece by piece as it streams. The corpus stores what the model said; user interfaces show
    the cleaned text.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)


def whole_characters(text: str) -> str:
    """Return text that UTF-8 can encode: pairs of surrogates are joined, and a half that is alone becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def whole_strings(document: Any) -> Any:
    """Return a JSON document with whole characters in all of its strings: JSON may write half a surrogate pair."""
    match document:
        case str():
            return whole_characters(document)
        case list():
            return [whole_strings(each) for each in document]
        case dict():
            return {whole_characters(key): whole_strings(value) for key, value in document.items()}
    return document


def without_drawing(text: str) -> str:
    """Return `printable` text with the pieces of frames and bars as ASCII: a screen reader spells each of them out."""
    cleaned = printable(text)
    return cleaned if cleaned.isascii() else cleaned.translate(_DRAWN)


@dataclass(frozen=True, slots=True)
class Sought:
    """Words that are looked for in a text, in whatever case; none are found where there are none."""

    words: tuple[str, ...] = ()

    @classmethod
    def typed(cls, text: str) -> "Sought":
        """Return the words of what a person typed."""
        return cls(tuple(text.split()))

    def in_(self, text: str) -> bool:
        """Whether a text has all of the words; each may be a part of a longer one."""
        return bool(self.words) and all(re.search(re.escape(word), text, re.IGNORECASE) for word in self.words)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where in a text any of the words stand: the first character and the one after the last of each."""
        longest_first = sorted(self.words, key=len, reverse=True)
        pattern = "|".join(map(re.escape, longest_first))
        return [found.span() for found in re.finditer(pattern, text, re.IGNORECASE)] if pattern else []


_END_OF_SENTENCE = re.compile(r"""\n|[.!?…:;]["'”’»)\]]*\s|[。！？]""")
_LONGEST = 400


class Sentences:
    """Makes whole sentences of the pieces in which a model gives its reply; joined, they are the text unchanged.

    What is read aloud must not come in halves of words. A text of `_LONGEST` characters without an end of a sentence is
    passed on up to its last space.
    """

    def __init__(self) -> None:
        self._waiting = ""

    def take(self, piece: str) -> str:
        """Add a piece, and return what has become whole, "" for nothing."""
        text = self._waiting + piece
        end = max((found.end() for found in _END_OF_SENTENCE.finditer(text)), default=0)
        if not end and len(text) > _LONGEST:
            end = text.rfind(" ") + 1 or len(text)
        self._waiting = text[end:]
        return text[:end]

    def rest(self) -> str:
        """Return what is left at the end of the stream."""
        rest, self._waiting = self._waiting, ""
        return rest
