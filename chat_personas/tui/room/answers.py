"""The answers of the room: a bar for everybody, people's hidden until they are revealed, and a guess in between."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.conversation.room import Room, RoomReport, RoomTable
from chat_personas.corpus.corpus import ROOM, ROOM_OPTIONS
from chat_personas.reporting import room as words
from chat_personas.reporting.wording.measurements import DEMONSTRATION
from chat_personas.studies.errors import ParticipationError
from chat_personas.studies.steps import numbers_in, percentages, shares_of
from chat_personas.text import printable
from chat_personas.tui.drawing import fitted
from chat_personas.tui.key_registry import key_here
from chat_personas.tui.room.choosing import ChoosingScreen, Chosen
from chat_personas.tui.room.unsent import read
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.screens.dialogs import ConfirmScreen, Dialog, save_document
from chat_personas.tui.session import Session
from chat_personas.tui.widgets.title_and_status import Doing, KeyLine

if TYPE_CHECKING:
    from chat_personas.conversation.room import RoomAnswer
    from chat_personas.corpus import Corpus

GUTTER = 9
"""Cells before a bar, in which stands whose it is."""
COLOURS = ("$text-primary", "$text-accent", "$text-secondary", "$text-warning", "$text-success")
REVEAL = "{reveal} once more shows people's answers to everybody who sees this screen"
SECONDS_TO_CONFIRM = 10.0
"""For so long the key that reveals may be pressed once more; alone it may be a stray one while a class guesses."""
HIDDEN = "people's answers are hidden: {guess} enters a guess, {reveal} reveals them"


class GuessScreen(Dialog[tuple[float, ...] | None]):
    """Asks for a guess: a number for each option, together 100. Gives shares that sum to 1, or None if cancelled."""

    CSS_PATH = "room.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="room_guess_cancel"),
        Binding("tab", "next_number", "Next number", id="room_guess_next", show=False),
    ]

    def __init__(self, whose: str, options: Sequence[str]) -> None:
        super().__init__()
        self._whose = whose
        self._options = options
        self._hint = Static(markup=False, id="hint")

    def compose(self) -> ComposeResult:
        """Lay out the options above the numbers."""
        with Vertical(id="dialog"):
            yield Static(f"Of 100 people, how many gave each answer? ({printable(self._whose)})", markup=False)
            yield Static("\n".join(words.option_lines(self._options)), markup=False, id="options")
            yield Input(placeholder=" ".join(["…"] * len(self._options)), id="numbers", select_on_focus=False)
            yield self._hint

    def on_mount(self) -> None:
        """Say what is to be typed."""
        self._hint.update(f"{len(self._options)} numbers in this order that sum to 100; Enter takes them.")

    @on(Input.Changed)
    def count(self, event: Input.Changed) -> None:
        """Show what the numbers sum to so far."""
        numbers = numbers_in(event.value)
        if numbers is None:
            return
        if not all(0 <= each <= 100 for each in numbers):
            self._hint.update("Write numbers from 0 to 100, with blanks between them.")
        else:
            self._hint.update(f"{len(numbers)} of {len(self._options)} numbers; they sum to {sum(numbers):g}.")

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Take the guess if there is a number for each option and they sum to 100."""
        try:
            self.dismiss(shares_of(percentages(event.value, len(self._options))))
        except ParticipationError as error:
            self._hint.update(printable(str(error)).capitalize() + ".")

    def action_next_number(self) -> None:
        """Put a blank after the number that was typed, as if each had a field of its own."""
        field = self.query_one("#numbers", Input)
        if field.value[: field.cursor_position].strip() and not field.value[: field.cursor_position].endswith(" "):
            field.insert_text_at_cursor(" ")

    def action_cancel(self) -> None:
        """Guess nothing."""
        self.dismiss(None)


class AnswerList(OptionList):
    """The answers; the key line names the key that goes on with one of them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Talk", id="room_go_on")]


class RoomScreen(AnsweringScreen[str | None]):
    """Asks the room, and shows each answer as it comes. Gives the id of a conversation to go on with, or None.

    The answers stay with the `RoomTable` when the screen is left, and what was not asked yet is asked when it is opened
    again.
    """

    CSS_PATH = "room.tcss"
    AUTO_FOCUS = "#answers"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="room_back"),
        Binding("r", "reveal", "Reveal", id="room_reveal", tooltip="Show or hide people's own answers"),
        Binding("g", "guess", "Guess", id="room_guess", tooltip="Guess the answers of this group"),
        Binding("n", "new", "New", id="room_new", tooltip="Ask the room something else"),
        Binding("ctrl+s", "save", "Save", id="room_save", tooltip="Save a page, a figure or the data"),
    ]

    def __init__(self, table: RoomTable, corpus: "Corpus") -> None:
        super().__init__()
        self.table = table
        self.wants_new = False
        self._at_rest = ""
        self._asking = ("", "")  # for what everybody is asked now, and how far that is
        self._doing = Doing()
        self._confirming: Timer | None = None
        self._corpus = corpus
        self._has_people = any(answer.people is not None for answer in table.room.report().answers)
        self._heading = Static(markup=False, id="heading")
        self._options = Static(markup=False, id="options")
        self._state = Static(markup=False, id="state")
        self._answers = AnswerList(id="answers", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out question, options and remarks above the answers."""
        yield self._heading
        yield self._options
        yield self._answers
        yield self._state
        yield KeyLine(("select", "back", "reveal", "guess", "new", "save"))

    def on_mount(self) -> None:
        """Show who is asked, and ask."""
        self.set_interval(1.0, self._show_state)
        self._heading.update(printable(self.table.room.question.stem))
        self.ask()

    def on_resize(self) -> None:
        """Draw the bars as wide as the screen is now."""
        self.show()

    @work(exclusive=True, group="room")
    async def ask(self) -> None:
        """Ask everybody for figures, then for words. What fails is said, and what came before it stays."""
        await self._show_each("asking for figures", self.table.measure())
        await self._show_each("asking for replies in words", self.table.hear(self._corpus))
        self._asking = ("", "")
        self.show()

    async def _show_each(self, doing: str, asking: AsyncGenerator[int, None]) -> None:
        """Show every member that has answered, and what is going on."""
        self._asking = (doing, "")
        self.show()
        async with aclosing(asking) as places:
            async for place in places:
                self._asking = (doing, f"{place + 1} of {len(self.table.room.members)}")
                self.show()

    def show(self) -> None:
        """Draw everything as it is by now, with what is going on, or the remarks where nothing is."""
        report = self.table.room.report()
        width = max(20, self.app.size.width - 6)
        at = self._answers.highlighted
        self._options.update(printable(" · ".join(words.option_lines(report.question.options))))
        self._options.display = bool(report.question.options)
        self._answers.clear_options()
        for place, answer in enumerate(report.answers):
            self._answers.add_option(Option(self._drawn(place, answer, width)))
        self._answers.highlighted = min(at or 0, len(report.answers) - 1)
        self._at_rest = " · ".join(self._remarks(report))
        self._show_state()
        self.refresh_bindings()

    def _show_state(self) -> None:
        """Say what everybody is asked for, how far that is and for how long; where nothing is asked, the remarks."""
        asked = REVEAL.format(reveal=key_here(RoomScreen, "room_reveal")) if self._confirming is not None else ""
        self._state.update(printable(asked or self._doing.say(*self._asking) or self._at_rest))

    def _remarks(self, report: RoomReport) -> Iterator[str]:
        yield from filter(None, (self.table.no_figures, self.table.no_words))
        if self._has_people and not self.table.revealed:
            keys = {name: key_here(RoomScreen, f"room_{name}") for name in ("guess", "reveal")}
            yield HIDDEN.format_map(keys)
        if report.model.demonstration:
            yield DEMONSTRATION
        if report.question.options:
            yield words.ALONE_IN_SHORT
        yield words.asked_how(report)

    def _drawn(self, place: int, answer: "RoomAnswer", width: int) -> Content:
        """Draw a member: its name, its bar, the guess, people's bar once they are revealed, and its reply."""
        rows = [Content.assemble((printable(answer.title), "bold"), ("  " + words.agreement_words(answer), "dim"))]
        if (why := words.why_no_bar(answer)) is not None:
            rows.append(Content(f"  {why}"))
        elif answer.model is not None:
            rows.append(bar_row("model", answer.model, width))
        if (guess := self.table.guesses.get(place)) is not None:
            rows.append(bar_row("guess", guess, width))
        if answer.people is not None and self.table.revealed:
            rows.append(bar_row("people", answer.people.distribution, width))
            rows += [Content.styled(f"  {line}", "dim") for line in self._compared(answer, guess)]
        if answer.quote is not None:
            rows.append(Content.styled(f"“{words.in_a_line(answer.quote)}”", "italic"))
        if answer.unheard is not None:
            rows.append(Content.styled(f"  no whole reply: {printable(answer.unheard)}", "dim"))
        return Content("\n").join(rows)

    def _compared(self, answer: "RoomAnswer", guess: Sequence[float] | None) -> Iterator[str]:
        yield words.people_line(answer)
        if answer.people is not None and guess is not None:
            yield words.guess_line(guess, answer.model if answer.valid else None, answer.people.distribution)

    @property
    def _place(self) -> int:
        return self._answers.highlighted or 0

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to reveal and to guess only where the survey has people's answers."""
        return action not in ("reveal", "guess") or self._has_people

    @on(OptionList.OptionSelected)
    def go_on(self) -> None:
        """Go on talking with the member that was chosen."""
        conversation = self.table.room.report().answers[self._place].conversation
        if conversation is None:
            self.notify("This one has not replied in words yet.", markup=False)
        else:
            self.dismiss(conversation)

    def action_reveal(self) -> None:
        """Show people's own answers once this is confirmed by the same key, or hide them again at once."""
        if not self.table.revealed and self._confirming is None:
            self._confirming = self.set_timer(SECONDS_TO_CONFIRM, self._leave_hidden)
            self._show_state()
            return
        self._leave_hidden()
        self.table.revealed = not self.table.revealed
        self.show()

    def _leave_hidden(self) -> None:
        """Ask no longer whether people's answers are to be shown."""
        if self._confirming is not None:
            self._confirming.stop()
            self._confirming = None
            self._show_state()

    @work(group="guess", exclusive=True)
    async def action_guess(self) -> None:
        """Enter a guess of what the people of the highlighted member answered."""
        self._leave_hidden()
        place, report = self._place, self.table.room.report()
        answer = report.answers[place]
        if answer.people is None:
            self.notify(words.NO_PEOPLE, markup=False)
            return
        guess = await self.app.push_screen_wait(GuessScreen(words.people_name(answer), report.question.options))
        if guess is not None:
            self.table.guesses[place] = guess
            self.show()

    def action_new(self) -> None:
        """Leave this room for another question."""
        self.wants_new = True
        self.dismiss(None)

    def action_back(self) -> None:
        """Go back to the conversation; the answers stay."""
        self.dismiss(None)

    @work(group="save", exclusive=True)
    async def action_save(self) -> None:
        """Write the answers to a file: a page, a figure or the data, as its name says."""
        self._leave_hidden()
        report = self.table.room.report()
        writers = {ending: partial(write, report) for ending, write in words.WRITERS.items()}
        people = " and what people answered" if self._has_people and not self.table.revealed else ""
        await save_document(self.app, f"Save what the room answered{people}", "room.html", writers)


def bar_row(name: str, shares: Sequence[float], width: int) -> Content:
    """Draw `name` and a bar that together are `width` cells wide; colours repeat what letters and fillings say."""
    parts = words.segments(shares, width - GUTTER)
    drawn = [Content.styled(part, COLOURS[place % len(COLOURS)]) for place, part in enumerate(parts)]
    return Content.assemble((fitted(f"  {name}", GUTTER), "dim"), *drawn)


async def ask_the_room(app: App[None], session: Session, asked: str) -> str | None:
    """Choose what to ask, ask it, and return the id of the conversation to go on with; None to stay where one was.

    The question is not chosen but `asked`, where that is given. Else the room of before is shown again until a new
    question is wanted; it stays until another one is ready to be asked. Call it in a worker: it waits for answers.
    """
    engine, corpus = session.engine, session.corpus
    if engine is None or corpus is None:
        app.notify("The model is not open yet.", markup=False)
        return None
    wants_new = bool(asked)
    while True:
        if wants_new or session.room is None or session.room.room.engine is not engine:
            unsent = await read(corpus, ROOM, ROOM_OPTIONS)
            survey = await session.open_survey()
            chosen = await app.push_screen_wait(ChoosingScreen(survey, corpus, unsent, _attribute(session), asked))
            table = await _seated(app, session, chosen) if chosen is not None else None
            if table is None:
                return None
            session.room = table
        screen = RoomScreen(session.room, corpus)
        conversation = await app.push_screen_wait(screen)
        if not screen.wants_new:
            return conversation
        wants_new, asked = True, ""


def _attribute(session: Session) -> str:
    """Return the attribute of the persona that is talked with, empty where it has none."""
    groups = session.conversation.persona.groups if session.conversation is not None else ()
    return groups[0].attribute if groups else ""


async def _seated(app: App[None], session: Session, chosen: Chosen) -> RoomTable | None:
    """Return the room, ready to be asked; None where the person does not agree to ask a server on another machine."""
    assert session.engine is not None
    room, info = Room(session.engine, chosen.question, chosen.members), session.engine.info
    if not session.launch.probing_confirmed(info):
        question = (
            f"{info.name} is on another machine. Asking the room takes {room.requests(quotes=True)} requests, "
            "which may cost money. Ask? (A yes is remembered for this server.)"
        )
        if not await app.push_screen_wait(ConfirmScreen(question, "Ask", "Do not ask")):
            return None
        session.launch.remember_probing(info)
    return RoomTable(room)
