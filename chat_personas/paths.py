"""Where our files are on this machine.

Settings, data, state with logs, and the cache have a directory each, where the platform has them. `CHAT_PERSONAS_HOME`
puts all of them below one directory: for tests, several corpora, or a memory stick.
"""

import errno
import os
import re
import shlex
import shutil
import stat
import sys
from pathlib import Path

from personas.errors import ReportedError

APPLICATION = "chat-personas"
HOME_VARIABLE = "CHAT_PERSONAS_HOME"
_OF_YOUR_OWN = f"set HOME, or {HOME_VARIABLE}, to a directory of your own"


def _directory(kind: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return path_named(home).absolute() / kind
    import platformdirs

    found = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "state": platformdirs.user_state_path,
        "cache": platformdirs.user_cache_path,
    }[kind]
    try:
        return found(APPLICATION, appauthor=False)
    except RuntimeError as error:
        raise UnwritableError(f"this user has no home directory; {_OF_YOUR_OWN}") from error


def path_named(written: str | Path) -> Path:
    """Return the path that a person writes, with ~ for a home; an unknown user's stays as it is written."""
    return Path(os.path.expanduser(written))  # noqa: PTH111 - Path.expanduser raises for an unknown user


class UnwritableError(ReportedError, OSError):
    """A directory of our own cannot be written."""

    exit_code = 4


KINDS = ("config", "data", "state", "cache")


def check_home() -> None:
    """Make sure that there is, or can be, a place for our directories: `CHAT_PERSONAS_HOME`, or the user's home.

    Raises:
        UnwritableError: it, or a part of its path, is a file, may not be entered, or cannot be the name of a directory.
    """
    home = os.environ.get(HOME_VARIABLE)
    if not home:
        _check_users_home()
        return
    directory = path_named(home).absolute()
    try:
        there = next(place for place in (directory, *directory.parents) if place.exists())
    except OSError as error:
        why = error.strerror or "no reason given"
        raise UnwritableError(f"{HOME_VARIABLE} cannot be a directory: {why}; set it to another one") from error
    if not there.is_dir():
        raise UnwritableError(f"{HOME_VARIABLE} leads to {display_path(there)}, which is a file; set it to a directory")


def _check_users_home() -> None:
    """Raise UnwritableError where the user has no home, or one that belongs to somebody else, as after `sudo -u`."""
    for directory in map(_directory, KINDS):
        try:
            directory.exists()
        except OSError as error:
            why = error.strerror or "no reason given"
            raise UnwritableError(f"{display_path(directory)} cannot be used: {why}; {_OF_YOUR_OWN}") from error


def cannot_write(directory: Path, why: str | None) -> str:
    """Return the line about a directory of our own that cannot be written; `why` is the system's reason."""
    reason = why or "no reason given"
    return (
        f"cannot write to {display_path(directory)}: {reason}; set {HOME_VARIABLE} to a directory that can be written"
    )


def make_private(directory: Path) -> Path:
    """Create `directory`, and those above it, for their owner only (0700) if they are not there yet; return it.

    The permissions of a directory that is there stay as they are.

    Raises:
        UnwritableError: it cannot be created, on a read-only medium for example.
    """
    missing = [place for place in (directory, *directory.parents) if not place.exists()]
    try:
        for place in reversed(missing):  # `parents=True` would give those above what the umask leaves of 0777
            place.mkdir(mode=0o700, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)  # an error where it is a file
    except OSError as error:
        raise UnwritableError(cannot_write(directory, error.strerror)) from error
    return directory


def display_path(path: Path) -> str:
    """Return `path` for an error or a log: below the home directory as `~/...`, which identifies nobody."""
    home = path_named("~")
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def program() -> str:
    """Return how this program is called in the user's shell: by its name, or as it was started where PATH lacks that.

    It is lacking in the shell of `make chat`, which starts `.venv/bin/chat-personas`. A path is quoted for a shell.
    """
    started = Path(sys.argv[0])
    by_module = started.name == "__main__.py" and started.parent.name == "chat_personas"
    if not (by_module or started.name == APPLICATION) or shutil.which(APPLICATION) is not None:
        return APPLICATION
    if by_module:
        return f"{in_shell(Path(sys.executable))} -m chat_personas"
    return in_shell(started)


def in_shell(path: Path) -> str:
    """Return a path as one writes it in a shell."""
    shown = display_path(path)
    return f"~/{shlex.quote(shown[2:])}" if shown.startswith("~/") else shlex.quote(shown)


_COMMANDS = "ask|cache|chat|compare|corpus|debate|doctor|eval|export|matrix|models|personas|report|steer|study|surveys"
_CALL = re.compile(rf"(?<![\w/.-]){APPLICATION}(?= (?:{_COMMANDS})\b)")


def as_started(text: str) -> str:
    """Return a text for the user in which every command line of this program begins with `program()`."""
    return _CALL.sub(lambda _: program(), text)


def settings_path() -> Path:
    """Return the settings file (TOML); it need not exist."""
    return _directory("config") / "settings.toml"


def corpus_path() -> Path:
    """Return the database of all conversations."""
    return _directory("data") / "corpus.db"


def models_directory() -> Path:
    """Return the directory of the user's GGUF files, which are found by name without the ending."""
    return _directory("data") / "models"


def surveys_directory() -> Path:
    """Return the directory of imported surveys, which are found by name, and of the respondents' own answers."""
    return _directory("data") / "surveys"


def personas_directory() -> Path:
    """Return the directory of the user's own persona files, which are found by name without the ending."""
    return _directory("data") / "personas"


def directions_directory() -> Path:
    """Return the directory of trained directions, in a folder for each name."""
    return _directory("data") / "directions"


def log_path() -> Path:
    """Return the log of the application and of native libraries."""
    return _directory("state") / "chat-personas.log"


def open_log(path: Path) -> int:
    """Open a log to add lines to it, created for its owner only (0600); return the descriptor.

    Whoever can write into its directory must not have the program write elsewhere, or wait for ever: a link is not
    followed, and a pipe or the file of another user is not written to.

    Raises:
        OSError: it cannot be opened, or is no regular file of the user's own.
    """
    safely = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | safely, 0o600)
    if not _is_own_file(os.fstat(descriptor)):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file of your own", str(path))
    return descriptor


def is_no_log(path: Path) -> bool:
    """Whether something stands in the place of a log that `open_log` refuses."""
    try:
        return not _is_own_file(path.lstat())
    except OSError:  # nothing is there yet, or it cannot be seen
        return False


def _is_own_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()


def hashes_path() -> Path:
    """Return the file with hashes of large model files, which take seconds to read."""
    return _directory("state") / "model-hashes.json"


def confirmations_path() -> Path:
    """Return the file with the servers that the user has agreed to have probed."""
    return _directory("state") / "confirmed-servers.json"


def persona_folders_path() -> Path:
    """Return the file that says in which directories personas lay that name directions by files beside them."""
    return _directory("state") / "persona-folders.json"


def introduction_path() -> Path:
    """Return the file whose presence says that the user has read the introduction and wants no more of it."""
    return _directory("state") / "introduction-dismissed"


def answers_path() -> Path:
    """Return the cache of models' answers; it may be removed at any time."""
    return _directory("cache") / "answers.db"
