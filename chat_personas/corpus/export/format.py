"""What an export format is: a text, a file or a directory, written from a `Source`.

The formats are listed in `chat_personas.corpus.export`, which imports this.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from chat_personas.corpus.export.source import Source

DEBATES = "sides of debates that quote the other one, because a model's words would stand in a person's place"
"""What is left out by formats that cannot tell the author of a message."""
COMPLETE = "a complete reply"
"""What must be in a conversation that is in a format of all branches."""
SHOWN = "on the branch last shown"
"""Where it must be for most formats, which hold one branch: another one may have it."""
PARTICIPATION = "participation"
"""The unit of a format for studies, which has no row for a conversation that belongs to none."""
INSTALL = "python -m pip install 'chat-personas[export]'"
"""The command that installs what formats need."""
LINE_ENDS = {0x85: r"\u0085", 0x2028: r"\u2028", 0x2029: r"\u2029"}
"""Characters that JSON allows within a line, but at which many readers end one, such as Python's `splitlines`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What all formats have: a name, what it writes, what is left out of the corpus, and what its count counts.

    `for_whom` completes "for …": which readers or programs it is for. `ending` is how names of its files usually end.
    `needs` are the packages of the extra `export` that it is written with. `holds` completes "a conversation without
    …": what there must be in it, so that something of it is in the format.

    `whole`: the format has a place for how a reply ended, and holds what was said to the end, complete or not.

    `tells_authors`: the format can say of a message in a person's place that a model wrote it. In a debate each side
    reads the other one there. A format that cannot say so leaves a side out that quotes the other one: otherwise what a
    model wrote would be handed on as what a person said. The side that begins a debate of one round quotes nothing.
    """

    name: str
    summary: str
    for_whom: str
    leaves_out: str
    ending: str = ""
    unit: str = "conversation"
    holds: str = f"{COMPLETE} {SHOWN}"
    whole: bool = False
    tells_authors: bool = False
    needs: tuple[str, ...] = ()

    def lacking(self) -> str | None:
        """Return which packages it needs and what installs them; None where all are installed."""
        if all(find_spec(name) is not None for name in self.needs):
            return None
        them = "it" if len(self.needs) == 1 else "them"
        return f"the format {self.name} needs {' and '.join(self.needs)}; install {them} with: {INSTALL}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFormat(_Named):
    """A format that is one text, in a file or on standard output.

    `texts` yields the text of each conversation, or of each of its parts if the unit is another, without a newline at
    its end. A format for reading takes `one` conversation and no more.
    """

    texts: Callable[[Source], Iterator[str]]
    one: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat(_Named):
    """A format that is one file, but no text: `write` creates it at a path, and returns how many units it holds."""

    write: Callable[[Source, Path], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryFormat(_Named):
    """A format of several files: `write` creates them in an empty directory, and returns how many units they hold.

    `entries` are the names of what may stand in the directory: one with anything else in it is never replaced.
    """

    write: Callable[[Source, Path], int]
    entries: frozenset[str]


Format: TypeAlias = TextFormat | FileFormat | DirectoryFormat
