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
from chat_personas.corpus.export.format import DEBATES, TextFormat
from chat_personas.corpus.export.source import Source, is_complete_reply
from chat_personas.corpus.rows import ConversationRow, MessageRow, SpokenAsRow


def _texts(source: Source) -> Iterator[str]:
    for conversation in source.conversations():
        rated: dict[str, dict[str, float]] = defaultdict(dict)
        for rating in source.ratings(conversation.id):  # oldest first, so that the last stands
            rated[rating.message_id][rating.scale] = rating.value
        lines = _pairs(source, conversation, rated) if len(rated) > 1 else iter(())
        first = next(lines, None)
        if first is None:
            source.held.left += 1
            continue
        yield first
        yield from lines


def _pairs(source: Source, conversation: ConversationRow, rated: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    replies: dict[str, list[MessageRow]] = defaultdict(list)
    for reply in source.messages(conversation.id, rated=True):
        if reply.id in rated and is_complete_reply(reply) and reply.parent_id is not None:
            replies[reply.parent_id].append(reply)
    several = {question: beside for question, beside in replies.items() if len(beside) > 1}
    made = source.rated_as(conversation.id) if several else {}
    for question, alternatives in several.items():
        for (system, *_), beside in _of_one_persona(alternatives, made, conversation).items():
            prompt = chat_messages(system, source.branch(question), {})
            yield from _of_a_prompt(conversation.id, prompt, beside, rated)


def _of_one_persona(
    replies: Sequence[MessageRow], made: Mapping[str, SpokenAsRow], conversation: ConversationRow
) -> Mapping[tuple[str, str, str], Sequence[MessageRow]]:
    """Return the replies by system prompt, name and file of their persona: those of two personas are no pair.

    The prompt alone does not tell them apart, for a persona that is steered from inside has none.
    """
    found: dict[tuple[str, str, str], list[MessageRow]] = defaultdict(list)
    for reply in replies:
        how = made.get(reply.id)
        under = conversation if how is None or how.system_prompt is None else how
        found[under.system_prompt or "", under.persona_name or "", under.persona_sha256 or ""].append(reply)
    return found


def _of_a_prompt(
    conversation_id: str,
    prompt: Sequence[Mapping[str, str]],
    alternatives: Sequence[MessageRow],
    rated: Mapping[str, Mapping[str, float]],
) -> Iterator[str]:
    """Yield the lines of replies to the same prompt, scale by scale."""
    for scale in dict.fromkeys(scale for reply in alternatives for scale in rated[reply.id]):
        values = {reply.id: rated[reply.id][scale] for reply in alternatives if scale in rated[reply.id]}
        yield from _lines(conversation_id, prompt, alternatives, scale, values)


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


FORMAT = TextFormat(
    name="trl-preference",
    summary="JSON Lines of preference pairs",
    for_whom="TRL's trainers on preferences (DPO, reward models)",
    ending=".jsonl",
    leaves_out=(
        f"{DEBATES}; replies that are not rated, not complete or the only ones; ties; thoughts; how replies were made; "
        "measurements"
    ),
    unit="preference pair",
    holds="two complete replies to a message, rated differently",
    texts=_texts,
)
