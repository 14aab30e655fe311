"""A reply while it is generated: what a face hears of it, and how no word of it gets lost."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from chat_personas.corpus import Corpus, CorpusError, MessageRow
from chat_personas.corpus.messages import transcript
from chat_personas.corpus.reply_writer import ReplyWriter
from chat_personas.corpus.sql import now
from eval.engine import Engine, EngineError, FinishReason, Piece, Sampling, TooLongError, Usage

ReplyStatus = Literal["complete", "stopped", "interrupted", "error"]

BROKE_OFF = "the stream ended before the reply did"
LEFT = "the program went on without waiting for the reply"


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """What the person said and an empty reply to it are in the corpus; generation begins."""

    user_message_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of the reply as the model said it; a face cleans what it shows (`plain_text.printable`)."""

    text: str


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The reply has ended and is in the corpus, whatever there is of it.

    `why` is one line where there is something to say: what failed, or that the reply reached its longest length.
    `dropped_messages` counts the oldest messages that did not fit into the model's context.
    """

    status: ReplyStatus
    why: str | None = None
    usage: Usage | None = None
    dropped_messages: int = 0


ReplyEvent = ReplyStarted | ReplyText | ReplyEnded


@dataclass(frozen=True, slots=True)
class Begun:
    """What is in the corpus before generation: the branch up to what the person said, and the empty reply to it."""

    branch: tuple[MessageRow, ...]
    reply: MessageRow


class RunningReply:
    """Generates one reply in a task of its own, so that neither a slow face nor one that leaves can lose a word.

    The task begins the reply in the corpus, passes on the pieces, and closes it; whoever listens gets the events.
    """

    def __init__(
        self,
        corpus: Corpus,
        engine: Engine,
        sampling: Sampling,
        system_prompt: str,
        *,
        begin: Callable[[], Begun],
        withdraw: Callable[[Begun], None],
        settle: Callable[["RunningReply"], None],
    ) -> None:
        """Start. `begin` writes the first rows, in a thread; `settle` is told when the reply is over and kept.

        `withdraw` takes the rows back, in a thread, where what was said is too long for the model.
        """
        self.begun: Begun | None = None
        self.saved = False
        self._ended: ReplyEnded | None = None
        self._failure: Exception | None = None
        self._corpus = corpus
        self._engine = engine
        self._sampling = sampling
        self._system_prompt = system_prompt
        self._begin = begin
        self._withdraw = withdraw
        self._settle = settle
        self._writer: ReplyWriter | None = None
        self._finish_reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._dropped = 0
        self._wanted_end: ReplyEnded | None = None
        self._generating = False
        self._events: asyncio.Queue[ReplyEvent | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run())

    def row(self) -> MessageRow:
        """Return the message that the reply is, as far as it has come."""
        assert self.begun is not None
        text = "" if self._writer is None else self._writer.text
        status = "streaming" if self._ended is None else self._ended.status
        why = None if self._ended is None else self._ended.why
        changes = {"text": text, "status": status, "why": why, "updated_at": now()}
        return self.begun.reply.model_copy(update=changes)

    async def events(self) -> AsyncGenerator[ReplyEvent, None]:
        """Yield what happens until the reply has ended; leaving early ends it as interrupted.

        Raises:
            TooLongError: what was said is too long for the model; neither it nor a reply is kept.
            CorpusError: the reply could not be begun, or not kept; then `save` tries again.
            Exception: a mistake in an engine; the text until then is kept.
        """
        try:
            while (event := await self._events.get()) is not None:
                yield event
        finally:
            await self._end(ReplyEnded("interrupted", LEFT))
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """End the reply at the person's wish and wait until it is kept as far as it came."""
        await self._end(ReplyEnded("stopped"))

    def save(self) -> None:
        """Keep the reply and how it ended; again, if that failed before. Raises CorpusError."""
        assert self._writer is not None
        assert self._ended is not None
        self._writer.close(
            self._ended.status,
            why=self._ended.why,
            finish_reason=self._finish_reason,
            dropped_messages=self._dropped,
            usage=self._usage,
        )
        self.saved = True

    async def _end(self, wanted: ReplyEnded) -> None:
        if self._wanted_end is None:
            self._wanted_end = wanted
            if self._generating:
                self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            self.begun = await asyncio.to_thread(self._begin)
            self._writer = ReplyWriter(self._corpus, self.begun.reply.id)
            self._events.put_nowait(ReplyStarted(self.begun.branch[-1].id, self.begun.reply.id))
            self._ended = await self._generate(self.begun.branch)
            await asyncio.to_thread(self.save)
            self._events.put_nowait(self._ended)
        except TooLongError as error:
            self._failure = await self._take_back(error)
        except Exception as error:
            self._failure = error
        finally:
            self._settle(self)
            self._events.put_nowait(None)

    async def _generate(self, branch: Sequence[MessageRow]) -> ReplyEnded:
        """Take what the engine says until it ends, however it does; return how."""
        if self._wanted_end is not None:
            return self._wanted_end
        self._generating = True
        stream = self._engine.stream(transcript(self._system_prompt, branch), self._sampling)
        try:
            async with aclosing(stream):
                async for piece in stream:
                    self._take(piece)
        except asyncio.CancelledError:
            self._wanted_end = self._wanted_end or ReplyEnded("interrupted", LEFT)
        except EngineError as error:
            ended = self._ending(ReplyEnded("error", str(error)))
            if isinstance(error, TooLongError) and self._writer is not None and not self._writer.text:
                self._ended = ended
                raise
            return ended
        except Exception as error:
            self._failure = error
            return self._ending(ReplyEnded("error", f"{type(error).__name__}: {error}"))
        finally:
            self._generating = False
        return self._ending(self._natural_end())

    async def _take_back(self, why: TooLongError) -> Exception:
        """Leave nothing of what the model cannot be given; where that fails it stays, with its reason."""
        assert self._writer is not None
        assert self.begun is not None
        try:
            await asyncio.to_thread(self._writer.abandon)
            await asyncio.to_thread(self._withdraw, self.begun)
        except CorpusError as error:
            return error
        self.begun = None
        return why

    def _take(self, piece: Piece) -> None:
        self._dropped = max(self._dropped, piece.dropped_messages)
        self._finish_reason = piece.finish_reason or self._finish_reason
        self._usage = piece.usage or self._usage
        if piece.text and self._writer is not None:
            self._writer.add(piece.text)
            self._events.put_nowait(ReplyText(piece.text))

    def _natural_end(self) -> ReplyEnded:
        match self._finish_reason:
            case "stop":
                return ReplyEnded("complete")
            case "length":
                return ReplyEnded(
                    "complete", f"the reply reached its longest length, {self._sampling.max_tokens} tokens"
                )
            case _:
                return self._wanted_end or ReplyEnded("interrupted", BROKE_OFF)

    def _ending(self, end: ReplyEnded) -> ReplyEnded:
        return ReplyEnded(end.status, end.why, self._usage, self._dropped)
