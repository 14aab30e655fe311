"""What several test folders share."""

import gc
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

# Tests run in several processes. The threads of NumPy's products spin while they wait for each other, a third of the
# processor time where the cores are busy. It is read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from chat_personas.corpus import Corpus, connection, migrations
from tests.examples import QUICK, WHOLE

# A timing is a benchmark, never an assertion: no deadline. `make check` has --hypothesis-profile whole.
settings.register_profile("whole", deadline=None, max_examples=WHOLE)
settings.register_profile("quick", deadline=None, max_examples=QUICK)
settings.load_profile("quick")


def pytest_collection() -> None:
    """Collect no garbage while tests are collected: there is hardly any, and every process looks for it again."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave thousands of collected tests out of every garbage collection: that is a tenth of the processor time.

    The second collection finds nothing and is quick. A full collection comes when a quarter of what the last one left
    has been made since: without it, the screens of several hundred tests would stay in memory, three gigabytes.
    """
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.collect()


@pytest.fixture(scope="session", autouse=True)
def home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests read and write out of the home of whoever runs them: their personas, settings and corpus."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CHAT_PERSONAS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def style_sheets_parsed_once() -> Iterator[None]:
    """Parse each style sheet once for each set of colours: every app, screen and theme of a test would do it again."""
    parse = Stylesheet._parse_rules
    parsed: dict[Any, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, css: str, *where: Any, **options: Any) -> list[RuleSet]:
        key = (css, where, frozenset(options.items()), frozenset(sheet._variables.items()))
        if key not in parsed:
            parsed[key] = parse(sheet, css, *where, **options)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_new_corpora() -> Iterator[None]:
    """Fill an empty corpus with a copy of one that was migrated once: the steps take 13 of the 16 ms of opening it.

    A corpus that an older version wrote goes through the steps. `migrated_step_by_step` is for tests of the steps.
    """
    newest, one_at_a_time = migrations.migrations(), threading.Lock()
    made = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    migrations.migrate(made, Path("corpus.db"))

    def copy(opened: sqlite3.Connection, path: Path) -> None:
        with one_at_a_time:
            if migrations.migrations() == newest and opened.execute("PRAGMA page_count").fetchone() == (0,):
                made.backup(opened)
        migrations.migrate(opened, path)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connection, "migrate", copy)
        yield
    made.close()


@pytest.fixture
def migrated_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new corpora go through all migrations, as those of users do."""
    monkeypatch.setattr(connection, "migrate", migrations.migrate)


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    """Where the test's corpus lies; it does not exist yet."""
    return tmp_path / "data" / "corpus.db"


@pytest.fixture
def corpus(corpus_file: Path) -> Iterator[Corpus]:
    """An open, empty corpus."""
    with Corpus.open(corpus_file) as opened:
        yield opened
