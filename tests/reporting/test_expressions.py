"""Pages and figures of reports on several expressions: judges, replies, gaps, calibration, shots, kept answers."""

from typing import Any

import pytest

from chat_personas.reporting.html.report_page import page_document
from chat_personas.reporting.svg.figures import figure_document
from chat_personas.reporting.wording.measurements import gap_figures, temperatures
from eval.compare.knowledge_gap import gaps
from eval.report import Calibration, Report
from tests.eval.reports import MODEL, judged_as, row
from tests.reporting.reading import rows, tree, words
from tests.reporting.reported import score, scored

JUDGE = {"name": "referee", "engine": "llama", "sha256": "12" * 32, "statements": 70, "limit": 0.2}
ITSELF = {**JUDGE, "name": MODEL["name"], "engine": MODEL["engine"], "sha256": MODEL["sha256"]}
DRAWN = {"per_prompt": 5, "temperature": 0.7, "top_p": 0.95, "max_tokens": 80, "constraint": None}
FAIR, POOR = score(0.05, 0.02, 0.08), score(0.474, 0.4, 0.5)


def judged(error: dict[str, Any], judge: dict[str, Any] = JUDGE, **changed: Any) -> Report:
    """Return a report on answers in words, judged with this error."""
    replies = {**DRAWN, "asked": 40, "unread": [{"why": "an empty reply", "replies": 3}]}
    found = scored(**{"expression": "open_ended", "judge": {**judge, "error": error}, "replies": replies, **changed})
    return judged_as(found, "judge_unreliable") if found.judge is not None and found.judge.errs_too_often else found


def calibration() -> dict[str, Any]:
    """Return what five temperatures change."""
    folds = [{"temperature": 1 + fold / 10, "questions": [f"Q{fold}"]} for fold in range(5)]
    return {
        "folds": folds,
        "scores": {"alignment": score(0.82, 0.77, 0.87), "total_variation": score(0.18, 0.1, 0.2)},
        "minus_uncalibrated": {"alignment": score(0.02, -0.01, 0.05), "total_variation": score(-0.02, -0.05, 0.01)},
    }


def answered(expression: str, distances: dict[str, float], **changed: Any) -> Report:
    """Return a report with these total variations by question."""
    asked = [row(name, 0.8, total_variation=distance) for name, distance in distances.items()]
    return scored(asked, expression=expression, **changed)


def commands(page: str) -> list[str]:
    return [(one.text or "").removeprefix("chat-personas eval ") for one in tree(page).iterfind(".//pre/code")]


def test_the_error_of_a_judge_stands_with_the_figures() -> None:
    said = words(page_document([judged(FAIR)]))
    assert "the judge referee errs in 5.0 of 100 known statements: 0.050 [0.020, 0.080]" in said
    assert "not valid" not in said.partition("Failed or not valid")[0]
    assert "referee (llama), error over 70 known statements" in said
    assert "12" * 32 in said


def test_the_error_of_a_judge_on_each_kind_of_statement_is_shown_and_the_worse_one_decides() -> None:
    kinds = {"paraphrases": 50, "abstentions": 20, "paraphrase_error": FAIR, "abstention_error": score(0.1, 0.05, 0.15)}
    said = words(page_document([judged(FAIR, JUDGE | kinds)]))
    assert "options in other words 0.050 [0.020, 0.080], n 50" in said
    assert "statements that fit none 0.100 [0.050, 0.150], n 20" in said
    fails = judged(FAIR, JUDGE | kinds | {"abstention_error": POOR})
    assert "errs in 47.4 of 100 statements that fit no option" in words(page_document([fails]))
    without = judged(FAIR, JUDGE | kinds | {"paraphrases": 0, "paraphrase_error": None})
    assert "is unknown, because no option can be put in other words" in words(page_document([without]))


def test_what_a_judge_makes_not_valid_is_called_so_before_any_figure_and_its_scores_are_not_shown() -> None:
    page = page_document([scored(), judged(POOR)])
    said = words(page)
    why = "ot sound: the judge itself errs in 47.4 of 100 known statements (referee; at most 20 are allowed)"
    assert said.index(f"emocrat (portray), open_ended: n{why}.") < said.index("Side by side")
    part = page[page.index('id="p2"') :]
    assert f"N{why}" in part
    assert "0.800" not in part.partition("Questions")[0], "its alignment"
    assert "Not sound: the judge itself errs" in part
    marks = [one for one in tree(page).iter() if one.get("class") == "mark persona"]
    assert len(marks) == 2, "the other's, in the figure of both and in its own"


def test_a_figure_shows_no_score_that_a_judge_makes_not_valid() -> None:
    drawn = figure_document([judged(POOR)])
    said = words(drawn)
    assert "not sound: the judge itself errs too often" in said
    assert "Not sound: the judge itself errs in 47.4 of 100 known statements" in said
    assert "0.80" not in said
    assert "mark" not in {(one.get("class") or "").split(" ")[0] for one in tree(drawn).iter()}


def test_replies_that_were_not_read_are_counted_by_reason() -> None:
    page = page_document([judged(FAIR)])
    assert "3 of 40 replies could not be read: an empty reply (3)" in words(page)
    assert rows(page, "Replies that could not be read") == {"an empty reply": ["3"]}
    assert "40 in all, 5 to each prompt; temperature 0.7, top p 0.95, at most 80 tokens" in words(page)


def test_failures_of_one_kind_are_one_row_and_each_can_be_read_in_full() -> None:
    whys = {"Q1": 'survey order: the reply is not a list of letters: "No."', "Q2": "the reply is not a list of letters"}
    page = page_document([scored(failures=[{"id": name, "why": why} for name, why in whys.items()])])
    assert rows(page, "Failures by reason") == {"the reply is not a list of letters": ["2", "Q1, Q2"]}
    assert rows(page, "Every failure in full") == {name: [why] for name, why in whys.items()}


def test_gaps_are_beside_the_figure_of_all_expressions() -> None:
    verbalized = answered("verbalized", {"Q0": 0.1, "Q1": 0.2})
    drawn = answered("sampled", {"Q0": 0.4, "Q1": 0.3, "Q2": 0.9})
    page = page_document([verbalized, drawn, answered("log_probability", {"Q7": 0.5})])
    found = tree(page).findall(".//table[caption='Knowledge-to-simulation gaps']/tbody/tr")
    cells = [["".join(cell.itertext()) for cell in line] for line in found]
    # On Q0 and Q1, which both answered: (0.3 + 0.1) / 2; of the 4 choices of signs, 2 are as far from 0.
    # K2S: 0.35 / 0.15 - 1.
    assert [line[:3] + line[4:] for line in cells] == [
        ["democrat", "log_probability − verbalized", "—", "—", "0"],
        ["democrat", "sampled − verbalized", "+0.200", "+1.333", "2"],
    ]
    assert float(cells[1][3]) == pytest.approx(0.5, abs=0.02)
    assert "above 0: verbalized is closer to people" in words(page)
    assert "simulation gap" not in words(page_document([verbalized]))


def test_of_a_gap_that_is_not_sound_no_figure_is_shown() -> None:
    drawn = judged_as(answered("sampled", {"Q0": 0.4, "Q1": 0.3}), "follows_letters")
    reports = [answered("verbalized", {"Q0": 0.1, "Q1": 0.2}), drawn]
    found = rows(page_document(reports), "Knowledge-to-simulation gaps")["democrat"]
    assert found == ["sampled − verbalized", "not sound: one of the two measurements is not sound", "", "", "2"]
    assert gap_figures(gaps(reports)[0]) == "not sound: one of the two measurements is not sound"


def test_all_expressions_are_named_in_one_line_about_what_was_asked() -> None:
    reports = [scored(), scored(expression="verbalized")]
    line = "survey town (original wording, unweighted, 2020) · model toy · log_probability, verbalized"
    assert words(page_document(reports)).count(line) == 1
    assert words(figure_document(reports)).count(f"S{line[1:]}.") == 1


def test_what_calibration_changes_is_a_table() -> None:
    page = page_document([scored(calibration=calibration())])
    assert "Calibrated with temperatures from 1.00 to 1.40, each fitted on other questions." in words(page)
    shown = rows(page, "Scores with calibration")
    assert shown["alignment"] == ["0.820 [0.770, 0.870]", "+0.020 [-0.010, +0.050]"]
    assert shown["total variation"] == ["0.180 [0.100, 0.200]", "-0.020 [-0.050, +0.010]"]
    assert "Scores with calibration" not in words(page_document([scored()]))


def test_a_temperature_at_the_end_of_its_range_says_what_is_better() -> None:
    folds = [{"temperature": temperature, "questions": []} for temperature in (3.0, 20.0)]
    made = Calibration.model_validate({**calibration(), "folds": folds})
    assert temperatures(made).endswith("a temperature is at the upper end of its range: even answers are better")
    assert "better" not in temperatures(made.model_copy(update={"folds": made.folds[:1]}))


def test_the_difference_from_the_opposite_group_is_paired() -> None:
    paired = {"alignment": score(-0.15, -0.2, -0.1), "total_variation": score(0.1, 0.05, 0.15)}
    opposite = {"attribute": "POLPARTY", "value": "Republican", "alignment": score(0.65), "total_variation": score(0.3)}
    page = page_document([scored(scores_against_opposite={**opposite, "minus_own": paired})])
    shown = rows(page, "Compared with reference points")["this persona vs. Republican answers"]
    assert shown[:4] == ["0.650", "0.300", "-0.150 [-0.200, -0.100]", "+0.100 [+0.050, +0.150]"]
    older = rows(page_document([scored(scores_against_opposite=opposite)]), "Compared with reference points")
    assert older["this persona vs. Republican answers"][2:4] == ["—", "—"]


def test_the_number_of_shots_is_part_of_the_name() -> None:
    heads = [one.text for one in tree(page_document([scored(steering="few_shot", shots=5)])).iter("h2")]
    assert heads == ["democrat (few_shot, 5 shots)"]


def test_the_command_has_everything_that_the_figures_depend_on() -> None:
    few_shot = scored(steering="few_shot", shots=5, calibration=calibration())
    sampled = scored(expression="sampled", replies={**DRAWN, "asked": 9, "unread": []})
    sequence = scored(expression="sequence", replies={**DRAWN, "per_prompt": 1, "asked": 9, "unread": []})
    asked = "democrat --survey town --model toy.gguf --steering"
    end = "--seed 0 --refusals apart --limit 3"
    assert commands(page_document([few_shot, sampled, sequence, judged(FAIR), judged(FAIR, ITSELF)])) == [
        f"{asked} few_shot --shots 5 --expression log_probability {end} --calibrate",
        f"{asked} portray --expression sampled --samples 5 {end}",
        f"{asked} portray --expression sequence {end}",
        f"{asked} portray --expression open_ended --samples 5 --judge referee.gguf {end}",
        f"{asked} portray --expression open_ended --samples 5 {end}",
    ]


def test_answers_from_before_are_counted_with_their_age() -> None:
    timing = {**scored().timing.model_dump(), "remembered": 7, "remembered_since": "2026-01-01T00:00:00+00:00"}
    page = words(page_document([scored(timing=timing)]))
    assert "cached answers 7, the oldest from 2026-01-01T00:00:00+00:00" in page
    assert "answers from before" not in words(page_document([scored()]))
