"""Messages: the tree of what was said, how each reply was made, and the branch that a model reads."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from chat_personas import __version__
from chat_personas.corpus.errors import (
    GROWING_ELSEWHERE,
    ConversationGoneError,
    CorpusError,
    GrowingElsewhereError,
)
from chat_personas.corpus.live_programs import living_owners
from chat_personas.corpus.rows import (
    GenerationRow,
    MessageRow,
    ReplyModel,
    ReplyPersona,
    Status,
    Thought,
    Utterance,
    Words,
)
from chat_personas.corpus.sql import (
    as_json,
    columns_of,
    fetch,
    insert,
    new_key,
    now,
    stamp,
    storable,
    update,
    values_of,
)
from eval.engine import EngineInfo, Message, Role, Sampling, Usage

MODERATOR = "Moderator"
_AND = " and "
_SIDES = f"{{first}}{_AND}{{second}}"
OPENING = f"{MODERATOR}, opening a debate between {_SIDES}, a few sentences each"
"""What stands before the topic of a debate: it tells each model where it is. The topic stays the person's own words."""
DIED = "the program ended before the reply did"
_ENDED_AS = """coalesce(
    (SELECT quoted.status FROM messages AS quoted
     WHERE quoted.id = messages.quotes AND quoted.text = messages.text AND quoted.status <> 'streaming'),
    messages.status
) AS status"""
"""How a message ended: what a side of a debate quotes as the reply did, where that is known and has the same words."""
MESSAGE = columns_of(MessageRow, "messages").replace("messages.status", _ENDED_AS)
"""The columns of a message for a SELECT, with which every reader takes it from the table `messages`."""
_GENERATION = columns_of(GenerationRow, "generations")
_BRANCH = """
    WITH RECURSIVE branch (id, parent_id, depth, seq) AS (
        SELECT id, parent_id, 0, seq FROM messages WHERE id = ?
        UNION ALL
        SELECT messages.id, messages.parent_id, depth + 1, messages.seq
        FROM messages JOIN branch ON messages.id = branch.parent_id AND messages.seq < branch.seq
    )
"""
"""The messages from the one whose key is given up to the first.

A message is written after the one that it follows. So a damaged corpus in which messages follow each other in a circle
does not have this go round for ever.
"""
SAID_BY_PARTICIPANT = """(messages.role = 'user' AND messages.quotes IS NULL AND EXISTS (
    SELECT 1 FROM study_conversations AS here
    LEFT JOIN study_conversations AS talk ON talk.participation_id = here.participation_id AND NOT talk.fork
    WHERE here.conversation_id = messages.conversation_id AND (
        NOT here.fork
        OR messages.copy_of IS NOT NULL AND (
            talk.conversation_id IS NULL
            OR EXISTS (
                SELECT 1 FROM messages AS original
                WHERE original.conversation_id = talk.conversation_id AND original.role = 'user'
                  AND original.created_at = messages.created_at AND original.text = messages.text
            )
        )
    )
))"""
"""That a message holds words of a participant of a study, also as a copy in a fork.

What the owner of the corpus says in a fork is the owner's, and so are copies of that in forks of the fork. Where the
participant's own conversation was deleted, nothing tells them apart, and every copy counts as the participant's.
"""


def add_user_message(
    connection: sqlite3.Connection,
    conversation_id: str,
    parent_id: str | None,
    words: Words,
    original: MessageRow | None = None,
) -> MessageRow:
    """Add what a person said, or in a debate what the other side did; it becomes the active leaf.

    `original` is the message of which it is a copy.

    Raises:
        GrowingElsewhereError: it follows a reply that is still being written, of which nobody has read the end.
    """
    parent = connection.execute("SELECT status FROM messages WHERE id = ?", (parent_id,)).fetchone()
    if parent is not None and parent["status"] == "streaming":
        raise GrowingElsewhereError(GROWING_ELSEWHERE, conversation_id)
    row = _row(conversation_id, parent_id, "user", storable(words.text), "complete")
    values: dict[str, object] = {"speaker": words.speaker, "quotes": words.quotes}
    if original is not None:
        values |= {"copy_of": original.id, "created_at": original.created_at}
    return _add(connection, row.model_copy(update=values), owner=None)


def add_to_each(
    connection: sqlite3.Connection, words: Sequence[tuple[str, str | None, Words]]
) -> tuple[MessageRow, ...]:
    """Add words to conversations, each after the message with the second key; they become the active leaves.

    What a person says to several at once was said once: all but the first are copies.
    """
    added, first = list[MessageRow](), dict[Words, MessageRow]()
    for conversation_id, parent_id, said in words:
        original = first.get(said) if said.quotes is None else None
        added.append(add_user_message(connection, conversation_id, parent_id, said, original))
        first.setdefault(said, added[-1])
    return tuple(added)


def add_empty_reply(connection: sqlite3.Connection, conversation_id: str, parent_id: str, owner: str) -> MessageRow:
    """Add the place of a reply that the process named `owner` is about to generate; it becomes the active leaf."""
    return _add(connection, _row(conversation_id, parent_id, "assistant", "", "streaming"), owner=owner)


def write_reply(
    connection: sqlite3.Connection, message_id: str, text: str, status: Status, why: str | None = None
) -> None:
    """Replace the text and the status of a reply.

    Raises:
        ConversationGoneError: the message is gone, because another program deleted its conversation.
    """
    moment = stamp(now())
    values = {"text": storable(text), "status": status, "why": why and storable(why), "updated_at": moment}
    if not update(connection, "messages", ("id", message_id), values):
        raise ConversationGoneError("the conversation was deleted by another program while the reply was written")
    connection.execute(
        "UPDATE conversations SET active_at = ? WHERE id = (SELECT conversation_id FROM messages WHERE id = ?)",
        (moment, message_id),
    )


def write_thought(connection: sqlite3.Connection, message_id: str, thought: Thought | None) -> None:
    """Replace what the model thought before a reply; None or an empty text leaves the columns as they are."""
    if thought is not None and thought.text:
        values = {"thought": storable(thought.text), "thought_seconds": thought.seconds}
        update(connection, "generations", ("message_id", message_id), values)


def write_projection(connection: sqlite3.Connection, message_id: str, projection: float, projected_on: str) -> None:
    """Record where the states of a reply lie; nothing happens where another program has deleted it."""
    where = ("message_id", message_id)
    update(connection, "generations", where, {"projection": projection, "projected_on": projected_on})


def withdraw(connection: sqlite3.Connection, message_id: str) -> None:
    """Remove a message to which there is no answer."""
    connection.execute("DELETE FROM messages WHERE id = ?", (message_id,))


def begin_generation(
    connection: sqlite3.Connection,
    message_id: str,
    info: EngineInfo,
    sampling: Sampling,
    persona: ReplyPersona | None = None,
) -> None:
    """Record model, settings and persona of a reply before its first token, so that a process that dies leaves them."""
    values = {
        "message_id": message_id,
        "started_at": stamp(now()),
        "engine": info.engine,
        "model": info.name,
        "model_sha256": info.sha256,
        "quantization": info.quantization,
        "context_length": info.context_length,
        "template_sha256": info.template_sha256,
        "prompt_format": info.prompt_format,
        "template": info.given_template,
        "flash_attention": info.flash_attention,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
        "program_version": __version__,
        "interventions": as_json(info.interventions),
    }
    if persona is not None:
        values |= {"persona_name": persona.name, "persona_sha256": persona.sha256}
        values |= {"system_prompt": persona.system_prompt}
    insert(connection, "generations", values)
    if info.prompt_format is not None:  # not known of a conversation of an older version that nobody had replied in
        connection.execute(
            "UPDATE conversations SET prompt_format = ? WHERE prompt_format IS NULL AND model = ? AND model_sha256 IS ?"
            " AND id = (SELECT conversation_id FROM messages WHERE id = ?)",
            (info.prompt_format, info.name, info.sha256, message_id),
        )


def end_generation(
    connection: sqlite3.Connection,
    message_id: str,
    *,
    finish_reason: str | None,
    dropped_messages: int,
    usage: Usage | None,
) -> None:
    """Record how a generation ended and what it cost, as far as the engine said."""
    update(
        connection,
        "generations",
        ("message_id", message_id),
        {"finish_reason": finish_reason, "dropped_messages": dropped_messages},
    )
    if usage is not None:
        costs = {
            "prompt_tokens": usage.prompt_tokens,
            "reused_tokens": usage.reused_tokens,
            "decoded_tokens": usage.decoded_tokens,
            "seconds": usage.seconds,
            "first_token_seconds": usage.first_token_seconds,
        }
        seed = {} if usage.seed is None else {"seed": usage.seed}
        update(connection, "generations", ("message_id", message_id), {**costs, **seed})


def made_before(connection: sqlite3.Connection, message_id: str, since: str | None) -> tuple[str, ...]:
    """Return the keys of the replies that its model made before a reply, under the same interventions, oldest first.

    `since` is the reply after which they were made; without one, those since the model's cache was empty.
    """
    found = connection.execute(
        """
        WITH made AS MATERIALIZED (
            SELECT model_sha256, interventions, started_at FROM generations WHERE message_id = :made
        ), earlier AS MATERIALIZED (
            SELECT message_id, generations.started_at, reused_tokens FROM generations JOIN made
            USING (model_sha256, interventions) WHERE generations.started_at < made.started_at
        ), first AS MATERIALIZED (
            SELECT coalesce(
                (SELECT started_at FROM generations WHERE message_id = :since),
                (SELECT max(started_at) FROM earlier WHERE reused_tokens = 0)
            ) AS started_at
        )
        SELECT message_id FROM earlier JOIN first JOIN messages ON messages.id = message_id
        WHERE earlier.started_at >= first.started_at AND message_id IS NOT :since AND copy_of IS NULL
        ORDER BY earlier.started_at
        """,
        {"made": message_id, "since": since},
    )
    return tuple(row["message_id"] for row in found)


def generation_of(connection: sqlite3.Connection, message_id: str) -> GenerationRow | None:
    """Return how a reply was made; None for a message of the person."""
    sql = f"SELECT {_GENERATION} FROM generations WHERE message_id = ?"  # noqa: S608
    return next(iter(fetch(GenerationRow, connection.execute(sql, (message_id,)))), None)


def mark_interrupted(connection: sqlite3.Connection, owners: Path) -> int:
    """Mark the replies whose process has died; return how many there were. Those of a living process stay as they are.

    Call it inside a write transaction, so that no reply can begin meanwhile. The time of the last flush stays.
    """
    living = living_owners(owners)
    streaming = connection.execute("SELECT id, owner FROM messages WHERE status = 'streaming'").fetchall()
    left = [row["id"] for row in streaming if row["owner"] not in living]
    connection.executemany(
        "UPDATE messages SET status = 'interrupted', why = ? WHERE id = ?", [(DIED, message) for message in left]
    )
    return len(left)


def branch_to(connection: sqlite3.Connection, message_id: str) -> tuple[MessageRow, ...]:
    """Return the branch that ends with a message, from the first message to it."""
    sql = f"""
        {_BRANCH}
        SELECT {MESSAGE} FROM branch JOIN messages ON messages.id = branch.id ORDER BY depth DESC
        """  # noqa: S608
    return fetch(MessageRow, connection.execute(sql, (message_id,)))


def replies_of(connection: sqlite3.Connection, conversation_id: str) -> tuple[MessageRow, ...]:
    """Return all replies of a conversation, on all branches, in the order in which they were begun."""
    sql = f"SELECT {MESSAGE} FROM messages WHERE conversation_id = ? AND role = 'assistant' ORDER BY id"  # noqa: S608
    return fetch(MessageRow, connection.execute(sql, (conversation_id,)))


def said_last(connection: sqlite3.Connection, limit: int) -> tuple[str, ...]:
    """Return what the owner of the corpus said last, the newest first and each text once, of so many messages.

    What participants said is theirs, what a side of a debate quotes is a model's, and a copy was said before.
    """
    found = connection.execute(
        """
        SELECT text FROM messages
        WHERE role = 'user' AND quotes IS NULL AND copy_of IS NULL
          AND conversation_id NOT IN (SELECT conversation_id FROM study_conversations)
        ORDER BY id DESC LIMIT ?
        """,
        (limit,),
    )
    return tuple(dict.fromkeys(row["text"] for row in found))


def thoughts_to(connection: sqlite3.Connection, message_id: str) -> dict[str, Thought]:
    """Return what the model thought before the replies of the branch that ends with a message, by the replies' keys."""
    sql = f"""
        {_BRANCH}
        SELECT message_id, thought, thought_seconds FROM branch JOIN generations ON message_id = branch.id
        WHERE thought IS NOT NULL
        """  # noqa: S608
    found = connection.execute(sql, (message_id,))
    return {row["message_id"]: Thought(text=row["thought"], seconds=row["thought_seconds"]) for row in found}


def models_to(connection: sqlite3.Connection, message_id: str) -> dict[str, ReplyModel]:
    """Return which model made each reply of the branch that ends with a message, by the replies' keys."""
    sql = f"""
        {_BRANCH}
        SELECT message_id, model, model_sha256, prompt_format, template
        FROM branch JOIN generations ON message_id = branch.id
        """  # noqa: S608
    found = connection.execute(sql, (message_id,))
    return {row["message_id"]: ReplyModel(*tuple(row)[1:]) for row in found}


def participants_words_to(connection: sqlite3.Connection, message_id: str) -> frozenset[str]:
    """Return the keys of what participants of studies said in the branch that ends with a message."""
    of_a_study = "SELECT 1 FROM messages JOIN study_conversations USING (conversation_id) WHERE messages.id = ?"
    if connection.execute(of_a_study, (message_id,)).fetchone() is None:
        return frozenset()
    sql = f"""
        {_BRANCH}
        SELECT messages.id FROM branch JOIN messages ON messages.id = branch.id WHERE {SAID_BY_PARTICIPANT}
        """  # noqa: S608
    return frozenset(row["id"] for row in connection.execute(sql, (message_id,)))


def personas_to(connection: sqlite3.Connection, message_id: str) -> dict[str, ReplyPersona]:
    """Return under which persona each reply of the branch that ends with a message was made, by the replies' keys.

    Replies of older versions are left out: they are of the persona with which their conversation began.
    """
    sql = f"""
        {_BRANCH}
        SELECT message_id, persona_name, persona_sha256, system_prompt FROM branch JOIN generations
        ON message_id = branch.id WHERE system_prompt IS NOT NULL
        """  # noqa: S608
    found = connection.execute(sql, (message_id,))
    return {
        row["message_id"]: ReplyPersona(row["persona_name"], row["persona_sha256"], row["system_prompt"])
        for row in found
    }


def places_to(connection: sqlite3.Connection, message_id: str) -> dict[str, tuple[int, int]]:
    """Return the number of each message among its alternatives, from 1, and how many those are, by its key.

    Over the branch that ends with a message; a message without an alternative is left out.
    """
    sql = f"""
        {_BRANCH}
        SELECT branch.id, sum(other.id <= branch.id) AS number, count(*) AS total
        FROM branch JOIN messages AS one ON one.id = branch.id
        JOIN messages AS other ON other.conversation_id = one.conversation_id AND other.parent_id IS one.parent_id
        GROUP BY branch.id HAVING total > 1
        """  # noqa: S608
    return {row["id"]: (row["number"], row["total"]) for row in connection.execute(sql, (message_id,))}


def siblings(connection: sqlite3.Connection, message_id: str) -> tuple[MessageRow, ...]:
    """Return a message and its alternatives (edits of a question, other replies to it), oldest first."""
    sql = f"""
        SELECT {MESSAGE} FROM messages JOIN messages AS one
          ON messages.conversation_id = one.conversation_id AND messages.parent_id IS one.parent_id
        WHERE one.id = ? ORDER BY messages.id
        """  # noqa: S608
    return fetch(MessageRow, connection.execute(sql, (message_id,)))


def newest_leaf(connection: sqlite3.Connection, message_id: str) -> str:
    """Return the end of the branch through a message, taking the newest alternative at every fork.

    Raises:
        CorpusError: there is no such message.
    """
    leaf = connection.execute(
        """
        WITH RECURSIVE down (id, conversation_id, depth) AS (
            SELECT id, conversation_id, 0 FROM messages WHERE id = ?
            UNION ALL
            SELECT (SELECT max(id) FROM messages AS child
                    WHERE child.conversation_id = down.conversation_id AND child.parent_id = down.id
                      AND child.seq > (SELECT seq FROM messages AS this WHERE this.id = down.id)),
                   conversation_id, depth + 1
            FROM down WHERE id IS NOT NULL
        )
        SELECT id FROM down WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1
        """,
        (message_id,),
    ).fetchone()
    if leaf is None:
        raise CorpusError(f"there is no message {message_id} in the corpus")
    return str(leaf["id"])


def turns_of(said: Sequence[MessageRow]) -> Mapping[str | None, int]:
    """Return the turn of each message: how many messages of the person there are up to it; 0 before the first.

    Messages that follow each other without a reply, as in a debate, are one turn.
    """
    turns: dict[str | None, int] = {None: 0}
    asking = {message.id for message in said if message.role == "user"}
    turn = 0
    for message in said:
        turn += message.role == "user" and message.parent_id not in asking
        turns[message.id] = turn
    return turns


class Originals:
    """Finds what was said before, conversation by conversation, so that words are counted where they were said.

    Give it conversations in the order of their keys: a copy is younger than its original.
    """

    def __init__(self) -> None:
        self._said: dict[Utterance, MessageRow] = {}

    def of(self, messages: Iterable[MessageRow]) -> dict[str, MessageRow]:
        """Return by key the copies among the messages of a conversation, each with the message that stands for it.

        That is the original or, where it was not among the messages given before, the oldest copy.
        """
        found = dict[str, MessageRow]()
        for message in messages:
            before = self._said.setdefault(message.utterance, message)
            if message.copy_of is not None and before is not message:
                found[message.id] = before
        return found


def is_blank_reply(message: MessageRow) -> bool:
    """Whether a message is a reply of white space only, which counts as no reply."""
    return message.role == "assistant" and not message.text.strip()


def transcript(system_prompt: str, branch: Sequence[MessageRow]) -> list[Message]:
    """Return a branch as a model reads it: the system prompt, if there is one, and the messages, roles taking turns.

    A reply that was stopped or broke off stands as far as it came. A blank one (the model failed at once) is left out,
    and the person's messages around it become one, because many chat templates insist on taking turns. A message with a
    speaker begins with that name.
    """
    messages = [Message("system", system_prompt)] if system_prompt else []
    for row in branch:
        role: Role = row.role
        if is_blank_reply(row):
            continue
        text = row.text if row.speaker is None else f"{row.speaker}: {row.text}"
        speakers = () if row.speaker is None else _names_in(row.speaker)
        if messages and messages[-1].role == role:
            before = messages.pop()
            text, speakers = f"{before.content}\n\n{text}", (*before.speakers, *speakers)
        messages.append(Message(role, text, speakers))
    return messages


def _names_in(speaker: str) -> tuple[str, ...]:
    """Return the names in what stands before a message: one, or in the opening of a debate those of all who speak.

    Where a name itself has an "and" in it, nothing tells where the other one begins, and every way to part them counts.
    """
    before, after = OPENING.split(_SIDES)
    if not (speaker.startswith(before) and speaker.endswith(after)):
        return (speaker,)
    parts = speaker.removeprefix(before).removesuffix(after).split(_AND)
    sides = (_AND.join(some) for cut in range(1, len(parts)) for some in (parts[:cut], parts[cut:]))
    return (MODERATOR, *sides)


def told(system_prompt: str, branch: Sequence[MessageRow], prompts: Mapping[str, str]) -> list[Message]:
    """Return a branch as `transcript` does, with every system prompt where it began.

    `prompts` are those under which replies were made, by their keys; without one a reply was made under
    `system_prompt`. A model was given the prompt of its time before all messages, and no other. Where the model was not
    steered any more, an empty prompt says so.
    """
    messages = list[Message]()
    for prompt, rows in _by_prompt(system_prompt, branch, prompts):
        begins = [Message("system", "")] if messages and not prompt else []
        messages += [*begins, *transcript(prompt, rows)]
    return messages or transcript(system_prompt, ())


def _by_prompt(
    system_prompt: str, branch: Sequence[MessageRow], prompts: Mapping[str, str]
) -> Iterator[tuple[str, Sequence[MessageRow]]]:
    """Yield the parts of a branch under one prompt each. What a person says belongs to the reply that follows it."""
    replies = [prompts.get(row.id, system_prompt) for row in branch if row.role == "assistant"]
    last = replies[-1] if replies else system_prompt
    following = iter(replies)
    under, coming = list[str](), next(following, last)
    for row in branch:
        under.append(coming)
        if row.role == "assistant":
            coming = next(following, last)
    for prompt, rows in groupby(zip(under, branch, strict=True), key=lambda pair: pair[0]):
        yield prompt, [row for _, row in rows]


def _row(conversation_id: str, parent_id: str | None, role: str, text: str, status: str) -> MessageRow:
    moment = now()
    return MessageRow.model_validate(
        {
            "id": new_key(),
            "conversation_id": conversation_id,
            "parent_id": parent_id,
            "role": role,
            "text": text,
            "status": status,
            "created_at": moment,
            "updated_at": moment,
        }
    )


def _add(connection: sqlite3.Connection, row: MessageRow, owner: str | None) -> MessageRow:
    insert(connection, "messages", {**values_of(row), "owner": owner})
    connection.execute(
        "UPDATE conversations SET active_leaf_id = ?, active_at = ? WHERE id = ?",
        (row.id, stamp(row.created_at), row.conversation_id),
    )
    return row
