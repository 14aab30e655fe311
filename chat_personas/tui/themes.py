"""The colours of the screen: themes in which every text reads well on what is behind it, also in 16 colours or none.

Text reaches a contrast of 4.5 (7 in the high-contrast themes) as WCAG 2 computes it. The tests measure that on the
screens themselves, because Textual mixes many more colours out of those that are named here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

FEW_COLOURS = (None, "standard")
"""What Rich calls the colours of a terminal that has none or 16; else they are "256", "truecolor" or "windows"."""


@dataclass
class OwnTheme(Theme):
    """A theme of this program; `about` says in a few words who it is for."""

    about: str = ""


def _legible(text: str, muted: str, marked: str, behind_marked: str, behind_left: str) -> dict[str, str]:
    """Return the variables that Textual would else mix: text of all kinds, and the highlighted line of a list.

    `behind_left` is behind that line while another widget has the focus.
    """
    kinds = ("text-muted", "text-disabled", "foreground-muted", "foreground-disabled", "markdown-h6-color")
    return {
        **dict.fromkeys(kinds, muted),
        "text": text,
        "block-cursor-foreground": marked,
        "block-cursor-background": behind_marked,
        "input-selection-foreground": marked,
        "input-selection-background": behind_marked,
        "block-cursor-blurred-background": behind_left,
    }


DUSK = OwnTheme(
    name="persona-dusk",
    about="dark",
    primary="#6cb6ff",
    secondary="#5ccfe6",
    accent="#ffb454",
    warning="#f28779",
    error="#ff6b6b",
    success="#7fd88f",
    foreground="#d8dee9",
    background="#11151c",
    surface="#161b24",
    panel="#1d2430",
    dark=True,
    variables=_legible("#d8dee9", "#98a1b0", "#000000", "#6cb6ff", "#233246"),
)
DAY = OwnTheme(
    name="persona-day",
    about="light",
    primary="#0b5cad",
    secondary="#00687a",
    accent="#8a4b00",
    warning="#a03a1f",
    error="#b3261e",
    success="#1f6b34",
    foreground="#1c2128",
    background="#fbfbf9",
    surface="#f2f3f5",
    panel="#e6e9ee",
    dark=False,
    variables=_legible("#1c2128", "#555c66", "#000000", "#cfe3fa", "#dbe6f3"),
)
CONTRAST = OwnTheme(
    name="persona-contrast",
    about="dark, high contrast",
    primary="#8fd0ff",
    secondary="#7fe9ff",
    accent="#ffd24a",
    warning="#ffb3a7",
    error="#ff9c9c",
    success="#9cf0a8",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#0a0a0a",
    dark=True,
    variables=_legible("#ffffff", "#d0d0d0", "#000000", "#ffffff", "#262626"),
)
CONTRAST_DAY = OwnTheme(
    name="persona-contrast-day",
    about="light, high contrast",
    primary="#003a75",
    secondary="#004552",
    accent="#5a3000",
    warning="#6e1d0a",
    error="#7a0d0d",
    success="#0b4420",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#f4f4f4",
    dark=False,
    variables=_legible("#000000", "#1c1c1c", "#ffffff", "#000000", "#f8f8f8"),
)
SIXTEEN = OwnTheme(
    name="persona-16",
    about="the terminal's own colours: for 16 colours or none, on black and on white",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_magenta",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "text-muted": "ansi_default",
        "text-disabled": "ansi_default",
        "block-cursor-background": "ansi_blue",
        "border": "ansi_blue",
        "border-blurred": "ansi_default",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
    },
)
OURS = (DUSK, DAY, CONTRAST, CONTRAST_DAY, SIXTEEN)


def known_themes() -> frozenset[str]:
    """Return the names of all themes that can be set: ours, and those of Textual."""
    from textual.theme import BUILTIN_THEMES

    return frozenset({*BUILTIN_THEMES, *(theme.name for theme in OURS)})


def default_theme(colours: str | None) -> str:
    """Return the theme of a screen whose settings name none, by the colours of its terminal, as Rich calls them."""
    return SIXTEEN.name if colours in FEW_COLOURS else DUSK.name


class WhereWanted(LineFilter):
    """Changes the lines of the screen as long as theme and terminal want it."""

    def __init__(self, is_wanted: Callable[[], bool]) -> None:
        super().__init__()
        self._is_wanted = is_wanted

    @property
    def enabled(self) -> bool:
        """Whether the lines are changed."""
        return self._is_wanted()

    @enabled.setter
    def enabled(self, value: bool) -> None:
        """Ignore what the base class sets."""


class TerminalColours(WhereWanted):
    """Gives text the terminal's own two colours, and puts what has another background in reverse.

    None of the 16 colours reaches a contrast of 4.5 on black and on white alike. Lines and bars keep theirs, unless
    nothing is to have a colour.
    """

    def __init__(self, is_wanted: Callable[[], bool], *, no_colour: bool) -> None:
        super().__init__(is_wanted)
        self._no_colour = no_colour

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line in the colours that are left."""
        return [
            segment
            if segment.style is None
            else Segment(segment.text, _plain(segment.style, not self._no_colour and is_drawn(segment.text)))
            for segment in segments
        ]


class BlackOrWhite(WhereWanted):
    """Draws themes of many colours on a terminal of 16: a light background becomes white, any other one black.

    The nearest of 16 colours to text and to what is behind it may be the same, or yellow on white. White on black and
    black on white read well in every palette.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line in black and white."""
        return [
            Segment(segment.text, None if segment.style is None else _two_colours(segment.style), segment.control)
            for segment in segments
        ]


BLACK_SEEN, WHITE_SEEN = RichColor.parse("color(0)"), RichColor.parse("color(15)")
AS_FAR = 0.179
"""The relative luminance from which black and white are as far in contrast: (L + 0.05)² = 0.05 · 1.05."""


@lru_cache(4096)
def _two_colours(style: Style) -> Style:
    """Return a style in black and white, on the one that is nearer to its background in contrast."""
    behind = style.color if style.reverse else style.bgcolor
    if behind is None or behind.is_default:
        return style + Style(color="default", dim=False)
    light = luminance(behind.get_truecolor()) > AS_FAR
    shown, over = (WHITE_SEEN, BLACK_SEEN) if light else (BLACK_SEEN, WHITE_SEEN)
    return style + Style.from_color(over, shown) + Style(dim=False, reverse=False)


def luminance(colour: ColorTriplet) -> float:
    """Return the relative luminance as WCAG 2 defines it: 0 for black, 1 for white."""
    shares = [part / 255 for part in colour]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


_DRAWN = (0x2500, 0x25A0)
"""Where Unicode has lines and blocks."""


@lru_cache(4096)
def is_drawn(text: str) -> bool:
    """Whether a text has lines and blocks, and besides these only blanks."""
    first, end = _DRAWN
    drawn = [letter for letter in text if not letter.isspace()]
    return bool(drawn) and all(first <= ord(letter) < end for letter in drawn)


@lru_cache(4096)
def _plain(style: Style, keep_colour: bool) -> Style:
    """Return a style that is as legible as the terminal's own text; the colour in front is kept where that is said."""
    if keep_colour and style.color is not None and style.color.triplet is None:
        return style + Style(dim=False)
    marked = style.bgcolor is not None and not style.bgcolor.is_default
    return style + Style(color="default", bgcolor="default", dim=False, reverse=bool(style.reverse) or marked)
