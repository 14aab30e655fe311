"""The application: a table of contents. Each screen has its module in `screens/`, each thing on it in `widgets/`.

Colours of the program's own. Any theme of Textual may be set instead; on few colours the terminal's own are used.
"""

import logging
import math
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual._context import active_message_pump
from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Event, Key, MouseDown, Paste
from textual.notifications import Notification, Notify
from textual.screen import Screen
from textual.theme import Theme
from textual.worker import WorkerFailed

from chat_personas.tui.process import to_log
from chat_personas.tui.screens.first import FirstScreen
from chat_personas.tui.session import Session

if TYPE_CHECKING:
    from chat_personas.tui.chat.screen import ChatScreen

DUSK = Theme(
    name="persona-dusk",
    primary="#6cb6ff",
    secondary="#5ccfe6",
    accent="#ffb454",
    warning="#f28779",
    error="#ff6b6b",
    success="#7fd88f",
    foreground="#d8dee9",
    background="#11151c",
    surface="#161b24",
    panel="#1d2430",
    dark=True,
)
FEW_COLOURS = (None, "standard")
TERMINAL_COLOURS = "ansi-dark"


UNSENT = "A message still waits for the model. It was not sent, and is lost if you leave now."
SECONDS_BETWEEN_THREADS = 0.001
"""A key passes through three threads until it is drawn. While estimates are computed in another, each waits so long."""
SECONDS_TO_PRESS_AGAIN = 5.0
AGAIN_QUITS = "Ctrl+C again quits. What was said is kept."
HUNG_UP = 128 + 1  # as a shell reports a program that SIGHUP ended


class ChatApp(App[None]):
    """Talk with a persona and see its measured opinions beside the conversation.

    `run` raises `session.failure` when the screen is gone, so that a caller can print it and choose an exit code.
    """

    TITLE = "chat-personas"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", id="quit", tooltip="Quit; so does Ctrl+C, pressed twice", priority=True)
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._interrupted = -math.inf
        self._hint: Notification | None = None
        self._question: Screen[bool] | None = None
        self.register_theme(DUSK)
        self.use_settings(session.settings.keys, session.settings.theme)

    def use_settings(self, keys: Mapping[str, str], theme: str | None) -> None:
        """Bind keys by the ids of their bindings and choose a theme; without one that is known, the program's own."""
        self.set_keymap(dict(keys))
        few = self.console.color_system in FEW_COLOURS
        default = TERMINAL_COLOURS if few else DUSK.name
        self.theme = theme if theme in self.available_themes else default

    def get_default_screen(self) -> FirstScreen:
        """What can be drawn before anything else is imported."""
        return FirstScreen(self.session.settings.persona, self.session.settings.model)

    def run(self, *arguments: Any, **options: Any) -> None:
        """Show the screen until the person leaves it.

        Raises:
            Exception: what the session's callables raised and left nothing to do, each one line ready to print; or a
                mistake in this program, whose traceback is in the log.
        """
        sys.setswitchinterval(SECONDS_BETWEEN_THREADS)
        with to_log(self.session.launch.log_path):
            super().run(*arguments, **options)
        if self.session.failure is not None:
            raise self.session.failure

    def on_ready(self) -> None:
        """Open the conversation, from which everything else is opened, once the first frame is on the screen."""
        self.call_after_refresh(self._open_conversation)

    async def _open_conversation(self) -> None:
        from chat_personas.tui.chat.screen import ChatScreen
        from chat_personas.tui.process import watch_for_hangup

        first = self.screen
        chat = ChatScreen(self.session)
        await self.push_screen(chat)
        assert isinstance(first, FirstScreen)
        for event in first.typed:
            chat.composer.post_message(event)
        chat.set_focus(chat.composer)  # now: a key that comes before the screen has chosen a focus would be lost
        if not self.is_headless:
            self.run_worker(watch_for_hangup(self._terminal_gone), group="hangup")

    def on_chat_screen_settings_read(self, event: "ChatScreen.SettingsRead") -> None:
        """Use the validated settings, which differ from their preview."""
        self.use_settings(event.keys, event.theme)

    async def on_unmount(self) -> None:
        """Keep what was said and free the model, however the program ends."""
        await self.session.close()

    async def action_quit(self) -> None:
        """Leave, unless that is being asked already."""
        if self._question not in self.screen_stack:
            self._leave()

    @work(exclusive=True, group="quit")
    async def _leave(self) -> None:
        """Stop the reply, keep what was said, and leave; ask first if a message was never sent."""
        from chat_personas.tui.screens.dialogs import ConfirmScreen

        if self.session.unsent:
            self._question = ConfirmScreen(UNSENT, "Leave", "Stay")
            if not await self.push_screen_wait(self._question):
                return
        await self.session.stop()
        self.exit()

    async def action_help_quit(self) -> None:  # type: ignore[override]
        """Ctrl+C where no text is selected that it could copy: say so, and quit when it comes again soon."""
        now = time.monotonic()
        if now - self._interrupted < SECONDS_TO_PRESS_AGAIN:
            await self.action_quit()
            return
        self._interrupted = now
        self._hint = Notification(AGAIN_QUITS, timeout=SECONDS_TO_PRESS_AGAIN, markup=False)
        self.post_message(Notify(self._hint))

    async def on_event(self, event: Event) -> None:
        """Pass everything on; what the person does after Ctrl+C makes the next one the first again."""
        if isinstance(event, MouseDown | Paste) or (isinstance(event, Key) and event.key != "ctrl+c"):
            self._interrupted = -math.inf
            if self._hint is not None and self._hint in self._notifications:
                self._unnotify(self._hint)
            self._hint = None
        await super().on_event(event)

    def _handle_exception(self, error: Exception) -> None:
        """End with a mistake as `failure`; Textual would draw its traceback, with values in it, on the terminal.

        What goes wrong in drawing a reply ends nothing: the reply is shown as plain text.
        """
        from chat_personas.tui.widgets.messages import reply_drawn_by

        if (reply := reply_drawn_by(active_message_pump.get(None))) is not None:
            reply.show_plain(error)
            return
        cause = error.error if isinstance(error, WorkerFailed) and isinstance(error.error, Exception) else error
        logging.getLogger(__name__).critical("the screen ended with a mistake", exc_info=cause)
        self.session.failure = self.session.failure or cause
        super()._handle_exception(error)
        self._exit_renderables.clear()

    async def _terminal_gone(self) -> None:
        await self.session.close()
        self.exit(return_code=HUNG_UP)
