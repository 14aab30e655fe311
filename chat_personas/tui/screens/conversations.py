"""The browser of conversations: list, search, open, export, and delete after asking."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.corpus import CorpusError, UnknownConversationError
from chat_personas.text import pluralize, printable
from chat_personas.tui.screens.dialogs import ConfirmScreen, TitleScreen, export_conversation
from chat_personas.tui.widgets.title_and_status import KeyLine

if TYPE_CHECKING:
    from chat_personas.corpus import ConversationSummary, Corpus, SearchHit


def summary_lines(summary: "ConversationSummary", name: str, *, open_now: bool) -> Content:
    """Draw the title, and under it persona and model, short `name`, time, and how many messages and measurements.

    The model is the one with which the conversation began.
    """
    about = (
        f"{summary.persona_name} on {printable(summary.model)} · {name} · {moment(summary.active_at)} · "
        f"{pluralize(summary.messages, 'message')}"
    )
    if summary.measurements:
        about += f" · {pluralize(summary.measurements, 'measurement')}"
    now = Content.styled("  ● open now", "bold") if open_now else Content()
    return Content.assemble((printable(summary.title) or "(no messages yet)", "bold"), now, "\n  ", (about, "dim"))


def hit_lines(hit: "SearchHit", hits: int) -> Content:
    """Draw the title, and under it an excerpt with the words that were found underlined."""
    more = f" (and {hits - 1} more)" if hits > 1 else ""
    who = "you" if hit.role == "user" else hit.persona_name
    return Content.assemble((printable(hit.title), "bold"), (more, "dim"), "\n  ", (f"{who}: ", "dim"), _marked(hit))


def _marked(hit: "SearchHit") -> Content:
    parts, done = [], 0
    for start, end in hit.matches:
        parts += [Content(printable(hit.excerpt[done:start]))]
        parts += [Content.styled(printable(hit.excerpt[start:end]), "bold underline")]
        done = end
    return Content("").join([*parts, Content(printable(hit.excerpt[done:]))])


def moment(when: datetime) -> str:
    """Write a time in the local time zone, to the minute."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M")


SHOWN = 300
ALREADY_DELETED = "Another program has already deleted it."
LEFT_ON_DISK = (
    "Deleted. Another program has the corpus open; the text is erased from the disk when it closes the corpus."
)


class FoundConversation(Option):
    """A conversation in the list, with its title for the question whether to delete it."""

    def __init__(self, lines: Content, conversation_id: str, title: str) -> None:
        super().__init__(lines, id=conversation_id)
        self.conversation_id = conversation_id
        self.title = title


class FoundList(OptionList):
    """The list of conversations; the key line names its key for opening one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Open", id="conversations_open")]


class ConversationsScreen(Screen[str | None]):
    """Lists the newest conversations, or those that contain all words of a search. Gives the id of the one to open.

    `deleted` collects the ids of the conversations that were deleted here.
    """

    CSS_PATH = "conversations.tcss"
    AUTO_FOCUS = "#found"  # before any key: `focus` in `on_mount` waits, and took the first keys of a search away
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="conversations_back"),
        Binding("ctrl+s", "export", "Export", id="conversations_export"),
        Binding("r", "rename", "Rename", id="conversations_rename"),
        Binding("delete,ctrl+d", "delete", "Delete", id="conversations_delete"),
        # With priority: the first letters of the search may have been typed before the list gets to this key.
        Binding("slash", "search", "Search", id="conversations_search", priority=True),
        Binding("down", "to_list", "Go to the list", id="conversations_list", show=False),
    ]

    def __init__(
        self,
        corpus: "Corpus",
        open_id: str | None,
        stop_open: Callable[[], Awaitable[None]],
        rename: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """Browse `corpus`. `stop_open` stops the reply of the open conversation, `open_id`, before it is deleted.

        `rename` gives a conversation, by its key, another title.
        """
        super().__init__()
        self._rename = rename
        self._stop_open = stop_open
        self._corpus = corpus
        self._open_id = open_id
        self.deleted: set[str] = set()
        self._heading = Static("Conversations", markup=False, id="heading")
        self._words = Input(placeholder="Search the messages", id="words")
        self._found = FoundList(id="found", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the search above the list."""
        yield self._heading
        yield self._words
        yield self._found
        yield KeyLine(("select", "cancel", "search", "delete", "rename", "export", "quit"))

    def on_mount(self) -> None:
        """List the newest."""
        self.find("")

    @on(Input.Changed)
    def search_changed(self, event: Input.Changed) -> None:
        """Search while the person types."""
        self.find(event.value)

    @on(Input.Submitted)
    def search_done(self) -> None:
        """Go to the results."""
        self.action_to_list()

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Open a conversation."""
        self.dismiss(event.option_id)

    @work(exclusive=True, group="find")
    async def find(self, words: str) -> None:
        """List the conversations that match `words`, or the newest without any."""
        try:
            options = await asyncio.to_thread(self._hits if words.strip() else self._newest, words)
        except CorpusError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        found = self._found
        at = found.highlighted
        found.set_class(bool(words.strip()), "-hits")  # an excerpt wraps: its words may stand anywhere in it
        found.clear_options()
        found.add_options(options)
        if options:
            found.highlighted = min(at or 0, len(options) - 1)
        self._head(len(options), words)

    @work
    async def action_export(self) -> None:
        """Write the highlighted conversation to a file."""
        if (chosen := self._chosen()) is not None:
            await export_conversation(self.app, self._corpus, chosen.conversation_id)

    @work
    async def action_rename(self) -> None:
        """Give the highlighted conversation another title."""
        if (chosen := self._chosen()) is None:
            return
        title = await self.app.push_screen_wait(TitleScreen(chosen.title))
        if title is None:
            return
        try:
            await self._rename(chosen.conversation_id, title)
        except CorpusError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
        self.find(self._words.value)

    @work
    async def action_delete(self) -> None:
        """Delete the highlighted conversation, after asking."""
        chosen = self._chosen()
        if chosen is None:
            return
        question = f"Delete “{chosen.title}” with all its messages and measurements? This cannot be undone."
        if not await self.app.push_screen_wait(ConfirmScreen(question, "Delete")):
            return
        if chosen.conversation_id == self._open_id:
            await self._stop_open()
        try:
            without_trace = await asyncio.to_thread(self._corpus.delete, chosen.conversation_id)
        except UnknownConversationError:  # another program deleted it meanwhile: it is gone, as was asked for
            self.notify(ALREADY_DELETED, markup=False)
        except CorpusError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        else:
            self.notify("Deleted." if without_trace else LEFT_ON_DISK, markup=False)
        self.deleted.add(chosen.conversation_id)
        self.find(self._words.value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The key that goes to the search is a letter like any other there."""
        return not (action == "search" and self.focused is self._words) and super().check_action(action, parameters)

    def action_search(self) -> None:
        """Go to the search."""
        self.set_focus(self._words)  # at once: `focus` waits, and what is typed meanwhile would be lost

    def action_to_list(self) -> None:
        """Go to the list."""
        self.set_focus(self._found)

    def action_cancel(self) -> None:
        """Go back to the open conversation."""
        self.dismiss(None)

    def _chosen(self) -> FoundConversation | None:
        chosen = self._found.highlighted_option
        return chosen if isinstance(chosen, FoundConversation) else None

    def _newest(self, _words: str) -> list[FoundConversation]:
        rows, names = self._corpus.conversations(limit=SHOWN), self._corpus.short_names()
        return [
            FoundConversation(
                summary_lines(row, names.get(row.id, ""), open_now=row.id == self._open_id), row.id, row.title
            )
            for row in rows
        ]

    def _hits(self, words: str) -> list[FoundConversation]:
        hits = self._corpus.search(words, limit=SHOWN)
        counts = Counter(hit.conversation_id for hit in hits)
        best = {hit.conversation_id: hit for hit in reversed(hits)}
        return [FoundConversation(hit_lines(best[key], counts[key]), key, best[key].title) for key in counts]

    def _head(self, count: int, words: str) -> None:
        found = (
            f"Found in {pluralize(count, 'conversation')}"
            if words.strip()
            else pluralize(count, "conversation").capitalize()
        )
        more = " (the newest; search to find others)" if count == SHOWN else ""
        self._heading.update(found + more)
