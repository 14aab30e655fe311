"""Where to write a file: one line of input, with what the file will hold."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from chat_personas.plain_text import printable


class PathScreen(ModalScreen[Path | None]):
    """Asks for a path; None if the person thinks better of it. Enter must come twice to replace a file."""

    CSS_PATH = "path.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="cancel")]

    def __init__(self, what: str, proposal: str) -> None:
        super().__init__()
        self._what = what
        self._proposal = proposal
        self._warned: str | None = None

    def compose(self) -> ComposeResult:
        """Lay out what is written above where to."""
        with Vertical(id="dialog"):
            yield Static(printable(self._what), markup=False)
            yield Input(self._proposal, id="path", select_on_focus=False)
            yield Static("Enter writes the file, Escape does not.", markup=False, id="hint")

    @on(Input.Submitted)
    def choose(self, event: Input.Submitted) -> None:
        """Take the path, unless it is no place to write to or would replace a file unasked."""
        text = event.value.strip()
        path = Path(text).expanduser()
        if not text or path.is_dir():
            self._hint("Give the name of a file.")
        elif not path.parent.is_dir():
            self._hint(f"There is no directory {path.parent}; create it first or choose another.")
        elif path.exists() and self._warned != text:
            self._warned = text
            self._hint(f"{path.name} exists; Enter again replaces it.")
        else:
            self.dismiss(path)

    def action_cancel(self) -> None:
        """Write nothing."""
        self.dismiss(None)

    def _hint(self, text: str) -> None:
        self.query_one("#hint", Static).update(printable(text))
