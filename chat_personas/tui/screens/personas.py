"""Choosing whom to talk with."""

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.text import printable
from chat_personas.tui.widgets.title_and_status import KeyLine

if TYPE_CHECKING:
    from personas import LoadedPersona


class PersonasScreen(Screen[str | None]):
    """Lists the personas of the library and those of the user's own; typing narrows the list. Gives the chosen name."""

    CSS_PATH = "personas.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="personas_back"),
        Binding("down", "to_list", "List", id="personas_list", show=False),
    ]

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        self._titles: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """Lay out the search above the list."""
        yield Static("Talk with … (a new conversation; this one is kept)", markup=False, id="heading")
        yield Input(placeholder="Type to narrow the list, or a path to a persona file", id="wanted")
        yield OptionList(id="names", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Show the names at once, and their titles when they are read."""
        self._list("")
        self.query_one(Input).focus()
        self.read_titles()

    @work(thread=True, exclusive=True)
    def read_titles(self) -> None:
        """Read every persona's title; a file with a problem keeps its bare name, and picking it says what is wrong."""
        from personas import PersonaError, load_persona

        for name in self._names:
            try:
                loaded = load_persona(name)
            except PersonaError as error:
                self._titles[name] = f"! {error}"
            else:
                self._titles[name] = _described(loaded)
        if self.is_running:
            self.app.call_from_thread(self._relist)

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """Keep what matches."""
        self._list(event.value)

    @on(Input.Submitted)
    def choose_first(self, event: Input.Submitted) -> None:
        """Choose the highlighted persona, or the file whose path was typed."""
        names = self.query_one(OptionList)
        if names.option_count:
            self.dismiss(names.get_option_at_index(names.highlighted or 0).id)
        elif event.value.strip():
            self.dismiss(event.value.strip())

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Choose by Enter in the list."""
        self.dismiss(event.option_id)

    def action_to_list(self) -> None:
        """Move from the search to the list."""
        self.query_one(OptionList).focus()

    def action_cancel(self) -> None:
        """Stay with the present persona."""
        self.dismiss(None)

    def _relist(self) -> None:
        self._list(self.query_one(Input).value)

    def _list(self, wanted: str) -> None:
        words = wanted.lower().split()
        names = self.query_one(OptionList)
        names.clear_options()
        for name in self._names:
            line = f"{name:<24} {self._titles.get(name, '')}"
            if all(word in line.lower() for word in words):
                names.add_option(Option(printable(line), id=name))
        if names.option_count:
            names.highlighted = 0


def _described(loaded: "LoadedPersona") -> str:
    groups = ", ".join(str(group) for group in loaded.persona.groups) or "no group"
    return f"{loaded.persona.title} ({groups})"
