"""The conversation, with the measured opinions beside it."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer

from chat_personas.tui.measuring import Measuring
from chat_personas.tui.sitting import Sitting
from chat_personas.tui.talk import Talk
from chat_personas.tui.widgets.composer import Composer
from chat_personas.tui.widgets.entry import Entry
from chat_personas.tui.widgets.panel.panel import AlignmentPanel
from chat_personas.tui.widgets.status_line import StatusLine
from chat_personas.tui.widgets.title_line import TitleLine
from chat_personas.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from chat_personas.conversation import ReplyEnded

Opened = TypeVar("Opened")
WIDE = 100
"""Columns from which the panel stands beside the conversation."""


def _quiet(key: str, action: str, does: str) -> Binding:
    """A binding that the help lists but the footer has no room for; its id is the action's name."""
    return Binding(key, action, does, id=action, show=False, priority=True)


class ChatScreen(Screen[None]):
    """Where people talk. Keys act on a `Sitting`; `Talk` and `Measuring` do the work that takes time."""

    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "#composer"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (WIDE, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="stop", tooltip="Stop the reply, keeping what was said", priority=True),
        Binding("escape", "leave_panel", "Back", id="leave_panel", tooltip="Go back to the text", priority=True),
        Binding("f1", "help", "Help", id="help", priority=True),
        Binding("f2,ctrl+t", "panel", "Panel", id="panel", tooltip="Show, enter or leave the panel", priority=True),
        Binding("ctrl+n", "new", "New", id="new", tooltip="Begin a new conversation", priority=True),
        Binding("ctrl+o", "conversations", "Open", id="open", tooltip="List, search, open, delete", priority=True),
        Binding("ctrl+g", "personas", "Persona", id="persona", tooltip="Talk with another persona", priority=True),
        _quiet("f3", "prompt", "See exactly what the model is given"),
        _quiet("f4", "measuring", "Measure, or stop measuring"),
        _quiet("f5,ctrl+r", "regenerate", "Have the last reply anew"),
        _quiet("f8", "other", "Go to another version of the reply"),
        _quiet("f6,ctrl+l", "edit", "Change your last message"),
        _quiet("f7", "copy", "Copy the last reply"),
        _quiet("ctrl+s", "export", "Write the conversation to a file"),
    ]

    def __init__(self, sitting: Sitting) -> None:
        super().__init__()
        self.sitting = sitting
        self.transcript = Transcript()
        self.panel = AlignmentPanel()
        self.composer = Composer()
        self.talk = Talk(
            sitting,
            self.transcript,
            changed=self.refresh_bindings,
            ended=self._reply_ended,
            give_back=self.composer.give_back,
        )
        self.measuring = Measuring(sitting, self.panel)
        self._editing: str | None = None

    def compose(self) -> ComposeResult:
        """Lay out title, conversation and panel, status, and keys."""
        yield TitleLine()
        with Horizontal(id="room"):
            with Vertical(id="talk"):
                yield self.transcript
                yield self.composer
            yield self.panel
        yield StatusLine()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is known already; the rest is opened after the first paint."""
        self.query_one(TitleLine).persona = self.sitting.session.persona
        self._status(model=self.sitting.session.model, state="opening…")
        self.panel.clear(self.measuring.state())
        self.call_after_refresh(self.open)

    # Opening

    @work(group="open", exclusive=True)
    async def open(self) -> None:
        """Open everything that the session describes; what fails is said, and what can be tried again may be."""
        await self.panel.furnish()
        session = self.sitting.session
        if session.resume_id is None:
            loaded = await self._or_leave(self.sitting.open_persona(session.persona))
            self.query_one(TitleLine).persona = loaded.persona.title
        await self._or_leave(self.sitting.open_corpus())
        await self._enter(session.resume_id)

    async def _enter(self, conversation_id: str | None) -> None:
        """Open the model and a conversation on it, new if no id is given; send what waited."""
        from eval.engine import EngineError

        try:
            engine = await self.sitting.open_engine()
        except EngineError as error:
            self._status(state="no model")
            await self.transcript.add(Entry("failure", f"{error} (ctrl+r tries again)"))
            self.sitting.failure = error
            return
        except Exception as error:
            self._leave(error)
            return
        self.sitting.failure = None
        self._status(
            model=engine.info.name,
            demonstration=engine.info.demonstration,
            context=engine.info.context_length or 0,
            state="",
        )
        opening = self.sitting.begin() if conversation_id is None else self.sitting.resume(conversation_id)
        await self._or_leave(opening)
        await self._show_conversation()

    async def _or_leave(self, opening: Awaitable[Opened]) -> Opened:
        """Await what the program cannot go on without; if it fails, end the program with that error."""
        try:
            return await opening
        except Exception as error:
            self._leave(error)
            raise asyncio.CancelledError from error

    def _leave(self, error: Exception) -> None:
        self.sitting.failure = error
        self.app.exit()

    async def _show_conversation(self) -> None:
        conversation = self.sitting.conversation
        assert conversation is not None
        self.query_one(TitleLine).persona = conversation.persona.title
        self._show_title()
        self._status(used=0)
        self.panel.clear(self.measuring.state())
        await self.talk.show_path()
        self.run_worker(self.talk.send_waiting(), group="talk")
        await self._or_leave(self.measuring.introduce())
        if not self.talk.busy:
            self.measure()

    @work(group="enter", exclusive=True)
    async def enter(self, conversation_id: str | None) -> None:
        """Leave the conversation that is open (it is kept) for another one, or a new one."""
        await self.talk.stop()
        while self.talk.waiting:
            await self.talk.take_back()
        self._end_editing()
        self.workers.cancel_group(self, "measure")
        await self._enter(conversation_id)

    # Talking

    @on(Composer.Submitted)
    def submitted(self, event: Composer.Submitted) -> None:
        """Say it, or say it in place of the message that is being edited."""
        message_id, self._editing = self._editing, None
        self._end_editing()
        saying = self.talk.say(event.text) if message_id is None else self.talk.edit(message_id, event.text)
        self.run_worker(saying, group="talk")

    @on(Composer.ScrollAsked)
    def scroll_transcript(self, event: Composer.ScrollAsked) -> None:
        """Scroll without leaving the text."""
        self.transcript.scroll_pages(event.pages)

    @work(group="stop")
    async def action_stop(self) -> None:
        """Stop what is under way: the reply, else the edit, else what waits."""
        if self.talk.busy:
            await self.talk.stop()
        elif self._editing is not None:
            self.composer.clear()
            self._end_editing()
        else:
            await self.talk.take_back()

    @work(group="talk")
    async def action_regenerate(self) -> None:
        """Have the last reply anew; without a model, try to open it again."""
        if self.sitting.engine is None:
            self.open()
        elif self.sitting.conversation is not None and self.sitting.conversation.path:
            await self.talk.stop()
            await self.talk.regenerate()

    async def action_other(self) -> None:
        """Go round the versions of the last reply; the conversation goes on from the one that is shown."""
        if self.sitting.conversation is not None and not self.talk.busy:
            from chat_personas.corpus import CorpusError

            try:
                await self.talk.show_other_reply()
            except CorpusError as error:
                self.notify(str(error), severity="error", markup=False)

    @work(group="stop")
    async def action_edit(self) -> None:
        """Take the last message into the composer; sending it begins another branch."""
        await self.talk.stop()
        last = self.transcript.last("user")
        if last is None or last.message_id is None:
            return
        self._editing = last.message_id
        self.composer.text = last.text
        self.composer.move_cursor(self.composer.document.end)
        self.composer.border_title = "Edit your last message (Enter sends, Esc leaves it as it was)"
        self.composer.add_class("-editing")
        self.composer.focus()

    def action_copy(self) -> None:
        """Put the last reply on the clipboard (OSC 52, which most terminals pass on)."""
        last = self.transcript.last("reply")
        if last is not None and last.text:
            self.app.copy_to_clipboard(last.text)
            self.notify("Copied the last reply.", markup=False)

    def _reply_ended(self, event: "ReplyEnded") -> None:
        if event.usage is not None:
            self._status(used=(event.usage.prompt_tokens or 0) + (event.usage.decoded_tokens or 0))
        self._show_title()
        if event.status in ("complete", "stopped"):
            self.measure()

    # Measuring

    @work(group="measure", exclusive=True)
    async def measure(self) -> None:
        """Measure the conversation as it stands, in place of a round that is still under way."""
        from chat_personas.corpus.errors import CorpusError
        from eval.engine import EngineError

        try:
            await self.measuring.measure()
        except (EngineError, CorpusError) as error:
            self.panel.say("not measured")
            await self.transcript.add(Entry("failure", f"not measured: {error}"))

    @on(AlignmentPanel.Shown)
    def show_score(self, event: AlignmentPanel.Shown) -> None:
        """Say the score in short where the panel is hidden."""
        self.query_one(TitleLine).score = event.in_short

    @work(group="ask", exclusive=True)
    async def action_measuring(self) -> None:
        """Begin or stop measuring. A server on another machine is probed only after the person agreed."""
        engine = self.sitting.engine
        if engine is None:
            return
        if self.measuring.wanted and self.measuring.permitted:
            self.measuring.wanted = False
            self.workers.cancel_group(self, "measure")
        elif self.measuring.permitted or await self._may_probe():
            self.measuring.wanted = True
            self.measure()
        self.panel.say(self.measuring.state())

    async def _may_probe(self) -> bool:
        from chat_personas.tui.screens.confirm import ConfirmScreen

        engine = self.sitting.engine
        assert engine is not None
        requests = await self.measuring.requests_per_round()
        question = (
            f"{engine.info.name} is not on this machine. Measuring sends this conversation to it again with every "
            f"question: {requests} requests after each reply, which may cost money. Measure? "
            "(Remembered for this server.)"
        )
        agreed = await self.app.push_screen_wait(ConfirmScreen(question, "Measure", "Do not measure"))
        if agreed:
            self.sitting.session.remember_probing(engine.info)
        return agreed

    # The panel

    @property
    def panel_open(self) -> bool:
        """Whether the panel covers the conversation, as it does on a narrow screen."""
        return self.has_class("-panel-open")

    def action_panel(self) -> None:
        """Go into the panel, showing it where it is hidden; from within, go back."""
        if self.panel_open or self.panel.has_focus_within:
            self.action_leave_panel()
        else:
            self.add_class("-panel-open")
            self.panel.focus()

    def action_leave_panel(self) -> None:
        """Go back from the panel to the text."""
        self.remove_class("-panel-open")
        self.composer.focus()

    # Other screens

    def action_help(self) -> None:
        """List the keys."""
        from chat_personas.tui.screens.help import HelpScreen, named_keys

        bindings = [*Composer.BINDINGS, *self.BINDINGS, *AlignmentPanel.BINDINGS, *type(self.app).BINDINGS]
        keys = named_keys(bindings, self.sitting.session.keys, self.app.get_key_display)
        self.app.push_screen(HelpScreen(keys))

    def action_prompt(self) -> None:
        """Show exactly what the model is given."""
        from chat_personas.tui.screens.prompt import PromptScreen

        if self.sitting.conversation is not None:
            self.app.push_screen(PromptScreen(self.sitting.conversation.context()))

    @work(group="ask", exclusive=True)
    async def action_new(self) -> None:
        """Begin a new conversation with the same persona."""
        from personas import PersonaError

        try:
            await self.sitting.open_same_persona()
        except PersonaError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.enter(None)

    @work(group="ask", exclusive=True)
    async def action_conversations(self) -> None:
        """Open another conversation; if the open one was deleted, begin a new one."""
        from chat_personas.tui.screens.conversations import ConversationsScreen

        if self.sitting.corpus is None:
            return
        open_id = self.sitting.conversation.id if self.sitting.conversation is not None else None
        browser = ConversationsScreen(self.sitting.corpus, open_id, self.talk.stop)
        chosen = await self.app.push_screen_wait(browser)
        if chosen is not None and chosen != open_id:
            self.enter(chosen)
        elif open_id in browser.deleted:
            self.enter(None)

    @work(group="ask", exclusive=True)
    async def action_personas(self) -> None:
        """Talk with another persona, in a new conversation."""
        from chat_personas.tui.screens.personas import PersonasScreen
        from personas import PersonaError, library_names

        chosen = await self.app.push_screen_wait(PersonasScreen(library_names()))
        if chosen is None:
            return
        try:
            await self.sitting.open_persona(chosen)
        except PersonaError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.enter(None)

    @work(group="ask", exclusive=True)
    async def action_export(self) -> None:
        """Write this conversation to a file."""
        from chat_personas.tui.screens.exporting import export_conversation

        conversation, corpus = self.sitting.conversation, self.sitting.corpus
        if conversation is None or corpus is None or not conversation.path:
            self.notify("Nothing was said yet.", markup=False)
        else:
            await export_conversation(self.app, corpus, conversation.id)

    # What the lines say

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer Stop only while there is something to stop, and Back only where there is a way back."""
        if action == "stop":
            return self.talk.busy or self.talk.waiting or self._editing is not None
        if action == "leave_panel":
            return not self.composer.has_focus
        return True

    def _end_editing(self) -> None:
        self._editing = None
        self.composer.border_title = ""
        self.composer.remove_class("-editing")

    def _show_title(self) -> None:
        conversation = self.sitting.conversation
        if conversation is not None:
            self.query_one(TitleLine).conversation = conversation.title if conversation.path else ""

    def _status(self, **values: object) -> None:
        line = self.query_one(StatusLine)
        for name, value in values.items():
            setattr(line, name, value)
