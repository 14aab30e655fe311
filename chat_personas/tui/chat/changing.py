"""Another persona or another model: chosen on a screen of its own, for a new conversation or for the open one."""

import asyncio
from typing import TYPE_CHECKING, Literal, Protocol

from chat_personas.tui.chat.navigation import Navigator
from chat_personas.tui.session import Session
from personas.errors import ReportedError

if TYPE_CHECKING:
    from textual.app import App

    from personas import LoadedPersona

NEW: Literal["n"] = "n"
HERE: Literal["g"] = "g"


class ChangingView(Protocol):
    """What `ChangingController` asks of the screen."""

    @property
    def app(self) -> "App[None]":
        """The application, which shows other screens."""

    def enter(self, conversation_id: str | None, persona: "LoadedPersona | None" = None) -> object:
        """Go to another conversation, or to a new one."""

    def show_failure(self, error: ReportedError) -> None:
        """Say why something could not be done."""

    def show_opening(self, opening: bool) -> None:
        """Say that a model is being opened, or no more."""


class ChangingController:
    """Lets the person choose a persona or a model, and whether the open conversation goes on with it.

    Its methods wait for answers: call them in a worker.
    """

    def __init__(self, session: Session, navigator: Navigator, view: ChangingView) -> None:
        self._session = session
        self._navigator = navigator
        self._view = view

    async def choose_persona(self) -> None:
        """Choose another persona, or compose one."""
        from chat_personas.own_personas import all_persona_names
        from chat_personas.tui.screens.personas import PersonasScreen

        names = await asyncio.to_thread(all_persona_names)
        chosen = await self._view.app.push_screen_wait(PersonasScreen(names, self._session))
        where = None if chosen is None else await self._where(f"Talk with: {chosen.persona.title}")
        if chosen is None or where is None:
            return
        if where == NEW:
            self._view.enter(None, chosen)
            return
        try:
            await self._navigator.change_persona(chosen)
        except ReportedError as error:
            self._view.show_failure(error)

    async def choose_model(self) -> None:
        """Choose another model; what is being typed stays."""
        from chat_personas.tui.screens.models import ModelsScreen

        chosen = await self._view.app.push_screen_wait(ModelsScreen(self._session))
        where = None if chosen is None else await self._where("Go on with the other model in")
        if chosen is None or where is None:
            return
        self._view.show_opening(True)
        try:
            await self._navigator.change_model(chosen, new=where == NEW)
        except ReportedError as error:
            self._view.show_failure(error)
        finally:
            self._view.show_opening(False)

    async def save_persona(self) -> None:
        """Save the persona of the open conversation as one of the person's own."""
        from chat_personas.tui.screens.dialogs import save_as_own

        persona = self._session.conversation.persona if self._session.conversation is not None else None
        if persona is not None:
            await save_as_own(self._view.app, persona)

    async def _where(self, question: str) -> Literal["n", "g"] | None:
        """Ask whether the open conversation goes on, if anything was said in it; None where the person cancels."""
        from chat_personas.tui.screens.dialogs import ChoiceScreen

        conversation = self._session.conversation
        if conversation is None or not conversation.path:
            return NEW
        answers: dict[str, str] = {
            NEW: "A new conversation; this one is kept",
            HERE: "Go on in this one; the change is marked",
        }
        answer = await self._view.app.push_screen_wait(ChoiceScreen(question, answers))
        return None if answer is None else NEW if answer == NEW else HERE
