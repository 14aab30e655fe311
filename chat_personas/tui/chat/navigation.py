"""Opening the first conversation when the program starts, and going from one conversation to another."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from chat_personas.tui.chat.drafts import DraftController
from chat_personas.tui.chat.measuring import MeasuringController
from chat_personas.tui.chat.replies import ReplyController
from chat_personas.tui.session import OtherModel, Session
from chat_personas.tui.terminal_guard import give_memory_back, spare_what_is_here
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation
    from chat_personas.tui.widgets.entries import Entry
    from eval.engine import EngineError, EngineInfo
    from personas import LoadedPersona, Persona


class NavigationView(Protocol):
    """What `Navigator` asks of the screen."""

    def use_settings(self, keys: Mapping[str, str], theme: str | None) -> None:
        """Bind keys and choose a theme."""

    def show_unusable_settings(self) -> None:
        """Name the keys and the theme of the settings that the screen cannot use."""

    def show_persona(self, persona: "Persona") -> None:
        """Name the persona of the next conversation."""

    def show_model(self, info: "EngineInfo") -> None:
        """Name the open model."""

    async def show_no_model(self, error: "EngineError") -> None:
        """Say why the model could not be opened, and that it may be tried again."""

    async def show_conversation(self, conversation: "Conversation") -> None:
        """Show the conversation as the corpus has it, without figures yet. Raises CorpusError."""

    def offer_model_of_last_reply(self) -> None:
        """Begin to look for the model that made the last reply, where that is another one."""

    def send_waiting(self) -> None:
        """Begin to send the waiting messages."""

    def read_ahead(self) -> None:
        """Begin to let the model read the conversation."""

    def measure(self) -> None:
        """Begin to measure the conversation."""

    def stop_measuring(self) -> None:
        """End the current round."""

    def notify_failure(self, error: ReportedError) -> None:
        """Say what could not be done."""


class Navigator:
    """Opens what a session offers, and goes from one conversation to another; `view` shows the result."""

    def __init__(
        self,
        session: Session,
        replies: ReplyController,
        measuring: MeasuringController,
        drafts: DraftController,
        view: NavigationView,
    ) -> None:
        self._session = session
        self._replies = replies
        self._measuring = measuring
        self._drafts = drafts
        self._view = view
        self._one = asyncio.Lock()
        self._waiting_for_model = 0

    async def open(self) -> None:
        """Open settings, persona, corpus, model and conversation; again, only what failed the first time.

        If the model cannot be opened, the screen says why, and it may be tried again.

        Raises:
            Exception: an error that leaves nothing to do, such as a wrong setting or a corpus that cannot be opened.
        """
        resume = self._session.launch.resume
        await self._load_settings()
        if resume is None:
            loaded = self._session.persona or await self._session.open_persona()
            self._view.show_persona(loaded.persona)
        await self._session.open_corpus()
        is_open = await self._open_model()
        with self._replies.held():  # a message that is sent before the conversation is shown would not be shown
            if is_open:
                await self._take_up(resume)
            await self._drafts.bring_back()
        if is_open:
            await self._go_on()
            spare_what_is_here()
            give_memory_back()

    async def go(self, conversation_id: str | None, persona: "LoadedPersona | None" = None) -> None:
        """Leave the open conversation for the one of this id, or for a new one with `persona` or the same persona.

        Raises:
            ReportedError: the persona or the conversation cannot be read. The open conversation stays; where there is
                none of that id, so does the reply that is on its way.
        """
        said = self._replies.not_stored_yet
        with self._replies.held():
            if conversation_id is not None:
                conversation_id = await self._session.key_of(conversation_id)
            await self._to_its_end(self._go(conversation_id, persona, said))

    async def _go(self, conversation_id: str | None, persona: "LoadedPersona | None", said: Sequence["Entry"]) -> None:
        async with self._changing():
            await self._leave(said)
            try:
                await self._drafts.leave(goes_to=conversation_id)
                await self._enter(conversation_id, persona)
            finally:  # also where that fails: what was typed is shown again
                await self._drafts.bring_back()
        if self._session.engine is None and self._session.persona is not None:
            self._view.show_persona(self._session.persona.persona)

    async def _enter(self, conversation_id: str | None, persona: "LoadedPersona | None") -> None:
        before = self._session.persona
        if persona is not None:
            self._session.persona = persona
        elif conversation_id is None:
            await self._session.open_same_persona()
        if self._session.engine is not None:
            try:
                await self._take_up(conversation_id)
            except ReportedError:
                self._session.persona = before
                raise

    async def change_persona(self, persona: "LoadedPersona") -> None:
        """Go on in the open conversation with another persona. Raises ReportedError: the one before stays."""
        await self._to_its_end(self._change_persona(persona, self._replies.not_stored_yet))

    async def _change_persona(self, persona: "LoadedPersona", said: Sequence["Entry"]) -> None:
        async with self._changing():
            await self._leave(said)
            await self._session.change_persona(persona)
            await self._show_changed()

    async def change_model(self, model: str, *, new: bool) -> None:
        """Open another model, and go on with it in the open conversation, or in a `new` one with the same persona.

        What is said from now on waits for it, and a reply that is on its way is finished first. Until then, it can be
        broken off.

        Raises:
            ReportedError: the model cannot be opened; the one before stays, and what waits returns to the person.
        """
        with self._replies.held():
            try:
                other = await self._other_model(model)
                await self._to_its_end(self._go_on_with(other, new=new))
            except ReportedError:  # what waits was meant for the model that did not come
                if self._session.engine is not None:
                    await self._take_back(self._replies.not_stored_yet)
                raise

    async def _other_model(self, model: str) -> OtherModel:
        """Open another model, and wait for the end of the reply that is on its way."""
        self._waiting_for_model += 1
        try:
            other = await self._session.open_other_model(model)
            try:
                await self._replies.finish()
            except BaseException:  # nobody takes the model over
                await other.engine.close()
                raise
            return other
        finally:
            self._waiting_for_model -= 1

    @property
    def waits_for_model(self) -> bool:
        """Whether another model is being opened, and can still be given up: the one before replies."""
        return bool(self._waiting_for_model)

    async def settled(self) -> None:
        """Wait until no change of conversation, persona or model is under way that can no longer be given up."""
        async with self._one:
            pass

    async def stay(self) -> None:
        """Go on with the open model, where another one was being opened and is not wanted any more."""
        await self._go_on()

    async def go_with(self, conversation_id: str, other: OtherModel) -> None:
        """Leave the open conversation for the one of this id, and go on there with a model that is open already.

        Raises:
            ReportedError: that failed, and the model is closed; the conversation and the model before stay.
        """
        await self._to_its_end(self._go_on_with(other, here=conversation_id, said=self._replies.not_stored_yet))

    async def _go_on_with(
        self, other: OtherModel, *, new: bool = False, here: str | None = None, said: Sequence["Entry"] = ()
    ) -> None:
        """Go on with a model that is open, once the reply that is on its way has ended.

        It is stopped where its conversation is left for the one `here`, and what was `said` before returns.
        """
        async with self._changing():
            try:
                try:
                    await self._leave_model(new=new, here=here, said=said)
                except BaseException:  # nobody takes the model over
                    await other.engine.close()
                    raise
                await self._session.change_model(other, new=new, here=here)
                self._view.show_model(other.engine.info)
                await self._show_changed()
            finally:
                await self._drafts.bring_back()

    async def _leave_model(self, *, new: bool, here: str | None, said: Sequence["Entry"]) -> None:
        """End what the model of before does, and leave the conversation if another one, `new` or `here`, comes."""
        if here is not None:
            await self._leave(said)
        else:
            await self._replies.finish()
            self._view.stop_measuring()
        if here is not None or new:
            await self._drafts.leave(goes_to=here)

    async def _to_its_end(self, change: Coroutine[Any, Any, None]) -> None:
        """Change conversation, persona or model to the end, even if the caller is broken off meanwhile, and go on.

        Half a change would leave another model, persona or text on the screen than the conversation has. Where it
        fails, what was before goes on.

        Raises what the change raises; where nobody waits for it any more, the screen says so.
        """
        changing = asyncio.ensure_future(self._change_and_go_on(change))
        try:
            with self._replies.held():
                await asyncio.shield(changing)
        except asyncio.CancelledError:
            changing.add_done_callback(self._say_why_not)
            raise
        except ReportedError:
            self._view.send_waiting()
            raise
        self._view.send_waiting()

    async def _change_and_go_on(self, change: Coroutine[Any, Any, None]) -> None:
        try:
            await change
        except ReportedError:
            if self._session.engine is not None:
                await self._go_on()
            raise
        if self._session.engine is not None:
            await self._go_on()

    def _say_why_not(self, changing: "asyncio.Future[None]") -> None:
        error = None if changing.cancelled() else changing.exception()
        if isinstance(error, ReportedError):
            self._view.notify_failure(error)

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        """Let messages wait, and the next change of conversation, persona or model, until this one is done.

        No other version is gone to meanwhile.
        """
        with self._replies.kept_as_it_is():
            async with self._one:
                yield

    async def _show_changed(self) -> None:
        """Show the open conversation with what has changed in it."""
        assert self._session.conversation is not None
        await self._view.show_conversation(self._session.conversation)
        self._measuring.take_up()

    async def _load_settings(self) -> None:
        """Apply the validated settings where they differ from the preview. Raises SettingsError."""
        preview, settings = self._session.settings, await self._session.load_settings()
        if (settings.keys, settings.theme) != (preview.keys, preview.theme):
            self._view.use_settings(settings.keys, settings.theme)
        if settings.measure != preview.measure:
            self._measuring.wanted = settings.measure
        if settings.keys or settings.theme:
            self._view.show_unusable_settings()

    async def _leave(self, said: Sequence["Entry"]) -> None:
        """Return what was `said` before and still waits to the person, and stop the reply and the measuring.

        What is said from then on is for the conversation or persona that comes, and is sent there.
        """
        await asyncio.sleep(0)  # what has just been said begins to be sent, or waits
        await self._replies.stop()
        await self._take_back(said)
        self._view.stop_measuring()

    async def _take_back(self, said: Sequence["Entry"]) -> None:
        for entry in reversed(said):
            await self._replies.take_back(entry)

    async def _open_model(self) -> bool:
        """Open the model and show which it is, or why it could not be opened; return whether it is open."""
        from eval.engine import EngineError

        try:
            engine = await self._session.open_engine()
        except EngineError as error:
            self._session.failure = error
            await self._view.show_no_model(error)
            return False
        self._session.failure = None
        self._view.show_model(engine.info)
        return True

    async def _take_up(self, conversation_id: str | None) -> None:
        """Show the conversation of this id, or a new one."""
        session = self._session
        await self._view.show_conversation(
            await (session.begin() if conversation_id is None else session.resume(conversation_id))
        )
        self._measuring.take_up()
        self._view.offer_model_of_last_reply()

    async def _go_on(self) -> None:
        """Send the waiting messages, let the model read the conversation, and measure it."""
        self._view.send_waiting()
        self._view.read_ahead()
        await self._measuring.introduce()
        if self._measuring.start_is_due or not self._replies.busy:
            self._view.measure()
