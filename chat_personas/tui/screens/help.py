"""Every key that does something now, under the names by which it can be set anew."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from chat_personas.tui.screens.dialogs import Dialog

ABOUT = """\
The conversation is in the middle; the panel beside it shows how close the persona's measured opinions are \
to the people it stands for. Measuring asks survey questions beside the conversation and leaves no trace in it.
On a narrow screen the panel is a key away. Everything is kept: nothing has to be saved.
Keys can be set anew by their names, in the settings under [keys]: stop = "ctrl+x".
"""


@dataclass(frozen=True, slots=True)
class NamedKey:
    """One line of the help: the keys of a binding, what they do, its id, and where it acts."""

    keys: str
    does: str
    name: str
    place: str


class HelpScreen(Dialog[None]):
    """Lists keys, what they do, and their ids."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q", "close", "Close", id="help_close")]

    def __init__(self, keys: Iterable[NamedKey]) -> None:
        """Show `keys`, those of each place under its name."""
        super().__init__()
        self._keys_shown = tuple(keys)

    def compose(self) -> ComposeResult:
        """Lay out the keys under a few sentences."""
        with VerticalScroll(id="help"):
            yield Static(ABOUT.rstrip(), markup=False)
            for place, keys in groupby(self._keys_shown, lambda key: key.place):
                yield Static(Content.styled(place, "bold"), classes="place")
                for key in keys:
                    yield Static(self._line(key))

    def _line(self, key: NamedKey) -> Content:
        """Lay out one key, in columns as wide as the widest of all keys needs."""
        keys = max(cell_len(other.keys) for other in self._keys_shown)
        does = max(cell_len(other.does) for other in self._keys_shown)
        return Content.assemble(
            (f"{set_cell_size(key.keys, keys)} ", "bold $accent"),
            f"{set_cell_size(key.does, does)} ",
            (key.name, "dim"),
        )

    def on_mount(self) -> None:
        """Let the arrow keys scroll, and say how to leave."""
        scroll = self.query_one("#help")
        scroll.border_title = "Keys"
        scroll.border_subtitle = "Esc closes"
        scroll.focus()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


def named_keys(
    bindings: Iterable[tuple[str, Binding]], chosen: Mapping[str, str], display: Callable[[Binding], str]
) -> list[NamedKey]:
    """Return the keys of `bindings`, each with where it acts; `chosen` are the person's own keys by id."""
    return [
        NamedKey(
            ", ".join(display(replace(binding, key=key)) for key in chosen.get(name, binding.key).split(",")),
            binding.tooltip or binding.description,
            name,
            place,
        )
        for place, binding in bindings
        if (name := binding.id)
    ]
