"""Settings: what a person may set once instead of saying it at every start.

A TOML file (`chat-personas doctor` names its place); environment variables `CHAT_PERSONAS_MODEL` and so on win
over it, and command-line options over both.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from chat_personas.paths import settings_path


class SettingsError(Exception):
    """The settings file is wrong. The message is one line that says where and what to do."""


class ServerSettings(BaseModel):
    """What is particular to one OpenAI-compatible server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_env: str | None = Field(default=None, description="Name of the environment variable that holds its key.")
    concurrency: int = Field(default=8, ge=1, le=256, description="Requests under way at once.")
    timeout: float = Field(default=120.0, gt=0, description="Seconds to wait for an answer.")


class Settings(BaseSettings):
    """Everything that can be set; each key is optional."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="CHAT_PERSONAS_", populate_by_name=True)

    schema_name: Literal["chat-personas/settings@1"] = Field(
        default="chat-personas/settings@1", alias="schema", description="The name of this file format."
    )
    persona: str = Field(default="democrat", description="The persona that `chat` opens with.")
    model: str = Field(default="pocket", description="The model: pocket, a GGUF file, or a server's URL.")
    survey: str = Field(default="civic", description="The survey that the panel and `eval` measure with.")
    measure: bool = Field(default=True, description="Probe the persona while chatting on the screen.")
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
        SettingsError: the file is no TOML, or a key or value in it is wrong.
    """
    path = settings_path()
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name}: {error}; mend that line or remove the file {_shown(path)}") from error
    except ValidationError as error:
        raise SettingsError(_first_problem(error, path)) from error


def _shown(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _first_problem(error: ValidationError, path: Path) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, [*Settings.model_fields, "schema"], n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; keys are {', '.join(sorted(Settings.model_fields))}"
        return f"{_shown(path)}: unknown key {key}{hint}"
    return f"{_shown(path)}: {key}: {first['msg'].lower()} (found {str(first['input'])[:60]!r})"
