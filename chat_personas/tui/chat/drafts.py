"""What is typed on a chat screen and not sent: kept with its conversation, and brought back there."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.notifications import Notification, Notify

from chat_personas.storage.drafts import Draft, merged, why_refused
from chat_personas.text import printable
from chat_personas.tui.widgets.composer import Editing
from personas.errors import ReportedError

if TYPE_CHECKING:
    from textual.screen import Screen

    from chat_personas.corpus import Corpus
    from chat_personas.tui.chat.screen import ChatScreen

SECONDS_BETWEEN_DRAFTS = 1.0
"""For so long at most what is typed is in memory only."""
SECONDS_FOR_WORDS = 3.0
"""For so long at most the end of the program waits for a corpus that is being opened, where words would be lost."""
BROUGHT_BACK = "What you typed here and did not send is back."
LEFT_BEHIND = "What you typed stays in the conversation before, and is back when you open that again."
NOT_KEPT = "What you type is not kept before you send it: {why}."


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft, and the key of the conversation with which it is kept: None for one in which nothing was said."""

    key: str | None
    draft: Draft


class KeptSoon:
    """Has what is typed on a screen kept within a second, not at every key, and says once that the disk refuses.

    `keep` begins to keep it.
    """

    def __init__(self, screen: "Screen[Any]", keep: Callable[[], None]) -> None:
        self._screen = screen
        self._keep = keep
        self._due = False
        self._said: Notification | None = None

    def changed(self) -> None:
        """Have it kept soon."""
        if not self._due:
            self._due = True
            self._screen.set_timer(SECONDS_BETWEEN_DRAFTS, self._now)

    def _now(self) -> None:
        self._due = False
        self._keep()

    def done(self) -> None:
        """Note that the disk has it: what was said is taken away, and a refusal after that is said again."""
        if self._said is not None:
            self._screen.app._unnotify(self._said)
        self._said = None

    def refused(self, error: Exception) -> None:
        """Say why the disk does not take it, unless that was said or nobody sees the screen any more."""
        if self._said is None and self._screen.is_running:
            app, why = self._screen.app, printable(NOT_KEPT.format(why=why_refused(error)))
            self._said = Notification(why, "", "warning", app.NOTIFICATION_TIMEOUT, markup=False)
            app.post_message(Notify(self._said))


class DraftController:
    """Keeps what is typed on a chat screen and not sent with its conversation, and brings it back there.

    Between `leave` and `bring_back`, as before the first conversation is open, nothing is kept: what is typed then
    belongs to the conversation that comes. Nor is anything before what was kept there earlier could be read: it would
    be kept in place of that.
    """

    def __init__(self, screen: "ChatScreen") -> None:
        self._screen = screen
        self._editing: Editing = screen.editing
        self._going = True
        self._soon = KeptSoon(screen, self._begin_to_keep)
        self._asked_for: str | None = None  # the conversation to continue, while no model is open
        self._goes_to = screen.session.launch.resume  # the conversation that comes; None for a new one
        self._kept: Kept | None = None  # what the disk has of what is on the screen
        self._held_for: str | None = None  # the conversation for which the disk refused what is on the screen
        self._unread = False  # what was kept here could not be read yet
        self._edit = Draft()  # an edit that was kept, until the message that it replaces can be shown
        self._one = asyncio.Lock()  # one conversation is left and another shown before the next one is left

    @property
    def between(self) -> bool:
        """Whether what is typed belongs to the conversation that comes: the one of before was left."""
        return self._going

    def changed(self) -> None:
        """Keep what is typed now, within a second."""
        self._soon.changed()

    def _begin_to_keep(self) -> None:
        self._screen.run_worker(self.keep(), group="draft")

    async def keep(self) -> bool:
        """Keep what is typed now, and erase what is not typed any more; return whether the disk has it.

        It has not where it refuses, and where the conversation or the corpus is gone; that is said once.
        """
        async with self._one:
            return await self._keep()

    async def _keep(self, *, leaving: bool = False) -> bool:
        """Do what `keep` does; without the messages that wait where the conversation is being left."""
        corpus = self._screen.session.corpus
        if corpus is not None and self._unread:
            await self._read(corpus)
        if corpus is None or self._going or self._unread:
            return False
        now = Kept(self._key, self._typed(waiting=not leaving))
        if await self._is_on_disk(corpus, now):
            self._hold_nothing(corpus, now)
            return True
        try:
            await asyncio.to_thread(_exchange, corpus, self._kept, now)
        except (OSError, ReportedError) as error:
            self._hold(corpus, now, error)
            if not (leaving and isinstance(error, ReportedError)):  # it comes along, and is kept there
                self._soon.refused(error)
            return False
        self._hold_nothing(corpus, now)
        self._soon.done()
        self._kept = now
        return True

    async def _is_on_disk(self, corpus: "Corpus", now: Kept) -> bool:
        """Whether the disk has what is typed now: it was kept, and nobody has deleted it with its conversation."""
        if corpus.drafts.holds(now.key):
            return False
        if not now.draft:
            return self._kept in (None, now)
        return now == self._kept and await asyncio.to_thread(corpus.drafts.has, now.key)

    def _hold(self, corpus: "Corpus", now: Kept, error: Exception) -> None:
        """Hold in memory what is typed now, and have the screen look whether more than that is in memory only."""
        from chat_personas.corpus.errors import ConversationGoneError

        if self._held_for != now.key:
            corpus.drafts.let_go(self._held_for)
        corpus.drafts.hold(now.key, now.draft, error)
        self._held_for = now.key
        if isinstance(error, ConversationGoneError):  # what the disk had was erased with it
            self._kept = None
        self._screen.keep()

    def _hold_nothing(self, corpus: "Corpus", now: Kept) -> None:
        """Hold no words in memory: what is typed now is on the disk, or nothing is."""
        for key in {self._held_for, now.key}:
            corpus.drafts.let_go(key)

    async def keep_at_end(self) -> str:
        """Keep what is typed as the program ends: before a conversation was open, beside what it has already.

        Return what cannot be kept because there is no corpus; what the disk refuses is held by its drafts.
        """
        session, typed = self._screen.session, self._typed()
        if typed and session.corpus is None:
            with suppress(TimeoutError, OSError, ReportedError):
                await asyncio.wait_for(session.open_corpus(), SECONDS_FOR_WORDS)
        corpus = session.corpus
        if not self._going:
            await self.keep()
        if corpus is not None and typed and (self._going or self._unread):
            with suppress(OSError, ReportedError):  # there is no screen any more to say so
                await asyncio.to_thread(_add, corpus, self._goes_to if self._going else self._key, typed)
        return typed.whole if corpus is None else ""

    async def leave(self, goes_to: str | None) -> None:
        """Keep what is typed with the conversation that is left, and take it from the screen if it is kept there.

        What is typed from then on is for the conversation with the key `goes_to`, None for a new one. The messages that
        wait are not kept with the one that is left: they are sent in the one that comes.
        """
        async with self._one:
            while (kept := await self._keep(leaving=True)) and not self._all_is_kept:
                pass  # more was typed meanwhile
            self._going, self._goes_to, self._unread, self._edit = True, goes_to, False, Draft()
            self._editing.end()
            if kept:
                self._screen.composer.clear()
            if kept and self._kept is not None and self._kept.key is not None:
                await self._release(self._kept.key)

    async def _release(self, key: str) -> None:
        """Let other programs find what is typed in a conversation; where that fails, this one still does."""
        corpus = self._screen.session.corpus
        if corpus is not None:
            with suppress(OSError):
                await asyncio.to_thread(corpus.drafts.release, key)

    async def bring_back(self) -> None:
        """Show what was typed in the conversation that is open now, before what has been typed meanwhile."""
        async with self._one:
            await self._bring_back()

    async def _bring_back(self) -> None:
        corpus, before = self._screen.session.corpus, self._kept
        if corpus is None:
            return
        if not self._going:  # it is on the screen, but for an edit for which no conversation was open
            self._show_edit()
            return
        draft = await self._read(corpus)
        if self._unread:
            return
        if self._screen.composer.text:
            self.changed()  # it may have been brought along from a conversation that was deleted
        else:
            self._soon.done()
        if before is not None and before.key == self._key:
            return  # it is on the screen as before
        if draft is not None:
            self._screen.notify(BROUGHT_BACK, markup=False)
        elif before is not None and before.draft:
            self._screen.notify(LEFT_BEHIND, markup=False)

    async def _read(self, corpus: "Corpus") -> Draft | None:
        """Show what was kept with the conversation that is open now, and return it; `_unread` where that fails."""
        try:
            self._asked_for = await asyncio.to_thread(_asked_for, corpus, self._screen.session.launch.resume)
            key = self._key
            draft = await asyncio.to_thread(corpus.take_over_draft, key)
        except (OSError, ReportedError) as error:
            self._going, self._kept, self._unread = False, None, True
            self._soon.refused(error)
            return None
        self._going, self._unread = False, False
        self._kept = None if draft is None else Kept(key, draft)  # the one before is of the conversation that was left
        if draft is not None:
            self._edit = Draft(draft.text, replaces=draft.replaces)
            self._show_edit()
            if draft.beside:
                self._screen.give_back(draft.beside, None)
        return draft

    def _show_edit(self) -> None:
        """Show the text that was kept. An edit waits for the conversation: without it, it would be a new message."""
        edit = self._edit
        if edit and (edit.replaces is None or self._screen.session.conversation is not None):
            self._edit = Draft()
            self._screen.give_back(edit.text, edit.replaces)

    @property
    def _all_is_kept(self) -> bool:
        typed = self._typed(waiting=False)
        return typed == self._kept.draft if self._kept is not None else not typed

    @property
    def _key(self) -> str | None:
        """The key of the open conversation, or the one to continue; None for one in which nothing was said."""
        conversation = self._screen.session.conversation
        if conversation is None:
            return self._asked_for
        return conversation.id if conversation.unspoken is None else None

    def _typed(self, *, waiting: bool = True) -> Draft:
        """Return what was sent and is in no corpus yet, `waiting` or on its way, and what is typed after it."""
        unsent = self._screen.replies.not_stored_yet if waiting else ()
        sent = [Draft(entry.text, replaces=entry.replaces) for entry in unsent]
        return merged(
            [self._edit, *sent, Draft(self._screen.composer.text, self._editing.set_aside, self._editing.message_id)]
        )


def _exchange(corpus: "Corpus", before: Kept | None, now: Kept) -> None:
    """Keep a draft, and none any more under another key: a conversation gets its own with the first message."""
    corpus.drafts.keep(now.key, now.draft)
    if before is not None and before.key != now.key:
        corpus.drafts.keep(before.key, Draft())


def _add(corpus: "Corpus", resume: str | None, typed: Draft) -> None:
    """Keep what was typed before the conversation to continue was open, beside the draft that it has.

    Where there is no such conversation, it is kept for a new one.
    """
    from chat_personas.corpus import UnknownConversationError

    try:
        key = _asked_for(corpus, resume)
    except UnknownConversationError:
        key, typed = None, Draft(typed.whole)
    except ReportedError as error:
        corpus.drafts.hold(resume, typed, error)
        raise
    corpus.drafts.add(key, typed)


def _asked_for(corpus: "Corpus", resume: str | None) -> str | None:
    return corpus.conversation(resume).id if resume is not None else None
