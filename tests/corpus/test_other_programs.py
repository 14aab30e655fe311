"""Several programs may have a corpus open: none may take away what another is writing."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, CorpusError
from tests.corpus.making import talk

OTHER = """
import sys
from pathlib import Path
from chat_personas.corpus import Corpus

with Corpus.open(Path(sys.argv[1])):
    pass
"""


def inode_of_log(corpus_file: Path) -> int:
    return Path(f"{corpus_file}-wal").stat().st_ino


def open_and_close_elsewhere(corpus_file: Path) -> None:
    subprocess.run([sys.executable, "-c", OTHER, str(corpus_file)], check=True, timeout=60)


def test_another_program_that_closes_the_corpus_leaves_the_log_of_this_one(corpus_file: Path) -> None:
    with Corpus.open(corpus_file):
        before = inode_of_log(corpus_file)
        open_and_close_elsewhere(corpus_file)
        assert inode_of_log(corpus_file) == before


def test_a_corpus_opened_twice_in_one_program_keeps_its_locks_when_one_is_closed(corpus_file: Path) -> None:
    with Corpus.open(corpus_file):
        with Corpus.open(corpus_file):
            pass
        before = inode_of_log(corpus_file)
        open_and_close_elsewhere(corpus_file)
        assert inode_of_log(corpus_file) == before
    with sqlite3.connect(corpus_file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def integrity(corpus_file: Path) -> tuple[str, int]:
    """What SQLite says of a file in a program of its own, and how many messages it holds."""
    command = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "print(*[c.execute(query).fetchone()[0] for query in sys.argv[2:]])"
    )
    asked = ("PRAGMA integrity_check", "SELECT count(*) FROM messages")
    found = subprocess.run(
        [sys.executable, "-c", command, str(corpus_file), *asked], capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 0, found.stderr
    state, messages = found.stdout.split()
    return state, int(messages)


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed while it runs", "noticed at its end"])
def test_a_corpus_put_in_the_place_of_an_open_one_keeps_what_it_holds(tmp_path: Path, *, noticed: bool) -> None:
    ours, other, away = tmp_path / "corpus.db", tmp_path / "other.db", tmp_path / "away.db"
    with Corpus.open(other) as corpus:
        for _ in range(40):
            talk(corpus, ("Guns?" * 50, "Fewer." * 300))
    with Corpus.open(ours) as corpus:
        talk(corpus, ("One?", "First."))
        ours.rename(away)
        other.rename(ours)
        if noticed:
            with pytest.raises(CorpusError, match="put it back"):
                talk(corpus, ("Two?", "Second."))
            assert integrity(ours) == ("ok", 80), "while this program has its own corpus open"
    assert integrity(ours) == ("ok", 80)
    assert integrity(away) == ("ok", 2), "nothing that was said before is lost"


def test_a_corpus_that_is_put_back_is_written_on_after_another_stood_in_its_place(tmp_path: Path) -> None:
    ours, other, away = tmp_path / "corpus.db", tmp_path / "other.db", tmp_path / "away.db"
    with Corpus.open(other) as corpus:
        talk(corpus, ("Guns?", "Fewer."))
    with Corpus.open(ours) as corpus:
        key = talk(corpus, ("One?", "First."))
        ours.rename(away)
        other.rename(ours)
        with pytest.raises(CorpusError):
            corpus.check_in_place()
        assert integrity(ours) == ("ok", 2)
        assert corpus.branch(corpus.conversation(key).active_leaf_id or "")[-1].text == "First.", "it can be read on"
        ours.rename(other)
        away.rename(ours)
        with Corpus.open(ours):  # another program, with a log of its own
            talk(corpus, ("Two?", "Second."))
            assert corpus.removed is None
        assert integrity(ours) == ("ok", 4)
    assert integrity(ours) == ("ok", 4)
    assert integrity(other) == ("ok", 2)


def test_logs_that_came_with_another_corpus_are_left_alone(tmp_path: Path) -> None:
    ours, away = tmp_path / "corpus.db", tmp_path / "away.db"
    with Corpus.open(ours) as corpus:
        talk(corpus, ("One?", "First."))
        for name in ("corpus.db", "corpus.db-wal", "corpus.db-shm"):
            (tmp_path / name).rename(tmp_path / name.replace("corpus", "away"))
        (tmp_path / "corpus.db-wal").write_bytes(b"not ours")
        with pytest.raises(CorpusError):
            corpus.check_in_place()
    assert (tmp_path / "corpus.db-wal").read_bytes() == b"not ours"
    assert integrity(away) == ("ok", 2)
