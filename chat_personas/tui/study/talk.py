"""The talk with the persona: messages and replies, how many there are, and going on after enough of them.

What is measured is not shown: it would tell what is guessed afterwards.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Key, Paste
from textual.widgets import Static

from chat_personas.corpus import CorpusError
from chat_personas.corpus.study_rows import CompositionRow
from chat_personas.reporting.study_wording import TOO_LONG, paragraphs, talk_title
from chat_personas.studies.steps import Talk
from chat_personas.text import full_stop, pluralize, printable
from chat_personas.tui.chat.replies import ReplyController
from chat_personas.tui.screens.dialogs import ConfirmScreen
from chat_personas.tui.study.pages import StudyPage
from chat_personas.tui.study.session import StudySession
from chat_personas.tui.terminal_guard import QuietCollection, spare_what_is_here
from chat_personas.tui.widgets.composer import Composer
from chat_personas.tui.widgets.entries import Entry
from chat_personas.tui.widgets.transcript import Transcript
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import ReplyEnded

GREETING = "Write something to begin."
END_IT = "Do you want to end the conversation and go on? You cannot come back to it."
UNREACHABLE = (
    "Your partner cannot be reached: {why} Please tell the researchers; all that you did is stored. "
    "Ctrl+R tries again; with Ctrl+Q you can go on later."
)
NO_MORE = "You have written as many messages as this conversation has. Please go on."
STILL_REPLYING = "Your partner is still writing; Esc stops the reply."


@dataclass(slots=True)
class Typing:
    """How a message is typed. What is pasted is compared with the message in the end, and then forgotten."""

    since: float
    keys: int = 0
    first_key: float | None = None
    pasted: tuple[str, ...] = ()

    def row(self, message_id: str, text: str) -> CompositionRow:
        """Return what is stored of it: counts and times. Pasted text counts as far as it is still in the message."""
        kept = sum(len(piece) for piece in self.pasted if piece.strip() in text)
        return CompositionRow(
            message_id=message_id,
            keys=self.keys,
            pasted=tuple(map(len, self.pasted)),
            first_key_seconds=None if self.first_key is None else self.first_key - self.since,
            pasted_share=min(1.0, kept / len(text)),
        )


class WatchedComposer(Composer):
    """A composer that sends only while nobody is replying, and notes how the message is typed."""

    def __init__(self, submit: Callable[[str], None]) -> None:
        super().__init__(submit)
        self.may_send = False
        self.typing_now = Typing(time.monotonic())
        self.typed = self.typing_now

    def begin_message(self) -> None:
        """Begin to note the next message."""
        self.typing_now = Typing(time.monotonic())

    def on_key(self, event: Key) -> None:
        """Count the key, never which one."""
        self.typing_now.keys += 1
        if self.typing_now.first_key is None:
            self.typing_now.first_key = time.monotonic()

    def on_paste(self, event: Paste) -> None:
        """Note a paste of the terminal."""
        self._note_paste(event.text)

    def action_paste(self) -> None:
        """Paste what was copied in the program, and note it."""
        self._note_paste(self.app.clipboard)
        super().action_paste()

    def _note_paste(self, text: str) -> None:
        if text:
            self.typing_now.pasted = (*self.typing_now.pasted, text)

    def action_send(self) -> None:
        """Send, unless a reply is under way: then the text stays."""
        if self.may_send and self.text.strip():
            self.may_send = False
            self.typed = self.typing_now
            super().action_send()
            self.begin_message()


class TalkPage(StudyPage[None]):
    """The conversation of a study. It can be ended after enough messages, and takes no more than the study allows."""

    CSS_PATH = ["pages.tcss", "../widgets/transcript.tcss", "../chat/chat.tcss", "talk.tcss"]  # noqa: RUF012
    GO_ON = "Go on"
    AUTO_FOCUS = "#composer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop the reply", priority=True),
        Binding("ctrl+r", "try_again", "Try again", priority=True),
        Binding("f2,ctrl+g", "go_on", "Go on", priority=True),
    ]

    def __init__(self, session: StudySession, step: Talk) -> None:
        super().__init__(session)
        self._step = step
        self._text = ""
        self.composer = WatchedComposer(self.submitted)
        self.transcript = Transcript(give_way=lambda: self.composer.typing)
        assert session.way is not None
        self._name = talk_title(session.way, step.persona.persona.title)
        self.replies = ReplyController(
            session,
            self.transcript,
            self,
            speaker=self._name,
            greeting=lambda: Entry("notice", GREETING),
            stored=self._stored,
            too_long=TOO_LONG,
        )
        self._garbage = QuietCollection(lambda: not (self.replies.busy or self.composer.typing), self.set_timer)

    def body(self) -> ComposeResult:
        """What is to be done, the conversation, and the composer."""
        study = self.session.study.study
        talk = study.conversation
        about = [] if study.blind else [f"You talk with: {self._name}"]
        about += paragraphs(talk.instructions) if talk.instructions else []
        if talk.topics:
            about.append(f"Topics: {', '.join(talk.topics)}")
        with VerticalScroll(id="about", can_focus=False):
            yield Static(printable("\n".join(about)), markup=False)
        yield self.transcript
        yield self.composer

    def on_mount(self) -> None:
        """Open the talk when the page is drawn."""
        super().on_mount()
        self.button.disabled = True
        self.call_after_refresh(self.open)

    @work(group="open", exclusive=True)
    async def open(self) -> None:
        """Open the talk once the model is ready; a model that fails is told and may be tried again."""
        try:
            await self.session.open_talk(self._step)
        except CorpusError:
            raise
        except ReportedError as error:
            await self.transcript.show([Entry("failure", UNREACHABLE.format(why=full_stop(str(error))))])
        else:
            await self.replies.show_path()
            spare_what_is_here()
        self._show_turns()

    @property
    def _open(self) -> bool:
        return self.session.conversation is not None

    def _show_turns(self) -> None:
        """Say how many messages there are, and let the person do what may be done now."""
        sitting, talk = self.session.sitting, self.session.study.study.conversation
        if sitting is None or not self._open:
            return
        over = sitting.must_end
        self.say(
            NO_MORE
            if over
            else f"You have written {sitting.turns} of at least {talk.least_turns}, "
            f"at most {pluralize(talk.most_turns, 'message')}."
        )
        self.composer.may_send = not over and not self.replies.busy
        self.composer.disabled = over
        self.button.disabled = not sitting.may_end or self.replies.busy
        if over and not self.replies.busy:
            self.button.focus()
        self.refresh_bindings()

    # Talking

    def submitted(self, text: str) -> None:
        """Send the message."""
        self._text = text
        self.run_worker(self._say(self.replies.say(text)), group="replies")

    async def _say(self, saying: Awaitable[None]) -> None:
        await saying
        conversation = self.session.conversation
        if conversation is not None and conversation.unsaved is not None:
            await conversation.save()  # raises CorpusError where that fails again: the program ends with it

    def _stored(self, message_id: str) -> None:
        """Store how the message was typed, where the person has agreed to that."""
        self._show_turns()
        row = self.composer.typed.row(message_id, self._text)
        self.run_worker(self.session.add_composition(row), group="typing")

    @on(Composer.ScrollAsked)
    def scroll_transcript(self, event: Composer.ScrollAsked) -> None:
        """Scroll the transcript while the composer keeps the focus."""
        self.transcript.scroll_pages(event.pages)

    def replies_changed(self) -> None:
        """Show what can be done now."""
        self._show_turns()

    def reply_ended(self, event: "ReplyEnded") -> None:
        """Begin to time the next message."""
        if not self.composer.text:
            self.composer.begin_message()
        self._garbage.ask()

    def give_back(self, text: str, replaces: str | None) -> None:
        """Return a text that could not be sent to the composer."""
        self.composer.give_back(text)

    @work(group="stop")
    async def action_stop(self) -> None:
        """Stop the reply and keep its text."""
        await self.replies.stop()

    @property
    def scroller(self) -> VerticalScroll:
        """The conversation."""
        return self.transcript

    # The model, and going on

    def action_try_again(self) -> None:
        """Try again to reach the partner, or to have a reply that broke off."""
        if self._open:
            self.run_worker(self.replies.regenerate(), group="replies")
        else:
            self.session.open_model()
            self.open()

    @work(group="ask", exclusive=True)
    async def _ask_to_end(self) -> None:
        if await self.app.push_screen_wait(ConfirmScreen(END_IT, "Go on", "Stay")):
            self.dismiss(None)

    async def action_go_on(self) -> None:
        """End the talk, where there was enough of it and the person is sure."""
        sitting, least = self.session.sitting, self.session.study.study.conversation.least_turns
        if sitting is None or not self._open:
            return
        if self.replies.busy:
            self.say(STILL_REPLYING)
        elif not sitting.may_end:
            self.say(f"Please write at least {pluralize(least - sitting.turns, 'more message')}.")
        else:
            self._ask_to_end()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Show Stop while a reply is under way, Go on once there is enough, and Try again where the model failed."""
        if action == "stop":
            return self.replies.busy
        if action == "try_again":
            if self.session.sitting is None or not self._open:
                return not self.session.readiness
            return self.session.sitting.broke_off and not self.replies.busy
        if action == "go_on":
            return not self.button.disabled
        return super().check_action(action, parameters)
