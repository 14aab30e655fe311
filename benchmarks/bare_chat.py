"""The least that a chat in Textual can be: a log, a line to type into, the stream of a server, and probes beside it.

python -m benchmarks.bare_chat URL
"""

import sys

from textual.app import App, ComposeResult
from textual.widgets import Input, Log

from benchmarks.round_of_probes import all_probes
from chat_personas.engines.openai import OpenAIEngine
from eval.engine import Message, Probe, Sampling

CONVERSATION = (Message("system", "You are a Democrat."), Message("user", "Hello."))


class BareChat(App[None]):
    """Streams a reply and puts a round of probes for every line that is entered, through the same engine as ours."""

    def __init__(self, url: str, concurrency: int, probes: tuple[Probe, ...]) -> None:
        super().__init__()
        self._url = url
        self._concurrency = concurrency
        self._probes = probes

    def compose(self) -> ComposeResult:
        """Lay out the log and the line."""
        yield Log()
        yield Input()

    async def on_mount(self) -> None:
        """Reach the server and say that all is ready."""
        self._engine = await OpenAIEngine.open(self._url, concurrency=self._concurrency)
        self.query_one(Input).focus()
        self.query_one(Log).write_line("ready")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Begin a reply and a round of probes."""
        event.input.clear()
        self.run_worker(self._reply(), group="reply")
        self.run_worker(self._probe(), group="probe", exclusive=True)

    async def _reply(self) -> None:
        log = self.query_one(Log)
        async for piece in self._engine.stream(CONVERSATION, Sampling()):
            log.write(piece.text)

    async def _probe(self) -> None:
        async for _ in self._engine.score(CONVERSATION, self._probes):
            pass


if __name__ == "__main__":
    BareChat(sys.argv[1], int(sys.argv[2]), all_probes()).run()
