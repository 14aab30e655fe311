"""Opening the model and the corpus for a command, and closing them whatever happens."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

from chat_personas.cli.errors import UsageError
from chat_personas.cli.progress import busy
from chat_personas.corpus import Corpus
from chat_personas.engines.open import ModelServer, find_model, longest_wait, open_engine, shown_model
from chat_personas.paths import corpus_path, make_private
from chat_personas.settings import Settings
from chat_personas.tui.leaving import run_unwaited
from eval.engine import Engine, EngineInfo

if TYPE_CHECKING:
    from chat_personas.engines.llama.engine import LlamaEngine


def described_engine(model: str, settings: Settings) -> EngineInfo:
    """Open `model`, close it again, and return its description.

    Raises:
        UnknownModelError: no model has that name.
        EngineError: the file is not a model, or the server does not answer.
    """
    return run_unwaited(_describe(model, settings))


async def _describe(model: str, settings: Settings) -> EngineInfo:
    async with AsyncExitStack() as opened:
        engine = await opened_model(model, settings, opened)
        return engine.info


async def opened_model(model: str, settings: Settings, opened: AsyncExitStack) -> Engine:
    """Open a model, which takes a while and is shown on a terminal; it is closed with `opened`.

    Raises:
        UnknownModelError: no model has that name.
        EngineError: the file is not a model, or the server does not answer.
    """
    with busy(f"opening {shown_model(model)}…", longest_wait(model, settings)):
        engine = await open_engine(model, settings)
    opened.push_async_callback(engine.close)
    return engine


async def opened_model_file(model: str, settings: Settings, opened: AsyncExitStack) -> "LlamaEngine":
    """Open a model whose hidden states can be read and changed; it is closed with `opened`.

    Raises:
        UsageError: it is a server, to which nothing is sent.
        UnknownModelError, EngineError: see `opened_model`.
    """
    from chat_personas.engines.llama.engine import LlamaEngine

    if isinstance(find_model(model), ModelServer):
        raise UsageError("a server does not show the hidden states of its model; name a model file with --model")
    engine = await opened_model(model, settings, opened)
    assert isinstance(engine, LlamaEngine)
    return engine


@contextmanager
def open_corpus(*, read_only: bool = False) -> Iterator[Corpus]:
    """Open the user's corpus. Raises CorpusError: it cannot be opened, or (read only) there is none yet."""
    path = corpus_path()
    if not read_only:
        make_private(path.parent)
    corpus = Corpus.open(path, read_only=read_only)
    try:
        yield corpus
    finally:
        corpus.close()
