"""From the open conversation to others, new ones or those of the corpus, and to other personas and models."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from textual.worker import WorkerCancelled, WorkerFailed

from chat_personas.conversation.commands import SLASH
from chat_personas.text import printable
from chat_personas.tui.chat.commands import NEW_ALREADY, Handler, in_worker, say_nothing_yet, without_argument
from chat_personas.tui.key_registry import key_of
from chat_personas.tui.key_routing import no_screen_comes
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.exporting import Asked, Exporter
    from chat_personas.tui.chat.screen import ChatScreen
    from chat_personas.tui.room.other_models import OnOtherModel
    from personas import LoadedPersona


SECONDS_OF_AN_OFFER = 15.0
OPEN_ALREADY = "{model} is open already."
STAYS_OPEN = "{model} stays open; the other model is not opened."


class Conversations:
    """The commands of a chat screen about the open conversation among others."""

    def __init__(self, screen: "ChatScreen") -> None:
        self.screen = screen
        self._exporter: Exporter | None = None

    @property
    def actions(self) -> Mapping[str, Handler]:
        """What the commands about conversations do."""
        return {
            "new": without_argument(self.begin),
            "open": self.open,
            "rename": self.rename,
            "export": self.export,
            "delete": self.delete,
            "room": self.ask_the_room,
            "compare": self.compare,
            "debate": self.debate,
        }

    def begin(self) -> None:
        """Begin a new conversation with the same persona; say so where this one is new already."""
        screen = self.screen
        conversation = screen.session.conversation
        if conversation is not None and not conversation.path and not (screen.replies.busy or screen.replies.waiting):
            screen.notify(NEW_ALREADY, markup=False)
        screen.enter(None)

    @in_worker("ask", exclusive=True)
    async def open(self, conversation_id: str) -> None:
        """Open another conversation, the one of this id or one that is chosen from a list.

        That may be the open one where another program has gone on with it. If it was deleted there, begin a new one.
        """
        from chat_personas.tui.screens.conversations import ConversationsScreen

        session = self.screen.session
        if session.corpus is None:
            return
        open_id = session.conversation.id if session.conversation is not None else None
        if conversation_id:
            self.screen.enter(conversation_id)
            return
        browser = ConversationsScreen(session.corpus, open_id, self.screen.replies.stop, self._rename, self._export)
        chosen = await self.screen.app.push_screen_wait(browser)
        behind = session.conversation is not None and session.conversation.left_behind
        if chosen is not None and (chosen != open_id or behind):
            self.screen.enter(chosen)
        elif open_id in browser.deleted:
            self.screen.enter(None)

    @in_worker("ask", exclusive=True)
    async def rename(self, title: str) -> None:
        """Give the open conversation another title, which is asked for where none is given."""
        from chat_personas.tui.screens.dialogs import TitleScreen

        conversation = self.screen.session.conversation
        if conversation is None or not conversation.path:
            say_nothing_yet(self.screen, "rename")
            return
        wanted: str | None = title
        if not title:
            wanted = await self.screen.app.push_screen_wait(TitleScreen(conversation.title))
        if wanted:
            try:
                await self._rename(conversation.id, wanted)
            except ReportedError as error:
                self.screen.notify_failure(error)

    @in_worker("ask", exclusive=True)
    async def delete(self, conversation_id: str) -> None:
        """Delete the open conversation, or the one of this id, after asking; after the open one begin a new one."""
        from chat_personas.tui.screens.deletion import agreed_to_delete, delete_for_good

        screen, session = self.screen, self.screen.session
        conversation, corpus = session.conversation, session.corpus
        if corpus is None or conversation is None or not (conversation_id or conversation.path):
            say_nothing_yet(screen, "delete")
            return
        try:
            row = await asyncio.to_thread(corpus.conversation, conversation_id or conversation.id)
            going = await agreed_to_delete(screen.app, corpus, row.id, row.title)
            if not going:
                return
            no_screen_comes()
            if conversation.id in going:
                await screen.replies.stop()
            screen.notify(await delete_for_good(corpus, row.id), markup=False)
        except ReportedError as error:
            screen.notify_failure(error)
            return
        if conversation.id in going:
            screen.enter(None)

    async def _rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation of the corpus, the open one or another, another title. Raises CorpusError."""
        conversation, corpus = self.screen.session.conversation, self.screen.session.corpus
        if conversation is not None and conversation.id == conversation_id:
            await conversation.rename(title)
            self.screen.show_title()
        elif corpus is not None:
            await asyncio.to_thread(corpus.rename, conversation_id, title)

    def export(self, written: str) -> None:
        """Export this conversation in the format and to the path that are written, and ask for what is not."""
        from chat_personas.exporting import asked_for

        conversation = self.screen.session.conversation
        if conversation is None or not conversation.path:
            say_nothing_yet(self.screen, "export")
            return
        try:
            asked = asked_for(written)
        except ReportedError as error:
            self.screen.notify_failure(error)
        else:
            self._export(conversation.id, asked=asked)

    def _export(self, conversation_id: str, listed: Sequence[str] = (), *, asked: "Asked | None" = None) -> None:
        """Open the dialog that exports a conversation, or all that are listed if the person wants that.

        It is there at once, so that an Enter right after the key comes to it.
        """
        from chat_personas.exporting import Chosen, Exporter
        from chat_personas.tui.screens.export import ExportScreen

        session, here = self.screen.session, self.screen.session.conversation
        if session.corpus is None:
            return
        if self._exporter is None or self._exporter.corpus is not session.corpus:
            self._exporter = Exporter(session.corpus)
        only_here = here is not None and here.id == conversation_id and session.unsaved is not None
        chosen = Chosen((conversation_id,), here.write_to if here is not None and only_here else None)
        self.screen.app.push_screen(ExportScreen(self._exporter, chosen, asked, listed))

    @in_worker("ask", exclusive=True)
    async def ask_the_room(self, question: str) -> None:
        """Ask all groups of an attribute this question, or one that is chosen; go on with one of them, if wanted."""
        from chat_personas.tui.room.answers import ask_the_room

        await self._go_where(ask_the_room(self.screen.app, self.screen.session, question))

    @in_worker("ask", exclusive=True)
    async def compare(self, text: str) -> None:
        """Say a text to other personas side by side with this one: what is typed, or what was said last.

        A `text` that nobody was given returns to the person.
        """
        from chat_personas.tui.room.compare import compare_personas

        composer, conversation = self.screen.composer, self.screen.session.conversation
        typed = "" if text else composer.text.strip()
        said_last = conversation.said_last if conversation is not None else ""
        unsaid = [text] if text else []
        said = self.screen.editing.leave if typed else unsaid.clear  # an edit that is said here is none any more
        try:
            await self._go_where(compare_personas(self.screen.app, self.screen.session, text or typed, said_last, said))
        finally:
            for each in unsaid:
                self.screen.give_back(each, None)

    @in_worker("ask", exclusive=True)
    async def debate(self, topic: str) -> None:
        """Let two personas argue, on this topic or one that is chosen."""
        from chat_personas.tui.room.debate import hold_debate

        await self._go_where(hold_debate(self.screen.app, self.screen.session, topic))

    async def _go_where(self, choosing: "Awaitable[str | OnOtherModel | None]") -> None:
        """Go to the conversation that another screen gives, if it gives one, with its model if that is another."""
        try:
            chosen = await choosing
            if chosen is not None and not isinstance(chosen, str):
                self.screen.write_on()
                await self.screen.navigator.go_with(chosen.conversation, chosen.model)
                return
        except ReportedError as error:
            self.screen.notify_failure(error)
            return
        if chosen is not None:
            self.screen.enter(chosen)


Where = Literal["new", "here"]
WHERE: Mapping[str, Where] = {"n": "new", "g": "here"}


class PersonaAndModel:
    """The commands of a chat screen about the persona and the model that one talks with."""

    def __init__(self, screen: "ChatScreen") -> None:
        self.screen = screen

    @property
    def actions(self) -> Mapping[str, Handler]:
        """What the commands about persona and model do."""
        return {
            "persona": self.choose_persona,
            "go-on": self.go_on,
            "prompt-text": self.write_prompt,
            "model": self.choose_model,
            "save-persona": self.save_persona,
            "introduction": without_argument(self.screen.introduction.show_again),
        }

    @in_worker("ask", exclusive=True)
    async def choose_persona(self, name: str) -> None:
        """Talk with another persona: of this name, composed of these groups, or chosen on a screen of its own."""
        chosen, is_written = await self._persona(name)
        if chosen is not None and is_written:
            await self._go_on_written(chosen)
        elif chosen is not None:
            await self._talk_with(chosen, await self._where(f"Talk with {chosen.persona.title} in:"))

    @in_worker("ask", exclusive=True)
    async def go_on(self, name: str) -> None:
        """Go on in the open conversation with another persona."""
        chosen, _ = await self._persona(name)
        if chosen is not None:
            await self._talk_with(chosen, "here" if self._has_messages else "new")

    @in_worker("ask", exclusive=True)
    async def write_prompt(self, text: str) -> None:
        """Go on in the open conversation with a prompt of the person's own words: `text`, or what they write."""
        from chat_personas.tui.screens.prompt import write_prompt
        from personas.composing import with_own_prompt

        session = self.screen.session
        try:
            present = await session.open_same_persona()
            written = (
                with_own_prompt(present, text) if text else await write_prompt(self.screen.app, present, session.corpus)
            )
        except ReportedError as error:
            self.screen.notify_failure(error)
            if text:
                self.screen.composer.give_back(f"{SLASH}prompt-text {text}")
        else:
            if written is not None:
                await self._go_on_written(written)

    async def _go_on_written(self, persona: "LoadedPersona") -> None:
        """Go on here with a persona whose prompt was written; in a new conversation where this one keeps its own."""
        conversation = self.screen.session.conversation
        kept = None if conversation is None else await asyncio.to_thread(conversation.why_persona_is_kept)
        if kept is not None:
            self.screen.notify(f"This is a new conversation: {kept.partition(';')[0]}.", markup=False)
        await self._talk_with(persona, "here" if self._has_messages and kept is None else "new")

    @in_worker("ask", exclusive=True)
    async def choose_model(self, model: str) -> None:
        """Go on with another model: this one, or one that is chosen on a screen of its own.

        What is typed stays with its conversation.
        """
        from chat_personas.tui.screens.models import ModelsScreen

        screen = self.screen
        chosen: str | None = model
        if not model:
            chosen = await screen.app.push_screen_wait(ModelsScreen(screen.session))
        if chosen is None:
            return
        try:
            chosen = await screen.session.model_meant(chosen)
            if await self._stays_open(chosen):
                return
            name = await screen.session.name_of_model(chosen)
        except ReportedError as error:
            screen.notify_failure(error, "model")
            return
        # Where nothing was said, a message may be on its way by then: it would be in the conversation that goes on.
        where = await self._where("Go on with the other model in:") if self._has_messages else "here"
        if where is not None:
            self._change_model(chosen, name, new=where == "new")

    async def _stays_open(self, model: str) -> bool:
        """Say where a model is the open one, and open another one no further; return whether it is."""
        screen = self.screen
        await screen.navigator.settled()  # until a model that is open has taken the place of the one before
        present = screen.session.engine
        if not await asyncio.to_thread(screen.session.has_open, model) or screen.session.engine is not present:
            return False  # the other one may have taken its place just now
        given_up = screen.navigator.waits_for_model
        if given_up:
            await self._stop_opening()
            screen.show_opening("")
            await screen.navigator.stay()
        said = STAYS_OPEN if given_up else OPEN_ALREADY
        screen.notify(said.format(model=printable(screen.status_line.model)), markup=False)
        return True

    async def _stop_opening(self) -> None:
        """Open another model no further."""
        workers = [worker for worker in self.screen.workers if worker.group == "model" and not worker.is_finished]
        for worker in workers:
            worker.cancel()
        for worker in workers:
            with suppress(WorkerCancelled, WorkerFailed):
                await worker.wait()

    @in_worker("model", exclusive=True)
    async def _change_model(self, model: str, name: str, *, new: bool) -> None:
        """Open a model of this `name`, and go on with it; the screen says so meanwhile."""
        self.screen.show_opening(name)
        try:
            await self.screen.navigator.change_model(model, new=new)
            self.screen.settled("model")
        except ReportedError as error:
            self.screen.notify_failure(error, "model")
        self.screen.show_opening("")  # not where this is broken off: then yet another model is being opened

    @in_worker("own model", exclusive=True)
    async def offer_model_of_last_reply(self) -> None:
        """Where another model made the last reply, say so, and how the conversation goes on with it."""
        from chat_personas.reporting.models_found import how_to_go_on_with

        session = self.screen.session
        conversation = session.conversation
        made = conversation.model_of_last_reply if conversation is not None else None
        if made is None:
            return
        how = await asyncio.to_thread(lambda: how_to_go_on_with(made, session.launch.find_models()))
        if session.conversation is conversation:
            self.screen.notify(f"{how} {key_of('model')} lists all.", markup=False, timeout=SECONDS_OF_AN_OFFER)

    @in_worker("ask", exclusive=True)
    async def save_persona(self, name: str) -> None:
        """Save the persona of the open conversation as one of the person's own; `name` is proposed."""
        from chat_personas.tui.screens.dialogs import save_as_own

        conversation = self.screen.session.conversation
        if conversation is not None:
            await save_as_own(self.screen.app, conversation.persona, name)

    async def _persona(self, name: str) -> "tuple[LoadedPersona | None, bool]":
        """Return the persona of this name, or the one that is chosen where no name is given; None for none.

        And whether its prompt was written there.
        """
        from chat_personas.own_personas import all_persona_names
        from chat_personas.tui.screens.personas import PersonasScreen

        session = self.screen.session
        if not name:
            names = await asyncio.to_thread(all_persona_names)
            listed = PersonasScreen(names, session)
            return await self.screen.app.push_screen_wait(listed), listed.is_written
        try:
            return await asyncio.to_thread(session.launch.load_persona, name), False
        except ReportedError as error:
            self.screen.notify_failure(error, "persona")
            return None, False

    async def _talk_with(self, persona: "LoadedPersona", where: Where | None) -> None:
        if where == "new":
            self.screen.settled("persona")
            self.screen.enter(None, persona)
        no_screen_comes()
        if where == "here":
            try:
                await self.screen.navigator.change_persona(persona)
                self.screen.settled("persona")
            except ReportedError as error:
                self.screen.notify_failure(error, "persona")

    @property
    def _has_messages(self) -> bool:
        conversation = self.screen.session.conversation
        return conversation is not None and bool(conversation.path)

    async def _where(self, question: str) -> Where | None:
        """Ask whether the open conversation goes on, if anything was said in it; None where the person cancels."""
        from chat_personas.tui.screens.dialogs import ChoiceScreen

        if not self._has_messages:
            return "new"
        answers = {"n": "A new conversation; this one is kept", "g": "Go on in this one; the change is marked"}
        answer = await self.screen.app.push_screen_wait(ChoiceScreen(question, answers))
        return None if answer is None else WHERE[answer]
