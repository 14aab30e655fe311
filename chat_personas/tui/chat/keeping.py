"""What could not be stored, as on a full disk: the screen says so, and tries again until it is."""

import asyncio
from typing import TYPE_CHECKING, Protocol

from chat_personas.tui.chat.replies import ReplyController
from chat_personas.tui.session import Session
from chat_personas.tui.widgets.entries import Entry

if TYPE_CHECKING:
    from chat_personas.tui.widgets.transcript import Transcript

SECONDS_BETWEEN_TRIES = 1.0
KEPT = (
    "not stored yet, only in memory: {why}. The program tries again by itself; "
    "{key} saves the conversation to another place."
)
STORED = "Stored: all of the conversation is on the disk again."


class KeepingView(Protocol):
    """What `KeepingController` tells the screen."""

    def show_unsaved(self, unsaved: bool) -> None:
        """Say in the title whether something is not stored."""

    def stored_at_last(self) -> None:
        """What could not be stored is on the disk now, and nothing is being said."""

    def key_of(self, action: str) -> str:
        """Return how the key of an action is written."""


class KeepingController:
    """Watches over what is not stored: while a reply grows, and after it until all is on the disk."""

    def __init__(self, session: Session, transcript: "Transcript", replies: ReplyController, view: KeepingView) -> None:
        self._session = session
        self._transcript = transcript
        self._replies = replies
        self._view = view
        self._said: Entry | None = None

    @property
    def needed(self) -> bool:
        """Whether there is something to watch over."""
        return self._replies.busy or self._said is not None or self._session.unsaved is not None

    async def watch(self) -> None:
        """Say what is not stored, and try again once a second, until nothing is left and no reply grows."""
        while self.needed:
            if not self._replies.busy and self._session.unsaved is not None:
                await self._session.try_to_save()
            await self._show(self._session.unsaved)
            if self.needed:
                await asyncio.sleep(SECONDS_BETWEEN_TRIES)

    async def _show(self, why: str | None) -> None:
        if why is not None and self._said is None:
            self._said = Entry("failure", KEPT.format(why=why, key=self._view.key_of("export")))
            self._view.show_unsaved(True)
            await self._transcript.add(self._said)
        elif why is None and self._said is not None:
            said, self._said = self._said, None
            self._view.show_unsaved(False)
            await self._transcript.remove_entries(lambda entry: entry is said)
            if not self._replies.busy:
                await self._replies.show_path()
                self._view.stored_at_last()
