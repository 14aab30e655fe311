"""The help: all keys by where they act, what they do, and the ids by which they can be rebound."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from chat_personas.conversation.commands import by_subject
from chat_personas.tui.key_registry import key_of, keys_shown
from chat_personas.tui.screens.dialogs import Dialog

ABOUT = """\
The panel beside the conversation shows how close the persona's answers to survey questions are to the answers of \
the people it stands for. The questions are asked out of band and leave no trace in the conversation.
On a narrow screen, {panel} shows the panel. Everything is stored at once: there is nothing to save.
A key with a name on the right can be changed: /settings lists them all by these names.
"""

WRITTEN = "Written in place of a message"
WIDE = 80
"""From this many columns on, a key with its id fits on one line."""


@dataclass(frozen=True, slots=True)
class NamedKey:
    """One line of the help: the keys of a binding, what they do, its id, and where it acts."""

    keys: str
    does: str
    name: str
    place: str


class HelpScreen(Dialog[None]):
    """Lists all keys with what they do and their ids."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q", "close", "Close", id="help_close")]

    def __init__(self, keys: Iterable[NamedKey]) -> None:
        """Show `keys`, grouped by where they act."""
        super().__init__()
        self._keys_shown = tuple(keys)
        self._rows: list[tuple[Static, NamedKey]] = []
        self._scroll = VerticalScroll(id="help")

    def compose(self) -> ComposeResult:
        """Lay out the keys below a few sentences about the screen."""
        self._rows = [(Static(self._line(key)), key) for key in self._keys_shown]
        with self._scroll:
            yield Static(ABOUT.format(panel=key_of("panel")).rstrip(), markup=False)
            for place, rows in groupby(self._rows, lambda row: row[1].place):
                yield Static(Content.styled(place, "bold"), classes="place")
                yield from (row for row, _ in rows)
            yield Static(Content.styled(WRITTEN, "bold"), classes="place")
            yield from (Static(row) for row in _written())

    def _line(self, key: NamedKey) -> Content:
        """Lay out one key in columns that are wide enough for all; on a narrow screen its id has a line of its own."""
        keys = max(cell_len(other.keys) for other in self._keys_shown)
        does = max(cell_len(other.does) for other in self._keys_shown)
        narrow = self.app.size.width < WIDE
        name_begins = f"\n{' ' * keys} " if narrow else " " * (does - cell_len(key.does) + 1)
        keys_column = f"{set_cell_size(key.keys, keys)} "
        return Content.assemble((keys_column, "bold $accent"), key.does, name_begins, (key.name, "dim"))

    def on_resize(self) -> None:
        """Lay out the keys again: the screen may have become narrow or wide."""
        for row, key in self._rows:
            row.update(self._line(key))

    def on_mount(self) -> None:
        """Let the arrow keys scroll, and say how to leave."""
        self._scroll.border_title = "Keys"
        self._scroll.border_subtitle = "Esc closes"
        self._scroll.focus()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def _written() -> Iterator[Content]:
    """Yield what can be written in place of a message, one command a line."""
    commands = [command for _, several in by_subject("screen") for command in several]
    widest = max(cell_len(command.written_on_screen) for command in commands)
    for command in commands:
        yield Content.assemble((f"{command.written_on_screen:{widest}} ", "bold $accent"), command.in_short)


def named_keys(
    bindings: Iterable[tuple[str, Binding]], chosen: Mapping[str, str], display: Callable[[Binding], str]
) -> list[NamedKey]:
    """Return the keys of `bindings`, each with where it acts; `chosen` are the person's own keys by id."""
    return [
        NamedKey(
            ", ".join(keys_shown(binding, chosen, display)),
            binding.tooltip or binding.description,
            name,
            place,
        )
        for place, binding in bindings
        if (name := binding.id)
    ]
