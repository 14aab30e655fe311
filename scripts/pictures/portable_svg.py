"""Making a screenshot of a terminal look the same in every viewer.

Rich writes one text element per run of equal style, stretched to its length with `textLength`, in a font that it asks a
web server for. Viewers that know neither the font nor the attribute show columns that do not line up, and no picture of
ours should fetch anything. Here every word is put at its own place, and other glyphs in small groups.
"""

import re
from collections.abc import Iterable

CELL = 12.2
"""Width of a character cell in Rich's pictures, in their own units."""
MOST_PLACES = 4
"""Glyphs per element: some renderers heed the first place of a list only, so the error must not add up."""
FONT_SIZE = "20.26px"
"""At this size the commonest of `FONTS` advance by one cell."""
BLANK = "\u00a0"
FONTS = "'DejaVu Sans Mono', 'Noto Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_TEXT = re.compile(
    r'<text class="(?P<style>[^"]*-r\d+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)"[^>]*>(?P<text>[^<]*)</text>'
)
_GLYPH = re.compile(r"&#?\w+;|.", re.DOTALL)


def portable(svg: str) -> str:
    """Return Rich's `svg` with fixed places and local fonts only."""
    svg = _FONT_FACE.sub("", svg).replace("font-family: Fira Code, monospace", f"font-family: {FONTS}")
    svg = svg.replace("font-size: 20px", f"font-size: {FONT_SIZE}")
    return _TEXT.sub(_placed, svg)


def _placed(found: re.Match[str]) -> str:
    """Write the words of one text element, each at its own place."""
    glyphs = [BLANK if glyph == "&#160;" else glyph for glyph in _GLYPH.findall(found["text"])]
    words, start = [], 0
    for index in range(len(glyphs) + 1):
        if index == len(glyphs) or glyphs[index] in (BLANK, " "):
            if index > start:
                words.append(_word(found, glyphs[start:index], start))
            start = index + 1
    return "".join(words)


def _word(found: re.Match[str], glyphs: list[str], start: int) -> str:
    if all(glyph.isascii() for glyph in glyphs):
        return _text(found, "".join(glyphs), [start])
    parts = [(offset, glyphs[offset : offset + MOST_PLACES]) for offset in range(0, len(glyphs), MOST_PLACES)]
    return "".join(
        _text(found, "".join(part), range(start + offset, start + offset + len(part))) for offset, part in parts
    )


def _text(found: re.Match[str], text: str, columns: Iterable[int]) -> str:
    places = " ".join(f"{float(found['x']) + CELL * column:.1f}" for column in columns)
    return f'<text class="{found["style"]}" x="{places}" y="{found["y"]}">{text}</text>'
