"""Sending messages and showing the replies, one at a time and in order."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from chat_personas.text import pluralize
from chat_personas.tui.widgets.entries import Entry, Kind, entries_of, note_of

if TYPE_CHECKING:
    from chat_personas.conversation.branches import Version
    from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyEvent
    from chat_personas.tui.widgets.transcript import Transcript

Begin: TypeAlias = Callable[[], AsyncGenerator["ReplyEvent", None]]
SECONDS_TO_LOOK_AGAIN = 1.0
"""How often is looked how far another program has come."""
NOT_STORED = "✗ not stored yet"
GREETING = "Say something, for example: What should be done about guns?"


class RepliesView(Protocol):
    """What `ReplyController` tells the screen."""

    def replies_changed(self) -> None:
        """A reply has begun or ended, or the waiting messages have changed."""

    def reply_ended(self, event: "ReplyEnded") -> None:
        """A reply has ended, and is stored as far as it came."""

    def give_back(self, text: str, replaces: str | None) -> None:
        """A text could not be sent: return it to the person.

        `replaces` is the id of the message that it was to replace, None for a new message.
        """


class HoldsConversation(Protocol):
    """What `ReplyController` needs of a session: the open conversation."""

    @property
    def conversation(self) -> "Conversation | None":
        """The conversation that is open, None before one is."""


def _ignore(_: str) -> None: ...


class ReplyController:
    """Sends messages one at a time and writes the replies into the transcript. Messages that cannot be sent yet wait.

    Whoever sends takes the floor before it awaits anything; all others wait in order.
    """

    def __init__(
        self,
        session: HoldsConversation,
        transcript: "Transcript",
        view: RepliesView,
        *,
        speaker: str | None = None,
        greeting: Callable[[], Entry] = lambda: Entry("notice", GREETING),
        stored: Callable[[str], None] = _ignore,
        too_long: str | None = None,
    ) -> None:
        """`speaker` replaces the persona's title above replies; `stored` is told the id of each message once stored.

        `greeting` gives what stands in an empty transcript, and `too_long` replaces what is said of a message that does
        not fit into the model's context.
        """
        self._session = session
        self._transcript = transcript
        self._view = view
        self._speaker = speaker
        self._greeting = greeting
        self._stored = stored
        self._too_long = too_long
        self._outgoing: list[Entry] = []  # what was said and is in no corpus yet, in order; some of it is `waiting`
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._holds = 0
        self._changes = 0
        self._one_version = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether a message is being sent or a reply generated."""
        return not self._idle.is_set()

    @property
    def waiting(self) -> bool:
        """Whether messages wait to be sent."""
        return bool(self._waiting)

    @property
    def _waiting(self) -> list[Entry]:
        return [entry for entry in self._outgoing if entry.waiting]

    @property
    def not_stored_yet(self) -> tuple[Entry, ...]:
        """The messages that are in no corpus yet, in order: the one on its way to be stored, and those that wait.

        They are here from the moment in which they are said until they are stored or returned to the person, so that
        the program can end in every other one.
        """
        return tuple(self._outgoing)

    async def show_path(self) -> None:
        """Show the conversation as the corpus has it, with a last reply that it does not have yet."""
        if (conversation := self._session.conversation) is not None:
            said = entries_of(conversation, self._speaker or "")
            if conversation.unsaved is not None and not conversation.replying and said and said[-1].kind == "reply":
                said[-1].note = NOT_STORED
            await self._transcript.show([*(said or [self._greeting()]), *self._waiting])

    async def follow_elsewhere(self) -> bool:
        """Wait for the reply that another program writes in the open conversation, and show it when it has ended.

        Until then messages wait. Returns whether it was shown: not where there is none, or another conversation is open
        by then.

        Raises:
            CorpusError: the corpus cannot be read, or the conversation was deleted.
        """
        conversation, ended = self._session.conversation, False
        while not ended and conversation is not None and conversation.grows_elsewhere:
            await asyncio.sleep(SECONDS_TO_LOOK_AGAIN)
            if self._session.conversation is not conversation:
                return False
            ended = self._may_go and await conversation.catch_up()
        if ended:
            await self.show_path()
        return ended

    def say(self, text: str) -> Coroutine[Any, Any, None]:
        """Send `text`, after the messages that wait; where that is not possible yet, show it as waiting."""
        said = Entry("user", text)
        self._outgoing.append(said)
        return self._say(said)

    async def _say(self, said: Entry) -> None:
        if self._may_send and not self._waiting:
            with self._floor():
                await self._send(said)
        else:
            said.waiting = True
            self._view.replies_changed()
            await self._transcript.add(said)
        await self.send_waiting()

    async def send_waiting(self) -> None:
        """Send the waiting messages one after the other, if a conversation is open and no reply is being generated."""
        while self._waiting and self._may_send:
            with self._floor():
                waited = self._waiting[0]
                said = self._outgoing[self._outgoing.index(waited)] = Entry("user", waited.text)
                await self._no_longer_waiting(waited)
                await self._send(said)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make all messages wait while another conversation or model is opened; call `send_waiting` afterwards."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    @contextmanager
    def kept_as_it_is(self) -> Iterator[None]:
        """Hold all messages while the open conversation, its persona or its model is exchanged, and begin nothing else.

        What is done with the branch meanwhile would meet a conversation that changes, or be done in another one.
        """
        self._changes += 1
        try:
            with self.held():
                yield
        finally:
            self._changes -= 1

    @property
    def changing(self) -> bool:
        """Whether the open conversation, its persona or its model is being exchanged."""
        return bool(self._changes)

    async def take_back(self, entry: Entry | None = None) -> None:
        """Unsend a waiting message, the newest if none is named: return it to the person."""
        if self._waiting and (entry is None or entry in self._waiting):
            taken = self._waiting[-1 if entry is None else self._waiting.index(entry)]
            self._have_again(taken)
            await self._no_longer_waiting(taken)

    async def move_waiting(self, entry: Entry, by: int) -> None:
        """Let a waiting message be sent before the one that waits before it (−1), or after the next one (1)."""
        waiting = self._waiting
        place = waiting.index(entry) + by if entry in waiting else -1
        if 0 <= place < len(waiting):
            other = waiting[place]
            one, two = self._outgoing.index(entry), self._outgoing.index(other)
            self._outgoing[one], self._outgoing[two] = other, entry
            await self._transcript.exchange_waiting(other, entry)

    async def regenerate(self) -> None:
        """Regenerate the last reply; the previous one stays in the corpus."""
        conversation = self._session.conversation
        if conversation is not None and self._may_send and conversation.path:
            with self._floor():
                last = self._transcript.last("reply")
                await self._transcript.remove_entries(
                    lambda entry: entry is last or entry.kind in ("notice", "failure")
                )
                await self._follow(conversation.regenerate, None)
            await self.send_waiting()

    async def show_other_version(self) -> bool:
        """Continue from the next version of the last turn, and say which it is; return whether there was another.

        Raises CorpusError: the corpus cannot be read or written.
        """
        async with self._one_version:
            conversation = self._session.conversation
            if conversation is None or not self._may_go:
                return False
            with self._floor():
                went = await conversation.next_version()
                if went is None:
                    return False
                await self.show_path()
                await self._transcript.add(Entry("notice", _which(went)))
                return True

    async def go_to_version(self, turn: int | None, number: int) -> bool:
        """Continue from a version of a turn, by their numbers from 1, and say which it is; return whether it went.

        Raises:
            ValueError: there is no such turn, or it has fewer versions.
            CorpusError: the corpus cannot be read or written.
        """
        async with self._one_version:
            conversation = self._session.conversation
            if conversation is None or not self._may_go:
                return False
            versions = await conversation.versions(turn)
            if not 1 <= number <= len(versions):
                raise ValueError(f"this turn has {pluralize(max(1, len(versions)), 'version')}")
            with self._floor():
                await conversation.switch(versions[number - 1].id)
                await self.show_path()
                await self._transcript.add(Entry("notice", f"version {number} of {len(versions)} of this turn"))
                return True

    async def go_beside(self, message_id: str, by: int) -> str | None:
        """Continue from the version before (−1) or after (1) a message; return that version's key, None without one.

        Raises CorpusError: the corpus cannot be read or written.
        """
        async with self._one_version:
            conversation = self._session.conversation
            keys = [] if conversation is None else [message.id for message in conversation.path]
            if conversation is None or not self._may_go or message_id not in keys:
                return None
            with self._floor():
                if await conversation.go_beside(message_id, by) is None:
                    return None
                await self.show_path()
                return conversation.path[keys.index(message_id)].id

    def edit(self, message_id: str, text: str) -> Coroutine[Any, Any, None]:
        """Send `text` instead of the message of that id; the old branch stays in the corpus."""
        said = Entry("user", text, replaces=message_id)
        self._outgoing.append(said)
        return self._edit(message_id, said)

    async def _edit(self, message_id: str, said: Entry) -> None:
        conversation = self._session.conversation
        keys = () if conversation is None else [message.id for message in conversation.path]
        if conversation is None or not self._may_send or message_id not in keys:
            self._have_again(said)  # as a new message, where what it was to replace has gone with its branch
            return
        with self._floor():
            await self._transcript.cut_from(message_id)
            await self._say_now(partial(conversation.edit, message_id, said.text), said)
        await self.send_waiting()

    async def stop(self) -> None:
        """Stop the reply, even one that has not begun yet, and wait until it is stored and shown."""
        if self._session.conversation is not None and self.busy:
            self._stopping = True
            await self._session.conversation.stop()
            await self._idle.wait()

    async def finish(self) -> None:
        """Wait until the reply that is on its way, if one is, has ended by itself or was stopped."""
        await self._idle.wait()

    @property
    def _may_send(self) -> bool:
        conversation = self._session.conversation
        return conversation is not None and not (self.busy or self._holds or conversation.grows_elsewhere)

    @property
    def _may_go(self) -> bool:
        """Whether the conversation can go on from another version: also while messages wait for another model."""
        return not (self.busy or self.changing)

    @contextmanager
    def _floor(self) -> Iterator[None]:
        """Hold the floor until the block ends. It is taken without awaiting, so nobody can come in between."""
        assert not self.busy
        self._stopping = False
        self._idle.clear()
        try:
            yield
        finally:
            self._idle.set()
            self._view.replies_changed()

    async def _no_longer_waiting(self, entry: Entry) -> None:
        self._view.replies_changed()
        await self._transcript.remove_entries(lambda other: other is entry)

    async def _send(self, said: Entry) -> None:
        conversation = self._session.conversation
        assert conversation is not None
        await self._say_now(partial(conversation.send, said.text), said)

    async def _say_now(self, begin: Begin, said: Entry) -> None:
        await self._transcript.remove_entries(lambda entry: entry.kind in ("notice", "introduction"))
        await self._transcript.add(said)
        await self._follow(begin, said)
        self._let_go(said)  # not where this is broken off: the program ends, and keeps what is not stored

    def _let_go(self, said: Entry) -> None:
        """Own a message no longer: it is stored, or with the person again."""
        self._outgoing = [entry for entry in self._outgoing if entry is not said]

    async def _follow(self, begin: Begin, said: Entry | None) -> None:
        """Write a reply into the transcript as it comes. A message that could not be stored returns to the person."""
        from chat_personas.corpus.errors import CorpusError, GoneOnElsewhereError
        from eval.engine import TooLongError

        conversation = self._session.conversation
        speaker = self._speaker or (conversation.persona.title if conversation else "")
        reply = Entry("reply", "", speaker=speaker, growing=True)
        await self._transcript.add(reply)
        self._view.replies_changed()
        finished: ReplyEnded | None = None
        try:
            async with aclosing(begin()) as events:
                finished = await self._write(events, reply, said)
        except TooLongError as error:
            await self._refused(self._too_long or f"not sent: {error}", said)
        except GoneOnElsewhereError as error:
            while self._waiting:  # whether what waits is to be said as another version is for the person to decide
                await self.take_back()  # the newest first: what is given back stands before what is there
            await self._failed(str(error), reply, said)
        except CorpusError as error:
            await self._failed(str(error), reply, said)
        else:
            await self._finish(reply, finished)
        if finished is not None:
            self._view.reply_ended(finished)

    async def _write(
        self, events: AsyncIterator["ReplyEvent"], reply: Entry, said: Entry | None
    ) -> "ReplyEnded | None":
        """Write the pieces of a reply as they come; return how it ended."""
        from chat_personas.conversation.conversation import ReplyEnded, ReplyStarted

        finished, conversation = None, self._session.conversation
        async for event in events:
            if isinstance(event, ReplyStarted):
                reply.message_id = event.message_id
                if said is not None:
                    said.message_id = event.user_message_id
                    self._let_go(said)
                    self._stored(event.user_message_id)
                self._view.replies_changed()  # a branch may have been left
                await self._show_versions(reply if said is None else said)
                if self._stopping and conversation is not None:
                    await conversation.stop()
            elif isinstance(event, ReplyEnded):
                finished = event
            else:
                thinks = reply.thought is not None
                await self._transcript.take(reply, event)
                if thinks != (reply.thought is not None):
                    self._view.replies_changed()
        return finished

    async def _show_versions(self, entry: Entry) -> None:
        """Say which version a message is that was regenerated or edited."""
        conversation = self._session.conversation
        if conversation is None or entry.message_id is None:
            return
        if entry.kind == "user" and entry.replaces is None:
            return  # a new message, which has no other version
        place = await conversation.place(entry.message_id)
        if place is not None:
            await self._transcript.show_version(entry, str(place))

    async def _finish(self, reply: Entry, event: "ReplyEnded | None") -> None:
        if event is not None and event.given_up:
            await self.show_path()
            kind: Kind = "notice" if event.status == "stopped" else "failure"
            why = "stopped before the first word" if event.status == "stopped" else event.why or "the model failed"
            await self._transcript.add(Entry(kind, f"{why}; the reply before stays"))
            return
        await self._transcript.end(reply, note_of(event))
        if event is not None and event.status in ("error", "interrupted") and event.why:
            await self._transcript.add(Entry("failure", event.why))

    async def _refused(self, why: str, said: Entry | None) -> None:
        """Return a message that the model cannot be given, and of which nothing is stored, and say why."""
        await self._as_before(said)
        await self._transcript.add(Entry("failure", why))

    async def _failed(self, why: str, reply: Entry, said: Entry | None) -> None:
        """Return a message that could not be stored to the person, and say why; a reply that could not be stays."""
        if reply.message_id is None:
            await self._as_before(said)
        else:
            await self._transcript.end(reply, NOT_STORED)
            return  # `KeepingController` says why, and tries again
        await self._transcript.add(Entry("failure", why))

    async def _as_before(self, said: Entry | None) -> None:
        """Show the conversation without this message, and return it to the person."""
        await self.show_path()
        if said is not None:
            self._have_again(said)

    def _have_again(self, said: Entry) -> None:
        """Return a message to the person."""
        self._let_go(said)
        self._view.give_back(said.text, said.replaces)


def _which(went: "Version") -> str:
    """Say which version is shown now."""
    named = ((went.message, "of your message"), (went.reply, "of this reply"))
    return ", ".join(f"version {place.number} of {place.total} {of}" for place, of in named if place is not None)
