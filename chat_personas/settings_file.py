"""Changing the settings file: one setting at a time. All else in it stays as the person wrote it, comments included."""

import tomllib
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chat_personas.paths import display_path, make_private, settings_path
from chat_personas.settings import SettingsError, dotted, settings_in_environment, toml_fault
from chat_personas.storage.files import atomic_write

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import AbstractTable

Keys = tuple[str, ...]
"""A setting by its keys from the top of the file: `("keys", "stop")`."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the file, which can be undone while the file is as the change left it; "" is an absent file."""

    keys: Keys
    before: str
    after: str


class SettingsFile:
    """The settings file, and the changes that were made to it here, the last one of which can be undone."""

    def __init__(self, path: Path | None = None) -> None:
        """`path` is where the file is or will be; None: where the program looks for it."""
        self.path = path or settings_path()
        self._changes: list[Change] = []

    @property
    def last_change(self) -> Keys | None:
        """The setting that `undo` would set back, None for none."""
        return self._changes[-1].keys if self._changes else None

    def read(self) -> dict[str, Any]:
        """Return what the file sets, not validated; nothing where there is no file.

        Raises:
            SettingsError: it is not a TOML file.
            OSError: it cannot be read.
        """
        return self._parsed(self._text())

    def change(self, keys: Keys, value: object) -> None:
        """Set one setting, or remove it where `value` is None. The file is replaced as a whole, readable by its owner.

        Raises:
            SettingsError: the environment sets it and wins over the file, or the file cannot be changed in one place.
            OSError: the file cannot be read or written.
        """
        if (variable := settings_in_environment(keys)) is not None:
            raise SettingsError(f"{variable} in the environment wins over the settings; unset it")
        before = self._text()
        content = self._parsed(before)
        after = _changed(before, keys, value)
        if self._parsed(after) != _as_wanted(content, keys, value):
            raise SettingsError(f"{display_path(self.path)} cannot be changed here; write {dotted(keys)} in an editor")
        if after != before:
            self._write(after)
            self._changes.append(Change(keys, before, after))

    def undo(self) -> Keys:
        """Set the file back to what it was before the last change, and return the setting that was changed.

        Raises:
            SettingsError: nothing was changed, or the file has been changed by something else since.
            OSError: the file cannot be read or written.
        """
        if not self._changes:
            raise SettingsError("no setting was changed here; there is nothing to undo")
        last = self._changes[-1]
        if self._text() != last.after:
            raise SettingsError(f"{display_path(self.path)} has been changed since by something else; edit it there")
        self._write(last.before)
        self._changes.pop()
        return last.keys

    def _text(self) -> str:
        """Return the file as it is, line ends included; "" where there is none."""
        if not self.path.exists():
            return ""
        try:
            return self.path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise SettingsError(
                f"{display_path(self.path)} is not UTF-8; save it as UTF-8 or delete the file"
            ) from error

    def _parsed(self, text: str) -> dict[str, Any]:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            shown = display_path(self.path)
            raise SettingsError(f"{shown} is not valid TOML ({toml_fault(error)}); fix it or delete the file") from None
        except ValueError:  # which repeats the number
            shown = display_path(self.path)
            raise SettingsError(f"{shown} has a number that is too long; fix it or delete the file") from None

    def _write(self, text: str) -> None:
        make_private(self.path.parent)
        with atomic_write(self.path) as stream:
            stream.write(text.encode())


def remember_theme(name: str) -> None:
    """Put a theme into the settings file.

    Raises:
        SettingsError: the environment sets a theme, which wins over the file, or the file cannot be changed.
        OSError: the file cannot be read or written.
    """
    SettingsFile().change(("theme",), name)


def _as_wanted(before: dict[str, Any], keys: Keys, value: object) -> dict[str, Any]:
    """Return the content of the file with one setting changed or removed; its table stays, if it becomes empty."""
    after = deepcopy(before)
    table = after
    for key in keys[:-1]:
        if value is None and key not in table:
            return before
        table = table.setdefault(key, {})
    if value is None:
        table.pop(keys[-1], None)
    else:
        table[keys[-1]] = value
    return after


def _changed(text: str, keys: Keys, value: object) -> str:
    """Return the text of the file with one setting changed or removed. Raises SettingsError for a clash of tables."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        _set(document, keys, value)
        return tomlkit.dumps(document)
    except (TOMLKitError, TypeError, AttributeError) as error:  # a value stands where a table must be
        raise SettingsError(f"{dotted(keys)} cannot be changed here; edit the settings file") from error


def _set(document: "TOMLDocument", keys: Keys, value: object) -> None:
    import tomlkit

    table: Any = document
    for depth, key in enumerate(keys[:-1], start=1):
        if key not in table:
            if value is None:
                return
            table[key] = tomlkit.table(is_super_table=depth < len(keys) - 1)
        table = table[key]
    if value is None:
        table.pop(keys[-1], None)
    else:
        _put(table, keys[-1], value)


def _put(table: "TOMLDocument | AbstractTable", key: str, value: object) -> None:
    """Set a key of a table. A new one follows the last key: comments after that are about the next table."""
    from tomlkit.items import Table

    body = table.value.body if isinstance(table, Table) else []
    after_keys = next((place for place in range(len(body), 0, -1) if body[place - 1][0] is not None), 0)
    new = key not in table
    about_the_next = body[after_keys:] if new else []
    if new:
        del body[after_keys:]
    table[key] = value
    body.extend(about_the_next)
