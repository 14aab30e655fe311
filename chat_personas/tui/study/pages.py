"""The pages of a study: what all of them share, and those that are read, from the consent to the debriefing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click, Key, Resize
from textual.message import Message
from textual.widgets import Button, ProgressBar, Static

from chat_personas.corpus import CorpusError
from chat_personas.reporting.study_wording import OF_AGE, READ, TRACES, debriefing_lines, paragraphs
from chat_personas.studies.sitting import Learnt
from chat_personas.studies.steps import DECLINED, Debriefing
from chat_personas.text import printable
from chat_personas.tui.drawing import MODEL, MODEL_STYLE, PEOPLE, PERSON_STYLE, bar, fitted, stacked
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.study.session import StudySession
from chat_personas.tui.widgets.title_and_status import KeyLine

Result = TypeVar("Result")
NOT_READY = "✗ Your partner cannot be reached. Please tell the researchers; what you do is stored."
HOW_TO_AGREE = "Press F2 to agree: Enter alone does not, so that a key held down cannot."
SAY_YOUR_AGE = "Please say first whether you are 18 or older."
TOO_YOUNG = "You said that you are younger than 18. Change that above if it is a mistake; else F2 ends here."
READ_TO_THE_END = "Please read to the end (Page Down)."
MEASURED_LAST = (
    "One moment: what your partner would answer to the questions that you guessed is being measured, to show it beside "
    "the answers of people. That may take a while; you can go on without it."
)
NOT_MEASURED = "What your partner would answer could not be measured."
FIRST_GUESS, SECOND_GUESS = "You, first", "You, then"
GUESS_STYLE = "$foreground 45%"
SIDE_CELLS, BAR_CELLS = 20, 40


class Head(Static):
    """The line above a page: the title of the study, and on the right which part of it this is."""

    def __init__(self, title: str, stage: str) -> None:
        super().__init__(id="head")
        self._title = printable(title)
        self._stage = f"part {stage}" if stage else ""

    def render(self) -> Content:
        """Draw both ends; a title that is too long is cut."""
        room = max(1, self.content_size.width - cell_len(self._stage) - 1)
        return Content.assemble((fitted(self._title, room), "bold"), " ", self._stage)


class StudyPage(AnsweringScreen[Result]):
    """A page with a head, a note and a button below, and the keys. Each page yields its own `body` between them."""

    CSS_PATH = ["pages.tcss"]  # noqa: RUF012
    GO_ON: ClassVar[str] = "Continue"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,ctrl+g", "go_on", "Continue", priority=True),
        Binding("pagedown", "scroll_pages(1)", "Read on", priority=True),
        Binding("pageup", "scroll_pages(-1)", show=False, priority=True),
    ]

    @dataclass
    class Failed(Message):
        """Something could not be stored: the program ends with this error."""

        error: CorpusError

    def __init__(self, session: StudySession) -> None:
        super().__init__()
        self.session = session
        self._said = ""
        self.note = Static(markup=False, id="note")
        self.button = Button(self.GO_ON, id="go_on", compact=True)

    def compose(self) -> ComposeResult:
        """Lay out head, body, note with button, and keys."""
        yield Head(self.session.study.study.title, self.session.stage)
        yield from self.body()
        with Horizontal(id="foot"):
            yield self.note
            yield from self.buttons()
        yield KeyLine(("go_on", "app.stop"))

    def body(self) -> ComposeResult:
        """Yield what this page is about."""
        raise NotImplementedError

    def buttons(self) -> ComposeResult:
        """Yield the buttons, the one that goes on last."""
        yield self.button

    def on_mount(self) -> None:
        """Show once a second whether the model is ready."""
        self._show_note()
        self.set_interval(1.0, self._show_note)

    def say(self, text: str) -> None:
        """Show a note, or with "" whether the model is ready."""
        self._said = text
        self._show_note()

    def _show_note(self) -> None:
        failed = self.session.unavailable is not None
        self.note.set_class(failed and not self._said, "-failed")
        self.note.update(self._said or (NOT_READY if failed else self.session.readiness))

    @on(Button.Pressed, "#go_on")
    async def go_on_pressed(self) -> None:
        """Go on by mouse, or by Enter on the button."""
        await self.action_go_on()

    async def action_go_on(self) -> None:
        """Go on, if everything on this page is done."""
        raise NotImplementedError

    @property
    def scroller(self) -> VerticalScroll:
        """What Page Down scrolls."""
        return self.query_one(Reading)

    def action_scroll_pages(self, pages: int) -> None:
        """Scroll by pages, wherever the focus is."""
        self.scroller.scroll_relative(y=pages * max(1, self.scroller.size.height - 1), animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Show Page Down where there is more to read."""
        return action != "scroll_pages" or self.scroller.max_scroll_y > 0

    async def keep(self) -> None:
        """Store what is typed but not stored yet, because the program ends."""


class Reading(VerticalScroll):
    """A text to read. It says once when its end has come into view."""

    class EndSeen(Message):
        """The end of the text is in view."""

    def __init__(self, *texts: Static) -> None:
        super().__init__(*texts, id="reading")
        self.end_seen = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Notice the end."""
        super().watch_scroll_y(old_value, new_value)
        self._look()

    def on_resize(self, event: Resize) -> None:
        """Notice the end of a text that needs no scrolling, once it is laid out."""
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        if not self.is_attached:
            return
        self.screen.refresh_bindings()
        if not self.end_seen and self.virtual_size.height and self.max_scroll_y - self.scroll_y < 1:
            self.end_seen = True
            self.post_message(self.EndSeen())


class Option(Static):
    """One option of several: its mark and its text."""

    def __init__(self, code: str | None, text: str) -> None:
        super().__init__(markup=False, classes="option")
        self.code = code
        self._text = printable(text)

    def mark(self, chosen: bool) -> None:
        """Show whether it is chosen."""
        self.set_class(chosen, "-chosen")
        self.update(Content(f"{'●' if chosen else '○'} {self._text}"))


class Options(Vertical, can_focus=True):
    """Options of which one can be chosen: by arrows and Enter or the space bar, by a digit, or by a click.

    Enter and a digit are for whoever fills in a form by keys: they also go on. The space bar and a click choose, as in
    other forms. The code None is the option of a person who prefers not to say.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose(True)", "Choose and go on"),
        Binding("space", "choose(False)", "Choose"),
        Binding("up,left", "move(-1)", show=False),
        Binding("down,right", "move(1)", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """An option was chosen; with `done`, what is next is the person's to answer."""

        options: "Options"
        code: str | None
        done: bool

    def __init__(self, choices: Sequence[tuple[str, str]], *, may_decline: bool, in_row: bool = False) -> None:
        """Offer `choices`, each a code and a text; the numbers of a scale stand `in_row`, and their digits choose."""
        super().__init__()
        self._options = [Option(code, text) for code, text in choices]
        self._in_row = in_row
        self._decline = Option(None, DECLINED) if may_decline else None
        if self._decline is not None:
            self._options.append(self._decline)
        self._cursor = 0
        self.chosen: Option | None = None

    def compose(self) -> ComposeResult:
        """Lay out the options, and apart from a row the one that declines."""
        if self._in_row:
            with Horizontal(classes="row"):
                yield from (option for option in self._options if option.code is not None)
            if self._decline is not None:
                yield self._decline
        else:
            yield from self._options

    def on_mount(self) -> None:
        """Draw the marks."""
        self._draw()

    @property
    def code(self) -> str | None:
        """The code of what is chosen; None where nothing is."""
        return self.chosen.code if self.chosen is not None else None

    def clear(self) -> None:
        """Choose nothing."""
        self.chosen = None
        self._draw()

    def on_key(self, event: Key) -> None:
        """A digit chooses the option with that number."""
        if event.character is None or not event.character.isdecimal():
            return
        digit = event.character
        numbered = {option.code if self._in_row else str(place): option for place, option in self._numbered()}
        if digit in numbered:
            event.stop()
            self._choose(numbered[digit], done=True)

    def _numbered(self) -> Sequence[tuple[int, Option]]:
        return list(enumerate(self._options, start=1))

    @on(Click)
    def clicked(self, event: Click) -> None:
        """Choose what is clicked."""
        if isinstance(event.widget, Option):
            self.focus()
            self._choose(event.widget, done=False)

    def action_move(self, by: int) -> None:
        """Go to the next option, or the one before."""
        self._cursor = min(len(self._options) - 1, max(0, self._cursor + by))
        self._draw()
        self._options[self._cursor].scroll_visible(animate=False)

    def action_choose(self, done: bool) -> None:
        """Choose the option that one is at, and with `done` go on."""
        self._choose(self._options[self._cursor], done=done)

    def _choose(self, option: Option, *, done: bool) -> None:
        self._cursor, self.chosen = self._options.index(option), option
        self._draw()
        self.post_message(self.Chosen(self, option.code, done))

    def _draw(self) -> None:
        for place, option in enumerate(self._options):
            option.mark(option is self.chosen)
            option.set_class(place == self._cursor, "-cursor")


def read_paragraphs(texts: Iterable[str]) -> list[Static]:
    """Return the paragraphs of texts, each as a widget."""
    said = [paragraph for text in texts for paragraph in paragraphs(printable(text))]
    return [Static(paragraph, markup=False, classes="paragraph") for paragraph in said]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a person has agreed to. `adult` is None where the study does not ask."""

    adult: bool | None
    traces: bool


class AgreeButton(Button):
    """The button that agrees: by the space bar or a click.

    Enter, which also answers the questions above, does not: held down, it would go from the first of them to consent.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "say_how", show=False),
        Binding("space", "press", "Press button", show=False),
    ]

    def action_say_how(self) -> None:
        """Say which keys agree."""
        if isinstance(self.screen, ConsentPage):
            self.screen.say(HOW_TO_AGREE)


class ConsentPage(StudyPage[Agreed | None]):
    """What people agree to, before anything is stored. Gives None where the person does not want to take part.

    Agreeing takes another key than Enter, which answers the questions.
    """

    GO_ON = "I agree and take part"
    AUTO_FOCUS = "#reading"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2,ctrl+g", "go_on", "I agree", priority=True)]

    def __init__(self, session: StudySession) -> None:
        super().__init__(session)
        self.button = AgreeButton(self.GO_ON, id="go_on", compact=True)
        form = session.study.study.consent
        self._age = Options((("yes", "Yes, I am 18 or older"), ("no", "No, I am younger")), may_decline=False)
        self._asks_age = form.adults_only
        self._traces = Options((("yes", "Yes"), ("no", "No")), may_decline=False)
        self._asks_traces = form.traces
        self._warned = False

    def body(self) -> ComposeResult:
        """The whole text, and below it what is asked apart."""
        yield Reading(*read_paragraphs([self.session.study.study.consent.text]))
        with Vertical(id="asked"):
            if self._asks_age:
                yield Static(OF_AGE, markup=False, classes="question")
                yield self._age
            if self._asks_traces:
                yield Static(TRACES, markup=False, classes="question")
                yield self._traces

    def buttons(self) -> ComposeResult:
        """Yes and no stand side by side."""
        yield Button("I do not want to take part", id="refuse", compact=True)
        yield self.button

    async def action_go_on(self) -> None:
        """Agree, once the person has said how old they are."""
        if self._asks_age and self._age.code is None:
            self.say(SAY_YOUR_AGE)
            self._age.focus()
            return
        if self._asks_age and self._age.code == "no" and not self._warned:
            self._warned = True  # one wrong key must not cost a participant
            self.say(TOO_YOUNG)
            self._age.focus()
            return
        adult = self._age.code == "yes" if self._asks_age else None
        self.dismiss(Agreed(adult, traces=self._traces.code == "yes"))

    def on_key(self, event: Key) -> None:
        """Take a digit where no question has the focus: for the one that is open, or for the last one once more."""
        asked = ((self._age, self._asks_age), (self._traces, self._asks_traces))
        questions = [options for options, is_asked in asked if is_asked]
        if questions and not isinstance(self.focused, Options):
            next((options for options in questions if options.code is None), questions[-1]).on_key(event)

    @on(Options.Chosen)
    def chosen(self, event: Options.Chosen) -> None:
        """Go to what is next, where the person is done."""
        self._warned = False
        self.say("")
        if event.options is self._age and event.code == "no":
            self._age.focus()  # the digit that puts it right must not answer another question
        elif event.done:
            (self._traces if self._asks_traces and event.options is self._age else self.button).focus()

    @on(Button.Pressed, "#refuse")
    def refused(self) -> None:
        """Do not take part."""
        self.dismiss(None)


class TextPage(StudyPage[None]):
    """A text and a button: the instructions, and the end."""

    AUTO_FOCUS = "#go_on"

    def __init__(self, session: StudySession, texts: Iterable[str], button: str = StudyPage.GO_ON) -> None:
        super().__init__(session)
        self._texts = tuple(texts)
        self.button.label = button

    def body(self) -> ComposeResult:
        """The text."""
        yield Reading(*read_paragraphs(self._texts))

    async def action_go_on(self) -> None:
        """Go on."""
        self.dismiss(None)


class MeasuringPage(StudyPage[None]):
    """Waits until the persona is measured, or the person goes on without that."""

    GO_ON = "Go on without it"
    AUTO_FOCUS = "#go_on"

    def body(self) -> ComposeResult:
        """What is waited for, and how far it is."""
        self._bar = ProgressBar(show_eta=False, id="measured")
        yield Reading(*read_paragraphs([MEASURED_LAST]))
        yield self._bar

    def on_mount(self) -> None:
        """Look again several times a second."""
        super().on_mount()
        self._look()
        self.set_interval(0.2, self._look)

    def _look(self) -> None:
        answered, total = self.session.measured
        self._bar.update(total=total or None, progress=answered)
        if total:
            self.say(f"{answered} of {total}")
        if not self.session.measuring:
            self.dismiss(None)

    async def action_go_on(self) -> None:
        """Go on without the measurement."""
        self.dismiss(None)


class DebriefingPage(StudyPage[None]):
    """What people really answer, beside the person's own guesses and the persona's answers; read to its end."""

    GO_ON = READ
    AUTO_FOCUS = "#reading"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2,ctrl+g", "go_on", READ, priority=True)]

    def __init__(self, session: StudySession, step: Debriefing, learnt: Iterable[Learnt]) -> None:
        super().__init__(session)
        told = tuple(learnt)
        lines = debriefing_lines(session.study, step)
        if step.conversation_id is not None and all(each.persona is None for each in told):
            lines = (*lines, NOT_MEASURED)
        blocks = [Static(figures(each, step.people), classes="figures") for each in told]
        self.reading = Reading(*read_paragraphs(lines), *blocks)
        self.button.disabled = True

    def on_mount(self) -> None:
        """Say what is to be done."""
        super().on_mount()
        self.say(READ_TO_THE_END)

    def body(self) -> ComposeResult:
        """The text and the figures."""
        yield self.reading

    @on(Reading.EndSeen)
    def read(self) -> None:
        """Let the person go on."""
        self.say("")
        self.button.disabled = False
        self.button.focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going on is a key once the end was in view."""
        return self.reading.end_seen if action == "go_on" else super().check_action(action, parameters)

    async def action_go_on(self) -> None:
        """Go on, once the end was in view."""
        if self.reading.end_seen:
            self.dismiss(None)


def figures(learnt: Learnt, people: str) -> Content:
    """Draw a question with a bar for each option and side: people, the partner, and both guesses of the person."""
    sides = (
        (people, learnt.people, PEOPLE, PERSON_STYLE),
        ("Your partner", learnt.persona, MODEL, MODEL_STYLE),
        (FIRST_GUESS, learnt.before, PEOPLE, GUESS_STYLE),
        (SECOND_GUESS, learnt.after, PEOPLE, GUESS_STYLE),
    )
    asked = "" if learnt.n is None else f" ({learnt.n:,.0f} {printable(people)})"
    rows = [Content.assemble((printable(learnt.question.stem), "bold"), asked)]
    for place, text in enumerate(learnt.question.option_texts):
        rows.append(Content(printable(text)))
        rows += [
            _side(name, float(shares[place]), glyph, style)
            for name, shares, glyph, style in sides
            if shares is not None
        ]
    return stacked(rows)


def _side(name: str, share: float, glyph: str, style: str) -> Content:
    return Content.assemble(
        f"  {fitted(printable(name), SIDE_CELLS)}", (bar(share, BAR_CELLS, glyph), style), f" {100 * share:3.0f}%"
    )
