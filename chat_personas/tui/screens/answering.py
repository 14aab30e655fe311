"""What all screens share that are opened over another one: they are left once, however many keys arrive."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

Result = TypeVar("Result")


class AnsweringScreen(Screen[Result]):
    """A screen that gives its answer once.

    Keys wait in a queue, so a second one may come after the answer, as when somebody types on. Textual would then leave
    the screen that is on top by now: the conversation.
    """

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave the screen with this answer; once it has been left, do nothing."""
        return super().dismiss(result) if self.is_current else AwaitComplete()
