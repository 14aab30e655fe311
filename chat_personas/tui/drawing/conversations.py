"""Lines of the conversation browser."""

from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from chat_personas.text import counted, printable

if TYPE_CHECKING:
    from chat_personas.corpus import ConversationSummary, SearchHit


def summary_lines(summary: "ConversationSummary", *, open_now: bool) -> Content:
    """Say the title, and under it with whom, when, and how much there is."""
    about = f"{summary.persona_name} · {moment(summary.active_at)} · {counted(summary.messages, 'message')}"
    if summary.measurements:
        about += f" · {counted(summary.measurements, 'measurement')}"
    now = Content.styled("  ● open now", "bold") if open_now else Content()
    return Content.assemble((printable(summary.title) or "(nothing said yet)", "bold"), now, "\n  ", (about, "dim"))


def hit_lines(hit: "SearchHit", hits: int) -> Content:
    """Say the title, and under it the words around what was found, the words themselves underlined."""
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
    """Write a time as it was here, to the minute."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M")
