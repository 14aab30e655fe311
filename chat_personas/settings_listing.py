"""All settings as people see them: what each is for, its value, where that comes from, and when a change counts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from chat_personas.settings import (
    ServerSettings,
    Settings,
    SettingsError,
    checked,
    dotted,
    load_settings,
    settings_in_environment,
)
from chat_personas.settings_file import Keys, SettingsFile
from personas.inputs.redaction import without_secrets

Origin = Literal["default", "file", "environment", "command line"]
Effect = Literal["at once", "from the next conversation", "from the next start"]
EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "theme": "at once",
        "keys": "at once",
        "measure": "at once",
        "probe_seconds": "from the next conversation",
    }
)
"""When a change counts, by the first key of the setting; all others count from the next start."""
TABLES = ("keys", "servers", "templates")
NOT_SET = "not set"
NO_SERVER = "Type the address of a server, as http://127.0.0.1:8080/v1, to have its settings listed."
NO_TEMPLATE = "Type NAME = TEMPLATE: the name of a model file without .gguf, and chatml, plain or a file."


@dataclass(frozen=True, slots=True)
class Key:
    """A key binding that can be set: its id, its default keys with commas between them, and what it does."""

    name: str
    default: str
    does: str
    place: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `keys` are its keys in the file; `value` is None where it is not set and has no default."""

    keys: Keys
    help: str
    value: object
    default: object
    origin: Origin
    place: str = ""

    @property
    def name(self) -> str:
        """The setting as it is written in the file, a server's address without secrets."""
        return dotted(self.keys)

    @property
    def effect(self) -> Effect:
        """When a change counts."""
        return EFFECTS.get(self.keys[0], "from the next start")

    @property
    def shown(self) -> str:
        """The value for people, without secrets."""
        return self.show(self.value)

    def show(self, value: object) -> str:
        """Return a value of this setting, such as its default, for people."""
        return keys_written(str(value)) or NOT_SET if self.keys[0] == "keys" else shown_value(value)

    @property
    def is_switch(self) -> bool:
        """Whether it is either on or off."""
        return isinstance(self.default, bool)

    @property
    def typed(self) -> str:
        """The value as it would be typed; "" where there is none, or where it holds a secret, which is never shown."""
        text = "" if self.value is None or isinstance(self.value, dict) else str(self.value)
        return text if without_secrets(text) == text else ""


def keys_written(keys: str) -> str:
    """Return keys as they are written everywhere: `f2, ^t` for `f2,ctrl+t`."""
    return ", ".join(key_written(key.strip()) for key in keys.split(",") if key.strip())


def key_written(key: str) -> str:
    """Return one key as the line of keys below the screen shows it: `^t` for `ctrl+t`, `esc` for `escape`."""
    from textual.keys import format_key

    *modifiers, base = key.split("+") if len(key) > 1 else [key]
    caret = "^" if "ctrl" in modifiers else ""
    return "+".join([*(each for each in modifiers if each != "ctrl"), caret + format_key(base)])


def shown_value(value: object) -> str:
    """Return a value of a setting for people, without secrets."""
    if value is None or value == "":
        return NOT_SET
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return f"{len(value)} set"
    return without_secrets(f"{value:g}" if isinstance(value, float) else str(value))


def all_settings(given: Mapping[str, str] = MappingProxyType({}), bindings: tuple[Key, ...] = ()) -> list[Setting]:
    """Return every setting with its present value; `given` are those of the command line, `bindings` all keys.

    Raises:
        SettingsError: the settings cannot be read.
        OSError: the file cannot be read.
    """
    settings, from_file = load_settings(), SettingsFile().read()
    origins = _Origins(from_file, given)
    listed = [
        Setting((name,), field.description or "", given.get(name, getattr(settings, name)), field.default, origin)
        for name, field in Settings.model_fields.items()
        if name not in (*TABLES, "schema_name")
        for origin in [origins.of((name,))]
    ]
    listed += _servers(settings, origins)
    listed += _templates(settings, origins)
    listed += [
        Setting(
            ("keys", key.name),
            key.does,
            settings.keys.get(key.name, key.default),
            key.default,
            origins.of(("keys", key.name)),
            key.place,
        )
        for key in bindings
    ]
    return listed


@dataclass(frozen=True, slots=True)
class _Origins:
    """Where the values of settings come from: the command line wins over the environment, and that over the file."""

    file: Mapping[str, Any]
    given: Mapping[str, str]

    def of(self, keys: Keys) -> Origin:
        if len(keys) == 1 and keys[0] in self.given:
            return "command line"
        if settings_in_environment(keys) is not None:
            return "environment"
        found: Any = self.file
        for key in keys:
            if not isinstance(found, Mapping) or key not in found:
                return "default"
            found = found[key]
        return "file"


def _servers(settings: Settings, origins: _Origins) -> Iterator[Setting]:
    about = Settings.model_fields["servers"].description or ""
    yield Setting(("servers",), f"{about} {NO_SERVER}", dict(settings.servers), None, origins.of(("servers",)))
    for url, server in settings.servers.items():
        for name, field in ServerSettings.model_fields.items():
            keys = ("servers", url, name)
            yield Setting(keys, field.description or "", getattr(server, name), field.default, origins.of(keys))


def _templates(settings: Settings, origins: _Origins) -> Iterator[Setting]:
    about = Settings.model_fields["templates"].description or ""
    yield Setting(("templates",), f"{about} {NO_TEMPLATE}", dict(settings.templates), None, origins.of(("templates",)))
    for name, template in settings.templates.items():
        keys = ("templates", name)
        yield Setting(keys, about, template, None, origins.of(keys))


def change_meant(setting: Setting, typed: str) -> tuple[Keys, object]:
    """Return the setting to change and its new value, which is None where what is typed is empty: the default.

    Typing at a table as a whole adds an entry to it.

    Raises:
        SettingsError: the value is not valid, in the words that the settings have for it in the file.
    """
    text = typed.strip()
    if setting.keys == ("servers",):
        if "://" not in text:
            raise SettingsError(NO_SERVER)
        return ("servers", text), {}
    if setting.keys == ("templates",):
        name, _, template = (part.strip() for part in text.partition("="))
        if not name or not template:
            raise SettingsError(NO_TEMPLATE)
        return ("templates", name), template
    if not text:
        return setting.keys, None
    return setting.keys, _plain(checked(setting.keys, text))


def _plain(value: object) -> object:
    """Return a number without a fraction as a whole one, as people write it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def in_sentences(setting: Setting) -> str:
    """Return a setting as people hear it: its name, its value, where that comes from, and what it is for."""
    return f"{setting.name}: {setting.shown}, from the {setting.origin}. {setting.help}"
