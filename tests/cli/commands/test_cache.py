"""Looking at the kept answers, and removing them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eval.engine import Engine, EngineInfo
from tests.cli.running import Command, only_line
from tests.eval.fake_engine import FakeEngine

Serve = Callable[[Engine], None]


@pytest.fixture
def filled(command: Command, served_by: Serve, few: str) -> None:
    """Answers of two models to three questions in two orders."""
    for name in ("one", "two"):
        served_by(FakeEngine(info=EngineInfo(name, "llama", sha256=name, log_probabilities="exact")))
        assert command("eval", "democrat", "--no-unsteered", "--survey", few).code == 0


def test_before_anything_was_asked_there_is_nothing_and_nothing_is_made(command: Command, home: Path) -> None:
    assert "no cached answers yet" in command("cache", "show").out
    assert command("cache", "clear", "--yes").code == 0
    assert not (home / "cache").exists()


@pytest.mark.usefixtures("filled")
def test_show_tells_how_many_answers_there_are_of_each_model(command: Command) -> None:
    ran = command("cache", "show")
    head, *models = ran.out.splitlines()
    assert head.endswith("12 answers")
    assert [(line.split()[0], line.split()[-1]) for line in models] == [("6", "one"), ("6", "two")]
    assert "12 answers, " in command("doctor").out


@pytest.mark.usefixtures("filled")
def test_clear_asks_first_and_removes_all_or_one_models(command: Command) -> None:
    refused = command("cache", "clear")
    assert refused.code == 2
    assert "add --yes" in only_line(refused)
    assert command("cache", "clear", "--model", "one", "--yes").err == "removed 6 answers\n"
    assert command("cache", "clear", "--yes").err == "removed 6 answers\n"
    assert "0 answers" in command("cache", "show").out


@pytest.mark.usefixtures("filled")
def test_a_model_that_has_no_answers_is_named_with_the_nearest(command: Command) -> None:
    ran = command("cache", "clear", "--model", "onne", "--yes")
    assert ran.code == 2
    assert 'no cached answers of "onne"; did you mean "one"?' in only_line(ran)
    assert "12 answers" in command("cache", "show").out


def test_a_damaged_cache_can_be_removed(command: Command, home: Path) -> None:
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "answers.db").write_bytes(b"nonsense" * 1000)
    assert (command("cache", "show").code, command("doctor").code) == (4, 1)
    assert "damaged" in command("cache", "clear", "--yes").err
    assert command("cache", "show").code == 0
