"""Replies being said: from a conversation's events into the transcript, one at a time and in order."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from chat_personas.tui.sitting import Sitting
from chat_personas.tui.widgets.entry import Entry

if TYPE_CHECKING:
    from chat_personas.conversation import ReplyEnded, ReplyEvent
    from chat_personas.tui.widgets.transcript import Transcript

STOPPED = "■ stopped"


class Talk:
    """What the person says waits here until the model can hear it; what the model says goes to the transcript.

    `changed` is called when a reply begins or ends, `ended` after a reply that can be measured, and `give_back` with a
    text that could not be kept, so that the person has it again.
    """

    def __init__(
        self,
        sitting: Sitting,
        transcript: "Transcript",
        *,
        changed: Callable[[], None],
        ended: Callable[["ReplyEnded"], None],
        give_back: Callable[[str], None],
    ) -> None:
        self._sitting = sitting
        self._transcript = transcript
        self._changed = changed
        self._ended = ended
        self._give_back = give_back
        self._waiting: list[Entry] = []
        self.busy = False

    @property
    def waiting(self) -> bool:
        """Whether something is said that the model has not been given yet."""
        return bool(self._waiting)

    async def show_path(self) -> None:
        """Show the conversation as the corpus has it."""
        from chat_personas.tui.widgets.path_entries import path_entries

        conversation = self._sitting.conversation
        if conversation is not None:
            await self._transcript.show([*path_entries(conversation.path, conversation.persona.title), *self._waiting])

    async def say(self, text: str) -> None:
        """Let `text` wait, visibly, and send what waits if that is possible now."""
        if self._sitting.conversation is None or self.busy:
            entry = Entry("user", text, waiting=True)
            self._waiting.append(entry)
            await self._transcript.add(entry)
        else:
            await self._send(text)
        await self.send_waiting()

    async def send_waiting(self) -> None:
        """Send what waits, one message after the other, if a conversation is open and no reply is under way."""
        while self._waiting and self._sitting.conversation is not None and not self.busy:
            await self._send(await self._next_waiting(0))

    async def take_back(self) -> None:
        """Give the message that waited last back to the person."""
        if self._waiting:
            self._give_back(await self._next_waiting(-1))

    async def regenerate(self) -> None:
        """Say the last reply anew; the one before stays in the corpus."""
        conversation = self._sitting.conversation
        if conversation is not None and not self.busy and conversation.path:
            self.busy = True
            last = self._transcript.last("reply")
            await self._transcript.remove_entries(lambda entry: entry is last or entry.kind in ("notice", "failure"))
            await self._follow(conversation.regenerate(), None)

    async def edit(self, message_id: str, text: str) -> None:
        """Say `text` in place of the message of that id; what followed stays in the corpus on its own branch."""
        conversation = self._sitting.conversation
        if conversation is None or self.busy:
            self._give_back(text)
            return
        self.busy = True
        await self._transcript.cut_from(message_id)
        await self._say_now(conversation.edit(message_id, text), text)

    async def stop(self) -> None:
        """Stop the reply; what was said is kept."""
        if self._sitting.conversation is not None and self.busy:
            await self._sitting.conversation.stop()

    async def _next_waiting(self, index: int) -> str:
        entry = self._waiting.pop(index)
        await self._transcript.remove_entries(lambda other: other is entry)
        return entry.text

    async def _send(self, text: str) -> None:
        conversation = self._sitting.conversation
        assert conversation is not None
        self.busy = True
        await self._say_now(conversation.send(text), text)

    async def _say_now(self, events: AsyncIterator["ReplyEvent"], text: str) -> None:
        said = Entry("user", text)
        await self._transcript.add(said)
        await self._follow(events, said)

    async def _follow(self, events: AsyncIterator["ReplyEvent"], said: Entry | None) -> None:
        """Write a reply into the transcript while it is said. A failure to keep it gives the text back."""
        from chat_personas.conversation import ReplyEnded, ReplyStarted, ReplyText
        from chat_personas.corpus.errors import CorpusError
        from eval.engine import EngineError

        conversation = self._sitting.conversation
        reply = Entry("reply", "", speaker=conversation.persona.title if conversation else "", growing=True)
        await self._transcript.add(reply)
        self._changed()
        finished: ReplyEnded | None = None
        try:
            async for event in events:
                if isinstance(event, ReplyStarted):
                    reply.message_id = event.message_id
                    if said is not None:
                        said.message_id = event.user_message_id
                elif isinstance(event, ReplyText):
                    await self._transcript.write(reply, event.text)
                else:
                    finished = event
        except (CorpusError, EngineError) as error:
            await self._failed(str(error), reply, said)
        else:
            await self._finish(reply, finished)
        finally:
            self.busy = False
            self._changed()
        if finished is not None:
            self._ended(finished)

    async def _finish(self, reply: Entry, event: "ReplyEnded | None") -> None:
        await self._transcript.end(reply, _note(event))
        if event is not None and event.status in ("error", "interrupted") and event.why:
            await self._transcript.add(Entry("failure", event.why))

    async def _failed(self, why: str, reply: Entry, said: Entry | None) -> None:
        """Say why; a message that never reached the corpus goes back to the person, a reply that did stays."""
        if reply.message_id is None:
            await self._transcript.remove_entries(lambda entry: entry is reply or entry is said)
            if said is not None:
                self._give_back(said.text)
        else:
            await self._transcript.end(reply, "✗ not kept whole")
        await self._transcript.add(Entry("failure", why))


def _note(event: "ReplyEnded | None") -> str:
    if event is None:
        return ""
    notes = {"stopped": STOPPED, "interrupted": "✗ interrupted", "error": "✗ broke off"}
    parts = [notes[event.status]] if event.status in notes else []
    if event.dropped_messages:
        count = event.dropped_messages
        parts.append(
            f"the oldest {count} message{'s' if count > 1 else ''} no longer fit the context and were left out"
        )
    return " · ".join(parts)
