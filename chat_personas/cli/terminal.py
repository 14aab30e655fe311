"""The border to the terminal: whatever commands print passes here, and nothing in it controls the terminal.

Names, options, failures and texts come from files, models and servers. Escape sequences, other control characters and
characters that reorder text become visible signs, see `chat_personas.text.printable`. Documents that are written to
standard output as bytes do not pass here.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, TextIO, cast

from chat_personas.text import Sentences, printable, without_drawing


class CleanStream:
    """A text stream to a terminal or a pipe on which every text is cleaned; everything else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream
        """The stream itself, under the name by which Rich looks for it: it draws colours and moves the cursor."""

    def write(self, text: str) -> int:
        """Write a text without what would control the terminal."""
        self.rich_proxied_file.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts without what would control the terminal."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Return what the stream has under this name."""
        return getattr(self.rich_proxied_file, name)


def uncleaned(stream: IO[str]) -> TextIO:
    """Return the stream itself, for sequences of our own that move the cursor or clear a line.

    One of Rich's may stand before that which cleans.
    """
    while (behind := getattr(stream, "rich_proxied_file", None)) is not None:
        stream = behind
    return cast(TextIO, stream)


@contextmanager
def clean_output() -> Iterator[None]:
    """Clean everything that is printed to standard output and standard error until the block ends."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_clean, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def keep_output_clean() -> None:
    """Clean everything that is printed until the process ends, tracebacks included."""
    sys.stdout, sys.stderr = _clean(sys.stdout), _clean(sys.stderr)


def _clean(stream: TextIO) -> TextIO:
    """Return a stream that cleans; a closed one (None) and one that cleans already are returned as they are."""
    if stream is None or isinstance(stream, CleanStream):
        return stream
    return cast(TextIO, CleanStream(stream))


class Voice:
    """Writes lines for people who listen: nothing is drawn, and a line ends before another one begins."""

    def __init__(self) -> None:
        self._begun = False

    def say(self, *lines: str) -> None:
        """Write lines."""
        self.end_line()
        for line in lines:
            print(without_drawing(line))
        sys.stdout.flush()

    def begin(self, text: str) -> None:
        """Write a text, and let what comes next follow it."""
        if text:
            print(without_drawing(text), end="", flush=True)
            self._begun = not text.endswith("\n")

    @contextmanager
    def speaking(self, name: str) -> Iterator[Callable[[str], None]]:
        """Lend a function that takes a reply in pieces, and say it in whole sentences, after the name of who speaks.

        What has come is said to its last word, also where the reply ends with an error.
        """
        sentences, headings = Sentences(), [f"{name}: "]

        def say(text: str) -> None:
            if text:
                self.begin(f"{headings.pop() if headings else ''}{text}")

        try:
            yield lambda piece: say(sentences.take(piece))
        finally:
            with suppress(OSError):  # the terminal may be gone
                say(sentences.rest())
                self.end_line()

    def end_line(self) -> None:
        """End the line that was begun, if there is one."""
        if self._begun:
            print(flush=True)
        self._begun = False

    def enter_pressed(self) -> None:
        """Know that the person has ended the line."""
        self._begun = False
