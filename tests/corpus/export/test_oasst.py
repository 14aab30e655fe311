"""OpenAssistant's message trees: every branch that ends with a complete reply."""

import json
from pathlib import Path
from typing import Any

from chat_personas.corpus import Corpus
from chat_personas.corpus.export import FORMATS, export_to
from eval.engine import Sampling
from tests.corpus.export.talks import EVERYTHING, SECRET_THOUGHT, forked, json_lines
from tests.corpus.making import INFO, branch_of, conversation_row, talk, without_waiting_for_the_disk


def outline(node: Any) -> Any:
    """A tree as nested pairs of a text and what follows it."""
    return (node["text"], [outline(reply) for reply in node["replies"]])


def test_both_replies_to_a_question_are_in_its_tree(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    (tree,) = json_lines(corpus, "oasst", tmp_path / "out.jsonl")
    assert tree["message_tree_id"] == tree["prompt"]["message_id"] == kept.first
    assert outline(tree["prompt"]) == (
        "=Why?",
        [("Because.", []), ("Où est <b>Élise</b>?\nHere.", [("Go on", [("So.", [])])])],
    )
    worse, better = tree["prompt"]["replies"]
    assert (worse["message_id"], worse["parent_id"]) == (kept.worse, kept.first)
    assert (worse["role"], worse["synthetic"], worse["model_name"]) == ("assistant", True, "small.gguf")
    assert better["labels"] == {"realism 1-7": {"value": 5.0, "count": 1}}
    prompt = tree["prompt"]
    assert (prompt["role"], prompt["synthetic"], prompt["model_name"], prompt["labels"]) == (
        "prompter",
        False,
        None,
        None,
    )
    assert SECRET_THOUGHT not in (tmp_path / "out.jsonl").read_text(encoding="utf-8")


def test_an_edited_first_message_begins_a_tree_of_its_own(corpus: Corpus, tmp_path: Path) -> None:
    identifier = talk(corpus, ("Q", "A"))
    _, reply = corpus.begin_turn(identifier, None, "Q, edited", INFO, Sampling())
    corpus.end_reply(reply.id, "B", "complete")
    trees = json_lines(corpus, "oasst", tmp_path / "out.jsonl")
    assert [outline(tree["prompt"]) for tree in trees] == [("Q", [("A", [])]), ("Q, edited", [("B", [])])]


def test_what_a_blank_reply_left_unanswered_is_joined_to_what_was_said_next(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q1", " \n"), ("Q2", "A2"))
    (tree,) = json_lines(corpus, "oasst", tmp_path / "out.jsonl")
    assert outline(tree["prompt"]) == ("Q1\n\nQ2", [("A2", [])])
    assert tree["prompt"]["parent_id"] is None


def test_a_conversation_without_a_complete_reply_has_no_tree(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q", "A, ha"), last="interrupted")
    talk(corpus, ("Q", " "))
    row = conversation_row()
    corpus.begin_turn(row.id, None, "Still waiting", INFO, Sampling(), new=row)
    assert json_lines(corpus, "oasst", tmp_path / "out.jsonl") == []


def test_a_conversation_deeper_than_a_json_encoder_goes_is_written_whole(corpus: Corpus, tmp_path: Path) -> None:
    turns = 700
    without_waiting_for_the_disk(corpus)
    identifier = talk(corpus, *((f"Q{turn}", f"A{turn}") for turn in range(turns)))
    out = tmp_path / "out.jsonl"
    assert export_to(corpus, FORMATS["oasst"], EVERYTHING, out) == 1
    written = out.read_text(encoding="utf-8")
    assert written.count('"message_id"') == len(branch_of(corpus, identifier)) == 2 * turns
    assert written.count("[") == written.count("]")
    assert written.count("{") == written.count("}")
    assert json.dumps(f"A{turns - 1}") in written
