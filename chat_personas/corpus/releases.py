"""The ledger: everything that left the corpus as a release, what it held, and how to know it again by its content.

A release is known by its hash: that of a file, or of the names of a directory's files with their hashes. So a copy is
recognised under any name, and one that was altered by a single byte is not.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from chat_personas.corpus.connection import Connections
from chat_personas.corpus.rows import JsonText
from chat_personas.corpus.sql import Row, columns_of, fetch, insert, new_key, now, values_of
from chat_personas.models import BASE_MODEL, POCKET, SMOLLM2
from chat_personas.paths import models_directory
from eval.engine import PromptFormat

STANDARD_OUTPUT = "-"
"""The name of the file of a release that went to standard output."""


class ReleaseRow(Row):
    """A release. `file` is the base name that it was written to, `-` for standard output.

    `filters` says what was chosen, `counts` how much of it there was and, of a directory, the hash of each file; both
    are JSON. The licences are SPDX names, null where none was stated. `secret` is the key of the pseudonyms in it.
    """

    table: ClassVar[str] = "releases"

    id: str = Field(default_factory=new_key)
    created_at: datetime = Field(default_factory=now)
    format: str
    file: str
    sha256: str
    filters: JsonText
    counts: JsonText
    masked: bool
    licence_people: str | None
    licence_model: str | None
    model_terms: str | None
    secret: str
    program_version: str

    @property
    def counted(self) -> Mapping[str, Any]:
        """How much it held."""
        counts: Mapping[str, Any] = json.loads(self.counts)
        return counts

    @property
    def chosen(self) -> Mapping[str, Any]:
        """What was chosen."""
        filters: Mapping[str, Any] = json.loads(self.filters)
        return filters


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hash of a file or a directory, and of a directory those of its files by their names."""

    sha256: str
    files: Mapping[str, str] = field(default_factory=dict)


def fingerprint(path: Path) -> Fingerprint:
    """Return the hash by which the content of a file or a directory is known again.

    That of a directory is SHA-256 over a line for each file, sorted by name, as `sha256sum` prints it.

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_dir():
        return Fingerprint(_hash_of(path))
    files = {file.relative_to(path).as_posix(): _hash_of(file) for file in path.rglob("*") if file.is_file()}
    lines = "".join(f"{files[name]}  {name}\n" for name in sorted(files))
    return Fingerprint(hashlib.sha256(lines.encode()).hexdigest(), files)


def _hash_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Releases:
    """The ledger of a corpus; take it from `Corpus.releases`. Every method raises CorpusError as those of `Corpus`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def add(self, row: ReleaseRow, participants: Iterable[str]) -> None:
        """Record a release, and whose words it holds. Those who withdrew meanwhile are tombstones, and recorded too."""
        with self._connections.writing() as connection:
            insert(connection, "releases", values_of(row))
            connection.executemany(
                "INSERT INTO release_participants VALUES (?, ?)", [(row.id, key) for key in sorted(participants)]
            )

    def remove(self, release_id: str) -> None:
        """Remove a release that came to nothing."""
        with self._connections.writing() as connection:
            connection.execute("DELETE FROM releases WHERE id = ?", (release_id,))

    def all(self) -> tuple[ReleaseRow, ...]:
        """Return all releases, oldest first."""
        return self._select("1 ORDER BY id")

    def holding(self, participant_id: str) -> tuple[ReleaseRow, ...]:
        """Return the releases that hold words of a participant, oldest first."""
        among = "id IN (SELECT release_id FROM release_participants WHERE participant_id = ?) ORDER BY id"
        return self._select(among, participant_id)

    def _select(self, condition: str, *values: str) -> tuple[ReleaseRow, ...]:
        sql = f"SELECT {columns_of(ReleaseRow, 'releases')} FROM releases WHERE {condition}"  # noqa: S608
        with self._connections.reading() as connection:
            return fetch(ReleaseRow, connection.execute(sql, values))


# Knowing a release again


@dataclass(frozen=True, slots=True)
class Known:
    """Which release a file or a directory is.

    Without `release` no release is like it. With `altered`, the content is not that of the release, which wrote a file
    of this name or shares files with it; `differing` are the names of a directory's files that differ, are missing or
    were added.
    """

    release: ReleaseRow | None
    altered: bool
    differing: tuple[str, ...] = ()


def recognise(releases: Sequence[ReleaseRow], path: Path) -> Known:
    """Tell which of these releases (oldest first) a file or a directory is, and whether it was altered.

    Raises:
        OSError: it cannot be read.
    """
    found = fingerprint(path)
    for release in reversed(releases):
        if release.sha256 == found.sha256:
            return Known(release, altered=False)
    name = path.resolve().name
    # The release that shares most files with it, of equal ones the newest; only without any does the name count.
    alike = max(reversed(releases), key=lambda each: (_shared(each, found), each.file == name), default=None)
    if alike is None or not (_shared(alike, found) or alike.file == name):
        return Known(None, altered=True)
    files: Mapping[str, str] = alike.counted.get("files", {})
    names = files.keys() | found.files.keys()
    differing = tuple(sorted(each for each in names if files.get(each) != found.files.get(each)))
    return Known(alike, altered=True, differing=differing)


def _shared(release: ReleaseRow, found: Fingerprint) -> int:
    """Return how many files a directory and a release have in common, content and name."""
    return len(release.counted.get("files", {}).items() & found.files.items())


# The terms of models


def model_terms(models: Mapping[str, Collection[PromptFormat | None]]) -> str | None:
    """Return under what terms the words of these models stand, as far as it is known here; None without a model.

    `models` has the forms in which each was asked: one that was asked as a base model is called one.
    """
    terms = []
    for model, forms in sorted(models.items()):
        also = "also as " if set(forms) > {"plain"} else ""
        kind = f" ({also}{BASE_MODEL})" if "plain" in forms else ""
        terms.append(f"{model}{kind}: {_terms(model) or 'not known'}")
    return "; ".join(terms) or None


def _terms(model: str) -> str | None:
    """Return the licence of a model: from the catalogue, from what comes with the program, or from its own file."""
    from chat_personas.models.catalogue import catalogue
    from chat_personas.models.gguf import GgufError, read_metadata

    known = {POCKET: "MIT", SMOLLM2: "Apache-2.0"}
    for entry in catalogue():
        known |= dict.fromkeys((entry.name, entry.file, Path(entry.file).stem), entry.licence)
    if model in known:
        return known[model]
    if Path(model).name != model:  # the address of a server
        return None
    for file in (models_directory() / model, models_directory() / f"{model}.gguf"):
        with suppress(GgufError, OSError):
            licence = read_metadata(file).metadata.get("general.license")
            return str(licence) if licence else None
    return None
