"""A database for queries: the tables and views of the corpus, without what is not exported."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, CorpusError, ExportError, Selection
from chat_personas.corpus.export import FORMATS, export_stdout, export_to
from chat_personas.corpus.export.sqlite import OF_STUDIES
from chat_personas.corpus.sql import new_key
from chat_personas.corpus.study_rows import CompositionRow, Slot, StudyRow
from eval.engine import Sampling
from tests.corpus.export.participants import OTHER_STUDY, answer, conversation_of, guess, take_part
from tests.corpus.export.talks import EVERYTHING, SECRET_THOUGHT, Talk, forked
from tests.corpus.making import INFO, branch_of, conversation_row, talk

PAGE = (Path(__file__).parents[3] / "docs" / "corpus.md").read_text(encoding="utf-8")


@pytest.fixture
def kept(corpus: Corpus) -> Talk:
    return forked(corpus)


@pytest.fixture
def copy(corpus: Corpus, kept: Talk, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The export of the corpus, opened read-only."""
    file = tmp_path / "copy.db"
    assert export_to(corpus, FORMATS["sqlite"], EVERYTHING, file).units == 1
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        yield connection


def count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_it_has_the_tables_and_views_that_the_manual_names_and_no_other(copy: sqlite3.Connection) -> None:
    named = copy.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view', 'trigger')").fetchall()
    found = {(kind, name) for kind, name in named if not name.startswith(("messages_fts", "sqlite_"))}
    tables = {"conversations", "messages", "generations", "measurements", "probes", "ratings"} | {
        "studies", "participants", "consents", "participations", "stages", "answers", "guesses",
        "study_conversations", "compositions",
    }  # fmt: skip
    views = ("v_dialogue", "v_turns", "v_measurements", "v_participations", "v_answers", "v_guesses")
    assert found == {("table", name) for name in tables} | {("view", name) for name in views}


def test_every_row_of_the_corpus_is_in_it(corpus: Corpus, copy: sqlite3.Connection) -> None:
    tables = ("conversations", "messages", "generations", "measurements", "probes", "ratings")
    assert {table: count(copy, table) for table in tables} == {
        table: corpus.database()[table].count for table in tables
    }
    assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
    assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("view", ["v_dialogue", "v_turns", "v_measurements"])
def test_views_give_what_they_give_in_the_corpus(corpus: Corpus, copy: sqlite3.Connection, view: str) -> None:
    ours = [tuple(row.values()) for row in corpus.database().query(f"SELECT * FROM {view}")]
    assert copy.execute(f"SELECT * FROM {view}").fetchall() == ours
    assert len(ours) >= 3


def test_the_texts_can_be_searched(copy: sqlite3.Connection, kept: Talk) -> None:
    found = copy.execute(
        "SELECT id FROM messages WHERE seq IN (SELECT rowid FROM messages_fts WHERE messages_fts MATCH 'elise')"
    )
    assert found.fetchall() == [(kept.better,)]


def test_thoughts_errors_and_processes_are_not_in_it(corpus: Corpus, kept: Talk, tmp_path: Path) -> None:
    _, failed = corpus.begin_turn(kept.conversation, kept.last, "Q", INFO, Sampling())
    corpus.end_reply(failed.id, "", "error", why="cannot read /home/ada/model.gguf")
    export_to(corpus, FORMATS["sqlite"], EVERYTHING, tmp_path / "copy.db")
    written = (tmp_path / "copy.db").read_bytes()
    assert SECRET_THOUGHT.encode() not in written
    assert b"/home/ada" not in written
    assert b"owner" not in written
    assert b"Because." in written


def test_other_conversations_leave_no_trace(corpus: Corpus, kept: Talk, tmp_path: Path) -> None:
    mine = talk(corpus, ("Q", "zebra"))
    export_to(corpus, FORMATS["sqlite"], Selection(ids=(mine,), own=True), tmp_path / "copy.db")
    assert b"zebra" in (tmp_path / "copy.db").read_bytes()
    assert b"Because." not in (tmp_path / "copy.db").read_bytes()


def test_a_reply_that_is_being_written_is_left_out_and_the_branch_ends_before_it(
    corpus: Corpus, tmp_path: Path
) -> None:
    row = conversation_row()
    said, _ = corpus.begin_turn(row.id, None, "Still waiting", INFO, Sampling(), new=row)
    export_to(corpus, FORMATS["sqlite"], EVERYTHING, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("SELECT active_leaf_id FROM conversations").fetchall() == [(said.id,)]
        assert connection.execute("SELECT text FROM v_dialogue").fetchall() == [("Still waiting",)]
        assert count(connection, "generations") == 0


def test_it_is_one_private_file_and_not_a_corpus(corpus: Corpus, copy: sqlite3.Connection, tmp_path: Path) -> None:
    assert {file.name for file in tmp_path.iterdir()} == {"data", "copy.db"}
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with pytest.raises(CorpusError, match="the database of another program"):
        Corpus.open(tmp_path / "copy.db")
    with pytest.raises(ExportError, match="sqlite is no text and cannot go to standard output"):
        export_stdout(corpus, FORMATS["sqlite"], EVERYTHING)


def test_the_queries_of_the_manual_run_on_it(corpus: Corpus, copy: sqlite3.Connection) -> None:
    queries = [query for query in re.findall(r"```sql\n(.*?)```", PAGE, re.S) if "thought" not in query]
    assert len(queries) >= 8
    for query in queries:
        copy.execute(query).fetchall()


def test_the_active_branch_of_a_stopped_reply_stays(corpus: Corpus, copy: sqlite3.Connection, kept: Talk) -> None:
    leaf = branch_of(corpus, kept.conversation)[-1]
    assert copy.execute("SELECT active_leaf_id FROM conversations").fetchall() == [(leaf.id,)]
    assert copy.execute("SELECT status FROM messages WHERE id = ?", (leaf.id,)).fetchall() == [("stopped",)]


def test_a_study_is_there_without_identifiers_slots_and_ledger(corpus: Corpus, tmp_path: Path) -> None:
    way = take_part(corpus, ("Why?", "So."), recruiter_id="prolific-5f3a")
    (said, _) = branch_of(corpus, conversation_of(corpus, way))
    corpus.studies.add_composition(
        CompositionRow(message_id=said.id, keys=31, pasted=(), first_key_seconds=0.5, pasted_share=0.0)
    )
    corpus.studies.enter(way.id, "intake")
    answer(corpus, way, "age", code="30-49")
    guess(corpus, way, "before", 0.25, 0.75)
    corpus.studies.assign(way.id, lambda _: Slot(condition="democrat", site="here", stratum="30-49", block=1, place=2))
    export_to(corpus, FORMATS["sqlite"], Selection(), tmp_path / "copy.db")
    assert b"5f3a" not in (tmp_path / "copy.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
        joined = """
            SELECT study, condition, code, v_guesses.shares, keys, v_dialogue.text, participants.withdrawn_at
            FROM v_answers JOIN v_guesses USING (participation_id, participant_id, study, condition)
            JOIN v_participations USING (participation_id, participant_id, study, condition)
            JOIN v_dialogue USING (conversation_id) JOIN compositions USING (message_id)
            JOIN participants ON participants.id = participant_id JOIN consents USING (participant_id)
            """
        assert copy.execute(joined).fetchall() == [("town", "democrat", "30-49", "[0.25, 0.75]", 31, "Why?", None)]
        slot = copy.execute("SELECT site, stratum, block, place, status FROM participations").fetchall()
        assert slot == [(None, None, None, None, "complete")]
        assert copy.execute("SELECT count(*) FROM stages").fetchone() == (1,)


def test_a_person_in_two_studies_is_one_participant(corpus: Corpus, tmp_path: Path) -> None:
    way = take_part(corpus, ("Why?", "So."))
    person = corpus.studies.participant(way.participant_id)
    (consent,) = corpus.studies.consents(way.participant_id)
    assert person is not None
    other = {"study_sha256": OTHER_STUDY.sha256, "id": new_key()}
    corpus.studies.begin(OTHER_STUDY, person, consent.model_copy(update=other), way.model_copy(update=other))
    export_to(corpus, FORMATS["sqlite"], Selection(), tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        counts = [copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in OF_STUDIES[:4]]
    assert counts == [2, 1, 2, 2]


def test_the_codes_by_which_people_are_paid_do_not_leave(corpus: Corpus, tmp_path: Path) -> None:
    definition = json.dumps({"study": {"name": "paid", "codes": {"complete": "C0MPL3TE"}}, "questions": ["GUNS"]})
    take_part(corpus, study=StudyRow(sha256="34" * 32, name="paid", title="Paid", definition=definition))
    export_to(corpus, FORMATS["sqlite"], Selection(), tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        ((kept,),) = copy.execute("SELECT definition FROM studies").fetchall()
    assert json.loads(kept) == {"study": {"name": "paid"}, "questions": ["GUNS"]}
