"""What the conversation runs on: the model, what it is evidence of, and how much of its context is used."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from chat_personas.text import printable

DEMONSTRATION = "demonstration model: evidence about nobody"
DEMONSTRATION_SHORT = "demonstration"
"""Where there is no room for the whole: half of it would say that the model is evidence."""


class StatusLine(Widget):
    """One line above the keys; on a narrow screen the warning is shorter, and then whole parts go, the last ones first.

    `used` is how many tokens of its `context` the model's next reply begins with, None while that is not known;
    `at_least` says that it may be more, as after a reply that was stopped.
    """

    model: reactive[str] = reactive("")
    demonstration: reactive[bool] = reactive(False)
    state: reactive[str] = reactive("")
    used: reactive[int | None] = reactive(None)
    at_least: reactive[bool] = reactive(False)
    context: reactive[int] = reactive(0)

    def __init__(self) -> None:
        super().__init__(id="status")

    def render(self) -> Content:
        """Draw the line, with as much as there is room for."""
        parts = self._parts(DEMONSTRATION)
        if _joined(parts).cell_length > self.content_size.width:
            parts = self._parts(DEMONSTRATION_SHORT)
        while len(parts) > 1 + self.demonstration and _joined(parts).cell_length > self.content_size.width:
            parts.pop()
        return _joined(parts)

    def _parts(self, warning: str) -> list[Content]:
        parts = [Content(printable(self.model))]
        if self.demonstration:
            parts.append(Content.styled(warning, "bold"))
        if self.state:
            parts.append(Content(self.state))
        if self.context and self.used is not None:
            parts.append(Content(f"context {self.used}{'+' if self.at_least else ''}/{self.context}"))
        return parts


def _joined(parts: list[Content]) -> Content:
    return Content(" · ").join(parts)
