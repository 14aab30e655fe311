"""The line of each key of a TOML text, which `tomllib` does not give."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

KeyPath = tuple[str | int, ...]
"""Keys and positions in arrays from the top: `("groups", 1, "value")`."""

_BLANK = " \t"
_BARE_END = frozenset(" \t\n=.,]}#")


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Return the line, counted from 1, of every key, table and array element of a TOML text.

    A table that is written in several places has the line of the first.

    Raises:
        tomllib.TOMLDecodeError: the text is not valid TOML.
    """
    tomllib.loads(text)  # the scanner relies on a valid text
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.lines


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """Return the line of `path`, or of the nearest table around it that has one; 1 for the whole document."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


@dataclass
class _Scanner:
    """Walks once through a valid document; `position` is the next character."""

    text: str
    position: int = 0
    lines: dict[KeyPath, int] = field(default_factory=dict)
    array_lengths: dict[KeyPath, int] = field(default_factory=dict)
    line: int = 1
    counted: int = 0  # characters whose line ends are in `line`

    def document(self) -> None:
        table: KeyPath = ()
        self.skip_blank_lines()
        while self.position < len(self.text):
            if self.text.startswith("[[", self.position):
                table = self.header(2)
            elif self.peek() == "[":
                table = self.header(1)
            else:
                self.pair(table)
            self.skip_blank_lines()

    def header(self, brackets: int) -> KeyPath:
        """Read `[key]` or `[[key]]` and return the path of the table that begins there."""
        self.position += brackets
        path: KeyPath = ()
        keys = self.dotted_key()
        self.position += brackets
        for depth, key in enumerate(keys, start=1):
            path = (*path, key)
            self.mark(path)
            if brackets == 2 and depth == len(keys):
                self.array_lengths[path] = self.array_lengths.get(path, 0) + 1
            if path in self.array_lengths:
                path = (*path, self.array_lengths[path] - 1)
                self.mark(path)
        return path

    def pair(self, table: KeyPath) -> None:
        """Read `key = value`."""
        path = table
        for key in self.dotted_key():
            path = (*path, key)
            self.mark(path)
        self.position += 1  # the equals sign
        self.skip(_BLANK)
        self.value(path)

    def dotted_key(self) -> list[str]:
        keys = []
        while True:
            self.skip(_BLANK)
            keys.append(self.key())
            self.skip(_BLANK)
            if self.peek() != ".":
                return keys
            self.position += 1

    def key(self) -> str:
        start = self.position
        if self.peek() in "\"'":
            self.string()
            (key,) = tomllib.loads(f"{self.text[start : self.position]} = 0")
            return key
        self.bare()
        return self.text[start : self.position]

    def value(self, path: KeyPath) -> None:
        match self.peek():
            case '"' | "'":
                self.string()
            case "[":
                self.array(path)
            case "{":
                self.inline_table(path)
            case _:
                self.scalar()

    def array(self, path: KeyPath) -> None:
        for index in self.elements("]"):
            self.mark((*path, index))
            self.value((*path, index))

    def inline_table(self, path: KeyPath) -> None:
        for _ in self.elements("}"):
            self.pair(path)

    def elements(self, closing: str) -> Iterator[int]:
        """Step to each element, which the caller reads, and at the end past the closing bracket."""
        self.position += 1
        self.skip_blank_lines()
        for index in count():
            if self.peek() == closing:
                break
            yield index
            self.skip_blank_lines()
            if self.peek() == ",":
                self.position += 1
            self.skip_blank_lines()
        self.position += 1

    def string(self) -> None:
        """Skip a string of any of the four kinds."""
        quote = self.peek()
        if self.text.startswith(quote * 3, self.position):
            self.position += 3
            self.until(quote * 3, escapes=quote == '"')
            while self.peek() == quote:  # up to two more quotes belong to the text
                self.position += 1
        else:
            self.position += 1
            self.until(quote, escapes=quote == '"')

    def until(self, end: str, *, escapes: bool) -> None:
        while not self.text.startswith(end, self.position):
            self.position += 2 if escapes and self.text[self.position] == "\\" else 1
        self.position += len(end)

    def bare(self) -> None:
        while self.peek() not in _BARE_END:
            self.position += 1

    def scalar(self) -> None:
        """Skip a number, a boolean or a date, which may contain a space."""
        while self.peek() not in ",]}#\n":
            self.position += 1

    def peek(self) -> str:
        return self.text[self.position] if self.position < len(self.text) else "\n"

    def skip(self, characters: str) -> None:
        while self.position < len(self.text) and self.text[self.position] in characters:
            self.position += 1

    def skip_blank_lines(self) -> None:
        """Skip blanks, line ends and comments."""
        self.skip(" \t\n")
        while self.peek() == "#":
            end = self.text.find("\n", self.position)
            self.position = len(self.text) if end < 0 else end
            self.skip(" \t\n")

    def mark(self, path: KeyPath) -> None:
        self.line += self.text.count("\n", self.counted, self.position)
        self.counted = self.position
        self.lines.setdefault(path, self.line)
