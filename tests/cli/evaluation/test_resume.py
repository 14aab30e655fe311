"""Long runs at the command line: interrupted, gone on with, repeated, and asked anew."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import pytest

from eval.engine import Engine, EngineError, EngineInfo, Message, Probe, ProbeScore
from eval.matrix.models import MatrixReport
from eval.report import Report
from tests.cli.running import Command, Ran, only_line
from tests.eval.fake_engine import FakeEngine

Serve = Callable[[Engine], None]
INFO = EngineInfo("steady", "llama", sha256="ab" * 32, log_probabilities="exact")


class Model(FakeEngine):
    """Answers `after` probes; then the person presses Ctrl-C, or `error` is raised."""

    def __init__(self, after: int | None = None, error: Exception | None = None) -> None:
        super().__init__(info=INFO)
        self.answered = 0
        self._after, self._error = after, error

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        async for score in super().score(prefix, probes):
            if self.answered == self._after:
                if self._error is not None:
                    raise self._error
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.Event().wait()
            self.answered += 1
            yield score


@pytest.fixture
def ask(command: Command, served_by: Serve, survey: str) -> Callable[..., tuple[Ran, int]]:
    """Runs `eval democrat` on a model; returns what it said, and how many probes the model answered."""

    def run(model: Model, *arguments: str) -> tuple[Ran, int]:
        served_by(model)
        return command(
            "eval", "democrat", "--no-unsteered", "--survey", survey, "--json", "-", *arguments
        ), model.answered

    return run


Ask = Callable[..., tuple[Ran, int]]


def test_an_interrupted_run_says_what_is_kept_and_goes_on_without_asking_twice(ask: Ask) -> None:
    ran, answered = ask(Model(after=13))
    assert (ran.code, answered) == (130, 13)
    says = "chat-personas: interrupted; 13 of 40 answers are kept: add --resume to the same command to go on\n"
    assert only_line(ran) == says
    ran, answered = ask(Model(after=9), "--resume")
    assert (ran.code, answered) == (130, 9)
    assert "22 of 40 answers are kept" in only_line(ran)
    ran, answered = ask(Model(), "--resume")
    assert (ran.code, answered) == (0, 18)
    assert "22 of 40 answers came from the cache, the oldest from 20" in ran.err
    timing = Report.model_validate_json(ran.out).timing
    assert (timing.probes, timing.remembered, timing.tokens_decoded) == (40, 22, 180)
    assert timing.remembered_since is not None


def test_the_resumed_report_is_the_one_that_an_uninterrupted_run_gives(ask: Ask) -> None:
    whole = Report.model_validate_json(ask(Model(), "--no-cache")[0].out)
    ask(Model(after=13), "--no-cache")
    resumed = Report.model_validate_json(ask(Model(), "--resume")[0].out)
    assert resumed.timing.remembered == 13
    aside = {"created": "", "timing": whole.timing, "seals": None}  # the seals are those of the other two, too
    assert resumed.model_copy(update=aside) == whole.model_copy(update=aside)


def test_the_same_command_again_asks_nothing(ask: Ask) -> None:
    assert ask(Model())[1] == 40
    ran, answered = ask(Model())
    assert (ran.code, answered) == (0, 0)
    assert Report.model_validate_json(ran.out).timing.tokens_decoded == 0


@pytest.mark.parametrize("before", [[], [Model()], [Model(after=3), Model()]], ids=["never", "finished", "mended"])
def test_without_an_interrupted_run_there_is_nothing_to_resume(ask: Ask, before: list[Model]) -> None:
    for model in before:
        ask(model)
    ran, answered = ask(Model(), "--resume")
    assert (ran.code, answered) == (2, 0)
    assert "no interrupted run of this command to resume; leave out --resume" in only_line(ran)


def test_another_command_is_not_what_was_interrupted(ask: Ask) -> None:
    ask(Model(after=13))
    assert ask(Model(), "--resume", "--steering", "bio")[0].code == 2
    assert ask(Model(), "--resume")[1] == 27


def test_no_cache_asks_everything_again_and_what_it_hears_replaces_the_old(ask: Ask) -> None:
    ask(Model())
    assert ask(Model(), "--no-cache")[1] == 40
    assert ask(Model())[1] == 0


@pytest.mark.parametrize("options", [["--resume"], ["--resume", "--no-cache"]], ids=" ".join)
def test_a_run_without_the_cache_can_be_gone_on_with_and_takes_nothing_older(ask: Ask, options: list[str]) -> None:
    ask(Model())
    assert "13 of 40 answers are kept" in only_line(ask(Model(after=13), "--no-cache")[0])
    ran, answered = ask(Model(), *options)
    assert (ran.code, answered) == (0, 27)
    assert Report.model_validate_json(ran.out).timing.remembered == 13


def test_a_server_that_goes_away_leaves_what_it_answered(ask: Ask) -> None:
    ran, _ = ask(Model(after=13, error=EngineError("the server went away; start it again")))
    assert ran.code == 3
    assert "start it again; 13 of 40 answers are kept: add --resume" in only_line(ran)
    assert ask(Model(), "--resume")[1] == 27


class GoneError(EngineError):
    """An error of an engine that is made from more than a message, as those of libraries are."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} went away.")
        self.port = port


def test_an_error_of_any_class_reaches_the_person_with_what_is_kept(
    ask: Ask, capfd: pytest.CaptureFixture[str]
) -> None:
    ran, _ = ask(Model(after=13, error=GoneError("far.example", 8080)))
    assert (ran.code, only_line(ran).startswith("chat-personas: far.example:8080 went away. 13 of 40 ")) == (3, True)
    with pytest.raises(GoneError) as raised:
        ask(Model(after=20, error=GoneError("far.example", 8080)), "--debug")
    assert raised.value.port == 8080
    assert "of 40 answers are kept" in raised.value.__notes__[0]


def test_failures_alone_are_asked_again(ask: Ask) -> None:
    model = Model()
    model._failures = {"Q3/survey": "cut off", "Q5/reversed": "cut off"}
    report = Report.model_validate_json(ask(model)[0].out)
    assert {failure.id for failure in report.failures} == {"Q3", "Q5"}
    ran, answered = ask(Model())
    assert (answered, Report.model_validate_json(ran.out).failures) == (2, ())


def test_a_cache_that_cannot_be_used_costs_nothing_but_the_cache(ask: Ask, home: Path) -> None:
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "answers.db").mkdir()
    ran, answered = ask(Model())
    assert (ran.code, answered) == (0, 40)
    assert "the answer cache" in ran.err.splitlines()[0]
    assert "the run goes on, but its answers are not cached" in ran.err.splitlines()[0]
    assert only_line(ask(Model(), "--resume")[0]).startswith("chat-personas: the answer cache")
    assert ask(Model(), "--resume")[0].code == 4
    ran, _ = ask(Model(after=13))
    assert ran.code == 130
    assert ran.err.splitlines()[-1].endswith("13 of 40 answers were given, but not all of them could be kept")


def test_a_matrix_is_kept_and_gone_on_with_as_well(command: Command, served_by: Serve, survey: str) -> None:
    arguments = ("matrix", "democrat", "--survey", survey, "--json", "-")
    served_by(Model(after=50))
    ran = command(*arguments)
    assert ran.code == 130
    assert "50 of 160 answers are kept: add --resume" in only_line(ran)
    model = Model()
    served_by(model)
    ran = command(*arguments, "--resume")
    assert (ran.code, model.answered) == (0, 110)
    assert MatrixReport.model_validate_json(ran.out).timing.remembered == 50


def test_answers_from_a_file_have_nothing_to_resume(command: Command, survey: str) -> None:
    ran = command("eval", "--answers", "a.jsonl", "--survey", survey, "--resume", "--no-cache")
    assert ran.code == 2
    assert "leave out --no-cache, --resume" in only_line(ran)
