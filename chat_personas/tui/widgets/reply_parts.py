"""How much of a reply is drawn, and in which parts: pure functions, so that any text can be tried without a screen.

Drawing takes time for every widget and holds the keys meanwhile. So the Markdown of a reply is drawn in parts of a few
blocks, of which only the last one grows. A block that is too large, too wide or nested too deep is plain text, and so
is all after it. What is left after `MOST_MARKDOWN` and `MOST_PLAIN` is not drawn: the whole text opens on a screen of
its own (`chat_personas.tui.screens.whole_text`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

MOST_MARKDOWN = 40_000
"""Characters of a reply that are drawn as Markdown; the longest replies that people read have some 20,000."""
MOST_WIDGETS = 240
"""Widgets of a reply's Markdown: a paragraph has one, an item of a list four, a table one for each cell."""
MOST_PLAIN = 8_000
MOST_PLAIN_LINES = 200
"""Characters and lines of plain text after the Markdown."""
MOST_KEPT = MOST_MARKDOWN + MOST_PLAIN
_PART_WIDGETS = 20
"""About 40 ms of drawing; a key waits for one part at most."""
_BLOCK_WIDGETS = 80
_DEEPEST = 10
"""Levels of tokens: a list within a list is two levels deeper. Heights of nested blocks take time that multiplies."""
_SMALL_WINDOW = 400
_WINDOWS = (_SMALL_WINDOW, 2_000, 8_000)
"""Characters in which the next part is looked for; a block that is longer than the last is too large.

Of many small blocks, as of a list of numbers, the small window holds more than a part: 2,000 characters of them take
long to parse, for a part that has twenty.
"""
_WIDGETS = {"list_item_open": 3, "fence": 2, "code_block": 2, "table_open": 2, "hr": 1, "tr_open": 0}

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


_parser = cache(plain_markdown)


@dataclass(frozen=True, slots=True)
class Part:
    """The next part of a reply.

    Attributes:
        length: its characters.
        widgets: about how many widgets draw it.
        continues: whether the part after it goes on with a list that this part begins.
        plain: whether it, and all that comes after it, is plain text.
    """

    length: int
    widgets: int
    continues: bool = False
    plain: bool = False


@dataclass(frozen=True, slots=True)
class _Unit:
    """A block at the top level, or an item of a list there: between two of them a text may be cut."""

    line: int
    widgets: int
    depth: int
    continues: bool


def next_part(text: str, *, characters: int = MOST_MARKDOWN, widgets: int = MOST_WIDGETS) -> Part:
    """Return the part with which `text` begins, as long as there is room for so many `characters` and `widgets`.

    Beyond the room the text is plain. The part is all of `text` if nothing in it begins another one. `text` begins with
    a block.
    """
    tried = (_part_within(text[:window], whole=len(text) <= window) for window in _WINDOWS)
    part = next(filter(None, tried), None)
    if part is None or part.plain or part.length > characters or part.widgets > widgets:
        return Part(len(text), 1, plain=True)
    return part


def _part_within(text: str, *, whole: bool) -> Part | None:
    """Return the part with which `text` begins; None if it may go on after `text`, which is not the `whole` text."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    total = 0
    units = list(_units(_parser().parse(text)))
    for place, unit in enumerate(units):
        begins = starts[unit.line] if place else 0
        too_large = unit.widgets > _BLOCK_WIDGETS or unit.depth > _DEEPEST
        if place and (too_large or total + unit.widgets > _PART_WIDGETS):
            return Part(begins, total, unit.continues)
        if too_large:
            return Part(len(text), 1, plain=True)
        if place and not whole and place == len(units) - 1:  # it may go on
            return None if len(text) == _SMALL_WINDOW else Part(begins, total, unit.continues)
        total += unit.widgets
    return Part(len(text), total) if whole else None


def _units(tokens: "list[Token]") -> Iterator[_Unit]:
    line, widgets, depth, continues = 0, 0, 0, False
    begun = False
    for token in tokens:
        in_list = token.type == "list_item_open" and token.level == 1
        if token.map is not None and (token.level == 0 or (in_list and widgets > 1)):
            if begun:
                yield _Unit(line, widgets, depth, continues)
            line, widgets, depth, continues, begun = token.map[0], 0, 0, in_list, True
        if token.nesting >= 0 and token.type != "inline":
            widgets += _WIDGETS.get(token.type, 1)
        depth = max(depth, token.level)
    if begun:
        yield _Unit(line, widgets, depth, continues)


def plain_part(text: str, *, characters: int = MOST_PLAIN, lines: int = MOST_PLAIN_LINES) -> str:
    """Return as much of the beginning of a plain text as is drawn."""
    return "\n".join(text[:characters].split("\n", lines)[:lines])
