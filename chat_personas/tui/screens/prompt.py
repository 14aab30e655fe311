"""The exact prompt of the next reply, what the last probe sent, and the steering prompt, which can be written."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static, TextArea

from chat_personas.reporting.explained.exact_prompt import Block, as_text
from chat_personas.storage.drafts import PROMPT
from chat_personas.text import printable
from chat_personas.tui.key_registry import keys_shown
from chat_personas.tui.room.unsent import UnsentLines
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.screens.whole_text import Passage, Rows
from chat_personas.tui.widgets.title_and_status import KeyLine
from personas.errors import ReportedError

if TYPE_CHECKING:
    from textual.app import App

    from chat_personas.corpus import Corpus
    from personas import LoadedPersona

PageName = Literal["prompt", "probe"]
Page = Callable[[], AsyncGenerator[Sequence[Block], None]]
"""Yields what a page shows, as far as it is known; the last of it is complete."""
TITLES: Mapping[PageName, str] = {"prompt": "The exact prompt", "probe": "What the last probe sent"}


class PromptScreen(AnsweringScreen[None]):
    """Shows one of the pages. What it shows is found out once it is open, however long the conversation is."""

    CSS_PATH = "prompt.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f3", "close", "Back", id="prompt_back"),
        Binding("p", "other_page", "Prompt or last probe", id="prompt_probe"),
        Binding("c", "copy", "Copy", id="prompt_copy"),
    ]

    def __init__(self, pages: Mapping[PageName, Page], page: PageName = "prompt") -> None:
        super().__init__()
        self._pages = pages
        self._page = page
        self._heading = Static(markup=False, id="heading")
        self._rows = Rows([])
        self._blocks: Sequence[Block] = ()

    def compose(self) -> ComposeResult:
        """Lay out the page below its name."""
        yield self._heading
        yield self._rows
        yield KeyLine()

    def on_mount(self) -> None:
        """Let the arrow keys scroll at once."""
        self._rows.focus()
        self.fill()

    @work(exclusive=True)
    async def fill(self) -> None:
        """Show the page, and again whenever more of it is known."""
        self._heading.update(TITLES[self._page])
        self._blocks = ()
        self._rows.show([])
        self._rows.scroll_home(animate=False)
        try:
            async with aclosing(self._pages[self._page]()) as found:
                async for blocks in found:
                    self._blocks = blocks
                    self._rows.show(list(_passages(blocks)))
        except ReportedError as error:
            self.notify(printable(str(error)), severity="error", markup=False)

    def action_other_page(self) -> None:
        """Show the other page."""
        self._page = "probe" if self._page == "prompt" else "prompt"
        self.fill()

    def action_close(self) -> None:
        """Go back to the conversation."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the whole page to the clipboard."""
        self.app.copy_to_clipboard(as_text(self._blocks))
        self.notify("Copied the page.", markup=False)


def _passages(blocks: Sequence[Block]) -> Iterator[Passage]:
    """Yield the passages of a page: an empty row before each heading; words of a template stand on one line."""
    for block in blocks:
        if not block.heading:
            yield Passage(block.text)
        elif block.aside and "\n" not in block.text:
            yield Passage(block.in_words, "aside")
        else:
            yield Passage("")
            yield Passage(f"── {block.heading} ──", "heading")
            yield Passage(block.text, "aside" if block.aside else "")


HOW_TO_WRITE = "The model is given this word for word, before all messages. {save} goes on with it, {cancel} leaves it."
CHANGED = "The text is changed: {cancel} again leaves it as it was, {save} goes on with it."


class WritePromptScreen(AnsweringScreen["LoadedPersona | None"]):
    """The steering prompt of a persona in a text area. Gives the persona that has what was written, None if cancelled.

    A text that was changed is left only by a second Escape. However else the screen ends, as with the program, the text
    is back when the prompt of this persona is written the next time.
    """

    CSS_PATH = "prompt.tcss"
    AUTO_FOCUS = "#own-prompt"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "save", "Go on with it", id="own_prompt_save", priority=True),
        Binding("escape", "cancel", "Back", id="own_prompt_cancel", priority=True),
        Binding("alt+x", "editor", "In your editor", id="own_prompt_editor", priority=True),
    ]

    def __init__(self, persona: "LoadedPersona", corpus: "Corpus | None" = None, unsent: str = "") -> None:
        """Show the prompt of `persona`, or what was written of it before, `unsent`. Without a `corpus` none is kept.

        Raises:
            PersonaError: it has none that can be talked with.
        """
        from personas import system_prompt

        super().__init__()
        self._persona = persona
        self._brought_back = unsent
        self._answered = False
        self._unsent = None if corpus is None else UnsentLines(self, corpus, self._to_keep)
        self._before = system_prompt(persona.persona)
        self.written = TextArea(
            self._before, soft_wrap=True, show_line_numbers=False, highlight_cursor_line=False, id="own-prompt"
        )
        self._said = Static(markup=False, id="said")
        self._warned = False

    def compose(self) -> ComposeResult:
        """Lay out the text below whose it is."""
        yield Static(printable(f"The steering prompt of {self._persona.persona.title}"), markup=False, id="heading")
        yield self.written
        yield self._said
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin at the end of the text; undoing what is back from the last time shows the prompt as it is."""
        self._say(HOW_TO_WRITE)
        if self._brought_back:
            before = self.written.document
            self.written.replace(self._brought_back, before.start, before.end, maintain_selection_offset=False)
        if self._unsent is not None:
            self._unsent.brought_back({_place(self._persona): self._brought_back})
        self.written.move_cursor(self.written.document.end)

    async def on_unmount(self) -> None:
        """Keep what is written and was neither taken nor given up."""
        if self._unsent is not None:
            await self._unsent.leave()

    def _to_keep(self) -> Mapping[str, str]:
        changed = not self._answered and self.written.text.strip() != self._before
        return {_place(self._persona): self.written.text} if changed else {}

    @on(TextArea.Changed)
    def say_how(self) -> None:
        """Say what the keys do, in place of what was wrong before."""
        self._warned = False
        self._say(HOW_TO_WRITE)
        if self._unsent is not None:
            self._unsent.changed()

    def _say(self, words: str) -> None:
        keys = {"save": self._key("own_prompt_save"), "cancel": self._key("own_prompt_cancel")}
        self._said.update(printable(words.format_map(keys)))

    def _key(self, name: str) -> str:
        binding = next(each for each in self.BINDINGS if isinstance(each, Binding) and each.id == name)
        return next(iter(keys_shown(binding, self.app._keymap, self.app.get_key_display)), "").capitalize()

    def action_save(self) -> None:
        """Give the persona with this text; where nothing was changed, none."""
        from personas.composing import with_own_prompt

        if self.written.text.strip() == self._before:
            self._answer(None)
            return
        try:
            self._answer(with_own_prompt(self._persona, self.written.text.strip()))
        except ReportedError as error:
            self.notify(printable(str(error)), severity="error", markup=False)

    def action_cancel(self) -> None:
        """Leave the persona as it is; a text that was changed only when asked again."""
        if self._warned or self.written.text.strip() == self._before:
            self._answer(None)
        else:
            self._warned = True
            self._say(CHANGED)

    def _answer(self, persona: "LoadedPersona | None") -> None:
        """Leave with this persona: there is nothing to keep any more."""
        self._answered = True
        self.dismiss(persona)

    @work(exclusive=True)
    async def action_editor(self) -> None:
        """Write the text in the person's editor."""
        from chat_personas.tui.other_programs import edited

        try:
            self.written.text = await edited(self.app, self.written.text, "prompt.md")
        except ReportedError as error:
            self.notify(printable(str(error)), severity="error", markup=False)


async def write_prompt(app: "App[None]", persona: "LoadedPersona", corpus: "Corpus | None") -> "LoadedPersona | None":
    """Let the person write the steering prompt of a persona; return the persona that has it, None if they cancel.

    What is written and not taken is kept beside the `corpus`.

    Raises:
        PersonaError: the persona cannot be talked with.
    """
    unsent = "" if corpus is None else await asyncio.to_thread(_written_before, corpus, _place(persona))
    return await app.push_screen_wait(WritePromptScreen(persona, corpus, unsent))


def _place(persona: "LoadedPersona") -> str:
    """Return the key under which the prompt of a persona is kept that is being written."""
    return f"{PROMPT}{sha256(persona.persona.name.encode()).hexdigest()}"


def _written_before(corpus: "Corpus", place: str) -> str:
    """Return what was written and not taken; "" where there is nothing, or it cannot be read."""
    try:
        draft = corpus.take_over_draft(place)
    except (OSError, ReportedError):
        return ""
    return "" if draft is None else draft.whole
