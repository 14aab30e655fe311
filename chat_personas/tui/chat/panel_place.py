"""Where the panel stands: beside the conversation, in its place on a narrow screen, or nowhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chat_personas.tui.chat.commands import Handler, without_argument

if TYPE_CHECKING:
    from textual.containers import Vertical

    from chat_personas.tui.chat.screen import ChatScreen

WIDE = 100
"""From this many columns on, the panel is shown beside the conversation unless it is hidden by a key."""


class PanelPlace:
    """Shows and hides the panel of a chat screen. `talk` holds the transcript and the composer."""

    def __init__(self, screen: "ChatScreen", talk: "Vertical") -> None:
        self.screen = screen
        self._talk = talk
        self._open = self._hidden = False

    @property
    def actions(self) -> Mapping[str, Handler]:
        """What the commands about the panel do."""
        return {
            "panel": without_argument(self.enter_or_leave),
            "hide-panel": without_argument(self.hide_or_show),
            "explain": self.explain,
            "essence": without_argument(self.screen.panel.action_compact),
            "large-print": without_argument(self.screen.panel.action_large_print),
        }

    @property
    def covers(self) -> bool:
        """Whether the panel covers the conversation, as it does on a narrow screen."""
        return self._open

    def enter_or_leave(self) -> None:
        """Focus the panel, and show it where it is hidden; from within, leave it."""
        screen = self.screen
        if self.covers or screen.focused is screen.panel:  # `has_focus` follows later: a second F2 may come before
            screen.write_on()
        else:
            self._open, self._hidden = self._is_narrow, False
            self._show()
            screen.set_focus(screen.panel)

    def hide_or_show(self) -> None:
        """Give the conversation the whole screen, also a wide one, or show the panel beside it again."""
        self._hidden = not self._hidden
        self._show()
        self.screen.write_on()

    def explain(self, section: str) -> None:
        """Explain a section of the panel by its name, or without one that which is under the panel's cursor."""
        from chat_personas.reporting.explained.sections import UnknownSectionError, section_named

        try:
            self.screen.panel.explain(section_named(section) if section else None)
        except UnknownSectionError as error:
            self.screen.notify(str(error), severity="warning", markup=False)

    def uncover(self) -> None:
        """Show the conversation where the panel covers it."""
        if self._open:
            self._open = False
            self._show()

    def fit(self) -> None:
        """Show the panel beside the conversation where there is room for both."""
        self._open = self._open and self._is_narrow
        self._show()

    @property
    def _is_narrow(self) -> bool:
        return self.screen.app.size.width < WIDE

    def _show(self) -> None:
        """Show the panel beside the conversation, in its place, or not at all.

        No class of the screen decides that: when one changes, Textual finds the styles of everything on the screen
        again, of hundreds of widgets in a long conversation, and no key is echoed meanwhile.
        """
        panel = self.screen.panel
        panel.display = self._open if self._is_narrow else not self._hidden
        panel.fit(alone=self._is_narrow)
        self._talk.display = not self._open
        self.screen.title_line.alone = self._hidden
