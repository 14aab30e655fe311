"""From the rows of a conversation to entries of the transcript."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from chat_personas.tui.widgets.entry import Entry

if TYPE_CHECKING:
    from chat_personas.corpus import MessageRow

NOTES = {"stopped": "■ stopped", "interrupted": "✗ interrupted", "streaming": "✗ interrupted", "error": "✗ broke off"}


def path_entries(rows: Iterable["MessageRow"], speaker: str) -> Iterator[Entry]:
    """Yield an entry per message; a reply that did not end by itself says so."""
    for row in rows:
        if row.role == "user":
            yield Entry("user", row.text, message_id=row.id)
        else:
            note = NOTES.get(row.status) or row.why or ""
            yield Entry("reply", row.text, message_id=row.id, speaker=speaker, note=note)
            if row.why and row.status in ("error", "interrupted"):
                yield Entry("failure", row.why)
