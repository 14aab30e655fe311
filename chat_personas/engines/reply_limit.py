"""How long a reply may be, whatever its model or server sends: some send more than was asked for, or never end."""

from dataclasses import replace

from eval.engine import Piece

_BYTES_PER_TOKEN = 128
"""No vocabulary in use has longer tokens (runs of 128 spaces), so a reply of the tokens asked for is never cut."""
_BYTES_BESIDES = 4096
"""For servers that end a little late, or count tokens in another way."""
_MOST_BYTES = 4 << 20
"""However many tokens are asked for: some 700,000 words of English."""


def longest_reply(tokens: int) -> int:
    """Return how many bytes of UTF-8 a reply of `tokens` tokens may have, together with its thoughts."""
    return min(_MOST_BYTES, _BYTES_BESIDES + tokens * _BYTES_PER_TOKEN)


def within_limit(text: str, tokens: int) -> str:
    """Return a whole reply of `tokens` tokens, cut at its limit: a server that keeps to `tokens` sends less."""
    return ReplyLimit(tokens).take(text)


class ReplyLimit:
    """Counts what comes of a reply and of its thoughts, and cuts it at the limit.

    `bytes` is the limit. Once it is `reached`, nothing more need be read.
    """

    def __init__(self, tokens: int) -> None:
        """Begin a reply for which `tokens` tokens were asked for."""
        self.bytes = longest_reply(tokens)
        self.reached = False
        self._tokens = tokens
        self._left = self.bytes

    @property
    def words(self) -> str:
        """Say that the limit was reached, in one line."""
        return (
            f"the server sent more than {self.bytes:,} bytes, the limit for {self._tokens:,} tokens; the reply was cut"
        )

    def cut(self, piece: Piece) -> Piece:
        """Return as much of `piece` as there is room for; what is cut off ends for its length."""
        thought, text = self.take(piece.thought), self.take(piece.text)
        return replace(piece, thought=thought, text=text, finish_reason="length") if self.reached else piece

    def take(self, text: str) -> str:
        """Return as many whole characters of the beginning of `text` as there is room for."""
        if self.reached:
            return ""
        raw = text[: self._left + 1].encode("utf-8", "replace")
        self.reached = len(raw) > self._left
        whole = raw[: self._left].decode("utf-8", "ignore") if self.reached else text
        self._left -= min(self._left, len(raw))
        return whole
