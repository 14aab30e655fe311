"""A message of the person, taken back into the composer to be said otherwise."""

from collections.abc import Callable

from chat_personas.tui.widgets.composer import Composer

TITLE = "Edit your last message (Enter sends, Esc leaves it as it was)"


class Editing:
    """Which message is being edited in the composer, if one is, and how the composer shows it.

    What was typed there for another message is set aside meanwhile. `changed` is called when an edit begins or ends.
    """

    def __init__(self, composer: Composer, changed: Callable[[], None]) -> None:
        self._composer = composer
        self._changed = changed
        self._message_id: str | None = None
        self._set_aside = ""

    @property
    def under_way(self) -> bool:
        """Whether what stands in the composer is to be said in place of a message."""
        return self._message_id is not None

    def begin(self, message_id: str, text: str) -> None:
        """Put `text` into the composer, to be said in place of the message of that id."""
        self._message_id = message_id
        self._set_aside = self._composer.text
        self._composer.text = text
        self._composer.move_cursor(self._composer.document.end)
        self._composer.border_title = TITLE
        self._composer.add_class("-editing")
        self._composer.focus()
        self._changed()

    def end(self) -> str | None:
        """Make the composer one for new messages again; return the id of the message that was edited, if one was.

        What stands in the composer stays, after what was set aside.
        """
        message_id, self._message_id = self._message_id, None
        self._composer.border_title = ""
        self._composer.remove_class("-editing")
        set_aside, self._set_aside = self._set_aside, ""
        if set_aside.strip():
            self._composer.give_back(set_aside)
        self._changed()
        return message_id

    def give_back(self, text: str, replaces: str | None) -> None:
        """Put a text that could not be said where the person has it again: an edited message is an edit again.

        `replaces` is the id of the message in whose place it was to be said; None for a new message, which is set aside
        while another is being edited.
        """
        if replaces is not None:
            self.begin(replaces, text)
        elif self.under_way:
            self._set_aside = f"{text}\n{self._set_aside}" if self._set_aside.strip() else text
        else:
            self._composer.give_back(text)

    def leave(self) -> None:
        """Leave the message as it was."""
        self._composer.clear()
        self.end()
