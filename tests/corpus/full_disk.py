"""A disk without room and a file that may not be written, as SQLite meets them."""

from collections.abc import Iterator
from contextlib import contextmanager

from chat_personas.corpus import Corpus


@contextmanager
def no_room(corpus: Corpus, *, pages: int = 8) -> Iterator[None]:
    """Let the database grow by a few pages of 4 KiB only: SQLite then says what it says on a full disk."""
    with corpus._connections.maintaining() as connection:
        used = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {used + pages}")
    try:
        yield
    finally:
        with corpus._connections.maintaining() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def read_only(corpus: Corpus) -> Iterator[None]:
    """Refuse every write: SQLite then says what it says of a file that became read-only."""
    with corpus._connections.maintaining() as connection:
        connection.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        with corpus._connections.maintaining() as connection:
            connection.execute("PRAGMA query_only = OFF")
