"""An export that names a model says where it was asked as a base model."""

import csv
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, Selection, Words
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.sql import new_key
from chat_personas.reporting.conversation_copy import MARKDOWN
from eval.engine import Sampling
from tests.corpus.export.participants import take_part
from tests.corpus.export.talks import EVERYTHING
from tests.corpus.making import BASE, INFO, branch_of, conversation_row, talk
from tests.corpus.test_measurements import measurement

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
    (release,) = corpus.releases.all()
    assert overall["model_terms"] == release.model_terms == f"{NAMED}: not known"


def test_a_speaker_of_convokit_who_was_asked_in_both_forms_has_neither(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    talk(corpus, ("Guns?", "More."), model=replace(INFO, prompt_format="template"))
    export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus")
    speaker = json.loads((tmp_path / "corpus" / "speakers.json").read_text())["democrat on small.gguf"]
    config = speaker["meta"]["ai_meta"]["config"]
    assert (config["model"], config["prompt_format"]) == ("small.gguf", None)


def test_prism_has_it_among_the_models(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    export_to(corpus, FORMATS["prism"], EVERYTHING, tmp_path / "prism")
    (model,) = map(json.loads, (tmp_path / "prism" / "models.jsonl").read_text().splitlines())
    assert (model["short_name"], model["prompt_format"]) == ("small.gguf", "plain")


def test_the_card_of_a_dataset_has_it_among_the_terms(corpus: Corpus, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    talk(corpus, ("Guns?", "Fewer."), model=BASE)
    export_to(corpus, FORMATS["huggingface"], EVERYTHING, tmp_path / "dataset")
    assert f"Models' terms: {NAMED}: not known." in (tmp_path / "dataset" / "README.md").read_text()


def debate(corpus: Corpus) -> str:
    """Keep a debate in which a base model spoke first and another model answered; return the key of the second side."""
    first, second = conversation_row(), conversation_row(persona="republican")
    corpus.begin_debate(new_key(), (first, second), Words("Guns?", "Moderator"), 1)
    reply = corpus.begin_reply(first.id, branch_of(corpus, first.id)[-1].id, BASE, Sampling())
    corpus.end_reply(reply.id, "Fewer.", "complete", finish_reason="stop")
    (told,) = corpus.tell([(second.id, branch_of(corpus, second.id)[-1].id, Words("Fewer.", "A Democrat", reply.id))])
    answer = corpus.begin_reply(second.id, told.id, INFO, Sampling())
    corpus.end_reply(answer.id, "More.", "complete", finish_reason="stop")
    return second.id


def test_convokit_has_it_with_a_reply_that_a_debate_quotes(corpus: Corpus, tmp_path: Path) -> None:
    export_to(corpus, FORMATS["convokit"], Selection(own=True, ids=(debate(corpus),)), tmp_path / "corpus")
    speakers = json.loads((tmp_path / "corpus" / "speakers.json").read_text())
    told_of = {name: speaker["meta"]["ai_meta"].get("config", {}) for name, speaker in speakers.items()}
    assert told_of["democrat on small.gguf"]["prompt_format"] == "plain"
    assert told_of["republican on small.gguf"]["prompt_format"] is None


def test_a_copy_for_reading_says_it_of_words_that_it_quotes(corpus: Corpus, tmp_path: Path) -> None:
    export_to(corpus, MARKDOWN, Selection(own=True, ids=(debate(corpus),)), tmp_path / "copy.md")
    written = (tmp_path / "copy.md").read_text()
    assert "\n## democrat on small.gguf (a base model: it continues text, quoted)\n" in written
    assert "\n- model: small.gguf\n" in written


def test_a_copy_for_reading_names_every_model_that_replied(corpus: Corpus, tmp_path: Path) -> None:
    key = talk(corpus, ("Guns?", "Fewer."), model=replace(INFO, prompt_format="template"))
    _, reply = corpus.begin_turn(key, branch_of(corpus, key)[-1].id, "Why?", BASE, Sampling())
    corpus.end_reply(reply.id, "So.", "complete", finish_reason="stop")
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "copy.md")
    written = (tmp_path / "copy.md").read_text()
    assert f"\n- model: small.gguf, then {NAMED}\n" in written
    assert re.findall("^## (?!Person)(.*)$", written, re.M) == ["democrat on small.gguf", f"democrat on {NAMED}"]


def test_a_copy_for_reading_and_tables_say_which_template_was_given(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Guns?", "Fewer."), model=replace(INFO, prompt_format="template", template="chatml"))
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "copy.md")
    named = "small.gguf (asked through the template chatml, which was given for it)"
    assert f"\n- model: {named}\n" in (tmp_path / "copy.md").read_text()
    export_to(corpus, FORMATS["csv"], EVERYTHING, tmp_path / "tables")
    with (tmp_path / "tables" / "messages.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["template"] for row in csv.DictReader(stream)] == ["", "chatml"]


def test_a_copy_for_reading_says_what_was_measured_where_there_were_several(corpus: Corpus, tmp_path: Path) -> None:
    key = talk(corpus, ("Guns?", "Fewer."), model=replace(INFO, prompt_format="template"))
    row = measurement(branch_of(corpus, key)[-1]).model_copy(update={"model": INFO.name})
    for number, form in enumerate(("template", "plain")):
        corpus.add_measurement(row.model_copy(update={"id": f"M{number}", "prompt_format": form}), ())
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "copy.md")
    found = re.findall(r"measured after turn 1 on (.*?) \(civic", (tmp_path / "copy.md").read_text())
    assert found == ["small.gguf", NAMED]


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
