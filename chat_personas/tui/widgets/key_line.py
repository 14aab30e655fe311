"""The line of keys at the bottom, which may change at every reply of a long conversation."""

from textual.widgets import Footer


class KeyLine(Footer):
    """Textual's footer, without keeping the keys that it no longer shows.

    The footer makes all keys anew whenever one changes, and each watches its `compact`; who watches is looked through
    only when `compact` changes, which it never does (textual 8.2). So 15 widgets would stay for every reply.
    """

    async def recompose(self) -> None:
        """Make the keys anew, and forget the ones before."""
        await super().recompose()
        self.mutate_reactive(Footer.compact)
