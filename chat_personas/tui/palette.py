"""The command palette: the program's own actions with their keys, and the themes, of which the chosen one is kept."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from textual import work
from textual.actions import parse
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import CommandList, CommandPalette, Hit, Hits, Provider
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from chat_personas.conversation.commands import COMMANDS
from chat_personas.own_personas import readable_personas
from chat_personas.text import printable
from chat_personas.tui.key_registry import keys_shown
from chat_personas.tui.key_routing import fills_list, key_order
from chat_personas.tui.screens.answering import AnsweringScreen
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.reporting.models_found import Offered
    from chat_personas.tui.app import ChatApp
    from chat_personas.tui.chat.screen import ChatScreen

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


BEHIND_COMMANDS = 0.5
"""What is found by its name stands below a command that fits as well."""


MODEL = "model"
"""Who has typed this wants one, and lets servers of this machine be asked."""


class ByName(Provider):
    """Themes, personas and models by their names, such as `theme nord` or `model qwen`, where people talk."""

    async def startup(self) -> None:
        """Read which personas there are."""
        self._things: dict[str, Callable[[], object]] = dict(self._themes())
        self._models: asyncio.Task[dict[str, Callable[[], object]]] | None = None
        chat = self._chat
        if chat is not None:
            for name, loaded in await asyncio.to_thread(lambda: list(readable_personas())):
                said = printable(f"Persona: {loaded.persona.title} ({name})")
                self._things[said] = partial(chat.do, "persona", name)

    async def shutdown(self) -> None:
        """Look for models no more."""
        if self._models is not None:
            self._models.cancel()

    async def search(self, query: str) -> Hits:
        """Yield what fits: at once what is known, then the models, for which is looked once they are asked for."""
        for hit in self._fitting(query, self._things):
            yield hit
        chat = self._chat
        if self._models is None and chat is not None and MODEL in query.casefold():
            self._models = asyncio.create_task(self._find_models(chat))
        if self._models is not None:
            for hit in self._fitting(query, await asyncio.shield(self._models)):
                yield hit

    def _fitting(self, query: str, things: Mapping[str, Callable[[], object]]) -> Iterator[Hit]:
        matcher = self.matcher(query)
        for said, use in things.items():
            if (score := matcher.match(said)) > 0:
                act = partial(self.screen.call_later, use)  # it takes effect after the palette has been left
                yield Hit(score * BEHIND_COMMANDS, matcher.highlight(said), act)

    def _themes(self) -> Iterator[tuple[str, Callable[[], object]]]:
        app: ChatApp = self.app  # type: ignore[assignment]
        for name in sorted(app.available_themes):
            yield f"Theme: {name}", partial(app.choose_theme, name)

    async def _find_models(self, chat: "ChatScreen") -> dict[str, Callable[[], object]]:
        from chat_personas.reporting.models_found import offered

        try:
            found = await asyncio.to_thread(lambda: list(offered(chat.session.launch.find_models())))
        except ReportedError:
            return {}  # the list of models says why
        ready = [each for each in found if each.kind == "ready"]
        named = Counter(each.name for each in ready)

        def said(each: "Offered") -> str:
            return printable(f"Model: {each.name}{f' ({each.model})' if named[each.name] > 1 else ''}")

        return {said(each): partial(chat.do, "model", each.model) for each in ready}

    @property
    def _chat(self) -> "ChatScreen | None":
        from chat_personas.tui.chat.screen import ChatScreen

        return self.screen if isinstance(self.screen, ChatScreen) else None


class Palette(CommandPalette, AnsweringScreen[None]):
    """The command palette, in which keys keep their order: Enter takes a line that fits all that was typed before it.

    What is taken is done before the next key goes on its way.
    """

    def _gather_commands(self, search_value: str) -> "Worker[None]":
        """Look for the commands that fit; keys that choose one wait until all are found."""
        worker: Worker[None] = super()._gather_commands(search_value)
        self._let_keys_wait(worker)
        return worker

    @work(exclusive=True, group="keys")
    @fills_list()
    async def _let_keys_wait(self, worker: "Worker[None]") -> None:
        with suppress(WorkerCancelled, WorkerFailed):
            await worker.wait()

    def _action_command_list(self, action: str) -> None:
        """Move in the list, or take the highlighted line; keys wait until that is done."""
        taken = self.query_one(CommandList).highlighted_option
        if action == "select" and taken is not None and not taken.disabled and (order := key_order()) is not None:
            self._doing = partial(order.end, order.begin())
        super()._action_command_list(action)

    def on_unmount(self) -> None:
        """Let keys wait no more once the command has begun: it goes through the queues of application and screen."""
        if self._doing is not None:
            self.app.call_later(_behind, self._calling_screen, self._doing)

    _doing: Callable[[], None] | None = None


def _behind(screen: Screen[object] | None, do: Callable[[], None]) -> None:
    """Do something behind all that a screen does now; at once where the screen is left already."""
    if screen is None or not screen.call_later(do):
        do()


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
