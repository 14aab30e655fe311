"""The session behind the screen: settings, persona, corpus, engine, conversation and monitor.

Nothing is opened before the first frame.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from chat_personas.tui.leaving import PATIENCE, in_time

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation
    from chat_personas.conversation.room import RoomTable
    from chat_personas.corpus import Corpus, MessageRow
    from chat_personas.models.found import Found
    from chat_personas.monitor.inside import Inside
    from chat_personas.monitor.monitor import Monitor
    from chat_personas.settings import Settings
    from chat_personas.steering.knob import Knob
    from eval.engine import Engine, EngineInfo, Message
    from eval.surveys.loading import LoadedSurvey
    from personas import LoadedPersona, Persona


TYPED_NOT_KEPT = "what you typed and did not send could not be kept: {why}"
TYPED_RESCUED = "what you typed is in {path}"
TYPED_LOST = "what you typed is lost"
SECONDS_BETWEEN_TRIES = 1.0
"""How often it is tried to store what could not be stored, as on a full disk."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The arguments over the settings before they are validated: what the first frame is drawn from.

    `persona` and `model` are as the person typed them. `keys` maps ids of bindings to keys.
    """

    persona: str
    model: str
    measure: bool
    keys: Mapping[str, str]
    theme: str | None


class LaunchLike(Protocol):
    """What a session needs of `chat_personas.cli.launch.Launch`: ways to get everything, none of them used yet.

    While the screen is up, output of native libraries to file descriptor 2 goes to `log_path` (None: nowhere).
    """

    @property
    def resume(self) -> str | None:
        """The id of the conversation to continue, None for a new one."""

    @property
    def model(self) -> str | None:
        """The model that was asked for; None for that of the settings."""

    @property
    def template(self) -> str | None:
        """How the model that was asked for is asked; None for what the settings or the model say."""

    @property
    def shown_model(self) -> str:
        """The name of the model that was asked for, not opened yet. Raises ReportedError: there is no such model."""

    @property
    def log_path(self) -> Path | None:
        """Where native libraries may write."""

    @property
    def settings(self) -> "Settings":
        """The validated settings. Raises SettingsError."""

    @property
    def given(self) -> Mapping[str, str]:
        """The settings that the command line sets, by their names."""

    def read_settings_again(self) -> None:
        """Let `settings` be what the file says now."""

    @property
    def longest_wait(self) -> str:
        """Say for how long a server is waited for while it is opened; empty for a model file. Raises SettingsError."""

    def preview(self) -> Preview:
        """Return the settings for the first frame, not validated."""

    def load_persona(self, name: str | None = None) -> "LoadedPersona":
        """Read a persona; None: the one that was asked for. Raises PersonaError."""

    async def open_engine(self) -> "Engine":
        """Open the model or reach the server. Raises EngineError."""

    def open_corpus(self) -> "Corpus":
        """Open the corpus, creating it the first time. Raises CorpusError."""

    def make_monitor(self, engine: "Engine", persona: "Persona", corpus: "Corpus") -> "Monitor":
        """Make the monitor that measures a persona while people talk with it."""

    def probing_confirmed(self, info: "EngineInfo") -> bool:
        """Whether this engine may be probed: it runs on this machine, or the person has agreed."""

    def find_models(self) -> "Found":
        """Look for models in files and on servers of this machine. Raises SettingsError."""

    @property
    def introduction_wanted(self) -> bool:
        """Whether the introduction is shown: the person has not dismissed it for good."""

    def want_introduction(self, wanted: bool) -> None:
        """Remember whether the introduction is shown from now on. Raises OSError."""

    def with_model(self, model: str) -> "LaunchLike":
        """Return the same with another model."""

    def remember_theme(self, name: str) -> None:
        """Put a theme into the settings. Raises SettingsError, and OSError where the file cannot be written."""

    def remember_probing(self, info: "EngineInfo") -> None:
        """Remember that the person has agreed to have this engine's server probed."""


@dataclass(frozen=True, slots=True)
class OtherModel:
    """A model that is open beside the one that replies, and the launch that opened it."""

    launch: LaunchLike
    engine: "Engine"


class Session:
    """Opens what a launch offers, piece by piece, and closes it again. It has no widgets.

    What is not open yet is None. Heavy imports, files and the database are used in threads, so that the person can type
    meanwhile. `settings` are a preview until `load_settings` has replaced them with the validated ones. `failure` is
    the error that the program will end with, if any.

    What could not be stored of the open conversation, or of those that were held `beside` it, is kept until it is.
    """

    def __init__(self, launch: LaunchLike) -> None:
        self.launch = launch
        self.settings: Preview | Settings = launch.preview()
        self.persona: LoadedPersona | None = None
        self.corpus: Corpus | None = None
        self.engine: Engine | None = None
        self.conversation: Conversation | None = None
        self.monitor: Monitor | None = None
        self._monitored: Persona | None = None  # the persona that `monitor` measures
        self.room: RoomTable | None = None
        self._corpus_opening: asyncio.Task[Corpus] | None = None
        self.failure: Exception | None = None
        self.typed_in_vain = ""  # what was typed and is kept by nothing, as where there is no corpus that could
        self.why_in_vain = "nothing could be opened that keeps it"
        self.left: str | None = None  # once it is closed: the short name of the conversation that can go on
        self._turning = asyncio.Lock()
        self._left = set[asyncio.Future[None]]()  # models that nobody uses any more, until they are closed
        self._beside: tuple[Conversation, ...] = ()
        self._saving = asyncio.Lock()

    async def load_settings(self) -> "Settings":
        """Replace the preview by the validated settings, and return them. Raises SettingsError."""
        self.settings = settings = await asyncio.to_thread(lambda: self.launch.settings)
        return settings

    async def read_settings_again(self) -> "Settings":
        """Use what the settings file says now, and return it. Raises SettingsError."""
        self.launch.read_settings_again()
        return await self.load_settings()

    @property
    def longest_wait(self) -> str:
        """Say for how long a server is waited for while it is opened; empty for a model file, or not known yet."""
        return "" if isinstance(self.settings, Preview) else self.launch.longest_wait

    async def open_persona(self, name: str | None = None) -> "LoadedPersona":
        """Read a persona, None for the one that was asked for; the next new conversation is with it."""
        self.persona = await asyncio.to_thread(self.launch.load_persona, name)
        return self.persona

    async def open_corpus(self) -> "Corpus":
        """Open the corpus, to the end even if the caller is cancelled meanwhile: it would never be closed.

        That may take a while: it may be brought to a newer schema, or another program may be writing to it.
        """
        if self._corpus_opening is None:
            self._corpus_opening = asyncio.create_task(asyncio.to_thread(self._open_corpus))
        return await asyncio.shield(self._corpus_opening)

    def _open_corpus(self) -> "Corpus":
        importlib.import_module("chat_personas.conversation.conversation")
        self.corpus = self.launch.open_corpus()
        return self.corpus

    async def open_engine(self) -> "Engine":
        """Open the model or reach the server.

        Raises:
            EngineError: it is not a model, or the server does not answer. It may be tried again.
        """
        if self.engine is None:
            self.engine = await self.launch.open_engine()
        return self.engine

    async def open_same_persona(self) -> "LoadedPersona":
        """Return the persona of the conversation that is open, for a new one with it.

        One that has no file by now, as it was composed or is steered in another way, is taken from the conversation.
        """
        loaded, conversation = self.persona, self.conversation
        if conversation is None:
            return loaded if loaded is not None else await self.open_persona()
        if loaded is not None and loaded.persona == conversation.persona:
            return loaded
        from chat_personas.own_personas import with_its_file

        self.persona = await asyncio.to_thread(with_its_file, conversation.persona, self.launch.load_persona)
        return self.persona

    async def change_persona(self, persona: "LoadedPersona") -> None:
        """Go on in the open conversation with another persona. Raises as `Conversation.change_persona` does."""
        assert self.conversation is not None
        await self.conversation.change_persona(persona)
        self.persona = persona
        await self._let_monitor_go()

    def has_open(self, model: str) -> bool:
        """Whether this model is the open one, by whatever name or path."""
        from chat_personas.engines.open import same_model

        return self.engine is not None and same_model(model, self.launch.model or self.launch.settings.model)

    async def model_meant(self, typed: str) -> str:
        """Return what opens the model that is meant by its name as it is shown; anything else as it was typed.

        Raises ReportedError: several models have that name, or the settings cannot be read.
        """
        return await asyncio.to_thread(self._model_meant, typed)

    def _model_meant(self, typed: str) -> str:
        from chat_personas.engines.open import UnknownModelError, find_model, shown_model
        from chat_personas.reporting.models_found import model_called

        with suppress(UnknownModelError):
            find_model(typed)
            return typed
        present = self.launch.model or self.launch.settings.model
        with suppress(UnknownModelError):
            if self.engine is not None and shown_model(present) == typed:
                return present
        return model_called(typed, self.launch.find_models())

    async def name_of_model(self, model: str) -> str:
        """Return what another model is called, before it is opened. Raises ReportedError: there is no such model."""
        launch = self.launch.with_model(model)
        return await asyncio.to_thread(lambda: launch.shown_model)

    async def open_other_model(self, model: str) -> "OtherModel":
        """Open another model beside the present one. Raises ReportedError."""
        launch = self.launch.with_model(model)
        return OtherModel(launch, await launch.open_engine())

    async def change_model(self, other: "OtherModel", *, new: bool = False, here: str | None = None) -> None:
        """Go on with another model in the open conversation, or in a `new` one with the same persona.

        `here` is the key of the conversation instead, where it is not the open one. Where no model could be opened
        before, it is the conversation that was asked for. The model before is closed, for which nobody waits; where
        this fails, the other one is.

        Raises:
            ReportedError: the model cannot be steered as the persona asks.
        """
        before = self.launch, self.engine
        self.launch, self.engine = other.launch, other.engine
        try:
            if here is None and self.conversation is None:
                here = self.launch.resume
            if here is None and self.conversation is not None and self.conversation.path and not new:
                here = self.conversation.id
            if here is not None:
                await self.resume(here)
            else:
                await self.open_same_persona()
                await self.begin()
        except BaseException:
            self.launch, self.engine = before
            await other.engine.close()
            raise
        self.failure = None
        if before[1] is not None:
            closing = asyncio.ensure_future(before[1].close())
            self._left.add(closing)
            closing.add_done_callback(self._left.discard)

    async def _let_monitor_go(self) -> None:
        """Store what the monitor still holds, and let the next measurement have another one. Raises CorpusError."""
        from chat_personas.corpus.errors import ConversationGoneError

        with suppress(ConversationGoneError):  # it was deleted, and there is no place for the rest
            if self.monitor is not None:
                await self.monitor.settle()
        self.monitor = None

    async def begin(self) -> "Conversation":
        """Begin a new conversation with the persona; the previous one stays in the corpus.

        Raises:
            ReportedError: the model cannot be steered as the persona asks.
        """
        from chat_personas.conversation.conversation import Conversation

        assert self.persona is not None
        corpus, engine = await self.open_corpus(), await self.open_engine()
        return await self._take_up(await asyncio.to_thread(Conversation.start, corpus, engine, self.persona))

    async def resume(self, conversation_id: str) -> "Conversation":
        """Continue a conversation of the corpus, with its own persona.

        Raises:
            CorpusError: there is no conversation of that id.
            ReportedError: the model cannot be steered as the persona asks.
        """
        from chat_personas.conversation.conversation import Conversation

        corpus, engine = await self.open_corpus(), await self.open_engine()
        async with self._saving:
            await self._save_beside()  # it may be one of them, and is read from the disk
        return await self._take_up(await asyncio.to_thread(Conversation.resume, corpus, engine, conversation_id))

    async def key_of(self, conversation_id: str) -> str:
        """Return the whole key of a conversation of the corpus. Raises CorpusError: there is none of that id."""
        corpus = await self.open_corpus()
        return await asyncio.to_thread(lambda: corpus.conversation(conversation_id).id)

    async def _take_up(self, conversation: "Conversation") -> "Conversation":
        """Make `conversation` the open one. What the one before has not stored yet is stored first.

        Raises:
            ReportedError: the model cannot be steered as the persona asks; then the one before stays open.
        """
        from chat_personas.corpus.errors import ConversationGoneError
        from eval.interventions import tried_out

        await tried_out(conversation.engine)
        await self.look_for_corpus()
        with suppress(ConversationGoneError):  # it was deleted, and there is no place for the rest
            if self.conversation is not None:
                await self.conversation.save()
        await self._let_monitor_go()
        if self.conversation is not None:
            await self.conversation.leave()
        self.conversation = conversation
        return conversation

    def hold_beside(self, conversations: "Sequence[Conversation]") -> None:
        """Keep what cannot be stored of these, too: the columns of a comparison, the sides of a debate."""
        self._beside = (*(each for each in self._beside if each.unsaved is not None), *conversations)

    @property
    def _held(self) -> "Iterator[Conversation]":
        if self.conversation is not None:
            yield self.conversation
        yield from self._beside

    @property
    def unsaved(self) -> str | None:
        """Why something that was said or measured could not be stored, in one line; None where all is stored."""
        for conversation in self._held:
            if conversation.unsaved is not None:
                return str(conversation.unsaved)
        return str(self.monitor.unwritten) if self.monitor is not None and self.monitor.unwritten is not None else None

    @property
    def unsaved_is_beside(self) -> bool:
        """Whether all that is not stored was said beside the open conversation."""
        beside = any(each.unsaved is not None for each in self._beside)
        return beside and (self.conversation is None or self.conversation.unsaved is None)

    async def look_for_corpus(self) -> None:
        """Notice where the corpus was removed or put back: `unsaved` says so then."""
        from chat_personas.corpus import CorpusError

        if self.corpus is not None:
            with suppress(CorpusError):
                await asyncio.to_thread(self.corpus.check_in_place)

    async def save(self) -> None:
        """Store replies and rounds that could not be stored when they ended, if there are any. Raises CorpusError."""
        async with self._saving:
            if self.conversation is not None:
                await self.conversation.save()
            await self._save_beside()
            if self.monitor is not None and self.monitor.unwritten is not None:
                await self.monitor.settle()

    async def _save_beside(self) -> None:
        """Store what could not be stored of those beside the open one; raise CorpusError at the end."""
        from chat_personas.corpus import CorpusError
        from chat_personas.corpus.errors import ConversationGoneError

        failures = list[CorpusError]()
        for conversation in self._beside:
            try:
                await conversation.save()
            except ConversationGoneError:  # it was deleted, and there is no place for the rest
                self._beside = tuple(each for each in self._beside if each is not conversation)
            except CorpusError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def try_to_save(self) -> str | None:
        """Store what could not be stored before; return why that fails again, None where all is stored."""
        from chat_personas.corpus import CorpusError

        try:
            await self.save()
        except CorpusError as error:
            return str(error)
        return None

    @property
    def why_not_kept(self) -> str | None:
        """Why something that was typed and not sent is on no disk, where that was tried; None where all is."""
        return None if self.corpus is None else self.corpus.drafts.why_held

    async def keep_typed(self) -> None:
        """Keep what is typed on the screens beside the chat and not sent, and all that could not be kept before."""
        if self.corpus is not None:
            drafts = self.corpus.drafts
            for keep in tuple(drafts.typing):
                await keep()
            if drafts.words_held:
                await asyncio.to_thread(drafts.try_again)

    async def keep_trying(self) -> None:
        """Try once a second to store what could not be stored, until all is. For an interface that does not watch."""
        while self.unsaved is not None:
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
            await self.try_to_save()

    async def read_ahead(self) -> None:
        """Let the model read the conversation. A model that fails says so when it is to reply."""
        from eval.engine import EngineError

        if self.conversation is not None:
            with suppress(EngineError):
                await self.conversation.read_ahead()

    async def turn(self, how: Callable[["Knob"], None]) -> None:
        """Turn the knob of the open conversation. In a thread: a direction may have to be looked for first.

        Raises:
            SteeringError: there is nothing to turn; the message says what to do.
        """
        async with self._turning:
            if self.conversation is not None:
                await asyncio.to_thread(how, self.conversation.knob)

    async def open_monitor(self) -> "Monitor | None":
        """Return the monitor of the open conversation, made on first use; None while nothing can be measured.

        What a participant said is measured by the study alone: another measurement would count as the study's. Where
        the knob was turned or the persona changed, the monitor is another one than before.

        Raises CorpusError: that could not store a round.
        """
        if self.monitor and self.conversation and not self._is_measured_by(self.monitor, self.conversation):
            await self.monitor.settle()
            self.monitor = None
        if self.conversation is not None and self.conversation.protected:
            return None
        if (
            self.monitor is None
            and self.conversation is not None
            and self.engine is not None
            and self.corpus is not None
        ):
            self._monitored = self.conversation.persona
            self.monitor = await asyncio.to_thread(
                self.launch.make_monitor, self.conversation.engine, self._monitored, self.corpus
            )
        return self.monitor

    def _is_measured_by(self, monitor: "Monitor", conversation: "Conversation") -> bool:
        return monitor.engine is conversation.engine and self._monitored is conversation.persona

    @property
    def guessed(self) -> str | None:
        """The question of the survey to which the room hides people's answers, so that they can be guessed; or None."""
        room = self.room
        return room.hides if room is not None and room.room.engine is self.engine else None

    async def open_survey(self) -> "LoadedSurvey":
        """Return the survey that the conversation is measured with. Raises SurveyError."""
        from chat_personas.surveys import find_survey

        monitor = await self.open_monitor()
        return (
            monitor.survey if monitor is not None else await asyncio.to_thread(find_survey, self.launch.settings.survey)
        )

    async def read_inside(self, context: "Sequence[Message]", path: "Sequence[MessageRow]") -> "Inside | None":
        """Read the last reply along the persona's direction; None where it has none, or the model shows no states.

        It is the last one of `path`, which the model is given as `context`: more may have been said by now.

        Raises:
            EngineError: the model failed.
            CorpusError: the corpus cannot be read or written.
        """
        from chat_personas.monitor.inside import needle_of

        conversation, corpus = self.conversation, self.corpus
        if conversation is None or corpus is None:
            return None
        needle = await asyncio.to_thread(needle_of, conversation.knob, corpus)
        return None if needle is None else await needle.read(context, path)

    async def stop(self) -> None:
        """Stop the reply, if there is one, and store its text."""
        if self.conversation is not None and self.conversation.replying:
            await self.conversation.stop()

    async def close(self) -> None:
        """Stop and store the reply, and close model and corpus. What cannot be stored becomes the `failure`.

        A model that does not close at once, and a corpus that is still being opened or read, hold nothing that was
        said: the program does not wait long for them.
        """
        await self.stop()
        for conversation in self._beside:
            await conversation.stop()
        await in_time(self.look_for_corpus())
        async with self._saving:
            await self._keep(self._save_beside)
            if self.conversation is not None:
                await self._keep(self.conversation.save)
        if self.engine is not None:
            await in_time(self.engine.close())
            self.engine = None
        if self._left:
            await asyncio.wait(self._left, timeout=PATIENCE)
        if self.monitor is not None:
            await self._keep(self.monitor.settle)  # closing the engine has ended the current round
        if self.conversation is not None:
            await self._keep(self.conversation.leave)
            self.left = await self._name_of(self.conversation)
        unsaved = [conversation for conversation in self._held if conversation.unsaved is not None]
        for conversation in unsaved:
            await rescue(conversation, self.failure, _named_among(conversation, unsaved))
        self.conversation, self._beside = None, ()
        await self._rescue_typed()
        if self._corpus_opening is not None:
            await asyncio.wait({self._corpus_opening}, timeout=PATIENCE)
        if self.corpus is not None:
            await in_time(asyncio.to_thread(self.corpus.close))
            self.corpus = None

    async def _rescue_typed(self) -> None:
        """Write what was typed and not kept to a file in the temporary directory, and say in `failure` where it is."""
        from chat_personas.storage.drafts import joined, rescue_words
        from chat_personas.storage.files import OutputError

        held = "" if self.corpus is None else self.corpus.drafts.words_held
        if words := joined(held, self.typed_in_vain):
            if self.failure is None:
                self.failure = OutputError(TYPED_NOT_KEPT.format(why=self.why_not_kept or self.why_in_vain))
            written = await asyncio.to_thread(rescue_words, words)
            self.failure.add_note(TYPED_RESCUED.format(path=written) if written is not None else TYPED_LOST)

    async def _name_of(self, conversation: "Conversation") -> str | None:
        """Return the short name of a conversation; None where nothing was said in it, or it is in no corpus any more.

        It is not waited for long where the disk is slow: then it is the whole key, which names it as well.
        """
        from chat_personas.corpus import CorpusError

        if self.corpus is None or self.corpus.removed is not None or not conversation.path:
            return None
        with suppress(CorpusError):
            names = await in_time(asyncio.to_thread(self.corpus.short_names))
            return conversation.id if names is None else names.get(conversation.id)
        return None

    @property
    def how_to_go_on(self) -> str | None:
        """The command that goes on with the conversation that was left; None where there is none in the corpus.

        The model is named where the settings name another one.
        """
        if self.left is None:
            return None
        import shlex

        from chat_personas.engines.open import same_model
        from chat_personas.paths import as_started
        from personas.inputs.redaction import without_secrets

        command, model = ["chat-personas", "chat", "--resume", self.left], self.launch.model
        if model is not None and (self.launch.template is not None or not same_model(model, self.settings.model)):
            command += ["--model", without_secrets(model, words=False)]
        if self.launch.template is not None:
            command += ["--template", self.launch.template]
        return as_started(shlex.join(command))

    async def _keep(self, save: Callable[[], Awaitable[None]]) -> None:
        """Store a reply or a round that could not be stored when it ended, or make the reason the `failure`."""
        from chat_personas.corpus import CorpusError

        try:
            await save()
        except CorpusError as error:
            self.failure = error


def _named_among(conversation: "Conversation", others: "Sequence[Conversation]") -> str:
    """Say with whom a conversation is, where there are several, as after a debate; by the model, too, where need be."""
    if len(others) < 2:
        return ""
    title = conversation.persona.title
    alike = sum(other.persona.title == title for other in others) > 1
    return f"{title} on {conversation.engine.info.name}" if alike else title


async def rescue(conversation: "Conversation", failure: Exception | None, who: str = "") -> None:
    """Write what cannot be stored to a file in the temporary directory, and say in `failure` where it is.

    `who` is with whom the conversation is, where that must be said.
    """
    from chat_personas.conversation.conversation import NOT_RESCUED, RESCUED
    from chat_personas.text import printable

    if failure is not None and conversation.unsaved is not None:
        written = await asyncio.to_thread(conversation.rescue)
        note = RESCUED.format(path=written) if written is not None else NOT_RESCUED
        failure.add_note(f"{printable(who)}: {note}" if who else note)
