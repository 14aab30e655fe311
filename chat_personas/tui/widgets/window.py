"""Which part of a long conversation has widgets: a range that moves, of bounded length."""

from dataclasses import dataclass

LIMIT = 60
"""The most entries that are mounted at once."""
STEP = 20
"""How many entries come and go when the reader reaches an end of the window."""


@dataclass(frozen=True, slots=True)
class Window:
    """Entries `first` (included) to `last` (excluded) of a conversation."""

    first: int = 0
    last: int = 0

    @classmethod
    def at_end(cls, total: int) -> "Window":
        """The newest entries of `total`."""
        return cls(max(0, total - LIMIT), total)

    def earlier(self) -> "Window":
        """Move towards the first entry, letting the newest go if there would be too many."""
        first = max(0, self.first - STEP)
        return Window(first, min(self.last, first + LIMIT))

    def later(self, total: int) -> "Window":
        """Move towards the last of `total` entries, letting the oldest go if there would be too many."""
        last = min(total, self.last + STEP)
        return Window(max(self.first, last - LIMIT), last)

    def __contains__(self, index: int) -> bool:
        """Whether the entry at `index` has a widget."""
        return self.first <= index < self.last
