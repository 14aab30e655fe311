"""A conversation with a persona as an object: send, stop, regenerate, edit, branch. No screen in it."""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Self, TypeVar

from pydantic import ValidationError

from chat_personas import __version__
from chat_personas.conversation.branches import ActiveBranch, Branches, Place, Version
from chat_personas.conversation.context_use import ContextUse, Given, context_use, given_so_far
from chat_personas.conversation.reply import (
    ReplyEnded,
    ReplyEvent,
    ReplyRecalled,
    ReplyStarted,
    ReplyStorage,
    ReplyText,
    ReplyThought,
    RunningReply,
    ThoughtEnded,
)
from chat_personas.conversation.sampling import chosen_sampling, sampling_of
from chat_personas.corpus import (
    ConversationRow,
    Corpus,
    CorpusError,
    MessageRow,
    PersonaChangeRow,
    ReplyModel,
    ReplyPersona,
    Thought,
)
from chat_personas.corpus.conversations import Leaves
from chat_personas.corpus.errors import (
    GROWING_ELSEWHERE,
    GoneOnElsewhereError,
    GrowingElsewhereError,
    ProtectedConversationError,
)
from chat_personas.corpus.messages import is_blank_reply, transcript
from chat_personas.corpus.sql import new_key, now
from chat_personas.steering.knob import Knob
from chat_personas.storage.files import atomic_write
from chat_personas.text import pluralize
from eval.engine import Engine, Message, ReadsAhead, Sampling
from eval.interventions import unsteered
from personas import LoadedPersona, Persona, PersonaError, is_steered_inside, system_prompt
from personas.persona import PersonaSampling

__all__ = [
    "ContextUse",
    "Conversation",
    "ReplyEnded",
    "ReplyEvent",
    "ReplyRecalled",
    "ReplyStarted",
    "ReplyText",
    "ReplyThought",
    "ThoughtEnded",
]

Result = TypeVar("Result")
RESCUED = "the conversation is in {path}"
PROTECTED = "this is what a participant of a study said, and stays as it is; a fork of it is your own to go on with"
NOT_RESCUED = "the last reply is lost"


class Conversation:
    """One branch of a conversation at a time, stored in the corpus as it goes.

    A persona that is steered from inside changes the model that is given: replies come from `engine`. What `knob` is
    turned to acts from the next reply, and changes nothing that was said.

    The person's message and the place of the reply are on the disk before the model begins. The reply follows about
    once a second, and is closed however it ends. A conversation without a message leaves no row,
    unless it was measured: `leave` removes that.

    `protected` is what a participant of a study said, outside that study: it can be read, rated, renamed and forked.
    What would say something in it, or change its branch, persona or sampling, raises ProtectedConversationError.

    All methods belong to one event loop, and only one reply can be on its way. `start` and `resume` wait for the disk:
    an interface that must go on responding calls `resume` in a thread. The other methods use the corpus in a thread of
    their own.
    """

    def __init__(
        self,
        corpus: Corpus,
        knob: Knob,
        row: ConversationRow,
        persona: Persona,
        sampling: Sampling | None,
        branch: tuple[MessageRow, ...],
        changes: Sequence[PersonaChangeRow] = (),
    ) -> None:
        """Use `start` or `resume`. `branch` is empty for a conversation in which nothing was said yet."""
        self.persona = persona
        self.knob = knob
        self.protected = False
        self._in_study = False
        self._corpus = corpus
        self._own_sampling = sampling
        self._sampling = sampling or sampling_of(persona, chosen_sampling(row))
        held: tuple[ConversationRow | PersonaChangeRow, ...] = (row, *changes)
        self._titles = {_under(each): _title_of(each) for each in held}
        self._active = ActiveBranch(row, bool(branch), branch, _under(held[-1]))
        self._branches = Branches(corpus, self._active)
        self._reply: RunningReply | None = None  # the newest one, also after it has ended
        self._seconds_of_others = 0.0
        self._changing = False

    @classmethod
    def start(cls, corpus: Corpus, engine: Engine, persona: LoadedPersona, *, sampling: Sampling | None = None) -> Self:
        """Begin a conversation with a persona; `sampling` replaces what the persona asks for.

        Raises:
            PersonaError: the persona cannot be put into a prompt.
            SteeringError, InterventionError: the persona's direction is missing or not one of this model.
        """
        knob = Knob.of(engine, persona.persona, persona.path.parent, persona.path)
        if is_steered_inside(persona.persona):
            from chat_personas.steering.applied import remember_folder

            remember_folder(persona)
        moment = now()
        row = ConversationRow(
            id=new_key(),
            title=persona.persona.title,
            created_at=moment,
            active_at=moment,
            persona_name=persona.persona.name,
            persona=_as_stored(persona.persona),
            persona_sha256=persona.sha256,
            system_prompt=system_prompt(persona.persona),
            model=engine.info.name,
            model_sha256=engine.info.sha256,
            prompt_format=engine.info.prompt_format,
            program_version=__version__,
            active_leaf_id=None,
        )
        return cls(corpus, knob, row, persona.persona, sampling, ())

    @classmethod
    def resume(
        cls,
        corpus: Corpus,
        engine: Engine,
        conversation_id: str,
        *,
        sampling: Sampling | None = None,
        in_study: bool = False,
    ) -> Self:
        """Take up a conversation of the corpus, with the persona and the prompt with which it went on last.

        `conversation_id` may be abbreviated. The model may be another one: each reply records its own. The knob is as
        the persona set it then; a direction that it names by a file is looked for where the persona's file was, or from
        the current directory if that is not known. What a participant of a study said is `protected`, unless the
        study itself takes it up (`in_study`): what else were said in it would count as the participant's.

        Raises:
            UnknownConversationError: there is none of that identifier.
            SteeringError, InterventionError: the persona's direction is missing or not one of this model.
            CorpusError: the corpus cannot be read, or the persona is one that this version does not know.
        """
        corpus.mark_interrupted()
        row = corpus.conversation(conversation_id)
        branch = corpus.branch(row.active_leaf_id) if row.active_leaf_id else ()
        changes = corpus.persona_changes(row.id)
        last = changes[-1] if changes else row
        persona = persona_of(last)
        knob = Knob.of(engine, persona, _folder_of(last, persona))
        conversation = cls(corpus, knob, row, persona, sampling, branch, changes)
        conversation._in_study = in_study
        conversation.protected = not in_study and corpus.studies.is_talk(row.id)
        if row.active_leaf_id:
            conversation._branches.read_about(row.active_leaf_id)
        return conversation

    @property
    def id(self) -> str:
        """The key of the conversation in the corpus."""
        return self._active.row.id

    @property
    def engine(self) -> Engine:
        """The model as the persona's steering, or what the knob is turned to, changes it now: the next reply's."""
        return self.knob.engine

    @property
    def title(self) -> str:
        """What it is called: the persona's title, then the beginning of its first message, until it is renamed."""
        return self._active.row.title

    @property
    def persona_sha256(self) -> str:
        """The hash of the file that the persona came from."""
        return self._active.row.persona_sha256

    @property
    def system_prompt(self) -> str:
        """The exact system prompt that the model is given for the next reply, "" for none."""
        return self._active.persona.system_prompt

    @property
    def unspoken(self) -> ConversationRow | None:
        """The row with which a measurement before the first message adds the conversation; None after it."""
        return None if self._active.stored else self._active.row

    @property
    def replying(self) -> bool:
        """Whether a reply is on its way."""
        return self._reply is not None and self._reply.running

    @property
    def lacks_reply(self) -> bool:
        """Whether the last message of the path has no reply and none is on its way, as where a fork ends before it."""
        return bool(self.path) and self.path[-1].role == "user"

    @property
    def grows_elsewhere(self) -> bool:
        """Whether another program was still writing a reply of the path when that was read; see `catch_up`."""
        return any(message.status == "streaming" for message in self._active.messages)

    @property
    def unanswered(self) -> bool:
        """Whether there is nothing to measure after: no word of a reply to the last message, or not the whole of it.

        Where the reply is on its way here, there will be.
        """
        if self.lacks_reply or self.grows_elsewhere:
            return True
        return bool(self.path) and not self.replying and is_blank_reply(self.path[-1])

    @property
    def last_reply(self) -> MessageRow | None:
        """The newest reply on the path that came to a word, None where there is none."""
        replies = (message for message in reversed(self.path) if message.role == "assistant")
        return next((reply for reply in replies if not is_blank_reply(reply)), None)

    @property
    def unsaved(self) -> CorpusError | None:
        """Why something that was said is in no corpus; None where all is. `save` helps.

        The newest reply could not be stored, while it grows or at its end, or the corpus was removed with all of it.
        """
        failed = None if self._reply is None else self._reply.unsaved
        if failed is None and (removed := self._corpus.removed) is not None and self.path:
            return removed
        return failed

    @property
    def known_leaves(self) -> Leaves:
        """The messages at which it may end in the corpus; at any other one, another program has gone on with it."""
        return self._active.known_leaves

    @property
    def left_behind(self) -> bool:
        """Whether another program has gone on with it, as far as that was noticed, and this one has not since then."""
        return self._active.left_behind_at is not None

    @property
    def path(self) -> tuple[MessageRow, ...]:
        """The messages from the first to the active leaf; a reply on its way stands as far as it has come."""
        return self._reply.path if self._reply is not None and self._reply.running else self._active.messages

    @property
    def thoughts(self) -> Mapping[str, Thought]:
        """What the model thought before replies that have ended, by their ids; at least before those on the path."""
        return self._active.thoughts

    @property
    def models(self) -> Mapping[str, ReplyModel]:
        """Which model made the replies that have ended, by their ids; at least those on the path."""
        return self._active.models

    @property
    def of_participants(self) -> frozenset[str]:
        """The keys of what participants of studies said, as somebody else reads it; none within the study itself."""
        return frozenset() if self._in_study else self._active.of_participants

    @property
    def side(self) -> str:
        """How it is called as a side of a debate, "" where it is none: the first words are then the moderator's."""
        return self.persona.title if self.path and self.path[0].speaker is not None else ""

    @property
    def said_last(self) -> str:
        """What the owner of the corpus said last in it, "" for nothing: a participant's words are said nowhere else."""
        own = (row for row in reversed(self.path) if row.author == "person" and row.id not in self.of_participants)
        return next((row.text for row in own), "")

    @property
    def places(self) -> Mapping[str, Place]:
        """Which version of several the messages are, by their ids: of those that the corpus has been asked about."""
        return {key: Place(*place) for key, place in self._active.places.items()}

    async def place(self, message_id: str) -> Place | None:
        """Return which version a new message is; None where it is the only one. Raises CorpusError."""
        versions = [row.id for row in await self.alternatives(message_id)]
        if len(versions) < 2:
            return None
        self._active.places[message_id] = versions.index(message_id) + 1, len(versions)
        return Place(*self._active.places[message_id])

    @property
    def model(self) -> ReplyModel:
        """The model that makes the next reply."""
        return ReplyModel.of(self.engine.info)

    @property
    def other_models(self) -> tuple[ReplyModel, ...]:
        """The models other than the present one that made replies on the path, in the order in which they came."""
        made = (self.models.get(message.id, self.model) for message in self.path)
        return tuple(model for model in dict.fromkeys(made) if model != self.model)

    @property
    def model_of_last_reply(self) -> ReplyModel | None:
        """The model that made the last reply on the path, None where that is the present one or there is none."""
        return None if self._made_last == self.model else self._made_last

    @property
    def asked_otherwise(self) -> bool:
        """Whether the last reply on the path is of the present model, and that was asked in another form then."""
        made = self._made_last
        return made == self.model and not made.asked_as(self.model)

    @property
    def _made_last(self) -> ReplyModel:
        """The model that made the last reply on the path, the present one where there is none."""
        replies = (message for message in reversed(self.path) if message.role == "assistant")
        last = next(replies, None)
        return self.model if last is None else self.models.get(last.id, self.model)

    @property
    def first_persona(self) -> ReplyPersona:
        """The persona with which the conversation began: also that of replies of which `personas` does not know it."""
        return _under(self._active.row)

    @property
    def present_persona(self) -> ReplyPersona:
        """The persona under which the next reply is made."""
        return self._active.persona

    @property
    def personas(self) -> Mapping[str, ReplyPersona]:
        """Under which persona the replies on the path were made that have ended, by their ids."""
        replies = (message for message in self.path if message.role == "assistant")
        return {each.id: self._active.personas.get(each.id, self.first_persona) for each in replies}

    def title_of(self, persona: ReplyPersona) -> str:
        """Return the title of a persona of this conversation, as the screen calls it."""
        return self._titles.get(persona, persona.name)

    @property
    def speakers(self) -> Mapping[str, str]:
        """The titles of the personas that made the replies on the path, by the ids of the replies."""
        return {key: self.title_of(persona) for key, persona in self.personas.items()}

    async def change_persona(self, persona: LoadedPersona) -> None:
        """Go on with another persona, from the next reply on; what was said before stays its persona's.

        Raises:
            ValueError: nothing was said yet; begin another conversation.
            RuntimeError: a reply is on its way, or another version is being opened.
            PersonaError: the persona cannot be put into a prompt, or must not change: in a side of a debate, a column
                of a comparison, or a participant's conversation.
            SteeringError, InterventionError: its direction is missing or not one of this model.
            CorpusError: the change cannot be stored; the persona before stays.
        """
        if not self._active.stored:
            raise ValueError("nothing was said yet")
        kept = await asyncio.to_thread(self.why_persona_is_kept)
        if kept is not None:
            raise PersonaError(kept)
        await self.save()
        loaded = persona.persona, persona.path.parent, persona.path
        knob = await asyncio.to_thread(Knob.of, unsteered(self.engine), *loaded)
        change = PersonaChangeRow(
            conversation_id=self.id,
            persona_name=persona.persona.name,
            persona=_as_stored(persona.persona),
            persona_sha256=persona.sha256,
            system_prompt=system_prompt(persona.persona),
        )
        if is_steered_inside(persona.persona):
            from chat_personas.steering.applied import remember_folder

            remember_folder(persona)

        def go_on() -> None:
            self._corpus.change_persona(change)
            self.persona, self.knob = persona.persona, knob
            self._sampling = self._own_sampling or sampling_of(persona.persona, chosen_sampling(self._active.row))
            self._active.persona = _under(change)
            self._titles[_under(change)] = persona.persona.title

        await self._change(go_on)

    def why_persona_is_kept(self) -> str | None:
        """Return why this conversation cannot go on with another persona; None where it can."""
        if self._corpus.debate_of(self.id) is not None:
            return "the sides of a debate keep their personas; begin a new conversation with another one"
        if self._corpus.comparison_of(self.id) is not None:
            return "the columns of a comparison keep their personas; fork the conversation to go on with another one"
        if self._corpus.studies.is_talk(self.id):
            return "the conversation of a participant keeps its persona; fork it to go on with another one"
        return None

    def context(self) -> list[Message]:
        """Return the system prompt and the path as the model is given them (see `transcript`), without any thought."""
        return transcript(self.system_prompt, self.path)

    def context_after(self, message: MessageRow) -> list[Message]:
        """Return what the model was given up to a message of the path, with it."""
        return transcript(self.system_prompt, self.path[: self.path.index(message) + 1])

    def context_at_start(self) -> list[Message]:
        """Return what the model is given before the first message: the system prompt, if there is one."""
        return transcript(self.system_prompt, ())

    def seconds_of_replies(self) -> float:
        """Return for how many seconds so far replies were on their way. To time other work, leave them out."""
        return self._seconds_of_others + (self._reply.seconds if self._reply is not None else 0.0)

    def send(self, text: str) -> AsyncGenerator[ReplyEvent, None]:
        """Say something after the active leaf and yield what happens to the reply.

        Raises:
            ValueError: there is nothing but white space in `text`.
            RuntimeError: a reply is on its way, or another version is being opened.
            TooLongError: `text` does not fit into the model's context; nothing of it is stored.
            GoneOnElsewhereError: another program has gone on with the conversation; nothing is stored. Said once more,
                it is stored, and what the other program added is another version.
            GrowingElsewhereError: another program is still writing a reply of the path; nothing is stored.
            CorpusError: the message could not be stored (then nothing was sent to the model), or the reply could not
                be: it stays in `path` and is stored before the next message, or by `save`. See `ReplyStorage`.
        """
        return self._say(text, None)

    def edit(self, message_id: str, text: str) -> AsyncGenerator[ReplyEvent, None]:
        """Say something else in place of a message of the person on the path; the old branch stays in the corpus.

        Raises as `send` does, and ValueError for a message that is not the person's or not on the path.
        """
        index = self._index(message_id)
        if self._active.messages[index].author != "person":
            raise ValueError("only what a person said can be edited")
        return self._say(text, index)

    def regenerate(self) -> AsyncGenerator[ReplyEvent, None]:
        """Let the model answer the last message once more; the previous reply stays in the corpus.

        Where it fails or is stopped before its first word, the previous reply stays on the path, too: an empty one in
        its place would leave it out of the context.

        With a fixed seed the n-th alternative uses seed + n, because the same seed would give the same reply; one that
        broke off is not counted.

        Raises as `send` does, and ValueError where there is no message yet.
        """
        if not self._active.messages:
            raise ValueError("nothing was said yet")
        return self._run(None, None)

    def hear(self, said: MessageRow, begun: ConversationRow | None = None) -> None:
        """Take in a message that was added to the corpus after the end of the path (`Corpus.tell`).

        `begun` is the conversation as the first message has added it.

        Raises:
            RuntimeError: a reply is on its way, or another version is being opened.
        """
        self._must_be_idle()
        if begun is not None:
            self._active.row, self._active.stored = begun, True
        self._active.messages, self._active.left_behind_at = (*self._active.messages, said), None

    async def catch_up(self) -> bool:
        """Read again what another program was still writing; return whether it has ended, or that program has.

        Raises:
            RuntimeError: a reply is on its way, or another version is being opened.
            CorpusError: the corpus cannot be read, or the conversation was deleted.
        """
        if self.grows_elsewhere:
            await self._in_thread(self._branches.read_again)
        return not self.grows_elsewhere

    def know_of(self, gone_on: GoneOnElsewhereError) -> None:
        """Take in that another program has gone on with this conversation, if it was this one, as the person is told.

        What is said then is said all the same.
        """
        if gone_on.conversation_id == self.id:
            self._active.left_behind_at = gone_on.leaf_id

    def unhear(self, title: str) -> None:
        """Leave out the last message, which was taken back from the corpus; after the first one it has this title.

        Raises:
            RuntimeError: a reply is on its way, or another version is being opened.
        """
        self._must_be_idle()
        self._active.messages = self._active.messages[:-1]
        if not self._active.messages:
            self._active.row = self._active.row.model_copy(update={"title": title})
            self._active.stored = False

    async def stop(self) -> None:
        """Stop the reply, if one is on its way, and wait until it is stored as far as it came."""
        if self._reply is not None and self._reply.running:
            await self._reply.stop()

    async def save(self) -> None:
        """Store a reply that could not be stored when it ended, if there is one.

        Raises CorpusError: that fails again, or the corpus that was removed is not back in its place.
        """
        if self._corpus.removed is not None and self.path:
            await asyncio.to_thread(self._corpus.check_in_place)
        if self._reply is not None and self._reply.to_save:
            await asyncio.to_thread(self._reply.save)

    def write_to(self, path: Path) -> None:
        """Write the path as one line of chat JSON (the `openai` export), from memory, with all of its last reply.

        Raises:
            OSError: the file cannot be written.
        """
        from chat_personas.corpus.export.chat_json import line_of

        with atomic_write(path) as stream:
            prompts = {key: persona.system_prompt for key, persona in self.personas.items()}
            stream.write(f"{line_of(self.first_persona.system_prompt, self.path, prompts)}\n".encode())

    def rescue(self) -> Path | None:
        """Write the path to a file in the temporary directory; return the file, or None where that fails, too."""
        path = Path(tempfile.gettempdir()) / f"chat-personas-{self.id.lower()}.jsonl"
        try:
            self.write_to(path)
        except OSError:
            return None
        return path

    async def leave(self) -> None:
        """Remove what was measured in the conversation, if nothing was said in it. Raises CorpusError."""
        if not self.path:
            await asyncio.to_thread(self._corpus.remove_unspoken, self.id)

    async def read_ahead(self) -> None:
        """Let the model read the conversation, if it keeps what it has read: the next reply then begins sooner.

        For a conversation that was taken up again. A reply that is asked for meanwhile goes first.

        Raises:
            EngineError: the model failed, or was closed.
        """
        if self._active.messages and not self.replying and isinstance(self.engine, ReadsAhead):
            await self.engine.read_ahead(self.context(), self._sampling)

    async def context_use(self) -> ContextUse | None:
        """Return how much of this model's context the conversation takes; None where that is not known.

        It is known from replies that this model completed, also in an earlier session. Raises CorpusError.
        """
        return await asyncio.to_thread(
            context_use, self._corpus, self.engine.info, self.system_prompt, self._active.messages
        )

    async def given(self) -> AsyncGenerator[Given, None]:
        """Yield what the model is given for the next reply: at once without counts, then with those of the engine.

        A reply that is on its way is not in it, and the engine counts after it. Raises CorpusError.
        """
        path = self.path[:-1] if self.replying else self.path
        replies = [message.id for message in path if message.role == "assistant"]
        found = given_so_far(
            transcript(self.system_prompt, path),
            self.engine.info,
            inside=self.knob.described() if self.knob.interventions else "",
            thoughts=sum(reply in self.thoughts for reply in replies),
            last=await asyncio.to_thread(self._corpus.generation, replies[-1]) if replies else None,
        )
        yield found
        yield await found.with_counts(self.engine, self._sampling)

    async def alternatives(self, message_id: str) -> tuple[MessageRow, ...]:
        """Return a message and what stands beside it at the same place, oldest first. Raises CorpusError."""
        return await asyncio.to_thread(self._corpus.siblings, message_id)

    async def versions(self, number: int | None = None) -> list[MessageRow]:
        """Return the versions of a turn: of its reply, then of the message of the person's; of a single one, nothing.

        It is the turn of their message of this number from 1, or the last one. The last message of a fork may have no
        reply: what was said before it is another turn.

        Raises:
            ValueError: there is no such message; the error says how many there are.
            CorpusError: the corpus cannot be read.
        """
        path, own = self.path, [place for place, row in enumerate(self.path) if row.author == "person"]
        if number is not None and not 1 <= number <= len(own):
            raise _no_such_message(len(own))
        last = max(0, len(path) - (2 if path and path[-1].role == "assistant" else 1))
        first = last if number is None else own[number - 1]
        said, after = path[first : first + 1], path[first + 1 : first + 2]
        turn = [*(row for row in after if row.role == "assistant"), *said]
        beside = [await self.alternatives(message.id) for message in turn]
        return [version for versions in beside if len(versions) > 1 for version in versions]

    async def switch(self, message_id: str) -> None:
        """Make the branch through a message the active one, down to its newest leaf.

        Raises:
            RuntimeError: a reply is on its way, or another version is being opened.
            CorpusError: there is no such message, or the corpus cannot be written.
        """
        await self._change(lambda: self._branches.go_to(message_id))

    async def next_version(self) -> Version | None:
        """Go to the next reply to the last message; after the last reply to the first one of the next message.

        Repeated calls visit every alternative. Returns which version it is; None where there is only one.

        Raises:
            RuntimeError: a reply is on its way, or another version is being opened.
            CorpusError: the corpus cannot be read or written.
        """
        return await self._change(self._branches.next_version)

    async def go_beside(self, message_id: str, by: int) -> Place | None:
        """Go to the version `by` places after a message of the path (before it, if negative), down to its newest leaf.

        Returns which version is on the path now; None where there is no version there: then nothing has changed.

        Raises:
            ValueError: the message is not on the path.
            RuntimeError: a reply is on its way, or another version is being opened.
            CorpusError: the corpus cannot be read or written.
        """
        message = self._active.messages[self._index(message_id)]
        return await self._change(lambda: self._branches.go_beside(message, by))

    async def fork(self, message_id: str) -> str:
        """Begin another conversation with copies of the messages of the path up to this one; return its key.

        It is in the corpus, with the persona and prompt of this one; take it up with `resume`. This one stays as it is.

        Raises:
            ValueError: the message is not on the path.
            RuntimeError: a reply is on its way, or another version is being opened.
            CorpusError: the corpus cannot be read or written.
        """
        self._must_be_idle()
        self._index(message_id)
        await self.save()
        return await asyncio.to_thread(self._corpus.fork, message_id)

    def end_of_turn(self, number: str = "") -> str:
        """Return the key of the last message that answers one of the person's, by its number from 1; of the last one.

        Raises:
            ValueError: there is no such message; the error says how many there are.
        """
        ends: list[str] = []
        for message in self.path:
            if message.author == "person":
                ends.append(message.id)
            elif ends:
                ends[-1] = message.id
        if not number and ends:
            return ends[-1]
        if not (number.isdecimal() and 1 <= int(number) <= len(ends)):
            raise _no_such_message(len(ends))
        return ends[int(number) - 1]

    @property
    def sampling(self) -> Sampling:
        """How the next reply is drawn."""
        return self._sampling

    @property
    def chosen_sampling(self) -> PersonaSampling:
        """What of it the person chose for this conversation."""
        return chosen_sampling(self._active.row) or PersonaSampling()

    @property
    def usual_sampling(self) -> Sampling:
        """How replies are drawn where nothing is chosen."""
        return sampling_of(self.persona)

    async def choose_sampling(self, chosen: PersonaSampling) -> None:
        """Draw replies so from the next one on, and keep that; what is left out is as the persona asks.

        Raises CorpusError.
        """
        self._must_be_open()
        await self._until_stored()
        kept = chosen.model_dump_json(exclude_none=True) if chosen != PersonaSampling() else None
        await asyncio.to_thread(self._corpus.set_sampling, self.id, kept)
        self._active.row = self._active.row.model_copy(update={"sampling": kept})
        self._own_sampling, self._sampling = None, sampling_of(self.persona, chosen)

    async def rename(self, title: str) -> None:
        """Give the conversation another title, which it keeps also where nothing was said yet. Raises CorpusError."""
        await self._until_stored()
        if self._active.stored:
            await asyncio.to_thread(self._corpus.rename, self.id, title)
        self._active.row, self._active.named = self._active.row.model_copy(update={"title": title}), True

    async def _until_stored(self) -> None:
        """Wait for a message that is being stored: with the first one, the row of the conversation as it was."""
        if self._reply is not None:
            await self._reply.begun()

    def _say(self, text: str, length: int | None) -> AsyncGenerator[ReplyEvent, None]:
        """Say `text` after the first `length` messages of the path, None for all of them."""
        if not text.strip():
            raise ValueError("there is nothing to say in an empty message")
        return self._run(text, length)

    async def _run(self, text: str | None, length: int | None) -> AsyncGenerator[ReplyEvent, None]:
        self._must_be_idle()
        self._must_be_open()
        await self.save()
        if not await self.catch_up():
            raise GrowingElsewhereError(GROWING_ELSEWHERE, self.id)
        self._must_be_idle()  # another reply may have begun while the last one was being stored
        engine = self.engine
        storage = ReplyStorage(self._corpus, self._active, engine.info, self._sampling, text=text, length=length)
        self._seconds_of_others = self.seconds_of_replies()
        self._reply = RunningReply(engine, storage)
        async with aclosing(self._reply.events()) as events:
            async for event in events:
                yield event

    async def _change(self, change: Callable[[], Result]) -> Result:
        """Change the active branch as `_in_thread` does, where that may be done."""
        self._must_be_idle()
        self._must_be_open()
        return await self._in_thread(change)

    async def _in_thread(self, change: Callable[[], Result]) -> Result:
        """Change the active branch in a thread, to the end of the change, even if the caller is cancelled meanwhile.

        No reply and no other change can begin before that.
        """

        def changed(_: object) -> None:
            self._changing = False

        self._must_be_idle()
        self._changing = True
        changing = asyncio.create_task(asyncio.to_thread(change))
        changing.add_done_callback(changed)
        return await asyncio.shield(changing)

    def _must_be_idle(self) -> None:
        if self.replying:
            raise RuntimeError("a reply is on its way; stop it first")
        if self._changing:
            raise RuntimeError("another version is being opened; wait for it")

    def _must_be_open(self) -> None:
        if self.protected:
            raise ProtectedConversationError(PROTECTED)

    def _index(self, message_id: str) -> int:
        for index, message in enumerate(self._active.messages):
            if message.id == message_id:
                return index
        raise ValueError(f"message {message_id} is not on the path")


def persona_of(row: ConversationRow | PersonaChangeRow) -> Persona:
    """Return the persona with which a conversation began or went on, as it was then.

    Raises:
        CorpusError: this version does not know such a persona.
    """
    try:
        return Persona.model_validate_json(row.persona)
    except ValidationError as error:
        raise CorpusError(
            f"this version does not know the persona of conversation {_conversation_of(row)}; "
            "install a newer chat-personas"
        ) from error


def _conversation_of(row: ConversationRow | PersonaChangeRow) -> str:
    return row.id if isinstance(row, ConversationRow) else row.conversation_id


def _as_stored(persona: Persona) -> str:
    return persona.model_dump_json(by_alias=True, exclude_none=True)


def _under(row: ConversationRow | PersonaChangeRow) -> ReplyPersona:
    return ReplyPersona(row.persona_name, row.persona_sha256, row.system_prompt)


def _title_of(row: ConversationRow | PersonaChangeRow) -> str:
    """Return the title of a persona, also of one that only another version of the program knows."""
    title = json.loads(row.persona).get("title")
    return title if isinstance(title, str) else row.persona_name


def _folder_of(row: ConversationRow | PersonaChangeRow, persona: Persona) -> Path:
    if not is_steered_inside(persona):
        return Path()
    from chat_personas.steering.applied import folder_of

    return folder_of(row.persona_sha256)


def _no_such_message(said: int) -> ValueError:
    return ValueError(f"you have said {pluralize(said, 'message')}; write the number of one")
