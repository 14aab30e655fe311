"""Elements of pages and figures. This module alone turns text from models, files and surveys into markup, escaped.

The markup is well-formed XML and HTML at once: empty HTML elements are closed, all others have an end tag.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from chat_personas.text import printable

EMPTY_ELEMENTS = frozenset({"br", "hr", "input", "meta"})
NOT_IN_XML = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}


@dataclass(frozen=True, slots=True)
class Element:
    """An element with its attributes and its content, both rendered."""

    name: str
    attributes: str
    inside: str

    def __str__(self) -> str:
        if self.name in EMPTY_ELEMENTS:
            return f"<{self.name}{self.attributes} />"
        return f"<{self.name}{self.attributes}>{self.inside}</{self.name}>"


Node: TypeAlias = "Element | str | Iterable[Node] | None"
Value: TypeAlias = "str | float | bool | None"


def element(name: str, /, *inside: Node, **attributes: Value) -> Element:
    """Return an element. Text `inside` and attribute values are escaped; None is left out.

    In attribute names a final underscore is dropped and others become hyphens: `class_`, `stroke_width`. True writes
    the attribute with its own name as its value, as XML requires; None and False leave it out.
    """
    return Element(name, "".join(map(_attribute, attributes, attributes.values())), rendered(inside))


def style_element(sheet: str) -> Element:
    """Return a style element with our own sheet, unescaped: browsers do not unescape the content of style elements.

    Raises:
        ValueError: the sheet holds `<` or `&`.
    """
    if "<" in sheet or "&" in sheet:
        raise ValueError("a style sheet in a page has no < and no &")
    return Element("style", "", sheet)


def rendered(node: Node) -> str:
    """Return the markup of elements and texts in their order."""
    if node is None:
        return ""
    if isinstance(node, Element):
        return str(node)
    if isinstance(node, str):
        return escaped(node)
    return "".join(map(rendered, node))


def escaped(text: str) -> str:
    """Return `text` without markup, without control characters, and without characters that XML forbids."""
    return html.escape(printable(text).translate(NOT_IN_XML), quote=True)


def number(value: float) -> str:
    """Write a length with at most two decimals, the same on every machine."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _attribute(name: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    if value is True:
        return f' {written}="{written}"'
    text = value if isinstance(value, str) else number(value)
    return f' {written}="{escaped(text)}"'
