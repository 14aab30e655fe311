"""Colours of the program's own. Any theme of Textual may be set instead; on few colours the terminal's own are used."""

from textual.theme import Theme

DUSK = Theme(
    name="persona-dusk",
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
)
FEW_COLOURS = (None, "standard")
TERMINAL_COLOURS = "ansi-dark"
