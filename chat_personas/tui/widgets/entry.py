"""One thing in the transcript, as data; it outlives the widget that shows it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["user", "reply", "notice", "failure"]


@dataclass(slots=True, eq=False)
class Entry:
    """A message of either side, or a line of the program's own.

    `note` says why a reply ended early. `waiting` marks a user message that is not sent yet, `growing` a reply that is
    being said. `message_id` is the row of the corpus, once there is one. `replaces` is the row of the message in
    whose place an edited one is said.
    """

    kind: Kind
    text: str
    message_id: str | None = None
    note: str = ""
    speaker: str = ""
    waiting: bool = False
    growing: bool = False
    replaces: str | None = None
