"""The picker of models: found on this machine, on its servers, or to be fetched; and any address that is typed."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Key, Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.models import POCKET, SMOLLM2, pocket_path
from chat_personas.reporting.wording import DEMONSTRATION
from chat_personas.text import printable
from chat_personas.tui.drawing import fitted
from chat_personas.tui.screens.personas import WIDE
from chat_personas.tui.widgets.title_and_status import KeyLine
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.models.catalogue import Entry
    from chat_personas.models.found import Found, ModelInFiles
    from chat_personas.models.pulling import Offer
    from chat_personas.models.servers import ModelOnServer
    from chat_personas.tui.session import Session

BUILT_IN, FILES, SERVERS = "Built in", "In files on this machine", "On servers of this machine"
TO_FETCH, UNUSABLE = "To be fetched", "Cannot be used"
LOOKING = "Looking for models on this machine…"
FETCHING = "Fetching {name}: {done} of {size} MB. Escape stops; what has arrived is kept."
STOPPED = "Stopped. What has arrived of {name} is kept, and the next time it goes on from there."
SECONDS_BETWEEN_COUNTS = 0.5
Kind = Literal["ready", "to fetch", "unusable"]


@dataclass(frozen=True, slots=True)
class Offered:
    """A model as the list shows it. `model` is what opens it, or its name in the catalogue; `about` are its figures."""

    name: str
    heading: str
    model: str
    about: tuple[str, ...] = ()
    kind: Kind = "ready"

    @property
    def line(self) -> str:
        """The row of the list."""
        return f"{fitted(self.name, 28)} {', '.join(self.about)}"


class _StoppedError(Exception):
    """The person has stopped a download."""


class ModelsScreen(Screen[str | None]):
    """Lists the models that there are; typing narrows the list, or gives an address.

    Gives what opens the chosen one.
    """

    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="models_back"),
        Binding("down", "to_list", "Go to the list", id="models_list", show=False),
    ]

    def __init__(self, session: "Session") -> None:
        """List what `session` finds; nothing is looked for before the screen is shown."""
        super().__init__()
        self._session = session
        self._rows: Sequence[Offered] = (_built_in(),)
        self._wanted = Input(
            placeholder="Type to narrow the list; or a URL, or the path of a GGUF file",
            id="wanted",
            select_on_focus=False,
        )
        self._listed = OptionList(id="names", markup=False)
        self._about = Static(markup=False, id="figures")
        self._said = Static(LOOKING, markup=False, id="said")
        self._fetching: str | None = None
        self._there = (0, 0)
        self._stopped = False
        self._counting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the search above the list, and the figures beside it."""
        yield Static("Choose a model", markup=False, id="heading")
        yield self._wanted
        with Horizontal(id="choice"):
            yield self._listed
            with VerticalScroll(id="about", can_focus=False):
                yield self._about
        yield self._said
        yield KeyLine()

    def on_mount(self) -> None:
        """Show what is known at once, and the rest as soon as it has been found."""
        self._list()
        self._wanted.focus()
        self.look()

    def on_resize(self, event: Resize) -> None:
        """Show the figures below the list where there is no room beside it."""
        self.query_one("#choice").set_class(event.size.width < WIDE, "-narrow")

    @work(exclusive=True, group="look")
    async def look(self, chosen: str | None = None) -> None:
        """Look for models, and highlight the one called `chosen`."""
        try:
            found = await asyncio.to_thread(self._session.launch.find_models)
        except ReportedError as error:
            self._say(str(error))
            return
        self._rows = await asyncio.to_thread(lambda: tuple(offered(found)))
        self._say("")
        self._list(chosen)

    # What is chosen

    @on(Input.Changed, "#wanted")
    def narrow(self) -> None:
        """List the models that match."""
        self._list()

    @on(OptionList.OptionHighlighted)
    def show_figures(self) -> None:
        """Show what is known of the highlighted model."""
        each = self._highlighted()
        lines = () if each is None else (each.name, *each.about, "", *_what_enter_does(each))
        self._about.update(printable("\n".join(lines)))

    @on(Input.Submitted, "#wanted")
    def choose_typed(self, event: Input.Submitted) -> None:
        """Choose the address that was typed, or what is highlighted."""
        typed = event.value.strip()
        if _is_address(typed):
            self.dismiss(typed)
        else:
            self._choose()

    @on(OptionList.OptionSelected)
    def choose_listed(self) -> None:
        """Choose what is highlighted."""
        self._choose()

    def _choose(self) -> None:
        each = self._highlighted()
        if each is None or self._fetching is not None:
            return
        if each.kind == "to fetch":
            self.fetch(each.model)
        elif each.kind == "ready":
            self.dismiss(each.model)

    def _highlighted(self) -> Offered | None:
        place = self._listed.highlighted
        if place is None or not self._listed.option_count:
            return None
        key = self._listed.get_option_at_index(place).id
        return next((each for each in self._rows if _key(each) == key), None)

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
        self._say(f"Asking for {name}…")
        try:
            offer = await asyncio.to_thread(ask_hub, entry, settings.context_length)
            await asyncio.to_thread(check_space, offer, directory)
            question = "\n".join([*offer_lines(offer, offer.there(directory)), "Fetch it?"])
            if not await self.app.push_screen_wait(ConfirmScreen(question, "Fetch", "Do not fetch")):
                self._say("")
                return
            await self._fetch(offer)
        except _StoppedError:
            self._say(STOPPED.format(name=name))
        except ReportedError as error:
            self._say(str(error))
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
        self._say(FETCHING.format(name=self._fetching, done=done, size=size))

    def on_unmount(self) -> None:
        """Stop a download that is under way when the program ends; what has arrived is kept."""
        self._stopped = True

    # Keys and what is shown

    def on_key(self, event: Key) -> None:
        """Write what is typed on the list into the search."""
        if self.focused is self._listed and event.is_printable and event.character is not None:
            self._wanted.focus()
            self._wanted.insert_text_at_cursor(event.character)
            event.stop()

    def action_to_list(self) -> None:
        """Move from the search to the list."""
        self._listed.focus()

    def action_cancel(self) -> None:
        """Stop a download, or else stay with the present model."""
        if self._fetching is not None:
            self._stopped = True
        else:
            self.dismiss(None)

    def _list(self, chosen: str | None = None) -> None:
        words = [] if _is_address(self._wanted.value) else self._wanted.value.lower().split()
        found = [each for each in self._rows if all(word in f"{each.line} {each.heading}".lower() for word in words)]
        names = self._listed
        names.clear_options()
        for heading, rows in groupby(found, lambda each: each.heading):
            names.add_option(Option(Content.styled(heading, "bold"), disabled=True))
            for each in rows:
                names.add_option(Option(printable(each.line), id=_key(each), disabled=each.kind == "unusable"))
        usable = [each for each in found if each.kind != "unusable"]
        wanted = next((each for each in usable if each.name == chosen), usable[0] if usable else None)
        if wanted is not None:
            names.highlighted = names.get_option_index(_key(wanted))

    def _say(self, words: str) -> None:
        self._said.update(printable(words))


def offered(found: "Found") -> Iterator[Offered]:
    """Yield everything that there is: the built-in model, what was found, what can be fetched, what cannot be used."""
    from chat_personas.models.catalogue import catalogue

    yield _built_in()
    usable = [file for file in found.files if file.why_not is None]
    yield from map(_in_files, usable)
    yield from map(_on_server, found.servers)
    names = {file.name for file in usable}
    yield from (_to_fetch(entry) for entry in catalogue() if entry.name not in names)
    others = [(file.name, file.why_not) for file in found.files if file.why_not is not None]
    for name, why in [*others, *((problem.what, problem.why) for problem in found.problems)]:
        yield Offered(name, UNUSABLE, name, (" ".join(why.split()),), "unusable")


def _built_in() -> Offered:
    from chat_personas.reporting.models_found import in_bytes

    return Offered(POCKET, BUILT_IN, POCKET, (in_bytes(pocket_path().stat().st_size), DEMONSTRATION))


def _in_files(file: "ModelInFiles") -> Offered:
    from chat_personas.reporting.models_found import figures_of_file

    model = SMOLLM2 if file.model == SMOLLM2 else file.path
    return Offered(file.name, FILES, model, (*figures_of_file(file), file.place))


def _on_server(served: "ModelOnServer") -> Offered:
    from chat_personas.reporting.models_found import figures_of_server

    model = f"{served.url}#{served.name}"
    return Offered(served.name, SERVERS, model, (served.server, *figures_of_server(served), served.url))


def _to_fetch(entry: "Entry") -> Offered:
    from chat_personas.reporting.models_found import in_bytes

    kind = "instruction model" if entry.kind == "instruct" else "base model"
    figures = (in_bytes(entry.size), entry.licence, kind, entry.quantization, entry.title)
    return Offered(entry.name, TO_FETCH, entry.name, figures, "to fetch")


def _what_enter_does(each: Offered) -> tuple[str, ...]:
    if each.kind == "to fetch":
        return ("Enter asks the Hugging Face hub for it, and asks you before it is fetched.",)
    return (f"--model {each.model}", "", "Enter opens it. What you have typed stays.")


def _is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://", "~", ".", "/")) or text.endswith(".gguf")


def _key(each: Offered) -> str:
    return f"{each.heading}:{each.model}"
