"""The chat screen: the conversation with the alignment panel beside it, and what its keys do."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.notifications import Notification, Notify
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import TextArea

from chat_personas.conversation.commands import COMMANDS, CommandError, asked, message_of, named
from chat_personas.reporting.wording.measurements import answered_briefly, own_text
from chat_personas.text import printable
from chat_personas.tui.chat.choosing import ChoosingController
from chat_personas.tui.chat.commands import (
    ASK,
    CHANGING,
    OTHER_MODEL,
    Handler,
    Situation,
    action_of,
    all_handlers,
    command_bindings,
    command_of,
    say_refused,
    why_nothing,
)
from chat_personas.tui.chat.conversations import Conversations, PersonaAndModel
from chat_personas.tui.chat.drafts import DraftController
from chat_personas.tui.chat.introduction import Introduction
from chat_personas.tui.chat.keeping import STORED, KeepingController
from chat_personas.tui.chat.knob import KnobController
from chat_personas.tui.chat.measuring import MeasuringController, whose
from chat_personas.tui.chat.navigation import Navigator
from chat_personas.tui.chat.panel_place import WIDE, PanelPlace
from chat_personas.tui.chat.replies import ReplyController
from chat_personas.tui.chat.talking import Talking
from chat_personas.tui.key_registry import binding_of, key_of, keys_shown
from chat_personas.tui.key_routing import changes_screen, no_screen_comes
from chat_personas.tui.session import Session
from chat_personas.tui.terminal_guard import QuietCollection
from chat_personas.tui.widgets.completion import Completion
from chat_personas.tui.widgets.composer import Composer, Editing
from chat_personas.tui.widgets.entries import Entry, which_of
from chat_personas.tui.widgets.finding import FindLine
from chat_personas.tui.widgets.message_cursor import FOR_ALL, FOR_WAITING, ChoosingTranscript
from chat_personas.tui.widgets.panel.panel import AlignmentPanel
from chat_personas.tui.widgets.title_and_status import Doing, KeyLine, StatusLine, TitleLine, of_reply, speed
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation, ReplyEnded
    from eval.engine import EngineError, EngineInfo
    from personas import LoadedPersona, Persona

NO_MODEL = "no model"
WAITS_WITHOUT_MODEL = "not sent: there is no model; {key} tries to open it again (/queue changes this or takes it back)"
OPENING = "opening…"
NOT_HERE = "The message that you edited is on another branch now; sent again, the text is a new message."
SECONDS_OF_A_FAULT = 30.0
MOST_FAULTS = 4
"""Faults of the settings that a notice names."""
ROWS_BESIDE = 4
"""Rows that the composer leaves to title, status and keys, and to the conversation at least."""
LONG = 5
"""Seconds after which it is shown for how long the model has been opened."""


ESCAPES = (action_of("stop"), "leave_edit", "take_back", "dismiss_introduction", "leave_panel")
WITH_A_MESSAGE = ("leave", *(f"ask('{what}')" for what in (*FOR_ALL, *FOR_WAITING)), "go(-1)", "go(1)")
"""The actions of the keys with which a message is chosen or found."""
MOST_IMPORTANT = (
    *(*ESCAPES, *WITH_A_MESSAGE, "send", action_of("help"), "app.quit", "quit"),
    *("explain", "large_print"),  # of the panel, while that has the focus
    *map(action_of, ("open", "panel", "thought", "new", "persona")),
    *("app.command_palette", "command_palette"),
)
"""The actions whose keys are shown even where there is no room for all of them."""


WITH_WHAT_WAS_SAID = tuple(map(action_of, ("again", "edit", "copy", "export")))
"""The actions whose keys come last, and only where there is room."""


class ChatScreen(Screen[None]):
    """Where people talk. Its controllers send, measure and navigate; the screen shows the results."""

    CSS_PATH = ["../widgets/transcript.tcss", "chat.tcss"]  # noqa: RUF012
    AUTO_FOCUS = "#composer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave_edit", "Cancel edit", id="leave_edit", priority=True),
        Binding("escape", "take_back", "Unsend", id="take_back", tooltip="Unsend the waiting message", priority=True),
        Binding("escape", "dismiss_introduction", "Dismiss", id="dismiss", priority=True),
        Binding("escape", "leave_panel", "Back", id="leave_panel", tooltip="Go back to the composer", priority=True),
        *command_bindings(),
    ]

    @dataclass
    class SettingsRead(Message):
        """The validated settings have other keys (by binding id) or another theme than the preview."""

        keys: Mapping[str, str]
        theme: str | None

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.completion = Completion()
        self.composer = Composer(self.submitted, self.completion.completed)
        self.editing = Editing(self.composer, self.refresh_bindings)
        self.transcript = ChoosingTranscript(give_way=lambda: self.composer.typing)
        self.find_line = FindLine(self.transcript)
        self.panel = AlignmentPanel(give_way=lambda: self.composer.typing)
        self._talk = Vertical(id="conversation")
        self.title_line = TitleLine(WIDE)
        self.status_line = StatusLine()
        self.introduction = Introduction(self)
        self.replies = ReplyController(session, self.transcript, self, greeting=self.introduction.greeting)
        self.measuring = MeasuringController(session, self.panel, self.transcript.show_marks)
        self._opening_since = time.monotonic()
        self._other_model = ""  # the name of one that is being opened beside the open one
        self._notices = dict[str, Notification]()  # by what they are about
        self._doing, self._said_doing, self._speed = Doing(), False, ""
        self.keeping = KeepingController(session, self.transcript, self.replies, self)
        self.drafts = DraftController(self)
        self.navigator = Navigator(session, self.replies, self.measuring, self.drafts, self)
        self._garbage = QuietCollection(lambda: not (self.replies.busy or self.composer.typing), self.set_timer)
        self.talking = Talking(self)
        self.panel_place = PanelPlace(self, self._talk)
        own: dict[str, Handler] = {
            "measure": self.measure_or_not,
            "settings": self.change_settings,
            "theme": lambda _: self.app.action_change_theme(),
            "help": self.help,
            "quit": self._quit,
        }
        self.choosing = ChoosingController(self)
        talk = (self.talking, self.choosing, self.panel_place)
        persona_and_model = PersonaAndModel(self)
        self.offer_model_of_last_reply = persona_and_model.offer_model_of_last_reply
        others = (*talk, KnobController(self), Conversations(self), persona_and_model)
        self.handlers = all_handlers(own, *(controller.actions for controller in others))

    def compose(self) -> ComposeResult:
        """Lay out title, conversation and panel, status, and keys."""
        yield self.title_line
        with Horizontal(id="room"):
            with self._talk:
                yield self.transcript
                yield self.find_line
                yield self.completion
                yield self.composer
            yield self.panel
        yield self.status_line
        yield KeyLine(MOST_IMPORTANT, WITH_WHAT_WAS_SAID, hidden=self._without_use)

    def on_mount(self) -> None:
        """Show what is known already; the rest is opened after the first frame."""
        self.panel_place.fit()
        self.title_line.persona = self.session.settings.persona
        self.status_line.model, self.status_line.state = self.session.settings.model, OPENING
        self.measuring.clear()
        self.set_interval(1.0, self._show_doing)
        self.call_after_refresh(self.open)

    @work(group="open", exclusive=True)
    async def open(self) -> None:
        """Open persona, corpus, model and conversation. The program ends with an error that leaves nothing to do."""
        await self.panel.furnish()
        waiting = self.set_interval(1.0, self._count_opening)
        self._opening_since, self.status_line.state = time.monotonic(), OPENING
        self.transcript.wait_for("")
        try:
            await self.introduction.prepare()
            await self.navigator.open()
            self.run_worker(self.introduction.look(), group="introduction")
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

    def _show_doing(self) -> None:
        """Show what the machine is doing and for how long; how fast the last reply was stays while it does nothing."""
        if self.session.engine is None and not self._other_model:
            return
        line, said = self.status_line, self._doing.say(*self._what_is_done())
        if said or self._said_doing:
            line.state = said or self._speed
        self._said_doing = bool(said)

    def _what_is_done(self) -> tuple[str, str, object]:
        """Return what the machine is doing now, "" for nothing, how far it is, and of which reply or round."""
        if self._other_model:
            return "opening", printable(self._other_model), None
        if self.replies.busy:
            engine = self.session.engine
            return of_reply(self.transcript.last("reply"), None if engine is None else engine.info)
        if any(worker.group == "knob" and not worker.is_finished for worker in self.workers):
            return "looking for a direction", "", None
        under_way = any(worker.group == "measure" and not worker.is_finished for worker in self.workers)
        if under_way and self.measuring.enabled and self.measuring.possible:
            estimate = self.panel.estimate_shown
            counted = estimate is not None and not estimate.complete
            far = answered_briefly(estimate) if estimate is not None and counted else ""
            return "measuring", far, self.measuring.rounds_begun
        return "", "", None

    @work(group="enter", exclusive=True)
    @changes_screen
    async def enter(self, conversation_id: str | None, persona: "LoadedPersona | None" = None) -> None:
        """Go to another conversation, or to a new one. Keys wait: what is typed from now on is for that one."""
        self.write_on()
        try:
            await self.navigator.go(conversation_id, persona)
        except ReportedError as error:
            self.notify_failure(error)
            self.send_waiting()

    # For the navigator (see `NavigationView`)

    def use_settings(self, keys: Mapping[str, str], theme: str | None) -> None:
        """Let the application bind keys and choose a theme."""
        self.post_message(self.SettingsRead(keys, theme))

    def show_unusable_settings(self) -> None:
        """Name the keys and the theme of the settings that the screen cannot use, long enough to be read."""
        from chat_personas.tui.unusable_settings import faults_of

        settings = self.session.settings
        self.settled("settings")
        faults = list(faults_of(settings.keys, settings.theme, self.app.available_themes))
        if faults:  # one notice for all, because only the newest is seen
            lines = [printable(f"settings: {fault.line}") for fault in faults[:MOST_FAULTS]]
            if len(faults) > MOST_FAULTS:
                lines.append(f"and {len(faults) - MOST_FAULTS} more: run chat-personas doctor")
            notice = Notification("\n".join(lines), "", "warning", SECONDS_OF_A_FAULT, markup=False)
            self._notify_about("settings", notice)

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
        line.template = info.given_template or ""
        line.context, line.state = info.context_length or 0, ""

    def show_opening(self, model: str) -> None:
        """Say in the status line that another model of this name is being opened, "" for no more."""
        self._other_model = model
        if not model and self.session.engine is None:
            self.status_line.state, self._said_doing = NO_MODEL, False
        self._show_doing()

    async def show_no_model(self, error: "EngineError") -> None:
        """Say why the model could not be opened."""
        self.status_line.state = NO_MODEL
        self.transcript.wait_for(WAITS_WITHOUT_MODEL.format(key=key_of("again")))
        await self.transcript.add(Entry("failure", f"{error} ({key_of('again')} tries again)"))

    async def show_conversation(self, conversation: "Conversation") -> None:
        """Show a new conversation, or one of the corpus. Raises CorpusError."""
        self.title_line.persona = conversation.persona.title
        self.title_line.steering = conversation.knob.described()
        self.status_line.own_text = own_text(conversation.persona)
        if self.status_line.state == self._speed:
            self.status_line.state = ""
        self._speed = ""  # that of a reply in the conversation before
        self.show_title()
        await self.show_context()
        self.measuring.clear()
        await self.replies.show_path()
        self.refresh_bindings()
        if conversation.grows_elsewhere:
            self._follow_elsewhere()

    @work(group="elsewhere", exclusive=True)
    async def _follow_elsewhere(self) -> None:
        """Show and measure the reply that another program writes here when it has ended; then send what waits."""
        try:
            if await self.replies.follow_elsewhere():
                await self.show_context()
                self.measuring.follow()
                self.measure()
        except ReportedError as error:
            self.notify_failure(error)
        await self.replies.send_waiting()

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

    def submitted(self, text: str) -> None:
        """Send the text as a new message, or instead of the message that is being edited; or do what it asks for."""
        message_id = self.editing.end()
        if message_id is not None:
            if self._other_model or self.replies.changing:
                self.notify(OTHER_MODEL if self._other_model else CHANGING, markup=False)  # the edit comes back
            elif not self._is_here(message_id):
                self.notify(NOT_HERE, markup=False)  # the text comes back
            self.run_worker(self.replies.edit(message_id, text), group="replies")
        elif not self._do_written(text):
            self.choosing.said(text)
            self.run_worker(self.replies.say(message_of(text)), group="replies")

    def _is_here(self, message_id: str) -> bool:
        conversation = self.session.conversation
        return conversation is not None and any(message.id == message_id for message in conversation.path)

    def _do_written(self, text: str) -> bool:
        """Do what a line that begins with a slash asks for; return whether it is one, or was meant to be.

        A text that had come back, and after which the line was typed, stays in the composer.
        """
        returned, line = self.composer.parted(text)
        if "\n" in line:
            return False
        try:
            found = asked(line, "screen")
        except CommandError as error:
            self.composer.give_back(returned, line)
            self.notify(printable(f"{error}"), severity="warning", markup=False)
            return True
        if found is None:
            return False
        if returned:
            self.composer.give_back(returned)
        if not self.do(found.command.name, found.argument) and found.argument:
            self.composer.clear()
            self.composer.give_back(returned, line)
        return True

    def do(self, name: str, argument: str = "") -> bool:
        """Do what a command of the table asks for, or say why that does nothing now; return whether it is done."""
        why = why_nothing(name, argument, self._situation)
        if why is None:
            self.handlers[name](argument)
        else:
            say_refused(name)
            self.notify(why, markup=False)
        return why is None

    @property
    def _situation(self) -> Situation:
        conversation = self.session.conversation
        return Situation(
            corpus=self.session.corpus is not None,
            conversation=conversation is not None,
            replying=self.replies.busy,
            opening=bool(self._other_model),
            changing=self.replies.changing,
            editing=self.editing.under_way,
            can_stop=self.talking.escape_action is not None,
            no_measure=self.measuring.why_never,
            wide=self.app.size.width >= WIDE,
            panel=self.panel.display,
        )

    def action_command(self, name: str) -> None:
        """Do what the key of a command asks for."""
        self.do(name)

    @on(TextArea.Changed, "#composer")
    def offer_commands(self) -> None:
        """List the commands that the text may become, and keep the text."""
        self.drafts.changed()
        if not self.editing.under_way:  # a command has one line: a long text is not put together at every key
            lines = self.composer.document.lines
            self.completion.offer(lines[0] if len(lines) == 1 else "")

    @on(Composer.ScrollAsked)
    def scroll_transcript(self, event: Composer.ScrollAsked) -> None:
        """Scroll the transcript while the composer keeps the focus."""
        self.transcript.scroll_pages(event.pages)

    @on(Composer.RecallAsked)
    def recall(self, event: Composer.RecallAsked) -> None:
        """Show in the composer what was said before."""
        self.choosing.recall(event.by)

    @on(ChoosingTranscript.Asked)
    def act_on_message(self, event: ChoosingTranscript.Asked) -> None:
        """Do with the chosen message what its key asks for."""
        self.choosing.act(event.entry, event.what)

    @on(FindLine.Left)
    def leave_find(self) -> None:
        """Hide the words that were looked for, and stay at the message that was found."""
        self.choosing.leave_find()

    def action_leave_edit(self) -> None:
        """Cancel the edit."""
        self.editing.leave()

    @work(group="introduction")
    async def action_dismiss_introduction(self) -> None:
        """Show the introduction no more."""
        await self.introduction.dismiss()

    def action_take_back(self) -> None:
        """Return the newest waiting message to the composer."""
        self.talking.take_back()

    def on_thought_fold_toggled(self) -> None:
        """Let the person type on after a click on a thought."""
        self.set_focus(self.composer)

    def replies_changed(self) -> None:
        """Show the keys that do something now, and no figures about what is no longer on the screen."""
        self.refresh_bindings()
        self.measuring.follow()
        self.keep()
        self.drafts.changed()
        self._show_doing()

    def give_back(self, text: str, replaces: str | None) -> None:
        """Return a text that could not be sent to the composer, as the edit of its message where that is shown."""
        own = () if self.drafts.between else self.transcript.own()
        edited = next((entry for entry in own if entry.message_id == replaces), None)
        if replaces is None or edited is None or self.editing.under_way:
            self.editing.give_back(text)
        else:
            self.editing.begin(replaces, text, which_of(edited, own))

    def reply_ended(self, event: "ReplyEnded") -> None:
        """Update title, speed and context use, and measure the conversation."""
        self._speed = speed(event.usage)
        self._show_context_after(event)
        self.show_title()
        self._garbage.ask()
        if event.status in ("complete", "stopped"):
            self.measure()

    # What could not be stored

    def on_screen_resume(self) -> None:
        """Watch over what was said on the screen that was left, too, and hide in the panel what is guessed there."""
        self.keep()
        self.panel.hide_people_of(self.session.guessed)

    def keep(self) -> None:
        """Begin to watch over what is not stored, where there is something and nobody does."""
        self.keeping.begin_on(self)

    def show_unsaved(self, unsaved: bool) -> None:
        """Say in the title whether something is not stored."""
        self.title_line.unsaved = unsaved

    def stored_at_last(self) -> None:
        """Say that all is stored, keep what is typed with it, and measure what is said by now."""
        self.notify(STORED, markup=False)
        self.drafts.changed()
        self.show_title()
        self.measure()

    def key_of(self, action: str) -> str:
        """Return how the key of a command is written as it is bound; "" where it has none."""
        found = keys_shown(binding_of(COMMANDS[action], ""), self.app._keymap, self.app.get_key_display)
        return next(iter(found), "")

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
        """Show the score in the title, for screens on which the panel is hidden, and count in step with the panel."""
        self.title_line.score = event.in_short
        self._show_doing()

    def measure_or_not(self, wanted: str) -> None:
        """Start or stop measuring; `wanted` may say which of both: "on" or "off"."""
        if wanted not in ("", "on", "off"):
            self.notify("Write /measure on or /measure off.", severity="warning", markup=False)
        elif not wanted or (wanted == "on") != self.measuring.enabled:
            self._start_or_stop_measuring()
        else:
            self.notify(f"It is {'measured' if wanted == 'on' else 'not measured'} already.", markup=False)

    @work(group=ASK, exclusive=True)
    @changes_screen
    async def _start_or_stop_measuring(self) -> None:
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

    # The focus

    def on_reply_mark_clicked(self) -> None:
        """Explain the mark in the margin: the course has the figures of all of them."""
        self.panel_place.explain("course")

    def on_resize(self) -> None:
        """Show the panel beside the conversation where there is room for both, and what is typed in every window."""
        self.panel_place.fit()
        self.composer.fit(self.app.size.height - ROWS_BESIDE)

    def action_leave_panel(self) -> None:
        """Go back from the panel to the composer."""
        self.write_on()

    def write_on(self) -> None:
        """Show the conversation with no message chosen, and let the text that is being written have the focus, at once.

        `Widget.focus` would wait, and the letters that are typed meanwhile would be lost.
        """
        self.panel_place.uncover()
        self.find_line.close()
        self.set_focus(self.composer)
        self.transcript.choose(None)

    def focus_previous(self, selector: str | type[Widget] = "*") -> Widget | None:
        """Move the focus back; at the transcript, say so where it has no message to choose."""
        focused = super().focus_previous(selector)
        if focused is self.transcript:
            self.choosing.say_if_nothing_to_choose()
        return focused

    def on_screen_suspend(self) -> None:
        """Let the text have the focus when the screen that covers this one has been left.

        A message that is chosen, or that words have found, stays chosen: more may be done with it. What goes elsewhere
        from the covering screen says so itself (`write_on`).
        """
        if not self._aside:
            self.write_on()

    @property
    def away_from_text(self) -> bool:
        """Whether letters are typed elsewhere, as in the transcript after a click; they go to the text."""
        return self.composer.is_attached and self.focused not in (self.composer, self.find_line.typed)

    # Keys, status and title

    def help(self, command: str) -> None:
        """List the keys and commands, or say what one command does."""
        from chat_personas.tui.key_registry import named_bindings
        from chat_personas.tui.screens.help import HelpScreen, named_keys

        if not command:
            keys = named_keys(named_bindings(), self.app._keymap, self.app.get_key_display)
            self.app.push_screen(HelpScreen(keys))
            return
        try:
            found = named(command, "screen")
        except CommandError as error:
            self.notify(printable(str(error)), severity="warning", markup=False)
        else:
            self.notify(f"{found.written_on_screen}: {found.in_short}", markup=False)

    def change_settings(self, words: str) -> None:
        """Show and change the settings, those with these words first."""
        self.run_worker(self._change_settings(words), group=ASK, exclusive=True)

    @changes_screen
    async def _change_settings(self, words: str) -> None:
        from chat_personas.tui.screens.settings import SettingsScreen

        settings = SettingsScreen(self.session.launch.given, self._use_settings_again, words)
        await self.app.push_screen_wait(settings)
        if "measure" in settings.changed:
            self.call_later(self.measure_or_not, "on" if self.session.settings.measure else "off")

    @work(group="settings")
    async def _use_settings_again(self) -> None:
        """Use the settings as the file has them now, as far as that is possible while a conversation is open."""
        try:
            settings = await self.session.read_settings_again()
        except ReportedError as error:
            self.notify_failure(error)
        else:
            self.use_settings(settings.keys, settings.theme)
            if (notice := self._notices.get("settings")) is not None and notice in self.app._notifications:
                self.show_unusable_settings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable the one action that Escape has now, and Back only outside the composer."""
        doing = command_of(action, parameters) or action
        if doing in ("stop", "leave_edit", "take_back", "dismiss_introduction"):
            return doing == self.talking.escape_action and not self._aside
        if doing == "leave_panel":
            return not (self.composer.has_focus or self.find_line.typed.has_focus)
        return True

    def _without_use(self, action: str) -> bool:
        """Whether the key line leaves out the key of an action: F9 where the model has not thought."""
        return command_of(action) == "thought" and not self.transcript.has_thoughts

    @property
    def _aside(self) -> bool:
        """Whether a message is chosen or words are looked for: Escape leaves that first."""
        return self.focused in (self.transcript, self.find_line.typed)

    def _quit(self, _: str) -> None:
        self.call_later(self.app.action_quit)

    async def show_context(self) -> None:
        """Show how much of the model's context the conversation takes, if that is known. Raises CorpusError."""
        conversation = self.session.conversation
        use = await conversation.context_use() if conversation is not None else None
        self.status_line.used = use.tokens if use is not None else None
        self.status_line.at_least = use is not None and use.at_least

    def _show_context_after(self, event: "ReplyEnded") -> None:
        """Show the context used by a reply with its prompt; look it up if that is not reported, or with a thought."""
        self.workers.cancel_group(self, "context")
        conversation = self.session.conversation
        last = conversation.path[-1:] if conversation is not None else ()
        thought = conversation is not None and any(reply.id in conversation.thoughts for reply in last)
        tokens = event.usage.context_tokens if event.usage is not None and not thought else None
        if tokens is not None:
            self.status_line.used, self.status_line.at_least = tokens, False
        else:
            self._show_stored_context()

    @work(group="context", exclusive=True)
    async def _show_stored_context(self) -> None:
        try:
            await self.show_context()
        except ReportedError as error:
            self.notify_failure(error)

    def notify_failure(self, error: ReportedError, about: str = "") -> None:
        """Say what could not be done; where it is `about` a model, say, until that is `settled`."""
        no_screen_comes(refused=True)
        notice = Notification(printable(str(error)), "", "error", self.app.NOTIFICATION_TIMEOUT, markup=False)
        self._notify_about(about, notice)

    def settled(self, about: str) -> None:
        """Take away the notice of what could not be done about this, as it is done now."""
        notice = self._notices.pop(about, None)
        if notice is not None:
            self.app._unnotify(notice)

    def _notify_about(self, about: str, notice: Notification) -> None:
        if about:
            self._notices[about] = notice
        self.app.post_message(Notify(notice))

    def show_title(self) -> None:
        """Show the title of the conversation, and which other models made replies of it."""
        conversation = self.session.conversation
        if conversation is not None:
            self.title_line.others = ", ".join(dict.fromkeys(model.name for model in conversation.other_models))
            self.title_line.conversation = conversation.title if conversation.path else ""
