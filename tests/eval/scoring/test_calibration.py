"""One temperature, fitted on other questions than those it scores: worked out by hand and by brute force."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from eval.evaluation import evaluate
from eval.report import Report
from eval.report.calibrate import calibrated
from eval.scoring.calibration import Uncalibrated, at_end, cross_fitted, fit, folds, stacked
from eval.surveys.loading import LoadedSurvey
from personas import load_persona
from tests.eval.fake_engine import FakeEngine, Masses
from tests.eval.towns import many

SURVEY = LoadedSurvey(many(25), Path("town.json"), "cd" * 32)


def people(questions: int, width: int = 4, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(width, 2.0), questions)


def sharpened(distributions: np.ndarray, power: float) -> np.ndarray:
    powered = distributions**power
    return np.asarray(powered / powered.sum(axis=1, keepdims=True))


def uncalibrated(model: np.ndarray, human: np.ndarray) -> Uncalibrated:
    return stacked(model[:, None, :].tolist(), human.tolist(), [0.0] * len(human))


def test_temperature_2_takes_the_square_root_of_each_share_and_one_half_the_square() -> None:
    one = uncalibrated(np.array([[0.8, 0.2]]), np.array([[0.5, 0.5]]))
    assert one.at(2.0)[0] == pytest.approx([2 / 3, 1 / 3], abs=1e-12)
    assert one.at(0.5)[0] == pytest.approx([16 / 17, 1 / 17], abs=1e-12)
    assert one.total_variation(2.0)[0] == pytest.approx(1 / 6, abs=1e-12)


def test_each_option_order_is_calibrated_before_the_orders_are_averaged() -> None:
    two = stacked([[[0.8, 0.2], [0.2, 0.8]], [[0.8, 0.2]]], [[0.5, 0.5], [0.5, 0.5]], [0.0, 0.0])
    assert two.at(2.0) == pytest.approx(np.array([[0.5, 0.5], [2 / 3, 1 / 3]]), abs=1e-12)


def test_an_option_without_probability_gets_none_and_padding_neither() -> None:
    one = stacked([[[0.8, 0.2, 0.0]], [[0.8, 0.2]]], [[0.5, 0.5, 0.0], [0.5, 0.5]], [0.0, 0.0])
    for temperature in (0.05, 1.0, 20.0):
        assert list(one.at(temperature)[:, 2]) == [0, 0]


def test_refusals_as_an_option_keep_their_share() -> None:
    one = stacked([[[0.4, 0.1]]], [[0.3, 0.3]], [abs(0.5 - 0.4) / 2])
    assert one.at(2.0)[0] == pytest.approx([1 / 3, 1 / 6], abs=1e-12)
    assert one.total_variation(2.0)[0] == pytest.approx((1 / 30 + 4 / 30 + 3 / 30) / 2, abs=1e-12)
    everyone_refuses = stacked([[[0.0, 0.0]]], [[0.0, 0.0]], [0.0])
    assert list(everyone_refuses.at(2.0)[0]) == [0, 0]


def test_a_model_that_knows_nothing_is_flattened_to_the_end_of_the_range_and_that_is_said() -> None:
    human = np.array([[0.25] * 4] * 30)
    wrong = uncalibrated(sharpened(people(30), 2.0), human)
    temperature = fit(wrong)
    assert (temperature, at_end(temperature)) == (pytest.approx(20), "flattest")
    one_hot = np.eye(4)[np.arange(30) % 4]
    sharp = fit(uncalibrated(0.95 * human + 0.05 * one_hot, one_hot))
    assert (sharp, at_end(sharp)) == (pytest.approx(0.05), "sharpest")
    assert at_end(19.9) is at_end(0.051) is at_end(1.0) is None


@pytest.mark.parametrize(("power", "temperature"), [(2.0, 2.0), (4.0, 4.0), (0.5, 0.5), (0.1, 0.1)])
def test_a_model_that_is_too_sure_by_a_known_power_is_given_the_temperature_that_undoes_it(
    power: float, temperature: float
) -> None:
    human = people(40)
    overconfident = uncalibrated(sharpened(human, power), human)
    fitted = cross_fitted(overconfident, seed=0)
    assert fitted.temperatures == pytest.approx([temperature] * 5, rel=1e-4)
    assert overconfident.total_variation(fitted.of_question).mean() == pytest.approx(0, abs=1e-4)


def test_a_model_that_is_right_is_left_as_it_is() -> None:
    human = people(40)
    assert cross_fitted(uncalibrated(human, human), seed=0).temperatures == (1.0,) * 5


def test_where_no_temperature_changes_anything_it_is_1() -> None:
    assert fit(uncalibrated(np.full((20, 4), 0.25), people(20))) == 1.0


@pytest.mark.slow
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_the_fit_is_as_good_as_the_best_of_many_temperatures(seed: int) -> None:
    human = people(20, seed=seed)
    model = uncalibrated(people(20, seed=seed + 20_000), human)
    tried = [model.total_variation(float(each)).mean() for each in np.geomspace(0.05, 20, 4001)]
    assert model.total_variation(fit(model)).mean() <= min(tried) + 2e-3


@given(question=st.integers(0, 24), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_what_people_answered_to_a_question_has_no_part_in_the_temperature_that_scores_it(
    question: int, seed: int
) -> None:
    human, model = people(25), people(25, seed=8)
    before = cross_fitted(uncalibrated(model, human), seed)
    human[question] = [0.97, 0.01, 0.01, 0.01]
    after = cross_fitted(uncalibrated(model, human), seed)
    assert after.of_question[question] == before.of_question[question]
    assert (after.fold == before.fold).all()


@given(questions=st.integers(20, 200), seed=st.integers(0, 1000))
def test_folds_are_fifths_that_the_seed_draws(questions: int, seed: int) -> None:
    sizes = np.bincount(folds(questions, seed))
    assert len(sizes) == 5
    assert max(sizes) - min(sizes) <= 1
    assert (folds(questions, seed) == folds(questions, seed)).all()
    assert (folds(questions, seed) != folds(questions, seed + 1)).any()


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="19 questions are too few"):
        cross_fitted(uncalibrated(people(19), people(19)), seed=0)


async def asked(survey: LoadedSurvey = SURVEY, refusals: str = "apart") -> Report:
    """Return the report on a model that is too sure, differently so in the two orders, and refuses a little."""
    masses: dict[str, Masses] = {}
    for question in survey.survey.questions:
        counts = np.array(question.responses["POLPARTY"]["Democrat"].options)
        for order, power in (("survey", 3.0), ("reversed", 2.0)):
            shares = 0.85 * counts**power / (counts**power).sum()
            by_text = {f"option {place + 1}": share for place, share in enumerate(shares)}
            masses[f"{question.id}/{order}"] = by_text | {"No answer": 0.1}
    return await evaluate(FakeEngine(masses), load_persona("democrat"), survey, refusals=refusals)  # type: ignore[arg-type]


@pytest.mark.parametrize("refusals", ["apart", "as-option"])
async def test_calibrated_scores_recompute_from_the_report(refusals: str) -> None:
    report = calibrated(await asked(refusals=refusals))
    document = json.loads(report.to_json())
    part, rows = document["calibration"], {row["id"]: row for row in document["questions"]}
    assert sorted(name for fold in part["folds"] for name in fold["questions"]) == sorted(rows)
    aligned, distances, before = [], [], []
    for fold in part["folds"]:
        for name in fold["questions"]:
            row = rows[name]
            orders = [np.array(order["model"]) for order in row["by_order"]]
            powered = [order ** (1 / fold["temperature"]) for order in orders]
            model = np.mean([p / p.sum() * q.sum() for p, q in zip(powered, orders, strict=True)], axis=0)
            human, span = np.array(row["human"]), max(row["ordinal"]) - min(row["ordinal"])
            moved = wasserstein_distance(row["ordinal"], row["ordinal"], human, model)
            refused = abs(row["refusal"] - row["human_refusal"]) if refusals == "as-option" else 0
            aligned.append(1 - moved / span)
            distances.append((np.abs(model - human).sum() + refused) / 2)
            before.append((row["alignment"], row["total_variation"]))
    for name, values, place in (("alignment", aligned, 0), ("total_variation", distances, 1)):
        assert part["scores"][name]["mean"] == pytest.approx(np.mean(values), abs=1e-9)
        change = np.mean(values) - np.mean([pair[place] for pair in before])
        assert part["minus_uncalibrated"][name]["mean"] == pytest.approx(change, abs=1e-9)
        assert part["scores"][name]["low"] < part["scores"][name]["mean"] < part["scores"][name]["high"]
    assert all(2 < fold["temperature"] < 3 for fold in part["folds"])
    assert part["minus_uncalibrated"]["total_variation"]["high"] < 0


async def test_calibration_changes_nothing_else_in_the_report() -> None:
    report = await asked()
    assert report.calibration is None
    assert calibrated(report).model_copy(update={"calibration": None}) == report
    assert Report.model_validate_json(calibrated(report).to_json()) == calibrated(report)


async def test_a_report_on_too_few_questions_is_left_as_it_is() -> None:
    report = await asked(LoadedSurvey(many(19), Path("town.json"), "cd" * 32))
    assert calibrated(report) == report


async def test_a_report_without_calibration_is_still_read() -> None:
    document = json.loads((await asked()).to_json())
    del document["calibration"]
    assert Report.model_validate(document).calibration is None
