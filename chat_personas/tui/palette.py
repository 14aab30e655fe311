"""The command palette: the program's own actions with their keys, and the themes, of which the chosen one is kept."""

from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from textual.actions import parse
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen
from textual.theme import ThemeProvider

from chat_personas.conversation.commands import COMMANDS
from chat_personas.tui.key_registry import keys_shown

if TYPE_CHECKING:
    from chat_personas.tui.app import ChatApp

LEFT_OUT = frozenset({"cancel", "close", "to_list", "answer", "command_palette"})
"""Ways within a screen that are no commands of their own."""


def commands_of(app: App[None], screen: Screen[object]) -> Iterator[SystemCommand]:
    """Yield what can be done on `screen` now, each under what it does, with its key."""
    for holder in (screen, app):
        for binding in type(holder).__dict__["BINDINGS"]:
            _, name, parameters = parse(binding.action) if isinstance(binding, Binding) else ("", "", ())
            if not (isinstance(binding, Binding) and binding.id) or name in LEFT_OUT:
                continue
            if holder.check_action(name, parameters) is True:
                does = binding.tooltip or binding.description
                yield SystemCommand(does, _how(app, binding), partial(_act, holder, binding.action))
    if not any(isinstance(each, Binding) and each.id == "theme" for each in type(screen).__dict__["BINDINGS"]):
        yield SystemCommand("Choose a theme", "It is kept in the settings", app.action_change_theme)


def _act(holder: Screen[object] | App[None], action: str) -> None:
    """Run an action; it takes effect after the palette has been left."""
    holder.call_later(holder.run_action, action)


def _how(app: App[None], binding: Binding) -> str:
    """Say how else this is done: by which keys, and written as which command."""
    command = next((each for each in COMMANDS.values() if each.binding_id == binding.id), None)
    shown = ", ".join(keys_shown(binding, app._keymap, app.get_key_display))
    keys = f"Key: {shown}" if shown else ""
    return " · ".join(filter(None, (keys, command.written_on_screen if command else "")))


class Themes(ThemeProvider):
    """All themes; the one that is chosen is used from the next start on, too."""

    @property
    def commands(self) -> list[tuple[str, Callable[[], None]]]:
        """Return the name of each theme and what chooses it."""
        app: ChatApp = self.app  # type: ignore[assignment]

        def choose(name: str) -> None:
            app.choose_theme(name)

        themes = sorted(app.available_themes.values(), key=attrgetter("name"))
        return [(theme.name, partial(choose, theme.name)) for theme in themes]
