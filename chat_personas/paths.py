"""Where files live on this machine.

Settings, data, state with logs, and the cache each have their own directory, as the platform wants it.
`CHAT_PERSONAS_HOME` puts all of them under one directory, for tests, for several corpora, and for a memory stick.
"""

import os
from pathlib import Path

from personas.errors import ReportedError

APPLICATION = "chat-personas"
HOME_VARIABLE = "CHAT_PERSONAS_HOME"


def _directory(kind: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser().absolute() / kind
    import platformdirs

    found = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "state": platformdirs.user_state_path,
        "cache": platformdirs.user_cache_path,
    }[kind]
    return found(APPLICATION, appauthor=False)


class UnwritableError(ReportedError, OSError):
    """A directory of the program's own cannot be written."""

    exit_code = 4


def check_home() -> None:
    """Make sure that `CHAT_PERSONAS_HOME`, where it is set, is a directory or can become one.

    Raises:
        UnwritableError: it, or a part of its path, is a file.
    """
    home = os.environ.get(HOME_VARIABLE)
    if not home:
        return
    directory = Path(home).expanduser().absolute()
    there = next(place for place in (directory, *directory.parents) if place.exists())
    if not there.is_dir():
        raise UnwritableError(f"{HOME_VARIABLE} leads to {display_path(there)}, which is a file; set it to a directory")


def cannot_write(directory: Path, why: str | None) -> str:
    """Return the line about a directory in which nothing can be kept."""
    reason = why or "no reason given"
    return f"cannot write to {display_path(directory)}: {reason}; set {HOME_VARIABLE} to a place that can be written"


def make_private(directory: Path) -> Path:
    """Create `directory` readable by its owner only (0700) if it is not there yet, and return it.

    Raises:
        UnwritableError: it cannot be created, on a read-only medium say.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableError(cannot_write(directory, error.strerror)) from error
    return directory


def display_path(path: Path) -> str:
    """Return `path` as it may stand in an error or a log: below the home directory as `~/...`, which names nobody."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def settings_path() -> Path:
    """The settings file (TOML); it need not exist."""
    return _directory("config") / "settings.toml"


def corpus_path() -> Path:
    """The database that keeps every conversation."""
    return _directory("data") / "corpus.db"


def models_directory() -> Path:
    """GGUF files of the user's own, found by name without the ending."""
    return _directory("data") / "models"


def surveys_directory() -> Path:
    """Surveys that the user imported, found by name; the respondents' own answers, where there are any, stay here."""
    return _directory("data") / "surveys"


def log_path() -> Path:
    """What native libraries and the application say while the screen is in use."""
    return _directory("state") / "chat-personas.log"


def hashes_path() -> Path:
    """Hashes of model files that were read before; reading gigabytes takes seconds."""
    return _directory("state") / "model-hashes.json"


def confirmations_path() -> Path:
    """Which servers the person has agreed to have probed."""
    return _directory("state") / "confirmed-servers.json"


def answers_path() -> Path:
    """Answers of models that are kept so that nothing is asked twice; may be removed at any time."""
    return _directory("cache") / "answers.db"
