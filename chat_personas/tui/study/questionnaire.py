"""A questionnaire: the items of one sheet below each other. Each answer is stored when it is given."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click, DescendantBlur
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from chat_personas.corpus import CorpusError
from chat_personas.reporting.study_wording import TRY_AGAIN
from chat_personas.reporting.wording.measurements import sentence
from chat_personas.studies.errors import ParticipationError
from chat_personas.studies.instrument import scale_points
from chat_personas.studies.steps import DECLINED, AskedItem, Sheet, number_of
from chat_personas.text import printable
from chat_personas.tui.drawing import PEOPLE, bar
from chat_personas.tui.study.pages import Options, StudyPage, read_paragraphs
from chat_personas.tui.study.session import StudySession

MISSING = "Please answer this."
MISSING_OR_DECLINE = f"Please answer this, or choose “{DECLINED}”."
SECONDS_OF_A_PAUSE = 1.0
"""After so long without a key, what is typed into a text is stored."""
POINT_CELLS = 6
BAR_CELLS = 40
NUMBER_CELLS = 12
"""What a number on a scale may have, as much as its field shows. Long before it is said that it is not on the scale."""
Given = str | float | None
"""What a person gives for an item, as `Participation.answer` takes it."""


class ItemBox(Vertical):
    """An item with what is answered so far. `given` says whether it has an answer that is stored."""

    @dataclass
    class Answered(Message):
        """The person gave an answer; with `done`, the next item is theirs to answer."""

        box: "ItemBox"
        value: Given
        done: bool = True

    class Typed(Message):
        """Something was typed or taken back, and is not given yet."""

    def __init__(self, asked: AskedItem, number: int) -> None:
        super().__init__(classes="item")
        self.asked = asked
        self.given = False
        self.seen_at: float | None = None
        self.decline = Options((), may_decline=asked.item.may_decline)
        self._text = Content.styled(f"{number}. {printable(asked.text)}", "bold")
        self._hint = Static(markup=False, classes="hint")
        self._hint.display = False

    def compose(self) -> ComposeResult:
        """Lay out the question, its answer, and a place for what is wrong with it."""
        yield Static(self._text)
        yield from self.fields()
        yield self._hint

    def fields(self) -> ComposeResult:
        """Yield what the answer is given in."""
        raise NotImplementedError

    @property
    def first_field(self) -> Widget:
        """What gets the focus."""
        raise NotImplementedError

    def pending(self) -> Given:
        """Return what is typed but not given yet; None where that is nothing."""
        return None

    @property
    def answered(self) -> bool:
        """Whether there is an answer: one that is given, or one that is typed and was not refused."""
        return self.given or (self.pending() is not None and not self.has_class("-missing"))

    def clear_fields(self) -> None:
        """Forget what was given, because the person prefers not to say."""

    def typed(self, text: str) -> None:
        """Take back that the person prefers not to say; while there is text, Tab passes that by, and Enter keeps it.

        What was said about the text before goes, too.
        """
        if text:
            self.decline.clear()
            self._clear_hint()
        self.decline.can_focus = not text
        self.post_message(self.Typed())

    def accept(self) -> None:
        """Show that the answer is stored."""
        self.given = True
        self._clear_hint()

    def _clear_hint(self) -> None:
        self.remove_class("-missing")
        self._hint.display = False

    def refuse(self, why: str) -> None:
        """Say what is wrong with the answer, or that it is missing."""
        self.given = False
        self.add_class("-missing")
        self._hint.update(printable(why))
        self._hint.display = True

    def answer(self, value: Given, *, done: bool = True) -> None:
        """Tell the page what is given."""
        self.post_message(self.Answered(self, value, done))

    @on(Options.Chosen)
    def chosen(self, event: Options.Chosen) -> None:
        """Give the option's code, or decline."""
        event.stop()
        if event.code is None:
            self.clear_fields()
        else:
            self.decline.clear()
        self.answer(event.code, done=event.done)


class ChoiceBox(ItemBox):
    """Options to choose from, or the numbers of a short scale in a row with a label at each end."""

    def __init__(self, asked: AskedItem, number: int) -> None:
        super().__init__(asked, number)
        item = asked.item
        self._points = [str(point) for point in scale_points(item)] if item.kind == "scale" else []
        choices = [(point, point) for point in self._points] or [(each.code, each.text) for each in asked.choices]
        self._options = Options(choices, may_decline=item.may_decline, in_row=bool(self._points))

    def fields(self) -> ComposeResult:
        """The ends of the scale above its numbers, and the options."""
        low, high = self.asked.item.low_label, self.asked.item.high_label
        if self._points and (low or high):
            yield Static(_ends(self._points, low, high), markup=False, classes="ends")
        yield self._options

    @property
    def first_field(self) -> Widget:
        """The options."""
        return self._options


class NumberField(Input):
    """A number. Within bounds the arrow keys change it by one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(1)", "More", show=False),
        Binding("down", "step(-1)", "Less", show=False),
    ]

    @dataclass
    class Stepped(Message):
        """The person asked for the next number, or the one before."""

        by: int

    def action_step(self, by: int) -> None:
        """Ask for another number."""
        self.post_message(self.Stepped(by))


class ScaleBar(Static):
    """A number on its scale as a bar; a click chooses a number."""

    @dataclass
    class Picked(Message):
        """A place of the bar was clicked, from 0 to 1."""

        share: float

    def on_click(self, event: Click) -> None:
        """Choose a place."""
        if 0 <= event.x < BAR_CELLS:
            self.post_message(self.Picked(event.x / (BAR_CELLS - 1)))


class NumberBox(ItemBox):
    """A number to type; one of a long scale also as a bar."""

    def __init__(self, asked: AskedItem, number: int) -> None:
        super().__init__(asked, number)
        # Textual's numeric fields drop what does not fit, so that 1e9 became 19: what is wrong is said instead.
        bounded = asked.item.low is not None and asked.item.high is not None
        self._field = NumberField(compact=True, classes="number", max_length=NUMBER_CELLS if bounded else 0)
        self._bar = ScaleBar(markup=False, classes="bar")
        self._stored = ""

    def fields(self) -> ComposeResult:
        """The field, the bar with its ends, and the option to decline."""
        item = self.asked.item
        if item.low is not None and item.high is not None:
            with Horizontal(classes="row"):
                yield self._field
                yield Static(f"from {item.low:g} to {item.high:g}", markup=False, classes="ends")
        else:
            yield self._field
        if item.kind == "scale":
            yield self._bar
            yield Static(_at_both_ends(item.low_label, item.high_label, BAR_CELLS), markup=False, classes="ends")
        if item.may_decline:
            yield self.decline

    @property
    def first_field(self) -> Widget:
        """The field."""
        return self._field

    def on_mount(self) -> None:
        """Draw the empty bar."""
        self._draw()

    def pending(self) -> Given:
        """The number that is typed, unless it is the one that is stored."""
        typed = self._field.value.strip()
        return typed if typed and typed != self._stored else None

    def accept(self) -> None:
        """Remember which number is stored."""
        super().accept()
        self._stored = self._field.value.strip()

    def refuse(self, why: str) -> None:
        """Say what is wrong with the number. Typed once more, the one that is stored is given again."""
        super().refuse(why)
        self._stored = ""

    def clear_fields(self) -> None:
        """Empty the field."""
        self._field.value = ""

    @on(Input.Changed)
    def changed(self) -> None:
        """Draw the bar as the number is typed; one that no further digit can bring back to its scale is refused."""
        typed, value, high = self._field.value.strip(), self._value, self.asked.item.high
        self.typed(typed)
        if value is not None and high is not None and value > high:
            try:
                number_of(self.asked.item, typed)
            except ParticipationError as error:
                self.refuse(sentence(str(error)))
        self._draw()

    @on(Input.Submitted)
    def submitted(self) -> None:
        """Enter gives the number."""
        if self._field.value.strip():
            self.answer(self._field.value.strip())

    @on(Input.Blurred)
    def blurred(self) -> None:
        """So does leaving the field."""
        if (typed := self.pending()) is not None:
            self.answer(typed, done=False)

    @on(NumberField.Stepped)
    def stepped(self, event: NumberField.Stepped) -> None:
        """Go one up or down; an empty scale begins in its middle."""
        item = self.asked.item
        if item.low is not None and item.high is not None:
            value = self._value
            self._take((item.low + item.high) / 2 if value is None else value + event.by)

    @on(ScaleBar.Picked)
    def picked(self, event: ScaleBar.Picked) -> None:
        """Take the number at the place that was clicked."""
        item = self.asked.item
        assert item.low is not None
        assert item.high is not None
        self._take(item.low + event.share * (item.high - item.low))
        self._field.focus()

    def _take(self, value: float) -> None:
        item = self.asked.item
        assert item.low is not None
        assert item.high is not None
        self._field.value = f"{round(min(item.high, max(item.low, value)))}"
        self.answer(self._field.value, done=False)

    @property
    def _value(self) -> float | None:
        try:
            return float(self._field.value)
        except ValueError:
            return None

    def _draw(self) -> None:
        item, value = self.asked.item, self._value
        if item.low is None or item.high is None:
            return
        on_scale = value is not None and item.low <= value <= item.high
        share = (value - item.low) / (item.high - item.low) if value is not None and on_scale else 0.0
        self._bar.update(bar(share, BAR_CELLS, PEOPLE))


class TextBox(ItemBox):
    """Words to type; they are stored when the person pauses."""

    def __init__(self, asked: AskedItem, number: int) -> None:
        super().__init__(asked, number)
        self._area = TextArea(soft_wrap=True, show_line_numbers=False, tab_behavior="focus", compact=True)
        self._pause: Timer | None = None
        self._stored = ""

    def fields(self) -> ComposeResult:
        """The text, and the option to decline."""
        yield self._area
        if self.asked.item.may_decline:
            yield self.decline

    @property
    def first_field(self) -> Widget:
        """The text."""
        return self._area

    def pending(self) -> Given:
        """The words that are typed, unless they are stored."""
        typed = self._area.text.strip()
        return typed if typed and typed != self._stored else None

    def accept(self) -> None:
        """Remember which words are stored."""
        super().accept()
        self._stored = self._area.text.strip()

    def clear_fields(self) -> None:
        """Empty the text."""
        self._area.text = ""

    @on(TextArea.Changed)
    def changed(self) -> None:
        """Store the words after a pause."""
        self.typed(self._area.text.strip())
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(SECONDS_OF_A_PAUSE, self._store)

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        """Store the words when the person goes on."""
        self._store()

    def _store(self) -> None:
        if (typed := self.pending()) is not None:
            self.answer(typed, done=False)


def box_of(asked: AskedItem, number: int) -> ItemBox:
    """Return the box for an item of its kind."""
    if asked.item.kind == "text":
        return TextBox(asked, number)
    if asked.item.kind == "choice" or (asked.item.kind == "scale" and scale_points(asked.item)):
        return ChoiceBox(asked, number)
    return NumberBox(asked, number)


def _ends(points: Sequence[str], low: str | None, high: str | None) -> str:
    """Write the labels above both ends of a row of numbers; where they do not fit, say which number is which."""
    width = POINT_CELLS * len(points)
    if cell_len(low or "") + cell_len(high or "") + 2 <= width:
        return _at_both_ends(low, high, width)
    named = ((points[0], low), (points[-1], high))
    return printable(", ".join(f"{point} = {label}" for point, label in named if label))


def _at_both_ends(low: str | None, high: str | None, width: int) -> str:
    left, right = printable(low or ""), printable(high or "")
    return left + " " * max(1, width - cell_len(left) - cell_len(right)) + right


class ItemsScroll(VerticalScroll, can_focus=False):
    """The items. It says when it was scrolled, because an item's time begins when it comes into view."""

    class Scrolled(Message):
        """Other items may be in view."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell the page."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())


class QuestionnairePage(StudyPage[None]):
    """One sheet of a questionnaire."""

    CSS_PATH = ["pages.tcss", "questionnaire.tcss"]  # noqa: RUF012
    AUTO_FOCUS = None

    def __init__(self, session: StudySession, sheet: Sheet) -> None:
        super().__init__(session)
        self._sheet = sheet
        self.boxes = [box_of(asked, number) for number, asked in enumerate(sheet.items, start=1)]
        self._items = ItemsScroll(id="sheet")
        self._last_answer = 0.0
        self._asked_for_missing = False

    def body(self) -> ComposeResult:
        """The title of the sheet, what is said before its items, and the items."""
        with self._items:
            yield Static(printable(self._sheet.instrument.title), markup=False, classes="title")
            if self._sheet.introduction:
                yield from read_paragraphs([self._sheet.introduction])
            yield from self.boxes

    def on_mount(self) -> None:
        """Begin with the first item."""
        super().on_mount()
        self.boxes[0].first_field.focus(scroll_visible=False)
        self.call_after_refresh(self.note_seen)

    @on(ItemsScroll.Scrolled)
    def note_seen(self) -> None:
        """Note when each item came into view."""
        for box in self.boxes:
            if box.seen_at is None and box.region.overlaps(self._items.region):
                box.seen_at = time.monotonic()

    @on(ItemBox.Answered)
    async def answered(self, event: ItemBox.Answered) -> None:
        """Store an answer, and where the person is done with it go to the next item that has none."""
        stored = await self._store(event.box, event.value)
        self._say_what_is_missing()
        if stored and event.done:
            self._go_to_next(event.box)

    async def _store(self, box: ItemBox, value: Given) -> bool:
        """Store an answer; return whether it is stored, and is not to be tried again."""
        way, now = self.session.way, time.monotonic()
        assert way is not None
        seconds = now - max(self._last_answer, box.seen_at or now)
        try:
            again = await asyncio.to_thread(way.answer, box.asked, value, seconds)
        except ParticipationError as error:
            box.refuse(sentence(str(error)))
            return False
        except CorpusError as error:
            self.post_message(self.Failed(error))
            return False
        self._last_answer = now
        box.accept()
        if again:
            box.refuse(TRY_AGAIN)
        return not again

    def _go_to_next(self, box: ItemBox) -> None:
        place = self.boxes.index(box)
        waiting = [each for each in (*self.boxes[place + 1 :], *self.boxes[:place]) if not each.given]
        if waiting:
            self._go_to(waiting[0])
        else:
            self.button.focus()

    @on(ItemBox.Typed)
    def _say_what_is_missing(self) -> None:
        """Say how many items have no answer, once the person has asked to go on."""
        if not self._asked_for_missing:
            return
        missing = sum(not box.answered for box in self.boxes)
        self.say(f"{missing} of {len(self.boxes)} not answered yet" if missing else "")

    def _go_to(self, box: ItemBox) -> None:
        box.first_field.focus(scroll_visible=False)
        self._items.scroll_to_widget(box, animate=False)

    async def keep(self) -> None:
        """Store what is typed."""
        for box in self.boxes:
            if (typed := box.pending()) is not None:
                await self._store(box, typed)

    async def action_go_on(self) -> None:
        """Go on, once every item is answered or declined; else show which are not."""
        await self.keep()
        missing = [box for box in self.boxes if not box.given]
        if not missing:
            self.dismiss(None)
            return
        for box in missing:
            if not box.has_class("-missing"):
                box.refuse(MISSING_OR_DECLINE if box.asked.item.may_decline else MISSING)
        self._asked_for_missing = True
        self._say_what_is_missing()
        self._go_to(missing[0])

    @property
    def scroller(self) -> VerticalScroll:
        """The items."""
        return self._items
