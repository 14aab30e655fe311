"""pandas reads the tables, with their accents, numbers and keys."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.export import FORMATS, export_to
from tests.corpus.export.talks import EVERYTHING, forked

pytestmark = pytest.mark.ecosystem
pandas = pytest.importorskip("pandas", reason="pandas is not installed")


def test_the_tables_join_by_their_keys(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    export_to(corpus, FORMATS["csv"], EVERYTHING, tmp_path / "tables")
    tables = {file.stem: pandas.read_csv(file) for file in (tmp_path / "tables").iterdir()}
    assert {name: len(table) for name, table in tables.items()} == {
        "conversations": 1,
        "messages": 6,  # with the last reply, which was stopped, and its question
        "measurements": 2,
        "ratings": 1,
        "participations": 0,
        "answers": 0,
        "guesses": 0,
    }
    replies = tables["measurements"].merge(tables["messages"], on="message_id", suffixes=("", "_of_message"))
    (row,) = replies.to_dict("records")
    assert (row["conversation_id"], row["alignment"], row["projection"]) == (kept.conversation, 0.71, 0.25)
    assert row["text"] == "Où est <b>Élise</b>?\nHere."
