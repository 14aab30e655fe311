"""The card says plainly what the model is, and shows no score without its interval."""

import json
from pathlib import Path
from typing import Any

import pytest

from pocket import evaluate
from pocket.card import render_card

WIDE = {"mean": 0.9, "low": 0.85, "high": 0.95}
FEW = {"mean": 0.8, "low": None, "high": None}
ALIGNMENTS = ("own", "opposite", "gap", "human_gap", "uniform", "population")
QUALITY = {
    "questions": 62,
    "valid": 61,
    **dict.fromkeys(("alignment", "label_mass", "order_bias", "refusal", "human_refusal", "entropy_ratio"), WIDE),
    "skill": None,
}
PARTY = {
    "trained": {"questions": 50, **dict.fromkeys(ALIGNMENTS, WIDE)},
    "held_out": {"questions": 12, **dict.fromkeys(ALIGNMENTS, FEW)},
    "all": QUALITY,
}
TALK = {"a greeting": [{"question": "Hello!", "reply": "One.\nTwo.", "ended": True}]}
COUNTED = {
    "replies": 96,
    "sides": {"left": WIDE, "middle": FEW, "right": None},
    "recalled": 54,
    "admitted": 3,
    "taken": 14,
    "things": 20,
}
NUMBERS: dict[str, Any] = {
    "training": {
        "shape": {"layers": 6, "width": 256, "heads": 4, "hidden": 704, "vocabulary": 4096, "context": 2048},
        "parameters": 5_866_000,
        "steps": 10,
        "tokens": 81_920,
        "minutes": 1.5,
        "tokens_per_second": 8000,
        "final_loss": 0.5,
        "seed": 0,
        "machine": "a machine",
        "text": {"tokens": 48_000_000, "documents": 224_000, "left_out": 140},
    },
    "model": {"sha256": "ab" * 32, "bytes": 11_900_000},
    "survey": {"name": "civic", "sha256": "cd" * 32, "questions": 62},
    "held_out": ["SCI4_W34", "ALLIES_W92"],
    "parties": {"democrat": PARTY, "republican": PARTY},
    "unsteered": QUALITY,
    "sampling": {"temperature": 0.7, "seed": 1},
    "conversation": {
        "personas": {"democrat": COUNTED, "republican": COUNTED},
        "apart": {"left": WIDE, "middle": WIDE, "right": WIDE},
    },
    "coherence": {
        name: {"introductions": 20, "repeating": 2, "arguments": 47, "own": 5} for name in ("democrat", "republican")
    },
    "ground": {
        "first_four": {"sha256": "12" * 32, "counts": {"asked about trade: declined": {"cases": 100, "held": 50}}},
        "all": {"sha256": "ab" * 32, "counts": {"asked about trade: declined": {"cases": 100, "held": 90}}},
    },
    "dialogues": {"democrat": TALK, "republican": TALK, "unsteered": TALK},
}


def test_it_says_that_it_is_evidence_about_nobody() -> None:
    assert "they are evidence about nobody" in render_card(NUMBERS)


def test_trained_and_held_out_questions_stand_apart_with_their_intervals() -> None:
    card = render_card(NUMBERS)
    assert "| democrat | trained | 50 | 0.900 [0.850, 0.950] |" in card
    assert "| democrat | held out | 12 | 0.800 (no interval) |" in card
    assert "`SCI4_W34`, `ALLIES_W92`" in card
    assert "answer 60 of the 62 questions" in card


def test_a_score_without_meaning_is_called_not_defined() -> None:
    assert "| unsteered | 61 of 62 | 0.900 [0.850, 0.950] | not defined |" in render_card(NUMBERS)


def test_a_reply_of_several_lines_stays_inside_its_quotation() -> None:
    assert "> *Hello!*  \n> One.  \n> Two." in render_card(NUMBERS)


def test_numbers_from_before_the_expression_methods_make_a_card_without_them() -> None:
    assert "expression" not in render_card(NUMBERS)


def test_every_expression_has_its_scores_with_intervals_its_gap_and_what_failed() -> None:
    cells = {
        "put": 62,
        "questions": 58,
        "valid": 58,
        "failures": {"the reply is not a list of letters": 4},
        "alignment": WIDE,
        "total_variation": FEW,
        "judge": None,
        "gap": {"total_variation": WIDE},
    }
    judged = {**cells, "failures": {}, "gap": None, "judge": {"error": {"mean": 0.645}, "limit": 0.2}}
    party = {**PARTY, "expressions": {"sequence": cells, "open_ended": judged}}
    card = render_card({**NUMBERS, "parties": {"democrat": party, "republican": PARTY}})
    assert (
        "| democrat | sequence | 58 of 62 | 0.900 [0.850, 0.950] | 0.800 (no interval) | 0.900 [0.850, 0.950] | "
        "4 × the reply is not a list of letters |"
    ) in card
    assert "| not valid: the judge itself errs in 64.5 of 100 | not valid | not defined | nothing |" in card


def test_what_was_said_in_conversation_stands_beside_what_was_answered() -> None:
    row = "| democrat | 96 | 0.900 [0.850, 0.950] | 0.800 (no interval) | not defined | 54 of 96 | 3 of 20 | 14 of 20 |"
    assert row in render_card(NUMBERS)


def test_how_often_it_contradicts_itself_is_counted() -> None:
    card = render_card(NUMBERS)
    assert "| democrat | 2 of 20 | 5 of 47 |" in card
    assert "| republican | 2 of 20 | 5 of 47 |" in card


def test_weights_that_have_not_been_through_the_last_part_say_so() -> None:
    said = "of fewer parts of the training than the recipe has"
    earlier = {**NUMBERS, "ground": {"first_four": NUMBERS["ground"]["first_four"]}}
    assert said in render_card(earlier)
    assert said not in render_card(NUMBERS)


def test_weights_that_are_an_average_say_of_what_and_how_it_was_chosen() -> None:
    averaged = {**NUMBERS, "training": {**NUMBERS["training"], "average": {"first four": 0.3, "claims": 0.7}}}
    card = render_card(averaged)
    assert "with an average of the three: first four 0.3, claims 0.7" in " ".join(card.split())
    assert "by the counts of whether it holds its ground" in " ".join(card.split())


def test_holding_ground_is_counted_with_intervals_beside_weights_of_fewer_parts() -> None:
    card = render_card(NUMBERS)
    assert "| kind | first four | all seven |" in card
    assert "| asked about trade: declined | 50 of 100 [0.40, 0.60] | 90 of 100 [0.83, 0.94] |" in card
    assert "`121212121212`" in card


def test_counting_one_model_again_keeps_the_counts_of_the_others_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = tmp_path / "pocket.json"
    numbers.write_text(json.dumps({"survey": "civic", "ground": {"first_four": 1, "all": 2}}))
    monkeypatch.setattr(evaluate, "count_ground", lambda models, cases, seed: dict.fromkeys(models, 3))
    evaluate.count_again({"all": tmp_path / "pocket.gguf"}, numbers, tmp_path)
    assert json.loads(numbers.read_text()) == {"survey": "civic", "ground": {"first_four": 1, "all": 3}}
    assert capsys.readouterr().out.endswith(": first_four\n")


def test_evaluating_new_weights_keeps_the_counts_of_models_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def measured(gguf: Path, seed: int) -> dict[str, Any]:
        return {"survey": "civic"}

    numbers = tmp_path / "pocket.json"
    numbers.write_text(json.dumps({"ground": {"first_four": 1, "all": 2}}))
    monkeypatch.setattr(evaluate, "measure", measured)
    monkeypatch.setattr(evaluate, "count_ground", lambda models, cases, seed: dict.fromkeys(models, 3))
    found = evaluate.write_numbers(tmp_path / "new.gguf", {"first_six": tmp_path / "old.gguf"}, numbers, tmp_path, {})
    assert found["ground"] == {"first_four": 1, "first_six": 3, "all": 3}
    assert json.loads(numbers.read_text())["ground"] == found["ground"]
