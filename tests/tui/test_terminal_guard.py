"""The screen outlives its terminal until it notices the loss, keeps time, and collects garbage when all is quiet."""

import gc
import itertools
import os
import pty
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from textual import timer
from textual.app import App

from chat_personas.tui.terminal_guard import MOST_REPLIES, QuietCollection, TerminalStream, keep_late_calls
from tests.tui.fakes import until


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


def test_garbage_is_collected_after_many_replies_though_it_is_never_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append("all"))
    clock = Clock()
    garbage = QuietCollection(lambda: False, clock.later)
    for _ in range(3 * MOST_REPLIES):
        garbage.ask()
        clock.tick()
    assert collected == ["all"] * 3


async def test_what_is_to_be_called_after_a_time_is_called_once_on_a_machine_that_is_too_busy_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_late_calls()
    keep_late_calls()
    called: list[str] = []
    app = App[None]()
    async with app.run_test() as pilot:
        busy = itertools.count(0.0, 10.0)  # ten seconds pass between any two looks at the clock
        monkeypatch.setattr(timer, "_time", SimpleNamespace(get_time=lambda: next(busy)))
        app.set_timer(0.01, lambda: called.append("after a time"))
        await until(pilot, lambda: bool(called))
        await pilot.pause(0.05)
    assert called == ["after a time"]
