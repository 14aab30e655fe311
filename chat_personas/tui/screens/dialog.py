"""What stands before the conversation: it has the keys for itself, says which, and keeps those that always work."""

from typing import ClassVar, TypeVar

from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A modal screen on which Ctrl+C does what it does on the others.

    Textual looks for no key of the application's behind a modal screen, except for those with priority.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "copy_or_quit", show=False)]

    async def action_copy_or_quit(self) -> None:
        """Copy the text that is selected; where none is, quit when pressed twice."""
        try:
            self.action_copy_text()
        except SkipAction:
            await self.app.run_action("app.help_quit")
