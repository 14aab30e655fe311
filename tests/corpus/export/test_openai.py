"""The export that OpenAI's fine-tuning and most trainers read."""

import io
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

from chat_personas.corpus import Corpus, ExportError, Selection, UnknownConversationError
from chat_personas.corpus.export import FORMATS, export_stdout, export_to
from eval.engine import Sampling
from tests.corpus.making import DAY, INFO, branch_of, conversation_row, talk

EVERYTHING = Selection(own=True)


def exported(corpus: Corpus, out: Path, selection: Selection = EVERYTHING) -> list[Any]:
    count = export_to(corpus, FORMATS["openai"], selection, out, force=True).units
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert count == len(records)
    return records


def test_a_conversation_is_a_line_with_the_prompt_and_the_turns(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Où?\nLà?", "Ici \u2028 😀."), ("Why?", "So."), row=conversation_row(system_prompt="Be brief."))
    assert exported(corpus, tmp_path / "out.jsonl") == [
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Où?\nLà?"},
                {"role": "assistant", "content": "Ici \u2028 😀."},
                {"role": "user", "content": "Why?"},
                {"role": "assistant", "content": "So."},
            ]
        }
    ]


def test_every_line_is_what_the_openai_client_calls_messages(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q1", "A1"), ("Q2", "A2"))
    talk(corpus, ("Q", "A"), row=conversation_row(system_prompt="S"))
    messages = TypeAdapter(list[ChatCompletionMessageParam])
    records = exported(corpus, tmp_path / "out.jsonl")
    assert len(records) == 2
    for record in records:
        assert record.keys() == {"messages"}
        assert [dict(message) for message in messages.validate_python(record["messages"])] == record["messages"]


def test_lines_end_only_where_a_conversation_does(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("a\nb\r\nc\u2028d\x85e", "f\x0cg"))
    out = tmp_path / "out.jsonl"
    export_to(corpus, FORMATS["openai"], EVERYTHING, out)
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1
    assert out.read_bytes().endswith(b"\n")


@pytest.mark.parametrize("status", ["stopped", "interrupted", "error"])
def test_a_last_reply_that_is_not_complete_is_left_out(corpus: Corpus, tmp_path: Path, status: Any) -> None:
    talk(corpus, ("Q1", "A1"), ("Q2", "A2, half"), last=status)
    (record,) = exported(corpus, tmp_path / "out.jsonl")
    assert [message["content"] for message in record["messages"]] == ["Q1", "A1"]


def test_an_incomplete_reply_that_was_answered_stands(corpus: Corpus, tmp_path: Path) -> None:
    identifier = talk(corpus, ("Q1", "A1, ha"), last="stopped")
    leaf = branch_of(corpus, identifier)[-1]
    _, reply = corpus.begin_turn(identifier, leaf.id, "Go on", INFO, Sampling())
    corpus.end_reply(reply.id, "A2", "complete")
    (record,) = exported(corpus, tmp_path / "out.jsonl")
    assert [message["content"] for message in record["messages"]] == ["Q1", "A1, ha", "Go on", "A2"]


def test_a_conversation_without_a_finished_reply_has_no_line(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q", "A, ha"), last="interrupted")
    row = conversation_row()
    corpus.begin_turn(row.id, None, "Still waiting", INFO, Sampling(), new=row)
    with pytest.raises(
        ExportError, match="nothing that was chosen can be in openai: 2 conversations without a complete"
    ):
        exported(corpus, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    assert corpus.releases.all() == ()


def test_a_reply_of_white_space_only_counts_as_none(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q", " \n\t\u3000"))
    talk(corpus, ("Q1", "A1"), ("Q2", " \n"))
    talk(corpus, ("Q1", "\n"), ("Q2", " A2\n"))
    records = exported(corpus, tmp_path / "out.jsonl")
    assert [[message["content"] for message in record["messages"]] for record in records] == [
        ["Q1", "A1"],
        ["Q1\n\nQ2", " A2\n"],
    ]


def test_only_the_active_branch_is_exported(corpus: Corpus, tmp_path: Path) -> None:
    identifier = talk(corpus, ("Q1", "A1"))
    reply = corpus.begin_reply(identifier, branch_of(corpus, identifier)[0].id, INFO, Sampling())
    corpus.end_reply(reply.id, "A1, said better", "complete")
    (record,) = exported(corpus, tmp_path / "out.jsonl")
    assert [message["content"] for message in record["messages"]] == ["Q1", "A1, said better"]


def test_conversations_are_chosen_and_come_oldest_first(corpus: Corpus, tmp_path: Path) -> None:
    one = talk(corpus, ("1", "A"), row=conversation_row(persona="republican"))
    two = talk(corpus, ("2", "A"), row=conversation_row(began=DAY + timedelta(days=2)))
    out = tmp_path / "out.jsonl"

    def first_words(selection: Selection) -> list[str]:
        return [record["messages"][0]["content"] for record in exported(corpus, out, selection)]

    assert first_words(EVERYTHING) == ["1", "2"]
    assert first_words(Selection(persona="republican", own=True)) == ["1"]
    assert first_words(Selection(since=(DAY + timedelta(days=1)).date(), own=True)) == ["2"]
    assert first_words(Selection(ids=(two, one), own=True)) == ["1", "2"]
    assert first_words(Selection(persona="democrat", until=DAY.date(), own=True)) == []


def test_an_unknown_persona_or_identifier_is_named_with_the_nearest(corpus: Corpus, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with pytest.raises(
        UnknownConversationError, match='with the persona "democrat" in the corpus; the corpus is empty'
    ):
        export_to(corpus, FORMATS["openai"], Selection(persona="democrat", own=True), out)
    talk(corpus, ("Q", "A"))
    with pytest.raises(
        UnknownConversationError, match=r'with the persona "demcrat" in the corpus; did you mean "democrat"\?'
    ):
        export_to(corpus, FORMATS["openai"], Selection(persona="demcrat", own=True), out)
    with pytest.raises(UnknownConversationError, match='there is no conversation "01NOTHERE"'):
        export_to(corpus, FORMATS["openai"], Selection(ids=("01NOTHERE",), own=True), out)
    assert not out.exists()


def test_a_file_that_is_there_is_replaced_only_when_asked(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q", "A"))
    out = tmp_path / "out.jsonl"
    out.write_text("precious")
    with pytest.raises(ExportError, match="is there already; choose another name or add --force"):
        export_to(corpus, FORMATS["openai"], EVERYTHING, out)
    assert out.read_text() == "precious"
    assert export_to(corpus, FORMATS["openai"], EVERYTHING, out, force=True).units == 1
    assert out.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["out.jsonl"]


def test_a_place_that_cannot_be_is_named(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no directory .*nowhere; create it first"):  # noqa: RUF043
        export_to(corpus, FORMATS["openai"], EVERYTHING, tmp_path / "nowhere" / "out.jsonl")
    with pytest.raises(ExportError, match="is a directory; give the name of a file in it"):
        export_to(corpus, FORMATS["openai"], EVERYTHING, tmp_path)


def test_standard_output_gets_nothing_but_the_lines_in_utf8(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    talk(corpus, ("Où?", "Là."))
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert export_stdout(corpus, FORMATS["openai"], EVERYTHING).units == 1
    assert json.loads(raw.getvalue().decode("utf-8"))["messages"][1]["content"] == "Là."
