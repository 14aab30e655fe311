"""The knob: turning a persona's strength inside the model while people talk."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chat_personas.steering.knob import STEP
from chat_personas.tui.chat.commands import Handler, in_worker
from chat_personas.tui.widgets.entries import Entry
from personas.errors import ReportedError

if TYPE_CHECKING:
    from textual.timer import Timer

    from chat_personas.steering.knob import Knob
    from chat_personas.tui.chat.screen import ChatScreen

UNTURNED = 0.4
"""Seconds after the last turn of the knob until the persona is measured: several presses are one turn."""


class KnobController:
    """Turns what is on inside the model from the next reply on, and has the conversation measured under it."""

    def __init__(self, screen: "ChatScreen") -> None:
        self.screen = screen
        self._turned: Timer | None = None

    @property
    def actions(self) -> Mapping[str, Handler]:
        """What the commands about steering do."""
        return {
            "steer": self._obey,
            "steer-up": lambda _: self._turn(lambda knob: knob.step(STEP)),
            "steer-down": lambda _: self._turn(lambda knob: knob.step(-STEP)),
        }

    def _obey(self, wanted: str) -> None:
        """Set what is on, or say it where nothing is asked for."""
        if wanted:
            self._turn(lambda knob: knob.obey(wanted))
        else:
            self._say_what_is_on()

    @in_worker("knob")
    async def _say_what_is_on(self) -> None:
        conversation = self.screen.session.conversation
        if conversation is None:
            return
        described = conversation.knob.described()
        if described:
            self.screen.notify(f"Inside the model: {described}.", markup=False)
        else:  # it may hold a command, which a person copies
            how = await asyncio.to_thread(conversation.knob.how_to_turn)
            await self._note(f"Inside the model: nothing; {how}")

    async def _note(self, said: str) -> None:
        """Put a notice into the transcript, once."""
        transcript = self.screen.transcript
        await transcript.remove_entries(lambda entry: entry.kind == "notice" and entry.text == said)
        await transcript.add(Entry("notice", said))

    @in_worker("knob")
    async def _turn(self, how: Callable[["Knob"], None]) -> None:
        screen = self.screen
        try:
            await screen.session.turn(how)
        except ReportedError as error:
            await self._note(str(error))  # it may hold a command, which a person copies
            return
        conversation = screen.session.conversation
        if conversation is None:
            return
        screen.title_line.steering = conversation.knob.described()
        screen.measuring.clear()  # the figures are those of another setting
        screen.stop_measuring()
        if self._turned is not None:
            self._turned.stop()
        self._turned = screen.set_timer(UNTURNED, self._use_turned)

    def _use_turned(self) -> None:
        """Let the model read the conversation under its new setting, and measure it."""
        if not self.screen.replies.busy:
            self.screen.read_ahead()
            self.screen.measure()  # a reply on its way is under the setting before; when it ends, it is measured
