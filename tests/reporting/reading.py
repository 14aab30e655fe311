"""Reading a page and a figure as a browser and as an XML parser do."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from html.parser import HTMLParser

SVG = "{http://www.w3.org/2000/svg}"
LOADING = frozenset({"script", "link", "img", "iframe", "object", "embed", "audio", "video", "source", "base", "form"})
ADDRESSES = frozenset({"src", "href", "xlink:href", "action", "srcset", "data", "poster", "background", "ping"})


@dataclass
class Seen(HTMLParser):
    """What a browser finds in a page: its elements, where its attributes point, and its text."""

    names: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """The words of the page, as they are read."""
        return " ".join(" ".join(self.texts).split())


def seen(page: str) -> Seen:
    """Parse a page as a browser does."""
    reader = Seen()
    reader.feed(page)
    reader.close()
    return reader


def tree(document: str) -> ElementTree.Element:
    """Parse a page or a figure as XML, which it must be without a fault."""
    return ElementTree.fromstring(document)


def words(document: str) -> str:
    """Return all text in a page or a figure."""
    return " ".join(" ".join(tree(document).itertext()).split())


def rows(page: str, caption: str) -> dict[str, list[str]]:
    """Return the cells of the table with this caption by the head of their row."""
    for table in tree(page).iter("table"):
        found = table.find("caption")
        if found is not None and found.text == caption:
            return {cells[0]: cells[1:] for row in table.iterfind("tbody/tr") if (cells := _cells(row))}
    raise AssertionError(f"there is no table {caption!r}")


def _cells(row: ElementTree.Element) -> list[str]:
    return ["".join(cell.itertext()) for cell in row]
