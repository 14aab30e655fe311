"""An export that names a model says where it was asked as a base model."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, Words
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.sql import new_key
from chat_personas.reporting.conversation_copy import MARKDOWN
from eval.engine import Sampling
from tests.corpus.export.participants import take_part
from tests.corpus.export.talks import EVERYTHING
from tests.corpus.making import BASE, INFO, branch_of, conversation_row, talk

NAMED = "small.gguf (a base model: it continues text)"


def test_tables_have_it_with_each_conversation_and_each_reply(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    talk(corpus, ("Guns?", "More."))
    export_to(corpus, FORMATS["csv"], EVERYTHING, tmp_path / "tables")
    for name, told in (("conversations", ["plain", ""]), ("messages", ["", "plain", "", ""])):
        with (tmp_path / "tables" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            assert [row["prompt_format"] for row in csv.DictReader(stream)] == told


def test_a_database_has_it_in_its_views(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    export_to(corpus, FORMATS["sqlite"], EVERYTHING, tmp_path / "dialogues.db")
    with closing(sqlite3.connect(tmp_path / "dialogues.db")) as database:
        assert database.execute("SELECT model, prompt_format FROM v_turns").fetchall() == [("small.gguf", "plain")]


def test_convokit_has_it_with_the_speaker_and_each_reply_and_among_the_terms(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus")
    speaker = json.loads((tmp_path / "corpus" / "speakers.json").read_text())["democrat on small.gguf"]
    assert speaker["meta"]["ai_meta"]["config"]["prompt_format"] == "plain"
    _, reply = map(json.loads, (tmp_path / "corpus" / "utterances.jsonl").read_text().splitlines())
    assert reply["meta"]["ai_meta"]["config"]["prompt_format"] == "plain"
    overall = json.loads((tmp_path / "corpus" / "corpus.json").read_text())
    assert overall["model_terms"] == f"{NAMED}: not known"


def test_convokit_has_it_with_a_reply_that_a_debate_quotes(corpus: Corpus, tmp_path: Path) -> None:
    first, second = conversation_row(), conversation_row(persona="republican")
    corpus.begin_debate(new_key(), (first, second), Words("Guns?", "Moderator"), 1)
    reply = corpus.begin_reply(first.id, branch_of(corpus, first.id)[-1].id, BASE, Sampling())
    corpus.end_reply(reply.id, "Fewer.", "complete", finish_reason="stop")
    (told,) = corpus.tell([(second.id, branch_of(corpus, second.id)[-1].id, Words("Fewer.", "A Democrat", reply.id))])
    answer = corpus.begin_reply(second.id, told.id, INFO, Sampling())
    corpus.end_reply(answer.id, "More.", "complete", finish_reason="stop")
    export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus")
    speakers = json.loads((tmp_path / "corpus" / "speakers.json").read_text())
    told_of = {name: speaker["meta"]["ai_meta"].get("config", {}) for name, speaker in speakers.items()}
    assert told_of["democrat on small.gguf"]["prompt_format"] == "plain"
    assert told_of["republican on small.gguf"]["prompt_format"] is None


def test_a_copy_for_reading_says_it_at_its_head(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "copy.md")
    assert f"\n- model: {NAMED}\n" in (tmp_path / "copy.md").read_text()


def test_a_file_for_statistics_has_it_as_a_variable(corpus: Corpus, tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    take_part(corpus, ("Guns?", "Fewer."), model=BASE)
    export_to(corpus, FORMATS["spss"], EVERYTHING, tmp_path / "town.sav")
    table, meta = pyreadstat.read_sav(str(tmp_path / "town.sav"))
    assert list(table["prompt_format"]) == ["plain"]
    assert meta.column_names_to_labels["prompt_format"] == "how that model was asked (plain: as a base model)"
