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
ABOUT = {
    "dialogues": "a row for each conversation, with its messages as trainers read them",
    "messages": "a row for each message, and beside a reply how it was made",
    "measurements": "a row for each round of survey questions put to the model, with the alignment and its verdict",
    "probes": "what the model answered to each question of these rounds, in each order of the options",
    "ratings": "what people thought of messages",
}
"""What a row is, for each configuration."""


@dataclass(frozen=True, slots=True)
class Table:
    """One configuration: its file and its hash, `size` on the disk, `bytes` in memory, and the types of its columns."""

    name: str
    file: str
    sha256: str
    size: int
    rows: int
    bytes: int
    columns: Mapping[str, Any]


def card(tables: Sequence[Table], leaves_out: str) -> str:
    """Return the card, with what the hub reads as YAML at its head."""
    return "\n".join(["---", *_metadata(tables), "---", *_prose(tables, leaves_out), ""])


def _metadata(tables: Sequence[Table]) -> Iterator[str]:
    yield from (f"pretty_name: {json.dumps(TITLE)}", "license: unknown", "task_categories:", "- text-generation")
    yield from ("tags:", "- conversational", "- synthetic", "- survey", "- croissant")
    if not tables:
        return
    yield "configs:"
    for table in tables:
        yield f"- config_name: {table.name}"
        yield from ["  default: true"] * (table is tables[0])
        yield from ("  data_files:", "  - split: train", f"    path: data/{table.name}/*.parquet")
    yield "dataset_info:"
    for table in tables:
        yield from (f"- config_name: {table.name}", "  features:")
        yield from (f"  {line}" for line in _features(table.columns))
        yield from ("  splits:", "  - name: train", f"    num_bytes: {table.bytes}", f"    num_examples: {table.rows}")
        yield from (f"  download_size: {table.size}", f"  dataset_size: {table.bytes}")


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


def _prose(tables: Sequence[Table], leaves_out: str) -> Iterator[str]:
    yield from (f"# {TITLE}", "", WHAT, "", f"**{CAUTION}**", "", "## What is in it", "")
    yield from ("| configuration | a row | rows |", "| --- | --- | --- |")
    yield from (f"| `{table.name}` | {ABOUT[table.name]} | {table.rows:,} |" for table in tables)
    yield from ("", "The only split is `train`: the conversations are those of one person.", "")
    yield from ("## What is not in it", "", f"Left out are: {leaves_out}.", "")
    yield from ("## Before you use it", "", f"- {PRIVATE}", "- An alignment counts only where its verdict is `sound`.")
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


def croissant(tables: Sequence[Table], leaves_out: str, first: str, last: str) -> str:
    """Return the description in Croissant; `first` and `last` are the days between which conversations began."""
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": NAME,
        "description": f"{WHAT} {CAUTION}",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "version": "1.0.0",
        "rai:dataCollection": "People talked with a steered language model in a terminal; every word was kept.",
        "rai:dataCollectionType": ["Software Collection", "Experiments"],
        "rai:dataCollectionTimeFrame": [day for day in (first, last) if day],
        "rai:dataPreprocessingProtocol": f"Left out are: {leaves_out}.",
        "rai:machineAnnotationTools": f"chat-personas {__version__}: survey questions put to the model, out of band",
        "rai:dataLimitations": f"{CAUTION} An alignment counts only where its verdict is sound.",
        "rai:dataBiases": "Models flatten and exaggerate groups. The people who talked with them are not a sample.",
        "rai:dataUseCases": "Research on how people talk with personas, and on how closely models stand for groups.",
        "rai:personalSensitiveInformation": PRIVATE,
        "distribution": [_file(table) for table in tables],
        "recordSet": [_record_set(table) for table in tables],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _file(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{table.name}.parquet",
        "name": f"{table.name}.parquet",
        "description": f"The configuration {table.name}.",
        "contentUrl": table.file,
        "contentSize": f"{table.size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": table.sha256,
    }


def _record_set(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": ABOUT[table.name],
        "field": [_field(table.name, name, kind) for name, kind in table.columns.items()],
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
