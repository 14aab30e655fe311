"""A branch of a conversation as a model reads it."""

from collections.abc import Sequence

from chat_personas.corpus.rows import MessageRow
from eval.engine import Message, Role


def transcript(system_prompt: str, branch: Sequence[MessageRow]) -> list[Message]:
    """Return the system prompt, if there is one, and the messages of a branch, roles taking turns.

    A reply that was stopped or broke off stands as far as it came. One without text (the model failed at once) is left
    out, and the person's messages around it become one, since many chat templates insist on taking turns.
    """
    messages = [Message("system", system_prompt)] if system_prompt else []
    for row in branch:
        role: Role = row.role
        if row.role == "assistant" and not row.text:
            continue
        if messages and messages[-1].role == role:
            messages[-1] = Message(role, f"{messages[-1].content}\n\n{row.text}")
        else:
            messages.append(Message(role, row.text))
    return messages
