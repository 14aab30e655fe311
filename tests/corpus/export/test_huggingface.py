"""The files of a dataset for the hub; `tests/ecosystem` opens them with the libraries themselves."""

import json
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, ExportError
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.export.dataset_card import About, Table, card, croissant
from chat_personas.corpus.export.huggingface import COLUMNS, SPLITS, split_of
from chat_personas.corpus.export.source import THOUGHT
from chat_personas.corpus.rows import GenerationRow, MeasurementRow, ProbeRow, RatingRow
from tests.corpus.export.talks import EVERYTHING
from tests.corpus.making import talk

TABLE = Table(
    name="ratings",
    file="data/ratings/train-00000-of-00001.parquet",
    sha256="ab" * 32,
    size=321,
    rows=1_234,
    bytes=654,
    columns={"scale": "string", "value": "float64", "groups": [{"attribute": "string"}], "options": ["float64"]},
)


def test_without_pyarrow_the_error_says_what_to_install(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(corpus, ("Q", "A"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r"needs pyarrow; install it with: .* 'chat-personas\[export\]'"):
        export_to(corpus, FORMATS["huggingface"], EVERYTHING, tmp_path / "dataset")
    assert {file.name for file in tmp_path.iterdir()} == {"data"}


def test_the_columns_are_those_of_the_rows_but_for_thoughts() -> None:
    made = set(GenerationRow.model_fields) - set(THOUGHT)
    assert made <= COLUMNS["messages"].keys()
    assert set(MeasurementRow.model_fields) - {"id"} <= COLUMNS["measurements"].keys()
    assert set(ProbeRow.model_fields) <= COLUMNS["probes"].keys()
    assert set(RatingRow.model_fields) - {"id"} <= COLUMNS["ratings"].keys()
    assert not any(column in THOUGHT for columns in COLUMNS.values() for column in columns)


def test_a_card_says_what_is_in_it_and_what_is_not() -> None:
    written = card([TABLE], About(leaves_out="thoughts"))
    head, prose = re.fullmatch(r"---\n(.*?)\n---\n(.*)", written, re.S).groups()  # type: ignore[union-attr]
    assert "- config_name: ratings\n  default: true\n  data_files:\n  - split: train\n" in head
    assert "    num_bytes: 654\n    num_examples: 1234\n  download_size: 321\n" in head
    assert "  - name: groups\n    list:\n    - name: attribute\n      dtype: string\n" in head
    assert "  - name: options\n    list: float64\n" in head
    assert "| `ratings` | what people thought of messages | 1,234 |" in prose
    assert "Left out are: thoughts." in prose
    assert "Share it only with the consent of everybody who speaks in it." in prose


def test_a_card_of_participants_says_how_they_are_protected_and_on_what_terms() -> None:
    about = About(
        leaves_out="thoughts",
        participants=3,
        of_owner=False,
        split=True,
        masking="rules",
        licence_people="CC-BY-4.0",
        licence_model="CC-BY-4.0",
        model_terms="pocket: MIT",
    )
    parts = [TABLE, replace(TABLE, split="test", rows=6, size=9, bytes=46)]
    written = card(parts, about)
    assert "license: cc-by-4.0\n" in written
    assert "  - split: train\n    path: data/ratings/train-*.parquet\n  - split: test\n" in written
    assert "  download_size: 330\n  dataset_size: 700\n" in written
    assert "| `ratings` | what people thought of messages | 1,240 |" in written
    assert "Splits are by participant" in written
    assert "Everybody who took part agreed to a release like this." in written
    assert "were masked by rules" in written
    assert "as they typed it" not in written
    assert "Models' terms: pocket: MIT." in written
    found = json.loads(croissant(parts, about))
    assert found["license"] == ["https://spdx.org/licenses/CC-BY-4.0"]
    assert [one["@id"] for one in found["recordSet"]] == ["ratings", "ratings-test"]


def test_unmasked_words_of_participants_are_said_to_be_as_they_were_typed() -> None:
    written = card([TABLE], About(leaves_out="thoughts", participants=3, of_owner=False, masking="none"))
    assert "as they typed it" in written
    assert "were masked" not in written


def test_splits_have_eight_and_one_and_one_of_ten_and_the_owner_is_in_train() -> None:
    counts = Counter(split_of(f"P-{number}") for number in range(10_000))
    assert split_of(None) == "train"
    # Binomial: standard deviations of 40 and 30, so five of them are 200 and 150.
    assert abs(counts["train"] - 8_000) < 200
    assert abs(counts["validation"] - 1_000) < 150
    assert abs(counts["test"] - 1_000) < 150
    assert counts.total() == sum(counts[split] for split in SPLITS)


def test_croissant_names_each_file_with_its_hash_and_each_column_with_its_type() -> None:
    found = json.loads(croissant([TABLE], About(leaves_out="thoughts", first="2026-01-02", last="2026-03-04")))
    assert found["conformsTo"] == ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
    (file,) = found["distribution"]
    assert (file["contentUrl"], file["sha256"]) == (TABLE.file, "ab" * 32)
    scale, value, groups, options = found["recordSet"][0]["field"]
    assert (scale["dataType"], value["dataType"], options["dataType"]) == ("sc:Text", "cr:Float64", "cr:Float64")
    assert options["isArray"] is True
    assert groups["subField"][0]["source"]["transform"] == {"jsonPath": "attribute"}
    assert found["rai:dataCollectionTimeFrame"] == ["2026-01-02", "2026-03-04"]
