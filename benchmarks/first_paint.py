"""First paint: from the start of the process to the first visible text, against an empty Textual application."""

import sys
import tempfile
from pathlib import Path

from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.row import Measured, Row, Settings
from benchmarks.terminal import Terminal

EMPTY = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Empty(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("ready")

Empty().run()
"""
PAIRS_PER_REPEAT = 3


def measure(settings: Settings) -> Measured:
    """Time both on a pseudo-terminal of the same size, with byte code compiled."""
    ours = [str(Path(sys.executable).parent / "chat-personas"), "chat", "democrat"]
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        environment = {
            "CHAT_PERSONAS_HOME": directory,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": f"{directory}/bytecode",
        }

        def first_text(command: list[str]) -> Timing:
            with Terminal(command, environment) as terminal:
                return Timing(terminal.seconds_to_text())

        empty = [sys.executable, str(script)]
        first_text(empty)
        first_text(ours)  # the first run of each writes the byte code
        repeats = settings.repeats * PAIRS_PER_REPEAT
        pairs = interleaved(lambda _: first_text(ours), lambda _: first_text(empty), repeats, settings.tell)
    return Measured(pairs, {"terminal": "120 × 36"}, ("both with byte code compiled, on a terminal of the same size",))


ROW = Row(
    name="first-paint",
    what="from the start of the process to the first visible text",
    against="an empty Textual application",
    goal=Goal(1.3),
    unit="s",
    measure=measure,
)
