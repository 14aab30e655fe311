"""Chat JSON Lines, in the two shapes that trainers read: OpenAI's messages and ShareGPT's conversations.

One conversation per line: the system prompt if there is one, then the active branch up to its last complete reply,
roles taking turns; see `Source.dialogue`.

- `openai`: `{"messages": [{"role": ..., "content": ...}]}`, as OpenAI's fine-tuning and most trainers read it;
- `sharegpt`: `{"id": ..., "conversations": [{"from": ..., "value": ...}]}`, roles `system`, `human` and `gpt`.
"""

import json
from collections.abc import Iterator, Sequence

from chat_personas.corpus.export.format import DEBATES, LINE_ENDS, TextFormat
from chat_personas.corpus.export.source import Source
from chat_personas.corpus.messages import transcript
from chat_personas.corpus.rows import MessageRow

_SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}
_LEAVES_OUT = (
    f"{DEBATES}; other branches; a last reply that is not complete, with its question; thoughts; how replies were made"
)


def json_line(record: object) -> str:
    """Return a record as JSON in which no character ends a line."""
    return json.dumps(record, ensure_ascii=False).translate(LINE_ENDS)


def line_of(system_prompt: str, branch: Sequence[MessageRow]) -> str:
    """Return the line of a branch in OpenAI's shape, whatever its last message is."""
    return json_line({"messages": chat_messages(system_prompt, branch)})


def chat_messages(system_prompt: str, branch: Sequence[MessageRow]) -> list[dict[str, str]]:
    """Return a branch as a list of roles with their content."""
    return [{"role": message.role, "content": message.content} for message in transcript(system_prompt, branch)]


def _openai(source: Source) -> Iterator[str]:
    for conversation, said in source.dialogues():
        yield line_of(conversation.system_prompt, said)


def _sharegpt(source: Source) -> Iterator[str]:
    for conversation, said in source.dialogues():
        turns = [
            {"from": _SHAREGPT_ROLES[message.role], "value": message.content}
            for message in transcript(conversation.system_prompt, said)
        ]
        yield json_line({"id": conversation.id, "conversations": turns})


OPENAI = TextFormat(
    name="openai", summary="JSON Lines of chat messages", leaves_out=f"{_LEAVES_OUT}; measurements", texts=_openai
)
SHAREGPT = TextFormat(
    name="sharegpt", summary="JSON Lines of turns", leaves_out=f"{_LEAVES_OUT}; measurements", texts=_sharegpt
)
