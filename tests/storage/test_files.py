"""A file is replaced as a whole or stays as it was."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chat_personas.storage.files import (
    OutputError,
    atomic_directory,
    atomic_file,
    atomic_write,
    check_replaceable,
    close_to_others,
    output_errors,
)
from tests.storage.no_room import no_room

ROOT = Path(__file__).parents[2]


def write(path: Path, content: bytes, mode: int | None = 0o600) -> None:
    with atomic_write(path, mode=mode) as stream:
        stream.write(content)


def write_half(path: Path) -> None:
    with atomic_write(path) as stream:
        stream.write(b"aft")
        stream.flush()
        raise RuntimeError("halfway")


def names(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


def test_the_file_changes_only_when_everything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_bytes(b"before")
    with atomic_write(path) as stream:
        stream.write(b"aft")
        stream.flush()
        assert path.read_bytes() == b"before"
        stream.write(b"er")
    assert path.read_bytes() == b"after"
    assert names(tmp_path) == ["notes.json"]


def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError, match="halfway"):
        write_half(path)
    assert path.read_bytes() == b"before"
    assert names(tmp_path) == ["notes.json"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match="File too large"), no_room():
        write(path, b"after")
    assert path.read_bytes() == b"before"
    assert names(tmp_path) == ["notes.json"]


@pytest.mark.parametrize(("mode", "given"), [(0o600, 0o600), (None, 0o644)])
def test_a_file_is_private_or_as_the_umask_has_it(tmp_path: Path, mode: int | None, given: int) -> None:
    before = os.umask(0o022)
    try:
        write(tmp_path / "notes.json", b"", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "notes.json").stat().st_mode & 0o777 == given


KILLED_HALFWAY = """
import os, sys
from pathlib import Path
from chat_personas.storage.files import atomic_write
with atomic_write(Path(sys.argv[1]), mode=None) as stream:
    stream.write(b"half of a conversation")
    stream.flush()
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_left_behind_is_removed_and_gives_nothing_of_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    subprocess.run([sys.executable, "-c", KILLED_HALFWAY, str(path)], cwd=ROOT, check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".chat-personas-")
    write(tmp_path / "other.json", b"")
    assert left.exists(), "another file is written here: it is not known whether this one is still wanted"
    write(path, b"after")
    assert sorted(names(tmp_path)) == ["notes.json", "other.json"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_being_written_is_not_taken_for_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    with atomic_write(path) as first:
        first.write(b"first")
        write(path, b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["notes.json"]


def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write(path, b"after")
    assert path.read_bytes() == b"after"


def test_only_a_regular_file_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match="it is not a regular file"):
            write(tmp_path / name, b"after")
        with pytest.raises(OSError, match="it is not a regular file"):
            check_replaceable(tmp_path / name)
    assert (tmp_path / "pipe").is_fifo()


def test_only_a_regular_file_is_closed_to_others_and_never_through_a_link(tmp_path: Path) -> None:
    for name in ("plain", "elsewhere"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pipe").chmod(0o666)
    (tmp_path / "link").symlink_to("elsewhere")
    for name in ("plain", "link", "pipe", "missing"):
        close_to_others(tmp_path / name)
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("plain", "elsewhere", "pipe")}
    assert modes == {"plain": 0o600, "elsewhere": 0o644, "pipe": 0o666}


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "notes.json").symlink_to(tmp_path / "elsewhere" / "real.json")
    write(tmp_path / "notes.json", b"after")
    assert (tmp_path / "notes.json").is_symlink()
    assert (tmp_path / "elsewhere" / "real.json").read_bytes() == b"after"


def test_whether_a_file_can_be_written_is_known_before_and_leaves_no_trace(tmp_path: Path) -> None:
    check_replaceable(tmp_path / "notes.json")
    assert names(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        check_replaceable(tmp_path / "nowhere" / "notes.json")


def test_an_output_that_cannot_be_written_is_storage_that_failed() -> None:
    with pytest.raises(OutputError) as caught, output_errors("page.html"):
        raise OSError(28, "No space left on device")
    assert str(caught.value) == "page.html cannot be written: No space left on device; choose another place"
    assert caught.value.exit_code == 4


def test_a_reader_that_stops_reading_is_not_an_output_error() -> None:
    with pytest.raises(BrokenPipeError), output_errors("standard output"):
        raise BrokenPipeError


def test_content_and_name_are_on_the_disk_when_a_file_is_said_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[tuple[bool, bool]] = []

    def fsync(descriptor: int) -> None:
        stored.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), (tmp_path / "out.txt").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_write(tmp_path / "out.txt") as stream:
        stream.write(b"whole")
    assert stored == [(False, False), (True, True)], "the content before it takes its name, then the directory"


def fill(path: Path, *files: str) -> None:
    with atomic_directory(path) as made:
        for name in files:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(name)


def fill_half(path: Path) -> None:
    with atomic_directory(path) as made:
        (made / "after.csv").write_text("half")
        raise RuntimeError("halfway")


def make_half(path: Path) -> None:
    with atomic_file(path) as made:
        made.write_text("half")
        raise RuntimeError("halfway")


def test_a_directory_takes_its_place_only_when_everything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "tables"
    with atomic_directory(path) as made:
        (made / "one.csv").write_text("1")
        assert not path.exists()
    assert names(path) == ["one.csv"]
    assert names(tmp_path) == ["tables"]


def test_a_directory_that_fails_halfway_leaves_the_earlier_one_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tables"
    fill(path, "before.csv")
    with pytest.raises(RuntimeError):
        fill_half(path)
    assert names(path) == ["before.csv"]
    assert names(tmp_path) == ["tables"]


def test_a_directory_replaces_another_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "tables"
    fill(path, "before.csv", "data/deep.csv")
    fill(path, "after.csv")
    assert names(path) == ["after.csv"]
    assert names(tmp_path) == ["tables"]


def test_a_directory_and_all_in_it_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        fill(tmp_path / "tables", "data/deep.csv", "one.csv")
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "tables").rglob("*")}
    assert modes == {"data": 0o700, "deep.csv": 0o600, "one.csv": 0o600}
    assert stat.S_IMODE((tmp_path / "tables").stat().st_mode) == 0o700


def test_a_directory_through_a_link_takes_the_place_of_what_it_leads_to(tmp_path: Path) -> None:
    fill(tmp_path / "real", "before.csv")
    (tmp_path / "link").symlink_to("real")
    fill(tmp_path / "link", "after.csv")
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "real") == ["after.csv"]


KILLED_IN_A_DIRECTORY = """
import os, sys
from pathlib import Path
from chat_personas.storage.files import atomic_directory
with atomic_directory(Path(sys.argv[1])) as made:
    (made / "half.csv").write_text("half")
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_left_of_a_directory_is_removed_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "tables"
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_IN_A_DIRECTORY, str(path)], cwd=ROOT, capture_output=True, check=False
    )
    assert ended.returncode == -9, ended.stderr
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".")
    fill(path, "one.csv")
    assert names(tmp_path) == ["tables"]


def test_a_directory_that_is_being_written_is_left_alone_by_another_writer(tmp_path: Path) -> None:
    path = tmp_path / "tables"
    with atomic_directory(path) as made:
        (made / "first.csv").write_text("1")
        fill(path, "second.csv")
        assert (made / "first.csv").exists()
    assert names(path) == ["first.csv"]


def test_a_file_that_needs_a_path_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    path.write_text("before")
    with pytest.raises(RuntimeError):
        make_half(path)
    assert path.read_text() == "before"
    with atomic_file(path) as made:
        made.write_text("after")
    assert path.read_text() == "after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["copy.db"]
