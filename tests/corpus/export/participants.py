"""People who took part in a study, for tests of what leaves the corpus."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from chat_personas.corpus import Corpus
from chat_personas.corpus.sql import stamp
from chat_personas.corpus.study_rows import (
    AnswerRow,
    ConsentRow,
    GuessRow,
    IdentifierRow,
    ParticipantRow,
    ParticipationRow,
    ParticipationStatus,
    Scope,
    StudyRow,
)
from eval.engine import EngineInfo
from personas import load_persona
from tests.corpus.making import INFO, conversation_row, talk

BEGAN = datetime(2026, 11, 20, 14, 37, 12, 345000, tzinfo=UTC)


def study_row(name: str, title: str, definition: str) -> StudyRow:
    """A study under its hash."""
    return StudyRow(sha256=sha256(definition.encode()).hexdigest(), name=name, title=title, definition=definition)


STUDY = study_row("town", "The town", "{}")
OTHER_STUDY = study_row("village", "The village", '{"study": {}}')


def take_part(
    corpus: Corpus,
    *turns: tuple[str, str],
    scope: Scope = "publication",
    test: bool = False,
    study: StudyRow = STUDY,
    status: ParticipationStatus = "complete",
    withdrawn: bool = False,
    consent_withdrawn: bool = False,
    persona: str = "democrat",
    recruiter_id: str | None = None,
    model: EngineInfo = INFO,
) -> ParticipationRow:
    """Keep a person's way through a study, with a conversation if there are turns."""
    person = ParticipantRow(created_at=BEGAN, test=test, adult=True, withdrawn_at=BEGAN if withdrawn else None)
    way = ParticipationRow(
        participant_id=person.id,
        study_sha256=study.sha256,
        started_at=BEGAN,
        active_at=BEGAN,
        program_version="0",
        condition=persona,
    )
    consent = ConsentRow(
        participant_id=person.id,
        study_sha256=study.sha256,
        version="1",
        text_sha256="cd" * 32,
        scope=scope,
        traces=False,
        given_at=BEGAN,
        withdrawn_at=BEGAN if consent_withdrawn else None,
    )
    names = [IdentifierRow(participant_id=person.id, kind="recruiter", value=recruiter_id)] if recruiter_id else []
    corpus.studies.begin(study, person, consent, way, names)
    if turns:
        row = conversation_row(persona=persona, began=BEGAN, prompt_format=model.prompt_format)
        key = talk(corpus, *turns, row=row, model=model)
        corpus.studies.attach(way.id, corpus.conversation(key))
    with corpus._connections.writing() as connection:
        if status != "running":
            ended = (status, stamp(BEGAN), way.id)
            connection.execute("UPDATE participations SET status = ?, ended_at = ? WHERE id = ?", ended)
    return way


def talked_with_a_real_persona(corpus: Corpus, *turns: tuple[str, str]) -> str:
    """Keep a participant's conversation that can be taken up again; return its key."""
    way = take_part(corpus)
    persona = load_persona("democrat").persona.model_dump_json(by_alias=True, exclude_none=True)
    key = talk(corpus, *turns, row=conversation_row(began=BEGAN).model_copy(update={"persona": persona}))
    corpus.studies.attach(way.id, corpus.conversation(key))
    return key


def conversation_of(corpus: Corpus, way: ParticipationRow) -> str:
    """The key of a participation's conversation."""
    key = corpus.studies.conversation_of(way.id)
    assert key is not None
    return key


def answer(corpus: Corpus, way: ParticipationRow, item: str, **fields: Any) -> None:
    """Keep an answer of a person to an item, before the conversation unless another stage is given."""
    row = {"stage": "intake", "instrument": "intake", "place": 1, "answered_at": BEGAN, "seconds": 2.5} | fields
    corpus.studies.answer([AnswerRow(participation_id=way.id, item=item, **row)])


def guess(corpus: Corpus, way: ParticipationRow, stage: str, *shares: float) -> None:
    """Keep what a person guessed of one question."""
    row = GuessRow(
        participation_id=way.id,
        stage=stage,
        survey_sha256="ef" * 32,
        question="GUNS",
        place=1,
        shares=shares,
        guessed_at=BEGAN,
    )
    corpus.studies.guess([row])
