"""The list of personas to choose from."""

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.text import printable
from chat_personas.tui.drawing import fitted
from chat_personas.tui.widgets.title_and_status import KeyLine

if TYPE_CHECKING:
    from eval.surveys.model import Survey
    from personas import LoadedPersona

BUILT_IN = "civic"
TALK_ONLY = "talk only"
"""Marks a persona for whose groups the built-in survey has no figures: there is nothing to compare it with."""


class PersonasScreen(Screen[str | None]):
    """Lists the personas of the library; typing narrows the list. Gives the chosen name, or the path that was typed."""

    CSS_PATH = "personas.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="personas_back"),
        Binding("down", "to_list", "Go to the list", id="personas_list", show=False),
    ]

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names
        self._titles: dict[str, str] = {}
        self._wanted = Input(placeholder="Type to narrow the list, or the path of a persona file", id="wanted")
        self._listed = OptionList(id="names", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the search above the list."""
        yield Static("Choose a persona for a new conversation (this one is kept)", markup=False, id="heading")
        yield self._wanted
        yield self._listed
        yield KeyLine()

    def on_mount(self) -> None:
        """Show the names at once, and the titles as soon as they have been read."""
        self._list("")
        self._wanted.focus()
        self.read_titles()

    @work(exclusive=True)
    async def read_titles(self) -> None:
        """Show every persona's title and groups, and whether the built-in survey has figures for them."""
        self._titles = await asyncio.to_thread(self._read_titles)
        self._list(self._wanted.value)

    def _read_titles(self) -> dict[str, str]:
        """Return the line about each persona; about a file with a problem, the problem."""
        from eval.surveys.loading import load_survey
        from personas import PersonaError, load_persona

        survey, titles = load_survey(BUILT_IN).survey, {}
        for name in self._names:
            try:
                titles[name] = _described(load_persona(name), survey)
            except PersonaError as error:
                titles[name] = f"! {error}"
        return titles

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """List the personas that match."""
        self._list(event.value)

    @on(Input.Submitted)
    def choose_first(self, event: Input.Submitted) -> None:
        """Choose the highlighted persona, or the persona file whose path was typed."""
        names = self._listed
        if names.option_count:
            self.dismiss(names.get_option_at_index(names.highlighted or 0).id)
        elif event.value.strip():
            self.dismiss(event.value.strip())

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Choose a persona in the list."""
        self.dismiss(event.option_id)

    def action_to_list(self) -> None:
        """Move from the search to the list."""
        self._listed.focus()

    def action_cancel(self) -> None:
        """Stay with the current persona."""
        self.dismiss(None)

    def _list(self, wanted: str) -> None:
        words = wanted.lower().split()
        names = self._listed
        names.clear_options()
        for name in self._names:
            line = f"{fitted(name, 28)} {self._titles.get(name, '')}"
            if all(word in line.lower() for word in words):
                names.add_option(Option(printable(line), id=name))
        if names.option_count:
            names.highlighted = 0


def _described(loaded: "LoadedPersona", survey: "Survey") -> str:
    from eval.surveys.human_figures import has_figures

    persona = loaded.persona
    groups = " and ".join(str(group) for group in persona.groups) or "no group"
    mark = "" if has_figures(survey, persona.groups) else f" · {TALK_ONLY}"
    return f"{persona.title}{mark} ({groups})"
