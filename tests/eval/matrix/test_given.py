"""Answers from a file stand beside the model's rows: human annotators, or answers that others published."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from eval.answer_files import AnswerFile, collect_answers
from eval.errors import AnswerError, SurveyError
from eval.matrix.models import MatrixReport
from eval.matrix.run import evaluate_matrix
from personas import Group
from tests.eval.matrix.test_matrix import PERSONAS, town_of
from tests.eval.prompted_engine import PromptedEngine
from tests.eval.towns import DEMOCRAT, FEMALE, REPUBLICAN

TOWN = town_of(1)


def lines(group: Group, source: Group | None = None, leaving_out: Iterable[int] = ()) -> list[dict[str, Any]]:
    """Return answers for `group` that are the figures of `source`, its own if not given, but for some questions."""
    found = []
    for number, asked in enumerate(TOWN.survey.questions):
        people = TOWN.people(source or group, number)
        if people is not None and number not in leaving_out:
            shares = dict(zip(asked.option_texts, people, strict=True))
            found.append({"question": asked.id, "group": group.model_dump(), "distribution": shares})
    return found


def given(*answers: list[dict[str, Any]], name: str = "humans.jsonl") -> AnswerFile:
    return collect_answers([line for each in answers for line in each], TOWN.loaded(), name)


async def made(answers: Mapping[str, AnswerFile]) -> MatrixReport:
    return await evaluate_matrix(PromptedEngine(TOWN.masses), PERSONAS, TOWN.loaded(), answers=answers)


async def test_annotators_who_answer_as_the_group_does_have_a_row_like_the_models_and_alignment_1() -> None:
    file = given(lines(DEMOCRAT))
    report = await made({"annotators": file})
    assert [row.name for row in report.rows] == ["unsteered", "democrat", "republican", "annotators"]
    row, plain = report.rows[-1], await evaluate_matrix(PromptedEngine(TOWN.masses), PERSONAS, TOWN.loaded())
    assert (row.verdict.finding, row.verdict.sound, row.verdict.order_agreement) == ("given", True, None)
    assert row.answers is not None
    assert (row.answers.label, row.answers.file, row.answers.sha256) == ("annotators", "humans.jsonl", file.sha256)
    (place,) = [n for n, target in enumerate(report.targets) if target.group and target.group.group == DEMOCRAT]
    assert row.cells[place].alignment.mean == pytest.approx(1)
    assert row.own_rank == 1
    assert report.rows[:-1] == plain.rows, "the model's rows are over the same questions, and stay as they are"
    assert (report.steerability, report.targets) == (plain.steerability, plain.targets)


async def test_a_cell_compares_the_file_with_the_group_of_the_column() -> None:
    report = await made({"annotators": given(lines(DEMOCRAT, REPUBLICAN))})
    for cell, target in zip(report.rows[-1].cells, report.targets, strict=True):
        who = None if target.group is None else target.group.group
        assert cell.alignment.mean == pytest.approx(TOWN.mean(TOWN.common(), REPUBLICAN, who), abs=1e-9)


async def test_a_question_that_the_file_leaves_out_is_in_no_row_and_is_named() -> None:
    report = await made({"annotators": given(lines(DEMOCRAT, leaving_out=[0, 1]))})
    assert report.questions == tuple(f"Q{number}" for number in TOWN.common() if number not in (0, 1))
    assert [(one.id, one.why) for one in report.failures] == [
        (name, "no answer in the file (annotators)") for name in ("Q0", "Q1")
    ]


async def test_a_file_for_several_groups_has_a_row_for_each() -> None:
    report = await made({"annotators": given(lines(DEMOCRAT), lines(FEMALE))})
    assert [row.name for row in report.rows[3:]] == ["annotators: POLPARTY=Democrat", "annotators: SEX=Female"]
    assert [row.groups[0].group for row in report.rows[3:]] == [DEMOCRAT, FEMALE]


async def test_two_rows_of_one_name_are_refused_before_anything_is_asked() -> None:
    engine = PromptedEngine(TOWN.masses)
    for label in ("unsteered", "democrat"):
        with pytest.raises(AnswerError, match=f'two rows are called "{label}"; give the file another label'):
            await evaluate_matrix(engine, PERSONAS, TOWN.loaded(), answers={label: given(lines(DEMOCRAT))})
    assert engine.asked == []


async def test_a_file_without_a_question_in_common_is_refused_with_what_to_do() -> None:
    unordered = given([line for line in lines(DEMOCRAT) if line["question"] == "Q5"])
    with pytest.raises(SurveyError, match="leave out files that answer few questions"):
        await made({"annotators": unordered})


async def test_a_file_that_says_it_is_not_sound_or_of_a_demonstration_model_has_such_a_row() -> None:
    said = {"verdict": "follows_letters", "demonstration": True}
    report = await made({"letters": given([line | said for line in lines(DEMOCRAT)])})
    (row,) = [row for row in report.rows if row.answers is not None]
    assert (row.verdict.finding, row.verdict.sound, report.demonstration) == ("follows_letters", False, True)
    assert not (await made({"annotators": given(lines(DEMOCRAT))})).demonstration
