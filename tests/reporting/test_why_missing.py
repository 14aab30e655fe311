"""A number that is missing says why, in the table and on the page, decided by the number itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chat_personas.cli.tables.comparison import print_comparisons
from chat_personas.cli.tables.expressions import print_expressions
from chat_personas.cli.tables.report import print_reports
from chat_personas.reporting.html.comparison_page import paired_page_document
from chat_personas.reporting.html.report_page import page_document
from chat_personas.reporting.svg.figures import figure_document
from chat_personas.reporting.why_missing import missing
from chat_personas.reporting.wording.measurements import LETTERS_ALONE
from eval.compare.paired import NamedReport, paired
from eval.evaluation import evaluate
from eval.report import Report
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question, Responses
from personas import load_persona
from tests.eval.fake_engine import FakeEngine
from tests.eval.reports import EMPTY, judged_as, report, row
from tests.eval.towns import DEMOCRAT, REPUBLICAN, question, town
from tests.reporting.reading import words
from tests.reporting.reported import score, scored

FEW = "under 20 questions: no intervals"
FEW_OF_30 = "under 20 of 30 questions count: no intervals"


def asked(
    count: int, *, ordered: int | None = None, figures: Any = None, everyone: tuple[int, int] = (100, 100)
) -> Any:
    """Return questions with two options, of which the first `ordered` have an order."""
    people = figures or {DEMOCRAT: (90, 10), REPUBLICAN: (10, 90)}
    return [
        question(f"Q{place}", people, overall=everyone, ordinals=(1, 2) if place < (ordered or count) else (1, 1))
        for place in range(count)
    ]


async def evaluated(questions: Sequence[Question], persona: str = "democrat", **options: Any) -> Report:
    """Return the report of a persona that spreads its answers evenly."""
    loaded = LoadedSurvey(town(*questions), Path("town.json"), "ab" * 32)
    return judged_as(await evaluate(FakeEngine(), load_persona(persona), loaded, **options), "sound")


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


async def test_a_score_over_few_ordered_questions_says_why_it_has_no_interval_however_many_were_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = await evaluated(asked(30, ordered=12))
    assert len(found.questions) == 30
    assert found.scores.alignment is not None
    assert found.scores.alignment.low is None
    assert found.scores.total_variation is not None
    assert found.scores.total_variation.low is not None
    why = f"{FEW_OF_30} for alignment, they would be unreliable"
    print_reports([found], to_error=False)
    assert why in printed(capsys)
    print_expressions([found, found.model_copy(update={"expression": "verbalized"})], to_error=False)
    assert f"log_probability: {why}" in printed(capsys)
    assert why in words(page_document([found]))


async def test_a_difference_over_few_ordered_questions_says_why_it_has_no_interval(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = await evaluated(asked(30, ordered=12))
    comparison = paired(NamedReport("a.json", found), NamedReport("b.json", found))
    why = f"{FEW_OF_30} for alignment, they would be unreliable; see p"
    print_comparisons([comparison], to_error=False)
    assert why in printed(capsys)
    assert why in words(paired_page_document([comparison]))


async def test_letters_alone_without_an_interval_is_not_said_to_have_as_many_questions_as_the_table() -> None:
    of_three = [
        question(
            f"T{place}", {DEMOCRAT: (60, 30, 10), REPUBLICAN: (10, 30, 60)}, overall=(100, 100, 100), ordinals=(1, 2, 3)
        )
        for place in range(3)
    ]
    found = await evaluated([*asked(17), *of_three])
    assert len(found.questions) == 20
    why = f"under 20 of 20 questions count: no intervals for {LETTERS_ALONE}, they would be unreliable"
    assert why in list(missing(found))
    assert f"Under 20 questions: no intervals for {LETTERS_ALONE}" in words(figure_document([found]))


async def test_where_no_score_has_an_interval_that_is_said_once() -> None:
    lines = list(missing(await evaluated(asked(19))))
    assert [line for line in lines if FEW in line] == [f"{FEW}, they would be unreliable"]


async def test_with_20_questions_of_every_kind_nothing_is_missing() -> None:
    assert list(missing(await evaluated(asked(20)))) == []


async def test_a_reference_point_over_fewer_questions_says_why_it_has_no_interval() -> None:
    without = asked(10, figures={DEMOCRAT: (90, 10)})
    other = [each.model_copy(update={"id": f"R{each.id}"}) for each in asked(12)]
    lines = list(missing(await evaluated([*without, *other])))
    assert "under 20 of 22 questions count: no intervals for Republican answers, they would be unreliable" in lines


@pytest.mark.parametrize(
    ("questions", "persona", "says"),
    [
        (asked(20, ordered=-1), "democrat", "no alignment: no question has ordered options"),
        (asked(19), "democrat", "no skill: under 20 questions"),
        (
            asked(20, figures={DEMOCRAT: (50, 50), REPUBLICAN: (50, 50)}),
            "democrat",
            "no skill: the group does not differ detectably from everyone else, or figures for everyone are incomplete",
        ),
        (asked(20, figures={DEMOCRAT: (9, 0), REPUBLICAN: (0, 9)}), "democrat", "no spread ratio: all people gave"),
        (asked(20, figures={DEMOCRAT: (90, 10)}), "democrat", "no opposite group: no figures for another group"),
        (asked(20), "unsteered", "no skill: the persona is compared with everyone"),
        (asked(20), "unsteered", "no opposite group: everyone has none"),
    ],
)
async def test_every_missing_number_has_its_reason(questions: Sequence[Question], persona: str, says: str) -> None:
    assert any(line.startswith(says) for line in missing(await evaluated(questions, persona)))


async def test_without_counts_there_is_neither_noise_floor_nor_skill() -> None:
    shares = Responses(proportions=(0.9, 0.1), refused=0)
    responses = {"POLPARTY": {"Democrat": shares, "Republican": Responses(proportions=(0.1, 0.9), refused=0)}}
    questions = [each.model_copy(update={"responses": responses}) for each in asked(20)]
    assert "no skill or noise floor: no counts of respondents for every question" in list(
        missing(await evaluated(questions))
    )


def test_where_nothing_was_answered_that_is_the_reason_for_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    empty = report([], failures=[{"id": "Q0", "why": "too long"}])
    (why,) = missing(empty)
    assert why.startswith("no alignment, total variation, skill, ")
    assert why.endswith(" or noise floor: no question was answered")
    print_reports([empty], to_error=False)
    assert "no question was answered" in printed(capsys)
    assert why in words(page_document([empty]))


def test_without_human_figures_all_that_needs_people_has_one_reason() -> None:
    strangers = {**row("Q0", None), "total_variation": None, "human": None, "human_refusal": None, "human_n": None}
    found = report([strangers], scores={**EMPTY, "refusal": score(0.1), "label_mass": score(0.9)})
    assert (
        "no alignment, total variation, skill, human refusal, spread ratio, worth in people, "
        "everyone's answers, opposite group, even answers or noise floor: no human figures for the group"
    ) in list(missing(found))


def test_a_ratio_without_an_interval_over_enough_questions_is_not_said_to_be_over_few() -> None:
    entropy = {"entropy_ratio": score(1.2), "alignment": score(0.8, 0.7, 0.9)}
    found = scored([row(f"Q{place}", 0.8) for place in range(20)], scores={**EMPTY, **entropy})
    lines = list(missing(found))
    assert "no interval for spread ratio: some resamples have no ratio" in lines
    assert not any(FEW in line for line in lines)


def test_a_file_of_answers_is_said_not_to_say_how_they_were_read() -> None:
    scores = {**scored().scores.model_dump(), "label_mass": None, "order_bias": None}
    lines = list(missing(scored(scores=scores, expression="unknown")))
    assert "no label mass or order bias: the file of answers does not say what they were" in lines


def test_answers_that_were_not_read_from_letters_have_no_label_mass_and_one_order_no_order_bias() -> None:
    found = scored(scores={**scored().scores.model_dump(), "label_mass": None, "order_bias": None})
    lines = list(missing(found))
    assert any(line.startswith("no label mass") and "not read from letters" in line for line in lines)
    assert any(line.startswith("no order bias") and "two option orders" in line for line in lines)
