"""A report that cannot be read is refused in one line that names the file and the fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.errors import ReportError
from eval.report.read import load_reports, read_reports
from tests.eval.reports import document, report, row, rows


def several(*reports: Any) -> str:
    return json.dumps({"schema": "chat-personas/eval-reports@2", "reports": list(reports)})


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


DAMAGED = {
    ("scores", "alignment", "mean"): (1e300, "scores, alignment, mean is 1e+300; write 1 or less, or write the report"),
    ("scores", "alignment", "low"): (-1e300, "scores, alignment, low is -1e+300; write -2 or more"),
    ("scores", "skill", "high"): (1e300, "scores, skill, high is 1e+300; write 1e+15 or less"),
    ("group_sample", "people"): (-5, "group_sample, people is -5; write 0 or more"),
    ("verdict", "order_agreement", "mean"): (-1.5, "verdict, order_agreement, mean is -1.5; write -1 or more"),
    ("verdict", "valid"): (-1, "verdict, valid is -1; write 0 or more"),
    ("questions", 0, "model", 1): (1e300, "questions 1, model 2 is 1e+300; write 1 or less"),
    ("questions", 0, "human", 0): (-0.1, "questions 1, human 1 is -0.1; write 0 or more"),
    ("questions", 0, "refusal"): (1.001, "questions 1, refusal is 1.001; write 1 or less"),
    ("questions", 0, "ordinal", 0): (-1e300, "questions 1, ordinal 1 is -1e+300; write -1e+15 or more"),
    ("questions", 0, "alignment"): ("0.9", 'questions 1, alignment is "0.9"; write a number, without quotes'),
    ("questions", 0, "label_mass"): (True, "questions 1, label_mass is true; write a number, without quotes"),
    ("questions", 0, "human"): ([], 'the question "Q0" does not have one figure for each option'),
    ("references", "uniform", "minus_persona", "alignment", "mean"): (3.0, "alignment, mean is 3.0; write 2 or less"),
    ("orders", 0): (1e300, "orders 1 is 1e+300; write text in double quotes"),
    ("orders", 1): ("back", 'orders 2 is "back"; write "survey", "reversed", "rotated-N" or "shuffled-N"'),
    ("timing", "seconds"): (-1.0, "timing, seconds is -1.0; write 0 or more"),
}


def full() -> Any:
    """A report with a figure in each of the places that are damaged."""
    figure = {"mean": 0.9, "low": 0.8, "high": 1.01}
    nothing = {"alignment": None, "total_variation": None}
    reference = nothing | {"minus_persona": nothing | {"alignment": figure}}
    references = dict.fromkeys(("population", "opposite", "noise_floor")) | {"uniform": reference}
    sample = {"people": 50.5, "share": 0.5, "everyone_else": None, "sample": None}
    scores = document([])["scores"] | {"alignment": figure, "skill": figure}
    made = document(rows([0.5, None]), scores=scores, references=references, group_sample=sample)
    return json.loads(json.dumps(made))


@pytest.mark.parametrize(("place", "value", "says"), [(place, *what) for place, what in DAMAGED.items()], ids=str)
def test_a_value_that_no_report_can_have_is_refused_with_its_place(place: Any, value: Any, says: str) -> None:
    damaged = full()
    assert read_reports(json.dumps(damaged))
    part = damaged
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(ReportError) as refused:
        read_reports(json.dumps(damaged))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_number_beyond_all_numbers_is_refused() -> None:
    text = json.dumps(full()).replace('"mean": 0.9', '"mean": 1e999', 1)
    with pytest.raises(ReportError, match=r"is inf; write 1 or less"):
        read_reports(text)


def test_a_gap_is_a_difference_over_any_number_of_questions() -> None:
    gap = {"persona": "democrat", "simulation": "sampled", "total_variation": {"mean": -0.5, "low": None, "high": None}}
    made = {"schema": "chat-personas/eval-reports@2", "reports": [full()], "gaps": [gap | {"p": 0.5, "questions": 20}]}
    assert read_reports(json.dumps(made))


def test_rounding_and_sums_of_answers_from_a_file_are_no_damage() -> None:
    made = full()
    made["questions"][0] |= {"model": [1 + 1e-12, -1e-12], "label_mass": 1.01}
    assert read_reports(json.dumps(made))
    made["questions"][0]["model"] = [1.04, 0.0]
    with pytest.raises(ReportError, match=r"model 1 is 1.04; write 1 or less"):
        read_reports(json.dumps(made))
    made["model"]["engine"] = "answers"
    assert read_reports(json.dumps(made))


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


def ordered(number: int, *, by_letter: bool) -> Any:
    """A question whose two orders agree, or in which the first letter is chosen whatever it stands for."""
    question = row(f"Q{number}", 0.5)
    k = len(question["options"])
    likely = [0.9, *[0.1 / (k - 1)] * (k - 1)]
    by_order = {"survey": likely, "reversed": likely[::-1] if by_letter else likely}
    shared = {"refusal": 0.0, "label_mass": 0.9, "truncation": 0.0}
    return question | {"by_order": [{"order": order, "model": model} | shared for order, model in by_order.items()]}


def of_the_first_schema(questions: list[Any]) -> dict[str, Any]:
    old = document(questions) | {"schema": "chat-personas/eval-report@1"}
    del old["verdict"]
    return old


def test_a_report_of_the_first_schema_is_judged_by_its_questions_when_it_is_read() -> None:
    for by_letter, finding in ((False, "sound"), (True, "follows_letters")):
        old = of_the_first_schema([ordered(number, by_letter=by_letter) for number in range(24)])
        (found,) = read_reports(json.dumps(old))
        assert found.schema_ == "chat-personas/eval-report@2"
        assert found.verdict.finding == finding
        assert (found.verdict.valid, found.verdict.both_orders) == (24, 24)
    several_old = {"schema": "chat-personas/eval-reports@1", "reports": [old, old]}
    assert [found.verdict.finding for found in read_reports(json.dumps(several_old))] == ["follows_letters"] * 2


def test_a_report_of_the_second_schema_needs_its_verdict() -> None:
    new = document(rows([0.5]))
    del new["verdict"]
    with pytest.raises(ReportError, match='"verdict" is missing'):
        read_reports(json.dumps(new))


def test_a_report_from_before_letters_were_removed_is_read_without_them() -> None:
    made = json.loads(json.dumps(document(rows([0.5]))))
    assert "letters_removed" not in made
    (found,) = read_reports(json.dumps(made))
    assert (found.letters_removed, found.references.letters, found.questions[0].letters_removed) == (None, None, None)
