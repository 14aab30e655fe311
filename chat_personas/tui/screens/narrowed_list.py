"""A short list that typing narrows, to choose a line of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import on
from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.text import printable
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.widgets.title_and_status import KeyLine

Result = TypeVar("Result")
LIST_STYLES = Path(__file__).with_name("narrowed_list.tcss")


class Choice(Option):
    """A line of a list, and what it stands for."""

    def __init__(self, line: str, value: str | Sequence[str]) -> None:
        super().__init__(printable(line))
        self.value = value


class NarrowedList(AnsweringScreen[Result]):
    """A list that typing narrows; Enter or a click takes a line. What a line does is for those who inherit.

    Its lines say all, and one choice may lead to the next on the same screen. Where more is to be known of a thing
    before it is chosen, it is a `Picker`.
    """

    CSS_PATH: ClassVar[CSSPathType] = [LIST_STYLES]
    AUTO_FOCUS = "#typed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="choose_back"),
        Binding("down", "to_list", "Go to the list", id="choose_list", show=False),
    ]

    def __init__(self, placeholder: str = "") -> None:
        super().__init__()
        self.heading = Static(markup=False, id="heading")
        self.about = Static(markup=False, id="about")
        self.typed = Input(id="typed", placeholder=placeholder, select_on_focus=False)
        self.listed = OptionList(id="choices", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out what is chosen already, the input and the list."""
        yield self.heading
        yield self.about
        yield self.typed
        yield self.listed
        yield KeyLine()

    def choices(self, typed: str) -> Iterable[Choice]:
        """Return the lines that fit what is typed."""
        raise NotImplementedError

    def take(self, chosen: Choice) -> None:
        """Do what a line stands for."""
        raise NotImplementedError

    def action_back(self) -> None:
        """Go back."""
        raise NotImplementedError

    @on(Input.Changed)
    def narrow(self) -> None:
        """List what fits what is typed, and highlight the first line."""
        self.listed.clear_options()
        self.listed.add_options(self.choices(self.typed.value.strip()))
        self.listed.highlighted = 0 if self.listed.option_count else None

    def begin_again(self, typed: str = "") -> None:
        """List everything, or what fits `typed`; what was typed before has done its work."""
        with self.prevent(Input.Changed):
            self.typed.value = typed
        self.narrow()
        self.set_focus(self.typed)

    def why_nothing(self, typed: str) -> str:
        """Say why the list has nothing for what is typed."""
        return f"Nothing in the list fits “{typed}”." if typed else "There is nothing to choose."

    @on(Input.Submitted)
    def choose_highlighted(self) -> None:
        """Take the highlighted line; say why there is none. What is typed stays."""
        if self.listed.highlighted_option is not None:
            self._take(self.listed.highlighted_option)
        else:
            self.notify(printable(self.why_nothing(self.typed.value.strip())), severity="warning", markup=False)

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Take a line of the list."""
        self._take(event.option)

    @property
    def away_from_text(self) -> bool:
        """Whether the list has the focus; what is typed there goes to the input."""
        return self.focused is self.listed

    def write_on(self) -> None:
        """Give the focus to the input."""
        self.set_focus(self.typed)

    def action_to_list(self) -> None:
        """Move from the input to the list."""
        self.set_focus(self.listed)

    def _take(self, option: Option) -> None:
        assert isinstance(option, Choice)
        self.take(option)
