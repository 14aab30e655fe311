"""The reporting checklist: 14 items, filled in where the run knows, visibly open elsewhere."""

import re

import pytest

from chat_personas.reporting.checklist import OPEN, checklist, items
from eval.answers import Refusals
from eval.engine import Message
from eval.evaluation import Asked
from eval.report import Report
from eval.surveys.loading import load_survey
from tests.eval.reports import MODEL, judged_as, report, rows
from tests.reporting.reported import hostile, scored

NUMBERS = ["A.1", "A.2", "B.1", "B.2", "B.3", "B.4", "B.5", "C.1", "C.2", "D.1", "E.1", "E.2", "F.1", "G.1"]
QUESTIONS = load_survey("civic").survey.questions[:2]
ASKED = Asked((Message("system", "Answer as a `Democrat`.\n# would"),), QUESTIONS, 2, "ef" * 32)


def answers(made: Report, number: str, asked: Asked | None = None) -> str:
    """Return the answers to one item."""
    (found,) = [each.answers for each in items(made, asked) if each.number == number]
    return "\n".join(found)


def test_there_are_the_14_items_each_with_an_answer_for_each_report() -> None:
    text = checklist([scored(), scored()], [None, ASKED])
    assert text.startswith("# Reporting checklist, after GUIDE-LLM")
    assert re.findall(r"^### ([A-G]\.\d)", text, re.MULTILINE) == NUMBERS * 2
    assert all(each.answers for each in items(scored(), None))


def test_what_the_run_knows_is_filled_in() -> None:
    made = report(rows([0.5] * 3), created="2026-03-04T00:00:00+00:00")
    assert "name: toy; date of use: 2026-03-04" in answers(made, "B.1")
    assert f"SHA-256 of the file: {MODEL['sha256']}" in answers(made, "B.1")
    assert "one run; every question in 2 option orders; seed 0" in answers(made, "B.3")
    assert f"SHA-256 of all prompts as asked: {'ef' * 32}" in answers(made, "C.1")
    assert "against the survey town (original wording, unweighted, 2020)" in answers(made, "E.1")
    assert "chat-personas eval democrat" in answers(made, "F.1")
    validation = answers(scored(), "E.1").splitlines()
    assert validation[1] == "verdict: sound (order agreement 0.900 [0.800, 0.950])"
    assert "alignment with Democrat, this persona: 0.800 [0.750, 0.850]" in validation


def test_the_worth_in_people_stands_under_the_validation() -> None:
    made = scored()
    worth = made.scores.alignment.model_copy(update={"mean": 12.0, "low": 9.0, "high": 16.0})  # type: ignore[union-attr]
    everyone = made.references.population.model_copy(update={"worth": worth})  # type: ignore[union-attr]
    references = made.references.model_copy(update={"population": everyone})
    scores = made.scores.model_copy(update={"worth": worth})
    made = made.model_copy(update={"scores": scores, "references": references})
    assert "worth in people (a random sample of so many is as close): 12 [9.0, 16]" in answers(made, "E.1")
    assert "worth" not in answers(judged_as(made, "follows_letters"), "E.1")


def computation(made: Report) -> list[str]:
    """Return what the checklist says of the cost."""
    text = checklist([made], [None])
    return [line.removeprefix("- ") for line in text[text.index("Computation") :].splitlines()[1:] if line]


def test_the_cost_of_cached_answers_and_of_those_from_a_file_is_open_and_not_that_of_this_run() -> None:
    assert computation(scored())[0] == "1 s, 3 tokens decoded"
    cached = {"remembered": 124, "remembered_since": "2026-01-01T00:00:00+00:00", "tokens_decoded": 0}
    timing = {**scored().timing.model_dump(), **cached}
    assert computation(scored(timing=timing))[:3] == [
        "1 s, 0 tokens decoded in this run, which is not the cost of the answers from the cache",
        "124 answers from the cache, computed from 2026-01-01T00:00:00+00:00 on",
        f"{OPEN} what those took, or all without the cache (--no-cache)",
    ]
    given = scored(model={**MODEL, "name": "gpt.jsonl", "engine": "answers", "sha256": None}, orders=[])
    assert computation(given)[:2] == ["1 s to score them", f"{OPEN} what the answers in the file took"]


def test_what_it_does_not_know_is_visibly_open() -> None:
    opened = {each.number for each in items(scored(), None) if any(OPEN in answer for answer in each.answers)}
    assert {"A.1", "B.1", "B.4", "C.1", "C.2", "D.1", "E.1", "F.1", "G.1"} <= opened
    assert answers(scored(), "G.1").startswith(OPEN)


def test_prompts_at_hand_are_quoted_and_cannot_break_out_of_the_quotation() -> None:
    assert answers(scored(), "C.2", ASKED).splitlines()[1:] == ["  > `Answer as a 'Democrat'.`", "  > `# would`"]
    assert f"  > `{QUESTIONS[0].stem}`" in answers(scored(), "C.1", ASKED)
    assert answers(scored(), "C.2", Asked((), QUESTIONS, 2, "")) == "none"
    assert "\n# would" not in checklist([scored()], [ASKED])


def test_a_measurement_that_is_not_sound_has_its_reason_and_no_score() -> None:
    said = answers(judged_as(scored(), "follows_letters"), "E.1")
    assert "alignment with" not in said
    assert "worth" not in said
    assert "letters" in said


def test_a_demonstration_and_paraphrased_questions_are_limitations() -> None:
    made = scored(model={**MODEL, "demonstration": True})
    assert "limitation: demonstration model" in answers(made, "E.1")
    assert "demonstration" not in answers(scored(), "E.1")


def test_of_answers_from_a_file_the_run_knows_neither_model_nor_parameters() -> None:
    made = scored(model={**MODEL, "name": "gpt.jsonl", "engine": "answers", "sha256": None}, orders=[])
    for number in ("A.2", "B.1", "B.2", "B.3", "B.5"):
        assert OPEN in answers(made, number)


@pytest.mark.parametrize(("refusals", "said"), [("apart", "left out"), ("as-option", "one more option")])
def test_processing_says_what_became_of_refusals_and_failures(refusals: Refusals, said: str) -> None:
    found = answers(scored(refusals=refusals, failures=[{"id": "X", "why": "no"}]), "E.2")
    assert said in found
    assert "1 question failed and was left out" in found
    assert "no question failed" in answers(scored(refusals=refusals), "E.2")


def test_texts_from_elsewhere_are_neither_markup_nor_control_characters() -> None:
    text = checklist([hostile()], [None])
    assert "<script" not in text.replace("`", "")
    assert {"\x1b", "\x07", "\u202e", "\x9b", "\x00"}.isdisjoint(text)
    assert "\n# forged" not in checklist([scored(model={**MODEL, "name": "toy\n# forged"})], [None])


def test_a_score_is_given_with_its_interval() -> None:
    said = answers(scored(), "E.1")
    assert re.search(r"alignment with Democrat, this persona: 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]", said)
