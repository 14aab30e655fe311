"""Sittings in the mode for screen readers over a pipe, with a model that answers probes and speaks by scripts."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from eval.engine import Engine, EngineInfo, Message, Piece, Sampling
from tests.cli.running import Command
from tests.cli.still_output import faults_of
from tests.eval.fake_engine import FakeEngine as AnsweringEngine
from tests.eval.fake_engine import by_content
from tests.eval.towns import many
from tests.fakes import END
from tests.fakes import FakeEngine as ScriptedEngine

Serve = Callable[[Engine], None]
Script = Sequence[str | Piece | BaseException | asyncio.Event]
TOWN = many(20)


class Model(AnsweringEngine):
    """Answers every probe by content, and replies by scripts; "Yes." once they have run out."""

    def __init__(self, *scripts: Script, info: EngineInfo | None = None) -> None:
        super().__init__(by_content(TOWN), info=info)
        self.says = ScriptedEngine(*scripts)

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        if not self.says._scripts:
            self.says._scripts.append(["Yes.", END])
        async with aclosing(self.says.stream(messages, sampling)) as pieces:
            async for piece in pieces:
                yield piece


def said(command: Command, serve: Serve, given: str, *scripts: Script) -> list[str]:
    """Run a sitting without measuring over a pipe; return its lines, from the first prompt on."""
    serve(ScriptedEngine(*scripts))
    ran = command("chat", "democrat", "--accessible", given=given)
    assert (ran.code, ran.err) == (0, "")
    assert faults_of(ran.out.encode()) == []
    return ran.out.partition("You: ")[2].splitlines()
