"""A study with a few people in a corpus, for tests of what describes it."""

import json
from collections.abc import Mapping, Sequence

from chat_personas.corpus import Corpus, MessageRow
from chat_personas.corpus.study_rows import (
    AnswerRow,
    CompositionRow,
    ConsentRow,
    ParticipantRow,
    ParticipationRow,
    StudyRow,
)
from tests.corpus.making import branch_of, conversation_row, talk

SCALE = {"kind": "scale", "low": 1, "high": 7}
STUDY = StudyRow(
    sha256="ab" * 32,
    name="neighbours",
    title="Neighbours",
    definition=json.dumps(
        {
            "instruments": {
                "realism": {"items": [{"id": f"r{n}", **SCALE} for n in range(1, 6)]},
                "warmth": {"items": [{"id": "warmth", "kind": "scale", "low": 0, "high": 100}]},
                "exposure": {"items": [{"id": "such", "kind": "choice"}]},
                "closing": {"items": [{"id": "remarks", "kind": "text"}]},
            }
        }
    ),
)


def take_part(
    corpus: Corpus,
    *,
    demographics: Mapping[str, str | None] | None = None,
    realism: Sequence[float] = (),
    warmth: float | None = None,
    exposure: str | None = None,
    remarks: str | None = None,
    said: Sequence[str] = (),
    seconds: float = 4.0,
    pasted: Sequence[float] = (),
    test: bool = False,
) -> ParticipationRow:
    """Let a person take part: demographics (None: declined), scale answers, and messages of which some were pasted."""
    person = ParticipantRow(test=test, adult=True)
    way = ParticipationRow(participant_id=person.id, study_sha256=STUDY.sha256, program_version="0")
    consent = ConsentRow(
        participant_id=person.id,
        study_sha256=STUDY.sha256,
        version="1",
        text_sha256="cd" * 32,
        scope="research",
        traces=True,
    )
    records = corpus.studies
    records.begin(STUDY, person, consent, way)
    answers: list[tuple[str, str, dict[str, object]]] = []
    for attribute, value in (demographics or {}).items():
        answers.append(("demographics", attribute, {"attribute": attribute, "code": value, "declined": value is None}))
    answers += [("realism", f"r{place}", {"value": value}) for place, value in enumerate(realism, start=1)]
    if warmth is not None:
        answers.append(("warmth", "warmth", {"value": warmth}))
    if exposure is not None:
        answers.append(("exposure", "such", {"code": exposure, "said": exposure.capitalize()}))
    if remarks is not None:
        answers.append(("closing", "remarks", {"said": remarks}))
    records.answer(
        [
            AnswerRow.model_validate(
                {
                    "participation_id": way.id,
                    "stage": "after",
                    "instrument": instrument,
                    "item": item,
                    "place": place,
                    "seconds": seconds,
                    **given,
                }
            )
            for place, (instrument, item, given) in enumerate(answers, start=1)
        ]
    )
    if said:
        conversation = talk(corpus, *((text, "I see.") for text in said), row=conversation_row())
        records.attach(way.id, conversation)
        for row, share in zip(people_said(corpus, conversation), pasted, strict=False):
            pastes = (round(share * len(row.text)),) if share else ()
            records.add_composition(
                CompositionRow(message_id=row.id, keys=9, pasted=pastes, first_key_seconds=1.0, pasted_share=share)
            )
    records.end(way.id, "complete")
    return way


def people_said(corpus: Corpus, conversation_id: str) -> list[MessageRow]:
    """The messages of the person in a conversation."""
    return [row for row in branch_of(corpus, conversation_id) if row.role == "user"]
