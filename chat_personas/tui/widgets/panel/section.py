"""A part of the panel that draws itself anew for its width."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.events import Resize

FIRST_WIDTH = 44


class Section(Widget):
    """A titled part of the panel, as high as what it draws; gone while it has nothing to say."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__(id=name, classes="section")
        self.border_title = title
        self.display = False
        self._drawn_height = 0

    def draw(self, width: int) -> Content | None:
        """Return what to show in `width` cells, or None for nothing."""
        raise NotImplementedError

    def changed(self) -> None:
        """Show what `draw` now returns; the screen is laid out anew only if that is higher or lower than before."""
        content = self.draw(self._cells)
        height = 0 if content is None else content.get_height(self.styles.get_rules(), self._cells)
        self.display = content is not None
        self.refresh(layout=height != self._drawn_height)
        self._drawn_height = height

    def render(self) -> Content:
        """Draw for the present width."""
        return self.draw(self._cells) or Content()

    def on_resize(self, event: "Resize") -> None:
        """Draw anew: rows are made for a width."""
        self.refresh(layout=True)

    @property
    def _cells(self) -> int:
        return self.content_size.width or FIRST_WIDTH
