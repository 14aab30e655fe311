"""A report that cannot be read is refused in one line that names the file and the fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.errors import ReportError
from eval.report.read import load_reports, read_reports
from tests.eval.reports import document, report, row, rows


def several(*reports: Any) -> str:
    return json.dumps({"schema": "chat-personas/eval-reports@1", "reports": list(reports)})


def test_what_a_report_writes_is_read_again() -> None:
    written = report(rows([0.5, None]))
    assert read_reports(written.to_json()) == (written,)


def test_a_document_of_several_gives_all_of_them_in_order() -> None:
    text = several(document(rows([0.5]), name="one"), document(rows([0.5]), name="two"))
    assert [found.persona.name for found in read_reports(text)] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "has no schema"),
        ('{"schema": "chat-personas/survey@1"}', 'the schema is "chat-personas/survey@1"'),
        (several(), "the file holds no report"),
        (several(document([{"id": "Q"}])), 'reports 1, questions 1: "topics" is missing'),
        (json.dumps(document(rows([0.5]), sede=1)), 'there is no key "sede"; did you mean "seed"?'),
        (
            json.dumps(document(rows([0.5]), seed="many")),
            'seed is "many"; write a whole number, without quotes, or write the report again',
        ),
        (several(document([row("Q", 0.5) | {"aligment": 1}])), 'did you mean "alignment"? Or write the report again'),
        (json.dumps(document(rows([0.5]))).replace('"seed"', '"seed": 1, "seed"'), 'duplicate key "seed"'),
        (json.dumps(document(rows([float("nan")]))), "NaN is not a number in JSON"),
        (json.dumps(document([row("Q", 0.5), row("Q", 0.6)])), 'duplicate question "Q"'),
        (json.dumps(document([row("Q", 0.5) | {"model": [1.0]}])), 'the question "Q" does not have one figure'),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_report_is_refused_with_the_fault(text: str, says: str) -> None:
    with pytest.raises(ReportError) as refused:
        read_reports(text)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_report_from_before_answers_were_remembered_is_read() -> None:
    made = json.loads(json.dumps(document(rows([0.5]))))
    assert "remembered" not in made["timing"]
    (found,) = read_reports(json.dumps(made))
    assert (found.timing.remembered, found.timing.remembered_since) == (0, None)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "picture.json").write_bytes(b"\xff\xfe\x00")
    for name, says in (
        ("gone.json", "there is no file"),
        ("picture.json", "not UTF-8"),
        (".", "is a directory; name a report"),
    ):
        with pytest.raises(ReportError, match=says) as refused:
            load_reports(str(tmp_path / name))
        assert str(tmp_path) not in str(refused.value)
