"""Conversations for tests of the corpus."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from chat_personas.corpus import ConversationRow, Corpus, MessageRow, Status, Words, conversations
from chat_personas.corpus.sql import new_key
from chat_personas.monitor.monitor import Monitor
from eval.engine import EngineInfo, PromptFormat, Sampling

INFO = EngineInfo(name="small.gguf", engine="fake", sha256="ab" * 32, quantization="Q8_0", flash_attention=False)
BASE = replace(INFO, prompt_format="plain")
"""A base model."""
DAY = datetime(2026, 11, 21, 12, tzinfo=UTC)


def conversation_row(
    *,
    persona: str = "democrat",
    system_prompt: str = "",
    began: datetime = DAY,
    prompt_format: PromptFormat | None = None,
) -> ConversationRow:
    """A conversation that is not in the corpus yet."""
    return ConversationRow(
        id=new_key(),
        title="A conversation",
        created_at=began,
        active_at=began,
        persona_name=persona,
        persona='{"name": "democrat"}',
        persona_sha256="cd" * 32,
        system_prompt=system_prompt,
        model="small.gguf",
        model_sha256=None,
        prompt_format=prompt_format,
        program_version="0",
        active_leaf_id=None,
    )


def talk(
    corpus: Corpus,
    *turns: tuple[str, str],
    row: ConversationRow | None = None,
    last: Status = "complete",
    model: EngineInfo = INFO,
) -> str:
    """Keep a conversation of question and reply turns; the last reply ends as `last`. Return its key."""
    row = row or conversation_row(prompt_format=model.prompt_format)
    parent: MessageRow | None = None
    for number, (said, answered) in enumerate(turns, start=1):
        new, parent_id = (None, parent.id) if parent else (row, None)
        _, parent = corpus.begin_turn(row.id, parent_id, said, model, Sampling(seed=7), new=new)
        corpus.end_reply(parent.id, answered, last if number == len(turns) else "complete", finish_reason="stop")
    return row.id


def stopped_in_a_debate(corpus: Corpus) -> tuple[str, str]:
    """Keep a debate whose first reply, `Less`, was stopped; return the keys of its sides: the second one quotes it."""
    first, second = conversation_row(), conversation_row(persona="republican")
    corpus.begin_debate(new_key(), (first, second), Words("Guns?", "Moderator"), 1)
    reply = corpus.begin_reply(first.id, branch_of(corpus, first.id)[-1].id, INFO, Sampling())
    corpus.end_reply(reply.id, "Less", "stopped")
    (told,) = corpus.tell([(second.id, branch_of(corpus, second.id)[-1].id, Words("Less", "A Democrat", reply.id))])
    answer = corpus.begin_reply(second.id, told.id, INFO, Sampling())
    corpus.end_reply(answer.id, "More.", "complete", finish_reason="stop")
    return first.id, second.id


def compare(corpus: Corpus, identifier: str, *keys: str) -> None:
    """Make conversations the columns of a comparison, from left to right, with nothing more said in them."""
    with corpus._connections.writing() as connection:
        for place, key in enumerate(keys):
            conversations.add_to_comparison(connection, identifier, key, place)


def texts(messages: Sequence[MessageRow]) -> list[str]:
    """What was said, in order."""
    return [message.text for message in messages]


def branch_of(corpus: Corpus, conversation_id: str) -> tuple[MessageRow, ...]:
    """The active branch of a conversation."""
    leaf = corpus.conversation(conversation_id).active_leaf_id
    assert leaf is not None
    return corpus.branch(leaf)


def conversation_of(monitor: Monitor, message_id: str | None) -> str | None:
    """The conversation of a message in the corpus that a monitor records in."""
    if monitor._recorder._corpus is None or message_id is None:
        return None
    return monitor._recorder._corpus.branch(message_id)[0].conversation_id


def without_waiting_for_the_disk(corpus: Corpus) -> None:
    """Let a test that writes a thousand times be quick; how durable it is does not matter there."""
    with corpus._connections.maintaining() as connection:
        connection.execute("PRAGMA synchronous = OFF")


def bytes_on_disk(corpus_file: Path) -> bytes:
    """Everything that the files of a corpus hold: the database, its log and its shared memory."""
    return b"".join(file.read_bytes() for file in corpus_file.parent.glob("corpus.db*") if file.is_file())
