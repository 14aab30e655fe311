"""Every text of the screen reads well on what is behind it, in every theme of ours, in 16 colours and in none."""

from pathlib import Path

import pytest
from rich.color import ColorSystem, ColorTriplet
from rich.style import Style
from textual.pilot import Pilot

from chat_personas.tui.app import ChatApp
from chat_personas.tui.themes import OURS, SIXTEEN, OwnTheme, is_drawn
from tests.test_settings import home as home
from tests.tui.contrast import BLACK, TERMINALS, WHITE, contrast, contrast_of, illegible, texts
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until

REPLY = """\
# One
## Two
### Three
#### Four
##### Five
###### Six

Some **bold** and *other* text with `code` and a ~~word~~.

- first
  1. inner

> quoted

| Town | Bus |
|---|---|
| A | 1 |

```python
def served(name: str) -> bool:  # by a bus
    return name != "B" and 2 * len(name) > 1 or None is True
```
"""
SCREENS = (
    *("help", "settings", "persona", "model", "open", "prompt", "whole", "export", "rename", "rate"),
    *("room", "compare", "debate", "explain", "large-print"),
)
"""The commands that open the other screens."""
AA, AAA = 4.5, 7.0
"""What WCAG 2 asks of text at its levels AA and AAA."""


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast(BLACK, WHITE) == 21
    assert contrast(WHITE, WHITE) == 1
    assert contrast(ColorTriplet(0x77, 0x77, 0x77), WHITE) == pytest.approx(4.48, abs=0.005)
    assert contrast(WHITE, ColorTriplet(0x76, 0x76, 0x76)) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize(
    ("text", "drawn"), [("│ ━━╸", True), ("█▁", True), ("│ a", False), ("  ", False), ("0.5", False)]
)
def test_lines_and_bars_are_told_from_text(text: str, drawn: bool) -> None:
    assert is_drawn(text) == drawn


def too_pale(pilot: Pilot[None], theme: OwnTheme) -> list[str]:
    """Return the texts on the screen that a theme makes too pale, on whatever terminal it may be shown."""
    least = AAA if "high contrast" in theme.about else AA
    return illegible(pilot.app.screen, least, TERMINALS if theme.ansi else TERMINALS[:1])


async def talk(pilot: Pilot[None]) -> None:
    """Say something, and let the reply be drawn and measured."""
    await type_text(pilot, "Well?")
    panel = chat(pilot).panel
    await until(pilot, lambda: panel.estimate is not None and panel.estimate.complete and not chat(pilot).replies.busy)


async def settled(pilot: Pilot[None]) -> None:
    """Let the screen fill itself: until it shows the same three times in a row."""
    seen: list[str] = []
    while len(seen) < 3 or len(set(seen[-3:])) > 1:
        await pilot.pause(0.05)
        seen.append(shown(pilot))


async def test_every_text_of_a_conversation_reads_well_in_every_theme(corpus_file: Path) -> None:
    """In one program: what is drawn already takes on the colours of a theme that is chosen later."""
    engine = ScreenEngine(reply(REPLY))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), (150, 80)) as pilot:
        await talk(pilot)
        for severity in ("information", "warning", "error"):
            pilot.app.notify("What has happened", title=severity, severity=severity, timeout=600, markup=False)  # type: ignore[arg-type]
        for theme in OURS:
            pilot.app.theme = theme.name
            await until(pilot, lambda: "What has happened" in shown(pilot))
            assert too_pale(pilot, theme) == [], theme.name


@pytest.mark.slow
@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
async def test_every_text_of_every_screen_reads_well(corpus_file: Path, theme: OwnTheme) -> None:
    engine = ScreenEngine(reply(REPLY))
    opened = session(corpus_file, engine, measure=True, make_monitor=monitor, theme=theme.name)
    async with screen(opened, (120, 60)) as pilot:
        await talk(pilot)
        assert too_pale(pilot, theme) == []
        for command in (*SCREENS, ""):
            if command:
                chat(pilot).do(command)
            else:
                pilot.app.action_command_palette()
            await until(pilot, lambda: pilot.app.screen is not chat(pilot))
            await settled(pilot)
            assert too_pale(pilot, theme) == [], command
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is chat(pilot))


async def test_without_colours_no_cell_has_one_whatever_the_settings_say(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    engine = ScreenEngine(reply(REPLY))
    opened = session(corpus_file, engine, measure=True, make_monitor=monitor, theme="persona-day")
    async with screen(opened, (150, 60)) as pilot:
        await talk(pilot)
        pilot.app.choose_theme("nord")  # type: ignore[attr-defined]
        await pilot.pause()
        assert pilot.app.theme == SIXTEEN.name
        styles = {segment.style for strip in pilot.app.screen._compositor.render_strips() for segment in strip}
        assert [
            style
            for style in styles
            for color in (style and style.color, style and style.bgcolor)
            if color is not None and not color.is_default
        ] == []
        assert any(style.bold for style in styles if style is not None)


def test_a_theme_of_the_settings_is_used_on_16_colours_too(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert ChatApp(session(corpus_file, ScreenEngine(), theme="persona-day")).theme == "persona-day"


@pytest.mark.parametrize("theme", ["persona-contrast", "persona-contrast-day", "persona-day", "solarized-light"])
async def test_a_theme_of_many_colours_is_legible_in_the_16_that_are_sent(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    monkeypatch.delenv("COLORTERM", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    engine = ScreenEngine(reply(REPLY))
    async with screen(
        session(corpus_file, engine, measure=True, make_monitor=monitor, theme=theme), (150, 80)
    ) as pilot:
        assert pilot.app.console.color_system == "standard"
        monkeypatch.setattr(pilot.app, "_on_terminal", True)
        await talk(pilot)
        assert pilot.app.theme == theme
        sent = {style: as_sent(style) for _, style in texts(pilot.app.screen)}
        assert len(sent) > 5
        low = {style: contrast_of(sent[style], terminal) for style in sent for terminal in TERMINALS}
        assert {str(style) for style, found in low.items() if found < AAA} == set()


def as_sent(style: Style) -> Style:
    """Return a style in the colours that Rich sends to a terminal of 16: the nearest ones."""
    colours = (None if each is None else each.downgrade(ColorSystem.STANDARD) for each in (style.color, style.bgcolor))
    return Style.from_color(*colours) + Style(reverse=style.reverse, dim=style.dim)
