"""What could not be stored, as on a full disk: the screen says so, and tries again until it is."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from chat_personas.tui.chat.replies import ReplyController
from chat_personas.tui.session import SECONDS_BETWEEN_TRIES, Session
from chat_personas.tui.widgets.entries import Entry

if TYPE_CHECKING:
    from textual.screen import Screen

    from chat_personas.tui.widgets.transcript import Transcript

KEPT = (
    "not stored yet, only in memory: {why}. The program tries again by itself; "
    "{key} saves the conversation to another place."
)
KEPT_BESIDE = (
    "not stored yet, only in memory, what was said in a comparison or a debate: {why}. "
    "The program tries again by itself; if you quit before, a copy goes to the directory of temporary files."
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


class Keeping:
    """Watches over what is not stored: while something is said, and after it until all is on the disk."""

    def __init__(self, session: Session, busy: Callable[[], bool]) -> None:
        self._session = session
        self._busy = busy

    @property
    def needed(self) -> bool:
        """Whether there is something to watch over."""
        return self._busy() or self._says_so or self._session.unsaved is not None

    def begin_on(self, screen: "Screen[Any]") -> None:
        """Begin to watch where there is something to watch over, unless this screen does, or is left already."""
        own = (worker for worker in screen.workers if worker.node is screen)  # `workers` are those of all screens
        watched = any(worker.group == "keep" and not worker.is_finished for worker in own)
        if self.needed and not watched and screen.is_running:
            screen.run_worker(self.watch(), group="keep")

    async def watch(self) -> None:
        """Say what is not stored, and try again once a second, until nothing is left and nobody speaks."""
        while self.needed:
            if not self._busy() and self._session.unsaved is not None:
                await self._session.try_to_save()
            await self._show(self._session.unsaved)
            if self.needed:
                await asyncio.sleep(SECONDS_BETWEEN_TRIES)

    @property
    def _says_so(self) -> bool:
        """Whether the screen says that something is not stored."""
        raise NotImplementedError

    async def _show(self, why: str | None) -> None:
        """Show why something is not stored, None where all is."""
        raise NotImplementedError


class KeepingController(Keeping):
    """Watches on the screen of a conversation, also over what was said in a comparison or a debate that was left."""

    def __init__(self, session: Session, transcript: "Transcript", replies: ReplyController, view: KeepingView) -> None:
        super().__init__(session, lambda: replies.busy)
        self._transcript = transcript
        self._replies = replies
        self._view = view
        self._said: Entry | None = None

    @property
    def _says_so(self) -> bool:
        return self._said is not None

    async def _show(self, why: str | None) -> None:
        if why is not None and self._said not in self._transcript.entries:  # it goes where all is shown anew
            kept = KEPT_BESIDE if self._session.unsaved_is_beside else KEPT
            self._said = Entry("failure", kept.format(why=why, key=self._view.key_of("export")))
            self._view.show_unsaved(True)
            await self._transcript.add(self._said)
        elif why is None and self._said is not None:
            said, self._said = self._said, None
            self._view.show_unsaved(False)
            await self._transcript.remove_entries(lambda entry: entry is said)
            if not self._replies.busy:
                await self._replies.show_path()
                self._view.stored_at_last()


class KeepingBeside(Keeping):
    """Watches on the screen of a comparison or a debate. `line` says what is not stored, "" where all is."""

    def __init__(self, session: Session, busy: Callable[[], bool], shown: Callable[[], object]) -> None:
        """Prepare; `shown` is called where `line` is another one."""
        super().__init__(session, busy)
        self.line = ""
        self._shown = shown

    @property
    def _says_so(self) -> bool:
        return bool(self.line)

    async def _show(self, why: str | None) -> None:
        line = "" if why is None else f"Not stored yet, only in memory: {why}. The program tries again by itself"
        if line != self.line:
            self.line = line
            self._shown()
