"""The application in which one person takes part in a study: page after page, and leaving it anywhere."""

from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Button, Static
from textual.worker import WorkerFailed

from chat_personas.corpus import Corpus
from chat_personas.reporting.study_wording import (
    LEFT,
    NOT_AGREED,
    THANKS,
    TOO_YOUNG,
    code_line,
    go_on_command,
    withdrawal_line,
)
from chat_personas.studies.participation import AFTER, CONVERSATION, DEBRIEFING, GUESSES_AFTER, Identity, Participation
from chat_personas.studies.steps import Debriefing, Ended, Guessing, Questionnaire, Step, Talk
from chat_personas.studies.study import LoadedStudy
from chat_personas.tui.app import BY_CHOICE, TerminalApp
from chat_personas.tui.screens.dialogs import Dialog
from chat_personas.tui.study.guessing import GuessPage
from chat_personas.tui.study.pages import (
    ConsentPage,
    DebriefingPage,
    MeasuringPage,
    StudyPage,
    TextPage,
)
from chat_personas.tui.study.questionnaire import QuestionnairePage
from chat_personas.tui.study.session import OpenEngine, StudySession
from chat_personas.tui.study.talk import TalkPage
from personas.errors import ReportedError

CLOSE = "Close"
LEAVING = (
    "You can stop here and go on later: everything is stored. Or you can leave the study for good, which you may do at "
    "any time and without giving a reason."
)
AGAIN_STOPS = "Press Ctrl+C again to stop. All is stored."
GO_ON_LATER = "Not done yet; to go on: {command}"


Way = Literal["later", "leave"]


class LeaveScreen(Dialog[Way | None]):
    """Asks whether the person goes on later, or leaves the study for good. Gives None where the person stays."""

    CSS_PATH = "pages.tcss"
    AUTO_FOCUS = "#stay"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,s", "choose('stay')", "Stay"),
        Binding("l", "choose('later')", "Go on later"),
        Binding("e", "choose('leave')", "Leave the study"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Lay out the question above its answers."""
        with Vertical(id="dialog"):
            yield Static(LEAVING, markup=False, id="question")
            with Horizontal(id="answers"):
                yield Button("Stay (s)", id="stay", compact=True)
                yield Button("Go on later (l)", id="later", compact=True)
                yield Button("Leave the study (e)", id="leave", compact=True, variant="error")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by button."""
        self.action_choose(event.button.id or "stay")

    def action_choose(self, way: str) -> None:
        """Answer by key."""
        self.dismiss("later" if way == "later" else "leave" if way == "leave" else None)


class StudyApp(TerminalApp):
    """Takes one person through a study, from the consent to the code."""

    session: StudySession
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "stop", "Pause or leave", priority=True)]

    def __init__(
        self,
        study: LoadedStudy,
        corpus: Corpus,
        identity: Identity,
        resume: Participation | None,
        open_engine: OpenEngine,
        *,
        test: bool = False,
        log_path: Path | None = None,
        theme: str | None = None,
    ) -> None:
        """Prepare; the caller opens and closes the corpus.

        `resume` is the participation to go on with, None for a new person. `test` marks a new one as a trial.
        """
        super().__init__()
        self.session = StudySession(study, corpus, identity, resume, open_engine, test=test)
        self._parting: list[str] = []
        self._log_path = log_path
        self.use_settings({}, theme)

    @property
    def log_path(self) -> Path | None:
        """Where native libraries may write."""
        return self._log_path

    @property
    def hint_to_press_again(self) -> str:
        """What is said after the first Ctrl+C."""
        return AGAIN_STOPS

    def run(self, *arguments: object, **options: object) -> None:
        """Show the pages until the person is through, or stops; then say how to go on.

        Raises:
            ReportedError: the study cannot go on, as one line ready to print; all that was answered is stored.
            Exception: an internal error, whose traceback is in the log.
        """
        try:
            super().run(*arguments, **options)
        finally:
            if self.session.running:
                assert self.session.way is not None
                command = go_on_command(self.session.study, self.session.way)
                self._parting = [GO_ON_LATER.format(command=command)]
            with suppress(OSError):  # the terminal is gone
                print(*self._parting, sep="\n", end="\n" if self._parting else "", flush=True)

    def on_ready(self) -> None:
        """Once the first frame is on the screen, open the model and show the first page."""
        self.session.open_model()
        self._go_through()

    async def on_unmount(self) -> None:
        """Store what is under way and free the model, however the program ends."""
        await self.session.close()

    # The way

    @work(exclusive=True, group="way")
    async def _go_through(self) -> None:
        """Go through the study, from where the person is to the end."""
        session = self.session
        if session.way is None and not await self._agree():
            self.exit(return_code=BY_CHOICE)
            return
        way = session.way
        assert way is not None
        step = await session.next_step()
        if not isinstance(step, Ended) and way.stage == way.stages[0]:
            await self._show(TextPage(session, [session.study.study.instructions]))
        while not isinstance(step, Ended):
            await self._do(step)
            step = await session.next_step()
        await self._end(step)

    async def _agree(self) -> bool:
        """Ask for consent and store it; return whether the person takes part."""
        agreed = await self.push_screen_wait(ConsentPage(self.session))
        if agreed is None or agreed.adult is False:
            await self._show(TextPage(self.session, [NOT_AGREED if agreed is None else TOO_YOUNG], CLOSE))
            return False
        await self.session.begin(adult=agreed.adult, traces=agreed.traces)
        return True

    async def _do(self, step: Step) -> None:
        """Show a step and store that it is done."""
        session = self.session
        if isinstance(step, Questionnaire | Guessing) and step.stage in (GUESSES_AFTER, AFTER):
            session.begin_measuring()  # while the person is busy
        if isinstance(step, Questionnaire):
            for sheet in step.sheets:
                await self._show(QuestionnairePage(session, sheet))
            await session.finish(step.stage)
        elif isinstance(step, Guessing):
            for question in step.missing:
                await self._show(GuessPage(session, step, question))
            await session.finish(step.stage)
        elif isinstance(step, Talk):
            await self._show(TalkPage(session, step))
            await session.finish(CONVERSATION)
        elif isinstance(step, Debriefing):
            await self._debrief(step)

    async def _debrief(self, step: Debriefing) -> None:
        session = self.session
        session.begin_measuring()
        if session.measuring:
            await self._show(MeasuringPage(session))
        await self._show(DebriefingPage(session, step, await session.learnt(step)))
        await session.finish(DEBRIEFING)

    async def _end(self, ended: Ended) -> None:
        """Thank the person, tell the code and how to withdraw, and end the program."""
        way = self.session.way
        assert way is not None
        code = code_line(ended.code)
        thanks = LEFT if ended.status == "left" else THANKS
        texts = [thanks, *([code] if code is not None else []), withdrawal_line(way)]
        self._parting = texts[1:]  # whoever leaves the last page too soon finds them in the terminal
        await self._show(TextPage(self.session, texts, CLOSE))
        self.exit(return_code=BY_CHOICE)

    async def _show(self, page: StudyPage[None]) -> None:
        await self.push_screen_wait(page)

    # Leaving

    def action_stop(self) -> None:
        """Ask whether to go on later or to leave; before the consent and after the end there is nothing to ask."""
        if not self.session.running:
            self.exit(return_code=BY_CHOICE)
        elif not isinstance(self.screen, LeaveScreen):
            self._ask_and_leave()

    @work(exclusive=True, group="stop")
    async def _ask_and_leave(self) -> None:
        chosen = await self.push_screen_wait(LeaveScreen())
        if chosen == "later":
            await self.leave(BY_CHOICE)
        elif chosen == "leave":
            self.workers.cancel_group(self, "way")
            await self._end(await self.session.end_early())

    async def action_quit(self) -> None:
        """Stop here, to go on later: what Ctrl+C does when it is pressed twice."""
        await self.leave(BY_CHOICE)

    async def leave(self, code: int) -> None:
        """Store what is under way, and end with this exit code; the participation can be gone on with."""
        try:
            for screen in self.screen_stack:
                await _keep(screen)
            await self.session.stop()
        finally:
            self.exit(return_code=code)

    def _handle_exception(self, error: Exception) -> None:
        """End with an error of ours as one line, once what is under way is stored; with any other as `TerminalApp`."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        if isinstance(cause, ReportedError) and not self._exit:
            self._end_with(cause)
        else:
            super()._handle_exception(error)

    def on_study_page_failed(self, event: StudyPage.Failed) -> None:
        """Something could not be stored."""
        self._end_with(event.error)

    def _end_with(self, error: ReportedError) -> None:
        self.session.failure = self.session.failure or error
        self.exit(return_code=error.exit_code)


async def _keep(screen: Screen[object]) -> None:
    if isinstance(screen, StudyPage):
        await screen.keep()
