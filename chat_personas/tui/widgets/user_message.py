"""What the person said, as they said it."""

from textual.content import Content
from textual.widgets import Static

from chat_personas.text import printable

WAITING = "waiting for the model; it is sent as soon as it can be (Esc takes it back)"


class UserMessage(Static):
    """A message of the person's, never parsed as markup. One that could not be sent yet says so."""

    def __init__(self, text: str, *, waiting: bool = False) -> None:
        parts: list[Content | tuple[str, str]] = [("You", "bold"), Content("\n"), Content(printable(text))]
        if waiting:
            parts += [Content("\n"), ("… " + WAITING, "italic")]
        super().__init__(Content.assemble(*parts), markup=False, classes="user-message")
