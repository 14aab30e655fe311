"""The files of the cache, without opening it: how large they are, and removing them when they are damaged."""

from pathlib import Path

from chat_personas.answer_cache.errors import cache_errors


def size_of(path: Path) -> int:
    """Return the bytes on the disk, with what SQLite keeps beside the file."""
    return sum(file.stat().st_size for file in _files(path) if file.exists())


def remove(path: Path) -> None:
    """Remove a damaged cache. Raises CacheError: it cannot be removed."""
    with cache_errors(path):
        for file in _files(path):
            file.unlink(missing_ok=True)


def _files(path: Path) -> tuple[Path, ...]:
    return path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
