"""`datasets` and `mlcroissant` read the export, and its counts are those of the database."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.export import FORMATS, export_to
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
    assert export_to(corpus, FORMATS["huggingface"], EVERYTHING, tmp_path / "dataset") == 2
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
    assert export_to(corpus, FORMATS["huggingface"], EVERYTHING, tmp_path / "dataset") == 5
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
