"""500 probes on a server that does everything wrong, interrupted three times: complete, and nothing asked twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_personas.engines.openai import retrying
from eval.report import Report
from tests.cli.faulty_server import PASSING, FaultyServer, faulty_server
from tests.cli.running import Command, only_line, write_survey
from tests.eval.towns import many

LASTING = {"Q40": "500", "Q90": "no log-probabilities", "Q140": "429", "Q190": "malformed", "Q240": "half a body"}
NAMED = {
    "Q40": "answered 500 (not now)",
    "Q90": "sent no log-probabilities for this answer",
    "Q140": "still limits the rate after 21 tries",
    "Q190": "sent an answer that is not JSON, or is cut off",
    "Q240": "broke off its answer",
}


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    """A server that is asked for one answer at a time, so that none is under way when another is interrupted."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.0)
    with faulty_server() as serving:
        (home / "config").mkdir(parents=True)
        (home / "config" / "settings.toml").write_text(f'[servers."{serving.url}"]\nconcurrency = 1\n')
        yield serving


@pytest.mark.slow
def test_a_run_interrupted_three_times_on_a_faulty_server_is_complete_and_asks_nothing_twice(
    command: Command, server: FaultyServer, tmp_path: Path
) -> None:
    survey = write_survey(tmp_path / "long.json", many(250))
    arguments = (
        "eval",
        "democrat",
        "--no-unsteered",
        "--survey",
        survey,
        "--model",
        server.url,
        "--json",
        "report.json",
    )
    server.lasting = LASTING

    for kept, again in ((100, []), (250, ["--resume"]), (400, ["--resume"])):
        server.interrupt_at = kept
        ran = command(*arguments, *again)
        assert ran.code == 130
        assert ran.err.endswith(f"{kept} of 500 answers are kept: add --resume to the same command to go on\n")
    assert command(*arguments, "--resume").code == 0

    report = Report.model_validate_json(Path("report.json").read_text())
    assert (report.timing.probes, report.timing.remembered, len(report.questions)) == (500, 400, 245)
    assert {failure.id for failure in report.failures} == set(LASTING)
    for failure in report.failures:
        assert NAMED[failure.id] in failure.why
    assert len(server.answered) == 490
    assert set(server.faults) == {*PASSING, "no log-probabilities"}

    server.lasting = {}  # mended: the same command asks for the failures, and for nothing else
    assert command(*arguments).code == 0
    report = Report.model_validate_json(Path("report.json").read_text())
    assert (report.timing.remembered, len(report.questions), report.failures) == (490, 250, ())
    assert len(server.answered) == 500
    assert set(server.answered.values()) == {1}, "no probe was asked again that had been answered"


def test_a_server_that_goes_away_ends_the_run_and_what_it_answered_is_kept(
    command: Command, server: FaultyServer, few: str
) -> None:
    server.gone_at = 4
    ran = command("eval", "democrat", "--no-unsteered", "--survey", few, "--model", server.url)
    assert ran.code == 3
    assert f"cannot reach {server.url}; is the server running" in only_line(ran)
    assert "4 of 6 answers are kept: add --resume to the same command to go on" in ran.err
    assert "4 answers" in command("cache", "show").out


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("impossible", "the server sent probabilities that sum to 1.81, more than 1"),
        ("no log-probabilities", "the server sent no log-probabilities for this answer"),
    ],
)
def test_a_server_whose_probabilities_leave_no_answer_is_a_server_that_fails(
    command: Command, server: FaultyServer, few: str, fault: str, why: str
) -> None:
    server.lasting = {f"Q{number}": fault for number in range(10)}
    ran = command("eval", "democrat", "--no-unsteered", "--survey", few, "--model", server.url)
    assert ran.code == 3
    assert ran.err.splitlines()[-1] == f"chat-personas: democrat: no question was answered: survey order: {why}"


def test_a_server_that_answers_one_question_is_not_one_that_fails(
    command: Command, server: FaultyServer, few: str
) -> None:
    server.lasting = {f"Q{number}": "impossible" for number in range(2, 10)}
    ran = command("eval", "democrat", "--no-unsteered", "--survey", few, "--model", server.url)
    assert ran.code == 0
