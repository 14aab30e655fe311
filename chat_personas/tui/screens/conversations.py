"""The browser of conversations: list, search, preview, open, rename, export, and delete after asking.

A conversation that is deleted here leaves the list at once and the corpus when the list is left: until then it can be
brought back.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_personas.corpus import CorpusError
from chat_personas.corpus.search import MOST_RANKED, Query, QueryError
from chat_personas.models import BASE_MODEL
from chat_personas.reporting.wording.conversations import (
    belongs_to,
    for_deletion,
    how_it_ended,
    speaker_of,
    speaker_of_hit,
)
from chat_personas.reporting.wording.measurements import BASE_MODEL_SHORT
from chat_personas.text import Sought, pluralize, printable
from chat_personas.tui.key_registry import key_here
from chat_personas.tui.key_routing import changes_screen, fills_list
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.screens.deletion import agreed_to_delete, delete_for_good
from chat_personas.tui.screens.dialogs import TitleScreen
from chat_personas.tui.widgets.messages import highlighted, visible
from chat_personas.tui.widgets.title_and_status import KeyLine

if TYPE_CHECKING:
    from chat_personas.corpus import ConversationSummary, Corpus, MessageRow, SearchHit


def summary_lines(summary: "ConversationSummary", name: str, *, open_now: bool, width: int | None = None) -> Content:
    """Draw the title, and under it persona and model, short `name`, time, and how many messages and measurements.

    A conversation of a comparison or of a study says so. The model is the one with which the conversation began. What
    is under the title takes as many lines as it needs in so many columns.
    """
    base = [BASE_MODEL] * (summary.prompt_format == "plain")
    whose = [f"{summary.persona_name} on {printable(summary.model)}", *base, name]
    extent = [moment(summary.active_at), pluralize(summary.messages, "message")]
    if summary.measurements:
        extent.append(pluralize(summary.measurements, "measurement"))
    extent += belongs_to(summary)
    lines = _folded([*whose, *extent], width)
    if len(lines) > 1:  # the time begins a line rather than that one part is left over
        lines = [*_folded(whose, width), *_folded(extent, width)]
    now = Content.styled("  ● open now", "bold") if open_now else Content()
    title = (printable(summary.title) or "(no messages yet)", "bold")
    return Content.assemble(title, now, *(part for line in lines for part in ("\n  ", (line, "dim"))))


def _folded(parts: Sequence[str], width: int | None) -> Sequence[str]:
    """Put as many parts on a line as `width` columns hold beside the indentation; None: all on one line."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]} · {part}"
        if width is None or cell_len(longer) <= width - 2:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def hit_lines(hit: "SearchHit", name: str, hits: int) -> Content:
    """Draw the title, and under it persona, model and short `name`, and an excerpt with the words underlined."""
    more = f" (and {hits - 1} more)" if hits > 1 else ""
    base = f" ({BASE_MODEL_SHORT})" if hit.prompt_format == "plain" else ""
    about = f"\n  {hit.persona_name} on {printable(hit.model)}{base} · {name}"
    first = ((printable(hit.title), "bold"), (more, "dim"), (about, "dim"))
    return Content.assemble(*first, "\n  ", (f"{speaker_of_hit(hit)}: ", "dim"), _marked(hit))


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


class Glance(NamedTuple):
    """What the preview shows: messages, and whose they are.

    `personas` are the names of those that made the replies, by the keys of the replies; `of_participants` see
    `speaker_of`.
    """

    said: Sequence["MessageRow"]
    personas: Mapping[str, str]
    of_participants: Collection[str] = ()


def preview_of(glance: Glance, sought: Sought) -> Content:
    """Draw messages for a glance, each after who said it, with the words that are looked for highlighted."""
    parts: list[Content | tuple[str, str]] = []
    for message in glance.said:
        who = speaker_of(message, glance.personas.get(message.id, ""), glance.of_participants)
        text = message.text if len(message.text) <= LONGEST_GLANCE else f"{message.text[:LONGEST_GLANCE]}…"
        remarks = () if message.status == "streaming" else how_it_ended(message)  # it may be under way in this program
        about = Content(f" ({', '.join(remarks)})" if remarks else "")
        parts += [(who, "bold"), about, Content("\n"), highlighted(Content(visible(text)), sought), Content("\n\n")]
    return Content.assemble(*parts) if parts else Content.styled("Nothing was said yet.", "italic")


SHOWN = 300
"""Conversations in the list at most."""
AROUND = 6
"""Columns of the list that its border, the space beside it and its scroll bar take."""
WIDE = 100
"""From this many columns on, the preview is beside the list."""
GLANCED = 4
"""Messages of a conversation in the preview."""
LONGEST_GLANCE = 1200
"""Characters of a message in the preview."""
SEARCH = "Search the messages; narrow by persona:NAME model:NAME since:DAY until:DAY"
BROUGHT_BACK = "{key} brings it back until you leave this list."


class FoundConversation(Option):
    """A conversation in the list, with what is said of it elsewhere; `message_id` is the message that was found."""

    def __init__(self, lines: Content, row: "ConversationSummary | SearchHit") -> None:
        hit = getattr(row, "message_id", None)
        self.conversation_id: str = row.id if hit is None else row.conversation_id  # type: ignore[union-attr]
        super().__init__(lines, id=self.conversation_id)
        self.message_id: str | None = hit
        self.title, self.persona_name, self.model = row.title, row.persona_name, row.model


class Found(NamedTuple):
    """What the list shows, and what stands above it: how many conversations were found, and which of them these are."""

    options: Sequence[FoundConversation]
    heading: str


class Going(NamedTuple):
    """What is to be deleted: a conversation by its title, and the keys of all that goes with it."""

    title: str
    keys: tuple[str, ...]


class FoundList(OptionList):
    """The list of conversations; the key line names its key for opening one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Open", id="conversations_open")]


class ConversationsScreen(AnsweringScreen[str | None]):
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
        Binding("u", "undo", "Undo", id="conversations_undo", tooltip="Bring back what was deleted last"),
        Binding("p", "narrow('persona')", "This persona", id="conversations_persona", show=False),
        Binding("m", "narrow('model')", "This model", id="conversations_model", show=False),
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
        export: Callable[[str, Sequence[str]], None],
    ) -> None:
        """Browse `corpus`. `stop_open` stops the reply of the open conversation, `open_id`, before it is deleted.

        `rename` gives a conversation, by its key, another title. `export` exports one, or all of a list, by their keys.
        """
        super().__init__()
        self._export = export
        self._rename = rename
        self._stop_open = stop_open
        self._corpus = corpus
        self._open_id = open_id
        self.deleted: set[str] = set()
        self._going: dict[str, Going] = {}
        self._leaving = False
        self._sought = ""  # the words by which the list was found: others may be half typed
        self._heading = Static("Conversations", markup=False, id="heading")
        self._words = Input(placeholder=SEARCH, id="words", select_on_focus=False)
        self._found = FoundList(id="found", markup=False)
        self._folded_to = 0  # the columns for which the list was drawn
        self._glance = Static(markup=False, id="glance")

    def compose(self) -> ComposeResult:
        """Lay out the search above the list, and the preview beside that, or below it on a narrow screen."""
        yield self._heading
        yield self._words
        with Horizontal(id="lists"):
            yield self._found
            with VerticalScroll(id="preview", can_focus=False):
                yield self._glance
        yield KeyLine(("select", "cancel", "search", "delete", "undo", "rename", "export", "quit"))

    def on_resize(self) -> None:
        """Lay the preview beside the list where there is room for both."""
        self.query_one("#lists").styles.layout = "horizontal" if self.app.size.width >= WIDE else "vertical"
        if self._folded_to not in (0, self._columns):
            self.find(self._words.value)

    @property
    def _columns(self) -> int:
        """How many columns a conversation has in the list, beside its border and its scroll bar."""
        width = self.app.size.width
        return (width // 2 if width >= WIDE else width) - AROUND

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
        self.leave(event.option_id)

    @on(OptionList.OptionHighlighted)
    def glance(self) -> None:
        """Show what was said in the highlighted conversation."""
        self.look_into(self._chosen())

    @work(exclusive=True, group="find")
    @fills_list()
    async def find(self, typed: str) -> None:
        """List the conversations that fit what is typed, or the newest where that is nothing."""
        gone = {key for going in self._going.values() for key in going.keys}
        try:
            query = Query.typed(typed)
            self._folded_to = self._columns
            options, heading = await asyncio.to_thread(self._hits if query.words else self._newest, query, gone)
        except QueryError as error:  # it may be half typed
            self._heading.update(printable(str(error)))
            return
        except CorpusError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        found, self._sought = self._found, query.words
        at = found.highlighted
        found.clear_options()
        found.add_options(options)
        if options:
            found.highlighted = min(at or 0, len(options) - 1)
        else:
            self.look_into(None)
        self._heading.update(heading)

    @work(exclusive=True, group="glance")
    async def look_into(self, chosen: FoundConversation | None) -> None:
        """Show the end of a conversation, or what was said around the message that was found; nothing of none.

        Being exclusive, it gives up one that is still being read and is not highlighted any more.
        """
        if chosen is None:
            self._glance.update("")
            return
        words = self._sought if chosen.message_id is not None else ""
        try:
            glance = await asyncio.to_thread(self._said_last, chosen)
        except CorpusError as error:  # such as one that another program has deleted meanwhile
            self._glance.update(printable(str(error)))
            return
        self._glance.update(preview_of(glance, Sought.typed(words.replace('"', " "))))
        preview = self.query_one("#preview")
        if chosen.message_id is None:
            preview.scroll_end(animate=False)
        else:
            preview.scroll_home(animate=False)

    def action_export(self) -> None:
        """Export the highlighted conversation, or all that are listed."""
        if (chosen := self._chosen()) is not None:
            options = (option for option in self._found.options if isinstance(option, FoundConversation))
            self._export(chosen.conversation_id, [option.conversation_id for option in options])

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
    @changes_screen
    async def action_delete(self) -> None:
        """Delete the highlighted conversation, after asking."""
        chosen = self._chosen()
        if chosen is None:
            return
        key, title = chosen.conversation_id, chosen.title
        try:
            keys = await agreed_to_delete(
                self.app,
                self._corpus,
                key,
                title,
                remark=BROUGHT_BACK.format(key=key_here(ConversationsScreen, "conversations_undo")),
            )
        except CorpusError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        if not keys:
            return
        if self._open_id in keys:
            await self._stop_open()
        self._going[key] = Going(title, keys)
        self.refresh_bindings()
        self.find(self._words.value)

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        _, going = self._going.popitem()
        named = for_deletion(f"“{going.title}”", len(going.keys))
        self.notify(f"Brought back: {named}.", markup=False)
        self.refresh_bindings()
        self.find(self._words.value)

    def action_narrow(self, what: str) -> None:
        """Narrow the list to the persona or the model of the highlighted conversation."""
        if (chosen := self._chosen()) is not None:
            name = chosen.persona_name if what == "persona" else chosen.model
            others = [word for word in self._words.value.split() if not word.startswith(f"{what}:")]
            self._words.value = " ".join([f"{what}:{name.split()[0]}", *others])  # a part of the name is enough

    @work(group="leave")
    @changes_screen
    async def leave(self, opened: str | None) -> None:
        """Delete for good what was deleted, and go; `opened` is the conversation to open. The first call counts."""
        if self._leaving:
            return
        self._leaving = True  # from now on nothing can be brought back
        for conversation_id in tuple(self._going):
            await self._delete(conversation_id)
        self.dismiss(opened)

    async def _delete(self, conversation_id: str) -> None:
        """Delete a conversation, with what goes with it, from the corpus. What cannot be deleted is said, and stays."""
        keys = self._going.pop(conversation_id).keys
        try:
            self.notify(await delete_for_good(self._corpus, conversation_id), markup=False)
        except CorpusError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        self.deleted.update(keys)

    async def on_unmount(self) -> None:
        """Delete for good what was deleted, where the program is left from here."""
        for conversation_id in self._going:
            with suppress(CorpusError):
                await asyncio.to_thread(self._corpus.delete, conversation_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The search's key is a letter like any other in the search; Undo is there where something was deleted."""
        if action == "undo" and (self._leaving or not self._going):
            return False
        return not (action == "search" and self.focused is self._words) and super().check_action(action, parameters)

    @property
    def away_from_text(self) -> bool:
        """Whether the list has the focus; a letter that is no key of the list goes to the search."""
        return self.focused is self._found

    def write_on(self) -> None:
        """Give the focus to the search, at once."""
        self.set_focus(self._words)

    def action_search(self) -> None:
        """Go to the search."""
        self.set_focus(self._words)  # at once: `focus` waits, and what is typed meanwhile would be lost

    def action_to_list(self) -> None:
        """Go to the list."""
        self.set_focus(self._found)

    def action_cancel(self) -> None:
        """Go back to the open conversation."""
        self.leave(None)

    def _chosen(self) -> FoundConversation | None:
        chosen = self._found.highlighted_option
        return chosen if isinstance(chosen, FoundConversation) else None

    def _newest(self, query: Query, gone: Collection[str]) -> Found:
        """Find the newest conversations, but those that are `gone`."""
        rows = self._corpus.conversations(query, limit=SHOWN + len(gone) + 1)
        names, left = self._corpus.short_names(), [row for row in rows if row.id not in gone]
        options = [
            FoundConversation(
                summary_lines(row, names.get(row.id, ""), open_now=row.id == self._open_id, width=self._folded_to),
                row,
            )
            for row in left[:SHOWN]
        ]
        more = " (the newest; search to find others)" if len(left) > SHOWN else ""
        return Found(options, f"{pluralize(len(options), 'conversation').capitalize()}{more}")

    def _hits(self, query: Query, gone: Collection[str]) -> Found:
        """Find the best message of each conversation with the words, but of those that are `gone`."""
        hits, names = self._corpus.search(query.words, limit=MOST_RANKED, within=query), self._corpus.short_names()
        counts = Counter(hit.conversation_id for hit in hits if hit.conversation_id not in gone)
        best = {hit.conversation_id: hit for hit in reversed(hits)}
        options = [
            FoundConversation(hit_lines(best[key], names.get(key, ""), counts[key]), best[key])
            for key in islice(counts, SHOWN)
        ]
        these = f"the best {SHOWN} listed" if len(counts) > SHOWN else ""
        among = f"of the newest {MOST_RANKED:,} messages" if len(hits) == MOST_RANKED else ""
        which = "; ".join(filter(None, (these, among)))
        return Found(options, f"Found in {pluralize(len(counts), 'conversation')}{which and f' ({which})'}")

    def _said_last(self, chosen: FoundConversation) -> Glance:
        """Return the messages of the preview, and whose they are."""
        row = self._corpus.conversation(chosen.conversation_id)
        shown = self._corpus.branch(row.active_leaf_id) if row.active_leaf_id is not None else ()
        place = next((place for place, message in enumerate(shown) if message.id == chosen.message_id), None)
        if chosen.message_id is None:
            said = shown[-GLANCED:]
        elif place is None:  # it was found on another branch
            said = self._corpus.branch(chosen.message_id)[-GLANCED:]
        else:
            said = shown[max(0, place - 1) :][:GLANCED]
        if not said:
            return Glance(said, {})
        made, of_participants = self._corpus.personas(said[-1].id), self._corpus.participants_words(said[-1].id)
        names = {message.id: made[message.id].name if message.id in made else row.persona_name for message in said}
        return Glance(said, names, of_participants)
