"""The screen outlives its terminal until it notices that it is gone, and collects garbage while nobody types."""

import gc
import os
import pty
from collections.abc import Callable

import pytest

from chat_personas.tui.terminal_guard import QuietCollection, TerminalStream


def test_what_is_drawn_after_the_terminal_is_gone_is_dropped_without_an_error() -> None:
    terminal, program = pty.openpty()
    screen = TerminalStream(os.fdopen(program, "wb"), encoding="utf-8")
    screen.write("Hello")
    screen.flush()
    os.close(terminal)
    for _ in range(100):
        screen.write("x" * 1000)
        screen.flush()
    with pytest.raises(OSError, match="Input/output error"):
        screen.close()


def test_other_errors_are_not_hidden() -> None:
    reading, writing = os.pipe()
    screen = TerminalStream(os.fdopen(writing, "wb"), encoding="utf-8")
    os.close(reading)
    screen.write("Hello")
    with pytest.raises(BrokenPipeError):
        screen.flush()
    with pytest.raises(BrokenPipeError):
        screen.close()


class Clock:
    """Calls what is put off, one after the other, when it is told to."""

    def __init__(self) -> None:
        self.put_off: list[Callable[[], None]] = []

    def later(self, _: float, act: Callable[[], None]) -> None:
        self.put_off.append(act)

    def tick(self) -> None:
        self.put_off.pop(0)()


def test_garbage_waits_until_nobody_types_and_is_collected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append("all"))
    typing, clock = True, Clock()
    garbage = QuietCollection(lambda: not typing, clock.later)

    garbage.ask()
    garbage.ask()
    clock.tick()
    clock.tick()
    assert collected == []

    typing = False
    clock.tick()
    assert collected == ["all"]
    assert clock.put_off == []

    garbage.ask()
    clock.tick()
    assert collected == ["all", "all"]
