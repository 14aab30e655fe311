"""What all screens share that are opened over another one: they are left once, however many keys arrive."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

Result = TypeVar("Result")


class AnsweringScreen(Screen[Result]):
    """A screen that gives its answer once, and leaves no other screen than itself.

    Keys wait in a queue, so a second one may come after the answer, as when somebody types on. And what a screen waits
    for may end while another one is over it, as the command palette. Textual would leave the screen that is on top.
    """

    _waiting: tuple[Result | None] | None = None
    """The answer that was given while another screen was over this one."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave the screen with this answer, or as soon as no other one is over it. The first answer counts."""
        if self.is_active:
            (result,) = self._waiting or (result,)
            return super().dismiss(result)
        if self._waiting is None and self in self.app.screen_stack:  # `is_current`: also behind a modal screen
            self._waiting = (result,)
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        """Give the answer that waits: no other screen is over this one any more."""
        if self._waiting is not None:
            self.dismiss()
