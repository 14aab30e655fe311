"""What people do in a study is kept row by row, and survives a merge of two machines' corpora."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.errors import UnknownParticipationError
from chat_personas.corpus.study_records import StudyRecords, Taken
from chat_personas.corpus.study_rows import (
    AnswerRow,
    ConsentRow,
    GuessRow,
    IdentifierRow,
    ParticipantRow,
    ParticipationRow,
    Slot,
    StudyRow,
)

STUDY = StudyRow(sha256=sha256(b"{}").hexdigest(), name="neighbours", title="Neighbours", definition="{}")


def begin(records: StudyRecords, *, known_as: str | None = None, test: bool = False) -> ParticipationRow:
    person = ParticipantRow(test=test, adult=True)
    way = ParticipationRow(participant_id=person.id, study_sha256=STUDY.sha256, program_version="0")
    consent = ConsentRow(
        participant_id=person.id,
        study_sha256=STUDY.sha256,
        version="1",
        text_sha256="cd" * 32,
        scope="research",
        traces=False,
    )
    names = [] if known_as is None else [IdentifierRow(participant_id=person.id, kind="recruiter", value=known_as)]
    records.begin(STUDY, person, consent, way, names)
    return way


def first(taken: Taken) -> Slot:
    return Slot(condition="democrat", site="here", stratum="", block=0, place=len(taken))


def test_what_a_person_agreed_answered_and_guessed_is_there_when_the_corpus_is_opened_again(corpus_file: Path) -> None:
    corpus_file.parent.mkdir()
    with Corpus.open(corpus_file) as corpus:
        way = begin(corpus.studies, known_as="5f3a")
        corpus.studies.enter(way.id, "before")
        answer = AnswerRow(
            participation_id=way.id, stage="before", instrument="warmth", item="warmth", place=1, value=62.0
        )
        corpus.studies.answer([answer])
        guess = GuessRow(
            participation_id=way.id,
            stage="before",
            survey_sha256="ef",
            question="GUNS",
            place=2,
            shares=(0.25, 0.75),
            seconds=3.5,
        )
        corpus.studies.guess([guess])
        corpus.studies.leave(way.id, "before")
    with Corpus.open(corpus_file) as corpus:
        (person,) = corpus.studies.identified("recruiter", "5f3a")
        assert person.id == way.participant_id
        assert [consent.scope for consent in corpus.studies.consents(person.id)] == ["research"]
        assert corpus.studies.answers(way.id) == (answer,)
        assert corpus.studies.guesses(way.id) == (guess,)
        (stage,) = corpus.studies.stages(way.id)
        assert stage.name == "before"
        assert stage.ended_at is not None
        assert corpus.problems() == ()


def test_an_answer_that_is_changed_takes_the_place_of_the_first(corpus: Corpus) -> None:
    way = begin(corpus.studies)
    row = AnswerRow(participation_id=way.id, stage="before", instrument="warmth", item="warmth", place=1, value=10.0)
    corpus.studies.answer([row])
    corpus.studies.answer([row.model_copy(update={"value": None, "declined": True})])
    (kept,) = corpus.studies.answers(way.id)
    assert (kept.value, kept.declined) == (None, True)


def test_a_person_is_assigned_once_and_the_next_one_sees_that_slot_as_taken(corpus: Corpus) -> None:
    one, other = begin(corpus.studies), begin(corpus.studies)
    assert corpus.studies.assign(one.id, first).place == 0
    assert corpus.studies.assign(one.id, first).place == 0
    assert corpus.studies.assign(other.id, first).place == 1


def test_tests_and_real_people_take_no_slots_from_each_other(corpus: Corpus) -> None:
    corpus.studies.assign(begin(corpus.studies).id, first)
    trial = begin(corpus.studies, test=True)
    assert corpus.studies.assign(trial.id, first).place == 0
    assert corpus.studies.assign(begin(corpus.studies).id, first).place == 1


def test_a_participation_that_has_ended_stays_as_it_ended(corpus: Corpus) -> None:
    way = begin(corpus.studies)
    corpus.studies.end(way.id, "left", "closed the window")
    corpus.studies.end(way.id, "complete")
    ended = corpus.studies.participation(way.id[:25])
    assert (ended.status, ended.why) == ("left", "closed the window")
    with pytest.raises(UnknownParticipationError, match="there is no participation"):
        corpus.studies.participation("nobody")


def test_the_same_study_on_two_machines_is_one_study_after_a_merge(corpus: Corpus, tmp_path: Path) -> None:
    here = begin(corpus.studies, known_as="A")
    (tmp_path / "other").mkdir()
    with Corpus.open(tmp_path / "other" / "corpus.db") as other:
        there = begin(other.studies, known_as="B")
        other.studies.assign(there.id, first)
    merged = corpus.merge(tmp_path / "other" / "corpus.db")
    assert merged.conflicts == ()
    assert [study.sha256 for study in corpus.studies.studies("neighbours")] == [STUDY.sha256]
    assert {row.id for row in corpus.studies.participations(STUDY.sha256)} == {here.id, there.id}
    assert corpus.studies.participation(there.id).condition == "democrat"


def test_the_promised_views_show_a_participation_with_its_answers_and_guesses(corpus: Corpus) -> None:
    way = begin(corpus.studies)
    corpus.studies.assign(way.id, first)
    corpus.studies.answer(
        [
            AnswerRow(
                participation_id=way.id,
                stage="intake",
                instrument="demographics",
                item="age",
                place=1,
                attribute="AGE",
                options=("18-29", "30-49"),
                said="30 to 49",
                code="30-49",
            )
        ]
    )
    corpus.studies.guess(
        [
            GuessRow(
                participation_id=way.id, stage="before", survey_sha256="ef", question="GUNS", place=1, shares=(0.5, 0.5)
            )
        ]
    )
    database = corpus.database()
    (seen,) = database.query("SELECT study, condition, status, test FROM v_participations")
    assert seen == {"study": "neighbours", "condition": "democrat", "status": "running", "test": 0}
    (answer,) = database.query("SELECT attribute, code, condition FROM v_answers")
    assert answer == {"attribute": "AGE", "code": "30-49", "condition": "democrat"}
    (guess,) = database.query("SELECT question, shares FROM v_guesses")
    assert json.loads(guess["shares"]) == [0.5, 0.5]
