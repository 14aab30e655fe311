"""How well text reads on what is behind it, as WCAG 2 computes it, from the cells of the screen."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.color import Color, ColorTriplet, ColorType
from rich.style import Style
from textual.screen import Screen

DRAWN = range(0x2500, 0x25A0)
"""Lines and blocks, which are no text."""

PALETTES = {
    "xterm": (
        ("000000", "cd0000", "00cd00", "cdcd00", "0000ee", "cd00cd", "00cdcd", "e5e5e5"),
        ("7f7f7f", "ff0000", "00ff00", "ffff00", "5c5cff", "ff00ff", "00ffff", "ffffff"),
    ),
    "console": (
        ("000000", "aa0000", "00aa00", "aa5500", "0000aa", "aa00aa", "00aaaa", "aaaaaa"),
        ("555555", "ff5555", "55ff55", "ffff55", "5555ff", "ff55ff", "55ffff", "ffffff"),
    ),
}
"""The 16 colours of xterm and of the console of Linux (the colours of VGA)."""
BLACK, WHITE = ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)


@dataclass(frozen=True)
class Terminal:
    """What stands for the 16 colours, and for the colours that are the terminal's own."""

    palette: str = "xterm"
    foreground: ColorTriplet = WHITE
    background: ColorTriplet = BLACK

    def triplet(self, color: Color | None, default: ColorTriplet) -> ColorTriplet:
        """Return what a colour looks like on this terminal."""
        if color is None or color.type is ColorType.DEFAULT:
            return default
        if color.triplet is not None:
            return color.triplet
        assert color.number is not None
        assert color.number < 16, color
        normal, bright = PALETTES[self.palette]
        digits = (normal + bright)[color.number]
        return ColorTriplet(*bytes.fromhex(digits))


TERMINALS = tuple(Terminal(palette, *colours) for palette in PALETTES for colours in ((WHITE, BLACK), (BLACK, WHITE)))


def luminance(color: ColorTriplet) -> float:
    """Return the relative luminance, 0 for black and 1 for white."""
    shares = [part / 255 for part in color]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast ratio, from 1 for the same colour to 21 for black and white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def contrast_of(style: Style, terminal: Terminal) -> float:
    """Return the contrast of text in this style; dim text is taken for half as far from what is behind it."""
    text = terminal.triplet(style.color, terminal.foreground)
    behind = terminal.triplet(style.bgcolor, terminal.background)
    if style.reverse:
        text, behind = behind, text
    if style.dim:
        text = ColorTriplet(*((a + b) // 2 for a, b in zip(text, behind, strict=True)))
    return contrast(text, behind)


def texts(screen: Screen[object]) -> Iterator[tuple[str, Style]]:
    """Yield every text on the screen with its style, as the terminal gets it; not what is dimmed behind a dialog.

    Pictograms are left out: terminals draw them in colours of their own.
    """
    for y, strip in enumerate(screen._compositor.render_strips()):
        x = 0
        for text, style, _ in strip:
            letters = "".join(letter for letter in text if _is_text(letter))
            if letters and screen.get_widget_at(x + text.index(letters[0]), y)[0] is not screen:
                yield letters, style or Style()
            x += cell_len(text)


def _is_text(letter: str) -> bool:
    return not letter.isspace() and ord(letter) not in DRAWN and ord(letter) < 0x1F000


def illegible(screen: Screen[object], least: float, terminals: tuple[Terminal, ...] = TERMINALS) -> list[str]:
    """Return the texts whose contrast is below `least` on any of these terminals."""
    return sorted(
        {
            f"{text!r}: {low:.2f} ({style})"
            for text, style in texts(screen)
            if (low := min(contrast_of(style, terminal) for terminal in terminals)) < least
        }
    )
