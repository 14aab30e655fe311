"""A generated corpus of 100,000 messages, with how replies were made, ratings and measurements.

They are the owner's, or those of participants of a study, each with answers and guesses.
"""

import random
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat_personas.corpus import ConversationRow, GenerationRow, MeasurementRow, MessageRow, ProbeRow, RatingRow
from chat_personas.corpus.connection import Connections
from chat_personas.corpus.sql import insert, new_key, now, stamp, values_of
from chat_personas.corpus.study_rows import ConsentRow, GuessRow, ParticipantRow, ParticipationRow
from chat_personas.studies.instrument import Item
from chat_personas.studies.steps import AskedItem, answer_row, shares_of
from chat_personas.studies.study import TEMPLATE, LoadedStudy, load_study
from eval.engine import ORDERS

TURNS, QUESTIONS = 10, 62
CONVERSATIONS = 100_000 // (2 * TURNS + 1)
"""Each has two replies to its first message."""
MEASURED = 10
"""One conversation in so many was measured, once: an hour of talking is rarely measured after every turn."""
SAID = "What do you think of the schools in your town, and who should pay for what they lack?"
REPLIED = (
    "I would start with the teachers. They have been asked to do more every year, for pay that does not follow the "
    "rents. Then the buildings: ours is from 1962, and in winter the children sit in their coats. I do not mind what "
    "it costs me, as long as I can see where it goes. My neighbour minds, and we still talk."
)
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def generate(path: Path, *, of_participants: bool = False) -> None:
    """Write the corpus to a new file; it takes some seconds."""
    connections, study = Connections(path), load_study(TEMPLATE) if of_participants else None
    try:
        with connections.writing() as connection:
            if study is not None:
                insert(connection, "studies", values_of(study.row))
            for number in range(CONVERSATIONS):
                conversation = _insert_conversation(connection, number)
                if study is not None:
                    _insert_participation(connection, study, number, conversation)
    finally:
        connections.close()


def _insert_participation(connection: sqlite3.Connection, study: LoadedStudy, number: int, conversation: str) -> None:
    """Insert a participant who came to the end, with an answer to every item and a guess to every question, twice."""
    rng = random.Random(number)
    person = ParticipantRow(test=False, adult=True)
    consent = ConsentRow(
        participant_id=person.id,
        study_sha256=study.row.sha256,
        version="1",
        text_sha256=study.consent_sha256,
        scope="publication",
        traces=False,
    )
    way = ParticipationRow(
        participant_id=person.id,
        study_sha256=study.row.sha256,
        status="complete",
        ended_at=now(),
        condition=study.study.conditions[number % 2].name,
        program_version="0",
    )
    for table, row in (("participants", person), ("consents", consent), ("participations", way)):
        insert(connection, table, values_of(row))
    insert(connection, "study_conversations", {"conversation_id": conversation, "participation_id": way.id})
    asked = study.study.questionnaires
    for stage, names in (("intake", asked.intake), ("before", asked.before), ("after", asked.after)):
        items = [(study.instruments[name].instrument.name, item) for name in names for item in _items(study, name)]
        for place, (instrument, item) in enumerate(items, start=1):
            order = item.choices
            given = rng.choice(order).code if order else "Words." if item.kind == "text" else f"{item.low or 0:g}"
            answer = answer_row(way.id, AskedItem(stage, instrument, item, item.text, order, place), given, 4.0)
            insert(connection, "answers", values_of(answer))
    for stage in ("guesses_before", "guesses_after"):
        for place, question in enumerate(study.questions, start=1):
            guess = GuessRow(
                participation_id=way.id,
                stage=stage,
                survey_sha256=study.survey.sha256,
                question=question.id,
                place=place,
                shares=shares_of([100 / len(question.options)] * len(question.options)),
            )
            insert(connection, "guesses", values_of(guess))


def _items(study: LoadedStudy, name: str) -> tuple[Item, ...]:
    return study.instruments[name].instrument.items


def _insert_conversation(connection: sqlite3.Connection, number: int) -> str:
    """Insert a conversation with all that belongs to it; return its key."""
    conversation = _conversation(number)
    insert(connection, "conversations", values_of(conversation))
    leaf: str | None = None
    for turn in range(TURNS):
        said = _insert_message(connection, conversation, leaf, "user", f"{SAID} ({number}, {turn})")
        leaf = _insert_message(connection, conversation, said, "assistant", f"{REPLIED} ({number}, {turn})")
        if turn == 0:
            worse = _insert_message(connection, conversation, said, "assistant", f"I do not know. ({number})")
            for reply, value in ((leaf, 5), (worse, 2)):
                insert(connection, "ratings", values_of(RatingRow(message_id=reply, scale="1-7", value=value)))
    connection.execute("UPDATE conversations SET active_leaf_id = ? WHERE id = ?", (leaf, conversation.id))
    if number % MEASURED == 0:
        measurement = _measurement(conversation, leaf)
        insert(connection, "measurements", values_of(measurement))
        for probe in _probes():
            insert(connection, "probes", {"measurement_id": measurement.id, **values_of(probe)})
    return conversation.id


def _insert_message(
    connection: sqlite3.Connection, conversation: ConversationRow, parent: str | None, role: str, text: str
) -> str:
    message = _message(conversation, parent, role, text)
    insert(connection, "messages", values_of(message))
    if role == "assistant":
        insert(connection, "generations", values_of(_generation(message)))
    return message.id


def _conversation(number: int) -> ConversationRow:
    begun = _BEGUN + timedelta(minutes=number)
    return ConversationRow(
        id=new_key(),
        title=f"Schools, {number}",
        created_at=begun,
        active_at=begun,
        persona_name="democrat" if number % 2 else "republican",
        persona='{"name": "democrat", "steering": "portray"}',
        persona_sha256="cd" * 32,
        system_prompt="Play the part of a person in the United States. Speak and answer as that person would.",
        model="generated.gguf",
        model_sha256="ab" * 32,
        program_version="0",
        active_leaf_id=None,
    )


def _message(conversation: ConversationRow, parent: str | None, role: str, text: str) -> MessageRow:
    moment = stamp(conversation.created_at)
    return MessageRow.model_validate(
        {
            "id": new_key(),
            "conversation_id": conversation.id,
            "parent_id": parent,
            "role": role,
            "text": text,
            "status": "complete",
            "created_at": moment,
            "updated_at": moment,
        }
    )


def _generation(message: MessageRow) -> GenerationRow:
    return GenerationRow(
        message_id=message.id,
        started_at=message.created_at,
        engine="llama",
        model="generated.gguf",
        model_sha256="ab" * 32,
        quantization="Q8_0",
        context_length=4096,
        template_sha256="ef" * 32,
        flash_attention=False,
        temperature=0.8,
        top_p=0.95,
        max_tokens=512,
        seed=7,
        finish_reason="stop",
        dropped_messages=0,
        prompt_tokens=400,
        reused_tokens=300,
        decoded_tokens=80,
        seconds=2.5,
        first_token_seconds=0.2,
        program_version="0",
        thought=None,
        thought_seconds=None,
        interventions=(),
        projection=None,
        projected_on=None,
    )


def _measurement(conversation: ConversationRow, message_id: str | None) -> MeasurementRow:
    return MeasurementRow(
        conversation_id=conversation.id,
        message_id=message_id,
        survey="civic",
        survey_sha256="ef" * 32,
        expression="log_probability",
        groups=(),
        complete=True,
        alignment=0.8,
        alignment_low=0.75,
        alignment_high=0.84,
        verdict="sound",
        engine="llama",
        model="generated.gguf",
        program_version="0",
    )


def _probes() -> list[ProbeRow]:
    return [
        ProbeRow(
            question=f"Q{question}", option_order=order, options=(0.1, 0.2, 0.3, 0.3), refusal=0.05, label_mass=0.95
        )
        for question in range(QUESTIONS)
        for order in ORDERS
    ]
