"""What every export format implements. The formats are listed in `chat_personas.corpus.export`, which imports this."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from chat_personas.corpus.corpus import Corpus

Lines = Callable[[Corpus, Sequence[str]], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write conversations.

    `lines` is given the corpus and the keys of the conversations. It yields a line for each conversation that has
    something to export, without the newline.
    """

    name: str
    lines: Lines
