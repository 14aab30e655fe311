"""A program for tests that need a real terminal: the screen on a model that says half a sentence and then waits."""

import asyncio
import signal
import sys
from pathlib import Path

from chat_personas.tui.app import ChatApp
from tests.tui.fakes import ScreenEngine, session


def main(corpus_file: str, hangup: str) -> None:
    """Run until the terminal is gone; `hangup` is "ignored" where the signal is to be, as under nohup."""
    if hangup == "ignored":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    engine = ScreenEngine(["Half a sentence", asyncio.Event()])
    app = ChatApp(session(Path(corpus_file), engine))
    app.run()
    sys.exit(app.return_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
