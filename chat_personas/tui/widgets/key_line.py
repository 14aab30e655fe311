"""The line of keys at the bottom, which may change at every reply of a long conversation."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.events import Resize
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

BLANKS = 3
"""Around a key and after what it does."""


class KeyLine(Footer):
    """Textual's footer with whole keys only, and without keeping the keys that it no longer shows.

    Where there is no room for all, those that `first` does not name go before those that it does, the last ones first.

    The footer makes all keys anew whenever one changes, and each watches its `compact`; who watches is looked through
    only when `compact` changes, which it never does (textual 8.2). So 15 widgets would stay for every reply.
    """

    def __init__(self, first: Iterable[str] = ()) -> None:
        """`first` are actions, the most important one first."""
        super().__init__(show_command_palette=False)
        self._first = tuple(first)
        self._made_for = 0

    def compose(self) -> ComposeResult:
        """Make the keys for which there is room, in their usual order."""
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        kept = self._most_important(keys)
        self.styles.grid_size_columns = len(kept)
        yield from kept

    def on_resize(self, event: Resize) -> None:
        """Choose the keys anew when the screen has become wider or narrower."""
        if event.size.width != self._made_for:
            self._made_for = event.size.width
            self.call_after_refresh(self.recompose)

    async def recompose(self) -> None:
        """Make the keys anew, and forget the ones before."""
        await super().recompose()
        self.mutate_reactive(Footer.compact)

    def _most_important(self, keys: list[FooterKey]) -> list[FooterKey]:
        places = {action: place for place, action in enumerate(self._first)}
        by_importance = sorted(keys, key=lambda key: places.get(key.action, len(places)))
        room, kept = self._made_for or self.app.size.width, set[FooterKey]()
        for key in by_importance:
            room -= len(key.key_display) + len(key.description) + BLANKS
            if room < 0:
                break
            kept.add(key)
        return [key for key in keys if key in kept]
