"""`datasets` and `mlcroissant` read the export, and its counts are those of the database."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus, Selection
from chat_personas.corpus.export import FORMATS, Terms, export_to, huggingface
from tests.corpus.export.participants import answer, guess, take_part
from tests.corpus.export.talks import EVERYTHING, SECRET_THOUGHT, forked
from tests.corpus.making import talk
from tests.corpus.test_measurements import PROBES

pytestmark = pytest.mark.ecosystem
pytest.importorskip("pyarrow", reason="pyarrow is not installed")
datasets = pytest.importorskip("datasets", reason="datasets is not installed")
mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")


@pytest.fixture
def dataset(corpus: Corpus, tmp_path: Path) -> Path:
    """The directory of an export of three conversations, one of them with everything."""
    forked(corpus)
    talk(corpus, ("Q1", "A1"), ("Q2", "A2"))
    talk(corpus, ("Q", "A, ha"), last="interrupted")
    assert export_to(corpus, FORMATS["huggingface"], EVERYTHING, tmp_path / "dataset").units == 2
    return tmp_path / "dataset"


def loaded(dataset: Path, configuration: str) -> Any:
    cache = str(dataset.parent / "cache")
    return datasets.load_dataset(str(dataset), configuration, split="train", cache_dir=cache)


def test_datasets_reads_every_configuration_with_the_counts_of_the_database(corpus: Corpus, dataset: Path) -> None:
    names = ["dialogues", "messages", "measurements", "probes", "ratings"]
    assert datasets.get_dataset_config_names(str(dataset)) == names
    counts = {name: loaded(dataset, name).num_rows for name in names}
    ended = "SELECT count(*) AS n FROM v_dialogue WHERE role = 'assistant' AND status = 'complete'"
    (replies,) = corpus.database().query(ended)
    assert counts["messages"] == 2 * replies["n"] == 8
    shown = "SELECT count(*) AS n FROM v_measurements WHERE turn IS NOT NULL"
    (rounds,) = corpus.database().query(shown)
    assert counts["measurements"] == rounds["n"] == 2
    assert counts["probes"] == 2 * len(PROBES)
    assert (counts["dialogues"], counts["ratings"]) == (2, 1)


def test_a_file_of_many_groups_of_rows_holds_each_row_once(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import parquet

    monkeypatch.setattr("chat_personas.corpus.export.huggingface.MOST_BYTES", 1)
    for number in range(5):
        talk(corpus, (f"Q{number}", f"A{number}"))
    assert export_to(corpus, FORMATS["huggingface"], EVERYTHING, tmp_path / "dataset").units == 5
    assert [row["text"] for row in loaded(tmp_path / "dataset", "messages")] == [
        f"{role}{number}" for number in range(5) for role in "QA"
    ]
    file = parquet.ParquetFile(tmp_path / "dataset" / "data" / "messages" / "train-00000-of-00001.parquet")
    assert file.num_row_groups == 10


def test_a_dialogue_has_the_messages_that_trainers_read(dataset: Path) -> None:
    first = loaded(dataset, "dialogues")[0]
    assert first["turns"] == 2
    assert [(message["role"], message["content"]) for message in first["messages"]] == [
        ("system", "Be brief."),
        ("user", "=Why?"),
        ("assistant", "Où est <b>Élise</b>?\nHere."),
        ("user", "Go on"),
        ("assistant", "So."),
    ]


def test_a_message_says_how_it_was_made(dataset: Path) -> None:
    question, reply = loaded(dataset, "messages").select([0, 1])
    assert (reply["seed"], reply["projection"], reply["interventions"]) == (8, 0.25, ["add:left:10-20:0.5"])
    assert question["model"] is None
    assert "thought" not in reply
    assert SECRET_THOUGHT not in json.dumps(loaded(dataset, "messages").to_dict(), default=str)


def test_the_features_of_the_card_are_those_of_the_files(dataset: Path) -> None:
    from pyarrow import parquet

    for name in datasets.get_dataset_config_names(str(dataset)):
        schema = parquet.read_schema(dataset / "data" / name / "train-00000-of-00001.parquet")
        described = datasets.load_dataset_builder(str(dataset), name).info.features
        assert described == datasets.Features.from_arrow_schema(schema), name


def test_croissant_is_valid_and_gives_the_records(dataset: Path) -> None:
    found = mlcroissant.Dataset(jsonld=str(dataset / "croissant.json"))
    assert found.metadata.ctx.issues.errors == set()
    assert "1.1" in str(found.metadata.ctx.conforms_to.value)
    first = next(iter(found.records("messages")))
    assert first["messages/text"] == b"=Why?"
    assert len(list(found.records("measurements"))) == 2
    dialogue = next(iter(found.records("dialogues")))
    assert [message["dialogues/messages/content"] for message in dialogue["dialogues/messages"]][-1] == b"So."


class TestParticipants:
    """What participants of a study did, in three splits."""

    @pytest.fixture
    def people(self, corpus: Corpus, tmp_path: Path) -> Path:
        """The directory of an export of thirty participants, each with a conversation, an answer and two guesses."""
        for number in range(30):
            way = take_part(corpus, (f"Q{number} of ann@example.org", "A"))
            answer(corpus, way, "age", attribute="AGE", code="30-49", options=("18-29", "30-49"))
            guess(corpus, way, "before", 0.25, 0.75)
            guess(corpus, way, "after", 0.5, 0.5)
        terms = Terms(licence_people="CC-BY-4.0", licence_model="MIT")
        assert export_to(corpus, huggingface.SPLIT, Selection(), tmp_path / "people", terms=terms).units == 30
        return tmp_path / "people"

    def test_every_participant_is_in_one_split_with_everything(self, people: Path) -> None:
        cache = str(people.parent / "cache")
        found: dict[str, dict[str, list[str]]] = {}
        for name in ("dialogues", "participations", "answers", "guesses"):
            splits = datasets.load_dataset(str(people), name, cache_dir=cache)
            found[name] = {split: splits[split]["participant"][:] for split in splits}
        assert found["dialogues"].keys() == found["answers"].keys() == found["participations"].keys()
        for split, participants in found["participations"].items():
            assert set(found["dialogues"][split]) == set(participants) == set(found["answers"][split])
            assert sorted(found["guesses"][split]) == sorted(participants * 2)
        together = [one for participants in found["participations"].values() for one in participants]
        assert len(together) == len(set(together)) == 30
        assert len(found["participations"]["train"]) > 15

    def test_answers_and_guesses_have_their_types(self, people: Path) -> None:
        cache = str(people.parent / "cache")
        answered = datasets.load_dataset(str(people), "answers", split="train", cache_dir=cache)[0]
        assert (answered["attribute"], answered["code"], answered["declined"]) == ("AGE", "30-49", False)
        assert answered["options"] == ["18-29", "30-49"]
        guessed = datasets.load_dataset(str(people), "guesses", split="train", cache_dir=cache)
        assert sorted(guessed["shares"][:2]) == [[0.25, 0.75], [0.5, 0.5]]

    def test_mlcroissant_validates_it_and_reads_records_of_each_split(self, people: Path) -> None:
        read = mlcroissant.Dataset(jsonld=str(people / "croissant.json"))
        assert read.metadata.ctx.issues.errors == set()
        sets = [one.uuid for one in read.metadata.record_sets]
        assert {"dialogues", "participations", "answers", "guesses"} <= set(sets)
        for name in sets:
            assert next(iter(read.records(name)))

    def test_the_card_states_the_licences_and_what_was_done_for_privacy(self, people: Path) -> None:
        card = (people / "README.md").read_text(encoding="utf-8")
        assert "license: other" in card
        assert "Licence of people's words: CC-BY-4.0. Licence of the model's words: MIT." in card
        assert "were masked by rules" in card
        assert "as they typed it" not in card
        messages = datasets.load_dataset(str(people), "messages", split="train", cache_dir=str(people.parent / "cache"))
        assert {text.partition(" of ")[2] for text in messages["text"][::2]} == {"[EMAIL]"}
