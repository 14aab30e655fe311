"""What a transcript shows, as data: messages from the rows of the corpus, and lines where model or persona change."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from chat_personas.reporting.wording.conversations import PARTICIPANT, QUOTED, STATUS_NOTES
from chat_personas.reporting.wording.measurements import asked_from_here_on, recorded_model
from chat_personas.text import pluralize

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation, ReplyEnded
    from chat_personas.corpus import MessageRow, ReplyModel, ReplyPersona, Thought
    from chat_personas.tui.widgets.thoughts import ShownThought

Maker = TypeVar("Maker")
Kind = Literal["user", "reply", "notice", "failure", "change", "introduction"]
"""`change` marks where another model or persona begins; unlike a notice it stays."""
SAID: tuple[Kind, ...] = ("user", "reply")
"""The kinds of entries that are messages."""


@dataclass(slots=True, eq=False)
class Entry:
    """A message of either side, or a line of the program's own, as data: it outlives the widget that shows it.

    `note` says why a reply ended early. `waiting` marks a message of the person that is not sent yet, `growing` a reply
    that is being generated; `thought` is what the model thinks before a reply. `message_id` is the message's key in the
    corpus, once it has one. `replaces` is the key of the message that an edited one replaces. `version` says which
    version of several it is, as `2/2`. `mark` stands in the margin of a reply. `side` is that of a debate, 0 for
    the one that began. The `speaker` of what the person says is "", for "You", or what the person is there.
    """

    kind: Kind
    text: str
    message_id: str | None = None
    note: str = ""
    speaker: str = ""
    waiting: bool = False
    growing: bool = False
    replaces: str | None = None
    version: str = ""
    thought: "ShownThought | None" = None
    mark: str = ""
    side: int | None = None


LAST = "last message"


def which_of(entry: Entry, own: Sequence[Entry]) -> str:
    """Say which of the person's own messages one is: `last message` or `message 2 of 5`."""
    place = own.index(entry) + 1 if entry in own else len(own)
    return LAST if place == len(own) else f"message {place} of {len(own)}"


def entries_of(conversation: "Conversation", speaker: str = "") -> list[Entry]:
    """Return the entries that show the branch of a conversation that is open.

    Replies are those of `speaker`; without one, each is that of the persona who gave it.
    """
    path, personas, title = conversation.path, conversation.personas, conversation.title_of
    speakers = {} if speaker else {key: title(persona) for key, persona in personas.items()}
    changes = both(
        model_changes(path, conversation.models, conversation.model),
        persona_changes(path, personas, conversation.present_persona, title),
    )
    versions = {key: str(place) for key, place in conversation.places.items()}
    title_now = speaker or conversation.persona.title
    thoughts, of_participants = conversation.thoughts, conversation.of_participants
    return list(path_entries(path, title_now, thoughts, changes, versions, speakers, of_participants))


def note_of(event: "ReplyEnded | None") -> str:
    """Say below a reply why it is not whole, and what was left out of its context; "" where there is nothing to say."""
    if event is None:
        return ""
    parts = [STATUS_NOTES.get(event.status) or event.why or ""]
    if event.dropped_messages:
        parts.append(f"{pluralize(event.dropped_messages, 'oldest message')} left out: the context is too short")
    return " · ".join(filter(None, parts))


def path_entries(
    rows: Sequence["MessageRow"],
    speaker: str,
    thoughts: "Mapping[str, Thought] | None" = None,
    changes: Mapping[str | None, str] | None = None,
    versions: Mapping[str, str] | None = None,
    speakers: Mapping[str, str] | None = None,
    of_participants: Collection[str] = (),
) -> Iterator[Entry]:
    """Yield the entries that show `rows` of the corpus; a reply that was stopped or failed says so.

    `thoughts` are what the model thought before the replies, by their ids; `changes` see `model_changes`.
    `versions` says of messages with several versions which it is, `speakers` who speaks in replies of others than
    `speaker`, by their ids. `of_participants` are the ids of what participants of studies said.
    """
    from chat_personas.tui.widgets.thoughts import ShownThought

    found = {key: ShownThought(thought.text, thought.seconds) for key, thought in (thoughts or {}).items()}
    changes, versions, speakers = changes or {}, versions or {}, speakers or {}
    for row in rows:
        if row.id in changes:
            yield Entry("change", changes[row.id])
        if row.quotes is not None:
            note = " · ".join(filter(None, (STATUS_NOTES.get(row.status), QUOTED)))
            yield Entry("reply", row.text, speaker=row.speaker or "", note=note)
        elif row.role == "user":
            whose = PARTICIPANT if row.id in of_participants else ""
            yield Entry("user", row.text, message_id=row.id, speaker=whose, version=versions.get(row.id, ""))
        else:
            note = STATUS_NOTES.get(row.status) or row.why or ""
            who = speakers.get(row.id, speaker)
            entry = Entry("reply", row.text, message_id=row.id, speaker=who, note=note, thought=found.get(row.id))
            entry.version = versions.get(row.id, "")
            yield entry
            if row.why and row.status in ("error", "interrupted"):
                yield Entry("failure", row.why)
    if rows and None in changes:
        yield Entry("change", changes[None])


def model_changes(
    rows: Sequence["MessageRow"], models: "Mapping[str, ReplyModel]", now: "ReplyModel"
) -> dict[str | None, str]:
    """Return where along `rows` another model begins, and what is said there.

    Keys are the ids of the messages that the first reply of each model answers; None stands for the end, where the
    model of the next reply, `now`, is another one than that of the last. `models` are those of the replies by id.
    """
    return _changes(rows, models, now, _model_change)


def persona_changes(
    rows: Sequence["MessageRow"],
    personas: "Mapping[str, ReplyPersona]",
    now: "ReplyPersona",
    title: "Callable[[ReplyPersona], str]",
) -> dict[str | None, str]:
    """Return where along `rows` another persona begins, and what is said there; as `model_changes`."""

    def change(before: "ReplyPersona", persona: "ReplyPersona") -> str:
        if persona == before:
            return ""
        if title(before) == title(persona):
            return f"from here on steered otherwise: {title(persona)}"
        return f"from here on another persona: {title(persona)} (before: {title(before)})"

    return _changes(rows, personas, now, change)


def both(one: Mapping[str | None, str], other: Mapping[str | None, str]) -> dict[str | None, str]:
    """Return two kinds of changes as one; where both begin at one message, each has a line."""
    return {key: "\n".join(said[key] for said in (one, other) if key in said) for key in (*one, *other)}


def _changes(
    rows: Sequence["MessageRow"], makers: Mapping[str, Maker], now: Maker, change: Callable[[Maker, Maker], str]
) -> dict[str | None, str]:
    found: dict[str | None, str] = {}
    before, asked = None, None
    for row in [*rows, None]:
        if row is not None and row.role == "user":
            asked = row.id
        maker = now if row is None else makers.get(row.id)
        if maker is not None:
            said = change(before, maker) if before is not None else ""
            if said:
                found[asked if row is not None else None] = said
            before = maker
    return found


def _model_change(before: "ReplyModel", model: "ReplyModel") -> str:
    """Say what the next reply is made by where that is another model, or one that is asked in another form."""
    name = recorded_model(*model.asked)
    if model.asked_as(before):
        return ""
    if model == before:
        return asked_from_here_on(*model.asked)
    if before.name == model.name:
        return f"from here on another file of the same name: {name}"
    return f"from here on another model: {name} (before: {recorded_model(*before.asked)})"
