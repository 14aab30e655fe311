"""Chat JSON Lines, as OpenAI's fine-tuning and most trainers read it: `{"messages": [{"role": ..., "content": ...}]}`.

One conversation per line: the system prompt if there is one, then the active branch, roles taking turns, the assistant
last. The branch ends with its last complete reply: a reply at the end that was stopped, interrupted or failed is left
out with the message that it answers. One before the end stands as far as it came, because what follows was said after
it. A reply of white space only counts as no reply.
"""

import json
from collections.abc import Iterator, Sequence

from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.export.format import Format
from chat_personas.corpus.messages import transcript
from chat_personas.corpus.rows import MessageRow

_LINE_ENDS = {0x85: r"\u0085", 0x2028: r"\u2028", 0x2029: r"\u2029"}
"""Characters that JSON allows within a line, but at which many readers end one, such as Python's `splitlines`."""


def lines(corpus: Corpus, conversations: Sequence[str]) -> Iterator[str]:
    """Yield a line for each conversation with a complete reply."""
    for identifier in conversations:
        conversation = corpus.conversation(identifier)
        branch = corpus.branch(conversation.active_leaf_id) if conversation.active_leaf_id else ()
        said = _until_last_reply([message for message in branch if not _is_blank_reply(message)])
        if said:
            yield line_of(conversation.system_prompt, said)


def line_of(system_prompt: str, branch: Sequence[MessageRow]) -> str:
    """Return the line of a branch, whatever its last message is."""
    messages = transcript(system_prompt, branch)
    record = {"messages": [{"role": message.role, "content": message.content} for message in messages]}
    return json.dumps(record, ensure_ascii=False).translate(_LINE_ENDS)


def _until_last_reply(branch: Sequence[MessageRow]) -> Sequence[MessageRow]:
    for length in range(len(branch), 0, -1):
        last = branch[length - 1]
        if last.role == "assistant" and last.status == "complete":
            return branch[:length]
    return ()


def _is_blank_reply(message: MessageRow) -> bool:
    return message.role == "assistant" and not message.text.strip()


FORMAT = Format("openai", lines)
