"""Where to write a file: one line of input, with what the file will hold."""

import os
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from chat_personas.paths import shown
from chat_personas.text import printable
from chat_personas.tui.screens.dialog import Dialog

NO_NAME = "Give the name of a file."


def in_short(path: Path) -> str:
    """Return the whole path, with ~ for the person's home."""
    return shown(path.absolute())


def _named(text: str) -> Path:
    return Path(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises for a user that is not there


class PathScreen(Dialog[Path | None]):
    """Asks for a path, and always shows the whole one; None if the person thinks better of it.

    Enter must come twice to replace a file. The path that is given is absolute.
    """

    CSS_PATH = "path.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="cancel")]

    def __init__(self, what: str, name: str) -> None:
        """Say `what` is written, and propose a file of this `name` in the current directory."""
        super().__init__()
        self._what = what
        self._proposal = in_short(Path(name))
        self._warned: str | None = None

    def compose(self) -> ComposeResult:
        """Lay out what is written above where to."""
        with Vertical(id="dialog"):
            yield Static(printable(self._what), markup=False)
            yield Input(self._proposal, id="path", select_on_focus=False)
            yield Static(markup=False, id="hint")

    @on(Input.Changed)
    def show_where(self, event: Input.Changed) -> None:
        """Say where the file would be; a name alone is one in the current directory."""
        text = event.value.strip()
        self._hint(f"Enter writes {in_short(_named(text))}, Escape nothing." if text else NO_NAME)

    @on(Input.Submitted)
    def choose(self, event: Input.Submitted) -> None:
        """Take the path, unless it is no place to write to or would replace a file unasked."""
        text = event.value.strip()
        path = _named(text).absolute()
        if not text or path.is_dir():
            self._hint(NO_NAME)
        elif not path.parent.is_dir():
            self._hint(f"There is no directory {in_short(path.parent)}; create it first or choose another.")
        elif path.exists() and self._warned != text:
            self._warned = text
            self._hint(f"{in_short(path)} exists; Enter again replaces it.")
        else:
            self.dismiss(path)

    def action_cancel(self) -> None:
        """Write nothing."""
        self.dismiss(None)

    def _hint(self, text: str) -> None:
        self.query_one("#hint", Static).update(printable(text))
