"""Settings: what a person may set once instead of saying it at every start.

A TOML file (`chat-personas doctor` names its place); environment variables `CHAT_PERSONAS_MODEL` and so on win
over it, and command-line options over both.
"""

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from chat_personas.paths import display_path, settings_path
from personas.errors import ReportedError
from personas.inputs.suggestions import suggestion

ENVIRONMENT = "CHAT_PERSONAS_"


class SettingsError(ReportedError):
    """A setting is wrong. The message says where."""


class ServerSettings(BaseModel):
    """What is particular to one OpenAI-compatible server."""

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
    theme: str | None = Field(default=None, description="A Textual theme for the screen.")
    keys: dict[str, str] = Field(default_factory=dict, description="Key bindings by their id, such as stop = 'ctrl+x'.")
    servers: dict[str, ServerSettings] = Field(
        default_factory=dict, description="Servers by the URL they are reached at."
    )

    def server(self, url: str) -> ServerSettings:
        """Return what is set for the server at `url`, or the defaults."""
        return next((self.servers[known] for known in self.servers if known.rstrip("/") == url), ServerSettings())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say who wins: arguments, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_path())


def load_settings() -> Settings:
    """Read the settings file and the environment.

    Raises:
        SettingsError: the file cannot be read or is no TOML, or a key or value in it or in the environment is wrong.
    """
    path = settings_path()
    try:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{display_path(path)} is no TOML: {error}; mend it or remove the file") from error
    except OSError as error:
        raise SettingsError(f"{display_path(path)} cannot be read: {error.strerror}; make it readable") from error
    except (ValidationError, SourceError) as error:
        raise SettingsError(_first_problem(error, path)) from error


def _first_problem(error: ValidationError | SourceError, path: Path) -> str:
    """Say what is wrong first, and where; a value that may be a key that was put in the wrong place is not repeated."""
    if isinstance(error, SourceError):
        return f"the environment: {str(error).partition(' from source')[0]}; write it as JSON, or unset it"
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{display_path(path)}: unknown key {key}; {_known_keys(first['loc'])}"
    if first["loc"][-1] == "key_env":
        return f"{display_path(path)}: {key}: give the name of an environment variable, not the key itself"
    variable = f"{ENVIRONMENT}{key.upper()}"
    where = f"the environment variable {variable}" if variable in os.environ else f"{display_path(path)}: {key}"
    return f"{where}: {first['msg'].lower()} (found {str(first['input'])[:60]!r})"


def _known_keys(where: Sequence[int | str]) -> str:
    """Name the key nearest to the last of `where`, or all there are at that place."""
    known = sorted(
        ServerSettings.model_fields if len(where) > 1 else {*Settings.model_fields, "schema"} - {"schema_name"}
    )
    return suggestion(str(where[-1]), known, f"keys are {', '.join(known)}")
