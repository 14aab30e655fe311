"""How wide a text will be, roughly: nobody knows the font that a reader has."""

import unicodedata

NARROW, WIDE = frozenset("iljtfrI.,;:'|!()[]{} "), frozenset("mwMWQOGD@%—")
WIDTHS = {"narrow": 0.36, "wide": 0.9, "capital": 0.72, "other": 0.62, "full": 1.05}
ELLIPSIS = "…"


def text_width(text: str, size: float) -> float:
    """Return the width of `text` in a sans-serif font of this size, rather too wide than not."""
    return size * sum(WIDTHS[_kind(character)] for character in text)


def fitted(text: str, size: float, width: float) -> str:
    """Return `text`, cut with an ellipsis where it would be wider than `width`."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + ELLIPSIS, size) > width:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def lines(text: str, size: float, width: float) -> list[str]:
    """Break `text` between words into lines of at most `width`; a word that is wider is cut."""
    broken: list[str] = []
    for word in text.split():
        longer = f"{broken[-1]} {word}" if broken else word
        if broken and text_width(longer, size) <= width:
            broken[-1] = longer
        else:
            broken.append(fitted(word, size, width))
    return broken


def _kind(character: str) -> str:
    if unicodedata.combining(character):
        return "narrow"
    if unicodedata.east_asian_width(character) in "WF":
        return "full"
    if character in NARROW:
        return "narrow"
    if character in WIDE:
        return "wide"
    return "capital" if character.isupper() else "other"
