"""A list that typing narrows, with what is known of the highlighted line beside it, or below it on a narrow screen."""

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import ClassVar, Protocol, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.text import printable
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.widgets.title_and_status import KeyLine

WIDE = 100
"""From this many columns on, what is known stands beside the list."""


class Line(Protocol):
    """What a list shows of a thing: a row under a heading, with a key of its own."""

    @property
    def key(self) -> str:
        """What tells it from all others."""

    @property
    def heading(self) -> str:
        """Under which heading it stands; those of one heading follow one another. Empty for none."""

    @property
    def line(self) -> str:
        """The row."""

    @property
    def usable(self) -> bool:
        """Whether it can be chosen; what cannot is greyed."""


Listed = TypeVar("Listed", bound=Line)
Result = TypeVar("Result")


class Picker(AnsweringScreen[Result]):
    """A screen that gives one of the things of a list, or None. What is shown beside them is for those who inherit.

    It is for choosing among things of which there is more to know than their line says, some of which cannot be chosen:
    personas and models. Where the lines say all, and each choice may lead to the next, it is a `NarrowedList`.
    """

    CSS_PATH = "picker.tcss"
    AUTO_FOCUS = "#wanted"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="personas_back"),
        Binding("down", "to_list", "Go to the list", id="personas_list", show=False),
        Binding("pagedown", "scroll_about(1)", "Read on", id="personas_down", show=False, priority=True),
        Binding("pageup", "scroll_about(-1)", "Read back", id="personas_up", show=False, priority=True),
    ]

    def __init__(self, heading: str, placeholder: str) -> None:
        super().__init__()
        self._heading = heading
        self.wanted = Input(placeholder=placeholder, id="wanted", select_on_focus=False, compact=True)
        self.listed = OptionList(id="names", markup=False)
        self.about = Static(markup=False, id="figures")
        self.said = Static(markup=False, id="said")
        self.said.display = False

    def compose(self) -> ComposeResult:
        """Lay out the search above the list, and what is known beside it."""
        yield Static(self._heading, markup=False, id="heading")
        yield self.wanted
        with Horizontal(id="choice"):
            yield self.listed
            with VerticalScroll(id="about", can_focus=False):
                yield self.about
        yield self.said
        yield KeyLine()

    def show_about(self) -> None:
        """Show what is known of the highlighted thing."""
        raise NotImplementedError

    def show_list(self) -> None:
        """List what fits what is typed; see `list_those`."""
        raise NotImplementedError

    def choose(self) -> None:
        """Give what is highlighted, or what was typed."""
        raise NotImplementedError

    def list_those(self, things: Iterable[Listed], chosen: Callable[[Listed], bool] = lambda _: False) -> None:
        """List `things` under their headings, and highlight the one that is `chosen`, or else the first."""
        found, names = list(things), self.listed
        names.clear_options()
        for heading, group in groupby(found, lambda each: each.heading):
            if heading:
                names.add_option(Option(Content.styled(printable(heading), "bold"), disabled=True))
            names.add_options(map(_row, group))
        usable = [each for each in found if each.usable]
        highlighted = next(filter(chosen, usable), usable[0] if usable else None)
        names.highlighted = None if highlighted is None else names.get_option_index(highlighted.key)
        self.call_after_refresh(self._show_around)  # its height is known by then
        self.show_about()

    def _show_around(self) -> None:
        """Scroll so that there is as much of the list above the highlighted line as below it; each takes one row."""
        names = self.listed
        if names.highlighted is not None:
            names.scroll_to(y=names.highlighted - names.size.height // 2, animate=False)

    def highlighted(self, things: Iterable[Listed]) -> Listed | None:
        """Return the one of `things` that is highlighted; None where the list is empty."""
        option = self.listed.highlighted_option
        return None if option is None else next((each for each in things if each.key == option.id), None)

    def say(self, words: str) -> None:
        """Say something below the list, "" for nothing."""
        self.said.update(printable(words))
        self.said.display = bool(words)

    @on(Input.Changed, "#wanted")
    def narrow(self) -> None:
        """List what fits."""
        self.show_list()

    @on(OptionList.OptionHighlighted)
    def follow(self) -> None:
        """Show what is known of another one."""
        self.show_about()

    @on(Input.Submitted, "#wanted")
    @on(OptionList.OptionSelected)
    def submitted(self) -> None:
        """Choose by Enter or by a click."""
        self.choose()

    def on_resize(self, event: Resize) -> None:
        """Show what is known below the list where there is no room beside it."""
        self.query_one("#choice").set_class(event.size.width < WIDE, "-narrow")

    @property
    def away_from_text(self) -> bool:
        """Whether the list has the focus; what is typed there goes to the search."""
        return self.focused is self.listed

    def write_on(self) -> None:
        """Give the focus to the input."""
        self.set_focus(self.wanted)

    def action_scroll_about(self, pages: int) -> None:
        """Scroll what is known, where it is longer than its place."""
        about = self.query_one("#about", VerticalScroll)
        about.scroll_relative(y=pages * max(1, about.size.height - 1), animate=False)

    def action_to_list(self) -> None:
        """Move from the search to the list."""
        self.set_focus(self.listed)

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss(None)


def _row(each: Line) -> Option:
    """Return the row of a thing; on few colours, too, one that cannot be chosen is told from the others."""
    line = Content.styled(printable(each.line), "" if each.usable else "dim")
    return Option(line, id=each.key, disabled=not each.usable)
