"""The chart and the page of a sweep: what is on them, and that a strength that is not sound has no figure."""

import re
from dataclasses import replace

import numpy as np
import pytest

from chat_personas.reporting.html.steering_page import sweep_page_document
from chat_personas.reporting.svg.chart import Chart, Point, chart_document
from chat_personas.reporting.svg.figures import sweep_figure_document
from chat_personas.steering.contrast import survey_halves
from chat_personas.steering.sweep import Measured, Sweep, swept
from eval.answers import Answer, OrderAnswer
from eval.interventions import InterventionKind
from eval.scoring.results import Score
from eval.scoring.scores import BriefScorecard, score_briefly
from eval.surveys.model import Question
from tests.reporting.reading import SVG, rows, seen, tree, words
from tests.steering.test_sweep import COST, SIDES, SOURCE, SURVEY, measured

COSTS = "Replies to questions that open conversations, and answers to the held-out ones"


def following_letters(strength: float) -> Measured:
    """Answers that are the letter A, in whatever order the options stand."""

    def cards(half: tuple[Question, ...]) -> tuple[BriefScorecard, BriefScorecard]:
        answers = []
        for question in half:
            first = np.array([1.0, *[0.01] * (len(question.options) - 1)])
            orders = [
                OrderAnswer(order=order, options=options, refusal=0.0, label_mass=1.0)
                for order, options in (("survey", first), ("reversed", first[::-1]))
            ]
            answers.append(Answer(question.id, tuple(orders)))
        return score_briefly(SURVEY, SIDES.toward, answers), score_briefly(SURVEY, SIDES.against, answers)

    one, other = survey_halves(SURVEY)
    return Measured(strength, cards(one), cards(other), COST)


@pytest.fixture(scope="module")
def found() -> Sweep:
    asked = [measured(-1, 0.2, 0.2), measured(1, 0.8, 0.8), following_letters(2)]
    return swept(asked, measured(None, 0.5, 0.5), SOURCE)


def test_the_chart_says_that_it_is_no_poll_and_from_which_years_people_are(found: Sweep) -> None:
    said = words(sweep_figure_document(found))
    for line in (
        "Simulated by a language model, not a poll. People's answers: 2017–2021.",
        "Verdicts: sound; the model follows the letters, not the answers.",
        "Best on the training half: 1.",
        "Demonstration model: says nothing about real people.",
        "closer to Democrat answers",
        "closer to Republican answers",
    ):
        assert line in said


def test_a_strength_that_is_not_sound_has_a_cross_and_a_cost_but_no_figure(found: Sweep) -> None:
    drawn = tree(sweep_figure_document(found))
    assert len([one for one in drawn.iter() if one.get("class") == "mark persona"]) == 3
    assert [one.text for one in drawn.iter(f"{SVG}text")].count("×") == 1
    assert len([one for one in drawn.iter(f"{SVG}rect") if one.get("class") == "dot"]) == 4
    described = drawn.findtext(f"{SVG}desc") or ""
    assert "Strength +2: not sound, cost 0.10." in described
    line = rows(sweep_page_document(found), "On the held-out questions")["+2"]
    assert line == ["—", "—", "—", "0.100", "the model follows the letters, not the answers"]


@pytest.mark.parametrize(("kind", "names"), [("add", ["none", "+1"]), ("clamp", ["none", "0", "+1"])])
def test_the_model_without_steering_stands_once_on_page_and_chart_and_has_a_place_of_its_own(
    kind: InterventionKind, names: list[str]
) -> None:
    without = measured(None, 0.5, 0.5)
    asked = [replace(without, strength=0.0), measured(1, 0.8, 0.8)]
    found = swept(asked, without, replace(SOURCE, kind=kind))
    page = sweep_page_document(found)
    for caption in (
        "On the held-out questions",
        COSTS,
    ):
        assert list(rows(page, caption)) == names
    assert rows(page, "On the held-out questions")["none"][1:3] == ["—", "—"]
    drawn = tree(sweep_figure_document(found))
    described = drawn.findtext(f"{SVG}desc") or ""
    assert described.startswith("Without steering: leaning ")
    assert "+0:" not in described
    places = {
        one.text: float(one.get("x", "")) for one in drawn.iter(f"{SVG}text") if one.get("text-anchor") == "middle"
    }
    assert places["none"] < places["1"]
    assert ("0" in places) == (kind == "clamp")
    assert places.get("0", places["1"]) > places["none"]


def test_points_and_intervals_stand_where_the_scale_says() -> None:
    points = [
        Point(-1, Score(mean=-0.1, low=-0.15, high=-0.05), 0.5, "sound"),
        Point(0, Score(mean=0.0, low=-0.05, high=0.05), 0.0, "sound"),
        Point(1, Score(mean=0.2, low=0.1, high=0.3), 1.0, "sound"),
    ]
    drawn = tree(chart_document(Chart("party", ("one", "other"), points, None, ())))
    marks = [float(one.get("cy", "")) for one in drawn.iter() if one.get("class") == "mark persona"]
    lines = [one.get("d", "") for one in drawn.iter() if one.get("class") == "line persona"]
    low, high = (float(re.findall(end, lines[2])[0]) for end in (r"M[\d.]+ ([\d.]+)V", r"V([\d.]+)$"))
    tenth = marks[0] - marks[1]
    assert marks[1] - marks[2] == pytest.approx(2 * tenth, abs=0.02)
    assert low - marks[2] == pytest.approx(tenth, abs=0.02)
    assert marks[2] - high == pytest.approx(tenth, abs=0.02)
    bars = [float(one.get("height", "")) for one in drawn.iter(f"{SVG}rect") if one.get("class") == "dot"]
    assert bars == [pytest.approx(bars[2] / 2, abs=0.02), 0, bars[2]]


def test_the_page_loads_nothing_and_tells_how_to_repeat_the_sweep(found: Sweep) -> None:
    page = sweep_page_document(found)
    read = seen(page)
    assert not read.addresses
    sides = "--toward POLPARTY=Democrat --against POLPARTY=Republican"
    again = f"chat-personas steer sweep party --kind add --strengths=-1,1,2 --layers 1 {sides} --survey civic"
    assert f"{again} --model toy.gguf" in read.text
    between = swept([measured(1 / 3, 0.8, 0.8)], measured(None, 0.5, 0.5), replace(SOURCE, layers=(1, 3)))
    assert "--strengths=0.333333333333333 --layers 1,3 --toward" in seen(sweep_page_document(between)).text
    assert page == sweep_page_document(found)
    assert page == sweep_page_document(found, "party")
    by_file = seen(sweep_page_document(found, "~/directions/other.gguf")).text
    assert "chat-personas steer sweep other.gguf --kind" in by_file
    costs = rows(page, COSTS)
    assert costs["none"][:3] == ["-2.00", "0.00", "1.00"]
