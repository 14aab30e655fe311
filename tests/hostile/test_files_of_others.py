"""Nothing is changed that is not ours: no permissions through a link, no device, no pipe; what is ours is private."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat_personas.cli.main import main
from chat_personas.corpus import Corpus, CorpusError
from chat_personas.engines.cached import AnswerStore
from chat_personas.engines.cached.store import CacheError
from chat_personas.paths import make_private
from tests.corpus.making import talk


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """Where the program expects a file of its own, and finds a link to somebody else's."""
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").touch()
    (tmp_path / "elsewhere").chmod(0o644)
    (tmp_path / "data" / "ours.db").symlink_to(tmp_path / "elsewhere")
    return tmp_path / "data" / "ours.db"


def open_corpus(path: Path) -> None:
    Corpus.open(path).close()


def open_answers(path: Path) -> None:
    AnswerStore.open(path).close()


OPENING = pytest.mark.parametrize("opened", [open_corpus, open_answers])


@OPENING
def test_a_database_behind_a_link_is_used_and_its_permissions_are_left(
    link: Path, opened: Callable[[Path], None]
) -> None:
    opened(link)
    assert link.is_symlink()
    assert mode(link.resolve()) == 0o644
    assert link.resolve().stat().st_size > 0


@OPENING
def test_a_link_to_nothing_leads_to_a_new_file_for_its_owner_only(
    tmp_path: Path, opened: Callable[[Path], None], no_umask: None
) -> None:
    (tmp_path / "ours.db").symlink_to(tmp_path / "later.db")
    opened(tmp_path / "ours.db")
    assert mode(tmp_path / "later.db") == 0o600


@OPENING
@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_pipe_is_refused_at_once_and_stays_as_it_is(
    tmp_path: Path, opened: Callable[[Path], None], through_a_link: bool
) -> None:
    pipe = path = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o666)
    if through_a_link:
        path = tmp_path / "ours.db"
        path.symlink_to(pipe)
    with pytest.raises((CorpusError, CacheError), match="not a regular file"):
        opened(path)
    assert mode(pipe) == 0o666


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
def test_a_pipe_in_the_place_of_a_file_that_sqlite_keeps_beside_a_corpus_is_named_and_not_waited_for(
    tmp_path: Path, ending: str
) -> None:
    open_corpus(tmp_path / "ours.db")
    os.mkfifo(tmp_path / f"ours.db{ending}")
    for read_only in (True, False):
        with pytest.raises(CorpusError, match=rf"ours\.db{ending} is not a regular file; move it away"):
            Corpus.open(tmp_path / "ours.db", read_only=read_only)


def test_reading_a_corpus_that_is_a_device_is_refused_and_the_device_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "corpus.db").symlink_to(os.devnull)
    before = mode(Path(os.devnull))
    for read_only in (True, False):
        with pytest.raises(CorpusError, match=r"corpus\.db is not a regular file; choose a file for the corpus"):
            Corpus.open(tmp_path / "corpus.db", read_only=read_only)
    assert mode(Path(os.devnull)) == before


def test_files_in_a_directory_that_is_a_link_are_left(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    (tmp_path / "mine" / "0123456789abcdef").symlink_to("thesis.txt")
    (tmp_path / "corpus.db-open").symlink_to("mine")
    for _ in range(2):
        with Corpus.open(tmp_path / "corpus.db") as corpus:
            talk(corpus, ("Hi", "Hello."))
    assert sorted(file.name for file in (tmp_path / "mine").iterdir()) == ["0123456789abcdef", "thesis.txt"]
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


KILLED = """
import os
from chat_personas.cli.main import main
os.fsync = lambda descriptor: os.kill(os.getpid(), 9)
main(["export", "--own", "--out", "dialogues.jsonl"])
"""


@pytest.mark.slow
def test_a_killed_export_leaves_nothing_after_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    out = tmp_path / "out"
    out.mkdir()
    with Corpus.open(tmp_path / "home" / "data" / "corpus.db") as corpus:
        talk(corpus, ("Hi", "Hello."))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run([sys.executable, "-c", KILLED], cwd=out, env=environment, capture_output=True, check=False)
    assert ended.returncode == -9, ended.stderr
    (left,) = out.iterdir()
    assert left.name.startswith(".")
    assert mode(left) == 0o600
    assert "Hello." in left.read_text(), "everything but the last step was done"
    assert main(["export", "--own", "--out", str(out / "dialogues.jsonl")]) == 0
    assert [file.name for file in out.iterdir()] == ["dialogues.jsonl"]


def test_every_directory_that_is_made_is_private_and_one_that_is_there_is_left(tmp_path: Path, no_umask: None) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    make_private(tmp_path / "there" / "above" / "below")
    made = [tmp_path / "there", tmp_path / "there" / "above", tmp_path / "there" / "above" / "below"]
    assert [mode(directory) for directory in made] == [0o755, 0o700, 0o700]


@pytest.mark.parametrize("there_already", [False, True])
def test_exported_conversations_are_for_their_owner_only_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_umask: None, there_already: bool
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    with Corpus.open(tmp_path / "home" / "data" / "corpus.db") as corpus:
        talk(corpus, ("Hi", "Hello."))
    out = tmp_path / "dialogues.jsonl"
    if there_already:
        out.touch(mode=0o666)
    assert main(["export", "--own", "--out", str(out), "--force"]) == 0
    assert mode(out) == 0o600
    assert "Hello." in out.read_text()
