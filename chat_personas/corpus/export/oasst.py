"""Message trees as OpenAssistant publishes them (`oasst`): one tree per line, with every branch.

A tree begins with a first message of the person; where that was edited, the conversation has several trees. The keys
are those of `oasst_data.schemas.ExportMessageTree`. A branch ends with its last complete reply, and a reply of white
space only counts as none: what was said after it is joined to what it left unanswered, as a model read it.

`synthetic` says that a model wrote a message, and `model_name` which one: also of a prompter's message that quotes the
other side of a debate.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chat_personas.corpus.export.format import LINE_ENDS, TextFormat
from chat_personas.corpus.export.source import Source, is_blank_reply, is_complete_reply
from chat_personas.corpus.rows import MessageRow, RatingRow

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


def _texts(source: Source) -> Iterator[str]:
    for conversation in source.conversations():
        roots = _trees(source.messages(conversation.id))
        if not roots:
            continue
        models: dict[str, str | None] = {key: made.model for key, made in source.generations(conversation.id).items()}
        models |= {key: said.model for key, said in source.quoted().items()}
        labels = _labels(source.ratings(conversation.id))
        for root in roots:
            yield "".join(_pieces(root, models, labels)).translate(LINE_ENDS)


def _trees(said: Sequence[MessageRow]) -> list[_Node]:
    """Return the trees of a conversation (its messages, oldest first), without what leads to no complete reply."""
    following: dict[str | None, list[MessageRow]] = defaultdict(list)
    for message in said:
        following[message.parent_id].append(message)
    roots: list[_Node] = []
    in_order: list[tuple[_Node, list[_Node]]] = []
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
                    else:  # a node has one author
                        todo.append((_Node(one, node.message.id, one.text), node.replies))
            else:
                todo.append((_Node(message, node.message.id, message.text), node.replies))
    place = {message.id: number for number, message in enumerate(said)}
    for node, beside in reversed(in_order):  # those that follow a message come before it
        node.replies.sort(key=lambda one: place[one.message.id])
        if not node.replies and not is_complete_reply(node.message):
            beside.remove(node)
    return sorted(roots, key=lambda root: place[root.message.id])


def _labels(ratings: Sequence[RatingRow]) -> Mapping[str, dict[str, dict[str, float]]]:
    """Return by message the mean of its ratings on each scale, and how many there are."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for rating in ratings:
        values[rating.message_id][rating.scale].append(rating.value)
    return {
        message: {scale: {"value": sum(given) / len(given), "count": len(given)} for scale, given in scales.items()}
        for message, scales in values.items()
    }


def _pieces(root: _Node, models: Mapping[str, str | None], labels: Mapping[str, Any]) -> Iterator[str]:
    """Yield the JSON of a tree piece by piece: a long conversation is nested deeper than a JSON encoder goes."""
    yield f'{{"message_tree_id": {_json(root.message.id)}, "tree_state": null, "origin": null, "prompt": '
    todo: list[_Node | str] = [root]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
            continue
        yield f'{_json(_fields(one, models, labels))[:-1]}, "replies": ['
        todo.append("]}")
        for place, reply in enumerate(reversed(one.replies)):
            todo.extend([", "] * (place > 0))
            todo.append(reply)
    yield "}"


def _fields(node: _Node, models: Mapping[str, str | None], labels: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a node says of its message."""
    return {
        "message_id": node.message.id,
        "parent_id": node.parent,
        "text": node.text,
        "role": _ROLES[node.message.role],
        "created_date": node.message.created_at.isoformat(),
        "synthetic": node.message.author == "model",
        "model_name": models.get(node.message.id),
        "labels": labels.get(node.message.id),
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
    texts=_texts,
    tells_authors=True,
)
