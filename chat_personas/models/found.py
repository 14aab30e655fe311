"""The document of `models discover`: what was found, in files and on servers, and what to write after `--model`."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from chat_personas.models.discovery import FoundFile, find_files
from chat_personas.models.servers import ModelOnServer, find_servers
from chat_personas.models.usable import why_unusable
from chat_personas.paths import display_path


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class ModelInFiles(_Part):
    """A model in one or several GGUF files."""

    model: str
    """What to write after `--model`, quoted for a shell."""
    name: str
    """Its name; of a file its own, of Ollama's models the one that Ollama shows."""
    place: str
    """The program or the folder that keeps it."""
    path: str
    """Its file, of a split model the first; below the home directory as `~/...`."""
    size: int
    """Bytes of all its files."""
    parts: int
    """How many files those are."""
    architecture: str
    """As llama.cpp calls it, such as `qwen3`."""
    quantization: str
    """How the weights are stored, such as `Q4_K_M`."""
    parameters: int
    """The number of weights."""
    context_length: int | None
    """Tokens of context that it was trained for."""
    chat_template: bool
    """Whether it has one; a model without is a base model, as a rule."""
    recurrent: bool = False
    """Whether it is recurrent, or a hybrid: its probes are decoded one after the other, which is slower."""
    memory: int | None
    """About how many bytes of memory it needs here, with the settings' context."""
    measured: Literal["exact"] | None
    """Exact log-probabilities; null if it cannot be used here."""
    why_not: str | None
    """Why it cannot be used by the embedded engine; null if it can."""


class Problem(_Part):
    """Something that was found and cannot be used."""

    what: str
    """A file, or the address of a server."""
    why: str
    """What is wrong with it, and what to do."""


class Found(_Part):
    """All that was found."""

    schema_name: Literal["chat-personas/models-found@1"] = Field(default="chat-personas/models-found@1", alias="schema")
    """The name of this format."""
    files: tuple[ModelInFiles, ...]
    """Models in GGUF files."""
    servers: tuple[ModelOnServer, ...]
    """Models on servers."""
    problems: tuple[Problem, ...]
    """Damaged and unfinished files, and servers that do not answer."""

    def as_document(self) -> str:
        """Return it as JSON."""
        return self.model_dump_json(by_alias=True, indent=2)


def find_models(own: Path, further: Path | None, context_length: int | None) -> Found:
    """Look for models in files and on servers of this machine.

    `own` is the models directory, `further` a folder of the settings, `context_length` the settings' own.
    """
    files, damaged = find_files(own, further)
    served, silent = find_servers()
    problems = [Problem(what=display_path(each.path), why=each.why) for each in damaged]
    problems += [Problem(what=each.url, why=each.why) for each in silent]
    return Found(
        files=tuple(in_files(each, context_length) for each in files),
        servers=tuple(served),
        problems=tuple(problems),
    )


def in_files(found: FoundFile, context_length: int | None) -> ModelInFiles:
    header = found.header
    why_not = why_unusable(header)
    return ModelInFiles(
        model=found.model,
        name=found.name,
        place=found.place,
        path=display_path(found.path),
        size=found.size,
        parts=found.parts,
        architecture=header.architecture,
        quantization=header.quantization,
        parameters=header.parameters,
        context_length=header.context_length,
        chat_template=header.has_template,
        recurrent=header.recurrent,
        memory=header.memory(found.size, context_length),
        measured="exact" if why_not is None else None,
        why_not=why_not,
    )
