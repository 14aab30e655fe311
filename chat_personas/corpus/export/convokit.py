"""A ConvoKit corpus (`convokit`): the directory that `convokit.Corpus(filename=...)` loads, version 5 or later.

A conversation is what was said on its active branch, up to its last complete reply (`Source.dialogue`), each message
an utterance that replies to the one before. The speakers are participants by their pseudonyms, `person` for the owner
of the corpus, and one for each persona on a model, which is an AI participant: `speaker.is_ai`, with the model in
`speaker.ai_meta`. What a side of a debate quotes is an utterance of the persona that said it.
`utterance.ai_meta["config"]` says how a reply was made, `utterance.meta["ratings"]` what people thought of it,
`conversation.meta["measurements"]` what was measured.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from chat_personas import __version__
from chat_personas.corpus.export.format import DirectoryFormat
from chat_personas.corpus.export.source import Quoted, Source, plain
from chat_personas.corpus.messages import turns_of
from chat_personas.corpus.releases import model_terms
from chat_personas.corpus.rows import ConversationRow, GenerationRow, MeasurementRow, MessageRow, RatingRow

PERSON = "person"
"""The speaker of what the owner of the corpus said."""

_LEAVES_OUT = "other branches; a last reply that is not complete, with its question; thoughts; single probes"


class _Index:
    """The types of all metadata, which ConvoKit keeps in `index.json`."""

    def __init__(self) -> None:
        self._types: dict[str, dict[str, list[str]]] = defaultdict(dict)

    def add(self, kind: str, meta: Mapping[str, Any]) -> None:
        """Take note of the types in the metadata of one object."""
        for key, value in meta.items():
            known = self._types[kind].setdefault(key, [])
            name = str(type(value))
            if value is not None and name not in known:
                known.append(name)

    def document(self) -> dict[str, Any]:
        """Return the content of `index.json`."""
        kinds = ("utterances", "speakers", "conversations", "overall")
        return {f"{kind}-index": self._types[kind] for kind in kinds} | {"version": 1, "vectors": []}


class _JsonObject:
    """A JSON object that is written key by key, because it grows with the corpus."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._before = "{\n"

    def add(self, key: str, value: object) -> None:
        """Write one key with its value."""
        self._stream.write(f"{self._before}{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
        self._before = ",\n"

    def end(self) -> None:
        """Write the end of the object."""
        self._stream.write("{}\n" if self._before == "{\n" else "\n}\n")


def _write(source: Source, folder: Path) -> int:
    index, speakers, count = _Index(), dict[str, dict[str, Any]](), 0
    with ExitStack() as files:
        utterances, listed = (
            files.enter_context((folder / name).open("w", encoding="utf-8"))
            for name in ("utterances.jsonl", "conversations.json")
        )
        conversations = _JsonObject(listed)
        for conversation, said in source.dialogues():
            made = source.generations(conversation.id)
            present = _Speakers(source.participant() or PERSON, conversation, source.quoted(), made)
            for utterance in _utterances(present, said, made, source.ratings(conversation.id)):
                index.add("utterances", utterance["meta"])
                utterances.write(f"{json.dumps(utterance, ensure_ascii=False)}\n")
            for name, described in present.described(said):
                _in_common(speakers.setdefault(name, described), described)
            meta = _conversation_meta(conversation, source.measurements(conversation.id), turns_of(said))
            index.add("conversations", meta)
            conversations.add(conversation.id, {"meta": meta, "vectors": []})
            count += 1
        conversations.end()
    for speaker in speakers.values():
        index.add("speakers", speaker)
    overall = {
        "has_ai": True,
        "program": f"chat-personas {__version__}",
        "leaves_out": _LEAVES_OUT,
        "licence_people": source.terms.licence_people,
        "licence_model": source.terms.licence_model,
        "model_terms": model_terms(source.held.models),
        "masking": source.terms.masking,
    }
    index.add("overall", overall)
    documents = {
        "speakers.json": {name: {"meta": meta, "vectors": []} for name, meta in speakers.items()},
        "corpus.json": overall,
        "index.json": index.document(),
    }
    for name, document in documents.items():
        (folder / name).write_text(f"{json.dumps(document, ensure_ascii=False)}\n", encoding="utf-8")
    return count


@dataclass(frozen=True, slots=True)
class _Speakers:
    """Who speaks in a conversation.

    `quoted` are its messages with the words of the other side of a debate, and `made` says how its replies were made.
    """

    person: str
    conversation: ConversationRow
    quoted: Mapping[str, Quoted]
    made: Mapping[str, GenerationRow]

    def of(self, message: MessageRow) -> str:
        """Return the name of who wrote a message."""
        if message.author == "person":
            return self.person
        return self._persona(message).name

    def described(self, said: Sequence[MessageRow]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield name and metadata of who wrote each message; who speaks for a persona is a model, and says so."""
        for message in said:
            yield self.of(message), self._described(message)

    def _persona(self, message: MessageRow) -> Quoted:
        began, how = self.conversation, self.made.get(message.id)
        if message.id in self.quoted or how is None:
            return self.quoted.get(message.id) or Quoted(
                began.persona_name, began.model, began.model_sha256, began.prompt_format
            )
        return Quoted(how.persona_name or began.persona_name, how.model, how.model_sha256, how.prompt_format)

    def _described(self, message: MessageRow) -> dict[str, Any]:
        if message.author == "person":
            return {"is_ai": False, "persona": None, "ai_meta": {}}
        persona = self._persona(message)
        columns = ("model", "model_sha256", "prompt_format")
        config = {name: getattr(persona, name) for name in columns}
        return {
            "is_ai": True,
            "persona": persona.persona_name,
            "ai_meta": {"role": "participant", "config": config},
        }


def _in_common(known: Mapping[str, Any], again: Mapping[str, Any]) -> None:
    """Leave of what is `known` of a speaker only what holds again; else null."""
    kept, other = (described["ai_meta"].get("config", {}) for described in (known, again))
    kept |= {name: None for name in kept if kept[name] != other[name]}


def _utterances(
    speakers: _Speakers,
    said: Sequence[MessageRow],
    made: Mapping[str, GenerationRow],
    ratings: Sequence[RatingRow],
) -> Iterator[dict[str, Any]]:
    turns = turns_of(said)
    before: str | None = None
    for message in said:
        meta: dict[str, Any] = {
            "turn": turns[message.id],
            "status": message.status,
            "created_at": plain(message)["created_at"],
            "copy_of": message.copy_of,
            "ratings": [
                {name: getattr(rating, name) for name in ("scale", "value", "comment", "rater")}
                for rating in ratings
                if rating.message_id == message.id
            ],
        }
        if message.id in made:
            how = plain(made[message.id])
            del how["message_id"]
            meta["ai_meta"] = {"config": how}
        yield {
            "id": message.id,
            "conversation_id": speakers.conversation.id,
            "text": message.text,
            "speaker": speakers.of(message),
            "meta": meta,
            "reply-to": before,
            "timestamp": int(message.created_at.timestamp()),
            "vectors": [],
        }
        before = message.id


def _conversation_meta(
    conversation: ConversationRow, measured: Sequence[MeasurementRow], turns: Mapping[str | None, int]
) -> dict[str, Any]:
    meta = plain(conversation)
    for name in ("id", "active_leaf_id"):
        del meta[name]
    meta["measurements"] = [
        {"turn": turns[row.message_id], **plain(row)} for row in measured if row.message_id in turns
    ]
    return meta


FORMAT = DirectoryFormat(
    name="convokit",
    summary="a ConvoKit corpus",
    for_whom="ConvoKit, version 5 or later",
    leaves_out=_LEAVES_OUT,
    write=_write,
    tells_authors=True,
    entries=frozenset({"utterances.jsonl", "conversations.json", "speakers.json", "corpus.json", "index.json"}),
)
