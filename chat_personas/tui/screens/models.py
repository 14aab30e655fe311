"""The picker of models: found on this machine, on its servers, or to be fetched; and any address that is typed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import work
from textual.timer import Timer

from chat_personas.reporting.models_found import Offered, built_in, offered
from chat_personas.text import printable
from chat_personas.tui.drawing import fitted
from chat_personas.tui.key_routing import fills_list
from chat_personas.tui.screens.picker import Picker
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.models.pulling import Offer
    from chat_personas.tui.session import Session

LOOKING = "Looking for models on this machine…"
FETCHING = "Fetching {name}: {done} of {size} MB. Escape stops; what has arrived is kept."
STOPPED = "Stopped. What has arrived of {name} is kept, and the next time it goes on from there."
SECONDS_BETWEEN_COUNTS = 0.5
NAME = 28
"""Cells for the name of a model in the list."""


@dataclass(frozen=True, slots=True)
class Row:
    """A model as the list shows it."""

    model: Offered

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return f"{self.model.heading}:{self.model.model}"

    @property
    def heading(self) -> str:
        """Where it is."""
        return self.model.heading

    @property
    def line(self) -> str:
        """Its name and figures."""
        return f"{fitted(self.model.name, NAME)} {', '.join(self.model.about)}"

    @property
    def usable(self) -> bool:
        """Whether it can be chosen."""
        return self.model.kind != "unusable"


class _StoppedError(Exception):
    """The person has stopped a download."""


class ModelsScreen(Picker[str | None]):
    """Lists the models that there are; typing narrows the list, or gives an address. Gives what opens one."""

    def __init__(self, session: "Session") -> None:
        """List what `session` finds; nothing is looked for before the screen is shown."""
        super().__init__("Choose a model", "Type to narrow the list; or a URL, or the path of a GGUF file")
        self._session = session
        self._rows: Sequence[Row] = (Row(built_in()),)
        self._fetching: str | None = None
        self._there = (0, 0)
        self._stopped = False
        self._counting: Timer | None = None

    def on_mount(self) -> None:
        """Show what is known at once, and the rest as soon as it has been found."""
        self.say(LOOKING)
        self.show_list()
        self.look()

    @work(exclusive=True, group="look")
    @fills_list(lambda screen: screen.listed.highlighted is None)
    async def look(self, chosen: str | None = None) -> None:
        """Look for models, and highlight the one called `chosen`."""
        try:
            found = await asyncio.to_thread(self._session.launch.find_models)
        except ReportedError as error:
            self.say(str(error))
            return
        self._rows = await asyncio.to_thread(lambda: tuple(map(Row, offered(found))))
        self.say("")
        self.show_list(chosen)

    def show_list(self, chosen: str | None = None) -> None:
        """List the models that match what is typed; all where it is an address."""
        typed = self.wanted.value
        words = [] if _is_address(typed) else typed.lower().split()
        found = (each for each in self._rows if all(word in f"{each.line} {each.heading}".lower() for word in words))
        self.list_those(found, lambda each: each.model.name == chosen)

    def show_about(self) -> None:
        """Show what is known of the highlighted model."""
        row = self.highlighted(self._rows)
        lines = () if row is None else (row.model.name, *row.model.about, "", *_what_enter_does(row.model))
        self.about.update(printable("\n".join(lines)))

    def choose(self) -> None:
        """Give the address that was typed or the highlighted model; fetch one that is not there."""
        typed, row = self.wanted.value.strip(), self.highlighted(self._rows)
        if _is_address(typed):
            self.dismiss(typed)
        elif row is not None and self._fetching is None:
            if row.model.kind == "ready":
                self.dismiss(row.model.model)
            else:
                self.fetch(row.model.model)

    # Fetching

    @work(exclusive=True, group="fetch")
    async def fetch(self, name: str) -> None:
        """Say what a model of the catalogue takes, ask, and fetch it."""
        from chat_personas.models.catalogue import find_entry
        from chat_personas.models.pulling import ask_hub, check_space
        from chat_personas.paths import models_directory
        from chat_personas.reporting.models_found import offer_lines
        from chat_personas.tui.screens.dialogs import ConfirmScreen

        entry, directory, settings = find_entry(name), models_directory(), self._session.launch.settings
        self.say(f"Asking for {name}…")
        try:
            offer = await asyncio.to_thread(ask_hub, entry, settings.context_length)
            await asyncio.to_thread(check_space, offer, directory)
            question = "\n".join([*offer_lines(offer, offer.there(directory)), "Fetch it?"])
            if not await self.app.push_screen_wait(ConfirmScreen(question, "Fetch", "Do not fetch")):
                self.say("")
                return
            await self._fetch(offer)
        except _StoppedError:
            self.say(STOPPED.format(name=name))
        except ReportedError as error:
            self.say(str(error))
        else:
            self.look(name)

    async def _fetch(self, offer: "Offer") -> None:
        from chat_personas.models.pulling import fetch
        from chat_personas.paths import models_directory

        def advance(done: int, size: int) -> None:
            self._there = done, size
            if self._stopped:
                raise _StoppedError

        self._fetching, self._stopped, self._there = offer.entry.name, False, (0, offer.size)
        self._counting = self.set_interval(SECONDS_BETWEEN_COUNTS, self._count)
        try:
            await asyncio.to_thread(fetch, offer, models_directory(), advance)
        finally:
            self._fetching = None
            self._counting.stop()

    def _count(self) -> None:
        done, size = (bytes_ // 10**6 for bytes_ in self._there)
        self.say(FETCHING.format(name=self._fetching, done=done, size=size))

    def on_unmount(self) -> None:
        """Stop a download that is under way when the program ends; what has arrived is kept."""
        self._stopped = True

    def action_cancel(self) -> None:
        """Stop a download, or else stay with the present model."""
        if self._fetching is not None:
            self._stopped = True
        else:
            self.dismiss(None)


def _what_enter_does(each: Offered) -> tuple[str, ...]:
    if each.kind == "to fetch":
        return ("Enter asks the Hugging Face hub for it, and asks you before it is fetched.",)
    return (f"--model {each.model}", "", "Enter opens it. What you have typed stays.")


def _is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://", "~", ".", "/")) or text.endswith(".gguf")
