"""The exact prompt of the next reply, and what the last probe sent: two pages on which nothing is hidden."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from chat_personas.reporting.explained.exact_prompt import Block, as_text
from chat_personas.text import printable
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.screens.whole_text import Passage, Rows
from chat_personas.tui.widgets.title_and_status import KeyLine
from personas.errors import ReportedError

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
