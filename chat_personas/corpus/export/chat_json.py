"""Chat JSON Lines, in the two shapes that trainers read: OpenAI's messages and ShareGPT's conversations.

One conversation per line: the system prompt if there is one, then the active branch up to its last complete reply,
roles taking turns; see `Source.dialogue`. Where it went on with another persona, its system prompt stands before the
first message that is answered under it.

- `openai`: `{"messages": [{"role": ..., "content": ...}]}`, as OpenAI's fine-tuning and most trainers read it;
- `sharegpt`: `{"id": ..., "conversations": [{"from": ..., "value": ...}]}`, roles `system`, `human` and `gpt`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from chat_personas.corpus.export.format import DEBATES, LINE_ENDS, TextFormat
from chat_personas.corpus.export.source import Source
from chat_personas.corpus.messages import told
from chat_personas.corpus.rows import GenerationRow, MessageRow

_SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}
_LEAVES_OUT = (
    f"{DEBATES}; other branches; a last reply that is not complete, with its question; thoughts; how replies were made"
)


def json_line(record: object) -> str:
    """Return a record as JSON in which no character ends a line."""
    return json.dumps(record, ensure_ascii=False).translate(LINE_ENDS)


def line_of(system_prompt: str, branch: Sequence[MessageRow], prompts: Mapping[str, str]) -> str:
    """Return the line of a branch in OpenAI's shape, whatever its last message is; `prompts` see `told`."""
    return json_line({"messages": chat_messages(system_prompt, branch, prompts)})


def chat_messages(system_prompt: str, branch: Sequence[MessageRow], prompts: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a branch as a list of roles with their content; `prompts` see `told`."""
    return [{"role": message.role, "content": message.content} for message in told(system_prompt, branch, prompts)]


def prompts_of(made: Mapping[str, GenerationRow]) -> dict[str, str]:
    """Return the system prompts under which replies were made, by the replies' keys, as far as they are recorded."""
    return {key: how.system_prompt for key, how in made.items() if how.system_prompt is not None}


def _openai(source: Source) -> Iterator[str]:
    for conversation, said in source.dialogues():
        yield line_of(conversation.system_prompt, said, prompts_of(source.generations(conversation.id)))


def _sharegpt(source: Source) -> Iterator[str]:
    for conversation, said in source.dialogues():
        prompts = prompts_of(source.generations(conversation.id))
        turns = [
            {"from": _SHAREGPT_ROLES[message.role], "value": message.content}
            for message in told(conversation.system_prompt, said, prompts)
        ]
        yield json_line({"id": conversation.id, "conversations": turns})


OPENAI = TextFormat(
    name="openai",
    summary="JSON Lines of chat messages",
    for_whom="OpenAI's fine-tuning, and most trainers",
    leaves_out=f"{_LEAVES_OUT}; measurements",
    ending=".jsonl",
    texts=_openai,
)
SHAREGPT = TextFormat(
    name="sharegpt",
    summary="JSON Lines of turns",
    for_whom="trainers that read ShareGPT's turns, such as LLaMA-Factory and Axolotl",
    leaves_out=f"{_LEAVES_OUT}; measurements",
    ending=".jsonl",
    texts=_sharegpt,
)
