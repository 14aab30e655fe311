"""Opening a model by what the person gave: `pocket`, a name, a GGUF file, or a server's URL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chat_personas.models import POCKET, pocket_path
from chat_personas.paths import hashes_path, models_directory
from eval.engine import Engine
from personas.errors import ReportedError
from personas.inputs.redaction import secrets_of, shown_address, without_secrets

if TYPE_CHECKING:
    from chat_personas.settings import Settings


class UnknownModelError(ReportedError):
    """No model goes by that name or lies at that path: wrong input, not a failing model. The message is one line."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file on this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class ModelServer:
    """An OpenAI-compatible server; `model` None means the one model that it serves."""

    url: str = field(repr=False)  # it may hold a password or a key: `shown_address` shows it without
    model: str | None


def find_model(model: str) -> ModelFile | ModelServer:
    """Return the model file or the server that `model` means.

    Raises:
        UnknownModelError: it is not the URL of a server, an existing file, or a known name.
    """
    from personas.inputs.files import is_directory, is_file, non_file_kind
    from personas.inputs.suggestions import quoted, suggestion

    if model.lower().startswith(("http://", "https://")):
        url, _, name = model.partition("#")
        return ModelServer(_checked_url(url), name or None)
    if model == POCKET:
        return ModelFile(pocket_path())
    path, shown = Path(model).expanduser(), without_secrets(model)
    if is_file(path):
        return ModelFile(path)
    if is_directory(path):
        raise UnknownModelError(f"{shown} is a directory; give the .gguf file in it")
    if (what := non_file_kind(path)) is not None:
        raise UnknownModelError(f"{shown} is {what}; give a GGUF file")
    if path.suffix == ".gguf" or "/" in model:
        hint = "a server's URL begins with http://" if ":" in model else "check the path, or use --model pocket"
        raise UnknownModelError(f"there is no model file {shown}; {hint}")
    named = models_directory() / f"{model}.gguf"
    if is_file(named):
        return ModelFile(named)
    hint = suggestion(model, model_names(), "give pocket, a GGUF file, or a server's URL")
    raise UnknownModelError(f"no model is called {quoted(model)}; {hint}")


def shown_model(model: str) -> str:
    """Return a model's name for the screen: a file's without its ending, a URL as `shown_address` has it."""
    found = find_model(model)
    return shown_address(found.url) if isinstance(found, ModelServer) else found.path.stem


def _checked_url(url: str) -> str:
    """Return the address without a slash at its end. Raises UnknownModelError, without repeating a password in it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # reading the port raises ValueError if it is not a number
    except ValueError:  # its message repeats a part of the URL
        raise UnknownModelError("the server's URL is not valid; write it as http://127.0.0.1:8080/v1") from None
    if not host:
        raise UnknownModelError("the server's URL has no host; write it as http://127.0.0.1:8080/v1")
    if "?" in url:
        raise UnknownModelError(
            "the server's URL has a query (the part after the ?), which cannot be sent; leave it out, and name the "
            "model after a #"
        )
    return url.rstrip("/")


def model_names() -> tuple[str, ...]:
    """Return the names that `find_model` knows: the built-in model and the GGUF files in the models directory."""
    return (POCKET, *sorted(path.stem for path in models_directory().glob("*.gguf") if path.is_file()))


async def open_engine(model: str, settings: "Settings | None" = None) -> Engine:
    """Open the engine for `model`; the caller closes it. `settings` None are those of the person.

    Raises:
        UnknownModelError: see `find_model`.
        EngineError: the file is not a model, or the server does not answer.
        SettingsError: the person's settings have a fault.
    """
    found = find_model(model)
    if settings is None:
        from chat_personas.settings import load_settings

        settings = load_settings()
    if isinstance(found, ModelFile):
        from chat_personas.engines.llama import LlamaEngine

        return await LlamaEngine.open(
            found.path,
            context_length=settings.context_length,
            threads=settings.threads,
            flash_attention=settings.flash_attention,
            hash_cache=hashes_path(),
        )
    from chat_personas.engines.discreet import opened_discreetly
    from chat_personas.engines.openai import OpenAIEngine
    from chat_personas.engines.openai.connection import key_variable

    server = settings.server(found.url)
    opening = partial(
        OpenAIEngine.open,
        found.url,
        found.model,
        key_env=server.key_env,
        concurrency=server.concurrency,
        timeout=server.timeout,
    )
    key = os.environ.get(key_variable(found.url, server.key_env) or "")
    return await opened_discreetly(opening, secrets_of(found.url) | ({key} if key else frozenset()))


@contextmanager
def open_engine_sync(model: str, settings: "Settings | None" = None) -> Iterator[Engine]:
    """Open the engine for `model` for the length of a `with` block, without an event loop of the caller's.

    It is for `evaluate_sync` and the other forms that block, whose event loop it is opened on. Raises as `open_engine`.
    """
    from eval.blocking import run_sync

    engine = run_sync(open_engine(model, settings))
    try:
        yield engine
    finally:
        run_sync(engine.close())
