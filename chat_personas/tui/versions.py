"""Going round what stands beside the end of a conversation: other replies, and other messages with their replies."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.conversation import Conversation


def next_version(conversation: "Conversation") -> str | None:
    """Go to the next reply to the last message; after the last reply to the first one of the next message.

    So everything is come by, one after the other. Returns which it is, in words; None where there is only one.

    Raises:
        CorpusError: the corpus cannot be read or written.
    """
    path = conversation.path
    if not path:
        return None
    last = path[-1]
    replies = _versions(conversation, last.id) if last.role == "assistant" else []
    if last.id in replies[:-1]:
        return _reply(conversation, replies, replies.index(last.id) + 1)
    said = next((row.id for row in reversed(path[-2:]) if row.role == "user"), None)
    messages = _versions(conversation, said) if said is not None else []
    if said is None or len(messages) < 2:
        return _reply(conversation, replies, 0) if len(replies) > 1 else None
    place = (messages.index(said) + 1) % len(messages)
    conversation.switch(messages[place])
    which = f"version {place + 1} of {len(messages)} of your message"
    end = conversation.path[-1]
    others = _versions(conversation, end.id) if end.role == "assistant" else []
    return f"{which}, {_reply(conversation, others, 0)}" if len(others) > 1 else which


def _versions(conversation: "Conversation", message_id: str) -> list[str]:
    return [row.id for row in conversation.alternatives(message_id)]


def _reply(conversation: "Conversation", replies: list[str], place: int) -> str:
    conversation.switch(replies[place])
    return f"version {place + 1} of {len(replies)} of this reply"
