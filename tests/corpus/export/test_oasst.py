"""OpenAssistant's message trees: every branch that ends with a complete reply."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus, ExportError, RatingRow
from chat_personas.corpus.export import FORMATS, Written, export_to
from eval.engine import Sampling
from personas import load_persona
from tests.corpus.export.talks import EVERYTHING, SECRET_THOUGHT, forked, json_lines
from tests.corpus.making import INFO, branch_of, conversation_row, talk, without_waiting_for_the_disk
from tests.corpus.test_forks import goes_on
from tests.fakes import END, FakeEngine


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
    with pytest.raises(
        ExportError, match="nothing that was chosen can be in oasst: 3 conversations without a complete"
    ):
        json_lines(corpus, "oasst", tmp_path / "out.jsonl")


def test_the_ends_of_branches_that_are_left_out_are_counted_and_nothing_else(corpus: Corpus, tmp_path: Path) -> None:
    first, _ = branch_of(corpus, identifier := talk(corpus, ("Q1", " \n"), ("Q2", "A2")))[:2]
    for status, text in (("stopped", "B"), ("error", ""), ("complete", "C"), ("interrupted", "D")):
        reply = corpus.begin_reply(identifier, first.id, INFO, Sampling())
        corpus.end_reply(reply.id, text, status)
    fork = corpus.fork(reply.id)
    talk(corpus, ("Whole", "Yes."))
    written = export_to(corpus, FORMATS["oasst"], EVERYTHING, tmp_path / "out.jsonl")
    assert written == Written(3, "the end of 2 branches (no complete reply to it)")
    trees = [json.loads(line)["prompt"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert sorted(map(outline, trees)) == [("Q1", [("C", [])]), ("Q1\n\nQ2", [("A2", [])]), ("Whole", [("Yes.", [])])]
    corpus.begin_turn(fork, branch_of(corpus, fork)[-1].id, "Still waiting", INFO, Sampling())
    again = export_to(corpus, FORMATS["oasst"], EVERYTHING, tmp_path / "out.jsonl", force=True)
    assert again.stays == "the end of 2 branches (no complete reply to it)", "the branch of D goes on"


def test_a_conversation_deeper_than_a_json_encoder_goes_is_written_whole(corpus: Corpus, tmp_path: Path) -> None:
    turns = 700
    without_waiting_for_the_disk(corpus)
    identifier = talk(corpus, *((f"Q{turn}", f"A{turn}") for turn in range(turns)))
    out = tmp_path / "out.jsonl"
    assert export_to(corpus, FORMATS["oasst"], EVERYTHING, out).units == 1
    written = out.read_text(encoding="utf-8")
    assert written.count('"message_id"') == len(branch_of(corpus, identifier)) == 2 * turns
    assert written.count("[") == written.count("]")
    assert written.count("{") == written.count("}")
    assert json.dumps(f"A{turns - 1}") in written


def people_in(trees: Any) -> list[str]:
    """What people said in trees, by the fields that say so, without copies."""
    nodes, found = [tree["prompt"] for tree in trees], []
    while nodes:
        node = nodes.pop()
        nodes += node["replies"]
        if node["role"] == "prompter" and not node["synthetic"] and node["copy_of"] is None:
            found.append(node["text"])
    return sorted(found)


def people_by_sql(corpus: Corpus) -> list[str]:
    said = "SELECT text FROM messages WHERE role = 'user' AND quotes IS NULL AND copy_of IS NULL ORDER BY text"
    return [text for (text,) in corpus.database().execute(said)]


def test_a_fork_goes_on_in_the_tree_of_its_original(corpus: Corpus, tmp_path: Path) -> None:
    original = talk(corpus, ("About guns?", "Ban them."), ("Why?", "For peace."))
    said = branch_of(corpus, original)
    fork = corpus.fork(said[1].id)
    talk(corpus, ("Something else", "So."))
    goes_on(corpus, fork, "Really?", "Yes.")
    corpus.add_rating(RatingRow(message_id=said[1].id, scale="realism 1-7", value=2))
    corpus.add_rating(RatingRow(message_id=branch_of(corpus, fork)[1].id, scale="realism 1-7", value=5))
    again = corpus.fork(branch_of(corpus, fork)[2].id)
    reply = corpus.begin_reply(again, branch_of(corpus, again)[-1].id, INFO, Sampling())
    corpus.end_reply(reply.id, "No.", "complete", finish_reason="stop")
    trees = json_lines(corpus, "oasst", tmp_path / "out.jsonl")
    assert [outline(tree["prompt"]) for tree in trees] == [
        ("About guns?", [("Ban them.", [
            ("Why?", [("For peace.", [])]),
            ("Really?", [("Yes.", []), ("No.", [])]),
        ])]),
        ("Something else", [("So.", [])]),
    ]  # fmt: skip
    assert people_in(trees) == people_by_sql(corpus) == ["About guns?", "Really?", "Something else", "Why?"]
    answer = trees[0]["prompt"]["replies"][0]
    assert (answer["message_id"], answer["labels"]) == (said[1].id, {"realism 1-7": {"value": 3.5, "count": 2}})
    assert [one["parent_id"] for one in answer["replies"]] == [said[1].id] * 2


def test_forks_whose_original_is_gone_are_one_tree(corpus: Corpus, tmp_path: Path) -> None:
    original = talk(corpus, ("About guns?", "Ban them."))
    for word in ("Why?", "Really?"):
        goes_on(corpus, corpus.fork(branch_of(corpus, original)[-1].id), word, "So.")
    corpus.delete(original)
    (tree,) = json_lines(corpus, "oasst", tmp_path / "out.jsonl")
    assert outline(tree["prompt"]) == (
        "About guns?", [("Ban them.", [("Why?", [("So.", [])]), ("Really?", [("So.", [])])])],
    )  # fmt: skip


async def test_a_moderators_words_are_once_in_the_tree_of_a_debate(corpus: Corpus, tmp_path: Path) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END], ["No.", END], ["Yes.", END])
    debate = Debate.start(corpus, (engine, engine), (load_persona("democrat"), load_persona("republican")), "Guns?", 2)
    for _ in range(4):
        async for _ in debate.turn():
            pass
        await debate.interject("Go on")
    trees = json_lines(corpus, "oasst", tmp_path / "out.jsonl")
    answered = """SELECT text FROM messages WHERE role = 'user' AND quotes IS NULL AND copy_of IS NULL
        AND id < (SELECT max(id) FROM messages WHERE role = 'assistant') ORDER BY text"""
    expected = [text for (text,) in corpus.database().execute(answered)]
    assert people_in(trees) == expected == ["Go on"] * 3 + ["Guns?"]
