"""Replies that no reader wants and a broken or hostile server sends: what each kind of them says, piece by piece."""

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, islice, repeat


def _columns(count: int) -> Iterator[str]:
    """A table whose every row has 2,000 columns."""
    for cell in ("a", "-", "1"):
        for _ in range(2000):
            yield f"|{cell}"
        yield "|\n"
    yield from islice(cycle(["|x", "|y", "|\n"]), count)


def _definitions(count: int) -> Iterator[str]:
    return (f"[r{number}]: /u{number}\n" for number in range(count))


def _headings(count: int) -> Iterator[str]:
    return (f"# Heading {number}\n" for number in range(count))


KINDS: Mapping[str, Callable[[int], Iterator[str]]] = {
    "ordinary": lambda count: (f"w{n}" + ("\n\n" if n % 60 == 0 else " ") for n in range(1, count + 1)),
    "rules": lambda count: repeat("---\n", count),
    "headings": _headings,
    "html": lambda count: repeat("<div>\n\n", count),
    "quotes": lambda count: repeat("> ", count),
    "quoted lines": lambda count: (">" * (1 + n % 60) + " q\n" for n in range(count)),
    "emphasis": lambda count: islice(cycle(["*a ", "**b ", "_c ", "~~d "]), count),
    "brackets": lambda count: repeat("[", count),
    "lists": lambda count: (" " * (2 * (n % 40)) + "- x\n" for n in range(count)),
    "items": lambda count: repeat("- x\n", count),
    "columns": _columns,
    "rows": lambda count: islice(cycle(["| a | b |\n", "|---|---|\n", *["| 1 | 2 |\n"] * 10_000]), count),
    "definitions": _definitions,
    "fence": lambda count: islice(cycle(["```python\n", *["x = [1, 'a']\n"] * 1_000_000]), count),
    "one line": lambda count: repeat("x" * 16, count),
    "zero width": lambda count: repeat("\u200b\u0301\u200d", count),
    "backticks": lambda count: ("`" * (1 + n % 50) + "a" for n in range(count)),
    "blank lines": lambda count: repeat("\n", count),
}
"""By name: a function from a number of pieces to the pieces."""
LONG_LINE = "long line"
LARGE: Mapping[str, Callable[[int], Iterator[str]]] = {LONG_LINE: lambda count: repeat("x" * 1024, count)}
"""Replies of the same form that are large by their bytes: 20,000 pieces of this are 20 MB."""


def long_persona(tokens: int) -> str:
    """Return the file of a persona whose replies may have so many tokens."""
    return (
        'schema = "chat-personas/persona@1"\nname = "long"\ntitle = "Long"\nsteering = "portray"\n'
        '[[groups]]\nattribute = "POLPARTY"\nvalue = "Democrat"\n'
        f"[sampling]\nmax_tokens = {tokens}\n"
    )
