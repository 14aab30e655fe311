"""The exact prompt: every message that the model is given, with nothing hidden."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from chat_personas.text import printable
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.widgets.title_and_status import KeyLine

if TYPE_CHECKING:
    from eval.engine import Message

NO_SYSTEM = "No system prompt: the model is not steered."
INSIDE = "The model is steered from inside: {what}. No prompt says so."


class PromptScreen(AnsweringScreen[None]):
    """Shows the messages of the prompt in order, each under its role. The model's chat template is applied to them."""

    CSS_PATH = "prompt.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f3", "close", "Back", id="prompt_back"),
        Binding("c", "copy", "Copy", id="prompt_copy"),
    ]

    def __init__(self, given: Sequence["Message"], inside: str = "") -> None:
        """Show the messages `given`; `inside` says what is on inside the model, "" where nothing is."""
        super().__init__()
        self._given = given
        self._inside = inside
        self._messages = VerticalScroll(id="messages")

    def compose(self) -> ComposeResult:
        """Lay out every message under its role."""
        yield Static("The exact prompt", markup=False, id="heading")
        with self._messages:
            if self._inside:
                yield Static(INSIDE.format(what=printable(self._inside)), markup=False, classes="absent")
            elif not any(message.role == "system" for message in self._given):
                yield Static(NO_SYSTEM, markup=False, classes="absent")
            for message in self._given:
                yield Static(f"── {message.role} ──", markup=False, classes="role")
                yield Static(printable(message.content), markup=False, classes="content")
        yield KeyLine()

    def on_mount(self) -> None:
        """Let the arrow keys scroll at once."""
        self._messages.focus()

    def action_close(self) -> None:
        """Go back to the conversation."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the whole prompt to the clipboard."""
        self.app.copy_to_clipboard("\n\n".join(f"[{message.role}]\n{message.content}" for message in self._given))
        self.notify("Copied the prompt.", markup=False)
