"""Nothing of a person leaves the corpus without their consent."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_personas.corpus import Corpus, ExportError, RatingRow, Selection, UnknownConversationError
from chat_personas.corpus.conversations import Rated
from chat_personas.corpus.export import FORMATS, export_stdout, export_to, permission
from chat_personas.corpus.export.source import reading
from chat_personas.corpus.migrations import migrations
from chat_personas.corpus.study_rows import SCOPES, ParticipationStatus, Scope
from chat_personas.storage.sqlite import execute_script
from tests.corpus.export.participants import BEGAN, OTHER_STUDY, conversation_of, take_part
from tests.corpus.making import branch_of, conversation_row, talk

STUDIES = ("a", "b")


@dataclass(frozen=True)
class Person:
    """A participant: whether a test, whether withdrawn, consents (study, scope, withdrawn), ways (study, status)."""

    test: bool
    withdrawn: bool
    consents: Sequence[tuple[str, Scope, bool]]
    ways: Sequence[tuple[str, ParticipationStatus]]


people = st.builds(
    Person,
    st.booleans(),
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(STUDIES), st.sampled_from(SCOPES), st.booleans()), max_size=3),
    st.lists(st.tuples(st.sampled_from(STUDIES), st.sampled_from(("running", "complete", "withdrawn"))), max_size=3),
)


def reference(person: Person, study: str, status: str, scope: Scope) -> bool:
    """Whether one way of a person through a study may leave, said as plainly as can be."""
    if person.test or person.withdrawn or status == "withdrawn":
        return False
    rank = {"use": 1, "research": 2, "publication": 3}
    for agreed_study, agreed_scope, taken_back in person.consents:
        if agreed_study == study and not taken_back and rank[agreed_scope] >= rank[scope]:
            return True
    return False


def filled(persons: Sequence[Person]) -> sqlite3.Connection:
    """The tables of a corpus with these people; each way through a study has the conversation of the same key."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for migration in migrations():
        execute_script(connection, migration.read_text(encoding="utf-8"))
    connection.executemany("INSERT INTO studies VALUES (?, ?1, ?1, '{}')", [(study,) for study in STUDIES])
    for number, person in enumerate(persons):
        taken = "2026" if person.withdrawn else None
        connection.execute("INSERT INTO participants VALUES (?, '', ?, 1, NULL, ?)", (number, person.test, taken))
        for place, (study, scope, back) in enumerate(person.consents):
            row = (f"{number}-{place}", number, study, scope, "2026" if back else None)
            connection.execute("INSERT INTO consents VALUES (?, ?, ?, '1', '', ?, 0, '', ?)", row)
        for place, (study, status) in enumerate(person.ways):
            key = f"{number}-{place}"
            connection.execute(
                "INSERT INTO participations (id, participant_id, study_sha256, status, started_at, active_at,"
                " program_version) VALUES (?, ?, ?, ?, '', '', '')",
                (key, number, study, status),
            )
            _add_conversation(connection, key)
            connection.execute(
                "INSERT INTO study_conversations (conversation_id, participation_id) VALUES (?1, ?1)", (key,)
            )
    _add_conversation(connection, "own")
    return connection


def _add_conversation(connection: sqlite3.Connection, key: str) -> None:
    row = conversation_row().model_dump(mode="json") | {"id": key}
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO conversations ({', '.join(row)}) VALUES ({marks})", row)


@settings(deadline=None)
@given(st.lists(people, max_size=4), st.sampled_from(SCOPES), st.booleans())
def test_just_the_conversations_leave_that_consent_covers(persons: list[Person], scope: Scope, own: bool) -> None:
    expected = {
        f"{number}-{place}"
        for number, person in enumerate(persons)
        for place, (study, status) in enumerate(person.ways)
        if reference(person, study, status, scope)
    }
    ways = {f"{number}-{place}" for number, person in enumerate(persons) for place in range(len(person.ways))}
    selection = Selection(scope=scope, own=own)
    with closing(filled(persons)) as connection:
        condition, values = permission.conversations(selection)
        found = connection.execute(f"SELECT id FROM conversations WHERE {condition}", values).fetchall()
        counted = permission.withheld(connection, selection)
        condition, values = permission.participations(Selection(scope=scope))
        leaving = connection.execute(f"SELECT id FROM participations WHERE {condition}", values).fetchall()
    assert {key for (key,) in found} == expected | ({"own"} if own else set())
    assert {key for (key,) in leaving} == expected
    held = permission.Withheld(len(expected) + own, 1 - own, len(ways - expected), len(expected), silent=0)
    assert counted == held


def exported(corpus: Corpus, selection: Selection) -> list[str]:
    """The first words of each conversation that leaves, sorted."""
    with reading(corpus.path, selection) as source:
        return sorted(said[0].text for _, said in source.dialogues())


@pytest.fixture
def town(corpus: Corpus) -> Corpus:
    """A corpus with one conversation of each kind, which begins with the name of its kind."""
    talk(corpus, ("own", "Yes."))
    take_part(corpus, ("use", "Yes."), scope="use")
    take_part(corpus, ("research", "Yes."), scope="research")
    take_part(corpus, ("publication", "Yes."), persona="republican")
    take_part(corpus, ("test", "Yes."), test=True)
    take_part(corpus, ("withdrawn", "Yes."), withdrawn=True)
    take_part(corpus, ("taken back", "Yes."), consent_withdrawn=True)
    take_part(corpus, ("left", "Yes."), status="left", study=OTHER_STUDY)
    return corpus


@pytest.mark.parametrize(
    ("selection", "leaves"),
    [
        (Selection(scope="use"), ["left", "publication", "research", "use"]),
        (Selection(), ["left", "publication", "research"]),
        (Selection(scope="publication"), ["left", "publication"]),
        (Selection(own=True), ["left", "own", "publication", "research"]),
        (Selection(study="town"), ["publication", "research"]),
        (Selection(study="town", own=True), ["publication", "research"]),
        (Selection(complete=True, own=True), ["own", "publication", "research"]),
        (Selection(persona="republican"), ["publication"]),
        (Selection(model="small.gguf", study="village"), ["left"]),
        (Selection(model="another.gguf"), []),
    ],
    ids=str,
)
def test_scope_study_model_and_completeness_choose(town: Corpus, selection: Selection, leaves: list[str]) -> None:
    assert exported(town, selection) == leaves


def test_ratings_choose_by_their_scale_and_their_value(corpus: Corpus) -> None:
    for words, scale, value in (("five", "realism 1-7", 5.0), ("four", "realism 1-7", 4.0), ("warm", "warmth", 90.0)):
        reply = branch_of(corpus, talk(corpus, (words, "Yes.")))[-1]
        corpus.add_rating(RatingRow(message_id=reply.id, scale=scale, value=value))
    assert exported(corpus, Selection(rated=Rated("realism 1-7"), own=True)) == ["five", "four"]
    assert exported(corpus, Selection(rated=Rated("realism 1-7", 5.0), own=True)) == ["five"]
    assert exported(corpus, Selection(rated=Rated("realism"), own=True)) == []


def test_a_conversation_that_stops_in_mid_reply_is_not_complete(corpus: Corpus) -> None:
    talk(corpus, ("first", "Yes."), ("second", "No"), last="stopped")
    assert exported(corpus, Selection(own=True)) == ["first"]
    assert exported(corpus, Selection(own=True, complete=True)) == []


def test_one_says_why_nothing_leaves(corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk(corpus, ("mine", "Yes."))
    with pytest.raises(ExportError, match=r"1 conversation of your own \(add --own to export them\)$"):
        export_to(corpus, FORMATS["openai"], Selection(), tmp_path / "out.jsonl")
    way = take_part(corpus, ("theirs", "Yes."), scope="use")
    with pytest.raises(ExportError, match="1 conversation of participants whose consent does not cover it"):
        export_stdout(corpus, FORMATS["openai"], Selection(ids=(conversation_of(corpus, way),), own=True))
    assert list(tmp_path.glob("out*")) == []
    assert capsys.readouterr().out == ""


def test_a_study_of_which_nobody_may_leave_writes_nothing_and_no_row_of_the_ledger(
    corpus: Corpus, tmp_path: Path
) -> None:
    take_part(corpus, status="left", test=True)
    take_part(corpus, status="withdrawn", withdrawn=True)
    take_part(corpus, scope="use")
    take_part(corpus, study=OTHER_STUDY)
    with pytest.raises(ExportError, match="3 participations without a conversation, by people whose consent") as caught:
        export_to(corpus, FORMATS["csv"], Selection(study="town"), tmp_path / "tables")
    assert caught.value.exit_code == 2
    assert list(tmp_path.glob("tables*")) == []
    assert corpus.releases.all() == ()


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        pytest.param(Selection(), {"first", "second", "village"}, id="all"),
        pytest.param(Selection(study="town"), {"first", "second"}, id="study"),
        pytest.param(Selection(study="town", complete=True), {"first"}, id="complete"),
        pytest.param(Selection(until=BEGAN.date()), {"first", "second", "village"}, id="until"),
        pytest.param(Selection(since=BEGAN.date() + timedelta(days=1)), set(), id="since"),
        pytest.param(Selection(persona="democrat"), set(), id="persona"),
        pytest.param(Selection(model="small.gguf"), set(), id="model"),
        pytest.param(Selection(rated=Rated("realism 1-7")), set(), id="rated"),
    ],
)
def test_participations_without_a_conversation_are_chosen_by_study_day_and_end(
    corpus: Corpus, selection: Selection, chosen: set[str]
) -> None:
    ways = {
        "first": take_part(corpus),
        "second": take_part(corpus, status="left"),
        "village": take_part(corpus, study=OTHER_STUDY),
    }
    take_part(corpus, test=True)
    with closing(sqlite3.connect(corpus.path)) as connection:
        condition, values = permission.participations(selection)
        found = connection.execute(f"SELECT id FROM participations WHERE {condition}", values).fetchall()
    assert {key for (key,) in found} == {ways[name].id for name in chosen}


def test_a_study_and_a_model_that_are_not_there_are_named(town: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UnknownConversationError, match='no study "twon" in the corpus; did you mean "town"'):
        export_to(town, FORMATS["openai"], Selection(study="twon"), tmp_path / "out.jsonl")
    with pytest.raises(UnknownConversationError, match=r'no conversation on the model "smal.gguf".*"small.gguf"'):
        export_to(town, FORMATS["openai"], Selection(model="smal.gguf"), tmp_path / "out.jsonl")
