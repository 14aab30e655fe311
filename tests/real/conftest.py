"""A home for each test, and the real models."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat_personas.engines.llama import LlamaEngine
from tests.real.models import NAMES, NotToBeHadError, model_file


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own."""
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each model, by its name."""
    return str(request.param)


@pytest.fixture
def file(name: str) -> Path:
    """The model's file; the test is skipped where there is none."""
    try:
        return model_file(name)
    except NotToBeHadError as error:
        pytest.skip(str(error))


@pytest.fixture
async def engine(file: Path) -> AsyncIterator[LlamaEngine]:
    """The model, newly opened, with a context that is longer than Gemma's window."""
    opened = await LlamaEngine.open(file, context_length=2048)
    yield opened
    await opened.close()
