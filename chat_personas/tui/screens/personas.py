"""The list of personas to choose from, by the attribute of their group."""

import asyncio
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
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


TALK_ONLY_GROUPS = "talk only: the built-in survey has no figures"


COMBINED, OTHERS, LAST = "Combined groups", "Others", 1000
"""Headings after those of the attributes, and the place of the last one."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A persona as the list shows it: what it is, under which heading, and whether it can be measured.

    `place` orders the headings as the catalogue orders attributes; combined groups come after them.
    """

    name: str
    about: str = ""
    heading: str = ""
    place: int = 0
    measurable: bool = True

    @property
    def line(self) -> str:
        """The row of the list."""
        return f"{fitted(self.name, 28)} {self.about}"


class PersonasScreen(Screen[str | None]):
    """Lists the personas of the library by attribute; typing narrows the list.

    Gives the chosen name, or the path that was typed.
    """

    CSS_PATH = "personas.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="personas_back"),
        Binding("down", "to_list", "Go to the list", id="personas_list", show=False),
    ]

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._listed_personas = [Listed(name) for name in names]
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
        """Show every persona's title and groups by attribute, and whether the built-in survey has figures for them."""
        self._listed_personas = await asyncio.to_thread(_read, [each.name for each in self._listed_personas])
        self._list(self._wanted.value)

    @on(Input.Changed)
    def narrow(self, event: Input.Changed) -> None:
        """List the personas that match."""
        self._list(event.value)

    @on(Input.Submitted)
    def choose_first(self, event: Input.Submitted) -> None:
        """Choose the highlighted persona, or the persona file whose path was typed."""
        names = self._listed
        if names.option_count and names.highlighted is not None:
            self.dismiss(names.get_option_at_index(names.highlighted).id)
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
        found = [each for each in self._listed_personas if all(word in _searched(each) for word in words)]
        names = self._listed
        names.clear_options()
        for heading, group in groupby(found, lambda each: each.heading):
            if heading:
                names.add_option(Option(Content.styled(heading, "bold"), disabled=True))
            names.add_options(Option(printable(each.line), id=each.name) for each in group)
        if found:
            names.highlighted = 1 if found[0].heading else 0


def _searched(each: Listed) -> str:
    return f"{each.line} {each.heading}".lower()


def _read(names: list[str]) -> list[Listed]:
    """Read the personas; about a file with a problem, say the problem. Those of one heading stand together."""
    from eval.surveys.loading import load_survey
    from personas import PersonaError, load_persona

    survey, read = load_survey(BUILT_IN).survey, list[Listed]()
    for name in names:
        try:
            read.append(_described(load_persona(name), survey))
        except PersonaError as error:
            read.append(Listed(name, f"! {error}", OTHERS, LAST))
    in_order = sorted(read, key=lambda each: each.place)
    found = list[Listed]()
    for heading, group in groupby(in_order, lambda each: each.heading):
        personas = list(group)
        nowhere = not any(each.measurable for each in personas)
        found += [replace(each, heading=f"{heading} ({TALK_ONLY_GROUPS})" if nowhere else heading) for each in personas]
    return found


def _described(loaded: "LoadedPersona", survey: "Survey") -> Listed:
    from eval.surveys.human_figures import has_figures
    from personas.catalogue import CATALOGUE

    persona = loaded.persona
    groups = " and ".join(str(group) for group in persona.groups) or "no group"
    measurable = has_figures(survey, persona.groups)
    about = f"{persona.title}{'' if measurable else f' · {TALK_ONLY}'} ({groups})"
    attributes = [group.attribute for group in persona.groups]
    if len(attributes) == 1 and attributes[0] in CATALOGUE:
        heading, place = CATALOGUE[attributes[0]].title, list(CATALOGUE).index(attributes[0])
    else:
        heading, place = (COMBINED, LAST - 1) if len(attributes) > 1 else (OTHERS, LAST)
    return Listed(persona.name, about, heading, place, measurable)
