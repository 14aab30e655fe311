"""Settings: what a user sets once instead of giving it at every start.

They are in a TOML file (`chat-personas doctor` names its place). Environment variables, such as `CHAT_PERSONAS_MODEL`,
win over the file, and command-line options over both.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from chat_personas.paths import display_path, path_named, settings_path
from personas.errors import ReportedError
from personas.inputs.files import display_name, non_file_kind
from personas.inputs.models import Place, faults, fix, unknown_key
from personas.inputs.redaction import without_secrets
from personas.inputs.suggestions import SUGGESTED, quoted
from personas.inputs.toml_positions import key_lines, line_of
from personas.inputs.toml_text import UNCLOSED_TEXT, toml_advice

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
    timeout: float = Field(default=120.0, gt=0, le=86_400, description="Seconds to wait for an answer; a day at most.")


KEYS_AS_SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "esc": "escape",
        "del": "delete",
        "pgdn": "pagedown",
        "pgup": "pageup",
        "⌫": "backspace",
        "⏎": "enter",
        "↑": "up",
        "↓": "down",
        "←": "left",
        "→": "right",
    }
)
"""The terminal library's names of the keys that the screen writes in another way.

Not taken from there: settings are read before it is imported. A test compares them.
"""


def _long_names(keys: str) -> str:
    """Return keys as the terminal library names them: `ctrl+x` for `^x`, `escape` for `esc`, as the screen writes."""
    return ",".join(map(_long_name, keys.split(",")))


def _long_name(key: str) -> str:
    *modifiers, base = key.strip().split("+")
    if len(base) > 1 and base.startswith("^"):
        modifiers, base = ["ctrl", *modifiers], base[1:]
    return "+".join([*modifiers, KEYS_AS_SHOWN.get(base, base)])


KeyNames = Annotated[str, AfterValidator(_long_names)]


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
        default=None, ge=256, le=2**24, description="Tokens of context; default: the model's, at most 8192."
    )
    threads: int | None = Field(default=None, ge=1, le=512, description="CPU threads; default: the physical cores.")
    flash_attention: bool = Field(default=False, description="Faster on the CPU, but results depend on batching.")
    accessible: bool = Field(
        default=False,
        description="For screen readers: chat in plain lines, as `chat --accessible`; no screens, no bars.",
    )
    theme: str | None = Field(
        default=None, description="The theme of the screen, by its name; default: by the colours of the terminal."
    )
    keys: dict[str, KeyNames] = Field(
        default_factory=dict,
        description="Key bindings by their id, such as stop = 'alt+s' (or '^t', 'ctrl+t').",
    )
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
        if (kind := non_file_kind(path)) is not None:  # the library would pass over it without a word
            raise SettingsError(f"{shown} is {kind}, not a file; move it away")
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{shown} is not valid TOML ({toml_fault(error)}); fix it or delete the file") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{shown} is not UTF-8; save it as UTF-8 or delete the file") from error
    except RecursionError as error:
        raise SettingsError(_too_much(_nested_variable(), shown, "is nested too deeply")) from error
    except OSError as error:
        raise SettingsError(f"{shown} cannot be read: {error.strerror}; make it readable") from error
    except SourceError as error:
        problem = str(error).partition(" from source")[0]
        raise SettingsError(f"the environment: {problem}; write it as JSON, or unset it") from None
    except ValidationError as error:
        raise SettingsError(_explain(faults(error)[0], shown)) from None
    except ValueError:  # that of a whole number repeats it
        raise SettingsError(_too_much(None, shown, "has a number that is too long")) from None


def wrong_lines() -> list[str]:
    """Say of every setting that is not valid what is wrong with it, as `load_settings` says it of the first one.

    Nothing where the file cannot be read at all: `load_settings` says why.
    """
    try:
        load_settings()
    except SettingsError as error:
        if isinstance(error.__context__, ValidationError):
            return [_explain(fault, display_path(settings_path())) for fault in faults(error.__context__)]
    return []


def _too_much(variable: str | None, file: str, what: str) -> str:
    """Say what a file cannot have, or a variable of the environment where that has it."""
    if variable is not None:
        return f"the environment variable {variable} {what}; write it shorter, or unset it"
    return f"{file} {what}; fix it or delete the file"


def _nested_variable() -> str | None:
    """Return the variable of the environment whose JSON is nested too deeply, None for none."""
    for name in filter(_is_ours, os.environ):
        with suppress(ValueError):
            try:
                json.loads(os.environ[name])
            except RecursionError:
                return name
    return None


def _is_ours(variable: str) -> bool:
    return variable.upper().removeprefix(ENVIRONMENT).lower() in Settings.model_fields


def settings_in_environment(keys: Sequence[str]) -> str | None:
    """Return the variable of the environment that sets this setting, by its keys; None where none does."""
    wanted = f"{ENVIRONMENT}{keys[0]}".lower()
    variable = next((name for name in os.environ if name.lower() == wanted), None)
    if variable is None or len(keys) == 1:
        return variable
    found: Any = EnvSettingsSource(Settings)()
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return variable


def checked(place: Place, value: object) -> object:
    """Return `value` as the setting at `place` has it, such as `("servers", URL, "timeout")`; text is read as a value.

    Raises:
        SettingsError: it is not valid there. The message names the setting and what to write.
    """
    try:
        return TypeAdapter(_annotation(place)).validate_python(value)
    except ValidationError as error:
        found = faults(error)[0]
        raise SettingsError(_fault({**found, "loc": (*place, *found["loc"])})) from None


def _annotation(place: Place) -> Any:
    """Return the type of the setting at `place`, with its limits."""
    table, *within = place
    if table != "servers" or len(within) < 2:
        if within:
            return KeyNames if table == "keys" else str
        return _with_limits(Settings.model_fields[str(table)])
    return _with_limits(ServerSettings.model_fields[str(within[-1])])


def _with_limits(field: FieldInfo) -> Any:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


_FIXES = {"dict_type": "write a table, such as [keys]", "model_type": 'write a table, such as [servers."http://..."]'}
_PLACE = re.compile(r"(.*) \((?:at )?(line \d+, column \d+|at end of document|end of document)\)", re.DOTALL)
_WITHOUT_NAMES = re.compile(r"[A-Za-z ,]+")


def toml_fault(error: tomllib.TOMLDecodeError) -> str:
    """Say what is wrong and where, without the names that `tomllib` quotes: a server's can have a password in it."""
    found = _PLACE.fullmatch(str(error))
    fault, place = found.groups() if found is not None else (str(error), "")
    advice = toml_advice(fault)
    if advice == UNCLOSED_TEXT:
        said = "a quotation mark is missing at the end of a text"
    elif advice is not None:
        said = advice
    elif _WITHOUT_NAMES.fullmatch(fault) is not None:
        said = f"{fault[:1].lower()}{fault[1:]}"
    else:
        said = "a key is there twice" if "Duplicate" in fault else "a character stands where none of its kind may"
    return ": ".join(part for part in (place, said) if part)


def _explain(error: ErrorDetails, file: str) -> str:
    """Say where a fault is and what to do, without the value."""
    keys = tuple(map(str, error["loc"]))
    variable = settings_in_environment(keys)
    if variable is not None and len(keys) > 1:
        return f"the environment variable {variable}: {_fault(error)}"
    if variable is not None:
        advice = fix(error, Settings, _FIXES) or error["msg"]
        return f"the environment variable {variable} is not valid; {advice.removesuffix(', without quotes')}"
    return f"{_line(error['loc'], file)}: {_fault(error)}"


def _fault(error: ErrorDetails) -> str:
    """Name the setting that is at fault, and say what to do, without the value."""
    *tables, key = map(str, error["loc"])
    if error["type"] == "extra_forbidden":
        return unknown_key(error, Settings, f" in {dotted(tables)}" if tables else "")
    if key == "key_env":
        return f"{dotted([*tables, key])}: give the name of an environment variable, not the key itself"
    return f"{dotted([*tables, key])} is not valid; {fix(error, Settings, _FIXES) or error['msg']}"


def _line(place: Place, file: str) -> str:
    """Return the settings file with the line of a key in it."""
    try:
        lines = key_lines(_written())
    except (ValueError, RecursionError):  # it has been changed meanwhile, or only the environment is at fault
        return file
    return f"{file}, line {line_of(place, lines)}" if place[:1] in lines else file


def _written() -> str:
    """Return the text of the settings file; "" where nothing can be read: whoever reads a pipe waits for ever."""
    try:
        path = settings_path()
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    except (OSError, ValueError):
        return ""


def where_set(keys: Sequence[str]) -> str:
    """Return what sets this setting, by its keys: a variable of the environment, or the file with the line."""
    if (variable := settings_in_environment(keys)) is not None:
        return f"the environment variable {variable}"
    return _line(tuple(keys), display_path(settings_path()))


def dotted(keys: Sequence[str]) -> str:
    """Return a path of keys as a TOML file has it; a server's address without secrets."""
    return ".".join(key if key.isidentifier() and quoted(key) == f'"{key}"' else quoted(key) for key in keys)


_NAMES = ("persona", "model", "survey")


def without_values(line: str, given: Sequence[str] = ()) -> str:
    """Return an error with the place of a setting, and without its value: a persona, a model or a survey.

    What finds these does not know where a name comes from. One that is on the command line, too (`given`), stays, and
    so does the address of a server, which is shown without secrets anyway. The value stays where the line suggests a
    known name for it: a slip of one is no secret that was put in the wrong place.
    """
    for setting in _NAMES:
        value = _raw_value(setting)
        if value is None or value in (Settings.model_fields[setting].default, *given) or "://" in value:
            continue
        without = line if quoted(value) in line and SUGGESTED in line else _with_name_of(setting, value, line)
        if without != line or quoted(value) in line:
            return f"{where_set((setting,))}: {without}"
    return line


def _with_name_of(setting: str, value: str, line: str) -> str:
    """Return a line with the setting in place of its value."""
    named = f"(the setting {setting})"
    line = line.replace(quoted(value), named).replace(display_name(Path(value)), named)
    if setting == "model" and ("/" in value or "." in value):  # the path of a file, which is not quoted
        line = line.replace(without_secrets(value), named).replace(str(path_named(value)), named)
    return line


def _raw_value(setting: str) -> str | None:
    """Return the text that the environment or the file gives for a setting, not validated; None for anything else."""
    value: object = os.environ.get(f"{ENVIRONMENT}{setting.upper()}")
    if value is None:
        try:
            value = tomllib.loads(_written()).get(setting)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, str) and value.strip() else None
