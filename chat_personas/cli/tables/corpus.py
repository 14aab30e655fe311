"""What is printed of the corpus as a whole: counts, a withdrawal, an audit, and the description of who took part."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from chat_personas.cli.tables.layout import fitted, print_line, table_console
from chat_personas.corpus.export.pseudonyms import Pseudonyms
from chat_personas.corpus.maintenance import Withdrawal
from chat_personas.corpus.releases import ReleaseRow
from chat_personas.corpus.rows import ConversationSummary, CountsRow
from chat_personas.reporting.wording.conversations import belongs_to
from chat_personas.reporting.wording.measurements import BASE_MODEL_SHORT, recorded_model
from chat_personas.text import pluralize, printable

if TYPE_CHECKING:  # both import NumPy, which most of these lines do without
    from chat_personas.conversation.audit import AuditedReply
    from chat_personas.studies.description import Description

_UNBROKEN = 26
"""Cells of a table that are not broken up to here: as long as a key."""


ABOUT = 28
"""Cells for persona and model in the list of conversations, where there is room."""
LEAST_TITLE = 24
"""With fewer cells than these, a title stands on a line of its own."""


def listed(found: ConversationSummary, name: str, moment: str, width: int | None) -> Iterator[str]:
    """Yield the line, or on a narrow terminal the two lines, of a conversation in the list; `name` is its short name.

    They are cut to `width` cells; with None they are whole, for scripts. What is said after a title stays as
    far as there is room: that the model is a base model, and of which comparison or study the conversation is.
    """
    counts = f"{pluralize(found.messages, 'message'):>13} {pluralize(found.measurements, 'measurement'):>16}"
    begin, persona, title = f"{name:6}  {moment}  ", printable(found.persona_name), printable(found.title)
    if width is None:
        about = f"{persona} on {recorded_model(found.model, found.prompt_format)}"
        yield f"{begin}{about:{ABOUT}} {counts}  {title}{_in_brackets(belongs_to(found))}"
        return
    about = f"{persona} on {printable(found.model)}"
    after = _in_brackets([BASE_MODEL_SHORT] * (found.prompt_format == "plain") + belongs_to(found))
    room = width - cell_len(begin) - len(counts) - 1
    left = room - ABOUT - 2
    if left >= LEAST_TITLE + cell_len(after):
        yield f"{begin}{fitted(about, ABOUT)} {counts}  {_cut(title, left, after)}"
    else:
        yield fitted(f"{begin}{fitted(about, max(0, min(ABOUT, room)))} {counts}", width).rstrip()
        yield _cut(f"{'':8}{title}", width, after)


def _in_brackets(remarks: Sequence[str]) -> str:
    return f" ({', '.join(remarks)})" if remarks else ""


def _cut(title: str, cells: int, after: str) -> str:
    """Return a title and what is said after it in so many cells; where both have no room, the title is cut."""
    if cell_len(f"{title}{after}") <= cells:
        return f"{title}{after}"
    return fitted(f"{fitted(title, max(LEAST_TITLE, cells - cell_len(after)))}{after}", cells).rstrip()


def counted(row: CountsRow) -> Iterator[str]:
    """Yield the lines that say what the corpus holds of one persona on one model."""
    yield f"{printable(row.persona)} on {recorded_model(row.model, row.prompt_format)}, {row.first} to {row.last}"
    yield (
        f"  {pluralize(row.conversations, 'conversation')}; {pluralize(row.messages, 'message')} of"
        f" {pluralize(row.words_said, 'word')}; {pluralize(row.replies, 'reply', 'replies')} of"
        f" {pluralize(row.words_replied, 'word')}; {pluralize(row.measured, 'measurement')}"
    )


def withdrawn(withdrawal: Withdrawal, releases: Sequence[ReleaseRow]) -> Iterator[str]:
    """Yield the lines that say what was deleted of a participant, and which releases still hold it."""
    since = f" (had withdrawn on {withdrawal.before[:10]})" if withdrawal.before else ""
    yield f"{withdrawal.participant_id}{since}: deleted are"
    yield (
        f"  {pluralize(withdrawal.conversations, 'conversation')} of {pluralize(withdrawal.messages, 'message')},"
        f" {pluralize(withdrawal.answers, 'answer')}, {pluralize(withdrawal.guesses, 'guess', 'guesses')},"
        f" {pluralize(withdrawal.ratings, 'rating')}, and how others name the person"
    )
    yield "  these releases still hold words of the person:" if releases else "  no release holds words of the person"
    for release in releases:
        pseudonym = Pseudonyms(release.secret).of("participant", withdrawal.participant_id)
        when = release.created_at.strftime("%Y-%m-%d")
        yield f"    {release.id}  {when}  {release.format}  {release.file}: there {pseudonym}"


def audited(found: "Sequence[AuditedReply]") -> Iterator[str]:
    """Yield a line for each reply that differs, one for each reason why replies cannot be generated, and the sum."""
    for each in found:
        if each.finding == "differs":
            where = f"{each.conversation_id} reply {each.number} ({each.message_id})"
            yield f"{where}: differs from character {each.at}"
    for why, times in Counter(each.why for each in found if each.finding == "cannot").most_common():
        yield f"{pluralize(times, 'reply', 'replies')} cannot be generated again: {why}"
    counted = Counter(each.finding for each in found)
    identical, differs, cannot = (counted[finding] for finding in ("identical", "differs", "cannot"))
    replies = pluralize(len(found), "reply", "replies")
    yield f"{replies}: {identical} identical, {differs} different, {cannot} not audited"


def print_description(found: "Description", *, to_error: bool) -> None:
    """Print who took part, how carefully, and what was said, section by section."""
    from chat_personas.reporting.corpus_description import OWNERS, heading, sections

    console = table_console(to_error=to_error)
    print_line(console, heading(found))
    print_line(console, OWNERS)
    for section in sections(found):
        console.print(Text(f"\n{section.title}", style="bold"))
        for line in section.lines:
            print_line(console, f"  {printable(line)}")
        if section.rows:
            table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
            for place, head in enumerate(section.heads):
                justify: Literal["left", "right"] = "right" if place and not section.of_texts else "left"
                longest = max(len(row[place]) for row in section.rows)
                table.add_column(Text(head), overflow="fold", justify=justify, min_width=min(longest, _UNBROKEN))
            for row in section.rows:
                table.add_row(*(Text(printable(cell)) for cell in row))
            console.print(table)
