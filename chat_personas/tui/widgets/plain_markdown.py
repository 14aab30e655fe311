"""Markdown as replies may use it: emphasis, lists, tables, code. Nothing that acts.

What a model says is never trusted. HTML, links, images and entities are not parsed, so they appear as the characters
they are: nothing can be clicked, no address hides behind a text, and no entity smuggles in a character that `printable`
replaced.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore

ACTING = ["link", "image", "autolink", "html_inline", "html_block", "entity", "reference"]


def plain_markdown() -> "MarkdownIt":
    """Return the parser for replies. A line break within a paragraph stays one, as models mean it."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False})
    parser.enable(["table", "strikethrough"]).disable(ACTING)
    parser.core.ruler.push("keep_line_breaks", _keep_line_breaks)
    return parser


def _keep_line_breaks(state: "StateCore") -> None:
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "softbreak":
                child.type = "hardbreak"
