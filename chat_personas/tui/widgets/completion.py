"""The commands that a line which begins with a slash may become, above the composer while it is being written."""

from os.path import commonprefix

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from chat_personas.conversation.commands import SLASH, Command, completions

MOST = 6
"""Commands that are listed at once."""


class Completion(Static):
    """Lists the commands that begin as the text does, and completes the text; hidden for a message."""

    def __init__(self) -> None:
        super().__init__(id="completion")
        self.display = False
        self._offered: tuple[Command, ...] = ()

    def offer(self, text: str) -> None:
        """List the commands that `text` may become."""
        self._offered = completions(text)
        if bool(self._offered) != self.display:
            self.display = bool(self._offered)
        if not self._offered:
            return
        shown = self._offered[:MOST]
        widest = max(cell_len(command.written_on_screen) for command in shown)
        rows = [
            Content.assemble((f"{command.written_on_screen:{widest}}  ", "bold $accent"), command.in_short)
            for command in shown
        ]
        more = len(self._offered) - len(shown)
        rows += [Content.styled(f"and {more} more; write on", "dim")] if more else []
        self.update(Content("\n").join(rows))

    def completed(self, text: str) -> str | None:
        """Return `text` written as far as all offered commands agree; None where none are offered.

        Where one command is left, its name is whole, and a blank waits for what follows it.
        """
        if not self._offered:
            return None
        written = [f"{SLASH}{command.name}" for command in self._offered]
        agreed = commonprefix(written)  # noqa: RUF071 - of letters, not of paths
        if len(self._offered) == 1 and self._offered[0].argument:
            agreed += " "
        return max(text, agreed, key=len)
