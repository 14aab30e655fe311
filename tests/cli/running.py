"""Running the command line as a person does, within the test's own process."""

import os
import signal
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chat_personas.corpus import Corpus, MessageRow
from chat_personas.paths import corpus_path
from eval.engine import Engine, Message, Piece, Sampling
from eval.surveys.loading import Survey
from tests.corpus.making import branch_of
from tests.fakes import FakeEngine


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]
"""`command(*arguments, given="")` runs with `given` on standard input."""


def only_line(ran: Ran) -> str:
    """Return what standard error says, making sure that it is one line and names no home."""
    assert ran.err.endswith("\n")
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("chat-personas: ")
    assert str(Path.home()) not in ran.err
    assert "Traceback" not in ran.err
    return ran.err


def kept_messages() -> tuple[MessageRow, ...]:
    """The only conversation that the user's corpus keeps."""
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (conversation,) = corpus.conversations()
        return branch_of(corpus, conversation.id)


def write_survey(path: Path, survey: Survey) -> str:
    """Write a survey as a file; return its path as a person would type it."""
    path.write_text(survey.model_dump_json(by_alias=True, exclude_none=True))
    return str(path)


class CtrlC(FakeEngine):
    """Says something, then the person presses Ctrl-C, and the model would go on for ever."""

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        import asyncio

        yield Piece("So far, ")
        yield Piece("so good")
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()


def opener(engine: Engine) -> Callable[..., object]:
    """Return a stand-in for `open_engine` that gives this engine for every model."""

    async def open_engine(model: str, settings: object) -> Engine:
        return engine

    return open_engine
