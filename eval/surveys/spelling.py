"""When two texts are the same text: typing and typesetting write one apostrophe, dash or space in many ways.

Sources spell one option "Don't know", "Don’t know" and "Don`t know". Compared character by character these are three
options, and whoever chose one of them is lost to the others. Texts are compared by `comparable`, and shown as written.
"""

import re
import unicodedata
from collections.abc import Iterable

_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u0060\u02b9\u02bc\uff07\u2039\u203a", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")
    | {"\u2026": "..."}
)
"""Quotation marks and apostrophes of all kinds, dashes and minus signs, and the ellipsis, as a keyboard has them."""
_DASHES = re.compile(r"-{2,3}")
_DOUBLED = re.compile(r"''")


def comparable(text: str) -> str:
    """Return `text` in the form in which texts are compared; capital letters still differ from small ones.

    It is in Unicode normalisation form C, so that an accent is part of its letter however it was typed. Quotation
    marks, dashes and the ellipsis are the plain ones, every run of white space is one space, and characters that cannot
    be seen, such as a soft hyphen, are left out.
    """
    if text.isascii() and "`" not in text and "--" not in text and "''" not in text:
        return " ".join(text.split())
    plain = unicodedata.normalize("NFC", text).translate(_TYPOGRAPHY)
    seen = "".join(character for character in plain if unicodedata.category(character) != "Cf")
    return " ".join(_DASHES.sub("-", _DOUBLED.sub('"', seen)).split())


def same_texts(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return those of the `known` texts that are the same as `text`: itself if it is among them, else all alike."""
    texts = tuple(known)
    if text in texts:
        return (text,)
    wanted = comparable(text)
    return tuple(candidate for candidate in texts if comparable(candidate) == wanted)


def plain_spaces(text: str) -> str:
    """Return `text` with every kind of space as a plain one, and without characters that cannot be seen.

    Line breaks and control characters stay: they are not typography.
    """
    if text.isascii():
        return text
    kinds = ((character, unicodedata.category(character)) for character in text)
    return "".join(" " if kind == "Zs" else character for character, kind in kinds if kind != "Cf")
