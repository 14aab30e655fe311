"""Going into a conversation: the first one when the program starts, and from one to another."""

from contextlib import suppress
from typing import TYPE_CHECKING

from chat_personas.text import printable
from chat_personas.tui.chat.measuring import whose
from chat_personas.tui.process import spare_what_is_here
from chat_personas.tui.widgets.transcript import Entry
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.tui.chat.screen import ChatScreen

NO_MODEL = "no model"


class Navigator:
    """Opens on a `ChatScreen` what its session describes. A failure that leaves nothing to do ends the program."""

    def __init__(self, screen: "ChatScreen") -> None:
        self._screen = screen
        self._session = screen.session

    async def open(self) -> None:
        """Open everything for the first time, or again what failed: persona, corpus, model, conversation."""
        await self._screen.panel.furnish()
        resume = self._session.launch.resume
        try:
            await self._use_settings()
            if resume is None:
                loaded = self._session.persona or await self._session.open_persona()
                self._screen.title_line.persona = loaded.persona.title
                self._screen.panel.about(whose(loaded.persona))
            await self._session.open_corpus()
            if not await self._open_model():
                return
            await self._take_up(resume)
            await self._go_on()
            spare_what_is_here()
        except Exception as error:
            self._session.failure = error
            self._screen.app.exit()

    async def _use_settings(self) -> None:
        """Let the validated settings replace what differs from their preview. Raises SettingsError."""
        from chat_personas.tui.app import ChatApp

        preview, settings = self._session.settings, await self._session.load_settings()
        app = self._screen.app
        if isinstance(app, ChatApp) and (settings.keys, settings.theme) != (preview.keys, preview.theme):
            app.use_settings(settings.keys, settings.theme)
        if settings.measure != preview.measure:
            self._screen.measuring.wanted = settings.measure

    async def go(self, conversation_id: str | None, persona: str | None = None) -> None:
        """Leave the open conversation, which is kept, for that of this id, or for a new one.

        A new one is with `persona`, or with the same as before. Where that fails, the open conversation stays.
        """
        screen = self._screen
        try:
            with screen.replies.held():
                await self._leave()
                if conversation_id is None:
                    await (self._session.open_persona(persona) if persona else self._session.open_same_persona())
                if self._session.engine is not None:
                    await self._take_up(conversation_id)
            if self._session.engine is not None:
                await self._go_on()
        except ReportedError as error:
            screen.notify(printable(str(error)), severity="error", markup=False)
            screen.run_worker(screen.replies.send_waiting(), group="replies")

    async def _leave(self) -> None:
        """End what is under way, and give the person back what the model was not given yet."""
        replies = self._screen.replies
        while replies.waiting:
            await replies.take_back()
        await replies.stop()
        self._screen.workers.cancel_group(self._screen, "measure")

    async def _open_model(self) -> bool:
        """Open the model and say which it is; where it fails, say why and that it may be tried again."""
        from eval.engine import EngineError

        try:
            engine = await self._session.open_engine()
        except EngineError as error:
            self._session.failure = error
            self._screen.status_line.state = NO_MODEL
            await self._screen.transcript.add(Entry("failure", f"{error} (ctrl+r tries again)"))
            return False
        self._session.failure = None
        line = self._screen.status_line
        line.model, line.demonstration = engine.info.name, engine.info.demonstration
        line.context, line.state = engine.info.context_length or 0, ""
        return True

    async def _take_up(self, conversation_id: str | None) -> None:
        """Show the conversation of this id, or a new one."""
        session, screen = self._session, self._screen
        conversation = await (session.begin() if conversation_id is None else session.resume(conversation_id))
        screen.title_line.persona = conversation.persona.title
        screen.show_title()
        await screen.show_context()
        screen.panel.clear(screen.measuring.state())
        await screen.replies.show_path()

    async def _go_on(self) -> None:
        """Send what waited for the conversation; let the model read it, and measure it."""
        screen = self._screen
        screen.run_worker(screen.replies.send_waiting(), group="replies")
        screen.run_worker(self._read_ahead(), group="ahead", exclusive=True)
        await screen.measuring.introduce()
        if not screen.replies.busy:
            screen.measure()

    async def _read_ahead(self) -> None:
        from eval.engine import EngineError

        if self._session.conversation is not None:
            with suppress(EngineError):  # a model that fails says so when it is to reply
                await self._session.conversation.read_ahead()
