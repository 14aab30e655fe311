"""A page that stands alone, whatever it is about.

Nothing is loaded from anywhere and no script is in it; a content security policy holds browsers to that.

What a page is made of: reports, and what else is known of their survey.

Tables of a page: headed in both directions, so that a screen reader can say what a figure belongs to.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from chat_personas.reporting.markup import Element, Node, element, style_element
from chat_personas.reporting.svg.primitives import names
from eval.report import Report


@dataclass(frozen=True, slots=True)
class ReportSection:
    """One report, its name and its place on the page, and the wording of the questions where the survey is at hand."""

    report: Report
    name: str
    part: str
    stems: Mapping[str, str] = field(default_factory=dict)


def parts(reports: Sequence[Report], stems: Mapping[str, str]) -> tuple[ReportSection, ...]:
    """Return the reports with a short name for each place on the page: p1, p2, ..."""
    named = zip(reports, names(reports), strict=True)
    return tuple(ReportSection(report, name, f"p{place}", stems) for place, (report, name) in enumerate(named, start=1))


CAUTION = (
    "A persona is a model's rendering of a group, never the group: people differ from each other far more than an "
    "average shows."
)


def whole_page(title: str, body: Node, rules: Iterable[str] = ()) -> str:
    """Return a page as HTML with our style sheet and more `rules` of it; the same content gives the same bytes."""
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
    return f"<!DOCTYPE html>\n{element('html', head, element('body', body), lang='en')}"


def warning(text: str) -> Element:
    """Return a sentence that nobody may overlook."""
    return element("p", f"{text[0].upper()}{text[1:]}.", class_="warning")


def titled(title: str, body: "Iterable[Node]", **attributes: str) -> Element | None:
    """Return a section under a title; None where there is nothing to put in it."""
    found = [node for node in body if node is not None]
    return element("section", element("h3", title), found, **attributes) if found else None


def _sheet() -> str:
    return files("chat_personas.reporting.html").joinpath("page.css").read_text(encoding="utf-8")


def _policy(sheet: str) -> str:
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Node]], *, of_texts: bool = False) -> Element:
    """Return a table; the first cell of each row heads it, the others are figures, or `of_texts` that may wrap."""
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", [element("th", head, scope="col") for head in heads])),
            element("tbody", [_row(row) for row in rows]),
            class_="texts" if of_texts else None,
        ),
        class_="wide",
    )


def _row(cells: Sequence[Node]) -> Element:
    head, *others = cells
    return element("tr", element("th", head, scope="row"), [element("td", cell) for cell in others])


def definitions(pairs: Iterable[tuple[str, Node]]) -> Element:
    """Return a list of names with what they stand for; None and nothing are left out."""
    return element(
        "dl",
        [element("div", element("dt", name), element("dd", value)) for name, value in pairs if value not in (None, "")],
    )
