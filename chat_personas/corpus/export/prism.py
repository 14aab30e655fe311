"""The files of the PRISM Alignment Dataset (`prism`): survey, conversations, utterances, metadata and models.

The names of files and columns and their types are those of PRISM (Kirk and others 2024, arXiv:2404.16019, and its code
book). What we have not is null; what PRISM has no column for is left out. An utterance is a message of the person with
one reply to it. Replies to the same message are utterances of the same interaction, and the one on the branch that was
last shown was chosen. A model is a persona on a model, with its system prompt as the header.

A fork is a conversation with its whole history, as a model read it, for a conversation of PRISM has one way on. What it
begins with is in the utterances and in the metadata once, with its original. `copied_turns` of a conversation, the one
column that PRISM has not, says with how many turns of another one its history begins. A fork without a new complete
reply is left out, and counted.

A score is the last rating of a reply on a scale whose name ends in 1-100 or 0-100, as PRISM's sliders are. Answers to
an item go into the column of the item's name, and demographics by the attribute that the item asks for.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from chat_personas.corpus.export.format import DEBATES, DirectoryFormat
from chat_personas.corpus.export.source import Source, TakenPart, is_complete_reply
from chat_personas.corpus.messages import Originals
from chat_personas.corpus.rows import ConversationRow, GenerationRow, MessageRow
from chat_personas.corpus.study_rows import AnswerRow

OWNER = "person"
"""The user of what the owner of the corpus said, who has no row in the survey."""
DECLINED = "Prefer not to say"
OF_AGE = "I certify that I am 18 years of age or over"

_USES = (
    "homework_assistance", "research", "source_suggestions", "professional_work", "creative_writing",
    "casual_conversation", "personal_recommendations", "daily_productivity", "technical_or_programming_help",
    "travel_guidance", "lifestyle_and_hobbies", "well-being_guidance", "medical_guidance", "financial_guidance",
    "games", "historical_or_news_insight", "relationship_advice", "language_learning", "other",
)  # fmt: skip
_QUALITIES = ("values", "fluency", "factuality", "safety", "diversity", "creativity", "helpfulness")
_PREFERENCES = (*_QUALITIES, "personalisation", "other")
_PLACES = (
    "birth_country", "birth_countryISO", "birth_region", "birth_subregion", "reside_country", "reside_countryISO",
    "reside_region", "reside_subregion", "same_birth_reside_country", "special_region",
)  # fmt: skip
_FROM_ITEMS = (
    "lm_familiarity", "lm_indirect_use", "lm_direct_use", "lm_frequency_use", "self_description", "system_string",
    "employment_status", "english_proficiency",
)  # fmt: skip
_FROM_ATTRIBUTES = {"age": "AGE", "gender": "SEX", "education": "EDUCATION", "marital_status": "MARITAL"}
_CATEGORISED = {"religion": "RELIG", "ethnicity": "RACE"}
_SCALE = re.compile(r"\b[01]-100$")
_MASKED = re.compile(r"\[(?:EMAIL|URL|HANDLE|PHONE|CARD|[A-Z]{2,}(?:_[A-Z]+)+)\]")

_SURVEY = (
    "user_id", "survey_only", "num_completed_conversations", "consent", "consent_age", "lm_familiarity",
    "lm_indirect_use", "lm_direct_use", "lm_frequency_use", "self_description", "system_string", "age", "gender",
    "employment_status", "education", "marital_status", "english_proficiency", "study_id", "study_locale", "religion",
    "ethnicity", "location", "lm_usecases", "stated_prefs", "order_lm_usecases", "order_stated_prefs",
    "generated_datetime", "timing_duration_s", "timing_duration_mins", "included_in_US_REP", "included_in_UK_REP",
    "included_in_balanced_subset",
)  # fmt: skip
"""The columns of the survey in PRISM's order."""
FILES = ("survey.jsonl", "conversations.jsonl", "utterances.jsonl", "metadata.jsonl", "models.jsonl")


def _write(source: Source, folder: Path) -> int:
    count, models = 0, dict[str, dict[str, Any]]()
    masked = source.terms.masking != "none"
    with ExitStack() as files:
        streams = {name: files.enter_context((folder / name).open("w", encoding="utf-8")) for name in FILES}
        for conversation, said, made, history in _dialogues(source):
            part = source.part()
            user = OWNER if part is None else part.person.id
            feedback = None if part is None else _answered(part.answers, "open_feedback")
            _line(streams["conversations.jsonl"], _conversation(conversation, said, user, history, feedback))
            for utterance in _utterances(conversation, user, history):
                _line(streams["utterances.jsonl"], utterance)
            for row in _texts(conversation, user, history, feedback, checked=masked and part is not None):
                _line(streams["metadata.jsonl"], row)
            for how in made.values():
                _note(models, conversation, how)
            count += 1
        for part in source.participations():
            survey = _survey(part)
            _line(streams["survey.jsonl"], survey)
            for column in ("self_description", "system_string"):
                if survey[column] is not None:
                    ids = {"user_id": part.person.id}
                    _line(streams["metadata.jsonl"], _metadata(column, survey[column], ids, checked=masked))
        for model in models.values():
            _line(streams["models.jsonl"], model)
    return count


def _dialogues(
    source: Source,
) -> Iterator[tuple[ConversationRow, Sequence[MessageRow], Mapping[str, GenerationRow], Sequence[dict[str, Any]]]]:
    """Yield the dialogues with a new complete reply: how the replies were made, and the history. Count the others."""
    family, originals = "", Originals()
    for conversation, said in source.dialogues():
        if family != source.begins_with(conversation):
            family, originals = source.begins_with(conversation), Originals()
        made = source.generations(conversation.id)
        history = list(_history(conversation, said, source, made, originals))
        if not all(one["copy"] for one in history if one["role"] == "model"):
            yield conversation, said, made, history
        else:
            source.held.repeated += 1


def _line(stream: TextIO, row: Mapping[str, Any]) -> None:
    stream.write(f"{json.dumps(row, ensure_ascii=False)}\n")


def _survey(part: TakenPart) -> dict[str, Any]:
    """Return the row of a person's way through a study."""
    answers, way = part.answers, part.way
    complete = way.status == "complete" and part.conversation_id is not None
    row = {
        "user_id": part.person.id,
        "survey_only": part.conversation_id is None,
        "num_completed_conversations": int(complete),
        "consent": f"Yes, for {part.scope}",
        "consent_age": OF_AGE if part.person.adult else None,
        **{name: _answered(answers, name) for name in _FROM_ITEMS},
        "lm_frequency_use": _answered(answers, "lm_frequency_use")
        or _answered(_instrument(answers, "familiarity"), "use"),
        **{name: _answered(answers, attribute=attribute) for name, attribute in _FROM_ATTRIBUTES.items()},
        "study_id": part.study.name,
        **{
            name: {
                "self_described": None,
                "categorised": _answered(answers, attribute=attribute),
                "simplified": None,
            }
            for name, attribute in _CATEGORISED.items()
        },
        "location": dict.fromkeys(_PLACES),
        "lm_usecases": dict.fromkeys((*_USES, "other_text")),
        "stated_prefs": dict.fromkeys((*_PREFERENCES, "other_text")),
        "order_lm_usecases": dict.fromkeys(_USES),
        "order_stated_prefs": dict.fromkeys(_PREFERENCES),
        **_timing(way.started_at, way.ended_at),
    }
    return {name: row.get(name) for name in _SURVEY}


def _answered(answers: Sequence[AnswerRow], item: str | None = None, *, attribute: str | None = None) -> str | None:
    """Return the words of the last answer to an item, or to one that asks for an attribute; None: not asked."""
    found = [row for row in answers if (row.item == item if attribute is None else row.attribute == attribute)]
    if not found:
        return None
    last = found[-1]
    if last.declined:
        return DECLINED
    return last.said if last.said is not None else last.code


def _instrument(answers: Sequence[AnswerRow], name: str) -> Sequence[AnswerRow]:
    return [row for row in answers if row.instrument == name]


def _timing(begun: datetime, ended: datetime | None) -> dict[str, Any]:
    seconds = None if ended is None else (ended - begun).total_seconds()
    return {
        "generated_datetime": None if ended is None else ended.strftime("%Y-%m-%d %H:%M:%S"),
        "timing_duration_s": seconds,
        "timing_duration_mins": None if seconds is None else seconds / 60,
    }


def _history(
    conversation: ConversationRow,
    said: Sequence[MessageRow],
    source: Source,
    made: Mapping[str, GenerationRow],
    originals: Originals,
) -> Iterator[dict[str, Any]]:
    """Yield the messages of a dialogue and all complete replies to them.

    `key` and `copy` are taken out before it is written: the key of the message or, of a copy, that of its original, and
    whether it is a copy of what was written before.
    """
    chosen = {message.id for message in said}
    ratings = source.ratings(conversation.id)
    scores = {rating.message_id: rating.value for rating in ratings if _SCALE.search(rating.scale)}
    written = source.messages(conversation.id)
    turns = [(message, _replies(message, written, chosen)) for message in said if message.role == "user"]
    copies = originals.of(row for message, replies in turns for row in (message, *replies))

    def of(message: MessageRow) -> dict[str, Any]:
        return {"key": copies.get(message.id, message).id, "copy": message.id in copies}

    for turn, (message, replies) in enumerate(turns):
        yield {"turn": turn, "role": "user", "content": message.text, **of(message)}
        for place, reply in enumerate(replies):
            score = scores.get(reply.id)
            yield {
                "turn": turn,
                "role": "model",
                "content": reply.text,
                "model_provider": made[reply.id].engine if reply.id in made else None,
                "model_name": _name(conversation, made.get(reply.id)),
                "score": None if score is None else round(score),
                "if_chosen": reply.id in chosen,
                "within_turn_id": place,
                **of(reply),
            }


def _replies(message: MessageRow, written: Sequence[MessageRow], chosen: Container[str]) -> Sequence[MessageRow]:
    """Return the complete replies to a message, and the one on the branch however it ended."""
    return [
        reply for reply in written if reply.parent_id == message.id and (is_complete_reply(reply) or reply.id in chosen)
    ]


def _name(conversation: ConversationRow, how: GenerationRow | None) -> str:
    persona = conversation.persona_name if how is None or how.persona_name is None else how.persona_name
    return f"{persona} on {conversation.model if how is None else how.model}"


def _conversation(
    conversation: ConversationRow,
    said: Sequence[MessageRow],
    user: str,
    history: Sequence[Mapping[str, Any]],
    feedback: str | None,
) -> dict[str, Any]:
    return {
        "conversation_id": conversation.id,
        "user_id": user,
        "conversation_type": None,
        "opening_prompt": history[0]["content"],
        "conversation_turns": history[-1]["turn"] + 1,
        "conversation_history": [
            {name: value for name, value in one.items() if name not in ("key", "copy")} for one in history
        ],
        "performance_attributes": dict.fromkeys(_QUALITIES),
        "choice_attributes": dict.fromkeys(_QUALITIES),
        "open_feedback": feedback,
        **_timing(said[0].created_at, said[-1].updated_at),
        "included_in_balanced_subset": None,
        "copied_turns": sum(one["copy"] for one in history if one["role"] == "user"),
    }


def _utterances(
    conversation: ConversationRow, user: str, history: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    prompt: Mapping[str, Any] = {}
    for one in history:
        if one["role"] == "user":
            prompt = one
        elif not one["copy"]:
            yield _utterance(conversation, user, prompt, one)


def _utterance(
    conversation: ConversationRow, user: str, prompt: Mapping[str, Any], one: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "utterance_id": one["key"],
        "interaction_id": prompt["key"],
        "conversation_id": conversation.id,
        "user_id": user,
        "turn": one["turn"],
        "within_turn_id": one["within_turn_id"],
        "conversation_type": None,
        "user_prompt": prompt["content"],
        "model_response": one["content"],
        "model_name": one["model_name"],
        "model_provider": one["model_provider"],
        "score": one["score"],
        "if_chosen": one["if_chosen"],
        "included_in_balanced_subset": None,
    }


def _texts(
    conversation: ConversationRow,
    user: str,
    history: Sequence[Mapping[str, Any]],
    feedback: str | None,
    *,
    checked: bool,
) -> Iterator[dict[str, Any]]:
    """Yield what is known about each text of a conversation that is no copy."""
    whole = {"user_id": user, "conversation_id": conversation.id}
    interaction: str | None = None
    for one in history:
        by_model = one["role"] == "model"
        interaction = interaction if by_model else one["key"]
        ids = whole | {"interaction_id": interaction} | ({"utterance_id": one["key"]} if by_model else {})
        if not one["copy"]:
            yield _metadata("model_response" if by_model else "user_prompt", one["content"], ids, checked=checked)
    if feedback is not None:
        yield _metadata("open_feedback", feedback, whole, checked=checked)


def _metadata(column: str, text: str, ids: Mapping[str, str | None], *, checked: bool) -> dict[str, Any]:
    """Return what is known about a text: whether something of a person was masked in it, if that was looked for."""
    return {
        "column_id": column,
        **{name: ids.get(name) for name in ("user_id", "conversation_id", "interaction_id", "utterance_id")},
        "pii_flag": bool(_MASKED.search(text)) if checked else None,
        "pii_manual_flag": None,
        "language_flag": None,
        "en_flag": None,
        "moderation_flag": None,
    }


def _note(models: dict[str, dict[str, Any]], conversation: ConversationRow, how: GenerationRow) -> None:
    """Take note of a model; what its conversations do not have in common is null."""
    name = _name(conversation, how)
    header = conversation.system_prompt if how.system_prompt is None else how.system_prompt
    settings = {setting: str(getattr(how, setting)) for setting in ("temperature", "top_p", "max_tokens")}
    known = models.setdefault(
        name,
        {
            "long_name": name,
            "short_name": how.model,
            "longcode": None,
            "model_family": None,
            "model_provider": how.engine,
            "model_provider_type": None,
            "model_type": None,
            "default_params": None,
            "selected_params": settings,
            "header": header,
            "link": None,
            "in_yaml": None,
            "params_tested": None,
            "endpoint_live": None,
            "status": None,
            "prompt_format": how.prompt_format,
        },
    )
    for column, value in (("selected_params", settings), ("header", header), ("prompt_format", how.prompt_format)):
        if known[column] != value:
            known[column] = None


FORMAT = DirectoryFormat(
    name="prism",
    summary="the files of the PRISM Alignment Dataset",
    for_whom="programs for the PRISM Alignment Dataset",
    leaves_out=(
        f"{DEBATES}; other questions and what follows them; replies that are not complete, but for those on the "
        "branch; forks without a new complete reply; thoughts; measurements; guesses; "
        "answers that PRISM has no column for"
    ),
    write=_write,
    entries=frozenset(FILES),
)
