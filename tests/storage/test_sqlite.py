"""What the corpus and the cache of answers rely on in SQLite."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_personas.storage.sqlite import (
    Marks,
    application_in_header,
    create_private,
    empty_write_ahead_log,
    execute_script,
    explain,
    is_damaged,
    read_marks,
    transaction,
    use_write_ahead_log,
)

OURS = 0x63684350


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "some.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    create_private(path)
    opened = connect(path)
    opened.execute("CREATE TABLE words (word TEXT)")
    yield opened
    opened.close()


def words(connection: sqlite3.Connection) -> list[str]:
    return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY word")]


def add_and_fail(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO words VALUES ('one')")
        raise RuntimeError("halfway")


def test_a_transaction_is_kept_whole_or_not_at_all(connection: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError, match="halfway"):
        add_and_fail(connection)
    assert words(connection) == []
    with transaction(connection):
        connection.execute("INSERT INTO words VALUES ('two')")
    assert words(connection) == ["two"]


def test_a_transaction_holds_off_other_writers_from_its_beginning(connection: sqlite3.Connection, path: Path) -> None:
    other = connect(path)
    with transaction(connection), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_script_is_part_of_the_transaction_under_way(connection: sqlite3.Connection) -> None:
    script = (
        "INSERT INTO words VALUES ('a;b'); -- a comment\n"
        "CREATE TRIGGER again AFTER INSERT ON words BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n"
        "INSERT INTO words VALUES\n  ('last')"
    )
    connection.execute("BEGIN")
    execute_script(connection, script)
    assert words(connection) == ["a;b", "last"]
    connection.execute("ROLLBACK")
    assert words(connection) == []


def test_only_the_owner_can_read_a_database_and_what_lies_beside_it(path: Path) -> None:
    path.parent.mkdir()
    for file in (path, path.with_name("some.db-wal")):
        file.touch(mode=0o644)
    create_private(path)
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_a_directory_in_the_way_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "some.db").mkdir(mode=0o755)
    create_private(tmp_path / "some.db")
    assert (tmp_path / "some.db").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("marks", "anothers"),
    [
        (Marks(0, 0, 0), False),
        (Marks(OURS, 2, 9), False),
        (Marks(0, 0, 1), True),
        (Marks(0, 3, 0), True),
        (Marks(77, 0, 0), True),
    ],
)
def test_an_empty_database_is_nobodys_and_a_marked_or_filled_one_is_its_owners(marks: Marks, anothers: bool) -> None:
    assert marks.belongs_to_another(OURS) is anothers


def test_marks_are_read_from_the_database_and_from_its_header(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA application_id = {OURS}")
    connection.execute("PRAGMA user_version = 4")
    assert read_marks(connection) == Marks(OURS, 4, 1)
    assert not connection.in_transaction
    assert application_in_header(path) == OURS


@pytest.mark.parametrize(("content", "found"), [(b"", 0), (b"Dear diary", None), (b"x" * 200, None)])
def test_a_file_that_is_not_a_database_has_no_application(path: Path, content: bytes, found: int | None) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert application_in_header(path) == found


def test_the_write_ahead_log_is_emptied_unless_somebody_reads_it(connection: sqlite3.Connection, path: Path) -> None:
    use_write_ahead_log(connection)
    connection.execute("INSERT INTO words VALUES ('one')")
    reader = connect(path)
    reader.execute("BEGIN")
    assert words(reader) == ["one"]
    connection.execute("INSERT INTO words VALUES ('two')")
    connection.execute("PRAGMA busy_timeout = 0")
    assert not empty_write_ahead_log(connection)
    reader.execute("COMMIT")
    assert empty_write_ahead_log(connection)
    assert path.with_name("some.db-wal").stat().st_size == 0
    reader.close()


def failing(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            failing(sqlite3.SQLITE_FULL),
            "no space is left on the disk that holds the shelf x.db; free some and try again",
        ),
        (failing(sqlite3.SQLITE_CORRUPT_INDEX), "the shelf x.db is damaged; throw it away"),
        (failing(sqlite3.SQLITE_NOTADB), "the shelf x.db is not an SQLite database; throw it away"),
        (PermissionError(13, "Permission denied"), "the shelf x.db cannot be used: Permission denied"),
        (failing(sqlite3.SQLITE_ERROR), None),
        (sqlite3.ProgrammingError("a closed database"), None),
    ],
)
def test_an_error_is_one_line_unless_it_is_a_bug(error: sqlite3.Error | OSError, line: str | None) -> None:
    assert explain(error, "the shelf x.db", if_damaged="throw it away") == line


def test_damage_is_told_from_a_full_disk() -> None:
    codes = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL)
    assert [is_damaged(failing(code)) for code in codes] == [True, True, False]
    assert not is_damaged(OSError(13, "Permission denied"))
