"""First paint: from the start of the process to the first visible text, against an empty Textual application.

    python -m benchmarks.first_paint [--repeats 15]

Both run in turn on the same pseudo-terminal size, with byte code compiled; the figure is the ratio of medians.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.terminal import Terminal

EMPTY = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Empty(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("ready")

Empty().run()
"""
GOAL = 1.5


def measure(repeats: int) -> tuple[list[float], list[float]]:
    """Return the seconds to first text of (the empty application, chat-personas), `repeats` each, interleaved."""
    ours = [str(Path(sys.executable).parent / "chat-personas"), "chat", "democrat"]
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        environment = {
            "CHAT_PERSONAS_HOME": directory,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": f"{directory}/bytecode",
        }
        empty_seconds, our_seconds = [], []
        for run in range(repeats + 1):
            for command, seconds in (([sys.executable, str(script)], empty_seconds), (ours, our_seconds)):
                with Terminal(command, environment) as terminal:
                    elapsed = terminal.seconds_to_text()
                if run:  # the first run of each writes the byte code
                    seconds.append(elapsed)
    return empty_seconds, our_seconds


def main() -> None:
    """Measure and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    empty, ours = measure(parser.parse_args().repeats)
    ratio = statistics.median(ours) / statistics.median(empty)
    print(f"empty Textual application {statistics.median(empty) * 1000:.0f} ms (median of {len(empty)})")
    print(f"chat-personas             {statistics.median(ours) * 1000:.0f} ms")
    print(f"ratio {ratio:.2f}, goal at most {GOAL}: {'met' if ratio <= GOAL else 'not met'}")


if __name__ == "__main__":
    main()
