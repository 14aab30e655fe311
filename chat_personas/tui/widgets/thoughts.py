"""What a model thinks before it replies: one quiet line above the reply, under which the thought itself unfolds."""

from dataclasses import dataclass
from time import monotonic

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from chat_personas.reporting.wording.conversations import thought_in_short
from chat_personas.tui.widgets.messages import visible

FOLDED, UNFOLDED = "▸", "▾"
MOST_DRAWN = 4000
"""How many characters of a thought are drawn, its last ones. All of it is in the corpus."""
SECONDS_BETWEEN_DRAWINGS = 0.5


@dataclass(slots=True, eq=False)
class ShownThought:
    """A thought as data: it outlives the widget that shows it.

    `since` is when the model began to think, on the monotonic clock, None while it does not. `seconds` is for how long
    it had thought before that, None where that is not known.
    """

    text: str = ""
    seconds: float | None = None
    since: float | None = None
    unfolded: bool = False

    @property
    def thinking(self) -> bool:
        """Whether the model thinks at this moment."""
        return self.since is not None

    def add(self, text: str) -> None:
        """Append what the model has just thought."""
        if self.since is None:
            self.since = monotonic()
        self.text += text

    def end(self, seconds: float | None) -> None:
        """Note that the model has stopped thinking, after so many seconds in all."""
        self.since, self.seconds = None, seconds

    def headline(self) -> str:
        """Return the line that stands for the thought: what goes on, or how long the thought was."""
        arrow = UNFOLDED if self.unfolded else FOLDED
        if self.since is not None:
            return f"{arrow} thinking … ({(self.seconds or 0.0) + monotonic() - self.since:.0f} s)"
        in_short = thought_in_short(self.text, self.seconds)
        return f"{arrow} {in_short[0].upper()}{in_short[1:]}"

    def body(self) -> str:
        """Return what is drawn of the thought itself: all of it, or its end."""
        shown = visible(self.text[-MOST_DRAWN:]).strip()
        left_out = len(self.text) - MOST_DRAWN
        return shown if left_out <= 0 else f"({left_out:,} characters before this are in the corpus)\n… {shown}"


class ThoughtFold(Vertical):
    """A thought, folded or not. A click on its line folds or unfolds it. It draws itself while the model thinks."""

    @dataclass
    class Toggled(Message):
        """A person has folded or unfolded a thought with the mouse."""

        fold: "ThoughtFold"

    def __init__(self, thought: ShownThought) -> None:
        super().__init__(classes="thought")
        self._thought = thought
        self._drawn = ("", "")
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the line and the thought under it."""
        yield Static(markup=False, classes="thought-line")
        yield Static(markup=False, classes="thought-text")

    def on_mount(self) -> None:
        """Draw the thought, and go on drawing it while it grows."""
        self.draw()
        if self._thought.thinking:
            self._timer = self.set_interval(SECONDS_BETWEEN_DRAWINGS, self.draw)

    def draw(self) -> None:
        """Draw the line, and what has come of the thought if it is unfolded."""
        thought = self._thought
        text = self.query_one(".thought-text", Static)
        text.display = thought.unfolded
        drawn = thought.headline(), thought.body() if thought.unfolded else self._drawn[1]
        for widget, line, before in zip(self.query(Static), drawn, self._drawn, strict=True):
            if line != before:
                widget.update(Content(line))
        self._drawn = drawn
        if self._timer is not None and not thought.thinking:
            self._timer.stop()
            self._timer = None

    def grow(self) -> None:
        """Draw what the model thinks from now on: it may think again after it has begun to reply."""
        if self._timer is None and self.is_mounted:
            self._timer = self.set_interval(SECONDS_BETWEEN_DRAWINGS, self.draw)

    def on_click(self, event: Click) -> None:
        """Fold or unfold the thought where its line was clicked."""
        if event.widget is not None and event.widget.has_class("thought-line"):
            event.stop()
            self._thought.unfolded = not self._thought.unfolded
            self.draw()
            self.post_message(self.Toggled(self))
