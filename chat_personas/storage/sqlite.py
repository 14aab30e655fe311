"""The write-ahead log of SQLite: readers never wait for a writer, and several programs may have a file open."""

import sqlite3
import time

BUSY_SECONDS = 5.0
"""How long a writer waits for another program's transaction before it gives up."""


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch the journal, which SQLite refuses at once, without its busy timeout, while another program has it open.

    Raises:
        sqlite3.Error: it still refuses after `BUSY_SECONDS`, or something else is wrong.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
