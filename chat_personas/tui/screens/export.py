"""The dialog in which conversations are exported: the format, the place, and one conversation or all of a list."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.notifications import SeverityLevel
from textual.widgets import Checkbox, Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.corpus.export.format import DirectoryFormat
from chat_personas.exporting import ALL, Asked, Chosen, Exporter, Outlook, meant_by, with_ending
from chat_personas.paths import path_named
from chat_personas.text import pluralize, printable
from chat_personas.tui.key_registry import key_here
from chat_personas.tui.screens.dialogs import NO_NAME, Dialog, fault_of_place, full_display_path
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.corpus.export import Format

SECONDS_OF_SILENCE = 1.0
"""After so long it is shown that something is being written, and how far that is."""
SECONDS_BETWEEN_LOOKS = 0.25
NAME = 16
"""Cells of a format's name in the list."""
THIS = "Export this conversation"
KEYS = "Enter writes {where}. Tab goes to the place, ↑ ↓ change the format, Escape cancels."
EXISTS = "{where} exists already; press Enter again to replace it."
ANOTHER = "Choose another format with ↑ ↓; Escape cancels."
NARROW = "Type to narrow the formats: a name, or what it is for"


class WholeList(Checkbox):
    """The choice between one conversation and all of a list. Enter writes, here as everywhere in the dialog."""

    BUTTON_INNER = " "
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "write", show=False)]

    def watch_value(self) -> None:
        """Tick the box by a letter: Textual tells a ticked box by its colour only."""
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()

    async def action_write(self) -> None:
        """Write what is chosen in the dialog."""
        await self.screen.run_action("write")


class ExportScreen(Dialog[None]):
    """Exports one conversation, or all of a list; it stays until they are written, or cannot be.

    Escape leaves it while they are being written, too: that goes on, and its end is said wherever the person is then.
    """

    CSS_PATH = "export.tcss"
    AUTO_FOCUS = "#wanted"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="export_cancel"),
        Binding("enter", "write", "Write", id="export_write", show=False),
        Binding("down", "move(1)", "Next format", id="export_next", show=False),
        Binding("up", "move(-1)", "Format before", id="export_before", show=False),
    ]

    def __init__(
        self, exporter: Exporter, chosen: Chosen, asked: Asked | None = None, listed: Sequence[str] = ()
    ) -> None:
        """Export `chosen`, or if the person wants that, all conversations that are `listed`, by their keys.

        Of what is `asked` for, a format is highlighted at first, and to a path it is written at once.
        """
        super().__init__()
        self._exporter, self._chosen, self._listed = exporter, chosen, tuple(listed)
        self._asked = asked or Asked()
        self._outlook: Outlook | None = None
        self._ready = asyncio.Event()
        self._wished = False  # to write, before it is known what can become of it
        self._offered = ""  # the format that was highlighted and not chosen
        self._proposed, self._followed = "", ""
        self._warned: str | None = None
        self._writing_since: float | None = None
        self._count = 0
        self._heading = Static(THIS, markup=False, id="heading")
        self._wanted = Input(placeholder=NARROW, id="wanted", compact=True, select_on_focus=False)
        self._formats = OptionList(id="formats", markup=False)
        self._formats.can_focus = False  # what is typed goes to the search or the place
        self._about = Static(markup=False, id="about")
        self._all = WholeList(f"all {len(self._listed)} conversations that the list shows", id="all", compact=True)
        self._all.display = len(self._listed) > 1
        self._path = Input(self._asked.path, id="path", select_on_focus=False, compact=True)
        self._hint = Static("Looking into the corpus…", markup=False, id="hint")

    def compose(self) -> ComposeResult:
        """Lay out the formats above the place."""
        with Vertical(id="dialog"):
            yield self._heading
            yield self._wanted
            yield self._formats
            yield self._about
            yield self._path
            yield self._all
            yield self._hint

    def on_mount(self) -> None:
        """Look into the corpus, and then do what is asked for."""
        self.set_interval(SECONDS_BETWEEN_LOOKS, self._show_progress)
        self.run_worker(self._begin(), group="look")

    def on_unmount(self) -> None:
        """Let go what waits for the look into the corpus."""
        self._ready.set()

    # What is exported, in which format

    async def _begin(self) -> None:
        await self._look(self._asked.form)
        if self._asked.path and self._asked.form:
            self.action_write()

    async def _look(self, form: str) -> None:
        """Find out what can become of what is chosen, and list the formats; highlight `form`, "" for the last choice.

        Leave, and say why, where nothing of it may leave the corpus.
        """
        try:
            outlook = await asyncio.to_thread(self._exporter.outlook, self._meant)
            first = form or await asyncio.to_thread(self._exporter.first_choice, outlook)
        except ReportedError as error:
            why = str(error)
        else:
            why = outlook.refused
        if why:
            self._tell(f"Not exported: {why}.", severity="error")
            self.dismiss(None)
            return
        self._outlook, self._offered = outlook, "" if form else first
        with self.prevent(OptionList.OptionHighlighted, Input.Changed):  # they would come after what is said next
            self._list(first)
            self._follow()
        self._ready.set()

    def _tell(self, what: str, severity: SeverityLevel = "information") -> None:
        """Say something that stays when the dialog is left."""
        self.app.notify(printable(what), severity=severity, markup=False)

    @property
    def _meant(self) -> Chosen:
        """What is exported as things stand."""
        return Chosen(self._listed) if self._all.value else self._chosen

    @property
    def _form(self) -> "Format | None":
        """The highlighted format, None where no format fits what is typed."""
        option = self._formats.highlighted_option
        return None if option is None or option.id is None else ALL[option.id]

    def _list(self, highlighted: str) -> None:
        """List the formats that fit what is typed, and highlight the one of this name, or else the first."""
        if self._outlook is None:
            return
        words, obstacles = self._wanted.value.casefold().split(), self._outlook.obstacles
        found = [form for form in ALL.values() if all(each in _line(form, "").casefold() for each in words)]
        self._formats.clear_options()
        for form in found:
            why = obstacles.get(form.name, "")
            self._formats.add_option(Option(Content.styled(_line(form, why), "dim" if why else ""), id=form.name))
        names = [form.name for form in found]
        self._formats.highlighted = names.index(highlighted) if highlighted in names else 0 if names else None

    @on(Input.Changed, "#wanted")
    def _narrow(self) -> None:
        """List what fits; highlight the format whose name is typed, or else the one that was highlighted."""
        typed = self._wanted.value.casefold().strip()
        named = next((name for name in ALL if typed and name.startswith(typed)), None)
        self._list(named or ("" if self._form is None else self._form.name))

    @on(OptionList.OptionHighlighted)
    def _follow(self) -> None:
        """Say of the highlighted format what it leaves out, or why it cannot be taken, and propose a place."""
        form, outlook = self._form, self._outlook
        if form is None or outlook is None:
            return
        why = outlook.obstacles.get(form.name)
        said = f"Left out: {form.leaves_out}." if why is None else f"Not in this format: {why}."
        self._about.update(printable(f"{said} {outlook.remark}".strip()))
        self._propose(form, outlook)

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        """Go on with the place after a click on a format."""
        self.set_focus(self._path)

    @on(Checkbox.Changed)
    def _look_again(self) -> None:
        """Find out the same of all conversations of the list, or of the one again; a format that was chosen stays."""
        number = len(self._listed)
        self._heading.update(f"Export {pluralize(number, 'conversation')}" if self._all.value else THIS)
        self._ready.clear()
        form = "" if self._form is None else self._form.name
        self.run_worker(self._look("" if form == self._offered else form), group="look", exclusive=True)

    # Where it is written

    def _propose(self, form: "Format", outlook: Outlook) -> None:
        """Propose a place. One that the person has written stays, but for the ending, which follows the format."""
        proposal = full_display_path(self._exporter.folder / outlook.proposed(form))
        if self._path.value in ("", self._proposed):
            self._write_place(proposal)
        elif self._followed and self._followed != form.name:
            self._write_place(with_ending(self._path.value, form))
        self._proposed, self._followed = proposal, form.name
        self._show_where()

    def _write_place(self, place: str) -> None:
        self._path.value = place
        self._path.cursor_position = len(place)  # its end is what a person changes, and what shows of a long one

    @on(Input.Changed, "#path")
    def _take_ending(self, event: Input.Changed) -> None:
        """Take the format that the person means by the ending of a name; see `_show_where`."""
        meant, form = meant_by(event.value), self._form
        typed = self.focused is self._path and event.value != self._proposed
        if typed and meant is not None and (form is None or meant.ending != form.ending):
            with self.prevent(Input.Changed):
                self._wanted.value = ""
            self._list(meant.name)
        self._show_where()

    def _show_where(self) -> None:
        """Show where it is written; a name without a directory is in the current one."""
        text = self._path.value.strip()
        if self._outlook is not None and self._writing_since is None:
            where = full_display_path(path_named(text))
            can = self._form is not None and self._form.name not in self._outlook.obstacles
            said = KEYS.format(where=where) if self._warned != text else EXISTS.format(where=where)
            self._say(ANOTHER if not can else said if text else NO_NAME)

    def _say(self, what: str) -> None:
        self._hint.update(printable(what))

    # Writing

    @on(Input.Submitted)
    def action_write(self) -> None:
        """Write what is chosen, as soon as it is known what that is: Enter may come right after the key for it.

        Enter again before that is the same wish, and does not agree to a question that was not asked yet.
        """
        if not self._wished:
            self._wished = True
            self.app.run_worker(self._write_when_ready())  # which the screen does not end when it is left

    async def _write_when_ready(self) -> None:
        await self._ready.wait()
        self._wished = False
        await self._write()

    async def _write(self) -> None:
        """Write what is chosen to the place, unless something speaks against it."""
        form, outlook, text = self._form, self._outlook, self._path.value.strip()
        if form is None or outlook is None or self._writing_since is not None or not self.is_current:
            return
        path = path_named(text).absolute()
        why = outlook.obstacles.get(form.name)
        fault = fault_of_place(text, directory=isinstance(form, DirectoryFormat))
        if why is not None or fault:
            self._say(fault if why is None else f"Not in this format: {why}.")
        elif path.exists() and self._warned != text:
            self._warned = text
            self._say(EXISTS.format(where=full_display_path(path)))
        else:
            await self._export(form, path, replacing=self._warned == text)

    async def _export(self, form: "Format", path: Path, *, replacing: bool) -> None:
        """Write it in a thread, say where it is, and leave; where it cannot be written, say so and stay."""
        self._writing_since, self._count = time.monotonic(), 0
        export = self._exporter.export
        try:
            done = await asyncio.to_thread(export, self._meant, form, path, replacing=replacing, told=self._take_count)
        except ReportedError as error:
            why = f"Not exported: {error}."
            if self.is_current:
                self._say(why)
            else:
                self._tell(why, severity="error")
        else:
            self._tell(f"{done}.")
            self.dismiss(None)
        finally:
            self._writing_since = None

    def _take_count(self, conversations: int) -> None:
        self._count = conversations  # in the thread that writes

    def _show_progress(self) -> None:
        if self._writing_since is None:
            return
        seconds = time.monotonic() - self._writing_since
        if seconds >= SECONDS_OF_SILENCE:
            of = pluralize(len(self._meant.keys), "conversation")
            leave = key_here(ExportScreen, "export_cancel")
            self._say(f"Writing {self._count} of {of}… {seconds:.0f} s. {leave} leaves this; it is written to its end.")

    def action_move(self, step: int) -> None:
        """Go to the next format, or the one before."""
        if step > 0:
            self._formats.action_cursor_down()
        else:
            self._formats.action_cursor_up()

    def action_cancel(self) -> None:
        """Leave. What is being written is written to its end."""
        self.dismiss(None)


def _line(form: "Format", why: str) -> str:
    """Return the row of a format: its name and for whom it is, or why it cannot be taken."""
    return f"{form.name:{NAME}}{f'– {why}' if why else form.for_whom}"
