"""Opening a model by what the person gave: `pocket`, `smollm2`, a name, a GGUF file, or a server's URL."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chat_personas.models import INSTALL_SMOLLM2, POCKET, SMOLLM2, pocket_path, smollm2_path
from chat_personas.paths import display_path, hashes_path, models_directory, path_named
from eval.engine import Engine
from personas.errors import ReportedError
from personas.inputs.redaction import secrets_of, shown_address, without_secrets
from personas.inputs.suggestions import quoted

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

    if (address := model.strip()).lower().startswith(("http://", "https://")):
        url, _, name = address.partition("#")
        return ModelServer(_checked_url(url), name or None)
    if model == POCKET:
        return ModelFile(pocket_path())
    if model == SMOLLM2 and (packaged := smollm2_path()) is not None:
        return ModelFile(packaged)
    path, shown = path_named(model), without_secrets(model)
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
    raise UnknownModelError(_unknown_name(model))


def _unknown_name(model: str) -> str:
    """Return what to do about a name under which no model is on this machine."""
    from chat_personas.models.catalogue import catalogue
    from personas.inputs.suggestions import quoted, suggestion

    if model == SMOLLM2:
        return f"{SMOLLM2} is not installed; install it with `{INSTALL_SMOLLM2}` (93 MB)"
    if any(entry.name == model for entry in catalogue()):
        return f"{model} has to be fetched first: `chat-personas models get {model}`"
    hint = suggestion(model, model_names(), "give pocket, a GGUF file, or a server's URL")
    return f"no model is called {quoted(model)}; {hint}"


def shown_model(model: str) -> str:
    """Return a model's name for the screen: a file's without its ending, a URL as `shown_address` has it."""
    found = find_model(model)
    return shown_address(found.url) if isinstance(found, ModelServer) else found.path.stem


def recorded_as(model: str) -> tuple[str, str | None]:
    """Return under which name and hash `model` is recorded (`EngineInfo`), without opening it.

    The hash of a server's model is None; so is the name of one that is not named, "". The hash of a large file is read
    once and remembered, which takes seconds the first time.

    Raises:
        UnknownModelError: see `find_model`.
        OSError: the file cannot be read.
    """
    from chat_personas.engines.llama.model import model_sha256
    from chat_personas.engines.openai.capabilities import without_directories

    found = find_model(model)
    if isinstance(found, ModelServer):
        return f"{shown_address(found.url)}#{without_directories(found.model)}" if found.model else "", None
    return found.path.stem, model_sha256(found.path, hashes_path())


def memory_needed(model: str, context_length: int | None) -> int | None:
    """Return about how many bytes of memory a model file needs here; None for a server's, and where it is not known.

    `context_length` is the settings' own.
    """
    from chat_personas.engines.llama.model import model_parts
    from chat_personas.models.gguf import GgufError, read_header

    try:
        found = find_model(model)
        if isinstance(found, ModelServer):
            return None
        size = sum(part.stat().st_size for part in model_parts(found.path))
        return read_header(found.path).memory(size, context_length)
    except (UnknownModelError, GgufError, OSError):
        return None  # opening it says what is wrong


def same_model(one: str, other: str) -> bool:
    """Whether both mean the same model: one file, by whatever name or path, or one model of one server."""
    return one == other or _meant(one) == _meant(other)


def _meant(model: str) -> ModelFile | ModelServer:
    """Return what a model means, a file by its whole path, also where there is none."""
    try:
        found = find_model(model)
    except UnknownModelError:
        found = ModelFile(path_named(model))
    return found if isinstance(found, ModelServer) else ModelFile(Path(os.path.realpath(found.path)))


def longest_wait(model: str, settings: "Settings") -> str:
    """Say how long opening a server takes at most.

    Empty for a model file, which takes as long as its disk, and for a model that cannot be found.
    """
    from chat_personas.engines.openai.retrying import longest_opening

    try:
        found = find_model(model)
    except UnknownModelError:
        return ""
    return (
        f"at most {longest_opening(settings.server(found.url).timeout):g} s" if isinstance(found, ModelServer) else ""
    )


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
    """Return the names that `find_model` knows: the built-in model, `smollm2` if it is installed, and your own.

    Your own are the GGUF files in the models directory.
    """
    own = sorted({path.stem for path in models_directory().glob("*.gguf") if path.is_file()} - {SMOLLM2})
    has_smollm2 = smollm2_path() is not None or (models_directory() / f"{SMOLLM2}.gguf").is_file()
    return (POCKET, *([SMOLLM2] if has_smollm2 else []), *own)


def with_template(settings: "Settings", model: str | None, template: str | None) -> "Settings":
    """Return `settings` in which `template` is set for `model` (None: the model of the settings); None changes nothing.

    Raises:
        UnknownModelError: see `find_model` and `template_source`; or the model is on a server, which has its own.
    """
    if template is None:
        return settings
    found = find_model(model or settings.model)
    if isinstance(found, ModelServer):
        raise UnknownModelError("--template is for model files: a server uses its own chat template; leave it out")
    template_source(template)
    return settings.model_copy(update={"templates": {**settings.templates, found.path.stem: template}})


def template_source(choice: str | None) -> str | None:
    """Return the chat template that a choice means: None as the model file says, empty for plain text.

    Raises:
        UnknownModelError: it is neither `chatml`, nor `plain`, nor a file that can be read.
    """
    from chat_personas.engines.llama.template import CHATML

    if choice is None or choice in ("chatml", "plain"):
        return {None: None, "chatml": CHATML, "plain": ""}[choice]
    file = path_named(choice)
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # not UTF-8, or no name of a file at all
        what = f"the chat template {display_path(file)} cannot be read"
        raise UnknownModelError(f"{what}; give chatml, plain, or a file with a Jinja template") from error


def _template_of_settings(settings: "Settings", stem: str) -> str | None:
    """Return the chat template that the settings mean for a model file. Raises UnknownModelError without its value."""
    try:
        return template_source(settings.templates.get(stem))
    except UnknownModelError as error:
        raise UnknownModelError(
            f"the chat template of the setting templates.{quoted(stem)} cannot be read; "
            "give chatml, plain, or a file with a Jinja template"
        ) from error


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
            tried=found.path == pocket_path(),
            template=_template_of_settings(settings, found.path.stem),
            template_name=(choice := settings.templates.get(found.path.stem)) and Path(choice).name,
        )
    from chat_personas.engines.discreet import opened_discreetly
    from chat_personas.engines.openai import OpenAIEngine
    from chat_personas.engines.openai.keys import find_key

    server = settings.server(found.url)
    key = await asyncio.to_thread(find_key, found.url, server.key_env)
    opening = partial(
        OpenAIEngine.open,
        found.url,
        found.model,
        key_env=server.key_env,
        key=key,
        concurrency=server.concurrency,
        timeout=server.timeout,
    )
    return await opened_discreetly(opening, secrets_of(found.url) | ({key.value} if key.value else frozenset()))


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
