"""Guessing how the people of a group answered a question: a percentage for each option, by keys or with the mouse."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key, MouseDown, MouseMove, MouseUp
from textual.message import Message
from textual.widgets import Static

from chat_personas.corpus import CorpusError
from chat_personas.reporting.study_wording import guess_question
from chat_personas.studies.steps import Guessing
from chat_personas.text import printable
from chat_personas.tui.drawing import PEOPLE, PERSON_STYLE, bar
from chat_personas.tui.study.pages import StudyPage
from chat_personas.tui.study.session import StudySession
from eval.surveys.model import Question

WHOLE, STEP = 100, 5
BAR_CELLS = 50
TRACK_STYLE = f"{PERSON_STYLE} on $foreground 12%"


class ShareBar(Static):
    """A bar that is dragged or clicked to a percentage, in steps of 5."""

    @dataclass
    class Picked(Message):
        """The mouse chose a percentage."""

        percent: int

    def __init__(self) -> None:
        super().__init__(markup=False, classes="bar")
        self._dragging = False

    def on_mouse_down(self, event: MouseDown) -> None:
        """Begin to choose."""
        self._dragging = True
        self.capture_mouse()
        self._pick(event.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Follow the mouse."""
        if self._dragging:
            self._pick(event.x)

    def on_mouse_up(self, event: MouseUp) -> None:
        """The last place counts."""
        self._dragging = False
        self.release_mouse()

    def _pick(self, column: int) -> None:
        share = min(1.0, max(0.0, column / (BAR_CELLS - 1)))
        self.post_message(self.Picked(round(share * WHOLE / STEP) * STEP))

    def draw(self, percent: int) -> None:
        """Show a percentage."""
        drawn = bar(percent / WHOLE, BAR_CELLS, PEOPLE)
        self.update(Content.assemble((drawn, TRACK_STYLE), f" {percent:3d}%"))


class ShareRow(Vertical, can_focus=True):
    """An option with its percentage from 0 to 100, in whole numbers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,plus", f"add({STEP})", "More"),
        Binding("left,minus", f"add(-{STEP})", "Less"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("backspace,delete", "take_digit", show=False),
    ]

    class Changed(Message):
        """The percentage is another one."""

    def __init__(self, text: str) -> None:
        super().__init__(classes="share")
        self._text = Static(printable(text), markup=False)
        self._bar = ShareBar()
        self._typing = False
        self.percent = 0

    def compose(self) -> ComposeResult:
        """Lay out the option above its bar."""
        yield self._text
        yield self._bar

    def on_mount(self) -> None:
        """Draw the empty bar."""
        self._bar.draw(0)

    def on_focus(self) -> None:
        """The next digit begins a number."""
        self._typing = False

    def on_key(self, event: Key) -> None:
        """Take a digit after the ones that were typed just before; a number above 100 begins anew with it."""
        if event.character is not None and event.character.isdecimal():
            event.stop()
            digit = int(event.character)
            longer = 10 * self.percent + digit if self._typing else digit
            self.take(longer if longer <= WHOLE else digit, typing=True)

    def action_add(self, by: int) -> None:
        """Give more or less."""
        self.take(self.percent + by)

    def action_take_digit(self) -> None:
        """Take the last digit away."""
        self.take(self.percent // 10, typing=True)

    @on(ShareBar.Picked)
    def picked(self, event: ShareBar.Picked) -> None:
        """Take what the mouse chose."""
        event.stop()
        self.focus()
        self.take(event.percent)

    def take(self, percent: int, *, typing: bool = False) -> None:
        """Take a percentage; within 0 to 100."""
        self._typing = typing
        self.percent = min(WHOLE, max(0, percent))
        self._bar.draw(self.percent)
        self.post_message(self.Changed())


def rest_of(percents: Sequence[int]) -> str:
    """Say how much is missing to 100, or too much."""
    rest = WHOLE - sum(percents)
    if rest == 0:
        return f"The sum is {WHOLE}."
    return f"{rest} more to give" if rest > 0 else f"{-rest} too many"


def spread_evenly(percents: Sequence[int]) -> list[int]:
    """Return the percentages with the rest to 100 spread over the options that have none, or over all where all have.

    Whole numbers; the first options get one more where it does not divide evenly.
    """
    rest = WHOLE - sum(percents)
    if rest <= 0:
        return list(percents)
    places = [place for place, percent in enumerate(percents) if percent == 0] or list(range(len(percents)))
    each, more = divmod(rest, len(places))
    spread = list(percents)
    for number, place in enumerate(places):
        spread[place] += each + (number < more)
    return spread


class GuessPage(StudyPage[None]):
    """One question whose answers are guessed. The guess is stored when the person goes on."""

    CSS_PATH = ["pages.tcss", "guessing.tcss"]  # noqa: RUF012
    AUTO_FOCUS = "ShareRow"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "even", "Spread the rest"),
        Binding("enter", "go_on", "Continue"),
        Binding("f2,ctrl+g", "go_on", show=False, priority=True),
    ]

    def __init__(self, session: StudySession, step: Guessing, question: Question) -> None:
        super().__init__(session)
        self._step = step
        self._question = question
        self._began = time.monotonic()
        self.rows = [ShareRow(text) for text in question.option_texts]

    def body(self) -> ComposeResult:
        """The question, and its options with their bars."""
        number = self._step.questions.index(self._question) + 1
        with VerticalScroll(id="guess", can_focus=False):
            yield Static(f"Question {number} of {len(self._step.questions)}", markup=False, classes="title")
            yield Static(printable(guess_question(self._step)), markup=False, classes="asked")
            yield Static(printable(self._question.stem), markup=False, classes="stem")
            yield from self.rows

    def on_mount(self) -> None:
        """Show what is missing."""
        super().on_mount()
        self._show_rest()

    @property
    def scroller(self) -> VerticalScroll:
        """The question with its options."""
        return self.query_one("#guess", VerticalScroll)

    @property
    def percents(self) -> list[int]:
        """The percentages, in the order of the options."""
        return [row.percent for row in self.rows]

    @on(ShareRow.Changed)
    def _show_rest(self) -> None:
        self.say(rest_of(self.percents))
        self.button.disabled = sum(self.percents) != WHOLE
        self.refresh_bindings()

    def action_even(self) -> None:
        """Spread the rest evenly."""
        for row, percent in zip(self.rows, spread_evenly(self.percents), strict=True):
            row.take(percent)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going on is a key once the sum is 100."""
        return not self.button.disabled if action == "go_on" else super().check_action(action, parameters)

    async def action_go_on(self) -> None:
        """Store the guess and go on, where it sums to 100."""
        way = self.session.way
        assert way is not None
        if sum(self.percents) != WHOLE:
            return
        seconds = time.monotonic() - self._began
        try:
            await asyncio.to_thread(way.guess, self._step, self._question, self.percents, seconds)
        except CorpusError as error:
            self.post_message(self.Failed(error))
        else:
            self.dismiss(None)
