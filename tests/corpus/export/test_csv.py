"""Tables that statistics programs and spreadsheets open."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, ExportError, Selection
from chat_personas.corpus.export import FORMATS, Written, export_stdout, export_to
from chat_personas.corpus.export.csv import safe_cell
from tests.corpus.export.participants import BEGAN, OTHER_STUDY, answer, guess, take_part
from tests.corpus.export.talks import EVERYTHING, SECRET_THOUGHT, Talk, forked
from tests.corpus.making import branch_of, talk
from tests.corpus.test_measurements import PROBES, measurement


@pytest.fixture
def kept(corpus: Corpus) -> Talk:
    return forked(corpus)


@pytest.fixture
def tables(corpus: Corpus, kept: Talk, tmp_path: Path) -> Path:
    """The directory of an export."""
    folder = tmp_path / "tables"
    assert export_to(corpus, FORMATS["csv"], EVERYTHING, folder).units == 1
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
        ("5", "3", "user", "And then"),
        ("6", "3", "assistant", "The"),
    ]
    assert [row["status"] for row in found] == ["complete"] * 5 + ["stopped"]
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


def test_a_conversation_whose_only_reply_was_interrupted_is_there_with_its_measurement(
    corpus: Corpus, tmp_path: Path
) -> None:
    conversation = talk(corpus, ("Why?", "Beca"), last="interrupted")
    corpus.add_measurement(measurement(branch_of(corpus, conversation)[-1]), PROBES)
    assert export_to(corpus, FORMATS["csv"], EVERYTHING, tmp_path / "tables") == Written(1, "")
    found = rows(tmp_path / "tables" / "messages.csv")
    assert [(row["text"], row["status"]) for row in found] == [("Why?", "complete"), ("Beca", "interrupted")]
    assert len(rows(tmp_path / "tables" / "measurements.csv")) == 1


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


def test_what_participants_answered_and_guessed_is_joined_by_pseudonyms(corpus: Corpus, tmp_path: Path) -> None:
    way = take_part(corpus, ("Why?", "So."), scope="publication")
    alone = take_part(corpus, scope="research", status="left")
    answer(corpus, way, "age", attribute="AGE", code="30-49", options=("30-49", "18-29"), said="30 to 49")
    answer(corpus, way, "why", said="=ask ann@example.org", seconds=3.5)
    answer(corpus, alone, "age", declined=True)
    guess(corpus, way, "before", 0.25, 0.75)
    assert export_to(corpus, FORMATS["csv"], Selection(), tmp_path / "tables").units == 1
    tables = {name: rows(tmp_path / "tables" / f"{name}.csv") for name in ("participations", "answers", "guesses")}
    by_status = {row["status"]: row for row in tables["participations"]}
    assert (by_status["complete"]["scope"], by_status["left"]["scope"]) == ("publication", "research")
    assert (by_status["complete"]["study"], by_status["complete"]["condition"]) == ("town", "democrat")
    assert by_status["complete"]["started_at"] == "2026-11-20T00:00:00.000Z"
    assert by_status["left"]["conversation_id"] == ""
    person, conversation = (by_status["complete"][name] for name in ("participant", "conversation_id"))
    (talked,) = rows(tmp_path / "tables" / "conversations.csv")
    assert (talked["participant"], talked["conversation_id"]) == (person, conversation)
    assert {row["participant"] for row in rows(tmp_path / "tables" / "messages.csv")} == {person}
    age, why = sorted((row for row in tables["answers"] if row["participant"] == person), key=lambda row: row["item"])
    assert (age["said"], age["code"], age["options"], age["attribute"]) == (
        "30 to 49",
        "30-49",
        '["30-49", "18-29"]',
        "AGE",
    )
    assert (why["said"], why["seconds"]) == ("'=ask [EMAIL]", "3.5")
    (declined,) = (row for row in tables["answers"] if row["participant"] != person)
    assert (declined["declined"], declined["code"]) == ("1", "")
    (guessed,) = tables["guesses"]
    assert (guessed["shares"], guessed["participation_id"]) == (
        "[0.25, 0.75]",
        by_status["complete"]["participation_id"],
    )


def test_filters_on_conversations_leave_out_participations_without_one(corpus: Corpus, tmp_path: Path) -> None:
    take_part(corpus, ("Why?", "So."), persona="republican")
    take_part(corpus, ("Why?", "So."))
    take_part(corpus, study=OTHER_STUDY, status="running")

    def found(selection: Selection) -> list[tuple[str, str]]:
        export_to(corpus, FORMATS["csv"], selection, tmp_path / "tables", force=True)
        listed = rows(tmp_path / "tables" / "participations.csv")
        return sorted((row["study"], row["condition"]) for row in listed)

    everybody = [("town", "democrat"), ("town", "republican"), ("village", "democrat")]
    assert found(Selection()) == everybody
    assert found(Selection(persona="republican")) == [("town", "republican")]
    assert found(Selection(study="village")) == everybody[2:]
    assert found(Selection(complete=True)) == everybody[:2]
    assert found(Selection(since=BEGAN.date(), until=BEGAN.date())) == everybody
    assert found(Selection(scope="publication", since=BEGAN.date() + timedelta(days=1))) == []
