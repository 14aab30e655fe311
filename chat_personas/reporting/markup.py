"""Elements of a page or a figure: text from models, files and surveys becomes markup in this module only, escaped.

What is written is well-formed XML and HTML at once: empty HTML elements are closed, everything else has an end tag.
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
    """An element with its attributes and, rendered already, what it contains."""

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
    """Return an element; text `inside` it and the attributes are escaped, None stands for nothing.

    In attributes' names a final underscore is dropped and others become hyphens: `class_`, `stroke_width`. True writes
    the attribute with its own name as the value, as XML wants it; None and False leave it out.
    """
    return Element(name, "".join(map(_attribute, attributes, attributes.values())), rendered(inside))


def style_element(sheet: str) -> Element:
    """Return a style element with a sheet of our own, as it is: browsers do not unescape what stands in one."""
    if "<" in sheet or "&" in sheet:
        raise ValueError("a style sheet in a page has no < and no &")
    return Element("style", "", sheet)


def rendered(node: Node) -> str:
    """Return the markup of elements and texts, one after the other."""
    if node is None:
        return ""
    if isinstance(node, Element):
        return str(node)
    if isinstance(node, str):
        return escaped(node)
    return "".join(map(rendered, node))


def escaped(text: str) -> str:
    """Return `text` so that no character of it is markup, commands anything, or may not stand in XML."""
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
