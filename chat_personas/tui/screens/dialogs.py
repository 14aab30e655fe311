"""Questions before something is done: yes or no, and where to write a file; and writing a document to one."""

import asyncio
import math
import time
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static, TextArea

from chat_personas.corpus.measurements import BEST_RATING, RATING_SCALE
from chat_personas.paths import display_path, path_named
from chat_personas.text import printable
from chat_personas.tui.key_routing import WritesOn
from chat_personas.tui.screens.answering import AnsweringScreen

if TYPE_CHECKING:
    from textual.app import App

    from eval.engine import Sampling
    from personas import LoadedPersona, Persona
    from personas.persona import PersonaSampling

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer], AnsweringScreen[Answer]):  # Textual takes styles from the first base
    """A modal screen on which Ctrl+C does the same as on the others.

    Behind a modal screen Textual considers only those keys of the application that have priority.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "copy_or_quit", show=False)]

    async def action_copy_or_quit(self) -> None:
        """Copy the selected text; without a selection, quit when pressed twice."""
        try:
            self.action_copy_text()
        except SkipAction:
            await self.app.run_action("app.help_quit")


class AnsweredByLetter(Dialog[Answer]):
    """A question that a letter answers, if it is not typed on from before the question was seen (see `key_routing`)."""

    def __init__(self) -> None:
        super().__init__()
        self._shown_at = math.inf

    @property
    def shown_at(self) -> float:
        """When it could be seen for the first time; infinite before that."""
        return self._shown_at

    def on_mount(self) -> None:
        """Take note of when it is drawn."""
        self.call_after_refresh(self._drawn)

    def _drawn(self) -> None:
        self._shown_at = time.monotonic()

    def write_behind(self, text: str) -> None:
        """Put what was typed on into the text of the screen behind it, if that has one."""
        screen = self.app.screen_stack[-2]
        if isinstance(screen, WritesOn) and screen.away_from_text:
            screen.write_on()
        behind = screen.focused
        if isinstance(behind, TextArea):
            behind.insert(text)
        elif isinstance(behind, Input):
            behind.insert_text_at_cursor(text)


class ConfirmScreen(AnsweredByLetter[bool]):
    """A yes/no question. Gives True only for a clear yes; Escape means no, and so does Enter at first."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="yes"),
        Binding("n,escape", "answer(False)", "No", id="no"),
        Binding("left,right,up,down", "app.focus_next", "Go to the other answer", id="confirm_other", show=False),
    ]

    def __init__(self, question: str, yes: str, no: str = "Cancel") -> None:
        super().__init__()
        self._question = question
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        """Lay out the question above its two answers."""
        with Vertical(id="dialog"):
            yield Static(printable(self._question), markup=False, id="question")
            with Horizontal(id="answers"):
                yield Button(f"{self._no} (n)", id="no", compact=True)
                yield Button(f"{self._yes} (y)", id="yes", compact=True, variant="error")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by button."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        self.dismiss(answer)


class FilledIn(Input):
    """A line that proposes a text: it is selected at first, so that what is typed takes its place."""

    def on_mount(self) -> None:
        """Select the text once: not with each focus, which also comes back with the window."""
        self.select_all()


class TitleScreen(Dialog[str | None]):
    """Asks for the title of a conversation. Gives None if cancelled."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="title_cancel")]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """Lay out the title as it is, to be changed."""
        with Vertical(id="dialog"):
            yield Static("The title of the conversation (Enter renames it, Escape leaves it)", markup=False)
            yield FilledIn(printable(self._title), id="title-of-conversation", select_on_focus=False)

    @on(Input.Submitted)
    def choose(self, event: Input.Submitted) -> None:
        """Take the title; an empty one leaves the conversation as it is."""
        self.dismiss(" ".join(event.value.split()) or None)

    def action_cancel(self) -> None:
        """Leave the conversation as it is."""
        self.dismiss(None)


class SamplingScreen(Dialog["PersonaSampling | None"]):
    """Asks how the replies of this conversation are drawn. Gives None if cancelled."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="sampling_cancel"),
        Binding("down", "app.focus_next", "Next field", id="sampling_next", show=False),
        Binding("up", "app.focus_previous", "Field before", id="sampling_previous", show=False),
    ]

    def __init__(self, chosen: "PersonaSampling", otherwise: "Sampling") -> None:
        """Show what is `chosen` for this conversation, and behind empty fields how it is `otherwise`."""
        super().__init__()
        self._fields: dict[str, Input] = {}
        for name, value in chosen.model_dump().items():
            usual = getattr(otherwise, name)
            hint = "drawn for each reply" if usual is None else f"{usual} (as the persona asks)"
            self._fields[name] = Input(
                "" if value is None else str(value), placeholder=hint, compact=True, id=name, select_on_focus=False
            )
        self._hint = Static(SAMPLING_HINT, markup=False, id="hint")

    def compose(self) -> ComposeResult:
        """Lay out the fields, each after its name."""
        with Vertical(id="dialog"):
            yield Static("How the replies of this conversation are drawn, from the next one on", markup=False)
            for name, field in self._fields.items():
                with Horizontal(classes="field"):
                    yield Static(name, markup=False, classes="name")
                    yield field
            yield self._hint

    @on(Input.Changed)
    def check(self) -> None:
        """Say at once what is wrong."""
        self._take()

    @on(Input.Submitted)
    def choose(self) -> None:
        """Take the fields as they are, unless something is wrong."""
        meant = self._take()
        if meant is not None:
            self.dismiss(meant)

    def _take(self) -> "PersonaSampling | None":
        from chat_personas.conversation.sampling import SamplingError, sampling_meant

        try:
            meant = sampling_meant({name: field.value for name, field in self._fields.items()})
        except SamplingError as error:
            self._hint.update(printable(str(error)))
            return None
        self._hint.update(SAMPLING_HINT)
        return meant

    def action_cancel(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)


SAMPLING_HINT = "Enter takes them, Escape leaves all as it is. An empty field is as the persona asks."


class ChoiceScreen(AnsweredByLetter[str | None]):
    """A question with several answers, each with a letter. Gives the letter, or None if cancelled.

    The first answer has the focus.
    """

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="choice_cancel"),
        Binding("left,up", "app.focus_previous", "Go to the answer before", id="choice_before", show=False),
        Binding("right,down", "app.focus_next", "Go to the next answer", id="choice_next", show=False),
    ]

    def __init__(self, question: str, answers: Mapping[str, str]) -> None:
        """Ask `question`; `answers` are by their letters."""
        super().__init__()
        self._question = question
        self._answers = answers

    def compose(self) -> ComposeResult:
        """Lay out the question above its answers."""
        with Vertical(id="dialog"):
            yield Static(printable(self._question), markup=False, id="question")
            with Vertical(id="answers"):
                for letter, answer in self._answers.items():
                    yield Button(f"{answer} ({letter})", id=f"answer-{letter}", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer by button."""
        self.dismiss((event.button.id or "").removeprefix("answer-"))

    def on_key(self, event: Key) -> None:
        """Answer by letter."""
        if event.character in self._answers:
            event.stop()
            self.dismiss(event.character)

    def action_cancel(self) -> None:
        """Give no answer."""
        self.dismiss(None)


SAVE_HINT = "Enter saves it, Escape cancels."
NOT_SAVED = "Not saved: {why}"


class SaveScreen(Dialog["LoadedPersona | None"]):
    """Asks for a name and saves a persona under it. Gives the persona as it was saved, or None if cancelled.

    Enter must be pressed twice to replace one. The screen stays where the persona cannot be saved, and says why: what
    is typed on would else be keys of the screen behind.
    """

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="save_cancel")]

    def __init__(self, what: str, name: str, own: Container[str], save: "Callable[[str, bool], LoadedPersona]") -> None:
        """Say `what` is saved, and propose a `name`. `own` are the names of the user's personas.

        `save` is given a name and whether it replaces another persona, in a thread. It raises ReportedError.
        """
        super().__init__()
        self._what = what
        self._proposal = name
        self._own = own
        self._save_as = save
        self._warned: str | None = None
        self._hint_line = Static(SAVE_HINT, markup=False, id="hint")

    def compose(self) -> ComposeResult:
        """Lay out what is saved above its name."""
        with Vertical(id="dialog"):
            yield Static(printable(self._what), markup=False)
            yield FilledIn(printable(self._proposal), id="name-of-persona", select_on_focus=False)
            yield self._hint_line

    @on(Input.Submitted)
    def choose(self, event: Input.Submitted) -> None:
        """Take the name, unless that would replace a persona without asking."""
        name = event.value.strip()
        if name in self._own and self._warned != name:
            self._warned = name
            self._hint_line.update(printable(f"You have a persona {name} already; press Enter again to replace it."))
        elif name:
            self._save(name)

    @work(group="save", exclusive=True)
    async def _save(self, name: str) -> None:
        from personas.errors import ReportedError

        try:
            self.dismiss(await asyncio.to_thread(self._save_as, name, name in self._own))
        except ReportedError as error:
            self._hint_line.update(printable(NOT_SAVED.format(why=error)))

    def action_cancel(self) -> None:
        """Save nothing."""
        self.dismiss(None)


async def save_as_own(app: "App[None]", persona: "Persona", name: str = "") -> "LoadedPersona | None":
    """Ask for a name, proposing `name`, save a persona under it, and say where it is.

    None where it is not saved. Call it in a worker, because it waits for an answer.
    """
    from chat_personas.own_personas import own_persona_names, save_persona
    from personas.persona import titled_by_steering

    own = await asyncio.to_thread(own_persona_names)
    what = f"Save {titled_by_steering(persona)} as a persona of your own. Its name (letters, digits, dashes):"

    def save(name: str, replace: bool) -> "LoadedPersona":
        return save_persona(persona, name, replace=replace)

    saved: LoadedPersona | None = await app.push_screen_wait(SaveScreen(what, name or persona.name, own, save))
    if saved is not None:
        app.notify(printable(f"Saved: {full_display_path(saved.path)}"), markup=False)
    return saved


class RatingScreen(Dialog[int | None]):
    """Asks how good a reply is, from 1 to 5. Gives None if cancelled."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="rating_cancel")]

    def __init__(self, which: str) -> None:
        """Ask about a reply; `which` says which one."""
        super().__init__()
        self._which = which

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(id="dialog"):
            yield Static(self._asked(), markup=False, id="question")

    def _asked(self, missed: str = "") -> str:
        asked = f"How good is {self._which}, on the scale {RATING_SCALE}?"
        said = f"{asked} {missed}Press 1 (poor) to {BEST_RATING} (very good). Escape cancels."
        return printable(said)

    def on_key(self, event: Key) -> None:
        """Take a number of the scale, and say of any other that it is none."""
        if not event.key.isdecimal():
            return
        event.stop()
        if 1 <= int(event.key) <= BEST_RATING:
            self.dismiss(int(event.key))
        else:
            self.query_one("#question", Static).update(self._asked(f"{event.key} is not on it. "))

    def action_cancel(self) -> None:
        """Rate nothing."""
        self.dismiss(None)


NO_NAME = "Type the name of a file."


def full_display_path(path: Path) -> str:
    """Return the whole path, with ~ for the person's home."""
    return display_path(path.absolute())


def fault_of_place(text: str, *, directory: bool = False) -> str:
    """Say why no file, or no `directory`, can be written to the place that is typed; "" where one can."""
    path = path_named(text).absolute()
    try:
        if not text or (path.is_dir() and not directory):
            return NO_NAME
        there = path.parent.is_dir()
    except OSError as error:  # such as a name that is too long
        return f"Nothing can be written there: {error.strerror or error}. Choose another place."
    if not there:
        return f"The directory {full_display_path(path.parent)} does not exist; create it first or choose another."
    return ""


class PathScreen(Dialog[Path | None]):
    """Asks for a file and writes it, and always shows the whole path. Gives the path of what is written, None for none.

    Enter must be pressed twice to replace a file. The screen stays where nothing can be written under the name, and
    says why: what is typed on would else be keys of the screen behind.
    """

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="cancel")]

    def __init__(self, what: str, name: str, endings: Sequence[str], write: Callable[[Path], object]) -> None:
        """Show `what` will be written, and propose a file of this `name` in the current directory.

        `write` writes a file whose name has one of the `endings`, in a thread. It raises ReportedError.
        """
        super().__init__()
        *others, last = endings
        self._endings = f"{', '.join(others)} or {last}" if others else last
        self._known = frozenset(endings)
        self._what = f"{what} ({self._endings}) to:"
        self._write = write
        self._proposal = full_display_path(Path(name))
        self._warned: str | None = None
        self._hint_line = Static(markup=False, id="hint")

    def compose(self) -> ComposeResult:
        """Lay out the description above the path."""
        with Vertical(id="dialog"):
            yield Static(printable(self._what), markup=False)
            yield FilledIn(self._proposal, id="path", select_on_focus=False)
            yield self._hint_line

    @on(Input.Changed)
    def show_where(self, event: Input.Changed) -> None:
        """Show where the file will be; a name without a directory is in the current one."""
        text = event.value.strip()
        self._hint(f"Enter writes {full_display_path(path_named(text))}, Escape cancels." if text else NO_NAME)

    @on(Input.Submitted)
    def choose(self, event: Input.Submitted) -> None:
        """Take the path, unless nothing can be written there or it would replace a file without asking."""
        text = event.value.strip()
        path = path_named(text).absolute()
        if fault := fault_of_place(text):
            self._hint(fault)
        elif path.suffix.lower() not in self._known:
            self._hint(NOT_SAVED.format(why=f"let the name end in {self._endings}."))
        elif path.exists() and self._warned != text:
            self._warned = text
            self._hint(f"{full_display_path(path)} exists already; press Enter again to replace it.")
        else:
            self._save(path)

    @work(group="save", exclusive=True)
    async def _save(self, path: Path) -> None:
        from personas.errors import ReportedError

        try:
            await asyncio.to_thread(self._write, path)
        except ReportedError as error:
            self._hint(NOT_SAVED.format(why=error))
        else:
            self.dismiss(path)

    def action_cancel(self) -> None:
        """Write nothing."""
        self.dismiss(None)

    def _hint(self, text: str) -> None:
        self._hint_line.update(printable(text))


async def save_document(app: "App[None]", what: str, proposed: str, writers: Mapping[str, Callable[[], str]]) -> None:
    """Ask for a file, write the document to it that its name asks for, and say where it is.

    It holds what models and people said: a new file is readable by its owner only.

    `writers` make the documents by the ending of the name. Call it in a worker, because it waits for an answer.
    """
    from chat_personas.storage.files import atomic_write, output_errors

    def save(path: Path) -> None:
        text = f"{writers[path.suffix.lower()]()}\n".encode()
        with output_errors(full_display_path(path)), atomic_write(path) as stream:
            stream.write(text)

    path = await app.push_screen_wait(PathScreen(what, proposed, tuple(writers), save))
    if path is not None:
        app.notify(printable(f"Written to {full_display_path(path)}"), markup=False)
