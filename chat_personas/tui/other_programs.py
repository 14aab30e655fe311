"""Handing text to other programs: the clipboard of the system, and the editor of the person.

The clipboard is reached in two ways at once. OSC 52 asks the terminal, which works over SSH as well, but not in every
terminal. A program of the system is asked where one is there and the screen is a local one.
"""

import asyncio
import os
import shlex
import shutil
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from chat_personas.tui.leaving import terminal_lent
from personas.errors import ReportedError

if TYPE_CHECKING:
    from textual.app import App

SECONDS_FOR_THE_CLIPBOARD = 2.0
SECONDS_TO_STORE = 2.0
"""For so long an editor that is ended may store its text."""
EDITORS = ("nano", "vi")
"""What is opened where neither VISUAL nor EDITOR is set, if it is there."""


class NoEditorError(ReportedError):
    """There is no editor, or it failed. The message says what to do."""


def clipboard_program(
    environment: Mapping[str, str], which: Callable[[str], str | None] = shutil.which, platform: str = sys.platform
) -> Sequence[str]:
    """Return the command that takes the clipboard's text on its standard input; nothing where there is none.

    In tmux, whose programs cannot ask the terminal themselves, it is tmux, which passes the text on. Over SSH the
    clipboard of this machine is not the person's.
    """
    if environment.get("TMUX") and which("tmux"):
        return ("tmux", "load-buffer", "-w", "-")
    if environment.get("SSH_CONNECTION"):
        return ()
    known: list[tuple[bool, Sequence[str]]] = [
        (platform == "darwin", ("pbcopy",)),
        (bool(environment.get("WAYLAND_DISPLAY")), ("wl-copy",)),
        (bool(environment.get("DISPLAY")), ("xclip", "-selection", "clipboard")),
        (bool(environment.get("DISPLAY")), ("xsel", "--clipboard", "--input")),
        (bool(environment.get("WSL_DISTRO_NAME")), ("clip.exe",)),
    ]
    return next((command for fits, command in known if fits and which(command[0])), ())


async def fill_clipboard(text: str) -> None:
    """Hand a text to the program of the system that holds the clipboard, if there is one. It may fail silently."""
    command = clipboard_program(os.environ)
    if not command:
        return
    nowhere = asyncio.subprocess.DEVNULL  # some stay in the background and would hold a pipe open
    with suppress(OSError):
        program = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
        try:
            async with asyncio.timeout(SECONDS_FOR_THE_CLIPBOARD):
                await program.communicate(text.encode("utf-8", "replace"))
        except TimeoutError:
            program.kill()


def editor_command(environment: Mapping[str, str], which: Callable[[str], str | None] = shutil.which) -> Sequence[str]:
    """Return the command of the person's editor, with its arguments: of VISUAL, EDITOR, or one that is there.

    Raises:
        NoEditorError: there is none, or what is set cannot be read.
    """
    for name in ("VISUAL", "EDITOR"):
        if wanted := environment.get(name, "").strip():
            try:
                return shlex.split(wanted)
            except ValueError as error:
                raise NoEditorError(
                    f"{name} cannot be read as a command ({error}); set it to one, such as vim"
                ) from None
    found = next((editor for editor in EDITORS if which(editor)), None)
    if found is None:
        raise NoEditorError("there is no editor; set EDITOR to the command of one, such as vim")
    return (found,)


async def edited(app: "App[None]", text: str, name: str, left: Callable[[str], object] = lambda _: None) -> str:
    """Let the person edit a text in their editor, on the whole terminal; return it as it is when the editor has ended.

    It stands in a file of this `name` that only the person can read, and that is removed afterwards. A reply goes on
    meanwhile, and nothing is drawn. Where the caller is cancelled, as by a signal that ends the program, the editor is
    ended, the terminal is as before, and `left` is given the text as the editor has stored it.

    Raises:
        NoEditorError: there is none, it failed, or this terminal cannot be lent to it.
    """
    from textual.app import SuspendNotSupported

    command = editor_command(os.environ)
    with tempfile.TemporaryDirectory(prefix="chat-personas-") as folder:
        file = Path(folder) / name
        file.write_text(f"{text}\n" if text else "", encoding="utf-8")
        file.chmod(0o600)
        try:
            with app.batch_update(), app.suspend(), terminal_lent(), _terminal_restored():
                code = await _run_or_fail((*command, str(file)))
        except asyncio.CancelledError:
            left(_stored_last(file))
            raise
        except SuspendNotSupported:
            raise NoEditorError("this terminal cannot be lent to an editor") from None
        if isinstance(code, OSError):
            raise NoEditorError(f"{command[0]} cannot be started: {code.strerror}; set EDITOR to another one")
        if code:
            raise NoEditorError(f"{command[0]} ended with an error ({code}); nothing was taken over")
        return _text_of(file)


async def _run_or_fail(command: Sequence[str]) -> int | OSError:
    """Run a program; return why it cannot be started: an error raised while the terminal is lent would keep it lent."""
    try:
        return await _run(command)
    except OSError as error:
        return error


async def _run(command: Sequence[str]) -> int:
    """Run a program to its end. Where the caller is cancelled it is ended, also one that has only just been started."""
    starting = asyncio.create_task(asyncio.create_subprocess_exec(*command))
    try:
        return await (await asyncio.shield(starting)).wait()
    except asyncio.CancelledError:
        with suppress(OSError):  # it could not be started
            await _end(await starting)
        raise


async def _end(program: asyncio.subprocess.Process) -> None:
    """End a program: by force if it does not end in time."""
    with suppress(ProcessLookupError):
        program.terminate()
    try:
        async with asyncio.timeout(SECONDS_TO_STORE):
            await program.wait()
    except TimeoutError:
        program.kill()
        await program.wait()


@contextmanager
def _terminal_restored() -> Iterator[None]:
    """Set the terminal as it was when the block ends: a program that is ended by force leaves it as it needs it."""
    descriptor = 0 if sys.__stdin__ is None else sys.__stdin__.fileno()
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:  # no terminal
        before = None
    try:
        yield
    finally:
        if before is not None:
            with suppress(termios.error):  # it is gone
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _stored_last(file: Path) -> str:
    """Return what an editor that was ended has stored: nano and emacs store what was not saved beside the file."""
    rescued = (file.with_name(f"{file.name}.save"), file.with_name(f"#{file.name}#"))
    return _text_of(next((each for each in rescued if each.exists()), file))


def _text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
