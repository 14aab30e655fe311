"""The first line of the screen: who is spoken with, and about what."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from chat_personas.text import printable
from chat_personas.tui.drawing.rows import fitted


class TitleLine(Widget):
    """The persona and the conversation on the left; on the right, when the panel is hidden, the score in short."""

    persona: reactive[str] = reactive("")
    conversation: reactive[str] = reactive("")
    score: reactive[str] = reactive("")

    def __init__(self, wide: int) -> None:
        """`wide` is from how many columns on the panel is not hidden."""
        super().__init__(id="title")
        self._wide = wide

    def render(self) -> Content:
        """Draw both ends of the line; the middle is cut first."""
        right = f"  {self.score} (F2)" if self.score and self.app.size.width < self._wide else ""
        left = printable(self.persona)
        about = f" · {printable(self.conversation)}" if self.conversation else ""
        room = max(0, self.content_size.width - len(right))
        text = fitted(left + about, room) if room else ""
        return Content.assemble((text[: len(left)], "bold"), text[len(left) :], (right, "bold"))
