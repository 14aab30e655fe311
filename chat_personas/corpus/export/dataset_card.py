"""The card and the Croissant of a dataset: what it holds, what it leaves out, and what a reader must know before use.

The card (`README.md`) is read by people and by the hub, which takes configurations, features and counts from its YAML.
Croissant (version 1.1, with the vocabulary for responsible AI, version 1.0) is read by search engines and by loaders.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chat_personas import __version__

NAME = "chat-personas-dialogues"
TITLE = "Conversations with personas"
WHAT = (
    "Conversations in which people talked with a language model steered toward a demographic group, how each reply was "
    "made, and how closely the model's answers to survey questions matched those of the group."
)
CAUTION = "The replies are a model's rendering of a group, never the words or the opinions of its members."
PRIVATE = (
    "It holds what people typed, as they typed it: nothing was removed from the texts, so they may name people "
    "and reveal opinions. Share it only with the consent of everybody who speaks in it."
)
MASKED = (
    "E-mail addresses, web addresses, handles, phone and card numbers were masked by rules in what participants and "
    "the model said to each other. Names of people and places were not looked for, and the texts reveal opinions: do "
    "not try to find out who somebody is."
)
RELEASED = (
    "Everybody who took part agreed to a release like this. Keys are pseudonyms of this release only, and times begin "
    "at midnight of the day of a conversation, so that it cannot be joined with another release by them."
)
ABOUT = {
    "dialogues": "a row for each conversation, with its messages as trainers read them",
    "messages": "a row for each message, and beside a reply how it was made",
    "measurements": "a row for each round of survey questions put to the model, with the alignment and its verdict",
    "probes": "what the model answered to each question of these rounds, in each order of the options",
    "ratings": "what people thought of messages",
    "participations": "a row for each participant's way through a study",
    "answers": "what participants answered to questionnaires; what was not asked has no row",
    "guesses": "what participants guessed of the group's answers, a share per option",
}
"""What a row is, for each configuration."""


@dataclass(frozen=True, slots=True)
class Table:
    """A split of a configuration: its file with its hash, `size` on the disk, `bytes` in memory, types of columns."""

    name: str
    file: str
    sha256: str
    size: int
    rows: int
    bytes: int
    columns: Mapping[str, Any]
    split: str = "train"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a reader must know of the whole: what is left out, whose words it holds, and on what terms.

    `first` and `last` are the days between which conversations began, empty without any. `of_owner`: the owner of the
    corpus speaks in it, too. The licences are SPDX names, None where none was stated.
    """

    leaves_out: str
    first: str = ""
    last: str = ""
    participants: int = 0
    of_owner: bool = True
    split: bool = False
    masking: str = "none"
    licence_people: str | None = None
    licence_model: str | None = None
    model_terms: str | None = None

    def privacy(self) -> Iterator[str]:
        """Yield what the texts reveal, and what was done about it."""
        if self.participants:
            yield RELEASED
        if self.participants and self.masking != "none":
            yield MASKED
        if self.of_owner or self.masking == "none":
            yield PRIVATE

    @property
    def rights(self) -> str:
        """The licences, and the terms of the models."""
        people, model = (licence or "not stated" for licence in (self.licence_people, self.licence_model))
        terms = self.model_terms or "none speaks in it"
        return f"Licence of people's words: {people}. Licence of the model's words: {model}. Models' terms: {terms}."

    @property
    def splits(self) -> str:
        """What the splits are."""
        if self.split:
            return "Splits are by participant: everybody is in one of them with all that they said and did."
        if self.participants:
            return "The only split is `train`, with all participants in it."
        return "The only split is `train`: the conversations are those of one person."


def card(tables: Sequence[Table], about: About) -> str:
    """Return the card, with what the hub reads as YAML at its head."""
    return "\n".join(["---", *_metadata(tables, about), "---", *_prose(tables, about), ""])


def _licence(about: About) -> Iterator[str]:
    """Yield the licence as the hub reads it, which knows one for a whole dataset."""
    licences = {about.licence_people, about.licence_model} - {None}
    if len(licences) == 1 and about.licence_people == about.licence_model:
        yield f"license: {str(about.licence_people).lower()}"
    elif licences:
        yield from ("license: other", "license_name: people-and-model", "license_link: README.md")
    else:
        yield "license: unknown"


def _metadata(tables: Sequence[Table], about: About) -> Iterator[str]:
    yield f"pretty_name: {json.dumps(TITLE)}"
    yield from _licence(about)
    yield from ("task_categories:", "- text-generation")
    yield from ("tags:", "- conversational", "- synthetic", "- survey", "- croissant")
    if not tables:
        return
    configurations = {table.name: [one for one in tables if one.name == table.name] for table in tables}
    yield "configs:"
    for name, parts in configurations.items():
        yield f"- config_name: {name}"
        yield from ["  default: true"] * (name == tables[0].name)
        yield "  data_files:"
        for part in parts:
            yield from (f"  - split: {part.split}", f"    path: data/{name}/{part.split}-*.parquet")
    yield "dataset_info:"
    for name, parts in configurations.items():
        yield from (f"- config_name: {name}", "  features:")
        yield from (f"  {line}" for line in _features(parts[0].columns))
        yield "  splits:"
        for part in parts:
            yield from (f"  - name: {part.split}", f"    num_bytes: {part.bytes}", f"    num_examples: {part.rows}")
        size, held = (sum(getattr(part, of) for part in parts) for of in ("size", "bytes"))
        yield from (f"  download_size: {size}", f"  dataset_size: {held}")


def _features(columns: Mapping[str, Any]) -> Iterator[str]:
    for name, kind in columns.items():
        yield f"- name: {name}"
        if not isinstance(kind, list):
            yield f"  dtype: {kind}"
        elif isinstance(kind[0], str):
            yield f"  list: {kind[0]}"
        else:
            yield "  list:"
            yield from (f"  {line}" for line in _features(kind[0]))


def _prose(tables: Sequence[Table], about: About) -> Iterator[str]:
    yield from (f"# {TITLE}", "", WHAT, "", f"**{CAUTION}**", "", "## What is in it", "")
    yield from ("| configuration | a row | rows |", "| --- | --- | --- |")
    for name in dict.fromkeys(table.name for table in tables):
        rows = sum(table.rows for table in tables if table.name == name)
        yield f"| `{name}` | {ABOUT[name]} | {rows:,} |"
    yield from ("", about.splits, "")
    yield from ("## What is not in it", "", f"Left out are: {about.leaves_out}.", "")
    yield from ("## Before you use it", "", *(f"- {line}" for line in about.privacy()))
    yield "- An alignment counts only where its verdict is `sound`."
    yield f"- {about.rights}"
    if about.licence_people is None:
        yield "- No licence is chosen. Choose one for people's words, and see the licence of the model for its words."
    yield from ("", f"Made with chat-personas {__version__}.")


# Croissant

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that Croissant 1.1 asks for, word for word."""

_DATA_TYPES = {
    "string": "sc:Text",
    "int64": "cr:Int64",
    "float64": "cr:Float64",
    "bool": "sc:Boolean",
    "timestamp[ms, tz=UTC]": "sc:DateTime",
}


def croissant(tables: Sequence[Table], about: About) -> str:
    """Return the description in Croissant: a record set for each configuration, and for each other split of it."""
    licences = dict.fromkeys(licence for licence in (about.licence_people, about.licence_model) if licence)
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": NAME,
        "description": f"{WHAT} {CAUTION}",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "version": "1.0.0",
        **({"license": [f"https://spdx.org/licenses/{licence}" for licence in licences]} if licences else {}),
        "usageInfo": about.rights,
        "rai:dataCollection": "People talked with a steered language model in a terminal; every word was kept.",
        "rai:dataCollectionType": ["Software Collection", "Experiments"],
        "rai:dataCollectionTimeFrame": [day for day in (about.first, about.last) if day],
        "rai:dataPreprocessingProtocol": f"Left out are: {about.leaves_out}.",
        "rai:machineAnnotationTools": f"chat-personas {__version__}: survey questions put to the model, out of band",
        "rai:dataLimitations": f"{CAUTION} An alignment counts only where its verdict is sound.",
        "rai:dataBiases": "Models flatten and exaggerate groups. The people who talked with them are not a sample.",
        "rai:dataUseCases": "Research on how people talk with personas, and on how closely models stand for groups.",
        "rai:personalSensitiveInformation": " ".join(about.privacy()),
        "distribution": [_file(table) for table in tables],
        "recordSet": [_record_set(table) for table in tables],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _identifier(table: Table) -> str:
    return table.name if table.split == "train" else f"{table.name}-{table.split}"


def _file(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{_identifier(table)}.parquet",
        "name": f"{_identifier(table)}.parquet",
        "description": f"The configuration {table.name}, split {table.split}.",
        "contentUrl": table.file,
        "contentSize": f"{table.size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": table.sha256,
    }


def _record_set(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": _identifier(table),
        "name": _identifier(table),
        "description": ABOUT[table.name],
        "field": [_field(_identifier(table), name, kind) for name, kind in table.columns.items()],
    }


def _field(table: str, name: str, kind: Any) -> dict[str, Any]:
    """Return a column; a list of objects has a field for each key, which loaders take out of the objects."""
    identifier = f"{table}/{name}"
    source = {"fileObject": {"@id": f"{table}.parquet"}, "extract": {"column": name}}
    field: dict[str, Any] = {"@type": "cr:Field", "@id": identifier, "name": identifier}
    if not isinstance(kind, list):
        return field | {"dataType": _DATA_TYPES[kind], "source": source}
    array = field | {"isArray": True, "arrayShape": "-1"}
    if isinstance(kind[0], str):
        return array | {"dataType": _DATA_TYPES[kind[0]], "source": source}
    inner = [
        {
            "@type": "cr:Field",
            "@id": f"{identifier}/{key}",
            "name": f"{identifier}/{key}",
            "dataType": _DATA_TYPES[of],
            "source": source | {"transform": {"jsonPath": key}},
        }
        for key, of in kind[0].items()
    ]
    return array | {"subField": inner}
