"""Lists about the messages of the open conversation: one's own to jump to, and what can be done with one of them."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.text import Sought, pluralize, printable
from chat_personas.tui.screens.dialogs import Dialog
from chat_personas.tui.screens.narrowed_list import Choice, NarrowedList

LONGEST_LINE = 200
"""Characters of a message in a list."""


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """Return the beginning of a message on one line of at most so many characters."""
    line = " ".join(text[: 4 * longest].split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


class JumpScreen(NarrowedList[str | None]):
    """Lists what the person said in this conversation, the newest first. Gives the key of the message to go to."""

    def __init__(self, said: Sequence[tuple[str, str]], words: str = "") -> None:
        """Offer messages, each a key and a text, in the order in which they were said; those with `words` at first."""
        super().__init__("Type words of a message to narrow the list")
        self._words = words
        self._said = [(number, key, text) for number, (key, text) in enumerate(said, start=1)]

    def on_mount(self) -> None:
        """List all of them."""
        self.heading.update("Go to one of your messages")
        self.begin_again(self._words)
        self.say_how_many()

    @on(Input.Changed)
    def say_how_many(self) -> None:
        """Say how many messages there are to choose from, or that none has the words that are typed."""
        count = pluralize(len(self._said), "message")
        nothing = next(iter(self.choices(self.typed.value.strip())), None) is None
        self.about.update(
            f"Nothing matches: none of {count} of yours has these words"
            if nothing
            else f"{count} of yours in this conversation, the newest first"
        )

    def choices(self, typed: str) -> Iterator[Choice]:
        """Yield the messages with all words that are typed."""
        sought, widest = Sought.typed(typed), len(str(len(self._said)))
        for number, key, text in reversed(self._said):
            if not typed or sought.in_(text):
                yield Choice(f"{number:{widest}}  {one_line(text)}", key)

    def take(self, chosen: Choice) -> None:
        """Go to a message."""
        assert isinstance(chosen.value, str)
        self.dismiss(chosen.value)

    def action_back(self) -> None:
        """Stay where the conversation is."""
        self.dismiss(None)


class MenuScreen(Dialog[str | None]):
    """Lists what can be done with a message. Gives the name of what is chosen, None if cancelled."""

    CSS_PATH = "dialogs.tcss"
    AUTO_FOCUS = "#does"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="menu_cancel")]

    def __init__(self, about: str, does: Sequence[tuple[str, str, str]]) -> None:
        """`about` is the message; `does` are a name, what it does, and its key, for each thing that can be done."""
        super().__init__()
        self._about = about
        self._does = OptionList(*(_option(*each) for each in does), id="does", markup=False, compact=True)

    def compose(self) -> ComposeResult:
        """Lay out the message above what can be done with it."""
        with Vertical(id="dialog"):
            yield Static(Content(printable(one_line(self._about))), markup=False, id="message")
            yield self._does

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Do what is chosen."""
        self.dismiss(event.option_id)

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(None)


def _option(name: str, does: str, key: str) -> Option:
    return Option(Content.assemble(does, (f"  {key}" if key else "", "dim")), id=name)
