"""A disk that is really full: nothing that was kept is lost, and one line says what to do."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, CorpusError, Selection
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.storage.files import OutputError
from eval.engine import Sampling
from tests.corpus.making import INFO, branch_of, bytes_on_disk, conversation_row, talk, texts

WORD = "zyxwvutquokka"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes, where the tests are allowed to mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("no permission to mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Use up what is left of a disk; return the file to remove again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return ballast


def many_times(write: Callable[[], object]) -> None:
    """Write until it fails: the log has room for a few more pages, which it fills up before it grows."""
    for _ in range(100):
        write()


def test_what_was_kept_before_is_there_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    with Corpus.open(small_disk / "corpus.db") as corpus:
        row = conversation_row()
        _, reply = corpus.begin_turn(row.id, None, "Hi", INFO, Sampling(), new=row)
        corpus.flush_reply(reply.id, "Hello")
        ballast = fill(small_disk)
        for write in (
            lambda: corpus.flush_reply(reply.id, "Hello there"),
            lambda: corpus.rename(row.id, "A title"),
            lambda: corpus.begin_turn(row.id, None, "More", INFO, Sampling()),
        ):
            with pytest.raises(CorpusError, match=r"no space is left on the disk that holds the corpus .*; free some"):
                many_times(write)
        assert texts(branch_of(corpus, row.id))[0] == "Hi"
        assert branch_of(corpus, row.id)[1].text.startswith("Hello")
        ballast.unlink()
        corpus.end_reply(reply.id, "Hello there, you.", "complete")
    with Corpus.open(small_disk / "corpus.db") as corpus:
        assert "Hello there, you." in texts(corpus.branch(reply.id))
        assert corpus.problems() == ()


def test_a_new_corpus_on_a_full_disk_says_so(small_disk: Path) -> None:
    ballast = fill(small_disk)
    with pytest.raises(CorpusError, match=r"(?i)no space (is )?left"):
        Corpus.open(small_disk / "corpus.db")
    ballast.unlink()
    Corpus.open(small_disk / "corpus.db").close()


def test_what_could_not_be_erased_for_lack_of_room_is_erased_later(small_disk: Path) -> None:
    path = small_disk / "corpus.db"
    with Corpus.open(path) as corpus:
        talk(corpus, *[(f"Kept {n}", "word " * 1_000) for n in range(150)])
        identifier = talk(corpus, (f"I am {WORD}.", "Hm."))
    with Corpus.open(path) as corpus:
        ballast = small_disk / "ballast"
        free = 8 * 2**20 - sum(file.stat().st_size for file in small_disk.iterdir() if file.is_file())
        ballast.write_bytes(b"x" * (free - 400_000))
        assert corpus.delete(identifier) == "the disk has no room to rewrite the corpus"
        assert len(corpus.conversations()) == 1
        ballast.unlink()
    Corpus.open(path).close()
    assert WORD.encode() not in bytes_on_disk(path).lower()


def test_an_export_is_whole_or_not_there(small_disk: Path, corpus: Corpus) -> None:
    talk(corpus, *[(f"Question {n}", "word " * 1_000) for n in range(5)])
    previous = small_disk / "export.jsonl"
    previous.write_text("what was there before\n")
    fill(small_disk)
    with pytest.raises(OutputError, match=r"export.jsonl cannot be written: No space left on device"):
        export_to(corpus, FORMATS["openai"], Selection(own=True), previous, force=True)
    assert previous.read_text() == "what was there before\n"
    assert sorted(file.name for file in small_disk.iterdir()) == ["ballast", "export.jsonl"]
