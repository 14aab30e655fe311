"""Settings: what a user sets once instead of giving it at every start.

They are in a TOML file (`chat-personas doctor` names its place). Environment variables, such as `CHAT_PERSONAS_MODEL`,
win over the file, and command-line options over both.
"""

import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from chat_personas.paths import display_path, make_private, settings_path
from chat_personas.storage.files import atomic_write
from personas.errors import ReportedError
from personas.inputs.files import display_name
from personas.inputs.models import Place, faults, fix, unknown_key
from personas.inputs.redaction import without_secrets
from personas.inputs.suggestions import quoted
from personas.inputs.toml_positions import key_lines, line_of

ENVIRONMENT = "CHAT_PERSONAS_"


class SettingsError(ReportedError):
    """A setting is wrong. The message says where."""


class ServerSettings(BaseModel):
    """Settings for one OpenAI-compatible server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Name of the environment variable that holds its key (never the key itself).",
    )
    concurrency: int = Field(
        default=32,
        ge=1,
        le=256,
        description="Requests under way at once, at most; fewer where the server bears no more.",
    )
    timeout: float = Field(default=120.0, gt=0, description="Seconds to wait for an answer.")


class Settings(BaseSettings):
    """Everything that can be set; each key is optional."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix=ENVIRONMENT, populate_by_name=True)

    schema_name: Literal["chat-personas/settings@1"] = Field(
        default="chat-personas/settings@1", alias="schema", description="The name of this file format."
    )
    persona: str = Field(default="democrat", description="The persona that `chat` opens with.")
    model: str = Field(default="pocket", description="The model: pocket, a GGUF file, or a server's URL.")
    models_folder: str | None = Field(
        default=None, description="A further folder with GGUF files, which `models discover` looks through."
    )
    survey: str = Field(default="civic", description="The survey that the panel and `eval` measure with.")
    measure: bool = Field(default=True, description="Probe the persona while chatting on the screen.")
    probe_seconds: float = Field(
        default=15.0, gt=0, le=3600, description="How long a round of probes should take: a slow model is asked less."
    )
    context_length: int | None = Field(
        default=None, ge=256, description="Tokens of context; default: the model's, at most 8192."
    )
    threads: int | None = Field(default=None, ge=1, description="CPU threads; default: the physical cores.")
    flash_attention: bool = Field(default=False, description="Faster on the CPU, but results depend on batching.")
    accessible: bool = Field(
        default=False,
        description="For screen readers: chat in plain lines, as `chat --accessible`; no screens, no bars.",
    )
    theme: str | None = Field(default=None, description="A Textual theme for the screen.")
    keys: dict[str, str] = Field(default_factory=dict, description="Key bindings by their id, such as stop = 'ctrl+x'.")
    servers: dict[str, ServerSettings] = Field(
        default_factory=dict, description="Servers by the URL they are reached at."
    )

    templates: dict[str, str] = Field(
        default_factory=dict,
        description="How a model file is asked, by its name without .gguf: `chatml`, `plain`, or a file with a Jinja "
        "chat template. It replaces what the model file says.",
    )

    def server(self, url: str) -> ServerSettings:
        """Return what is set for the server at `url`, or for the nearest address above it, or the defaults.

        An address is above another one of the same host and port if its path is the beginning of the other's. User and
        password do not matter to it.
        """
        address = _without_user(url)
        found = [known for known in self.servers if known.rstrip("/") == url or _is_above(known, address)]
        nearest = max(found, key=lambda known: (known.rstrip("/") == url, len(known.rstrip("/"))), default=None)
        return ServerSettings() if nearest is None else self.servers[nearest]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in the order in which they win: arguments, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_path())


def _without_user(url: str) -> str:
    scheme, separator, rest = url.rstrip("/").partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _is_above(known: str, address: str) -> bool:
    """Whether an address of the settings, without a user, is this one or above it."""
    above = known.rstrip("/")
    return "@" not in above and "://" in above and f"{address}/".startswith(f"{above}/")


def load_settings() -> Settings:
    """Read the settings file and the environment.

    Raises:
        SettingsError: the file cannot be read or is not TOML, or a key or value in it or in the environment is wrong.
            The message names places and keys, never a value: it may be a password that was put in the wrong place.
    """
    path = settings_path()
    shown = display_path(path)
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{shown} is not valid TOML ({_toml_fault(error)}); fix it or delete the file") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{shown} is not UTF-8; save it as UTF-8 or delete the file") from error
    except RecursionError as error:
        raise SettingsError(f"{shown} is nested too deeply; fix it or delete the file") from error
    except OSError as error:
        raise SettingsError(f"{shown} cannot be read: {error.strerror}; make it readable") from error
    except SourceError as error:
        problem = str(error).partition(" from source")[0]
        raise SettingsError(f"the environment: {problem}; write it as JSON, or unset it") from None
    except ValidationError as error:
        raise SettingsError(_explain(faults(error)[0], shown)) from None


_THEME = re.compile(r"\s*theme\s*=")
_TABLE = re.compile(r"\s*\[")


def remember_theme(name: str) -> None:
    """Put `theme = "name"` into the settings file, before its first table, and change nothing else in it.

    Raises:
        SettingsError: the environment sets a theme, which wins over the file, or the file cannot be changed by a line.
        OSError: the file cannot be read or written.
    """
    if os.environ.get(f"{ENVIRONMENT}THEME"):
        raise SettingsError(f"{ENVIRONMENT}THEME in the environment wins over the settings; unset it")
    path = settings_path()
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = before.splitlines()
    top = next((place for place, line in enumerate(lines) if _TABLE.match(line)), len(lines))
    at = next((place for place in range(top) if _THEME.match(lines[place])), None)
    line = f'theme = "{name}"'
    lines[slice(top, top) if at is None else slice(at, at + 1)] = [line]
    after = "\n".join(lines) + "\n"
    if not _differ_in_theme_only(before, after, name):
        raise SettingsError(f"{display_path(path)} cannot be changed here; write {line} into it")
    make_private(path.parent)
    with atomic_write(path) as stream:
        stream.write(after.encode())


def _differ_in_theme_only(before: str, after: str, name: str) -> bool:
    try:
        return tomllib.loads(after) == tomllib.loads(before) | {"theme": name}
    except tomllib.TOMLDecodeError:
        return False


_FIXES = {"dict_type": "write a table, such as [keys]", "model_type": 'write a table, such as [servers."http://..."]'}
_PLACE = re.compile(r"(.*) \((?:at )?(line \d+, column \d+|at end of document|end of document)\)", re.DOTALL)
_WITHOUT_NAMES = re.compile(r"[A-Za-z ,]+")


def _toml_fault(error: tomllib.TOMLDecodeError) -> str:
    """Return what `tomllib` says and where, without the names that it quotes: a server's can have a password in it."""
    found = _PLACE.fullmatch(str(error))
    fault, place = found.groups() if found is not None else (str(error), "")
    if _WITHOUT_NAMES.fullmatch(fault) is None:
        fault = "Duplicate key or table" if "twice" in fault or "Duplicate" in fault else "A character is not allowed"
    return ", ".join(part for part in (place, fault) if part)


def _explain(error: ErrorDetails, file: str) -> str:
    """Say where a fault is and what to do, without the value."""
    *tables, key = map(str, error["loc"])
    variable = f"{ENVIRONMENT}{key.upper()}"
    advice = fix(error, Settings, _FIXES) or error["msg"]
    if not tables and variable in os.environ:
        return f"the environment variable {variable} is not valid; {advice.removesuffix(', without quotes')}"
    place = _line(error["loc"], file)
    if error["type"] == "extra_forbidden":
        return f"{place}: {unknown_key(error, Settings, f' in {_dotted(tables)}' if tables else '')}"
    if key == "key_env":
        return f"{place}: {_dotted([*tables, key])}: give the name of an environment variable, not the key itself"
    return f"{place}: {_dotted([*tables, key])} is not valid; {advice}"


def _line(place: Place, file: str) -> str:
    """Return the settings file with the line of a key in it."""
    try:
        lines = key_lines(settings_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it has been changed meanwhile, or only the environment is at fault
        return file
    return f"{file}, line {line_of(place, lines)}" if place[:1] in lines else file


def _dotted(keys: Sequence[str]) -> str:
    """Return a path of keys as a TOML file has it; a server's address without secrets."""
    return ".".join(key if key.isidentifier() and quoted(key) == f'"{key}"' else quoted(key) for key in keys)


_NAMES = ("persona", "model", "survey")


def without_values(line: str, given: Sequence[str] = ()) -> str:
    """Return an error with the setting in place of its value, for settings that name a persona, a model or a survey.

    What finds these does not know where a name comes from. One that is on the command line, too (`given`), stays, and
    so does the address of a server, which is shown without secrets anyway.
    """
    for setting in _NAMES:
        value = _raw_value(setting)
        if value is None or value in (Settings.model_fields[setting].default, *given) or "://" in value:
            continue
        named = f"(the setting {setting})"
        line = line.replace(quoted(value), named).replace(display_name(Path(value)), named)
        if setting == "model" and ("/" in value or "." in value):  # the path of a file, which is not quoted
            line = line.replace(without_secrets(value), named)
    return line


def _raw_value(setting: str) -> str | None:
    """Return the text that the environment or the file gives for a setting, not validated; None for anything else."""
    value: object = os.environ.get(f"{ENVIRONMENT}{setting.upper()}")
    if value is None:
        try:
            value = tomllib.loads(settings_path().read_text(encoding="utf-8")).get(setting)
        except (OSError, ValueError, RecursionError):
            return None
    return value if isinstance(value, str) and value.strip() else None
