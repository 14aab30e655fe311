"""Every kind of terminal, size and encoding: the screen starts, is typed into, is resized, and is left."""

import fcntl
import os
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.leaving import CTRL_Q, Program
from chat_personas.cli.errors import DONE
from tests.examples import slow_but_first

ROOT = Path(__file__).parents[2]
USUAL = ["xterm-256color", "screen", "nosuchterminal"]
OTHERS = ["", "linux", "tmux-256color", "vt100", "xterm-mono", "xterm-kitty", "rxvt", "ansi", "cygwin", "sun", "vt52"]
PARTS = 10
"""Into which all terminals are divided, so that several can be tried at once (`-n 2`)."""
SIZES = [(1, 1), (3, 10), (5, 20), (24, 80), (200, 500), (1, 200)]


def known_terminals() -> Iterator[str]:
    """Yield every name that the terminfo of this machine knows."""
    listed = subprocess.run(["toe", "-a"], capture_output=True, text=True, check=False).stdout if _has_toe() else ""
    yield from sorted({line.split()[0] for line in listed.splitlines() if line.strip()} - {"dumb", "unknown"})


def _has_toe() -> bool:
    return any((Path(folder) / "toe").exists() for folder in os.environ.get("PATH", "").split(os.pathsep))


def resize(program: Program, rows: int, columns: int) -> None:
    fcntl.ioctl(program.file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def talk_and_leave(program: Program) -> None:
    """Type something, wait until it is sent, and leave."""
    program.until(b"guns?")
    program.write("Well?\r")
    program.until(b"thinking|Stop")
    program.write(CTRL_Q)
    program.seconds_to_end()
    assert program.code == DONE, program.text[-500:]
    assert "Traceback" not in program.text
    assert program.received.rfind(b"\x1b[?1049l") > program.received.rfind(b"\x1b[?1049h")


@slow_but_first("term", USUAL)
def test_a_conversation_on_a_usual_and_on_an_unknown_terminal(tmp_path: Path, term: str) -> None:
    with Program(["democrat"], tmp_path, {"TERM": term, "PYTHONPATH": str(ROOT)}) as program:
        talk_and_leave(program)


@pytest.mark.long
@pytest.mark.parametrize("term", OTHERS)
def test_a_conversation_on_others(tmp_path: Path, term: str) -> None:
    with Program(["democrat"], tmp_path, {"TERM": term, "COLORTERM": "", "PYTHONPATH": str(ROOT)}) as program:
        talk_and_leave(program)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_terminal_that_this_machine_knows_gets_the_screen_and_is_left(tmp_path: Path, part: int) -> None:
    terms = [*known_terminals()][part::PARTS]
    if not terms:
        pytest.skip("`toe` lists no terminals here; Debian has it in ncurses-bin")
    wrong = []
    for term in terms:
        home = tmp_path / term.replace("/", "-")
        with Program(["democrat"], home, {"TERM": term, "COLORTERM": "", "PYTHONPATH": str(ROOT)}) as program:
            try:
                talk_and_leave(program)
                assert "CRITICAL" not in (home / "state" / "chat-personas.log").read_text()
            except (AssertionError, OSError, EOFError) as error:
                wrong.append((term, str(error)))
    assert wrong == []


def test_a_dumb_terminal_gets_the_line_mode(tmp_path: Path) -> None:
    with Program(["democrat"], tmp_path, {"TERM": "dumb", "PYTHONPATH": str(ROOT)}) as program:
        program.write("Hi\n\x04")
        program.seconds_to_end()
        assert program.code == DONE
        assert "\x1b[?1049h" not in program.received.decode()
        assert len(program.text.replace("Hi", "").split()) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "columns"), SIZES[:2])
def test_a_tiny_window_does_no_harm(tmp_path: Path, rows: int, columns: int) -> None:
    _sized(tmp_path, rows, columns)


@pytest.mark.long
@pytest.mark.parametrize(("rows", "columns"), SIZES[2:])
def test_a_window_of_any_size_does_no_harm(tmp_path: Path, rows: int, columns: int) -> None:
    _sized(tmp_path, rows, columns)


def _sized(home: Path, rows: int, columns: int) -> None:
    with Program(["democrat"], home, {"PYTHONPATH": str(ROOT)}) as program:
        resize(program, rows, columns)
        program.until(rb"\x1b\[\?1049h")
        program.write("x")
        resize(program, 30, 100)
        program.until(b"guns?")
        resize(program, rows, columns)
        program.write(CTRL_Q)
        program.seconds_to_end()
        assert program.code == DONE, program.text[-500:]


@pytest.mark.slow
def test_keys_that_are_not_utf8_are_left_out_with_a_word_about_it_and_typing_goes_on(tmp_path: Path) -> None:
    with Program(["democrat"], tmp_path, {"PYTHONPATH": str(ROOT)}) as program:
        program.until(b"guns?")
        os.write(program.file, "café au lait".encode("latin-1"))
        program.until(b"does not send UTF-8")
        program.write("still here")
        program.until(b"still here|here")
        program.write(CTRL_Q)
        program.seconds_to_end()
        assert program.code == DONE
