"""Tables that statistics programs and spreadsheets open."""

import csv
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, ExportError
from chat_personas.corpus.export import FORMATS, export_stdout, export_to
from chat_personas.corpus.export.csv import safe_cell
from tests.corpus.export.talks import EVERYTHING, SECRET_THOUGHT, Talk, forked


@pytest.fixture
def kept(corpus: Corpus) -> Talk:
    return forked(corpus)


@pytest.fixture
def tables(corpus: Corpus, kept: Talk, tmp_path: Path) -> Path:
    """The directory of an export."""
    folder = tmp_path / "tables"
    assert export_to(corpus, FORMATS["csv"], EVERYTHING, folder) == 1
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_messages_are_those_of_the_dialogue_with_their_turns(kept: Talk, tables: Path) -> None:
    found = rows(tables / "messages.csv")
    assert [(row["place"], row["turn"], row["role"], row["text"]) for row in found] == [
        ("1", "1", "user", "'=Why?"),
        ("2", "1", "assistant", "Où est <b>Élise</b>?\nHere."),
        ("3", "2", "user", "Go on"),
        ("4", "2", "assistant", "So."),
    ]
    assert {row["conversation_id"] for row in found} == {kept.conversation}


def test_a_reply_says_how_it_was_made_and_what_changed_the_model(kept: Talk, tables: Path) -> None:
    question, reply, *_ = rows(tables / "messages.csv")
    assert (reply["model"], reply["seed"], reply["finish_reason"]) == ("small.gguf", "8", "stop")
    assert (reply["interventions"], reply["projection"], reply["projected_on"]) == (
        '["add:left:10-20:0.5"]',
        "0.25",
        "left",
    )
    assert question["model"] == question["seed"] == ""


def test_measurements_and_ratings_of_the_dialogue_go_along(kept: Talk, tables: Path) -> None:
    measured = rows(tables / "measurements.csv")
    assert [(row["turn"], row["message_id"], row["alignment"], row["verdict"]) for row in measured] == [
        ("0", "", "0.5", "follows_letters"),
        ("1", kept.better, "0.71", "sound"),
    ]
    (rated,) = rows(tables / "ratings.csv")
    assert (rated["message_id"], rated["scale"], rated["value"]) == (kept.better, "realism 1-7", "5.0")


def test_no_file_holds_a_thought(tables: Path) -> None:
    for file in tables.iterdir():
        assert SECRET_THOUGHT not in file.read_text(encoding="utf-8-sig"), file.name


def test_a_spreadsheet_reads_the_accents(tables: Path) -> None:
    assert (tables / "messages.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(start: str) -> None:
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"


def test_numbers_and_other_texts_stay_as_they_are() -> None:
    assert [safe_cell(value) for value in (-0.5, 3, None, "1 = 1", "")] == [-0.5, 3, None, "1 = 1", ""]


def test_tables_cannot_go_to_standard_output(corpus: Corpus) -> None:
    with pytest.raises(ExportError, match="csv is several files and cannot go to standard output"):
        export_stdout(corpus, FORMATS["csv"], EVERYTHING)
