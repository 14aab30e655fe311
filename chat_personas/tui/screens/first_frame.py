"""The first frame: the outlines of the conversation, drawn by one light widget while the real ones are imported."""

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from chat_personas.tui.drawing import INVITATION, fitted

if TYPE_CHECKING:
    from textual.app import ComposeResult


def outlines(persona: str, model: str, width: int, height: int) -> Content:
    """Draw title, composer and status where they will be, in exactly `height` lines."""
    box = [f"╭{'─' * (width - 2)}╮", f"│ {INVITATION}".ljust(width - 1) + "│", f"╰{'─' * (width - 2)}╯"]
    lines = [fitted(f" {persona}", width), *[""] * (height - 6), *box, fitted(f" {model} · opening…", width), ""]
    return Content("\n".join(lines[-height:]))


class Outlines(Widget):
    """Fills the screen with the outlines."""

    def __init__(self, persona: str, model: str) -> None:
        super().__init__()
        self._persona = persona
        self._model = model

    def render(self) -> Content:
        """Draw them for the current size."""
        return outlines(self._persona, self._model, max(20, self.size.width), self.size.height)


class FirstScreen(Screen[None]):
    """Is drawn at once. What is typed on it waits for the composer."""

    AUTO_FOCUS = None
    BINDINGS: ClassVar = []

    def __init__(self, persona: str, model: str) -> None:
        super().__init__()
        self._outlines = Outlines(persona, model)

    def compose(self) -> "ComposeResult":
        """Lay out the one widget."""
        yield self._outlines
