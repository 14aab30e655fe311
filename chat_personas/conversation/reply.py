"""A reply being generated: its event stream for the UI and its durable storage."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal, NamedTuple

from chat_personas.conversation.branches import ActiveBranch
from chat_personas.corpus import Corpus, CorpusError, MessageRow, ReplyModel, Thought
from chat_personas.corpus.conversations import beginning_of
from chat_personas.corpus.errors import GoneOnElsewhereError
from chat_personas.corpus.messages import transcript
from chat_personas.corpus.reply_writer import ReplyWriter
from chat_personas.corpus.sql import now, storable
from chat_personas.engines.reply_limit import ReplyLimit
from eval.engine import (
    Engine,
    EngineError,
    EngineInfo,
    FinishReason,
    Message,
    Piece,
    Sampling,
    TooLongError,
    Usage,
)

ReplyStatus = Literal["complete", "stopped", "interrupted", "error"]

BROKE_OFF = "the stream ended before the reply did"
FILTERED = "cut off by the server's content filter"
LEFT = "the program went on without waiting for the reply"
SEEDS = 2**32 - 1
"""How many seeds there are: llama.cpp takes this number itself for "draw one"."""


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """The person's message and an empty reply to it are in the corpus; generation begins."""

    user_message_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class ReplyThought:
    """A piece of what the model thinks: not a part of the reply, and never given back to a model.

    It is as the model gave it; user interfaces show it cleaned.
    """

    text: str


@dataclass(frozen=True, slots=True)
class ThoughtEnded:
    """The model has thought, and now replies or ends. `thought` is all that it has thought before this reply."""

    thought: Thought


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of the reply as the model gave it; user interfaces show it cleaned (`chat_personas.text.printable`)."""

    text: str


@dataclass(frozen=True, slots=True)
class ReplyRecalled:
    """The text so far was a thought, of which the model marked only the end. `ThoughtEnded` and the reply follow."""


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The reply has ended, and is in the corpus as far as it came.

    `why` is one line where there is something to say: what failed, or that the reply was cut off.
    `dropped_messages` counts the oldest messages that did not fit into the model's context. `given_up`: another reply
    to a message came to no word, nothing of it is kept, and the conversation goes on from the reply before.
    """

    status: ReplyStatus
    why: str | None = None
    usage: Usage | None = None
    dropped_messages: int = 0
    given_up: bool = False


ReplyEvent = ReplyStarted | ReplyThought | ThoughtEnded | ReplyText | ReplyRecalled | ReplyEnded


NOTHING_SAID = "the model ended its reply before the first word"
"""Why a reply is empty that has ended by itself, as those of base models do now and then."""
SECONDS_OF_A_TURN = 0.002


class _Turn:
    """Sees to it that all other tasks get their turns although the next piece is there already, and waits for nothing.

    A fast server has hundreds of pieces ready. A drawing takes many turns, and keys wait for it meanwhile.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    async def end_in_time(self) -> None:
        """Let the others have their turns if this one has taken long enough."""
        if self._loop.time() - self._began > SECONDS_OF_A_TURN:
            await asyncio.sleep(0)
            self._began = self._loop.time()


class RunningReply:
    """Generates one reply in a task of its own, so that neither a slow listener nor one that leaves can lose a word.

    The task begins the reply in its `ReplyStorage`, passes on what the engine gives, and closes the reply there.
    Whoever listens gets the events. A reply that reaches its `ReplyLimit` is ended there.
    """

    def __init__(self, engine: Engine, storage: "ReplyStorage") -> None:
        """Start generating."""
        self._engine = engine
        self._storage = storage
        self._failure: Exception | None = None
        self._finish_reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._dropped = 0
        self._thinking_since: float | None = None
        self._replying_since: float | None = None
        self._limit = ReplyLimit(storage.sampling.max_tokens)
        self._wanted_end: ReplyEnded | None = None
        self._generating = False
        self._events: asyncio.Queue[ReplyEvent | None] = asyncio.Queue()
        self._began = time.monotonic()
        self._seconds: float | None = None
        self._begun = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def running(self) -> bool:
        """Whether the reply is on its way: it has not ended, or is being stored."""
        return self._seconds is None

    @property
    def seconds(self) -> float:
        """For how long the reply has been on its way, or was."""
        return time.monotonic() - self._began if self._seconds is None else self._seconds

    @property
    def path(self) -> tuple[MessageRow, ...]:
        """The messages of the branch that the reply ends, with the reply as far as it has come."""
        return self._storage.path

    @property
    def unsaved(self) -> CorpusError | None:
        """Why the reply could not be stored as far as it has come; None where it is, or will be in a second."""
        return self._storage.failure

    @property
    def to_save(self) -> bool:
        """Whether the reply has ended, but could not be stored whole: `save` tries again."""
        return not self.running and self._storage.begun and not self._storage.saved

    async def events(self) -> AsyncGenerator[ReplyEvent, None]:
        """Yield what happens until the reply has ended; leaving early ends it as interrupted.

        Raises:
            TooLongError: the message is too long for the model; neither it nor a reply is stored.
            CorpusError: the corpus could not be written (see `ReplyStorage`).
            Exception: an internal error of an engine; the text until then is stored.
        """
        try:
            turn = _Turn()
            while (event := await self._events.get()) is not None:
                yield event
                await turn.end_in_time()
        finally:
            await self._end(ReplyEnded("interrupted", LEFT))
        if self._failure is not None:
            raise self._failure

    async def begun(self) -> None:
        """Wait until the message and the place of the reply are stored, or could not be."""
        await self._begun.wait()

    async def stop(self) -> None:
        """End the reply because the person wants it, and wait until it is stored as far as it came."""
        await self._end(ReplyEnded("stopped"))

    def save(self) -> None:
        """Store a reply that could not be stored when it ended. Waits for the disk. Raises CorpusError."""
        self._storage.save()

    async def _end(self, wanted: ReplyEnded) -> None:
        if self._wanted_end is None:
            self._wanted_end = wanted
            if self._generating:
                self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        storage = self._storage
        try:
            await asyncio.to_thread(storage.begin)
            self._begun.set()
            *_, said, reply = storage.path
            self._events.put_nowait(ReplyStarted(said.id, reply.id))
            ended = await self._generate()
            storage.end(ended, self._finish_reason)
            if ended.status != "complete" and storage.replaces_for_nothing:
                await asyncio.to_thread(storage.withdraw)
                ended = replace(ended, given_up=True)
            else:
                await asyncio.to_thread(storage.save)
            self._events.put_nowait(ended)
        except TooLongError as error:
            self._failure = await self._withdraw(error)
        except Exception as error:
            self._failure = error
        finally:
            storage.settle()
            self._seconds = self.seconds
            self._begun.set()
            self._events.put_nowait(None)

    async def _generate(self) -> ReplyEnded:
        """Take what the engine gives until the reply ends, in whatever way; return how it ended."""
        if self._wanted_end is not None:
            return self._wanted_end
        self._generating = True
        turn = _Turn()
        stream = self._engine.stream(self._storage.context(), self._storage.sampling)
        try:
            async with aclosing(stream):
                async for piece in stream:
                    self._take(self._limit.cut(piece))
                    if self._limit.reached:
                        break
                    await turn.end_in_time()
        except asyncio.CancelledError:
            self._wanted_end = self._wanted_end or ReplyEnded("interrupted", LEFT)
        except EngineError as error:
            ended = self._ending(ReplyEnded("error", str(error)))
            if isinstance(error, TooLongError) and not self._storage.text:
                # This is how the reply ends if it cannot be withdrawn.
                self._storage.end(ended, self._finish_reason)
                raise
            return ended
        except Exception as error:
            self._failure = error
            return self._ending(ReplyEnded("error", f"{type(error).__name__}: {error}"))
        finally:
            self._generating = False
            self._end_thought()
        return self._ending(self._natural_end())

    async def _withdraw(self, why: TooLongError) -> Exception:
        """Remove what the model cannot be given. Return what the listener is told."""
        try:
            await asyncio.to_thread(self._storage.withdraw)
        except CorpusError as error:
            return error
        return why

    def _take(self, piece: Piece) -> None:
        self._dropped = max(self._dropped, piece.dropped_messages)
        self._finish_reason = piece.finish_reason or self._finish_reason
        self._usage = piece.usage or self._usage
        if piece.recalls:
            self._say(piece.thought)
            self._thinking_since = self._replying_since
            self._storage.recall()
            self._events.put_nowait(ReplyRecalled())
        elif piece.thought:
            if self._thinking_since is None:
                self._thinking_since = time.monotonic()
            self._storage.add_thought(piece.thought)
            self._events.put_nowait(ReplyThought(piece.thought))
        if piece.text:
            self._end_thought()
            self._say(piece.text)

    def _say(self, text: str) -> None:
        if not text:
            return
        if self._replying_since is None:
            self._replying_since = time.monotonic()
        self._storage.add(text)
        self._events.put_nowait(ReplyText(text))

    def _end_thought(self) -> None:
        """Note that the model replies, or has ended, if it was thinking."""
        if self._thinking_since is not None:
            thought = self._storage.end_thought(time.monotonic() - self._thinking_since)
            self._thinking_since = None
            self._events.put_nowait(ThoughtEnded(thought))

    def _natural_end(self) -> ReplyEnded:
        match self._finish_reason:
            case "stop":
                return ReplyEnded("complete", None if self._storage.text.strip() else NOTHING_SAID)
            case "length":
                tokens = self._storage.sampling.max_tokens
                if self._limit.reached:
                    return ReplyEnded("complete", self._limit.words)
                return ReplyEnded("complete", f"cut off at the limit of {tokens:,} tokens")
            case "filtered":
                return ReplyEnded("complete", FILTERED)
            case _:
                return self._wanted_end or ReplyEnded("interrupted", BROKE_OFF)

    def _ending(self, end: ReplyEnded) -> ReplyEnded:
        return ReplyEnded(end.status, end.why, self._usage, self._dropped)


class _Begun(NamedTuple):
    """A reply that is in the corpus: the branch that it continues, its empty row, and what writes it."""

    branch: tuple[MessageRow, ...]
    reply: MessageRow
    writer: ReplyWriter


class ReplyStorage:
    """Everything that one reply leaves in the corpus: its rows before the model is asked, its text, and how it ended.

    What happens where the corpus cannot be written depends on the moment:

    - While the reply begins: nothing is stored, the active branch stays as it was, and the model is not asked.
    - While the reply grows: it stays in memory, and is written at the next flush (`ReplyWriter`).
    - When the reply ends: it stays in memory and on the active branch, and `save` may be called again.
    - When it is withdrawn (too long, or another reply that came to no word): the message and the empty reply stay in
      the corpus, with the reason why it failed.

    `begin`, `save` and `withdraw` wait for the disk and raise `CorpusError`. Call them in a thread, one at a time.
    """

    def __init__(
        self,
        corpus: Corpus,
        active: ActiveBranch,
        info: EngineInfo,
        sampling: Sampling,
        *,
        text: str | None,
        length: int | None = None,
    ) -> None:
        """Prepare a reply to `text`, said after the first `length` messages of the active branch (None: after all).

        Without a `text` it is another reply to the last message of the person.
        """
        self.sampling = _with_seed(sampling)
        self.saved = False
        self._corpus = corpus
        self._active = active
        self._persona = active.persona
        self._info = info
        self._text = None if text is None else storable(text)
        self._length = length
        self._title = active.row.title
        self._begun: _Begun | None = None
        self._ended: ReplyEnded | None = None
        self._finish_reason: FinishReason | None = None
        self._thought_seconds: float | None = None

    @property
    def begun(self) -> bool:
        """Whether the reply is in the corpus."""
        return self._begun is not None

    @property
    def text(self) -> str:
        """The reply as far as it has come."""
        return "" if self._begun is None else self._begun.writer.text

    @property
    def replaces_for_nothing(self) -> bool:
        """Whether it stands in the place of another reply that has words, and nothing has come of it so far."""
        before = self._active.messages[-1:]
        other = self._text is None and any(row.role == "assistant" and row.text.strip() for row in before)
        return other and self._begun is not None and not (self._begun.writer.text or self._begun.writer.thought)

    @property
    def failure(self) -> CorpusError | None:
        """Why the latest attempt to store the reply failed; None where it did not."""
        return None if self._begun is None else self._begun.writer.failure

    @property
    def path(self) -> tuple[MessageRow, ...]:
        """The branch that the reply ends, with the reply as far as it has come; before it begins the active branch."""
        if self._begun is None:
            return self._active.messages
        status = "streaming" if self._ended is None else self._ended.status
        why = None if self._ended is None else self._ended.why
        changes = {"text": self.text, "status": status, "why": why, "updated_at": now()}
        return (*self._begun.branch, self._begun.reply.model_copy(update=changes))

    def context(self) -> list[Message]:
        """Return what the model is given: the system prompt and the branch that it is to continue."""
        assert self._begun is not None
        return transcript(self._persona.system_prompt, self._begun.branch)

    def begin(self) -> None:
        """Store the person's message and an empty reply to it, or only the reply, in one transaction.

        Raises GoneOnElsewhereError, once, where another program has gone on with the conversation.
        """
        try:
            branch, reply = self._begin_alternative() if self._text is None else self._begin_turn(self._text)
        except GoneOnElsewhereError as error:
            self._active.left_behind_at = error.leaf_id
            raise
        self._active.left_behind_at = None
        self._begun = _Begun(branch, reply, ReplyWriter(self._corpus, reply.id))

    def add(self, text: str) -> None:
        """Append a piece of the reply; it is on the disk within about a second."""
        assert self._begun is not None
        self._begun.writer.add(text)

    def add_thought(self, text: str) -> None:
        """Append a piece of what the model thinks before the reply; it is on the disk within about a second."""
        assert self._begun is not None
        self._begun.writer.add_thought(text)

    def recall(self) -> None:
        """Take the text so far for a thought."""
        assert self._begun is not None
        self._begun.writer.recall()

    def end_thought(self, seconds: float) -> Thought:
        """Note that the model has thought for so many `seconds` more; return all that it has thought."""
        assert self._begun is not None
        self._thought_seconds = (self._thought_seconds or 0.0) + seconds
        return Thought(text=self._begun.writer.thought, seconds=self._thought_seconds)

    def end(self, ended: ReplyEnded, finish_reason: FinishReason | None) -> None:
        """Note how the reply has ended; `save` stores it."""
        self._ended, self._finish_reason = ended, finish_reason

    def save(self) -> None:
        """Store the whole reply and how it ended."""
        assert self._begun is not None
        assert self._ended is not None
        self._begun.writer.close(
            self._ended.status,
            why=self._ended.why,
            finish_reason=self._finish_reason,
            dropped_messages=self._ended.dropped_messages,
            usage=self._ended.usage,
            thought_seconds=self._thought_seconds,
        )
        self.saved = True

    def withdraw(self) -> None:
        """Remove the reply and the message that was stored with it; the active branch stays as it was before."""
        assert self._begun is not None
        before = self._active.messages
        said = None if self._text is None else self._begun.branch[-1]
        self._begun.writer.abandon()
        title = self._active.row.title if self._active.named else self._title
        self._corpus.withdraw(self._begun.reply, said, before[-1].id if before else None, title=title)
        if not before:  # the conversation has no message, and so no title but one that it was given
            self._active.row = self._active.row.model_copy(update={"title": title})
            self._active.stored = False
        self._begun = None

    def settle(self) -> None:
        """Make the branch that the reply ends the active one, if it is in the corpus. Call it once it has ended."""
        self._active.messages = self.path
        if self._begun is not None:
            self._active.models[self._begun.reply.id] = ReplyModel.of(self._info)
            self._active.personas[self._begun.reply.id] = self._persona
        if self._begun is not None and self._begun.writer.thought:
            thought = Thought(text=self._begun.writer.thought, seconds=self._thought_seconds)
            self._active.thoughts[self._begun.reply.id] = thought

    def _begin_turn(self, text: str) -> tuple[tuple[MessageRow, ...], MessageRow]:
        active = self._active
        branch = active.messages[: self._length]
        parent = branch[-1].id if branch else None
        title = active.row.title if active.named else beginning_of(text)
        new = None if active.stored else active.row.model_copy(update={"title": title})
        said, reply = self._corpus.begin_turn(
            active.row.id,
            parent,
            text,
            self._info,
            self.sampling,
            new=new,
            persona=self._persona,
            known=active.known_leaves,
        )
        active.row, active.stored = new or active.row, True
        return (*branch, said), reply

    def _begin_alternative(self) -> tuple[tuple[MessageRow, ...], MessageRow]:
        branch = self._active.messages
        if branch[-1].role == "assistant":
            self._vary_seed(self._corpus.siblings(branch[-1].id))
            branch = branch[:-1]
        return branch, self._corpus.begin_reply(
            self._active.row.id,
            branch[-1].id,
            self._info,
            self.sampling,
            self._persona,
            known=self._active.known_leaves,
        )

    def _vary_seed(self, alternatives: Sequence[MessageRow]) -> None:
        """Use seed + n for the n-th alternative: with a fixed seed it would be the same reply again.

        The first reply of a fork may itself have been the n-th one of the original, so a seed that was used is passed.
        One that broke off is not counted: with its seed it comes whole.
        """
        if self.sampling.seed is None:
            return
        whole = [reply.id for reply in alternatives if reply.status != "interrupted"]
        made = (self._corpus.generation(reply) for reply in whole)
        used = {each.seed for each in made if each is not None}
        seeds = ((self.sampling.seed + more) % SEEDS for more in count(len(whole)))
        self.sampling = replace(self.sampling, seed=next(seed for seed in seeds if seed not in used))


def _with_seed(sampling: Sampling) -> Sampling:
    """Draw a seed here, where it is recorded before the first word, unless one is asked for.

    An engine reports its own with the end of a reply: of one that is stopped or fails, nobody would know it.
    """
    return sampling if sampling.seed is not None else replace(sampling, seed=secrets.randbelow(2**31))
