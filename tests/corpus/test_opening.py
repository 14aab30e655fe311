"""Opening a corpus: private, durable, and with one clear line for whatever is wrong with the file."""

import errno
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, CorpusError, connection
from chat_personas.corpus import migrations as migrations_package
from chat_personas.corpus.connection import refuse_foreign
from tests.corpus.making import branch_of, talk, texts
from tests.corpus.unprivileged import without_privileges

pytestmark = pytest.mark.usefixtures("migrated_step_by_step")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def read_only_error(path: Path) -> str:
    return f"CorpusError: the corpus {path} is read-only; make the file and its directory writable"


def test_only_the_owner_can_read_it_whatever_the_umask(corpus_file: Path) -> None:
    before = os.umask(0)
    try:
        with Corpus.open(corpus_file) as corpus:
            talk(corpus, ("Hi", "Hello."))
            assert mode(corpus_file.parent) == 0o700
            modes = {file.name: mode(file) for file in corpus_file.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"corpus.db": 0o600, "corpus.db-wal": 0o600, "corpus.db-shm": 0o600, "corpus.db-open": 0o700}


def test_a_file_that_others_could_read_is_closed_to_them(corpus_file: Path) -> None:
    Corpus.open(corpus_file).close()
    corpus_file.chmod(0o644)
    Corpus.open(corpus_file).close()
    assert mode(corpus_file) == 0o600


def test_commits_are_durable_and_references_enforced(corpus: Corpus) -> None:
    with corpus._connections.maintaining() as writer:
        pragmas = {
            name: writer.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    full = 2
    expected = {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 5000}
    assert pragmas == expected


def test_it_is_there_when_opened_again(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        identifier = talk(corpus, ("Hi", "Hello."))
    with Corpus.open(corpus_file) as corpus:
        assert texts(branch_of(corpus, identifier)) == ["Hi", "Hello."]
        assert corpus.problems() == ()


def test_an_empty_file_becomes_a_corpus(corpus_file: Path) -> None:
    corpus_file.parent.mkdir()
    corpus_file.touch()
    with Corpus.open(corpus_file) as corpus:
        assert corpus.conversations() == ()


def test_many_may_open_a_new_one_at_once(corpus_file: Path) -> None:
    failures: list[Exception] = []

    def open_and_talk() -> None:
        try:
            with Corpus.open(corpus_file) as corpus:
                talk(corpus, ("Hi", "Hello."))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=open_and_talk) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Corpus.open(corpus_file) as corpus:
        assert len(corpus.conversations()) == 8


def test_a_path_with_odd_characters_is_fine(tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "a #1?mode=memory %20 é" / "my corpus.db") as corpus:
        talk(corpus, ("Hi", "Hello."))
        assert corpus.path.exists()


@pytest.mark.parametrize("content", [b"Dear diary", b"x" * 5000, b"SQLite format 3\x00 and nothing more"])
def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"is not a corpus \(not an SQLite database\); move it away"):
        Corpus.open(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("statement", ["PRAGMA application_id = 77", "CREATE TABLE customers (name)"])
@pytest.mark.parametrize("read_only", [True, False])
def test_the_database_of_another_program_is_refused_and_left_alone(
    tmp_path: Path, statement: str, read_only: bool
) -> None:
    path = tmp_path / "customers.db"
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 3")
        other.execute(statement)
    other.close()
    before = path.read_bytes()
    with pytest.raises(CorpusError, match="is the database of another program; choose another file"):
        Corpus.open(path, read_only=read_only)
    assert path.read_bytes() == before


def test_a_corpus_of_a_newer_version_is_refused(corpus_file: Path) -> None:
    Corpus.open(corpus_file).close()
    with sqlite3.connect(corpus_file) as newer:
        newer.execute("PRAGMA user_version = 999")
    newer.close()
    known = len(list(Path(migrations_package.__file__).parent.glob("*.sql")))
    with pytest.raises(CorpusError, match=f"has schema 999, this program knows {known}; install a newer chat-personas"):
        Corpus.open(corpus_file)


def test_a_migration_is_applied_whole_or_not_at_all(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Corpus.open(corpus_file) as corpus:
        talk(corpus, ("Hi", "Hello."))
    good = tmp_path / "0003_good.sql"
    good.write_text("CREATE TABLE notes (id TEXT);\nINSERT INTO notes VALUES ('a;b');\n")
    bad = tmp_path / "0004_bad.sql"
    bad.write_text("CREATE TABLE more (id TEXT);\nCREATE TABLE notes (id TEXT);\n")
    steps = migrations_package.migrations()
    monkeypatch.setattr(migrations_package, "migrations", lambda: (*steps, good, bad))
    with pytest.raises(sqlite3.OperationalError, match="notes already exists"):
        Corpus.open(corpus_file)
    with sqlite3.connect(corpus_file) as plain:
        assert plain.execute("PRAGMA user_version").fetchone() == (len(steps),)
        assert plain.execute("SELECT name FROM sqlite_master WHERE name IN ('notes', 'more')").fetchall() == []
    plain.close()
    monkeypatch.setattr(migrations_package, "migrations", lambda: (*steps, good))
    monkeypatch.setattr(connection, "migrations", migrations_package.migrations)
    with Corpus.open(corpus_file) as corpus:
        assert corpus.database()["notes"].count == 1
        assert len(corpus.conversations()) == 1


def test_another_program_in_the_middle_of_writing_is_waited_for_and_then_named(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    with Corpus.open(corpus_file) as corpus:
        identifier = talk(corpus, ("Hi", "Hello."))
        other = sqlite3.connect(corpus_file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CorpusError, match="another program is writing to the corpus"):
            corpus.rename(identifier, "Later")
        assert texts(branch_of(corpus, identifier)) == ["Hi", "Hello."]
        other.execute("ROLLBACK")
        other.close()
        corpus.rename(identifier, "Later")


def test_a_damaged_corpus_is_named_and_how_to_recover_it(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        talk(corpus, *[(f"Question {n}", "word " * 200) for n in range(40)])
    content = bytearray(corpus_file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    corpus_file.write_bytes(content)
    with pytest.raises(CorpusError, match=r"is damaged; keep a copy, then try `sqlite3 .*corpus.db \.recover`"):
        Corpus.open(corpus_file).conversations()


def test_a_directory_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is a directory; choose a file"):
        Corpus.open(tmp_path)


def test_reading_only_needs_a_corpus_and_does_not_write(corpus_file: Path) -> None:
    with pytest.raises(CorpusError, match=r"there is no corpus .* yet; have a conversation first"):
        Corpus.open(corpus_file, read_only=True)
    assert not corpus_file.parent.exists()
    with Corpus.open(corpus_file) as corpus:
        identifier = talk(corpus, ("Hi", "Hello."))
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert texts(branch_of(corpus, identifier)) == ["Hi", "Hello."]
        with pytest.raises(CorpusError, match="was opened for reading only"):
            corpus.rename(identifier, "x")


def test_errors_do_not_tell_whose_home_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "diary.txt").write_text("Dear diary")
    with pytest.raises(CorpusError, match=r"^~/diary.txt is not a corpus"):
        Corpus.open(tmp_path / "diary.txt")


def test_a_read_only_file_is_named_so_and_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / "closed" / "corpus.db"
    with Corpus.open(path) as corpus:
        identifier = talk(corpus, ("Hi", "Hello."))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert without_privileges(lambda: Corpus.open(path)) == read_only_error(path)
        assert without_privileges(lambda: len(Corpus.open(path, read_only=True).conversations())) == "1"
        with Corpus.open(path, read_only=True) as corpus:
            assert texts(branch_of(corpus, identifier)) == ["Hi", "Hello."]
    finally:
        path.parent.chmod(0o755)


def test_a_file_that_may_not_be_written_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "corpus.db"
    Corpus.open(path).close()
    path.chmod(0o400)
    assert without_privileges(lambda: Corpus.open(path)) == read_only_error(path)


def test_looking_at_a_header_does_not_lock_the_file(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("PRAGMA application_id = 5")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CorpusError, match="another program"):
            refuse_foreign(path)
    other.close()


def test_a_draft_that_cannot_be_erased_does_not_keep_the_corpus_closed_and_is_reported(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        key, other = talk(corpus, ("Guns?", "Fewer.")), talk(corpus, ("Taxes?", "More."))
        assert corpus.delete(key) is None
    in_the_way = corpus_file.with_name(f"{corpus_file.name}-drafts") / f"{key}.json"
    in_the_way.mkdir(parents=True)  # which cannot be unlinked
    with Corpus.open(corpus_file) as corpus:
        assert corpus.conversation_ids() == (other,)
        assert corpus.delete(other) == f"what was typed and not sent could not be erased: {os.strerror(errno.EISDIR)}"
        assert corpus.conversation_ids() == ()
        in_the_way.rmdir()
    with Corpus.open(corpus_file) as corpus:
        assert corpus.delete(talk(corpus, ("Health?", "Yes."))) is None
