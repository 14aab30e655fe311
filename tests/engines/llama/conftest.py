"""A tiny model on disk, and engines and runtimes on it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.runtime import Options, Runtime, load_runtime
from chat_personas.engines.llama.worker import InterruptFlag
from tests.engines.llama.tiny import write_tiny_model


@pytest.fixture(scope="session")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random model in f32 with a context of 512 tokens."""
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture
async def engine(tiny_path: Path) -> AsyncIterator[LlamaEngine]:
    """An engine on the tiny model."""
    opened = await LlamaEngine.open(tiny_path, threads=1)
    yield opened
    await opened.close()


@pytest.fixture
def load(tiny_path: Path) -> Iterator[Callable[..., Runtime]]:
    """A function that loads the tiny model in this thread; keywords go to `Options`."""
    opened: list[Runtime] = []

    def load_tiny(flag: InterruptFlag | None = None, **options: int) -> Runtime:
        chosen = Options(**{"threads": 1, **options})
        opened.append(load_runtime(tiny_path, chosen, flag or InterruptFlag()))
        return opened[-1]

    yield load_tiny
    for runtime in opened:
        runtime.close()


@pytest.fixture(scope="module")
def sized(tiny_path: Path) -> Iterator[Callable[[tuple[int, int]], Runtime]]:
    """A function that gives the tiny model with decodes and branches of the given (batch, sequences), one each."""
    loaded: dict[tuple[int, int], Runtime] = {}

    def load_sized(size: tuple[int, int]) -> Runtime:
        if size not in loaded:
            options = Options(threads=1, batch=size[0], sequences=size[1])
            loaded[size] = load_runtime(tiny_path, options, InterruptFlag())
        return loaded[size]

    yield load_sized
    for runtime in loaded.values():
        runtime.close()


@pytest.fixture(scope="module")
def runtime(tiny_path: Path) -> Iterator[Runtime]:
    """The tiny model loaded in this thread, with small decodes and few branches, so that trees take many of both."""
    loaded = load_runtime(tiny_path, Options(threads=1, batch=24, sequences=7), InterruptFlag())
    yield loaded
    loaded.close()
