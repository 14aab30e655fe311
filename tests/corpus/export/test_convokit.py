"""The files of a ConvoKit corpus; `tests/ecosystem` opens them with ConvoKit itself."""

import json
from pathlib import Path

from chat_personas.corpus import Corpus, Selection
from chat_personas.corpus.export import FORMATS, Terms, export_to
from chat_personas.corpus.export.pseudonyms import Pseudonyms
from tests.corpus.export.participants import take_part
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
    assert export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus").units == 0
    assert json.loads((tmp_path / "corpus" / "conversations.json").read_text(encoding="utf-8")) == {}


def test_participants_are_speakers_and_the_terms_go_along(corpus: Corpus, tmp_path: Path) -> None:
    first, second = (take_part(corpus, ("Why?", "So.")) for _ in range(2))
    talk(corpus, ("Mine", "Yes."))
    terms = Terms(licence_people="CC-BY-4.0")
    export_to(corpus, FORMATS["convokit"], Selection(own=True), tmp_path / "corpus", terms=terms)
    speakers = json.loads((tmp_path / "corpus" / "speakers.json").read_text())
    people = {name for name, speaker in speakers.items() if not speaker["meta"]["is_ai"]}
    names = Pseudonyms(terms.secret)
    assert people == {"person", *(names.of("participant", one.participant_id) for one in (first, second))}
    overall = json.loads((tmp_path / "corpus" / "corpus.json").read_text())
    assert (overall["licence_people"], overall["licence_model"]) == ("CC-BY-4.0", None)
    assert (overall["model_terms"], overall["masking"]) == ("small.gguf: not known", "rules")
