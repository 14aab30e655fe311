"""Tables of a page: headed in both directions, so that a screen reader can say what a figure belongs to."""

from collections.abc import Iterable, Sequence

from chat_personas.pictures.markup import Element, Node, element


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
