"""Going from the open conversation to others: new ones, those of the corpus, other personas, side by side."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING

from chat_personas.tui.chat.commands import Handler, in_worker, without_argument
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.tui.chat.screen import ChatScreen


class Conversations:
    """The commands of a chat screen about the open conversation among others."""

    def __init__(self, screen: "ChatScreen") -> None:
        self.screen = screen

    @property
    def actions(self) -> Mapping[str, Handler]:
        """What the commands about conversations do."""
        return {
            "new": without_argument(self.begin),
            "open": self.open,
            "rename": self.rename,
            "export": self.export,
            "persona": self.choose_persona,
            "room": without_argument(self.ask_the_room),
            "compare": self.compare,
            "debate": self.debate,
        }

    def begin(self) -> None:
        """Begin a new conversation with the same persona."""
        self.screen.enter(None)

    @in_worker("ask", exclusive=True)
    async def open(self, conversation_id: str) -> None:
        """Open another conversation, the one of this id or one that is chosen from a list.

        If the open one was deleted there, begin a new one.
        """
        from chat_personas.tui.screens.conversations import ConversationsScreen

        session = self.screen.session
        if session.corpus is None:
            return
        open_id = session.conversation.id if session.conversation is not None else None
        if conversation_id:
            self.screen.enter(conversation_id)
            return
        browser = ConversationsScreen(session.corpus, open_id, self.screen.replies.stop, self._rename)
        chosen = await self.screen.app.push_screen_wait(browser)
        if chosen is not None and chosen != open_id:
            self.screen.enter(chosen)
        elif open_id in browser.deleted:
            self.screen.enter(None)

    @in_worker("ask", exclusive=True)
    async def rename(self, title: str) -> None:
        """Give the open conversation another title, which is asked for where none is given."""
        from chat_personas.tui.screens.dialogs import TitleScreen

        conversation = self.screen.session.conversation
        if conversation is None or not conversation.path:
            self.screen.notify("There is nothing to rename yet.", markup=False)
            return
        wanted: str | None = title
        if not title:
            wanted = await self.screen.app.push_screen_wait(TitleScreen(conversation.title))
        if wanted:
            try:
                await self._rename(conversation.id, wanted)
            except ReportedError as error:
                self.screen.notify_failure(error)

    async def _rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation of the corpus, the open one or another, another title. Raises CorpusError."""
        conversation, corpus = self.screen.session.conversation, self.screen.session.corpus
        if conversation is not None and conversation.id == conversation_id:
            await conversation.rename(title)
            self.screen.show_title()
        elif corpus is not None:
            await asyncio.to_thread(corpus.rename, conversation_id, title)

    @in_worker("ask", exclusive=True)
    async def export(self, name: str) -> None:
        """Export this conversation to a file, for which `name` is proposed."""
        from chat_personas.tui.screens.dialogs import export_conversation

        session = self.screen.session
        if session.conversation is None or session.corpus is None or not session.conversation.path:
            self.screen.notify("There is nothing to export yet.", markup=False)
        else:
            write = session.conversation.write_to if session.unsaved is not None else None
            await export_conversation(self.screen.app, session.corpus, session.conversation.id, write, name)

    @in_worker("ask", exclusive=True)
    async def choose_persona(self, name: str) -> None:
        """Begin a conversation with another persona, of this name or chosen from a list."""
        from chat_personas.tui.screens.personas import PersonasScreen
        from personas import library_names

        chosen: str | None = name
        if not name:
            chosen = await self.screen.app.push_screen_wait(PersonasScreen(library_names()))
        if chosen is not None:
            self.screen.enter(None, chosen)

    @in_worker("ask", exclusive=True)
    async def ask_the_room(self) -> None:
        """Ask all groups of an attribute one question; go on with one of them, if that is chosen."""
        from chat_personas.tui.room.answers import ask_the_room

        await self._go_where(ask_the_room(self.screen.app, self.screen.session))

    @in_worker("ask", exclusive=True)
    async def compare(self, text: str) -> None:
        """Say a text to other personas side by side with this one: what is typed, or what was said last."""
        from chat_personas.tui.room.compare import compare_personas

        last = self.screen.transcript.last("user")
        text = text or self.screen.composer.text.strip() or (last.text if last is not None else "")
        await self._go_where(compare_personas(self.screen.app, self.screen.session, text))

    @in_worker("ask", exclusive=True)
    async def debate(self, topic: str) -> None:
        """Let two personas argue, on this topic or one that is chosen."""
        from chat_personas.tui.room.debate import hold_debate

        try:
            await hold_debate(self.screen.app, self.screen.session, topic)
        except ReportedError as error:
            self.screen.notify_failure(error)

    async def _go_where(self, choosing: Awaitable[str | None]) -> None:
        """Go to the conversation that another screen gives, if it gives one."""
        try:
            chosen = await choosing
        except ReportedError as error:
            self.screen.notify_failure(error)
            return
        if chosen is not None:
            self.screen.enter(chosen)
