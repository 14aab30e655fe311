"""Preference pairs: two rated replies to the same message."""

from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus, ExportError, RatingRow
from eval.engine import Sampling
from tests.corpus.export.talks import SECRET_THOUGHT, forked, json_lines
from tests.corpus.making import INFO, branch_of, talk


def rate(corpus: Corpus, message_id: str, value: float, scale: str = "realism 1-7") -> None:
    corpus.add_rating(RatingRow(message_id=message_id, scale=scale, value=value))


def another(corpus: Corpus, conversation: str, question: str, text: str, status: Any = "complete") -> str:
    """Add another reply to a message; return its key."""
    reply = corpus.begin_reply(conversation, question, INFO, Sampling())
    corpus.end_reply(reply.id, text, status)
    return reply.id


def test_the_better_rated_reply_is_chosen_after_what_the_model_read(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    out = tmp_path / "pairs.jsonl"
    assert json_lines(corpus, "trl-preference", out) == [
        {
            "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "=Why?"}],
            "chosen": [{"role": "assistant", "content": "Où est <b>Élise</b>?\nHere."}],
            "rejected": [{"role": "assistant", "content": "Because."}],
            "scale": "realism 1-7",
            "score_chosen": 5.0,
            "score_rejected": 2.0,
            "conversation_id": kept.conversation,
            "chosen_id": kept.better,
            "rejected_id": kept.worse,
        }
    ]
    assert SECRET_THOUGHT not in out.read_text(encoding="utf-8")


def test_three_replies_give_a_pair_for_every_two_that_differ(corpus: Corpus, tmp_path: Path) -> None:
    conversation = talk(corpus, ("Q", "A"))
    question, first = branch_of(corpus, conversation)
    second, third = (another(corpus, conversation, question.id, text) for text in ("B", "C"))
    for key, value in ((first.id, 1), (second, 3), (third, 3)):
        rate(corpus, key, value)
    pairs = json_lines(corpus, "trl-preference", tmp_path / "pairs.jsonl")
    assert [(pair["chosen"][0]["content"], pair["rejected"][0]["content"]) for pair in pairs] == [
        ("B", "A"),
        ("C", "A"),
    ]


def test_the_last_rating_of_a_reply_counts(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    rate(corpus, kept.better, 1)
    (pair,) = json_lines(corpus, "trl-preference", tmp_path / "pairs.jsonl")
    assert (pair["chosen_id"], pair["score_chosen"], pair["score_rejected"]) == (kept.worse, 2.0, 1.0)


@pytest.mark.parametrize("why", ["another scale", "not complete", "not rated", "blank"])
def test_replies_that_cannot_be_compared_give_no_pair(corpus: Corpus, tmp_path: Path, why: str) -> None:
    conversation = talk(corpus, ("Q", "A"))
    question, first = branch_of(corpus, conversation)
    second = another(
        corpus,
        conversation,
        question.id,
        " " if why == "blank" else "B",
        "stopped" if why == "not complete" else "complete",
    )
    rate(corpus, first.id, 1)
    if why != "not rated":
        rate(corpus, second, 3, scale="style" if why == "another scale" else "realism 1-7")
    with pytest.raises(ExportError, match="1 conversation without two complete replies to a message, rated differ"):
        json_lines(corpus, "trl-preference", tmp_path / "pairs.jsonl")


def test_the_prompt_of_a_later_turn_is_the_branch_that_leads_to_it(corpus: Corpus, tmp_path: Path) -> None:
    conversation = talk(corpus, ("Q1", " "), ("Q2", "A2"), ("Q3", "A3"))
    *_, question, first = branch_of(corpus, conversation)
    rate(corpus, first.id, 1)
    rate(corpus, another(corpus, conversation, question.id, "B3"), 2)
    (pair,) = json_lines(corpus, "trl-preference", tmp_path / "pairs.jsonl")
    assert [message["content"] for message in pair["prompt"]] == ["Q1\n\nQ2", "A2", "Q3"]
