"""What a format of the export is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from chat_personas.corpus.corpus import Corpus

Lines = Callable[[Corpus, Sequence[str], bool], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write conversations.

    `lines` is given the corpus, the keys of the conversations, and whether to keep a last reply that is not complete;
    it yields a line for each conversation that has something to export, without the newline.
    """

    name: str
    description: str
    lines: Lines
