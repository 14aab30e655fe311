"""Bars for shares between 0 and 1, people's and the model's told apart by their glyph."""

PEOPLE, MODEL = "█", "━"
_HALF = {PEOPLE: "▌", MODEL: "╸"}


def bar(share: float, width: int, glyph: str) -> str:
    """Draw `share` of `width` cells, to half a cell, padded to exactly `width`.

    Shares outside 0 to 1 are clipped; a share above 0 shows at least half a cell, so that rare is never drawn as never.
    """
    halves = int(min(1.0, max(0.0, share)) * width * 2 + 0.5)
    if share > 0:
        halves = max(1, halves)
    return (glyph * (halves // 2) + _HALF[glyph] * (halves % 2)).ljust(width)
