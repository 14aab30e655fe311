"""A debate on the screen: two personas in one transcript, the person moderates, and the course of both on a key."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Key, Resize
from textual.widgets import Input, Static

from chat_personas.conversation.commands import message_of
from chat_personas.conversation.conversation import ReplyEnded, ReplyStarted
from chat_personas.conversation.debate import Debate, DebateError, Spoken
from chat_personas.corpus.corpus import DEBATE
from chat_personas.corpus.messages import MODERATOR
from chat_personas.monitor.sides import SideMonitors
from chat_personas.reporting.debate import (
    DebateReport,
    circumstances,
    debate_report,
    figure_document,
    moved,
    page_document,
    reference_of,
)
from chat_personas.reporting.wording.conversations import STATUS_NOTES
from chat_personas.reporting.wording.measurements import EVERYONE, answered_briefly, answers_of, sentence
from chat_personas.text import pluralize, printable
from chat_personas.tui.chat.commands import Handler, do_beside, without_argument
from chat_personas.tui.chat.keeping import KeepingBeside
from chat_personas.tui.chat.measuring import why_not_measured
from chat_personas.tui.drawing import NAME_CELLS, axis_row, fitted, score_row, stacked, unbroken, with_interval
from chat_personas.tui.key_registry import key_here
from chat_personas.tui.room.choosing import ChosenDebate, DebateChoosingScreen
from chat_personas.tui.room.other_models import OtherModels, agree_to_measure, model_of, models_line, open_again
from chat_personas.tui.room.unsent import UnsentLines, read
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.screens.dialogs import save_document
from chat_personas.tui.session import Session
from chat_personas.tui.widgets.entries import Entry
from chat_personas.tui.widgets.panel.headline import Figures, WithIntervals, in_short
from chat_personas.tui.widgets.thoughts import ShownThought
from chat_personas.tui.widgets.title_and_status import Doing, KeyLine, of_reply
from chat_personas.tui.widgets.transcript import Transcript
from eval.interventions import tried_out
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus, MessageRow
    from eval.surveys.loading import LoadedSurvey

MARKS = ("●", "□")
"""What tells the sides apart besides their names and colours."""
STYLES = ("bold $text-accent", "bold $text-secondary")
MODERATE = "Say something as the moderator"
HOW_TO_MODERATE = "What you write is said to both sides. /stop pauses, /end leaves."
WAITING = "…"
GO_ON, ANOTHER_ROUND, LEAVE = "Go on", "One more round", "Leave"
AROUND = 6
"""Cells beside the picture of the course."""


class ModeratorInput(Input):
    """What the moderator writes; a space with nothing written pauses the debate, for no message begins with one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause", id="debate_pause", tooltip="Pause after this turn, or go on")
    ]

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Say that every character is written here, so that only what is not one can be a key; a space may pause."""
        return key != "space" and super().check_consume_key(key, character)

    def on_key(self, event: Key) -> None:
        """Pause by its key where nothing is written, after the keys before this one.

        A binding with priority would act when the application sees the key. In fast typing that is before the letters
        typed before it have been written.
        """
        bound = self.screen.active_bindings.get(event.key)
        if bound is not None and bound.binding.action == "pause" and not self.value:
            event.stop()
            event.prevent_default()
            self.action_pause()

    def action_pause(self) -> None:
        """Pause, or go on."""
        if isinstance(self.screen, DebateScreen):
            self.screen.pause_or_go_on()


class DebateScreen(AnsweringScreen[None]):
    """Lets the sides speak in turn, measures each after its turn, and hands on what the moderator says."""

    CSS_PATH = ["../widgets/transcript.tcss", "room.tcss"]  # noqa: RUF012
    AUTO_FOCUS = "#moderate"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="debate_stop", priority=True, tooltip="Stop the turn; once more: leave"),
        Binding("f2,ctrl+t", "course", "Course", id="debate_course", tooltip="The course of both sides in a picture"),
        Binding("ctrl+s", "save", "Save", id="debate_save", tooltip="Save a page, a figure or the data"),
        Binding("f9", "thoughts", "Show or hide thoughts", id="debate_thoughts", show=False),
        Binding("pageup", "scroll(-1)", "Scroll up", id="debate_up", show=False),
        Binding("pagedown", "scroll(1)", "Scroll down", id="debate_down", show=False),
    ]

    def __init__(self, debate: Debate, session: Session, survey: "LoadedSurvey", unsent: str = "") -> None:
        """`unsent` is what the moderator typed here before and did not send."""
        super().__init__()
        self.debate = debate
        self._session = session
        self._survey = survey
        self._paused = False
        self._speaking: int | None = None
        self._measuring: int | None = None
        self._trouble = ""
        self._doing = Doing()
        self._figures = [Figures(), Figures()]
        assert session.corpus is not None
        self._monitors = SideMonitors(debate, session.launch.make_monitor, session.corpus)
        self._lines = [WithIntervals(classes="side") for _ in debate.sides]
        self._said: dict[str, Entry] = {}
        self._growing: str | None = None  # the key of the turn whose words come
        self._transcript = Transcript()
        self._transcript.can_focus = False
        self._state = Static(markup=False, id="state")
        self._moderator = ModeratorInput(unsent, id="moderate", placeholder=MODERATE, select_on_focus=False)
        self._brought_back = unsent
        self._unsent = UnsentLines(self, session.corpus, lambda: {debate.id: self._typed})
        self._keeping = KeepingBeside(session, lambda: self._speaking is not None, self._show_state)
        session.hold_beside(debate.sides)

    def compose(self) -> ComposeResult:
        """Lay out a line for each side, what is said, the state, and what the moderator writes."""
        yield Static(printable(self.debate.topic), markup=False, id="heading")
        with Horizontal(id="sides"):
            yield from self._lines
        yield self._transcript
        yield self._state
        yield self._moderator
        yield KeyLine(("stop", "pause", "course", "save", "quit"), named=self._key_named)

    def on_mount(self) -> None:
        """Show what was said before, and go on."""
        self._unsent.brought_back({self.debate.id: self._brought_back})
        for place in range(len(self._lines)):
            self._show_line(place)
        self.set_interval(1.0, self._say_state)
        self.argue()

    @property
    def _typed(self) -> str:
        """What the moderator typed and neither side has been given, in the order in which it was typed."""
        return " ".join(filter(None, (*self.debate.waiting, self._moderator.value)))

    @on(Input.Changed)
    def keep_unsent(self) -> None:
        """Keep what is typed."""
        self._unsent.changed()

    async def on_unmount(self) -> None:
        """Keep what is typed, and what waits for the end of a turn, however the screen is left."""
        await self._unsent.leave()

    @property
    def busy(self) -> bool:
        """Whether a side speaks or is measured."""
        return self._speaking is not None or self._measuring is not None

    def report(self) -> DebateReport:
        """Return what the debate came to so far."""
        return debate_report(self.debate, self._monitors.found, self._survey)

    @work(group="argue", exclusive=True)
    async def argue(self) -> None:
        """Let the sides speak in turn until the end, a pause or a failure; measure each at first and after a turn."""
        self._trouble = ""
        try:
            self._keeping.begin_on(self)
            await self._show_said()
            for place in range(len(self._lines)):
                if self._monitors.found[place] is None:
                    await self._measure(place)
            while not self._paused and (speaking := self.debate.next_place) is not None:
                if await self._speak(speaking):
                    await self._measure(speaking)
        except ReportedError as error:
            self._trouble, self._paused = printable(str(error)), True
        finally:
            self._speaking = self._measuring = self._growing = None
            self._show_state()
            self._keeping.begin_on(self)

    async def _speak(self, place: int) -> bool:
        """Let a side speak, and return whether it said something; where its model failed, pause."""
        self._speaking = place
        self._keeping.begin_on(self)
        self._show_state()
        async with aclosing(self.debate.turn()) as events:
            async for _, event in events:
                if isinstance(event, ReplyEnded) and event.status in ("error", "interrupted"):
                    self._trouble, self._paused = printable(event.why or "the model failed"), True
                if isinstance(event, ReplyStarted):
                    self._growing = event.message_id
                    await self._show_said()
                elif self._growing is not None and not isinstance(event, ReplyEnded):
                    await self._transcript.take(self._said[self._growing], event)
        self._growing = None
        await self._show_said()
        self._speaking = None
        return self.debate.next_place != place

    async def _measure(self, place: int) -> None:
        if why_not_measured(self._session, self.debate.sides[place].engine):
            return
        self._measuring = place
        self._show_state()
        try:
            async with aclosing(self._monitors.measure(place)) as estimates:
                async for estimate in estimates:
                    self._figures[place] = self._figures[place].after(estimate)
                    self._show_line(place)
                    self._say_state()  # the clock draws it once a second: it would lag behind the count of the line
        finally:
            self._measuring = None
            last = self._figures[place].estimate
            if last is not None and not last.complete:  # it failed or was stopped
                self._figures[place] = Figures()
                self._show_line(place)

    def _key_named(self, action: str) -> str:
        """Name the keys that stop and pause after what they do now."""
        if action == "stop":
            return "" if self.busy else LEAVE
        if action != "pause":
            return ""
        if not self.busy and self.debate.next_place is None:
            return ANOTHER_ROUND
        return GO_ON if self._paused or not self.busy else ""

    def pause_or_go_on(self) -> None:
        """Pause when this turn has ended, or go on; at the end add a round."""
        if self.busy:
            self._paused = not self._paused
            self._show_state()
        else:
            self._paused = False
            self._go_on()

    @work(group="go on", exclusive=True)
    async def _go_on(self) -> None:
        if self.debate.next_place is None:
            try:
                await self.debate.extend(1)
            except ReportedError as error:
                self.notify(printable(str(error)), severity="error", markup=False)
                return
        self.argue()

    @on(Input.Submitted, "#moderate")
    async def interject(self, event: Input.Submitted) -> None:
        """Say something to both sides, or do what is asked for with a slash."""
        if do_beside(self, event.input, self._handlers, HOW_TO_MODERATE) or not event.value.strip():
            return
        event.input.clear()
        try:
            await self.debate.interject(message_of(event.value))
        except ReportedError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
        await self._show_said()
        self._show_state()

    @property
    def _handlers(self) -> Mapping[str, Handler]:
        """What the commands that can be written here do."""
        return {
            "stop": without_argument(self.stop_or_say_how),
            "end": without_argument(self.leave),
            "thought": without_argument(self.action_thoughts),
            "help": without_argument(lambda: self.notify(HOW_TO_MODERATE, markup=False)),
            "quit": without_argument(lambda: self.run_worker(self.app.action_quit(), group="quit")),
        }

    def stop_or_say_how(self) -> None:
        """Stop the turn or the measuring; where nothing is under way, say how to go on."""
        if self.busy:
            self.action_stop()
        else:
            self.notify(HOW_TO_MODERATE, markup=False)

    @work(group="stop", exclusive=True)
    async def leave(self) -> None:
        """Go back to the conversation, with the turn under way stopped."""
        self._paused = True
        await self.debate.stop()
        self.workers.cancel_group(self, "argue")
        await self._session.try_to_save()
        self.dismiss(None)

    @work(group="stop", exclusive=True)
    async def action_stop(self) -> None:
        """Stop the turn or the measuring, and pause; with nothing under way, go back to the conversation."""
        if not self.busy:
            await self._session.try_to_save()
            self.dismiss(None)
            return
        self._paused = True
        if self._speaking is not None:
            await self.debate.stop()
        else:
            self.workers.cancel_group(self, "argue")

    @work(group="course", exclusive=True)
    async def action_course(self) -> None:
        """Show the course of both sides."""
        await self.app.push_screen_wait(CourseScreen(self.report()))

    @work(group="save", exclusive=True)
    async def action_save(self) -> None:
        """Write the debate to a file: a page, a figure or the data, as its name says."""
        report = self.report()
        makers = {".html": page_document, ".svg": figure_document, ".json": DebateReport.to_json}
        writers = {ending: partial(make, report) for ending, make in makers.items()}
        await save_document(self.app, "Save the debate", "debate.html", writers)

    def action_thoughts(self) -> None:
        """Unfold what the sides thought, or fold it again."""
        self._transcript.toggle_thoughts()

    def action_scroll(self, pages: int) -> None:
        """Scroll through what was said."""
        self._transcript.scroll_pages(pages)

    async def _show_said(self) -> None:
        """Show everything that was said; what is there already stays. `_speak` gives a turn that grows its words."""
        for one in [*self.debate.said()]:
            entry, message = self._said.get(one.message.id), one.message
            if entry is None:
                entry = self._said[message.id] = self._entry(one)
                await self._transcript.add(entry)
            if entry.growing and message.id != self._growing:
                await self._transcript.end(entry, _why_not_whole(message))

    def _entry(self, one: Spoken) -> Entry:
        message, growing = one.message, one.message.id == self._growing
        if one.place is None:
            return Entry("user", message.text, message.id, speaker=f"▸ {MODERATOR}")
        speaker = f"{MARKS[one.place]} {self.debate.names[one.place]}"
        note = WAITING if growing else _why_not_whole(message)
        thought = self.debate.sides[one.place].thoughts.get(message.id)
        return Entry(
            "reply",
            "" if growing else message.text,
            message.id,
            note,
            speaker,
            growing=growing,
            side=one.place,
            thought=ShownThought(thought.text, thought.seconds) if thought is not None and not growing else None,
        )

    def _show_line(self, place: int) -> None:
        """Show name and alignment of a side, or why there is none."""
        side = self.debate.sides[place]
        state = in_short(self._figures[place]) or why_not_measured(self._session, side.engine) or "not measured yet"
        several = len({model_of(each.engine) for each in self.debate.sides}) > 1
        on = f"on {side.engine.info.name}"
        where = f", {on}" if several and on not in self.debate.names[place] else ""
        people = " and ".join(group.label for group in side.persona.groups)
        beside = f"{where}, compared with {answers_of(people) if people else EVERYONE}"
        name = f"{MARKS[place]} {printable(self.debate.names[place])}"
        about = Content.assemble((name, STYLES[place]), printable(beside), "\n", printable(state))
        self._lines[place].show(about)

    def _show_state(self) -> None:
        self._unsent.changed()  # what waited may have been handed on
        self._say_state()
        self.refresh_bindings()  # the key that pauses may go on now

    def _say_state(self) -> None:
        self._state.update(printable(" · ".join(filter(None, self._about))))

    @property
    def _round(self) -> int:
        """The round of the turn that is under way or comes next; while a side is measured, that in which it spoke."""
        first, second = self.debate.spoken
        if self._measuring is not None:
            return max(1, self.debate.spoken[self._measuring])
        side = self.debate.next_place if self._speaking is None else self._speaking  # its turn may be counted already
        return first if side == 1 else second + 1

    @property
    def _about(self) -> Iterator[str]:
        rounds, measuring = self.debate.rounds, self._measuring
        ended = self._speaking is None and self.debate.next_place is None
        turn = None if measuring is None else self.debate.spoken[measuring]
        yield f"ended after {pluralize(rounds, 'round')}" if ended else f"round {self._round} of {rounds}"
        if self._speaking is not None:
            what, far, reply = of_reply(self._transcript.last("reply"), self.debate.sides[self._speaking].engine.info)
            name, doing = self.debate.names[self._speaking], self._doing.say(what, far, reply)
            yield f"{name}: {doing}" if doing else f"{name} speaks"
        elif measuring is not None:
            when = f"after turn {turn}" if turn else "before the first turn"
            estimate = self._figures[measuring].estimate
            under_way = estimate is not None and not estimate.complete
            far = f", {answered_briefly(estimate)}" if estimate is not None and under_way else ""
            yield self._doing.say("measuring", f"{self.debate.names[measuring]} {when}{far}", (measuring, turn))
        yield self._keeping.line
        if waiting := len(self.debate.waiting):
            waits = "waits" if waiting == 1 else "wait"
            yield f"{pluralize(waiting, 'message')} of yours {waits} for the end of the turn"
        if self.busy:
            yield "pausing after this turn" if self._paused else ""
        else:
            yield self._trouble or ("" if ended else "paused")
            pause, leave = key_here(ModeratorInput, "debate_pause"), key_here(DebateScreen, "debate_stop")
            yield f"{pause} {'adds a round' if ended else 'goes on'}, {leave} leaves"
        yield models_line([side.engine for side in self.debate.sides])


def _why_not_whole(message: "MessageRow") -> str:
    """Say how a turn that is not whole ended, and why; "" for one that is."""
    return ": ".join(filter(None, (STATUS_NOTES.get(message.status, ""), message.why)))


# The course


def course_rows(report: DebateReport, width: int) -> Content:
    """Draw both courses on one scale: a row for each side after each turn, with a dotted line at its own reference.

    A turn that is not sound has no point and says so, and a side without any point says why.
    """
    rows: list[Content] = []
    courses = [side.course for side in report.sides]
    for place, (side, course) in enumerate(zip(report.sides, courses, strict=True)):
        everyone = None if course is None else course.everyone
        dotted = "" if everyone is None else f"; dotted: {reference_of(side)}, {with_interval(everyone)}"
        said = Content.assemble((f"{MARKS[place]} {printable(side.title)}", STYLES[place]), dotted)
        rows.append(unbroken(said, width))
    rows.append(Content())
    known = [course for course in courses if course is not None and course.why is None]
    turns = sorted({turn for course in known for turn in (*(each.turn for each in course.points), *course.left_out)})
    for turn in turns:
        for place, course in enumerate(courses):
            if course is None or course.why is not None:
                continue
            guide = None if course.everyone is None else course.everyone.mean
            for point in course.points:
                if point.turn == turn:
                    rows.append(score_row(f"turn {turn}", MARKS[place], point.alignment, width, guide))
            if turn in course.left_out:
                rows.append(Content.assemble(fitted(f"{MARKS[place]} turn {turn}", NAME_CELLS), ("not sound", "dim")))
    if turns:
        rows.append(axis_row(width))
    return stacked([*rows, Content(), *(Content(sentence(moved(side))) for side in report.sides)])


class CourseScreen(AnsweringScreen[None]):
    """The course of both sides of a debate."""

    CSS_PATH = "room.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f2,ctrl+t", "back", "Back", id="course_back", priority=True)
    ]

    def __init__(self, report: DebateReport) -> None:
        super().__init__()
        self._report = report
        self._drawn = Static(markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the picture and what must be known with it."""
        yield Static("The course of both sides", markup=False, id="heading")
        with VerticalScroll(id="course"):
            yield self._drawn
            for line in circumstances(self._report):
                yield Static(printable(sentence(line)), markup=False, classes="remark")
        yield KeyLine()

    def on_resize(self, event: Resize) -> None:
        """Draw for the width, less what is around the picture and a bar to scroll by."""
        self._drawn.update(course_rows(self._report, max(40, event.size.width - AROUND)))

    def action_back(self) -> None:
        """Go back to the debate."""
        self.dismiss(None)


async def hold_debate(app: App[None], session: Session, topic: str) -> str | None:
    """Hold a debate, on `topic` if that is given. A conversation that is a side of one goes on with that one.

    Return the key of the conversation to open then: the open one, if the debate has gone on in it; else None.
    Call it in a worker.

    Raises:
        ReportedError: the debate cannot be begun, or the corpus cannot be read.
    """
    corpus, conversation = session.corpus, session.conversation
    if session.engine is None or corpus is None or conversation is None:
        app.notify("The model is not open yet.", markup=False)
        return None
    models, debate = OtherModels(session), None
    survey = await session.open_survey()
    try:
        known = await asyncio.to_thread(corpus.debate_of, conversation.id)
        if known is not None and not topic:
            try:
                debate = await _taken_up(app, models, corpus, known)
            except DebateError as error:  # hold another one
                app.notify(printable(str(error)), markup=False)
            else:
                if debate is None:
                    return None
        if debate is None:
            unsent = await read(corpus, DEBATE)
            own = await session.open_same_persona()
            chosen = await app.push_screen_wait(DebateChoosingScreen(survey, own, corpus, unsent, topic, models))
            if chosen is None:
                return None
            debate = await asyncio.to_thread(_begun, corpus, chosen)
        await _hold(app, models, debate, survey)
        return conversation.id if debate.id == known else None
    finally:
        await models.close()


async def _taken_up(app: App[None], models: OtherModels, corpus: "Corpus", identifier: str) -> Debate | None:
    """Return a debate of the corpus with the models of its sides; None where the person goes back."""
    await models.session.save()  # they may not be stored yet, and are read from the disk
    kept = [side.conversation_id for side in await asyncio.to_thread(corpus.debate_sides, identifier)]
    engines = await open_again(app, models, corpus, kept, may_leave_out=False)
    if engines is None:
        return None
    return await asyncio.to_thread(Debate.resume, corpus, (engines[kept[0]], engines[kept[-1]]), identifier)


def _begun(corpus: "Corpus", chosen: ChosenDebate) -> Debate:
    first, second = chosen.sides
    personas, engines = (first.persona, second.persona), (first.engine, second.engine)
    return Debate.start(corpus, engines, personas, chosen.topic, chosen.rounds)


async def _hold(app: App[None], models: OtherModels, debate: Debate, survey: "LoadedSurvey") -> None:
    """Show a debate until the person leaves it."""
    engines = [side.engine for side in debate.sides]
    await models.close_all_but(engines)
    await agree_to_measure(app, models.session, engines)
    for engine in engines:
        await tried_out(engine)
    assert models.session.corpus is not None
    unsent = await read(models.session.corpus, debate.id)
    await app.push_screen_wait(DebateScreen(debate, models.session, survey, unsent.get(debate.id, "")))
