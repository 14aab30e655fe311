"""ConvoKit loads the export, its checks pass, and it walks through every conversation."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, Selection
from chat_personas.corpus.export import FORMATS, export_to
from tests.corpus.export.participants import take_part
from tests.corpus.export.talks import EVERYTHING, SECRET_THOUGHT, forked
from tests.corpus.making import conversation_row, talk

pytestmark = pytest.mark.ecosystem
convokit = pytest.importorskip("convokit", reason="convokit is not installed")


def test_convokit_loads_the_corpus_and_its_checks_pass(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    talk(corpus, ("Q1", " "), ("Q2", "A2"), row=conversation_row(persona="republican"))
    assert export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus").units == 2
    loaded = convokit.Corpus(filename=str(tmp_path / "corpus"))
    assert loaded.has_ai
    assert sorted(loaded.get_speaker_ids()) == ["democrat on small.gguf", "person", "republican on small.gguf"]
    walked = {
        conversation.id: [utterance.text for utterance in conversation.traverse("dfs")]
        for conversation in loaded.iter_conversations()
        if conversation.check_integrity(verbose=False)
    }
    assert walked[kept.conversation] == ["=Why?", "Où est <b>Élise</b>?\nHere.", "Go on", "So."]
    assert sorted(walked.values())[1] == ["Q1", "Q2", "A2"]


def test_who_is_a_model_how_it_replied_and_what_was_measured_come_along(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus")
    loaded = convokit.Corpus(filename=str(tmp_path / "corpus"))
    speaker = loaded.get_speaker("democrat on small.gguf")
    assert (speaker.is_ai, speaker.ai_meta["role"]) == (True, "participant")
    assert loaded.get_speaker("person").is_ai is False
    conversation = loaded.get_conversation(kept.conversation)
    assert conversation.get_ai_speakers() == ["democrat on small.gguf"]
    assert [(row["turn"], row["alignment"]) for row in conversation.meta["measurements"]] == [(0, 0.5), (1, 0.71)]
    reply = loaded.get_utterance(kept.better)
    how = reply.ai_meta["config"]
    assert (how["seed"], how["interventions"], how["projection"]) == (8, ["add:left:10-20:0.5"], 0.25)
    assert [rating["value"] for rating in reply.meta["ratings"]] == [5.0]
    written = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "corpus").iterdir())
    assert SECRET_THOUGHT not in written


def test_what_convokit_dumps_again_is_the_same_corpus(corpus: Corpus, tmp_path: Path) -> None:
    forked(corpus)
    export_to(corpus, FORMATS["convokit"], EVERYTHING, tmp_path / "corpus")
    loaded = convokit.Corpus(filename=str(tmp_path / "corpus"))
    loaded.dump("again", base_path=str(tmp_path))
    again = convokit.Corpus(filename=str(tmp_path / "again"))
    assert [utterance.text for utterance in again.iter_utterances()] == [
        utterance.text for utterance in loaded.iter_utterances()
    ]
    assert again.get_conversation(loaded.get_conversation_ids()[0]).meta == (
        loaded.get_conversation(loaded.get_conversation_ids()[0]).meta
    )


def test_participants_are_speakers_of_their_own(corpus: Corpus, tmp_path: Path) -> None:
    for number in range(3):
        take_part(corpus, (f"Q{number}", "A"), ("Go on", "So."))
    export_to(corpus, FORMATS["convokit"], Selection(), tmp_path / "corpus")
    read = convokit.Corpus(filename=str(tmp_path / "corpus"))
    people = [speaker for speaker in read.iter_speakers() if not speaker.is_ai]
    assert len(people) == 3
    assert all(speaker.id.startswith("P-") for speaker in people)
    assert sorted(len(list(speaker.iter_utterances())) for speaker in people) == [2, 2, 2]
    assert all(conversation.check_integrity(verbose=False) for conversation in read.iter_conversations())
