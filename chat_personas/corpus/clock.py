"""Keys and times of the corpus."""

import threading
from datetime import UTC, datetime

_lock = threading.Lock()
_last = 0


def new_key() -> str:
    """Return a new ULID: 26 characters that sort by time, so that corpora of several hosts merge without collision.

    Keys made by one process always increase, also within a millisecond.
    """
    global _last
    from ulid import ULID

    with _lock:
        _last = max(int(ULID()), _last + 1)
        return str(ULID.from_int(_last))


def now() -> datetime:
    """Return the present time in UTC, to the millisecond that the corpus keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def stamp(moment: datetime) -> str:
    """Return a time as the corpus writes it, `2026-11-21T10:04:19.123Z`, which sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
