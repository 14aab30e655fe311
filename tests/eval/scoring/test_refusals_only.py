"""A persona that refuses some questions outright: that is an answer, and every score says so in its own way."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from eval.answer_files import as_answers
from eval.answers import Refusals
from eval.evaluation import evaluate
from eval.matrix.asking import all_prompts
from eval.matrix.run import evaluate_matrix
from eval.report import Report
from eval.report.calibrate import calibrated
from eval.report.read import read_reports
from eval.scoring.scores import score
from eval.surveys.loading import LoadedSurvey
from personas import load_persona
from tests.eval.fake_engine import FakeEngine, Masses
from tests.eval.prompted_engine import PromptedEngine
from tests.eval.saying_engine import SayingEngine, options_in
from tests.eval.towns import DEMOCRAT, REFUSAL, REPUBLICAN, answer, many, question, town

REFUSALS: tuple[Refusals, ...] = ("apart", "as-option")
FIGURES = {DEMOCRAT: [60, 40], REPUBLICAN: [20, 80]}
TOWN = town(*(question(name, FIGURES, overall=[80, 120], refused=25) for name in ("BUS", "TRAM", "TAX", "INN")))
SURVEY = LoadedSurvey(TOWN, Path("town.json"), "ab" * 32)
DEMOCRATS = load_persona("democrat")
REFUSED = {REFUSAL: 0.9}
SHY: dict[str, Masses] = dict.fromkeys(("BUS", "TRAM", "TAX"), REFUSED) | {"INN": {"option 1": 0.6, "option 2": 0.4}}
PEOPLE_REFUSE = 25 / 125


def mean(report: Report, name: str) -> float | None:
    """Return the mean of a score."""
    found = getattr(report.scores, name)
    return None if found is None else found.mean


async def asked(refusals: Refusals, masses: dict[str, Masses] = SHY) -> Report:
    """Return the report on a model that gives these masses."""
    return await evaluate(FakeEngine(masses), DEMOCRATS, SURVEY, refusals=refusals)


async def test_apart_what_was_only_refused_counts_as_refused_and_in_no_distance() -> None:
    report = await asked("apart")
    assert [each.id for each in report.questions] == ["INN"]
    assert [each.id for each in report.refused] == ["BUS", "TRAM", "TAX"]
    assert [(each.id, each.why) for each in report.failures] == [
        (name, "answered with refusals only") for name in ("BUS", "TRAM", "TAX")
    ]
    assert mean(report, "refusal") == pytest.approx(3 / 4)
    assert mean(report, "human_refusal") == pytest.approx(PEOPLE_REFUSE)
    assert mean(report, "total_variation") == pytest.approx(0)
    assert mean(report, "label_mass") == pytest.approx((3 * 0.9 + 1) / 4)
    assert report.topics[0].questions == 1
    assert report.nearest_questions == 1


async def test_as_an_option_what_was_only_refused_is_scored_as_it_is() -> None:
    report = await asked("as-option")
    assert (len(report.questions), report.failures, report.refused) == (4, (), ())
    assert mean(report, "refusal") == pytest.approx(3 / 4)
    # Refusing altogether is 0.8 from people who refuse in 0.2; what was answered without refusing is 0.2 from them.
    assert mean(report, "total_variation") == pytest.approx((3 * 0.8 + 0.2) / 4)
    assert mean(report, "alignment") == pytest.approx(1)


@pytest.mark.parametrize("refusals", REFUSALS)
async def test_references_are_over_the_questions_on_which_the_persona_was_compared(refusals: Refusals) -> None:
    population = (await asked(refusals)).references.population
    assert population is not None
    assert population.alignment is not None
    assert population.minus_persona.alignment is not None
    assert population.alignment.mean == pytest.approx(0.8)  # INN alone: 0.4 against 0.6, on a span of 1
    assert population.minus_persona.alignment.mean == pytest.approx(-0.2)


@pytest.mark.parametrize("refusals", REFUSALS)
async def test_an_order_of_refusals_only_leaves_the_question_in(refusals: Refusals) -> None:
    report = await asked(refusals, {**SHY, "BUS/survey": {"option 1": 0.6, "option 2": 0.4}, "BUS": REFUSED})
    bus = report.questions[0]
    assert bus.id == "BUS"
    assert bus.refusal == pytest.approx(1 / 2)
    assert bus.model == pytest.approx((0.6, 0.4) if refusals == "apart" else (0.3, 0.2))
    assert (bus.by_order[1].model is None) == (refusals == "apart")
    assert read_reports(report.to_json()) == (report,)


@pytest.mark.parametrize("expression", ["sampled", "sequence", "verbalized"])
async def test_refusing_in_words_counts_as_refusing_by_letters_does(expression: str) -> None:
    def say(prompt: str, number: int) -> str:
        letters = options_in(prompt)
        letter = letters["option 1"] if "INN" in prompt else letters[REFUSAL]
        if expression == "verbalized":
            return "{" + ", ".join(f'"{each}": {100 if each == letter else 0}' for each in letters.values()) + "}"
        return " ".join([letter] * 30) if expression == "sequence" else letter

    report = await evaluate(SayingEngine(say), DEMOCRATS, SURVEY, expression=expression)  # type: ignore[arg-type]
    assert [each.id for each in report.refused] == ["BUS", "TRAM", "TAX"]
    assert mean(report, "refusal") == pytest.approx(3 / 4)


async def test_a_question_that_is_not_valid_is_left_out_of_the_valid_refusals_too() -> None:
    report = await asked("apart", {**SHY, "BUS": {REFUSAL: 0.4}})
    assert [each.valid for each in report.refused] == [False, True, True]
    valid = report.scores_valid_only.refusal
    assert valid is not None
    assert valid.mean == pytest.approx(2 / 3)
    assert mean(report, "refusal") == pytest.approx(3 / 4)


def test_refusals_without_figures_of_people_are_a_share_of_all_questions() -> None:
    card = score(TOWN, None, [answer("BUS", [0, 0], refusal=1), answer("TAX", [1, 0])])
    assert card.scores.refusal is not None
    assert card.scores.refusal.mean == pytest.approx(1 / 2)


def test_many_refusals_have_an_interval_and_change_no_other_score() -> None:
    survey = many(60)

    def options(number: int) -> Sequence[float]:
        return [1 / (2 + number % 4)] * (2 + number % 4)

    spoken = [answer(f"Q{number}", options(number)) for number in range(30)]
    silent = [answer(f"Q{number}", [0] * (2 + number % 4), refusal=1) for number in range(30, 60)]
    alone, both = (score(survey, (DEMOCRAT,), answers) for answers in (spoken, spoken + silent))
    assert both.scores.refusal is not None
    assert both.scores.refusal.low is not None
    assert both.scores.refusal.mean == pytest.approx(1 / 2)
    for name in ("alignment", "total_variation", "skill", "order_bias", "entropy_ratio"):
        assert getattr(both.scores, name) == getattr(alone.scores, name)
    assert (both.references, both.nearest, both.topics) == (alone.references, alone.nearest, alone.topics)
    np.testing.assert_array_equal(both.questions[3].model, alone.questions[3].model)


async def test_a_matrix_names_what_was_only_refused_among_its_failures() -> None:
    engine = PromptedEngine({prompt: {"BUS": REFUSED} for prompt in all_prompts([DEMOCRATS])})
    made = await evaluate_matrix(engine, [DEMOCRATS], SURVEY)
    assert "BUS" not in made.questions
    assert {(each.id, each.why.partition(" (")[0]) for each in made.failures} == {
        ("BUS", "answered with refusals only")
    }


async def test_saved_answers_keep_what_was_only_refused() -> None:
    lines = as_answers([await asked("apart")]).splitlines()
    assert len(lines) == 4
    assert sum('"refusal": 1.0' in line for line in lines) == 3


@pytest.mark.parametrize("refusals", REFUSALS)
async def test_calibration_takes_the_orders_that_have_a_distribution(refusals: Refusals) -> None:
    survey = LoadedSurvey(many(24), Path("many.json"), "ab" * 32)
    masses: dict[str, Masses] = {f"Q{number}/reversed": REFUSED for number in range(4)} | {"Q5": REFUSED}
    report = await evaluate(FakeEngine(masses), DEMOCRATS, survey, refusals=refusals)
    made = calibrated(report).calibration
    assert made is not None
    assert sum(len(fold.questions) for fold in made.folds) == len(report.questions) == 24 - (refusals == "apart")
    assert made.scores.total_variation is not None
    assert made.minus_uncalibrated.total_variation is not None
    assert report.scores.total_variation is not None
    changed = made.scores.total_variation.mean - report.scores.total_variation.mean
    assert made.minus_uncalibrated.total_variation.mean == pytest.approx(changed)
