"""Comparing personas on the screen: one message to two to four columns, each with its own line of the panel."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from chat_personas.conversation.commands import message_of
from chat_personas.conversation.comparison import (
    HOW_TO_COMPARE,
    MOST,
    NOT_ALIKE,
    Comparison,
    ComparisonError,
    kept_columns,
)
from chat_personas.conversation.conversation import ReplyEnded, ReplyStarted
from chat_personas.corpus.corpus import COMPARISON
from chat_personas.monitor.sides import SideMonitors
from chat_personas.own_personas import other_personas, other_steerings
from chat_personas.reporting.wording.measurements import answered_briefly
from chat_personas.text import printable
from chat_personas.tui.chat.commands import NO_REPLY, Handler, do_beside, without_argument
from chat_personas.tui.chat.keeping import KeepingBeside
from chat_personas.tui.chat.measuring import whose, why_not_measured
from chat_personas.tui.key_registry import key_here
from chat_personas.tui.key_routing import fills_list
from chat_personas.tui.room.other_models import (
    ANOTHER_MODEL,
    OnOtherModel,
    OtherModels,
    PersonaOnModel,
    agree_to_measure,
    choose_beside,
    model_of,
    models_line,
    open_again,
)
from chat_personas.tui.room.unsent import UnsentLines, read
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.screens.narrowed_list import Choice, NarrowedList
from chat_personas.tui.session import Session
from chat_personas.tui.widgets.entries import Entry, entries_of, note_of
from chat_personas.tui.widgets.panel.headline import Figures, WithIntervals, in_short
from chat_personas.tui.widgets.title_and_status import Doing, KeyLine, of_reply
from chat_personas.tui.widgets.transcript import Transcript
from personas import LoadedPersona
from personas.errors import ReportedError
from personas.persona import titled_by_steering

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation, ReplyEvent
    from chat_personas.corpus import Corpus
    from eval.engine import Engine

ALL_AT_ONCE = "Say something to all of them"
WAITING = "…"


class ColumnsScreen(NarrowedList[tuple[PersonaOnModel, ...] | None]):
    """Chooses what stands beside the persona that is talked with: up to three others, or itself.

    Itself is under another steering or on another model. Gives all columns, that persona first, or None if cancelled.
    """

    def __init__(self, first: LoadedPersona, models: OtherModels) -> None:
        super().__init__("Type to narrow the list: a persona, a steering, or model")
        self._first = first
        self._models = models
        self._engine = models.present  # of the next column
        self._columns = [PersonaOnModel(first, models.present)]
        self._offered: Mapping[str, LoadedPersona | None] = {}

    def on_mount(self) -> None:
        """Show the screen at once, and everybody as soon as they have been read."""
        self._name_columns()
        self.read()

    @work(exclusive=True)
    @fills_list()
    async def read(self) -> None:
        """Read the personas that can be columns, and list them."""
        self._offered = await asyncio.to_thread(lambda: dict(_offered(self._first)))
        self.narrow()

    def action_back(self) -> None:
        """Take back what is typed, then the other model, then the last column; with none left, compare nothing."""
        if self.typed.value:
            self.begin_again()
        elif self._on_other or len(self._columns) > 1:
            if not self._on_other:
                self._columns.pop()
            self._choose_next_on(self._models.present)
        else:
            self.dismiss(None)

    def choices(self, typed: str) -> Iterator[Choice]:
        """Yield what is picked, where nothing is typed, and the personas that fit while there is room for a column."""
        words = typed.casefold().split()
        if len(self._columns) > 1 and not words and not self._on_other:
            yield Choice(f"Compare {' and '.join(self._names)}", "")
        if len(self._columns) == MOST:
            return
        for line, loaded in self._lines.items():
            is_picked = loaded is not None and PersonaOnModel(loaded, self._engine) in self._columns
            if not is_picked and all(word in line.casefold() for word in words):
                yield Choice(line if loaded is None else f"+ {line}", line)

    def take(self, chosen: Choice) -> None:
        """Pick a persona, choose the model of the next one, or compare those that are picked."""
        if not chosen.value:
            self.dismiss(tuple(self._columns))
            return
        loaded = self._lines[str(chosen.value)]
        if loaded is None:
            self.choose_model()
            return
        self._columns.append(PersonaOnModel(loaded, self._engine))
        self._choose_next_on(self._models.present)

    @work(group="model", exclusive=True)
    async def choose_model(self) -> None:
        """Choose and open the model of the next column; where that fails, all stays as it is."""
        engine = await choose_beside(self.app, self._models, "Compare: on which model?")
        if engine is None:
            self.begin_again()
            return
        if engine is self._models.present:
            self.notify(f"{printable(engine.info.name)} is the model of the columns so far.", markup=False)
        self._choose_next_on(engine)

    @property
    def _on_other(self) -> bool:
        return self._engine is not self._models.present

    @property
    def _lines(self) -> Mapping[str, LoadedPersona | None]:
        """The personas by their lines, first the one that is talked with where it can be on another model."""
        if not self._on_other:
            return self._offered
        own = {f"{self._first.persona.title} ({self._first.persona.name})": self._first}
        return {**own, **{line: loaded for line, loaded in self._offered.items() if loaded is not None}}

    def _choose_next_on(self, engine: "Engine") -> None:
        self._engine = engine
        self._name_columns()
        self.begin_again()
        self.close_unused()

    @work(group="close")
    async def close_unused(self) -> None:
        """Close the models on which no column is."""
        await self._models.close_all_but([self._engine, *(column.engine for column in self._columns)])

    @property
    def _names(self) -> list[str]:
        return [*map(self._named, self._columns)]

    def _named(self, column: PersonaOnModel) -> str:
        persona = column.persona.persona
        where = f" on {column.engine.info.name}" if column.engine is not self._models.present else ""
        return f"{titled_by_steering(persona)}{where}"

    def _name_columns(self) -> None:
        where = f" on {self._engine.info.name}" if self._on_other else ""
        self.heading.update(printable(f"Compare: who answers the same{where}?"))
        self.about.update(printable(f"{' | '.join(self._names)} (up to {MOST} columns)"))


def _offered(first: LoadedPersona) -> Iterator[tuple[str, LoadedPersona | None]]:
    """Yield the persona itself under its other steerings, then the others of the library, each with its line.

    Between them stands the line that chooses another model, which has no persona.
    """
    yield from other_steerings(first)
    yield ANOTHER_MODEL, None
    yield from other_personas(first)


class Column(Vertical, can_focus=True):
    """One conversation of a comparison: its persona, its line of the panel, and what was said."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Talk", id="compare_go_on", tooltip="Go on talking with this one alone"),
        Binding("pageup", "scroll(-1)", "Scroll up", id="compare_up", show=False),
        Binding("pagedown", "scroll(1)", "Scroll down", id="compare_down", show=False),
    ]

    def __init__(self, name: str, conversation: "Conversation") -> None:
        super().__init__(classes="column")
        self.named = name
        self.conversation = conversation
        self.figures = Figures()
        self.transcript = Transcript()
        self.transcript.can_focus = False  # the column has the focus, and lends it its keys
        self._reply: Entry | None = None
        self._told: str | None = None  # the key of the newest message of the person that is shown
        self._title = Static(printable(name), markup=False, classes="title")
        self._measured = WithIntervals(classes="measured")

    def compose(self) -> ComposeResult:
        """Lay out name, figures and words."""
        yield self._title
        yield self._measured
        yield self.transcript

    async def on_mount(self) -> None:
        """Show what was said already."""
        await self.show_all()

    async def show_all(self) -> None:
        """Show what was said, and nothing that was taken back."""
        await self.transcript.show(entries_of(self.conversation))
        self._told = self._last_told

    @property
    def _last_told(self) -> str | None:
        return next((each.id for each in reversed(self.conversation.path) if each.role == "user"), None)

    async def show_told(self) -> None:
        """Show what the person said, also before this column is asked for its reply."""
        if (last := self._last_told) is not None and last != self._told:
            self._told = last
            (said,) = (each for each in self.conversation.path if each.id == last)
            await self.transcript.add(Entry("user", said.text, last))

    def show_figures(self, state: str = "") -> None:
        """Show the alignment in short with the group that it is about, or why there is none."""
        found = in_short(self.figures)
        who = ", ".join(whose(self.conversation.persona))
        self._measured.show(Content(printable(f"{who}: {found}" if found else state)))

    async def take(self, event: "ReplyEvent") -> None:
        """Show what happens to the reply."""
        if isinstance(event, ReplyStarted):
            title = self.conversation.persona.title
            self._reply = Entry("reply", "", event.message_id, WAITING, title, growing=True)
            await self.transcript.add(self._reply)
        elif self._reply is not None and isinstance(event, ReplyEnded):
            await self.transcript.end(self._reply, note_of(event))
            if event.why and event.status in ("error", "interrupted"):
                await self.transcript.add(Entry("failure", event.why))
        elif self._reply is not None:
            await self.transcript.take(self._reply, event)

    @property
    def replying(self) -> tuple[str, str, object]:
        """What its model does for the reply that is on its way, and how far that is; "" where none is."""
        return of_reply(self._reply, self.conversation.engine.info)

    def action_scroll(self, pages: int) -> None:
        """Scroll through what was said."""
        self.transcript.scroll_pages(pages)

    def action_open(self) -> None:
        """Go on with this conversation alone."""
        if isinstance(self.screen, CompareScreen):
            self.screen.go_on(self)


class CompareScreen(AnsweringScreen[str | None]):
    """Says the same to every column and measures each. Gives the conversation to go on with alone, or None."""

    CSS_PATH = ["../widgets/transcript.tcss", "room.tcss"]  # noqa: RUF012
    AUTO_FOCUS = "#all"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="compare_back", priority=True),
        Binding("ctrl+right", "next_column", "Next column", id="compare_next", priority=True),
        Binding("ctrl+left", "previous_column", "Previous column", id="compare_previous", show=False, priority=True),
        Binding("f9", "thoughts", "Show or hide thoughts", id="compare_thoughts", show=False),
    ]

    def __init__(self, comparison: Comparison, session: Session, first: str, unsent: Mapping[str, str]) -> None:
        """Compare on the models of the columns, beginning with `first`; empty to wait for what is typed.

        `unsent` is what was typed here before and not sent, by place.
        """
        super().__init__()
        self.comparison = comparison
        self._session = session
        self._first = first
        self._busy = False
        self._measuring: Column | None = None
        self._doing = Doing()
        engines = [column.engine for column in comparison.columns]
        several = len(set(map(model_of, engines))) > 1
        self._about = models_line(engines)
        self.columns = tuple(
            Column(f"{name}, a demonstration" if several and each.engine.info.demonstration else name, each)
            for name, each in zip(comparison.names, comparison.columns, strict=True)
        )
        self._input = Input(" ".join(unsent.values()), id="all", placeholder=ALL_AT_ONCE, select_on_focus=False)
        assert session.corpus is not None
        self._monitors = SideMonitors(comparison, session.launch.make_monitor, session.corpus)
        self._unsent = UnsentLines(self, session.corpus, lambda: {self._place: self._typed})
        self._brought_back = unsent
        self._state = Static(markup=False, id="state")
        self._keeping = KeepingBeside(session, lambda: self._busy, self._show_state)
        session.hold_beside(comparison.columns)

    def compose(self) -> ComposeResult:
        """Lay out the columns above what is said to all of them."""
        with Horizontal(id="columns"):
            yield from self.columns
        yield self._state
        yield self._input
        yield KeyLine(("open", "back", "next_column", "quit"))

    def on_mount(self) -> None:
        """Say the first message, or measure what was said before."""
        self._unsent.brought_back(self._brought_back)
        self._show_states()
        self._keeping.begin_on(self)
        self.set_interval(1.0, self._show_state)
        if self._first:
            self.say(self._first)
        else:
            self.measure()

    @property
    def _typed(self) -> str:
        """What was typed and nobody was given yet."""
        return " ".join(filter(None, (self.comparison.unsaid, self._input.value)))

    @property
    def _place(self) -> str:
        """Where a draft of this comparison is kept: with it, once the corpus has it."""
        return self.comparison.id if any(column.conversation.path for column in self.columns) else COMPARISON

    @on(Input.Changed)
    def keep_unsent(self) -> None:
        """Keep what is typed."""
        self._unsent.changed()

    async def on_unmount(self) -> None:
        """Keep what is typed, however the screen is left."""
        await self._unsent.leave()

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        """Say what was typed to everybody, unless they are still replying; or do what it asks for with a slash."""
        if do_beside(self, self._input, self._handlers, HOW_TO_COMPARE):
            return
        if self._busy:
            self.notify(f"Still replying; {key_here(CompareScreen, 'compare_back')} goes back.", markup=False)
        elif event.value.strip():
            self._input.value = ""
            self.say(message_of(event.value))

    @property
    def _handlers(self) -> Mapping[str, Handler]:
        """What the commands that can be written here do."""
        return {
            "open": self._open,
            "stop": without_argument(self.stop),
            "end": without_argument(self.leave),
            "thought": without_argument(self.action_thoughts),
            "help": without_argument(lambda: self.notify(HOW_TO_COMPARE, markup=False)),
            "quit": without_argument(lambda: self.run_worker(self.app.action_quit(), group="quit")),
        }

    def action_thoughts(self) -> None:
        """Unfold what the models thought, or fold it again."""
        for column in self.columns:
            column.transcript.toggle_thoughts()

    def _open(self, number: str) -> None:
        """Go on with the column of this number alone."""
        if number.isdecimal() and 1 <= int(number) <= len(self.columns):
            self.go_on(self.columns[int(number) - 1])
        else:
            self.notify(f"Write /open with the number of a column, from 1 to {len(self.columns)}.", markup=False)

    @work(group="stop", exclusive=True)
    async def stop(self) -> None:
        """Stop the reply that is on its way; what was said so far stays."""
        if self._busy:
            await self.comparison.stop()
        else:
            self.notify(NO_REPLY, markup=False)

    @property
    def away_from_text(self) -> bool:
        """Whether a column is chosen; what is typed there goes to the input."""
        return isinstance(self.focused, Column)

    def write_on(self) -> None:
        """Give the focus to the input."""
        self.set_focus(self._input)

    @work(group="say", exclusive=True)
    async def say(self, text: str) -> None:
        """Say something to every column, from left to right, and measure them all after that."""
        self.workers.cancel_group(self, "measure")
        self._busy = True
        self._show_states()
        self._keeping.begin_on(self)
        try:
            async with aclosing(self.comparison.say(text)) as events:
                async for place, event in events:
                    if isinstance(event, ReplyStarted):
                        for column in self.columns:
                            await column.show_told()
                    await self.columns[place].take(event)
        except ReportedError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            for column in self.columns:
                await column.show_all()
        finally:
            self._busy = False
            self._give_back()
        self._show_state()
        self._keeping.begin_on(self)
        self.measure()

    def _give_back(self) -> None:
        """Return what nobody was given to the person who typed it."""
        typed, self.comparison.unsaid = self._typed, ""
        self._input.value = typed

    @work(group="measure", exclusive=True)
    async def measure(self) -> None:
        """Measure every column as it is now, from left to right, where its model may be measured."""
        due = [place for place, column in enumerate(self.columns) if self._is_to_be_measured(column)]
        for place in due:
            self.columns[place].show_figures("waits to be measured")
        for place in due:
            column = self._measuring = self.columns[place]
            self._show_state()
            try:
                async with aclosing(self._monitors.measure(place)) as found:
                    async for estimate in found:
                        column.figures = column.figures.after(estimate)
                        column.show_figures()
                        self._show_state()  # the clock draws it once a second: it would lag behind the column's count
            except ReportedError as error:
                column.figures = Figures()  # those of a part of the questions would look as if they still grew
                column.show_figures(f"not measured: {error}")
            finally:
                if self._measuring is column:  # else another round has begun
                    self._measuring = None
        self._show_state()

    def _is_to_be_measured(self, column: Column) -> bool:
        conversation = column.conversation
        return not self._why_not_measured(column) and bool(conversation.path) and not conversation.unanswered

    def _why_not_measured(self, column: Column) -> str:
        return why_not_measured(self._session, column.conversation.engine)

    def _show_states(self) -> None:
        """Say why there are no figures: those before belonged to another message."""
        for column in self.columns:
            column.figures = Figures()
            column.show_figures(self._why_not_measured(column) or "is measured once all have replied")
        self._show_state()

    def _show_state(self) -> None:
        """Say what is being done, what is not stored, which columns are behind, and on which models they are."""
        waits = "" if self._busy else self.comparison.waits_for
        alike = "" if self.comparison.told_alike else NOT_ALIKE
        told = filter(None, (self._done_now, self._keeping.line, waits, alike, self._about))
        self._state.update(printable(" · ".join(told)))

    @property
    def _done_now(self) -> str:
        """Say which column is replying or measured, how far that is, and for how long it has been so."""
        if (measuring := self._measuring) is not None:
            estimate = measuring.figures.estimate
            under_way = estimate is not None and not estimate.complete
            far = f", {answered_briefly(estimate)}" if estimate is not None and under_way else ""
            return self._doing.say("measuring", f"{measuring.named}{far}", measuring)
        for column in self.columns if self._busy else ():
            what, far, reply = column.replying
            if what:
                return f"{column.named}: {self._doing.say(what, far, reply)}"
        return self._doing.say("")

    def go_on(self, column: Column) -> None:
        """Leave for one of the conversations."""
        if self._busy:
            self.notify("Still replying.", markup=False)
        elif column.conversation.path:
            self.dismiss(column.conversation.id)

    def action_next_column(self) -> None:
        """Focus the next column, to scroll it or to go on with it."""
        self._focus(1)

    def action_previous_column(self) -> None:
        """Focus the column before."""
        self._focus(-1)

    def _focus(self, by: int) -> None:
        at = next((place for place, column in enumerate(self.columns) if column.has_focus), -1 if by > 0 else 0)
        self.set_focus(self.columns[(at + by) % len(self.columns)])

    def action_back(self) -> None:
        """From a column to the input; from there back to the conversation."""
        if not self._input.has_focus:
            self.set_focus(self._input)
        else:
            self.leave()

    @work(group="leave", exclusive=True)
    async def leave(self) -> None:
        """Go back to the conversation, with the reply on its way stopped."""
        await self.comparison.stop()
        self.workers.cancel_group(self, "measure")
        await self._session.try_to_save()
        self.dismiss(None)


async def compare_personas(
    app: App[None], session: Session, text: str, said_last: str, said: Callable[[], object]
) -> str | OnOtherModel | None:
    """Compare others with the persona that is talked with, on `text`, else on what was `said_last`, if anything was.

    A conversation that is a column of a comparison already opens that one, each column on its own model, in which only
    `text` is said. Gives the conversation to go on with: the open one, too, where more may have been said in it. `said`
    is called when nothing can keep `text` from being said any more. Call it in a worker.

    Raises:
        ReportedError: the personas cannot be compared, or the corpus cannot be read.
    """
    corpus, conversation = session.corpus, session.conversation
    if session.engine is None or corpus is None or conversation is None:
        app.notify("The model is not open yet.", markup=False)
        return None
    models = OtherModels(session)
    try:
        known = await asyncio.to_thread(corpus.comparison_of, conversation.id)
        if known is not None:
            try:
                comparison = await _taken_up(app, models, corpus, known)
            except ComparisonError as error:  # the others are gone: compare with others
                app.notify(printable(str(error)), markup=False)
            else:
                if comparison is None:
                    return None
                return await _compare(app, models, comparison, text, comparison.id, said) or conversation.id
        chosen = await app.push_screen_wait(ColumnsScreen(await session.open_same_persona(), models))
        if chosen is None:
            return None
        engines, personas = [each.engine for each in chosen], [each.persona for each in chosen]
        comparison = await asyncio.to_thread(Comparison.start, corpus, engines, personas)
        return await _compare(app, models, comparison, text or said_last, COMPARISON, said)
    finally:
        await models.close()


async def _taken_up(app: App[None], models: OtherModels, corpus: "Corpus", identifier: str) -> Comparison | None:
    """Return a comparison of the corpus with the models of its columns; None where the person goes back."""
    await models.session.save()  # they may not be stored yet, and are read from the disk
    kept = await asyncio.to_thread(kept_columns, corpus, identifier)
    engines = await open_again(app, models, corpus, kept, may_leave_out=True)
    return None if engines is None else await asyncio.to_thread(Comparison.resume, corpus, engines, identifier)


async def _compare(
    app: App[None], models: OtherModels, comparison: Comparison, text: str, place: str, said: Callable[[], object]
) -> str | OnOtherModel | None:
    """Show a comparison, and return the conversation to go on with, together with its model if that is another.

    `place` is that of what was typed there before. `said` is called when nothing can keep `text` from being said.
    """
    assert models.session.corpus is not None
    engines = [column.engine for column in comparison.columns]
    await models.close_all_but(engines)
    await agree_to_measure(app, models.session, engines)
    shown = CompareScreen(comparison, models.session, text, await read(models.session.corpus, place))
    said()
    chosen = await app.push_screen_wait(shown)
    engine = next((column.engine for column in comparison.columns if column.id == chosen), None)
    other = None if engine is None else models.hand_over(engine)
    return chosen if chosen is None or other is None else OnOtherModel(chosen, other)
