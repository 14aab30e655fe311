"""A page that stands alone, whatever it is about.

Nothing is loaded from anywhere and no script is in it; a content security policy holds browsers to that.
"""

import base64
import hashlib
from collections.abc import Iterable
from importlib.resources import files

from chat_personas.pictures.markup import Element, Node, element, style_element

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
    return files("chat_personas.pictures").joinpath("page.css").read_text(encoding="utf-8")


def _policy(sheet: str) -> str:
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
