"""Preference pairs for TRL's DPO, reward and ORPO trainers (`trl-preference`), from rated replies to the same message.

A pair is two replies of one person's message, on any branch, rated on the same scale with different values: the higher
is `chosen`. Of several ratings of a reply on a scale the last counts. Both replies are complete. `prompt` is what the
model read before them: the system prompt and the branch up to the message. Trainers read `prompt`, `chosen` and
`rejected` (TRL's conversational format with an explicit prompt), and leave the other columns.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from chat_personas.corpus.export.chat_json import chat_messages, json_line
from chat_personas.corpus.export.format import Source, TextFormat, is_blank_reply, is_complete_reply
from chat_personas.corpus.rows import ConversationRow, MessageRow, RatingRow


def _texts(source: Source) -> Iterator[str]:
    for conversation in source.conversations():
        ratings = source.ratings(conversation.id)
        if ratings:
            yield from _pairs(conversation, source.messages(conversation.id), ratings)


def _pairs(conversation: ConversationRow, said: Sequence[MessageRow], ratings: Sequence[RatingRow]) -> Iterator[str]:
    by_key = {message.id: message for message in said}
    replies: dict[str, list[MessageRow]] = defaultdict(list)
    for message in said:
        if is_complete_reply(message) and message.parent_id is not None:
            replies[message.parent_id].append(message)
    rated: dict[str, dict[str, float]] = defaultdict(dict)
    for rating in ratings:  # oldest first, so that the last stands
        rated[rating.scale][rating.message_id] = rating.value
    for question, alternatives in replies.items():
        if len(alternatives) > 1:
            prompt = chat_messages(conversation.system_prompt, _branch_to(question, by_key))
            for scale, values in rated.items():
                yield from _lines(conversation.id, prompt, alternatives, scale, values)


def _lines(
    conversation_id: str,
    prompt: Sequence[Mapping[str, str]],
    alternatives: Sequence[MessageRow],
    scale: str,
    values: Mapping[str, float],
) -> Iterator[str]:
    """Yield a line for every two replies whose values on a scale differ."""
    for one, other in combinations([reply for reply in alternatives if reply.id in values], 2):
        if values[one.id] == values[other.id]:
            continue
        chosen, rejected = (one, other) if values[one.id] > values[other.id] else (other, one)
        yield json_line(
            {
                "prompt": prompt,
                "chosen": [{"role": "assistant", "content": chosen.text}],
                "rejected": [{"role": "assistant", "content": rejected.text}],
                "scale": scale,
                "score_chosen": values[chosen.id],
                "score_rejected": values[rejected.id],
                "conversation_id": conversation_id,
                "chosen_id": chosen.id,
                "rejected_id": rejected.id,
            }
        )


def _branch_to(message_id: str, by_key: Mapping[str, MessageRow]) -> Sequence[MessageRow]:
    """Return the branch that ends with a message, without blank replies."""
    branch: list[MessageRow] = []
    key: str | None = message_id
    while key is not None:
        message = by_key[key]
        if not is_blank_reply(message):
            branch.append(message)
        key = message.parent_id
    return branch[::-1]


FORMAT = TextFormat(
    name="trl-preference",
    summary="JSON Lines of preference pairs",
    leaves_out="replies that are not rated, not complete or the only ones; ties; thoughts; measurements",
    unit="preference pair",
    texts=_texts,
)
