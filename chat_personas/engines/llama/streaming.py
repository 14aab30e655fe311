"""From tokens to text as it is generated, never cutting a character in two."""

import codecs
from collections.abc import Callable


class Detokeniser:
    """Text of a growing list of tokens.

    Tokens of byte-level vocabularies can end inside a character; its text is held back until the rest arrives.
    `text` and `tokens` always belong together: `tokens` are those whose text is complete.
    """

    def __init__(self, piece: Callable[[int], bytes], *, strip_leading_space: bool = False) -> None:
        self._piece = piece
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._strip = strip_leading_space
        self._waiting: list[int] = []
        self.text = ""
        self.tokens: list[int] = []

    def add(self, token: int) -> str:
        """Take one more token and return the text that has become complete, often all of its own."""
        added = self._decoder.decode(self._piece(token))
        if self._strip and added:
            added, self._strip = added.removeprefix(" "), False
        self._waiting.append(token)
        self.text += added
        if not self._decoder.getstate()[0]:
            self.tokens += self._waiting
            self._waiting.clear()
        return added
