"""The files of a ConvoKit corpus; `tests/ecosystem` opens them with ConvoKit itself."""

import json
from pathlib import Path

from chat_personas.corpus import Corpus
from chat_personas.corpus.export import FORMATS, export_to
from tests.corpus.export.talks import EVERYTHING, forked
from tests.corpus.making import talk


def test_each_utterance_replies_to_the_one_before(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    talk(corpus, ("Q1", " "), ("Q2", "A2"))
    export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus")
    lines = (tmp_path / "corpus" / "utterances.jsonl").read_text(encoding="utf-8").splitlines()
    said = [json.loads(line) for line in lines]
    assert [(one["id"], one["reply-to"]) for one in said[:4]] == [
        (kept.first, None),
        (kept.better, kept.first),
        (kept.second, kept.better),
        (kept.last, kept.second),
    ]
    assert [one["text"] for one in said[4:]] == ["Q1", "Q2", "A2"]
    assert [one["reply-to"] for one in said[4:]] == [None, said[4]["id"], said[5]["id"]]


def test_the_index_names_the_types_of_all_metadata(corpus: Corpus, tmp_path: Path) -> None:
    forked(corpus)
    export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus")
    index = json.loads((tmp_path / "corpus" / "index.json").read_text(encoding="utf-8"))
    assert index["speakers-index"] == {
        "is_ai": ["<class 'bool'>"],
        "persona": ["<class 'str'>"],
        "ai_meta": ["<class 'dict'>"],
    }
    assert index["utterances-index"]["turn"] == ["<class 'int'>"]
    assert index["conversations-index"]["model_sha256"] == []


def test_an_empty_corpus_gives_valid_files(corpus: Corpus, tmp_path: Path) -> None:
    assert export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus") == 0
    assert json.loads((tmp_path / "corpus" / "conversations.json").read_text(encoding="utf-8")) == {}
