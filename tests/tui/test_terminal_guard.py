"""The screen outlives its terminal for as long as it takes to notice: nothing may block on what cannot be drawn."""

import os
import pty

import pytest

from chat_personas.tui.terminal_guard import TerminalStream


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
