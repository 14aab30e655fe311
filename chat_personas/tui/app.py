"""The Textual applications: theme, signals and quitting, and the way from the first frame to the chat screen."""

import asyncio
import logging
import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from textual import work
from textual._context import active_message_pump
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import Event, Key, MouseDown, Paste
from textual.filter import Monochrome
from textual.notifications import Notification, Notify
from textual.screen import Screen
from textual.widgets._toast import ToastRack
from textual.worker import WorkerFailed

from chat_personas.conversation.commands import COMMANDS as CONVERSATION_COMMANDS
from chat_personas.text import printable
from chat_personas.tui.key_registry import binding_of
from chat_personas.tui.key_routing import (
    KeyOrder,
    TakesKeys,
    WritesOn,
    destination_of,
    is_letter,
    small_letter,
)
from chat_personas.tui.leaving import UnwaitedThreads, in_time, watch_for_the_end
from chat_personas.tui.screens.first_frame import FirstScreen
from chat_personas.tui.session import Session
from chat_personas.tui.terminal_guard import keep_late_calls, to_log
from chat_personas.tui.terminal_keys import lenient
from chat_personas.tui.themes import OURS, SIXTEEN, BlackOrWhite, TerminalColours, default_theme

if TYPE_CHECKING:
    from textual.driver import Driver

    from chat_personas.tui.chat.screen import ChatScreen

UNSAVED = "Not all that was said is stored: {why}."
UNKEPT = "What you typed and did not send is not kept: {why}."
NEITHER = "Not all that was said is stored. What you typed and did not send is not kept, either: {why}."
A_COPY_GOES = "Stay to save it to another place. If you quit now, a copy goes to the directory of temporary files."
SECONDS_BETWEEN_THREADS = 0.001
"""Thread switch interval. A key press crosses three threads, and each hop can wait that long behind scoring.

Python's default is 5 ms.
"""
SECONDS_TO_PRESS_AGAIN = 5.0
AGAIN_QUITS = "Press Ctrl+C again to quit. All is stored."
AGAIN_QUITS_UNSAVED = "Press Ctrl+C again to quit. Not all is stored."
BY_CHOICE = 0
"""The exit code where the person left by a key."""


class HoldsFailure(Protocol):
    """A session that knows the error that the program will end with, if any."""

    failure: Exception | None


class TerminalApp(App[None]):
    """What applications of this program share: theme, keys, signals, Ctrl+C, and how they end with an error.

    `run` raises `session.failure` when the screen is gone, so that a caller can print it and choose an exit code.
    """

    TITLE = "chat-personas"
    CSS = """
        /* Notices: one at a time, below the title, away from the end of the conversation and from what is written. */
        ToastRack {
            dock: top;
            align: right top;
            margin: 1 0 0 0;
            overflow: hidden hidden;
        }
        Toast {
            margin: 0;
            padding: 0 1;
        }
    """
    session: HoldsFailure

    def __init__(self) -> None:
        super().__init__()
        keep_late_calls()
        self.key_order = KeyOrder(self, self._deliver)
        self._interrupted = -math.inf
        self._hint: Notification | None = None
        self._watching: asyncio.Task[None] | None = None
        self._on_terminal = False
        for theme in OURS:
            self.register_theme(theme)
        # NO_COLOR asks for no colours; Textual would send greys
        kept = [each for each in self._filters if not isinstance(each, Monochrome)]
        plain = TerminalColours(lambda: self.theme == SIXTEEN.name, no_colour=self.no_color)
        self._filters = [*kept, plain, BlackOrWhite(lambda: self._has_16_colours and self.theme != SIXTEEN.name)]

    @property
    def _has_16_colours(self) -> bool:
        """Whether this is shown on a terminal of 16 colours; what is drawn for a picture has all."""
        return self._on_terminal and self.console.color_system == "standard"

    @property
    def log_path(self) -> Path | None:
        """Where native libraries may write while the screen is up; None: nowhere."""
        raise NotImplementedError

    @property
    def hint_to_press_again(self) -> str:
        """What is said after the first Ctrl+C."""
        raise NotImplementedError

    async def leave(self, code: int) -> None:
        """Store what is under way, and end with this exit code."""
        raise NotImplementedError

    def use_settings(self, keys: Mapping[str, str], theme: str | None) -> None:
        """Bind keys by the ids of their bindings and choose a theme; without one that is known, the program's own.

        Under NO_COLOR there is one theme only.
        """
        self.set_keymap(dict(keys))
        own = default_theme(None if self.no_color else self.console.color_system)
        self.theme = theme if theme in self.available_themes and not self.no_color else own

    def _refresh_notifications(self) -> None:
        """Show the notices that there are by now, of which only the newest is seen."""
        super()._refresh_notifications()
        self.call_after_refresh(self._show_newest_notice)  # a new one is mounted by then

    def _unnotify(self, notification: Notification, refresh: bool = True) -> None:
        """Put a notice away; one before it that still stands is seen again."""
        super()._unnotify(notification, refresh)
        self.call_after_refresh(self._show_newest_notice)

    def _show_newest_notice(self) -> None:
        newest = max(self._notifications, key=lambda each: each.raised_at, default=None)
        if newest is None or not self.screen_stack:
            return
        for rack in self.screen.children:
            if isinstance(rack, ToastRack):
                for holder in rack.children:
                    holder.display = holder.id == rack._toast_id(newest)

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text into the clipboard: by the terminal (OSC 52), and by the system's program where there is one."""
        super().copy_to_clipboard(text)
        if self._on_terminal:
            from chat_personas.tui.other_programs import fill_clipboard

            self.run_worker(fill_clipboard(text), group="clipboard", exit_on_error=False)

    def get_driver_class(self) -> "type[Driver]":
        """Textual's driver for this system, which reads the keys and draws."""
        return lenient(super().get_driver_class())

    def run(self, *arguments: Any, **options: Any) -> None:
        """Show the screen until the person leaves it.

        Raises:
            Exception: an error that leaves nothing to do, as one line ready to print; or an internal error, whose
                traceback is in the log.
        """
        sys.setswitchinterval(SECONDS_BETWEEN_THREADS)
        self._on_terminal = not options.get("headless", False)
        with to_log(self.log_path):
            super().run(*arguments, **options)
        if self.session.failure is not None:
            raise self.session.failure

    def on_load(self) -> None:
        """Before anything is drawn, see to it that signals end the program in good order, and no thread holds it up."""
        asyncio.get_running_loop().set_default_executor(UnwaitedThreads())
        if self._on_terminal:
            self._watching = asyncio.create_task(watch_for_the_end(self.leave))

    async def action_help_quit(self) -> None:  # type: ignore[override]
        """Ctrl+C without a selection to copy: say that a second one quits, and quit at the second one."""
        now = time.monotonic()
        if now - self._interrupted < SECONDS_TO_PRESS_AGAIN:
            await self.action_quit()
            return
        self._interrupted = now
        self._hint = Notification(self.hint_to_press_again, timeout=SECONDS_TO_PRESS_AGAIN, markup=False)
        self.post_message(Notify(self._hint))

    async def on_event(self, event: Event) -> None:
        """Pass every event on; after any other input, the next Ctrl+C counts as the first one again.

        Escape puts away the notices, besides what it does on a screen.
        """
        if isinstance(event, MouseDown | Paste) or (isinstance(event, Key) and event.key != "ctrl+c"):
            self._interrupted = -math.inf
            if self._hint is not None and self._hint in self._notifications:
                self._unnotify(self._hint)
            self._hint = None
        if isinstance(event, Key) and event.key == "escape" and self._notifications:
            self.clear_notifications()
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            await self.key_order.arrived(event)
        else:
            await super().on_event(event)

    async def _deliver(self, event: Key | Paste) -> None:
        """Give a key to what it is for on the screen that is there now."""
        screen = self.screen if self.screen_stack else None
        match destination_of(event, screen):
            case "screen":
                cast("TakesKeys", screen).take_key(cast("Key", event))
                return
            case "text":
                cast("WritesOn", screen).write_on()
            case "action" if await self._acted(cast("Key", event)):
                return
        await super().on_event(event)

    async def push_screen_wait(self, screen: Screen[Any], *, mode: str | None = None) -> Any:  # type: ignore[override]
        """Open a screen and wait for its answer; keys that have waited for it go on once it is there."""
        self.key_order.opened(screen)
        return await super().push_screen_wait(screen, mode=mode)

    async def _acted(self, event: Key) -> bool:
        """Run the action on a key, if there is one now; return whether there was."""
        if await self._check_bindings(event.key, priority=True):
            return True
        return is_letter(event.key, event.is_printable) and await self._check_bindings(event.key)

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Run the action on a key, or on the key of its small letter."""
        if await super()._check_bindings(key, priority):
            return True
        small = small_letter(key)
        # with priority, it would act where capitals are written, too
        return not priority and small != key and await super()._check_bindings(small)

    def _handle_exception(self, error: Exception) -> None:
        """End the program with an internal error as `failure`, without Textual's traceback, which shows values.

        An error in drawing a reply does not end the program: the reply is shown as plain text. Once the program is
        ending, widgets go away while workers and messages may still look for them: what fails then is only logged.
        """
        from chat_personas.tui.widgets.messages import reply_drawn_by

        cause = error.error if isinstance(error, WorkerFailed) and isinstance(error.error, Exception) else error
        if self._exit:
            logging.getLogger(__name__).warning("an error while the screen was being left", exc_info=cause)
            return
        if (reply := reply_drawn_by(active_message_pump.get(None))) is not None:
            reply.show_plain(error)
            return
        logging.getLogger(__name__).critical("the screen ended with a mistake", exc_info=cause)
        self.session.failure = self.session.failure or cause
        super()._handle_exception(error)
        self._exit_renderables.clear()


def _by_name() -> type[Provider]:
    """Return what finds themes, personas and models in the palette; it is imported when that is opened."""
    from chat_personas.tui.palette import ByName

    return ByName


class ChatApp(TerminalApp):
    """Talk with a persona and see its measured opinions beside the conversation."""

    session: Session
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {*App.COMMANDS, _by_name}
    BINDINGS: ClassVar[list[BindingType]] = [
        binding_of(CONVERSATION_COMMANDS["quit"], "quit"),
        Binding(
            "ctrl+p",
            "command_palette",
            "Commands",
            id="commands",
            tooltip="Find a command by its name",
            priority=True,
        ),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._question: Screen[bool] | None = None
        self._chat: ChatScreen | None = None
        self._first_screen = self.key_order.begin()
        self.use_settings(session.settings.keys, session.settings.theme)

    @property
    def log_path(self) -> Path | None:
        """Where native libraries may write."""
        return self.session.launch.log_path

    @property
    def hint_to_press_again(self) -> str:
        """What is said after the first Ctrl+C; where something is not stored, that, too."""
        all_is_stored = self.session.unsaved is None and self.session.why_not_kept is None
        return AGAIN_QUITS if all_is_stored else AGAIN_QUITS_UNSAVED

    def get_default_screen(self) -> FirstScreen:
        """The screen that can be drawn before anything else is imported."""
        return FirstScreen(self.session.settings.persona, self.session.settings.model)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield what the command palette offers: the program's own actions."""
        from chat_personas.tui.palette import commands_of

        return commands_of(self, screen)

    def search_themes(self) -> None:
        """List the themes, to choose one."""
        from chat_personas.tui.palette import Palette, Themes

        self.push_screen(Palette(providers=[Themes], placeholder="Search for themes…"))

    def action_command_palette(self) -> None:
        """Open the command palette, unless it is open."""
        from chat_personas.tui.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    @work(exclusive=True, group="theme")
    async def choose_theme(self, name: str) -> None:
        """Use a theme, now and from the next start on; say so where it cannot be kept in the settings."""
        from personas.errors import ReportedError

        if not self.no_color:
            self.theme = name
        try:
            await asyncio.to_thread(self.session.launch.remember_theme, name)
        except (ReportedError, OSError) as error:
            self.notify(printable(f"The theme is not kept: {error}"), severity="warning", markup=False)

    def on_ready(self) -> None:
        """Once the first frame is on the screen, open the chat screen, which opens everything else."""
        self.call_after_refresh(self._open_conversation)

    async def _open_conversation(self) -> None:
        from chat_personas.tui.chat.screen import ChatScreen

        chat = self._chat = ChatScreen(self.session)
        self._use_usable_settings(self.session.settings.keys, self.session.settings.theme)
        await self.push_screen(chat)
        self.key_order.end(self._first_screen)

    def on_chat_screen_settings_read(self, event: "ChatScreen.SettingsRead") -> None:
        """Use the validated settings, which differ from their preview."""
        self._use_usable_settings(event.keys, event.theme)

    def _use_usable_settings(self, keys: Mapping[str, str], theme: str | None) -> None:
        """Bind the keys of the settings that leave every action a key; the rest keep their defaults.

        Not done for the first frame, which has hardly a key and does not wait for the import of all screens.
        """
        if keys:
            from chat_personas.tui.unusable_settings import all_bound, usable_keys

            keys = all_bound(usable_keys(keys))
        self.use_settings(keys, theme)

    async def on_unmount(self) -> None:
        """Keep what is typed, store the conversation and free the model, however the program ends."""
        if self._chat is not None:
            self.session.typed_in_vain = await self._chat.drafts.keep_at_end()
        await self.session.close()

    async def action_quit(self) -> None:
        """Quit, unless the question whether to quit is being asked already."""
        if self._question not in self.screen_stack:
            self._ask_and_leave()

    @work(exclusive=True, group="quit")
    async def _ask_and_leave(self) -> None:
        """Quit; ask first if something is not stored. What is typed, and a message that waits, is kept as a draft."""
        from chat_personas.tui.screens.dialogs import ConfirmScreen

        await self.session.stop()
        await in_time(self.session.look_for_corpus())
        unsaved = await self.session.try_to_save() if self.session.unsaved is not None else None
        if self._chat is not None:
            await in_time(self._chat.drafts.keep())  # a slow disk has its time once more after the screen
        await in_time(self.session.keep_typed())
        if missing := _what_is_missing(unsaved, self.session.why_not_kept):
            self._question = ConfirmScreen(" ".join([*missing, A_COPY_GOES]), "Quit", "Stay")
            if not await self.push_screen_wait(self._question):
                return
        await self.leave(BY_CHOICE)

    async def leave(self, code: int) -> None:
        """Stop and store the reply, and end with this exit code, whatever else is under way."""
        if code != BY_CHOICE:
            self.session.failure = None  # the signal, and not a model that did not open, is why the program ends
        try:
            if self._chat is not None:
                await self._chat.choosing.leave_editor()
            await self.session.stop()
        finally:
            self.exit(return_code=code)


def _what_is_missing(unsaved: str | None, unkept: str | None) -> list[str]:
    """Say why what was said is not stored and what was typed not kept, where that is; one reason for both once."""
    if unsaved is not None and unsaved == unkept:
        return [NEITHER.format(why=unsaved)]
    said = [] if unsaved is None else [UNSAVED.format(why=unsaved)]
    return said if unkept is None else [*said, UNKEPT.format(why=unkept)]
