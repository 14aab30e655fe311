"""Datasette opens the export read-only and finds its tables, its views and the words in its messages."""

from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.export.sqlite import OF_STUDIES
from tests.corpus.export.talks import EVERYTHING, forked
from tests.corpus.test_measurements import PROBES

pytestmark = pytest.mark.ecosystem
app = pytest.importorskip("datasette.app", reason="datasette is not installed")


async def test_datasette_serves_the_database(corpus: Corpus, tmp_path: Path) -> None:
    kept = forked(corpus)
    file = tmp_path / "copy.db"
    export_to(corpus, FORMATS["sqlite"], EVERYTHING, file)
    file.chmod(0o400)
    client = app.Datasette([], immutables=[str(file)]).client
    database = (await client.get("/copy.json")).json()
    tables = {table["name"]: table["count"] for table in database["tables"] if not table["hidden"]}
    assert tables == {
        "conversations": 1,
        "messages": 7,
        "generations": 4,
        "measurements": 3,
        "probes": 3 * len(PROBES),
        "ratings": 2,
    } | dict.fromkeys(OF_STUDIES, 0)
    views = {"v_dialogue", "v_turns", "v_measurements", "v_participations", "v_answers", "v_guesses"}
    assert {view["name"] for view in database["views"]} == views
    found = (await client.get("/copy/messages.json?_search=elise&_shape=array")).json()
    assert [row["id"] for row in found] == [kept.better]
    page = await client.get("/copy/v_turns")
    assert page.status_code == 200
    assert "Où est &lt;b&gt;Élise&lt;/b&gt;?" in page.text
