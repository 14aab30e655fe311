"""The chat screen: the conversation with the alignment panel beside it, and what its keys do."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from chat_personas.reporting.wording import own_text
from chat_personas.steering.knob import STEP
from chat_personas.text import printable
from chat_personas.tui.chat.keeping import STORED, KeepingController
from chat_personas.tui.chat.measuring import MeasuringController, whose
from chat_personas.tui.chat.navigation import Navigator
from chat_personas.tui.chat.replies import ReplyController
from chat_personas.tui.session import Session
from chat_personas.tui.terminal_guard import collect
from chat_personas.tui.widgets.composer import Composer, Editing
from chat_personas.tui.widgets.panel.panel import AlignmentPanel
from chat_personas.tui.widgets.title_and_status import KeyLine, StatusLine, TitleLine
from chat_personas.tui.widgets.transcript import Entry, Transcript
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation, ReplyEnded
    from eval.engine import EngineError, EngineInfo
    from personas import Persona

NO_MODEL = "no model"
OPENING = "opening…"
UNTURNED = 0.4
"""Seconds after the last turn of the knob until the persona is measured: several presses are one turn."""
SECONDS_OF_A_FAULT = 30.0
LONG = 5
"""Seconds after which it is shown for how long the model has been opened."""
WIDE = 100
"""From this many columns on, the panel is shown beside the conversation unless it is hidden by a key."""

ESCAPES = ("stop", "leave_edit", "take_back", "leave_panel")
MOST_IMPORTANT = (
    *(*ESCAPES, "send", "help", "app.quit", "quit", "conversations", "panel", "thoughts", "new", "personas"),
    *("app.command_palette", "command_palette"),
)
"""The actions whose keys are shown even where there is no room for all of them."""


WITH_WHAT_WAS_SAID = ("regenerate", "edit", "copy", "export")
"""The actions whose keys come last, and only where there is room."""


def _quiet(key: str, action: str, does: str) -> Binding:
    """A binding that is listed in the help but not in the key line; its id is the action's name."""
    return Binding(key, action, does, id=action, show=False, priority=True)


def _named(key: str, action: str, name: str, does: str) -> Binding:
    """A binding that the key line calls by `name` where there is room; its id is the action's name."""
    return Binding(key, action, name, id=action, tooltip=does, priority=True)


class ChatScreen(Screen[None]):
    """Where people talk. Its controllers send, measure and navigate; the screen shows the results."""

    CSS_PATH = "chat.tcss"
    AUTO_FOCUS = "#composer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="stop", tooltip="Stop the reply and keep its text", priority=True),
        Binding("escape", "leave_edit", "Cancel edit", id="leave_edit", priority=True),
        Binding("escape", "take_back", "Unsend", id="take_back", tooltip="Unsend the waiting message", priority=True),
        Binding("escape", "leave_panel", "Back", id="leave_panel", tooltip="Go back to the composer", priority=True),
        Binding("f1", "help", "Help", id="help", tooltip="List all keys", priority=True),
        Binding("f2,ctrl+t", "panel", "Panel", id="panel", tooltip="Show, enter or leave the panel", priority=True),
        Binding("ctrl+n", "new", "New", id="new", tooltip="Begin a new conversation", priority=True),
        Binding(
            "ctrl+o", "conversations", "Open", id="open", tooltip="List, search or delete conversations", priority=True
        ),
        Binding("ctrl+g", "personas", "Persona", id="persona", tooltip="Choose another persona", priority=True),
        Binding(
            "f9", "thoughts", "Thoughts", id="thoughts", tooltip="Show or hide what the model thought", priority=True
        ),
        _quiet("alt+up,ctrl+up", "steer_up", "Steer further along the direction"),
        _quiet("alt+down,ctrl+down", "steer_down", "Steer less, or the other way"),
        _quiet("f12,alt+a", "room", "Ask the room one question"),
        _quiet("alt+c,f11", "compare", "Compare personas side by side"),
        _quiet("f3", "prompt", "Show the exact prompt"),
        _quiet("f4", "measuring", "Start or stop measuring"),
        _named("f5,ctrl+r", "regenerate", "Again", "Regenerate the last reply"),
        _quiet("f8", "other", "Next version of the last turn"),
        _named("f6,ctrl+l", "edit", "Edit", "Edit your last message"),
        _named("f7", "copy", "Copy", "Copy the last reply"),
        _quiet("f10,alt+w", "whole", "Show a long message whole"),
        _quiet("alt+r", "rate", "Rate the last reply"),
        _named("ctrl+s", "export", "Export", "Export the conversation to a file"),
        _quiet("alt+o", "settings", "Show and change the settings"),
        _quiet("alt+p,ctrl+b", "hide_panel", "Hide or show the panel"),
    ]

    @dataclass
    class SettingsRead(Message):
        """The validated settings have other keys (by binding id) or another theme than the preview."""

        keys: Mapping[str, str]
        theme: str | None

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.composer = Composer()
        self.editing = Editing(self.composer, self.refresh_bindings)
        self.transcript = Transcript(give_way=lambda: self.composer.typing)
        self.panel = AlignmentPanel(give_way=lambda: self.composer.typing)
        self._talk = Vertical(id="conversation")
        self._panel_open = self._panel_hidden = False
        self.title_line = TitleLine(WIDE)
        self.status_line = StatusLine()
        self.replies = ReplyController(session, self.transcript, self)
        self.measuring = MeasuringController(session, self.panel)
        self._opening_since = time.monotonic()
        self._turned: Timer | None = None
        self.keeping = KeepingController(session, self.transcript, self.replies, self)
        self.navigator = Navigator(session, self.replies, self.measuring, self)

    def compose(self) -> ComposeResult:
        """Lay out title, conversation and panel, status, and keys."""
        yield self.title_line
        with Horizontal(id="room"):
            with self._talk:
                yield self.transcript
                yield self.composer
            yield self.panel
        yield self.status_line
        yield KeyLine(MOST_IMPORTANT, WITH_WHAT_WAS_SAID)

    def on_mount(self) -> None:
        """Show what is known already; the rest is opened after the first frame."""
        self._show_panel()
        self.title_line.persona = self.session.settings.persona
        self.status_line.model, self.status_line.state = self.session.settings.model, OPENING
        self.measuring.clear()
        self.call_after_refresh(self.open)

    @work(group="open", exclusive=True)
    async def open(self) -> None:
        """Open persona, corpus, model and conversation. The program ends with an error that leaves nothing to do."""
        await self.panel.furnish()
        waiting = self.set_interval(1.0, self._count_opening)
        self._opening_since, self.status_line.state = time.monotonic(), OPENING
        try:
            await self.navigator.open()
        except Exception as error:
            self.session.failure = error
            self.app.exit()
        finally:
            waiting.stop()
            self.status_line.longest = ""

    def _count_opening(self) -> None:
        """Show for how long the model has been opened, and for how long at most a server is waited for.

        So a server that stalls can be told from one that works.
        """
        seconds = int(time.monotonic() - self._opening_since)
        if self.status_line.state.startswith(OPENING) and seconds >= LONG:
            self.status_line.state, self.status_line.longest = f"{OPENING} {seconds} s", self.session.longest_wait

    @work(group="enter", exclusive=True)
    async def enter(self, conversation_id: str | None, persona: str | None = None) -> None:
        """Go to another conversation, or to a new one."""
        self.write_on()
        self.editing.end()
        try:
            await self.navigator.go(conversation_id, persona)
        except ReportedError as error:
            self._notify_failure(error)
            self.send_waiting()

    # For the navigator (see `NavigationView`)

    def use_settings(self, keys: Mapping[str, str], theme: str | None) -> None:
        """Let the application bind keys and choose a theme."""
        self.post_message(self.SettingsRead(keys, theme))

    def show_unusable_settings(self) -> None:
        """Name the keys and the theme of the settings that the screen cannot use, long enough to be read."""
        from chat_personas.tui.unusable_settings import faults_of

        settings = self.session.settings
        for fault in faults_of(settings.keys, settings.theme, self.app.available_themes):
            self.notify(printable(f"settings: {fault}"), severity="warning", timeout=SECONDS_OF_A_FAULT, markup=False)

    def show_persona(self, persona: "Persona") -> None:
        """Name the persona, and the groups that it is compared with."""
        self.title_line.persona, self.status_line.own_text = persona.title, own_text(persona)
        self.title_line.steering = ""
        self.panel.about(whose(persona))

    def show_model(self, info: "EngineInfo") -> None:
        """Name the model in the status line."""
        line = self.status_line
        line.model, line.demonstration = info.name, info.demonstration
        line.base, line.recurrent = info.prompt_format == "plain", info.recurrent
        line.context, line.state = info.context_length or 0, ""

    async def show_no_model(self, error: "EngineError") -> None:
        """Say why the model could not be opened."""
        self.status_line.state = NO_MODEL
        await self.transcript.add(Entry("failure", f"{error} (Ctrl+R tries again)"))

    async def show_conversation(self, conversation: "Conversation") -> None:
        """Show a new conversation, or one of the corpus. Raises CorpusError."""
        self.title_line.persona = conversation.persona.title
        self.title_line.steering = conversation.knob.described()
        self.status_line.own_text = own_text(conversation.persona)
        self.show_title()
        await self.show_context()
        self.measuring.clear()
        await self.replies.show_path()
        self.refresh_bindings()

    def send_waiting(self) -> None:
        """Send the waiting messages."""
        self.run_worker(self.replies.send_waiting(), group="replies")

    def read_ahead(self) -> None:
        """Let the model read the conversation."""
        self.run_worker(self.session.read_ahead(), group="ahead", exclusive=True)

    def stop_measuring(self) -> None:
        """End the current round; its results are recorded."""
        self.workers.cancel_group(self, "measure")

    # Talking

    @on(Composer.Submitted)
    def submitted(self, event: Composer.Submitted) -> None:
        """Send the text as a new message, or instead of the message that is being edited."""
        message_id = self.editing.end()
        saying = self.replies.say(event.text) if message_id is None else self.replies.edit(message_id, event.text)
        self.run_worker(saying, group="replies")

    @on(Composer.ScrollAsked)
    def scroll_transcript(self, event: Composer.ScrollAsked) -> None:
        """Scroll the transcript while the composer keeps the focus."""
        self.transcript.scroll_pages(event.pages)

    @work(group="stop")
    async def action_stop(self) -> None:
        """Stop the reply. If it has just ended by itself, cancel the edit or unsend the waiting message instead."""
        if self.replies.busy:
            await self.replies.stop()
        elif self.editing.under_way:
            self.editing.leave()
        else:
            await self.replies.take_back()

    def action_leave_edit(self) -> None:
        """Cancel the edit."""
        self.editing.leave()

    @work(group="stop")
    async def action_take_back(self) -> None:
        """Return the newest waiting message to the composer."""
        await self.replies.take_back()

    @work(group="replies")
    async def action_regenerate(self) -> None:
        """Regenerate the last reply; without a model, try to open it again."""
        if self.session.engine is None:
            self.open()
        elif self.session.conversation is not None and self.session.conversation.path:
            self.write_on()
            await self.replies.stop()
            await self.replies.regenerate()

    @work(group="replies")
    async def action_other(self) -> None:
        """Show the next version of the last turn; the conversation continues from it.

        It is measured, because the panel is about the conversation on the screen.
        """
        self.write_on()
        try:
            if await self.replies.show_other_version():
                self.measuring.follow()
                self.show_title()
                self.measure()
            await self.show_context()
        except ReportedError as error:
            self._notify_failure(error)
        await self.replies.send_waiting()

    @work(group="stop")
    async def action_edit(self) -> None:
        """Put the last message into the composer; sending it begins another branch."""
        self.write_on()
        await self.replies.stop()
        last = self.transcript.last("user")
        if not self.editing.under_way and last is not None and last.message_id is not None:
            self.editing.begin(last.message_id, last.text)

    def action_copy(self) -> None:
        """Copy the last reply to the clipboard (OSC 52, which most terminals support)."""
        last = self.transcript.last("reply")
        if last is not None and last.text:
            self.app.copy_to_clipboard(last.text)
            self.notify("Copied the last reply.", markup=False)

    def action_thoughts(self) -> None:
        """Show or hide what the model thought before its replies."""
        self.transcript.toggle_thoughts()

    def on_thought_fold_toggled(self) -> None:
        """Let the person type on after a click on a thought."""
        self.set_focus(self.composer)

    def replies_changed(self) -> None:
        """Show the keys that do something now, and no figures about what is no longer on the screen."""
        self.refresh_bindings()
        self.measuring.follow()
        self.keep()

    def give_back(self, text: str, replaces: str | None) -> None:
        """Return a text that could not be sent to the composer."""
        self.editing.give_back(text, replaces)

    def reply_ended(self, event: "ReplyEnded") -> None:
        """Update title and context use, and measure the conversation."""
        self._show_context_after(event)
        self.show_title()
        self.call_after_refresh(collect)
        if event.status in ("complete", "stopped"):
            self.measure()

    # What could not be stored

    def keep(self) -> None:
        """Begin to watch over what is not stored, where there is something and nobody does."""
        watched = any(worker.group == "keep" and not worker.is_finished for worker in self.workers)
        if self.keeping.needed and not watched:
            self.run_worker(self.keeping.watch(), group="keep")

    def show_unsaved(self, unsaved: bool) -> None:
        """Say in the title whether something is not stored."""
        self.title_line.unsaved = unsaved

    def stored_at_last(self) -> None:
        """Say that all is stored, and measure what is said by now."""
        self.notify(STORED, markup=False)
        self.show_title()
        self.measure()

    def key_of(self, action: str) -> str:
        """Return how the key of an action is written."""
        key = next(binding for _, binding, *_ in self.active_bindings.values() if binding.action == action)
        return self.app.get_key_display(key)

    # Measuring

    def measure(self) -> None:
        """Measure the conversation as it is now, after any round of it that a message has interrupted."""
        if self.measuring.outdated:
            self.stop_measuring()
        self._measure()

    @work(group="measure")
    async def _measure(self) -> None:
        try:
            await self.measuring.measure()
        except ReportedError as error:
            self.measuring.fail()
            if self.session.unsaved is None:
                await self.transcript.add(Entry("failure", f"not measured: {error}"))
        self.keep()

    @on(AlignmentPanel.Shown)
    def show_score(self, event: AlignmentPanel.Shown) -> None:
        """Show the score in the title, for screens on which the panel is hidden."""
        self.title_line.score = event.in_short

    @work(group="ask", exclusive=True)
    async def action_measuring(self) -> None:
        """Start or stop measuring. A server on another machine is probed only with the person's consent."""
        from chat_personas.tui.screens.dialogs import ConfirmScreen

        if self.measuring.enabled:
            self.measuring.wanted = False
            self.stop_measuring()
            self.measuring.halt()
            return
        question = await self.measuring.question()
        if question is None or await self.app.push_screen_wait(ConfirmScreen(question, "Measure", "Do not measure")):
            self.measuring.agree()
            self.measure()
        if not (self.measuring.enabled and self.measuring.possible):
            self.measuring.halt()

    # The knob

    @work(group="knob")
    async def action_steer_up(self) -> None:
        """Turn the persona's strength up."""
        await self._turn(STEP)

    @work(group="knob")
    async def action_steer_down(self) -> None:
        """Turn the persona's strength down."""
        await self._turn(-STEP)

    async def _turn(self, by: float) -> None:
        """Change what is on inside the model from the next reply on, and measure the conversation under it."""
        try:
            await self.session.turn(by)
        except ReportedError as error:
            why = str(error)  # it may hold a command, which a person copies: it stays in the transcript
            await self.transcript.remove_entries(lambda entry: entry.kind == "notice" and entry.text == why)
            await self.transcript.add(Entry("notice", why))
            return
        conversation = self.session.conversation
        if conversation is None:
            return
        self.title_line.steering = conversation.knob.described()
        self.measuring.clear()  # the figures are those of another setting
        self.stop_measuring()
        if self._turned is not None:
            self._turned.stop()
        self._turned = self.set_timer(UNTURNED, self._use_turned)

    def _use_turned(self) -> None:
        """Let the model read the conversation under its new setting, and measure it."""
        if not self.replies.busy:
            self.read_ahead()
            self.measure()  # a reply on its way is under the setting before; when it ends, it is measured

    # The panel

    @property
    def panel_open(self) -> bool:
        """Whether the panel covers the conversation, as it does on a narrow screen."""
        return self._panel_open

    def action_panel(self) -> None:
        """Focus the panel, and show it where it is hidden; from within, leave it."""
        if self.panel_open or self.focused is self.panel:  # `has_focus` follows later: a second F2 may come before
            self.action_leave_panel()
        else:
            self._panel_open, self._panel_hidden = self._is_narrow, False
            self._show_panel()
            self.set_focus(self.panel)

    def action_hide_panel(self) -> None:
        """Give the conversation the whole screen, also a wide one, or show the panel beside it again."""
        self._panel_hidden = not self._panel_hidden
        self._show_panel()
        self.write_on()

    @property
    def _is_narrow(self) -> bool:
        return self.app.size.width < WIDE

    def on_resize(self) -> None:
        """Show the panel beside the conversation where there is room for both."""
        self._panel_open = self._panel_open and self._is_narrow
        self._show_panel()

    def _show_panel(self) -> None:
        """Show the panel beside the conversation, in its place, or not at all.

        No class of the screen decides that: when one changes, Textual finds the styles of everything on the screen
        again, of hundreds of widgets in a long conversation, and no key is echoed meanwhile.
        """
        self.panel.display = self._panel_open if self._is_narrow else not self._panel_hidden
        self.panel.set_class(self._is_narrow, "-alone")
        self._talk.display = not self._panel_open
        self.title_line.alone = self._panel_hidden

    def action_leave_panel(self) -> None:
        """Go back from the panel to the composer."""
        self.write_on()

    # The focus

    def write_on(self) -> None:
        """Show the conversation, and let the text that is being written have the focus, at once.

        `Widget.focus` would wait, and the letters that are typed meanwhile would be lost.
        """
        if self._panel_open:
            self._panel_open = False
            self._show_panel()
        self.set_focus(self.composer)

    def on_screen_suspend(self) -> None:
        """Let the text have the focus when the screen that covers this one has been left."""
        self.write_on()

    def on_key(self, event: Key) -> None:
        """Write a letter that is typed while the transcript has the focus, as after a click, into the text."""
        if event.is_printable and event.character is not None and self.focused is self.transcript:
            self.write_on()
            self.composer.insert(event.character)
            event.stop()

    # Other screens

    def action_help(self) -> None:
        """List the keys."""
        from chat_personas.tui.key_registry import named_bindings
        from chat_personas.tui.screens.help import HelpScreen, named_keys

        keys = named_keys(named_bindings(), self.session.settings.keys, self.app.get_key_display)
        self.app.push_screen(HelpScreen(keys))

    @work(group="ask", exclusive=True)
    async def action_settings(self) -> None:
        """Show and change the settings."""
        from chat_personas.tui.screens.settings import SettingsScreen

        settings = SettingsScreen(self.session.launch.given, self.use_settings_again)
        await self.app.push_screen_wait(settings)
        if "measure" in settings.changed and self.session.settings.measure != self.measuring.enabled:
            self.call_later(self.action_measuring)

    @work(group="settings")
    async def use_settings_again(self) -> None:
        """Use the settings as the file has them now, as far as that is possible while a conversation is open."""
        try:
            settings = await self.session.read_settings_again()
        except ReportedError as error:
            self._notify_failure(error)
        else:
            self.use_settings(settings.keys, settings.theme)

    def action_prompt(self) -> None:
        """Show the exact prompt."""
        from chat_personas.tui.screens.prompt import PromptScreen

        if self.session.conversation is not None:
            conversation = self.session.conversation
            knob = conversation.knob
            self.app.push_screen(PromptScreen(conversation.context(), knob.described() if knob.interventions else ""))

    def action_whole(self) -> None:
        """Show the message that is shown in part, or the last reply, as it is and to its end."""
        from chat_personas.tui.screens.whole_text import WholeTextScreen

        if (message := self.transcript.to_read()) is not None and message.text:
            self.app.push_screen(WholeTextScreen(message.text))

    def action_new(self) -> None:
        """Begin a new conversation with the same persona."""
        self.enter(None)

    @work(group="ask", exclusive=True)
    async def action_conversations(self) -> None:
        """Open another conversation; if the open one was deleted, begin a new one."""
        from chat_personas.tui.screens.conversations import ConversationsScreen

        if self.session.corpus is None:
            return
        open_id = self.session.conversation.id if self.session.conversation is not None else None
        browser = ConversationsScreen(self.session.corpus, open_id, self.replies.stop, self._rename)
        chosen = await self.app.push_screen_wait(browser)
        if chosen is not None and chosen != open_id:
            self.enter(chosen)
        elif open_id in browser.deleted:
            self.enter(None)

    async def _rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation of the corpus, the open one or another, another title. Raises CorpusError."""
        conversation, corpus = self.session.conversation, self.session.corpus
        if conversation is not None and conversation.id == conversation_id:
            await conversation.rename(title)
            self.show_title()
        elif corpus is not None:
            await asyncio.to_thread(corpus.rename, conversation_id, title)

    @work(group="ask", exclusive=True)
    async def action_rate(self) -> None:
        """Ask how good the last reply is, and store that; `corpus rate` takes other scales."""
        from chat_personas.corpus import RatingRow
        from chat_personas.tui.screens.dialogs import BEST_RATING, RATING_SCALE, RatingScreen

        last, corpus = self.transcript.last("reply"), self.session.corpus
        if last is None or last.message_id is None or corpus is None:
            self.notify("There is no reply to rate yet.", markup=False)
        elif (value := await self.app.push_screen_wait(RatingScreen())) is not None:
            try:
                row = RatingRow(message_id=last.message_id, scale=RATING_SCALE, value=value)
                await asyncio.to_thread(corpus.add_rating, row)
            except ReportedError as error:
                self._notify_failure(error)
            else:
                self.notify(f"Rated: {value} of {BEST_RATING}.", markup=False)

    @work(group="ask", exclusive=True)
    async def action_personas(self) -> None:
        """Choose another persona for a new conversation."""
        from chat_personas.tui.screens.personas import PersonasScreen
        from personas import library_names

        chosen = await self.app.push_screen_wait(PersonasScreen(library_names()))
        if chosen is not None:
            self.enter(None, chosen)

    @work(group="ask", exclusive=True)
    async def action_room(self) -> None:
        """Ask all groups of an attribute one question; go on with one of them, if that is chosen."""
        from chat_personas.tui.room.answers import ask_the_room

        await self._go_where(ask_the_room(self.app, self.session))

    @work(group="ask", exclusive=True)
    async def action_compare(self) -> None:
        """Say what is typed, or what was said last, to other personas side by side with this one."""
        from chat_personas.tui.room.compare import compare_personas

        last = self.transcript.last("user")
        text = self.composer.text.strip() or (last.text if last is not None else "")
        await self._go_where(compare_personas(self.app, self.session, text))

    async def _go_where(self, choosing: Awaitable[str | None]) -> None:
        """Go to the conversation that another screen gives, if it gives one."""
        try:
            chosen = await choosing
        except ReportedError as error:
            self._notify_failure(error)
            return
        if chosen is not None:
            self.enter(chosen)

    @work(group="ask", exclusive=True)
    async def action_export(self) -> None:
        """Export this conversation to a file."""
        from chat_personas.tui.screens.dialogs import export_conversation

        conversation, corpus = self.session.conversation, self.session.corpus
        if conversation is None or corpus is None or not conversation.path:
            self.notify("There is nothing to export yet.", markup=False)
        else:
            write = conversation.write_to if self.session.unsaved is not None else None
            await export_conversation(self.app, corpus, conversation.id, write)

    # Keys, status and title

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable the one action that Escape has now, Back only outside the composer, and F8 except during an edit.

        While a message is edited, the conversation stays on the version that it belongs to. F9 is there where the model
        thought.
        """
        if action in ("stop", "leave_edit", "take_back"):
            return action == self._escape_action
        if action == "leave_panel":
            return not self.composer.has_focus
        if action == "thoughts":
            return self.transcript.has_thoughts
        return action != "other" or not self.editing.under_way

    @property
    def _escape_action(self) -> str | None:
        """What Escape does now: stop the reply, else cancel the edit, else unsend the waiting message; or None."""
        if self.replies.busy:
            return "stop"
        if self.editing.under_way:
            return "leave_edit"
        return "take_back" if self.replies.waiting else None

    async def show_context(self) -> None:
        """Show how much of the model's context the conversation takes, if that is known. Raises CorpusError."""
        conversation = self.session.conversation
        use = await conversation.context_use() if conversation is not None else None
        self.status_line.used = use.tokens if use is not None else None
        self.status_line.at_least = use is not None and use.at_least

    def _show_context_after(self, event: "ReplyEnded") -> None:
        """Show the context used by a reply with its prompt; a stopped reply reports none, so that is looked up."""
        self.workers.cancel_group(self, "context")
        tokens = event.usage.context_tokens if event.usage is not None else None
        if tokens is not None:
            self.status_line.used, self.status_line.at_least = tokens, False
        else:
            self._show_stored_context()

    @work(group="context", exclusive=True)
    async def _show_stored_context(self) -> None:
        try:
            await self.show_context()
        except ReportedError as error:
            self._notify_failure(error)

    def _notify_failure(self, error: ReportedError) -> None:
        self.notify(printable(str(error)), severity="error", markup=False)

    def show_title(self) -> None:
        """Show the title of the conversation, and which other models made replies of it."""
        conversation = self.session.conversation
        if conversation is not None:
            self.title_line.others = ", ".join(dict.fromkeys(model.name for model in conversation.other_models))
            self.title_line.conversation = conversation.title if conversation.path else ""
