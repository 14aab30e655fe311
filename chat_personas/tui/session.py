"""What the command line hands to the screen: ways to get everything, so that the first paint waits for nothing.

What is open while the screen is up: the corpus, the engine, the persona, the conversation, and its monitor.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation
    from chat_personas.corpus import Corpus
    from chat_personas.monitor.monitor import Monitor
    from chat_personas.settings import Settings
    from eval.engine import Engine, EngineInfo
    from personas import LoadedPersona, Persona


def _no_monitor(engine: "Engine", persona: "Persona", corpus: "Corpus") -> "Monitor | None":
    return None


def _local_only(info: "EngineInfo") -> bool:
    return info.local


def _forget(info: "EngineInfo") -> None:
    return None


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """One sitting at the screen, as the command line describes it. Nothing is opened yet.

    `persona` and `model` are what the person typed and are shown until the real ones are read. `load_persona` is
    called in the background after the first paint, and again for every persona picked later. `make_monitor` gives None
    where nothing can be measured. `probing_confirmed` says whether the person agreed before to probe this engine;
    `remember_probing` is called when they agree now. `keys` maps ids of bindings to keys. `keys`, `theme` and `measure`
    are a preview: what `load_settings` gives takes their place. While the screen is up, what native libraries write to
    file descriptor 2 goes to `log_path`.
    """

    persona: str
    model: str
    load_persona: Callable[[str], "LoadedPersona"]
    open_engine: Callable[[], Awaitable["Engine"]]
    open_corpus: Callable[[], "Corpus"]
    make_monitor: Callable[["Engine", "Persona", "Corpus"], "Monitor | None"] = _no_monitor
    measure: bool = True
    resume_id: str | None = None
    probing_confirmed: Callable[["EngineInfo"], bool] = _local_only
    remember_probing: Callable[["EngineInfo"], None] = _forget
    keys: Mapping[str, str] = field(default_factory=dict)
    theme: str | None = None
    log_path: Path | None = None
    load_settings: Callable[[], "Settings"] | None = None


class Session:
    """Opens what a `SessionSpec` describes, piece by piece, and closes it again. It has no widgets.

    What is not open yet is None. Heavy imports happen in a thread, so that the person can type meanwhile. `failure` is
    the error that the program is to end with, if there is one; `unsent` counts the messages that wait for the model.
    """

    def __init__(self, session: SessionSpec) -> None:
        self.session = session
        self.persona: LoadedPersona | None = None
        self.corpus: Corpus | None = None
        self.engine: Engine | None = None
        self.conversation: Conversation | None = None
        self.monitor: Monitor | None = None
        self.failure: Exception | None = None
        self.unsent = 0

    async def open_persona(self, name: str) -> "LoadedPersona":
        """Read the persona's file; it is the one that the next new conversation is with."""
        self.persona = await asyncio.to_thread(self.session.load_persona, name)
        return self.persona

    async def open_corpus(self) -> "Corpus":
        """Open the corpus on this thread, which is the one that uses it."""
        if self.corpus is None:
            await asyncio.to_thread(importlib.import_module, "chat_personas.conversation.conversation")
            self.corpus = self.session.open_corpus()
        return self.corpus

    async def open_engine(self) -> "Engine":
        """Open the model or reach the server.

        Raises:
            EngineError: it is no model, or the server does not answer. It may be tried again.
        """
        if self.engine is None:
            self.engine = await self.session.open_engine()
        return self.engine

    async def open_same_persona(self) -> "LoadedPersona":
        """Read the persona of the conversation that is open, for a new one with it."""
        loaded, conversation = self.persona, self.conversation
        if loaded is not None and (conversation is None or loaded.persona.name == conversation.persona.name):
            return loaded
        return await self.open_persona(conversation.persona.name if conversation is not None else self.session.persona)

    async def begin(self) -> "Conversation":
        """Begin a new conversation with the persona; the one before stays in the corpus."""
        from chat_personas.conversation.conversation import Conversation

        assert self.persona is not None
        corpus, engine = await self.open_corpus(), await self.open_engine()
        conversation = Conversation.start(corpus, engine, self.persona)
        return await self._take_up(conversation)

    async def resume(self, conversation_id: str) -> "Conversation":
        """Take up a conversation of the corpus, with the persona that it was held with.

        Raises:
            CorpusError: there is none of that id.
        """
        from chat_personas.conversation.conversation import Conversation

        corpus, engine = await self.open_corpus(), await self.open_engine()
        return await self._take_up(await asyncio.to_thread(Conversation.resume, corpus, engine, conversation_id))

    async def _take_up(self, conversation: "Conversation") -> "Conversation":
        """Make `conversation` the open one. A round that was cancelled for it is recorded first."""
        if self.monitor is not None:
            await self.monitor.settle()
            self.monitor = None
        self.conversation = conversation
        return conversation

    async def open_monitor(self) -> "Monitor | None":
        """Make what measures this conversation; None where nothing can be measured."""
        if (
            self.monitor is None
            and self.conversation is not None
            and self.engine is not None
            and self.corpus is not None
        ):
            self.monitor = await asyncio.to_thread(
                self.session.make_monitor, self.engine, self.conversation.persona, self.corpus
            )
        return self.monitor

    async def stop(self) -> None:
        """Stop the reply if there is one; what was said is kept."""
        if self.conversation is not None and self.conversation.replying:
            await self.conversation.stop()

    async def close(self) -> None:
        """Stop the reply, keep what was said, and free the model and the corpus. What cannot be kept is a `failure`."""
        await self.stop()
        if self.conversation is not None:
            await self._keep(self.conversation.save)
            self.conversation = None
        if self.engine is not None:
            await self.engine.close()
            self.engine = None
        if self.monitor is not None:
            await self._keep(self.monitor.settle)  # a round that was under way has ended with the engine
        if self.corpus is not None:
            self.corpus.close()
            self.corpus = None

    async def _keep(self, save: Callable[[], Awaitable[None]]) -> None:
        """Keep a reply or a round that could not be kept when it ended, or end the program with the reason."""
        from chat_personas.corpus import CorpusError

        try:
            await save()
        except CorpusError as error:
            self.failure = error
