"""What is measured, on a screen of its own: a section of the panel explained, or the alignment in large print."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.signal import Signal
from textual.widget import Widget
from textual.widgets import Static

from chat_personas.reporting.explained.in_one_sentence import after_which, in_one_sentence
from chat_personas.reporting.explained.sections import NOTHING_MEASURED, SECTIONS, Measured, explain
from chat_personas.reporting.numbers import Score
from chat_personas.reporting.wording.measurements import EVEN, EVERYONE, NOISE_FLOOR, answered_of, sentence
from chat_personas.tui.drawing import (
    NOISE_FLOOR as FLOOR_GLYPH,
)
from chat_personas.tui.drawing import (
    PERSONA,
    POPULATION,
    UNIFORM,
    Mark,
    Range,
    interval_line,
    stacked,
    two,
    with_interval,
)
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.widgets.title_and_status import KeyLine


class ExplanationScreen(AnsweringScreen[None]):
    """Explains a section of the panel with the figures of the conversation, as they were when it was opened."""

    CSS_PATH = "measurement.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "close", "Back", id="explanation_back"),
        Binding("right,n", "step(1)", "Next section", id="explanation_next"),
        Binding("left,p", "step(-1)", "Section before", id="explanation_previous"),
    ]

    def __init__(self, measured: Measured, section: str) -> None:
        """Explain a `section` (a key of `SECTIONS`) of what is `measured`."""
        super().__init__()
        self._measured = measured
        self._section = section

    def compose(self) -> ComposeResult:
        """Lay out a heading, the sentences, the words that they use, and where more is said."""
        yield Static(markup=False, id="heading")
        with VerticalScroll(id="explanation"):
            yield Static(markup=False, id="says")
            yield Static(markup=False, id="words", classes="words")
        yield KeyLine()

    def on_mount(self) -> None:
        """Let the arrow keys scroll at once."""
        self._show()
        self.query_one("#explanation").focus()

    def action_step(self, by: int) -> None:
        """Explain the next section, or the one before."""
        names = list(SECTIONS)
        self._section = names[(names.index(self._section) + by) % len(names)]
        self._show()

    def action_close(self) -> None:
        """Go back to the conversation."""
        self.dismiss(None)

    def _show(self) -> None:
        found, names = explain(self._section, self._measured), list(SECTIONS)
        place = f"{names.index(self._section) + 1} of {len(names)}"
        self.query_one("#heading", Static).update(f"What does this mean? {found.title} ({place})")
        self.query_one("#says", Static).update(Content("\n\n").join(map(Content, found.says)))
        words = [Content.assemble((word, "bold"), f": {meaning}") for word, meaning in found.words]
        more = Content(f"More in {found.page}.")
        self.query_one("#words", Static).update(stacked([*words, *([Content()] if words else []), more]))
        self.query_one("#explanation").scroll_home(animate=False)


# Large print

DIGITS: Mapping[str, tuple[str, ...]] = {
    "0": ("███", "█ █", "█ █", "█ █", "███"),
    "1": (" █ ", "██ ", " █ ", " █ ", "███"),
    "2": ("███", "  █", "███", "█  ", "███"),
    "3": ("███", "  █", "███", "  █", "███"),
    "4": ("█ █", "█ █", "███", "  █", "  █"),
    "5": ("███", "█  ", "███", "  █", "███"),
    "6": ("███", "█  ", "███", "█ █", "███"),
    "7": ("███", "  █", "  █", "  █", "  █"),
    "8": ("███", "█ █", "███", "█ █", "███"),
    "9": ("███", "█ █", "███", "  █", "███"),
    ".": (" ", " ", " ", " ", "█"),
}
"""Digits of three by five squares. Textual's `Digits` have one size, which is small on a large screen."""
WHOLE = Range(0.0, 1.0)
SHARE_OF_NUMBER = 0.42
"""How much of the height the number takes."""
_REACHED, _OPEN, _TICK = "█", "░", "┃"
MARGIN = 2
LEAVE = "Esc leaves"


def large_number(figure: str, width: int, height: int) -> list[str]:
    """Draw digits and points as large as fits into so many cells, at least one cell for a square.

    A cell is about twice as high as it is wide, so that a square takes two cells beside each other.
    """
    squares = sum(len(DIGITS[sign][0]) for sign in figure) + len(figure) - 1
    tall = max(1, min(height // 5, width // squares // 2))
    wide = max(1, min(2 * tall, width // squares))
    rows = (" ".join(DIGITS[sign][row] for sign in figure) for row in range(5))
    return ["".join(square * wide for square in row) for row in rows for _ in range(tall)]


def large_print(measured: Measured, width: int, height: int) -> Content:
    """Draw the alignment as one number, on one scale from 0 to 1 with its reference points, and as one sentence.

    All has the colour of text, which is the most legible one of every theme.
    What is not sound, or has no interval, shows the sentence alone; so does a screen that is too small for the rest.
    """
    room = max(8, width - 2 * MARGIN)
    whose = [*(_centred(row, width) for row in Content.styled(_whose(measured), "bold").wrap(room)), Content()]
    notes = [_centred(row, width) for note in _notes(measured) for row in Content.styled(note, "dim").wrap(room)]
    tried = [_around(measured, width, height, whose, said, notes) for said in _sentences(measured)]
    fitting = [rows for rows in tried if len(rows) <= height]
    rows = max(fitting, key=len) if fitting else min(tried, key=len)
    return stacked([*[Content()] * ((height - len(rows)) // 2), *rows])


def _around(
    measured: Measured, width: int, height: int, whose: list[Content], sentence: str, notes: list[Content]
) -> list[Content]:
    """Return all rows with this sentence, and as much of number and scale as there is room for."""
    room = max(8, width - 2 * MARGIN)
    said = [_centred(row, width) for row in Content.styled(sentence, "bold").wrap(room)]
    left = height - len(whose) - len(said) - len(notes)
    return [*whose, *_drawn(measured, width, height, left), *said, *notes]


def _drawn(measured: Measured, width: int, height: int, left: int) -> list[Content]:
    """Return the number and the scale; without the scale, or nothing, if they do not fit into the rows that are `left`.

    The number never stands there without its interval.
    """
    score = measured.card.scores.alignment if measured.card is not None and measured.sound else None
    if score is None or not score.bounded:
        return []
    room = max(8, width - 2 * MARGIN)
    number = large_number(two(score.mean), room, int(height * SHARE_OF_NUMBER))
    interval = f"alignment; 95% interval {two(score.low)} to {two(score.high)}"
    rows = [
        *(_centred(Content.styled(row, "bold"), width) for row in number),
        _centred(Content(interval), width),
        Content(),
    ]
    scale = [
        *(Content(" " * MARGIN) + row for row in _scale(measured, room, max(1, height // 20))),
        *(_centred(row, width) for row in _legend(measured, room)),
        Content(),
    ]
    fitting = (tried for tried in ([*rows, *scale], rows) if len(tried) <= left)
    return next((tried for tried in fitting if all(row.cell_length <= width for row in tried)), [])


def _whose(measured: Measured) -> str:
    estimate = measured.estimate
    return (
        f"{measured.people} · {after_which(estimate.turn, measured.side)}" if estimate is not None else measured.people
    )


def _sentences(measured: Measured) -> Iterator[str]:
    """Yield what the number means, in one sentence; then without figures, for where these take the room of the scale.

    A figure never stands without its interval.
    """
    estimate, card = measured.estimate, measured.card
    if card is not None:
        for figures in (True, False):
            yield sentence(in_one_sentence(card, estimate, complete=measured.complete, figures=figures))
    elif estimate is not None and not measured.state:
        yield f"Measuring: {answered_of(estimate)}."
    else:
        yield sentence(measured.state or NOTHING_MEASURED)


def _notes(measured: Measured) -> Iterator[str]:
    yield from measured.remarks
    if measured.card is not None and measured.state:
        yield measured.state
    yield LEAVE


def _scale(measured: Measured, width: int, thickness: int) -> Iterator[Content]:
    """Draw the interval above a bar from 0 to the alignment, and below it the reference points and the ends."""
    card = measured.card
    assert card is not None
    score = card.scores.alignment
    assert score is not None
    own = Mark(score.mean, score.low, score.high, PERSONA)
    yield Content.styled(interval_line(own, width, WHOLE), "bold")
    reached = WHOLE.cell(score.mean, width) + 1
    bar = Content.assemble(_REACHED * reached, (_OPEN * (width - reached), "dim"))
    yield from [bar] * thickness
    marks = _marks(measured, width)
    yield from [Content(re.sub(r"\S", _TICK, marks[0]))] * (thickness - 1)
    yield from map(Content, marks)
    ends = ["0", "0.5", "1"]
    middle = WHOLE.cell(0.5, width) - 1
    yield Content.styled(ends[0] + ends[1].rjust(middle + 2) + ends[2].rjust(width - middle - 3), "dim")


def _marks(measured: Measured, width: int) -> list[str]:
    """Return a row with the glyphs of the reference points, and further rows for those that share a cell."""
    rows: list[list[str]] = [[" "] * width]
    for glyph, _, score in _references(measured):
        cell = WHOLE.cell(score.mean, width)
        free = next((row for row in rows if row[cell] == " "), None)
        if free is None:
            rows.append(free := [" "] * width)
        free[cell] = glyph
    return ["".join(row) for row in rows]


def _references(measured: Measured) -> Iterator[tuple[str, str, Score]]:
    """Yield glyph, name and alignment of everyone's answers, of even answers and of the noise floor."""
    card = measured.card
    assert card is not None
    found = card.references
    for glyph, name, reference in (
        (UNIFORM, EVEN, found.uniform),
        (POPULATION, EVERYONE, found.population if card.groups else None),
        (FLOOR_GLYPH, NOISE_FLOOR, found.noise_floor),
    ):
        if reference is not None and reference.alignment is not None:
            yield glyph, name, reference.alignment


def _legend(measured: Measured, width: int) -> list[Content]:
    """Name the reference points in as few rows as they fit into."""
    rows: list[str] = []
    for glyph, name, score in _references(measured):
        said = f"{glyph} {name} {with_interval(score)}"
        if rows and len(rows[-1]) + 3 + len(said) <= width:
            rows[-1] += f"   {said}"
        else:
            rows.append(said)
    return [Content(row) for row in rows]


def _centred(row: Content, width: int) -> Content:
    return Content(" " * max(0, (width - row.cell_length) // 2)) + row


class LargePrint(Widget):
    """The large print, drawn for whatever size there is."""

    def __init__(self, measured: Callable[[], Measured]) -> None:
        super().__init__(id="large")
        self._measured = measured

    def render(self) -> Content:
        """Draw what is measured now."""
        return large_print(self._measured(), self.size.width, self.size.height)


class LargePrintScreen(AnsweringScreen[None]):
    """Shows the alignment so large that it can be read from the back of a room, and follows it."""

    CSS_PATH = "measurement.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,z", "close", "Back", id="large_print_back")]

    def __init__(self, measured: Callable[[], Measured], changes: Signal[None]) -> None:
        """Show what `measured` returns, again whenever `changes` says that it has changed."""
        super().__init__()
        self._large = LargePrint(measured)
        self._changes = changes

    def compose(self) -> ComposeResult:
        """Lay out the print alone."""
        yield self._large

    def on_mount(self) -> None:
        """Follow the measurement."""
        self._changes.subscribe(self, lambda _: self._large.refresh())

    def action_close(self) -> None:
        """Go back to the conversation."""
        self.dismiss(None)
