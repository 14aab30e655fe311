"""Where an export goes: private, whole or not there, and never in the place of something else."""

from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, ExportError, connection
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.export.format import DirectoryFormat
from chat_personas.corpus.export.source import Source, reading
from chat_personas.storage.files import OutputError
from tests.corpus.export.talks import EVERYTHING
from tests.corpus.making import talk
from tests.storage.no_room import no_room

TABLES = FORMATS["csv"]


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_directory_is_for_its_owner_only(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q", "A"))
    export_to(corpus, TABLES, EVERYTHING, tmp_path / "tables")
    assert (tmp_path / "tables").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "tables").iterdir()} == {0o600}


def test_an_earlier_export_is_replaced_only_when_asked(corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    talk(corpus, ("Q", "A"))
    export_to(corpus, TABLES, EVERYTHING, folder)
    talk(corpus, ("Q2", "A2"))
    with pytest.raises(ExportError, match="is there already; choose another name or add --force"):
        export_to(corpus, TABLES, EVERYTHING, folder)
    assert export_to(corpus, TABLES, EVERYTHING, folder, force=True).units == 2
    assert "A2" in (folder / "messages.csv").read_text(encoding="utf-8")
    assert names(tmp_path) == {"data", "tables"}


def test_a_directory_with_anything_else_in_it_is_never_replaced(corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    with pytest.raises(ExportError, match=r"holds something else than an earlier export \(thesis.txt\)"):
        export_to(corpus, TABLES, EVERYTHING, folder, force=True)
    assert (folder / "thesis.txt").read_text() == "precious"


def test_a_file_is_not_taken_for_a_directory(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("precious")
    with pytest.raises(ExportError, match="csv is several files and .*notes is a file"):  # noqa: RUF043
        export_to(corpus, TABLES, EVERYTHING, tmp_path / "notes", force=True)
    assert (tmp_path / "notes").read_text() == "precious"


def test_a_failure_leaves_no_half_of_a_directory(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Q", "A"))
    folder = tmp_path / "tables"
    export_to(corpus, TABLES, EVERYTHING, folder)
    before = (folder / "messages.csv").read_bytes()

    def full(source: Source, made: Path) -> int:
        (made / "messages.csv").write_text("half")
        raise OSError(28, "No space left on device")

    assert isinstance(TABLES, DirectoryFormat)
    with pytest.raises(OutputError, match="tables cannot be written: No space left on device"):
        export_to(corpus, replace(TABLES, write=full), EVERYTHING, folder, force=True)
    assert (folder / "messages.csv").read_bytes() == before
    assert names(tmp_path) == {"data", "tables"}


@pytest.mark.parametrize("name", ["openai", "csv", "convokit", "sqlite"])
def test_a_full_disk_is_called_one_and_leaves_nothing(corpus: Corpus, tmp_path: Path, name: str) -> None:
    talk(corpus, ("Q", "word " * 10_000))
    with no_room(8192), pytest.raises(OutputError, match="out cannot be written: .*; choose another place"):  # noqa: RUF043
        export_to(corpus, FORMATS[name], EVERYTHING, tmp_path / "out")
    assert names(tmp_path) == {"data"}


def test_the_corpus_is_not_replaced_by_its_own_export(corpus: Corpus) -> None:
    talk(corpus, ("Q", "A"))
    with pytest.raises(ExportError, match="is the corpus itself"):
        export_to(corpus, FORMATS["openai"], EVERYTHING, corpus.path, force=True)
    assert corpus.problems() == ()


def test_an_export_holds_one_state_of_the_corpus_whatever_is_said_meanwhile(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    with Corpus.open(corpus_file) as corpus:
        identifier = talk(corpus, ("Q", "A"))
        with reading(corpus.path, EVERYTHING) as source:
            found = source.conversations()
            first = next(found)
            talk(corpus, ("Q2", "A2"))
            corpus.delete(identifier)
            assert [message.text for message in source.dialogue(first)] == ["Q", "A"]
            assert list(found) == []


def test_conversations_come_in_pages_without_a_gap(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_personas.corpus.export.source._PAGE", 2)
    kept = [talk(corpus, ("Q", "A")) for _ in range(5)]
    with reading(corpus.path, EVERYTHING) as source:
        assert [conversation.id for conversation in source.conversations()] == kept
