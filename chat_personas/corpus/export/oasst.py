"""Message trees as OpenAssistant publishes them (`oasst`): one tree per line, with every branch.

A tree begins with a first message of the person; where that was edited, the conversation has several trees. The keys
are those of `oasst_data.schemas.ExportMessageTree`. A branch ends with its last complete reply, and a reply of white
space only counts as none: what was said after it is joined to what it left unanswered, as a model read it.

A fork is no tree of its own: what was said in it follows the message at which it parts from its original, as another
branch. So do the sides of a debate, which begin with the same message. `copy_of` names the message that has the same
words at another place, which is so of what a moderator says in mid-debate; a reader who leaves those messages out has
what people said once. It is the one key that OpenAssistant's trees have not.

`synthetic` says that a model wrote a message, and `model_name` which one: also of a prompter's message that quotes the
other side of a debate.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chat_personas.corpus.export.format import COMPLETE, LINE_ENDS, TextFormat
from chat_personas.corpus.export.source import Source, is_complete_reply
from chat_personas.corpus.messages import Originals, is_blank_reply
from chat_personas.corpus.rows import ConversationRow, MessageRow, RatingRow

_UNKNOWN = dict.fromkeys(
    (
        "user_id",
        "lang",
        "review_count",
        "review_result",
        "deleted",
        "rank",
        "emojis",
        "detoxify",
        "events",
        "message_tree_id",
        "tree_state",
    )
)
"""What OpenAssistant asked its own people, and what stands outside of a tree's messages. Readers insist on the keys."""
_ROLES = {"user": "prompter", "assistant": "assistant"}


@dataclass(slots=True, eq=False)
class _Node:
    """A message of a tree, with the messages that follow it. `parent` is None for the first of the tree."""

    message: MessageRow
    parent: str | None
    text: str
    replies: list["_Node"] = field(default_factory=list)


@dataclass(slots=True)
class _Family:
    """Conversations that begin with the same message, as one: oldest first, without copies of what stands in it.

    `copies` are the messages that have the words of another one and stand at another place, with the key of that one.
    """

    key: str = ""
    messages: list[MessageRow] = field(default_factory=list)
    ratings: list[RatingRow] = field(default_factory=list)
    models: dict[str, str | None] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    originals: Originals = field(default_factory=Originals)
    conversations: int = 0

    def add(self, source: Source, conversation: ConversationRow) -> None:
        """Add a conversation, which is younger than those that are in it."""
        self.conversations += 1
        said = source.messages(conversation.id)
        stands_for = dict[str | None, str]()
        parents = {message.id: message.parent_id for message in self.messages}
        originals = self.originals.of(said)
        for message in said:
            parent = stands_for.get(message.parent_id, message.parent_id)
            original = originals.get(message.id)
            if original is None or parents[original.id] != parent:
                self.messages.append(message.model_copy(update={"parent_id": parent}))
                if original is not None:
                    self.copies[message.id] = original.id
            else:
                stands_for[message.id] = original.id
        for rating in source.ratings(conversation.id):
            rated = stands_for.get(rating.message_id, rating.message_id)
            self.ratings.append(rating.model_copy(update={"message_id": rated}))
        self.models |= {key: made.model for key, made in source.generations(conversation.id).items()}
        self.models |= {key: said.model for key, said in source.quoted().items()}


def _texts(source: Source) -> Iterator[str]:
    family = _Family()
    for conversation in source.conversations():
        key = source.begins_with(conversation)
        if key != family.key:
            yield from _trees_of(family, source)
            family = _Family(key)
        family.add(source, conversation)
    yield from _trees_of(family, source)


def _trees_of(family: _Family, source: Source) -> Iterator[str]:
    labels, (roots, ends_lost) = _labels(family.ratings), _trees(family.messages)
    if roots:
        source.held.branches_cut += ends_lost
    else:
        source.held.left += family.conversations
    written = {node.message.id for node in _nodes(roots)}
    family.copies = {copy: original for copy, original in family.copies.items() if original in written}
    for root in roots:
        yield "".join(_pieces(root, family, labels)).translate(LINE_ENDS)


def _trees(said: Sequence[MessageRow]) -> tuple[list[_Node], int]:
    """Return the trees of messages, each after the one that it follows, without what leads to no complete reply.

    Return also of how many branches the end is left out because of that.
    """
    following: dict[str | None, list[MessageRow]] = defaultdict(list)
    for message in said:
        following[message.parent_id].append(message)
    roots: list[_Node] = []
    in_order: list[tuple[_Node, list[_Node]]] = []
    joined_to_next = set[_Node]()
    todo = [(_Node(message, None, message.text), roots) for message in following[None]]
    while todo:  # a conversation is deeper than Python's stack
        node, beside = todo.pop()
        beside.append(node)
        in_order.append((node, beside))
        for message in following[node.message.id]:
            if is_blank_reply(message):
                for one in following[message.id]:
                    if one.author == node.message.author:
                        joined = replace(node, message=one, text=f"{node.text}\n\n{one.text}", replies=[])
                        todo.append((joined, beside))
                        joined_to_next.add(node)
                    else:  # a node has one author
                        todo.append((_Node(one, node.message.id, one.text), node.replies))
            else:
                todo.append((_Node(message, node.message.id, message.text), node.replies))
    ends = [node for node, _ in in_order if not node.replies and node not in joined_to_next]
    place = {message.id: number for number, message in enumerate(said)}
    for node, beside in reversed(in_order):  # those that follow a message come before it
        node.replies.sort(key=lambda one: place[one.message.id])
        if not node.replies and not is_complete_reply(node.message):
            beside.remove(node)
    roots.sort(key=lambda root: place[root.message.id])
    return roots, sum(not is_complete_reply(end.message) for end in ends)


def _nodes(roots: Sequence[_Node]) -> Iterator[_Node]:
    todo = list(roots)
    while todo:
        node = todo.pop()
        todo += node.replies
        yield node


def _labels(ratings: Sequence[RatingRow]) -> Mapping[str, dict[str, dict[str, float]]]:
    """Return by message the mean of its ratings on each scale, and how many there are."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for rating in ratings:
        values[rating.message_id][rating.scale].append(rating.value)
    return {
        message: {scale: {"value": sum(given) / len(given), "count": len(given)} for scale, given in scales.items()}
        for message, scales in values.items()
    }


def _pieces(root: _Node, family: _Family, labels: Mapping[str, Any]) -> Iterator[str]:
    """Yield the JSON of a tree piece by piece: a long conversation is nested deeper than a JSON encoder goes."""
    yield f'{{"message_tree_id": {_json(root.message.id)}, "tree_state": null, "origin": null, "prompt": '
    todo: list[_Node | str] = [root]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
            continue
        yield f'{_json(_fields(one, family, labels))[:-1]}, "replies": ['
        todo.append("]}")
        for place, reply in enumerate(reversed(one.replies)):
            todo.extend([", "] * (place > 0))
            todo.append(reply)
    yield "}"


def _fields(node: _Node, family: _Family, labels: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a node says of its message."""
    return {
        "message_id": node.message.id,
        "parent_id": node.parent,
        "text": node.text,
        "role": _ROLES[node.message.role],
        "created_date": node.message.created_at.isoformat(),
        "synthetic": node.message.author == "model",
        "model_name": family.models.get(node.message.id),
        "labels": labels.get(node.message.id),
        "copy_of": family.copies.get(node.message.id),
        **_UNKNOWN,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


FORMAT = TextFormat(
    name="oasst",
    summary="JSON Lines of message trees",
    for_whom="programs for OpenAssistant's message trees",
    ending=".jsonl",
    leaves_out=(
        "replies that are not complete and end a branch; thoughts; system prompts; "
        "how replies were made, but for the model; measurements"
    ),
    unit="tree",
    holds=COMPLETE,
    texts=_texts,
    tells_authors=True,
)
