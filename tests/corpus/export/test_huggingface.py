"""The files of a dataset for the hub; `tests/ecosystem` opens them with the libraries themselves."""

import json
import re
import sys
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, ExportError
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.export.dataset_card import Table, card, croissant
from chat_personas.corpus.export.huggingface import COLUMNS
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
    written = card([TABLE], "thoughts")
    head, prose = re.fullmatch(r"---\n(.*?)\n---\n(.*)", written, re.S).groups()  # type: ignore[union-attr]
    assert "- config_name: ratings\n  default: true\n  data_files:\n  - split: train\n" in head
    assert "    num_bytes: 654\n    num_examples: 1234\n  download_size: 321\n" in head
    assert "  - name: groups\n    list:\n    - name: attribute\n      dtype: string\n" in head
    assert "  - name: options\n    list: float64\n" in head
    assert "| `ratings` | what people thought of messages | 1,234 |" in prose
    assert "Left out are: thoughts." in prose
    assert "Share it only with the consent of everybody who speaks in it." in prose


def test_croissant_names_each_file_with_its_hash_and_each_column_with_its_type() -> None:
    found = json.loads(croissant([TABLE], "thoughts", "2026-01-02", "2026-03-04"))
    assert found["conformsTo"] == ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
    (file,) = found["distribution"]
    assert (file["contentUrl"], file["sha256"]) == (TABLE.file, "ab" * 32)
    scale, value, groups, options = found["recordSet"][0]["field"]
    assert (scale["dataType"], value["dataType"], options["dataType"]) == ("sc:Text", "cr:Float64", "cr:Float64")
    assert options["isArray"] is True
    assert groups["subField"][0]["source"]["transform"] == {"jsonPath": "attribute"}
    assert found["rai:dataCollectionTimeFrame"] == ["2026-01-02", "2026-03-04"]
