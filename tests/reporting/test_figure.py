"""The figure for a paper: what is on it, where, and that it is the same every time."""

import re
from collections.abc import Callable, Sequence

import pytest

from chat_personas.reporting.svg.figures import figure, figure_document
from chat_personas.reporting.svg.forest import PLOT
from chat_personas.reporting.svg.primitives import Axis
from eval.report import Report
from tests.eval.reports import MODEL, judged_as, report, row
from tests.reporting.reading import SVG, tree, words
from tests.reporting.reported import HOSTILE, hostile, reference, score, scored


def marks(document: str, kind: str) -> list[float]:
    """Return at which x the marks of this kind stand, in millimetres."""
    found = [one for one in tree(document).iter() if one.get("class") == f"mark {kind}"]
    return [float(one.get("cx") or re.findall(r"M([\d.]+)", one.get("d", ""))[0]) for one in found]


def dots(document: str) -> list[float]:
    return sorted(float(one.get("cx", "")) for one in tree(document).iter() if one.get("class") == "dot")


def ticks(document: str) -> list[float]:
    axis = [one for one in tree(document).iter(f"{SVG}text") if one.get("text-anchor") == "middle"]
    return [float(one.text or "") for one in axis]


def test_scores_stand_where_the_axis_says() -> None:
    drawn = figure_document([scored()])
    start, end = PLOT
    assert ticks(drawn) == [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert marks(drawn, "persona") == [pytest.approx(start + (end - start) * 0.6, abs=0.01)]  # 0.8 from 0.5 to 1
    assert marks(drawn, "population") == [pytest.approx(start + (end - start) * 0.7, abs=0.01)]
    assert marks(drawn, "uniform") == [pytest.approx(start + (end - start) * 0.4, abs=0.01)]


def test_every_score_is_written_with_its_interval_beside_the_words_for_it() -> None:
    said = words(figure_document([scored()]))
    for line in (
        "this persona 0.80 [0.75, 0.85]",
        "everyone's answers 0.85 [0.83, 0.87]",
        "Republican answers 0.60 [0.58, 0.62]",
        "even answers 0.70 [0.68, 0.72]",
        "noise floor 0.97 [0.95, 0.99]",
        "democrat (portray) 3 questions",
        "95% intervals over questions",
        "Survey town (original wording, unweighted, 2020) · model toy · log_probability.",
    ):
        assert line in said


def test_the_interval_is_drawn_from_end_to_end() -> None:
    line = next(one for one in tree(figure_document([scored()])).iter() if one.get("class") == "line persona")
    scale = Axis(0.5, 1.0, *PLOT)
    assert f"M{scale.at(0.75):.2f} " in line.get("d", "")
    assert f"H{scale.at(0.85):.2f}" in line.get("d", "")


def test_the_scale_does_not_stretch_and_begins_at_0_only_where_a_score_reaches_below_one_half() -> None:
    assert ticks(figure_document([scored(alignment=score(0.99, 0.98, 1.0))]))[0] == 0.5
    assert ticks(figure_document([scored(alignment=score(0.55, 0.49, 0.6))])) == [0, 0.25, 0.5, 0.75, 1]


def test_all_personas_share_one_scale() -> None:
    both = figure_document([scored(), scored(alignment=score(0.3, 0.2, 0.4))])
    start, end = PLOT
    assert marks(both, "persona") == [
        pytest.approx(start + (end - start) * 0.8, abs=0.01),
        pytest.approx(start + (end - start) * 0.3, abs=0.01),
    ]


def test_each_question_is_a_dot_and_those_beyond_the_scale_are_counted() -> None:
    drawn = figure_document([scored()])  # 0.9, 0.8 and 0.4, which is below 0.5
    scale = Axis(0.5, 1.0, *PLOT)
    assert dots(drawn) == [pytest.approx(scale.at(0.8), abs=0.01), pytest.approx(scale.at(0.9), abs=0.01)]
    assert "1 lower" in words(drawn)


def test_dots_are_left_out_where_they_would_be_a_blot() -> None:
    assert dots(figure_document([scored([row(f"Q{n}", 0.8) for n in range(201)])])) == []
    assert len(dots(figure_document([scored([row(f"Q{n}", 0.8) for n in range(200)])]))) == 200


def test_without_ordered_options_total_variation_takes_the_place_of_alignment() -> None:
    unordered = scored(
        [row("Q0", None, total_variation=0.2)],
        scores={**scored().scores.model_dump(), "alignment": None},
        references={"uniform": reference(0.7, 0), "population": None, "opposite": None, "noise_floor": None},
    )
    drawn = figure_document([unordered])
    assert "Total variation from the group's answers: 0 = identical answers." in words(drawn)
    assert ticks(drawn) == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    start, end = PLOT
    assert marks(drawn, "persona") == [pytest.approx(start + (end - start) * 0.4, abs=0.01)]  # 0.2 from 0 to 0.5


def test_under_20_questions_it_says_why_there_is_no_interval() -> None:
    assert "Under 20 questions: no intervals" in words(figure_document([scored(alignment=score(0.8))]))


def test_where_nothing_could_be_scored_it_says_so() -> None:
    drawn = figure_document([report([], failures=[{"id": "Q0", "why": "too long"}])])
    assert "no question could be scored" in words(drawn)
    assert marks(drawn, "persona") == []


def test_of_a_measurement_that_is_not_sound_the_picture_is_the_sentence_without_an_axis() -> None:
    unsound = judged_as(scored(), "follows_letters")
    drawn = tree(figure_document([unsound]))
    kinds = {one.get("class") for one in drawn.iter()}
    assert kinds.isdisjoint({"axis", "grid"})
    assert not any(str(kind).startswith("mark") for kind in kinds)
    assert ticks(figure_document([unsound])) == []
    assert "not sound: the model follows the letters" in words(figure_document([unsound]))
    both = tree(figure_document([scored(), judged_as(scored(name="b"), "follows_letters")]))
    assert {"axis", "grid"} <= {one.get("class") for one in both.iter()}


def test_a_demonstration_is_called_one() -> None:
    assert "demonstration" not in words(figure_document([scored()]))
    said = words(figure_document([scored(model={**MODEL, "demonstration": True})]))
    assert "Demonstration model: says nothing about real people." in said


@pytest.mark.parametrize("drawn", [figure_document, lambda reports: str(figure(reports))], ids=["file", "on a page"])
def test_the_picture_itself_says_that_it_is_no_poll_with_the_years_and_the_verdict(
    drawn: Callable[[Sequence[Report]], str],
) -> None:
    said = words(drawn([scored()]))
    assert "Simulated by a language model, not a poll. People's answers: 2020." in said
    assert "Verdict: sound." in said
    said = words(drawn([scored(), judged_as(scored(name="b"), "follows_letters")]))
    assert "Verdicts: democrat (portray): sound; b (portray): not sound: the model follows the letters" in said


def test_the_years_are_from_the_first_to_the_last_and_answers_from_a_file_are_not_called_simulated() -> None:
    for years, said in (((2021, 2017), "2017–2021"), ((), "years not stated")):
        survey = scored().survey.model_copy(update={"years": years})
        drawn = figure_document([scored().model_copy(update={"survey": survey})])
        assert f"People's answers: {said}." in words(drawn)
    assert "Answers from a file, not a poll." in words(figure_document([scored(model={**MODEL, "engine": "answers"})]))


def test_it_fits_one_column_in_type_that_can_be_read() -> None:
    root = tree(figure_document([scored()]))
    assert root.get("width") == "85mm"
    sizes = {float(one.get("font-size", "")) for one in root.iter(f"{SVG}text")}
    assert min(sizes) * 72 / 25.4 >= 5.6, "points"
    assert root.get("font-family") == "sans-serif"


def test_a_name_too_long_for_the_column_is_cut_and_whole_in_its_tooltip() -> None:
    name = "a-persona-" * 12
    drawn = tree(figure_document([scored(name=name)]))
    heading = next(one for one in drawn.iter(f"{SVG}text") if one.get("font-weight") == "bold")
    assert (heading.text or "").endswith("…")
    assert heading.findtext(f"{SVG}title") == f"{name} (portray)"


def test_the_same_report_gives_the_same_bytes() -> None:
    copy = Report.model_validate_json(scored().to_json())
    assert figure_document([scored()]) == figure_document([copy])


def test_no_text_of_others_becomes_markup() -> None:
    drawn = tree(figure_document([hostile(), scored(name=HOSTILE)]))
    names = {one.tag.removeprefix(SVG) for one in drawn.iter()}
    assert names == {"svg", "title", "desc", "rect", "g", "line", "path", "circle", "text"}
