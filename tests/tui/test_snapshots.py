"""Whole screens as they were when somebody last looked at them: their text, and the style of every part of it.

`make snapshots` renews them, and `make snapshots PICTURES=folder` writes each as SVG, too: look at every picture before
you commit the change. A file holds one screen at one size: the text once, then for each theme the styles of its lines,
so that a difference can be read.
"""

import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from string import ascii_letters

import pytest
from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from chat_personas.tui.room.debate import CourseScreen
from tests.test_settings import home as home
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until, words
from tests.tui.room.test_asking import ask_parties
from tests.tui.room.test_compare import compare, replied
from tests.tui.room.test_debate import ended, held
from tests.tui.test_exact_prompt_screen import Shows as ShowsPrompts

FOLDER = Path(__file__).parent / "snapshots"
RENEW, PICTURES = "RENEW_SNAPSHOTS", "SNAPSHOT_PICTURES"
"""Variables: that the files are to be written and not compared, and the folder for pictures."""
THEMES = ("persona-dusk", "persona-day", "persona-16")
ALL = {
    "chat": "",
    "panel": "f2",
    "help": "f1",
    "personas": "ctrl+g",
    "models": "alt+m",
    "conversations": "ctrl+o",
    "settings": "alt+o",
    "export": "ctrl+s",
    "prompt": "f3",
}
"""The screens with the key that opens each; the panel has one of its own only where it does not fit beside the rest."""
SIZES = {
    (80, 24): tuple(ALL),
    (120, 40): ("chat", "help", "models", "conversations", "settings", "export", "prompt"),
    (200, 60): ("chat", "personas"),
}
LOOK = "look at the difference with `make snapshots` and `git diff`"
SIDE_BY_SIDE = ((80, 24), (120, 40), (200, 60))
REPLY = """\
I think that **more guns** make a country more dangerous. Three things would help:

1. checks of *everybody* who buys one
2. a licence, as for a car
3. `safe storage` at home

> My family has lost someone to a gun.
"""
CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "2026-01-01 00:00"),
    (re.compile(r"\d{4}-\d\d-\d\d(?=\))"), "2026-01-01"),
    (re.compile(r"(?<=fake · )[0-9a-z]{6}\b"), "abc123"),
    (re.compile(r"(?<=~/)[0-9a-z]{6}(?=-what-should)"), "abc123"),
)
"""What differs from run to run, with what stands for it."""


@pytest.mark.parametrize(
    "size",
    [pytest.param(size, marks=[pytest.mark.slow] if size != (80, 24) else []) for size in SIZES],
    ids=lambda size: f"{size[0]}x{size[1]}",
)
async def test_the_screens_are_as_they_were_when_somebody_looked_at_them(
    size: tuple[int, int], corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_personas.tui.screens.settings.display_path", lambda _: "~/chat-personas/settings.toml")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    opened = session(corpus_file, ShowsPrompts(reply(REPLY)), measure=True, make_monitor=monitor)
    different = []
    async with screen(opened, size) as pilot:
        panel = chat(pilot).panel
        await until(pilot, lambda: panel.estimate is not None and panel.estimate.complete and is_idle(pilot))
        await type_text(pilot, "What should be done about guns?")
        await until(pilot, lambda: panel.estimate is not None and bool(panel.estimate.course) and is_idle(pilot))
        for name in SIZES[size]:
            await go_to(pilot, ALL[name])
            different += await differs(pilot, name, size)
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is chat(pilot) and chat(pilot).composer.has_focus)
    assert different == [], LOOK


@pytest.mark.slow
@pytest.mark.parametrize("size", SIDE_BY_SIDE, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_comparison_debate_and_room_are_as_they_were_when_somebody_looked_at_them(
    size: tuple[int, int], corpus_file: Path
) -> None:
    replies = [reply(f"{REPLY}\nThat is reply {number}.") for number in range(9)]
    opened = session(corpus_file, ScreenEngine(*replies), measure=True, make_monitor=monitor)
    different = []
    async with screen(opened, size) as pilot:
        await until(pilot, lambda: is_idle(pilot))
        compared = await compare(pilot, "(repub")
        await pilot.press(*"What about guns?", "enter")
        await replied(pilot, compared)
        await until(pilot, lambda: all(each.figures.settled for each in compared.columns))
        different += await differs(pilot, "compare", size)
        await back(pilot)

        debate = await held(pilot)
        await ended(pilot, debate)
        await until(pilot, lambda: "space One more round" in words(pilot))
        different += await differs(pilot, "debate", size)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, CourseScreen))
        different += await differs(pilot, "course", size)
        await pilot.press("escape")
        await back(pilot)

        await ask_parties(pilot)
        await pilot.press("r", "r")
        different += await differs(pilot, "room", size)
        await back(pilot)
    assert different == [], LOOK


async def differs(pilot: Pilot[None], name: str, size: tuple[int, int]) -> list[str]:
    """Return the name of a screen that is not as it was kept."""
    await settled(pilot)
    file = f"{name}-{size[0]}x{size[1]}"
    seen = await drawn(pilot, file)
    return [] if is_kept(FOLDER / f"{file}.txt", seen) else [name]


async def back(pilot: Pilot[None]) -> None:
    """Go back to the conversation."""
    await pilot.press("escape")
    await until(pilot, lambda: pilot.app.screen is chat(pilot) and is_idle(pilot))


def is_idle(pilot: Pilot[None]) -> bool:
    """Whether nothing is being said, measured or opened any more."""
    workers_are_done = all(worker.is_finished for worker in pilot.app.workers)
    return workers_are_done and not chat(pilot).replies.busy and not chat(pilot).status_line.state


async def go_to(pilot: Pilot[None], key: str) -> None:
    """Open a screen by its key, and let it fill itself."""
    if key:
        await pilot.press(key)
        await until(pilot, lambda: pilot.app.screen is not chat(pilot) or chat(pilot).panel.has_focus)
    await settled(pilot)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until a screen looks the same three times. Cursors do not blink."""
    for field in pilot.app.screen.query("Input, TextArea"):
        assert isinstance(field, Input | TextArea)
        field.cursor_blink = False
    seen: list[str] = []
    while len(seen) < 3 or len(set(seen[-3:])) > 1:
        await pilot.pause(0.05)
        seen.append("\n".join((shown(pilot), *styles(pilot))))


async def drawn(pilot: Pilot[None], name: str) -> str:
    """Return the text of the screen, then its styles in each theme."""
    parts = [fixed(shown(pilot))]
    for theme in THEMES:
        pilot.app.theme = theme
        await pilot.pause(0.1)
        parts.append("\n".join((f"-- {theme}", *styles(pilot))))
        if folder := os.environ.get(PICTURES):
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{name}-{theme}.svg").write_text(pilot.app.export_screenshot(), encoding="utf-8")
    return "\n".join(parts) + "\n"


def fixed(text: str) -> str:
    """Return a text of the screen without what differs from run to run."""
    for pattern, stands_for in CHANGING:
        text = pattern.sub(stands_for, text)
    return text


def styles(pilot: Pilot[None]) -> Iterator[str]:
    """Yield a letter for each style of the screen, then the lines as runs of them: `3-5 a2 b78`."""
    letters: dict[str, str] = {}
    rows = []
    for strip in pilot.app.screen._compositor.render_strips():
        cells = [(letter_of(segment.style, letters), segment.cell_length) for segment in strip]
        runs = groupby(cells, key=lambda cell: cell[0])
        rows.append(" ".join(f"{letter}{sum(length for _, length in run)}" for letter, run in runs))
    yield from (f"{letter} {style}" for style, letter in letters.items())
    line = 1
    for row, same in groupby(rows):
        last = line + len(list(same)) - 1
        yield f"{line}{'' if last == line else f'-{last}'} {row}"
        line = last + 1


def letter_of(style: Style | None, letters: dict[str, str]) -> str:
    """Return the letter of a style, a new one for a new style; what is attached to a style but not seen is left out."""
    seen = str(style.without_color + Style.from_color(style.color, style.bgcolor)) if style is not None else "none"
    seen = " ".join(word for word in seen.split() if not word.startswith("@"))
    return letters.setdefault(seen, ascii_letters[len(letters)])


def is_kept(file: Path, seen: str) -> bool:
    """Whether a file has what is seen; writes it first where that is asked for."""
    if os.environ.get(RENEW):
        file.parent.mkdir(exist_ok=True)
        file.write_text(seen, encoding="utf-8")
    return file.exists() and file.read_text(encoding="utf-8") == seen
