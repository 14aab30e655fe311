"""A file of the wrong kind is called what it is, and a number that does not fit is refused in plain words."""

import json
from pathlib import Path

import pytest

from tests.cli.running import Command, only_line
from tests.eval.reports import document, rows

WRONG_DOCUMENTS = {
    "a report, as a survey": (
        "eval democrat --survey ./report.json",
        '"report.json": this is a report, not a survey; name a survey, or the file of one (see docs/surveys.md)',
    ),
    "a report, as a persona": ("eval report.json", "line 1: this is a report, not a persona; name a persona"),
    "JSON Lines, as a persona": ("eval lines.jsonl", "line 1: this is a JSON document, not a persona; name a persona"),
    "a report, as answers": (
        "eval --answers report.json",
        '"report.json" is a report, not a file of answers; name one that chat-personas eval --save-answers wrote',
    ),
    "a report on one line, as answers": (
        "eval --answers one-line.json",
        '"one-line.json" is a report, not a file of answers',
    ),
    "JSON of another kind, as answers": (
        "eval --answers list.json",
        '"list.json" is a JSON document, not JSON Lines; write one object on each line',
    ),
    "a matrix, as a report": (
        "report matrix.json",
        'the schema is "chat-personas/matrix@2": this is a matrix, not a report; name a file that chat-personas eval',
    ),
    "a matrix, to compare": ("compare matrix.json matrix.json", "this is a matrix, not a report; name a file that"),
    "a matrix, as a survey": ("surveys show matrix.json", "this is a matrix, not a survey; name a survey, or the file"),
    "a survey, as a report": ("report few.json", "this is a survey, not a report; name a file that chat-personas eval"),
    "a report of another program": ("report other.json", 'the schema is "x@1", not that of a report; name a file that'),
    "a report of the future": ("report newer.json", "which this version does not read; use a newer version, or write"),
}


@pytest.fixture
def documents(tmp_path: Path, few: str) -> None:
    """A document of each kind."""
    report = document(rows([0.5, 0.7]))
    (tmp_path / "report.json").write_text(json.dumps(report, indent=2))
    (tmp_path / "one-line.json").write_text(json.dumps(report))
    (tmp_path / "list.json").write_text(json.dumps([{"question": "Q1"}], indent=2))
    (tmp_path / "lines.jsonl").write_text('{"question": "Q1"}\n{"question": "Q2"}\n')
    schemas = {"matrix": "chat-personas/matrix@2", "other": "x@1", "newer": "chat-personas/eval-report@9"}
    for name, schema in schemas.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"schema": schema}, indent=2))


@pytest.mark.usefixtures("documents")
@pytest.mark.parametrize(("line", "says"), WRONG_DOCUMENTS.values(), ids=WRONG_DOCUMENTS)
def test_a_document_of_another_kind_is_called_what_it_is(command: Command, line: str, says: str) -> None:
    ran = command(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert says in only_line(ran)


def test_a_faulty_line_of_answers_is_still_called_by_its_fault(command: Command, tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text('{"question": "Q1"}')
    ran = command("eval", "--answers", "answers.jsonl")
    assert '"answers.jsonl": line 1: "group" is missing; add it' in only_line(ran)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("eval democrat --seed 1e300", "--seed must be a whole number; see chat-personas eval --help"),
        ("eval democrat --limit 0", "--limit must be 1 or more; see chat-personas eval --help"),
        ("matrix democrat --seed -1", "--seed must be 0 or more; see chat-personas matrix --help"),
        ("eval democrat --fail-under 80", "--fail-under must be 1 or less; see chat-personas eval --help"),
        ("eval democrat --fail-under high", "--fail-under must be a number; see chat-personas eval --help"),
        ("report verify r.json --replay 0", "--replay must be 1 or more; see chat-personas report verify --help"),
    ],
)
def test_a_number_that_does_not_fit_is_refused_in_plain_words(command: Command, line: str, says: str) -> None:
    ran = command(*line.split())
    assert ran.code == 2
    assert only_line(ran) == f"chat-personas: {says}\n"


@pytest.mark.parametrize(
    ("group", "says"),
    [
        ("CHOIR", 'there is no group "CHOIR"; write ATTRIBUTE=VALUE, as in POLPARTY=Democrat'),
        ("POLPARTY", 'there is no group "POLPARTY"; write POLPARTY=VALUE, such as POLPARTY=Republican'),
        ("CHOIR=Sing", 'the survey works has no group CHOIR=Sing; did you mean "CHOIR=Sings"?'),
        ("TUBA=Plays", "the survey works has no group TUBA=Plays; see: chat-personas surveys show works"),
    ],
)
def test_a_group_that_a_survey_lacks_is_answered_with_what_to_write(
    command: Command, few: str, group: str, says: str
) -> None:
    survey = json.loads(Path(few).read_text()) | {"name": "works"}
    text = json.dumps(survey).replace('"POLPARTY": {"Democrat"', '"CHOIR": {"Sings"')
    Path("works.json").write_text(text)
    ran = command("surveys", "show", "works.json", "--group", group)
    assert (ran.code, ran.out) == (2, "")
    assert says in only_line(ran)
