"""A message of the person, taken back into the composer to be said otherwise."""

from chat_personas.tui.widgets.composer import Composer

TITLE = "Edit your last message (Enter sends, Esc leaves it as it was)"


class Editing:
    """Which message is being edited in the composer, if one is, and how the composer shows it."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._message_id: str | None = None

    @property
    def under_way(self) -> bool:
        """Whether what stands in the composer is to be said in place of a message."""
        return self._message_id is not None

    def begin(self, message_id: str, text: str) -> None:
        """Put `text` into the composer, to be said in place of the message of that id."""
        self._message_id = message_id
        self._composer.text = text
        self._composer.move_cursor(self._composer.document.end)
        self._composer.border_title = TITLE
        self._composer.add_class("-editing")
        self._composer.focus()

    def end(self) -> str | None:
        """Make the composer one for new messages again; return the id of the message that was edited, if one was.

        What stands in the composer stays.
        """
        message_id, self._message_id = self._message_id, None
        self._composer.border_title = ""
        self._composer.remove_class("-editing")
        return message_id

    def leave(self) -> None:
        """Leave the message as it was."""
        self._composer.clear()
        self.end()
