"""A conversation with a persona as an object: send, stop, regenerate, edit, branch. No screen in it.

How much of a model's context a conversation takes, as far as the corpus knows it.

Going round what stands beside the end of a conversation: other replies, and other messages with their replies.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from chat_personas import __version__
from chat_personas.conversation.reply import Begun, ReplyEnded, ReplyEvent, ReplyStarted, ReplyText, RunningReply
from chat_personas.corpus import ConversationRow, Corpus, CorpusError, MessageRow
from chat_personas.corpus.messages import transcript
from chat_personas.corpus.sql import new_key, now, storable
from eval.engine import Engine, EngineInfo, Message, ReadsAhead, Sampling
from personas import LoadedPersona, Persona, system_prompt

if TYPE_CHECKING:
    from chat_personas.corpus.rows import GenerationRow


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How many `tokens` of the context are taken; `at_least` where something followed whose tokens were not told."""

    tokens: int
    at_least: bool = False


def context_use(corpus: "Corpus", info: EngineInfo, path: "Sequence[MessageRow]") -> ContextUse | None:
    """Return what the last reply on `path` that this model ended itself took, its prompt and the reply together.

    Of a reply that was stopped or broke off a model does not tell it; then at least the prompt is known where another
    reply to the same message was ended, else what the reply before took. None where nothing is known. Raises
    CorpusError.
    """
    for after, message in enumerate(reversed(path)):
        if message.role != "assistant":
            continue
        made = corpus.generation(message.id)
        prompt = _prompt(made, info)
        if prompt is not None and made is not None and made.decoded_tokens is not None:
            return ContextUse(prompt + made.decoded_tokens, at_least=after > 0)
        others = [corpus.generation(other.id) for other in corpus.siblings(message.id)]
        prompts = [tokens for tokens in (_prompt(other, info) for other in others) if tokens is not None]
        if prompts:
            return ContextUse(max(prompts), at_least=True)
    return None


def _prompt(made: "GenerationRow | None", info: EngineInfo) -> int | None:
    """Return how many tokens the prompt of a reply had; None where that is not known of this model."""
    if made is None:
        return None
    same = (made.model, made.model_sha256, made.template_sha256) == (info.name, info.sha256, info.template_sha256)
    return made.prompt_tokens if same else None


__all__ = ["Conversation", "ReplyEnded", "ReplyEvent", "ReplyStarted", "ReplyText"]

LONGEST_TITLE = 60
SEEDS = 2**32 - 1
"""How many seeds there are: llama.cpp takes this number itself for "draw one"."""


class Conversation:
    """One branch of a conversation at a time, kept in the corpus as it goes.

    What a person says and the place of the reply are on the disk before the model begins; the reply follows about once
    a second and is closed however it ends. A conversation in which nothing was said leaves no row. All methods belong
    to one event loop; only one reply can be on its way.
    """

    def __init__(
        self,
        corpus: Corpus,
        engine: Engine,
        row: ConversationRow,
        persona: Persona,
        sampling: Sampling | None,
        branch: tuple[MessageRow, ...] | None,
    ) -> None:
        """Use `start` or `resume`. `branch` is None for a conversation that is not in the corpus yet."""
        self.persona = persona
        self._corpus = corpus
        self._engine = engine
        self._row = row
        self._sampling = sampling or sampling_of(persona)
        self._stored = branch is not None
        self._branch = branch or ()
        self._reply: RunningReply | None = None
        self._unsaved: RunningReply | None = None
        self._began = self._replied = 0.0

    @classmethod
    def start(cls, corpus: Corpus, engine: Engine, persona: LoadedPersona, *, sampling: Sampling | None = None) -> Self:
        """Begin a conversation with a persona; `sampling` replaces what the persona asks for.

        Raises:
            PersonaError: the persona cannot be put into a prompt.
        """
        moment = now()
        row = ConversationRow(
            id=new_key(),
            title=persona.persona.title,
            created_at=moment,
            active_at=moment,
            persona_name=persona.persona.name,
            persona=persona.persona.model_dump_json(by_alias=True, exclude_none=True),
            persona_sha256=persona.sha256,
            system_prompt=system_prompt(persona.persona),
            model=engine.info.name,
            model_sha256=engine.info.sha256,
            program_version=__version__,
            active_leaf_id=None,
        )
        return cls(corpus, engine, row, persona.persona, sampling, None)

    @classmethod
    def resume(cls, corpus: Corpus, engine: Engine, conversation_id: str, *, sampling: Sampling | None = None) -> Self:
        """Take up a conversation of the corpus, with the persona and the prompt as they were when it began.

        `conversation_id` may be abbreviated. The model may be another one: each reply records its own.

        Raises:
            UnknownConversationError: there is none of that identifier.
            CorpusError: the corpus cannot be read, or the persona is one that this version does not know.
        """
        corpus.mark_interrupted()
        row = corpus.conversation(conversation_id)
        branch = corpus.branch(row.active_leaf_id) if row.active_leaf_id else ()
        return cls(corpus, engine, row, _persona_of(row), sampling, branch)

    @property
    def id(self) -> str:
        """The key of the conversation in the corpus."""
        return self._row.id

    @property
    def title(self) -> str:
        """What it is called: the beginning of what was said first, until it is renamed."""
        return self._row.title

    @property
    def system_prompt(self) -> str:
        """The exact system prompt that the model is given, "" for none."""
        return self._row.system_prompt

    @property
    def replying(self) -> bool:
        """Whether a reply is on its way."""
        return self._reply is not None

    def seconds_of_replies(self) -> float:
        """Return for how many seconds so far replies were on their way; whoever times other work leaves them out."""
        return self._replied + (time.monotonic() - self._began if self.replying else 0.0)

    @property
    def path(self) -> tuple[MessageRow, ...]:
        """The messages from the first to the active leaf; a reply on its way stands as far as it has come."""
        if self._reply is None or self._reply.begun is None:
            return self._branch
        return (*self._reply.begun.branch, self._reply.row())

    def context(self) -> list[Message]:
        """Return the system prompt and the path as the model is given them (see `transcript`)."""
        return transcript(self._row.system_prompt, self.path)

    async def read_ahead(self) -> None:
        """Let the model read what was said so far, if it is one that keeps it: the next reply then begins sooner.

        For a conversation that was taken up again. Whatever is said meanwhile goes first.

        Raises:
            EngineError: the model failed, or was closed.
        """
        if self._branch and not self.replying and isinstance(self._engine, ReadsAhead):
            await self._engine.read_ahead(self.context(), self._sampling)

    def context_use(self) -> ContextUse | None:
        """Return how much of this model's context the conversation takes; None where that is not known.

        It is known from replies that this model ended itself, also in an earlier sitting. Raises CorpusError.
        """
        return context_use(self._corpus, self._engine.info, self._branch)

    def send(self, text: str) -> AsyncGenerator[ReplyEvent, None]:
        """Say something after the active leaf and yield what happens to the reply.

        Raises:
            ValueError: there is nothing but white space in `text`.
            RuntimeError: a reply is on its way.
            TooLongError: `text` does not fit into the model's context; nothing of it was kept.
            CorpusError: what was said could not be kept (then nothing was sent to the model), or the reply could not
                be: it stays in `path` and is kept before the next thing is said, or by `save`.
        """
        return self._say(text, None)

    def edit(self, message_id: str, text: str) -> AsyncGenerator[ReplyEvent, None]:
        """Say something else in place of a message of the person on the path; the old branch stays in the corpus.

        Raises as `send` does, and ValueError for a message that is not the person's or not on the path.
        """
        index = self._index(message_id)
        if self._branch[index].role != "user":
            raise ValueError("only what a person said can be edited")
        return self._say(text, index)

    def regenerate(self) -> AsyncGenerator[ReplyEvent, None]:
        """Have the last message answered once more; the reply before stays in the corpus.

        With a fixed seed the n-th alternative uses seed + n, or it would be the same again. Raises as `send` does, and
        ValueError where nothing was said yet.
        """
        if not self._branch:
            raise ValueError("nothing was said yet")
        leaf = self._branch[-1]
        branch = self._branch[:-1] if leaf.role == "assistant" else self._branch
        alternatives = len(self._corpus.siblings(leaf.id)) if leaf.role == "assistant" else 0
        seed = self._sampling.seed
        sampling = self._sampling if seed is None else replace(self._sampling, seed=(seed + alternatives) % SEEDS)

        def begin() -> Begun:
            return Begun(branch, self._corpus.begin_reply(self.id, branch[-1].id, self._engine.info, sampling))

        def withdraw(begun: Begun) -> None:
            self._corpus.withdraw(begun.reply, None, leaf.id)

        return self._run(begin, withdraw, sampling)

    def switch(self, message_id: str) -> None:
        """Make the branch through a message the active one, down to its newest leaf.

        Raises:
            RuntimeError: a reply is on its way.
            CorpusError: there is no such message, or the corpus cannot be written.
        """
        self._must_be_idle()
        self._branch = self._corpus.branch(self._corpus.activate(self.id, message_id))

    def alternatives(self, message_id: str) -> tuple[MessageRow, ...]:
        """Return a message and what stands beside it at the same place, oldest first. Raises CorpusError."""
        return self._corpus.siblings(message_id)

    def rename(self, title: str) -> None:
        """Give the conversation another title. Raises CorpusError."""
        if self._stored:
            self._corpus.rename(self.id, title)
        self._row = self._row.model_copy(update={"title": title})

    async def stop(self) -> None:
        """Stop the reply, if one is on its way, and wait until it is kept as far as it came."""
        if self._reply is not None:
            await self._reply.stop()

    async def save(self) -> None:
        """Keep a reply that could not be kept when it ended, if there is one. Raises CorpusError if it fails again."""
        if self._unsaved is not None:
            await asyncio.to_thread(self._unsaved.save)
            self._unsaved = None

    def _say(self, text: str, length: int | None) -> AsyncGenerator[ReplyEvent, None]:
        """Say `text` after the first `length` messages of the path, None for all of them."""
        if not text.strip():
            raise ValueError("there is nothing to say in an empty message")
        said_text = storable(text)

        def begin() -> Begun:
            branch = self._branch[:length]
            parent = branch[-1].id if branch else None
            new = None if self._stored else self._row.model_copy(update={"title": beginning_of(said_text)})
            said, reply = self._corpus.begin_turn(
                self.id, parent, said_text, self._engine.info, self._sampling, new=new
            )
            self._row, self._stored = new or self._row, True
            return Begun((*branch, said), reply)

        def withdraw(begun: Begun) -> None:
            leaf = self._branch[-1].id if self._branch else None
            self._corpus.withdraw(begun.reply, begun.branch[-1], leaf)
            self._stored = leaf is not None

        return self._run(begin, withdraw, self._sampling)

    async def _run(
        self, begin: Callable[[], Begun], withdraw: Callable[[Begun], None], sampling: Sampling
    ) -> AsyncGenerator[ReplyEvent, None]:
        self._must_be_idle()
        await self.save()
        self._began = time.monotonic()
        self._reply = RunningReply(
            self._corpus,
            self._engine,
            sampling,
            self._row.system_prompt,
            begin=begin,
            withdraw=withdraw,
            settle=self._settle,
        )
        async with aclosing(self._reply.events()) as events:
            async for event in events:
                yield event

    def _settle(self, reply: RunningReply) -> None:
        """Take a reply that has ended into the path."""
        self._replied, self._reply = self.seconds_of_replies(), None
        if reply.begun is not None:
            self._branch = (*reply.begun.branch, reply.row())
            self._unsaved = None if reply.saved else reply

    def _must_be_idle(self) -> None:
        if self._reply is not None:
            raise RuntimeError("a reply is on its way; stop it first")

    def _index(self, message_id: str) -> int:
        for index, message in enumerate(self._branch):
            if message.id == message_id:
                return index
        raise ValueError(f"message {message_id} is not on the path")


def _persona_of(row: ConversationRow) -> Persona:
    try:
        return Persona.model_validate_json(row.persona)
    except ValidationError as error:
        raise CorpusError(
            f"this version does not know the persona of conversation {row.id}; install a newer chat-personas"
        ) from error


def sampling_of(persona: Persona) -> Sampling:
    """Return how replies of a persona are drawn: what it asks for, the defaults for the rest."""
    asked = {} if persona.sampling is None else persona.sampling.model_dump(exclude_none=True)
    return replace(Sampling(), **asked)


def beginning_of(text: str) -> str:
    """Return the title of a conversation that begins with `text`: one line, at most 60 characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a version stands among all: `number` of `total`, from 1, oldest first."""

    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Version:
    """Which version a conversation went to: of a message of the person, of the reply at its end, or of both.

    None where that stayed as it was, or is the only one.
    """

    message: Place | None = None
    reply: Place | None = None


def next_version(conversation: "Conversation") -> Version | None:
    """Go to the next reply to the last message; after the last reply to the first one of the next message.

    So everything is come by, one after the other. Returns which it is; None where there is only one.

    Raises:
        RuntimeError: a reply is on its way.
        CorpusError: the corpus cannot be read or written.
    """
    path = conversation.path
    if not path:
        return None
    last = path[-1]
    replies = _versions(conversation, last.id) if last.role == "assistant" else []
    if last.id in replies[:-1]:
        return Version(reply=_go(conversation, replies, replies.index(last.id) + 1))
    said = next((row.id for row in reversed(path[-2:]) if row.role == "user"), None)
    messages = _versions(conversation, said) if said is not None else []
    if said is None or len(messages) < 2:
        return Version(reply=_go(conversation, replies, 0)) if len(replies) > 1 else None
    message = _go(conversation, messages, (messages.index(said) + 1) % len(messages))
    end = conversation.path[-1]
    others = _versions(conversation, end.id) if end.role == "assistant" else []
    return Version(message, _go(conversation, others, 0) if len(others) > 1 else None)


def _versions(conversation: "Conversation", message_id: str) -> list[str]:
    return [row.id for row in conversation.alternatives(message_id)]


def _go(conversation: "Conversation", versions: list[str], index: int) -> Place:
    conversation.switch(versions[index])
    return Place(index + 1, len(versions))
