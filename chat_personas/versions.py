"""Going round what stands beside the end of a conversation: other replies, and other messages with their replies."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Place:
    """Where a version stands among all: `number` of `total`, from 1, oldest first."""

    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Version:
    """Which version a conversation went to: of a message of the person, of the reply at its end, or of both.

    None where that stayed as it was, or is the only one.
    """

    message: Place | None = None
    reply: Place | None = None


def next_version(conversation: "Conversation") -> Version | None:
    """Go to the next reply to the last message; after the last reply to the first one of the next message.

    So everything is come by, one after the other. Returns which it is; None where there is only one.

    Raises:
        RuntimeError: a reply is on its way.
        CorpusError: the corpus cannot be read or written.
    """
    path = conversation.path
    if not path:
        return None
    last = path[-1]
    replies = _versions(conversation, last.id) if last.role == "assistant" else []
    if last.id in replies[:-1]:
        return Version(reply=_go(conversation, replies, replies.index(last.id) + 1))
    said = next((row.id for row in reversed(path[-2:]) if row.role == "user"), None)
    messages = _versions(conversation, said) if said is not None else []
    if said is None or len(messages) < 2:
        return Version(reply=_go(conversation, replies, 0)) if len(replies) > 1 else None
    message = _go(conversation, messages, (messages.index(said) + 1) % len(messages))
    end = conversation.path[-1]
    others = _versions(conversation, end.id) if end.role == "assistant" else []
    return Version(message, _go(conversation, others, 0) if len(others) > 1 else None)


def _versions(conversation: "Conversation", message_id: str) -> list[str]:
    return [row.id for row in conversation.alternatives(message_id)]


def _go(conversation: "Conversation", versions: list[str], index: int) -> Place:
    conversation.switch(versions[index])
    return Place(index + 1, len(versions))
