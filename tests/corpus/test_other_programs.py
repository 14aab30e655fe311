"""Several programs may have a corpus open: none may take away what another is writing."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from chat_personas.corpus import Corpus

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
