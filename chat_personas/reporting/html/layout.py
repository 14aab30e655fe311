"""The frame of a self-contained page, and its parts: sections, warnings, tables and lists.

A page loads nothing from anywhere and holds no script; a content security policy makes browsers enforce that. Tables
have headers in both directions, so that a screen reader can say what a figure belongs to.
"""

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from types import MappingProxyType

from chat_personas.reporting.explained.glossary import words_in
from chat_personas.reporting.markup import Element, Node, element, style_element
from chat_personas.reporting.svg.primitives import names
from chat_personas.reporting.wording.measurements import sentence
from eval.report import Report


@dataclass(frozen=True, slots=True)
class ReportSection:
    """One report on a page: its name, the id of its part, and the wording of the questions where it is known."""

    report: Report
    name: str
    part: str
    stems: Mapping[str, str] = field(default_factory=dict)


def parts(reports: Sequence[Report], stems: Mapping[str, str]) -> tuple[ReportSection, ...]:
    """Return the reports with a short id for each part of the page: p1, p2, ..."""
    named = zip(reports, names(reports), strict=True)
    return tuple(ReportSection(report, name, f"p{place}", stems) for place, (report, name) in enumerate(named, start=1))


CAUTION = (
    "A persona is a model's rendering of a group, never the group: people differ from each other far more than an "
    "average shows."
)


def whole_page(
    title: str, body: Node, rules: Iterable[str] = (), *, meanings: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return a page as HTML with our style sheet and `rules` in addition; the same content gives the same bytes.

    At its end stands, folded, what the words on it mean: `meanings` takes the place of the glossary's where a word
    means something else on this page.
    """
    sheet = "\n".join([_sheet(), *rules])
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(sheet)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        style_element(sheet),
    )
    words = glossary(html.unescape(str(element("body", body))), meanings)
    return f"<!DOCTYPE html>\n{element('html', head, element('body', body, words), lang='en')}"


def glossary(text: str, meanings: Mapping[str, str] = MappingProxyType({})) -> Element | None:
    """Return what the words mean that occur in `text`, folded; None where there are none of them."""
    found = [(word, meanings.get(word, meaning)) for word, meaning in words_in(text)]
    if not found:
        return None
    return element("details", element("summary", "What the words mean"), definitions(found), class_="glossary")


def warning(text: str) -> Element:
    """Return a sentence that a reader must not miss."""
    return element("p", sentence(text), class_="warning")


def bullets(lines: Iterable[str]) -> Element:
    """Return lines as a list."""
    return element("ul", [element("li", line) for line in lines], class_="findings")


def titled(title: str, body: "Iterable[Node]", **attributes: str) -> Element | None:
    """Return a section under a title; None without content."""
    found = [node for node in body if node is not None]
    return element("section", element("h3", title), found, **attributes) if found else None


def _sheet() -> str:
    return files("chat_personas.reporting.html").joinpath("page.css").read_text(encoding="utf-8")


def _policy(sheet: str) -> str:
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Node]],
    *,
    of_texts: bool = False,
    many_columns: bool = False,
) -> Element:
    """Return a table; the first cell of each row is its header. The others are figures, or texts that may wrap.

    With `many_columns` an interval may stand below its score, so that the table fits into the window.
    """
    if many_columns:
        rows = [(head, *map(_breakable, others)) for head, *others in rows]
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", [element("th", head, scope="col") for head in heads])),
            element("tbody", [_row(row) for row in rows]),
            class_="texts" if of_texts else "many" if many_columns else None,
        ),
        class_="wide",
    )


def _breakable(cell: Node) -> Node:
    """Return a score and its interval as two parts, each of which stays on one line."""
    if not isinstance(cell, str) or " [" not in cell:
        return cell
    score, _, interval = cell.partition(" [")
    inside, closed, rest = interval.partition("]")
    return [f"{score} ", element("span", f"[{inside}{closed}", class_="interval"), rest]


def _row(cells: Sequence[Node]) -> Element:
    head, *others = cells
    return element("tr", element("th", head, scope="row"), [element("td", cell) for cell in others])


def definitions(pairs: Iterable[tuple[str, Node]]) -> Element:
    """Return a list of names with their values; None and empty values are left out."""
    return element(
        "dl",
        [element("div", element("dt", name), element("dd", value)) for name, value in pairs if value not in (None, "")],
    )
