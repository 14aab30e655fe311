"""The line mode: one message per line in, each reply out followed by an empty line; for pipes and scripts.

Only replies go to standard output; measurements and notices go to standard error. The conversation is kept in
the corpus as on the screen.
"""

import asyncio
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING

from chat_personas.cli.exit_codes import DONE, UsageError
from chat_personas.cli.sitting import Sitting

if TYPE_CHECKING:
    from chat_personas.conversation import Conversation, ReplyEnded
    from chat_personas.corpus import Corpus
    from chat_personas.monitor import Monitor
    from eval.engine import Engine
    from personas import LoadedPersona


class LineMode:
    """A conversation over standard input and output."""

    def __init__(
        self, persona: str | None, model: str | None, survey: str | None, *, measure: bool, resume: str | None
    ) -> None:
        self._sitting = Sitting(persona, model, survey)
        self._persona = persona
        self._measure = measure
        self._resume = resume

    def run(self) -> int:
        """Talk until standard input ends; return the exit code."""
        return asyncio.run(self._talk())

    async def _talk(self) -> int:
        loaded = self._sitting.load_persona() if self._resume is None or self._persona else None
        corpus = self._sitting.open_corpus()
        try:
            engine = await self._sitting.open_engine()
            try:
                conversation = self._open(corpus, engine, loaded)
                monitor = self._monitor(engine, conversation, corpus)
                return await self._exchange(conversation, monitor)
            finally:
                await engine.close()
        finally:
            corpus.close()

    def _open(self, corpus: "Corpus", engine: "Engine", loaded: "LoadedPersona | None") -> "Conversation":
        from chat_personas.conversation import Conversation

        if self._resume is not None:
            return Conversation.resume(corpus, engine, self._resume)
        assert loaded is not None
        return Conversation.start(corpus, engine, loaded)

    def _monitor(self, engine: "Engine", conversation: "Conversation", corpus: "Corpus") -> "Monitor | None":
        from chat_personas.confirmations import is_confirmed

        if not self._measure:
            return None
        monitor = self._sitting.make_monitor(engine, conversation.persona, corpus)
        if not is_confirmed(engine.info):
            raise UsageError(
                f"measuring sends the conversation to {engine.info.name} {monitor.requests_per_round} more times after "
                "every reply; agree to that once on the screen (chat with this --model), or leave out --measure"
            )
        return monitor

    async def _exchange(self, conversation: "Conversation", monitor: "Monitor | None") -> int:
        if monitor is not None:
            await self._report(conversation, monitor)
        while line := await asyncio.to_thread(sys.stdin.readline):
            if not line.strip():
                continue
            await self._reply(conversation, line.strip())
            if monitor is not None:
                await self._report(conversation, monitor)
        return DONE

    async def _reply(self, conversation: "Conversation", text: str) -> None:
        from chat_personas.conversation import ReplyEnded, ReplyText
        from chat_personas.plain_text import printable

        async with aclosing(conversation.send(text)) as events:
            async for event in events:
                if isinstance(event, ReplyText):
                    print(printable(event.text), end="", flush=True)
                elif isinstance(event, ReplyEnded):
                    print("\n", flush=True)
                    _notice(event)

    async def _report(self, conversation: "Conversation", monitor: "Monitor") -> None:
        from chat_personas.cli.estimate_line import estimate_line

        path = conversation.path
        after = path[-1].id if path else None
        last = None
        async with aclosing(monitor.measure(conversation.context(), after)) as estimates:
            async for estimate in estimates:
                last = estimate
                if sys.stderr.isatty():
                    print(f"\rmeasuring… {estimate.done}/{estimate.total}", end="", file=sys.stderr, flush=True)
        if last is not None:
            clear = "\r\x1b[K" if sys.stderr.isatty() else ""
            print(f"{clear}{estimate_line(last)}", file=sys.stderr, flush=True)


def _notice(ended: "ReplyEnded") -> None:
    from eval.engine import EngineError

    if ended.dropped_messages:
        print(f"(the {ended.dropped_messages} oldest messages no longer fit into the context)", file=sys.stderr)
    if ended.status == "error":
        raise EngineError(ended.why or "the model failed; what it said is kept")
    if ended.status == "interrupted":
        print("(the reply broke off; what came is kept)", file=sys.stderr)
