"""Every key that does something now, under the names by which it can be set anew."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

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


class HelpScreen(Dialog[None]):
    """Lists keys, what they do, and their ids."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q", "close", "Close", id="help_close")]

    def __init__(self, bindings: Iterable[tuple[str, str, str]]) -> None:
        """Show `bindings` as (key, what it does, id)."""
        super().__init__()
        self._bindings_shown = tuple(bindings)

    def compose(self) -> ComposeResult:
        """Lay out the keys under a few sentences."""
        with VerticalScroll(id="help"):
            yield Static(ABOUT, markup=False)
            for key, does, name in self._bindings_shown:
                yield Static(Content.assemble((f"{key:<14} ", "bold $accent"), f"{does:<39}", (name, "dim")))

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
    bindings: Iterable[BindingType], chosen: Mapping[str, str], display: Callable[[Binding], str]
) -> list[tuple[str, str, str]]:
    """Return (keys, what they do, id) for the bindings that have an id; `chosen` are the person's own keys by id."""
    return [
        (
            ", ".join(display(replace(binding, key=key)) for key in chosen.get(binding.id, binding.key).split(",")),
            binding.tooltip or binding.description,
            binding.id,
        )
        for binding in bindings
        if isinstance(binding, Binding) and binding.id
    ]
